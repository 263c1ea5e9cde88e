//! Answers that are sent again only when something in them changed.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::encoding;

/// `body` as JSON with a validator, or 304 when the caller has it already. The validator is weak: it is made of
/// `compared`, which leaves out what changes with every request (the time it was asked), so that an unchanged answer
/// asked for a second later is still the same answer.
pub(crate) fn answer(request: &HeaderMap, body: &impl Serialize, compared: &impl Serialize) -> Response {
    let text = serde_json::to_vec(compared).expect("answers are plain data");
    let tag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..16]));
    let mut response = if has(request, &tag) { StatusCode::NOT_MODIFIED.into_response() } else { json(request, body) };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_str(&tag).expect("base64 is visible text"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("Cookie, Authorization, Accept-Encoding"));
    response
}

fn json(request: &HeaderMap, body: &impl Serialize) -> Response {
    let mut response = encoding::body(request, &serde_json::to_vec(body).expect("answers are plain data"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn has(request: &HeaderMap, tag: &str) -> bool {
    let opaque = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let listed = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    listed.flat_map(|value| value.split(',')).any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(if_none_match: &str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, if_none_match.parse().unwrap());
        assert_eq!(has(&headers, "W/\"abc\""), expected, "{if_none_match}");
    }

    #[test]
    fn a_tag_is_compared_weakly() {
        check("W/\"abc\"", true);
        check("\"abc\"", true);
        check("\"x\", W/\"abc\"", true);
        check("*", true);
        check("\"ab\"", false);
        check("", false);
    }
}
