//! What was read of each shard and may be asked for again, and where its next page begins. No I/O.
//!
//! GetRecords knows no limit in bytes and no second reader: what a caller leaves of a page stays here for its next call, and
//! callers at the same position share the page and its iterator, which may be used more than once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::port::{Record, Records};

/// Pages kept of a shard; one is enough for each of its consumers.
const MOST_PAGES: usize = 4;

/// One answer of GetRecords.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The position that it was read from.
    pub(crate) after: Option<SequenceNumber>,
    pub(crate) records: Vec<Record>,
    /// Reads what follows; `None` when the shard is closed and nothing does.
    pub(crate) next: Option<String>,
    /// Whether more was there when it was read.
    pub(crate) behind: bool,
    pub(crate) read_at: Instant,
}

impl Page {
    /// The records after a position, as far as the limits go; `None` when that is not on this page.
    pub(crate) fn records(
        &self,
        after: Option<SequenceNumber>,
        most_records: usize,
        most_bytes: usize,
    ) -> Option<Records> {
        let following = &self.records[self.place(after)?..];
        let mut bytes = 0;
        let fits = |(at, record): &(usize, &Record)| {
            bytes += record.data.len();
            *at == 0 || bytes <= most_bytes
        };
        let taken = following.iter().take(most_records).enumerate().take_while(fits).count();
        let ended = self.next.is_none() && taken == following.len();
        Some(Records { records: following[..taken].to_vec(), ended })
    }

    /// Where the records after a position begin.
    fn place(&self, after: Option<SequenceNumber>) -> Option<usize> {
        if after == self.after {
            return Some(0);
        }
        let found = self.records.binary_search_by_key(&after?, |record| record.sequence_number);
        found.ok().map(|at| at + 1)
    }

    fn ends_at(&self, after: Option<SequenceNumber>) -> bool {
        self.place(after) == Some(self.records.len())
    }
}

/// Where reading goes on at the end of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) iterator: String,
    /// When the page was read, where it was empty.
    pub(crate) found_nothing_at: Option<Instant>,
}

/// The pages of a stream.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    of_shards: Mutex<HashMap<String, VecDeque<Page>>>,
}

impl Pages {
    /// What a page at hand has after a position; `None` when only the service can tell.
    pub(crate) fn records(
        &self,
        shard_id: &str,
        after: Option<SequenceNumber>,
        most_records: usize,
        most_bytes: usize,
    ) -> Option<Records> {
        let of_shards = self.lock();
        let mut found =
            of_shards.get(shard_id)?.iter().filter_map(|page| page.records(after, most_records, most_bytes));
        found.find(|found| !found.records.is_empty() || found.ended)
    }

    /// How to read on at a position that a page ends at.
    pub(crate) fn next(&self, shard_id: &str, after: Option<SequenceNumber>) -> Option<Next> {
        let of_shards = self.lock();
        let page = of_shards.get(shard_id)?.iter().rfind(|page| page.ends_at(after))?;
        let found_nothing_at = page.records.is_empty().then_some(page.read_at);
        Some(Next { iterator: page.next.clone()?, found_nothing_at })
    }

    /// Whether the last that was heard of a position is that nothing stands behind it.
    pub(crate) fn is_at_tip(&self, shard_id: &str, after: Option<SequenceNumber>) -> bool {
        let of_shards = self.lock();
        let page = of_shards.get(shard_id).and_then(|pages| pages.iter().rfind(|page| page.place(after).is_some()));
        page.is_some_and(|page| page.ends_at(after) && page.next.is_some() && !page.behind)
    }

    /// Keeps a page, instead of the one that it follows or repeats.
    pub(crate) fn keep(&self, shard_id: &str, page: Page) {
        let mut of_shards = self.lock();
        let pages = of_shards.entry(shard_id.to_string()).or_default();
        pages.retain(|kept| kept.after != page.after && !kept.ends_at(page.after));
        pages.push_back(page);
        if pages.len() > MOST_PAGES {
            pages.pop_front();
        }
    }

    /// Forgets a shard.
    pub(crate) fn forget(&self, shard_id: &str) {
        self.lock().remove(shard_id);
    }

