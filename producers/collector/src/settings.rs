//! Settings: versioned items per tenant and course, and the log of who changed what and who looked at whom.
//!
//! A course gets its first version, with the zone it keeps for ever, at its first event. Every event carries the number
//! of the version that was in force when it arrived.

mod change;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use trilha_schemas::event::Protocol;
use trilha_schemas::ids::Pseudonym;

pub use change::Change;

/// One version of a course's settings. What is `None` or absent is left to METRICS.md's defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// From 1, one more with each change.
    pub version: u32,
    /// The IANA name of the zone in which the course's days begin; fixed at the first event.
    pub zone: String,
    /// The share of seconds that completes a video, in (0, 1].
    pub threshold: Option<f64>,
    /// Lengths of videos in milliseconds, by the video's id, where the course says them.
    pub lengths_millis: BTreeMap<String, i64>,
    /// The only protocol whose events count, where a platform sends the same acts by several.
    #[serde(with = "protocol_name")]
    pub counted_protocol: Option<Protocol>,
    /// At risk: days without activity.
    pub inactive_days: Option<u32>,
    /// At risk: the class's percentile, in (0, 100), below which a learner's coverage is.
    pub coverage_percentile: Option<f64>,
    /// At risk: the facility, in (0, 1), below which a learner's last quizzes are.
    pub facility_floor: Option<f64>,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEntry {
    /// When, in milliseconds since 1970 UTC.
    pub at_millis: i64,
    /// Who.
    pub actor: String,
    /// What they did.
    pub action: Action,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// A setting was changed.
    Changed {
        /// The version that the change made.
        version: u32,
        /// The setting's name.
        setting: String,
        /// Its value before, as JSON.
        old: serde_json::Value,
        /// Its value since, as JSON.
        new: serde_json::Value,
    },
    /// Somebody read a named learner's data.
    LearnerRead {
        /// Whose: the pseudonym in hexadecimal digits.
        learner: String,
    },
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The change is out of range: fix it.
    #[error("{0}")]
    Invalid(String),
    /// The course has had no event yet.
    #[error("the course has no settings yet")]
    NoSuchCourse,
    /// The store failed; nothing of the call counts as done. Ask again.
    #[error("the settings are unavailable: {0}")]
    Unavailable(String),
}

/// Keeps settings and their log.
pub trait SettingsStore: Send + Sync + 'static {
    /// The settings in force of these courses, in their order; where a course has none its first version is made, with
    /// this zone, durable when it answers. Cheap for courses asked for lately.
    fn in_force_or_first(
        &self,
        tenant: &str,
        courses: &[&str],
        zone: &str,
    ) -> impl Future<Output = Result<Vec<Arc<Settings>>, SettingsError>> + Send;

    /// The settings in force; `None` for a course without events.
    fn in_force(
        &self,
        tenant: &str,
        course: &str,
    ) -> impl Future<Output = Result<Option<Arc<Settings>>, SettingsError>> + Send;

    /// One version of a course's settings.
    fn version(
        &self,
        tenant: &str,
        course: &str,
        version: u32,
    ) -> impl Future<Output = Result<Option<Settings>, SettingsError>> + Send;

    /// Makes the next version and logs who, when, old and new; durable when it answers.
    fn change(
        &self,
        tenant: &str,
        course: &str,
        actor: &str,
        change: Change,
        now_millis: i64,
    ) -> impl Future<Output = Result<Arc<Settings>, SettingsError>> + Send;

    /// Logs that somebody read a named learner's data; durable when it answers.
    fn note_learner_read(
        &self,
        tenant: &str,
        course: &str,
        actor: &str,
        learner: Pseudonym,
        now_millis: i64,
    ) -> impl Future<Output = Result<(), SettingsError>> + Send;

    /// A course's log, oldest first.
    fn log(&self, tenant: &str, course: &str) -> impl Future<Output = Result<Vec<LogEntry>, SettingsError>> + Send;
}

impl Settings {
    /// Version 1, nothing set but the zone.
    pub fn first(zone: &str) -> Settings {
        Settings {
            version: 1,
            zone: zone.to_string(),
            threshold: None,
            lengths_millis: BTreeMap::new(),
            counted_protocol: None,
            inactive_days: None,
            coverage_percentile: None,
            facility_floor: None,
        }
    }
}

impl LogEntry {
    /// Somebody read a named learner's data.
    pub fn learner_read(actor: &str, learner: Pseudonym, at_millis: i64) -> LogEntry {
        LogEntry { at_millis, actor: actor.to_string(), action: Action::LearnerRead { learner: learner.to_string() } }
    }
}

/// A protocol as its name.
mod protocol_name {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
    use trilha_schemas::event::Protocol;

    pub(super) fn serialize<S: Serializer>(protocol: &Option<Protocol>, to: S) -> Result<S::Ok, S::Error> {
        protocol.map(Protocol::as_str).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Protocol>, D::Error> {
        let Some(name) = Option::<String>::deserialize(from)? else { return Ok(None) };
        let protocol = Protocol::ALL.into_iter().find(|protocol| protocol.as_str() == name);
        protocol.map(Some).ok_or_else(|| de::Error::custom("no such protocol"))
    }
}
