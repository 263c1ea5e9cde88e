use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::event::{Body, Role, SourceId};
use crate::flags::Flags;

const WATCHED: &str = r#"{"id":"e1","type":"video.watched","time":"2026-03-02T19:30:00.250Z","learner":"ana","course":"c",
    "video":"v","from":1.0005,"to":11,"length":300,"rate":1.5,"title":"Células","unknown":{"x":[1]}}"#;

fn refusal(text: &str) -> (Code, String) {
    let refusal = read(text).unwrap_err();
    (refusal.code, refusal.field)
}

#[test]
fn a_heartbeat_reads_into_integers() {
    let event = read(WATCHED).unwrap();
    assert_eq!(event.source_id, SourceId::Given("e1".into()));
    assert_eq!(event.time_millis, Some(1_772_479_800_250));
    assert_eq!((event.learner.as_deref(), event.course.as_str(), event.role), (Some("ana"), "c", Role::Learner));
    let Body::Video(video) = event.body else { panic!("a video event") };
    assert_eq!(
        (video.position_millis, video.to_millis, video.length_millis),
        (Some(1001), Some(11_000), Some(300_000))
    );
    assert_eq!(video.rate, Some(1.5));
}

/// One level is the event's own.
#[test]
fn an_unknown_field_is_as_deep_as_the_limit_and_no_deeper() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = |levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
        let with = |levels| WATCHED.replace(r#"{"x":[1]}"#, &deep(levels));
        assert!(read(&with(MAX_DEPTH - 1)).is_ok(), "{open}");
        assert_eq!(refusal(&with(MAX_DEPTH)).0, Code::TooDeep, "{open}");
    }
}

#[test]
fn a_bad_field_is_named() {
    let with = |field: &str, value: &str| {
        let mut object: serde_json::Value = serde_json::from_str(WATCHED).unwrap();
        object[field] = serde_json::from_str(value).unwrap();
        object.to_string()
    };
    for (field, value, code) in [
        ("type", "\"video.exploded\"", Code::UnknownType),
        ("type", "7", Code::WrongType),
        ("video", "null", Code::MissingField),
        ("video", "\"\"", Code::MissingField),
        ("from", "\"1\"", Code::WrongType),
        ("from", "1e300", Code::InvalidValue),
        ("to", "null", Code::MissingField),
        ("time", "\"yesterday\"", Code::InvalidValue),
        ("learner", "null", Code::NoLearner),
        ("learner", "\" Anonymous \"", Code::NoLearner),
        ("course", "\" \"", Code::NoCourse),
        ("role", "\"king\"", Code::InvalidValue),
    ] {
        let text = with(field, value);
        assert_eq!(refusal(&text), (code, field.to_string()), "{text}");
        assert_eq!(read(&text).unwrap_err().id.as_deref(), Some("e1"));
    }
    assert_eq!(refusal(&with("course", &format!("\"{}\"", "c".repeat(513)))), (Code::TooLong, "course".into()));
    assert_eq!(refusal("{"), (Code::InvalidJson, String::new()));
    assert_eq!(refusal("[1]"), (Code::NotAnObject, String::new()));
    assert_eq!(refusal(&"[".repeat(100_000)), (Code::TooDeep, String::new()));
}

#[test]
fn implausible_values_are_ignored_and_flagged() {
    let text = WATCHED.replace("300", "36001").replace("1.5", "9").replace("\"to\":11", "\"to\":302");
    let event = read(&text).unwrap();
    let expected = [Flags::LENGTH_IGNORED, Flags::RATE_IGNORED, Flags::HEARTBEAT_CUT];
    assert!(expected.into_iter().all(|flag| event.flags.contains(flag)));
    let Body::Video(video) = event.body else { panic!("a video event") };
    assert_eq!((video.length_millis, video.rate), (None, None));
}

