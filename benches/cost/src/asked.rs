//! What a bill is asked for, and what is taken for granted beside it.

use crate::day::Day;

/// Hours in a month.
pub const MONTH_HOURS: f64 = 730.0;
/// Days in a month.
pub const MONTH_DAYS: f64 = MONTH_HOURS / 24.0;

/// Events of one course in a day: 5.8 learners at any moment, of whom each sends an event each 10 s.
pub const COURSE_EVENTS_PER_DAY: u64 = 50_000;
/// Learners at work at any moment, for ten courses.
const LEARNERS_PER_TEN_COURSES: u64 = 58;
/// Courses of one institution.
const COURSES_PER_TENANT: u64 = 40;
/// How much more than its average a stream has to take.
pub const PEAK: f64 = 4.0;

/// The most events a day that a bill is made of.
pub const MOST_EVENTS_PER_DAY: u64 = 100_000_000_000;
/// The most shards that a stream has: an account's of us-east-1.
pub const MOST_SHARDS: u32 = 20_000;
/// What the largest size's bounds of capacity are for (`infra/aws/README.md`).
const CAPACITY_EVENTS_PER_DAY: f64 = 100.0e6;

/// A batch is at most so many records…
pub const BATCH_RECORDS: usize = 10_000;
/// … and so many bytes of JSON.
pub const BATCH_BYTES: f64 = 6.0 * 1024.0 * 1024.0;
/// So many records of an event each have that many bytes, about.
const FULL_BATCH_RECORDS: f64 = 8_600.0;
/// A mapping asks each shard so often.
pub const POLL_SECONDS: f64 = 1.0;
/// What the age of a view has beside the window: a poll, the call, its writes.
pub const AGE_BESIDE_WINDOW_SECONDS: u32 = 2;

/// What a PutRecords takes.
pub const PUT_WAIT_SECONDS: f64 = 0.010;
/// What a call of DynamoDB takes.
pub const TABLE_WAIT_SECONDS: f64 = 0.005;
/// What a request to S3 takes, before its bytes.
pub const STORAGE_WAIT_SECONDS: f64 = 0.020;
/// What is deleted or replaced stays for three days in the lake's bucket (`infra/aws/template.yaml`), and until midnight.
pub const OLD_VERSION_DAYS: f64 = 3.5;
/// Bytes that S3 sends to one reader in a second.
pub const STORAGE_BYTES_PER_SECOND: f64 = 80.0e6;
/// So many puts are under way at once (`sinks/live/dynamodb`).
pub const WRITES_AT_ONCE: f64 = 32.0;
/// What the SDK computes for a call: signing, JSON, TLS.
pub const CLIENT_CPU_SECONDS: f64 = 0.000_1;

/// So many MB of a shard's state stay in a function's memory (`infra/aws/src/functions/live.rs`).
const WARM_MEGABYTES: u32 = 32;
/// A function may run for so long (`infra/aws/template.yaml`).
pub const LONGEST_CALL_SECONDS: f64 = 900.0;
/// How often a compaction runs.
pub const COMPACTION_SECONDS: f64 = 900.0;
/// … or might.
pub const HOURLY_SECONDS: f64 = 3_600.0;
/// How often it is evaluated (`infra/aws/template.yaml`), the first time of a day so long after midnight.
pub const EVALUATIONS_PER_DAY: f64 = 4.0;
/// …
pub const EVALUATED_AT_SECOND: u32 = 600;
/// For so long from the hour on the live table has more to read (`infra/aws/template.yaml`).
pub const RAISED_SECONDS: u32 = 1_800;
/// So many calls of the evaluator are under way at once (`infra/aws/src/functions/evaluator.rs`).
pub const EVALUATED_AT_ONCE: f64 = 16.0;
/// A slice of a day in a compaction (`sinks/lake/src/compaction.rs`).
pub const SLICE_ROWS: f64 = 125_000.0;
/// So long after a day the evaluator reads the items of its learners in each run (`processors/src/evaluator/rules.rs`), in
/// days.
pub const EVENING_DAYS: f64 = 0.125;
/// On so many days after it once a day.
pub const SWEPT_DAYS: f64 = 4.0;

/// Who gathers the events of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Senders {
    /// The platform's server, of all its learners: a request is full within a second.
    Servers,
    /// Each learner's browser, of its own: at an event each 10 s, 20 take 200 s.
    Browsers,
}

