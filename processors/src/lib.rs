//! The batch handlers that an event source mapping calls, each an ordinary async function over ports: [`live`] folds
//! records into the live tables, [`lake`] writes them to the lake. The Lambda binaries and the local poller call the
//! same ones. [`evaluator`] runs by the clock instead, and raises domain events.
//!
//! They must not know a vendor's SDK, a clock or a folder. Start at [`live::LiveProcessor::handle`].

#![warn(missing_docs)]

pub mod absorb;
pub mod batch;
pub mod beyond;
pub mod delivery;
pub mod evaluator;
pub mod lake;
pub mod live;
pub mod redrive;
pub mod strays;
