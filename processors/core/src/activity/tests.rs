use std::collections::BTreeMap;

use trilha_schemas::event::{Body, Event, Protocol, Role, Source};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::packing::Damaged;

use super::{ActivityChange, ActivityItem, Moment, month};
use crate::roster::{RosterEntry, Standing};
use crate::views::{HourView, Presence};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

fn at(time_millis: i64, zone_offset_minutes: i16) -> Event {
    Event {
        id: EventId([0; 16]),
        learner: Pseudonym([1; 16]),
        course: "c".into(),
        session: None,
        role: Role::Learner,
        title: None,
        time_millis: Some(time_millis),
        arrival_millis: time_millis,
        zone_offset_minutes,
        settings_version: 1,
        flags: Flags::empty(),
        protocol: Protocol::Native,
        source: Source::None,
        body: Body::Viewed { object: "o".into() },
    }
}

fn fold(events: &[Event]) -> ActivityChange {
    let (mut item, mut change) = (ActivityItem::default(), ActivityChange::default());
    for event in events {
        item.fold([event], &mut change);
        item = ActivityItem::decode(&item.encode()).unwrap();
    }
    change
}

fn moment(event: &Event) -> Moment {
    let enrols = Standing::of(&event.body).is_some();
    Moment::at(event.time_millis, event.arrival_millis, event.flags, event.zone_offset_minutes, enrols)
}

fn hours(change: &ActivityChange) -> BTreeMap<i64, HourView> {
    change.hours.views().collect()
}

/// Minutes with (active, window), of those from `first` on.
fn minutes(change: &ActivityChange, first: i64, expected: &[(i64, i64)]) {
    let hours = hours(change);
    for (at, (active, window)) in (first..).zip(expected) {
        let there = hours.get(&at.div_euclid(60)).map_or(Presence::default(), |view| view.at(at));
        assert_eq!((there.active, there.window), (*active, *window), "minute {at}");
    }
}

fn days(change: &ActivityChange, first: i64, expected: &[(i64, i64)]) {
    for (at, (active, window)) in (first..).zip(expected) {
        let there = change.months.get(&month(at)).map_or(Presence::default(), |view| view.at(at));
        assert_eq!((there.active, there.window), (*active, *window), "day {at}");
    }
}

#[test]
fn a_minute_counts_in_itself_and_the_four_after_it() {
    // Across the end of an hour.
    let change = fold(&[at(58 * MINUTE + 59_999, 0)]);
    minutes(&change, 57, &[(0, 0), (1, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 0)]);
    assert_eq!(hours(&change).len(), 2);
    // Distinct over a window is not a sum of minutes.
    let change = fold(&[at(10 * MINUTE, 0), at(12 * MINUTE, 0), at(12 * MINUTE + 1, 0)]);
    minutes(&change, 9, &[(0, 0), (1, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 0)]);
    // A late one fills what lies between.
    let change = fold(&[at(20 * MINUTE, 0), at(10 * MINUTE, 0), at(15 * MINUTE, 0)]);
    minutes(&change, 14, &[(0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1)]);
    // Two minutes around the end of an hour, the later one first.
    let change = fold(&[at(61 * MINUTE, 0), at(59 * MINUTE, 0)]);
    minutes(&change, 58, &[(0, 0), (1, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 0)]);
}

#[test]
fn a_day_is_the_courses_and_counts_in_the_six_after_it() {
    let change = fold(&[at(40 * DAY + DAY - 1, 0)]);
    days(&change, 39, &[(0, 0), (1, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 0)]);
    // Distinct over a window is not a sum of days.
    let change = fold(&[at(40 * DAY, 0), at(45 * DAY, 0)]);
    let window = [(0, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 0)];
    days(&change, 41, &window);
    // 01:00 UTC is the day before in Brasília, and 23:00 UTC the day after in Madrid.
    days(&fold(&[at(40 * DAY + 60 * MINUTE, -180)]), 38, &[(0, 0), (1, 1), (0, 1)]);
    days(&fold(&[at(40 * DAY + 23 * 60 * MINUTE, 120)]), 40, &[(0, 0), (1, 1), (0, 1)]);
    // Before 1970.
    days(&fold(&[at(-1, 0)]), -2, &[(0, 0), (1, 1), (0, 1)]);
}

