//! The digest of an act's names, kept a while: a class watches the same few videos, so that most acts share their names
//! with one before.

use std::cell::RefCell;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};

/// How many a thread keeps, each in the place that its hash says.
const KEPT: usize = 256;
/// Longer names are hashed each time, so that nobody fills memory with them.
const MAX_KEPT_BYTES: usize = 256;

thread_local! {
    static DIGESTS: RefCell<Digests> = RefCell::default();
}

/// SHA-256 of names, each after its length in eight big-endian bytes.
pub(super) fn digest(names: [&str; 6]) -> [u8; 32] {
    DIGESTS.with_borrow_mut(|digests| digests.of(names))
}

#[derive(Default)]
struct Digests {
    hashes: RandomState,
    /// What is hashed, in one piece: that is faster than one small piece after the other.
    joined: Vec<u8>,
    kept: Vec<Kept>,
}

#[derive(Clone, Default)]
struct Kept {
    joined: Vec<u8>,
    digest: [u8; 32],
}

impl Digests {
    fn of(&mut self, names: [&str; 6]) -> [u8; 32] {
        self.joined.clear();
        for name in names {
            self.joined.extend_from_slice(&(name.len() as u64).to_be_bytes());
            self.joined.extend_from_slice(name.as_bytes());
        }
        if self.joined.len() > MAX_KEPT_BYTES {
            return Sha256::digest(&self.joined).into();
        }
        self.kept.resize(KEPT, Kept::default());
        let place = self.hashes.hash_one(&self.joined) as usize % KEPT;
        let kept = &mut self.kept[place];
        if kept.joined != self.joined {
            kept.digest = Sha256::digest(&self.joined).into();
            std::mem::swap(&mut kept.joined, &mut self.joined);
        }
        kept.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_up_to_a_length_are_kept() {
        for (bytes, kept) in [(MAX_KEPT_BYTES, 1), (MAX_KEPT_BYTES + 1, 0)] {
            let mut digests = Digests::default();
            digests.of([&"x".repeat(bytes - 6 * 8), "", "", "", "", ""]);
            assert_eq!(digests.kept.iter().filter(|kept| kept.joined.len() == MAX_KEPT_BYTES).count(), kept);
        }
    }

    #[test]
    fn a_digest_is_the_same_whether_it_is_kept_or_not() {
        let mut digests = Digests::default();
        let long = "x".repeat(MAX_KEPT_BYTES);
        for _ in 0..2 {
            for number in 0..4 * KEPT {
                let object = number.to_string();
                for names in [["t", "c", "learner", "video.watched", "", &object], ["", "", "", &long, &object, "é"]] {
                    let joined: Vec<u8> = names.map(|name| [&length(name)[..], name.as_bytes()].concat()).concat();
                    let expected: [u8; 32] = Sha256::digest(joined).into();
                    assert_eq!([digests.of(names), digests.of(names)], [expected; 2], "{names:?}");
                }
            }
        }
        assert_eq!(digests.kept.len(), KEPT);
        assert!(digests.kept.iter().all(|kept| kept.joined.len() <= MAX_KEPT_BYTES));
    }

    fn length(name: &str) -> [u8; 8] {
        (name.len() as u64).to_be_bytes()
    }
}
