//! Trilha's side of the peers bench; `benches/peers/run` calls it, and says what is measured.

mod aggregates;
mod layouts;
mod write;

use std::path::Path;

use trilha_benches::Bench;

const USAGE: &str = "usage:
  peers aggregates FILE ANSWERS THREADS   the file's events as aggregates, written to ANSWERS; prints rates
  peers layouts EVENTS FOLDER             a class's lake below FOLDER: compacted, and as batches left it
  peers write SORTED THREADS              the rows of a Parquet file, written as a published file a thread; prints the rate";

fn main() -> Bench {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["aggregates", file, answers, threads] => {
            aggregates::run(Path::new(file), Path::new(answers), threads.parse()?)
        }
        ["layouts", events, folder] => layouts::run(events.parse()?, Path::new(folder)),
        ["write", sorted, threads] => write::run(Path::new(sorted), threads.parse()?),
        _ => Err(USAGE.into()),
    }
}

/// Runs so often; answers the shortest time, in seconds, and the last result.
fn best<T>(mut act: impl FnMut() -> Bench<T>) -> Bench<(f64, T)> {
    const RUNS: usize = 3;
    let mut best = (f64::INFINITY, None);
    for _ in 0..RUNS {
        let started = std::time::Instant::now();
        let result = act()?;
        best = (best.0.min(started.elapsed().as_secs_f64()), Some(result));
    }
    Ok((best.0, best.1.ok_or("no run")?))
}
