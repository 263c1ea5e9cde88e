//! Real statements of a week, out of order; see the fixtures' own README.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use trilha_benches::{Bench, stamped};
use trilha_schemas::documents::documents;
use trilha_schemas::event::{Event, Protocol};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures/openfun-ralph/statements.jsonl.gz");

/// All events, each arriving at its own time; `None` where the file is absent.
pub(crate) fn events() -> Bench<Option<Vec<Event>>> {
    if !Path::new(FILE).exists() {
        return Ok(None);
    }
    let mut events = Vec::new();
    for document in documents(BufReader::new(MultiGzDecoder::new(BufReader::new(File::open(FILE)?)))) {
        for sent in document?.read(Protocol::Xapi).into_iter().flatten() {
            let arrival_millis = sent.time_millis.unwrap_or_default();
            events.extend(stamped(sent, Protocol::Xapi, arrival_millis));
        }
    }
    Ok(Some(events))
}
