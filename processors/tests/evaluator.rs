//! The evaluator over a live table that the live processor fills, day by day.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod school;
mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use jsonschema::Validator;
use school::{DAY, School, answered, at_millis, kinds, pseudonym, viewed, watched};
use serde_json::{Value, json};
use stage::records::TENANT;
use trilha_collector::settings::Change;
use trilha_processors::evaluator::Limits;
use trilha_processors::evaluator::event::{DomainEvent, RiskChange, RiskCode};
use trilha_schemas::event::Body;

/// (learner, change, transition, codes) of the events that tell of learners at risk, in order of learner.
fn risks(events: &[DomainEvent]) -> Vec<(String, RiskChange, u32, Vec<RiskCode>)> {
    let of = |event: &DomainEvent| match event {
        DomainEvent::LearnerAtRisk(about) => {
            let what = about.what.clone();
            let codes = what.reasons.iter().map(|reason| reason.code).collect();
            Some((what.learner, what.change, what.transition, codes))
        }
        _ => None,
    };
    let mut risks: Vec<_> = events.iter().filter_map(of).collect();
    risks.sort_by(|one, other| one.0.cmp(&other.0));
    risks
}

fn name(learner: u64) -> String {
    pseudonym(learner).to_string()
}

#[tokio::test]
async fn a_completed_video_is_told_once() {
    let mut school = School::new().await;
    school.act(1, 0, watched("v", 0, 90)).await;
    assert_eq!(school.evaluate(60).await, []);
    school.act(1, 100, watched("v", 90, 96)).await;
    let events = school.evaluate(120).await;
    let detail = events[0].detail();
    assert_eq!(kinds(&events), ["video.completed"]);
    assert_eq!((&detail["learner"], &detail["video"]), (&json!(name(1)), &json!("v")));
    assert_eq!((&detail["seconds_watched"], &detail["seconds"]), (&json!(96), &json!(100)));
    assert_eq!(detail["at"], "2026-03-02T12:02:00Z");
    school.act(1, 200, watched("v", 96, 100)).await;
    assert_eq!(school.evaluate(220).await, []);
    // To whom it is not told again, it is neither after the threshold has risen and fallen.
    for threshold in [Some(1.0), None] {
        school.set(Change::Threshold(threshold)).await;
        assert_eq!(school.evaluate(230).await, []);
    }
}

#[tokio::test]
async fn a_video_completed_by_events_of_before_48_hours_is_not_told_whoever_watches_it_again() {
    let mut school = School::new().await;
    let old = [school.event(1, 0, watched("v", 0, 100)), school.event(2, 0, watched("v", 0, 50))];
    school.send(&old).await;
    let lately = [school.event(1, 3 * DAY, watched("v", 0, 100)), school.event(2, 3 * DAY, watched("v", 50, 100))];
    school.send(&lately).await;
    let events = school.evaluate(3 * DAY + 60).await;
    let learners: Vec<Value> = events.iter().map(|event| event.detail()["learner"].clone()).collect();
    assert_eq!(learners, [json!(name(2))], "{events:?}");
}

#[tokio::test]
async fn what_comes_over_48_hours_late_is_not_told() {
    for (hours, told) in [(47, 1), (49, 0)] {
        let mut school = School::new().await;
        school.act(1, 2 * DAY - 60, viewed()).await;
        assert_eq!(school.evaluate(2 * DAY - 60).await, []);
        let late = vec![school.event(1, 0, watched("v", 0, 100))];
        school.send_late(late, hours).await;
        assert_eq!(school.evaluate(hours * 3_600 + 60).await.len(), told, "{hours} hours");
    }
}

/// Forty learners of whom half answer badly, watch nothing and stay away.
async fn last_term(school: &mut School) {
    let mut events = Vec::new();
    for learner in 0..40 {
        for week in 0..3 {
            let second = week * 7 * DAY + learner as i64;
            let good = learner % 2 == 0;
            events.push(school.event(learner, second, Body::Enrolled));
            for quiz in ["z1", "z2", "z3"] {
                events.push(school.event(learner, second + 60, answered(quiz, "q", good && week == 0)));
            }
            if good {
                events.push(school.event(learner, second + 90, watched("v", 0, 100)));
            }
        }
    }
    school.send(&events).await;
}

