//! After a reshard the partials of the closed shards stay. Once a shard's records have expired nobody writes them any more: they
//! are added to the *base* partials, and deleted.
//!
//! A base partial's watermark names the shards that it has taken in, so that readers skip what is in it already. First the
//! base is replaced, then the partial goes: a crash in between is ended by doing it again.

use trilha_core::keys;
use trilha_core::views::Stored;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};
use trilha_schemas::packing::Damaged;

use crate::live::view::{Partial, ViewName};

/// An item as merging views takes it.
pub fn stored(item: &Item) -> Stored<'_> {
    let shards = item.watermarks.iter().map(|(shard, _)| shard).collect();
    Stored { sort: &item.key.sort, value: &item.value, shards }
}

/// Shards (incarnation first) that have views and are not among those that still hold records or take them, and are not
/// absorbed yet. `listed` says which those are; it is asked after the table, for a shard may open and be read meanwhile, and
/// would look gone to who had asked before.
///
/// # Errors
/// [`LiveError`] when the table does not answer, or what `listed` failed with.
pub async fn expired<T: LiveTable, E: From<LiveError>>(
    table: &T,
    listed: impl Future<Output = Result<Vec<String>, E>>,
) -> Result<Vec<String>, E> {
    let seen = shards(table, keys::PROGRESS).await?;
    let absorbed = shards(table, keys::ABSORBED).await?;
    let listed = listed.await?;
    Ok(seen.into_iter().filter(|shard| !listed.contains(shard) && !absorbed.contains(shard)).collect())
}

async fn shards<T: LiveTable>(table: &T, partition: &str) -> Result<Vec<String>, LiveError> {
    let items = table.query(partition, "", Consistency::Strong).await?;
    Ok(items.iter().filter_map(|item| keys::parts(&item.key.sort).into_iter().next()).collect())
}

/// Adds a tenant's partials of an expired shard to the base ones. One call at a time.
///
/// # Errors
/// [`LiveError`] when the table fails; what was done stays done, and calling again does the rest.
pub async fn absorb<T: LiveTable>(table: &T, tenant: &str, shard: &str) -> Result<(), LiveError> {
    let totals = keys::courses_partition(tenant);
    let mut courses: Vec<String> = Vec::new();
    for item in table.query(&totals, "", Consistency::Strong).await? {
        courses.extend(keys::parts(&item.key.sort).into_iter().next());
    }
    courses.dedup();
    let partitions = courses.iter().map(|course| keys::course_partition(tenant, course));
    for partition in partitions.chain([totals.clone()]) {
        for item in table.query(&partition, "", Consistency::Strong).await? {
            absorb_item(table, shard, item).await?;
        }
    }
    Ok(())
}

/// Notes that no tenant has a partial of the shard any more.
///
/// # Errors
/// [`LiveError`] when the table fails.
pub async fn note_absorbed<T: LiveTable>(table: &T, shard: &str) -> Result<(), LiveError> {
    let name = keys::absorbed(shard);
    let key = Key { partition: name.partition, sort: name.sort };
    let item = Item { key, watermarks: Watermarks::default(), value: vec![1] };
    table.replace(vec![Replacement { item, expected: None }], true).await.map(drop)
}

async fn absorb_item<T: LiveTable>(table: &T, shard: &str, item: Item) -> Result<(), LiveError> {
    let parts = keys::parts(&item.key.sort);
    let (kind, its_shard) = match parts.as_slice() {
        [kind, _, its_shard] => (Some(kind.as_str()), its_shard),
        [_, its_shard] => (None, its_shard),
        _ => return Ok(()),
    };
    let Some(name) = ViewName::of_kind(kind).filter(|_| its_shard == shard) else { return Ok(()) };
    let partial = name.decode_partial(&item.value).map_err(|error| damaged(&item.key, error))?;
    let parts = listed_parts(table, &item.key, &partial).await?;
    let stem = item.key.sort.rsplit_once('|').map_or("", |(stem, _)| stem);
    let base = Key { partition: item.key.partition.clone(), sort: format!("{stem}|{}", keys::BASE) };
    add_to_base(table, name, base, shard, &item, partial, &parts).await?;
    let removals = parts.into_iter().chain([item]).map(|item| (item.key, item.watermarks));
    table.remove(removals.collect()).await.map(drop)
}

async fn listed_parts<T: LiveTable>(table: &T, key: &Key, partial: &Partial) -> Result<Vec<Item>, LiveError> {
    let of = |part: &String| Key { partition: key.partition.clone(), sort: keys::part_sort(&key.sort, part) };
    let parts = table.get(partial.parts.iter().map(of).collect(), Consistency::Strong).await?;
    Ok(parts.into_iter().flatten().collect())
}

/// The base with the partial in it, unless it is.
async fn add_to_base<T: LiveTable>(
    table: &T,
    name: ViewName,
    key: Key,
    shard: &str,
    item: &Item,
    partial: Partial,
    parts: &[Item],
) -> Result<(), LiveError> {
    let before = table.get(vec![key.clone()], Consistency::Strong).await?.pop().flatten();
    let expected = before.as_ref().map(|base| base.watermarks.clone());
    if expected.as_ref().is_some_and(|watermarks| watermarks.of(shard).is_some()) {
        return Ok(());
    }
    let decoded = before.map_or_else(|| Ok(name.zero_partial()), |base| name.decode_partial(&base.value));
    let mut base = decoded.map_err(|error| damaged(&key, error))?;
    base.view.add(&partial.view);
    for part in parts {
        base.view.add(&name.decode(&part.value).map_err(|error| damaged(&part.key, error))?);
    }
    let mut watermarks = expected.clone().unwrap_or_default();
    item.watermarks.iter().for_each(|(shard, number)| watermarks.set(shard, number));
    let (value, frozen) = base.encode(name.zero());
    let frozen = frozen.into_iter().map(|(part, value)| {
        let key = Key { partition: key.partition.clone(), sort: keys::part_sort(&key.sort, &part) };
        Replacement { item: Item { key, watermarks: watermarks.clone(), value }, expected: None }
    });
    // A part that is there already is the same.
    table.replace(frozen.collect(), false).await?;
    let item = Item { key, watermarks: watermarks.clone(), value };
    match table.replace(vec![Replacement { item, expected }], true).await?.pop() {
        Some(Replaced::Written) => Ok(()),
        _ => Err(LiveError::Unavailable("the base was replaced by somebody else".into())),
    }
}

fn damaged(key: &Key, error: Damaged) -> LiveError {
    LiveError::Unavailable(format!("item {}: {error}", key.sort))
}
