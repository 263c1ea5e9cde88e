//! Runs seeds, side by side, and tells what diverged.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::Context;
use clap::Parser;
use trilha_sim::run::{Outcome, run};

/// Simulates the pipeline under every fault, seed by seed, and compares with an oracle.
///
/// A seed that diverges is named; run it alone with its trace: `trilha-sim --from SEED --trace`.
#[derive(Parser)]
struct Options {
    /// How many seeds
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many at a time; by default one for each core
    #[arg(long)]
    jobs: Option<usize>,
    /// Print what happens, a line each
    #[arg(long)]
    trace: bool,
    /// Stop at the first seed that diverges
    #[arg(long)]
    first: bool,
}

#[derive(Default)]
struct Total {
    seeds: u64,
    events: u64,
    faults: BTreeMap<&'static str, u64>,
    diverged: Vec<u64>,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (next, total) = (AtomicU64::new(0), Mutex::new(Total::default()));
    let started = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..options.jobs.unwrap_or(cores)).map(|_| scope.spawn(|| work(&options, &next, &total))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    let total = total.into_inner().context("a worker panicked")?;
    let seconds = started.elapsed().as_secs_f64();
    for (kind, count) in &total.faults {
        println!("{count:>12}  {kind}");
    }
    println!(
        "{} seeds, {} events, {} faults of {} kinds, {} divergences; {:.0} seeds/s",
        total.seeds,
        total.events,
        total.faults.values().sum::<u64>(),
        total.faults.len(),
        total.diverged.len(),
        total.seeds as f64 / seconds
    );
    Ok(if total.diverged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn work(options: &Options, next: &AtomicU64, total: &Mutex<Total>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build()?;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let stops = options.first && total.lock().is_ok_and(|total| !total.diverged.is_empty());
        if number >= options.seeds || stops {
            return Ok(());
        }
        let seed = options.from + number;
        let outcome = run(&runtime, seed, options.trace);
        let mut total = total.lock().map_err(|_| anyhow::anyhow!("a worker panicked"))?;
        report(seed, &outcome);
        total.add(seed, outcome);
    }
}

fn report(seed: u64, outcome: &Outcome) {
    if let Some(trace) = &outcome.trace {
        print!("{trace}");
    }
    for divergence in outcome.divergences.iter().take(8) {
        println!("seed {seed}: {divergence}");
    }
}

impl Total {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.seeds += 1;
        self.events += outcome.events;
        for (kind, count) in outcome.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        if !outcome.divergences.is_empty() {
            self.diverged.push(seed);
        }
    }
}
