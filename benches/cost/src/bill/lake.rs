//! Landing files, the manifest and compaction.

use super::{Basis, Leg, Line, each};
use crate::asked::{
    COMPACTION_SECONDS, HOURLY_SECONDS, MONTH_DAYS, OLD_VERSION_DAYS, SLICE_ROWS, STORAGE_BYTES_PER_SECOND,
    STORAGE_WAIT_SECONDS, TABLE_WAIT_SECONDS,
};
use crate::billing::{GB, core_share};
use crate::counts::Rhythm;
use crate::prices::Priced;

/// Cores of a function, one for each 1,769 MB, and slices that are worked on at once.
const CORE_MEGABYTES: f64 = 1769.0;
const MOST_WORKERS: f64 = 4.0;
/// Steps of a run without dirty days, and those of each day (`infra/aws/costs.py` and its test count them).
const RUN_STEPS: f64 = 8.0;
const DAY_STEPS: f64 = 2.0;
/// Settle, plan and finish; compact and show of each day.
const RUN_CALLS: f64 = 3.0;
const DAY_CALLS: f64 = 2.0;

pub(super) fn lines(basis: &Basis<'_>) -> Vec<Line> {
    let mut lines = writer(basis);
    let days = Days::of(basis, COMPACTION_SECONDS);
    lines.extend(days.lines(basis));
    let lake = &basis.counts.lake;
    let row_bytes = lake.storage.part_bytes as f64 / lake.rows.max(1) as f64;
    let told = format!("{row_bytes:.1} bytes a row in published files");
    lines.push(basis.gigabytes(Leg::Kept, "the lake", basis.events() * row_bytes, Priced::S3Gb, told));
    lines.push(old_versions(basis, &days));
    lines
}

/// Each generation but a day's last, and each landing file, is deleted, and stays as an old version for some days.
fn old_versions(basis: &Basis<'_>, days: &Days) -> Line {
    let lake = &basis.counts.lake;
    let landed = basis.events() * lake.landing.landing_bytes as f64 / lake.landed.events.max(1) as f64;
    let deleted = days.part_bytes + landed;
    let told = format!("{:.0} GB are written and deleted, and stay for {OLD_VERSION_DAYS} days", deleted / GB);
    let kept = deleted * OLD_VERSION_DAYS / MONTH_DAYS;
    basis.gigabytes(Leg::Kept, "the lake's old versions", kept, Priced::S3Gb, told)
}

fn writer(basis: &Basis<'_>) -> Vec<Line> {
    let (lake, megabytes) = (&basis.counts.lake, basis.plan.deployment.lake);
    let seconds = rhythm(basis).seconds;
    let (batches, events) = (basis.batches(seconds), basis.batch_events(seconds));
    let cpu = each(lake.landed.cpu, lake.landed.events) * events;
    let took = cpu / core_share(megabytes) + STORAGE_WAIT_SECONDS + TABLE_WAIT_SECONDS;
    let told = format!("a batch each {seconds:.1} s: {events:.0} events, {:.0} ms measured", cpu * 1e3);
    let units = lake.commits.commit_write_units as f64 / lake.commits.commits.max(1) as f64;
    let leg = Leg::LakeWriter;
    let mut lines = basis.function(leg, "lake writer", batches, took, megabytes, &told).to_vec();
    lines.push(basis.line(leg, "landing files", batches, Priced::S3Put, "one a batch".into()));
    let told = format!("{units:.1} units a batch: two items in one transaction");
    lines.push(basis.line(leg, "manifest", batches * units, Priced::WriteUnit, told));
    let log_bytes = lake.landed.log_bytes as f64 / lake.landed.calls.max(1) as f64;
    let told = format!("{batches:.0} batches × {log_bytes:.0} bytes");
    lines.push(basis.gigabytes(Leg::Logs, "of lake batches", batches * log_bytes, Priced::LogGb, told));
    lines
}

/// Dollars a month of compaction, were it to run once an hour.
pub(super) fn compaction_hourly(basis: &Basis<'_>) -> f64 {
    Days::of(basis, HOURLY_SECONDS).lines(basis).iter().map(|line| line.dollars).sum()
}

