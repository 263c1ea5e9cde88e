//! The Lambda functions: what a binary hands events to. Each makes what it needs once, at its cold start; a start that fails
//! is told by the call that met it, and tried again by the next.

mod warm;

pub mod batches;
pub mod http;

pub mod collector;

pub mod live;

pub mod lake;

pub mod read;

pub mod steps;

pub use warm::Warm;

#[cfg(test)]
mod tests;
