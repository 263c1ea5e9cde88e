//! What the sender is told.

use std::borrow::Cow;

use serde::Serialize;
use thiserror::Error;
use trilha_schemas::record::decode;

use super::Records;
use super::intake::Refused;
use super::put::{Failed, Failure};
use crate::identities::IdentityError;
use crate::quarantine::QuarantineError;
use crate::settings::SettingsError;

/// When to send again what was not taken.
pub const RETRY_AFTER_SECONDS: u64 = 1;

/// What became of a request's events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// How many events are on the stream.
    pub accepted: usize,
    /// The others, in order of index.
    pub rejected: Vec<Rejected>,
}

/// One event that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its place in the request, from 0.
    pub index: usize,
    /// The sender's id of it, where it has one that could be read.
    pub id: Option<String>,
    /// The reason: a [`trilha_schemas::reader::Code`], or `try_again` when only the stream did not take it.
    pub code: &'static str,
    /// The field at fault; may be empty.
    pub field: String,
    /// A sentence for people.
    pub message: String,
}

/// Why no event of a request was accepted.
#[derive(Debug, Error)]
pub enum CollectError {
    /// The credential's tenant is none of ours.
    #[error("no such tenant")]
    UnknownTenant,
    /// The stream is full: send it again after [`RETRY_AFTER_SECONDS`].
    #[error("the stream is full")]
    Throttled,
    /// Something behind the collector failed: send it again after [`RETRY_AFTER_SECONDS`].
    #[error("{0}")]
    Unavailable(String),
}

impl From<IdentityError> for CollectError {
    fn from(error: IdentityError) -> CollectError {
        CollectError::Unavailable(error.to_string())
    }
}

impl From<QuarantineError> for CollectError {
    fn from(error: QuarantineError) -> CollectError {
        CollectError::Unavailable(error.to_string())
    }
}

impl From<SettingsError> for CollectError {
    fn from(error: SettingsError) -> CollectError {
        CollectError::Unavailable(error.to_string())
    }
}

/// Adds up: what failed on the stream is rejected by event, or the whole request when nothing came through. `index` is an
/// event's place in the request.
pub(super) fn receipt(
    records: &Records<'_>,
    failures: &[Failed],
    index: impl Fn(usize) -> usize,
    refused: Vec<Refused<'_>>,
) -> Result<Receipt, CollectError> {
    let events = |record: usize| records.places(record).len();
    let put = (0..records.len()).map(events).sum::<usize>();
    if failures.is_empty() && refused.is_empty() {
        return Ok(Receipt { accepted: put, rejected: Vec::new() });
    }
    let not_put = || failures.iter().map(|(at, _)| *at);
    let accepted = put - not_put().map(events).sum::<usize>();
    if let (0, Some(failure)) = (accepted, worst(failures)) {
        return Err(match failure {
            Failure::Throttled => CollectError::Throttled,
            Failure::Unavailable => CollectError::Unavailable("the stream is unavailable".to_string()),
        });
    }
    let not_put = not_put().flat_map(|record| try_again(records, record, &index));
    let mut rejected: Vec<_> = refused.into_iter().map(Rejected::from).chain(not_put).collect();
    rejected.sort_by_key(|rejected| rejected.index);
    Ok(Receipt { accepted, rejected })
}

/// That of all failures: throttled only if nothing worse happened.
fn worst(failures: &[Failed]) -> Option<Failure> {
    let mut failures = failures.iter().map(|(_, failure)| *failure);
    failures.clone().find(|failure| *failure == Failure::Unavailable).or_else(|| failures.next())
}

/// The events of a record that was not put; their own ids are read back from its bytes.
fn try_again(records: &Records<'_>, record: usize, index: impl Fn(usize) -> usize) -> Vec<Rejected> {
    let decoded = decode(records.data(record)).unwrap_or_default();
    let mut ids = decoded.events.iter().map(|event| event.source_id(&decoded.tenant).map(Cow::into_owned));
    let rejected = records.places(record).iter().map(|(_, at)| Rejected {
        index: index(*at),
        id: ids.next().flatten(),
        code: "try_again",
        field: String::new(),
        message: "the stream did not take it; send it again".to_string(),
    });
    rejected.collect()
}

impl From<Refused<'_>> for Rejected {
    fn from(refused: Refused<'_>) -> Rejected {
        let refusal = refused.refusal;
        Rejected {
            index: refused.index,
            id: refusal.id,
            code: refusal.code.as_str(),
            field: refusal.field,
            message: refusal.message,
        }
    }
}
