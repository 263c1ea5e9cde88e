//! DynamoDB as the adapters need it.

#![warn(missing_docs)]
