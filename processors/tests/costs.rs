//! What a batch costs, counted at the table: one write for each item that it touches, none where nothing changed, and one
//! read while the consumer is warm. A table that is paid for by the call makes each of these a price.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use stage::records::{Dice, Rec, class, event, quiz, record, records, video};
use stage::{Basket, INCARNATION, batch};
use trilha_live::limits::item_bytes;
use trilha_live::memory::MemoryTable;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};
use trilha_processors::live::LiveProcessor;
use trilha_schemas::event::{Body, Event, VideoAction};

/// What was asked of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Costs {
    /// Calls that read.
    read_calls: usize,
    /// Items that they asked for.
    read: usize,
    /// Items that were written or tried to be.
    puts: Vec<Key>,
    /// Failed conditions: they cost as much as a write.
    conflicts: usize,
    /// A unit for each KB begun of every put.
    write_units: usize,
}

/// A table that counts, and where it is told to that answers every put with a failed condition.
#[derive(Default)]
struct Counting {
    memory: MemoryTable,
    costs: Mutex<Costs>,
    contended: AtomicBool,
}

impl Counting {
    fn take(&self) -> Costs {
        std::mem::take(&mut self.costs.lock().unwrap())
    }
}

impl LiveTable for Counting {
    async fn get(&self, keys: Vec<Key>, consistency: Consistency) -> Result<Vec<Option<Item>>, LiveError> {
        assert_eq!(consistency, Consistency::Strong);
        {
            let mut costs = self.costs.lock().unwrap();
            costs.read_calls += 1;
            costs.read += keys.len();
        }
        self.memory.get(keys, consistency).await
    }

    async fn replace(&self, replacements: Vec<Replacement>, durable: bool) -> Result<Vec<Replaced>, LiveError> {
        {
            let mut costs = self.costs.lock().unwrap();
            costs.puts.extend(replacements.iter().map(|replacement| replacement.item.key.clone()));
            let units = replacements.iter().map(|replacement| item_bytes(&replacement.item).div_ceil(1024));
            costs.write_units += units.sum::<usize>();
        }
        let replaced = match self.contended.load(Ordering::SeqCst) {
            true => vec![Replaced::Conflict(None); replacements.len()],
            false => self.memory.replace(replacements, durable).await?,
        };
        let conflicts = replaced.iter().filter(|replaced| **replaced != Replaced::Written).count();
        self.costs.lock().unwrap().conflicts += conflicts;
        Ok(replaced)
    }

