//! A run follows from its seed alone: nothing in it may ask a clock, the system's randomness, or a map without an order.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use tokio::runtime::Builder;
use trilha_sim::run::run;

#[test]
fn the_same_seed_gives_the_same_trace_line_for_line() {
    let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    for seed in 0..12 {
        let [first, second] = [(), ()].map(|()| run(&runtime, seed, true).trace.unwrap());
        assert!(first.lines().count() > 100, "seed {seed}");
        let other = first.lines().zip(second.lines()).find(|(one, other)| one != other);
        assert_eq!(other, None, "seed {seed}");
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}
