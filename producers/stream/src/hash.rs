//! Which shard a partition key belongs to, as in Kinesis: its MD5, read as a big-endian number, falls into one range.

use md5::{Digest, Md5};

use crate::port::Shard;

/// The hash key of a partition key.
pub fn hash_key(partition_key: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into())
}

/// The id of the shard of a number.
pub fn shard_id(number: u32) -> String {
    format!("shardId-{number:012}")
}

/// Open shards 0 to `count` - 1 that share the hash keys evenly.
pub fn even_shards(count: u32) -> Vec<Shard> {
    let count = count.max(1);
    // Ranges start at ⌊number · 2¹²⁸ / count⌋; 2¹²⁸ itself has no u128.
    let (width, rest) = (u128::MAX / u128::from(count), u128::MAX % u128::from(count) + 1);
    let first = |number: u32| u128::from(number) * width + u128::from(number) * rest / u128::from(count);
    let last = |number: u32| if number + 1 == count { u128::MAX } else { first(number + 1) - 1 };
    let shard = |number| Shard {
        shard_id: shard_id(number),
        parents: Vec::new(),
        first_hash_key: first(number),
        last_hash_key: last(number),
        open: true,
    };
    (0..count).map(shard).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_hashes_as_its_md5() {
        assert_eq!(hash_key(""), 0xd41d8cd98f00b204e9800998ecf8427e);
        assert_eq!(hash_key("a"), 0x0cc175b9c0f1b6a831c399e269772661);
    }

    #[test]
    fn four_shards_take_a_quarter_each() {
        let firsts: Vec<u128> = even_shards(4).iter().map(|shard| shard.first_hash_key).collect();
        assert_eq!(firsts, [0, 1 << 126, 1 << 127, 3 << 126]);
    }

    #[test]
    fn any_number_of_shards_covers_every_hash_key_once_and_evenly() {
        for count in [1, 2, 3, 5, 7, 64, 1000] {
            let shards = even_shards(count);
            assert_eq!((shards[0].first_hash_key, shards.last().unwrap().last_hash_key), (0, u128::MAX));
            assert!(shards.windows(2).all(|pair| pair[0].last_hash_key + 1 == pair[1].first_hash_key));
            let widths = || shards.iter().map(|shard| shard.last_hash_key - shard.first_hash_key);
            assert!(widths().max().unwrap() - widths().min().unwrap() <= 1, "{count}");
        }
    }
}
