//! From counts to dollars: one line for each thing that is charged, with its arithmetic.

mod at_rest;
mod evaluator;
mod front;
mod lake;
mod live;
mod stream;
mod tables;

use crate::asked::{Asked, EVALUATIONS_PER_DAY, MONTH_DAYS, MONTH_HOURS, Plan};
use crate::billing::{GB, billed_millis};
use crate::counts::{Counted, Counts};
use crate::prices::{Priced, Prices};

pub use tables::{LiveTable, Units};

/// A part of the bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leg {
    /// API Gateway and the collector.
    FrontDoor,
    /// Kinesis.
    Stream,
    /// The live processor's function.
    LiveProcessor,
    /// Views, in DynamoDB.
    Views,
    /// Learner items and rosters.
    LearnerState,
    /// Progress, and what is read of all of these.
    TableRest,
    /// Landing files and the manifest.
    LakeWriter,
    /// Compaction.
    Compaction,
    /// Domain events.
    Evaluator,
    /// Logs.
    Logs,
    /// What is kept, for one month.
    Kept,
    /// What is charged with nobody there.
    AtRest,
}

impl Leg {
    /// All of them, in the order in which data meets them.
    pub const ALL: [Leg; 12] = [
        Leg::FrontDoor,
        Leg::Stream,
        Leg::LiveProcessor,
        Leg::Views,
        Leg::LearnerState,
        Leg::TableRest,
        Leg::LakeWriter,
        Leg::Compaction,
        Leg::Evaluator,
        Leg::Logs,
        Leg::Kept,
        Leg::AtRest,
    ];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Leg::FrontDoor => "front door",
            Leg::Stream => "stream",
            Leg::LiveProcessor => "live processor",
            Leg::Views => "views",
            Leg::LearnerState => "learner state",
            Leg::TableRest => "tables, the rest",
            Leg::LakeWriter => "lake writer",
            Leg::Compaction => "compaction",
            Leg::Evaluator => "evaluator",
            Leg::Logs => "logs",
            Leg::Kept => "kept a month",
            Leg::AtRest => "at rest",
        }
    }
}

/// One thing that is charged.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The part that it belongs to.
    pub leg: Leg,
    /// What it is.
    pub what: String,
    /// How many, a month.
    pub monthly: f64,
    /// Of what.
    pub priced: Priced,
    /// Dollars a month.
    pub dollars: f64,
    /// How that number came about.
    pub arithmetic: String,
}

/// A month's bill.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// Events in the month.
    pub events: f64,
    /// In order of leg.
    pub lines: Vec<Line>,
    /// What the live table's units come from.
    pub table: LiveTable,
}

impl Bill {
    /// Of one window.
    pub fn of(asked: &Asked, plan: &Plan, counts: &Counts, counted: &Counted, prices: &Prices) -> Bill {
        let basis = Basis { asked, plan, counts, counted, prices };
        let table = LiveTable::of(&basis, EVALUATIONS_PER_DAY);
        let mut lines = front::lines(&basis);
        lines.extend(stream::lines(&basis));
        lines.extend(live::lines(&basis, &table));
        lines.extend(lake::lines(&basis));
        lines.extend(evaluator::lines(&basis, &table));
        lines.extend(at_rest::lines(&basis, &table));
        lines.sort_by_key(|line| line.leg);
        Bill { events: basis.events(), lines, table }
    }

    /// Dollars a month.
    pub fn total(&self) -> f64 {
        self.lines.iter().map(|line| line.dollars).sum()
    }

    /// Dollars a million events.
    pub fn per_million(&self) -> f64 {
        self.total() / self.events * 1e6
    }

    /// Dollars a million events, of one leg.
    pub fn of_leg(&self, leg: Leg) -> f64 {
        let dollars: f64 = self.lines.iter().filter(|line| line.leg == leg).map(|line| line.dollars).sum();
        dollars / self.events * 1e6
    }

