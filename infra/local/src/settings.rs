//! `trilha settings`: a course's settings and their log.

use std::io::{self, Write};

use anyhow::Context;
use trilha_collector::embedded::EmbeddedStores;
use trilha_collector::settings::{Change, SettingsStore};
use trilha_schemas::number;
use trilha_serve::clock;

use crate::cli::SettingsOptions;
use crate::data::{DataDir, TENANT};

pub(crate) async fn run(options: SettingsOptions) -> anyhow::Result<()> {
    let dir = DataDir::open(&options.data)?;
    let changes = changes(&options);
    if !changes.is_empty() {
        let stores = EmbeddedStores::open(&dir.collector(), dir.sealer());
        let stores = stores.context("cannot open the settings; is an `up` running on the folder?")?;
        for change in changes {
            let now = (clock::system())();
            stores.settings.change(TENANT, &options.course, &options.actor, change, now).await?;
        }
    }
    let stores = EmbeddedStores::open_read_only(&dir.collector(), dir.sealer()).context("cannot open the settings")?;
    let settings = stores.settings.in_force(TENANT, &options.course).await?;
    let settings = settings.with_context(|| format!("course {:?} has had no event yet", options.course))?;
    let log = stores.settings.log(TENANT, &options.course).await?;
    let shown = serde_json::json!({ "course": options.course, "settings": *settings, "log": log });
    Ok(writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&shown)?)?)
}

fn changes(options: &SettingsOptions) -> Vec<Change> {
    let threshold = options.threshold.map(|threshold| Change::Threshold(Some(threshold)));
    let protocol = options.counted_format.map(|format| Change::CountedProtocol(Some(format.into())));
    let length = options.length.as_ref().map(|(video, seconds)| Change::Length {
        video: video.clone(),
        // What is no length becomes one that is refused.
        length_millis: Some(number::millis(*seconds).unwrap_or(0)),
    });
    let days = options.inactive_days.map(|days| Change::InactiveDays(Some(days)));
    let percentile = options.coverage_percentile.map(|percentile| Change::CoveragePercentile(Some(percentile)));
    let floor = options.facility_floor.map(|floor| Change::FacilityFloor(Some(floor)));
    threshold.into_iter().chain(protocol).chain(length).chain(days).chain(percentile).chain(floor).collect()
}