#[tokio::test]
async fn a_file_of_last_term_tells_nothing_ever() {
    let mut school = School::new().await;
    last_term(&mut school).await;
    for day in [120, 121, 128] {
        assert_eq!(school.evaluate(day * DAY).await, [], "day {day}");
    }
    // Somebody comes back: what is old of the others stays untold.
    school.act(4, 130 * DAY, viewed()).await;
    for day in [130, 131, 135, 136] {
        assert_eq!(school.evaluate(day * DAY + 60).await, [], "day {day}");
    }
}

#[tokio::test]
async fn the_same_term_as_it_happens_tells_a_lot() {
    let mut school = School::new().await;
    last_term(&mut school).await;
    let kinds: BTreeSet<_> = kinds(&school.evaluate(14 * DAY + 200).await).into_iter().collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["learner.at_risk", "question.broken"]);
}

#[tokio::test]
async fn who_stays_away_is_told_of_once_and_so_is_who_comes_back() {
    let mut school = School::new().await;
    for learner in 1..=3 {
        school.act(learner, 0, Body::Enrolled).await;
    }
    let mut told = Vec::new();
    for day in 0..=12 {
        school.act(1, day * DAY, viewed()).await;
        if day == 10 {
            school.act(2, day * DAY + 10, viewed()).await;
        }
        for second in [60, 3_600] {
            let events = school.evaluate(day * DAY + second).await;
            told.extend(risks(&events).into_iter().map(|risk| (day, risk)));
        }
    }
    let entered = |learner| (name(learner), RiskChange::Entered, 1, vec![RiskCode::NoActivity]);
    let mut first = vec![(7, entered(2)), (7, entered(3))];
    first.sort_by(|one, other| one.1.0.cmp(&other.1.0));
    assert_eq!(told, [first, vec![(10, (name(2), RiskChange::Left, 2, vec![]))]].concat());
}

#[tokio::test]
async fn who_was_enrolled_late_and_never_comes_is_told_of_once() {
    let mut school = School::new().await;
    let enrolled = vec![school.event(2, 0, Body::Enrolled)];
    school.send_late(enrolled, 3 * 24).await;
    let mut told = Vec::new();
    for day in 3..=12 {
        school.act(1, day * DAY - 60, viewed()).await;
        told.extend(risks(&school.evaluate(day * DAY).await).into_iter().map(|risk| (day, risk)));
    }
    assert_eq!(told, [(7, (name(2), RiskChange::Entered, 1, vec![RiskCode::NoActivity]))]);
}

#[tokio::test]
async fn the_days_are_the_courses_setting() {
    let mut school = School::new().await;
    school.set(Change::InactiveDays(Some(2))).await;
    school.act(1, 0, viewed()).await;
    school.act(2, DAY, viewed()).await;
    assert_eq!(risks(&school.evaluate(DAY + 60).await), []);
    let told = school.evaluate(2 * DAY).await;
    assert_eq!(told[0].detail()["reasons"], json!([{ "code": "no_activity", "value": 2.0, "threshold": 2.0 }]));
}

#[tokio::test]
async fn a_course_in_which_nobody_is_any_more_says_nothing_of_its_learners() {
    let mut school = School::new().await;
    for learner in 1..=3 {
        school.act(learner, learner as i64 * DAY, viewed()).await;
    }
    for day in 3..9 {
        school.evaluate(day * DAY + 60).await;
    }
    assert_eq!(risks(&school.evaluate(9 * DAY).await).len(), 1, "the second; the first was told of on the day before");
    for day in [10, 11, 12, 40] {
        assert_eq!(risks(&school.evaluate(day * DAY).await), [], "day {day}: nobody enters, and nobody leaves");
    }
}

#[tokio::test]
async fn who_leaves_the_course_or_completes_it_is_at_risk_no_more() {
    let mut school = School::new().await;
    for learner in 1..=3 {
        school.act(learner, 0, viewed()).await;
    }
    school.act(1, 6 * DAY, viewed()).await;
    school.evaluate(6 * DAY).await;
    assert_eq!(risks(&school.evaluate(7 * DAY).await).len(), 2);
    school.act(2, 8 * DAY, Body::Unenrolled).await;
    school.act(3, 8 * DAY, Body::Completed).await;
    let told = risks(&school.evaluate(8 * DAY + 60).await);
    assert!(told.iter().all(|(_, change, transition, _)| (*change, *transition) == (RiskChange::Left, 2)));
    assert_eq!(told.len(), 2);
    school.act(1, 12 * DAY, viewed()).await;
    assert_eq!(risks(&school.evaluate(20 * DAY).await), [], "long after, too");
}

