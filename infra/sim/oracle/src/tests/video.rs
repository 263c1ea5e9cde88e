use super::{course, event, utc};
use crate::{CourseSettings, DropOff, Video};

const SESSION: &str = r#""session":"s""#;

/// One learner's events on a video: (type, clock, other fields).
type Case<'a> = [(&'a str, &'a str, &'a str)];

fn on_video(learner: &str, case: &Case<'_>) -> Vec<String> {
    let one = |(kind, clock, rest): &(&str, &str, &str)| {
        event(&format!("video.{kind}"), learner, clock, &format!(r#""video":"v",{rest}"#))
    };
    case.iter().map(one).collect()
}

fn video(texts: &[String], settings: &CourseSettings) -> Video {
    course(texts, settings).videos.remove(0)
}

/// What one learner's events come to: plays, content and watch time in milliseconds; in whatever order they arrive.
fn check(case: &Case<'_>, plays: i64, content_millis: i64, watch_millis: i64) {
    let mut texts = on_video("ana", case);
    for _ in 0..2 {
        let video = video(&texts, &utc());
        let found = (video.plays, video.content_millis, video.watch_millis);
        assert_eq!(found, (plays, content_millis, watch_millis), "{case:?}");
        assert_eq!(video.viewers, i64::from(plays > 0), "{case:?}");
        texts.reverse();
    }
}

/// The same, all within one session that has an id.
fn check_session(case: &Case<'_>, content_millis: i64, watch_millis: i64) {
    let rests: Vec<String> = case.iter().map(|(_, _, rest)| format!("{rest},{SESSION}")).collect();
    let case: Vec<_> = case.iter().zip(&rests).map(|((kind, clock, _), rest)| (*kind, *clock, rest.as_str())).collect();
    check(&case, i64::from(content_millis > 0), content_millis, watch_millis);
}

#[test]
fn heartbeats_join_when_one_begins_within_a_second_of_the_end_before() {
    let beats = |second: &str, third: &str, content| {
        let first = ("watched", "10:00:10", r#""from":0,"to":10"#);
        check_session(&[first, ("watched", "10:00:20", second), ("watched", "10:00:30", third)], content, content);
    };
    // [0, 20) and, from 21 on, one run [0, 30).
    beats(r#""from":11,"to":20"#, r#""from":21,"to":30"#, 30_000);
    // 20 to 21.001 is over a second: [0, 20) and [21.001, 30).
    beats(r#""from":10,"to":20"#, r#""from":21.001,"to":30"#, 28_999);
    // The end before is 9.5, though the run reaches to 10: 10.5 joins, and the run is [0, 12).
    beats(r#""from":9,"to":9.5"#, r#""from":10.5,"to":12"#, 12_000);
    // From 9.5 to 10.6 is too far: [0, 10) and [10.6, 12).
    beats(r#""from":9,"to":9.5"#, r#""from":10.6,"to":12"#, 11_400);
}

#[test]
fn a_heartbeat_is_cut_to_300_seconds() {
    check_session(&[("watched", "10:00:00", r#""from":10,"to":310"#)], 300_000, 300_000);
    check_session(&[("watched", "10:00:00", r#""from":10,"to":310.001"#)], 300_000, 300_000);
    // [0, 300), joined by 301 to 310, one second after its cut end.
    let next = ("watched", "10:05:00", r#""from":301,"to":310"#);
    check_session(&[("watched", "10:00:00", r#""from":0,"to":400"#), next], 310_000, 310_000);
}

#[test]
fn watch_time_is_content_by_the_rate_of_the_runs_first() {
    let first = |rate| format!(r#""from":0,"to":10,"rate":{rate}"#);
    let second = ("watched", "10:00:20", r#""from":10,"to":20,"rate":1"#);
    for (rate, watch) in
        [("2", 10_000), ("0.25", 80_000), ("4", 5_000), ("4.01", 20_000), ("0", 20_000), ("1.5", 13_333)]
    {
        check_session(&[("watched", "10:00:00", &first(rate)), second], 20_000, watch);
    }
}

#[test]
fn positions_round_half_up_and_short_segments_are_dropped() {
    check_session(&[("watched", "10:00:00", r#""from":0,"to":0.249"#)], 0, 0);
    check_session(&[("watched", "10:00:00", r#""from":0,"to":0.25"#)], 250, 250);
    // 0.2494 is 249 ms, 0.2495 is 250 ms.
    check_session(&[("watched", "10:00:00", r#""from":0,"to":0.2494"#)], 0, 0);
    check_session(&[("watched", "10:00:00", r#""from":0,"to":0.2495"#)], 250, 250);
    check_session(&[("watched", "10:00:00", r#""from":9,"to":3"#)], 0, 0);
}

#[test]
fn heartbeats_silence_the_pairs_of_their_session() {
    let pair = [("played", "10:00:00", r#""position":0"#), ("paused", "10:01:00", r#""position":60"#)];
    check_session(&pair, 60_000, 60_000);
    check_session(&[pair[0], pair[1], ("watched", "10:02:00", r#""from":0,"to":5"#)], 5_000, 5_000);
}

#[test]
fn a_pair_ends_where_the_next_event_that_closes_finds_the_player() {
    let played = ("played", "10:00:00", r#""position":10"#);
    for close in ["paused", "completed", "terminated", "played"] {
        check_session(&[played, (close, "10:00:30", r#""position":40"#)], 30_000, 30_000);
    }
    check_session(&[played, ("seeked", "10:00:30", r#""from":40,"to":90"#)], 30_000, 30_000);
    // What neither plays nor stops changes nothing in between.
    let other = ("interacted", "10:00:10", r#""position":70"#);
    check_session(&[played, other, ("paused", "10:00:30", r#""position":40"#)], 30_000, 30_000);
    // Before the open: discarded.
    check_session(&[played, ("paused", "10:00:30", r#""position":9"#)], 0, 0);
    let fast = ("played", "10:00:00", r#""position":0,"rate":2"#);
    check_session(&[fast, ("paused", "10:00:30", r#""position":60"#)], 60_000, 30_000);
}

#[test]
fn a_pair_claims_no_more_than_wall_time_allows() {
    let played = ("played", "10:00:00", r#""position":0"#);
    // 10 s · 1.1 + 5 s = 16 s.
    check_session(&[played, ("paused", "10:00:10", r#""position":16"#)], 16_000, 16_000);
    check_session(&[played, ("paused", "10:00:10", r#""position":16.001"#)], 16_000, 16_000);
    // 10 s · 2 · 1.1 + 5 s = 27 s, watched in 13.5 s.
    let fast = ("played", "10:00:00", r#""position":0,"rate":2"#);
    check_session(&[fast, ("paused", "10:00:10", r#""position":100"#)], 27_000, 13_500);
    // 5 ms · 1.1 is 5.5 ms, which rounds to 6: 5,006 ms.
    check_session(&[played, ("paused", "10:00:00.005", r#""position":100"#)], 5_006, 5_006);
}

#[test]
fn a_seek_goes_on_only_while_playing() {
    let played = ("played", "10:00:00", r#""position":0,"rate":2"#);
    let seeked = ("seeked", "10:00:10", r#""from":20,"to":50"#);
    // [0, 20) and [50, 60) at rate 2: 10 s + 5 s.
    check_session(&[played, seeked, ("paused", "10:00:20", r#""position":60"#)], 30_000, 15_000);
    // Stopped before the seek: [0, 10).
    let paused = ("paused", "10:00:05", r#""position":10"#);
    check_session(&[played, paused, seeked, ("paused", "10:00:20", r#""position":60"#)], 10_000, 5_000);
    // The pair before the seek is discarded, playing goes on: [50, 60).
    let back = ("seeked", "10:00:10", r#""from":-1,"to":50"#);
    check_session(&[played, back, ("paused", "10:00:20", r#""position":60"#)], 10_000, 5_000);
    // A seek alone opens nothing.
    check_session(&[seeked, ("paused", "10:00:20", r#""position":60"#)], 0, 0);
}

#[test]
fn an_unclosed_play_is_closed_by_the_first_other_event_within_half_an_hour() {
    let played = ("played", "10:00:00", r#""position":5,"rate":1.5"#);
    check_session(&[played], 0, 0);
    let other = |clock| ("interacted", clock, r#""position":9000"#);
    check_session(&[played, other("10:00:10"), other("10:00:20")], 15_000, 10_000);
    check_session(&[played, other("10:30:00")], 2_700_000, 1_800_000);
    check_session(&[played, other("10:30:00.001")], 0, 0);
    // Something closes it, at whatever distance: the event in between is no witness.
    check_session(&[played, other("10:00:10"), ("paused", "11:30:00", r#""position":25"#)], 20_000, 13_333);
    // After the close nothing is open.
    check_session(&[played, ("paused", "10:00:10", r#""position":4"#), other("10:00:20")], 0, 0);
}

#[test]
fn segments_are_clamped_to_the_learners_own_length() {
    check_session(&[("watched", "10:00:00", r#""from":-5,"to":30,"length":20"#)], 20_000, 20_000);
    // The greatest of the learner's own, whichever event tells it; none that is no length.
    for other in [r#""position":0,"length":25"#, r#""position":0,"length":25.0004"#] {
        let beat = ("watched", "10:00:00", r#""from":0,"to":30,"length":20"#);
        check_session(&[beat, ("initialized", "10:00:01", other)], 25_000, 25_000);
    }
    for length in ["0", "-1", "36000.001", "0.0004"] {
        let rest = format!(r#""from":0,"to":30,"length":{length}"#);
        check_session(&[("watched", "10:00:00", &rest)], 30_000, 30_000);
    }
    // Without a length, 10 h: [35,990, 36,000).
    check_session(&[("watched", "10:00:00", r#""from":35990,"to":36010"#)], 10_000, 10_000);
    // 300 ms lie before the end, then 200 ms.
    check_session(&[("watched", "10:00:00", r#""from":9.7,"to":30,"length":10"#)], 300, 300);
    check_session(&[("watched", "10:00:00", r#""from":9.8,"to":30,"length":10"#)], 0, 0);
}

#[test]
fn sessions_without_id_are_cut_after_half_an_hour_and_the_content_between() {
    let played = ("played", "10:00:00", r#""position":3"#);
    // 10 s of content lie between: 30 min 10 s is one session.
    check(&[played, ("paused", "10:30:10", r#""position":13"#)], 1, 10_000, 10_000);
    check(&[played, ("paused", "10:30:10.001", r#""position":13"#)], 0, 0, 0);
    // At rate 2 the 20 s of content take 10 s.
    let fast = ("played", "10:00:00", r#""position":3,"rate":2"#);
    check(&[fast, ("paused", "10:30:10", r#""position":23"#)], 1, 20_000, 10_000);
    check(&[fast, ("paused", "10:30:10.001", r#""position":23"#)], 0, 0, 0);
    // Backwards counts as nothing between.
    let beat = ("watched", "10:00:00", r#""from":50,"to":60"#);
    check(&[beat, ("watched", "10:30:00", r#""from":0,"to":10"#)], 1, 20_000, 20_000);
    check(&[beat, ("watched", "10:30:00.001", r#""from":0,"to":10"#)], 2, 20_000, 20_000);
    // A heartbeat stands at its `to`: 10 s between 60 and 70.
    check(&[beat, ("watched", "10:30:10", r#""from":60,"to":70"#)], 1, 20_000, 20_000);
    check(&[beat, ("watched", "10:30:10.001", r#""from":60,"to":70"#)], 2, 20_000, 20_000);
    // A seek leaves the player at its `to`, 20; 10 s lie between that and 30.
    let (first, seek) = (("watched", "09:59:59", r#""from":0,"to":9"#), ("seeked", "10:00:00", r#""from":70,"to":20"#));
    check(&[first, seek, ("watched", "10:30:10", r#""from":29,"to":30"#)], 1, 10_000, 10_000);
    check(&[first, seek, ("watched", "10:30:10.001", r#""from":29,"to":30"#)], 2, 10_000, 10_000);
    // It finds the player at its `from`, 70; 10 s lie between 60 and that.
    let last = ("watched", "10:30:11", r#""from":20,"to":30"#);
    check(&[beat, ("seeked", "10:30:10", r#""from":70,"to":20"#), last], 1, 20_000, 20_000);
    check(&[beat, ("seeked", "10:30:10.001", r#""from":70,"to":20"#), last], 2, 20_000, 20_000);
}

#[test]
fn sessions_with_id_hold_at_any_distance_beside_those_without() {
    let in_session = |session: &str, position: &str| format!(r#""position":{position},"session":"{session}""#);
    let (one, two) = (in_session("one", "0"), in_session("two", "100"));
    let (one_ends, two_ends) = (in_session("one", "10"), in_session("two", "120"));
    // [0, 10), [100, 120) and, of the events without id, [50, 51).
    let case = [
        ("played", "01:00:00", one.as_str()),
        ("played", "01:00:10", two.as_str()),
        ("played", "01:00:20", r#""position":50"#),
        ("paused", "01:00:21", r#""position":51,"session":"""#),
        ("paused", "05:00:00", one_ends.as_str()),
        ("paused", "05:00:10", two_ends.as_str()),
    ];
    check(&case, 3, 31_000, 31_000);
}

#[test]
fn events_without_time_stand_at_their_arrival_and_without_session_alone() {
    let beats = [r#""from":0,"to":10"#, r#""from":10,"to":20"#];
    check(&[("watched", "", beats[0]), ("watched", "", beats[1])], 2, 20_000, 20_000);
    // T is 12:00:30, the arrival: the one without time is the later, so that its start joins the end of the other.
    check_session(&[("watched", "12:00:20", beats[0]), ("watched", "", r#""from":10.5,"to":20"#)], 20_000, 20_000);
    check_session(&[("watched", "", beats[0]), ("watched", "12:00:20", r#""from":10.5,"to":20"#)], 19_500, 19_500);
}

#[test]
fn d_is_the_length_that_most_learners_reported() {
    let reports = |lengths: &[(&str, &str)]| {
        let report = |(learner, length): &(&str, &str)| {
            let rest = format!(r#""position":0,"length":{length}"#);
            on_video(learner, &[("initialized", "10:00:00", &rest)])
        };
        video(&lengths.iter().flat_map(report).collect::<Vec<_>>(), &utc()).length_millis
    };
    assert_eq!(reports(&[("a", "10"), ("b", "10"), ("c", "99")]), Some(10_000));
    // Each learner has one vote, for its own greatest.
    assert_eq!(reports(&[("a", "10"), ("a", "99"), ("b", "10"), ("c", "99")]), Some(99_000));
    // Of equals the greater.
    assert_eq!(reports(&[("a", "10"), ("b", "20")]), Some(20_000));
    assert_eq!(reports(&[("a", "0"), ("b", "36000.0006")]), None);
    assert_eq!(reports(&[("a", "36000")]), Some(36_000_000));
}

fn three_viewers() -> Vec<String> {
    // n: 10 of 10 s; 9 (second 9 is covered from 9.5 on); 11.
    let watched = [("a", r#""from":0,"to":10,"length":10"#), ("b", r#""from":0,"to":9.5,"length":10"#)];
    let watched = watched.into_iter().chain([("c", r#""from":0,"to":10.6,"length":20"#)]);
    watched.flat_map(|(learner, rest)| on_video(learner, &[("watched", "10:00:00", rest)])).collect()
}

#[test]
fn coverage_and_completion_count_distinct_seconds() {
    let plain = video(&three_viewers(), &utc());
    assert_eq!((plain.length_millis, plain.threshold), (Some(10_000), 0.95));
    assert_eq!((plain.completed, plain.completion_rate), (Some(2), Some(2.0 / 3.0)));
    assert_eq!(plain.average_coverage, Some(29.0 / 30.0));

    let lenient = video(&three_viewers(), &CourseSettings { threshold: Some(0.9), ..utc() });
    assert_eq!((lenient.threshold, lenient.completed), (0.9, Some(3)));

    let lengths_millis = [("v".to_string(), 20_000)].into();
    let longer = video(&three_viewers(), &CourseSettings { lengths_millis, ..utc() });
    assert_eq!((longer.length_millis, longer.completed), (Some(20_000), Some(0)));
    assert_eq!(longer.average_coverage, Some(30.0 / 60.0));
}

#[test]
fn a_second_counts_when_its_middle_is_covered_and_counts_once() {
    let coverage = |length: &str, spans: &[&str]| {
        let watch = |(at, span): (usize, &&str)| {
            let rest = format!(r#"{span},"length":{length},"session":"{at}""#);
            on_video("a", &[("watched", "10:00:00", &rest)])
        };
        video(&spans.iter().enumerate().flat_map(watch).collect::<Vec<_>>(), &utc()).average_coverage
    };
    assert_eq!(coverage("2", &[r#""from":0,"to":0.5"#]), Some(0.0));
    assert_eq!(coverage("2", &[r#""from":0,"to":0.501"#]), Some(0.5));
    assert_eq!(coverage("2", &[r#""from":0.501,"to":1.5"#]), Some(0.0));
    assert_eq!(coverage("4", &[r#""from":0,"to":2"#, r#""from":1,"to":3"#, r#""from":0,"to":1"#]), Some(0.75));
    // N: 10.5 s are 11 whole seconds, 10.499 are 10; 0.3 s are one.
    assert_eq!(coverage("10.5", &[r#""from":0,"to":5"#]), Some(5.0 / 11.0));
    assert_eq!(coverage("10.499", &[r#""from":0,"to":5"#]), Some(0.5));
    assert_eq!(coverage("0.3", &[r#""from":0,"to":0.3"#]), Some(0.0));
}

#[test]
fn bins_rewatches_retention_and_drop_off() {
    let twice = r#""from":0,"to":12,"length":12"#;
    let sessions = [format!(r#"{twice},"session":"1""#), format!(r#"{twice},"session":"2""#)];
    let mut texts: Vec<String> =
        sessions.iter().flat_map(|rest| on_video("a", &[("watched", "10:00:00", rest)])).collect();
    // 249 ms of bin 1 do not touch it; 250 would.
    texts.extend(on_video("b", &[("watched", "10:00:00", r#""from":0,"to":5.249,"length":12"#)]));
    let found = video(&texts, &utc());
    assert_eq!((found.views, found.viewers_by_bin), (vec![3, 2, 2], vec![2, 1, 1]));
    assert_eq!((found.rewatches, found.retention), (vec![1, 1, 1], vec![1.0, 0.5, 0.5]));
    assert_eq!(found.drop_off, Some(DropOff { bin: 1, second: 5, lost: 1 }));

    texts.extend(on_video("b", &[("watched", "11:59:00", r#""from":5,"to":5.25,"length":12"#)]));
    let found = video(&texts, &utc());
    assert_eq!((found.views, found.drop_off), (vec![3, 3, 2], Some(DropOff { bin: 2, second: 10, lost: 1 })));
}

#[test]
fn a_bin_that_the_end_cuts_is_touched_by_all_that_is_there() {
    let views = |from: &str| {
        let rest = format!(r#""from":{from},"to":99,"length":10.1"#);
        video(&on_video("a", &[("watched", "10:00:00", r#""from":0,"to":1"#), ("watched", "10:01:00", &rest)]), &utc())
            .views
    };
    // The last bin has 100 ms before L.
    assert_eq!(views("9.5"), [1, 1, 1]);
    // From 9.84 the segment is [9.84, 10.1): 160 ms of bin 1 are too few, 100 of bin 2 are all.
    assert_eq!(views("9.84"), [1, 0, 1]);
    // [10.05, 10.1) is too short to be kept.
    assert_eq!(views("10.05"), [1, 0, 0]);
}

#[test]
fn without_a_length_bins_end_with_the_last_touched_and_rates_are_none() {
    let found = video(&on_video("a", &[("watched", "10:00:00", r#""from":0,"to":10.2"#)]), &utc());
    assert_eq!((found.views, found.length_millis), (vec![1, 1], None));
    assert_eq!((found.completed, found.completion_rate, found.average_coverage), (None, None, None));
    // Beyond D there is no bin, though the time counts.
    let settings = CourseSettings { lengths_millis: [("v".to_string(), 5_000)].into(), ..utc() };
    let cut = video(&on_video("a", &[("watched", "10:00:00", r#""from":0,"to":10.2"#)]), &settings);
    assert_eq!((cut.views, cut.content_millis), (vec![1], 10_200));
}

#[test]
fn a_video_without_viewers_is_listed() {
    let found = video(&on_video("a", &[("played", "10:00:00", r#""position":0,"length":12"#)]), &utc());
    assert_eq!((found.viewers, found.plays, found.completed), (0, 0, Some(0)));
    assert_eq!((found.completion_rate, found.average_coverage, found.drop_off), (None, None, None));
    assert_eq!((found.views, found.retention), (vec![0, 0, 0], vec![]));
}

#[test]
fn the_title_is_the_catalogues_else_what_most_learners_saw_last() {
    let seen = |learner, clock, title| {
        on_video(learner, &[("interacted", clock, &format!(r#""position":0,"title":"{title}""#))])
    };
    let mut texts = [seen("a", "10:00:00", "Z"), seen("a", "11:00:00", "A"), seen("b", "10:00:00", "A")].concat();
    texts.extend(seen("c", "10:00:00", "Z"));
    assert_eq!(video(&texts, &utc()).title.as_deref(), Some("A"));
    texts.extend(seen("d", "10:00:00", "Z"));
    assert_eq!(video(&texts, &utc()).title.as_deref(), Some("Z"), "of equals the greater");

    let described = |clock, title: &str| event("object.described", "x", clock, &format!(r#""object":"v"{title}"#));
    texts.push(described("10:00:00", r#","title":"Early""#));
    assert_eq!(video(&texts, &utc()).title.as_deref(), Some("Early"));
    texts.insert(0, described("11:00:00", r#","title":"Late""#));
    assert_eq!(video(&texts, &utc()).title.as_deref(), Some("Late"));
    texts.push(described("11:30:00", ""));
    assert_eq!(video(&texts, &utc()).title.as_deref(), Some("Z"), "the latest says none");
}
