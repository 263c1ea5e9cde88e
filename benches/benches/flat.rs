//! Whether an event costs the same however many learners lie in memory: the same batches of the same learners, while ten
//! thousand of them or a million are warm. What memory takes is shown apart: two look-ups an event, one after the other, in a
//! map of as many names, which bring what no cache holds; and what an event costs more where the batches are of all learners,
//! whose items no cache holds either. `cargo bench -p trilha-benches --bench flat`

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use tokio::runtime::{Builder, Runtime};
use trilha_benches::{NoStrays, TENANT, Taker};
use trilha_processors::batch::{Batch, BatchRecord, Content};
use trilha_processors::live::LiveProcessor;
use trilha_schemas::event::{Body, Event, Protocol, Role, Source, VideoAction, VideoEvent};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::record::{self, Record};
use trilha_schemas::sequence::SequenceNumber;

/// As `trilha` has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SHARD: &str = "bench/shard-0";
const LEARNERS: [u32; 3] = [10_000, 100_000, 1_000_000];
const RECORD_EVENTS: usize = 500;
const BATCH_EVENTS: u32 = 20_000;
/// The first makes what the others find.
const ROUNDS: u32 = 17;
/// What the issue allows between the least and the most learners.
const MOST: f64 = 1.10;
/// What else the machine does passes; what events cost more does not, and shows each time.
const TRIES: u32 = 3;
const EMPTIED_BYTES: usize = 128 << 20;
const START_MILLIS: i64 = 1_767_600_000_000;
const BEAT_MILLIS: i64 = 15_000;

/// Prints nanoseconds an event, and fails where an event costs more for the learners that are in memory beside its own.
fn main() {
    let runtime = Builder::new_current_thread().build().expect("a runtime starts");
    let is_flat = (0..TRIES).any(|_| Measured::new(&runtime).is_flat());
    assert!(is_flat, "learners in memory make an event cost over {MOST} of what it costs with the least");
}

/// Nanoseconds an event by round, for each number of learners.
struct Measured {
    /// Of events of the same learners.
    same: Vec<Vec<f64>>,
    /// Of looking the same learners' items up.
    found: Vec<Vec<f64>>,
    /// Of events of all learners.
    all: Vec<Vec<f64>>,
}

impl Measured {
    fn new(runtime: &Runtime) -> Measured {
        let mut consumers: Vec<Consumer> = LEARNERS.iter().map(|learners| Consumer::warm(runtime, *learners)).collect();
        let names: Vec<Names> = LEARNERS.iter().map(|learners| Names::new(*learners)).collect();
        let times = || vec![Vec::new(); LEARNERS.len()];
        let mut measured = Measured { same: times(), found: times(), all: times() };
        // First the same, while items of all consumers hold as much.
        for round in 1..=ROUNDS {
            for (at, (consumer, names)) in consumers.iter_mut().zip(&names).enumerate() {
                measured.same[at].push(consumer.apply(runtime, LEARNERS[0], round));
                empty_caches();
                measured.found[at].push(names.look_up(LEARNERS[0]));
            }
        }
        for round in 1..=ROUNDS {
            for (at, consumer) in consumers.iter_mut().enumerate() {
                measured.all[at].push(consumer.apply(runtime, LEARNERS[at], ROUNDS + round));
            }
        }
        measured
    }

    fn is_flat(&self) -> bool {
        let same = |at: usize| median(&self.same[at]);
        let rest = |at: usize| same(at) - median(&self.found[at]);
        eprintln!("learners | ns an event of the same | to 10,000 | but for look-ups | to 10,000 | ns an event of all");
        let mut most = 0f64;
        for (at, learners) in LEARNERS.iter().enumerate() {
            let (with, without) = (same(at) / same(0), rest(at) / rest(0));
            let (same, rest, all) = (same(at), rest(at), median(&self.all[at]));
            eprintln!("{learners:8} | {same:23.0} | {with:9.2} | {rest:16.0} | {without:9.2} | {all:18.0}");
            most = most.max(without);
        }
        most <= MOST
    }
}

/// Names of learners' items as a consumer finds them, each with the one to look up next.
struct Names(HashMap<[u32; 8], u32, RandomState>);

impl Names {
    fn new(learners: u32) -> Names {
        let names = (0..learners).flat_map(|learner| [(name(learner, 0), learner), (name(learner, 1), learner + 1)]);
        Names(names.collect())
    }

