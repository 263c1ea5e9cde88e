//! The page's files, embedded when the crate was built.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

use crate::encoding;

/// One file of the page.
struct Asset {
    /// Its path on the server, with the leading slash.
    path: &'static str,
    content_type: &'static str,
    /// Its name carries a hash of its content, so that it never changes.
    immutable: bool,
    bytes: &'static [u8],
}

// `ASSETS`, written by build.rs.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file at `path`, if there is one.
pub(crate) fn serve(request: &HeaderMap, path: &str) -> Option<Response> {
    let asset = ASSETS.iter().find(|asset| asset.path == path)?;
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = encoding::body(request, asset.bytes);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_page_and_it_needs_nothing_inline() {
        let page = ASSETS.iter().find(|asset| asset.path == "/").unwrap();
        let html = std::str::from_utf8(page.bytes).unwrap();
        assert!(html.contains("<title>Trilha"));
        assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains("<script>"));
    }

    #[test]
    fn what_the_page_loads_is_embedded() {
        let page = ASSETS.iter().find(|asset| asset.path == "/").unwrap();
        let html = std::str::from_utf8(page.bytes).unwrap();
        for piece in html.split(['"', '\'']).filter(|piece| piece.starts_with("/assets/")) {
            assert!(ASSETS.iter().any(|asset| asset.path == piece && asset.immutable), "{piece}");
        }
    }
}
