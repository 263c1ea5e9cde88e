//! One change to a course's settings: what may be set, and to what.

use serde_json::{Value, json};
use trilha_schemas::event::Protocol;
use trilha_schemas::reader::MAX_ID_BYTES;

use super::{Action, LogEntry, Settings, SettingsError};

/// The longest video, in milliseconds: 10 h.
const MAX_LENGTH_MILLIS: i64 = 36_000_000;
/// The most videos whose length a course sets.
const MAX_LENGTHS: usize = 10_000;

/// What to set; `None` takes the setting back.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The share of seconds that completes a video, in (0, 1].
    Threshold(Option<f64>),
    /// A video's length.
    Length {
        /// The video's id.
        video: String,
        /// In (0, 36 000 000] ms.
        length_millis: Option<i64>,
    },
    /// The only protocol whose events count.
    CountedProtocol(Option<Protocol>),
    /// At risk: days without activity, from 1.
    InactiveDays(Option<u32>),
    /// At risk: a percentile in (0, 100).
    CoveragePercentile(Option<f64>),
    /// At risk: a facility in (0, 1).
    FacilityFloor(Option<f64>),
}

impl Change {
    /// The next version, and its line in the log.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`] when the value is out of range.
    pub fn apply(&self, old: &Settings, actor: &str, at_millis: i64) -> Result<(Settings, LogEntry), SettingsError> {
        self.check(old)?;
        let mut new = old.clone();
        new.version += 1;
        match self {
            Change::Threshold(threshold) => new.threshold = *threshold,
            Change::Length { video, length_millis: Some(length) } => {
                new.lengths_millis.insert(video.clone(), *length);
            }
            Change::Length { video, length_millis: None } => {
                new.lengths_millis.remove(video);
            }
            Change::CountedProtocol(protocol) => new.counted_protocol = *protocol,
            Change::InactiveDays(days) => new.inactive_days = *days,
            Change::CoveragePercentile(percentile) => new.coverage_percentile = *percentile,
            Change::FacilityFloor(floor) => new.facility_floor = *floor,
        }
        let action = Action::Changed {
            version: new.version,
            setting: self.setting().to_string(),
            old: self.value_in(old),
            new: self.value_in(&new),
        };
        Ok((new, LogEntry { at_millis, actor: actor.to_string(), action }))
    }

    fn setting(&self) -> &'static str {
        match self {
            Change::Threshold(_) => "threshold",
            Change::Length { .. } => "length",
            Change::CountedProtocol(_) => "counted_protocol",
            Change::InactiveDays(_) => "inactive_days",
            Change::CoveragePercentile(_) => "coverage_percentile",
            Change::FacilityFloor(_) => "facility_floor",
        }
    }

    fn value_in(&self, settings: &Settings) -> Value {
        match self {
            Change::Threshold(_) => json!(settings.threshold),
            Change::Length { video, .. } => {
                json!({ "video": video, "length_millis": settings.lengths_millis.get(video) })
            }
            Change::CountedProtocol(_) => json!(settings.counted_protocol.map(Protocol::as_str)),
            Change::InactiveDays(_) => json!(settings.inactive_days),
            Change::CoveragePercentile(_) => json!(settings.coverage_percentile),
            Change::FacilityFloor(_) => json!(settings.facility_floor),
        }
    }

    fn check(&self, old: &Settings) -> Result<(), SettingsError> {
        let between = |value: Option<f64>, most: f64| value.is_none_or(|value| value > 0.0 && value < most);
        let (sound, expected) = match self {
            Change::Threshold(value) => {
                (value.is_none_or(|value| value > 0.0 && value <= 1.0), "the threshold lies in (0, 1]")
            }
            Change::Length { video, length_millis } => {
                let known = length_millis.is_none() || old.lengths_millis.contains_key(video);
                let room = known || old.lengths_millis.len() < MAX_LENGTHS;
                let named = !video.is_empty() && video.len() <= MAX_ID_BYTES;
                let in_range = length_millis.is_none_or(|length| (1..=MAX_LENGTH_MILLIS).contains(&length));
                (room && named && in_range, "a length is over 0 and at most 10 h, of at most 10,000 videos")
            }
            Change::CountedProtocol(_) => (true, ""),
            Change::InactiveDays(days) => (days.is_none_or(|days| days >= 1), "days without activity count from 1"),
            Change::CoveragePercentile(value) => (between(*value, 100.0), "the percentile lies in (0, 100)"),
            Change::FacilityFloor(value) => (between(*value, 1.0), "the facility lies in (0, 1)"),
        };
        if sound { Ok(()) } else { Err(SettingsError::Invalid(expected.to_string())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_refused() {
        let settings = Settings::first("UTC");
        let length = |video: &str, length_millis| Change::Length { video: video.into(), length_millis };
        let cases = [
            (Change::Threshold(Some(0.0)), false),
            (Change::Threshold(Some(1.0)), true),
            (Change::Threshold(Some(f64::NAN)), false),
            (Change::Threshold(None), true),
            (length("v", Some(0)), false),
            (length("v", Some(MAX_LENGTH_MILLIS)), true),
            (length("v", Some(MAX_LENGTH_MILLIS + 1)), false),
            (length("", Some(1)), false),
            (length("v", None), true),
            (Change::CountedProtocol(Some(Protocol::Xapi)), true),
            (Change::InactiveDays(Some(0)), false),
            (Change::InactiveDays(Some(1)), true),
            (Change::CoveragePercentile(Some(100.0)), false),
            (Change::CoveragePercentile(Some(15.0)), true),
            (Change::FacilityFloor(Some(1.0)), false),
            (Change::FacilityFloor(Some(0.5)), true),
        ];
        for (change, sound) in cases {
            assert_eq!(change.apply(&settings, "ana", 1).is_ok(), sound, "{change:?}");
        }
    }

    #[test]
    fn a_version_reads_back_from_its_json() {
        let first = Settings::first("America/Sao_Paulo");
        let changes = [Change::CountedProtocol(Some(Protocol::Xapi)), Change::Threshold(Some(0.8))];
        for change in changes {
            let (settings, entry) = change.apply(&first, "ana", 1).unwrap();
            let json = serde_json::to_string(&settings).unwrap();
            assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
            let line = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<LogEntry>(&line).unwrap(), entry);
        }
    }
}
