//! What could be changed, and what that would save: from the same counts.

use std::fmt::{self, Write};

use crate::asked::EVALUATIONS_PER_DAY;
use crate::bill::{Bill, Leg};
use crate::estimate::Estimate;
use crate::ports::ItemKind;

/// Of the courses, one in so many is looked at at any moment; a guess, to be counted where it runs.
const ONE_IN: f64 = 20.0;
const DAY_HOURS: f64 = 24.0;
/// Views so old are the goal after this one.
const GOAL_SECONDS: f64 = 10.0;

/// One change: what it is, and the dollars a million events that it saves.
type Lever = (String, f64);

impl Estimate {
    pub(super) fn write_levers(&self, out: &mut String, deferred: &Bill) -> fmt::Result {
        let Some(at) = self.goal() else { return Ok(()) };
        let bill = &self.bills[at];
        writeln!(out, "\nWith views {:.0} s old, {:.4} a million.\n", self.age(at), bill.per_million())?;
        let mut legs: Vec<(Leg, f64)> = Leg::ALL.iter().map(|leg| (*leg, bill.of_leg(*leg))).collect();
        legs.sort_by(|a, b| b.1.total_cmp(&a.1));
        let largest: Vec<String> =
            legs.iter().take(6).map(|(leg, dollars)| format!("{} {dollars:.4}", leg.name())).collect();
        writeln!(out, "- What holds it: {}.", largest.join(", "))?;
        let levers = self.levers(at, deferred);
        levers.iter().try_for_each(|(what, saved)| writeln!(out, "- {what}: −{saved:.4}."))?;
        let saved: f64 = levers.iter().map(|(_, saved)| saved).sum();
        writeln!(out, "- All of them: {:.4}.", bill.per_million() - saved)?;
        self.write_unsummed(out, at)
    }

    /// Changes that do not overlap.
    fn levers(&self, at: usize, deferred: &Bill) -> Vec<Lever> {
        let bill = &self.bills[at];
        let saved = |leg: Leg| (bill.of_leg(leg) - deferred.of_leg(leg)).max(0.0);
        let seconds = self.asked.deferred.unwrap_or_default();
        vec![
            (
                format!(
                    "Views written at once only of the one course in {ONE_IN:.0} that somebody looks at, others each {seconds} s"
                ),
                saved(Leg::Views) * (1.0 - 1.0 / ONE_IN),
            ),
            (
                format!("Learner items written each {seconds} s, the stream read again from there after a crash"),
                saved(Leg::LearnerState),
            ),
        ]
    }

    /// Changes that would save a part of the same writes.
    fn write_unsummed(&self, out: &mut String, at: usize) -> fmt::Result {
        let counted = &self.counts.windows[at];
        let price = self.bills[at].table.writes.price();
        let million = |units: u64| units as f64 / counted.applied.events.max(1) as f64 * 1e6 * price;
        let items = counted.table.but(&[ItemKind::Progress]);
        let activity = counted.table.of(ItemKind::LearnerActivity);
        let (beyond, beside) = (million(items.write_units - items.puts), million(activity.write_units));
        let hourly = self.bills[at].of_leg(Leg::Compaction) - self.compaction_hourly();
        writeln!(out, "- Besides, one compaction an hour: −{hourly:.4}.")?;
        let more = self.evaluated_each_day(DAY_HOURS) - self.evaluated_each_day(EVALUATIONS_PER_DAY);
        writeln!(out, "- Evaluated each hour, not each {:.0}: +{more:.4}.", DAY_HOURS / EVALUATIONS_PER_DAY)?;
        writeln!(out, "- Instead of the first two, items that all fit 1 KB: −{beyond:.4}.")?;
        writeln!(out, "- … and a learner's activity in the item that is written anyway: at most −{beside:.4}.")
    }

    /// The window by which views are at most as old as the goal has it, or else the first.
    fn goal(&self) -> Option<usize> {
        let by_age = self.by_age();
        by_age.iter().copied().rfind(|at| self.age(*at) <= GOAL_SECONDS).or(by_age.first().copied())
    }
}
