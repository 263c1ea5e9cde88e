//! Whole estimates of a small class.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use trilha_cost::asked::{CapacityMode, Plan, Senders, StreamMode};
use trilha_cost::bill::{Bill, Leg};
use trilha_cost::counts::Counts;
use trilha_cost::day::Day;
use trilha_cost::ports::ItemKind;
use trilha_cost::prices::Priced;
use trilha_cost::{Asked, CostError, Estimate, estimate};

/// Two courses with a dozen learners.
fn small() -> Asked {
    Asked { events_per_day: 100_000, warm_up_minutes: 30, counted_minutes: 30, windows: vec![58], ..Asked::default() }
}

async fn of(asked: Asked) -> Estimate {
    estimate(&asked).await.unwrap()
}

/// What does not depend on how fast the machine is.
fn without_cpu(mut counts: Counts) -> Counts {
    for counted in counts.windows.iter_mut().chain(&mut counts.deferred) {
        (counted.collected.cpu, counted.applied.cpu) = (Duration::ZERO, Duration::ZERO);
    }
    (counts.lake.landed.cpu, counts.lake.cpu, counts.evaluator.cpu) = Default::default();
    counts
}

#[tokio::test]
async fn the_same_seed_counts_the_same_and_another_does_not() {
    let counts = async |seed| without_cpu(of(Asked { seed, ..small() }).await.counts);
    let first = counts(1).await;
    assert_eq!(first, counts(1).await);
    assert_ne!(first, counts(2).await);
}

