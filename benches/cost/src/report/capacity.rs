//! How the live table is paid for, and how much of that comes of the day's shape.

use std::fmt::{self, Write};

use super::grouped;
use crate::asked::{CapacityMode, MONTH_DAYS};
use crate::bill::{LiveTable, Units};
use crate::day::Day;
use crate::estimate::Estimate;
use crate::prices::Priced;
use crate::scaling::Held;

impl Estimate {
    /// One line for the bill's day, then both ways under each day.
    pub(super) fn write_capacity(&self, out: &mut String) -> fmt::Result {
        let LiveTable { provisioned, writes, reads, .. } = &self.bills[0].table;
        let (by_hour, by_unit) = (writes.by_hour + reads.by_hour, writes.on_demand + reads.on_demand);
        let taken = if *provisioned { "provisioned" } else { "on demand" };
        writeln!(
            out,
            "\nThe live table is {taken}: its units by the hour, under auto scaling, {by_hour:.2} a month; on demand: {by_unit:.2}."
        )?;
        writeln!(out, "The day's shape is assumed. What all of it costs under others, dollars a million events:\n")?;
        writeln!(
            out,
            "| every day is | on demand | provisioned | write capacity in the mean, at most | used | wait for capacity | … with \
             all batches at once |"
        )?;
        writeln!(out, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |")?;
        Day::ALL.into_iter().try_for_each(|day| self.write_day(out, day))
    }

    fn write_day(&self, out: &mut String, day: Day) -> fmt::Result {
        let (on_demand, provisioned) =
            (self.otherwise(CapacityMode::OnDemand, day), self.otherwise(CapacityMode::Provisioned, day));
        let LiveTable { writes, reads, together, .. } = &provisioned.table;
        writeln!(
            out,
            "| {} | {:.4} | {:.4} | {}, {} | {:.0} % | {} | {} |",
            day.name(),
            on_demand.per_million(),
            provisioned.per_million(),
            grouped(writes.held.mean()),
            grouped(writes.held.highest()),
            writes.held.share_used() * 100.0,
            waiting(&[("writes", &writes.held), ("reads", &reads.held)]),
            waiting(&[("writes", together)])
        )
    }

    /// The arithmetic of a provisioned table's prices.
    pub(super) fn write_capacity_arithmetic(&self, out: &mut String) -> fmt::Result {
        let LiveTable { provisioned, writes, reads, .. } = &self.bills[0].table;
        let prices = |unit, hour| (self.prices.of(unit) * 1e6, self.prices.of(hour));
        let verb = if *provisioned { "costs" } else { "would cost" };
        writeln!(out, "\nThe live table by the hour {verb}, under {}:\n", self.asked.day.name())?;
        write_units(out, "writes", writes, prices(Priced::WriteUnit, Priced::WriteCapacityHour))?;
        write_units(out, "reads", reads, prices(Priced::ReadUnit, Priced::ReadCapacityHour))
    }
}

/// What finds no capacity when it comes, and for how long of a day that is so.
fn waiting(of: &[(&str, &Held)]) -> String {
    let some = of.iter().filter(|(_, held)| held.refused > 0.0);
    let told = some.map(|(what, held)| format!("{} {what}, in {} s", grouped(held.refused), held.waited_seconds));
    let told: Vec<String> = told.collect();
    if told.is_empty() { "none".into() } else { told.join("; ") }
}

fn write_units(out: &mut String, what: &str, units: &Units, (by_unit, by_hour): (f64, f64)) -> fmt::Result {
    let held = &units.held;
    writeln!(
        out,
        "- {what}: capacity {:.0} in the mean, {:.0} at most, lowered {} times a day; {} unit hours a day × {MONTH_DAYS:.2} × \
         {by_hour:.5} = {:.2}; {:.0} % of it used; at most {} units in one second",
        held.mean(),
        held.highest(),
        held.decreases,
        grouped(held.unit_hours()),
        units.by_hour,
        held.share_used() * 100.0,
        grouped(held.most_asked)
    )?;
    let (used, counted) = (units.used, units.counted);
    writeln!(
        out,
        "- {what}: ÷ {} units as counted at a constant load = {:.4} a million; on demand {by_unit:.3} × {} used by such days ÷ \
         the same = {:.4} a million",
        grouped(counted),
        units.by_hour / counted * 1e6,
        grouped(used),
        units.on_demand / counted * 1e6
    )
}
