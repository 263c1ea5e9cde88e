use std::cell::Cell;

use trilha_schemas::event::{Body, Event, Protocol, Role, Source, VideoAction, VideoEvent};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::packing::Damaged;

use super::VideoItem;
use crate::views::{Bin, VideoView};
use VideoAction::{Completed, Initialized, Interacted, Paused, Played, Seeked, Terminated, Watched};

thread_local! {
    /// How often an event of a session was looked at.
    pub(super) static LOOKS: Cell<usize> = const { Cell::new(0) };
}

const MINUTE: i64 = 60_000;
const HALF_HOUR: i64 = 30 * MINUTE;

/// An event at a time and place, in session "s", in milliseconds; ids go with time.
fn at(time_millis: i64, action: VideoAction, position_millis: impl Into<Option<i64>>) -> Event {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&(time_millis as u64 * 16 + action as u64).to_be_bytes());
    let body = VideoEvent {
        action,
        video: "v".into(),
        position_millis: position_millis.into(),
        to_millis: None,
        length_millis: None,
        rate: None,
        threshold: None,
        segments: None,
    };
    Event {
        id: EventId(id),
        learner: Pseudonym([1; 16]),
        course: "c".into(),
        session: Some("s".into()),
        role: Role::Learner,
        title: None,
        time_millis: Some(time_millis),
        arrival_millis: time_millis,
        zone_offset_minutes: 0,
        settings_version: 1,
        flags: Flags::empty(),
        protocol: Protocol::Native,
        source: Source::None,
        body: Body::Video(body),
    }
}

fn with(mut event: Event, change: impl FnOnce(&mut VideoEvent)) -> Event {
    if let Body::Video(video) = &mut event.body {
        change(video);
    }
    event
}

fn beat(time_millis: i64, from: i64, to: i64) -> Event {
    with(at(time_millis, Watched, from), |video| video.to_millis = Some(to))
}

fn seek(time_millis: i64, from: impl Into<Option<i64>>, to: impl Into<Option<i64>>) -> Event {
    with(at(time_millis, Seeked, from), |video| video.to_millis = to.into())
}

fn listed(time_millis: i64, statement: &str, pairs: &[(i64, i64)]) -> Event {
    let mut event = with(at(time_millis, Paused, None), |video| video.segments = Some(pairs.to_vec()));
    event.source = Source::Given(statement.into());
    event
}

fn long(event: Event, length_millis: i64) -> Event {
    with(event, |video| video.length_millis = Some(length_millis))
}

fn fast(event: Event, rate: f64) -> Event {
    with(event, |video| video.rate = Some(rate))
}

fn nameless(mut event: Event) -> Event {
    event.session = None;
    event
}

/// Folds in every rotation of the order, one call an event, and stored between calls; all must agree.
fn fold(events: &[Event]) -> VideoView {
    let rotated = |by: usize| events.iter().cycle().skip(by).take(events.len());
    let mut views = (0..events.len().max(1)).map(|by| {
        let (mut item, mut view) = (VideoItem::default(), VideoView::default());
        for event in rotated(by) {
            item.fold([event], &mut view);
            item = VideoItem::decode(&item.encode()).unwrap();
        }
        view
    });
    let first = views.next().unwrap();
    views.for_each(|view| assert_eq!(view, first));
    first
}

/// Sessions with a kept segment, content and watch time, and segments cut.
fn check(events: &[Event], plays: i64, content_millis: i64, watch_millis: i64, cut: i64) {
    let view = fold(events);
    let got = (view.plays, view.content_millis, view.watch_millis, view.cut_segments);
    assert_eq!(got, (plays, content_millis, watch_millis, cut), "{events:#?}");
}

/// As [`check`], at the usual rate and nothing cut.
fn plain(events: &[Event], plays: i64, millis: i64) {
    check(events, plays, millis, millis, 0);
}

