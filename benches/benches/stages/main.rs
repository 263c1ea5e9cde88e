//! Each stage by itself, all on one input: 20,000 events of the first day of a class of 1,000 learners, taken in by
//! requests of 500 events over 4 shards.
//!
//! One thread, except that the lake's stages write files on another. Throughput is in these events and in bytes of
//! their JSON throughout, so the stages of one run compare. `cargo bench -p trilha-benches --bench stages`

mod fold;
mod input;
mod lake;

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use trilha_benches::{REQUEST_EVENTS, TENANT};
use trilha_schemas::{native, record};

use input::Input;

type Group<'c> = BenchmarkGroup<'c, WallTime>;

const EVENTS: usize = 20_000;

criterion_group!(name = benches; config = config(); targets = stages);
criterion_main!(benches);

fn config() -> Criterion {
    let quick = Criterion::default().without_plots().sample_size(20);
    quick.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4))
}

fn stages(criterion: &mut Criterion) {
    let input = Input::new(EVENTS).expect("the class is accepted");
    eprintln!("{input}");
    let mut group = criterion.benchmark_group("stages");
    let throughput = Throughput::ElementsAndBytes { elements: EVENTS as u64, bytes: input.json_bytes() as u64 };
    group.sampling_mode(SamplingMode::Flat).throughput(throughput);
    read(&mut group, &input);
    encode(&mut group, &input);
    decode(&mut group, &input);
    fold::bench(&mut group, &input.events);
    lake::columns(&mut group, &input);
    lake::landing(&mut group, &input);
    lake::compaction(&mut group, &input);
    group.finish();
}

fn read(group: &mut Group<'_>, input: &Input) {
    let read = |json: &str| native::read(json).expect("the simulator writes valid events");
    group.bench_function("native JSON, read", |bencher| {
        bencher.iter(|| input.class.iter().for_each(|event| drop(black_box(read(&event.json)))));
    });
}

fn encode(group: &mut Group<'_>, input: &Input) {
    group.bench_function("records, packed and encoded", |bencher| {
        let requests = || input.events.chunks(REQUEST_EVENTS);
        bencher.iter(|| requests().for_each(|events| drop(black_box(record::pack(TENANT, events)))));
    });
}

fn decode(group: &mut Group<'_>, input: &Input) {
    let decode = |bytes: &[u8]| record::decode(bytes).expect("the collector puts records of ours");
    group.bench_function("records, decoded", |bencher| {
        bencher.iter(|| input.records.iter().for_each(|bytes| drop(black_box(decode(bytes)))));
    });
}