#[test]
fn duplicate_keys_count_as_the_last_and_unknown_ones_not_at_all() {
    let event = read(r#"{"type":"course.enrolled","learner":"a","learner":"b","course":"c"}"#).unwrap();
    assert_eq!(event.learner.as_deref(), Some("b"));
}

#[test]
fn without_an_id_the_content_names_the_event_whatever_the_order_of_keys() {
    let one = read(r#"{"type":"course.enrolled","learner":"b","course":"c"}"#).unwrap();
    let other = read(r#"{"course":"c", "learner":"b","type":"course.enrolled"}"#).unwrap();
    let third = read(r#"{"course":"d","learner":"b","type":"course.enrolled"}"#).unwrap();
    assert_eq!(one.source_id, other.source_id);
    assert_ne!(one.source_id, third.source_id);
}

#[test]
fn answers_take_texts_and_lists() {
    let answered = |response: &str| {
        let text = format!(
            r#"{{"id":"1","type":"quiz.answered","learner":"a","course":"c","quiz":"q","question":"1","attempt":2,
                "response":{response},"correct":true,"score":1,"max_score":2,"elapsed":3.5}}"#
        );
        let Body::Quiz(quiz) = read(&text).unwrap().body else { panic!("a quiz event") };
        (quiz.response, quiz.attempt, quiz.elapsed_millis)
    };
    assert_eq!(answered(r#"["b","a"]"#), (Some("a, b".into()), Some(2), Some(3500)));
    assert_eq!(answered(r#""b""#).0, Some("b".into()));
    assert_eq!(answered("4").0, Some("4".into()));
    assert_eq!(answered("null").0, None);
}

#[test]
fn the_catalogue_needs_no_learner() {
    let event = read(r#"{"type":"object.described","course":"c","object":"v","title":"T","length":60}"#).unwrap();
    assert_eq!(event.learner, None);
    let Body::Described(description) = event.body else { panic!("a description") };
    assert_eq!(description.length_millis, Some(60_000));
}

#[test]
fn bodies_split_into_events() {
    let count = |body: &str| split(body).map(|events| events.len()).map_err(|refusal| refusal.code);
    assert_eq!(count("{}"), Ok(1));
    assert_eq!(count(" [{} , {\"a\":[1]}]"), Ok(2));
    assert_eq!(count("{}\n\n{}\r\nnot json"), Ok(3));
    assert_eq!(count("not json\n{}"), Ok(2));
    assert_eq!(count("{\n \"a\": 1\n}"), Ok(1));
    assert_eq!(count("[]"), Ok(0));
    assert_eq!(count(""), Ok(0));
    assert_eq!(count("[{}"), Err(Code::InvalidJson));
    assert_eq!(split("\u{feff} {}\n{}"), Ok(vec!["{}", "{}"]), "what marks UTF-8 is of no event");
    assert_eq!(count("\u{feff}[{},{}]"), Ok(2));
}

/// An event of this type in a course, with more fields.
fn with_fields(kind: &str, fields: serde_json::Value) -> String {
    let mut object = serde_json::json!({"type": kind, "learner": "ana", "course": "c"});
    fields.as_object().unwrap().iter().for_each(|(name, value)| object[name] = value.clone());
    object.to_string()
}

fn accepted(kind: &str, fields: serde_json::Value) -> SentEvent {
    read(&with_fields(kind, fields)).unwrap()
}

fn refused(kind: &str, fields: serde_json::Value) -> (Code, String) {
    refusal(&with_fields(kind, fields))
}

#[test]
fn an_id_of_500_bytes_is_the_longest() {
    let of = |field: &str, bytes: usize| serde_json::json!({"object": "p", field: "x".repeat(bytes)});
    for field in ["id", "learner", "course", "session", "object"] {
        accepted("activity.viewed", of(field, 500));
        assert_eq!(refused("activity.viewed", of(field, 501)), (Code::TooLong, field.to_string()));
    }
    accepted("object.described", serde_json::json!({"object": "v", "url": "x".repeat(2_048)}));
    let url = serde_json::json!({"object": "v", "url": "x".repeat(2_049)});
    assert_eq!(refused("object.described", url), (Code::TooLong, "url".into()));
}

#[test]
fn texts_longer_than_kept_are_cut_and_flagged() {
    let answer = |field: &str, chars: usize| {
        let text = "é".repeat(chars);
        accepted("quiz.answered", serde_json::json!({"quiz": "q", "question": "1", field: text}))
    };
    let response = |event: &SentEvent| match &event.body {
        Body::Quiz(quiz) => quiz.response.clone().unwrap(),
        other => panic!("{other:?}"),
    };
    let (kept, cut) = (answer("title", 200), answer("title", 201));
    assert_eq!((kept.title, kept.flags), (Some("é".repeat(200)), Flags::empty()));
    assert_eq!((cut.title, cut.flags), (Some("é".repeat(200)), Flags::TEXT_CUT));
    let (kept, cut) = (answer("response", 2_000), answer("response", 2_001));
    assert_eq!((response(&kept), kept.flags), ("é".repeat(2_000), Flags::empty()));
    assert_eq!((response(&cut), cut.flags), ("é".repeat(2_000), Flags::TEXT_CUT));
    let described = accepted("object.described", serde_json::json!({"object": "v", "section": "é".repeat(201)}));
    assert_eq!(described.flags, Flags::TEXT_CUT);
}

#[test]
fn empty_texts_are_as_good_as_absent() {
    let event = accepted("course.enrolled", serde_json::json!({"id": "", "session": "", "title": "", "time": ""}));
    assert_eq!((event.session, event.title, event.time_millis), (None, None, None));
    assert!(matches!(event.source_id, SourceId::Content(_)));
    let event = accepted("course.enrolled", serde_json::json!({"session": "s", "title": "t"}));
    assert_eq!((event.session.as_deref(), event.title.as_deref()), (Some("s"), Some("t")));
}

#[test]
fn every_type_reads_what_it_needs() {
    for (kind, body) in [
        ("course.enrolled", Body::Enrolled),
        ("course.unenrolled", Body::Unenrolled),
        ("course.completed", Body::Completed),
        ("activity.viewed", Body::Viewed { object: "p".into() }),
    ] {
        assert_eq!(accepted(kind, serde_json::json!({"object": "p"})).body, body);
    }
    assert_eq!(refused("activity.viewed", serde_json::json!({})), (Code::MissingField, "object".into()));
    assert_eq!(refused("quiz.answered", serde_json::json!({"quiz": "q"})), (Code::MissingField, "question".into()));
    let Body::Quiz(quiz) = accepted("quiz.started", serde_json::json!({"quiz": "q", "question": "1"})).body else {
        panic!("a quiz event")
    };
    assert_eq!((quiz.quiz.as_str(), quiz.question), ("q", None));
    let positions = |kind: &str, fields: serde_json::Value| match accepted(kind, fields).body {
        Body::Video(video) => (video.position_millis, video.to_millis),
        other => panic!("{other:?}"),
    };
    let all = serde_json::json!({"video": "v", "position": 1, "from": 2, "to": 3});
    assert_eq!(positions("video.seeked", all.clone()), (Some(2_000), Some(3_000)));
    assert_eq!(positions("video.paused", all.clone()), (Some(1_000), None));
    assert_eq!(positions("video.interacted", all), (Some(1_000), None));
    assert_eq!(positions("video.initialized", serde_json::json!({"video": "v"})), (None, None));
    assert_eq!(refused("video.paused", serde_json::json!({"video": "v"})), (Code::MissingField, "position".into()));
}

#[test]
fn flags_say_what_was_odd_and_nothing_else() {
    let flags = |kind: &str, fields: serde_json::Value| accepted(kind, fields).flags;
    let beat = |to: i64| serde_json::json!({"video": "v", "from": 100, "to": to});
    assert_eq!(flags("video.watched", beat(400)), Flags::empty());
    assert_eq!(flags("video.watched", beat(401)), Flags::HEARTBEAT_CUT);
    assert_eq!(flags("video.seeked", beat(401)), Flags::empty());
    let scored = |score: i64| serde_json::json!({"quiz": "q", "question": "1", "score": score, "max_score": 2});
    assert_eq!(flags("quiz.answered", scored(2)), Flags::empty());
    assert_eq!(flags("quiz.answered", scored(3)), Flags::SCORE_CLAMPED);
    assert_eq!(flags("course.enrolled", serde_json::json!({"time": "2026-03-02T19:30:00"})), Flags::NO_ZONE);
    assert_eq!(flags("course.enrolled", serde_json::json!({"time": "2026-03-02T19:30:00Z"})), Flags::empty());
}

#[test]
fn whole_numbers_are_whole_and_in_range() {
    let attempt = |number: f64| serde_json::json!({"quiz": "q", "question": "1", "attempt": number});
    for number in [1.0, 2_147_483_647.0] {
        let Body::Quiz(quiz) = accepted("quiz.answered", attempt(number)).body else { panic!("a quiz event") };
        assert_eq!(quiz.attempt, Some(number as u32));
    }
    for number in [0.0, 1.5, -1.0, 2_147_483_648.0] {
        assert_eq!(refused("quiz.answered", attempt(number)), (Code::InvalidValue, "attempt".into()));
    }
    let elapsed = |seconds: f64| serde_json::json!({"quiz": "q", "question": "1", "elapsed": seconds});
    accepted("quiz.answered", elapsed(0.0));
    assert_eq!(refused("quiz.answered", elapsed(-1.0)), (Code::InvalidValue, "elapsed".into()));
    let place = |position: f64| serde_json::json!({"object": "v", "position": position});
    let Body::Described(described) = accepted("object.described", place(-3.0)).body else { panic!("a description") };
    assert_eq!(described.position, Some(-3));
    for position in [0.5, 1e9, -1e9] {
        assert_eq!(refused("object.described", place(position)), (Code::InvalidValue, "position".into()));
    }
}

#[test]
fn a_role_is_one_of_three_words() {
    assert_eq!(accepted("course.enrolled", serde_json::json!({"role": "staff"})).role, Role::Staff);
    assert_eq!(accepted("course.enrolled", serde_json::json!({})).role, Role::Learner);
}

#[test]
fn a_wrong_type_is_named_whatever_the_field() {
    use serde_json::json;
    for (field, value) in [
        ("title", json!(1)),
        ("url", json!([])),
        ("max_score", json!("1")),
        ("elapsed", json!(true)),
        ("correct", json!("true")),
        ("response", json!({})),
        ("response", json!(["a", {}])),
    ] {
        let fields = json!({"id": "e1", "quiz": "q", "question": "1", field: value});
        let refusal = read(&with_fields("quiz.answered", fields)).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_str(), refusal.id.as_deref()), (Code::WrongType, field, Some("e1")));
    }
    let Body::Quiz(quiz) =
        accepted("quiz.answered", json!({"quiz": "q", "question": "1", "response": ["b", 1, true]})).body
    else {
        panic!("a quiz event")
    };
    assert_eq!(quiz.response.as_deref(), Some("1, b, true"));
}

/// Where a key comes twice, the event is read the slow way: the same as any other.
#[test]
fn the_slow_way_reads_every_field_as_the_fast_one() {
    let fields = serde_json::json!({
        "id": "e", "time": "2026-03-02T19:30:00Z", "session": "s", "role": "test", "title": "T", "video": "v",
        "position": 1, "from": 2, "to": 3, "length": 60, "rate": 1.5, "quiz": "q", "question": "1", "attempt": 2,
        "response": "r", "correct": true, "score": 1, "max_score": 2, "elapsed": 4, "object": "o", "section": "S",
        "url": "u",
    });
    for kind in ["video.watched", "video.paused", "quiz.answered", "activity.viewed", "object.described"] {
        let fast = with_fields(kind, fields.clone());
        let slow = fast.replacen('{', "{\"learner\":\"other\",", 1);
        assert_eq!(read(&slow), read(&fast), "{kind}");
    }
}

#[test]
fn a_body_holds_as_many_events_as_it_may_and_no_more() {
    for body in ["[{},{},{}]", "{}\n{}\n{}\n\n", "{}\n\u{a0}\n1\n{}"] {
        let read = |most| read_each(body, most, |at, _, _| at).map(|places| places.len());
        assert_eq!([2, 3, 4].map(read), [None, Some(3), Some(3)], "{body}");
    }
}

#[test]
fn what_follows_an_object_in_its_line_is_of_that_line() {
    assert_eq!(split("{\"a\":1} 2").unwrap(), ["{\"a\":1} 2"]);
}

#[test]
fn brackets_in_texts_are_not_nesting() {
    assert_eq!(depth(r#"{"a":"[[\"[[[[","b":[{}]}"#), 3);
    assert_eq!(depth(r#"{"a":"\\"}[[]]"#), 2);
    assert_eq!(depth("]]]{}"), 1);
    assert_eq!(depth(r#"{"a":"}","b":[1]}"#), 2);
    assert_eq!(depth(r"\[["), 2);
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(refusal(&nested(32)).0, Code::NotAnObject);
    assert_eq!(refusal(&nested(33)).0, Code::TooDeep);
}

#[test]
fn objects_spread_over_lines_are_told_from_lines() {
    let texts = |body: &str| split(body).unwrap().into_iter().map(str::to_string).collect::<Vec<_>>();
    assert_eq!(texts("{\n\"a\": 1\n}\n{\"b\": 2}"), ["{\n\"a\": 1\n}", "{\"b\": 2}"]);
    assert_eq!(texts("{\"a\": 1}\n{\n\"b\": 2"), ["{\"a\": 1}", "{", "\"b\": 2"]);
    assert_eq!(texts(" {\"a\": 1} \n"), ["{\"a\": 1}"]);
}

/// Values of every type, right and wrong, for every field.
fn value() -> impl Strategy<Value = String> {
    let texts = ["a", "", "é\\n", "\\\"", "\\u00e9", "\\ud83d\\ude00", "x[{", "2026-03-02T19:30:00Z", "staff"];
    let kinds =
        ["video.watched", "video.paused", "quiz.answered", "activity.viewed", "object.described", "course.enrolled"];
    let quoted: Vec<String> = texts.iter().chain(&kinds).map(|text| format!("\"{text}\"")).collect();
    let others = [
        "1",
        "0.5",
        "-3",
        "1e2",
        "12345678901234567890",
        "true",
        "false",
        "null",
        "{}",
        "[]",
        "[\"b\",\"a\"]",
        "[1]",
        "{\"a\":[1]}",
        "01",
        "tru",
        "\"\n\"",
        "\"\\x\"",
        "",
        "1 2",
    ];
    prop_oneof![select(quoted), select(others.map(str::to_string).to_vec())]
}

fn object() -> impl Strategy<Value = String> {
    let names = [
        "id",
        "type",
        "time",
        "learner",
        "course",
        "session",
        "role",
        "title",
        "video",
        "position",
        "from",
        "to",
        "length",
        "rate",
        "quiz",
        "question",
        "attempt",
        "response",
        "correct",
        "score",
        "max_score",
        "elapsed",
        "object",
        "section",
        "url",
        "more",
        "\\u0069d",
    ];
    let space = || select(vec!["", " ", "\r\n", "\t"]);
    let field = (select(names.to_vec()), space(), value(), space());
    let complete = "\"id\":\"e\",\"learner\":\"ana\",\"course\":\"c\",\"type\":\"course.enrolled\"";
    (any::<bool>(), vec(field, 0..6), space()).prop_map(move |(is_complete, fields, space)| {
        let fields = fields
            .iter()
            .map(|(name, before, value, after)| format!("{after}\"{name}\"{before}:{after}{value}{before}"));
        let fields: Vec<String> = is_complete.then(|| complete.to_string()).into_iter().chain(fields).collect();
        format!("{{{space}{}}}", fields.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_one_pass_takes_the_slow_way_reads_alike(text in object()) {
        if let Some(mut wire) = flat::whole(&text) {
            prop_assert_eq!(checked(&mut wire, &text), read_slowly(&text));
        }
    }

    #[test]
    fn an_array_is_read_as_it_is_split(
        objects in vec(prop_oneof![4 => object(), 1 => value()], 0..5),
        end in select(vec!["]", " ] \n", ",]", "]]", "", "]x"]),
    ) {
        let body = format!(" [{}{end}", objects.join(" , "));
        let elements = read_each(&body, 4, placed);
        prop_assert_eq!(elements, split_and_read(&body, 4));
    }

    #[test]
    fn lines_are_read_as_they_are_split(
        objects in vec(prop_oneof![4 => object(), 1 => value()], 1..5),
        between in select(vec!["\n", "\r\n", " \n\n\t", "\n\u{a0}\n", "\r", " ", ""]),
        end in select(vec!["", "\n", " \r\n ", "x", "\n]", "\u{a0}"]),
    ) {
        let body = format!("{}{end}", objects.join(between));
        if let Some(lines) = read_each(&body, 4, placed) {
            prop_assert_eq!(Some(lines), split_and_read(&body, 4));
        }
    }
}

type Placed<'a> = (usize, &'a str, Result<SentEvent, Refusal>);

fn placed<'a>(place: usize, text: &'a str, read: Result<InRequest<'a>, Refusal>) -> Placed<'a> {
    (place, text, read.map(|event| event.map(|text| text.to_string())))
}

fn split_and_read(body: &str, most: usize) -> Option<Vec<Placed<'_>>> {
    let texts = split(body).ok().filter(|texts| texts.len() <= most)?;
    Some(texts.into_iter().enumerate().map(|(at, text)| (at, text, read(text))).collect())
}

#[test]
fn lines_are_read_in_one_pass_where_the_first_is_all_of_one_object() {
    let texts = |body| read_each(body, 9, |_, text, _| text);
    for (body, expected) in [
        ("", Some(&[][..])),
        (" {\"a\" : 1} \r\n\n{}\t", Some(&["{\"a\" : 1}", "{}"])),
        ("{}\n{\n}\n{} 2 \r\n x", Some(&["{}", "{", "}", "{} 2", "x"])),
        ("{}\n{\n\n}", Some(&["{}", "{", "}"])),
        ("\u{feff}{}\r\n{}", Some(&["{}", "{}"])),
        ("{}\n{\"x\":[\n],\n}", Some(&["{}", "{\"x\":[", "],", "}"])),
        ("{}\n{\"x\":[1,\n2]}", Some(&["{}", "{\"x\":[1,", "2]}"])),
        ("{\n}", None),
        ("{\"x\":[\n]}", None),
        ("{} {}", None),
        ("1\n{}", None),
    ] {
        assert_eq!(texts(body).as_deref(), expected, "{body:?}");
        if expected.is_some() {
            assert_eq!(texts(body), Some(split(body).unwrap()));
        }
    }
}

#[test]
fn the_class_of_usual_events_is_read_in_one_pass() {
    assert!(flat::whole(WATCHED).is_some());
    let answered = r#"{"type":"quiz.answered","learner":"a","course":"c","quiz":"q","response":["a"],"correct":false}"#;
    assert!(flat::whole(answered).is_some());
    assert!(read_each("x", 1, |_, _, _| ()).is_none());
    assert_eq!(read_each("[]", 0, |_, _, _| ()), Some(Vec::new()));
}
