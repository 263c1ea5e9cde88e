//! Why a question has no answer.

use std::io;
use std::path::PathBuf;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use thiserror::Error;

/// Why a question has no answer.
#[derive(Debug, Error)]
pub enum QueryError {
    /// There is no such data folder.
    #[error("there is no folder {0}")]
    NoFolder(PathBuf),
    /// The folder is there, but no lake in it.
    #[error("{0} holds no lake: a data folder of `trilha up` or `trilha replay` has a folder `lake`")]
    NoLake(PathBuf),
    /// Only questions are answered: statements that would change something are refused.
    #[error("only queries are allowed: the lake is read only here")]
    ReadOnly,
    /// The SQL cannot be read or names what is not there: fix it.
    #[error("{0}")]
    Sql(String),
    /// The query failed on its way.
    #[error("the query failed: {0}")]
    Failed(String),
    /// Each time the query ran, a compaction replaced files under it. Ask again later.
    #[error("the lake changed under the query {0} times; try again")]
    Changing(usize),
    /// A folder of the lake could not be read.
    #[error("{path}: {source}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The answer could not be shown.
    #[error("the answer cannot be shown: {0}")]
    Show(#[from] ArrowError),
    /// The answer could not be written.
    #[error("the answer cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// The engine's message, without the trace and the layers of its own.
pub(crate) fn message(error: &DataFusionError) -> String {
    error.find_root().strip_backtrace()
}
