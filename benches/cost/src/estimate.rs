//! From what is asked for to the bills.

use crate::alternatives::{Alternative, SameLoad, alternatives};
use crate::asked::{Asked, CapacityMode, MOST_EVENTS_PER_DAY, MOST_SHARDS, Plan};
use crate::bill::{Bill, compaction_hourly, evaluated_each_day, streams};
use crate::counts::{Counted, Counts};
use crate::day::Day;
use crate::error::CostError;
use crate::measure;
use crate::prices::Prices;

/// The bills, and what they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// What was asked for.
    pub asked: Asked,
    /// The load and its sample.
    pub plan: Plan,
    /// What was counted.
    pub counts: Counts,
    /// The prices.
    pub prices: Prices,
    /// A month's bill for each window, in the order asked for.
    pub bills: Vec<Bill>,
    /// The bill with the writes put off, if that was asked for.
    pub deferred: Option<Bill>,
}

/// Runs the sample and makes the bills.
///
/// # Errors
/// [`CostError`].
pub async fn estimate(asked: &Asked) -> Result<Estimate, CostError> {
    if asked.events_per_day == 0 {
        return Err(CostError::Asked("no events cost nothing"));
    }
    if asked.events_per_day > MOST_EVENTS_PER_DAY {
        return Err(CostError::Asked("no bill is made of over 100,000,000,000 events a day"));
    }
    if asked.shards.is_some_and(|shards| !(1..=MOST_SHARDS).contains(&shards)) {
        return Err(CostError::Asked("a stream has 1 to 20,000 shards"));
    }
    if !(1..=1_000).contains(&asked.events_per_request) {
        return Err(CostError::Asked("a request has 1 to 1,000 events"));
    }
    if asked.windows.is_empty() {
        return Err(CostError::Asked("a bill needs a window"));
    }
    let (plan, prices) = (Plan::of(asked), Prices::published()?);
    let counts = measure::run(asked, &plan).await?;
    let bill = |counted: &Counted| Bill::of(asked, &plan, &counts, counted, &prices);
    let (bills, deferred) = (counts.windows.iter().map(bill).collect(), counts.deferred.as_ref().map(bill));
    Ok(Estimate { asked: asked.clone(), plan, bills, deferred, counts, prices })
}

impl Estimate {
    /// A month's bill of the first window, were the table paid for so and the day like that.
    pub fn otherwise(&self, capacity: CapacityMode, day: Day) -> Bill {
        let asked = Asked { capacity, day, ..self.asked.clone() };
        Bill::of(&asked, &self.plan, &self.counts, &self.counts.windows[0], &self.prices)
    }

    /// What people would use instead, for the same events.
    pub fn alternatives(&self) -> Vec<Alternative> {
        let collected = self.counts.windows[0].collected;
        let event_bytes = collected.bytes as f64 / collected.events.max(1) as f64;
        let (plan, prices) = (&self.plan, &self.prices);
        alternatives(SameLoad { events: self.bills[0].events, event_bytes, plan, prices })
    }

    /// Dollars a month of a stream by the shard, and of one by the byte.
    pub fn streams(&self) -> (f64, f64) {
        streams(&self.asked, &self.plan, &self.counts, &self.counts.windows[0], &self.prices)
    }

    /// Dollars a million events for compaction, were it to run once an hour.
    pub fn compaction_hourly(&self) -> f64 {
        compaction_hourly(&self.asked, &self.plan, &self.counts, &self.prices) / self.bills[0].events * 1e6
    }

    /// Dollars a million events for the evaluator, were it to run so often a day.
    pub fn evaluated_each_day(&self, runs: f64) -> f64 {
        let dollars = evaluated_each_day(&self.asked, &self.plan, &self.counts, &self.prices, runs);
        dollars / self.bills[0].events * 1e6
    }
}
