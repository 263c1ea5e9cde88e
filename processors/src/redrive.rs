//! Re-drive: a quarantine row's bytes are read again, and what can be read now goes onto the stream.
//!
//! Put first, mark then. Whatever fails in between, the same row makes the same events again: an event's id follows from
//! its bytes and its learner, so that each counts once, beside the sender's own resend too. It arrives when the row was
//! received, so that it counts in the minutes where it would have counted.
//!
//! A request's bytes are read with the rights of who sent them. What is still refused stays: a row is marked only when
//! everything in it is on the stream.

mod read;

use std::fmt;

use thiserror::Error;
use trilha_collector::collector::{Arrival, CollectError, Rejected};
use trilha_collector::credential::Credential;
use trilha_collector::identities::Identities;
use trilha_collector::quarantine::{MAX_RAW_BYTES, Quarantine, QuarantineError, Rejection, RowKey, Source, find};
use trilha_collector::settings::SettingsStore;
use trilha_schemas::event::Protocol;
use trilha_schemas::reader::{Code, Refusal};
use trilha_schemas::record::{self, is_ours};
use trilha_stream::port::Stream;

use crate::strays::{CollectorStrays, TRY_AGAIN, UNDECODABLE_RECORD, put_back};
use read::Reading;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything in it is on the stream.
    Redriven {
        /// How many events.
        events: usize,
    },
    /// A part is on the stream; the row stays open for the rest.
    Partly {
        /// How many events.
        events: usize,
        /// What is wrong with the first of the rest.
        reason: Reason,
    },
    /// Nothing in it can be read; the row stays open and nothing was put.
    Unreadable(Reason),
    /// It was driven again before, at this time in milliseconds since 1970 UTC. Nothing was put.
    AlreadyRedriven(i64),
    /// There is no such row; it may be older than 30 days.
    NoSuchRow,
    /// Its sender may not write what it holds, or is not known. Nothing was put.
    NotAllowed(Reason),
    /// Its bytes were cut where they were kept, so that they are not whole. Nothing was put.
    Cut,
}

/// Why an event is refused now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The reason's code.
    pub code: String,
    /// The field at fault; may be empty.
    pub field: String,
    /// A sentence for people. It quotes no learner id.
    pub message: String,
}

/// Why nothing is known of a row. Events of it may be on the stream; ask again, and they count once.
#[derive(Debug, Error)]
pub enum RedriveError {
    /// The stream or a store failed: ask again.
    #[error("{0}")]
    Unavailable(String),
    /// The row does not open with the data key, or is damaged: stop and look at the keys.
    #[error("a quarantine row does not open")]
    Sealed,
}

/// What to do with a row that was driven again before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Leave it.
    Leave,
    /// Drive it again all the same, as when the stream was lost; its events count once.
    Again,
}

/// Drives a row again. `now_millis` is noted on the row, in milliseconds since 1970 UTC; no event sees it.
///
/// # Errors
/// [`RedriveError`].
pub async fn redrive<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore>(
    ports: &CollectorStrays<S, I, Q, C>,
    key: RowKey,
    before: Before,
    now_millis: i64,
) -> Result<Outcome, RedriveError> {
    let Some((row, shown)) = find(&*ports.quarantine, key).await? else { return Ok(Outcome::NoSuchRow) };
    if let Some(millis) = shown.and_then(|shown| shown.redriven_millis).filter(|_| before == Before::Leave) {
        return Ok(Outcome::AlreadyRedriven(millis));
    }
    if row.raw.len() >= MAX_RAW_BYTES {
        return Ok(Outcome::Cut);
    }
    let outcome = put(ports, &row).await?;
    if let Outcome::Redriven { .. } = outcome {
        ports.quarantine.mark_redriven(key, now_millis).await?;
    }
    Ok(outcome)
}