    /// Two items an event, one after the other: what is found tells what is looked for next.
    fn look_up(&self, learners: u32) -> f64 {
        let start = Instant::now();
        let mut events = 0;
        while events < BATCH_EVENTS {
            let mut learner = 0;
            while learner < learners {
                learner = self.0[&name(self.0[&name(learner, 0)], 1)];
                events += 1;
            }
        }
        start.elapsed().as_nanos() as f64 / f64::from(events)
    }
}

fn name(learner: u32, kind: u32) -> [u32; 8] {
    [0, learner, 0, 0, 1, kind, 1, 0]
}

/// Of all rounds but the first.
fn median(rounds: &[f64]) -> f64 {
    let mut rounds = rounds[1..].to_vec();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

struct Consumer {
    processor: LiveProcessor<Taker, NoStrays>,
    records: u64,
}

impl Consumer {
    /// All of its learners have watched something.
    fn warm(runtime: &Runtime, learners: u32) -> Consumer {
        let processor = LiveProcessor::new(Arc::new(Taker::of(SHARD)), NoStrays, "bench".into(), usize::MAX);
        let mut consumer = Consumer { processor, records: 0 };
        for first in (0..learners).step_by(BATCH_EVENTS as usize) {
            let learners: Vec<u32> = (first..learners.min(first + BATCH_EVENTS)).collect();
            consumer.apply_to(runtime, &learners, 0);
        }
        consumer
    }

    /// One batch of events of some of the first so many learners, each event another learner's as far as there are
    /// enough; answers nanoseconds an event.
    fn apply(&mut self, runtime: &Runtime, learners: u32, beat: u32) -> f64 {
        let step = (learners / BATCH_EVENTS).max(1);
        let learners: Vec<u32> = (0..BATCH_EVENTS).map(|at| (at * step) % learners).collect();
        self.apply_to(runtime, &learners, beat).as_nanos() as f64 / f64::from(BATCH_EVENTS)
    }

    fn apply_to(&mut self, runtime: &Runtime, learners: &[u32], beat: u32) -> Duration {
        let mut seen = HashMap::<u32, u32>::new();
        let events: Vec<Event> = learners
            .iter()
            .map(|learner| {
                let again = seen.entry(*learner).or_default();
                *again += 1;
                heartbeat(*learner, 2 * beat + *again - 1)
            })
            .collect();
        let records = events.chunks(RECORD_EVENTS).map(|events| {
            self.records += 1;
            let bytes = record::encode(TENANT, events);
            BatchRecord {
                sequence_number: SequenceNumber::parse(&self.records.to_string()).expect("a number is one"),
                arrival_millis: 0,
                content: Content::Events(Record::read(&bytes).expect("what was encoded is read")),
            }
        });
        let batch = Batch { shard: SHARD.to_string(), records: records.collect() };
        empty_caches();
        let start = Instant::now();
        let applied = runtime.block_on(self.processor.apply(batch)).expect("the table takes every put");
        let taken = start.elapsed();
        assert_eq!(applied.folded.duplicates, 0);
        taken
    }
}

/// Every round begins with caches that hold nothing of it.
fn empty_caches() {
    black_box(vec![1u8; EMPTIED_BYTES].iter().step_by(64).map(|byte| u64::from(*byte)).sum::<u64>());
}

fn heartbeat(learner: u32, beat: u32) -> Event {
    let mut pseudonym = [0; 16];
    pseudonym[2..6].copy_from_slice(&learner.to_be_bytes());
    let mut id = [7; 16];
    // Ids are evenly spread.
    let spread = (u64::from(learner) << 32 | u64::from(beat)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    id[..8].copy_from_slice(&spread.to_be_bytes());
    let from = i64::from(beat) * BEAT_MILLIS;
    let time_millis = START_MILLIS + from;
    Event {
        id: EventId(id),
        learner: Pseudonym(pseudonym),
        course: "course".into(),
        session: Some("session".into()),
        role: Role::Learner,
        title: None,
        time_millis: Some(time_millis),
        arrival_millis: time_millis,
        zone_offset_minutes: -180,
        settings_version: 1,
        flags: Flags::empty(),
        protocol: Protocol::Native,
        source: Source::None,
        body: Body::Video(VideoEvent {
            action: VideoAction::Watched,
            video: "video".into(),
            position_millis: Some(from),
            to_millis: Some(from + BEAT_MILLIS),
            length_millis: Some(3_600_000),
            rate: None,
            threshold: None,
            segments: None,
        }),
    }
}
