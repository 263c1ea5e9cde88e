//! Why there is no bill.

use thiserror::Error;

use crate::prices::PriceError;

/// Why there is no bill.
#[derive(Debug, Error)]
pub enum CostError {
    /// The prices cannot be used.
    #[error(transparent)]
    Prices(#[from] PriceError),
    /// What is asked for makes no sense.
    #[error("{0}")]
    Asked(&'static str),
    /// A part of the pipeline failed, which it does not on memory.
    #[error("the pipeline failed: {0}")]
    Failed(String),
}

impl CostError {
    pub(crate) fn failed(error: impl std::fmt::Display) -> CostError {
        CostError::Failed(error.to_string())
    }
}
