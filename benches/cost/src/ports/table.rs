//! A live table that counts units, item by item.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

use trilha_core::keys;
use trilha_live::limits::item_bytes;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};

use super::lock;
use crate::billing::{half_read_units, write_units};

/// What an item is, after its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// What a learner did with a video.
    LearnerVideo,
    /// What a learner answered in a quiz.
    LearnerQuiz,
    /// When a learner was there.
    LearnerActivity,
    /// A shard's partial of a video's view.
    VideoView,
    /// … of a quiz's.
    QuizView,
    /// … of an hour's.
    HourView,
    /// … of a month's.
    MonthView,
    /// … of what an object is called.
    ObjectView,
    /// … of a course's totals.
    CourseView,
    /// A learner on a course's roster.
    Roster,
    /// A shard's progress.
    Progress,
    /// Anything else.
    Other,
}

/// What items of one kind cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindCounts {
    /// Puts, those that failed their condition among them.
    pub puts: u64,
    /// Puts that failed their condition.
    pub conflicts: u64,
    /// Bytes of the items that were put.
    pub put_bytes: u64,
    /// Write units.
    pub write_units: u64,
    /// Items read by key, there or not.
    pub reads: u64,
    /// Read units, in halves.
    pub half_read_units: u64,
}

/// What a table was asked, by kind of item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableCounts {
    /// By kind; what was not touched is not there.
    pub kinds: BTreeMap<ItemKind, KindCounts>,
    /// Calls that read.
    pub read_calls: u64,
    /// Calls that wrote.
    pub write_calls: u64,
}

/// A table with a count.
#[derive(Debug, Default)]
pub struct CountingTable<T> {
    inner: T,
    counts: Mutex<TableCounts>,
    /// What each item takes, by the hash of its key.
    stored: Mutex<HashMap<u64, u32>>,
}

impl ItemKind {
    /// What an item of this key is.
    pub fn of(key: &Key) -> ItemKind {
        let partition: Vec<&str> = key.partition.split('|').collect();
        match partition.as_slice() {
            [keys::PROGRESS] => ItemKind::Progress,
            [_, _, "learner", _] => ItemKind::of_learner(&key.sort),
            [_, _, "course", _] => ItemKind::of_view(&key.sort),
            [_, _, "courses"] => ItemKind::CourseView,
            [_, _, "roster", _] => ItemKind::Roster,
            _ => ItemKind::Other,
        }
    }

    fn of_learner(sort: &str) -> ItemKind {
        match sort.split('|').nth(1) {
            Some("video") => ItemKind::LearnerVideo,
            Some("quiz") => ItemKind::LearnerQuiz,
            Some("activity") => ItemKind::LearnerActivity,
            _ => ItemKind::Other,
        }
    }

    fn of_view(sort: &str) -> ItemKind {
        match sort.split('|').next() {
            Some("video") => ItemKind::VideoView,
            Some("quiz") => ItemKind::QuizView,
            Some("hour") => ItemKind::HourView,
            Some("month") => ItemKind::MonthView,
            Some("object") => ItemKind::ObjectView,
            _ => ItemKind::Other,
        }
    }
}

impl TableCounts {
    /// Of one kind.
    pub fn of(&self, kind: ItemKind) -> KindCounts {
        self.kinds.get(&kind).copied().unwrap_or_default()
    }

    /// Of all kinds but these.
    pub fn but(&self, kinds: &[ItemKind]) -> KindCounts {
        let others = self.kinds.iter().filter(|(kind, _)| !kinds.contains(kind));
        others.fold(KindCounts::default(), |sum, (_, counts)| sum.and(counts))
    }
}

impl KindCounts {
    fn and(self, other: &KindCounts) -> KindCounts {
        KindCounts {
            puts: self.puts + other.puts,
            conflicts: self.conflicts + other.conflicts,
            put_bytes: self.put_bytes + other.put_bytes,
            write_units: self.write_units + other.write_units,
            reads: self.reads + other.reads,
            half_read_units: self.half_read_units + other.half_read_units,
        }
    }
}

impl<T> CountingTable<T> {
    /// Counts from zero over a table that is empty.
    pub fn new(inner: T) -> CountingTable<T> {
        CountingTable { inner, counts: Mutex::default(), stored: Mutex::default() }
    }

