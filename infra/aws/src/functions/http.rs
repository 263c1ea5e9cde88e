//! A request from API Gateway (HTTP API, payload 2.0) or from a load balancer, answered by the same routers that serve a
//! socket.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::header::RETRY_AFTER;
use http::{StatusCode, Uri};
use lambda_http::request::RequestContext;
use lambda_http::{Error, RequestExt, service_fn};
use serde_json::json;
use tower::ServiceExt;
use trilha_collector::router::Counts;

use super::Warm;
use crate::metrics::Metric;
use crate::report::{Call, Reporter, Totals};

/// What an HTTP function keeps.
pub struct Served {
    /// Answers.
    pub router: Router,
    /// What its stores counted so far.
    pub totals: Box<dyn Fn() -> Totals + Send + Sync>,
}

/// Answers a request and says so in one line.
pub async fn answer(kept: &Warm<Served>, reporter: &Reporter, request: lambda_http::Request) -> Response {
    let request = for_router(request);
    let call = Call::default().with("method", request.method().as_str()).with("path", request.uri().path());
    let (response, call, totals) = match kept.get().await {
        Ok(served) => {
            let answered: Result<Response, Infallible> = served.router.clone().oneshot(request).await;
            let response = answered.unwrap_or_else(|never| match never {});
            (response, call, (served.totals)())
        }
        Err(error) => (not_ready(), call.failed(&error), Totals::default()),
    };
    let call = call.with("status", response.status().as_u16());
    let accepted = response.extensions().get::<Counts>().map(|counts| counts.accepted as f64);
    let call = accepted.into_iter().fold(call, |call, events| call.measured(Metric::Events, events));
    reporter.report(call, totals);
    response
}

fn not_ready() -> Response {
    let error = json!({ "error": { "code": "unavailable", "message": "not ready to answer; try again" } });
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], Json(error)).into_response()
}

/// The request as a router takes it. Bodies stay as they were sent; base64 is only how the event carries them.
fn for_router(request: lambda_http::Request) -> http::Request<Body> {
    let path = path_without_stage(&request);
    let (mut parts, body) = request.into_parts();
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // A path that is no path finds no route.
    parts.uri = format!("{path}{query}").parse().unwrap_or_else(|_| Uri::from_static("/-"));
    let body = match body {
        lambda_http::Body::Text(text) => Body::from(text),
        lambda_http::Body::Binary(bytes) => Body::from(bytes),
        _ => Body::empty(),
    };
    http::Request::from_parts(parts, body)
}

/// API Gateway puts a stage that has a name before the path.
fn path_without_stage(request: &lambda_http::Request) -> String {
    let path = request.raw_http_path();
    let stage = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.stage.as_deref().filter(|stage| *stage != "$default"),
        _ => None,
    };
    let after = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    match after {
        Some("") => "/".to_string(),
        Some(rest) if rest.starts_with('/') => rest.to_string(),
        _ => path.to_string(),
    }
}

/// Takes requests from Lambda, for ever.
///
/// # Errors
/// When Lambda's runtime cannot be reached.
pub async fn run(kept: Warm<Served>, reporter: Arc<Reporter>) -> Result<(), Error> {
    kept.start().await;
    let kept = Arc::new(kept);
    lambda_http::run(service_fn(move |request: lambda_http::Request| {
        let (kept, reporter) = (Arc::clone(&kept), Arc::clone(&reporter));
        async move { Ok::<_, Infallible>(answer(&kept, &reporter, request).await) }
    }))
    .await
}
