//! The live processor over the table, through a proxy that fails: consumers that crash between writes and leave calls under
//! way, zombies beside them, batches that come again in other cuts. The end is what one undisturbed pass over a table in
//! memory comes to.

#![allow(clippy::unwrap_used)] // All of it is test.

#[path = "../../../../processors/tests/stage/records.rs"]
#[allow(dead_code, unreachable_pub)] // A part of it is used here.
mod records;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord, KinesisRecord};
use records::{COURSES, Dice, LEARNERS, Rec, TENANT, class, learner};
use tokio::sync::Notify;
use trilha_core::keys::{self, Kind};
use trilha_core::views::{CourseView, HourView, MonthView, ObjectView, QuizView, VideoView, View, merge};
use trilha_dynamodb::testing::{Call, Fault, Proxy, TestTable, stand_in};
use trilha_live::memory::MemoryTable;
use trilha_live::port::{Consistency, LiveTable};
use trilha_live_dynamodb::DynamoTable;
use trilha_processors::absorb::stored;
use trilha_processors::live::LiveProcessor;
use trilha_processors::strays::{Stray, Strays};
use trilha_schemas::event::Event;

const SEEDS: u64 = 12;
const SHARD_ID: &str = "shardId-000000000000";

/// No record of these classes is set aside.
struct NoStrays;

impl Strays for NoStrays {
    async fn damaged(&self, _stray: Stray, reason: String) -> Result<(), String> {
        Err(reason)
    }

    async fn foreign(&self, _stray: Stray) -> Result<(), String> {
        Err("foreign".into())
    }

    async fn misplaced(&self, _tenant: String, _events: Vec<Event>) -> Result<(), String> {
        Err("misplaced".into())
    }
}

fn batch(records: &[Rec]) -> KinesisEvent {
    let record = |record: &Rec| {
        let mut kinesis = KinesisRecord::default();
        *kinesis.data = record.bytes.clone();
        kinesis.partition_key.clone_from(&record.partition_key);
        kinesis.sequence_number.clone_from(&record.sequence_number);
        let mut event = KinesisEventRecord::default();
        event.event_id = Some(format!("{SHARD_ID}:{}", record.sequence_number));
        event.kinesis = kinesis;
        event
    };
    let mut event = KinesisEvent::default();
    event.records = records.iter().map(record).collect();
    event
}

fn consumer<T: LiveTable>(table: &Arc<T>) -> LiveProcessor<T, NoStrays> {
    LiveProcessor::new(Arc::clone(table), NoStrays, "one".into(), usize::MAX)
}

/// Whether the batch was acknowledged.
async fn deliver<T: LiveTable>(consumer: &LiveProcessor<T, NoStrays>, records: &[Rec]) -> bool {
    records.is_empty() || consumer.handle(batch(records)).await.unwrap().batch_item_failures.is_empty()
}

/// What readers see, and the learner items themselves.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    videos: BTreeMap<String, VideoView>,
    quizzes: BTreeMap<String, QuizView>,
    hours: BTreeMap<String, HourView>,
    months: BTreeMap<String, MonthView>,
    objects: BTreeMap<String, ObjectView>,
    courses: BTreeMap<String, CourseView>,
    learners: BTreeMap<(String, String), Vec<u8>>,
}

async fn seen(table: &impl LiveTable) -> Seen {
    let mut seen = Seen { courses: views(table, &keys::courses_partition(TENANT), "").await, ..Seen::default() };
    for course in COURSES {
        let partition = keys::course_partition(TENANT, course);
        seen.videos.extend(of_course(table, &partition, Kind::Video).await);
        seen.quizzes.extend(of_course(table, &partition, Kind::Quiz).await);
        seen.hours.extend(of_course(table, &partition, Kind::Hour).await);
        seen.months.extend(of_course(table, &partition, Kind::Month).await);
        seen.objects.extend(of_course(table, &partition, Kind::Object).await);
    }
    for number in 0..LEARNERS {
        let partition = keys::learner_partition(TENANT, &learner(number));
        let items = table.query(&partition, "", Consistency::Strong).await.unwrap();
        seen.learners.extend(items.into_iter().map(|item| ((item.key.partition, item.key.sort), item.value)));
    }
    seen
}

async fn of_course<V: View>(table: &impl LiveTable, partition: &str, kind: Kind) -> BTreeMap<String, V> {
    let views = views(table, partition, &format!("{}|", kind.as_str())).await;
    views.into_iter().map(|(name, view)| (format!("{partition} {name}"), view)).collect()
}

