//! What keeps learner items from growing with every reshard. A learner's bucket moves to a child shard, and the item then names
//! parent and child: without an end to it, a thousand reshards would make the watermark larger than the item, and each
//! write dearer.
//!
//! An entry may go once its shard is *absorbed*: the stream has no record of it any more, so nobody can be handed one, and
//! what progress it came to stays for ever, for whoever still holds a batch in its hands. The entry goes with an ordinary
//! put of the item by the shard that has the learner now, which moves its own entry forward. So no two versions of an item
//! have the same watermark, and a zombie that knows the item with the entry meets a failed condition, reads the
//! progress, and is done.

use std::collections::{BTreeSet, HashSet};

use trilha_core::keys;
use trilha_live::port::{Consistency, LiveError, LiveTable, Watermarks};

use super::key;

/// An item that names no more shards than this beside the one that folds it is left as it is: asking costs a read.
const FEW_SHARDS: usize = 4;

/// Finds out which of the shards that these items name are absorbed, where an item names many. It is asked as items are
/// read, and only a shard that reads an item for the first time adds to what it names.
pub(super) async fn find<'w, T: LiveTable>(
    table: &T,
    own: &str,
    items: impl Iterator<Item = &'w Watermarks>,
    absorbed: &mut HashSet<String>,
) -> Result<(), LiveError> {
    let others = items.map(|watermarks| watermarks.iter().map(|(shard, _)| shard).filter(|shard| *shard != own));
    let many = others.map(Iterator::collect::<Vec<&str>>).filter(|others| others.len() > FEW_SHARDS);
    let shards: BTreeSet<&str> = many.flatten().filter(|shard| !absorbed.contains(*shard)).collect();
    if shards.is_empty() {
        return Ok(());
    }
    let marks = shards.iter().map(|shard| key(keys::absorbed(shard))).collect();
    let marks = table.get(marks, Consistency::Strong).await?;
    let marked = shards.into_iter().zip(marks).filter(|(_, mark)| mark.is_some());
    absorbed.extend(marked.map(|(shard, _)| shard.to_string()));
    Ok(())
}
