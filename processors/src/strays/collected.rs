//! Records that are not folded, over ports: into the quarantine, or through the collector's core back onto the stream.

use std::sync::Arc;

use bytes::Bytes;
use trilha_collector::collector::{Arrival, Collector, Sent};
use trilha_collector::credential::Credential;
use trilha_collector::identities::Identities;
use trilha_collector::quarantine::{Quarantine, Rejection, Source};
use trilha_collector::settings::SettingsStore;
use trilha_schemas::event::{Event, Protocol};
use trilha_schemas::reader::{Code, Refusal};
use trilha_schemas::record::{self, encode};
use trilha_schemas::{kpl, native};
use trilha_stream::port::{PutEntry, Stream};

use super::{Stray, Strays};

/// The code of an event that the stream did not take.
pub const TRY_AGAIN: &str = "try_again";
/// The code of a row that holds a stream record.
pub const UNDECODABLE_RECORD: &str = "undecodable_record";

/// Strays of a stream whose collector is at hand.
pub struct CollectorStrays<S, I, Q, C> {
    /// Takes events back.
    pub stream: Arc<S>,
    /// Takes other producers' events.
    pub collector: Arc<Collector<S, I, Q, C>>,
    /// Keeps what cannot be read.
    pub quarantine: Arc<Q>,
    /// Who other producers on the stream count as.
    pub producer: Credential,
}

impl<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore> Strays for CollectorStrays<S, I, Q, C> {
    async fn damaged(&self, stray: Stray, reason: String) -> Result<(), String> {
        keep(&*self.quarantine, &stray, reason).await
    }

    async fn foreign(&self, stray: Stray) -> Result<(), String> {
        let payloads = match payloads(&stray.bytes) {
            Ok(payloads) => payloads,
            Err(reason) => return keep(&*self.quarantine, &stray, reason).await,
        };
        for payload in payloads {
            match texts(payload) {
                Ok(texts) => self.collect(&texts, stray.arrival_millis).await?,
                Err(refusal) => keep(&*self.quarantine, &stray, refusal.message).await?,
            }
        }
        Ok(())
    }

    async fn misplaced(&self, tenant: String, events: Vec<Event>) -> Result<(), String> {
        put_back(&*self.stream, &tenant, events).await
    }
}

impl<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore> CollectorStrays<S, I, Q, C> {
    /// Sends a payload's events through the collector, which keeps those that it refuses.
    async fn collect(&self, texts: &[&str], arrival_millis: i64) -> Result<(), String> {
        let sent: Vec<_> = texts.iter().enumerate().map(|(index, text)| Sent::native(index, text)).collect();
        let arrival = Arrival::Live { now_millis: arrival_millis };
        let receipt = self.collector.collect(&self.producer, Protocol::Native, arrival, sent).await;
        let receipt = receipt.map_err(|error| error.to_string())?;
        match receipt.rejected.iter().any(|rejected| rejected.code == TRY_AGAIN) {
            true => Err("the stream did not take all events".into()),
            false => Ok(()),
        }
    }
}

/// Keeps a record that cannot be read; durable when it answers.
async fn keep<Q: Quarantine>(quarantine: &Q, stray: &Stray, message: String) -> Result<(), String> {
    let (incarnation, shard_id) = stray.shard.split_once('/').unwrap_or(("", &stray.shard));
    let rejection = Rejection {
        tenant: String::new(),
        source: Source::Record {
            incarnation: incarnation.to_string(),
            shard_id: shard_id.to_string(),
            sequence_number: stray.sequence_number,
        },
        sending: None,
        received_millis: stray.arrival_millis,
        pseudonym: None,
        code: UNDECODABLE_RECORD.to_string(),
        field: String::new(),
        message,
        raw: stray.bytes.clone(),
    };
    quarantine.keep(vec![rejection]).await.map(drop).map_err(|error| error.to_string())
}

/// Strays where no collector is at hand: damaged records are kept, others are refused. The lake's processor, which passes
/// over all others, needs no more, and so no right to write to the stream.
pub struct DamagedOnly<Q> {
    /// Keeps what cannot be read.
    pub quarantine: Arc<Q>,
}

impl<Q: Quarantine> Strays for DamagedOnly<Q> {
    async fn damaged(&self, stray: Stray, reason: String) -> Result<(), String> {
        keep(&*self.quarantine, &stray, reason).await
    }

    async fn foreign(&self, stray: Stray) -> Result<(), String> {
        Err(format!("record {} is another producer's, and no collector is at hand", stray.sequence_number))
    }

    async fn misplaced(&self, _tenant: String, _events: Vec<Event>) -> Result<(), String> {
        Err("events stand under another key than theirs, and no stream is at hand".to_string())
    }
}

/// What another producer put into a record: the user records of a KPL aggregate, or the record itself.
pub(crate) fn payloads(bytes: &[u8]) -> Result<Vec<&[u8]>, String> {
    kpl::user_records(bytes).unwrap_or_else(|| Ok(vec![bytes])).map_err(|error| error.to_string())
}

/// The texts of a payload's events.
pub(crate) fn texts(payload: &[u8]) -> Result<Vec<&str>, Refusal> {
    let text = std::str::from_utf8(payload);
    let not_text = |_| Refusal::new(Code::InvalidJson, "", "the record is neither ours, nor an aggregate, nor text");
    text.map_err(not_text).and_then(native::split)
}

/// Puts events of ours back onto the stream as they are, each under its bucket. An error may have put some of them: who
/// asks again puts them again, and their ids make them count once.
pub(crate) async fn put_back<S: Stream>(stream: &S, tenant: &str, events: Vec<Event>) -> Result<(), String> {
    let (records, too_large) = record::pack(tenant, &events);
    let packed = records.into_iter().map(|packed| (packed.bucket, packed.bytes));
    // The stream took a record with it before, so it takes one of it alone.
    let alone = too_large.into_iter().map(|at| (events[at].learner.bucket(), encode(tenant, &events[at..=at])));
    for (bucket, bytes) in packed.chain(alone) {
        let entry = PutEntry { partition_key: bucket.partition_key(), data: Bytes::from(bytes) };
        let stored = stream.put_records(vec![entry]).await.map_err(|error| error.to_string())?.pop();
        stored.ok_or("the stream answered nothing")?.map_err(|failure| failure.to_string())?;
    }
    Ok(())
}
