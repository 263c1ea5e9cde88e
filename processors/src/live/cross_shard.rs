//! A learner is in one shard at a time: while a shard folds a learner's item, no other moves it. Where one did all the same
//! (children read before their parents, a producer with other keys), what both folded cannot be told apart any more.

use trilha_core::keys;
use trilha_live::port::{Consistency, Item, LiveError, LiveTable, Replacement, Watermarks};

use super::{Position, key, progress_key};

/// Looks at a failed condition of a learner item. Where another shard's watermark moved: an alarm, and a mark on the view
/// that it counts in, which needs a rebuild. Not for a zombie, whose batch somebody else has finished: the learner may have gone
/// on to another shard since.
pub(super) async fn report<T: LiveTable>(
    table: &T,
    position: Position<'_>,
    there: Option<&Item>,
    expected: Option<&Watermarks>,
) -> Result<(), LiveError> {
    let shard = position.shard;
    let Some(there) = there.filter(|there| has_moved(&there.watermarks, shard, expected)) else { return Ok(()) };
    let progress = table.get(vec![progress_key(shard)], Consistency::Strong).await?.pop().flatten();
    if progress.and_then(|progress| progress.watermarks.of(shard)) >= Some(position.last) {
        return Ok(());
    }
    tracing::error!(item = ?there.key.sort, shard, "cross_shard_conflict");
    let name = keys::stale_view(&there.key.partition, &there.key.sort);
    let item = Item { key: key(name), watermarks: there.watermarks.clone(), value: vec![1] };
    // A mark that is there already is as good.
    table.replace(vec![Replacement { item, expected: None }], false).await.map(drop)
}

/// Whether another shard has come further than was known. One that is named no more is absorbed, and moves nothing.
fn has_moved(there: &Watermarks, shard: &str, expected: Option<&Watermarks>) -> bool {
    let known = |other: &str| expected.and_then(|expected| expected.of(other));
    there.iter().any(|(other, number)| other != shard && known(other) < Some(number))
}
