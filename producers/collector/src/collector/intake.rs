//! What is taken and what is refused before anything is looked up: rights and times.

use std::borrow::Cow;

use serde::Deserialize;
use trilha_schemas::event::{Protocol, SentEventOf};
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::reader::{Code, MAX_ID_BYTES, Refusal, check_ids, is_nobody};

use super::{Arrival, Sent};
use crate::credential::{Credential, given_id};

/// An event that will be kept in quarantine.
pub(super) struct Refused<'a> {
    pub(super) index: usize,
    pub(super) raw: &'a [u8],
    pub(super) refusal: Refusal,
    /// The raw id of whom it is about, where it can be read.
    pub(super) about: Option<Cow<'a, str>>,
    /// Whom it is about, where that is known already.
    pub(super) pseudonym: Option<Pseudonym>,
}

/// Takes out of the list what will not be put: each that is left is an event.
pub(super) fn take_refused<'a, T: AsRef<str>>(
    credential: &Credential,
    protocol: Protocol,
    arrival: Arrival,
    sent: &mut Vec<Sent<'a, T>>,
) -> Vec<Refused<'a>> {
    let mut refused = Vec::new();
    sent.retain_mut(|Sent { index, raw, read, about }| {
        let (refusal, about) = match read {
            Ok(event) => match check(credential, arrival, event) {
                Ok(()) => return true,
                Err(refusal) => (refusal, event.learner.take().map(|learner| learner.as_ref().to_string().into())),
            },
            Err(refusal) => (refusal.clone(), about.map(Cow::Borrowed).or_else(|| named_in(protocol, raw))),
        };
        let about = about.filter(|about| about.len() <= MAX_ID_BYTES && !is_nobody(about));
        refused.push(Refused { index: *index, raw, refusal, about, pseudonym: None });
        false
    });
    refused
}

fn check<T: AsRef<str>>(credential: &Credential, arrival: Arrival, event: &SentEventOf<T>) -> Result<(), Refusal> {
    credential.may_write(event)?;
    has_needed_time(event, arrival)?;
    check_ids(event).map_err(|refusal| refusal.with_id(given_id(event)))
}

fn has_needed_time<T: AsRef<str>>(event: &SentEventOf<T>, arrival: Arrival) -> Result<(), Refusal> {
    match (arrival, event.time_millis) {
        (Arrival::Replay { .. }, None) => {
            let refusal = Refusal::new(Code::TimeMissing, "time", "an event that is replayed needs its time");
            Err(refusal.with_id(given_id(event)))
        }
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    learner: Option<Cow<'a, str>>,
}

/// The learner of a native event that the reader refused.
fn named_in(protocol: Protocol, raw: &[u8]) -> Option<Cow<'_, str>> {
    let native = protocol == Protocol::Native;
    native.then(|| serde_json::from_slice::<Named<'_>>(raw).ok()).flatten().and_then(|named| named.learner)
}
