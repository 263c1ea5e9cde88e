//! The stream between the collector and the processors, and the delivery of its records.
//!
//! [`port`] is the contract, after Kinesis Data Streams; [`memory`] and [`embedded`] implement it; [`mapping`] delivers
//! batches as a Lambda event source mapping does; [`contract`] is the suite that every implementation passes.
//! It must not know what a record holds.

#![warn(missing_docs)]

pub mod checkpoints;
pub mod clock;
pub mod contract;
pub mod embedded;
pub mod hash;
pub mod limits;
pub mod mapping;
pub mod memory;
mod number;
pub mod port;
