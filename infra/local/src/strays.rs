//! Records that are not folded, on one machine: into the quarantine, or through the collector's core back onto the
//! stream.

use std::sync::Arc;

use bytes::Bytes;
use trilha_collector::collector::{Arrival, Sent};
use trilha_collector::credential::Credential;
use trilha_collector::embedded::EmbeddedQuarantine;
use trilha_collector::quarantine::{Quarantine, Rejection, Source};
use trilha_processors::strays::{Stray, Strays};
use trilha_schemas::event::{Event, Protocol};
use trilha_schemas::reader::Refusal;
use trilha_schemas::{kpl, native, record};
use trilha_stream::embedded::EmbeddedStream;
use trilha_stream::port::{PutEntry, Stream};

use crate::pipeline::LocalCollector;

/// What strays need.
pub(crate) struct LocalStrays {
    pub stream: Arc<EmbeddedStream>,
    pub collector: Arc<LocalCollector>,
    pub quarantine: Arc<EmbeddedQuarantine>,
    /// Who other producers on the stream count as.
    pub producer: Credential,
}

impl Strays for LocalStrays {
    async fn damaged(&self, stray: Stray, reason: String) -> Result<(), String> {
        self.keep(&stray, "undecodable_record", reason).await
    }

    async fn foreign(&self, stray: Stray) -> Result<(), String> {
        let payloads = match kpl::user_records(&stray.bytes) {
            Some(Ok(records)) => records,
            Some(Err(error)) => return self.keep(&stray, "undecodable_record", error.to_string()).await,
            None => vec![&stray.bytes[..]],
        };
        for payload in payloads {
            if let Err(reason) = self.collect(payload, stray.arrival_millis).await? {
                self.keep(&stray, "undecodable_record", reason.message).await?;
            }
        }
        Ok(())
    }

    async fn misplaced(&self, tenant: String, events: Vec<Event>) -> Result<(), String> {
        let (records, _) = record::pack(&tenant, events);
        let entries = records
            .into_iter()
            .map(|packed| PutEntry { partition_key: packed.bucket.partition_key(), data: Bytes::from(packed.bytes) });
        for entry in entries {
            let results = self.stream.put_records(vec![entry]).await.map_err(|error| error.to_string())?;
            results.into_iter().try_for_each(|result| result.map(drop).map_err(|error| error.to_string()))?;
        }
        Ok(())
    }
}

impl LocalStrays {
    /// Sends a payload's events through the collector. The inner error says why there are none to read.
    async fn collect(&self, payload: &[u8], arrival_millis: i64) -> Result<Result<(), Refusal>, String> {
        let texts = match std::str::from_utf8(payload).map(native::split) {
            Ok(Ok(texts)) => texts,
            Ok(Err(refusal)) => return Ok(Err(refusal)),
            Err(_) => return Ok(Err(not_text())),
        };
        let read = |(index, text)| Sent::native(index, text);
        let sent: Vec<_> = texts.iter().map(|text| &**text).enumerate().map(read).collect();
        let arrival = Arrival::Live { now_millis: arrival_millis };
        let receipt = self.collector.collect(&self.producer, Protocol::Native, arrival, sent).await;
        let receipt = receipt.map_err(|error| error.to_string())?;
        match receipt.rejected.iter().any(|rejected| rejected.code == TRY_AGAIN) {
            true => Err("the stream did not take all events".into()),
            false => Ok(Ok(())),
        }
    }

    async fn keep(&self, stray: &Stray, code: &str, message: String) -> Result<(), String> {
        let (incarnation, shard_id) = stray.shard.split_once('/').unwrap_or(("", &stray.shard));
        let rejection = Rejection {
            tenant: String::new(),
            source: Source::Record {
                incarnation: incarnation.to_string(),
                shard_id: shard_id.to_string(),
                sequence_number: stray.sequence_number,
            },
            received_millis: stray.arrival_millis,
            pseudonym: None,
            code: code.to_string(),
            field: String::new(),
            message,
            raw: stray.bytes.clone(),
        };
        self.quarantine.keep(vec![rejection]).await.map(drop).map_err(|error| error.to_string())
    }
}

/// The code of an event that the stream did not take.
pub(crate) const TRY_AGAIN: &str = "try_again";

fn not_text() -> Refusal {
    Refusal::new(
        trilha_schemas::reader::Code::InvalidJson,
        "",
        "the record is neither ours, nor an aggregate, nor text",
    )
}
