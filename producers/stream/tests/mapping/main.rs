//! The event source mapping against a handler that answers as it is told.

#![allow(clippy::unwrap_used)] // All of it is test.

mod batches;
mod embedded;
mod failures;
mod limits;
mod shards;
mod support;
