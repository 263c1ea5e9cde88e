//! The product holds what it promises in a thousand runs. `TRILHA_SEEDS` and `TRILHA_FROM` choose others.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use trilha_sim::faults::KINDS;
use trilha_sim::run::run;
use trilha_sim::seeds::{run_all, runtime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn no_run_diverges_and_every_kind_of_fault_is_seen() {
    let (from, seeds) = (number("TRILHA_FROM", 0), number("TRILHA_SEEDS", 1000));
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let total = run_all(from..from + seeds, jobs, (false, false), |seed, outcome| {
        outcome.divergences.iter().take(4).for_each(|divergence| println!("seed {seed}: {divergence}"));
    });
    let total = total.unwrap();
    assert_eq!(total.seeds, seeds);
    assert!(total.diverged.is_empty(), "run alone with --trace: {:?}", total.diverged);
    assert!(total.faults.keys().all(|kind| KINDS.contains(kind)), "a fault that is not listed");
    assert!(seeds < 1000 || total.missed().is_empty(), "never seen: {:?}", total.missed());
}

#[test]
fn a_seed_gives_the_same_trace_byte_for_byte() {
    for seed in 0..12 {
        let traced = || {
            // On a thread and a runtime of its own: nothing of one run may show in another.
            std::thread::spawn(move || run(&runtime().unwrap(), seed, true).trace.unwrap()).join().unwrap()
        };
        let (one, other) = (traced(), traced());
        let differs = one.lines().zip(other.lines()).find(|(one, other)| one != other);
        assert!(one == other, "seed {seed}: {differs:?}");
        assert!(one.lines().count() > 100, "seed {seed} leaves no trace");
    }
}
