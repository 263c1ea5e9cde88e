//! Settings, counted as the collector reads them on AWS: a course's are good for 300 s.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use trilha_collector::settings::{Change, LogEntry, Settings, SettingsError, SettingsStore};
use trilha_schemas::ids::Pseudonym;
use trilha_stream::clock::Clock;

use super::lock;
use crate::billing::{half_read_units, write_units};

/// For so long a collector on AWS goes by what it read last (ARCHITECTURE.md, On AWS).
const FRESH_MILLIS: i64 = 300_000;
/// A version takes less than this, unless somebody names the lengths of many videos.
const VERSION_BYTES: u64 = 1_024;

/// What versions cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SettingsCounts {
    /// Write units.
    pub write_units: u64,
    /// Read units, in halves.
    pub half_read_units: u64,
}

/// Settings with a count.
pub struct CountingSettings<C> {
    inner: C,
    clock: Clock,
    asked_millis: Mutex<HashMap<String, i64>>,
    counts: Mutex<SettingsCounts>,
}

impl<C> CountingSettings<C> {
    /// Counts from zero; the clock says when what was read is old.
    pub fn new(inner: C, clock: Clock) -> CountingSettings<C> {
        CountingSettings { inner, clock, asked_millis: Mutex::default(), counts: Mutex::default() }
    }

    /// What was counted since this was asked last.
    pub fn take(&self) -> SettingsCounts {
        std::mem::take(&mut lock(&self.counts))
    }

    fn ask(&self, tenant: &str, course: &str) {
        let now = (self.clock)();
        let before = lock(&self.asked_millis).get(&format!("{tenant}|{course}")).copied();
        if before.is_some_and(|before| now < before + FRESH_MILLIS) {
            return;
        }
        lock(&self.asked_millis).insert(format!("{tenant}|{course}"), now);
        let mut counts = lock(&self.counts);
        counts.half_read_units += half_read_units(VERSION_BYTES, true);
        // Nobody has asked for it before: its first version is made.
        counts.write_units += if before.is_none() { write_units(VERSION_BYTES) } else { 0 };
    }
}

impl<C: SettingsStore> SettingsStore for CountingSettings<C> {
    async fn in_force_or_first(
        &self,
        tenant: &str,
        courses: &[&str],
        zone: &str,
    ) -> Result<Vec<Arc<Settings>>, SettingsError> {
        courses.iter().for_each(|course| self.ask(tenant, course));
        self.inner.in_force_or_first(tenant, courses, zone).await
    }

    /// Asked by people and by the evaluator, who want what is there.
    async fn in_force(&self, tenant: &str, course: &str) -> Result<Option<Arc<Settings>>, SettingsError> {
        lock(&self.counts).half_read_units += half_read_units(VERSION_BYTES, true);
        self.inner.in_force(tenant, course).await
    }

    async fn version(&self, tenant: &str, course: &str, version: u32) -> Result<Option<Settings>, SettingsError> {
        lock(&self.counts).half_read_units += half_read_units(VERSION_BYTES, true);
        self.inner.version(tenant, course, version).await
    }

    /// A transaction of three puts, each charged twice.
    async fn change(
        &self,
        tenant: &str,
        course: &str,
        actor: &str,
        change: Change,
        now_millis: i64,
    ) -> Result<Arc<Settings>, SettingsError> {
        lock(&self.counts).write_units += 3 * 2 * write_units(VERSION_BYTES);
        self.inner.change(tenant, course, actor, change, now_millis).await
    }

    async fn note_learner_read(
        &self,
        tenant: &str,
        course: &str,
        actor: &str,
        learner: Pseudonym,
        now_millis: i64,
    ) -> Result<(), SettingsError> {
        lock(&self.counts).write_units += write_units(VERSION_BYTES);
        self.inner.note_learner_read(tenant, course, actor, learner, now_millis).await
    }

    async fn log(&self, tenant: &str, course: &str) -> Result<Vec<LogEntry>, SettingsError> {
        lock(&self.counts).half_read_units += half_read_units(VERSION_BYTES, true);
        self.inner.log(tenant, course).await
    }
}
