//! The product's own parts on memory ports, with the counting ports between, in the class's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_lambda_events::event::kinesis::KinesisEvent;
use axum::Router;
use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use trilha_collector::collector::{Collector, Ports, tokio_sleep};
use trilha_collector::credential::KeyRing;
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::router::{AllowedOrigins, Counts, Front, router};
use trilha_collector::seal::Sealer;
use trilha_core::FOLD_VERSION;
use trilha_lake::manifest::MemoryManifest;
use trilha_lake::storage::MemoryStorage;
use trilha_lake::{Compactor, LakeWriter};
use trilha_live::memory::MemoryTable;
use trilha_processors::batch::Observed;
use trilha_processors::evaluator::Evaluator;
use trilha_processors::evaluator::sink::MemorySink;
use trilha_processors::evaluator::status::TableStatus;
use trilha_processors::lake::LakeProcessor;
use trilha_processors::live::LiveProcessor;
use trilha_processors::strays::{Stray, Strays};
use trilha_schemas::event::Event;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::Stream;

use crate::asked::{Asked, BATCH_BYTES, BATCH_RECORDS, Plan};
use crate::error::CostError;
use crate::load::{Request, START_MILLIS};
use crate::ports::{
    CountingIdentities, CountingManifest, CountingSettings, CountingStorage, CountingStream, CountingTable,
};
use crate::{cpu, invocation, logs};

/// As long as the names are that institutions have.
pub(crate) const TENANT: &str = "universidade-01";
const ZONE: &str = "America/Sao_Paulo";
/// A record takes some 500 bytes of JSON around its data, which grows by a third in base64.
const READ_BYTES: usize = (BATCH_BYTES / 2.0) as usize;

type Table = CountingTable<MemoryTable>;
type LakeManifest = CountingManifest<MemoryManifest>;
type LakeStorage = CountingStorage<MemoryStorage>;

/// What calls of one function came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// How many.
    pub calls: u64,
    /// Records handed over.
    pub records: u64,
    /// Events in them.
    pub events: u64,
    /// Of what was handed over: a request's body, a batch's JSON.
    pub bytes: u64,
    /// Of the lines that they wrote.
    pub log_bytes: u64,
    /// What they computed.
    pub cpu: Duration,
}

/// Where the two processors stand in a shard.
pub(crate) struct Reading {
    shard_id: String,
    live: Option<SequenceNumber>,
    lake: Option<SequenceNumber>,
}

/// The pipeline.
pub(crate) struct Plant {
    now: Arc<AtomicI64>,
    router: Router,
    write_key: String,
    pub stream: Arc<CountingStream<MemoryStream>>,
    pub identities: Arc<CountingIdentities<MemoryIdentities>>,
    pub settings: Arc<CountingSettings<MemorySettings>>,
    pub table: Arc<Table>,
    pub status: Arc<Table>,
    pub manifest: Arc<LakeManifest>,
    pub storage: Arc<LakeStorage>,
    live: LiveProcessor<Table, NoStrays>,
    lake: LakeProcessor<LakeManifest, LakeStorage, NoStrays>,
    pub compactor: Compactor<LakeManifest, LakeStorage>,
    pub evaluator: Evaluator<Table, CountingSettings<MemorySettings>, TableStatus<Table>, MemorySink>,
    pub collected: Calls,
    pub applied: Calls,
    pub landed: Calls,
    readings: Vec<Reading>,
}

