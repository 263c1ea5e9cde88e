//! Reading a row's bytes again, each kind as it was read when it came.

use std::borrow::Cow;

use trilha_collector::collector::Sent;
use trilha_collector::credential::Credential;
use trilha_schemas::documents::documents;
use trilha_schemas::event::{Protocol, SentEvent};
use trilha_schemas::native;
use trilha_schemas::reader::{Code, Read, Refusal};

use crate::strays::{payloads, texts};

/// One event of a row, or why there is none.
pub(super) struct Reading<'a> {
    /// Its place; events of one document share it.
    index: usize,
    /// The bytes that are kept if the collector refuses it.
    raw: Cow<'a, [u8]>,
    read: Result<SentEvent, Refusal>,
}

/// Another producer's record. An event of it that is refused makes a row of its own, as when the record came.
pub(super) fn record(raw: &[u8]) -> Vec<Reading<'_>> {
    let payloads = match payloads(raw) {
        Ok(payloads) => payloads,
        Err(reason) => return whole(raw, [vec![Err(invalid(reason))]]),
    };
    let mut readings = Vec::new();
    for payload in payloads {
        match texts(payload) {
            Ok(texts) => {
                for text in texts {
                    let (index, read) = (readings.len(), native::read(text));
                    readings.push(Reading { index, raw: text.as_bytes().into(), read });
                }
            }
            Err(refusal) => {
                readings.push(Reading { index: readings.len(), raw: payload.into(), read: Err(refusal) });
            }
        }
    }
    readings
}

/// What a request sent, or a document of a file. An event of it that is refused is kept under the row's own key.
pub(super) fn request(protocol: Protocol, raw: &[u8]) -> Vec<Reading<'_>> {
    match protocol {
        Protocol::Native => native_request(raw),
        Protocol::Xapi | Protocol::Edx | Protocol::Caliper => {
            let read = documents(raw).map(|document| match document {
                Ok(document) => document.read(protocol),
                Err(error) => vec![Err(invalid(error.to_string()))],
            });
            whole(raw, read)
        }
    }
}

/// One event, as most rows hold it; else a whole body that was kept because nothing in it was JSON.
fn native_request(raw: &[u8]) -> Vec<Reading<'_>> {
    let Ok(text) = std::str::from_utf8(raw) else { return whole(raw, [vec![Err(invalid("not UTF-8"))]]) };
    match native::read(text) {
        Err(refusal) if refusal.code == Code::InvalidJson => match native::split(text) {
            Ok(texts) => whole(raw, texts.iter().map(|text| vec![native::read(text)])),
            Err(refusal) => whole(raw, [vec![Err(refusal)]]),
        },
        read => whole(raw, [vec![read]]),
    }
}

/// Readings whose bytes are all of the row's.
fn whole(raw: &[u8], documents: impl IntoIterator<Item = Read>) -> Vec<Reading<'_>> {
    let placed = documents.into_iter().enumerate();
    let reading = |index, read| Reading { index, raw: raw.into(), read };
    placed.flat_map(|(index, document)| document.into_iter().map(move |read| reading(index, read))).collect()
}

/// The events that somebody may write, and why the others are none.
pub(super) fn allowed<'a>(readings: &'a [Reading<'_>], to: &Credential) -> (Vec<Sent<'a>>, Vec<Refusal>) {
    let (mut sent, mut refusals) = (Vec::new(), Vec::new());
    for Reading { index, raw, read } in readings {
        match read.clone().and_then(|event| to.may_write(&event).map(|()| event)) {
            Ok(event) => sent.push(Sent { index: *index, raw, read: Ok(event), about: None }),
            Err(refusal) => refusals.push(refusal),
        }
    }
    (sent, refusals)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::InvalidJson, "", message)
}
