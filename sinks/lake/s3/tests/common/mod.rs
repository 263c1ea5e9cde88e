//! What the tests share: a stand-in for AWS, a proxy that spoils calls, rows, and a lake on all of it.

#![allow(dead_code, unreachable_pub)] // Each test file uses its part.
#![allow(clippy::unwrap_used)] // A test may panic.

pub mod lake;
pub mod proxy;
pub mod rows;
pub mod stand_in;
