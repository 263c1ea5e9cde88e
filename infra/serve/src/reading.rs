//! Courses' settings as the read API takes them.

use std::sync::Arc;

use trilha_collector::settings::SettingsStore;
use trilha_dashboard::read::{ReadSettings, SettingsReader};
use trilha_dashboard::source::SourceError;

/// A course's settings, or those of a course without any.
pub struct CourseSettings<C> {
    /// Where they are kept.
    pub store: Arc<C>,
    /// The zone of a course without any.
    pub default_zone: String,
}

impl<C: SettingsStore> SettingsReader for CourseSettings<C> {
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
