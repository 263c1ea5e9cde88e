//! The collector's core beside typed parsing of the same bytes: from a request's body to packed records.
//!
//! Input: 20,000 events of the first day of a class of 1,000 learners, in bodies of 1, 20 and 500 events, as arrays and as
//! NDJSON. The learners have been there before, as in all but the first minutes of a collector's life. One thread, the
//! allocator of the `trilha` command, memory ports; records are counted as they come off the core, and dropped.
//! `cargo bench -p trilha-benches --bench collector`
//!
//! - *collector*: split, read, checked, pseudonymised, stamped, packed.
//! - *read*: the first half of it, split and read.
//! - *typed*: the bytes parsed into a struct of the same fields, texts owned or borrowed, and nothing else.
//!
//! What comes before: every event that the core packs is compared with one that was made of its JSON naively.

mod check;
mod door;
mod requests;
mod rounds;
mod typed;

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};
use trilha_benches::day;
use trilha_schemas::native;

use door::Door;
use requests::Requests;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: usize = 20_000;

criterion_group!(name = benches; config = config(); targets = collector);
criterion_main!(benches);

fn config() -> Criterion {
    let quick = Criterion::default().without_plots().sample_size(20);
    quick.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

fn collector(criterion: &mut Criterion) {
    let class = day(EVENTS);
    let runtime = Builder::new_current_thread().build().expect("a runtime needs no threads");
    let kinds = Requests::kinds(&class);
    for requests in &kinds {
        runtime.block_on(check::check(&class, requests)).expect("the core's events are those of the naive reader");
    }
    rounds::print(&runtime, &kinds);
    for requests in &kinds {
        bench(criterion.benchmark_group(format!("collector, {}", requests.name)), &runtime, requests);
    }
}

fn bench(mut group: BenchmarkGroup<'_, WallTime>, runtime: &Runtime, requests: &Requests) {
    let throughput = Throughput::ElementsAndBytes { elements: EVENTS as u64, bytes: requests.bytes() as u64 };
    group.sampling_mode(SamplingMode::Flat).throughput(throughput);
    let door = Door::known(runtime, requests);
    for (name, act) in CONTENDERS {
        group.bench_function(name, |bencher| bencher.iter(|| act(runtime, &door, requests)));
    }
    group.finish();
}

/// What is measured, the limit first.
type Contender = (&'static str, fn(&Runtime, &Door, &Requests));

const CONTENDERS: [Contender; 6] = [
    ("sonic-rs, typed, texts borrowed", |_, _, requests| {
        requests.each(|body| typed::sonic::<typed::Borrowed<'_>>(body))
    }),
    ("sonic-rs, typed, texts owned", |_, _, requests| requests.each(|body| typed::sonic::<typed::Owned>(body))),
    ("serde_json, typed, texts borrowed", |_, _, requests| {
        requests.each(|body| typed::serde::<typed::Borrowed<'_>>(body))
    }),
    ("serde_json, typed, texts owned", |_, _, requests| requests.each(|body| typed::serde::<typed::Owned>(body))),
    ("read", |_, _, requests| requests.each(read)),
    ("collector", |runtime, door, requests| runtime.block_on(door.take(requests))),
];

fn read(body: &str) -> usize {
    let texts = native::split(body).expect("a body of JSON");
    texts.iter().for_each(|text| drop(black_box(native::read(text))));
    texts.len()
}
