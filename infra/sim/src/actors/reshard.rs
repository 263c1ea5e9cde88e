//! The stream's operator: splits and merges shards, and forgets old records; then the views of shards that are gone are
//! absorbed.

use std::sync::Arc;

use trilha_core::keys;
use trilha_processors::absorb;
use trilha_stream::port::{Shard, Stream};

use crate::learners::TENANTS;
use crate::machine::{Consumer, INCARNATION, Machine};
use crate::ports::table::SimTable;
use crate::world::Process;

/// Changes the stream now and then until nothing fails any more.
pub async fn run(machine: Arc<Machine>, me: Process) {
    let changes = machine.world.roll(|dice| *dice.pick(&[0, 1, 3, 5, 20]));
    let longest = if changes > 5 { 4_000 } else { 15_000 };
    for _ in 0..changes {
        me.sleep(machine.world.roll(|dice| dice.between(500, longest))).await;
        if !machine.world.is_chaotic() {
            return;
        }
        match machine.world.roll(|dice| dice.roll(3)) {
            0 => split(&machine).await,
            1 => merge(&machine).await,
            _ => expire(&machine, &me).await,
        }
    }
}

async fn open_shards(machine: &Machine) -> Vec<Shard> {
    let mut shards = machine.stream.memory.shards().await.unwrap_or_default();
    shards.retain(|shard| shard.open);
    shards.sort_by_key(|shard| shard.first_hash_key);
    shards
}

async fn split(machine: &Machine) {
    let shards = open_shards(machine).await;
    if shards.len() > 5 {
        return;
    }
    let shard = machine.world.roll(|dice| dice.pick(&shards).shard_id.clone());
    if machine.stream.memory.split(&shard).is_ok() {
        done(machine, "shard split", &shard).await;
    }
}

async fn merge(machine: &Machine) {
    let shards = open_shards(machine).await;
    if shards.len() < 2 {
        return;
    }
    let low = machine.world.roll(|dice| dice.roll(shards.len() - 1));
    let (low, high) = (&shards[low].shard_id, &shards[low + 1].shard_id);
    if machine.stream.memory.merge(low, high).is_ok() {
        done(machine, "shards merged", low).await;
    }
}

async fn done(machine: &Machine, kind: &'static str, shard: &str) {
    machine.stream.note_ranges().await;
    machine.world.note(|| format!("{kind}: {shard}"));
    machine.world.count(kind);
    machine.world.changed();
}

/// Forgets records that both consumers have had. A day passes meanwhile, so no invocation is left from before.
async fn expire(machine: &Arc<Machine>, me: &Process) {
    if machine.has_zombies() {
        return;
    }
    let mut before = i64::MAX;
    for shard in machine.stream.memory.shards().await.unwrap_or_default() {
        for consumer in [Consumer::Live, Consumer::Lake] {
            let done = machine.checkpoint(consumer, &shard.shard_id);
            let next = machine.stream.memory.records(&shard.shard_id, done, 1, usize::MAX).await;
            let next = next.ok().and_then(|read| read.records.first().map(|record| record.arrival_millis));
            before = before.min(next.unwrap_or(i64::MAX));
        }
    }
    machine.stream.memory.expire(before.min(machine.world.now_millis() + 1));
    machine.world.count("records expired");
    machine.world.note(|| "records expired".into());
    machine.world.changed();
    for _ in 0..3 {
        let process = machine.world.process();
        machine.may_crash(&process, "compaction or absorption crashed");
        let (absorbing, in_process) = (Arc::clone(machine), process.clone());
        let task = machine.world.spawn(&process, async move {
            // What fails is done the next time.
            let _ = absorb_expired(&absorbing, &in_process).await;
        });
        me.over(task).await;
    }
}

/// Puts the views of shards whose records have expired together.
///
/// # Errors
/// What failed.
pub async fn absorb_expired(machine: &Machine, process: &Process) -> anyhow::Result<()> {
    let table = SimTable::new(process, &machine.table);
    let listed = async {
        let shards = machine.stream.memory.shards().await?;
        anyhow::Ok(shards.iter().map(|shard| keys::shard(INCARNATION, &shard.shard_id)).collect())
    };
    for shard in absorb::expired(&table, listed).await? {
        for tenant in TENANTS {
            absorb::absorb(&table, tenant, &shard).await?;
        }
        absorb::note_absorbed(&table, &shard).await?;
        machine.world.count("shard absorbed");
    }
    Ok(())
}
