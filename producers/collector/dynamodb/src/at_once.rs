//! Calls side by side, but not too many.

use std::future::Future;

use futures_util::{StreamExt, TryStreamExt, stream};

/// So many calls of one request are under way at once.
const CALLS_AT_ONCE: usize = 32;

/// Awaits every call; their answers in order, or the first failure, with those calls dropped that were still under way.
pub(crate) async fn all<T, E>(calls: Vec<impl Future<Output = Result<T, E>>>) -> Result<Vec<T>, E> {
    stream::iter(calls).buffered(CALLS_AT_ONCE).try_collect().await
}