    /// What was counted since this was asked last.
    pub fn take(&self) -> TableCounts {
        std::mem::take(&mut lock(&self.counts))
    }

    /// What the items that are there take.
    pub fn stored_bytes(&self) -> u64 {
        lock(&self.stored).values().map(|bytes| u64::from(*bytes)).sum()
    }

    fn count(&self, kind: ItemKind, count: impl FnOnce(&mut KindCounts)) {
        count(lock(&self.counts).kinds.entry(kind).or_default());
    }

    fn read(&self, kind: ItemKind, items: u64, bytes: u64, consistency: Consistency) {
        self.count(kind, |counts| {
            counts.reads += items;
            counts.half_read_units += half_read_units(bytes, consistency == Consistency::Strong);
        });
    }

    /// A failed condition is charged by the item that is there.
    fn put(&self, key: &Key, bytes: u64, replaced: &Replaced) {
        let charged = match replaced {
            Replaced::Written => bytes,
            Replaced::Conflict(there) => there.as_ref().map_or(0, |there| item_bytes(there) as u64),
        };
        self.count(ItemKind::of(key), |counts| {
            counts.puts += 1;
            counts.conflicts += u64::from(*replaced != Replaced::Written);
            counts.put_bytes += bytes;
            counts.write_units += write_units(charged);
        });
        if *replaced == Replaced::Written {
            lock(&self.stored).insert(hash(key), u32::try_from(bytes).unwrap_or(u32::MAX));
        }
    }
}

impl<T: LiveTable> LiveTable for CountingTable<T> {
    async fn get(&self, keys: Vec<Key>, consistency: Consistency) -> Result<Vec<Option<Item>>, LiveError> {
        let kinds: Vec<ItemKind> = keys.iter().map(ItemKind::of).collect();
        let items = self.inner.get(keys, consistency).await?;
        lock(&self.counts).read_calls += 1;
        for (kind, item) in kinds.into_iter().zip(&items) {
            self.read(kind, 1, item.as_ref().map_or(0, |item| item_bytes(item) as u64), consistency);
        }
        Ok(items)
    }

    async fn replace(&self, replacements: Vec<Replacement>, durable: bool) -> Result<Vec<Replaced>, LiveError> {
        let put: Vec<(Key, u64)> =
            replacements.iter().map(|one| (one.item.key.clone(), item_bytes(&one.item) as u64)).collect();
        let replaced = self.inner.replace(replacements, durable).await?;
        if !put.is_empty() {
            lock(&self.counts).write_calls += 1;
        }
        put.iter().zip(&replaced).for_each(|((key, bytes), replaced)| self.put(key, *bytes, replaced));
        Ok(replaced)
    }

    async fn remove(&self, removals: Vec<(Key, Watermarks)>) -> Result<Vec<bool>, LiveError> {
        let keys: Vec<Key> = removals.iter().map(|(key, _)| key.clone()).collect();
        let removed = self.inner.remove(removals).await?;
        lock(&self.counts).write_calls += 1;
        for (key, removed) in keys.iter().zip(&removed) {
            let there = if *removed { lock(&self.stored).remove(&hash(key)).unwrap_or(0) } else { 0 };
            self.count(ItemKind::of(key), |counts| counts.write_units += write_units(there.into()));
        }
        Ok(removed)
    }

    /// Charged by the bytes of all items of the page together.
    async fn query(
        &self,
        partition: &str,
        sort_prefix: &str,
        consistency: Consistency,
    ) -> Result<Vec<Item>, LiveError> {
        let items = self.inner.query(partition, sort_prefix, consistency).await?;
        let kind = items
            .first()
            .map(|item| ItemKind::of(&item.key))
            .unwrap_or_else(|| ItemKind::of(&Key { partition: partition.to_string(), sort: sort_prefix.to_string() }));
        lock(&self.counts).read_calls += 1;
        let bytes = items.iter().map(|item| item_bytes(item) as u64).sum();
        self.read(kind, items.len() as u64, bytes, consistency);
        Ok(items)
    }
}

fn hash(key: &Key) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
