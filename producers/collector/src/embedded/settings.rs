//! Settings in redb: versions and lines of the log as JSON, numbered from 1 per course. What is in force is also kept in
//! memory by the one process that writes.

use std::sync::{Arc, Mutex, PoisonError};

use redb::{ReadableTable, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;
use trilha_schemas::ids::Pseudonym;

use super::keys;
use super::store::{SETTINGS, SETTINGS_LOG, Store, StoreError};
use crate::cache::Cache;
use crate::settings::{Change, LogEntry, Settings, SettingsError, SettingsStore};

const MOST_CACHED_PER_GENERATION: usize = 4_096;

/// The settings in the collector's file.
pub struct EmbeddedSettings {
    store: Store,
    /// By the key of a course's version 0, which no version has.
    in_force: Mutex<Cache<Vec<u8>, Arc<Settings>>>,
}

impl From<StoreError> for SettingsError {
    fn from(error: StoreError) -> SettingsError {
        SettingsError::Unavailable(error.to_string())
    }
}

impl EmbeddedSettings {
    pub(super) fn new(store: Store) -> EmbeddedSettings {
        EmbeddedSettings { store, in_force: Mutex::new(Cache::new(MOST_CACHED_PER_GENERATION)) }
    }

    fn cached(&self, tenant: &str, course: &str) -> Option<Arc<Settings>> {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        in_force.get(&keys::course(tenant, course, 0))
    }

    /// Keeps the newest: a slower call may come with an older version.
    fn remember(&self, tenant: &str, course: &str, settings: Settings) -> Arc<Settings> {
        let key = keys::course(tenant, course, 0);
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        match in_force.get(&key).filter(|known| known.version >= settings.version) {
            Some(known) => known,
            None => {
                let settings = Arc::new(settings);
                in_force.insert(key, settings.clone());
                settings
            }
        }
    }
}

impl SettingsStore for EmbeddedSettings {
    async fn in_force_or_first(
        &self,
        tenant: &str,
        courses: &[&str],
        zone: &str,
    ) -> Result<Vec<Arc<Settings>>, SettingsError> {
        let mut found: Vec<_> = courses.iter().map(|course| self.cached(tenant, course)).collect();
        let open: Vec<usize> = (0..courses.len()).filter(|at| found[*at].is_none()).collect();
        if !open.is_empty() {
            let asked: Vec<_> = open.iter().map(|at| courses[*at].to_string()).collect();
            let (name, first) = (tenant.to_string(), Settings::first(zone));
            let read_or_make = move |transaction: &WriteTransaction| {
                let each = asked.iter().map(|course| last_or_first(transaction, &name, course, &first));
                each.collect::<Result<Vec<_>, _>>()
            };
            let read = self.store.write(read_or_make).await?;
            for (at, settings) in open.into_iter().zip(read) {
                found[at] = Some(self.remember(tenant, courses[at], settings));
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    async fn in_force(&self, tenant: &str, course: &str) -> Result<Option<Arc<Settings>>, SettingsError> {
        if let Some(known) = self.cached(tenant, course) {
            return Ok(Some(known));
        }
        // Not remembered: in a process that only reads, another one changes it.
        let last = self.store.read(|transaction| last(&transaction.open_table(SETTINGS)?, tenant, course))?;
        Ok(last.map(Arc::new))
    }

    async fn version(&self, tenant: &str, course: &str, version: u32) -> Result<Option<Settings>, SettingsError> {
        let key = keys::course(tenant, course, version);
        Ok(self.store.read(|transaction| {
            let table = transaction.open_table(SETTINGS)?;
            let stored = table.get(key.as_slice())?;
            stored.map(|stored| from_json(stored.value())).transpose()
        })?)
    }

    async fn change(
        &self,
        tenant: &str,
        course: &str,
        actor: &str,
        change: Change,
        now_millis: i64,
    ) -> Result<Arc<Settings>, SettingsError> {
        let (name, of, actor) = (tenant.to_string(), course.to_string(), actor.to_string());
        let write = move |transaction: &WriteTransaction| {
            let Some(old) = last(&transaction.open_table(SETTINGS)?, &name, &of)? else {
                return Ok(Err(SettingsError::NoSuchCourse));
            };
            let (new, entry) = match change.apply(&old, &actor, now_millis) {
                Ok(changed) => changed,
                Err(refused) => return Ok(Err(refused)),
            };
            put(transaction, &name, &of, &new)?;
            append(transaction, &name, &of, &entry)?;
            Ok(Ok(new))
        };
        let new = self.store.write(write).await??;
        // By now a later version may be in force; the answer is the one that this change made.
        self.remember(tenant, course, new.clone());
        Ok(Arc::new(new))
    }

    async fn note_learner_read(
        &self,
        tenant: &str,
        course: &str,
        actor: &str,
        learner: Pseudonym,
        now_millis: i64,
    ) -> Result<(), SettingsError> {
        let entry = LogEntry::learner_read(actor, learner, now_millis);
        let (tenant, course) = (tenant.to_string(), course.to_string());
        Ok(self.store.write(move |transaction| append(transaction, &tenant, &course, &entry)).await?)
    }

    async fn log(&self, tenant: &str, course: &str) -> Result<Vec<LogEntry>, SettingsError> {
        let (first, last) = (keys::course(tenant, course, 0), keys::course(tenant, course, u32::MAX));
        Ok(self.store.read(|transaction| {
            let table = transaction.open_table(SETTINGS_LOG)?;
            let entries = table.range::<&[u8]>(first.as_slice()..=last.as_slice())?;
            entries.map(|entry| from_json(entry?.1.value())).collect()
        })?)
    }
}

fn last_or_first(
    transaction: &WriteTransaction,
    tenant: &str,
    course: &str,
    first: &Settings,
) -> Result<Settings, redb::Error> {
    let there = last(&transaction.open_table(SETTINGS)?, tenant, course)?;
    if let Some(settings) = there {
        return Ok(settings);
    }
    put(transaction, tenant, course, first)?;
    Ok(first.clone())
}

/// The greatest version.
fn last(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    tenant: &str,
    course: &str,
) -> Result<Option<Settings>, redb::Error> {
    let (first, last) = (keys::course(tenant, course, 0), keys::course(tenant, course, u32::MAX));
    let mut versions = table.range::<&[u8]>(first.as_slice()..=last.as_slice())?;
    versions.next_back().map(|entry| from_json(entry?.1.value())).transpose()
}

fn put(transaction: &WriteTransaction, tenant: &str, course: &str, settings: &Settings) -> Result<(), redb::Error> {
    let key = keys::course(tenant, course, settings.version);
    transaction.open_table(SETTINGS)?.insert(key.as_slice(), to_json(settings)?.as_slice())?;
    Ok(())
}

/// Adds a line after the last one.
fn append(transaction: &WriteTransaction, tenant: &str, course: &str, entry: &LogEntry) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(SETTINGS_LOG)?;
    let (first, last) = (keys::course(tenant, course, 0), keys::course(tenant, course, u32::MAX));
    let lines = table.range::<&[u8]>(first.as_slice()..=last.as_slice())?.next_back().transpose()?;
    let number = lines.and_then(|(key, _)| key.value().last_chunk().map(|number| u32::from_be_bytes(*number)));
    let key = keys::course(tenant, course, number.unwrap_or(0).saturating_add(1));
    table.insert(key.as_slice(), to_json(entry)?.as_slice())?;
    Ok(())
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, redb::Error> {
    serde_json::to_vec(value).map_err(damaged)
}

fn from_json<T: DeserializeOwned>(stored: &[u8]) -> Result<T, redb::Error> {
    serde_json::from_slice(stored).map_err(damaged)
}

fn damaged(error: serde_json::Error) -> redb::Error {
    redb::Error::Corrupted(format!("a settings item: {error}"))
}
