//! An account on the stand-in, the commands on it, and the same events through ports in memory.

pub(crate) mod aws;
pub(crate) mod reference;
pub(crate) mod up;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// After so long a test fails that waits for something.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

pub(crate) fn now_millis() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// As the read API takes it.
pub(crate) fn time(millis: i64) -> String {
    trilha_schemas::time::format_millis(millis)
}

/// As a part of a query.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
