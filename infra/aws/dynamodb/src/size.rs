//! How many bytes DynamoDB counts for an item, and the units that come of it.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::table::Attributes;

/// The largest item that DynamoDB takes, in bytes, the names of its attributes among them.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;
/// What a map or a list takes beside its entries.
const COLLECTION_BYTES: usize = 3;

/// An item's size by DynamoDB's rules: names and values; a map or a list takes 3 bytes, and each of its entries one more.
pub fn item_bytes(item: &Attributes) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

/// Write units that an item of a size costs: one for each KB begun.
pub(crate) fn write_units(bytes: usize) -> f64 {
    bytes.div_ceil(1024).max(1) as f64
}

fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number_bytes(number),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| number_bytes(number)).sum(),
        AttributeValue::Bs(all) => all.iter().map(|bytes| bytes.as_ref().len()).sum(),
        AttributeValue::L(entries) => {
            COLLECTION_BYTES + entries.iter().map(|entry| 1 + value_bytes(entry)).sum::<usize>()
        }
        AttributeValue::M(entries) => COLLECTION_BYTES + entries.len() + item_bytes(entries),
        // A truth value, a null, and what no service of today sends.
        _ => 1,
    }
}

/// A byte for each two significant digits, one more, and one for a sign: never less than the service counts.
fn number_bytes(number: &str) -> usize {
    let digits = number.split(['e', 'E']).next().unwrap_or_default();
    let significant: String = digits.chars().filter(char::is_ascii_digit).collect();
    let significant = significant.trim_start_matches('0').trim_end_matches('0').len();
    let sign = usize::from(number.starts_with('-'));
    if significant == 0 { 1 } else { 2 + significant / 2 + sign }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::primitives::Blob;

    use super::*;

    #[test]
    fn names_and_values_count() {
        let number = |text: &str| AttributeValue::N(text.into());
        let text = |text: &str| AttributeValue::S(text.into());
        let bytes = || AttributeValue::B(Blob::new([0; 5]));
        for (value, should) in [
            (text("é"), 2),
            (text(""), 0),
            (bytes(), 5),
            (number("0"), 1),
            (number("7"), 2),
            (number("1700000000"), 3),
            (number("-12.5e3"), 4),
            (AttributeValue::Bool(true), 1),
            (AttributeValue::Null(true), 1),
            (AttributeValue::Ss(vec!["a".into(), "bc".into()]), 3),
            (AttributeValue::Ns(vec!["7".into(), "8".into()]), 4),
            (AttributeValue::Bs(vec![Blob::new([0; 2]), Blob::new([1; 3])]), 5),
            (AttributeValue::L(vec![text("abc"), bytes()]), 3 + 1 + 3 + 1 + 5),
            (AttributeValue::M(HashMap::new()), 3),
            (AttributeValue::M([("ab".to_string(), bytes())].into()), 3 + 1 + 2 + 5),
        ] {
            let item = [("name".to_string(), value.clone())].into();
            assert_eq!(item_bytes(&item), 4 + should, "{value:?}");
        }
    }

    #[test]
    fn a_unit_pays_for_a_kilobyte() {
        let units = [(0, 1.0), (1, 1.0), (1_024, 1.0), (1_025, 2.0), (MAX_ITEM_BYTES, 400.0)];
        units.iter().for_each(|(bytes, should)| assert_eq!(write_units(*bytes), *should));
    }
}
