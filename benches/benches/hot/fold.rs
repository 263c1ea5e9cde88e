//! From packed records to finished updates: batches through the live processor, learner state warm, into a table that takes
//! every put and keeps none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use tokio::runtime::{Builder, Runtime};
use trilha_benches::{NoStrays, TENANT, Taker};
use trilha_processors::batch::{Batch, BatchRecord, Content};
use trilha_processors::live::LiveProcessor;
use trilha_schemas::record::{self, Record};
use trilha_schemas::sequence::SequenceNumber;

use crate::input::Input;

const RECORD_EVENTS: usize = 500;
/// About what Lambda's 6 MB hold.
const BATCH_RECORDS: usize = 200;
const SHARD: &str = "bench/shard-0";
/// Nothing is forgotten.
const WARM_BYTES: usize = usize::MAX;

pub(crate) fn bench(criterion: &mut Criterion, input: &Input) {
    let batches = batches(input);
    // The first half makes the learners' state, the second is what is timed.
    let (before, timed) = batches.split_at(batches.len() / 2);
    let events: usize = timed.iter().flatten().map(|(_, bytes)| count(bytes)).sum();
    let runtime = Builder::new_current_thread().build().expect("a runtime starts");
    let mut group = criterion.benchmark_group("fold");
    let bytes: usize = timed.iter().flatten().map(|(_, bytes)| bytes.len()).sum();
    group.throughput(Throughput::ElementsAndBytes { elements: events as u64, bytes: bytes as u64 });
    group.bench_function("records read alone", |bencher| {
        bencher.iter(|| timed.iter().map(read).map(|batch| batch.records.len()).sum::<usize>());
    });
    group.bench_function("records to finished updates", |bencher| {
        bencher.iter_custom(|rounds| (0..rounds).map(|_| round(&runtime, before, timed)).sum());
    });
    group.finish();
}

type Bytes = Vec<(SequenceNumber, Vec<u8>)>;

fn round(runtime: &Runtime, before: &[Bytes], timed: &[Bytes]) -> Duration {
    let processor = LiveProcessor::new(Arc::new(Taker::of(SHARD)), NoStrays, "bench".into(), WARM_BYTES);
    let apply = |batch: &Bytes| runtime.block_on(processor.apply(read(batch))).expect("the table takes every put");
    before.iter().for_each(|batch| drop(apply(batch)));
    let start = Instant::now();
    let applied: u32 = timed.iter().map(|batch| apply(batch).folded.applied).sum();
    let taken = start.elapsed();
    assert!(applied > 0);
    taken
}

fn batches(input: &Input) -> Vec<Bytes> {
    let mut chunks: Vec<Vec<usize>> = Vec::new();
    input.by_bucket().iter().for_each(|bucket| chunks.extend(bucket.chunks(RECORD_EVENTS).map(<[usize]>::to_vec)));
    chunks.sort_by_key(|chunk| chunk[0]);
    let encode = |(number, chunk): (usize, Vec<usize>)| {
        let events: Vec<_> = chunk.into_iter().map(|at| input.events[at].clone()).collect();
        let number = SequenceNumber::parse(&(number + 1).to_string()).expect("a number is one");
        (number, record::encode(TENANT, &events))
    };
    let records: Vec<_> = chunks.into_iter().enumerate().map(encode).collect();
    records.chunks(BATCH_RECORDS).map(<[_]>::to_vec).collect()
}

fn read(batch: &Bytes) -> Batch {
    let record = |(number, bytes): &(SequenceNumber, Vec<u8>)| BatchRecord {
        sequence_number: *number,
        arrival_millis: 0,
        content: Content::Events(Record::read(bytes).expect("what was encoded is read")),
    };
    Batch { shard: SHARD.to_string(), records: batch.iter().map(record).collect() }
}

fn count(bytes: &[u8]) -> usize {
    Record::read(bytes).map_or(0, |record| record.len())
}
