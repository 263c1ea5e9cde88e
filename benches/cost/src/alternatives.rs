//! What people would use instead, for the same events; computed, not run.

use crate::asked::{MONTH_HOURS, Plan};
use crate::billing::{GB, firehose_bytes, on_demand_bytes};
use crate::prices::{Priced, Prices};

/// An alternative to some parts of the bill.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// What it is.
    pub what: &'static str,
    /// Which parts it would take the place of.
    pub instead_of: &'static str,
    /// Dollars a month.
    pub dollars: f64,
    /// How that number came about.
    pub arithmetic: String,
}

/// The load that they share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SameLoad<'a> {
    /// A month's.
    pub events: f64,
    /// JSON of one event.
    pub event_bytes: f64,
    /// For shards and hours.
    pub plan: &'a Plan,
    /// Of the same day.
    pub prices: &'a Prices,
}

/// All of them.
pub fn alternatives(load: SameLoad<'_>) -> Vec<Alternative> {
    let mut all = vec![load.naive()];
    all.extend(load.firehose());
    all.extend(load.flink());
    all.extend(load.streams());
    all
}

/// Aggregates that a naive consumer adds each event to, and the item by which it knows the event again.
const ADDS: f64 = 3.0;
const DEDUP: f64 = 1.0;
/// A naive consumer's batch; a call of it, and one of its front door.
const NAIVE_BATCH: f64 = 100.0;
const NAIVE_CALL_GB_SECONDS: f64 = 0.05 * 0.5;
const NAIVE_REQUEST_GB_SECONDS: f64 = 0.005 * 0.5;
const NAIVE_LOG_BYTES: f64 = 200.0;
/// Flink's processing units for this load, at least and at most, and the one that it always has besides.
const KPUS: [f64; 2] = [2.0, 4.0];
const ONE_MORE_KPU: f64 = 1.0;

impl SameLoad<'_> {
    fn price(&self, priced: Priced) -> f64 {
        self.prices.of(priced)
    }

    fn naive(&self) -> Alternative {
        let requests = self.price(Priced::ApiRequest)
            + self.price(Priced::Invocation)
            + NAIVE_REQUEST_GB_SECONDS * self.price(Priced::GbSecond);
        let calls = self.price(Priced::Invocation) + NAIVE_CALL_GB_SECONDS * self.price(Priced::GbSecond);
        let writes = (ADDS + DEDUP) * self.price(Priced::WriteUnit);
        let logs = NAIVE_LOG_BYTES / GB * self.price(Priced::LogGb);
        let parts = [requests, calls / NAIVE_BATCH, writes, logs].map(|each| each * self.events);
        let stream = self.unpacked(1.0);
        Alternative {
            what: "naive: a request an event, ADD and dedup item",
            instead_of: "all but the lake",
            dollars: parts.iter().sum::<f64>() + stream,
            arithmetic: format!(
                "requests and their function {:.0}, stream {stream:.0}, calls of 100 records {:.0}, 3 ADDs and a dedup \
                 item an event {:.0}, 200 bytes of log an event {:.0}",
                parts[0], parts[1], parts[2], parts[3]
            ),
        }
    }

    /// An on-demand stream of one event a record, read by so many.
    fn unpacked(&self, consumers: f64) -> f64 {
        let charged = on_demand_bytes(self.event_bytes.ceil() as u64) as f64 * self.events / GB;
        let read = self.event_bytes * self.events / GB * consumers;
        charged * self.price(Priced::OnDemandGbIn)
            + read * self.price(Priced::OnDemandGbOut)
            + MONTH_HOURS * self.price(Priced::OnDemandStreamHour)
    }

    fn firehose(&self) -> [Alternative; 3] {
        let each = self.price(Priced::FirehoseGb) + self.price(Priced::FirehoseParquetGb);
        let unpacked = firehose_bytes(self.event_bytes.ceil() as u64) as f64 * self.events / GB;
        let packed = self.event_bytes * self.events / GB;
        let partitions = self.price(Priced::FirehosePartitioningGb);
        let of = |what, gigabytes: f64, each: f64, told: &str| Alternative {
            what,
            instead_of: "lake writer, compaction",
            dollars: gigabytes * each,
            arithmetic: format!("{gigabytes:.0} GB{told} × {each:.3}"),
        };
        [
            of("Firehose to Parquet, an event a record", unpacked, each, " (5 KB a record)"),
            of("Firehose to Parquet, records of 5 KB and more", packed, each, ""),
            of("… and dynamic partitioning", unpacked, each + partitions, " (5 KB a record)"),
        ]
    }

    fn flink(&self) -> [Alternative; 2] {
        KPUS.map(|kpus| Alternative {
            what: if kpus == KPUS[0] { "managed Flink, 2 KPU" } else { "managed Flink, 4 KPU" },
            instead_of: "live processor, without its tables",
            dollars: (kpus + ONE_MORE_KPU) * MONTH_HOURS * self.price(Priced::KpuHour),
            arithmetic: format!("({kpus:.0} + 1) KPU × 730 h × {:.2}", self.price(Priced::KpuHour)),
        })
    }

    fn streams(&self) -> [Alternative; 3] {
        let told = |consumers: f64| {
            let charged = on_demand_bytes(self.event_bytes.ceil() as u64);
            format!("{:.0} bytes charged as {charged} in, read {consumers:.0} times, 730 h", self.event_bytes)
        };
        let of = |what, instead_of, dollars, arithmetic| Alternative { what, instead_of, dollars, arithmetic };
        [
            of("Kinesis on demand, an event a record", "stream", self.unpacked(2.0), told(2.0)),
            of(
                "streaming tables: their stream alone",
                "stream, lake writer, compaction",
                self.unpacked(1.0),
                format!("{}, for the aggregates; what the delivery itself costs was not found", told(1.0)),
            ),
            of(
                "Snowplow: its two streams alone",
                "stream",
                2.0 * self.unpacked(1.0),
                format!("raw and enriched, each {}; its servers and its warehouse come besides", told(1.0)),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asked::Asked;

    /// The example of 100 million events of 400 bytes a day, in a month of 30 days.
    #[test]
    fn the_known_example_comes_out() {
        let (prices, plan) = (Prices::published().unwrap(), Plan::of(&Asked::default()));
        let load = SameLoad { events: 3.0e9, event_bytes: 400.0, plan: &plan, prices: &prices };
        let all = alternatives(load);
        let of = |what: &str| all.iter().find(|one| one.what.starts_with(what)).unwrap().dollars;
        let check = |what: &str, dollars: f64| assert!((of(what) - dollars).abs() < 1.0, "{what}: {}", of(what));
        check("Firehose to Parquet, an event", 672.4);
        check("Firehose to Parquet, records", 52.5);
        check("…", 958.5);
        check("managed Flink, 2", 240.9);
        check("streaming tables", 302.8);
        check("Kinesis on demand", 347.5);
        assert!((of("naive") - 11_800.0).abs() < 800.0, "{}", of("naive"));
    }
}