/// What the stream is billed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamMode {
    /// Whichever is cheaper.
    Cheaper,
    /// Shards by the hour and PUT units.
    Provisioned,
    /// GB.
    OnDemand,
}

/// How the live table is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapacityMode {
    /// As the template has it for the size.
    BySize,
    /// By the unit.
    OnDemand,
    /// Capacity by the hour, under auto scaling.
    Provisioned,
}

/// What a bill is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Events a day, on average.
    pub events_per_day: u64,
    /// Events in a request.
    pub events_per_request: u32,
    /// Who gathers them.
    pub senders: Senders,
    /// How long the live processor's batches gather, in seconds. The bill is of the first; of the others only the
    /// totals are told.
    pub windows: Vec<u32>,
    /// How the stream is billed.
    pub stream: StreamMode,
    /// How the live table is.
    pub capacity: CapacityMode,
    /// How the day's load is spread over its hours.
    pub day: Day,
    /// How many shards it has; as many as the load and the first window need if not given.
    pub shards: Option<u32>,
    /// What a shard's items may take in memory between batches, in MB; 0: every batch meets a process that knows nothing.
    pub warm_megabytes: u32,
    /// Counts besides, for what could be changed, what it costs to write each so many seconds, however large a batch is.
    pub deferred: Option<u32>,
    /// So many courses are run at most; each stands for several where the load has more.
    pub most_courses: u64,
    /// Another seed makes another class.
    pub seed: u64,
    /// How long the class runs before anything is counted, in minutes of its own time.
    pub warm_up_minutes: u32,
    /// How long it is counted, for each window.
    pub counted_minutes: u32,
}

impl Default for Asked {
    fn default() -> Asked {
        Asked {
            events_per_day: 100_000_000,
            events_per_request: 20,
            senders: Senders::Servers,
            windows: vec![window_of_age(60)],
            stream: StreamMode::Cheaper,
            capacity: CapacityMode::BySize,
            day: Day::default(),
            shards: None,
            warm_megabytes: WARM_MEGABYTES,
            deferred: None,
            most_courses: COURSES_PER_TENANT,
            seed: 1,
            warm_up_minutes: 24 * 60,
            counted_minutes: 60,
        }
    }
}

/// The window by which views are at most so many seconds old, from the acceptance of an event on.
pub fn window_of_age(seconds: u32) -> u32 {
    seconds.saturating_sub(AGE_BESIDE_WINDOW_SECONDS)
}

/// What of `infra/aws/template.yaml` depends on the size that is chosen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    /// Its name.
    pub size: &'static str,
    /// Memory of the functions, in MB.
    pub collector: u32,
    /// …
    pub live: u32,
    /// …
    pub lake: u32,
    /// …
    pub evaluator: u32,
    /// …
    pub steps: u32,
    /// How long the lake's batches gather, in seconds.
    pub lake_window: u32,
    /// How long the stream keeps records.
    pub retention_hours: u32,
    /// Whether the live table has capacity by the hour.
    pub provisioned: bool,
    /// The bounds of that capacity, if it is chosen.
    pub capacity: Capacity,
}

/// Between what auto scaling moves the live table's capacity, in units a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Of writes, the target in percent.
    pub write_target: u32,
    /// … the least
    pub least_writes: u32,
    /// … and the most.
    pub most_writes: u32,
    /// Of reads, the target in percent.
    pub read_target: u32,
    /// … the least
    pub least_reads: u32,
    /// … and the most.
    pub most_reads: u32,
    /// Of reads, while the evaluator's run after midnight goes on.
    pub night_reads: u32,
    /// … and each other run.
    pub run_reads: u32,
}

impl Capacity {
    /// For so many times the load: both mosts, and what the evaluator's runs are given.
    fn times(self, load: f64) -> Capacity {
        let times = |units: u32| (f64::from(units) * load).ceil() as u32;
        Capacity {
            most_writes: times(self.most_writes),
            most_reads: times(self.most_reads),
            night_reads: times(self.night_reads),
            run_reads: times(self.run_reads),
            ..self
        }
    }
}

