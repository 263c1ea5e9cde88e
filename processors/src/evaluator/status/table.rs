//! Statuses in a table of the live tables' kind, of its own: in memory, in a file, or on a managed service.

use std::sync::Arc;

use trilha_core::keys;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};
use trilha_schemas::sequence::SequenceNumber;

use super::{StatusError, StatusItem, StatusStore};

/// Under this name an item's watermark keeps its revision.
const REVISION: &str = "revision";

/// [`StatusStore`] over a table.
#[derive(Debug)]
pub struct TableStatus<T>(pub Arc<T>);

impl<T> Clone for TableStatus<T> {
    fn clone(&self) -> Self {
        TableStatus(Arc::clone(&self.0))
    }
}

impl<T: LiveTable> StatusStore for TableStatus<T> {
    async fn page(&self, tenant: &str, course: &str, prefix: &str) -> Result<Vec<StatusItem>, StatusError> {
        let partition = keys::status_partition(tenant, course);
        let items = self.0.query(&partition, prefix, Consistency::Strong).await.map_err(unavailable)?;
        items.into_iter().map(status_item).collect()
    }

    async fn put(&self, tenant: &str, course: &str, items: Vec<StatusItem>) -> Result<Vec<bool>, StatusError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let partition = keys::status_partition(tenant, course);
        let replacements = items.into_iter().map(|item| replacement(&partition, item)).collect();
        let results = self.0.replace(replacements, true).await.map_err(unavailable)?;
        Ok(results.iter().map(|result| *result == Replaced::Written).collect())
    }
}

fn replacement(partition: &str, item: StatusItem) -> Replacement {
    let key = Key { partition: partition.to_string(), sort: item.name };
    let expected = (item.revision > 1).then(|| watermarks(item.revision - 1));
    Replacement { item: Item { key, watermarks: watermarks(item.revision), value: item.value }, expected }
}

fn watermarks(revision: u64) -> Watermarks {
    let number = SequenceNumber::from_stored(&revision.to_be_bytes()).unwrap_or(SequenceNumber::ZERO);
    [(REVISION.to_string(), number)].into_iter().collect()
}

fn status_item(item: Item) -> Result<StatusItem, StatusError> {
    let number = item.watermarks.of(REVISION);
    let revision = number.and_then(|number| {
        let mut revision = [0; 8];
        let stored = number.to_stored();
        revision.get_mut(8usize.checked_sub(stored.len())?..)?.copy_from_slice(stored);
        Some(u64::from_be_bytes(revision))
    });
    let revision = revision.ok_or_else(|| StatusError(format!("{:?} has no revision", item.key)))?;
    Ok(StatusItem { name: item.key.sort, revision, value: item.value })
}

fn unavailable(error: LiveError) -> StatusError {
    StatusError(error.to_string())
}

#[cfg(test)]
mod tests {
    use trilha_live::embedded::EmbeddedTable;
    use trilha_live::memory::MemoryTable;

    use super::*;

    fn item(name: &str, revision: u64, value: u8) -> StatusItem {
        StatusItem { name: name.into(), revision, value: vec![value] }
    }

    async fn only_the_next_revision_is_put(store: &impl StatusStore) {
        let put = |items| store.put("t", "c", items);
        assert_eq!(put(vec![item("a", 1, 1), item("b", 2, 1)]).await.unwrap(), [true, false]);
        assert_eq!(put(vec![item("a", 1, 2), item("a", 2, 3), item("a", 2, 4)]).await.unwrap(), [false, true, false]);
        for revision in 3..300 {
            assert_eq!(put(vec![item("a", revision, 5)]).await.unwrap(), [true], "{revision}");
        }
        assert_eq!(store.page("t", "c", "").await.unwrap(), [item("a", 299, 5)]);
    }

    async fn a_page_holds_the_names_of_its_prefix_in_its_course(store: &impl StatusStore) {
        let names = ["l|a1", "l|a0", "l|b0", "k"].map(|name| item(name, 1, 0));
        store.put("t", "d", names.to_vec()).await.unwrap();
        store.put("t", "e", vec![item("l|a2", 1, 0)]).await.unwrap();
        store.put("u", "d", vec![item("l|a3", 1, 0)]).await.unwrap();
        assert_eq!(store.page("t", "d", "l|a").await.unwrap(), [item("l|a0", 1, 0), item("l|a1", 1, 0)]);
        assert_eq!(store.page("t", "d", "").await.unwrap().len(), 4);
    }

    #[tokio::test]
    async fn memory_keeps_statuses() {
        let store = TableStatus(Arc::new(MemoryTable::new()));
        only_the_next_revision_is_put(&store).await;
        a_page_holds_the_names_of_its_prefix_in_its_course(&store).await;
    }

    #[tokio::test]
    async fn a_file_keeps_statuses_and_still_has_them_when_it_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.redb");
        {
            let store = TableStatus(Arc::new(EmbeddedTable::open(&path).unwrap()));
            only_the_next_revision_is_put(&store).await;
            a_page_holds_the_names_of_its_prefix_in_its_course(&store).await;
        }
        let again = TableStatus(Arc::new(EmbeddedTable::open(&path).unwrap()));
        assert_eq!(again.page("t", "c", "").await.unwrap(), [item("a", 299, 5)]);
    }
}
