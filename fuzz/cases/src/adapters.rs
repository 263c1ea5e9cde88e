//! The adapters, on a whole document each.

use serde_json::Value;
use trilha_schemas::event::Protocol;
use trilha_schemas::reader::Read;
use trilha_schemas::{caliper, edx, xapi};

use crate::carried;

pub(crate) fn read_xapi(bytes: &[u8]) {
    read(bytes, xapi::read);
}

pub(crate) fn check_xapi(bytes: &[u8]) {
    check(bytes, xapi::read, Protocol::Xapi);
}

pub(crate) fn read_caliper(bytes: &[u8]) {
    read(bytes, caliper::read);
}

pub(crate) fn check_caliper(bytes: &[u8]) {
    check(bytes, caliper::read, Protocol::Caliper);
}

pub(crate) fn read_edx(bytes: &[u8]) {
    read(bytes, edx::read_value);
}

/// A line is read as its document is.
pub(crate) fn check_edx(bytes: &[u8]) {
    check(bytes, edx::read_value, Protocol::Edx);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let line = edx::read(text);
    if let (true, Ok(document)) = (text.starts_with('{'), serde_json::from_str(text)) {
        assert_eq!(line, edx::read_value(&document));
    }
}

fn read(bytes: &[u8], read: fn(&Value) -> Read) {
    if let Ok(document) = serde_json::from_slice(bytes) {
        drop(read(&document));
    }
}

fn check(bytes: &[u8], read: fn(&Value) -> Read, protocol: Protocol) {
    if let Ok(document) = serde_json::from_slice(bytes) {
        read(&document).into_iter().for_each(|event| carried::check(event, protocol));
    }
}