#[tokio::test]
async fn who_has_seen_far_less_than_the_class_is_at_risk() {
    let mut school = School::new().await;
    let mut events = Vec::new();
    for learner in 0..20 {
        let seconds = if learner < 2 { 10 } else { 60 };
        for video in ["v1", "v2"] {
            events.push(school.event(learner, learner as i64, watched(video, 0, seconds)));
        }
        // Few have started the third: it is not due.
        if learner > 15 {
            events.push(school.event(learner, 100, watched("v3", 0, 90)));
        }
    }
    school.send(&events).await;
    let told = school.evaluate(200).await;
    let codes = risks(&told).into_iter().map(|(learner, .., codes)| (learner, codes)).collect::<BTreeMap<_, _>>();
    assert_eq!(codes, [0, 1].map(|learner| (name(learner), vec![RiskCode::LowCoverage])).into());
    assert_eq!(told[0].detail()["reasons"][0], json!({ "code": "low_coverage", "value": 0.1, "threshold": 0.6 }));
    // One of them catches up: told on the next day, for a learner has one transition a day.
    school.act(0, 300, watched("v1", 0, 100)).await;
    school.act(0, 400, watched("v2", 0, 30)).await;
    assert_eq!(risks(&school.evaluate(500).await), []);
    assert_eq!(risks(&school.evaluate(DAY).await), [(name(0), RiskChange::Left, 2, vec![])]);
}

#[tokio::test]
async fn of_a_small_class_no_percentile_is_told() {
    let mut school = School::new().await;
    school.set(Change::CoveragePercentile(Some(99.0))).await;
    for learner in 0..4 {
        school.act(learner, learner as i64, watched("v", 0, 20 * (1 + learner as i64))).await;
    }
    assert_eq!(risks(&school.evaluate(100).await), []);
    school.act(4, 50, watched("v", 0, 10)).await;
    assert_eq!(risks(&school.evaluate(100).await).len(), 4);
}

#[tokio::test]
async fn who_fails_the_last_three_quizzes_is_at_risk() {
    let mut school = School::new().await;
    for (at, quiz) in ["z1", "z2", "z3"].into_iter().enumerate() {
        assert_eq!(risks(&school.evaluate(100 * at as i64).await), []);
        for question in ["q1", "q2", "q3"] {
            school.act(1, 100 * at as i64 + 50, answered(quiz, question, question == "q1")).await;
        }
    }
    let told = school.evaluate(400).await;
    assert_eq!(risks(&told), [(name(1), RiskChange::Entered, 1, vec![RiskCode::LowFacility])]);
    assert_eq!(told[0].detail()["reasons"][0]["threshold"], 0.5);
}

#[tokio::test]
async fn a_question_is_told_of_when_it_leaves_its_bands() {
    let mut school = School::new().await;
    // The first is too hard, and those who get it right fail elsewhere, as with the second; the others are fine.
    let correct = |learner: u64, question: usize| match question {
        0 => learner.is_multiple_of(6),
        1 => learner.is_multiple_of(2),
        _ => !learner.is_multiple_of(2),
    };
    let mut events = Vec::new();
    for learner in 0..12 {
        for question in 0..5 {
            let body = answered("z", &format!("q{question}"), correct(learner, question));
            events.push(school.event(learner, 10 * question as i64 + learner as i64, body));
        }
    }
    school.send(&events[..45]).await;
    assert_eq!(kinds(&school.evaluate(100).await), [""; 0], "nine have answered");
    school.send(&events[45..]).await;
    let told = school.evaluate(200).await;
    let by_question = |question: &str| {
        let event = told.iter().find(|event| event.detail()["question"] == question);
        let reasons = event.map(|event| event.detail()["reasons"].clone()).unwrap_or_default();
        let codes = reasons.as_array().into_iter().flatten().map(|reason| reason["code"].as_str().unwrap().to_string());
        codes.collect::<Vec<_>>()
    };
    assert_eq!(by_question("q0"), ["facility_low", "discrimination_low"]);
    assert_eq!(by_question("q1"), ["discrimination_low"]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0].detail()["learners"], 12);
    school.act(30, 300, answered("z", "q0", false)).await;
    assert_eq!(school.evaluate(400).await, []);
}

/// Twelve learners in the first week, then so many.
async fn weeks(school: &mut School, then: u64) {
    for day in 0..14 {
        let learners = if day < 7 { 12 } else { then };
        let mut events = Vec::new();
        for learner in 0..learners {
            events.push(school.event(learner, day * DAY + learner as i64, viewed()));
        }
        school.send(&events).await;
    }
}

