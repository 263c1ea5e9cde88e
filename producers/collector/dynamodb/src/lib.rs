//! Identities, quarantine, settings and checkpoints in DynamoDB.

#![warn(missing_docs)]
