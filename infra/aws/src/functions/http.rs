//! A request from API Gateway (HTTP API, payload 2.0) or from a load balancer, answered by the same routers that serve
//! a socket.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::header::RETRY_AFTER;
use http::{Method, StatusCode, Uri};
use lambda_http::request::RequestContext;
use lambda_http::{Context, Error, RequestExt, Service, service_fn};
use serde_json::json;
use tower::ServiceExt;
use trilha_collector::router::Counts;
use trilha_serve::listen::HEALTH;

use super::Warm;
use crate::metrics::Metric;
use crate::report::{Call, CountTotals, Reporter, Totals};
use crate::span::Span;

/// Answers a request.
pub async fn answer(kept: &Warm<Router>, reporter: &Reporter, request: lambda_http::Request) -> Response {
    let request = for_router(request);
    let asked = Asked::of(&request, reporter.now_millis());
    match kept.get().await {
        Ok(router) => {
            let answered: Result<Response, Infallible> = router.clone().oneshot(request).await;
            answered.unwrap_or_else(|never| match never {})
        }
        Err(error) => {
            let response = not_ready();
            reporter.report(asked.call(&response).failed(&error), Totals::default());
            response
        }
    }
}

/// A router that says what each request came to, in one line; a load balancer's questions aside.
pub fn reported(router: Router, reporter: Arc<Reporter>, totals: CountTotals) -> Router {
    router.layer(middleware::from_fn_with_state((reporter, totals), report))
}

async fn report(
    State((reporter, totals)): State<(Arc<Reporter>, CountTotals)>,
    request: Request,
    next: Next,
) -> Response {
    let asked = Asked::of(&request, reporter.now_millis());
    let response = next.run(request).await;
    if asked.path != HEALTH {
        reporter.report(asked.call(&response), totals());
    }
    response
}

/// What is told of a request, by OpenTelemetry's conventions for HTTP. No query and no header: either may hold a secret.
struct Asked {
    span: Span,
    method: Method,
    path: String,
    /// The route as a router writes it, where there is one.
    route: Option<String>,
}

impl Asked {
    fn of<B>(request: &http::Request<B>, now_millis: i64) -> Asked {
        let (headers, extensions) = (request.headers(), request.extensions());
        Asked {
            span: Span::of_request(headers, extensions.get::<Context>(), now_millis),
            method: request.method().clone(),
            path: request.uri().path().to_string(),
            route: extensions.get::<MatchedPath>().map(|route| route.as_str().to_string()),
        }
    }

    fn call(self, response: &Response) -> Call {
        let method = known(&self.method);
        let call = Call::of(self.span)
            .with("http.request.method", method.unwrap_or("_OTHER"))
            .with("http.response.status_code", response.status().as_u16());
        let method = method.unwrap_or("HTTP");
        let call = match self.route {
            Some(route) => call.named(format!("{method} {route}")).with("http.route", route),
            None => call.named(method.into()).with("url.path", self.path),
        };
        let accepted = response.extensions().get::<Counts>().map(|counts| counts.accepted as f64);
        accepted.into_iter().fold(call, |call, events| call.measured(Metric::Events, events))
    }
}

/// A method's name, if it is none of the sender's own.
fn known(method: &Method) -> Option<&str> {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::CONNECT,
        Method::OPTIONS,
        Method::TRACE,
        Method::PATCH,
    ];
    KNOWN.contains(method).then(|| method.as_str())
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

/// Answers requests with what is kept.
pub(super) fn service(
    kept: Warm<Router>,
    reporter: Arc<Reporter>,
) -> impl Service<lambda_http::Request, Response = Response, Error = Infallible, Future: Send> {
    let kept = Arc::new(kept);
    service_fn(move |request: lambda_http::Request| {
        let (kept, reporter) = (Arc::clone(&kept), Arc::clone(&reporter));
        async move { Ok(answer(&kept, &reporter, request).await) }
    })
}

/// Takes requests from Lambda, for ever.
///
/// # Errors
/// When Lambda's runtime cannot be reached.
pub async fn run(kept: Warm<Router>, reporter: Arc<Reporter>) -> Result<(), Error> {
    kept.start().await;
    lambda_http::run(service(kept, reporter)).await
}