impl Plant {
    pub(crate) async fn new(asked: &Asked, plan: &Plan) -> Result<Plant, CostError> {
        let now = Arc::new(AtomicI64::new(START_MILLIS));
        let clock: Arc<dyn Fn() -> i64 + Send + Sync> = {
            let now = Arc::clone(&now);
            Arc::new(move || now.load(Ordering::Relaxed))
        };
        let (keys, write_key) = KeyRing::generate(TENANT, &fixed);
        let stream = Arc::new(CountingStream::new(MemoryStream::new(plan.shards, "1785754800000", Arc::clone(&clock))));
        let identities = Arc::new(CountingIdentities::new(MemoryIdentities::default()));
        let settings = Arc::new(CountingSettings::new(MemorySettings::default(), Arc::clone(&clock)));
        let ports = Ports {
            stream: Arc::clone(&stream),
            identities: Arc::clone(&identities),
            quarantine: Arc::new(MemoryQuarantine::new(Sealer::new(&keys.data_key, Arc::new(fixed)))),
            settings: Arc::clone(&settings),
        };
        let collector = Collector::new(ports, &keys, ZONE, tokio_sleep()).map_err(CostError::failed)?;
        let (collector, keys, origins) = (Arc::new(collector), Arc::new(keys), AllowedOrigins::default());
        let router = router(Front { collector, keys, clock, origins });
        let (table, status) = (Arc::new(Table::new(MemoryTable::new())), Arc::new(Table::new(MemoryTable::new())));
        let manifest = Arc::new(CountingManifest::new(MemoryManifest::default(), plan.tenants));
        let storage = Arc::new(CountingStorage::new(MemoryStorage::default()));
        let writer = LakeWriter::open(Arc::clone(&manifest), Arc::clone(&storage), FOLD_VERSION);
        let writer = Arc::new(writer.await.map_err(CostError::failed)?);
        let incarnation = stream.incarnation().to_string();
        let warm_bytes = (f64::from(asked.warm_megabytes) * 1024.0 * 1024.0 / plan.scale()) as usize;
        let evaluator = Evaluator {
            table: Arc::clone(&table),
            settings: Arc::clone(&settings),
            statuses: TableStatus(Arc::clone(&status)),
            sink: MemorySink::default(),
        };
        let shards = stream.shards().await.map_err(CostError::failed)?;
        let readings = shards.into_iter().map(|shard| Reading { shard_id: shard.shard_id, live: None, lake: None });
        Ok(Plant {
            now,
            router,
            write_key,
            identities,
            settings,
            live: LiveProcessor::new(Arc::clone(&table), NoStrays, incarnation.clone(), warm_bytes),
            lake: LakeProcessor::new(writer, NoStrays, incarnation),
            compactor: Compactor::new(Arc::clone(&manifest), Arc::clone(&storage)).with_workers(1),
            evaluator,
            collected: Calls::default(),
            applied: Calls::default(),
            landed: Calls::default(),
            readings: readings.collect(),
            stream,
            table,
            status,
            manifest,
            storage,
        })
    }

