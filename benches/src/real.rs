//! Real statements of a week, out of order; see the fixtures' own README.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use trilha_schemas::documents::documents;
use trilha_schemas::event::{Event, Protocol};

use crate::{Bench, stamped};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures/openfun-ralph/statements.jsonl.gz");

/// All statements of a week on videos that are read, as they were sent and as events, each arriving at its own time; `None`
/// where the file is absent.
///
/// # Errors
/// When the file cannot be read.
pub fn statements() -> Bench<Option<Vec<(String, Event)>>> {
    if !Path::new(FILE).exists() {
        return Ok(None);
    }
    let mut statements = Vec::new();
    for document in documents(BufReader::new(MultiGzDecoder::new(BufReader::new(File::open(FILE)?)))) {
        let document = document?;
        for sent in document.read(Protocol::Xapi).into_iter().flatten() {
            let arrival_millis = sent.time_millis.unwrap_or_default();
            let event = stamped(sent, Protocol::Xapi, arrival_millis);
            statements.extend(event.map(|event| (String::from_utf8_lossy(&document.bytes).into_owned(), event)));
        }
    }
    Ok(Some(statements))
}
