//! What the service's errors are to the port.

use std::error::Error;

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use trilha_stream::port::StreamError;

/// A call that failed and was not looked at more closely.
pub(crate) fn failed<E, R>(error: &SdkError<E, R>) -> StreamError
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    let text = with_sources(error);
    match error.code() {
        Some("InvalidArgumentException" | "ValidationException") => StreamError::Invalid(text),
        _ => StreamError::Unavailable(text),
    }
}

/// An error and what it came from. Not what the SDK shows, which holds the whole answer.
fn with_sources(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The service refused the call for its rate and did nothing.
pub(crate) fn is_throttled(code: Option<&str>) -> bool {
    const CODES: [&str; 5] = [
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
        "KMSThrottlingException",
        "ThrottlingException",
        "Throttling",
    ];
    code.is_some_and(|code| CODES.contains(&code))
}

/// The service knows no such shard, or no such number in it.
pub(crate) fn is_unknown(code: Option<&str>) -> bool {
    matches!(code, Some("ResourceNotFoundException" | "InvalidArgumentException"))
}
