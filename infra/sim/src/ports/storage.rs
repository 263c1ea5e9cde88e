//! The lake's files, whose calls fail before or after they have done their work.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use trilha_lake::storage::{MemoryStorage, Storage};
use trilha_lake::{LakeError, Partition, rows_of};

use crate::world::Process;

/// The lake's files as one process sees them.
#[derive(Clone)]
pub struct SimStorage {
    process: Process,
    memory: Arc<MemoryStorage>,
}

impl SimStorage {
    /// The files as a process sees them.
    pub fn new(process: &Process, memory: &Arc<MemoryStorage>) -> SimStorage {
        SimStorage { process: process.clone(), memory: Arc::clone(memory) }
    }

    async fn before(&self) -> Result<(), LakeError> {
        self.process.turn().await;
        if self.process.world.fault("storage failed before", 4) { Err(failed("before it was done")) } else { Ok(()) }
    }

    /// What a reader who knows nothing of us finds in a partition now: whole files of one generation, no event twice.
    fn read_as_a_stranger(&self, partition: &Partition) {
        let files = self.memory.published().into_iter().find(|(published, _)| published == partition);
        let (mut events, mut generations) = (BTreeSet::new(), BTreeSet::new());
        for (name, content) in files.into_iter().flat_map(|(_, files)| files) {
            generations.extend(name.split('-').nth(1).map(str::to_string));
            let rows = match rows_of(&partition.tenant.as_str().into(), &content) {
                Ok(rows) => rows,
                Err(error) => return self.process.world.fail(format!("a reader finds {name} broken: {error}")),
            };
            for row in rows.into_iter().filter(|row| !events.insert(row.event.id)) {
                self.process.world.fail(format!(
                    "a reader finds the event {} twice in {}",
                    row.event.id,
                    partition.folder()
                ));
            }
        }
        if generations.len() > 1 {
            self.process
                .world
                .fail(format!("a reader finds the generations {generations:?} of {}", partition.folder()));
        }
    }

    fn after(&self) -> Result<(), LakeError> {
        if self.process.world.fault("storage failed after", 4) { Err(failed("after it was done")) } else { Ok(()) }
    }
}

fn failed(when: &str) -> LakeError {
    LakeError::Unavailable(format!("the call failed {when}"))
}

impl Storage for SimStorage {
    async fn put_landing(&self, name: &str, content: Bytes) -> Result<(), LakeError> {
        self.before().await?;
        self.process.note(|| format!("landing {name} of {} bytes", content.len()));
        self.memory.put_landing(name, content).await?;
        self.after()
    }

    async fn get_landing(&self, name: &str) -> Result<Bytes, LakeError> {
        self.before().await?;
        self.memory.get_landing(name).await
    }

    async fn list_landing(&self) -> Result<Vec<String>, LakeError> {
        self.before().await?;
        self.memory.list_landing().await
    }

    async fn remove_landing(&self, name: &str) -> Result<(), LakeError> {
        self.before().await?;
        self.memory.remove_landing(name).await?;
        self.after()
    }

    async fn put_part(&self, partition: &Partition, name: &str, content: Bytes) -> Result<(), LakeError> {
        self.before().await?;
        self.process.note(|| format!("part {}/{name} of {} bytes", partition.folder(), content.len()));
        self.memory.put_part(partition, name, content).await?;
        self.after()
    }

    async fn make_durable(&self, partition: &Partition) -> Result<(), LakeError> {
        self.before().await?;
        self.memory.make_durable(partition).await?;
        self.after()
    }

    async fn show(&self, partition: &Partition, generation: u64) -> Result<(), LakeError> {
        self.before().await?;
        self.process.note(|| format!("show {} {generation}", partition.folder()));
        self.memory.show(partition, generation).await?;
        if self.process.world.roll(|dice| dice.chance(200)) {
            self.read_as_a_stranger(partition);
        }
        self.after()
    }

    async fn remove_waiting(&self, partition: &Partition) -> Result<(), LakeError> {
        self.before().await?;
        self.memory.remove_waiting(partition).await?;
        self.after()
    }

    async fn remove_waste(&self) -> Result<(), LakeError> {
        self.before().await?;
        self.memory.remove_waste().await?;
        self.after()
    }

    async fn get_part(&self, partition: &Partition, name: &str) -> Result<Bytes, LakeError> {
        self.before().await?;
        self.memory.get_part(partition, name).await
    }
}