#[test]
fn a_learner_is_one_however_many_events_there_are() {
    let change = fold(&[at(0, 0), at(1, 0), at(90 * DAY, 0)]);
    assert_eq!(change.course.learners, 1);
}

#[test]
fn late_and_timeless_events_count_in_totals_alone() {
    let mut late = at(0, 0);
    late.flags.insert(Flags::LATE);
    let mut timeless = at(0, 0);
    timeless.time_millis = None;
    for event in [late, timeless] {
        let change = fold(&[event]);
        assert_eq!(change.course.learners, 1);
        assert!(hours(&change).is_empty() && change.months.is_empty());
    }
}

/// The minutes in which an event counts that comes with one arrival, then with another.
fn copies(time: i64, copies: [(i64, Flags); 2], expected: &[i64]) {
    let copy = |(arrival_millis, flags)| Event { arrival_millis, flags, ..at(time, 0) };
    let change = fold(&copies.map(copy));
    let hours = hours(&change);
    let active = |minute: &i64| hours.get(&minute.div_euclid(60)).is_some_and(|hour| hour.at(*minute).active != 0);
    assert_eq!((-200..4_000).filter(active).collect::<Vec<_>>(), expected, "{copies:?}");
}

#[test]
fn of_copies_that_count_at_their_arrival_the_first_counts() {
    let (plain, future, late) = (Flags::empty(), Flags::FUTURE_TIME, Flags::LATE);
    copies(100 * MINUTE, [(10 * MINUTE, future), (20 * MINUTE, future)], &[10]);
    copies(100 * MINUTE, [(10 * MINUTE, future), (96 * MINUTE, plain)], &[10]);
    copies(100 * MINUTE, [(10 * MINUTE, future), (99 * DAY, late)], &[10]);
    // By a clock that is behind.
    copies(100 * MINUTE, [(95 * MINUTE, plain), (95 * MINUTE - 1, future)], &[100]);
    copies(0, [(2 * DAY + 1, late), (2 * DAY, plain)], &[]);
    // A replay stamps an event with its own time.
    copies(100 * MINUTE, [(10 * MINUTE, future), (100 * MINUTE, plain)], &[10]);
    copies(0, [(9 * DAY, late), (0, plain)], &[]);
}

#[test]
fn a_copy_is_told_where_ids_are_kept() {
    let future = Event { arrival_millis: 0, flags: Flags::FUTURE_TIME, ..at(100 * MINUTE, 0) };
    let mut item = ActivityItem::default();
    let mut change = ActivityChange::default();
    assert_eq!(item.fold([&future], &mut change).applied, 1);
    let again = item.fold([&future], &mut change);
    assert_eq!((again.applied, again.duplicates), (0, 1));
}

#[test]
fn an_id_is_kept_where_the_event_is_late_or_over_four_minutes_ahead() {
    let of = |id: u8, event: Event| Event { id: EventId([id; 16]), ..event };
    let ahead = |millis: i64| Event { arrival_millis: 0, ..at(millis, 0) };
    let late = Event { flags: Flags::LATE, ..at(0, 0) };
    let (mut item, mut change) = (ActivityItem::default(), ActivityChange::default());
    // What each comes to at first, and again: new, or known by its id.
    for (event, first, again) in [
        (of(1, ahead(4 * MINUTE)), (1, 0), (0, 0)),
        (of(2, ahead(4 * MINUTE + 1)), (1, 0), (0, 1)),
        (of(3, late), (1, 0), (0, 1)),
        (of(4, Event { time_millis: None, ..at(0, 0) }), (0, 0), (0, 0)),
    ] {
        for expected in [first, again] {
            let folded = item.fold([&event], &mut change);
            assert_eq!((folded.applied, folded.duplicates), expected, "{event:?}");
        }
    }
}

