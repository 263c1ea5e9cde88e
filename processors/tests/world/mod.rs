//! A collector over memory ports, a stream that forgets and a quarantine that fails as it is told.
#![allow(dead_code, unreachable_pub)] // Each test file uses its part.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use trilha_collector::collector::{Collector, Ports};
use trilha_collector::credential::{Credential, KeyRing};
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::quarantine::{Cursor, Quarantine, QuarantineError, Redacted, Rejection, RowKey};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::Sealer;
use trilha_processors::strays::CollectorStrays;
use trilha_schemas::event::Event;
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::record::decode;
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::{Record, Stream};

pub const TENANT: &str = "escola";
/// 2026-03-02T19:30:00Z.
pub const NOW: i64 = 1_772_479_800_000;

pub type WorldCollector = Collector<MemoryStream, MemoryIdentities, FaultyQuarantine, MemorySettings>;
pub type WorldStrays = CollectorStrays<MemoryStream, MemoryIdentities, FaultyQuarantine, MemorySettings>;

/// A quarantine whose next writes fail when told so.
pub struct FaultyQuarantine {
    inner: MemoryQuarantine,
    faults: AtomicUsize,
}

impl FaultyQuarantine {
    pub fn fail_next_writes(&self, writes: usize) {
        self.faults.store(writes, Ordering::SeqCst);
    }

    pub async fn rows(&self) -> Vec<Redacted> {
        self.inner.list(None, 100).await.unwrap()
    }

    fn write(&self) -> Result<(), QuarantineError> {
        let take = |left: usize| left.checked_sub(1);
        match self.faults.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
            Ok(_) => Err(QuarantineError::Unavailable("told to fail".into())),
            Err(_) => Ok(()),
        }
    }
}

impl Quarantine for FaultyQuarantine {
    async fn keep(&self, rejections: Vec<Rejection>) -> Result<Vec<RowKey>, QuarantineError> {
        self.write()?;
        self.inner.keep(rejections).await
    }

    async fn list(&self, after: Option<Cursor>, most: usize) -> Result<Vec<Redacted>, QuarantineError> {
        self.inner.list(after, most).await
    }

    async fn about(&self, tenant: &str, pseudonym: Pseudonym) -> Result<Vec<Redacted>, QuarantineError> {
        self.inner.about(tenant, pseudonym).await
    }

    async fn open(&self, key: RowKey) -> Result<Option<Rejection>, QuarantineError> {
        self.inner.open(key).await
    }

    async fn mark_redriven(&self, key: RowKey, now_millis: i64) -> Result<bool, QuarantineError> {
        self.write()?;
        self.inner.mark_redriven(key, now_millis).await
    }

    async fn expire(&self, now_millis: i64) -> Result<usize, QuarantineError> {
        self.inner.expire(now_millis).await
    }
}

pub struct World {
    pub stream: Arc<MemoryStream>,
    pub collector: Arc<WorldCollector>,
    pub quarantine: Arc<FaultyQuarantine>,
    pub keys: KeyRing,
    pub clock: Arc<AtomicI64>,
}

impl World {
    pub fn new() -> World {
        World::with(KeyRing::generate(TENANT, &OsRandom).0)
    }

    /// Worlds of the same keys know a learner by the same pseudonym.
    pub fn with(keys: KeyRing) -> World {
        let sealer = Sealer::new(&keys.data_key, Arc::new(OsRandom));
        let clock = Arc::new(AtomicI64::new(NOW));
        let ticking = Arc::clone(&clock);
        let stream = Arc::new(MemoryStream::new(1, "one", Arc::new(move || ticking.load(Ordering::SeqCst))));
        let inner = MemoryQuarantine::new(sealer);
        let quarantine = Arc::new(FaultyQuarantine { inner, faults: AtomicUsize::new(0) });
        let ports = Ports {
            stream: Arc::clone(&stream),
            identities: Arc::new(MemoryIdentities::default()),
            quarantine: Arc::clone(&quarantine),
            settings: Arc::new(MemorySettings::default()),
        };
        let no_sleep = Arc::new(|_| Box::pin(std::future::ready(())) as _);
        let collector = Arc::new(Collector::new(ports, &keys, "UTC", no_sleep).unwrap());
        World { stream, collector, quarantine, keys, clock }
    }

    pub fn strays(&self) -> WorldStrays {
        CollectorStrays {
            stream: Arc::clone(&self.stream),
            collector: Arc::clone(&self.collector),
            quarantine: Arc::clone(&self.quarantine),
            producer: owner(),
        }
    }

    /// Every record on the stream.
    pub async fn records(&self) -> Vec<Record> {
        let shard = self.stream.shards().await.unwrap()[0].shard_id.clone();
        self.stream.records(&shard, None, usize::MAX, usize::MAX).await.unwrap().records
    }

    /// The events of every record of ours on the stream, with their tenants, as often as they are there.
    pub async fn events(&self) -> Vec<(String, Event)> {
        let mut events = Vec::new();
        for record in self.records().await {
            let Ok(decoded) = decode(&record.data) else { continue };
            for event in decoded.events {
                assert_eq!(record.partition_key, event.learner.bucket().partition_key());
                events.push((decoded.tenant.clone(), event));
            }
        }
        events
    }
}

pub fn owner() -> Credential {
    Credential::WriteKey { tenant: TENANT.into(), name: "first".into() }
}

pub fn viewed(learner: &str) -> String {
    format!(
        r#"{{"type":"activity.viewed","time":"2026-03-02T19:29:00Z","learner":"{learner}","course":"turma-1","object":"p"}}"#
    )
}
