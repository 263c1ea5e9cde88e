//! Many runs side by side.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Runtime};

use crate::faults::KINDS;
use crate::run::{Outcome, run};

/// What some runs came to.
#[derive(Debug, Default)]
pub struct Total {
    /// How many.
    pub seeds: u64,
    /// Events that were made.
    pub events: u64,
    /// Faults, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// The seeds that diverged.
    pub diverged: Vec<u64>,
}

impl Total {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.seeds += 1;
        self.events += outcome.events;
        for (kind, count) in &outcome.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        if !outcome.divergences.is_empty() {
            self.diverged.push(seed);
        }
    }

    /// The kinds of fault that no run had.
    pub fn missed(&self) -> Vec<&'static str> {
        KINDS.into_iter().filter(|kind| !self.faults.contains_key(kind)).collect()
    }
}

/// What a run needs: one thread, and one for what may block.
///
/// # Errors
/// When the system has no thread to give.
pub fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().max_blocking_threads(1).build()
}

/// Runs seeds on so many threads; `each` hears of every run. `first` stops at the first that diverges.
///
/// # Errors
/// When the system has no thread to give.
pub fn run_all(
    seeds: Range<u64>,
    jobs: usize,
    (tracing, first): (bool, bool),
    each: impl Fn(u64, &Outcome) + Sync,
) -> std::io::Result<Total> {
    let (next, total) = (AtomicU64::new(seeds.start), Mutex::new(Total::default()));
    let work = || -> std::io::Result<()> {
        let runtime = runtime()?;
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let is_over = first && !total.lock().unwrap_or_else(PoisonError::into_inner).diverged.is_empty();
            if seed >= seeds.end || is_over {
                return Ok(());
            }
            let outcome = run(&runtime, seed, tracing);
            let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
            each(seed, &outcome);
            total.add(seed, &outcome);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner))
}
