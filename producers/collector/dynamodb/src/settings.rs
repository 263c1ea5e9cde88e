//! Settings: the version in force and those before it, and the log.
//!
//! A change is one transaction: the next version takes the place of the one that it was made from, which goes to a place of its
//! own, and the log gets its line. Of two changes at once one is refused and made again from what is there now.

mod versions;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use trilha_collector::cache::Cache;
use trilha_collector::settings::{Change, LogEntry, Settings, SettingsError, SettingsStore};
use trilha_dynamodb::{Attributes, Condition, PARTITION, Table, TableError, Transacted, Write, Written};
use trilha_schemas::ids::Pseudonym;
use trilha_stream::clock::Clock;

use crate::attributes::{item, s, text};
use crate::{at_once, keys, mark, parts};
use versions::Version;

/// For so long the collector goes by the settings that it read last: 300 s.
///
/// A change made in another process takes that long to reach all events. That is no error: an event carries the number of
/// the version that it was stamped under, and whoever computes from it goes by that number, so that the change begins
/// somewhere within those 300 s, for each event once and for all. Of all settings the collector goes by two, the zone,
/// which is fixed, and the protocol that counts; neither lets anybody in or keeps anybody out. Keys are no settings. Reads
/// for people ([`SettingsStore::in_force`]) are always of what is there.
pub const FRESH_MILLIS: i64 = 300_000;
const MOST_CACHED_PER_GENERATION: usize = 4_096;
/// A change that meets others is made again so many times.
const ATTEMPTS: u32 = 50;
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// The settings in a table.
pub struct DynamoSettings {
    table: Table,
    clock: Clock,
    /// By a course's partition: what was in force, and when it was asked for.
    in_force: Mutex<Cache<String, (Arc<Settings>, i64)>>,
}

impl DynamoSettings {
    /// Over a table.
    pub fn new(table: Table) -> DynamoSettings {
        let start = Instant::now();
        let elapsed = move || i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
        DynamoSettings::with_clock(table, Arc::new(elapsed))
    }

    /// The same with a clock of its own, by which [`FRESH_MILLIS`] pass.
    pub fn with_clock(table: Table, clock: Clock) -> DynamoSettings {
        DynamoSettings { table, clock, in_force: Mutex::new(Cache::new(MOST_CACHED_PER_GENERATION)) }
    }

    fn cached(&self, partition: &str) -> Option<Arc<Settings>> {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        let (settings, asked_millis) = in_force.get(partition)?;
        ((self.clock)() < asked_millis.saturating_add(FRESH_MILLIS)).then_some(settings)
    }

    /// Keeps the newest: a slower call may come with an older version.
    fn remember(&self, partition: &str, settings: Settings, asked_millis: i64) -> Arc<Settings> {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = in_force.get(partition).filter(|(known, _)| known.version > settings.version);
        let (settings, asked_millis) = newer.unwrap_or_else(|| (Arc::new(settings), asked_millis));
        in_force.insert(partition.to_string(), (settings.clone(), asked_millis));
        settings
    }

    async fn current(&self, partition: &str) -> Result<Option<Version>, SettingsError> {
        versions::get(&self.table, partition, keys::CURRENT).await
    }

    /// The versions in force in these partitions, no two alike; where there is none, the first is made.
    async fn current_or_first(&self, partitions: &[&str], zone: &str) -> Result<Vec<Settings>, SettingsError> {
        let wanted = partitions.iter().map(|partition| trilha_dynamodb::key(partition, keys::CURRENT)).collect();
        let items = self.table.get(wanted, true).await.map_err(unavailable)?;
        let named = |item| Some((text(&item, PARTITION)?.to_string(), item));
        let mut there: HashMap<_, _> = items.into_iter().filter_map(named).collect();
        let read = partitions.iter().map(|partition| (*partition, there.remove(*partition)));
        let read = read.map(|(partition, there)| async move {
            match there {
                Some(item) => Ok(versions::read(&self.table, partition, item).await?.settings),
                None => self.make_first(partition, zone).await,
            }
        });
        at_once::all(read.collect()).await
    }

    async fn make_first(&self, partition: &str, zone: &str) -> Result<Settings, SettingsError> {
        let first = Settings::first(zone);
        let item = versions::write(&self.table, partition, keys::CURRENT, &first, &mark::draw()).await?;
        match self.table.put(item, Some(Condition::absent())).await.map_err(unavailable)? {
            Written::Done => Ok(first),
            // Somebody else was first, or a repeat of this call finds what it did itself.
            Written::Refused(_) => {
                let there = self.current(partition).await?;
                there.map(|there| there.settings).ok_or_else(|| lost(partition))
            }
        }
    }

    /// Whether the version of this number was made by the change with this mark: of a call whose answer was lost.
    async fn is_mine(&self, current: &Version, number: u32, mark: &str) -> Result<bool, SettingsError> {
        if current.settings.version <= number {
            return Ok(current.settings.version == number && current.changed_by() == Some(mark));
        }
        let before = versions::get(&self.table, current.partition(), &keys::version(number)).await?;
        Ok(before.is_some_and(|before| before.changed_by() == Some(mark)))
    }

