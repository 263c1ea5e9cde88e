//! Headers that every answer carries.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

const ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds them, and the page's `policy`: no framing, no guessed types, no referrer.
pub(crate) async fn secure(State(policy): State<HeaderValue>, mut response: Response) -> Response {
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// No inline script or style, nothing from elsewhere, and no connection but to this server and `origins`.
pub(crate) fn content_security_policy(origins: &[String]) -> HeaderValue {
    let others: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{others}; \
         manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("an origin is made of few ASCII characters")
}
