//! Where live numbers and the lake differ: what the live processor has marked as stale, for an alarm.

use trilha_core::keys;
use trilha_live::port::{Consistency, LiveError, LiveTable};

/// How many shards and views of these tenants are marked.
///
/// # Errors
/// When the live table does not answer.
pub async fn marks<T: LiveTable>(table: &T, tenants: &[String]) -> Result<usize, LiveError> {
    let mut marks = table.query(keys::STALE, "", Consistency::Eventual).await?.len();
    for tenant in tenants {
        marks += table.query(&keys::stale_partition(tenant), "", Consistency::Eventual).await?.len();
    }
    Ok(marks)
}

#[cfg(test)]
mod tests {
    use trilha_core::keys::Name;
    use trilha_live::memory::MemoryTable;
    use trilha_live::port::{Item, Key, Replacement, Watermarks};

    use super::*;

    fn mark(name: Name) -> Replacement {
        let key = Key { partition: name.partition, sort: name.sort };
        Replacement { item: Item { key, watermarks: Watermarks::default(), value: Vec::new() }, expected: None }
    }

    #[tokio::test]
    async fn shards_and_views_of_ours_count() {
        let (table, tenants) = (MemoryTable::new(), ["one".to_string()]);
        assert_eq!(marks(&table, &tenants).await.unwrap(), 0);
        let stale = ["one", "other"].map(|tenant| {
            let learner = keys::learner_partition(tenant, &"ab");
            mark(keys::stale_view(&learner, &keys::learner_sort("c", "video", "v")))
        });
        table
            .replace(stale.into_iter().chain([mark(keys::stale(&keys::shard("i", "s")))]).collect(), true)
            .await
            .unwrap();
        assert_eq!(marks(&table, &tenants).await.unwrap(), 2);
    }
}
