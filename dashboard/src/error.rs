//! Every HTTP error code of the read API is decided here.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::api::{ErrorBody, ErrorDetail};
use crate::session::SessionError;
use crate::source::SourceError;

/// Why a request is not answered, named for what the caller does next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// Sign in.
    #[error("sign in first")]
    NotSignedIn,
    /// Sign in again.
    #[error("{0}; sign in again")]
    Session(#[from] SessionError),
    /// Ask for another course, or another instructor.
    #[error("this course is not one of yours")]
    CourseForbidden,
    /// Check the id; a course is known from its first event on.
    #[error("no such course")]
    CourseUnknown,
    /// Correct the query.
    #[error("{0}")]
    Query(String),
    /// Correct the path.
    #[error("no such resource")]
    NotFound,
    /// Use another method.
    #[error("the resource does not support this method")]
    Method,
    /// Ask again later, or tell whoever runs this.
    #[error("{}", source_message(.0))]
    Source(#[from] SourceError),
}

impl ApiError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NotSignedIn => (StatusCode::UNAUTHORIZED, "not_signed_in"),
            Self::Session(SessionError::Invalid) => (StatusCode::UNAUTHORIZED, "session_invalid"),
            Self::Session(SessionError::Expired) => (StatusCode::UNAUTHORIZED, "session_expired"),
            Self::CourseForbidden => (StatusCode::FORBIDDEN, "course_forbidden"),
            Self::CourseUnknown => (StatusCode::NOT_FOUND, "course_unknown"),
            Self::Query(_) => (StatusCode::BAD_REQUEST, "query_invalid"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Source(SourceError::Unavailable(_)) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Source(SourceError::Corrupt(_)) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

/// What a source says of itself may name tables and files, so it stays inside.
fn source_message(error: &SourceError) -> &'static str {
    match error {
        SourceError::Unavailable(_) => "the numbers cannot be read now; try again",
        SourceError::Corrupt(_) => "the numbers cannot be read",
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let error = ErrorDetail { code: code.to_owned(), message: self.to_string() };
        let mut response = (status, Json(ErrorBody { error })).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