fn cores(basis: &Basis<'_>) -> f64 {
    (f64::from(basis.plan.deployment.steps) / CORE_MEGABYTES).clamp(1.0, MOST_WORKERS)
}

fn rhythm(basis: &Basis<'_>) -> Rhythm {
    let landed = basis.counts.lake.landed;
    let (records, events) = (landed.records.max(1) as f64, landed.events.max(1) as f64);
    let per_second = basis.events_per_second() / f64::from(basis.plan.shards) * records / events;
    Rhythm::of(basis.plan.deployment.lake_window, per_second, landed.bytes as f64 / records)
}

/// What all compactions of a month do. A day is written anew each time something of it has landed: today's grows from run
/// to run, and late events open the days before it again.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Days {
    runs: f64,
    /// Seconds from one to the next.
    every_seconds: f64,
    /// Partitions that are compacted.
    days: f64,
    /// Rows that are written again.
    rows: f64,
    /// Landing files that are read.
    landing_gets: f64,
    /// Bytes of them.
    landing_bytes: f64,
    /// Part files that are written, and so many read.
    parts: f64,
    part_bytes: f64,
}

/// One that is compacted.
#[derive(Debug, Clone, Copy)]
struct Partition {
    /// Its rows afterwards.
    rows: f64,
    /// Those that landed.
    landed: f64,
    /// Landing files that they are in.
    files: f64,
}

impl Days {
    fn of(basis: &Basis<'_>, every_seconds: f64) -> Days {
        let (lake, tenants) = (&basis.counts.lake, basis.plan.tenants as f64);
        let runs_a_day = 86_400.0 / every_seconds;
        let day_rows = basis.asked.events_per_day as f64 / tenants;
        let files = f64::from(basis.plan.shards) * every_seconds / rhythm(basis).seconds;
        let landed = basis.events_per_second() * every_seconds;
        let file_bytes = landed / files * lake.landing.landing_bytes as f64 / lake.landed.events.max(1) as f64;
        let mut day = Days::default();
        for run in 1..=runs_a_day as u32 {
            let rows = day_rows * f64::from(run) / runs_a_day;
            day.add(Partition { rows, landed: day_rows / runs_a_day, files }, file_bytes, 1.0);
        }
        let late = if every_seconds == COMPACTION_SECONDS { lake.late } else { lake.late_hourly };
        let of_late = Partition { rows: day_rows, landed: late.rows, files: late.files };
        day.add(of_late, file_bytes, late.days * runs_a_day);
        let row_bytes = lake.storage.part_bytes as f64 / lake.rows.max(1) as f64;
        let times = tenants * MONTH_DAYS;
        Days {
            runs: runs_a_day * MONTH_DAYS,
            every_seconds,
            days: day.days * times,
            rows: day.rows * times,
            landing_gets: day.landing_gets * times,
            landing_bytes: day.landing_bytes * times,
            parts: day.parts * times,
            part_bytes: day.rows * times * row_bytes,
        }
    }

    /// So many partitions that are alike. What landed is read once, or by each slice if it is more than one has.
    fn add(&mut self, Partition { rows, landed, files }: Partition, file_bytes: f64, times: f64) {
        let slices = slices(rows);
        let readers = if landed <= SLICE_ROWS { 1.0 } else { slices };
        self.days += times;
        self.rows += rows * times;
        self.landing_gets += readers * files * times;
        self.landing_bytes += readers * files * file_bytes * times;
        self.parts += slices * times;
    }

