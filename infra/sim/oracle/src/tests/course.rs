use super::{AT_MILLIS, all, course, event, utc};
use crate::{Course, CourseSettings, Told, courses, time};

const HOUR: i64 = 3_600_000;

/// A page view at a time as sent, told with its arrival; empty for none.
fn view(learner: &str, time: &str, arrival_millis: i64) -> (String, i64) {
    let time = if time.is_empty() { String::new() } else { format!(r#""time":"{time}","#) };
    (format!(r#"{{"type":"activity.viewed",{time}"learner":"{learner}","course":"c","object":"p"}}"#), arrival_millis)
}

fn at_t(views: &[(String, i64)], zone: &str, at_millis: i64) -> Course {
    let told: Vec<_> =
        views.iter().map(|(text, arrival_millis)| Told { text, arrival_millis: *arrival_millis }).collect();
    let settings = CourseSettings { zone: zone.to_string(), ..CourseSettings::default() };
    courses(&told, &|_| settings.clone(), at_millis).remove("c").unwrap()
}

/// (active in 5 minutes, today, in 7 days, ever) of one learner's view.
fn check(time: &str, arrival_millis: i64, zone: &str, expected: [i64; 4]) {
    let found = at_t(&[view("a", time, arrival_millis)], zone, AT_MILLIS);
    let found = [found.active_5m, found.active_today, found.active_7d, found.learners];
    assert_eq!(found, expected, "{time} in {zone}");
}

#[test]
fn windows_are_of_whole_minutes_and_days() {
    // T is 12:00:30 on 2 March: the minutes 11:56 to 12:00, the days from 24 February on.
    let utc = |time, expected| check(time, AT_MILLIS, "UTC", expected);
    utc("2026-03-02T12:00:59.999Z", [1, 1, 1, 1]);
    utc("2026-03-02T12:01:00Z", [0, 1, 1, 1]);
    utc("2026-03-02T11:56:00Z", [1, 1, 1, 1]);
    utc("2026-03-02T11:55:59.999Z", [0, 1, 1, 1]);
    utc("2026-03-02T00:00:00Z", [0, 1, 1, 1]);
    utc("2026-03-01T23:59:59.999Z", [0, 0, 1, 1]);
    // Earlier ones had arrived in time.
    let early = |time, expected| check(time, AT_MILLIS - 5 * 24 * HOUR, "UTC", expected);
    early("2026-02-24T12:00:30Z", [0, 0, 1, 1]);
    let earlier = |time, expected| check(time, AT_MILLIS - 6 * 24 * HOUR, "UTC", expected);
    earlier("2026-02-24T00:00:00Z", [0, 0, 1, 1]);
    earlier("2026-02-23T23:59:59.999Z", [0, 0, 0, 1]);
}

#[test]
fn times_round_to_milliseconds_and_zones_are_read() {
    for (text, millis) in [
        ("2026-03-02T12:00:30Z", 0),
        ("2026-03-02 12:00:30", 0),
        ("2026-03-02T09:00:30-03:00", 0),
        ("2026-03-02T14:00:30.2+0200", 200),
        ("2026-03-02T14:00:30.2 +02", 200),
        ("2026-03-02t12:00:30,0004999z", 0),
        ("2026-03-02T12:00:30.0005Z", 1),
        ("2026-03-02T12:00:30.9995 UTC", 1000),
        ("2026-03-02T12:00:60Z", 29_000),
        ("2026-03-02T12:00Z", -30_000),
    ] {
        assert_eq!(time::millis(text), Some(AT_MILLIS + millis), "{text}");
    }
    for text in ["", "yesterday", "2026-02-30T12:00:30Z", "2026-03-02T12:00:30+2", "2026-03-02T25:00:30Z"] {
        assert_eq!(time::millis(text), None, "{text}");
    }
}

#[test]
fn days_are_those_of_the_courses_zone() {
    // São Paulo is at −3: its 2 March began at 03:00 UTC. Auckland is at +13: it is 3 March there, since 11:00 UTC.
    check("2026-03-02T03:00:00Z", AT_MILLIS, "America/Sao_Paulo", [0, 1, 1, 1]);
    check("2026-03-02T02:59:59.999Z", AT_MILLIS, "America/Sao_Paulo", [0, 0, 1, 1]);
    check("2026-03-02T11:00:00Z", AT_MILLIS, "Pacific/Auckland", [0, 1, 1, 1]);
    check("2026-03-02T10:59:59.999Z", AT_MILLIS, "Pacific/Auckland", [0, 0, 1, 1]);
    check("2026-03-02T00:00:00Z", AT_MILLIS, "nowhere", [0, 1, 1, 1]);
    // New York went from −5 to −4 on 8 March: 04:30 UTC is 23:30 the day before on the 8th, 00:30 on the 9th.
    let later = AT_MILLIS + 7 * 24 * HOUR;
    let on_the_ninth = |time| at_t(&[view("a", time, later)], "America/New_York", later).active_today;
    assert_eq!((on_the_ninth("2026-03-09T04:00:00Z"), on_the_ninth("2026-03-09T03:59:59.999Z")), (1, 0));
}

#[test]
fn what_is_over_48_hours_late_counts_in_totals_alone() {
    check("2026-02-28T12:00:30Z", AT_MILLIS, "UTC", [0, 0, 1, 1]);
    check("2026-02-28T12:00:29.999Z", AT_MILLIS, "UTC", [0, 0, 0, 1]);
    // Absurd times are late, or of the future.
    check("1970-01-01T00:00:00Z", AT_MILLIS, "UTC", [0, 0, 0, 1]);
    check("9999-01-01T00:00:00Z", AT_MILLIS, "UTC", [1, 1, 1, 1]);
    let heartbeat =
        event("video.watched", "a", "10:00:00", r#""video":"v","from":0,"to":10"#).replace("2026-", "1999-");
    assert_eq!(course(&[heartbeat], &utc()).videos[0].content_millis, 10_000);
}

#[test]
fn what_is_over_5_minutes_ahead_counts_at_its_arrival() {
    check("2026-03-02T12:05:30Z", AT_MILLIS, "UTC", [0, 1, 1, 1]);
    check("2026-03-02T12:05:30.001Z", AT_MILLIS, "UTC", [1, 1, 1, 1]);
    // A play that is an hour ahead stands at 12:00:30, ten seconds before the pause.
    let texts = [
        event("video.played", "a", "13:00:00", r#""video":"v","position":0,"session":"s""#),
        event("video.paused", "a", "12:00:40", r#""video":"v","position":10,"session":"s""#),
    ];
    assert_eq!(course(&texts, &utc()).videos[0].content_millis, 10_000);
}

#[test]
fn without_time_an_event_makes_a_learner_and_nobody_active() {
    check("", AT_MILLIS, "UTC", [0, 0, 0, 1]);
    let answered = event("quiz.answered", "a", "", r#""quiz":"z","question":"q","correct":true"#);
    let found = course(&[answered], &utc());
    assert_eq!((found.questions[0].attempts, found.learners, found.active_today), (1, 1, 0));
}

#[test]
fn minutes_are_the_sixty_up_to_that_of_t() {
    let arrival = AT_MILLIS;
    let views = [
        view("a", "2026-03-02T12:00:00Z", arrival),
        view("a", "2026-03-02T12:00:59Z", arrival),
        view("b", "2026-03-02T12:00:10Z", arrival),
        view("b", "2026-03-02T11:01:59.999Z", arrival),
        view("c", "2026-03-02T11:00:59.999Z", arrival),
        view("c", "2026-03-02T12:01:00Z", arrival),
    ];
    let found = at_t(&views, "UTC", AT_MILLIS);
    let minutes: Vec<_> = found.minutes.iter().filter(|minute| minute.active > 0).collect();
    assert_eq!(found.minutes.len(), 60);
    assert_eq!(minutes.iter().map(|minute| minute.active).collect::<Vec<_>>(), [1, 2]);
    let starts: Vec<_> = minutes.iter().map(|minute| minute.minute_millis - AT_MILLIS).collect();
    assert_eq!(starts, [-59 * 60_000 - 30_000, -30_000]);
    // Distinct: a, b in the last five minutes; b twice today.
    assert_eq!((found.active_5m, found.active_today, found.learners), (2, 3, 3));
}

#[test]
fn only_learners_count() {
    let of_role = |role: &str, video: &str| {
        event("video.watched", role, "12:00:00", &format!(r#""role":"{role}","video":"{video}","from":0,"to":9"#))
    };
    assert!(all(&[of_role("staff", "v"), of_role("test", "v")], &utc()).is_empty());
    let found = course(&[of_role("staff", "s"), of_role("test", "t"), of_role("learner", "v")], &utc());
    assert_eq!((found.learners, found.active_5m, found.videos.len()), (1, 1, 1));
    assert_eq!(found.videos[0].video, "v");
}

#[test]
fn every_type_of_event_makes_its_learner_active_but_a_description() {
    for (kind, rest) in [
        ("video.interacted", r#""video":"v""#),
        ("quiz.started", r#""quiz":"z""#),
        ("quiz.submitted", r#""quiz":"z","attempt":1"#),
        ("activity.viewed", r#""object":"p""#),
        ("course.enrolled", ""),
        ("course.unenrolled", ""),
        ("course.completed", ""),
    ] {
        let found = course(&[event(kind, "a", "12:00:00", rest)], &utc());
        assert_eq!((found.learners, found.active_5m), (1, 1), "{kind}");
    }
    let found = course(
        &[event("object.described", "a", "12:00:00", r#""object":"c","title":"Course","role":"staff""#)],
        &utc(),
    );
    assert_eq!((found.learners, found.active_5m, found.title.as_deref()), (0, 0, Some("Course")));
}

#[test]
fn courses_are_apart() {
    let one = event("activity.viewed", "a", "12:00:00", r#""object":"p""#);
    let other = one.replace(r#""course":"c""#, r#""course":"d""#);
    let found = all(&[one, other.clone(), other.replace(r#""learner":"a""#, r#""learner":"b""#)], &utc());
    let learners: Vec<_> = found.iter().map(|(name, course)| (name.as_str(), course.learners)).collect();
    assert_eq!(learners, [("c", 1), ("d", 2)]);
}
