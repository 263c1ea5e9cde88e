//! Runs seeds, side by side, and tells what diverged.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use trilha_sim::faults::KINDS;
use trilha_sim::run::Outcome;
use trilha_sim::seeds::run_all;

/// Parquet makes and drops large contexts for each column: the system's allocator gives them back every time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let started = Instant::now();
    let seeds = options.from..options.from.saturating_add(options.seeds);
    let total = run_all(seeds, options.jobs.unwrap_or(cores), (options.trace, options.first), report)?;
    let seconds = started.elapsed().as_secs_f64();
    for kind in KINDS {
        println!("{:>12}  {kind}", total.faults.get(kind).copied().unwrap_or(0));
    }
    let hit = KINDS.len() - total.missed().len();
    println!(
        "{} seeds, {} events, {} faults ({hit} of {} kinds), {} divergences; {:.0} seeds/s",
        total.seeds,
        total.events,
        total.faults.values().sum::<u64>(),
        KINDS.len(),
        total.diverged.len(),
        total.seeds as f64 / seconds
    );
    Ok(if total.diverged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(seed: u64, outcome: &Outcome) {
    if let Some(trace) = &outcome.trace {
        print!("{trace}");
    }
    for divergence in outcome.divergences.iter().take(8) {
        println!("seed {seed}: {divergence}");
    }
}
