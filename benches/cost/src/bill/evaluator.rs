//! The evaluator, by its schedule.

use super::tables::{LiveTable, Run as Read};
use super::{Basis, Leg, Line, each};
use crate::asked::{
    CLIENT_CPU_SECONDS, EVALUATED_AT_ONCE, EVALUATIONS_PER_DAY, EVENING_DAYS, LONGEST_CALL_SECONDS, MONTH_DAYS,
    SWEPT_DAYS, TABLE_WAIT_SECONDS,
};
use crate::billing::core_share;
use crate::ports::{ItemKind, TableCounts};
use crate::prices::Priced;

/// The items of learners, of whom some are read.
const OF_LEARNERS: [ItemKind; 3] = [ItemKind::LearnerVideo, ItemKind::LearnerQuiz, ItemKind::LearnerActivity];
/// The sample is evaluated an hour after it was before.
const SAMPLES_PER_DAY: f64 = 24.0;

/// A message of the platform's queue is sent by itself, received and deleted with nine others.
const QUEUE_REQUESTS: f64 = 1.2;

/// What a run comes to.
struct Run {
    learners: f64,
    cpu_seconds: f64,
    calls: f64,
    /// Read units of the live table: of learners' items, of rosters, of views.
    live: [f64; 3],
    /// Of other tables: of settings, of statuses.
    others: [f64; 2],
    written: f64,
}

pub(super) fn lines(basis: &Basis<'_>, table: &LiveTable) -> Vec<Line> {
    lines_at(basis, table, EVALUATIONS_PER_DAY)
}

/// Dollars a month, were it evaluated so often a day.
pub(super) fn each_day(basis: &Basis<'_>, runs: f64) -> f64 {
    lines_at(basis, &LiveTable::of(basis, runs), runs).iter().map(|line| line.dollars).sum()
}

/// Read units of the live table, a month.
pub(super) fn live_read_units(basis: &Basis<'_>, runs_a_day: f64) -> f64 {
    Run::mean(basis, runs_a_day).live.iter().sum::<f64>() * runs_a_day * MONTH_DAYS
}

/// What the runs of a day read of the live table, in order; when is for the caller to say.
pub(super) fn live_reads(basis: &Basis<'_>, runs_a_day: f64) -> Vec<Read> {
    let megabytes = basis.plan.deployment.evaluator;
    let runs = (0..runs_a_day as u32).map(|number| {
        let learners = learners_a_day(basis) * learners_of_run(number, runs_a_day);
        let run = Run::of(basis, runs_a_day, learners);
        Read { seconds: run.seconds(megabytes), units: run.live.iter().sum(), ..Read::default() }
    });
    runs.collect()
}

fn lines_at(basis: &Basis<'_>, table: &LiveTable, runs_a_day: f64) -> Vec<Line> {
    let (leg, runs, megabytes) = (Leg::Evaluator, runs_a_day * MONTH_DAYS, basis.plan.deployment.evaluator);
    let run = Run::mean(basis, runs_a_day);
    let (seconds, longest) = (run.seconds(megabytes), longest_seconds(basis, runs_a_day, megabytes));
    let too_long = if longest > LONGEST_CALL_SECONDS { ", more than one call may take: the next goes on" } else { "" };
    let told = format!(
        "{runs_a_day:.0} runs a day; {:.0} learners read in the mean, {:.1} s measured, {:.0} reads, {EVALUATED_AT_ONCE:.0} at \
         once; the day's first takes {longest:.0} s{too_long}",
        run.learners, run.cpu_seconds, run.calls
    );
    let mut lines = basis.function(leg, "evaluator", runs, seconds, megabytes, &told).to_vec();
    let [learners, rosters, views] = run.live;
    let told = format!("units a run: {learners:.0} of learners' items, {rosters:.0} of rosters, {views:.0} of views");
    let read = run.live.iter().sum::<f64>() * runs;
    lines.push(basis.line_at(leg, "read", read, (Priced::ReadUnit, table.reads.price()), told));
    let [settings, statuses] = run.others;
    let told = format!("units a run: {settings:.0} of settings, {statuses:.0} of statuses");
    lines.push(basis.line(leg, "read of its own", run.others.iter().sum::<f64>() * runs, Priced::ReadUnit, told));
    let told = format!("{:.0} units a run: statuses that changed, as many a day as if it ran each hour", run.written);
    lines.push(basis.line(leg, "statuses written", run.written * runs, Priced::WriteUnit, told));
    lines.extend(domain_events(basis));
    lines
}

