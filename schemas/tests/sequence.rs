//! Sequence numbers as Kinesis writes them today: 56 digits, more than a u128, a double or a number of DynamoDB's holds.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use trilha_schemas::sequence::SequenceNumber;

fn parse(text: &str) -> SequenceNumber {
    SequenceNumber::parse(text).unwrap()
}

proptest! {
    #[test]
    fn one_digit_of_fifty_six_decides_wherever_it_is(text in "[1-9][0-9]{55}", at in 0..56usize, by in 1..9u8) {
        let mut digits = text.clone().into_bytes();
        // Another digit, and no zero in front.
        let of_nine = (digits[at].max(b'1') - b'1' + by) % 9;
        digits[at] = b'1' + of_nine;
        let other = String::from_utf8(digits).unwrap();
        prop_assert_eq!(parse(&text).cmp(&parse(&other)), text.cmp(&other), "{} {}", text, other);
        prop_assert_eq!(SequenceNumber::from_stored(parse(&other).to_stored()), Some(parse(&other)));
    }

    #[test]
    fn zeros_in_front_change_nothing_and_a_digit_more_is_greater(text in "[1-9][0-9]{54,55}", zeros in 0..74usize) {
        prop_assert_eq!(parse(&format!("{}{text}", "0".repeat(zeros))), parse(&text));
        let (shorter, longer) = (&text[..text.len() - 1], format!("1{}", "0".repeat(text.len())));
        prop_assert!(parse(shorter) < parse(&text));
        prop_assert!(parse(&longer) > parse(&text));
    }
}
