//! What must hold for a write.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

/// A condition expression with its names and values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition {
    pub(crate) expression: String,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Condition {
    /// There is no such item.
    pub fn absent() -> Condition {
        Condition::new("attribute_not_exists(#pk)").name("#pk", crate::PARTITION)
    }

    /// There is such an item.
    pub fn present() -> Condition {
        Condition::new("attribute_exists(#pk)").name("#pk", crate::PARTITION)
    }

    /// There is such an item, and this attribute of it has this value.
    pub fn equals(attribute: &str, value: AttributeValue) -> Condition {
        Condition::new("#equal = :equal").name("#equal", attribute).value(":equal", value)
    }

    /// An expression as DynamoDB writes them; its `#names` and `:values` are added to it.
    pub fn new(expression: &str) -> Condition {
        Condition { expression: expression.to_string(), ..Condition::default() }
    }

    /// Says which attribute a `#name` stands for.
    pub fn name(mut self, placeholder: &str, attribute: &str) -> Condition {
        self.names.insert(placeholder.to_string(), attribute.to_string());
        self
    }

    /// Says which value a `:value` stands for.
    pub fn value(mut self, placeholder: &str, value: AttributeValue) -> Condition {
        self.values.insert(placeholder.to_string(), value);
        self
    }

    /// `None` for a condition that says nothing, and always holds.
    pub(crate) fn expression(&self) -> Option<String> {
        (!self.expression.is_empty()).then(|| self.expression.clone())
    }

    pub(crate) fn item_if_it_fails(&self) -> Option<ReturnValuesOnConditionCheckFailure> {
        (!self.expression.is_empty()).then_some(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    pub(crate) fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    pub(crate) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }
}
