//! The live tables: learner items, views and progress, read by dashboards while a class is running.
//!
//! [`port`] is the contract; [`memory`] and [`embedded`] implement it; [`contract`] is the suite that every
//! implementation passes. It must not know what an item's value means.

#![warn(missing_docs)]

mod codec;
pub mod contract;
pub mod embedded;
pub mod limits;
pub mod memory;
pub mod port;