#[test]
fn a_pair_is_closed_at_the_position_of_what_comes_next() {
    for action in [Played, Paused, Completed, Terminated] {
        plain(&[at(0, Played, 5_000), at(10_000, action, 15_000)], 1, 10_000);
    }
    // A seek closes at its `from`, and opens again at its `to`, at the same rate.
    plain(&[at(0, Played, 0), seek(10_000, 10_000, 60_000), at(20_000, Paused, 70_000)], 1, 20_000);
    check(
        &[fast(at(0, Played, 0), 2.0), seek(5_000, 10_000, 60_000), at(10_000, Paused, 70_000)],
        1,
        20_000,
        10_000,
        0,
    );
    // A seek while nothing plays opens nothing; nor does a pause.
    plain(&[seek(0, 0, 60_000), at(10_000, Paused, 70_000), at(20_000, Paused, 80_000)], 0, 0);
    // A second play opens anew.
    plain(&[at(0, Played, 0), at(10_000, Played, 10_000), at(15_000, Paused, 15_000)], 1, 15_000);
}

#[test]
fn a_close_before_the_open_discards_the_pair() {
    plain(&[at(0, Played, 20_000), at(10_000, Paused, 19_999)], 0, 0);
    // The seek that discards it opens again all the same.
    plain(&[at(0, Played, 20_000), seek(5_000, 10_000, 40_000), at(15_000, Paused, 50_000)], 1, 10_000);
    // Also where another event had closed it by the wall time.
    plain(&[at(0, Played, 20_000), at(5_000, Interacted, None), at(10_000, Paused, 19_999)], 0, 0);
}

#[test]
fn a_close_is_cut_to_the_wall_time_with_a_tenth_and_five_seconds_of_slack() {
    check(&[at(0, Played, 0), at(10_000, Paused, 16_000)], 1, 16_000, 16_000, 0);
    check(&[at(0, Played, 0), at(10_000, Paused, 16_001)], 1, 16_000, 16_000, 1);
    check(&[fast(at(0, Played, 0), 2.0), at(10_000, Paused, 90_000)], 1, 27_000, 13_500, 1);
    // What is cut, but not kept, is not counted.
    check(&[long(at(0, Played, 40_000), 30_000), at(0, Paused, 50_000)], 0, 0, 0, 0);
}

#[test]
fn an_unclosed_play_ends_with_the_first_other_event_within_half_an_hour() {
    plain(&[at(0, Played, 5_000)], 0, 0);
    plain(&[at(0, Played, 5_000), at(10_000, Interacted, None)], 1, 10_000);
    plain(&[at(0, Played, 5_000), at(10_000, Initialized, 0), at(20_000, Interacted, 90_000)], 1, 10_000);
    plain(&[at(0, Played, 0), at(HALF_HOUR, Interacted, None)], 1, HALF_HOUR);
    plain(&[at(0, Played, 0), at(HALF_HOUR + 1, Interacted, None)], 0, 0);
    check(&[fast(at(0, Played, 0), 1.5), at(10_001, Interacted, None)], 1, 15_002, 10_001, 0);
    // Between a play and its close, another event changes nothing.
    plain(&[at(0, Played, 5_000), at(10_000, Interacted, None), at(20_000, Paused, 25_000)], 1, 20_000);
}

#[test]
fn a_closing_event_without_a_position_closes_by_the_wall_time() {
    plain(&[at(0, Played, 5_000), at(10_000, Completed, None)], 1, 10_000);
    plain(&[at(0, Played, 5_000), at(HALF_HOUR + 1, Completed, None)], 0, 0);
    // And what comes later closes nothing any more.
    plain(&[at(0, Played, 5_000), at(10_000, Completed, None), at(20_000, Paused, 25_000)], 1, 10_000);
    plain(&[at(0, Played, 5_000), at(10_000, Played, None), at(20_000, Paused, 25_000)], 1, 10_000);
    plain(&[at(0, Played, 5_000), seek(10_000, None, 60_000), at(20_000, Paused, 70_000)], 1, 20_000);
    plain(&[at(0, Played, 5_000), seek(10_000, 15_000, None), at(20_000, Paused, 70_000)], 1, 10_000);
}