    /// Forgets the shards that are gone.
    pub(crate) fn keep_only(&self, is_there: impl Fn(&str) -> bool) {
        self.lock().retain(|shard_id, _| is_there(shard_id));
    }

    /// Each change is one call on the map: a panic leaves it whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Page>>> {
        self.of_shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn number(value: u64) -> SequenceNumber {
        SequenceNumber::parse(&value.to_string()).unwrap()
    }

    fn page(after: Option<u64>, numbers: std::ops::Range<u64>, next: Option<&str>) -> Page {
        let record = |value| Record {
            sequence_number: number(value),
            partition_key: "key".into(),
            arrival_millis: 1,
            data: Bytes::from_static(&[0; 10]),
        };
        let records = numbers.map(record).collect();
        Page {
            after: after.map(number),
            records,
            next: next.map(str::to_string),
            behind: false,
            read_at: Instant::now(),
        }
    }

    fn numbers(records: Option<Records>) -> Vec<SequenceNumber> {
        records.map(|read| read.records.iter().map(|record| record.sequence_number).collect()).unwrap_or_default()
    }

    #[test]
    fn what_is_left_of_a_page_is_given_later_and_to_everyone() {
        let pages = Pages::default();
        pages.keep("s", page(None, 1..6, Some("next")));
        for _ in 0..2 {
            assert_eq!(numbers(pages.records("s", None, 2, usize::MAX)), [number(1), number(2)]);
            assert_eq!(numbers(pages.records("s", Some(number(2)), 9, 29)), [number(3), number(4)]);
            assert_eq!(numbers(pages.records("s", Some(number(4)), 9, 0)), [number(5)]);
        }
        assert_eq!(pages.records("s", Some(number(5)), 9, 9), None);
        assert_eq!(pages.records("s", Some(number(9)), 9, 9), None);
        assert_eq!(pages.records("t", None, 9, 9), None);
    }

    #[test]
    fn the_next_page_begins_where_one_ends() {
        let pages = Pages::default();
        pages.keep("s", page(None, 1..3, Some("a")));
        assert_eq!(pages.next("s", Some(number(1))), None);
        assert_eq!(pages.next("s", Some(number(2))), Some(Next { iterator: "a".into(), found_nothing_at: None }));
        pages.keep("s", page(Some(2), 0..0, Some("b")));
        let next = pages.next("s", Some(number(2))).unwrap();
        assert_eq!((next.iterator.as_str(), next.found_nothing_at.is_some()), ("b", true));
        assert_eq!(pages.records("s", None, 9, 99), None, "a page that was read through goes with the next one");
    }

    #[test]
    fn the_tip_is_where_nothing_was_found_and_nothing_was_left() {
        let pages = Pages::default();
        assert!(!pages.is_at_tip("s", None));
        pages.keep("s", page(None, 1..3, Some("a")));
        assert!(!pages.is_at_tip("s", None) && !pages.is_at_tip("s", Some(number(1))));
        assert!(pages.is_at_tip("s", Some(number(2))));
        pages.keep("s", Page { behind: true, ..page(Some(2), 0..0, Some("b")) });
        assert!(!pages.is_at_tip("s", Some(number(2))));
        pages.keep("s", page(Some(2), 0..0, None));
        assert!(!pages.is_at_tip("s", Some(number(2))));
    }

    #[test]
    fn a_closed_shard_ends_with_its_last_record() {
        let pages = Pages::default();
        pages.keep("s", page(None, 1..3, None));
        let ended = |after: Option<u64>, most| pages.records("s", after.map(number), most, 99).unwrap().ended;
        assert!(!ended(None, 1));
        assert!(ended(None, 2) && ended(Some(1), 1) && ended(Some(2), 1));
    }

    #[test]
    fn few_pages_of_the_shards_that_are_there_are_kept() {
        let pages = Pages::default();
        for value in 1..10 {
            pages.keep("s", page(Some(10 * value), 10 * value + 1..10 * value + 3, Some("a")));
        }
        let kept = |value| pages.records("s", Some(number(value)), 9, 99).is_some();
        assert!(!kept(50) && kept(60) && kept(90));
        pages.keep_only(|shard_id| shard_id == "t");
        assert!(!kept(90));
    }
}
