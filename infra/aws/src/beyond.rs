//! Events beyond state, of all tenants.

use trilha_lake::Beyond;
use trilha_live::port::LiveTable;
use trilha_processors::beyond;

/// What the live tables had no room for, for a compaction to flag.
///
/// # Errors
/// When the live table does not answer.
pub async fn of_all<T: LiveTable>(table: &T, tenants: &[String]) -> anyhow::Result<Beyond> {
    let mut all = Beyond::new();
    for tenant in tenants {
        all.extend(beyond::read(table, tenant).await?);
    }
    Ok(all)
}
