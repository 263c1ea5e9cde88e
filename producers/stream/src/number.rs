//! The sequence numbers that our own streams give: 56 digits, as Kinesis has today.
//!
//! `49`, then the record's place in its shard with 42 digits, then the shard's number with 12. So they increase within
//! a shard and no two shards share one.

use trilha_schemas::sequence::SequenceNumber;

const DIGITS: usize = 56;
const PREFIX: &str = "49";
const PLACE_END: usize = 44;

/// The number of a record.
pub(crate) fn sequence_number(shard: u32, place: u64) -> SequenceNumber {
    SequenceNumber::parse(&format!("{PREFIX}{place:042}{shard:012}")).expect("56 decimal digits")
}

/// The first place in a shard whose number is greater than the given one, be it ours or not; `None` when all are less.
pub(crate) fn first_place_after(shard: u32, number: Option<SequenceNumber>) -> Option<u64> {
    let Some(number) = number else { return Some(0) };
    let digits = number.to_string();
    match (digits.len().cmp(&DIGITS), digits.get(..PREFIX.len()).map(|prefix| prefix.cmp(PREFIX))) {
        (std::cmp::Ordering::Less, _) | (std::cmp::Ordering::Equal, Some(std::cmp::Ordering::Less)) => Some(0),
        (std::cmp::Ordering::Equal, Some(std::cmp::Ordering::Equal)) => {
            let place: u64 = digits[PREFIX.len()..PLACE_END].parse().ok()?;
            let its_shard: u64 = digits[PLACE_END..].parse().ok()?;
            if u64::from(shard) > its_shard { Some(place) } else { place.checked_add(1) }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> SequenceNumber {
        SequenceNumber::parse(text).unwrap()
    }

    #[test]
    fn numbers_have_56_digits_increase_and_differ_between_shards() {
        let number = sequence_number(3, 17);
        assert_eq!(number.to_string(), "49000000000000000000000000000000000000000017000000000003");
        assert_eq!(sequence_number(0, u64::MAX).to_string().len(), 56);
        assert!(sequence_number(3, 16) < number && number < sequence_number(0, 18));
        assert_ne!(sequence_number(2, 17), number);
    }

    #[test]
    fn the_place_after_a_number_is_the_first_whose_number_is_greater() {
        let numbers = [
            SequenceNumber::ZERO,
            parse("48999999999999999999999999999999999999999999999999999999"),
            parse("50000000000000000000000000000000000000000000000000000000"),
            parse("49000000000000000000000000000000000099999999999999999999"),
            parse(&"9".repeat(57)),
            sequence_number(2, 5),
            sequence_number(3, 5),
            sequence_number(4, 5),
            sequence_number(4, 9),
        ];
        for after in numbers {
            let first = (0..10).find(|place| sequence_number(3, *place) > after);
            let place = first_place_after(3, Some(after)).filter(|place| *place < 10);
            assert_eq!(place, first, "{after}");
        }
        assert_eq!(first_place_after(3, None), Some(0));
    }
}
