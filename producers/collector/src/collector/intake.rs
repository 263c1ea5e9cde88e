//! What is taken and what is refused before anything is looked up: rights and times.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

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

/// What is kept of refused events: those of one document have its bytes, so that they are one row, about the first. Its
/// message names the reasons of the others.
pub(super) fn by_document<'b, 'a>(refused: &'b [Refused<'a>]) -> Vec<(&'b Refused<'a>, Refusal)> {
    let mut documents: Vec<(&Refused, BTreeSet<Code>)> = Vec::new();
    let mut places = HashMap::new();
    for refused in refused {
        let place = *places.entry(refused.raw.as_ptr_range()).or_insert(documents.len());
        if place == documents.len() {
            documents.push((refused, BTreeSet::new()));
        }
        documents[place].1.insert(refused.refusal.code);
    }
    documents.into_iter().map(|(first, codes)| (first, with_others(&first.refusal, &codes))).collect()
}

fn with_others(first: &Refusal, codes: &BTreeSet<Code>) -> Refusal {
    let others: Vec<_> = codes.iter().filter(|code| **code != first.code).map(Code::to_string).collect();
    let mut refusal = first.clone();
    if !others.is_empty() {
        refusal.message = format!("{}; of other events in it: {}", first.message, others.join(", "));
    }
    refusal
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<'a>(raw: &'a [u8], code: Code, message: &str) -> Refused<'a> {
        Refused { index: 0, raw, refusal: Refusal::new(code, "f", message), about: None, pseudonym: None }
    }

    #[test]
    fn refused_events_of_one_document_are_one_row_with_the_reasons_of_all() {
        let (envelope, line) = (b"{\"data\":[{},{},{},{}]}".as_slice(), b"{}".as_slice());
        let refused = [
            refused(envelope, Code::NoCourse, "no course"),
            refused(line, Code::NoLearner, "no learner"),
            refused(envelope, Code::NotRelevant, "a person"),
            refused(envelope, Code::NoCourse, "no course either"),
            refused(envelope, Code::NoLearner, "nobody"),
        ];
        let kept = by_document(&refused);
        let rows: Vec<_> = kept.iter().map(|(of, why)| (of.raw, why.code, why.message.as_str())).collect();
        let told = "no course; of other events in it: no_learner, not_relevant";
        assert_eq!(rows, [(envelope, Code::NoCourse, told), (line, Code::NoLearner, "no learner")]);
    }
}