#[tokio::test]
async fn every_leg_costs_something_and_together_they_are_the_total() {
    let estimate = of(Asked { windows: vec![58, 8], deferred: Some(300), ..small() }).await;
    for bill in &estimate.bills {
        let legs: f64 = Leg::ALL.iter().map(|leg| bill.of_leg(*leg)).sum();
        assert!((legs - bill.per_million()).abs() < 1e-9);
        Leg::ALL.iter().for_each(|leg| assert!(bill.of_leg(*leg) > 0.0, "{leg:?}"));
        assert!(bill.lines.iter().all(|line| line.dollars.is_finite() && line.monthly > 0.0), "{:?}", bill.lines);
    }
    let (slow, fast) = (&estimate.bills[0], &estimate.bills[1]);
    assert!(fast.units(Priced::WriteUnit) > slow.units(Priced::WriteUnit), "younger views cost more");
    let text = estimate.text(true);
    for part in [
        "Each line's arithmetic",
        "the age of views",
        "What holds it",
        "Instead, for the same",
        "Assumed:",
        "The live table is on demand",
        "a day with a peak of 4 times",
        "unit hours a day ×",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(Leg::ALL.iter().all(|leg| text.contains(&format!("**{}**", leg.name()))));
}

/// A hand that counts: of a server's requests of 20 each event is in a record of its own or shares one, each request is
/// one call, and whatever was put was handed over.
#[tokio::test]
async fn what_goes_in_is_what_is_counted() {
    let estimate = of(small()).await;
    let counted = &estimate.counts.windows[0];
    assert_eq!(counted.collected.events, 20 * counted.collected.calls);
    assert!(
        counted.stream.records <= counted.collected.events && counted.stream.records * 4 > counted.collected.events
    );
    assert_eq!(counted.stream.put_units, counted.stream.records, "no record of ours has 25 KB here");
    let progress = counted.table.of(ItemKind::Progress);
    assert_eq!((progress.puts, progress.write_units), (counted.applied.calls, counted.applied.calls));
    assert_eq!(progress.half_read_units, 2 * counted.applied.calls);
    assert_eq!(counted.table.but(&[]).conflicts, 0);
    let expected = counted.seconds / counted.rhythm.seconds;
    assert!((counted.applied.calls as f64 - expected).abs() <= 2.0, "{} calls", counted.applied.calls);
    let (requests, invocations) =
        (estimate.bills[0].units(Priced::ApiRequest), estimate.bills[0].units(Priced::Invocation));
    assert!((requests - 50_000.0).abs() < 1e-6, "{requests}");
    assert!(invocations > requests);
}

/// A hand that counts: each of a day's 96 runs writes what has come of the day so far, those of late events a whole day more.
/// All but the last of it is deleted, is kept for three days and a half of a month's 730 hours, and so is what had landed.
#[tokio::test]
async fn what_is_deleted_in_the_lake_is_paid_for_until_its_versions_go() {
    let estimate = of(small()).await;
    let (bill, lake) = (&estimate.bills[0], &estimate.counts.lake);
    let line = |what: &str| bill.lines.iter().find(|line| line.what == what).unwrap();
    let row_bytes = lake.storage.part_bytes as f64 / lake.rows as f64;
    let landed_bytes = lake.landing.landing_bytes as f64 / lake.landed.events as f64;
    let rewritten = 97.0 / 2.0 + 96.0 * lake.late.days;
    let gigabytes = bill.events * (rewritten * row_bytes + landed_bytes) / 1024f64.powi(3);
    near(line("the lake's old versions").monthly, gigabytes * 3.5 * 24.0 / 730.0);
    assert!(line("the lake's old versions").dollars > 5.0 * line("the lake").dollars);
}

/// What the sample's evaluation told of an hour, by day and month; a message of the queue is one request and a fifth.
#[tokio::test]
async fn domain_events_are_paid_for_on_the_bus_and_in_the_queue() {
    let estimate = of(small()).await;
    let line = |what: &str| estimate.bills[0].lines.iter().find(|line| line.what == what).unwrap().dollars;
    let told = estimate.counts.evaluator.told as f64 * 730.0;
    assert!(told > 0.0);
    near(line("domain events"), told * 1.0e-6);
    near(line("the platform's queue"), told * 1.2 * 0.40e-6);
}

/// The same courses ten times over cost the same a million events, but for what a batch costs and for what is there
/// once.
#[tokio::test]
async fn a_load_of_more_courses_scales_what_was_counted() {
    let one = of(Asked { shards: Some(2), ..small() }).await;
    let more = Asked { events_per_day: 1_000_000, most_courses: 2, ..one.asked.clone() };
    let plan = Plan::of(&more);
    assert_eq!((one.plan.scale(), plan.scale()), (1.0, 10.0));
    let ten = Bill::of(&more, &plan, &one.counts, &one.counts.windows[0], &one.prices);
    let monthly = |bill: &Bill, leg| bill.of_leg(leg) * bill.events;
    let ratio = |leg| monthly(&ten, leg) / monthly(&one.bills[0], leg);
    for leg in [Leg::Views, Leg::LearnerState, Leg::Kept] {
        assert!((ratio(leg) - 10.0).abs() < 1e-6, "{leg:?} {}", ratio(leg));
    }
    assert!((ratio(Leg::AtRest) - 1.0).abs() < 1e-6);
    assert!((1.0..10.0).contains(&ratio(Leg::Stream)), "the shards are the same: {}", ratio(Leg::Stream));
}

#[tokio::test]
async fn browsers_pack_better_and_a_cold_process_reads_what_it_writes() {
    let servers = of(small()).await;
    let browsers = of(Asked { senders: Senders::Browsers, ..small() }).await;
    let per_record = |of: &Estimate| {
        let counted = &of.counts.windows[0];
        counted.collected.events as f64 / counted.stream.records as f64
    };
    assert!(per_record(&servers) < 4.0 && per_record(&browsers) > 10.0);
    assert!(browsers.bills[0].units(Priced::WriteUnit) < servers.bills[0].units(Priced::WriteUnit));
    let cold = of(Asked { warm_megabytes: 0, ..small() }).await;
    let items = |of: &Estimate| of.counts.windows[0].table.but(&[ItemKind::Progress]);
    assert_eq!(items(&cold).write_units, items(&servers).write_units);
    assert!(items(&cold).reads >= items(&cold).puts && items(&servers).reads < items(&servers).puts / 2);
}

#[tokio::test]
async fn the_stream_is_billed_as_asked_or_by_what_is_cheaper() {
    let stream = async |stream| {
        let estimate = of(Asked { stream, ..small() }).await;
        let month = estimate.bills[0].of_leg(Leg::Stream) * estimate.bills[0].events / 1e6;
        (month, estimate.streams())
    };
    let (cheaper, (provisioned, on_demand)) = stream(StreamMode::Cheaper).await;
    assert!((cheaper - provisioned.min(on_demand)).abs() < 1e-6);
    assert!((stream(StreamMode::OnDemand).await.0 - on_demand).abs() < 1e-6);
    assert!((stream(StreamMode::Provisioned).await.0 - provisioned).abs() < 1e-6);
}

fn near(there: f64, expected: f64) {
    assert!((there / expected - 1.0).abs() < 1e-9, "{there} is not {expected}");
}

/// Dollars a month of what is written to the live table, and read of it.
fn of_table(bill: &Bill) -> (f64, f64) {
    let lines = bill.lines.iter();
    let sum = |priced, what: &[&str], legs: &[Leg]| {
        let those = lines.clone().filter(|line| line.priced == priced);
        let those = those.filter(|line| legs.contains(&line.leg) || what.contains(&line.what.as_str()));
        those.map(|line| line.dollars).sum()
    };
    let written = sum(Priced::WriteUnit, &["progress written"], &[Leg::Views, Leg::LearnerState]);
    (written, sum(Priced::ReadUnit, &["items read", "progress read", "read"], &[]))
}

/// A small load has the least capacity at every hour: 50 writes, and 25 reads but for the four hours in which the
/// evaluator runs, 100 after midnight and 50 in the others.
#[tokio::test]
async fn a_provisioned_table_is_paid_for_by_the_hour_and_one_on_demand_by_the_unit() {
    let estimate = of(small()).await;
    let by = |capacity| estimate.otherwise(capacity, Day::Flat);
    let (on_demand, by_hour) = (by(CapacityMode::OnDemand), by(CapacityMode::Provisioned));
    assert_eq!(by(CapacityMode::BySize), on_demand, "a school is on demand");
    let (written, read) = of_table(&by_hour);
    near(written, 50.0 * 730.0 * 0.00065);
    near(read, (20.0 * 25.0 + 100.0 + 3.0 * 50.0) * 730.0 / 24.0 * 0.00013);
    let counted = &estimate.counts.windows[0];
    let units = counted.table.but(&[ItemKind::Progress]).write_units as f64 / counted.applied.events as f64;
    let batches = 730.0 * 3_600.0 / counted.rhythm.seconds;
    near(of_table(&on_demand).0, (units * on_demand.events + batches) * 0.625e-6);
    near(on_demand.table.reads.counted * 0.125e-6, of_table(&on_demand).1);
    // Eight alarms of auto scaling come besides, and nothing else differs.
    let table = |bill: &Bill| of_table(bill).0 + of_table(bill).1;
    near(by_hour.total() - table(&by_hour), on_demand.total() - table(&on_demand) + 0.8);
    assert_eq!(by_hour.units(Priced::WriteUnit), on_demand.units(Priced::WriteUnit), "units are counted alike");
}

/// The same counts for a thousand times the load: a flat day holds what it uses by the target of 80 %, others more.
#[tokio::test]
async fn the_steeper_a_day_the_more_capacity_is_paid_for_and_not_used() {
    let one = of(Asked { shards: Some(40), ..small() }).await;
    let asked =
        |day| Asked { events_per_day: 100_000_000, most_courses: 2, shards: Some(40), day, ..one.asked.clone() };
    let bill = |day| {
        let asked = asked(day);
        Bill::of(&asked, &Plan::of(&asked), &one.counts, &one.counts.windows[0], &one.prices)
    };
    let [flat, usual, steep] = Day::ALL.map(bill);
    assert!([&flat, &usual, &steep].iter().all(|bill| bill.table.provisioned), "national is provisioned");
    let share = |bill: &Bill| bill.table.writes.held.share_used();
    assert!((0.76..=0.8).contains(&share(&flat)), "{}", share(&flat));
    assert!(share(&flat) > share(&usual) && share(&usual) > share(&steep) && share(&steep) > 0.4);
    // 0.00065 for 3,600 units, of which so many are used.
    let price = |bill: &Bill| of_table(bill).0 / bill.table.writes.counted;
    assert!((price(&flat) * 3_600.0 * share(&flat) / 0.00065 - 1.0).abs() < 0.001, "{}", price(&flat));
    assert!(price(&flat) < price(&usual) && price(&usual) < price(&steep) && price(&steep) < 0.625e-6);
    assert_eq!(flat.table.writes.held.refused, 0.0);
}

/// A load of a hundred times the national one has a hundred times its capacity, and pays for it: nothing waits for ever.
#[tokio::test]
async fn a_load_beyond_the_templates_capacity_is_not_cheaper_for_waiting() {
    let one = of(Asked { shards: Some(40), ..small() }).await;
    let bill = |events_per_day| {
        let asked = Asked { events_per_day, most_courses: 2, shards: Some(40), day: Day::Flat, ..one.asked.clone() };
        Bill::of(&asked, &Plan::of(&asked), &one.counts, &one.counts.windows[0], &one.prices)
    };
    let [national, more] = [100_000_000, 10_000_000_000].map(bill);
    assert_eq!((more.table.writes.held.refused, more.table.reads.held.refused), (0.0, 0.0));
    let price = |bill: &Bill| of_table(bill).0 / bill.table.writes.counted;
    assert!((price(&more) / price(&national) - 1.0).abs() < 0.02, "{} {}", price(&more), price(&national));
}

/// With few shards a batch is full before its window ends when twice as much comes: the day writes more than was
/// counted, and both ways of paying say so.
#[tokio::test]
async fn at_the_peak_full_batches_write_more_units() {
    // 500,000 events a day are 5.8 a second and 580 in 100 s; the rhythm below is that of a batch that 400 fill.
    let one = of(Asked { events_per_day: 500_000, windows: vec![58, 20], ..small() }).await;
    let mut counted = one.counts.windows[0].clone();
    counted.rhythm.full_seconds = counted.rhythm.seconds * 1.15;
    let mut counts = one.counts.clone();
    counts.windows[0] = counted.clone();
    let bill = |day| {
        let asked = Asked { day, ..one.asked.clone() };
        Bill::of(&asked, &one.plan, &counts, &counted, &one.prices)
    };
    let (flat, usual) = (bill(Day::Flat), bill(Day::Usual));
    near(flat.table.writes.used, flat.table.writes.counted);
    near(of_table(&flat).0, flat.table.writes.counted * 0.625e-6);
    let more = usual.table.writes.used / usual.table.writes.counted;
    assert!((1.02..1.5).contains(&more), "{more}");
    near(of_table(&usual).0, of_table(&flat).0 * more);
}

/// Pitfall 35: what a million events cost does not grow unseen. The bounds are what was counted, and a fiftieth.
#[tokio::test]
async fn a_million_events_take_no_more_than_they_did() {
    let estimate = of(Asked { events_per_day: 500_000, warm_up_minutes: 60, ..small() }).await;
    let (bill, counted) = (&estimate.bills[0], &estimate.counts.windows[0]);
    let million = |count: u64| count as f64 / counted.applied.events as f64 * 1e6;
    let items = counted.table.but(&[ItemKind::Progress]);
    let bounds = [
        ("write units of items", million(items.write_units), 514_700.0),
        ("items read", million(items.half_read_units) / 2.0, 18_600.0),
        ("PUT units", bill.units(Priced::PutUnit), 986_300.0),
        ("invocations", bill.units(Priced::Invocation), 56_000.0),
        ("MB on the stream", million(counted.stream.bytes) / 1e6, 199.0),
    ];
    assert!(bounds.iter().all(|(_, there, bound)| there <= bound), "what, a million, at most: {bounds:?}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    for asked in [
        Asked { events_per_day: 0, ..small() },
        Asked { events_per_day: 100_000_000_001, ..small() },
        Asked { shards: Some(0), ..small() },
        Asked { shards: Some(20_001), ..small() },
        Asked { events_per_request: 0, ..small() },
        Asked { events_per_request: 1_001, ..small() },
        Asked { windows: Vec::new(), ..small() },
    ] {
        assert!(matches!(estimate(&asked).await, Err(CostError::Asked(_))), "{asked:?}");
    }
}
