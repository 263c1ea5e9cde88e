//! The collector's other stores, which fail before or after they have done their work.

use std::sync::Arc;

use trilha_collector::identities::{Identities, Identity, IdentityError};
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::quarantine::{Cursor, Quarantine, QuarantineError, Redacted, Rejection, RowKey};
use trilha_collector::settings::{Change, LogEntry, Settings, SettingsError, SettingsStore};
use trilha_schemas::ids::Pseudonym;

use crate::world::Process;

/// A store as one process sees it.
#[derive(Clone)]
pub struct Faulty<S> {
    process: Process,
    memory: Arc<S>,
}

impl<S> Faulty<S> {
    /// A store as a process sees it.
    pub fn new(process: &Process, memory: &Arc<S>) -> Faulty<S> {
        Faulty { process: process.clone(), memory: Arc::clone(memory) }
    }

    /// Waits for a turn; whether the call fails before it does anything.
    async fn fails_before(&self, kind: &'static str) -> bool {
        self.process.turn().await;
        self.process.world.fault(kind, 4)
    }

    fn fails_after(&self, kind: &'static str) -> bool {
        self.process.world.fault(kind, 6)
    }
}

const TIMED_OUT: &str = "the call timed out";

impl Quarantine for Faulty<MemoryQuarantine> {
    async fn keep(&self, rejections: Vec<Rejection>) -> Result<Vec<RowKey>, QuarantineError> {
        if self.fails_before("quarantine failed before").await {
            return Err(QuarantineError::Unavailable(TIMED_OUT.into()));
        }
        let keys = self.memory.keep(rejections).await?;
        self.process.note(|| format!("quarantine {keys:?}"));
        if self.fails_after("quarantine failed after") {
            return Err(QuarantineError::Unavailable(TIMED_OUT.into()));
        }
        Ok(keys)
    }

    async fn list(&self, after: Option<Cursor>, most: usize) -> Result<Vec<Redacted>, QuarantineError> {
        self.process.turn().await;
        self.memory.list(after, most).await
    }

    async fn about(&self, tenant: &str, pseudonym: Pseudonym) -> Result<Vec<Redacted>, QuarantineError> {
        self.process.turn().await;
        self.memory.about(tenant, pseudonym).await
    }

    async fn open(&self, key: RowKey) -> Result<Option<Rejection>, QuarantineError> {
        self.process.turn().await;
        self.memory.open(key).await
    }

    async fn mark_redriven(&self, key: RowKey, now_millis: i64) -> Result<bool, QuarantineError> {
        if self.fails_before("quarantine failed before").await {
            return Err(QuarantineError::Unavailable(TIMED_OUT.into()));
        }
        let marked = self.memory.mark_redriven(key, now_millis).await?;
        if self.fails_after("quarantine failed after") {
            return Err(QuarantineError::Unavailable(TIMED_OUT.into()));
        }
        Ok(marked)
    }

    async fn expire(&self, now_millis: i64) -> Result<usize, QuarantineError> {
        self.process.turn().await;
        self.memory.expire(now_millis).await
    }
}

impl Identities for Faulty<MemoryIdentities> {
    async fn rows(&self, tenant: &str, pseudonyms: &[Pseudonym]) -> Result<Vec<Option<Identity>>, IdentityError> {
        if self.fails_before("identities failed before").await {
            return Err(IdentityError::Unavailable(TIMED_OUT.into()));
        }
        self.memory.rows(tenant, pseudonyms).await
    }

    async fn add(&self, tenant: &str, rows: Vec<(Pseudonym, Identity)>) -> Result<Vec<bool>, IdentityError> {
        if self.fails_before("identities failed before").await {
            return Err(IdentityError::Unavailable(TIMED_OUT.into()));
        }
        let added = self.memory.add(tenant, rows).await?;
        if self.fails_after("identities failed after") {
            return Err(IdentityError::Unavailable(TIMED_OUT.into()));
        }
        Ok(added)
    }

    async fn erase(&self, tenant: &str, pseudonym: Pseudonym) -> Result<bool, IdentityError> {
        self.process.turn().await;
        self.memory.erase(tenant, pseudonym).await
    }
}

impl SettingsStore for Faulty<MemorySettings> {
    async fn in_force_or_first(
        &self,
        tenant: &str,
        courses: &[&str],
        zone: &str,
    ) -> Result<Vec<Arc<Settings>>, SettingsError> {
        if self.fails_before("settings failed before").await {
            return Err(SettingsError::Unavailable(TIMED_OUT.into()));
        }
        self.memory.in_force_or_first(tenant, courses, zone).await
    }

    async fn in_force(&self, tenant: &str, course: &str) -> Result<Option<Arc<Settings>>, SettingsError> {
        self.process.turn().await;
        self.memory.in_force(tenant, course).await
    }

    async fn version(&self, tenant: &str, course: &str, version: u32) -> Result<Option<Settings>, SettingsError> {
        self.process.turn().await;
        self.memory.version(tenant, course, version).await
    }

    async fn change(
        &self,
        tenant: &str,
        course: &str,
        actor: &str,
        change: Change,
        now_millis: i64,
    ) -> Result<Arc<Settings>, SettingsError> {
        self.process.turn().await;
        self.memory.change(tenant, course, actor, change, now_millis).await
    }

    async fn note_learner_read(
        &self,
        tenant: &str,
        course: &str,
        actor: &str,
        learner: Pseudonym,
        now_millis: i64,
    ) -> Result<(), SettingsError> {
        self.process.turn().await;
        self.memory.note_learner_read(tenant, course, actor, learner, now_millis).await
    }

    async fn log(&self, tenant: &str, course: &str) -> Result<Vec<LogEntry>, SettingsError> {
        self.process.turn().await;
        self.memory.log(tenant, course).await
    }
}
