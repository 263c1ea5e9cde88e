use super::{AT_MILLIS, all, event, utc};
use crate::{Told, courses, identity, ties};

const ANSWER: &str = r#"{"id":"1","type":"quiz.answered","time":"2026-03-02T10:00:00Z","learner":"a","course":"c",
    "quiz":"z","question":"q","response":"x"}"#;

#[test]
fn every_part_of_an_act_tells_it_from_others() {
    let changes = [
        (r#""id":"1""#, r#""id":"2""#),
        ("quiz.answered", "quiz.started"),
        ("10:00:00Z", "10:00:01Z"),
        (r#""learner":"a""#, r#""learner":"b""#),
        (r#""course":"c""#, r#""course":"d""#),
        (r#""quiz":"z""#, r#""quiz":"y""#),
        (r#""question":"q""#, r#""question":"p""#),
        (r#""response":"x""#, r#""role":"staff""#),
        (r#""id":"1","#, ""),
        (r#""time":"2026-03-02T10:00:00Z","#, ""),
    ];
    for (part, other) in changes {
        assert_ne!(identity(ANSWER), identity(&ANSWER.replace(part, other)), "{other}");
    }
}

#[test]
fn with_an_id_other_content_is_a_copy_and_without_one_it_is_not() {
    let other = ANSWER.replace(r#""response":"x""#, r#""response":"y","session":"s","title":"T","role":"learner""#);
    assert_eq!(identity(ANSWER), identity(&other));
    let nameless = |text: &str| identity(&text.replace(r#""id":"1""#, r#""id":"""#));
    assert_ne!(nameless(ANSWER), nameless(&other));
}

#[test]
fn without_an_id_the_order_of_keys_and_spaces_are_nothing() {
    let one = r#"{"type":"course.enrolled","learner":"a","course":"c","more":{"x":1,"y":[{"p":1,"q":2}]}}"#;
    let other = r#"{"more":{"y":[{"q":2, "p":1}],"x":1}, "course":"c","learner":"a","type":"course.enrolled"}"#;
    assert_eq!(identity(one), identity(other));
    assert_ne!(identity(one), identity(&one.replace("\"p\":1", "\"p\":2")));
}

#[test]
fn of_copies_the_first_counts() {
    let text = |to| event("video.watched", "a", "10:00:00", &format!(r#""id":"1","video":"v","from":0,"to":{to}"#));
    for (first, second, content) in [(5, 9, 5_000), (9, 5, 9_000)] {
        let found = all(&[text(first), text(second), text(first)], &utc());
        assert_eq!(found["c"].videos[0].content_millis, content);
    }
}

#[test]
fn the_first_copys_arrival_is_what_counts() {
    // An hour ahead of its first copy, so that it counts at 12:00; the second copy arrives in time, and is none.
    let text = event("activity.viewed", "a", "13:00:30", r#""object":"p""#);
    let told = [AT_MILLIS, AT_MILLIS + 3_600_000].map(|arrival_millis| Told { text: &text, arrival_millis });
    let active = |told: &[Told<'_>]| courses(told, &|_| utc(), AT_MILLIS)["c"].active_5m;
    assert_eq!(active(&told), 1);
    assert_eq!(active(&[told[1], told[0]]), 0);
}

#[test]
fn ties_are_found_where_order_matters() {
    let at = |learner, clock, rest: &str| event("video.paused", learner, clock, rest);
    let found = |texts: &[String]| {
        let told: Vec<_> = texts.iter().map(|text| Told { text, arrival_millis: AT_MILLIS }).collect();
        ties(&told).len()
    };
    let base = at("a", "10:00:00", r#""video":"v","position":1"#);
    assert_eq!(found(&[base.clone(), base.clone()]), 0, "a copy is no other event");
    assert_eq!(found(&[base.clone(), at("a", "10:00:00", r#""video":"v","position":2"#)]), 1);
    assert_eq!(found(&[base.clone(), at("a", "10:00:00.001", r#""video":"v","position":2"#)]), 0);
    assert_eq!(found(&[base.clone(), at("b", "10:00:00", r#""video":"v","position":2"#)]), 0);
    assert_eq!(found(&[base.clone(), at("a", "10:00:00", r#""video":"w","position":2"#)]), 0);
    // Without time, and from the future: both at the arrival.
    let timeless = at("a", "", r#""video":"v","position":3"#);
    assert_eq!(found(&[base, timeless, at("a", "13:00:00", r#""video":"v","position":4"#)]), 1);
    let described = |learner| event("object.described", learner, "10:00:00", r#""object":"v""#);
    assert_eq!(found(&[described("a"), described("b")]), 1);
    assert_eq!(
        found(&["x", "y"].map(|object| event("activity.viewed", "a", "", &format!(r#""object":"{object}""#)))),
        0
    );
}

#[test]
#[should_panic(expected = "not an event that counts")]
fn what_must_be_refused_is_not_read() {
    identity(&ANSWER.replace(r#""learner":"a""#, r#""learner":"anonymous""#));
}