/// The template's sizes, the smallest first.
pub const DEPLOYMENTS: [Deployment; 3] = [
    Deployment {
        size: "school",
        collector: 256,
        live: 512,
        lake: 512,
        evaluator: 512,
        steps: 1769,
        lake_window: 300,
        retention_hours: 24,
        provisioned: false,
        capacity: Capacity {
            write_target: 70,
            least_writes: 50,
            most_writes: 1_000,
            read_target: 70,
            least_reads: 25,
            most_reads: 1_000,
            night_reads: 100,
            run_reads: 50,
        },
    },
    Deployment {
        size: "university",
        collector: 512,
        live: 1024,
        lake: 1024,
        evaluator: 1024,
        steps: 3008,
        lake_window: 120,
        retention_hours: 72,
        provisioned: false,
        capacity: Capacity {
            write_target: 70,
            least_writes: 100,
            most_writes: 4_000,
            read_target: 70,
            least_reads: 50,
            most_reads: 2_000,
            night_reads: 1_200,
            run_reads: 400,
        },
    },
    Deployment {
        size: "national",
        collector: 512,
        live: 1769,
        lake: 1769,
        evaluator: 1769,
        steps: 6144,
        lake_window: 300,
        retention_hours: 168,
        provisioned: true,
        capacity: Capacity {
            write_target: 80,
            least_writes: 400,
            most_writes: 20_000,
            read_target: 70,
            least_reads: 100,
            most_reads: 6_000,
            night_reads: 5_500,
            run_reads: 2_500,
        },
    },
];

/// The load and the part of it that is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// The size of the template; of a load beyond what its capacity is for, with as much more.
    pub deployment: Deployment,
    /// How many times the template's that capacity is.
    pub more_capacity: f64,
    /// Institutions.
    pub tenants: u64,
    /// Courses of all of them.
    pub courses: u64,
    /// Learners at work at any moment.
    pub learners: u64,
    /// Courses that are run: one institution's at most.
    pub sample_courses: u32,
    /// Learners that are run at any moment.
    pub sample_learners: u32,
    /// Shards of the stream.
    pub shards: u32,
}

impl Plan {
    /// A load grows by courses, each as busy as any other.
    pub fn of(asked: &Asked) -> Plan {
        let courses = (asked.events_per_day / COURSE_EVENTS_PER_DAY).max(1);
        let sample_courses = courses.min(asked.most_courses.clamp(1, COURSES_PER_TENANT));
        let learners = |courses: u64| (courses * LEARNERS_PER_TEN_COURSES).div_ceil(10);
        let deployment = DEPLOYMENTS[match asked.events_per_day {
            0..=1_000_000 => 0,
            1_000_001..=20_000_000 => 1,
            _ => 2,
        }];
        let more_capacity = (asked.events_per_day as f64 / CAPACITY_EVENTS_PER_DAY).max(1.0);
        Plan {
            deployment: Deployment { capacity: deployment.capacity.times(more_capacity), ..deployment },
            more_capacity,
            tenants: courses.div_ceil(COURSES_PER_TENANT),
            courses,
            learners: learners(courses),
            sample_courses: sample_courses as u32,
            sample_learners: learners(sample_courses) as u32,
            shards: asked.shards.unwrap_or_else(|| shards(asked)).max(1),
        }
    }

    /// So many courses stand for each one that is run.
    pub fn scale(&self) -> f64 {
        self.courses as f64 / f64::from(self.sample_courses)
    }
}