async fn put<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore>(
    ports: &CollectorStrays<S, I, Q, C>,
    row: &Rejection,
) -> Result<Outcome, RedriveError> {
    let live = Arrival::Live { now_millis: row.received_millis };
    match (&row.source, &row.sending) {
        (Source::Record { .. }, _) if is_ours(&row.raw) => put_own_record(&*ports.stream, &row.raw).await,
        (Source::Record { .. }, _) => {
            let way = Way { by: &ports.producer, protocol: Protocol::Native, arrival: live };
            collect(ports, way, &read::record(&row.raw)).await
        }
        (Source::Request { protocol }, Some(sending)) => {
            let replay = Arrival::Replay { now_millis: row.received_millis };
            let arrival = if sending.replayed { replay } else { live };
            let way = Way { by: &sending.by, protocol: *protocol, arrival };
            collect(ports, way, &read::request(*protocol, &row.raw)).await
        }
        (Source::Request { .. }, None) => Ok(not_allowed("the row does not say who sent it")),
    }
}

/// Events of ours go back as they are: who they belong to, and their ids, are in the bytes.
async fn put_own_record<S: Stream>(stream: &S, raw: &[u8]) -> Result<Outcome, RedriveError> {
    match record::decode(raw) {
        Ok(decoded) => {
            let events = decoded.events.len();
            let put = put_back(stream, &decoded.tenant, decoded.events).await;
            put.map(|()| Outcome::Redriven { events }).map_err(RedriveError::Unavailable)
        }
        Err(error) => Ok(Outcome::Unreadable(Reason {
            code: UNDECODABLE_RECORD.to_string(),
            field: String::new(),
            message: error.to_string(),
        })),
    }
}

/// How events reach the collector.
struct Way<'a> {
    by: &'a Credential,
    protocol: Protocol,
    arrival: Arrival,
}

/// Sends what can be read through the collector's core. What it refuses all the same, it keeps; the row stays too.
async fn collect<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore>(
    ports: &CollectorStrays<S, I, Q, C>,
    way: Way<'_>,
    readings: &[Reading<'_>],
) -> Result<Outcome, RedriveError> {
    let (sent, refusals) = read::allowed(readings, way.by);
    if sent.is_empty() {
        return Ok(nothing_of(refusals));
    }
    let receipt = match ports.collector.collect(way.by, way.protocol, way.arrival, sent).await {
        Ok(receipt) => receipt,
        Err(CollectError::UnknownTenant) => return Ok(not_allowed("the row's tenant is none of ours")),
        Err(error) => return Err(RedriveError::Unavailable(error.to_string())),
    };
    if receipt.rejected.iter().any(|rejected| rejected.code == TRY_AGAIN) {
        return Err(RedriveError::Unavailable("the stream did not take all events".to_string()));
    }
    let rejected = receipt.rejected.into_iter().map(Reason::from);
    let reason = rejected.chain(refusals.into_iter().map(Reason::from)).next();
    Ok(match (receipt.accepted, reason) {
        (events, None) => Outcome::Redriven { events },
        (0, Some(reason)) => Outcome::Unreadable(reason),
        (events, Some(reason)) => Outcome::Partly { events, reason },
    })
}

/// Nothing can be read: missing rights are told before anything else.
fn nothing_of(refusals: Vec<Refusal>) -> Outcome {
    let not_yours = refusals.iter().find(|refusal| refusal.code == Code::NotYours).cloned();
    if let Some(refusal) = not_yours {
        return Outcome::NotAllowed(refusal.into());
    }
    let empty = || Refusal::new(Code::MissingField, "", "it holds no event");
    Outcome::Unreadable(refusals.into_iter().next().unwrap_or_else(empty).into())
}

fn not_allowed(message: &str) -> Outcome {
    Outcome::NotAllowed(Refusal::new(Code::NotYours, "", message).into())
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Reason {
        Reason { code: refusal.code.as_str().to_string(), field: refusal.field, message: refusal.message }
    }
}

impl From<Rejected> for Reason {
    fn from(rejected: Rejected) -> Reason {
        Reason { code: rejected.code.to_string(), field: rejected.field, message: rejected.message }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl From<QuarantineError> for RedriveError {
    fn from(error: QuarantineError) -> RedriveError {
        match error {
            QuarantineError::Unavailable(reason) => RedriveError::Unavailable(reason),
            QuarantineError::Sealed => RedriveError::Sealed,
        }
    }
}
