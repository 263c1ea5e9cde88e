//! The Lambda functions: what a binary hands events to. Each makes what it needs once, at its cold start; a start that
//! fails is told by the call that met it, and tried again by the next.

mod warm;

pub mod batches;
pub mod http;

pub mod collector;

pub mod live;

pub mod lake;

pub mod read;

pub mod evaluator;

pub mod steps;

pub use warm::Warm;

use std::future::Future;
use std::pin::Pin;

/// A call whose type is forgotten: types of calls within calls grow beyond what the compiler follows.
fn boxed<T>(call: impl Future<Output = T> + Send + 'static) -> Pin<Box<dyn Future<Output = T> + Send>> {
    Box::pin(call)
}

#[cfg(test)]
mod tests;