#[test]
fn heartbeats_join_within_a_second_and_silence_pairs() {
    plain(&[beat(0, 0, 10_000), beat(10_000, 11_000, 20_000)], 1, 20_000);
    plain(&[beat(0, 0, 10_000), beat(10_000, 11_001, 20_000)], 1, 18_999);
    plain(&[beat(0, 0, 10_000), beat(10_000, 9_000, 20_000)], 1, 20_000);
    plain(&[beat(0, 0, 10_000), beat(10_000, 8_999, 20_000)], 1, 21_001);
    // Joined to the one just before, up to the greatest `to`.
    plain(&[beat(0, 0, 10_000), beat(1, 9_500, 9_600), beat(2, 9_700, 9_800)], 1, 10_000);
    plain(&[at(0, Played, 0), at(50_000, Paused, 50_000), beat(60_000, 0, 10_000)], 1, 10_000);
    // One that comes late goes on from the one before, or leads on to the one after, or both: else it parts them.
    let around = |from, to| [beat(0, 0, 10_000), beat(10_000, from, to), beat(20_000, 10_000, 20_000)];
    plain(&around(10_000, 10_500), 1, 20_000);
    plain(&around(5_000, 10_000), 1, 25_000);
    plain(&around(10_000, 15_000), 1, 25_000);
    plain(&around(30_000, 35_000), 1, 25_000);
    // A run has the rate of its first.
    check(&[fast(beat(0, 0, 10_000), 2.0), beat(5_000, 10_000, 20_000)], 1, 20_000, 10_000, 0);
    plain(&[with(beat(0, 0, 10_000), |video| video.to_millis = None)], 0, 0);
}

#[test]
fn a_heartbeat_is_cut_to_300_s() {
    plain(&[beat(0, 0, 300_000)], 1, 300_000);
    plain(&[beat(0, 0, 300_001)], 1, 300_000);
    plain(&[beat(0, 0, 400_000), beat(1, 400_000, 401_000)], 1, 301_000);
    plain(&[beat(0, 0, 400_000), beat(1, 300_500, 401_000)], 1, 401_000);
}

#[test]
fn one_list_speaks_for_the_session() {
    let more = listed(1, "a", &[(0, 1_000), (2_000, 3_000)]);
    let longer = listed(2, "z", &[(0, 60_000)]);
    plain(&[more.clone(), longer], 1, 2_000);
    // Then the greatest sum, zero length counted as a pair.
    plain(&[more.clone(), listed(2, "a", &[(0, 9_000), (9_000, 9_000)])], 1, 9_000);
    // Then the greatest statement id, in lower case.
    plain(&[listed(1, "B", &[(0, 1_000)]), listed(2, "a", &[(5_000, 6_000)]), beat(3, 0, 99_000)], 1, 1_000);
    let view = fold(&[listed(1, "B", &[(0, 1_000)]), listed(2, "a", &[(5_000, 6_000)])]);
    assert_eq!(view.bins(), [Bin { views: 1, viewers: 1 }]);
    // An empty list silences heartbeats and pairs too.
    plain(&[listed(1, "a", &[]), beat(2, 0, 10_000), at(3, Played, 0), at(9_000, Paused, 9_000)], 0, 0);
    // Its rate is 1.
    check(&[fast(listed(1, "a", &[(0, 10_000)]), 2.0)], 1, 10_000, 10_000, 0);
}

#[test]
fn of_lists_alike_in_all_else_the_greater_pairs_speak_whichever_came_first() {
    let one = listed(1, "", &[(0, 5_000), (20_000, 30_000)]);
    let other = listed(2, "", &[(0, 5_000), (40_000, 50_000)]);
    for events in [[one.clone(), other.clone()], [other, one]] {
        let view = fold(&events);
        assert_eq!(view.bins().len(), 10);
    }
}

#[test]
fn without_a_session_id_a_gap_over_half_an_hour_begins_another() {
    let pair =
        |start: i64, from: i64| [at(start, Played, from), at(start + 10_000, Paused, from + 10_000)].map(nameless);
    let two = |gap: i64, from: i64| [pair(0, 0), pair(10_000 + gap, from)].concat();
    plain(&two(HALF_HOUR, 10_000), 1, 20_000);
    plain(&two(HALF_HOUR + 1, 10_000), 2, 20_000);
    // Content between them is time that may have been watched; going back is not.
    plain(&two(HALF_HOUR + 5_000, 15_000), 1, 20_000);
    plain(&two(HALF_HOUR + 5_001, 15_000), 2, 20_000);
    plain(&two(HALF_HOUR + 1, 0), 2, 20_000);
    // At the rate of the first.
    let slow = |gap: i64| {
        let last = fast(nameless(at(10_000, Paused, 10_000)), 0.5);
        [vec![nameless(at(0, Played, 0)), last], pair(10_000 + gap, 15_000).to_vec()].concat()
    };
    plain(&slow(HALF_HOUR + 10_000), 1, 20_000);
    plain(&slow(HALF_HOUR + 10_001), 2, 20_000);
}

