//! Cost against the age of views, and what would move it.

use std::fmt::{self, Write};

use crate::asked::{COMPACTION_SECONDS, age_of_window};
use crate::bill::{Bill, Leg};
use crate::counts::End;
use crate::estimate::Estimate;

/// Of the courses, one in so many is looked at at any moment; a guess, to be counted where it runs.
const ONE_IN: f64 = 20.0;
const HOUR_SECONDS: f64 = 3_600.0;
/// What depends on the age of views; everything else is the same for all.
const OF_AGE: [Leg; 4] = [Leg::LiveProcessor, Leg::Views, Leg::LearnerState, Leg::TableRest];

impl Estimate {
    pub(super) fn write_curve(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\nCost against the age of views, dollars a million events:\n")?;
        let legs: Vec<&str> = OF_AGE.iter().map(|leg| leg.name()).collect();
        writeln!(out, "| age, s | window, s | batch, s | {} | the rest | total | write units |", legs.join(" | "))?;
        writeln!(out, "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
        for at in self.by_age() {
            self.write_point(out, at)?;
        }
        self.write_levers(out)
    }

    /// Places in the list of windows, the shortest first.
    fn by_age(&self) -> Vec<usize> {
        let mut by_age: Vec<usize> = (0..self.bills.len()).collect();
        by_age.sort_by_key(|at| self.counts.windows[*at].window_seconds);
        by_age
    }

    fn write_point(&self, out: &mut String, at: usize) -> fmt::Result {
        let (counted, bill) = (&self.counts.windows[at], &self.bills[at]);
        let of_age: f64 = OF_AGE.iter().map(|leg| bill.of_leg(*leg)).sum();
        let mark = if counted.rhythm.end == End::Window { "" } else { " (full)" };
        write!(out, "| {} | {} ", age_of_window(counted.window_seconds), counted.window_seconds)?;
        write!(out, "| {:.1}{mark} ", counted.rhythm.seconds)?;
        OF_AGE.iter().try_for_each(|leg| write!(out, "| {:.4} ", bill.of_leg(*leg)))?;
        let units = bill.units(crate::prices::Priced::WriteUnit);
        writeln!(out, "| {:.4} | {:.4} | {units:.0} |", bill.per_million() - of_age, bill.per_million())
    }

    fn write_levers(&self, out: &mut String) -> fmt::Result {
        let by_age = self.by_age();
        let (Some(slow), Some(fast)) = (by_age.last(), self.ten_seconds(&by_age)) else { return Ok(()) };
        let (fast, slow) = (*fast, *slow);
        let age = |at: usize| age_of_window(self.counts.windows[at].window_seconds);
        writeln!(out, "\nWith views {} s old, {:.4} a million:\n", age(fast), self.bills[fast].per_million())?;
        let mut legs: Vec<(Leg, f64)> = Leg::ALL.iter().map(|leg| (*leg, self.bills[fast].of_leg(*leg))).collect();
        legs.sort_by(|a, b| b.1.total_cmp(&a.1));
        let largest: Vec<String> =
            legs.iter().take(5).map(|(leg, dollars)| format!("{} {dollars:.4}", leg.name())).collect();
        writeln!(out, "- what holds it: {}", largest.join(", "))?;
        let views = saved(&self.bills, Leg::Views, fast, slow) * (1.0 - 1.0 / ONE_IN);
        writeln!(
            out,
            "- views written at once only of the one course in {ONE_IN:.0} that somebody looks at, others each {} s: −{views:.4}",
            age(slow)
        )?;
        let state = saved(&self.bills, Leg::LearnerState, fast, slow);
        writeln!(
            out,
            "- learner items written each {} s only, and the stream read again from there after a crash: −{state:.4}",
            age(slow)
        )?;
        let hourly = self.bills[fast].of_leg(Leg::Compaction) - self.compaction_each(HOUR_SECONDS);
        writeln!(out, "- the lake compacted each hour, not each {:.0} min: −{hourly:.4}", COMPACTION_SECONDS / 60.0)?;
        writeln!(out, "- all three: {:.4}", self.bills[fast].per_million() - views - state - hourly)
    }

    /// The window by which views are 10 s old, or else the first one.
    fn ten_seconds<'a>(&self, by_age: &'a [usize]) -> Option<&'a usize> {
        let is_ten = |at: &&usize| age_of_window(self.counts.windows[**at].window_seconds) == 10;
        by_age.iter().find(is_ten).or(by_age.first())
    }
}

fn saved(bills: &[Bill], leg: Leg, fast: usize, slow: usize) -> f64 {
    (bills[fast].of_leg(leg) - bills[slow].of_leg(leg)).max(0.0)
}
