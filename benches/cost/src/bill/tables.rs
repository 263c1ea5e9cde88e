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
    /// What a day would hold for writes, and what of them would wait, were all shards' batches to come in the same second.
    pub together: Held,
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
        let units = |units, hour, month, held| Units::of(basis, [units, hour], month, held, provisioned);
        let (written, read) = (written(basis), read(basis, runs_a_day));
        let writes = |phases| writes(basis, phases);
        LiveTable {
            provisioned,
            writes: units(Priced::WriteUnit, Priced::WriteCapacityHour, written, writes(Phases::Spread)),
            reads: units(Priced::ReadUnit, Priced::ReadCapacityHour, read, reads(basis, runs_a_day)),
            together: writes(Phases::Together),
        }
    }
}

/// Units of a month, as they were counted at a constant load and under the day's.
struct Month {
    counted: f64,
    used: f64,
}

impl Units {
    fn of(basis: &Basis<'_>, [unit, hour]: [Priced; 2], month: Month, held: Held, provisioned: bool) -> Units {
        let Month { counted, used } = month;
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

fn scaling(target_percent: u32, [least, most]: [u32; 2], raised: Vec<Raised>) -> Scaling {
    Scaling { target: f64::from(target_percent) / 100.0, least: least.into(), most: most.into(), raised }
}

/// Progress is written once a batch.
fn written(basis: &Basis<'_>) -> Month {
    let (writing, rhythm) = (writing(basis), basis.counted.rhythm);
    let month = |loads: &[f64]| {
        let units = loads.iter().map(|load| {
            let seconds = rhythm.seconds_at(*load);
            load * writing.units(seconds) * basis.events() + basis.batches(seconds)
        });
        units.sum::<f64>() / loads.len() as f64
    };
    Month { counted: month(&[1.0]), used: month(&basis.asked.day.hours()) }
}

/// What is read goes with the load, whenever it is.
fn read(basis: &Basis<'_>, runs_a_day: f64) -> Month {
    let counted = live::read_units(basis) + evaluator::live_read_units(basis, runs_a_day);
    Month { counted, used: counted }
}

/// Shards' batches are spread over their rhythm, for each begins where its own last one ended, and no two shards have the
/// same load.
fn writes(basis: &Basis<'_>, phases: Phases) -> Held {
    let capacity = basis.plan.deployment.capacity;
    let scaling = scaling(capacity.write_target, [capacity.least_writes, capacity.most_writes], Vec::new());
    let writing = writing(basis);
    let mean = live::units_an_event(basis.counted) * basis.events_per_second();
    let mut batches = Batches::of(basis, phases);
    scaling.hold(mean, |second| batches.at(second, |events, seconds| events * writing.units(seconds) + 1.0))
}

/// Of the present window, which may be of batches without a bound, and of all others that were counted.
fn writing(basis: &Basis<'_>) -> Writing {
    let counted = [basis.counted].into_iter().chain(&basis.counts.windows).chain(&basis.counts.sooner);
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
    let scaling = scaling(capacity.read_target, [capacity.least_reads, capacity.most_reads], raised.collect());
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
