//! A course with its live processor, its evaluator, and days that pass.
#![allow(dead_code, unreachable_pub)] // Each test file uses its part.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use trilha_collector::memory::MemorySettings;
use trilha_collector::settings::{Change, SettingsStore};
use trilha_live::memory::MemoryTable;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};
use trilha_processors::evaluator::event::DomainEvent;
use trilha_processors::evaluator::sink::{EventSink, MemorySink, SinkError};
use trilha_processors::evaluator::status::{StatusError, StatusItem, StatusStore, TableStatus};
use trilha_processors::evaluator::{Evaluated, Evaluator, EvaluatorError, Limits};
use trilha_processors::live::LiveProcessor;
use trilha_schemas::event::{Body, Event, QuizEvent, VideoAction, VideoEvent};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym, first_16};

use super::stage::records::{COURSES, Rec, TENANT, event as plain, records};
use super::stage::{Basket, INCARNATION, batch};

/// Noon of the day that the others count from, a Monday: 2026-03-02T12:00:00Z.
const NOON_MILLIS: i64 = 1_772_452_800_000;
pub const DAY: i64 = 86_400;
const ZONE: &str = "America/Sao_Paulo";

/// A sink and a store that fail at a chosen call.
#[derive(Clone)]
pub struct Faulty<P>(pub P, pub Arc<Calls>);

/// Counts calls; the one at `fails_at` fails, before or after it is done.
#[derive(Default)]
pub struct Calls {
    count: AtomicUsize,
    pages: AtomicUsize,
    fails_at: Mutex<Option<(usize, bool)>>,
}

impl Calls {
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Pages of statuses that were read.
    pub fn pages(&self) -> usize {
        self.pages.load(Ordering::SeqCst)
    }

    /// Lets the call after so many others fail, after it is done or before.
    pub fn fail(&self, after: usize, is_done: bool) {
        *self.fails_at.lock().unwrap() = Some((self.count() + after, is_done));
    }

    /// Whether this call fails, and is done first.
    fn next(&self) -> Option<bool> {
        let at = self.count.fetch_add(1, Ordering::SeqCst);
        let mut fails_at = self.fails_at.lock().unwrap();
        let due = fails_at.filter(|(fails_at, _)| *fails_at == at);
        due.map(|(_, is_done)| {
            *fails_at = None;
            is_done
        })
    }
}

impl EventSink for Faulty<Arc<MemorySink>> {
    async fn publish(&self, events: Vec<DomainEvent>) -> Result<(), SinkError> {
        tokio::task::yield_now().await;
        match self.1.next() {
            Some(false) => return Err(SinkError("before".into())),
            Some(true) => self.0.publish(events).await?,
            None => return self.0.publish(events).await,
        }
        Err(SinkError("after".into()))
    }
}

impl StatusStore for Faulty<TableStatus<MemoryTable>> {
    async fn page(&self, tenant: &str, course: &str, prefix: &str) -> Result<Vec<StatusItem>, StatusError> {
        tokio::task::yield_now().await;
        self.1.pages.fetch_add(1, Ordering::SeqCst);
        self.0.page(tenant, course, prefix).await
    }

    async fn put(&self, tenant: &str, course: &str, items: Vec<StatusItem>) -> Result<Vec<bool>, StatusError> {
        tokio::task::yield_now().await;
        match self.1.next() {
            Some(false) => return Err(StatusError("before".into())),
            Some(true) => drop(self.0.put(tenant, course, items).await?),
            None => return self.0.put(tenant, course, items).await,
        }
        Err(StatusError("after".into()))
    }
}

/// A table that knows how many of its queries were under way at once, and waits a little in each.
pub struct Gauge {
    table: Arc<MemoryTable>,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    pub fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

impl LiveTable for Gauge {
    async fn get(&self, keys: Vec<Key>, consistency: Consistency) -> Result<Vec<Option<Item>>, LiveError> {
        self.table.get(keys, consistency).await
    }

    async fn replace(&self, replacements: Vec<Replacement>, durable: bool) -> Result<Vec<Replaced>, LiveError> {
        self.table.replace(replacements, durable).await
    }

    async fn remove(&self, removals: Vec<(Key, Watermarks)>) -> Result<Vec<bool>, LiveError> {
        self.table.remove(removals).await
    }

    async fn query(&self, partition: &str, prefix: &str, consistency: Consistency) -> Result<Vec<Item>, LiveError> {
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        let items = self.table.query(partition, prefix, consistency).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        items
    }
}

type EvaluatorOf<T> = Evaluator<T, MemorySettings, Faulty<TableStatus<MemoryTable>>, Faulty<Arc<MemorySink>>>;
type SchoolEvaluator = EvaluatorOf<MemoryTable>;

pub struct School {
    pub evaluator: SchoolEvaluator,
    pub sink: Arc<MemorySink>,
    pub calls: Arc<Calls>,
    pub evaluated: Evaluated,
    pub limits: Limits<'static>,
    processor: LiveProcessor<MemoryTable, Basket>,
    place: usize,
    next_id: u64,
}

impl School {
    pub async fn new() -> School {
        let (table, settings) = (Arc::new(MemoryTable::new()), Arc::new(MemorySettings::default()));
        settings.in_force_or_first(TENANT, &COURSES, ZONE).await.unwrap();
        let processor = LiveProcessor::new(Arc::clone(&table), Basket::default(), INCARNATION.into(), usize::MAX);
        let (sink, calls) = (Arc::new(MemorySink::default()), Arc::new(Calls::default()));
        let statuses = Faulty(TableStatus(Arc::new(MemoryTable::new())), Arc::clone(&calls));
        let evaluator = Evaluator { table, settings, statuses, sink: Faulty(Arc::clone(&sink), Arc::clone(&calls)) };
        let (evaluated, limits) = (Evaluated::default(), Limits::ONE_BY_ONE);
        School { evaluator, sink, calls, evaluated, limits, processor, place: 0, next_id: 0 }
    }

