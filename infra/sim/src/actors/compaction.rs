//! The schedule that compacts, in a process of its own each time.

use std::sync::Arc;

use trilha_lake::{Beyond, Compactor};
use trilha_processors::beyond;

use crate::learners::TENANTS;
use crate::machine::Machine;
use crate::ports::manifest::SimManifest;
use crate::ports::storage::SimStorage;
use crate::ports::table::SimTable;
use crate::world::Process;

/// Compacts now and then until it is broken off.
pub async fn run(machine: Arc<Machine>, me: Process) {
    let longest = machine.world.roll(|dice| *dice.pick(&[1_000, 5_000, 20_000]));
    loop {
        me.sleep(machine.world.roll(|dice| dice.between(100, longest))).await;
        if !machine.world.is_chaotic() {
            return;
        }
        let process = machine.world.process();
        machine.may_crash(&process, "compaction or absorption crashed");
        let (compacting, in_process) = (Arc::clone(&machine), process.clone());
        let task = machine.world.spawn(&process, async move {
            // What fails is done the next time.
            let _ = once(&compacting, &in_process).await;
        });
        me.over(task).await;
    }
}

/// Opens the lake and compacts it.
///
/// # Errors
/// What failed.
pub async fn once(machine: &Machine, process: &Process) -> anyhow::Result<()> {
    let manifest = Arc::new(SimManifest::new(process, &machine.manifest));
    let storage = Arc::new(SimStorage::new(process, &machine.storage));
    let compactor = Compactor::new(manifest, storage).with_workers(1);
    compactor.recover().await?;
    compactor.run(&beyond_state(machine, process).await?).await?;
    Ok(())
}

async fn beyond_state(machine: &Machine, process: &Process) -> anyhow::Result<Beyond> {
    let table = SimTable::new(process, &machine.table);
    let mut all = Beyond::new();
    for tenant in TENANTS {
        all.extend(beyond::read(&table, tenant).await?);
    }
    Ok(all)
}
