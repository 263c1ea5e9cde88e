//! The live tables' port on DynamoDB.

#![warn(missing_docs)]
