//! A table in memory that fails, or lets another consumer in, at a chosen write.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use trilha_core::keys;
use trilha_live::memory::MemoryTable;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};

/// What happens at a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The table refuses it.
    Throttled,
    /// The call fails, and nothing of it from here on is written.
    Before,
    /// The call fails, but this one is written.
    After,
}

impl Fault {
    pub const ALL: [Fault; 3] = [Fault::Throttled, Fault::Before, Fault::After];
}

/// One put that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    pub key: Key,
    pub watermarks: Watermarks,
}

type Interruption = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
pub struct FaultyTable {
    memory: MemoryTable,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    writes: usize,
    reads: usize,
    fault: Option<(usize, Fault)>,
    failing_read: Option<usize>,
    interruption: Option<(usize, Interruption)>,
    interrupted_read: Option<(usize, Interruption)>,
    written: Vec<Put>,
}

impl FaultyTable {
    /// Fails the write that comes after so many others.
    pub fn fail_write(&self, after: usize, fault: Fault) {
        self.with(|plan| plan.fault = Some((plan.writes + after, fault)));
    }

    /// Fails the read that comes after so many others.
    pub fn fail_read(&self, after: usize) {
        self.with(|plan| plan.failing_read = Some(plan.reads + after));
    }

    /// Lets something else happen just before the write that comes after so many others.
    pub fn interrupt(&self, after: usize, by: impl Future<Output = ()> + Send + 'static) {
        self.with(|plan| plan.interruption = Some((plan.writes + after, Box::pin(by))));
    }

    /// The same, just before the read that comes after so many others.
    pub fn interrupt_read(&self, after: usize, by: impl Future<Output = ()> + Send + 'static) {
        self.with(|plan| plan.interrupted_read = Some((plan.reads + after, Box::pin(by))));
    }

    /// Whether the interruption is still to come; it is forgotten.
    pub fn calm(&self) -> bool {
        self.with(|plan| {
            (plan.fault, plan.failing_read) = (None, None);
            plan.interruption.take().is_some() | plan.interrupted_read.take().is_some()
        })
    }

    /// Writes tried since the beginning.
    pub fn writes(&self) -> usize {
        self.with(|plan| plan.writes)
    }

    /// Read calls since the beginning.
    pub fn reads(&self) -> usize {
        self.with(|plan| plan.reads)
    }

    /// What was written since this was asked last.
    pub fn take_written(&self) -> Vec<Put> {
        self.with(|plan| std::mem::take(&mut plan.written))
    }

    fn with<R>(&self, act: impl FnOnce(&mut Plan) -> R) -> R {
        act(&mut self.plan.lock().unwrap())
    }

    fn due_interruption(&self) -> Option<Interruption> {
        self.with(|plan| {
            let due = plan.interruption.as_ref().is_some_and(|(at, _)| *at <= plan.writes);
            if due { plan.interruption.take().map(|(_, act)| act) } else { None }
        })
    }

    fn due_interrupted_read(&self) -> Option<Interruption> {
        self.with(|plan| {
            let due = plan.interrupted_read.as_ref().is_some_and(|(at, _)| *at <= plan.reads);
            if due { plan.interrupted_read.take().map(|(_, act)| act) } else { None }
        })
    }

    fn due_fault(&self) -> Option<Fault> {
        self.with(|plan| {
            plan.writes += 1;
            let due = plan.fault.filter(|(at, _)| *at < plan.writes);
            due.inspect(|_| plan.fault = None).map(|(_, fault)| fault)
        })
    }

    async fn put(&self, replacement: Replacement, durable: bool) -> Result<Replaced, LiveError> {
        let item = replacement.item.clone();
        let before = self.memory.get(vec![item.key.clone()], Consistency::Strong).await?.remove(0);
        let replaced = self.memory.replace(vec![replacement], durable).await?.remove(0);
        if replaced == Replaced::Written {
            self.never_back(before.as_ref(), &item).await;
            self.with(|plan| plan.written.push(Put { key: item.key, watermarks: item.watermarks }));
        }
        Ok(replaced)
    }

    /// An item's watermark never goes back, and no shard's is lost that is not absorbed.
    async fn never_back(&self, before: Option<&Item>, after: &Item) {
        for (shard, number) in before.into_iter().flat_map(|before| before.watermarks.iter()) {
            let there = after.watermarks.of(shard);
            let may_go = there.is_none() && self.is_absorbed(shard).await;
            assert!(may_go || there >= Some(number), "the watermark of {:?} went back in {shard}", after.key);
        }
    }

    async fn is_absorbed(&self, shard: &str) -> bool {
        let name = keys::absorbed(shard);
        let key = Key { partition: name.partition, sort: name.sort };
        self.memory.get(vec![key], Consistency::Strong).await.unwrap()[0].is_some()
    }
}

impl LiveTable for FaultyTable {
    async fn get(&self, keys: Vec<Key>, consistency: Consistency) -> Result<Vec<Option<Item>>, LiveError> {
        if let Some(interruption) = self.due_interrupted_read() {
            interruption.await;
        }
        let fails = self.with(|plan| {
            plan.reads += 1;
            let due = plan.failing_read.is_some_and(|at| at < plan.reads);
            if due {
                plan.failing_read = None;
            }
            due
        });
        if fails { Err(LiveError::Throttled) } else { self.memory.get(keys, consistency).await }
    }

    async fn replace(&self, replacements: Vec<Replacement>, durable: bool) -> Result<Vec<Replaced>, LiveError> {
        let mut results = Vec::new();
        for replacement in replacements {
            if let Some(interruption) = self.due_interruption() {
                interruption.await;
            }
            match self.due_fault() {
                Some(Fault::Throttled) => return Err(LiveError::Throttled),
                Some(Fault::Before) => return Err(LiveError::Unavailable("the connection broke".into())),
                Some(Fault::After) => {
                    self.put(replacement, durable).await?;
                    return Err(LiveError::Unavailable("the answer was lost".into()));
                }
                None => results.push(self.put(replacement, durable).await?),
            }
        }
        Ok(results)
    }

    async fn remove(&self, removals: Vec<(Key, Watermarks)>) -> Result<Vec<bool>, LiveError> {
        let mut results = Vec::new();
        for removal in removals {
            match self.due_fault() {
                Some(Fault::Throttled) => return Err(LiveError::Throttled),
                Some(Fault::Before) => return Err(LiveError::Unavailable("the connection broke".into())),
                Some(Fault::After) => {
                    self.memory.remove(vec![removal]).await?;
                    return Err(LiveError::Unavailable("the answer was lost".into()));
                }
                None => results.extend(self.memory.remove(vec![removal]).await?),
            }
        }
        Ok(results)
    }

    async fn query(
        &self,
        partition: &str,
        sort_prefix: &str,
        consistency: Consistency,
    ) -> Result<Vec<Item>, LiveError> {
        self.memory.query(partition, sort_prefix, consistency).await
    }
}
