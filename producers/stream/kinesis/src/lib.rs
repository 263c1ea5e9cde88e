//! The stream's port on Kinesis Data Streams.

#![warn(missing_docs)]
