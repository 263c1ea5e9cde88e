//! Attributes to values and back.

use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use trilha_dynamodb::Attributes;

/// Text.
pub(crate) fn s(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number.
pub(crate) fn n(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Bytes.
pub(crate) fn b(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value.into()))
}

pub(crate) fn text<'a>(item: &'a Attributes, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn number<T: FromStr>(item: &Attributes, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(crate) fn bytes<'a>(item: &'a Attributes, name: &str) -> Option<&'a [u8]> {
    item.get(name)?.as_b().ok().map(Blob::as_ref)
}

/// An item of these keys and attributes.
pub(crate) fn item<const N: usize>(partition: &str, sort: &str, attributes: [(&str, AttributeValue); N]) -> Attributes {
    let mut item = trilha_dynamodb::key(partition, sort);
    item.extend(attributes.map(|(name, value)| (name.to_string(), value)));
    item
}
