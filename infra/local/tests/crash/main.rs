//! Processes are killed at all kinds of moments, under load, again and again. What was acknowledged must be there once,
//! nothing twice.
//!
//! Each of several folders is made, killed some 20 times and checked. `TRILHA_KILLS` sets how many kills a run makes,
//! `TRILHA_SEED` (printed by each run) repeats a run's choices. A folder that fails is kept.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod check;
mod folder;
mod load;
mod moments;
mod tally;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use folder::Folder;
use support::events::mix;
use tally::Tally;

const KILLS: u64 = 40;
/// A folder sees so many kills at most, so that its check stays short and many first starts are seen.
const KILLS_OF_A_FOLDER: u64 = 20;
/// So many folders at once: while one waits for its moment, another works.
const WORKERS: u64 = 2;

#[test]
fn what_is_acknowledged_survives_every_kill_and_nothing_counts_twice() {
    let (kills, seed) = (number("TRILHA_KILLS").unwrap_or(KILLS), number("TRILHA_SEED").unwrap_or_else(any_seed));
    println!("TRILHA_KILLS={kills} TRILHA_SEED={seed}");
    let folders = kills.div_ceil(KILLS_OF_A_FOLDER).max(WORKERS.min(kills));
    let (next, failed, tally) = (AtomicU64::new(0), AtomicBool::new(false), Mutex::new(Tally::default()));
    let work = || {
        while let number = next.fetch_add(1, Ordering::SeqCst)
            && number < folders
            && !failed.load(Ordering::SeqCst)
        {
            let told = Failure(&failed);
            let kills_here = kills / folders + u64::from(number < kills % folders);
            let found = Folder::new(mix(seed ^ number)).run(kills_here);
            drop(told);
            println!("folder {} of {folders}: {found}", number + 1);
            tally.lock().unwrap().add(&found);
        }
    };
    thread::scope(|scope| (0..WORKERS).for_each(|_| drop(scope.spawn(work))));
    let tally = tally.into_inner().unwrap();
    println!("TRILHA_SEED={seed}: {tally}");
    assert_eq!(tally.all_kills(), kills);
}

/// Tells the other workers, so that they end too.
struct Failure<'a>(&'a AtomicBool);

impl Drop for Failure<'_> {
    fn drop(&mut self) {
        self.0.fetch_or(thread::panicking(), Ordering::SeqCst);
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    mix(now.as_nanos() as u64) % 1_000_000_000
}