async fn views<V: View>(table: &impl LiveTable, partition: &str, prefix: &str) -> BTreeMap<String, V> {
    let items = table.query(partition, prefix, Consistency::Strong).await.unwrap();
    let mut views: BTreeMap<String, V> = merge(items.iter().map(stored)).unwrap();
    views.retain(|_, view| !view.is_zero());
    views
}

/// One call in eight goes wrong, one put in thirty is the last thing that its consumer lives to see.
fn chaos(mut dice: Dice, crash: Arc<Notify>) -> impl FnMut(&Call) -> Fault + Send {
    move |call| match (call.operation.as_str(), dice.roll(8)) {
        ("PutItem", 0) => [Fault::Before, Fault::After, Fault::DoneButFailed, Fault::Throttled][dice.roll(4)],
        ("BatchGetItem", 0) => [Fault::Before, Fault::Throttled][dice.roll(2)],
        ("BatchGetItem", 1 | 2) => Fault::Unprocessed { found: dice.roll(3) },
        ("PutItem", _) if dice.roll(30) == 0 => {
            crash.notify_one();
            Fault::None
        }
        _ => Fault::None,
    }
}

/// Consumers of one shard: the present one and a zombie, which has been away for a while.
struct Shard {
    table: Arc<DynamoTable>,
    present: LiveProcessor<DynamoTable, NoStrays>,
    zombie: LiveProcessor<DynamoTable, NoStrays>,
    records: Vec<Rec>,
    done: usize,
    crashes: usize,
}

impl Shard {
    /// A batch that may have been handed over at any time up to now.
    fn pick(&self, dice: &mut Dice) -> (usize, usize) {
        let back = if dice.roll(3) == 0 { dice.roll(self.done + 1) } else { 0 };
        let from = self.done - back;
        (from, (from + 1 + dice.roll(5)).min(self.records.len()))
    }

    async fn step(&mut self, dice: &mut Dice, crash: &Notify) {
        let (from, to) = self.pick(dice);
        let (old_from, old_to) = if dice.roll(3) == 0 { self.pick(dice) } else { (0, 0) };
        let both = async {
            let records = &self.records;
            tokio::join!(deliver(&self.present, &records[from..to]), deliver(&self.zombie, &records[old_from..old_to]))
                .0
        };
        let done = tokio::select! {
            done = both => Some(done),
            () = crash.notified() => None,
        };
        match done {
            Some(true) => self.done = self.done.max(to),
            Some(false) => {}
            None => {
                self.crashes += 1;
                self.present = consumer(&self.table);
            }
        }
        if dice.roll(5) == 0 {
            self.zombie = std::mem::replace(&mut self.present, consumer(&self.table));
        }
    }
}

async fn run(endpoint: &str, seed: u64) -> usize {
    let mut dice = Dice(seed);
    let records = class(&mut dice);
    let expected = Arc::new(MemoryTable::new());
    assert!(deliver(&consumer(&expected), &records).await);

    let test = TestTable::create(endpoint).await;
    let crash = Arc::new(Notify::new());
    let proxy = Proxy::start(endpoint, chaos(Dice(seed + 1_000), Arc::clone(&crash))).await;
    let table = Arc::new(DynamoTable::new(test.through(&proxy.endpoint, 2).await));
    let (present, zombie) = (consumer(&table), consumer(&table));
    let mut shard = Shard { table, present, zombie, records, done: 0, crashes: 0 };
    for _ in 0..60 {
        if shard.done == shard.records.len() {
            break;
        }
        shard.step(&mut dice, &crash).await;
    }
    proxy.plan(|_| Fault::None);
    assert!(deliver(&consumer(&shard.table), &shard.records[shard.done..]).await, "seed {seed}");
    let there = seen(&DynamoTable::new(test.table.clone())).await;
    assert_eq!(there, seen(&*expected).await, "seed {seed}");
    assert!(!there.learners.is_empty());
    shard.crashes
}

#[tokio::test]
async fn whatever_fails_the_views_are_those_of_one_undisturbed_pass() {
    let Some(endpoint) = stand_in("TRILHA_TEST_AWS") else { return };
    let mut crashes = 0;
    for seed in 0..SEEDS {
        crashes += run(&endpoint, seed).await;
    }
    assert!(crashes > 0, "no consumer crashed");
}