    /// The class's time.
    pub(crate) fn now_millis(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(crate) fn set_now(&self, millis: i64) {
        self.now.store(millis, Ordering::Relaxed);
    }

    /// Takes a request in by HTTP, at the time at which it is sent.
    pub(crate) async fn collect(&mut self, request: Request) -> Result<(), CostError> {
        self.set_now(request.sent_millis.max(START_MILLIS));
        let (events, bytes) = (request.events, request.body.len() as u64);
        let http = HttpRequest::post("/v1/events")
            .header("authorization", format!("Bearer {}", self.write_key))
            .header("content-type", "application/x-ndjson")
            .body(Body::from(request.body))
            .map_err(CostError::failed)?;
        let before = cpu::spent();
        let response = self.router.clone().oneshot(http).await.map_err(CostError::failed)?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(CostError::failed)?.to_bytes();
        let cpu = cpu::spent().saturating_sub(before);
        let accepted = parts.extensions.get::<Counts>().map_or(0, |counts| counts.accepted as u64);
        if parts.status != StatusCode::ACCEPTED || accepted != events {
            return Err(CostError::Failed(format!("{}: {}", parts.status, String::from_utf8_lossy(&body))));
        }
        let log_bytes = logs::access() + logs::request(events, self.now_millis());
        self.collected.add(Calls { calls: 1, records: 0, events, bytes, log_bytes, cpu });
        Ok(())
    }

    /// Hands every shard's new records to the live processor.
    pub(crate) async fn apply(&mut self) -> Result<(), CostError> {
        for at in 0..self.readings.len() {
            loop {
                let Reading { shard_id, live, .. } = &self.readings[at];
                let Some((event, last, records)) = self.batch(shard_id, *live).await? else { break };
                let before = cpu::spent();
                let read: KinesisEvent = serde_json::from_str(&event).map_err(CostError::failed)?;
                let observed = self.live.observe(read).await.map_err(CostError::failed)?;
                let cpu = cpu::spent().saturating_sub(before);
                self.applied.add(self.call("live", &observed, records, event.len(), cpu)?);
                self.readings[at].live = Some(last);
            }
        }
        Ok(())
    }

    /// Hands every shard's new records to the lake's writer.
    pub(crate) async fn land(&mut self) -> Result<(), CostError> {
        for at in 0..self.readings.len() {
            loop {
                let Reading { shard_id, lake, .. } = &self.readings[at];
                let Some((event, last, records)) = self.batch(shard_id, *lake).await? else { break };
                let before = cpu::spent();
                let read: KinesisEvent = serde_json::from_str(&event).map_err(CostError::failed)?;
                let observed = self.lake.observe(read).await.map_err(CostError::failed)?;
                let cpu = cpu::spent().saturating_sub(before);
                self.landed.add(self.call("lake", &observed, records, event.len(), cpu)?);
                self.readings[at].lake = Some(last);
            }
        }
        Ok(())
    }

    /// The lake begins with what comes now.
    pub(crate) fn skip_lake(&mut self) {
        self.readings.iter_mut().for_each(|reading| reading.lake = reading.live);
    }

    /// Forgets records that both processors have had.
    pub(crate) fn trim(&self, before_millis: i64) {
        self.stream.inner().expire(before_millis);
    }

    async fn batch(
        &self,
        shard_id: &str,
        after: Option<SequenceNumber>,
    ) -> Result<Option<(String, SequenceNumber, usize)>, CostError> {
        let read = self.stream.records(shard_id, after, BATCH_RECORDS, READ_BYTES).await.map_err(CostError::failed)?;
        let last = read.records.last().map(|record| record.sequence_number);
        Ok(last.map(|last| (invocation::of_records(shard_id, &read.records), last, read.records.len())))
    }

    fn call(
        &self,
        function: &str,
        observed: &Observed,
        records: usize,
        bytes: usize,
        cpu: Duration,
    ) -> Result<Calls, CostError> {
        if let Some(failure) = &observed.failure {
            return Err(CostError::Failed(failure.clone()));
        }
        let log_bytes = logs::batch(function, observed, self.now_millis());
        let (events, bytes) = (observed.events as u64, bytes as u64);
        Ok(Calls { calls: 1, records: records as u64, events, bytes, log_bytes, cpu })
    }
}

impl Calls {
    fn add(&mut self, other: Calls) {
        self.calls += other.calls;
        self.records += other.records;
        self.events += other.events;
        self.bytes += other.bytes;
        self.log_bytes += other.log_bytes;
        self.cpu += other.cpu;
    }
}

/// Keys, and with them pseudonyms and buckets, are the same in every run.
fn fixed(bytes: &mut [u8]) {
    bytes.fill(7);
}

/// The collector puts no record that is not folded.
struct NoStrays;

impl Strays for NoStrays {
    async fn damaged(&self, _: Stray, reason: String) -> Result<(), String> {
        Err(reason)
    }

    async fn foreign(&self, _: Stray) -> Result<(), String> {
        Err("a foreign record".into())
    }

    async fn misplaced(&self, _: String, _: Vec<Event>) -> Result<(), String> {
        Err("a misplaced record".into())
    }
}
