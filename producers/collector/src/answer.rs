//! Every HTTP status that the collector answers with, decided here.

use axum::Json;
use axum::http::header::{ACCEPT_ENCODING, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use trilha_schemas::reader::Refusal;

use crate::body::BodyError;
use crate::collector::{CollectError, MAX_EVENTS, RETRY_AFTER_SECONDS, RequestError};
use crate::credential::CredentialError;
use crate::router::MAX_BODY_BYTES;

/// Why a request as a whole was not taken.
#[derive(Debug)]
pub(crate) enum Problem {
    Credential(CredentialError),
    /// The credential is good, but not for this.
    NotAllowed(&'static str),
    Body(BodyError),
    /// The body is no JSON, or not the JSON that this endpoint takes.
    Refused(Refusal),
    TooManyEvents(usize),
    Collect(CollectError),
    NoSuchPath,
    NoSuchMethod,
}

/// What the client is told: status, code, message, and a header that helps it on.
type Told = (StatusCode, &'static str, String, Option<(HeaderName, String)>);

impl Problem {
    fn told(&self) -> Told {
        match self {
            Problem::Credential(error) => {
                let code = match error {
                    CredentialError::Unknown => "unauthorized",
                    CredentialError::Expired => "token_expired",
                };
                let challenge = (WWW_AUTHENTICATE, "Bearer".to_string());
                (StatusCode::UNAUTHORIZED, code, error.to_string(), Some(challenge))
            }
            Problem::NotAllowed(message) => (StatusCode::FORBIDDEN, "forbidden", message.to_string(), None),
            Problem::Body(error) => of_body(error),
            Problem::Refused(refusal) => {
                (StatusCode::BAD_REQUEST, refusal.code.as_str(), refusal.message.clone(), None)
            }
            Problem::TooManyEvents(count) => {
                let message = format!("{count} events in one request; at most {MAX_EVENTS} are taken");
                (StatusCode::PAYLOAD_TOO_LARGE, "too_many_events", message, None)
            }
            Problem::Collect(error) => of_collect(error),
            Problem::NoSuchPath => (StatusCode::NOT_FOUND, "not_found", "no such path".to_string(), None),
            Problem::NoSuchMethod => {
                let message = "this path does not take that method".to_string();
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message, None)
            }
        }
    }
}

fn of_body(error: &BodyError) -> Told {
    match error {
        BodyError::TooLarge => {
            let message = format!("the body is over {MAX_BODY_BYTES} bytes, compressed or not");
            (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message, None)
        }
        BodyError::UnknownEncoding => {
            let taken = Some((ACCEPT_ENCODING, "gzip, zstd".to_string()));
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_encoding", error.to_string(), taken)
        }
        BodyError::Damaged => (StatusCode::BAD_REQUEST, "damaged_encoding", error.to_string(), None),
        BodyError::Incomplete => (StatusCode::BAD_REQUEST, "incomplete_body", error.to_string(), None),
    }
}

fn of_collect(error: &CollectError) -> Told {
    let later = Some((RETRY_AFTER, RETRY_AFTER_SECONDS.to_string()));
    match error {
        CollectError::UnknownTenant => (StatusCode::FORBIDDEN, "forbidden", error.to_string(), None),
        CollectError::Throttled => {
            (StatusCode::TOO_MANY_REQUESTS, "throttled", "the stream is full; nothing was taken".to_string(), later)
        }
        CollectError::Unavailable(_) => {
            let message = "a store is unavailable; nothing is known to be taken".to_string();
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable", message, later)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, message, header) = self.told();
        if let Problem::Collect(error) = &self {
            tracing::error!(%error, status = status.as_u16(), "a request was not taken");
        }
        let body = Json(json!({ "error": { "code": code, "message": message } }));
        match header {
            Some(header) => (status, [header], body).into_response(),
            None => (status, body).into_response(),
        }
    }
}

impl From<CredentialError> for Problem {
    fn from(error: CredentialError) -> Problem {
        Problem::Credential(error)
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Problem {
        Problem::Body(error)
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Problem {
        match error {
            RequestError::TooManyEvents(count) => Problem::TooManyEvents(count),
            RequestError::Refused(refusal) => Problem::Refused(refusal),
            RequestError::Collect(error) => Problem::Collect(error),
        }
    }
}
