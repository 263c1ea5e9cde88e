//! What was counted of a sample.

use std::time::Duration;

use crate::asked::{BATCH_BYTES, BATCH_RECORDS, POLL_SECONDS};
use crate::plant::Calls;
use crate::ports::{IdentityCounts, ManifestCounts, SettingsCounts, StorageCounts, StreamCounts, TableCounts};

/// What ends a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It has gathered for its window.
    Window,
    /// It has as many records as Lambda takes.
    Records,
    /// It has as many bytes as Lambda takes.
    Bytes,
}

/// How often a shard's batches come, under the whole load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rhythm {
    /// Seconds from batch to batch.
    pub seconds: f64,
    /// Why not later.
    pub end: End,
    /// Seconds that a window takes.
    pub window_seconds: f64,
    /// Seconds in which as much comes as Lambda takes.
    pub full_seconds: f64,
}

impl Rhythm {
    /// Of a shard that gets so many records a second, each so long when it is handed over. A window begins with a
    /// record, and ends with a poll.
    pub fn of(window_seconds: u32, records_per_second: f64, record_bytes: f64) -> Rhythm {
        let gathered = f64::from(window_seconds).max(POLL_SECONDS) + 1.0 / records_per_second;
        let full = BATCH_RECORDS as f64 / records_per_second;
        let heavy = BATCH_BYTES / (records_per_second * record_bytes);
        let rhythms = [(gathered, End::Window), (full, End::Records), (heavy, End::Bytes)];
        let earliest = rhythms.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
        let (seconds, end) = earliest.unwrap_or((gathered, End::Window));
        Rhythm { seconds: seconds.max(POLL_SECONDS), end, window_seconds: gathered, full_seconds: full.min(heavy) }
    }

    /// Whatever a batch may hold.
    pub fn unbounded(seconds: u32) -> Rhythm {
        let seconds = f64::from(seconds).max(POLL_SECONDS);
        Rhythm { seconds, end: End::Window, window_seconds: seconds, full_seconds: f64::INFINITY }
    }

    /// Seconds from batch to batch where so many times as much comes: it is full sooner.
    pub fn seconds_at(&self, load: f64) -> f64 {
        self.window_seconds.min(self.full_seconds / load).max(POLL_SECONDS)
    }
}

/// What was counted at one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// What was asked for, in seconds.
    pub window_seconds: u32,
    /// What came of it.
    pub rhythm: Rhythm,
    /// How long it was counted, in the class's time.
    pub seconds: f64,
    /// The collector's calls.
    pub collected: Calls,
    /// The live processor's.
    pub applied: Calls,
    /// What was put on the stream.
    pub stream: StreamCounts,
    /// What the live table was asked.
    pub table: TableCounts,
    /// What the identities were.
    pub identities: IdentityCounts,
    /// What the settings were.
    pub settings: SettingsCounts,
}

/// What the lake was asked.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LakeCounted {
    /// The writer's calls.
    pub landed: Calls,
    /// What they put.
    pub landing: StorageCounts,
    /// What they committed.
    pub commits: ManifestCounts,
    /// Compactions.
    pub compactions: u64,
    /// Rows that they read and wrote.
    pub rows: u64,
    /// What they computed.
    pub cpu: Duration,
    /// What they asked of the storage.
    pub storage: StorageCounts,
    /// … and of the manifest.
    pub manifest: ManifestCounts,
    /// Runs of the workflow.
    pub runs: u64,
    /// What their other steps asked of the manifest: those that are made once for all days.
    pub of_runs: ManifestCounts,
    /// What a run takes of days before its own.
    pub late: Late,
    /// … were there one an hour.
    pub late_hourly: Late,
}

/// What a run takes of days before its own.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Late {
    /// So many days, on average.
    pub days: f64,
    /// So many rows of each, on average.
    pub rows: f64,
    /// Landing files that these are in.
    pub files: f64,
    /// Landing files that stay from run to run, for rows in them wait.
    pub held: f64,
}

/// What an evaluation asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EvaluatorCounted {
    /// Learners whose items it read.
    pub learners_read: u64,
    /// Domain events that it told.
    pub told: u64,
    /// Of the live table.
    pub table: TableCounts,
    /// Of its own.
    pub status: TableCounts,
    /// Of the settings.
    pub settings: SettingsCounts,
    /// What it computed.
    pub cpu: Duration,
}

/// All that was counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// By window, in the order asked for.
    pub windows: Vec<Counted>,
    /// With the writes put off, if that was asked for.
    pub deferred: Option<Counted>,
    /// In the rhythms of the first window's batches at the peaks of days, where they are full sooner.
    pub sooner: Vec<Counted>,
    /// At the first window.
    pub lake: LakeCounted,
    /// … after it.
    pub evaluator: EvaluatorCounted,
    /// Bytes of all items of the live table at the end.
    pub stored_bytes: u64,
    /// Events behind them.
    pub stored_events: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(window: u32, per_second: f64, bytes: f64, seconds: f64, end: End) {
        let rhythm = Rhythm::of(window, per_second, bytes);
        assert!((rhythm.seconds - seconds).abs() < 0.01, "{rhythm:?}");
        assert_eq!(rhythm.end, end);
    }

    #[test]
    fn a_batch_ends_by_its_window_its_records_or_its_bytes() {
        check(60, 100.0, 500.0, 60.01, End::Window);
        check(0, 100.0, 500.0, 1.01, End::Window);
        check(60, 200.0, 500.0, 50.0, End::Records);
        check(60, 200.0, 1_000.0, 31.46, End::Bytes);
        check(5, 0.1, 500.0, 15.0, End::Window);
        check(5, 100_000.0, 500.0, 1.0, End::Records);
    }

    #[test]
    fn at_a_peak_a_batch_is_full_before_its_window_ends() {
        // 10,000 records are there after 80 s, at twice the load after 40.
        let rhythm = Rhythm::of(59, 125.0, 100.0);
        let seconds = [0.1, 1.0, 1.25, 2.0, 1_000.0].map(|load| rhythm.seconds_at(load));
        assert!((seconds[0] - 59.008).abs() < 1e-9 && seconds[0] == seconds[1] && seconds[1] == seconds[2]);
        assert_eq!(seconds[3..], [40.0, 1.0]);
        // One that is full already gathers longer where less comes; its window would end later still.
        assert_eq!([0.5, 0.1].map(|load| Rhythm::of(100, 125.0, 100.0).seconds_at(load).round()), [100.0; 2]);
        assert_eq!(Rhythm::of(300, 125.0, 100.0).seconds_at(0.5), 160.0);
        assert_eq!(Rhythm::unbounded(300).seconds_at(4.0), 300.0);
    }
}
