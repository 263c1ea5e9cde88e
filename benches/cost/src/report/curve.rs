//! Cost against the age of views.

use std::fmt::{self, Write};

use crate::asked::AGE_BESIDE_WINDOW_SECONDS;
use crate::bill::Leg;
use crate::counts::End;
use crate::estimate::Estimate;
use crate::prices::Priced;

/// What depends on the age of views; everything else is the same for all.
const OF_AGE: [Leg; 4] = [Leg::LiveProcessor, Leg::Views, Leg::LearnerState, Leg::TableRest];

impl Estimate {
    pub(super) fn write_curve(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\nCost against the age of views, dollars a million events:\n")?;
        let legs: Vec<&str> = OF_AGE.iter().map(|leg| leg.name()).collect();
        writeln!(out, "| age, s | window, s | batch, s | {} | the rest | total | write units |", legs.join(" | "))?;
        writeln!(out, "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
        self.by_age().into_iter().try_for_each(|at| self.write_point(out, at))?;
        if self.counts.windows.iter().any(|counted| counted.rhythm.end != End::Window) {
            writeln!(
                out,
                "\n(full): Lambda hands a batch over before its window ends; more shards make it wait longer."
            )?;
        }
        Ok(())
    }

    /// Places in the list of windows, the shortest first.
    pub(super) fn by_age(&self) -> Vec<usize> {
        let mut by_age: Vec<usize> = (0..self.bills.len()).collect();
        by_age.sort_by_key(|at| self.counts.windows[*at].window_seconds);
        by_age
    }

    /// How old views come to be, in seconds.
    pub(super) fn age(&self, at: usize) -> f64 {
        let counted = &self.counts.windows[at];
        let gathered = counted.rhythm.seconds.min(f64::from(counted.window_seconds).max(1.0));
        gathered + f64::from(AGE_BESIDE_WINDOW_SECONDS)
    }

    fn write_point(&self, out: &mut String, at: usize) -> fmt::Result {
        let (counted, bill) = (&self.counts.windows[at], &self.bills[at]);
        let of_age: f64 = OF_AGE.iter().map(|leg| bill.of_leg(*leg)).sum();
        let mark = if counted.rhythm.end == End::Window { "" } else { " (full)" };
        write!(out, "| {:.0} | {} ", self.age(at), counted.window_seconds)?;
        write!(out, "| {:.1}{mark} ", counted.rhythm.seconds)?;
        OF_AGE.iter().try_for_each(|leg| write!(out, "| {:.4} ", bill.of_leg(*leg)))?;
        let units = bill.units(Priced::WriteUnit);
        writeln!(out, "| {:.4} | {:.4} | {units:.0} |", bill.per_million() - of_age, bill.per_million())
    }
}
