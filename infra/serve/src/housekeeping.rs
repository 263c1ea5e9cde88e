//! What has to be done from time to time, whatever the ports stand for.

use trilha_core::keys;
use trilha_live::port::LiveTable;
use trilha_processors::absorb;
use trilha_stream::port::Stream;

/// Puts the views of shards whose records have expired together, for every tenant; says of how many shards. One call at a time.
///
/// # Errors
/// When the stream or the live table does not answer; what was done stays done.
pub async fn absorb_expired<T: LiveTable, S: Stream>(table: &T, stream: &S, tenants: &[&str]) -> anyhow::Result<usize> {
    let listed = async {
        let shards = stream.shards().await?;
        anyhow::Ok(shards.iter().map(|shard| keys::shard(stream.incarnation(), &shard.shard_id)).collect())
    };
    let expired = absorb::expired(table, listed).await?;
    for shard in &expired {
        for tenant in tenants {
            absorb::absorb(table, tenant, shard).await?;
        }
        absorb::note_absorbed(table, shard).await?;
    }
    Ok(expired.len())
}
