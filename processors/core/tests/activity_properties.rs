//! Minutes, days and their windows against the naive reading: any set of events, in any order, grouping and repetition.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod make;
mod naive;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use make::{Dice, activity_events, deliveries, resent};
use naive::activity::Activity;
use proptest::prelude::*;
use trilha_core::activity::{ActivityChange, ActivityItem, month};
use trilha_core::views::{CourseView, HourView, MonthView, Presence, View};
use trilha_schemas::event::Event;
use trilha_schemas::ids::Pseudonym;

type Items = HashMap<Pseudonym, ActivityItem>;

fn fold(items: &mut Items, calls: &[(Pseudonym, Vec<Event>)], dice: &mut Dice) -> Vec<ActivityChange> {
    let mut changes = Vec::new();
    for (learner, events) in calls {
        let item = items.entry(*learner).or_default();
        let mut change = ActivityChange::default();
        let folded = item.fold(events, &mut change);
        assert!(folded.changed() || change == ActivityChange::default(), "what changes a view changes the item");
        changes.push(change);
        if dice.roll(2) == 0 {
            let stored = item.encode();
            *item = ActivityItem::decode(&stored).expect("an item reads back");
            assert_eq!(item.encode(), stored);
        }
    }
    changes
}

#[derive(Debug, Default, PartialEq)]
struct Sum {
    course: CourseView,
    hours: BTreeMap<i64, HourView>,
    months: BTreeMap<i64, MonthView>,
}

fn sum(changes: &[ActivityChange]) -> Sum {
    let mut sum = Sum::default();
    for change in changes {
        sum.course.add(&change.course);
        change.hours.views().for_each(|(hour, view)| sum.hours.entry(hour).or_default().add(&view));
        change.months.iter().for_each(|(month, view)| sum.months.entry(*month).or_default().add(view));
    }
    sum
}

/// Compares all about the times of `events` with what the events that count come to.
fn check(sum: &Sum, counting: &[Event], events: &[Event]) {
    let naive = Activity::of(counting);
    assert_eq!(sum.course.learners, naive.learners());
    let minutes: BTreeSet<i64> = events.iter().map(|event| naive::time(event).div_euclid(60_000)).collect();
    for minute in minutes.iter().flat_map(|minute| minute - 6..=minute + 6) {
        let at = sum.hours.get(&minute.div_euclid(60)).map_or(Presence::default(), |view: &HourView| view.at(minute));
        let expected = (naive.in_minutes(minute, minute), naive.in_minutes(minute - 4, minute));
        assert_eq!((at.active, at.window), expected, "minute {minute}");
    }
    let days: BTreeSet<i64> = minutes.iter().map(|minute| minute.div_euclid(1_440)).collect();
    for day in days.iter().flat_map(|day| day - 2..=day + 9) {
        let at = sum.months.get(&month(day)).map_or(Presence::default(), |view: &MonthView| view.at(day));
        assert_eq!((at.active, at.window), (naive.in_days(day, day), naive.in_days(day - 6, day)), "day {day}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 700, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_delivery_gives_the_naive_minutes_and_days(events in activity_events(), seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let mut stored = None;
        for _ in 0..3 {
            let mut items = Items::new();
            let calls = deliveries(&events, &mut dice);
            let mut changes = fold(&mut items, &calls, &mut dice);
            let total = sum(&changes);
            check(&total, &events, &events);
            dice.shuffle(&mut changes);
            prop_assert_eq!(&sum(&changes), &total);
            for view in total.hours.values() {
                prop_assert_eq!(&HourView::decode(&view.encode()).expect("a view reads back"), view);
            }

            let bytes: BTreeMap<_, _> = items.iter().map(|(learner, item)| (*learner, item.encode())).collect();
            prop_assert_eq!(stored.get_or_insert_with(|| bytes.clone()), &bytes);
            prop_assert_eq!(sum(&fold(&mut items, &calls, &mut dice)), Sum::default());
        }
    }

    #[test]
    fn of_copies_with_other_arrivals_the_first_counts(events in activity_events(), seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let queue = resent(&events, &mut dice);
        let calls: Vec<_> = queue.iter().map(|event| (event.learner, vec![event.clone()])).collect();
        let mut items = Items::new();
        check(&sum(&fold(&mut items, &calls, &mut dice)), &events, &queue);
        prop_assert_eq!(sum(&fold(&mut items, &calls, &mut dice)), Sum::default());
    }
}
