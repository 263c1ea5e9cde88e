//! A table that takes every put and keeps none.

use std::sync::Mutex;

use trilha_core::keys;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};

/// A table that remembers nothing but the shard's progress.
pub struct Taker {
    shard: String,
    progress: Mutex<Option<Item>>,
}

impl Taker {
    /// Of one shard.
    pub fn of(shard: &str) -> Taker {
        Taker { shard: shard.into(), progress: Mutex::default() }
    }
}

impl LiveTable for Taker {
    async fn get(&self, keys: Vec<Key>, _: Consistency) -> Result<Vec<Option<Item>>, LiveError> {
        let progress = keys::progress(&self.shard);
        let known = |key: Key| (key.sort == progress.sort).then(|| self.progress.lock().ok()?.clone()).flatten();
        Ok(keys.into_iter().map(known).collect())
    }

    async fn replace(&self, replacements: Vec<Replacement>, durable: bool) -> Result<Vec<Replaced>, LiveError> {
        let results = vec![Replaced::Written; replacements.len()];
        if let (true, Some(progress)) = (durable, replacements.into_iter().next()) {
            *self.progress.lock().map_err(|_| LiveError::Unavailable("poisoned".into()))? = Some(progress.item);
        }
        Ok(results)
    }

    async fn remove(&self, removals: Vec<(Key, Watermarks)>) -> Result<Vec<bool>, LiveError> {
        Ok(vec![false; removals.len()])
    }

    async fn query(&self, _: &str, _: &str, _: Consistency) -> Result<Vec<Item>, LiveError> {
        Ok(Vec::new())
    }
}
