//! The storage in memory, for tests and simulations: the plainest reading of the port.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::{Storage, part_name};
use crate::error::LakeError;
use crate::partition::Partition;

/// A storage that is gone with the process. Every call is one step, which happens at once when it is first polled.
#[derive(Debug, Default)]
pub struct MemoryStorage(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    landing: BTreeMap<String, Bytes>,
    waiting: BTreeMap<Partition, Parts>,
    published: BTreeMap<Partition, Parts>,
}

type Parts = BTreeMap<String, Part>;

#[derive(Debug)]
struct Part {
    content: Bytes,
    is_durable: bool,
}

impl MemoryStorage {
    /// What readers see: each partition's part files and their content, in order.
    pub fn published(&self) -> Vec<(Partition, Vec<(String, Bytes)>)> {
        contents(&self.state().published)
    }

    /// What waits, in the same form. After a compaction that ended well, nothing.
    pub fn waiting(&self) -> Vec<(Partition, Vec<(String, Bytes)>)> {
        contents(&self.state().waiting)
    }

    /// The names of the landing files, in order.
    pub fn landing_names(&self) -> Vec<String> {
        self.state().landing.keys().cloned().collect()
    }

    /// What a crash of the machine does: part files that nothing made durable are gone.
    pub fn lose_power(&self) {
        let state = &mut *self.state();
        for parts in state.waiting.values_mut().chain(state.published.values_mut()) {
            parts.retain(|_, part| part.is_durable);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn contents(generations: &BTreeMap<Partition, Parts>) -> Vec<(Partition, Vec<(String, Bytes)>)> {
    let content = |(name, part): (&String, &Part)| (name.clone(), part.content.clone());
    generations.iter().map(|(partition, parts)| (partition.clone(), parts.iter().map(content).collect())).collect()
}

impl Storage for MemoryStorage {
    async fn put_landing(&self, name: &str, content: Bytes) -> Result<(), LakeError> {
        self.state().landing.insert(name.to_string(), content);
        Ok(())
    }

    async fn get_landing(&self, name: &str) -> Result<Bytes, LakeError> {
        self.state().landing.get(name).cloned().ok_or_else(|| absent(name))
    }

    async fn list_landing(&self) -> Result<Vec<String>, LakeError> {
        Ok(self.landing_names())
    }

    async fn remove_landing(&self, name: &str) -> Result<(), LakeError> {
        self.state().landing.remove(name);
        Ok(())
    }

    async fn put_part(&self, partition: &Partition, name: &str, content: Bytes) -> Result<(), LakeError> {
        let part = Part { content, is_durable: false };
        self.state().waiting.entry(partition.clone()).or_default().insert(name.to_string(), part);
        Ok(())
    }

    async fn make_durable(&self, partition: &Partition) -> Result<(), LakeError> {
        let mut state = self.state();
        state.waiting.get_mut(partition).into_iter().flatten().for_each(|(_, part)| part.is_durable = true);
        Ok(())
    }

    async fn show(&self, partition: &Partition, generation: u64) -> Result<(), LakeError> {
        let state = &mut *self.state();
        let first = part_name(generation, 0);
        let has_first = |parts: Option<&Parts>| parts.is_some_and(|parts| parts.contains_key(&first));
        if has_first(state.published.get(partition)) {
            return Ok(());
        }
        if !has_first(state.waiting.get(partition)) {
            return Err(LakeError::GenerationLost { partition: partition.folder(), generation });
        }
        let shown = state.waiting.remove(partition).unwrap_or_default();
        if let Some(before) = state.published.insert(partition.clone(), shown) {
            state.waiting.insert(partition.clone(), before);
        }
        Ok(())
    }

    async fn remove_waiting(&self, partition: &Partition) -> Result<(), LakeError> {
        self.state().waiting.remove(partition);
        Ok(())
    }

    async fn remove_waste(&self) -> Result<(), LakeError> {
        self.state().waiting.clear();
        Ok(())
    }

    async fn get_part(&self, partition: &Partition, name: &str) -> Result<Bytes, LakeError> {
        let state = self.state();
        let part = state.published.get(partition).and_then(|parts| parts.get(name));
        part.map(|part| part.content.clone()).ok_or_else(|| absent(&format!("{}/{name}", partition.folder())))
    }
}

fn absent(name: &str) -> LakeError {
    LakeError::file(name)(std::io::ErrorKind::NotFound.into())
}