#[test]
fn a_late_event_joins_or_parts_sessions() {
    let first = [at(0, Played, 0), at(10_000, Paused, 10_000)].map(nameless);
    let second = [at(3_000_000, Played, 20_000), at(3_010_000, Paused, 30_000)].map(nameless);
    let apart = [first.clone(), second.clone()].concat();
    plain(&apart, 2, 20_000);
    let bridge = nameless(at(1_500_000, Interacted, None));
    plain(&[apart, vec![bridge]].concat(), 1, 20_000);
}

#[test]
fn an_event_without_time_or_session_stands_alone() {
    let timeless = |mut event: Event| {
        event.time_millis = None;
        nameless(event)
    };
    plain(&[timeless(beat(0, 0, 10_000)), timeless(beat(10_000, 10_000, 20_000))], 2, 20_000);
    plain(&[timeless(at(0, Played, 0)), timeless(at(10_000, Paused, 10_000))], 0, 0);
    plain(&[nameless(at(0, Played, 0)), timeless(at(10_000, Paused, 10_000))], 0, 0);
}

#[test]
fn a_time_in_the_future_counts_as_the_arrival() {
    let mut paused = at(HALF_HOUR, Paused, 10_000);
    (paused.arrival_millis, paused.flags) = (1_000, Flags::FUTURE_TIME);
    check(&[at(0, Played, 0), paused], 1, 6_100, 6_100, 1);
}

#[test]
fn segments_end_at_the_learners_own_greatest_length() {
    plain(&[long(beat(0, 0, 60_000), 30_000)], 1, 30_000);
    plain(&[long(beat(0, 0, 60_000), 30_000), long(at(1, Initialized, None), 45_000)], 1, 45_000);
    plain(&[beat(0, -5_000, 60_000)], 1, 60_000);
    plain(&[beat(0, 35_990_000, 36_010_000)], 1, 10_000);
    plain(&[long(beat(0, 29_751, 60_000), 30_000)], 0, 0);
    plain(&[long(beat(0, 29_750, 60_000), 30_000)], 1, 250);
    let view = fold(&[long(beat(0, 0, 60_000), 30_000), long(at(1, Initialized, None), 45_000)]);
    assert_eq!(view.lengths.iter().collect::<Vec<_>>(), [(&45_000, 1)]);
}

#[test]
fn bins_count_segments_and_learners_apart() {
    let view = fold(&[beat(0, 0, 10_000), beat(20_000, 4_750, 5_249), beat(40_000, 60_000, 60_250)]);
    let mut expected = vec![Bin { views: 1, viewers: 1 }; 2];
    expected[0].views = 2;
    expected.resize(12, Bin::default());
    expected.push(Bin { views: 1, viewers: 1 });
    assert_eq!(view.bins(), expected);
    assert_eq!(view.seconds.iter().collect::<Vec<_>>(), [(&10, 1)]);
}

#[test]
fn learners_are_counted_once_by_their_greatest_threshold_and_latest_title() {
    let mut events = [at(0, Interacted, None), at(5, Interacted, None), at(9, Interacted, None)];
    (events[0].title, events[1].title) = (Some("Old".into()), Some("New".into()));
    for (event, threshold) in events.iter_mut().zip([0.9, 0.5, 0.7]) {
        *event = with(event.clone(), |video| video.threshold = Some(threshold));
    }
    let view = fold(&events);
    assert_eq!((view.learners, view.viewers), (1, 0));
    assert_eq!(view.thresholds.iter().collect::<Vec<_>>(), [(&(0.9f64.to_bits() as i64), 1)]);
    assert_eq!(view.titles.iter().collect::<Vec<_>>(), [(&"New".to_string(), 1)]);
    assert!(view.seconds.is_empty());
}

#[test]
fn a_repeat_changes_nothing_and_is_told() {
    let events = [at(0, Played, 0), at(10_000, Paused, 10_000)];
    let (mut item, mut view) = (VideoItem::default(), VideoView::default());
    item.fold(&events, &mut view);
    let before = view.clone();
    let again = item.fold(&events, &mut view);
    assert_eq!((again.applied, again.duplicates, again.changed()), (0, 2, false));
    assert_eq!(view, before);
}

