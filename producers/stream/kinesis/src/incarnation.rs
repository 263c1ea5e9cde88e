//! A name for one life of a stream.

use trilha_stream::hash::hash_key;

/// What keys have room for.
const MOST_BYTES: usize = 32;
/// What stays of a name that is too long.
const KEPT_BYTES: usize = 11;

/// The stream's name and when it was made (milliseconds since 1970 UTC, in hexadecimal digits); a long name is cut and
/// told from others by its hash. At most 32 of the characters that Kinesis allows in a name, and `~`.
pub(crate) fn incarnation(name: &str, created_millis: i64) -> String {
    let whole = format!("{name}.{created_millis:x}");
    if whole.len() <= MOST_BYTES {
        return whole;
    }
    let hash = hash_key(name) >> 96;
    format!("{}~{hash:08x}.{created_millis:x}", name.get(..KEPT_BYTES).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: i64 = 1_772_479_800_000;

    /// Items are found by it for ever.
    #[test]
    fn names_stay_as_they_are() {
        assert_eq!(incarnation("trilha", CREATED), "trilha.19cb00762c0");
        assert_eq!(incarnation("abcdefghijklmnopqrst", CREATED), "abcdefghijklmnopqrst.19cb00762c0");
        assert_eq!(incarnation("abcdefghijklmnopqrstu", CREATED), "abcdefghijk~ce7e0645.19cb00762c0");
    }

    #[test]
    fn the_longest_name_is_short_enough_and_told_from_others() {
        let (one, other) = ("n".repeat(128), "n".repeat(127));
        assert_eq!(incarnation(&one, CREATED).len(), MOST_BYTES);
        assert_ne!(incarnation(&one, CREATED), incarnation(&other, CREATED));
        assert_ne!(incarnation(&one, CREATED), incarnation(&one, CREATED + 1));
    }
}
