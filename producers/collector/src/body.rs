//! Reading a body: limited as it arrives, and again as it is decompressed, so that a bomb stops at the limit.

use std::borrow::Cow;
use std::io::Read;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use thiserror::Error;

/// A zstd frame may ask for a window of at most 8 MiB, as HTTP has it (RFC 9659).
const MAX_ZSTD_WINDOW_LOG: u32 = 23;

/// So many bytes over the limit are read on and dropped: a sender that is cut off amid its body seldom sees the answer.
const MAX_DROPPED_BYTES: usize = 16 * 1024 * 1024;

/// Why there is no body to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum BodyError {
    /// Over the limit, as sent or decompressed.
    #[error("the body is too large")]
    TooLarge,
    /// A `Content-Encoding` other than `gzip`, `zstd` and `identity`.
    #[error("the body's encoding is not known; gzip and zstd are")]
    UnknownEncoding,
    /// It does not decompress.
    #[error("the body is not what its Content-Encoding says")]
    Damaged,
    /// The connection ended early.
    #[error("the body ended early")]
    Incomplete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

/// The decompressed bytes of a body, at most so many.
pub(crate) async fn read(headers: &HeaderMap, body: Body, most_bytes: usize) -> Result<Bytes, BodyError> {
    let encoding = encoding(headers)?;
    let sent = receive(body, most_bytes).await?;
    match encoding {
        Encoding::Identity => Ok(sent),
        Encoding::Gzip => decompress(MultiGzDecoder::new(&*sent), most_bytes),
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&*sent).map_err(|_| BodyError::Damaged)?;
            decoder.window_log_max(MAX_ZSTD_WINDOW_LOG).map_err(|_| BodyError::Damaged)?;
            decompress(decoder, most_bytes)
        }
    }
}

/// The bytes of a body as they were sent.
async fn receive(mut body: Body, most_bytes: usize) -> Result<Bytes, BodyError> {
    match Limited::new(&mut body, most_bytes).collect().await {
        Ok(sent) => Ok(sent.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            drop_rest(body).await;
            Err(BodyError::TooLarge)
        }
        Err(_) => Err(BodyError::Incomplete),
    }
}

async fn drop_rest(body: Body) {
    let mut rest = Limited::new(body, MAX_DROPPED_BYTES);
    while let Some(Ok(_)) = rest.frame().await {}
}

fn decompress(decoder: impl Read, most_bytes: usize) -> Result<Bytes, BodyError> {
    let mut plain = Vec::new();
    decoder.take(most_bytes as u64 + 1).read_to_end(&mut plain).map_err(|_| BodyError::Damaged)?;
    if plain.len() > most_bytes { Err(BodyError::TooLarge) } else { Ok(plain.into()) }
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, BodyError> {
    let mut named = headers.get_all(CONTENT_ENCODING).iter().map(|value| value.to_str().unwrap_or("?"));
    let name = named.next().map_or(Cow::Borrowed("identity"), |name| Cow::Owned(name.trim().to_ascii_lowercase()));
    match (&*name, named.next()) {
        ("identity" | "", None) => Ok(Encoding::Identity),
        ("gzip" | "x-gzip", None) => Ok(Encoding::Gzip),
        ("zstd", None) => Ok(Encoding::Zstd),
        _ => Err(BodyError::UnknownEncoding),
    }
}
