//! Bodies sent with gzip to those who can read it: a course's numbers shrink to an eighth, and a phone asks for them
//! every second.

use std::io::Write;

use axum::body::Body;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, header};

/// Below this a body fits in one packet anyway.
const LEAST_BYTES: usize = 1_024;

/// An answer with `bytes` as its body; the caller sets the content type.
pub(crate) fn body(request: &HeaderMap, bytes: &[u8]) -> Response {
    if bytes.len() < LEAST_BYTES || !accepts_gzip(request) {
        return Response::new(Body::from(bytes.to_vec()));
    }
    let mut response = Response::new(Body::from(gzip(bytes)));
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(names_gzip)
}

/// `gzip` and `gzip;q=0.5` do; `gzip;q=0` is a refusal.
fn names_gzip(coding: &str) -> bool {
    let mut parts = coding.split(';').map(str::trim);
    let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
    let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse::<f32>().ok());
    named && weight != Some(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept_encoding: &str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, accept_encoding.parse().unwrap());
        assert_eq!(accepts_gzip(&headers), expected, "{accept_encoding}");
    }

    #[test]
    fn gzip_is_sent_to_those_who_name_it() {
        check("gzip, deflate, br", true);
        check("br, GZIP;q=0.5", true);
        check("gzip; q=0", false);
        check("gzip;q=0.000, br", false);
        check("br", false);
        check("", false);
    }
}
