//! The lake: every event once, in Parquet, one folder per tenant and UTC day, for any reader of Parquet.
//!
//! A batch of the stream becomes a small *landing* file and one entry of the *manifest*, in one transaction with the
//! shard's watermark ([`LakeWriter`]). *Compaction* ([`Compactor`]) takes what landed, drops repeats, sorts, and
//! publishes each day whole. Start at [`Lake`], which ties the parts together in one folder:
//!
//! ```text
//! events/tenant=…/day=…/part-<generation>-<n>.parquet   what readers see, nothing else
//! landing/<shard>.<watermark before>.<writer>.<n>.parquet
//! next/tenant=…/day=…/                                  a generation that is being written, or the one before
//! manifest.redb
//! ```
//!
//! The API is async; file work and Parquet run on tokio's blocking threads, so a caller needs no `spawn_blocking` of its
//! own. There is no clock and no randomness here: the caller says when to compact. It must not know the live tables, the
//! stream's protocol or how events are folded.

#![warn(missing_docs)]

mod error;
mod partition;

mod rows;

mod folder;
mod landing;
mod parquet_files;

pub mod manifest;

mod writer;

mod beyond;
mod compaction;

mod lake;

pub use beyond::Beyond;
pub use compaction::{Compacted, Compactor};
pub use error::LakeError;
pub use folder::LakeFolder;
pub use lake::Lake;
pub use partition::{Day, Partition};
pub use rows::{LakeRow, from_batch, to_batch};
pub use writer::{Appended, LakeWriter};
