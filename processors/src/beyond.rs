//! Events that learner items had no room for (DESIGN.md, Pure fold), as the live table remembers them for the lake: an item
//! per record and day of the lake, `1` and the events' ids of 16 bytes each.
//!
//! Such an item is written before the learner items of its batch. Whoever writes it first thus folds the whole record, and
//! one that is there already is complete: whoever folds a part of the record again leaves it as it is.

use std::collections::{BTreeMap, BTreeSet};

use trilha_core::keys;
use trilha_lake::{Beyond, Day, Partition};
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replacement};
use trilha_schemas::event::EventOf;
use trilha_schemas::ids::EventId;
use trilha_schemas::sequence::SequenceNumber;

const VERSION: u8 = 1;

/// What a batch comes to: by tenant, day and record.
#[derive(Default)]
pub(crate) struct BeyondBatch(BTreeMap<(String, Day, SequenceNumber), BTreeSet<EventId>>);

impl BeyondBatch {
    pub(crate) fn add<T, L>(&mut self, tenant: &str, sequence_number: SequenceNumber, event: &EventOf<T, L>) {
        let ids = self.0.entry((tenant.to_string(), Day::of(event), sequence_number)).or_default();
        ids.insert(event.id);
    }

    pub(crate) fn into_replacements(self, shard: &str) -> Vec<Replacement> {
        let replacement = |((tenant, day, number), ids): ((String, Day, SequenceNumber), BTreeSet<EventId>)| {
            let key = Key { partition: keys::beyond_partition(&tenant), sort: keys::beyond_sort(day, shard, number) };
            let watermarks = [(shard.to_string(), number)].into_iter().collect();
            let value = std::iter::once(VERSION).chain(ids.into_iter().flat_map(|id| id.0)).collect();
            Replacement { item: Item { key, watermarks, value }, expected: None }
        };
        self.0.into_iter().map(replacement).collect()
    }
}

/// All of a tenant's events that are known to be beyond state.
///
/// # Errors
/// [`LiveError`] when the table does not answer, or holds what cannot be read.
pub async fn read<T: LiveTable>(table: &T, tenant: &str) -> Result<Beyond, LiveError> {
    let mut beyond = Beyond::new();
    for item in table.query(&keys::beyond_partition(tenant), "", Consistency::Strong).await? {
        let (day, ids) = decode(&item)
            .ok_or_else(|| LiveError::Unavailable(format!("the item {:?} is stored in an unknown form", item.key)))?;
        beyond.entry(Partition { tenant: tenant.to_string(), day }).or_default().extend(ids);
    }
    Ok(beyond)
}

fn decode(item: &Item) -> Option<(Day, impl Iterator<Item = EventId>)> {
    let day = Day::parse(keys::parts(&item.key.sort).first()?)?;
    let (ids, rest) = item.value.strip_prefix(&[VERSION])?.as_chunks::<16>();
    rest.is_empty().then(|| (day, ids.iter().copied().map(EventId)))
}
