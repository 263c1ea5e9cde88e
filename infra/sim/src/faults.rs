//! Everything that goes wrong in a simulation, by name.

use crate::dice::Dice;

/// The kinds of fault, in the order of the path that events take.
pub const KINDS: [&str; 56] = [
    "client did not wait",
    "client gave up",
    "answer to the client lost",
    "sent again though acknowledged",
    "clock stepped",
    "collector crashed",
    "identities failed before",
    "identities failed after",
    "settings failed before",
    "quarantine failed before",
    "quarantine failed after",
    "put timed out before",
    "put timed out after a part",
    "put timed out after",
    "put entry throttled",
    "put entry failed",
    "record under another key",
    "record damaged",
    "foreign record",
    "rubbish on the stream",
    "shard split",
    "shards merged",
    "records expired",
    "shard absorbed",
    "poller started again",
    "checkpoint came back older",
    "second poller",
    "batch parted",
    "invocation timed out",
    "zombie",
    "answer to the poller lost",
    "live consumer crashed",
    "lake consumer crashed",
    "call broken off",
    "compaction or absorption crashed",
    "machine crashed",
    "machine crashed, embedded table opened again",
    "table read throttled",
    "table read timed out",
    "table condition failed",
    "table put throttled",
    "table put timed out before",
    "table put timed out after",
    "table put came late",
    "table put repeated by its library",
    "manifest failed before",
    "commit's answer lost",
    "commit repeated by its library",
    "publication's answer lost",
    "forgetting's answer lost",
    "storage failed before",
    "storage failed after",
    "row driven again",
    "row driven again by two at once",
    "re-drive crashed",
    "refused for now",
];

/// How much of a kind there is in a run, in parts of ten. Runs differ: what drowns in one is all there is in another.
pub fn intensity(seed: u64, kind: &str) -> usize {
    let purpose = kind
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    *Dice::new(seed, purpose).pick(&[0, 0, 5, 10, 10, 20, 60])
}
