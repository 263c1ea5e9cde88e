//! When to kill.

use std::fmt;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::events::{mix, shuffle};

/// What a process is doing when it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Making the folder.
    FirstStart,
    /// Opening what was left, repairing it.
    Start,
    /// Taking requests.
    Put,
    /// Folding batches.
    Fold,
    /// Writing landing files.
    Land,
    /// Compacting the lake.
    Compact,
    /// Applying what was accepted, compacting, closing.
    Stop,
    /// Driving quarantine rows again.
    Redrive,
}

const PHASES: [Phase; 7] =
    [Phase::Start, Phase::Put, Phase::Fold, Phase::Land, Phase::Compact, Phase::Stop, Phase::Redrive];

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Phase::FirstStart => "first start",
            Phase::Start => "start",
            Phase::Put => "put",
            Phase::Fold => "fold",
            Phase::Land => "landing",
            Phase::Compact => "compaction",
            Phase::Stop => "stop",
            Phase::Redrive => "re-drive",
        })
    }
}

/// Choices that follow from a seed.
pub(crate) struct Dice {
    seed: u64,
    thrown: u64,
    /// Phases that were not chosen yet of a set of all.
    deck: Vec<Phase>,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice { seed, thrown: 0, deck: Vec::new() }
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.thrown += 1;
        mix(self.seed ^ mix(self.thrown)) % bound.max(1)
    }

    /// Anywhere in a time, by microseconds.
    pub(crate) fn within(&mut self, time: Duration) -> Duration {
        Duration::from_micros(self.below(time.as_micros() as u64))
    }

    /// Each phase as often as any other, in no order.
    pub(crate) fn phase(&mut self) -> Phase {
        if self.deck.is_empty() {
            self.deck = PHASES.to_vec();
            let seed = self.below(u64::MAX);
            shuffle(&mut self.deck, seed);
        }
        self.deck.pop().unwrap()
    }
}

/// Waits until folders have changed so often, or for some time. Whether they have.
pub(crate) fn wait_for_changes(folders: &[PathBuf], changes: u64) -> bool {
    let (began, mut seen, mut before) = (Instant::now(), 0, names(folders));
    while began.elapsed() < Duration::from_secs(3) {
        let now = names(folders);
        seen += u64::from(now != before);
        before = now;
        if seen >= changes {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// Everything under some folders. What goes meanwhile is left out.
pub(crate) fn names(folders: &[PathBuf]) -> Vec<String> {
    let mut names = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            names.push(path.display().to_string());
            if path.is_dir() {
                names.extend(self::names(&[path]));
            }
        }
    }
    names.sort();
    names
}
