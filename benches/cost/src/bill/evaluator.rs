//! The evaluator, once an hour.

use super::{Basis, Leg, Line, each};
use crate::asked::{EVALUATIONS_PER_DAY, LONGEST_CALL_SECONDS, MONTH_DAYS, TABLE_WAIT_SECONDS, UNSETTLED_DAYS};
use crate::billing::core_share;
use crate::ports::{ItemKind, TableCounts};
use crate::prices::Priced;

/// The items of learners, of whom as many are read as were there in the last days.
const OF_LEARNERS: [ItemKind; 3] = [ItemKind::LearnerVideo, ItemKind::LearnerQuiz, ItemKind::LearnerActivity];

pub(super) fn lines(basis: &Basis<'_>) -> Vec<Line> {
    let (evaluator, megabytes) = (&basis.counts.evaluator, basis.plan.deployment.evaluator);
    let runs = EVALUATIONS_PER_DAY * MONTH_DAYS;
    let more = unsettled(basis) / evaluator.learners_read.max(1) as f64;
    let scale = basis.plan.scale();
    let of_learners = half_units(&evaluator.table, true) * more;
    let of_all = half_units(&evaluator.table, false) + half_units(&evaluator.status, false);
    let read = (of_learners + of_all + evaluator.settings.half_read_units as f64) / 2.0 * scale;
    let written = evaluator.status.but(&[]).write_units as f64 * scale;
    let cpu = each(evaluator.cpu, evaluator.learners_read) * unsettled(basis) * scale;
    let calls = evaluator.table.read_calls as f64 * more * scale;
    let seconds = cpu / core_share(megabytes) + calls * TABLE_WAIT_SECONDS;
    let learners = unsettled(basis) * scale;
    let too_long = if seconds > LONGEST_CALL_SECONDS { ": more than one call may take" } else { "" };
    let told = format!(
        "hourly; {learners:.0} learners of the last days, {:.1} s measured, {calls:.0} reads one after the other{too_long}",
        cpu
    );
    let leg = Leg::Evaluator;
    let mut lines = basis.function(leg, "evaluator", runs, seconds, megabytes, &told).to_vec();
    let told = format!("{read:.0} units a run: learners' items, rosters, views, statuses");
    lines.push(basis.line(leg, "read", read * runs, Priced::ReadUnit, told));
    let told = format!("{written:.0} units a run: statuses that changed");
    lines.push(basis.line(leg, "statuses written", written * runs, Priced::WriteUnit, told));
    lines
}

/// Of the sample.
fn unsettled(basis: &Basis<'_>) -> f64 {
    let counted = basis.counted;
    let learners = counted.table.of(ItemKind::Roster).puts as f64;
    learners / counted.seconds * 86_400.0 * UNSETTLED_DAYS
}

/// Of learners' items, or of all others.
fn half_units(counts: &TableCounts, of_learners: bool) -> f64 {
    let kinds = counts.kinds.iter().filter(|(kind, _)| OF_LEARNERS.contains(kind) == of_learners);
    kinds.map(|(_, counts)| counts.half_read_units as f64).sum()
}