    async fn remove(&self, removals: Vec<(Key, Watermarks)>) -> Result<Vec<bool>, LiveError> {
        self.memory.remove(removals).await
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

struct Bench {
    table: Arc<Counting>,
    processor: LiveProcessor<Counting, Basket>,
}

impl Bench {
    fn new() -> Bench {
        Bench::over(Arc::default())
    }

    fn over(table: Arc<Counting>) -> Bench {
        let processor = LiveProcessor::new(Arc::clone(&table), Basket::default(), INCARNATION.into(), usize::MAX);
        Bench { table, processor }
    }

    /// What a batch costs that is acknowledged.
    async fn cost(&self, records: &[Rec]) -> Costs {
        let response = self.processor.handle(batch(records)).await.unwrap();
        assert!(response.batch_item_failures.is_empty());
        let costs = self.table.take();
        let distinct: BTreeSet<&Key> = costs.puts.iter().collect();
        assert_eq!(distinct.len(), costs.puts.len(), "an item is written twice");
        assert_eq!(costs.conflicts, 0);
        costs
    }
}

/// A lesson of four learners in two buckets: each watches a minute in heartbeats and answers two questions.
fn lesson() -> Vec<Event> {
    let watched = |who: usize, beat: i64| {
        let body = Body::Video(video(VideoAction::Watched, 10 * beat));
        event(who, 100 * who as u64 + beat as u64, 10 * beat, body)
    };
    let answered = |who: usize, number: i64| {
        let body = Body::Quiz(quiz(&format!("q{number}"), (who as i64 + number) % 2 == 0));
        event(who, 100 * who as u64 + 50 + number as u64, 60 + number, body)
    };
    let of = |who: usize| (0..6).map(move |beat| watched(who, beat)).chain((0..2).map(move |at| answered(who, at)));
    (0..4).flat_map(of).collect()
}

#[tokio::test]
async fn a_batch_writes_each_item_that_it_touches_once_and_reads_each_once_while_cold() {
    let bench = Bench::new();
    let costs = bench.cost(&records(0, &lesson())).await;
    // Of each learner a video, a quiz, the activity, and an entry in the roster; a video view, a quiz view, an hour, a
    // month and the totals.
    assert_eq!(costs.puts.len(), 4 * 4 + 5 + 1, "{:?}", costs.puts);
    assert_eq!((costs.read_calls, costs.read), (4, 1 + 4 * 4 + 5));
    assert_eq!(costs.write_units, costs.puts.len(), "each takes less than a KB");
}

#[tokio::test]
async fn a_warm_consumer_reads_progress_alone_and_writes_what_changes() {
    let bench = Bench::new();
    bench.cost(&records(0, &lesson())).await;
    let next = event(0, 900, 70, Body::Video(video(VideoAction::Watched, 60)));
    let costs = bench.cost(&[record(2, &[next])]).await;
    assert_eq!((costs.read_calls, costs.read), (1, 1));
    // The video and its view, and progress; it was active in that minute already.
    assert_eq!(costs.puts.len(), 3, "{:?}", costs.puts);
}

/// However much a learner does, the roster costs a read and a write on each of their days.
#[tokio::test]
async fn the_roster_is_read_and_written_once_a_learner_and_day() {
    let bench = Bench::new();
    let seen = |at: i64| {
        let (day, minute) = (at.div_euclid(40), at.rem_euclid(40));
        event(0, at as u64, 86_400 * day + 60 * minute, Body::Viewed { object: "page".into() })
    };
    for at in 0..120 {
        let costs = bench.cost(&[record(at as usize, &[seen(at)])]).await;
        let entries = costs.puts.iter().filter(|key| key.partition.contains("|roster|")).count();
        assert_eq!(entries, usize::from(at % 40 == 0), "event {at}");
        let warm = at > 0 && entries == 0;
        assert!(!warm || costs.read_calls == 1, "progress alone is read at event {at}: {}", costs.read_calls);
    }
}

#[tokio::test]
async fn what_changes_nothing_writes_progress_alone_and_a_redelivery_nothing() {
    let bench = Bench::new();
    let records = records(0, &lesson());
    bench.cost(&records).await;
    let resent = bench.cost(&[record(2, &lesson()[..3])]).await;
    assert_eq!((resent.read_calls, resent.puts.len()), (1, 1), "{:?}", resent.puts);
    for consumer in [&bench, &Bench::over(Arc::clone(&bench.table))] {
        let again = consumer.cost(&records).await;
        assert_eq!((again.read_calls, again.read, again.puts.len()), (1, 1, 0));
    }
}

/// Classes that are the same for ever, in batches of four records, by consumers that are warm.
#[tokio::test]
async fn classes_cost_what_they_cost() {
    let (mut total, mut events, mut batches) = (Costs::default(), 0, 0);
    for seed in 0..40 {
        let bench = Bench::new();
        for records in class(&mut Dice(seed)).chunks(4) {
            let costs = bench.cost(records).await;
            batches += 1;
            events += records.iter().map(events_in).sum::<usize>();
            total.read_calls += costs.read_calls;
            total.read += costs.read;
            total.write_units += costs.write_units;
            total.puts.extend(costs.puts);
        }
    }
    assert_eq!((events, batches), (875, 134));
    assert_eq!((total.read_calls, total.read, total.puts.len(), total.write_units), (422, 1_169, 1_809, 1_809));
}

fn events_in(record: &Rec) -> usize {
    trilha_schemas::record::decode(&record.bytes).unwrap().events.len()
}

/// Every failed condition is paid for: a batch tries six times, then leaves it to the stream to come again.
#[tokio::test]
async fn conflicts_without_end_end_the_batch_after_six_attempts() {
    let bench = Bench::new();
    bench.table.contended.store(true, Ordering::SeqCst);
    let watched = event(0, 1, 0, Body::Video(video(VideoAction::Watched, 0)));
    let records = [record(0, &[watched])];
    let response = bench.processor.handle(batch(&records)).await.unwrap();
    assert_eq!(response.batch_item_failures.len(), 1);
    let costs = bench.table.take();
    let views = 4;
    assert_eq!(costs.conflicts, 6 * views, "views are tried, and no learner item after them");
    bench.table.contended.store(false, Ordering::SeqCst);
    bench.cost(&records).await;
}
