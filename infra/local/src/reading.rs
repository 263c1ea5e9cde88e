//! Reading a data folder's numbers, in `up` and beside it.

use std::sync::Arc;

use trilha_collector::embedded::EmbeddedSettings;
use trilha_collector::settings::SettingsStore;
use trilha_dashboard::read::{LiveViews, ReadSettings, SettingsReader};
use trilha_dashboard::source::SourceError;
use trilha_live::embedded::EmbeddedTable;

/// The live tables as the dashboard and `views` read them.
pub(crate) type LocalViews = LiveViews<EmbeddedTable, CourseSettings>;

/// A course's settings, or those of a course without any.
pub(crate) struct CourseSettings {
    pub store: Arc<EmbeddedSettings>,
    pub default_zone: String,
}

impl SettingsReader for CourseSettings {
    async fn settings(&self, tenant: &str, course: &str) -> Result<ReadSettings, SourceError> {
        let settings = self.store.in_force(tenant, course).await;
        let settings = settings.map_err(|error| SourceError::Unavailable(error.to_string()))?;
        Ok(match settings {
            None => ReadSettings { zone: self.default_zone.clone(), ..ReadSettings::default() },
            Some(settings) => ReadSettings {
                zone: settings.zone.clone(),
                threshold: settings.threshold,
                lengths_millis: settings.lengths_millis.clone(),
            },
        })
    }
}
