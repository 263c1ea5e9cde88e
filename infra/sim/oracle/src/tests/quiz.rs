use super::{course, event, utc};
use crate::{AttemptsPerLearner, Elapsed, ElapsedCount, Question, Response};

/// Answers to a question: (learner, clock, other fields).
type Case<'a> = [(&'a str, &'a str, &'a str)];

fn answers(case: &Case<'_>) -> Vec<String> {
    let one = |(learner, clock, rest): &(&str, &str, &str)| {
        event("quiz.answered", learner, clock, &format!(r#""quiz":"z","question":"q",{rest}"#))
    };
    case.iter().map(one).collect()
}

fn question(case: &Case<'_>) -> Question {
    course(&answers(case), &utc()).questions.remove(0)
}

/// Attempts, facility, final facility, correct at first attempt; in whatever order the answers arrive.
fn check(case: &Case<'_>, attempts: i64, facility: Option<f64>, final_facility: Option<f64>, correct: f64) {
    let mut case = case.to_vec();
    for _ in 0..2 {
        let found = question(&case);
        assert_eq!(
            (found.attempts, found.facility, found.final_facility),
            (attempts, facility, final_facility),
            "{case:?}"
        );
        assert_eq!(found.correct_first_attempt, Some(correct), "{case:?}");
        case.reverse();
    }
}

#[test]
fn attempts_are_in_order_of_their_numbers_then_of_time() {
    let ten = ("a", "10:00:00", r#""attempt":10,"correct":false"#);
    let two = ("a", "11:00:00", r#""attempt":2,"correct":true"#);
    check(&[ten, two], 2, Some(1.0), Some(0.0), 1.0);
    // One without number comes last, though it was made first.
    let loose = ("a", "09:00:00", r#""score":1,"max_score":2"#);
    check(&[ten, two, loose], 3, Some(1.0), Some(0.5), 1.0);
    check(&[loose, ("a", "10:00:00", r#""correct":true"#)], 2, Some(0.5), Some(1.0), 0.0);
}

#[test]
fn the_latest_answer_with_a_score_speaks_for_an_attempt_else_with_a_verdict() {
    let with = |clock, rest| ("a", clock, rest);
    let early = with("10:00:00", r#""attempt":1,"score":1,"max_score":4,"elapsed":7"#);
    let late = with("10:01:00", r#""attempt":1,"score":3,"max_score":4,"response":"x","elapsed":9"#);
    let verdict = with("10:02:00", r#""attempt":1,"correct":true,"response":"y""#);
    let bare = with("10:03:00", r#""attempt":1,"response":"z""#);
    let points = with("10:03:00", r#""attempt":1,"score":3,"max_score":0,"response":"z""#);
    check(&[early, late, verdict, bare], 1, Some(0.75), Some(0.75), 0.0);
    check(&[verdict, bare], 1, Some(1.0), Some(1.0), 1.0);
    check(&[verdict, points], 1, Some(1.0), Some(1.0), 1.0);
    let found = question(&[early, late, verdict, bare]);
    assert_eq!(found.responses_first.shown, [Response { response: "x".into(), learners: 1 }]);
    assert_eq!(found.elapsed.median, Some(9));
    assert_eq!(question(&[bare]).facility, None);
}

#[test]
fn equal_answers_within_five_seconds_are_one_attempt() {
    let given = |clock, response| ("a", clock, response);
    let (a, b) = (r#""response":"a, b""#, r#""response":"b""#);
    check(&[given("10:00:00", a), given("10:00:05", a), given("10:00:10", a)], 1, None, None, 0.0);
    check(&[given("10:00:00", a), given("10:00:05.001", a)], 2, None, None, 0.0);
    check(&[given("10:00:00", a), given("10:00:01", b), given("10:00:02", a)], 2, None, None, 0.0);
    check(&[given("10:00:00", a), given("10:00:01", r#""response":["b","a"]"#)], 1, None, None, 0.0);
    check(&[given("10:00:00", r#""response":4"#), given("10:00:01", r#""response":"4""#)], 1, None, None, 0.0);
    // Two without a response are equal; one without and an empty one are not.
    check(
        &[given("10:00:00", r#""correct":true"#), given("10:00:01", r#""correct":false"#)],
        1,
        Some(0.0),
        Some(0.0),
        0.0,
    );
    check(&[given("10:00:00", r#""correct":true"#), given("10:00:01", r#""response":"""#)], 2, Some(1.0), None, 1.0);
    // Equal in what is shown, not in what was said.
    let long = ["1", "2"].map(|end| format!(r#""response":"{}{end}""#, "x".repeat(200)));
    check(&[given("10:00:00", &long[0]), given("10:00:01", &long[1])], 2, None, None, 0.0);
    // Numbers tell attempts apart at any distance, and take no others in.
    let numbered =
        [given("10:00:00", r#""attempt":1,"response":"b""#), given("10:00:01", r#""attempt":2,"response":"b""#)];
    check(&[numbered[0], numbered[1], given("10:00:02", b)], 3, None, None, 0.0);
    // Without time there is no "within"; T is 12:00:30, the arrival.
    check(&[given("12:00:29", a), given("", a)], 2, None, None, 0.0);
    check(&[given("12:00:31", a), given("", a)], 2, None, None, 0.0);
    check(&[given("12:00:29", b), given("", r#""correct":true"#)], 2, None, Some(1.0), 0.0);
}

#[test]
fn scores_are_millionths_of_the_maximum_else_by_the_verdict() {
    let score = |rest, facility, correct| check(&[("a", "10:00:00", rest)], 1, facility, facility, correct);
    score(r#""score":1,"max_score":3"#, Some(0.333333), 0.0);
    score(r#""score":2,"max_score":3"#, Some(0.666667), 0.0);
    score(r#""score":5,"max_score":3"#, Some(1.0), 1.0);
    score(r#""score":-1,"max_score":3"#, Some(0.0), 0.0);
    score(r#""score":3,"max_score":0"#, None, 0.0);
    score(r#""score":3,"max_score":0,"correct":true"#, Some(1.0), 1.0);
    score(r#""score":-2,"max_score":-1,"correct":false"#, Some(0.0), 0.0);
    score(r#""score":3"#, None, 0.0);
    // The flag wins for what is correct, not for the score.
    score(r#""score":3,"max_score":3,"correct":false"#, Some(1.0), 0.0);
    score(r#""score":1,"max_score":2,"correct":true"#, Some(0.5), 1.0);
    // 0.9999995 rounds to all of it, 0.9999994 does not.
    score(r#""score":0.9999995,"max_score":1"#, Some(1.0), 1.0);
    score(r#""score":0.9999994,"max_score":1"#, Some(0.999999), 0.0);
}

#[test]
fn means_are_over_those_that_have_a_score_and_learners_are_all() {
    let found = question(&[
        ("a", "10:00:00", r#""attempt":1,"score":1,"max_score":4"#),
        ("a", "10:00:01", r#""attempt":2,"correct":true"#),
        ("b", "10:00:00", r#""correct":true"#),
        ("c", "10:00:00", r#""response":"x""#),
        ("d", "10:00:00", r#""attempt":1,"response":"x""#),
        ("d", "10:00:01", r#""attempt":2,"response":"y""#),
    ]);
    assert_eq!((found.learners, found.attempts), (4, 6));
    let row = |attempts, learners| AttemptsPerLearner { attempts, learners };
    assert_eq!(found.attempts_per_learner, [row(1, 2), row(2, 2)]);
    assert_eq!((found.facility, found.final_facility), (Some(0.625), Some(1.0)));
    assert_eq!(found.correct_first_attempt, Some(0.25));
    let shown = |response: &str, learners| Response { response: response.into(), learners };
    assert_eq!(found.responses_first.shown, [shown("x", 2)]);
    assert_eq!(found.responses_last.shown, [shown("x", 1), shown("y", 1)]);
}

#[test]
fn the_fifty_most_common_responses_are_shown() {
    let mut case = Vec::new();
    let learners: Vec<String> = (0..60).map(|learner| format!("learner-{learner}")).collect();
    let responses: Vec<String> =
        (0..60).map(|at| format!(r#""response":"r{:02}""#, if at == 59 { 58 } else { at })).collect();
    for (learner, response) in learners.iter().zip(&responses) {
        case.push((learner.as_str(), "10:00:00", response.as_str()));
    }
    let found = question(&case).responses_first;
    // r58 has two learners; then r00 to r48 in byte order; r49 to r57 are nine others.
    assert_eq!(found.shown.len(), 50);
    assert_eq!(found.shown[0], Response { response: "r58".into(), learners: 2 });
    assert_eq!((found.shown[1].response.as_str(), found.shown[49].response.as_str()), ("r00", "r48"));
    assert_eq!(found.other, 9);

    let long = |end: &str| format!(r#""response":"{}{end}""#, "😀".repeat(200));
    let found = question(&[("a", "10:00:00", &long("1")), ("b", "10:00:00", &long("2"))]).responses_last;
    assert_eq!(found.shown, [Response { response: "😀".repeat(200), learners: 2 }]);
}

#[test]
fn elapsed_is_in_whole_seconds_up_to_an_hour() {
    let took = |times: &[&str]| {
        let rests: Vec<String> =
            times.iter().enumerate().map(|(at, time)| format!(r#""attempt":{},"elapsed":{time}"#, at + 1)).collect();
        let clocks: Vec<String> = (0..times.len()).map(|at| format!("10:00:0{at}")).collect();
        let case: Vec<_> =
            rests.iter().zip(&clocks).map(|(rest, clock)| ("a", clock.as_str(), rest.as_str())).collect();
        question(&case).elapsed
    };
    let row = |seconds, attempts| ElapsedCount { seconds, attempts };
    let expected = Elapsed { median: Some(2), histogram: vec![row(1, 1), row(2, 1), row(3, 1), row(3600, 2)] };
    // 2.9994 s are 2,999 ms, 2.9995 are 3,000; of 1, 2, 3, 3600, 3600 the middle is 3, of four the lower one is 2.
    assert_eq!(took(&["1", "2.9994", "2.9995", "3600", "99999"]), Elapsed { median: Some(3), ..expected.clone() });
    assert_eq!(took(&["1", "2.9994", "2.9995", "3601"]).median, Some(2));
    assert_eq!(took(&["null"]), Elapsed { median: None, histogram: vec![] });
}

#[test]
fn a_facility_outside_the_band_is_marked() {
    let codes = |score: &str| {
        let found = question(&[("a", "10:00:00", &format!(r#""score":{score},"max_score":10"#))]);
        found.marks.iter().map(|mark| (mark.code, mark.value, mark.limit)).collect::<Vec<_>>()
    };
    assert_eq!(codes("2.9"), [("facility_low", 0.29, 0.3)]);
    assert_eq!(codes("7.1"), [("facility_high", 0.71, 0.7)]);
    assert_eq!((codes("3"), codes("7")), (vec![], vec![]));
}

#[test]
fn a_question_belongs_to_its_quiz_and_other_steps_are_no_attempts() {
    let mut texts = answers(&[("a", "10:00:00", r#""correct":true"#)]);
    texts.push(event("quiz.answered", "a", "10:00:00", r#""quiz":"y","question":"q","correct":false"#));
    texts.push(event("quiz.submitted", "a", "10:00:01", r#""quiz":"z","attempt":2,"score":0,"max_score":3"#));
    texts.push(event("quiz.started", "a", "10:00:02", r#""quiz":"x","attempt":1"#));
    texts.push(event("object.described", "x", "10:00:00", r#""object":"z","title":"The quiz""#));
    texts.push(event("object.described", "x", "10:00:00", r#""object":"q","title":"The question""#));
    let found = course(&texts, &utc()).questions;
    let names: Vec<_> = found.iter().map(|one| (one.quiz.as_str(), one.quiz_title.as_deref(), one.facility)).collect();
    assert_eq!(names, [("y", None, Some(0.0)), ("z", Some("The quiz"), Some(1.0))]);
    assert!(found.iter().all(|one| one.title.as_deref() == Some("The question") && one.attempts == 1));
}