    /// Puts the next version in the place of the one in force, all or nothing. Whether that is known to be done, and the
    /// item that it wrote or would have.
    async fn replace(
        &self,
        current: &Version,
        new: &Settings,
        entry: &LogEntry,
        mark: &str,
    ) -> Result<(bool, Attributes), SettingsError> {
        let partition = current.partition();
        let next = versions::write(&self.table, partition, keys::CURRENT, new, mark).await?;
        let unchanged = Condition::equals("version", crate::attributes::n(current.settings.version));
        let writes = vec![
            Write::Put(next.clone(), Some(unchanged)),
            Write::Put(current.superseded(), None),
            Write::Put(log_line(partition, entry, new.version, mark)?, None),
        ];
        match self.table.transact(writes).await {
            Ok(Transacted::Done) => Ok((true, next)),
            Ok(Transacted::Refused(_)) => Ok((false, next)),
            Err(TableError::Refused { table, reason }) => Err(unavailable(TableError::Refused { table, reason })),
            // Another change is under way, or the answer is lost.
            Err(error) => {
                tracing::debug!(%error, "a change is tried again");
                Ok((false, next))
            }
        }
    }
}

impl SettingsStore for DynamoSettings {
    async fn in_force_or_first(
        &self,
        tenant: &str,
        courses: &[&str],
        zone: &str,
    ) -> Result<Vec<Arc<Settings>>, SettingsError> {
        let partitions: Vec<_> = courses.iter().map(|course| keys::settings(tenant, course)).collect();
        let mut found: HashMap<&str, Arc<Settings>> = HashMap::new();
        let mut open = Vec::new();
        for partition in partitions.iter().map(String::as_str) {
            match self.cached(partition) {
                Some(settings) => drop(found.insert(partition, settings)),
                None => open.push(partition),
            }
        }
        open.sort_unstable();
        open.dedup();
        let asked_millis = (self.clock)();
        let read = self.current_or_first(&open, zone).await?;
        for (partition, settings) in open.into_iter().zip(read) {
            found.insert(partition, self.remember(partition, settings, asked_millis));
        }
        Ok(partitions.iter().filter_map(|partition| found.get(partition.as_str()).cloned()).collect())
    }

    async fn in_force(&self, tenant: &str, course: &str) -> Result<Option<Arc<Settings>>, SettingsError> {
        let current = self.current(&keys::settings(tenant, course)).await?;
        Ok(current.map(|current| Arc::new(current.settings)))
    }

    async fn version(&self, tenant: &str, course: &str, version: u32) -> Result<Option<Settings>, SettingsError> {
        let partition = keys::settings(tenant, course);
        let current = self.current(&partition).await?;
        if let Some(current) = current.filter(|current| current.settings.version == version) {
            return Ok(Some(current.settings));
        }
        let before = versions::get(&self.table, &partition, &keys::version(version)).await?;
        Ok(before.map(|before| before.settings))
    }

    async fn change(
        &self,
        tenant: &str,
        course: &str,
        actor: &str,
        change: Change,
        now_millis: i64,
    ) -> Result<Arc<Settings>, SettingsError> {
        let (partition, mark) = (keys::settings(tenant, course), mark::draw());
        let mut tried: Option<(Settings, Attributes)> = None;
        for attempt in 0..ATTEMPTS {
            let asked_millis = (self.clock)();
            let current = self.current(&partition).await?.ok_or(SettingsError::NoSuchCourse)?;
            if let Some((made, item)) = tried.take() {
                if self.is_mine(&current, made.version, &mark).await? {
                    return Ok(self.remember(&partition, made, asked_millis));
                }
                if current.settings.version >= made.version {
                    // Its place is taken: not even a call that is still under way brings it in.
                    parts::delete(&self.table, &partition, &item).await.map_err(unavailable)?;
                }
                tokio::time::sleep(wait(attempt)).await;
            }
            let (new, entry) = change.apply(&current.settings, actor, now_millis)?;
            let (done, item) = self.replace(&current, &new, &entry, &mark).await?;
            if done {
                return Ok(self.remember(&partition, new, asked_millis));
            }
            tried = Some((new, item));
        }
        Err(SettingsError::Unavailable("too many changes at once".to_string()))
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
        let line = log_line(&keys::settings(tenant, course), &entry, 0, &mark::draw())?;
        self.table.put(line, None).await.map_err(unavailable)?;
        Ok(())
    }

    async fn log(&self, tenant: &str, course: &str) -> Result<Vec<LogEntry>, SettingsError> {
        let lines = self.table.query(&keys::settings(tenant, course), keys::LOG, true).await.map_err(unavailable)?;
        let entries = lines.iter().map(|line| versions::from_json(text(line, "entry").unwrap_or_default().as_bytes()));
        entries.collect()
    }
}

fn log_line(partition: &str, entry: &LogEntry, version: u32, mark: &str) -> Result<Attributes, SettingsError> {
    let sort = keys::log_line(entry.at_millis, version, mark);
    Ok(item(partition, &sort, [("entry", s(versions::to_json(entry)?))]))
}

/// Doubles from 5 ms.
fn wait(attempt: u32) -> Duration {
    Duration::from_millis(5).saturating_mul(1 << attempt.min(7)).min(LONGEST_WAIT)
}

fn unavailable(error: TableError) -> SettingsError {
    SettingsError::Unavailable(error.to_string())
}

fn lost(partition: &str) -> SettingsError {
    SettingsError::Unavailable(format!("the settings {partition} went away while they were read"))
}
