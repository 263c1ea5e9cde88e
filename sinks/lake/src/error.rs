//! Why the lake did not do what it was asked.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::manifest::ManifestError;

/// Why a call to the lake failed.
#[derive(Debug, Error)]
pub enum LakeError {
    /// The manifest failed; what was asked may or may not have happened. Asking again is safe.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file or folder could not be read or written. Asking again is safe.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The storage failed; what was asked may or may not have happened. Asking again is safe.
    #[error("the lake's storage is unavailable: {0}")]
    Unavailable(String),
    /// Parquet could not be written or read.
    #[error("parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Columns do not fit together.
    #[error("arrow: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
    /// A row of the lake that no event can be made of: a damaged file, or one that something else wrote.
    #[error("row {row}, column {column}: {reason}")]
    Row {
        /// The row in its batch.
        row: usize,
        /// The column's name.
        column: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Rows that do not belong to the batch they came with: fix the caller.
    #[error("the batch of shard {shard} up to {last}: {reason}")]
    Batch {
        /// The batch's shard.
        shard: String,
        /// The batch's last sequence number.
        last: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A tenant whose name makes no folder: empty, or longer than 240 bytes once percent-encoded.
    #[error("tenant {0:?} cannot name a folder")]
    Tenant(String),
    /// The manifest names a generation that is neither published nor waiting: someone else changed the storage.
    #[error("generation {generation} of {partition} is gone from the storage")]
    GenerationLost {
        /// Which tenant and day.
        partition: String,
        /// The generation that the manifest names.
        generation: u64,
    },
    /// A worker thread died.
    #[error("a worker of the lake stopped: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

impl LakeError {
    /// For `map_err`: a failure at a path.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> LakeError {
        let path = path.into();
        move |source| LakeError::File { path, source }
    }
}

/// Runs work of the CPU or of files on tokio's blocking threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LakeError> + Send + 'static,
) -> Result<T, LakeError> {
    tokio::task::spawn_blocking(work).await?
}