#[test]
fn damaged_bytes_are_refused_and_never_panic() {
    let mut item = VideoItem::default();
    let events = [beat(0, 0, 10_000), listed(1, "a", &[(0, 5_000)]), nameless(long(at(2, Played, 0), 60_000))];
    item.fold(&events, &mut VideoView::default());
    let stored = item.encode();
    (0..stored.len()).for_each(|end| assert!(VideoItem::decode(&stored[..end]).is_err(), "cut at {end}"));
    for at in 0..stored.len() {
        let mut flipped = stored.clone();
        flipped[at] ^= 0x80;
        let _ = VideoItem::decode(&flipped);
    }
    assert!(VideoItem::decode(&[9]).is_err());
}

#[test]
fn a_length_that_grows_costs_no_more_than_what_it_moves() {
    let hours = 3_600_000;
    let pairs: Vec<(i64, i64)> = (0..1_000).map(|from| (from, 10 * hours)).collect();
    let mut events = vec![long(listed(1_000, "s", &pairs), hours)];
    events.extend((1..500).map(|more| long(at(1_000 + more, Paused, None), hours + 7 * more)));
    let (mut item, mut view) = (VideoItem::default(), VideoView::default());
    item.fold(&events[..1], &mut view);
    let before = item.coverage.looks;
    item.fold(&events[1..], &mut view);
    let looks = item.coverage.looks - before;
    assert!((1_000..=3 * 1_000 * 499).contains(&looks), "{looks} bins looked at");
    let end = hours + 7 * 499;
    assert_eq!(view.content_millis, pairs.iter().map(|(from, _)| end - from).sum::<i64>());
    assert_eq!(view.bins().len() as i64, (end - 1) / 5_000 + 1);
    let decoded = VideoItem::decode(&item.encode()).expect("an item reads back");
    assert_eq!(decoded.coverage.seconds(), item.coverage.seconds());
}

#[test]
fn a_length_that_grows_moves_no_segment_that_ends_before_the_old_ones_last_bin() {
    let hour = 3_600_000;
    let pairs: Vec<(i64, i64)> = (0..1_000).map(|from| (from, hour)).collect();
    let (mut item, mut view) = (VideoItem::default(), VideoView::default());
    item.fold([&long(listed(1_000, "s", &pairs), hour + 2_000)], &mut view);
    let before = item.coverage.looks;
    item.fold([&long(at(2_000, Paused, None), 2 * hour)], &mut view);
    assert_eq!(item.coverage.looks, before);
}

#[test]
fn of_two_sessions_that_become_one_the_smaller_moves() {
    let beats = |from: i64, n: i64| (0..n).map(move |k| nameless(beat(from + k * 60_000, 0, 10_000)));
    let (day, many) = (24 * 60 * MINUTE, 1_000);
    for (first, second) in [(many, 1), (1, many)] {
        let end = day + first * 60_000;
        let events: Vec<Event> = beats(day, first).chain(beats(end + HALF_HOUR + 1, second)).collect();
        let mut item = VideoItem::default();
        item.fold(&events, &mut VideoView::default());
        LOOKS.set(0);
        item.fold(beats(end + MINUTE, 1).collect::<Vec<_>>().iter(), &mut VideoView::default());
        assert!(LOOKS.get() < 20, "{} events looked at", LOOKS.get());
    }
}

#[test]
fn a_late_heartbeat_that_goes_on_between_two_of_a_run_looks_at_these_alone() {
    let beats: Vec<Event> = (0..1_000).map(|k| beat(k * 10_000, k * 10_000, (k + 1) * 10_000)).collect();
    let mut item = VideoItem::default();
    item.fold(&beats, &mut VideoView::default());
    LOOKS.set(0);
    item.fold([&beat(5_005_000, 5_009_000, 5_011_000)], &mut VideoView::default());
    assert!(LOOKS.get() < 10, "{} events looked at", LOOKS.get());
}

/// What an event costs in the mean, in events of its session that are looked at.
fn looks_per_event(events: &[Event]) -> f64 {
    let mut item = VideoItem::default();
    LOOKS.set(0);
    item.fold(events, &mut VideoView::default());
    LOOKS.get() as f64 / events.len() as f64
}

