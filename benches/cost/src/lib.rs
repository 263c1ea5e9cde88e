//! What a million events cost on AWS: a simulated class runs through the product's own parts on ports that count, and a
//! file of prices makes dollars of the counts.
//!
//! Only a sample is run, one institution's courses, for as long as it takes to be steady; a batch of the whole load is
//! as many times larger as there are institutions. Nothing here waits or asks the time: what the functions compute is
//! measured in processor time.
//!
//! Start at [`estimate`]. [`ports`] counts, [`billing`] rounds, [`prices`] prices, [`bill`] puts them together. A day is not as
//! steady as the class: [`day`] says what it is like, [`scaling`] what capacity a table has meanwhile. It must not
//! know how the parts work, nor any vendor's SDK.

#![warn(missing_docs)]

pub mod alternatives;
pub mod asked;
pub mod bill;
pub mod billing;
pub mod counts;
mod cpu;
pub mod day;
mod error;
mod estimate;
mod invocation;
mod late;
mod load;
mod logs;
mod measure;
mod plant;
pub mod ports;
pub mod prices;
mod report;
pub mod scaling;

pub use asked::Asked;
pub use error::CostError;
pub use estimate::{Estimate, estimate};
pub use plant::Calls;
