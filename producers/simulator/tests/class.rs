//! A class as a reader of its file sees it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use common::{Line, check_fields, read};
use trilha_simulator::{Class, ClassConfig, Delivery, SimulatedEvent};

fn config(events: u64, seed: u64) -> ClassConfig {
    ClassConfig { events: Some(events), seed, ..ClassConfig::default() }
}

fn bytes(config: &ClassConfig) -> Vec<u8> {
    let mut class = Class::new(config);
    let mut file = Vec::new();
    while class.write_next(&mut file).is_some() {
        file.push(b'\n');
    }
    file
}

/// The class of the default configuration, parsed once.
fn default_class() -> &'static [Line] {
    static CLASS: OnceLock<Vec<Line>> = OnceLock::new();
    CLASS.get_or_init(|| Class::new(&ClassConfig::default()).map(|event| read(&event)).collect())
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let first = bytes(&config(20_000, 7));
    assert!(first == bytes(&config(20_000, 7)));
    assert!(first != bytes(&config(20_000, 8)));
}

#[test]
fn the_iterator_and_the_buffer_say_the_same() {
    let lines: String = Class::new(&config(2_000, 3)).map(|event| event.json + "\n").collect();
    assert!(lines.into_bytes() == bytes(&config(2_000, 3)));
}

/// Fails whenever the output changes at all. When it is meant to, put the new hash here.
#[test]
fn the_bytes_of_this_version_are_known() {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(bytes(&config(5_000, 1)));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "110d6c981c7a2bf2a37a1dd80f2a153ed4095b17717be4fa2e416a295e8aaaad");
}

#[test]
fn there_are_exactly_as_many_events_as_asked_for() {
    let check = |config: ClassConfig| {
        let count = Class::new(&config).count() as u64;
        assert_eq!(Some(count), config.events, "{config:?}");
    };
    for events in [0, 1, 57, 1_000, 123_457] {
        check(config(events, 5));
    }
    check(ClassConfig { learners: Some(3), ..config(20_000, 5) });
    check(ClassConfig { learners: Some(500), days: 1, videos: 1, courses: Some(9), ..config(9_000, 5) });
    check(ClassConfig { learners: Some(0), days: 0, videos: 0, courses: Some(0), ..config(300, 5) });
}

#[test]
fn a_class_too_small_for_its_events_runs_again_in_the_next_term() {
    let small = ClassConfig { learners: Some(5), ..config(12_000, 2) };
    let lines: Vec<Line> = Class::new(&small).map(|event| read(&event)).collect();
    let courses: BTreeSet<&str> = lines.iter().map(|line| line.text("course")).collect();
    assert!(courses.contains("course-v1:Trilha+BIO101+2026_2"), "{courses:?}");
    assert!(courses.contains("course-v1:Trilha+BIO101+2027_1"), "{courses:?}");
    assert!(lines.is_sorted_by_key(|line| line.sent_millis));
    let learners: BTreeSet<&str> = lines.iter().filter(|line| line.is_learner()).map(|l| l.text("learner")).collect();
    assert_eq!(learners.len(), 5);
}

#[test]
fn many_events_come_from_many_learners_in_one_run_of_several_courses() {
    let big = Class::new(&config(1_000_000, 1));
    assert!((1_500..4_000).contains(&big.learners()), "{}", big.learners());
    assert_eq!(big.course_ids().count(), 5);
    let full = ClassConfig { learners: Some(big.learners()), ..ClassConfig::default() };
    let mut class = Class::new(&full);
    let (mut buffer, mut count) = (Vec::new(), 0);
    while class.write_next(&mut buffer).is_some() {
        buffer.clear();
        count += 1;
    }
    assert!((1_000_000..1_150_000).contains(&count), "one run has {count}");
}

#[test]
fn events_are_in_order_but_for_the_late_and_the_resent() {
    let events: Vec<SimulatedEvent> = Class::new(&ClassConfig::default()).collect();
    assert!(events.is_sorted_by_key(|event| event.sent.sent_millis));
    let on_time = events.iter().filter(|event| event.sent.delivery == Delivery::OnTime);
    assert!(on_time.clone().all(|event| event.sent.sent_millis == event.sent.time_millis));
    let behind = |event: &SimulatedEvent| event.sent.sent_millis - event.sent.time_millis;
    let put_off = events.iter().filter(|event| event.sent.delivery != Delivery::OnTime);
    assert!(put_off.clone().all(|event| behind(event) >= 2_000));
    assert!(put_off.clone().any(|event| behind(event) > 48 * 3_600_000), "some come after two days");
    assert_eq!(on_time.count() + put_off.count(), events.len());
}