/// A permutation that has neither order in it.
fn shuffled(mut events: Vec<Event>) -> Vec<Event> {
    let mut state = 1_u64;
    for last in (1..events.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        events.swap(last, (state >> 33) as usize % (last + 1));
    }
    events
}

fn watched(events: i64) -> Vec<Event> {
    (0..events).map(|k| beat(1_000_000 + k * 10_000, k * 10_000, (k + 1) * 10_000)).collect()
}

fn played_and_paused(events: i64) -> Vec<Event> {
    let step = |k| at(1_000_000 + k * 5_000, if k % 2 == 0 { Played } else { Paused }, k * 5_000);
    (0..events).map(step).collect()
}

fn played_with_seeks(events: i64) -> Vec<Event> {
    let step = |k| match k % 4 {
        0 => at(1_000_000 + k * 5_000, Played, k * 5_000),
        3 => at(1_000_000 + k * 5_000, Paused, k * 5_000 + 60_000),
        _ => seek(1_000_000 + k * 5_000, k * 5_000, k * 5_000 + 30_000),
    };
    (0..events).map(step).collect()
}

#[test]
fn an_event_costs_no_more_than_the_logarithm_of_its_session() {
    for (name, way) in [
        ("heartbeats", watched as fn(i64) -> Vec<Event>),
        ("plays and pauses", played_and_paused),
        ("with seeks", played_with_seeks),
    ] {
        for events in [64, 512, 2_048] {
            let most = (events as f64).log2();
            let backwards = way(events).into_iter().rev().collect();
            for (order, sent) in
                [("in order", way(events)), ("backwards", backwards), ("shuffled", shuffled(way(events)))]
            {
                let looks = looks_per_event(&sent);
                assert!(looks <= most, "{name}, {events} {order}: {looks} looks an event");
            }
        }
    }
}

/// How many events fit an item, which is stored and read again on the way.
fn fit(events: impl Iterator<Item = Event>) -> u32 {
    let (mut item, mut applied) = (VideoItem::default(), 0);
    for (at, event) in events.enumerate() {
        let folded = item.fold([&event], &mut VideoView::default());
        applied += folded.applied;
        if folded.beyond_state() > 0 {
            return applied;
        }
        if at % 500 == 499 {
            item = VideoItem::decode(&item.encode()).unwrap();
        }
    }
    panic!("all fit")
}

#[test]
fn an_item_is_full_at_64_kb_by_what_its_events_take_at_most() {
    let paused = |second: i64| at(second * 1_000, Paused, None);
    let each = |change: &dyn Fn(Event) -> Event| fit((0..4_096).map(paused).map(change));
    // 40 bytes of the 65,536 are the header's; an event takes 29.
    assert_eq!(each(&nameless), (65_536 - 40) / 29);
    // 8 more with a rate of its own.
    assert_eq!(each(&|event| fast(nameless(event), 0.5)), (65_536 - 40) / 37);
    // 8 more with a list, its statement's id (here 3), and 12 for each pair (here 2).
    let list = |event: Event| {
        let time = event.arrival_millis;
        listed(time, "abc", &[(0, 1_000), (2_000, 3_000)])
    };
    assert_eq!(each(&|event| nameless(list(event))), (65_536 - 40) / 64);
    // Full is full to the last byte: 212 of these and 1,988 of those come to it.
    let exactly = |at: i64| if at < 212 { fast(nameless(paused(at)), 0.5) } else { nameless(paused(at)) };
    assert_eq!(65_536 - 40, 212 * 37 + 1_988 * 29);
    assert_eq!(fit((0..4_096).map(exactly)), 212 + 1_988);
    // A session takes 8 and its name; an event is taken to begin one.
    assert_eq!(each(&|event| event), (65_536 - 40 - 9 - 9) / 29);
    // A title takes 19 and its text; an event is taken to bring one more.
    let titled = |event| Event { title: Some("T".repeat(181)), ..nameless(event) };
    assert_eq!(each(&titled), (65_536 - 40 - 200 - 200) / 29);
    // Of what a heartbeat silences in a session 8 are kept.
    let silenced = [beat(0, 0, 1_000)].into_iter().chain((0..2_000).map(paused));
    let others = (2_000..4_095).map(paused).map(nameless);
    assert_eq!(fit(silenced.chain(others)), 2_001 + (65_536 - 40 - 9 - 29 - 16_000) / 29);
    // Of a list in a session, the list and the id.
    let sessions = (0..4_096).map(|second| Event { session: Some(format!("{second:04}")), ..list(paused(second)) });
    assert_eq!(fit(sessions), (65_536 - 40 - 64 - 12) / (12 + 8 + 35) + 1);
}

