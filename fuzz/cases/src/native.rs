//! Native JSON: one event, and a body of several.

use trilha_schemas::event::Protocol;
use trilha_schemas::native;

use crate::carried;

pub(crate) fn read(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(native::read(text));
    }
}

pub(crate) fn check(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        carried::check(native::read(text), Protocol::Native);
    }
}

pub(crate) fn split(bytes: &[u8]) {
    if let Ok(body) = std::str::from_utf8(bytes) {
        drop(native::split(body));
    }
}

/// Texts are parts of the body, in order and apart.
pub(crate) fn check_split(bytes: &[u8]) {
    let Ok(body) = std::str::from_utf8(bytes) else { return };
    let Ok(texts) = native::split(body) else { return };
    let mut rest = body;
    for text in texts {
        let at = rest.find(text).expect("a text of the body, after the one before");
        rest = &rest[at + text.len()..];
        carried::check(native::read(text), Protocol::Native);
    }
}