    fn lines(&self, basis: &Basis<'_>) -> Vec<Line> {
        let (lake, megabytes) = (&basis.counts.lake, basis.plan.deployment.steps);
        let compactions = lake.compactions.max(1) as f64;
        let leg = Leg::Compaction;
        let pointer_gets = lake.storage.pointer_gets as f64 / compactions * self.days;
        let pointer_puts = lake.storage.pointer_puts as f64 / compactions * self.days;
        let (written, read) = self.manifest_units(basis);
        let (calls, seconds) = (self.runs * RUN_CALLS + self.days * DAY_CALLS, self.seconds(basis));
        let gb_seconds = seconds * f64::from(megabytes) / 1024.0;
        let told = format!(
            "{:.1} bn rows, each event {:.0} times, for a run takes {:.2} days of late events beside its own, for whose rows \
             {:.0} landing files wait; {:.2} µs a row measured; {:.1} M files of {:.0} TB read",
            self.rows / 1e9,
            self.rows / basis.events(),
            lake.late.days,
            lake.late.held,
            each(lake.cpu, lake.rows) * 1e6,
            (self.landing_gets + self.parts) / 1e6,
            (self.landing_bytes + self.part_bytes) / 1e12
        );
        let slices = format!("{:.0} days compacted, in {:.1} slices", self.days, self.parts / self.days.max(1.0));
        let files =
            format!("{slices}, for which {:.0} landing files a day are read", self.landing_gets / self.days.max(1.0));
        vec![
            basis.line(leg, "memory", gb_seconds, Priced::GbSecond, told),
            basis.line(leg, "calls", calls, Priced::Invocation, "3 a run, 2 a day".into()),
            basis.line(leg, "files read", self.landing_gets + self.parts + pointer_gets, Priced::S3Get, files),
            basis.line(leg, "files written", self.parts + pointer_puts, Priced::S3Put, slices),
            basis.line(leg, "manifest written", written, Priced::WriteUnit, {
                "a day's generation, which names the files it took; a file that is forgotten".into()
            }),
            basis.line(leg, "manifest read", read, Priced::ReadUnit, {
                "the list of files, whole, twice for each day and three times a run".into()
            }),
            basis.line(
                leg,
                "steps",
                self.runs * RUN_STEPS + self.days * DAY_STEPS,
                Priced::Transition,
                format!("{:.0} runs × 8, {:.0} days × 2", self.runs, self.days),
            ),
        ]
    }

    /// Write and read units. What a run writes is the files that it forgets, which are more where runs are fewer.
    fn manifest_units(&self, basis: &Basis<'_>) -> (f64, f64) {
        let lake = &basis.counts.lake;
        let (days, runs) = (self.days / lake.compactions.max(1) as f64, self.runs / lake.runs.max(1) as f64);
        let forgotten = runs * self.every_seconds / COMPACTION_SECONDS;
        let written = lake.manifest.write_units as f64 * days + lake.of_runs.write_units as f64 * forgotten;
        let read = lake.manifest.half_read_units as f64 * days + lake.of_runs.half_read_units as f64 * runs;
        (written, read / 2.0)
    }

    /// Slices are worked on side by side, and so are landing files; one worker reads its files one after the other.
    fn seconds(&self, basis: &Basis<'_>) -> f64 {
        let cpu = self.rows * each(basis.counts.lake.cpu, basis.counts.lake.rows);
        let gets = (self.landing_gets + 2.0 * self.parts) * STORAGE_WAIT_SECONDS;
        let bytes = (self.landing_bytes + 2.0 * self.part_bytes) / STORAGE_BYTES_PER_SECOND;
        (cpu + gets + bytes) / cores(basis)
    }
}

/// A power of two (`sinks/lake/src/compaction/plan.rs`).
fn slices(rows: f64) -> f64 {
    f64::from(((rows / SLICE_ROWS).ceil().max(1.0) as u32).next_power_of_two())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_cut_into_a_power_of_two_of_slices() {
        let slices = [1.0, 125_000.0, 125_001.0, 375_001.0, 2_000_000.0].map(slices);
        assert_eq!(slices, [1.0, 1.0, 2.0, 4.0, 16.0]);
    }

    #[test]
    fn what_landed_is_read_once_or_by_every_slice_if_it_is_much() {
        let mut days = Days::default();
        days.add(Partition { rows: 250_000.0, landed: 125_001.0, files: 75.0 }, 1_000.0, 1.0);
        days.add(Partition { rows: 250_000.0, landed: 125_000.0, files: 75.0 }, 1_000.0, 1.0);
        days.add(Partition { rows: 100.0, landed: 10.0, files: 3.0 }, 1_000.0, 2.0);
        assert_eq!((days.days, days.rows, days.parts), (4.0, 500_200.0, 6.0));
        assert_eq!((days.landing_gets, days.landing_bytes), (231.0, 231_000.0));
    }
}
