//! Whether an event costs the same however many learners lie in memory: the same batches of the same learners, while ten
//! thousand of them or a million are warm; and what it costs more where the batches are of all of them, which is what
//! memory takes to bring them. `cargo bench -p trilha-benches --bench flat`

use std::sync::Arc;
use std::time::{Duration, Instant};

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
const ROUNDS: u32 = 9;
/// What the issue allows between the least and the most learners.
const MOST: f64 = 1.10;
const START_MILLIS: i64 = 1_767_600_000_000;
const BEAT_MILLIS: i64 = 15_000;

/// Prints nanoseconds an event, and fails where an event costs more for the learners that are in memory beside its own.
fn main() {
    let runtime = Builder::new_current_thread().build().expect("a runtime starts");
    let mut consumers: Vec<Consumer> = LEARNERS.iter().map(|learners| Consumer::warm(&runtime, *learners)).collect();
    let (mut same, mut all) = (vec![Vec::new(); consumers.len()], vec![Vec::new(); consumers.len()]);
    for round in 1..=ROUNDS {
        for (at, consumer) in consumers.iter_mut().enumerate() {
            same[at].push(consumer.apply(&runtime, LEARNERS[0], round));
            all[at].push(consumer.apply(&runtime, LEARNERS[at], ROUNDS + round));
        }
    }
    eprintln!(
        "learners in memory | ns an event of the same 10,000 | to 10,000 | ns an event of all of them | memory's share"
    );
    for (at, learners) in LEARNERS.iter().enumerate() {
        let ratio = median(same[at].iter().zip(&same[0]).map(|(one, first)| one / first));
        let (one, other) = (median(same[at].iter().copied()), median(all[at].iter().copied()));
        eprintln!("{learners:9} | {one:6.0} | {ratio:.3} | {other:6.0} | {:6.0}", other - one);
        assert!(
            ratio <= MOST,
            "{learners} learners in memory make an event cost {ratio:.3} of what it costs with the least"
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.skip(1).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
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
        let mut seen = std::collections::HashMap::<u32, u32>::new();
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
        let start = Instant::now();
        let applied = runtime.block_on(self.processor.apply(batch)).expect("the table takes every put");
        let taken = start.elapsed();
        assert_eq!(applied.folded.duplicates, 0);
        taken
    }
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