/// Items are read for ever.
#[test]
fn the_stored_form_of_version_1_stays() {
    let mut item = VideoItem::default();
    let mut events = [
        long(at(1_000, Played, 2_000), 60_000),
        listed(2_000, "A", &[(0, 5_000), (7_000, 9_500)]),
        Event { session: Some("t".into()), ..fast(beat(3_000, -500, 1_500), 2.0) },
        nameless(at(4_000, Played, 10_000)),
        nameless(seek(5_000, 11_000, 30_000)),
        nameless(listed(6_000, "b", &[(1, 2)])),
        nameless(Event { time_millis: None, ..at(7_000, Paused, None) }),
    ];
    events[0].title = Some("Título".into());
    events[3] = with(events[3].clone(), |video| video.threshold = Some(0.5));
    item.fold(&events, &mut VideoView::default());
    let stored: String = item.encode().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        stored,
        "010101c0a90701000000000000e03f01d00f0000000000003e810754c3ad74756c6f02017302020000000000003e8100\
        00000000007d020101610200904ea01f882700017401000001000000000000bb8038f02ee707a01f0000000000000040\
        03000000000000fa0109c03ea09c0100000000000138831bd00fd00ff0a802000000000001770242d00f016201020201\
        000000000001b58202b06d"
    );
    assert_eq!(VideoItem::decode(&item.encode()).unwrap().encode(), item.encode());
}

#[test]
fn an_item_that_no_fold_stores_is_refused() {
    let mut item = VideoItem::default();
    item.fold(&[long(at(1, Played, 0), 36_000_000), at(2, Paused, 0)], &mut VideoView::default());
    let stored = item.encode();
    assert!(VideoItem::decode(&stored).is_ok());
    // The length, as a zigzag of 4 bytes from the fourth on, is one more than the longest.
    let mut longer = stored.clone();
    longer[3] += 2;
    assert_eq!(VideoItem::decode(&longer).map(drop), Err(Damaged("a video's length")));
    // The last event's time, relative to the one before, is a millisecond earlier.
    let mut disordered = stored.clone();
    let difference = stored.len() - 4;
    assert_eq!(stored[difference], 2, "{stored:?}");
    disordered[difference] = 1;
    assert_eq!(VideoItem::decode(&disordered).map(drop), Err(Damaged("events out of order")));
}

#[test]
fn seconds_before_a_time_are_those_of_the_events_before_it() {
    let day = 24 * 60 * MINUTE;
    let mut events = vec![at(0, Played, 0), at(20_000, Paused, 20_000), at(day, Played, 20_000)];
    events.push(at(day + 10_000, Paused, 30_000));
    let loose = |time: i64, from: i64| {
        let mut event = at(time, Watched, from);
        event.session = None;
        if let Body::Video(video) = &mut event.body {
            video.to_millis = Some(from + 10_000);
        }
        event
    };
    events.extend([loose(2 * day, 40_000), loose(3 * day, 50_000)]);
    let mut item = VideoItem::default();
    item.fold(&events, &mut VideoView::default());
    let item = VideoItem::decode(&item.encode()).unwrap();
    assert_eq!(item.seconds(), 50);
    let times = [0, day, day + 10_000, day + 10_001, 2 * day, 2 * day + 1, 4 * day];
    assert_eq!(times.map(|time| item.seconds_before(time)), [0, 20, 20, 30, 30, 40, 50]);
}

#[test]
fn a_list_is_as_old_as_the_title_that_came_with_it_and_new_without_one() {
    let listed = |title: Option<&str>| {
        let mut event = at(5_000, Paused, 10_000);
        if let Body::Video(video) = &mut event.body {
            video.segments = Some(vec![(0, 10_000)]);
        }
        event.title = title.map(str::to_string);
        let mut item = VideoItem::default();
        item.fold([&event], &mut VideoView::default());
        [5_000, 5_001].map(|time| VideoItem::decode(&item.encode()).unwrap().seconds_before(time))
    };
    assert_eq!(listed(Some("Title")), [0, 10]);
    assert_eq!(listed(None), [0, 0]);
}
