//! A stream that fails as it is told, and a collector over it with memory ports.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;
use trilha_collector::collector::{Arrival, CollectError, Collector, Ports, Receipt, Sent, Sleep};
use trilha_collector::credential::{Credential, KeyRing};
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::Sealer;
use trilha_schemas::event::{Event, Protocol};
use trilha_schemas::native;
use trilha_schemas::record::decode;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::port::{PutEntry, PutFailure, Records, Shard, Stored, Stream, StreamError};

pub const TENANT: &str = "escola";
/// 2026-03-02T19:30:00Z.
pub const NOW: i64 = 1_772_479_800_000;
pub const LIVE: Arrival = Arrival::Live { now_millis: NOW };
pub const REPLAY: Arrival = Arrival::Replay { now_millis: NOW };

/// What the stream does with one call.
#[derive(Clone, Copy)]
pub enum Call {
    Works,
    /// Every second entry fails, the first among them.
    HalfFails(PutFailure),
    AllFails(PutFailure),
    /// A time-out before anything was written.
    Lost,
    /// A time-out after everything was written.
    WrittenButLost,
}

/// Remembers what was put; answers by a script, then works.
#[derive(Default)]
pub struct ScriptedStream {
    pub records: Mutex<Vec<PutEntry>>,
    pub calls: Mutex<Vec<usize>>,
    script: Mutex<VecDeque<Call>>,
    /// When there, each call takes a permit before it writes.
    gate: Option<Arc<Semaphore>>,
}

impl ScriptedStream {
    pub fn new(script: &[Call]) -> ScriptedStream {
        ScriptedStream { script: Mutex::new(script.iter().copied().collect()), ..ScriptedStream::default() }
    }

    pub fn behind(gate: Arc<Semaphore>) -> ScriptedStream {
        ScriptedStream { gate: Some(gate), ..ScriptedStream::default() }
    }

    /// The events of every record, as often as they were written.
    pub fn events(&self) -> Vec<Event> {
        let records = self.records.lock().unwrap();
        let events = records.iter().flat_map(|entry| {
            let decoded = decode(&entry.data).unwrap();
            assert_eq!(decoded.tenant, TENANT);
            for event in &decoded.events {
                assert_eq!(entry.partition_key, event.learner.bucket().partition_key());
            }
            decoded.events
        });
        events.collect()
    }

    fn write(&self, entry: PutEntry) -> Result<Stored, PutFailure> {
        let mut records = self.records.lock().unwrap();
        records.push(entry);
        let sequence_number = SequenceNumber::parse(&records.len().to_string()).unwrap();
        Ok(Stored { shard_id: "shardId-000000000000".into(), sequence_number })
    }
}

impl Stream for ScriptedStream {
    fn incarnation(&self) -> &str {
        "test"
    }

    async fn put_records(&self, entries: Vec<PutEntry>) -> Result<Vec<Result<Stored, PutFailure>>, StreamError> {
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        self.calls.lock().unwrap().push(entries.len());
        let call = self.script.lock().unwrap().pop_front().unwrap_or(Call::Works);
        let lost = || StreamError::Unavailable("timed out".into());
        match call {
            Call::Works => Ok(entries.into_iter().map(|entry| self.write(entry)).collect()),
            Call::HalfFails(failure) => {
                let each = entries.into_iter().enumerate();
                Ok(each.map(|(at, entry)| if at % 2 == 0 { Err(failure) } else { self.write(entry) }).collect())
            }
            Call::AllFails(failure) => Ok(entries.iter().map(|_| Err(failure)).collect()),
            Call::Lost => Err(lost()),
            Call::WrittenButLost => {
                entries.into_iter().for_each(|entry| drop(self.write(entry)));
                Err(lost())
            }
        }
    }

    async fn shards(&self) -> Result<Vec<Shard>, StreamError> {
        Ok(Vec::new())
    }

    async fn records(
        &self,
        shard_id: &str,
        _: Option<SequenceNumber>,
        _: usize,
        _: usize,
    ) -> Result<Records, StreamError> {
        Err(StreamError::NoSuchShard(shard_id.to_string()))
    }

    async fn wait_for_records(&self, _: &str, _: Option<SequenceNumber>) {}
}

pub type MemoryCollector = Collector<ScriptedStream, MemoryIdentities, MemoryQuarantine, MemorySettings>;

/// A collector over memory ports, and what it writes to.
pub struct World {
    pub keys: KeyRing,
    pub write_key: String,
    pub stream: Arc<ScriptedStream>,
    pub identities: Arc<MemoryIdentities>,
    pub quarantine: Arc<MemoryQuarantine>,
    pub settings: Arc<MemorySettings>,
    pub collector: Arc<MemoryCollector>,
}

/// Waits for nothing.
pub fn no_sleep() -> Sleep {
    Arc::new(|_| Box::pin(std::future::ready(())))
}

impl World {
    pub fn new(stream: ScriptedStream) -> World {
        let (keys, write_key) = KeyRing::generate(TENANT, &OsRandom);
        let sealer = Sealer::new(&keys.data_key, Arc::new(OsRandom));
        let (stream, identities) = (Arc::new(stream), Arc::new(MemoryIdentities::default()));
        let (quarantine, settings) = (Arc::new(MemoryQuarantine::new(sealer)), Arc::new(MemorySettings::default()));
        let ports = Ports {
            stream: stream.clone(),
            identities: identities.clone(),
            quarantine: quarantine.clone(),
            settings: settings.clone(),
        };
        let collector = Arc::new(Collector::new(ports, &keys, "America/Sao_Paulo", no_sleep()).unwrap());
        World { keys, write_key, stream, identities, quarantine, settings, collector }
    }

    pub async fn collect(&self, arrival: Arrival, texts: &[String]) -> Result<Receipt, CollectError> {
        self.collector.collect(&key(), Protocol::Native, arrival, native_events(texts)).await
    }
}

/// The credential of a platform's server.
pub fn key() -> Credential {
    Credential::WriteKey { tenant: TENANT.into(), name: "first".into() }
}

pub fn native_events(texts: &[String]) -> Vec<Sent<'_>> {
    let each = texts.iter().enumerate();
    each.map(|(index, text)| Sent { index, raw: text.as_bytes(), read: native::read(text), about: None }).collect()
}

/// A page view of a learner, with a client's id, a minute before [`NOW`].
pub fn viewed(learner: &str, id: &str) -> String {
    viewed_at(learner, id, "2026-03-02T19:29:00Z")
}

pub fn viewed_at(learner: &str, id: &str, time: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"activity.viewed","time":"{time}","learner":"{learner}","course":"turma-1","object":"p"}}"#
    )
}

/// Page views of as many learners.
pub fn views_of(learners: std::ops::Range<usize>) -> Vec<String> {
    learners.map(|number| viewed(&format!("aluna-{number}"), &format!("e-{number}"))).collect()
}
