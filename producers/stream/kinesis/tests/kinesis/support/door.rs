//! A collector over any stream, with memory ports for the rest.

use std::sync::Arc;

use trilha_collector::collector::{Arrival, CollectError, Collector, Ports, Receipt, Sent};
use trilha_collector::credential::{Credential, KeyRing};
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::Sealer;
use trilha_schemas::event::Protocol;
use trilha_stream::port::Stream;

pub(crate) const TENANT: &str = "escola";
/// 2026-03-02T19:30:00Z.
pub(crate) const NOW: i64 = 1_772_479_800_000;

pub(crate) struct FrontDoor<S>(Collector<S, MemoryIdentities, MemoryQuarantine, MemorySettings>);

impl<S: Stream> FrontDoor<S> {
    /// Doors of the same keys know a learner by the same pseudonym. It waits for nothing between attempts.
    pub(crate) fn new(stream: Arc<S>, keys: &KeyRing) -> FrontDoor<S> {
        let ports = Ports {
            stream,
            identities: Arc::new(MemoryIdentities::default()),
            quarantine: Arc::new(MemoryQuarantine::new(Sealer::new(&keys.data_key, Arc::new(OsRandom)))),
            settings: Arc::new(MemorySettings::default()),
        };
        FrontDoor(Collector::new(ports, keys, "UTC", Arc::new(|_| Box::pin(std::future::ready(())))).unwrap())
    }

    pub(crate) async fn collect(&self, arrival: Arrival, texts: &[String]) -> Result<Receipt, CollectError> {
        let sender = Credential::WriteKey { tenant: TENANT.into(), name: "first".into() };
        let sent = texts.iter().enumerate().map(|(index, text)| Sent::native(index, text)).collect();
        self.0.collect(&sender, Protocol::Native, arrival, sent).await
    }
}

pub(crate) fn keys() -> KeyRing {
    KeyRing::generate(TENANT, &OsRandom).0
}
