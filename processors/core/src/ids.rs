//! Event ids as items keep them: 8 bytes each, in a set that does not hash them again.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use trilha_schemas::ids::EventId;

/// The first 8 bytes of an event id, big-endian: ordered as the id itself but for ties of those bytes.
#[inline]
pub fn id_hash(id: &EventId) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&id.0[..8]);
    u64::from_be_bytes(first)
}

/// A set of id hashes.
pub(crate) type IdSet = HashSet<u64, BuildHasherDefault<AsIs>>;

/// Id hashes are evenly spread already.
#[derive(Default)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_by_its_first_eight_bytes_in_their_order() {
        let id = EventId([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        assert_eq!(id_hash(&id), 0x0102_0304_0506_0708);
    }
}
