//! The lake: every event once, in Parquet, one folder per tenant and UTC day, for any reader of Parquet.
//!
//! A batch of the stream becomes a small *landing* file and one entry of the *manifest*, in one transaction with the
//! shard's watermark ([`LakeWriter`]). *Compaction* ([`Compactor`]) takes what landed, drops repeats, sorts, and
//! publishes each day whole. Where the bytes lie is a port, [`Storage`](storage::Storage), and so is the
//! [`Manifest`](manifest::Manifest). Start at [`Lake`], which ties the parts together in one folder:
//!
//! ```text
//! events/tenant=…/day=…/part-<generation>-<n>.parquet   what readers see, nothing else
//! landing/<shard>.<watermark before>.<writer>.<n>.parquet
//! next/tenant=…/day=…/                                  a generation that is being written, or the one before
//! manifest.redb
//! ```
//!
//! The API is async; file work and Parquet run on tokio's blocking threads, so a caller needs no `spawn_blocking` of
//! its own. Parquet is made and read in memory; the ports are called from async code alone. There is no clock and no
//! randomness here, and a compactor of one worker makes one call at a time, in an order that the lake's content decides:
//! a simulator may stop it at any of them. The caller says when to compact. It must not know the live tables, the
//! stream's protocol or how events are folded.

#![warn(missing_docs)]

mod error;
mod partition;

mod rows;

mod parquet_files;

pub mod manifest;
pub mod storage;

mod landing;

mod writer;

mod beyond;
mod compaction;

mod lake;

#[cfg(test)]
mod faults;

pub use beyond::Beyond;
pub use compaction::{Compacted, Compactor, PartitionCompacted, Take};
pub use error::LakeError;
pub use lake::Lake;
pub use parquet_files::{published_file, rows_of};
pub use partition::{Day, Partition};
pub use rows::{LakeRow, from_batch, to_batch};
pub use storage::LakeFolder;
pub use writer::{Appended, LakeWriter};
