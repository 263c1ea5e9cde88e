//! The collector's identities, quarantine and settings, and a mapping's checkpoints, in DynamoDB.
//!
//! Each is one table, or all share one: [`keys`] says how items are named. Raw ids and refused bodies are sealed as in the
//! embedded stores. Every call may be repeated, by the SDK or by who called: what was done and answered with a failure is
//! found done. Start at [`keys`], then [`DynamoIdentities`].

#![warn(missing_docs)]

pub mod keys;

mod at_once;
mod attributes;
mod mark;
mod parts;

mod identities;
mod quarantine;
mod settings;

mod checkpoints;

pub use checkpoints::DynamoCheckpoints;
pub use identities::DynamoIdentities;
pub use quarantine::DynamoQuarantine;
pub use settings::{DynamoSettings, FRESH_MILLIS};
