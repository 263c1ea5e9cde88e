//! Functions as Lambda calls them: JSON in, JSON out, over ports in memory.

#![allow(clippy::unwrap_used, reason = "a test's helpers stand outside its test functions")]

mod batches;
mod collector;
mod read;
mod steps;
mod support;