#[test]
fn what_changes_nothing_is_told() {
    let mut item = ActivityItem::default();
    let mut change = ActivityChange::default();
    assert!(item.fold([&at(0, 0)], &mut change).changed());
    assert!(!item.fold([&at(59_999, 0)], &mut change).changed());
    assert!(item.fold([&at(0, -1)], &mut change).changed(), "another day of the same minute");
}

#[test]
fn months_follow_the_calendar() {
    // Days since 1970-01-01, counted by hand from the leap years.
    for (day, year, number) in [
        (0, 1970, 1),
        (-1, 1969, 12),
        (30, 1970, 1),
        (31, 1970, 2),
        (58, 1970, 2),
        (59, 1970, 3),
        (11_016, 2000, 2),
        (11_017, 2000, 3),
        (19_782, 2024, 2),
        (19_783, 2024, 3),
        (20_513, 2026, 3),
        (20_512, 2026, 2),
    ] {
        assert_eq!(month(day), year * 12 + number - 1, "day {day}");
    }
}

#[test]
fn cut_bytes_are_refused() {
    let mut item = ActivityItem::default();
    let late = Event { id: EventId([7; 16]), flags: Flags::LATE, ..at(0, 0) };
    item.fold(&[at(0, 0), at(90 * DAY, 0), late], &mut ActivityChange::default());
    let stored = item.encode();
    (0..stored.len()).for_each(|end| assert!(ActivityItem::decode(&stored[..end]).is_err(), "cut at {end}"));
}

#[test]
fn an_item_knows_a_moment_once_no_event_of_it_could_tell_more() {
    let event = at(DAY, 0);
    let mut item = ActivityItem::default();
    assert!(!item.knows(&moment(&event)));
    item.fold([&event], &mut ActivityChange::default());
    assert!(item.knows(&moment(&event)));
    assert!(item.knows(&moment(&at(DAY + MINUTE - 1, 0))));
    let more = [
        at(DAY + MINUTE, 0),
        at(DAY, -60),
        Event { flags: Flags::LATE, ..at(DAY, 0) },
        Event { flags: Flags::FUTURE_TIME, ..at(DAY, 0) },
        Event { body: Body::Unenrolled, ..at(DAY, 0) },
        Event { time_millis: None, ..at(DAY, 0) },
    ];
    more.iter().for_each(|event| assert!(!item.knows(&moment(event)), "{event:?}"));
    let before_rosters =
        ActivityItem::decode(&unhex("010101030180808080808080800892018080808080808080080201020108010707070707070707"))
            .unwrap();
    assert!(!before_rosters.knows(&moment(&at(-1, 0))), "its learner is not on the roster yet");
}

#[test]
fn a_moment_alone_comes_to_what_its_event_does() {
    let mut late = at(3 * DAY, 0);
    late.flags = Flags::LATE;
    let mut ahead = Event { id: EventId([7; 16]), arrival_millis: 0, ..at(2 * DAY, 0) };
    ahead.flags = Flags::FUTURE_TIME;
    let enrolled = Event { id: EventId([8; 16]), body: Body::Enrolled, ..at(5 * DAY, 0) };
    let plain = [at(0, 0), at(MINUTE, 0), at(MINUTE + 1, 0), at(MINUTE - DAY, 0), at(0, 90), at(40 * DAY, -180)];
    let events = plain.iter().chain([&late, &enrolled]).chain(&plain).chain([&ahead, &plain[0]]).cloned();
    let events: Vec<Event> = events.chain([at(41 * DAY, 0)]).collect();
    let (mut folded, mut expected) = (ActivityItem::default(), ActivityItem::default());
    let (mut change, mut expected_change) = (ActivityChange::default(), ActivityChange::default());
    let mut by_moment = 0;
    for event in &events {
        expected.fold([event], &mut expected_change);
        let moment = moment(event);
        if folded.fold_moment(&moment, &mut change) {
            by_moment += 1;
        } else if !folded.knows(&moment) {
            folded.fold([event], &mut change);
        }
        assert_eq!((folded.encode(), &change), (expected.encode(), &expected_change), "{event:?}");
    }
    assert_eq!(by_moment, 4, "four are new, and the last comes after an event that is kept by its id");
    let mut full = ActivityItem::default();
    (0..10_000).take_while(|day| full.fold_moment(&moment(&at(day * DAY, 0)), &mut change)).for_each(drop);
    let more = at(1_000_000 * DAY, 0);
    assert!(!full.fold_moment(&moment(&more), &mut change));
    assert_eq!(full.fold([&more], &mut change).beyond_state(), 1, "what has no room is told of");
}

