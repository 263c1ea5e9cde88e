//! The record codec: bytes an event beside NDJSON under zstd, and how fast records are written and read.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use trilha_benches::TENANT;
use trilha_schemas::event::Event;
use trilha_schemas::record::{self, Record};

use crate::input::Input;

const SIZES: [usize; 4] = [1, 10, 100, 500];
/// Records are taken from all over the class.
const SAMPLES: usize = 400;
/// zstd's default.
const NDJSON_LEVEL: i32 = 3;
/// What issue and README promise.
const GOAL: f64 = 0.75;

/// Prints bytes an event, by events a record: of one learner's events, and of the learners of a bucket.
pub(crate) fn sizes(name: &str, input: &Input) {
    eprintln!("{name}, {} events", input.events.len());
    eprintln!("bytes an event | events a record | NDJSON | NDJSON + zstd | record | record : NDJSON + zstd");
    for (whose, groups) in [("a learner", input.by_learner()), ("a bucket", input.by_bucket())] {
        for events in SIZES {
            let chunks: Vec<&[usize]> = groups.iter().flat_map(|group| group.chunks_exact(events)).collect();
            let step = chunks.len().div_ceil(SAMPLES).max(1);
            let (mut plain, mut packed, mut ours, mut count) = (0, 0, 0, 0);
            for chunk in chunks.into_iter().step_by(step) {
                let ndjson: String = chunk.iter().map(|at| format!("{}\n", input.sent[*at])).collect();
                plain += ndjson.len();
                packed += zstd::bulk::compress(ndjson.as_bytes(), NDJSON_LEVEL).expect("zstd compresses").len();
                ours += checked(chunk.iter().map(|at| input.events[*at].clone()).collect()).len();
                count += events;
            }
            if count > 0 {
                let each = |bytes: usize| bytes as f64 / count as f64;
                let ratio = ours as f64 / packed as f64;
                let met = if ratio <= GOAL { "" } else { "  above the goal" };
                let (plain, packed, ours) = (each(plain), each(packed), each(ours));
                eprintln!("{whose:9} | {events:4} | {plain:6.1} | {packed:6.1} | {ours:6.1} | {ratio:.3}{met}");
            }
        }
    }
}

/// A record that reads back to what was written.
fn checked(events: Vec<Event>) -> Vec<u8> {
    let bytes = record::encode(TENANT, &events);
    let decoded = record::decode(&bytes).expect("what was encoded decodes");
    assert_eq!(decoded.events, events);
    bytes
}

pub(crate) fn bench(criterion: &mut Criterion, input: &Input) {
    let mut group = criterion.benchmark_group("codec");
    for events in SIZES {
        let records: Vec<Vec<Event>> = input
            .by_bucket()
            .iter()
            .flat_map(|bucket| bucket.chunks_exact(events).take(20_000 / events / 4))
            .map(|chunk| chunk.iter().map(|at| input.events[*at].clone()).collect())
            .collect();
        let count: usize = records.iter().map(Vec::len).sum();
        let encoded: Vec<Vec<u8>> = records.iter().map(|events| record::encode(TENANT, events)).collect();
        let bytes: usize = encoded.iter().map(Vec::len).sum();
        group.throughput(Throughput::ElementsAndBytes { elements: count as u64, bytes: bytes as u64 });
        group.bench_function(format!("written, {events} events a record"), |bencher| {
            bencher.iter(|| records.iter().for_each(|events| drop(black_box(record::encode(TENANT, events)))));
        });
        group.bench_function(format!("read, {events} events a record"), |bencher| {
            bencher.iter(|| encoded.iter().for_each(|bytes| drop(black_box(Record::read(bytes)))));
        });
    }
    group.finish();
}
