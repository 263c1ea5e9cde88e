//! Which pages in a browser may send: those of the origins on a list, by name, without cookies.

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The origins whose pages may send, as browsers write them: `https://lms.example.org`, without a slash at the end.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins(Vec<HeaderValue>);

impl AllowedOrigins {
    /// From a list. `*` is no origin, and neither is a text that no header can hold: `None`.
    pub fn new<T: AsRef<str>>(origins: &[T]) -> Option<AllowedOrigins> {
        let origin = |origin: &T| {
            let named = origin.as_ref().contains("://") && !origin.as_ref().ends_with('/');
            named.then(|| HeaderValue::from_str(origin.as_ref()).ok()).flatten()
        };
        origins.iter().map(origin).collect::<Option<_>>().map(AllowedOrigins)
    }
}

/// Answers preflights, and names the origin on answers to those that are allowed.
pub(crate) async fn layer(State(allowed): State<AllowedOrigins>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let allowed = origin.clone().filter(|origin| allowed.0.contains(origin));
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match (preflight, allowed.is_some()) {
        (true, true) => preflight_answer(),
        (true, false) => StatusCode::FORBIDDEN.into_response(),
        (false, _) => next.run(request).await,
    };
    if origin.is_some() {
        response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = allowed {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        // Without it a browser hides from the page when to come back.
        response.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    }
    response
}

fn preflight_answer() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, content-encoding"),
        (ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
