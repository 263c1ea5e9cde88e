//! The stream's port on Kinesis Data Streams.
//!
//! [`KinesisStream`] puts with one PutRecords a call and reads with GetRecords, as often as a shard's limits let two
//! consumers. It must not know what a record holds, nor when a put is worth repeating: the collector does. Start at
//! [`KinesisStream::open`]; who only puts takes [`KinesisPuts`].

#![warn(missing_docs)]

mod stream;

mod incarnation;
mod put;
mod shards;

mod between;
mod pages;
mod read;

mod configured;
mod error;

pub use between::Between;
pub use put::KinesisPuts;
pub use stream::KinesisStream;