#[test]
fn an_item_that_knows_nobody_is_stored_as_such() {
    let mut item = ActivityItem::decode(&ActivityItem::default().encode()).unwrap();
    assert_eq!(item.roster_entry(), None);
    let mut change = ActivityChange::default();
    item.fold([&at(DAY, 0)], &mut change);
    assert_eq!(change.course.learners, 1);
}

#[test]
fn of_enrolments_in_one_minute_a_later_one_changes_the_item_and_an_earlier_one_does_not() {
    let event = |body, second: i64| Event { body, ..at(DAY + second * 1_000, 0) };
    let mut item = ActivityItem::default();
    for (event, changes) in [
        (event(Body::Enrolled, 30), true),
        (event(Body::Unenrolled, 20), false),
        (event(Body::Unenrolled, 40), true),
        (event(Body::Unenrolled, 40), false),
    ] {
        assert_eq!(item.fold([&event], &mut ActivityChange::default()).changed(), changes, "{event:?}");
    }
}

/// How many events fit an item, which is stored and read again on the way.
fn fit(event: impl Fn(i64) -> Event) -> u32 {
    let (mut item, mut applied) = (ActivityItem::default(), 0);
    for number in 0..6_000 {
        let mut event = event(number);
        event.id.0[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let folded = item.fold([&event], &mut ActivityChange::default());
        applied += folded.applied;
        if folded.beyond_state() > 0 {
            return applied;
        }
        if number % 500 == 499 {
            item = ActivityItem::decode(&item.encode()).unwrap();
        }
    }
    panic!("all fit")
}

#[test]
fn an_item_is_full_at_64_kb_by_what_its_hours_days_and_ids_take_at_most() {
    // 40 bytes of the 65,536 are the header's; an hour takes 14, a day 4, an id 8.
    assert_eq!(fit(|number| at(number * DAY, 0)), (65_536 - 40) / 18);
    let (days, rest) = (65_496 / (24 * 14 + 4), 65_496 % (24 * 14 + 4));
    assert_eq!(fit(|number| at(number * 60 * MINUTE, 0)), days * 24 + (rest - 4) / 14);
    let future = |number| Event { arrival_millis: number * DAY, flags: Flags::FUTURE_TIME, ..at(i64::MAX, 0) };
    assert_eq!(fit(future), (65_536 - 40) / 26);
}

/// Items are read for ever.
#[test]
fn the_stored_form_of_version_1_stays_until_something_is_folded_into_it() {
    let stored = unhex("010101030180808080808080800892018080808080808080080201020108010707070707070707");
    let mut item = ActivityItem::decode(&stored).unwrap();
    assert_eq!(item.encode(), stored);
    assert_eq!(item.roster_entry(), None, "no roster says anything of it");
    let mut change = ActivityChange::default();
    assert!(!item.fold([&at(-1, 0)], &mut change).changed());
    assert_eq!(item.encode(), stored);
    assert!(item.fold([&at(5 * DAY, 0)], &mut change).changed());
    assert_eq!(item.roster_entry(), Some(RosterEntry { enrolment: None, days: Some((-1, 5)) }));
    assert_eq!(item.encode()[..3], [2, 1, 1]);
    assert_eq!(ActivityItem::decode(&item.encode()).unwrap().roster_entry(), item.roster_entry());
}

#[test]
fn the_stored_form_of_version_2_stays() {
    let mut item = ActivityItem::default();
    let late = Event { flags: Flags::LATE, id: EventId([7; 16]), body: Body::Unenrolled, ..at(1_000, 0) };
    item.fold(
        &[at(3 * DAY + 59 * MINUTE, 0), at(3 * DAY + 60 * MINUTE, 0), at(-1, 0), late],
        &mut ActivityChange::default(),
    );
    let stored = "020105030180808080808080800892018080808080808080080201020108010707070707070707d00f0707070707070707";
    assert_eq!(item.encode(), unhex(stored));
    assert_eq!(ActivityItem::decode(&item.encode()).unwrap().encode(), item.encode());
    assert_eq!(ActivityItem::decode(&[3, 1, 1, 0, 0, 0]).map(drop), Err(Damaged("the version of a stored item")));
}

fn unhex(digits: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(pair).collect()
}

fn told(id: u8, time_millis: impl Into<Option<i64>>, body: Body) -> Event {
    let time_millis = time_millis.into();
    Event { id: EventId([id; 16]), time_millis, body, ..at(time_millis.unwrap_or(50 * DAY), 0) }
}

fn entry_of(events: &[Event]) -> RosterEntry {
    let mut item = ActivityItem::default();
    for event in events {
        item.fold([event], &mut ActivityChange::default());
        item = ActivityItem::decode(&item.encode()).unwrap();
    }
    item.roster_entry().unwrap()
}

#[test]
fn the_roster_says_what_the_latest_enrolment_said_in_whatever_order_they_come() {
    let enrolled = told(1, 10 * DAY, Body::Enrolled);
    let unenrolled = told(2, 12 * DAY, Body::Unenrolled);
    let again = told(3, 12 * DAY, Body::Enrolled);
    let mut events = vec![enrolled, unenrolled];
    assert!(!entry_of(&events).is_on());
    events.reverse();
    assert!(!entry_of(&events).is_on());
    events.insert(0, again);
    let entry = entry_of(&events);
    assert_eq!((entry.standing(), entry.days), (Some(Standing::Enrolled), Some((10, 12))));
    events.push(told(4, 12 * DAY + 1, Body::Completed));
    assert_eq!(entry_of(&events).standing(), Some(Standing::Completed));
    let late = Event { flags: Flags::LATE, ..told(5, 13 * DAY, Body::Unenrolled) };
    events.push(late);
    let entry = entry_of(&events);
    assert_eq!((entry.is_on(), entry.days), (false, Some((10, 12))), "late, it counts for no day");
}

#[test]
fn who_was_seen_is_on_the_roster_though_nobody_enrolled_them() {
    let viewed = |time| told(1, time, Body::Viewed { object: "o".into() });
    let entry = entry_of(&[viewed(Some(3 * DAY)), viewed(Some(DAY))]);
    assert_eq!(entry, RosterEntry { enrolment: None, days: Some((1, 3)) });
    assert_eq!(entry_of(&[viewed(None)]), RosterEntry::default(), "when, is not known");
    assert!(ActivityItem::default().roster_entry().is_none());
}

#[test]
fn an_enrolment_without_time_stands_at_its_first_arrival_however_often_it_comes() {
    let enrolled = told(1, None, Body::Enrolled);
    let unenrolled = told(2, 51 * DAY, Body::Unenrolled);
    let resent = Event { arrival_millis: 60 * DAY, ..enrolled.clone() };
    let mut item = ActivityItem::default();
    item.fold(&[enrolled, unenrolled], &mut ActivityChange::default());
    let before = item.encode();
    assert_eq!(item.fold([&resent], &mut ActivityChange::default()).duplicates, 1);
    assert_eq!(item.encode(), before);
    assert!(!item.roster_entry().unwrap().is_on());
}
