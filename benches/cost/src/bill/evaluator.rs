//! The evaluator, by its schedule.

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

/// What a run comes to, in the mean of a day's.
struct Run {
    learners: f64,
    cpu_seconds: f64,
    calls: f64,
    /// Read units of learners' items; of rosters; of views and settings; of statuses.
    read: [f64; 4],
    written: f64,
}

pub(super) fn lines(basis: &Basis<'_>) -> Vec<Line> {
    lines_at(basis, EVALUATIONS_PER_DAY)
}

/// Dollars a month, were it evaluated so often a day.
pub(super) fn each_day(basis: &Basis<'_>, runs: f64) -> f64 {
    lines_at(basis, runs).iter().map(|line| line.dollars).sum()
}

fn lines_at(basis: &Basis<'_>, runs_a_day: f64) -> Vec<Line> {
    let (leg, runs, megabytes) = (Leg::Evaluator, runs_a_day * MONTH_DAYS, basis.plan.deployment.evaluator);
    let run = Run::of(basis, runs_a_day, learners(basis, runs_a_day));
    let (seconds, longest) = (run.seconds(megabytes), longest_seconds(basis, runs_a_day, megabytes));
    let too_long = if longest > LONGEST_CALL_SECONDS { ", more than one call may take: the next goes on" } else { "" };
    let told = format!(
        "{runs_a_day:.0} runs a day; {:.0} learners read in the mean, {:.1} s measured, {:.0} reads, {EVALUATED_AT_ONCE:.0} at \
         once; the day's first takes {longest:.0} s{too_long}",
        run.learners, run.cpu_seconds, run.calls
    );
    let mut lines = basis.function(leg, "evaluator", runs, seconds, megabytes, &told).to_vec();
    let [learners, rosters, views, statuses] = run.read;
    let told = format!(
        "units a run: {learners:.0} of learners' items, {rosters:.0} of rosters, {views:.0} of views and settings, \
         {statuses:.0} of statuses"
    );
    lines.push(basis.line(leg, "read", run.read.iter().sum::<f64>() * runs, Priced::ReadUnit, told));
    let told = format!("{:.0} units a run: statuses that changed, as many a day as if it ran each hour", run.written);
    lines.push(basis.line(leg, "statuses written", run.written * runs, Priced::WriteUnit, told));
    lines
}

impl Run {
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
            read: [
                of_learners,
                units(evaluator.table.of(ItemKind::Roster).half_read_units),
                units(of_views + evaluator.settings.half_read_units),
                units(evaluator.status.but(&[]).half_read_units),
            ],
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

fn learners_a_day(basis: &Basis<'_>) -> f64 {
    basis.counted.table.of(ItemKind::Roster).puts as f64 / basis.counted.seconds * 86_400.0
}

fn of_learners(counts: &TableCounts) -> u64 {
    OF_LEARNERS.iter().map(|kind| counts.of(*kind).half_read_units).sum()
}
