//! The layout of an item: see the crate's table.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use trilha_dynamodb::{Attributes, Condition, PARTITION, SORT, key};
use trilha_live::limits::number_bytes;
use trilha_live::port::{Item, Key, LiveError, Watermarks};
use trilha_schemas::sequence::SequenceNumber;

use crate::kind::kind;

const KIND: &str = "kind";
const WATERMARKS: &str = "watermarks";
const VALUE: &str = "value";

pub(crate) fn to_attributes(item: Item) -> Attributes {
    let mut attributes = key(&item.key.partition, &item.key.sort);
    attributes.insert(KIND.into(), AttributeValue::S(kind(&item.key).into()));
    attributes.insert(WATERMARKS.into(), stored(&item.watermarks));
    attributes.insert(VALUE.into(), AttributeValue::B(Blob::new(item.value)));
    attributes
}

/// What is stored in another form is an error of the table's: whoever wrote it knows more.
pub(crate) fn from_attributes(mut attributes: Attributes) -> Result<Item, LiveError> {
    let text = |value: Option<AttributeValue>| match value {
        Some(AttributeValue::S(text)) => text,
        _ => String::new(),
    };
    let key = Key { partition: text(attributes.remove(PARTITION)), sort: text(attributes.remove(SORT)) };
    let watermarks = match attributes.remove(WATERMARKS) {
        Some(AttributeValue::M(numbers)) => numbers.into_iter().map(read).collect::<Option<Watermarks>>(),
        _ => None,
    };
    match (watermarks, attributes.remove(VALUE)) {
        (Some(watermarks), Some(AttributeValue::B(value))) => Ok(Item { key, watermarks, value: value.into_inner() }),
        _ => Err(LiveError::Unavailable(format!("the item {key:?} is stored in an unknown form"))),
    }
}

/// The whole watermark is this one; `None`: there is no such item. DynamoDB compares maps as a whole, whatever the order of
/// their entries.
pub(crate) fn stands_at(watermarks: Option<&Watermarks>) -> Condition {
    watermarks.map_or_else(Condition::absent, |watermarks| Condition::equals(WATERMARKS, stored(watermarks)))
}

fn stored(watermarks: &Watermarks) -> AttributeValue {
    let entry = |(shard, number): (&str, SequenceNumber)| (shard.to_string(), AttributeValue::B(fixed_width(&number)));
    AttributeValue::M(watermarks.iter().map(entry).collect::<HashMap<_, _>>())
}

/// Numbers have one form each, so that equal maps are equal watermarks, and one width, so that they order as bytes.
fn fixed_width(number: &SequenceNumber) -> Blob {
    let digits = number.to_stored();
    let mut bytes = vec![0; number_bytes(number).saturating_sub(digits.len())];
    bytes.extend(digits);
    Blob::new(bytes)
}

fn read((shard, number): (String, AttributeValue)) -> Option<(String, SequenceNumber)> {
    let AttributeValue::B(number) = number else { return None };
    Some((shard, SequenceNumber::from_stored(number.as_ref())?))
}

#[cfg(test)]
mod tests {
    use trilha_live::limits::{ITEM_OVERHEAD_BYTES, LONG_NUMBER_BYTES, NUMBER_BYTES, item_bytes};

    use super::*;

    fn number(text: &str) -> SequenceNumber {
        SequenceNumber::parse(text).unwrap()
    }

    fn item(partition: &str, sort: &str, numbers: &[&str]) -> Item {
        let shards = numbers.iter().enumerate().map(|(at, text)| (format!("one/shardId-{at:012}"), number(text)));
        let key = Key { partition: partition.into(), sort: sort.into() };
        Item { key, watermarks: shards.collect(), value: vec![0, 1, 255] }
    }

    #[test]
    fn an_item_reads_back() {
        for numbers in [&[][..], &["0"], &["0", &"9".repeat(57), &"9".repeat(129)]] {
            let item = item("p", "é", numbers);
            assert_eq!(from_attributes(to_attributes(item.clone())).unwrap(), item);
        }
    }

    /// Items are found by these names for ever.
    #[test]
    fn every_attribute_is_as_the_table_says() {
        let text = |text: &str| AttributeValue::S(text.into());
        let mut number = vec![0; 24];
        number[22..].copy_from_slice(&[3, 232]);
        let shard = ("one/shardId-000000000000".to_string(), AttributeValue::B(Blob::new(number)));
        let should = [
            ("pk", text("t|1|course|c")),
            ("sk", text("video|v|one/shardId-000000000000")),
            ("kind", text("video view")),
            ("watermarks", AttributeValue::M([shard].into())),
            ("value", AttributeValue::B(Blob::new([0, 1, 255]))),
        ];
        let there = to_attributes(item("t|1|course|c", "video|v|one/shardId-000000000000", &["1000"]));
        assert_eq!(there, should.map(|(name, value)| (name.to_string(), value)).into());
    }

    #[test]
    fn numbers_of_one_width_order_as_bytes() {
        let wide = |text: &str| fixed_width(&number(text)).into_inner();
        let texts = ["0", "1", "255", "256", &"9".repeat(56), &"9".repeat(57)];
        assert!(texts.map(wide).is_sorted());
        assert!(texts.map(wide).iter().all(|bytes| bytes.len() == NUMBER_BYTES));
        assert_eq!(wide(&"9".repeat(129)).len(), LONG_NUMBER_BYTES);
    }

    #[test]
    fn the_ports_limit_leaves_room_for_what_is_added() {
        let learner = item("t|1|learner|ab", "c|activity|", &["1", &"9".repeat(129)]);
        for item in [learner, item("p", "s", &[]), item("progress", "é", &["7"])] {
            let (counted, there) = (item_bytes(&item), trilha_dynamodb::item_bytes(&to_attributes(item.clone())));
            assert!(there <= counted && counted <= there + ITEM_OVERHEAD_BYTES, "{counted} counted, {there} stored");
        }
        // The longest word: what is left is a few bytes.
        let longest = item("t|1|learner|ab", "c|activity|", &["1"]);
        assert_eq!(item_bytes(&longest) - trilha_dynamodb::item_bytes(&to_attributes(longest)), 6);
    }

    #[test]
    fn other_forms_are_refused() {
        let damage: [fn(&mut Attributes); 5] =
            [
                |item| drop(item.remove("watermarks")),
                |item| drop(item.insert("watermarks".into(), AttributeValue::S("none".into()))),
                |item| {
                    drop(item.insert(
                        "watermarks".into(),
                        AttributeValue::M([("s".into(), AttributeValue::Null(true))].into()),
                    ))
                },
                |item| drop(item.remove("value")),
                |item| drop(item.insert("value".into(), AttributeValue::S("text".into()))),
            ];
        for damage in damage {
            let mut attributes = to_attributes(item("p", "s", &["1"]));
            damage(&mut attributes);
            assert!(matches!(from_attributes(attributes), Err(LiveError::Unavailable(_))));
        }
    }
}
