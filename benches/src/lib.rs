//! What the benches share: a simulated class, the collector's core that takes it in on memory ports, and the live
//! processor behind it.
//!
//! Machines differ and are shared, so figures are compared as ratios within one run. Each bench names its input,
//! settings and throughput. It must not hold what only one bench needs.

#![warn(missing_docs)]

mod class;
mod front_door;
mod live;
mod real;
mod stamp;
mod taker;

pub use class::{REQUEST_EVENTS, class, day};
pub use front_door::{Bench, FrontDoor, MemoryCollector, TENANT};
pub use live::{NoStrays, into_live_table};
pub use real::statements;
pub use stamp::stamped;
pub use taker::Taker;
