//! zstd frames, with a context a thread: making one takes longer than what a small record does.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

const LEVEL: i32 = 1;
/// Room for a longer body is given back.
const KEPT_BYTES: usize = 256 * 1024;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = RefCell::new(Compressor::new(LEVEL).ok());
    /// And room for a body.
    static DECOMPRESSOR: RefCell<(Option<Decompressor<'static>>, Vec<u8>)> =
        RefCell::new((Decompressor::new().ok(), Vec::new()));
}

/// One frame; `None` where it is no shorter.
pub(super) fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    let frame = COMPRESSOR.with_borrow_mut(|compressor| compressor.as_mut()?.compress(body).ok())?;
    (frame.len() < body.len()).then_some(frame)
}

/// Reads what a frame holds; `None` where it is damaged, or holds more than so many bytes.
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
    use super::*;

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