    /// Another evaluator of the same course.
    pub fn beside(&self) -> SchoolEvaluator {
        self.over(Arc::clone(&self.evaluator.table))
    }

    /// Another evaluator, and the gauge over the table that it reads.
    pub fn gauged(&self) -> (EvaluatorOf<Gauge>, Arc<Gauge>) {
        let table = Arc::clone(&self.evaluator.table);
        let gauge = Arc::new(Gauge { table, under_way: AtomicUsize::new(0), most: AtomicUsize::new(0) });
        (self.over(Arc::clone(&gauge)), gauge)
    }

    fn over<T>(&self, table: Arc<T>) -> EvaluatorOf<T> {
        Evaluator {
            table,
            settings: Arc::clone(&self.evaluator.settings),
            statuses: self.evaluator.statuses.clone(),
            sink: self.evaluator.sink.clone(),
        }
    }

    /// Another course, without events.
    pub async fn open(&self, course: &str) {
        self.evaluator.settings.in_force_or_first(TENANT, &[course], ZONE).await.unwrap();
    }

    pub async fn set(&self, change: Change) {
        self.evaluator.settings.change(TENANT, COURSES[0], "test", change, 0).await.unwrap();
    }

    /// What one learner does at a second since the noon of the first day.
    pub fn event(&mut self, learner: u64, second: i64, body: Body) -> Event {
        self.next_id += 1;
        let mut event = plain(0, self.next_id, second, body);
        event.learner = pseudonym(learner);
        event.id = EventId(first_16(&Sha256::digest(self.next_id.to_be_bytes())));
        event
    }

    /// Folds events.
    pub async fn send(&mut self, events: &[Event]) {
        for events in events.chunks(200) {
            let packed: Vec<Rec> = records(self.place, events);
            self.place += packed.len();
            let answer = self.processor.handle(batch(&packed)).await.unwrap();
            assert!(answer.batch_item_failures.is_empty());
        }
    }

    pub async fn act(&mut self, learner: u64, second: i64, body: Body) {
        let event = self.event(learner, second, body);
        self.send(&[event]).await;
    }

    /// Events that arrive so many hours after they happened.
    pub async fn send_late(&mut self, mut events: Vec<Event>, hours: i64) {
        for event in &mut events {
            event.arrival_millis += hours * 3_600_000;
            if hours > 48 {
                event.flags.insert(Flags::LATE);
            }
        }
        self.send(&events).await;
    }

    /// Evaluates at a second since the noon of the first day.
    pub async fn try_evaluate(&mut self, second: i64) -> Result<Vec<DomainEvent>, EvaluatorError> {
        self.evaluated = sendable(self.evaluator.run(&[TENANT], at_millis(second), &self.limits)).await?;
        let events = self.sink.take();
        assert_eq!(self.evaluated.events, events.len() as u64);
        Ok(events)
    }

    pub async fn evaluate(&mut self, second: i64) -> Vec<DomainEvent> {
        self.try_evaluate(second).await.unwrap()
    }
}

/// Runs are spawned, and awaited in a function's handler.
fn sendable<F: Future + Send>(run: F) -> F {
    run
}

pub fn at_millis(second: i64) -> i64 {
    NOON_MILLIS + 1_000 * second
}

/// Any bucket.
pub fn pseudonym(learner: u64) -> Pseudonym {
    Pseudonym(first_16(&Sha256::digest(learner.to_be_bytes())))
}

pub fn viewed() -> Body {
    Body::Viewed { object: "page".into() }
}

/// A heartbeat on a video of 100 s.
pub fn watched(video: &str, from: i64, to: i64) -> Body {
    Body::Video(VideoEvent {
        action: VideoAction::Watched,
        video: video.into(),
        position_millis: Some(1_000 * from),
        to_millis: Some(1_000 * to),
        length_millis: Some(100_000),
        rate: None,
        threshold: None,
        segments: None,
    })
}

pub fn answered(quiz: &str, question: &str, correct: bool) -> Body {
    Body::Quiz(QuizEvent {
        quiz: quiz.into(),
        question: Some(question.into()),
        attempt: Some(1),
        correct: Some(correct),
        ..QuizEvent::default()
    })
}

/// The types of events.
pub fn kinds(events: &[DomainEvent]) -> Vec<&'static str> {
    events.iter().map(DomainEvent::detail_type).collect()
}
