//! What is known of a shard without reading its records: which chunks it has, and how much is not consumed yet.

use std::collections::VecDeque;

/// One chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// The place of its first record.
    pub(super) first: u64,
    /// How many records it has.
    pub(super) count: u64,
    /// When they arrived.
    pub(super) arrival_millis: i64,
    /// How long its stored form is.
    pub(super) bytes: u64,
}

impl Entry {
    fn end(&self) -> u64 {
        self.first + self.count
    }
}

/// One shard's chunks, in order.
#[derive(Debug)]
pub(super) struct ShardIndex {
    /// The place of the next record to put; those before it are durable, or lost for good.
    pub(super) next_place: u64,
    entries: VecDeque<Entry>,
    bytes: u64,
    /// Chunks and bytes at the front that every consumer has done.
    consumed: (usize, u64),
}

impl ShardIndex {
    pub(super) fn new(next_place: u64, entries: Vec<Entry>) -> ShardIndex {
        let bytes = entries.iter().map(|entry| entry.bytes).sum();
        ShardIndex { next_place, entries: entries.into(), bytes, consumed: (0, 0) }
    }

    /// Adds a chunk that is durable.
    pub(super) fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes;
        self.entries.push_back(entry);
    }

    /// The place after the last durable record; `None` when no chunk is kept.
    pub(super) fn end(&self) -> Option<u64> {
        self.entries.back().map(Entry::end)
    }

    /// The first kept chunk that has a record at or after a place, and those after it.
    pub(super) fn from(&self, place: u64) -> impl Iterator<Item = &Entry> {
        self.entries.range(self.entries.partition_point(|entry| entry.end() <= place)..)
    }

    /// Counts as consumed the chunks whose records all lie before a place, which never moves back.
    pub(super) fn consume(&mut self, before: u64) {
        let (mut chunks, mut bytes) = self.consumed;
        while let Some(entry) = self.entries.get(chunks).filter(|entry| entry.end() <= before) {
            chunks += 1;
            bytes += entry.bytes;
        }
        self.consumed = (chunks, bytes);
    }

    /// Bytes that some consumer has not done.
    pub(super) fn backlog_bytes(&self) -> u64 {
        self.bytes - self.consumed.1
    }

    /// Where the first chunk starts that is to be kept: not older than a time, or, if consumers count, not consumed.
    pub(super) fn kept_from(&self, arrived_before_millis: i64, only_consumed: bool) -> u64 {
        let most = if only_consumed { self.consumed.0 } else { self.entries.len() };
        let old = self.entries.iter().take(most).take_while(|entry| entry.arrival_millis < arrived_before_millis);
        old.last().map_or(0, Entry::end)
    }

    /// Forgets the chunks that start before a place.
    pub(super) fn trim(&mut self, before: u64) {
        while let Some(entry) = self.entries.front().copied().filter(|entry| entry.first < before) {
            self.entries.pop_front();
            self.bytes -= entry.bytes;
            let (chunks, bytes) = self.consumed;
            self.consumed = if chunks > 0 { (chunks - 1, bytes - entry.bytes) } else { (0, 0) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> ShardIndex {
        let entry = |at: u64| Entry { first: at * 10, count: 10, arrival_millis: at as i64, bytes: 100 };
        ShardIndex::new(50, (0..5).map(entry).collect())
    }

    #[test]
    fn chunks_are_found_by_the_place_of_their_records() {
        let first = |place| index().from(place).next().map(|entry| entry.first);
        assert_eq!([0, 9, 10, 49, 50].map(first), [Some(0), Some(0), Some(10), Some(40), None]);
        assert_eq!(index().end(), Some(50));
    }

    #[test]
    fn a_chunk_is_consumed_once_all_its_records_are() {
        let mut index = index();
        for (done, backlog) in [(0, 500), (9, 500), (10, 400), (35, 200), (50, 0), (60, 0)] {
            index.consume(done);
            assert_eq!(index.backlog_bytes(), backlog, "{done}");
        }
    }

    #[test]
    fn only_old_chunks_are_trimmed_and_where_consumers_count_only_consumed_ones() {
        let mut index = index();
        index.consume(20);
        assert_eq!((index.kept_from(4, true), index.kept_from(4, false)), (20, 40));
        assert_eq!((index.kept_from(1, true), index.kept_from(0, true)), (10, 0));
        index.trim(10);
        assert_eq!((index.from(0).next().map(|entry| entry.first), index.backlog_bytes()), (Some(10), 300));
        index.trim(40);
        assert_eq!(index.backlog_bytes(), 100);
        index.consume(50);
        assert_eq!(index.backlog_bytes(), 0);
    }
}
