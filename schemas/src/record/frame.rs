//! zstd frames that begin from a dictionary, with a context a thread: making one takes longer than what a small record does.

use std::cell::RefCell;
use std::sync::LazyLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::CParameter;

/// How often bytes come in a body, and what texts begin with: a part of the format, made by `schemas/dictionary`.
const DICTIONARY: &[u8] = include_bytes!("../../record.zdict");
const LEVEL: i32 = 1;
/// Room for a longer body is given back.
const KEPT_BYTES: usize = 256 * 1024;

static TO_COMPRESS: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));
static TO_DECOMPRESS: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = RefCell::new(compressor().ok());
    /// And room for a body.
    static DECOMPRESSOR: RefCell<(Option<Decompressor<'static>>, Vec<u8>)> =
        RefCell::new((Decompressor::with_prepared_dictionary(&TO_DECOMPRESS).ok(), Vec::new()));
}

/// The record says how long the body is, and its form which dictionary it began from; the frame need not.
fn compressor() -> std::io::Result<Compressor<'static>> {
    let mut compressor = Compressor::with_prepared_dictionary(&TO_COMPRESS)?;
    compressor.set_parameter(CParameter::ContentSizeFlag(false))?;
    compressor.set_parameter(CParameter::DictIdFlag(false))?;
    Ok(compressor)
}

/// One frame; `None` where it is no shorter.
pub(super) fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    let frame = COMPRESSOR.with_borrow_mut(|compressor| compressor.as_mut()?.compress(body).ok())?;
    (frame.len() < body.len()).then_some(frame)
}

/// Reads what a frame holds; `None` where it is damaged, or holds more than so many bytes. One that began from nothing reads
/// the same: where matches begin is in the dictionary what it is without one.
pub(super) fn decompressed<T>(frame: &[u8], most: usize, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
    DECOMPRESSOR.with_borrow_mut(|(decompressor, body)| {
        if body.len() < most {
            body.resize(most, 0);
        }
        let written = decompressor.as_mut()?.decompress_to_buffer(frame, &mut body[..most]).ok()?;
        let read = read(&body[..written]);
        if body.len() > KEPT_BYTES {
            *body = Vec::new();
        }
        Some(read)
    })
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// Another dictionary is another form: records that began from this one are read for ever.
    #[test]
    fn the_dictionary_of_form_2_stays() {
        let digest: String = Sha256::digest(DICTIONARY).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, "d432a1e709cab809dee04838a060426d473b779748715ecf1ef8d2dc26e4bea0");
    }

    #[test]
    fn a_frame_tells_neither_its_length_nor_its_dictionary() {
        let frame = compressed(&[7; 1_000]).expect("sevens compress");
        // After zstd's magic number: how long the two are, and whether the length stands for a window's (RFC 8878, 3.1.1.1).
        assert_eq!(frame[4] & 0b1110_0011, 0, "{frame:?}");
    }

    #[test]
    fn room_is_kept_for_the_next_frame_unless_it_is_large() {
        let read = |bytes: usize, most: usize| {
            let body = vec![7; bytes];
            let same = decompressed(&compressed(&body).expect("sevens compress"), most, |read| *read == body);
            (same, DECOMPRESSOR.with_borrow(|(_, body)| body.len()))
        };
        assert_eq!(read(20_000, 20_000), (Some(true), 20_000));
        assert_eq!(read(1_000, 1_000), (Some(true), 20_000));
        assert_eq!(read(1_001, 1_000), (None, 20_000));
        assert_eq!(read(1_000, KEPT_BYTES), (Some(true), KEPT_BYTES));
        assert_eq!(read(1_000, KEPT_BYTES + 1), (Some(true), 0));
    }
}
