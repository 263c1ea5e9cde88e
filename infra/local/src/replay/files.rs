//! Files of events, plain or gzip, as batches of documents that have been read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use trilha_schemas::documents::{Document, documents};
use trilha_schemas::event::Protocol;
use trilha_schemas::reader::Read;

const BUFFER_BYTES: usize = 1 << 20;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Documents, and what was read of each.
pub(super) type Parsed = Vec<(Document, Read)>;

/// Where a batch ends: at so many documents, or with the one that makes it so many bytes long.
#[derive(Clone, Copy)]
pub(super) struct Batch {
    pub(super) documents: usize,
    pub(super) bytes: usize,
}

/// Batches in order; an error is the last.
pub(super) type Batches = mpsc::Receiver<anyhow::Result<Parsed>>;

/// Reads files one after the other, and parses them, on one thread: what it allocates is freed by others, and one thread
/// that goes on takes it back soonest.
pub(super) fn read(files: Vec<PathBuf>, protocol: Protocol, most: Batch) -> anyhow::Result<Batches> {
    let sizes = files.iter().filter(|path| !is_standard_input(path)).map(|path| {
        std::fs::metadata(path).map(|file| file.len()).with_context(|| format!("cannot read {}", path.display()))
    });
    let progress = progress_bar(sizes.sum::<anyhow::Result<u64>>()?);
    let (sender, receiver) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        for path in files {
            if let Err(error) = read_file(&path, protocol, most, &progress, &sender) {
                let _ = sender.blocking_send(Err(error.context(format!("cannot read {}", path.display()))));
                break;
            }
        }
        progress.finish_and_clear();
    });
    Ok(receiver)
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Bytes read of all files, on a terminal; elsewhere nothing.
fn progress_bar(bytes: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn read_file(
    path: &Path,
    protocol: Protocol,
    most: Batch,
    progress: &ProgressBar,
    sender: &mpsc::Sender<anyhow::Result<Parsed>>,
) -> anyhow::Result<()> {
    let (mut batch, mut bytes) = (Vec::with_capacity(most.documents), 0);
    for document in documents(open(path, progress)?) {
        let document = document?;
        let read = document.read(protocol);
        bytes += document.bytes.len();
        batch.push((document, read));
        if batch.len() == most.documents || bytes >= most.bytes {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(most.documents));
            bytes = 0;
            if sender.blocking_send(Ok(full)).is_err() {
                return Ok(());
            }
        }
    }
    if !batch.is_empty() {
        let _ = sender.blocking_send(Ok(batch));
    }
    Ok(())
}

fn open(path: &Path, progress: &ProgressBar) -> anyhow::Result<Box<dyn BufRead>> {
    let bytes: Box<dyn io::Read> =
        if is_standard_input(path) { Box::new(io::stdin().lock()) } else { Box::new(File::open(path)?) };
    let mut bytes = BufReader::with_capacity(BUFFER_BYTES, progress.wrap_read(bytes));
    if bytes.fill_buf()?.starts_with(&GZIP_MAGIC) {
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(bytes))));
    }
    Ok(Box::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_batch_ends_at_so_many_documents_or_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.ndjson");
        let long = format!("{{\"id\":\"{}\"}}", "x".repeat(90));
        std::fs::write(&path, format!("{{}}\n{{}}\n{{}}\n{{}}\n{long}\n{long}\n{{}}\n")).unwrap();
        let mut batches = read(vec![path], Protocol::Native, Batch { documents: 3, bytes: 100 }).unwrap();
        let mut sizes = Vec::new();
        while let Some(batch) = batches.recv().await {
            sizes.push(batch.unwrap().len());
        }
        assert_eq!(sizes, [3, 2, 2]);
    }
}