/// A shard takes 1,000 records a second. (Its bytes are never what ends first: a record of ours has a few hundred.) And where
/// a record is an event, there are so many that a batch gathers for its window before it is full, at the day's busiest hour
/// too: what gathers for less long is written more often. (Browsers' records hold more, and are few: what more shards cost is
/// more than they save.)
fn shards(asked: &Asked) -> u32 {
    let per_second = asked.events_per_day as f64 / 86_400.0;
    let window = f64::from(asked.windows.first().copied().unwrap_or_default());
    let (records, gathered) = match asked.senders {
        Senders::Servers => (per_second, per_second * asked.day.peak() * window),
        Senders::Browsers => (per_second / f64::from(asked.events_per_request.max(1)), 0.0),
    };
    let shards = (records * PEAK / 1_000.0).max(gathered / FULL_BATCH_RECORDS).ceil();
    shards.clamp(1.0, MOST_SHARDS.into()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_of_the_facts_is_met_at_100_million_a_day() {
        let plan = Plan::of(&Asked::default());
        assert_eq!((plan.tenants, plan.courses, plan.learners), (50, 2_000, 11_600));
        assert_eq!((plan.sample_courses, plan.sample_learners, plan.scale()), (40, 232, 50.0));
        assert_eq!((plan.shards, plan.deployment.size), (18, "national"));
        let at_once = Plan::of(&Asked { windows: vec![window_of_age(10)], ..Asked::default() });
        assert_eq!(at_once.shards, 5, "what the load needs");
        let browsers = Plan::of(&Asked { senders: Senders::Browsers, ..Asked::default() });
        assert_eq!(browsers.shards, 1);
    }

    #[test]
    fn capacity_grows_with_a_load_that_is_beyond_the_templates() {
        let capacity = |events_per_day| Plan::of(&Asked { events_per_day, ..Asked::default() }).deployment.capacity;
        let national = DEPLOYMENTS[2].capacity;
        assert_eq!((capacity(20_000_001), capacity(100_000_000)), (national, national));
        let grown =
            Capacity { most_writes: 50_000, most_reads: 15_000, night_reads: 13_750, run_reads: 6_250, ..national };
        assert_eq!(capacity(250_000_000), grown);
        assert_eq!(capacity(MOST_EVENTS_PER_DAY).most_writes, 20_000_000);
    }

    #[test]
    fn it_is_evaluated_as_often_as_the_template_says() {
        let template = std::fs::read_to_string("../../infra/aws/template.yaml").unwrap();
        let of_schedule = template.split("  EvaluatorSchedule:").nth(1).unwrap();
        let default = of_schedule.split("    Default: ").nth(1).unwrap().lines().next().unwrap();
        let every_hours = 24.0 / EVALUATIONS_PER_DAY;
        assert_eq!(default, format!("cron({} 0/{every_hours:.0} * * ? *)", EVALUATED_AT_SECOND / 60));
        let over = template.split("ScheduledActionName: over").nth(1).unwrap().lines().nth(1).unwrap().trim();
        assert_eq!(over, format!("Schedule: cron({} 0/{every_hours:.0} * * ? *)", RAISED_SECONDS / 60));
    }

    #[test]
    fn old_versions_are_kept_as_long_as_the_template_says() {
        let template = std::fs::read_to_string("../../infra/aws/template.yaml").unwrap();
        let days: f64 = template.split("NoncurrentDays: ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert_eq!(OLD_VERSION_DAYS, days + 0.5);
    }

    #[test]
    fn a_small_load_is_run_whole() {
        let plan = Plan::of(&Asked { events_per_day: 100_000, ..Asked::default() });
        assert_eq!((plan.tenants, plan.courses, plan.learners, plan.scale()), (1, 2, 12, 1.0));
        assert_eq!((plan.shards, plan.deployment.size), (1, "school"));
    }

    #[test]
    fn sizes_are_the_templates() {
        let template = std::fs::read_to_string("../../infra/aws/template.yaml").unwrap();
        let by_size = template.split("  BySize:").nth(1).unwrap();
        for there in DEPLOYMENTS {
            let of_size = by_size.split(&format!("    {}:", there.size)).nth(1).unwrap();
            let text = |name: &str| {
                let line = of_size.lines().find(|line| line.trim_start().starts_with(&format!("{name}:"))).unwrap();
                line.split(": ").nth(1).unwrap()
            };
            let value = |name: &str| text(name).parse::<u32>().unwrap();
            assert_eq!(there.provisioned, text("LiveCapacity") == "PROVISIONED", "{}", there.size);
            let capacity = Capacity {
                write_target: value("WriteTarget"),
                least_writes: value("LeastWrites"),
                most_writes: value("MostWrites"),
                read_target: value("ReadTarget"),
                least_reads: value("LeastReads"),
                most_reads: value("MostReads"),
                night_reads: value("NightReads"),
                run_reads: value("RunReads"),
            };
            assert_eq!(there.capacity, capacity, "{}", there.size);
            let memory =
                ["Collector", "Live", "Lake", "Evaluator", "Steps"].map(|part| value(&format!("{part}Memory")));
            assert_eq!([there.collector, there.live, there.lake, there.evaluator, there.steps], memory);
            assert_eq!(
                (there.lake_window, there.retention_hours),
                (value("LakeWindowSeconds"), value("RetentionHours"))
            );
        }
    }
}