/// What is told of the sample's hour goes on the bus, and from there to the platform's queue.
fn domain_events(basis: &Basis<'_>) -> Vec<Line> {
    let told = basis.counts.evaluator.told as f64 * basis.plan.scale() * SAMPLES_PER_DAY * MONTH_DAYS;
    if told == 0.0 {
        return Vec::new();
    }
    let (leg, requests) = (Leg::Evaluator, told * QUEUE_REQUESTS);
    vec![
        basis.line(leg, "domain events", told, Priced::BusEvent, "each 64 KB begun".into()),
        basis.line(
            leg,
            "the platform's queue",
            requests,
            Priced::QueueRequest,
            "sent one by one, received and deleted by ten".into(),
        ),
    ]
}

impl Run {
    /// In the mean of a day's.
    fn mean(basis: &Basis<'_>, runs_a_day: f64) -> Run {
        Run::of(basis, runs_a_day, learners(basis, runs_a_day))
    }

    /// Of one that reads so many learners of the sample.
    fn of(basis: &Basis<'_>, runs_a_day: f64, learners: f64) -> Run {
        let (evaluator, scale) = (&basis.counts.evaluator, basis.plan.scale());
        let others = evaluator.table.read_calls.saturating_sub(evaluator.learners_read) + evaluator.status.read_calls;
        let units = |half_units: u64| half_units as f64 / 2.0 * scale;
        let of_views = evaluator.table.but(&[&OF_LEARNERS[..], &[ItemKind::Roster]].concat()).half_read_units;
        let of_learners = units(of_learners(&evaluator.table)) / evaluator.learners_read.max(1) as f64 * learners;
        Run {
            learners: learners * scale,
            cpu_seconds: each(evaluator.cpu, evaluator.learners_read) * learners * scale,
            calls: (learners + others as f64) * scale,
            live: [of_learners, units(evaluator.table.of(ItemKind::Roster).half_read_units), units(of_views)],
            others: [units(evaluator.settings.half_read_units), units(evaluator.status.but(&[]).half_read_units)],
            written: evaluator.status.but(&[]).write_units as f64 * scale * SAMPLES_PER_DAY / runs_a_day,
        }
    }

    /// Computing and waiting go on side by side.
    fn seconds(&self, megabytes: u32) -> f64 {
        let cpu_seconds = self.cpu_seconds + self.calls * CLIENT_CPU_SECONDS;
        (cpu_seconds / core_share(megabytes)).max(self.calls * TABLE_WAIT_SECONDS / EVALUATED_AT_ONCE)
    }
}

/// The day's first run reads all learners of whom something late may have come, and those of its day so far.
fn longest_seconds(basis: &Basis<'_>, runs_a_day: f64, megabytes: u32) -> f64 {
    let learners = learners_a_day(basis) * (SWEPT_DAYS + 1.0 / runs_a_day);
    Run::of(basis, runs_a_day, learners).seconds(megabytes)
}

/// Learners of the sample whose items a run reads: those of its day so far, half of a day's in the mean; in the hours
/// after midnight those of the day before, but in the day's first run; and then all of whom something late may have come.
fn learners(basis: &Basis<'_>, runs_a_day: f64) -> f64 {
    let evenings = (EVENING_DAYS * runs_a_day - 1.0).max(0.0) / runs_a_day;
    learners_a_day(basis) * (0.5 + evenings + SWEPT_DAYS / runs_a_day)
}

/// The same of one run, of so many a day, in days of learners: the first after midnight has those of whom something late may
/// have come, the others the evening before as long as it is waited for.
fn learners_of_run(number: u32, runs_a_day: f64) -> f64 {
    let number = f64::from(number);
    let before = match number {
        0.0 => SWEPT_DAYS,
        _ if number < EVENING_DAYS * runs_a_day => 1.0,
        _ => 0.0,
    };
    (number + 0.5) / runs_a_day + before
}

fn learners_a_day(basis: &Basis<'_>) -> f64 {
    basis.counted.table.of(ItemKind::Roster).puts as f64 / basis.counted.seconds * 86_400.0
}

fn of_learners(counts: &TableCounts) -> u64 {
    OF_LEARNERS.iter().map(|kind| counts.of(*kind).half_read_units).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_a_day_read_together_what_the_mean_says() {
        for (runs, days) in [(4, 6.0), (24, 18.0)] {
            let read: f64 = (0..runs).map(|number| learners_of_run(number, f64::from(runs))).sum();
            assert!((read - days).abs() < 1e-9, "{runs} runs: {read}");
            // Half a day each, the evening in all but the first of the runs until 3:00, and four days once.
            let evening = (0.125 * f64::from(runs) - 1.0).max(0.0);
            assert_eq!(days, f64::from(runs) / 2.0 + evening + 4.0);
        }
        assert_eq!([0, 1, 3].map(|number| learners_of_run(number, 4.0)), [4.125, 0.375, 0.875]);
    }
}