#[test]
fn half_a_percent_is_late_and_half_a_percent_comes_twice() {
    let events: Vec<SimulatedEvent> = Class::new(&ClassConfig::default()).collect();
    let count = |delivery| events.iter().filter(|event| event.sent.delivery == delivery).count() * 1_000 / events.len();
    assert!((4..=6).contains(&count(Delivery::Late)), "{}", count(Delivery::Late));
    assert!((4..=6).contains(&count(Delivery::Resent)), "{}", count(Delivery::Resent));
}

#[test]
fn an_id_comes_again_only_with_the_same_bytes() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for event in Class::new(&ClassConfig { courses: Some(3), ..ClassConfig::default() }) {
        let id = read(&event).text("id").to_owned();
        match event.sent.delivery {
            Delivery::Resent => assert_eq!(seen.get(&id), Some(&event.json)),
            _ => assert_eq!(seen.insert(id, event.json), None, "an id was used twice"),
        }
    }
}

#[test]
fn every_event_has_the_fields_of_its_type() {
    let mut types = BTreeSet::new();
    for line in default_class() {
        check_fields(line);
        types.insert(line.text("type").to_owned());
    }
    assert_eq!(types.len(), 14, "{types:?}");
}

#[test]
fn a_session_belongs_to_one_learner_and_one_sitting() {
    let mut sessions: BTreeMap<String, (String, i64)> = BTreeMap::new();
    for line in default_class() {
        let Some(session) = line.value.get("session") else { continue };
        let entry = (line.text("learner").to_owned(), line.time_millis);
        let first = sessions.entry(session.to_string()).or_insert(entry);
        assert_eq!(first.0, line.text("learner"));
        let hours = (line.time_millis - first.1) / 3_600_000;
        assert!(hours < 8, "a sitting of {hours} hours: {}", line.value);
    }
    assert!(sessions.len() > 500);
}

#[test]
fn learners_enrol_before_they_do_anything() {
    let mut enrolled = BTreeSet::new();
    let mut lines: Vec<&Line> = default_class().iter().filter(|line| line.is_learner()).collect();
    lines.sort_by_key(|line| line.time_millis);
    for line in lines {
        match line.text("type") {
            "course.enrolled" => assert!(enrolled.insert(line.text("learner")) || line.resent),
            _ => assert!(enrolled.contains(line.text("learner")), "{}", line.value),
        }
    }
    assert_eq!(enrolled.len(), 200);
}

#[test]
fn what_people_use_is_in_the_catalogue() {
    let lines = default_class();
    let described: BTreeSet<&str> =
        lines.iter().filter(|line| line.text("type") == "object.described").map(|line| line.text("object")).collect();
    for line in lines {
        for field in ["course", "video", "quiz", "question", "object"] {
            if let Some(object) = line.value.get(field).and_then(|value| value.as_str()) {
                assert!(described.contains(object), "{object} has no title");
            }
        }
    }
}

#[test]
fn learners_drop_off_along_a_video() {
    let lines = default_class();
    let seen_at = |permille: f64| {
        let heartbeats = lines.iter().filter(|line| line.text("type") == "video.watched" && line.is_learner());
        let there = heartbeats.filter(|line| line.text("video") == "bio101-v03").filter(|line| {
            let position = line.number("length") * permille / 1_000.0;
            line.number("from") <= position && position < line.number("to")
        });
        there.map(|line| line.text("learner")).collect::<BTreeSet<_>>().len()
    };
    let (early, late) = (seen_at(100.0), seen_at(960.0));
    assert!(early > 80, "{early} learners near the start");
    assert!(late * 10 < early * 8, "{early} near the start, {late} near the end");
    assert!(late * 10 > early * 2, "{early} near the start, {late} near the end");
}

#[test]
fn the_hard_passage_is_watched_again() {
    let lines = default_class();
    let back = |line: &&Line| line.text("type") == "video.seeked" && line.number("from") > line.number("to");
    let ahead = |line: &&Line| line.text("type") == "video.seeked" && line.number("from") < line.number("to");
    assert!(lines.iter().filter(back).count() > 200);
    assert!(lines.iter().filter(ahead).count() > 200);
}

