//! A course's roster: an entry for each learner, read off their activity item, written before it and only where it says
//! something new: about once a learner, course and day.
//!
//! An entry is no sum: it is joined to the one that is there. So one that is behind (another cut of a batch that was
//! broken off, a zombie) takes nothing back, and needs no epochs. And an item whose entry is what it was before the
//! batch has had no other in between, for an entry only grows: there is nothing to write, and nothing to read either.

use std::collections::HashSet;

use trilha_core::roster::RosterEntry;
use trilha_live::port::{Consistency, Item, Key, LiveTable, Replacement};

use super::fold::damaged;
use super::{Position, Stop, absorbed};

/// The puts of those entries that say more than what is there.
pub(super) async fn replaced<T: LiveTable>(
    table: &T,
    position: Position<'_>,
    entries: Vec<(Key, RosterEntry)>,
    absorbed: &mut HashSet<String>,
) -> Result<Vec<Replacement>, Stop> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let there = table.get(entries.iter().map(|(key, _)| key.clone()).collect(), Consistency::Strong).await?;
    let watermarks = there.iter().flatten().map(|item| &item.watermarks);
    absorbed::find(table, position.shard, watermarks, absorbed).await?;
    let mut replacements = Vec::new();
    for ((key, entry), there) in entries.into_iter().zip(there) {
        replacements.extend(replaced_entry(position, key, entry, there, absorbed)?);
    }
    Ok(replacements)
}

fn replaced_entry(
    position: Position<'_>,
    key: Key,
    entry: RosterEntry,
    there: Option<Item>,
    absorbed: &HashSet<String>,
) -> Result<Option<Replacement>, Stop> {
    let (mut watermarks, mut joined) = (Default::default(), entry);
    let expected = there.as_ref().map(|item| item.watermarks.clone());
    if let Some(item) = there {
        let known = RosterEntry::decode(&item.value).map_err(|error| damaged(&key, error))?;
        joined = entry.joined(&known);
        if joined == known {
            return Ok(None);
        }
        watermarks = item.watermarks;
    }
    let last = watermarks.of(position.shard).max(Some(position.last)).unwrap_or(position.last);
    watermarks.set(position.shard, last);
    watermarks.retain(|shard| !absorbed.contains(shard));
    Ok(Some(Replacement { item: Item { key, watermarks, value: joined.encode() }, expected }))
}
