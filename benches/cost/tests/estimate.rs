//! Whole estimates of a small class.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use trilha_cost::asked::{Plan, Senders, StreamMode};
use trilha_cost::bill::{Bill, Leg};
use trilha_cost::counts::Counts;
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
    for part in ["Each line's arithmetic", "the age of views", "What holds it", "Instead, for the same", "Assumed:"] {
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
        Asked { events_per_request: 0, ..small() },
        Asked { events_per_request: 1_001, ..small() },
        Asked { windows: Vec::new(), ..small() },
    ] {
        assert!(matches!(estimate(&asked).await, Err(CostError::Asked(_))), "{asked:?}");
    }
}
