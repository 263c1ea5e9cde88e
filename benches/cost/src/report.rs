//! The bills as text.

mod assumptions;
mod capacity;
mod curve;
mod levers;

use std::fmt::{self, Write};

use crate::asked::Senders;
use crate::bill::{Bill, Leg, Line};
use crate::estimate::Estimate;

impl Estimate {
    /// The table, the alternatives and, for several windows, the curve; with `explain` the arithmetic of every line.
    pub fn text(&self, explain: bool) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out, explain);
        out
    }

    fn write(&self, out: &mut String, explain: bool) -> fmt::Result {
        self.write_head(out)?;
        self.write_table(out, &self.bills[0])?;
        let (provisioned, on_demand) = self.streams();
        writeln!(out, "\nThe stream by the shard: {provisioned:.2} a month; by the byte, on demand: {on_demand:.2}.")?;
        self.write_capacity(out)?;
        if explain {
            self.write_capacity_arithmetic(out)?;
            writeln!(out, "\nEach line's arithmetic, a month:\n")?;
            self.bills[0].lines.iter().try_for_each(|line| write_arithmetic(out, line))?;
        }
        if self.bills.len() > 1 {
            self.write_curve(out)?;
        }
        if let Some(deferred) = &self.deferred {
            self.write_levers(out, deferred)?;
        }
        self.write_alternatives(out, explain)?;
        if explain {
            self.write_assumptions(out)?;
        }
        Ok(())
    }

    fn write_head(&self, out: &mut String) -> fmt::Result {
        let (asked, plan, counted) = (&self.asked, &self.plan, &self.counts.windows[0]);
        let who = match asked.senders {
            Senders::Servers => "the platform's server gathers of all its learners",
            Senders::Browsers => "each browser gathers of its own learner",
        };
        let (day, request) = (grouped(asked.events_per_day as f64), asked.events_per_request);
        writeln!(out, "{day} events a day in requests of {request}, which {who}.")?;
        writeln!(
            out,
            "Views are at most {:.0} s old, from the acceptance of an event on: a window of {} s, a batch each {:.1} s a shard.",
            self.age(0),
            counted.window_seconds,
            counted.rhythm.seconds
        )?;
        writeln!(
            out,
            "{} institutions, {} courses, {} learners at work at any moment; {} shards; size `{}` of the template.",
            plan.tenants,
            grouped(plan.courses as f64),
            grouped(plan.learners as f64),
            plan.shards,
            plan.deployment.size
        )?;
        writeln!(
            out,
            "Run were {} courses with {} learners: {} events to be steady, then {} in {:.0} min of their time; × {:.0}.",
            plan.sample_courses,
            plan.sample_learners,
            grouped((self.counts.stored_events.saturating_sub(counted.collected.events)) as f64),
            grouped(counted.collected.events as f64),
            counted.seconds / 60.0,
            plan.scale()
        )?;
        writeln!(out, "Prices of {}, read on {} (benches/cost/prices.json).\n", self.prices.region, self.prices.read)
    }

    fn write_table(&self, out: &mut String, bill: &Bill) -> fmt::Result {
        writeln!(out, "| leg | what | counted, a million events | $ a million | $ a month |")?;
        writeln!(out, "| --- | --- | ---: | ---: | ---: |")?;
        for leg in Leg::ALL {
            let lines: Vec<&Line> = bill.lines.iter().filter(|line| line.leg == leg).collect();
            for line in &lines {
                let counted = format!("{} {}", quantity(line.monthly / bill.events * 1e6), line.priced.name());
                write_row(out, leg.name(), &line.what, &counted, line.dollars, bill.events)?;
            }
            let dollars = lines.iter().map(|line| line.dollars).sum();
            write_row(out, &format!("**{}**", leg.name()), "", "", dollars, bill.events)?;
        }
        write_row(out, "**total**", "", "", bill.total(), bill.events)
    }

    fn write_alternatives(&self, out: &mut String, explain: bool) -> fmt::Result {
        writeln!(out, "\nInstead, for the same events (computed, not run):\n")?;
        writeln!(out, "| what | instead of | $ a million | $ a month |")?;
        writeln!(out, "| --- | --- | ---: | ---: |")?;
        for one in self.alternatives() {
            let million = one.dollars / self.bills[0].events * 1e6;
            writeln!(out, "| {} | {} | {million:.4} | {:.2} |", one.what, one.instead_of, one.dollars)?;
        }
        if explain {
            writeln!(out)?;
            for one in self.alternatives() {
                writeln!(out, "- {}: {}", one.what, one.arithmetic)?;
            }
        }
        Ok(())
    }
}

fn write_row(out: &mut String, leg: &str, what: &str, counted: &str, dollars: f64, events: f64) -> fmt::Result {
    writeln!(out, "| {leg} | {what} | {counted} | {:.4} | {dollars:.2} |", dollars / events * 1e6)
}

fn write_arithmetic(out: &mut String, line: &Line) -> fmt::Result {
    let (leg, what, name) = (line.leg.name(), &line.what, line.priced.name());
    let each = line.dollars / line.monthly;
    let each =
        if each.is_finite() && each < 0.01 { format!("{:.4} a million", each * 1e6) } else { format!("{each:.4}") };
    writeln!(
        out,
        "- {leg}, {what}: {} {name} × {each} = {:.2}; {}",
        quantity(line.monthly),
        line.dollars,
        line.arithmetic
    )
}

/// Whole numbers, with commas, where they are large.
fn quantity(number: f64) -> String {
    if number >= 100.0 { grouped(number) } else { format!("{number:.3}") }
}

fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([0.0, 999.0, 1_000.0, 1_234_567.4].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1.5, 99.9, 100.0].map(quantity), ["1.500", "99.900", "100"]);
    }
}
