//! What to do with records that are not folded: other producers' and damaged ones.

mod collected;

use std::future::Future;
use std::sync::Arc;

use trilha_schemas::event::Event;
use trilha_schemas::sequence::SequenceNumber;

pub use collected::{CollectorStrays, DamagedOnly, TRY_AGAIN, UNDECODABLE_RECORD};
pub(crate) use collected::{payloads, put_back, texts};

/// A record that is not folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The shard, incarnation first.
    pub shard: String,
    /// Its place in the shard.
    pub sequence_number: SequenceNumber,
    /// When the stream had it, in milliseconds since 1970 UTC.
    pub arrival_millis: i64,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Takes in records that are not folded. An answer means that the record is safe elsewhere; an error, that nothing may
/// be acknowledged.
pub trait Strays: Send + Sync + 'static {
    /// A record of ours that cannot be decoded: into the quarantine, with the reason.
    fn damaged(&self, stray: Stray, reason: String) -> impl Future<Output = Result<(), String>> + Send;

    /// Another producer's record (JSON, NDJSON, KPL aggregate): its events through the collector's core, back onto the
    /// stream under the right key; what cannot be read goes into the quarantine.
    fn foreign(&self, stray: Stray) -> impl Future<Output = Result<(), String>> + Send;

    /// Events of ours that stand under a key that is not their bucket: back onto the stream under the right one.
    fn misplaced(&self, tenant: String, events: Vec<Event>) -> impl Future<Output = Result<(), String>> + Send;
}

impl<S: Strays> Strays for Arc<S> {
    async fn damaged(&self, stray: Stray, reason: String) -> Result<(), String> {
        S::damaged(self, stray, reason).await
    }

    async fn foreign(&self, stray: Stray) -> Result<(), String> {
        S::foreign(self, stray).await
    }

    async fn misplaced(&self, tenant: String, events: Vec<Event>) -> Result<(), String> {
        S::misplaced(self, tenant, events).await
    }
}
