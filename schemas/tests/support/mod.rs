//! The real events that lie beside the repository, where they do.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a test may read files and print")]

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use trilha_schemas::documents::documents;
use trilha_schemas::event::Protocol;
use trilha_schemas::reader::Read;

pub mod events;

/// One file that the manifest names.
pub struct Fixture {
    /// The first folder of its path.
    pub folder: String,
    /// Its path under the fixtures.
    pub path: String,
    /// The format that the manifest gives.
    pub format: String,
}

/// The folder of the fixtures; `None`, said aloud, where it is absent.
pub fn root() -> Option<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures"));
    if root.join("MANIFEST.tsv").exists() {
        return Some(root.to_path_buf());
    }
    println!("skipped: no fixtures at ../shared/fixtures");
    None
}

/// All files of the manifest.
pub fn fixtures(root: &Path) -> Vec<Fixture> {
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let folder = columns[0].split('/').next().unwrap().to_string();
        Fixture { folder, path: columns[0].to_string(), format: columns[3].to_string() }
    };
    manifest.lines().skip(1).map(row).collect()
}

impl Fixture {
    /// The protocol of the file, when it is one that an adapter reads.
    pub fn protocol(&self) -> Option<Protocol> {
        match &self.format {
            format if format.starts_with("xapi") => Some(Protocol::Xapi),
            format if format.starts_with("caliper") => Some(Protocol::Caliper),
            format if format.starts_with("openedx") => Some(Protocol::Edx),
            _ => None,
        }
    }

    /// What each document of the file came to.
    pub fn read(&self, root: &Path) -> Vec<Outcome> {
        match self.protocol() {
            Some(protocol) => read_all(&contents(&root.join(&self.path)), protocol),
            None if self.format == "http-requests" => requests(&contents(&root.join(&self.path))),
            None => Vec::new(),
        }
    }
}

/// The bytes of a file, unpacked.
pub fn contents(path: &Path) -> Vec<u8> {
    let file = BufReader::new(File::open(path).unwrap());
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::bufread::MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    } else {
        { file }.read_to_end(&mut bytes).unwrap();
    }
    bytes
}

/// What one document came to.
pub type Outcome = (Option<Value>, Protocol, Read);

/// Splits and reads a file of one protocol.
pub fn read_all(bytes: &[u8], protocol: Protocol) -> Vec<Outcome> {
    let read = |document: std::io::Result<trilha_schemas::documents::Document>| {
        let document = document.unwrap();
        (document.parse().ok(), protocol, document.read(protocol))
    };
    documents(bytes).map(read).collect()
}

/// The bodies of recorded HTTP requests that post events.
fn requests(bytes: &[u8]) -> Vec<Outcome> {
    let body = |request: Value| {
        let (url, body) = (request["url"].as_str()?, request["body"].as_str().filter(|body| !body.is_empty())?);
        let protocol = match url {
            url if url.contains("/statements") => Protocol::Xapi,
            url if url.contains("caliper") || body.contains("ctx/caliper") => Protocol::Caliper,
            _ => return None,
        };
        Some(read_all(body.as_bytes(), protocol))
    };
    documents(bytes).filter_map(|document| body(document.unwrap().parse().unwrap())).flatten().collect()
}
