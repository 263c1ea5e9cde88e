//! What the live table's units cost: by the unit, or by the hour of the capacity that auto scaling holds for them.
//!
//! Units are counted at a constant load. Here a day goes by with its curve: a shard's batch writes what has gathered, at
//! the peak it is full sooner and shares less, and the evaluator reads at its hours. What that day costs, spread over the
//! units as counted, is the price of each.

mod load;

use super::{Basis, evaluator, live};
use crate::asked::{CapacityMode, EVALUATED_AT_SECOND, MONTH_DAYS, RAISED_SECONDS};
use crate::day::{HOURS, utc_second};
use crate::prices::Priced;
use crate::scaling::{Held, Raised, Scaling};
use load::{Batches, Phases, Writing};

pub(super) use load::Run;

const DAY_SECONDS: u32 = 86_400;
const HOUR_SECONDS: u32 = 3_600;

/// The live table's two bills.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveTable {
    /// Whether it has capacity by the hour.
    pub provisioned: bool,
    /// Writes.
    pub writes: Units,
    /// Reads.
    pub reads: Units,
}

/// Units of one kind, a month.
#[derive(Debug, Clone, PartialEq)]
pub struct Units {
    /// As they were counted at a constant load.
    pub counted: f64,
    /// As a month of such days has them.
    pub used: f64,
    /// What a day holds.
    pub held: Held,
    /// Dollars by the unit.
    pub on_demand: f64,
    /// Dollars by the hour.
    pub by_hour: f64,
    /// Dollars of the way that is taken.
    pub dollars: f64,
}

impl LiveTable {
    /// Under a bill's day.
    pub(super) fn of(basis: &Basis<'_>, runs_a_day: f64) -> LiveTable {
        let provisioned = match basis.asked.capacity {
            CapacityMode::BySize => basis.plan.deployment.provisioned,
            CapacityMode::OnDemand => false,
            CapacityMode::Provisioned => true,
        };
        let units = |units, hour, counted, held| Units::of(basis, [units, hour], counted, held, provisioned);
        let (written, read) = (live::written_units(basis), live::read_units(basis));
        let read = read + evaluator::live_read_units(basis, runs_a_day);
        LiveTable {
            provisioned,
            writes: units(Priced::WriteUnit, Priced::WriteCapacityHour, written, writes(basis)),
            reads: units(Priced::ReadUnit, Priced::ReadCapacityHour, read, reads(basis, runs_a_day)),
        }
    }
}

impl Units {
    fn of(basis: &Basis<'_>, [unit, hour]: [Priced; 2], counted: f64, held: Held, provisioned: bool) -> Units {
        let used = held.used * MONTH_DAYS;
        let on_demand = used * basis.prices.of(unit);
        let by_hour = held.unit_hours() * MONTH_DAYS * basis.prices.of(hour);
        let dollars = if provisioned { by_hour } else { on_demand };
        Units { counted, used, held, on_demand, by_hour, dollars }
    }

    /// Dollars for one as it was counted.
    pub fn price(&self) -> f64 {
        self.dollars / self.counted
    }
}

/// Shards' batches are spread over their rhythm, for each begins where its own last one ended. Whether their bursts find
/// room is also asked where all come in the same second.
fn writes(basis: &Basis<'_>) -> Held {
    let capacity = basis.plan.deployment.capacity;
    let scaling = Scaling {
        target: f64::from(capacity.write_target) / 100.0,
        least: capacity.least_writes.into(),
        most: capacity.most_writes.into(),
        raised: Vec::new(),
    };
    let writing = writing(basis);
    let mean = writing.units(basis.counted.rhythm.seconds) * basis.events_per_second();
    let held = |phases| {
        let mut batches = Batches::of(basis, phases);
        scaling.hold(mean, |second| batches.at(second, |events, seconds| events * writing.units(seconds) + 1.0))
    };
    let (spread, together) = (held(Phases::Spread), held(Phases::Together));
    Held {
        refused: spread.refused.max(together.refused),
        waited_seconds: spread.waited_seconds.max(together.waited_seconds),
        most_asked: spread.most_asked.max(together.most_asked),
        ..spread
    }
}

/// Of all windows that were counted, and the present one, which may be of batches without a bound.
fn writing(basis: &Basis<'_>) -> Writing {
    let counted = basis.counts.windows.iter().chain(&basis.counts.sooner).chain([basis.counted]);
    Writing::of(counted.map(|counted| (counted.rhythm.seconds, live::units_an_event(counted))))
}

fn reads(basis: &Basis<'_>, runs_a_day: f64) -> Held {
    let capacity = basis.plan.deployment.capacity;
    let runs = evaluator::live_reads(basis, runs_a_day);
    let runs: Vec<Run> =
        runs.into_iter().enumerate().map(|(at, read)| Run { from: begin(at, runs_a_day), ..read }).collect();
    let raised = runs.iter().enumerate().map(|(at, run)| {
        let from = run.from - run.from % HOUR_SECONDS;
        let capacity = if at == 0 { capacity.night_reads } else { capacity.run_reads };
        Raised { from, until: from + RAISED_SECONDS, capacity: capacity.into() }
    });
    let scaling = Scaling {
        target: f64::from(capacity.read_target) / 100.0,
        least: capacity.least_reads.into(),
        most: capacity.most_reads.into(),
        raised: raised.collect(),
    };
    let an_event = live::items_read_an_event(basis.counted);
    let mut batches = Batches::of(basis, Phases::Spread);
    scaling.hold(an_event * basis.events_per_second(), |second| {
        let evaluated: f64 = runs.iter().map(|run| run.at(second % DAY_SECONDS)).sum();
        batches.at(second, |events, _| events * an_event + 1.0) + evaluated
    })
}

/// When the evaluator's run of a number begins: evenly over the day of the institutions.
fn begin(number: usize, runs_a_day: f64) -> u32 {
    let hour = (number as f64 * HOURS as f64 / runs_a_day) as u32;
    utc_second(hour * HOUR_SECONDS + EVALUATED_AT_SECOND)
}
