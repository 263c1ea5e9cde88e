//! An operator who drives quarantine rows again: any of them, some twice, some from two places at once.

use std::sync::Arc;

use trilha_collector::quarantine::{Quarantine, RowKey};
use trilha_processors::redrive::{Before, Outcome, redrive};

use crate::machine::Machine;
use crate::world::{Process, TaskId};

/// Drives rows again now and then until nothing fails any more.
pub async fn run(machine: Arc<Machine>, me: Process) {
    loop {
        me.sleep(machine.world.roll(|dice| dice.between(1_000, 30_000))).await;
        if !machine.world.is_chaotic() {
            return;
        }
        let mut keys = keys(&machine).await;
        machine.world.roll(|dice| dice.shuffle(&mut keys));
        keys.truncate(3);
        let first = start(&machine, keys.clone());
        if !keys.is_empty() && machine.world.fault("row driven again by two at once", 300) {
            me.over(start(&machine, keys)).await;
        }
        me.over(first).await;
    }
}

/// The keys of all rows.
pub async fn keys(machine: &Machine) -> Vec<RowKey> {
    let rows = machine.quarantine.list(None, usize::MAX).await.unwrap_or_default();
    rows.into_iter().map(|row| row.key).collect()
}

/// Starts a process that drives rows again, one after the other.
pub fn start(machine: &Arc<Machine>, keys: Vec<RowKey>) -> TaskId {
    let process = machine.world.process();
    machine.may_crash(&process, "re-drive crashed");
    let (machine, in_process) = (Arc::clone(machine), process.clone());
    let world = Arc::clone(&machine.world);
    world.spawn(&process, async move {
        let strays = machine.strays(&in_process);
        for key in keys {
            let again = redrive(&strays, key, Before::Again, machine.world.now_millis()).await;
            in_process.note(|| format!("row {key} driven again: {again:?}"));
            match again {
                Ok(Outcome::Redriven { .. }) => machine.world.count("row driven again"),
                Err(error) if !machine.world.is_chaotic() => {
                    machine.world.fail(format!("the row {key} cannot be driven again: {error}"));
                }
                _ => {}
            }
        }
    })
}
