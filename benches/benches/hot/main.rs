//! The hot path on one core: the record codec, and the fold from packed records to finished updates.
//!
//! The class is one of 1,000,000 events; its learners lie in few buckets, as those of a busy platform do, so that records
//! are full. Ratios are within one run. `cargo bench -p trilha-benches --bench hot`

mod codec;
mod fold;
mod input;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use input::Input;

/// As `trilha` has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

criterion_group!(name = benches; config = config(); targets = hot);
criterion_main!(benches);

fn config() -> Criterion {
    let quick = Criterion::default().without_plots().sample_size(10);
    quick.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4))
}

fn hot(criterion: &mut Criterion) {
    let input = Input::new();
    codec::sizes("the class", &input);
    match Input::real() {
        Some(real) => codec::sizes("real statements", &real),
        None => eprintln!("real statements: skipped, no fixtures at ../shared/fixtures"),
    }
    codec::bench(criterion, &input);
    fold::bench(criterion, &input);
}
