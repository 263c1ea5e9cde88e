//! Files of events, plain or gzip, as batches of documents.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use trilha_schemas::documents::{Document, documents};

const BUFFER_BYTES: usize = 1 << 20;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Batches of documents in order; an error is the last.
pub(super) type Batches = mpsc::Receiver<anyhow::Result<Vec<Document>>>;

/// Reads files one after the other on a thread of its own.
pub(super) fn read(files: Vec<PathBuf>, batch_documents: usize) -> anyhow::Result<Batches> {
    let sizes = files.iter().filter(|path| !is_standard_input(path)).map(|path| {
        std::fs::metadata(path).map(|file| file.len()).with_context(|| format!("cannot read {}", path.display()))
    });
    let progress = progress_bar(sizes.sum::<anyhow::Result<u64>>()?);
    let (sender, receiver) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        for path in files {
            if let Err(error) = read_file(&path, batch_documents, &progress, &sender) {
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
    batch_documents: usize,
    progress: &ProgressBar,
    sender: &mpsc::Sender<anyhow::Result<Vec<Document>>>,
) -> anyhow::Result<()> {
    let mut batch = Vec::with_capacity(batch_documents);
    for document in documents(open(path, progress)?) {
        batch.push(document?);
        if batch.len() == batch_documents {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(batch_documents));
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
    let bytes: Box<dyn Read> =
        if is_standard_input(path) { Box::new(io::stdin().lock()) } else { Box::new(File::open(path)?) };
    let mut bytes = BufReader::with_capacity(BUFFER_BYTES, progress.wrap_read(bytes));
    if bytes.fill_buf()?.starts_with(&GZIP_MAGIC) {
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(bytes))));
    }
    Ok(Box::new(bytes))
}