#[tokio::test]
async fn a_course_whose_activity_drops_is_told_of_once() {
    for (then, expected) in [(6, None), (5, Some(json!(5))), (4, Some(Value::Null))] {
        let mut school = School::new().await;
        weeks(&mut school, then).await;
        let dropped = |events: Vec<DomainEvent>| {
            let detail = events.iter().filter(|event| event.detail_type() == "course.activity_dropped");
            detail.map(|event| event.detail()["active_learners"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(dropped(school.evaluate(13 * DAY + 600).await), [] as [Value; 0], "the week is not over");
        let told = dropped(school.evaluate(14 * DAY).await);
        assert_eq!(told, expected.into_iter().collect::<Vec<_>>());
        assert_eq!(dropped(school.evaluate(15 * DAY).await), [] as [Value; 0]);
    }
}

#[tokio::test]
async fn an_evaluation_reads_what_is_new_alone() {
    let mut school = School::new().await;
    let events: Vec<_> = (0..30).map(|learner| school.event(learner, learner as i64, viewed())).collect();
    school.send(&events).await;
    school.evaluate(100).await;
    assert_eq!((school.evaluated.courses, school.evaluated.learners_read), (1, 30));
    school.evaluate(200).await;
    assert_eq!((school.evaluated.courses, school.evaluated.learners_read), (0, 0), "nothing has happened");
    // Their days may still get events; then they may not.
    school.act(0, DAY, viewed()).await;
    school.evaluate(DAY + 10).await;
    assert_eq!(school.evaluated.learners_read, 30);
    school.act(0, 5 * DAY, viewed()).await;
    school.evaluate(5 * DAY + 10).await;
    school.act(0, 6 * DAY, viewed()).await;
    school.act(7, 6 * DAY, viewed()).await;
    school.evaluate(6 * DAY + 10).await;
    assert_eq!(school.evaluated.learners_read, 2);
}

const HOUR: i64 = 3_600;
/// Local midnight after the first noon, which is nine in the morning there.
const MIDNIGHT: i64 = 15 * HOUR;

#[tokio::test]
async fn who_was_there_before_today_is_read_once_a_day_until_nothing_can_come_any_more() {
    let mut school = School::new().await;
    for learner in 0..3 {
        school.act(learner, learner as i64, viewed()).await;
    }
    school.evaluate(60).await;
    let mut read = Vec::new();
    for day in 1..7 {
        for second in [0, 2 * HOUR] {
            school.act(0, day * DAY + second, watched("v", 0, 10)).await;
            school.evaluate(day * DAY + second + 60).await;
            read.push(school.evaluated.learners_read);
        }
    }
    assert_eq!(read, [3, 1, 3, 1, 3, 1, 3, 1, 1, 1, 1, 1], "the fourth day after theirs is the last");
}

#[tokio::test]
async fn what_comes_late_of_who_is_not_there_is_told_on_the_next_day() {
    let mut school = School::new().await;
    for learner in [1, 2] {
        school.act(learner, 10, watched("v", 0, 90)).await;
    }
    assert_eq!(school.evaluate(60).await, []);
    school.act(1, MIDNIGHT + 5 * HOUR, viewed()).await;
    assert_eq!(school.evaluate(MIDNIGHT + 5 * HOUR + 60).await, []);
    let late = [1, 2].map(|learner| school.event(learner, 20, watched("v", 90, 100)));
    school.send_late(late.to_vec(), 21).await;
    let learners = |events: Vec<DomainEvent>| -> Vec<Value> {
        events.iter().map(|event| event.detail()["learner"].clone()).collect()
    };
    assert_eq!(learners(school.evaluate(MIDNIGHT + 7 * HOUR).await), [json!(name(1))], "who sent it is there");
    assert_eq!(learners(school.evaluate(MIDNIGHT + DAY).await), [json!(name(2))]);
}

#[tokio::test]
async fn what_comes_of_an_evening_is_told_in_the_night() {
    for (hours, told) in [(1, 1), (4, 0)] {
        let mut school = School::new().await;
        school.act(1, MIDNIGHT - 600, watched("v", 0, 90)).await;
        assert_eq!(school.evaluate(MIDNIGHT + 60).await, []);
        let evening = vec![school.event(1, MIDNIGHT - 300, watched("v", 90, 100))];
        school.send_late(evening, hours).await;
        assert_eq!(school.evaluate(MIDNIGHT - 300 + hours * HOUR + 1).await.len(), told, "{hours} hours");
    }
}

#[tokio::test]
async fn what_is_known_of_a_class_is_read_once_and_page_by_page_where_it_is_large() {
    for (learners, pages) in [(30, 1), (1_200, 3 * 16)] {
        let mut school = School::new().await;
        let events: Vec<_> = (0..learners).map(|learner| school.event(learner, 0, Body::Enrolled)).collect();
        school.send(&events).await;
        school.evaluate(10).await;
        // Besides, what is known of the course, and where to begin.
        assert_eq!(school.calls.pages(), 2 + pages, "{learners} learners");
    }
}

/// Time for so many courses.
fn time_for(courses: usize) -> Limits<'static> {
    let left = AtomicUsize::new(courses);
    let has_time = move || left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
    Limits { has_time: Box::leak(Box::new(has_time)), ..Limits::ONE_BY_ONE }
}

/// Five courses, in each of which somebody completes a video.
async fn five_courses() -> School {
    let mut school = School::new().await;
    for at in 0..5 {
        let course = format!("c{at}");
        school.open(&course).await;
        let mut event = school.event(1, at, watched("v", 0, 100));
        event.course = course;
        school.send(&[event]).await;
    }
    school
}

#[tokio::test]
async fn what_there_is_no_time_for_comes_first_in_the_next_run() {
    let mut school = five_courses().await;
    let mut runs = Vec::new();
    for courses in [2, 2, 0, 2, 5] {
        school.limits = time_for(courses);
        let told = school.evaluate(60).await;
        let courses: Vec<String> = told.iter().map(|event| event.detail()["course"].as_str().unwrap().into()).collect();
        runs.push((courses.join(" "), school.evaluated.courses_left));
    }
    let expected = [("c0 c1", 3), ("c2 c3", 3), ("", 5), ("c4", 3), ("", 0)];
    assert_eq!(runs, expected.map(|(told, left)| (told.to_string(), left)));
}

#[tokio::test]
async fn a_course_that_fails_takes_no_time_from_the_others() {
    let mut school = five_courses().await;
    school.calls.fail(0, false);
    assert!(school.try_evaluate(60).await.is_err());
    let told = school.sink.take().len();
    assert_eq!(told, 4, "the first course's event could not be published");
    assert_eq!(school.evaluate(120).await.len(), 1);
}

#[tokio::test]
async fn so_many_courses_and_learners_are_read_at_once_as_the_pace_says() {
    for (courses, learners) in [(1, 1), (3, 1), (1, 8), (3, 2)] {
        let mut school = five_courses().await;
        let events: Vec<_> = (0..30).map(|learner| school.event(learner, 9, viewed())).collect();
        school.send(&events).await;
        let (evaluator, gauge) = school.gauged();
        let limits = Limits { courses, learners, ..Limits::ONE_BY_ONE };
        let evaluated = evaluator.run(&[TENANT], at_millis(60), &limits).await.unwrap();
        assert_eq!((evaluated.courses, evaluated.events, evaluated.courses_left), (6, 5, 0));
        let most = gauge.most();
        assert!(most >= courses.max(learners) && most <= courses * learners, "{most} of {courses} · {learners}");
    }
}

#[tokio::test]
async fn a_roster_of_many_pages_is_read_whole() {
    let mut school = School::new().await;
    let events: Vec<_> = (0..1_200).map(|learner| school.event(learner, 0, Body::Enrolled)).collect();
    school.send(&events).await;
    school.evaluate(10).await;
    school.act(0, 6 * DAY, viewed()).await;
    let told = school.evaluate(7 * DAY).await;
    let learners: BTreeSet<String> = risks(&told).into_iter().map(|(learner, ..)| learner).collect();
    assert_eq!((told.len(), learners.len()), (1_199, 1_199));
}

/// A term in which everything happens, told as it goes; a chosen call fails on the way.
async fn term(fault: Option<(usize, bool)>) -> (Vec<DomainEvent>, usize) {
    term_at(Limits::ONE_BY_ONE, fault).await
}

async fn term_at(limits: Limits<'static>, fault: Option<(usize, bool)>) -> (Vec<DomainEvent>, usize) {
    let mut school = School::new().await;
    school.limits = limits;
    let mut told = Vec::new();
    if let Some((at, is_done)) = fault {
        school.calls.fail(at, is_done);
    }
    for day in 0..16 {
        let mut events = Vec::new();
        for learner in 0..12u64 {
            if day < 7 || learner < 4 {
                let second = day * DAY + learner as i64;
                events.push(school.event(learner, second, watched("v", 20 * (day % 6), 20 * (day % 6) + 20)));
                events.push(school.event(learner, second + 30, answered(&format!("z{day}"), "q", learner % 5 == 0)));
            }
        }
        school.send(&events).await;
        for second in [100, 200] {
            match school.try_evaluate(day * DAY + second).await {
                Ok(events) => told.extend(events),
                Err(_) => {
                    told.extend(school.sink.take());
                    told.extend(school.evaluate(day * DAY + second).await);
                }
            }
        }
    }
    (told, school.calls.count())
}

fn by_id(events: &[DomainEvent]) -> BTreeMap<String, Value> {
    let without_time = |event: &DomainEvent| {
        let mut detail = event.detail();
        detail["at"] = Value::Null;
        (event.id().to_string(), detail)
    };
    events.iter().map(without_time).collect()
}

#[tokio::test]
async fn whatever_call_fails_every_event_is_told_and_a_repeat_has_its_id() {
    let (whole, calls) = term(None).await;
    let kinds: BTreeSet<_> = kinds(&whole).into_iter().collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    assert_eq!(by_id(&whole).len(), whole.len(), "each once");
    let mut repeated = 0;
    for at in 0..calls {
        for is_done in [false, true] {
            let (told, _) = term(Some((at, is_done))).await;
            assert_eq!(by_id(&told), by_id(&whole), "call {at}, done: {is_done}");
            repeated += usize::from(told.len() > whole.len());
        }
    }
    assert!(repeated > 0, "published and not noted");
}

#[tokio::test]
async fn at_any_pace_the_same_is_told() {
    let (whole, _) = term(None).await;
    let (told, _) = term_at(Limits { courses: 4, learners: 8, ..Limits::ONE_BY_ONE }, None).await;
    assert_eq!(by_id(&told), by_id(&whole));
    assert_eq!(told.len(), whole.len());
}

#[tokio::test]
async fn two_evaluators_at_once_tell_the_same() {
    let mut school = School::new().await;
    let mut told = Vec::new();
    for day in 0..10 {
        for learner in 0..12u64 {
            if day == 0 || learner < 6 {
                school.act(learner, day * DAY + learner as i64, watched("v", 0, 100)).await;
            }
        }
        let (one, other) = (school.beside(), school.beside());
        let now = at_millis(day * DAY + 100);
        let (one, other) =
            tokio::join!(one.run(&[TENANT], now, &Limits::ONE_BY_ONE), other.run(&[TENANT], now, &Limits::ONE_BY_ONE));
        one.unwrap();
        other.unwrap();
        told.extend(school.sink.take());
        assert_eq!(school.evaluate(day * DAY + 200).await, [], "all of it is noted");
    }
    let ids = by_id(&told);
    assert_eq!(risks(&told).into_iter().map(|risk| risk.0).collect::<BTreeSet<_>>().len(), 6);
    assert_eq!(ids.values().filter(|detail| detail["video"].is_string()).count(), 12);
    assert_eq!(ids.len(), 18 + ids.values().filter(|detail| detail["last_day"].is_string()).count());
}

fn schema(name: &str) -> (Value, Validator) {
    let path = format!("{}/../schemas/domain/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    (schema, validator)
}

fn schema_of(event: &DomainEvent) -> String {
    event.detail_type().replace(['.', '_'], "-")
}

#[tokio::test]
async fn events_are_as_their_schemas_say() {
    let (told, _) = term(None).await;
    for event in &told {
        let (_, validator) = schema(&schema_of(event));
        let errors: Vec<String> = validator.iter_errors(&event.detail()).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{}", event.detail());
    }
    for name in told.iter().map(schema_of).collect::<BTreeSet<String>>() {
        let (schema, validator) = schema(&name);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        jsonschema::meta::validate(&schema).unwrap();
        let examples = schema["examples"].as_array().unwrap();
        assert!(!examples.is_empty());
        for example in examples {
            assert!(validator.is_valid(example), "{name}: {example}");
            let fields: Vec<String> = example.as_object().unwrap().keys().cloned().collect();
            for field in fields {
                let mut less = example.clone();
                less.as_object_mut().unwrap().remove(&field);
                assert!(!validator.is_valid(&less), "{name} without {field}");
            }
            let mut more = example.clone();
            more["another"] = json!(1);
            assert!(!validator.is_valid(&more), "{name} with another field");
        }
    }
}
