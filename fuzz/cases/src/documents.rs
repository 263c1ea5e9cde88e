//! A file of events.

use std::io::BufReader;

use trilha_schemas::documents::{Document, documents};
use trilha_schemas::event::Protocol;

use crate::carried;

pub(crate) fn read(bytes: &[u8]) {
    for document in documents(bytes).flatten() {
        drop(document.read(protocol(bytes)));
    }
}

/// Wherever reads end, the documents are the same; each byte is in one of them at most.
pub(crate) fn check(bytes: &[u8]) {
    let whole: Vec<Document> = documents(bytes).map(|document| document.expect("a slice has no errors")).collect();
    for chunk in [1, 7] {
        let pieces = documents(BufReader::with_capacity(chunk, bytes));
        assert!(pieces.map(|document| document.expect("a slice has no errors")).eq(whole.iter().cloned()));
    }
    assert!(whole.iter().map(|document| document.bytes.len()).sum::<usize>() <= bytes.len());
    for document in &whole {
        let protocol = protocol(bytes);
        document.read(protocol).into_iter().for_each(|event| carried::check(event, protocol));
    }
}

/// Any will do: the last byte says which.
fn protocol(bytes: &[u8]) -> Protocol {
    Protocol::ALL[bytes.last().map_or(0, |byte| usize::from(*byte) % Protocol::ALL.len())]
}