    /// Units of one price, a million events.
    pub fn units(&self, priced: Priced) -> f64 {
        let monthly: f64 = self.lines.iter().filter(|line| line.priced == priced).map(|line| line.monthly).sum();
        monthly / self.events * 1e6
    }
}

/// Dollars a month of a stream by the shard, and of one by the byte.
pub fn streams(asked: &Asked, plan: &Plan, counts: &Counts, counted: &Counted, prices: &Prices) -> (f64, f64) {
    let basis = Basis { asked, plan, counts, counted, prices };
    let total = |lines: Vec<Line>| lines.iter().map(|line| line.dollars).sum();
    (total(stream::provisioned(&basis)), total(stream::on_demand(&basis)))
}

/// Dollars a month of compaction, were it to run once an hour.
pub fn compaction_hourly(asked: &Asked, plan: &Plan, counts: &Counts, prices: &Prices) -> f64 {
    let basis = Basis { asked, plan, counts, counted: &counts.windows[0], prices };
    lake::compaction_hourly(&basis)
}

/// Dollars a month of the evaluator, were it to run so often a day.
pub fn evaluated_each_day(asked: &Asked, plan: &Plan, counts: &Counts, prices: &Prices, runs: f64) -> f64 {
    evaluator::each_day(&Basis { asked, plan, counts, counted: &counts.windows[0], prices }, runs)
}

/// What a bill is made from.
struct Basis<'a> {
    asked: &'a Asked,
    plan: &'a Plan,
    counts: &'a Counts,
    counted: &'a Counted,
    prices: &'a Prices,
}

impl Basis<'_> {
    /// A month's.
    fn events(&self) -> f64 {
        self.asked.events_per_day as f64 * MONTH_DAYS
    }

    fn events_per_second(&self) -> f64 {
        self.asked.events_per_day as f64 / 86_400.0
    }

    /// A month's number of what was counted so often while so many events were.
    fn monthly(&self, count: f64, events: u64) -> f64 {
        count / events.max(1) as f64 * self.events()
    }

    /// Batches of all shards in a month.
    fn batches(&self, seconds: f64) -> f64 {
        f64::from(self.plan.shards) * MONTH_HOURS * 3_600.0 / seconds
    }

    /// Events of a batch.
    fn batch_events(&self, seconds: f64) -> f64 {
        self.events_per_second() * seconds / f64::from(self.plan.shards)
    }

    fn line(&self, leg: Leg, what: impl Into<String>, monthly: f64, priced: Priced, arithmetic: String) -> Line {
        self.line_at(leg, what, monthly, (priced, self.prices.of(priced)), arithmetic)
    }

    /// A line whose price is not the list's.
    fn line_at(
        &self,
        leg: Leg,
        what: impl Into<String>,
        monthly: f64,
        (priced, price): (Priced, f64),
        arithmetic: String,
    ) -> Line {
        Line { leg, what: what.into(), monthly, priced, dollars: monthly * price, arithmetic }
    }

    /// Calls of a function and their memory for their time.
    fn function(&self, leg: Leg, what: &str, calls: f64, seconds: f64, megabytes: u32, told: &str) -> [Line; 2] {
        let (millis, gigabytes) = (billed_millis(seconds), f64::from(megabytes) / 1024.0);
        let gb_seconds = calls * millis as f64 / 1_000.0 * gigabytes;
        [
            self.line(leg, format!("{what}: calls"), calls, Priced::Invocation, told.to_string()),
            self.line(
                leg,
                format!("{what}: memory"),
                gb_seconds,
                Priced::GbSecond,
                format!("{calls:.0} calls × {millis} ms × {gigabytes:.3} GB"),
            ),
        ]
    }

    fn gigabytes(&self, leg: Leg, what: &str, bytes: f64, priced: Priced, arithmetic: String) -> Line {
        self.line(leg, what, bytes / GB, priced, arithmetic)
    }
}

/// Seconds of one of so many calls.
fn each(spent: std::time::Duration, of: u64) -> f64 {
    spent.as_secs_f64() / of.max(1) as f64
}
