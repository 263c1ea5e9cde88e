//! Marks by which a writer knows its own writes again.

use trilha_collector::random::{OsRandom, Randomness};

/// 32 hexadecimal digits that nobody else draws.
pub(crate) fn draw() -> String {
    let mut bytes = [0; 16];
    OsRandom.fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}
