//! The collector's core on memory ports.

use std::sync::Arc;

use trilha_collector::collector::{Arrival, Collector, Ports, Sent, tokio_sleep};
use trilha_collector::credential::{Credential, KeyRing};
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::seal::Sealer;
use trilha_schemas::event::Protocol;
use trilha_simulator::SimulatedEvent;
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::{Record, Stream};

/// Whose events they are.
pub const TENANT: &str = "escola";
/// As `trilha up` has them.
const SHARDS: u32 = 4;
const ZONE: &str = "America/Sao_Paulo";

/// A bench either works or has nothing to measure.
pub type Bench<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The collector's core with memory behind it.
pub type MemoryCollector = Collector<MemoryStream, MemoryIdentities, MemoryQuarantine, MemorySettings>;

/// A collector that knows no learner yet, over an empty stream of 4 shards.
pub struct FrontDoor {
    /// Takes events.
    pub collector: Arc<MemoryCollector>,
    /// Where it puts records.
    pub stream: Arc<MemoryStream>,
    /// Who may send.
    pub keys: Arc<KeyRing>,
    /// One that may.
    pub write_key: String,
}

impl FrontDoor {
    /// Everything new, as `trilha up` has it.
    ///
    /// # Errors
    /// When the time zone is in no database.
    pub fn new() -> Bench<FrontDoor> {
        FrontDoor::of_shards(SHARDS)
    }

    /// Everything new, over a stream of so many shards.
    ///
    /// # Errors
    /// When the time zone is in no database.
    pub fn of_shards(shards: u32) -> Bench<FrontDoor> {
        let (keys, write_key) = KeyRing::generate(TENANT, &fixed);
        let stream = Arc::new(MemoryStream::new(shards, "bench", Arc::new(|| 0)));
        let ports = Ports {
            stream: Arc::clone(&stream),
            identities: Arc::new(MemoryIdentities::default()),
            quarantine: Arc::new(MemoryQuarantine::new(Sealer::new(&keys.data_key, Arc::new(fixed)))),
            settings: Arc::new(MemorySettings::default()),
        };
        let collector = Arc::new(Collector::new(ports, &keys, ZONE, tokio_sleep())?);
        Ok(FrontDoor { collector, stream, keys: Arc::new(keys), write_key })
    }

    /// Reads and collects events in one call, which arrives as its last event is sent.
    ///
    /// # Errors
    /// When the collector did not accept all of them.
    pub async fn take(&self, events: &[SimulatedEvent]) -> Bench {
        let now_millis = events.last().map_or(0, |event| event.sent.sent_millis);
        let sent = events.iter().enumerate().map(|(index, event)| Sent::native(index, &event.json)).collect();
        self.collect(Arrival::Live { now_millis }, sent).await
    }

    async fn collect(&self, arrival: Arrival, sent: Vec<Sent<'_>>) -> Bench {
        let credential = Credential::WriteKey { tenant: TENANT.into(), name: "first".into() };
        let receipt = self.collector.collect(&credential, Protocol::Native, arrival, sent).await?;
        if receipt.rejected.is_empty() { Ok(()) } else { Err(format!("{:?}", receipt.rejected).into()) }
    }

    /// Reads and collects the lines of a file in one call, each as if it arrived at its own time.
    ///
    /// # Errors
    /// When the collector did not accept all of them.
    pub async fn replay(&self, lines: &[&str]) -> Bench {
        let sent = lines.iter().enumerate().map(|(index, line)| Sent::native(index, line)).collect();
        self.collect(Arrival::Replay { now_millis: 0 }, sent).await
    }

    /// What is on the stream, by shard.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub async fn records(&self) -> Bench<Vec<(String, Vec<Record>)>> {
        let mut shards = Vec::new();
        for shard in self.stream.shards().await? {
            let read = self.stream.records(&shard.shard_id, None, usize::MAX, usize::MAX).await?;
            shards.push((shard.shard_id, read.records));
        }
        Ok(shards)
    }
}

/// Keys, and with them pseudonyms and buckets, are the same in every run.
fn fixed(bytes: &mut [u8]) {
    bytes.fill(7);
}
