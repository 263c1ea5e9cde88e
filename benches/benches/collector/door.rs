//! The collector's core over a stream that counts records and drops them: what is measured ends where the stream begins.

use std::future::pending;
use std::hint::black_box;
use std::sync::Arc;

use tokio::runtime::Runtime;
use trilha_benches::{FrontDoor, TENANT};
use trilha_collector::collector::{Collector, Ports, tokio_sleep};
use trilha_collector::credential::Credential;
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::seal::Sealer;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::port::{PutEntry, PutFailure, Records, Shard, Stored, Stream, StreamError};

use crate::EVENTS;
use crate::requests::Requests;

/// A collector's core that knows every learner of the class.
pub(crate) struct Door {
    collector: Collector<Drain, MemoryIdentities, MemoryQuarantine, MemorySettings>,
    credential: Credential,
}

impl Door {
    pub(crate) fn known(runtime: &Runtime, requests: &Requests) -> Door {
        let keys = FrontDoor::new().expect("the zone is known").keys;
        let ports = Ports {
            stream: Arc::new(Drain),
            identities: Arc::new(MemoryIdentities::default()),
            quarantine: Arc::new(MemoryQuarantine::new(Sealer::new(&keys.data_key, Arc::new(|_: &mut [u8]| ())))),
            settings: Arc::new(MemorySettings::default()),
        };
        let collector = Collector::new(ports, &keys, "America/Sao_Paulo", tokio_sleep()).expect("the zone is known");
        let door = Door { collector, credential: write_key() };
        runtime.block_on(door.take(requests));
        door
    }

    pub(crate) async fn take(&self, requests: &Requests) {
        let mut accepted = 0;
        for (body, now_millis) in &requests.bodies {
            let receipt = self.collector.collect_body(&self.credential, *now_millis, black_box(body).as_bytes()).await;
            accepted += receipt.expect("every event is accepted").accepted;
        }
        assert_eq!(accepted, EVENTS);
    }
}

pub(crate) fn write_key() -> Credential {
    Credential::WriteKey { tenant: TENANT.into(), name: "first".into() }
}

struct Drain;

impl Stream for Drain {
    fn incarnation(&self) -> &str {
        "bench"
    }

    async fn put_records(&self, entries: Vec<PutEntry>) -> Result<Vec<Result<Stored, PutFailure>>, StreamError> {
        let sequence_number = SequenceNumber::parse("1").map_err(|error| StreamError::Invalid(error.to_string()))?;
        Ok(black_box(entries).iter().map(|_| Ok(Stored { shard_id: String::new(), sequence_number })).collect())
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

    async fn wait_for_records(&self, _: &str, _: Option<SequenceNumber>) {
        pending().await
    }
}
