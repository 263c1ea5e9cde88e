//! Why a call failed, and what may be done about it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

/// Why a call failed.
#[derive(Debug, Error)]
pub enum TableError {
    /// The table refuses for now: try again later.
    #[error("the table {table} is throttled")]
    Throttled {
        /// Which table.
        table: String,
    },
    /// The call failed; its writes may or may not have happened. Read again, then try again.
    #[error("the table {table} is unavailable: {reason}")]
    Unavailable {
        /// Which table.
        table: String,
        /// What the service or the connection said.
        reason: String,
    },
    /// The service refuses the call as such (a key or an item is too large, an expression is wrong): trying again cannot
    /// help. A table that is missing, or that the caller may not use, is merely unavailable: it may come.
    #[error("the table {table} refuses the call: {reason}")]
    Refused {
        /// Which table.
        table: String,
        /// What the service said.
        reason: String,
    },
}

/// Codes of a service that asks for patience.
const THROTTLED: [&str; 5] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "Throttling",
];
/// Codes of a call that is wrong as such.
const REFUSED: [&str; 2] = ["ValidationException", "ItemCollectionSizeLimitExceededException"];

/// What an error of the SDK comes to.
pub(crate) fn classify<E, R>(table: &str, error: &SdkError<E, R>) -> TableError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
    let table = table.to_string();
    if THROTTLED.contains(&code) {
        return TableError::Throttled { table };
    }
    let reason = describe(error);
    if REFUSED.contains(&code) {
        TableError::Refused { table, reason }
    } else {
        TableError::Unavailable { table, reason }
    }
}

fn describe<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let Some(service) = error.as_service_error() else { return chain(error) };
    match (service.code(), service.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_string(),
        _ => chain(error),
    }
}

/// An error and what caused it, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