#[test]
fn the_question_with_a_wrong_key_stands_out() {
    let broken = Class::new(&ClassConfig::default()).broken_questions().map(str::to_owned).collect::<Vec<_>>();
    let mut facilities: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    let lines = default_class();
    let first = |line: &&Line| line.text("type") == "quiz.answered" && line.number("attempt") == 1.0;
    for line in lines.iter().filter(first) {
        let sum = facilities.entry(line.text("question").to_owned()).or_default();
        sum.0 += line.number("score") / line.number("max_score");
        sum.1 += 1.0;
    }
    let [broken] = &broken[..] else { panic!("{broken:?}") };
    for (question, (sum, count)) in &facilities {
        let facility = sum / count;
        assert!(*count > 40.0, "{question} has {count} answers");
        assert_eq!(facility < 0.2, question == broken, "{question} has facility {facility}");
    }
}

#[test]
fn quizzes_are_tried_again_and_later_attempts_are_better() {
    let mut scores: BTreeMap<u64, (f64, u32)> = BTreeMap::new();
    for line in default_class().iter().filter(|line| line.text("type") == "quiz.submitted") {
        let sum = scores.entry(line.number("attempt") as u64).or_default();
        sum.0 += line.number("score") / line.number("max_score");
        sum.1 += 1;
    }
    assert!(scores[&1].1 > 300 && scores[&2].1 > 60 && scores.contains_key(&5), "{scores:?}");
    let total: u32 = scores.values().map(|(_, count)| count).sum();
    assert!(scores[&1].1 * 10 > total * 5, "{scores:?}");
}

#[test]
fn some_guess_within_seconds() {
    let lines = default_class();
    let answers: Vec<&Line> = lines.iter().filter(|line| line.text("type") == "quiz.answered").collect();
    let (fast, slow): (Vec<&Line>, Vec<&Line>) = answers.into_iter().partition(|line| line.number("elapsed") < 5.0);
    assert!(fast.len() * 100 > slow.len() * 3, "{} of {}", fast.len(), slow.len());
    let right = |lines: &[&Line]| lines.iter().filter(|line| line.value["correct"] == true).count() as f64;
    assert!(right(&fast) / (fast.len() as f64) < 0.5);
    assert!(right(&slow) / (slow.len() as f64) > 0.55);
}

#[test]
fn responses_are_choices_lists_and_text() {
    let lines = default_class();
    let responses = || lines.iter().filter_map(|line| line.value.get("response"));
    assert!(responses().any(|response| response.is_array()));
    assert!(responses().any(|response| response == "b"));
    assert!(responses().any(|response| response.as_str().is_some_and(|text| text.len() > 4)));
}

#[test]
fn staff_are_few_and_marked() {
    let lines = default_class();
    let staff: Vec<&Line> = lines.iter().filter(|line| !line.is_learner()).collect();
    assert!(staff.len() > 60 && staff.len() * 100 < lines.len(), "{}", staff.len());
    assert!(staff.iter().all(|line| line.value["role"] == "staff"));
    assert!(staff.iter().any(|line| line.text("type") == "video.watched"));
}

#[test]
fn players_and_clients_differ() {
    let lines = default_class();
    let videos = || lines.iter().filter(|line| line.value.get("video").is_some());
    assert!(videos().any(|line| line.value.get("session").is_none()), "some send no session id");
    let rates: BTreeSet<String> = videos().filter_map(|line| Some(line.value.get("rate")?.to_string())).collect();
    assert_eq!(rates.into_iter().collect::<Vec<_>>(), ["1", "1.25", "1.5", "1.75", "2"]);
    let with = |kind: &str| -> BTreeSet<&str> {
        videos().filter(|line| line.text("type") == kind).map(|line| line.text("learner")).collect()
    };
    let without_heartbeats = with("video.played").difference(&with("video.watched")).count();
    assert!(without_heartbeats > 3, "{without_heartbeats}");
}

#[test]
fn learners_are_bounded_however_many_events_are_asked_for() {
    let learners = |events| Class::new(&config(events, 1)).learners();
    assert_eq!(learners(0), 10);
    assert_eq!(learners(u64::MAX), 100_000);
}

#[test]
fn numbers_out_of_range_do_no_harm() {
    for start_millis in [i64::MIN, -1, i64::MAX] {
        let extreme = ClassConfig { start_millis, days: u32::MAX, videos: u32::MAX, ..config(3_000, 1) };
        let lines: Vec<Line> = Class::new(&extreme).map(|event| read(&event)).collect();
        assert_eq!(lines.len(), 3_000);
    }
}
