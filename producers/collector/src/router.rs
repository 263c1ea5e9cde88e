//! HTTP: `POST /v1/events`, `POST /v1/tokens`, `GET /healthz`. A router and nothing about listening, so that a socket
//! and a Lambda serve the same.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router, middleware};
use serde::Deserialize;
use serde_json::json;
use trilha_schemas::reader::{Code, MAX_ID_BYTES, Refusal, is_nobody};
use trilha_schemas::time::format_millis;
use trilha_stream::port::Stream;

use crate::answer::Problem;
use crate::body;
use crate::collector::Collector;
pub use crate::collector::MAX_EVENTS;
pub use crate::cors::AllowedOrigins;
use crate::credential::{Credential, CredentialError, DEFAULT_TOKEN_MILLIS, KeyRing, MAX_TOKEN_MILLIS};
use crate::identities::Identities;
use crate::quarantine::Quarantine;
use crate::settings::SettingsStore;

/// The most bytes in a body, compressed or not: 1 MiB.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Tells the time in milliseconds since 1970 UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What the router serves.
pub struct Front<S, I, Q, C> {
    /// Takes the events.
    pub collector: Arc<Collector<S, I, Q, C>>,
    /// Who may send.
    pub keys: Arc<KeyRing>,
    /// Stamps arrivals.
    pub clock: Clock,
    /// Whose pages may send from a browser.
    pub origins: AllowedOrigins,
}

/// What a request's receipt comes to, in the extensions of its answer, for who counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Events on the stream.
    pub accepted: usize,
    /// Events that were refused, or that the stream did not take.
    pub rejected: usize,
}

/// The collector's routes.
pub fn router<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore>(front: Front<S, I, Q, C>) -> Router {
    let origins = front.origins.clone();
    Router::new()
        .route("/v1/events", post(events::<S, I, Q, C>))
        .route("/v1/tokens", post(tokens::<S, I, Q, C>))
        .route("/healthz", get(|| async { Json(json!({ "status": "ok" })) }))
        .method_not_allowed_fallback(|| async { Problem::NoSuchMethod })
        .fallback(|| async { Problem::NoSuchPath })
        .layer(middleware::from_fn_with_state(origins, crate::cors::layer))
        .with_state(Arc::new(front))
}

async fn events<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore>(
    State(front): State<Arc<Front<S, I, Q, C>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let now_millis = (front.clock)();
    let credential = credential(&front.keys, &headers, now_millis)?;
    let body = body::read(&headers, body, MAX_BODY_BYTES).await?;
    let receipt = front.collector.collect_body(&credential, now_millis, &body).await?;
    let counts = Counts { accepted: receipt.accepted, rejected: receipt.rejected.len() };
    Ok((StatusCode::ACCEPTED, Extension(counts), Json(receipt)).into_response())
}

/// What a token is asked for with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    learner: String,
    course: Option<String>,
    /// How long it lives, in seconds.
    seconds: Option<i64>,
}

async fn tokens<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore>(
    State(front): State<Arc<Front<S, I, Q, C>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let now_millis = (front.clock)();
    let minter = credential(&front.keys, &headers, now_millis)?;
    let body = body::read(&headers, body, MAX_BODY_BYTES).await?;
    let (asked, millis) = token_request(&body).map_err(Problem::Refused)?;
    let expires_millis = now_millis + millis;
    let token = front.keys.mint(&minter, &asked.learner, asked.course.as_deref(), expires_millis);
    let token = token.ok_or(Problem::NotAllowed("a write key mints tokens, a token does not"))?;
    Ok(Json(json!({ "token": token, "expires": format_millis(expires_millis) })).into_response())
}

fn token_request(body: &[u8]) -> Result<(TokenRequest, i64), Refusal> {
    let invalid = |field, expected| Refusal::new(Code::InvalidValue, field, expected);
    let asked: TokenRequest = serde_json::from_slice(body).map_err(|_| {
        let expected = r#"expected {"learner": text, "course": optional text, "seconds": optional number}"#;
        Refusal::new(Code::InvalidJson, "", expected)
    })?;
    if is_nobody(&asked.learner) || asked.learner.len() > MAX_ID_BYTES {
        return Err(invalid("learner", "learner must name somebody, in at most 500 bytes"));
    }
    if asked.course.as_ref().is_some_and(|course| course.trim().is_empty() || course.len() > MAX_ID_BYTES) {
        return Err(invalid("course", "course must name a course, in at most 500 bytes"));
    }
    let millis = asked.seconds.map_or(DEFAULT_TOKEN_MILLIS, |seconds| seconds.saturating_mul(1_000));
    let in_range = (1..=MAX_TOKEN_MILLIS).contains(&millis);
    if in_range { Ok((asked, millis)) } else { Err(invalid("seconds", "seconds must be 1 to 86,400")) }
}

fn credential(keys: &KeyRing, headers: &HeaderMap, now_millis: i64) -> Result<Credential, CredentialError> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, presented) = header.and_then(|header| header.split_once(' ')).ok_or(CredentialError::Unknown)?;
    let bearer = scheme.eq_ignore_ascii_case("bearer");
    if bearer { keys.identify(presented.trim(), now_millis) } else { Err(CredentialError::Unknown) }
}
