//! What a simple reader of other systems' events trips on, one test each, on events of our own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a test may read files and print")]

use serde_json::{Value, json};
use trilha_schemas::event::{Protocol, QuizAction, QuizEvent, Role, SentEvent, SourceId, VideoAction};
use trilha_schemas::flags::Flags;
use trilha_schemas::reader::Code;
use trilha_schemas::{caliper, edx, xapi};

mod support;

use support::events::{code, log_line, media, one, problem_check, quiz, video, xapi_quiz, xapi_video};

/// A golden file, read.
fn golden(name: &str, protocol: Protocol) -> Vec<Result<SentEvent, Code>> {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    let read = support::read_all(&std::fs::read(path).unwrap(), protocol);
    let events = read.into_iter().flat_map(|(_, _, read)| read);
    events.map(|event| event.map_err(|refusal| refusal.code)).collect()
}

#[test]
fn trap_01_played_segments_may_be_empty_open_of_zero_length_or_very_long() {
    let segments = |list: &str| {
        let event = one(xapi::read(&xapi_video("paused", json!({"played-segments": list}), json!({}))));
        video(&event).segments.clone()
    };
    assert_eq!(segments(""), Some(vec![]));
    assert_eq!(segments("0[.]42.6[,]43.1"), Some(vec![(0, 42_600)]));
    assert_eq!(segments("3.5[.]3.5"), Some(vec![(3_500, 3_500)]));
    let long = vec!["1[.]2"; 1_000].join("[,]");
    assert_eq!(segments(&long).unwrap().len(), 1_000);
    let none = one(xapi::read(&xapi_video("paused", json!({"time": 1}), json!({}))));
    assert_eq!(video(&none).segments, None);
}

#[test]
fn trap_02_numbers_are_ints_floats_or_strings() {
    for (time, threshold) in [(json!(7), json!(1.0)), (json!(7.0), json!("1.0")), (json!("7"), json!(1))] {
        let context = json!({"completion-threshold": threshold, "length": "60", "speed": "1.25x"});
        let event = one(xapi::read(&xapi_video("paused", json!({"time": time}), context)));
        assert_eq!(event.flags, Flags::empty());
        let video = video(&event);
        assert_eq!((video.position_millis, video.length_millis), (Some(7_000), Some(60_000)));
        assert_eq!((video.threshold, video.rate), (Some(1.0), Some(1.25)));
    }
    let context = json!({"completion-threshold": 1.5, "length": 0, "speed": "9x"});
    let event = one(xapi::read(&xapi_video("paused", json!({}), context)));
    let flags = event.flags;
    assert!(
        [Flags::THRESHOLD_IGNORED, Flags::LENGTH_IGNORED, Flags::RATE_IGNORED].iter().all(|flag| flags.contains(*flag))
    );
    let video = video(&event);
    assert_eq!((video.threshold, video.length_millis, video.rate), (None, None, None));
}

#[test]
fn trap_03_progress_is_not_read_segments_are() {
    let told = |progress: f64| {
        one(xapi::read(&xapi_video("paused", json!({"progress": progress, "played-segments": "0[.]1"}), json!({}))))
    };
    assert_eq!(told(0.9), told(0.1));
    let length_in_result = one(xapi::read(&xapi_video("seeked", json!({"length": 60}), json!({}))));
    assert_eq!(video(&length_in_result).length_millis, Some(60_000));
}

#[test]
fn trap_04_a_statement_without_a_result_is_still_an_event() {
    for (verb, action) in [
        ("played", VideoAction::Played),
        ("paused", VideoAction::Paused),
        ("seeked", VideoAction::Seeked),
        ("downloaded", VideoAction::Interacted),
    ] {
        let mut statement = xapi_video(verb, json!({}), json!({"length": 60}));
        statement.as_object_mut().unwrap().remove("result");
        let event = one(xapi::read(&statement));
        assert_eq!((video(&event).action, video(&event).position_millis), (action, None));
        assert_eq!(video(&event).length_millis, Some(60_000));
    }
}

#[test]
fn trap_05_many_verbs_say_that_a_question_was_answered() {
    for verb in [
        "http://adlnet.gov/expapi/verbs/answered",
        "https://w3id.org/xapi/acrossx/verbs/evaluated",
        "https://w3id.org/xapi/dod-isd/verbs/answered",
        "http://activitystrea.ms/submit",
    ] {
        let event = one(xapi::read(&xapi_quiz(verb, json!({"response": "a"}))));
        assert_eq!(
            (quiz(&event).action, quiz(&event).question.as_deref()),
            (QuizAction::Answered, Some("q")),
            "{verb}"
        );
        assert_eq!((quiz(&event).quiz.as_str(), quiz(&event).response.as_deref()), ("q", Some("a")), "{verb}");
    }
    for (verb, action) in [
        ("attempted", QuizAction::Started),
        ("completed", QuizAction::Submitted),
        ("scored", QuizAction::Submitted),
        ("passed", QuizAction::Submitted),
    ] {
        for result in [json!({}), json!({"response": "a", "success": true, "score": {"raw": 1, "max": 1}})] {
            let event = one(xapi::read(&xapi_quiz(&format!("http://adlnet.gov/expapi/verbs/{verb}"), result)));
            assert_eq!((quiz(&event).action, quiz(&event).question.is_none()), (action, true), "{verb}");
        }
    }
    assert_eq!(code(xapi::read(&xapi_quiz("http://id.tincanapi.com/verb/skipped", json!({})))), Code::NotRelevant);
}

#[test]
fn trap_06_scaled_is_kept_apart_from_raw_and_max_and_max_may_be_zero() {
    let score = |score: Value| {
        let event = one(xapi::read(&xapi_quiz("x/answered", json!({"score": score, "success": true}))));
        (quiz(&event).score, quiz(&event).max_score, quiz(&event).scaled, event.flags.contains(Flags::SCORE_CLAMPED))
    };
    assert_eq!(score(json!({"raw": 1, "max": 2, "scaled": 0.0})), (Some(1.0), Some(2.0), Some(0.0), false));
    assert_eq!(score(json!({"raw": 0, "min": 0, "max": 0, "scaled": 0})), (Some(0.0), Some(0.0), Some(0.0), false));
    assert_eq!(score(json!({"raw": 3, "max": 2})), (Some(3.0), Some(2.0), None, true));
}

#[test]
fn trap_07_a_parent_with_children_is_no_attempt_and_responses_stay_as_written() {
    let parent = json!({"id": "p", "objectType": "GroupActivity"});
    let mut group = xapi_quiz("x/evaluated", json!({"score": {"raw": 2, "max": 3}}));
    group["object"] = parent.clone();
    let event = one(xapi::read(&group));
    let told = quiz(&event);
    assert_eq!((told.action, told.quiz.as_str(), &told.question), (QuizAction::Submitted, "p", &None));
    for response in ["[\"a piano\", \"a guitar\"]", "['a', 'b']", "a[,]b", "x[.]y", ""] {
        let mut child = xapi_quiz("x/evaluated", json!({"response": response}));
        child["context"]["contextActivities"] = json!({
            "parent": [parent],
            "grouping": [{"id": "c", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}],
        });
        let event = one(xapi::read(&child));
        assert_eq!((event.course.as_str(), quiz(&event).quiz.as_str()), ("c", "p"));
        assert_eq!((quiz(&event).action, quiz(&event).response.as_deref()), (QuizAction::Answered, Some(response)));
    }
}

#[test]
fn trap_08_without_id_or_time_and_durations_of_every_form() {
    let first = one(xapi::read(&xapi_quiz("x/answered", json!({"response": "a"}))));
    let other = one(xapi::read(&xapi_quiz("x/answered", json!({"response": "b"}))));
    assert_eq!(first.time_millis, None);
    assert!(matches!(first.source_id, SourceId::Content(_)));
    assert_ne!(first.source_id, other.source_id);
    for (duration, millis) in [("P0Y0M0DT0H0M15S", 15_000), ("PT05M21S", 321_000), ("PT0.01S", 10), ("P0D", 0)] {
        let event = one(xapi::read(&xapi_quiz("x/answered", json!({"duration": duration}))));
        assert_eq!(quiz(&event).elapsed_millis, Some(millis), "{duration}");
    }
    let mut stored = xapi_quiz("x/answered", json!({}));
    stored["stored"] = json!("2026-03-02T19:30:00Z");
    assert_eq!(one(xapi::read(&stored)).time_millis, Some(1_772_479_800_000));
}

#[test]
fn trap_09_two_opposite_seek_mappings_come_to_the_same() {
    let old_is_current = media("JumpedTo", json!({"currentTime": "PT1M", "extensions": {"newTime": "PT1M17S"}}));
    let new_is_current = media("JumpedTo", json!({"currentTime": "PT1M17S", "extensions": {"old_time": "PT1M"}}));
    for seek in [old_is_current, new_is_current] {
        let event = one(caliper::read(&seek));
        let video = video(&event);
        assert_eq!(video.action, VideoAction::Seeked);
        assert_eq!((video.position_millis, video.to_millis), (Some(60_000), Some(77_000)));
    }
    let bare = one(caliper::read(&media("JumpedTo", json!({"currentTime": 77}))));
    assert_eq!((video(&bare).position_millis, video(&bare).to_millis), (None, Some(77_000)));
}

#[test]
fn trap_10_resumed_is_play_and_a_grade_is_the_assignees() {
    let action = |action: &str, target: Value| video(&one(caliper::read(&media(action, target)))).action;
    assert_eq!(action("Resumed", json!({"currentTime": "PT0.03S"})), VideoAction::Played);
    assert_eq!(action("Started", json!({"currentTime": "P0D"})), VideoAction::Played);
    assert_eq!(action("Started", json!({"id": "v"})), VideoAction::Initialized);
    let grade = |actor: Value, assignee: Value| {
        caliper::read(&json!({
            "type": "GradeEvent", "action": "Graded", "actor": actor, "group": "c", "eventTime": "2026-03-02T19:30:00Z",
            "object": {"id": "a1", "type": "Attempt", "assignee": assignee, "assignable": "quiz"},
            "generated": {"scoreGiven": 10, "maxScore": 15},
        }))
    };
    let grader = json!({"id": "robot", "type": "SoftwareApplication"});
    for (actor, assignee) in [(grader.clone(), json!("u")), (json!("u"), json!({"id": "u", "type": "Person"}))] {
        let event = one(grade(actor, assignee));
        assert_eq!(event.learner.as_deref(), Some("u"));
        let told = quiz(&event);
        assert_eq!((told.action, told.quiz.as_str()), (QuizAction::Submitted, "quiz"));
        assert_eq!((told.score, told.max_score, told.attempt_id.as_deref()), (Some(10.0), Some(15.0), Some("a1")));
    }
    assert_eq!(code(grade(json!("u"), Value::Null)), Code::NoLearner);
    let mut by_software = media("Paused", json!({}));
    by_software["actor"] = grader;
    assert_eq!(code(caliper::read(&by_software)), Code::NoLearner);
}

#[test]
fn trap_11_bare_iris_repeated_ids_mixed_envelopes_and_a_maximum_of_zero() {
    let events = golden("caliper.json", Protocol::Caliper);
    assert_eq!(events[0], Err(Code::NotRelevant), "an entity among the events");
    let play = events[1].as_ref().unwrap();
    assert_eq!(
        (play.learner.as_deref(), play.course.as_str()),
        (Some("https://lms.test/users/7"), "https://lms.test/c/1")
    );
    assert_eq!(
        (play.title.as_deref(), play.session.as_deref()),
        (Some("Fractions"), Some("https://lms.test/sessions/1"))
    );
    assert_eq!((video(play).position_millis, video(play).length_millis), (Some(1_500), Some(120_000)));
    let item = quiz(events[2].as_ref().unwrap());
    assert_eq!(
        (item.quiz.as_str(), item.question.as_deref()),
        ("https://lms.test/q/1", Some("https://lms.test/q/1/2"))
    );
    assert_eq!((item.response.as_deref(), item.correct, item.attempt), (Some("a, b"), Some(false), Some(1)));
    assert_eq!(item.elapsed_millis, Some(20_000));
    let grade = quiz(events[3].as_ref().unwrap());
    assert_eq!((grade.score, grade.max_score), (Some(39.45), Some(0.0)));

    let (mut first, mut second) =
        (media("Paused", json!({"currentTime": 1})), media("Paused", json!({"currentTime": 2})));
    first["id"] = json!("site");
    second["id"] = json!("site");
    let read = caliper::read(&json!({"sendTime": "2026-03-02T19:30:00.000+0000", "data": [first, second]}));
    let sources: Vec<SourceId> = read.into_iter().map(|event| event.unwrap().source_id).collect();
    assert!(sources.iter().all(|source| matches!(source, SourceId::Content(_))));
    assert_ne!(sources[0], sources[1]);
    assert_eq!(one(caliper::read(&first)).source_id, SourceId::Given("site".into()));
    for context in [json!("v"), json!(["v", {}]), json!({"@context": "v"})] {
        let mut event = media("Paused", json!({"currentTime": 1}));
        event["@context"] = context;
        assert_eq!(one(caliper::read(&event)).flags, Flags::empty());
    }
}

#[test]
fn trap_12_both_envelopes_of_open_edx_are_read_alike() {
    let events = golden("edx.log", Protocol::Edx);
    let (log, in_process) = (events[0].as_ref().unwrap(), events[2].as_ref().unwrap());
    for event in [log, in_process] {
        assert_eq!((event.learner.as_deref(), event.course.as_str()), (Some("7"), "course-v1:T+M1+2026"));
        assert_eq!((event.session.as_deref(), video(event).video.as_str()), (Some("s1"), "v1"));
        assert_eq!(video(event).length_millis, Some(120_000));
    }
    assert_eq!((video(log).action, video(log).position_millis), (VideoAction::Played, Some(1_500)));
    assert_eq!((video(in_process).action, video(in_process).position_millis), (VideoAction::Completed, Some(120_000)));
    assert_eq!((log.time_millis, in_process.time_millis), (Some(1_772_479_801_250), Some(1_772_479_920_000)));
}

#[test]
fn trap_13_the_event_is_an_object_or_json_in_a_string_once_or_twice_or_nothing() {
    let payload = json!({"id": "v", "currentTime": 3});
    let once = json!(payload.to_string());
    let twice = json!(once.to_string());
    for event in [payload, once, twice] {
        let read = one(edx::read_value(&log_line("pause_video", "browser", event)));
        assert_eq!((video(&read).video.as_str(), video(&read).position_millis), ("v", Some(3_000)));
    }
    for event in [json!("input_p_2_1=1"), json!(["a", "b"]), json!("[\"a\"]"), Value::Null, json!(""), json!("{")] {
        assert_eq!(code(edx::read_value(&log_line("pause_video", "browser", event.clone()))), Code::MissingField);
        assert_eq!(code(edx::read_value(&log_line("problem_graded", "browser", event))), Code::Redundant);
    }
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    assert_eq!(code(edx::read_value(&log_line("pause_video", "browser", json!(deep)))), Code::TooDeep);
}

#[test]
fn trap_14_of_one_submission_only_the_servers_result_counts() {
    let events = golden("edx.log", Protocol::Edx);
    assert_eq!((&events[3], &events[6]), (&Err(Code::Redundant), &Err(Code::Redundant)));
    let answers: Vec<&QuizEvent> = events[4..6].iter().map(|event| quiz(event.as_ref().unwrap())).collect();
    assert_eq!(events.len(), 7);
    assert!(answers.iter().all(|answer| answer.quiz == "p1" && answer.attempt == Some(2)));
    assert_eq!(
        (answers[0].question.as_deref(), answers[0].correct, answers[0].score),
        (Some("p1_2_1"), Some(true), Some(1.0))
    );
    assert_eq!(
        (answers[1].question.as_deref(), answers[1].correct, answers[1].score),
        (Some("p1_3_1"), Some(false), Some(0.5))
    );
    let titles: Vec<_> = events[4..6].iter().map(|event| event.as_ref().unwrap().title.as_deref()).collect();
    assert_eq!(titles, [Some("Which colour is the sky?"), Some("Colours")]);
}

#[test]
fn trap_15_answers_are_found_by_the_key_of_correct_map_as_text_or_as_a_list() {
    let graded = json!({
        "k1": {"correctness": "correct"},
        "k2": {"correctness": "incorrect", "npoints": 0},
        "k3": {"correctness": "partially-correct", "npoints": 0.25},
        "k4": {"correctness": "incorrect"},
    });
    let submission = json!({"k1": {"answer": "blue"}, "other": {"answer": "red"}});
    let answers = json!({"k1": "choice_0", "k2": ["choice_2", "choice_0"], "k1_dynamath": "<math/>"});
    let read = edx::read_value(&problem_check(graded, submission, answers));
    let answers: Vec<(String, Option<String>, Option<f64>)> = read
        .into_iter()
        .map(|event| event.unwrap())
        .map(|event| (quiz(&event).question.clone().unwrap(), quiz(&event).response.clone(), quiz(&event).score))
        .collect();
    let expected =
        [("k1", Some("blue"), 1.0), ("k2", Some("choice_0, choice_2"), 0.0), ("k3", None, 0.25), ("k4", None, 0.0)];
    let expected = expected.map(|(key, text, score)| (key.to_string(), text.map(str::to_string), Some(score)));
    assert_eq!(answers, expected);
    assert_eq!(code(edx::read_value(&problem_check(json!({}), json!({}), json!({})))), Code::MissingField);
}

#[test]
fn trap_16_course_ids_of_every_shape_are_kept_and_none_is_refused() {
    let of_course = |course: Value| {
        let mut line = log_line("play_video", "browser", json!({"id": "i4x-T-M1-video-1"}));
        line["context"]["course_id"] = course;
        edx::read_value(&line)
    };
    for course in ["T/M1/2013", "course-v1:T+M1+2026", "ccx-v1:T+M1+2026+ccx@1"] {
        assert_eq!(one(of_course(json!(course))).course, course);
    }
    for course in [json!(""), Value::Null] {
        assert_eq!(code(of_course(course)), Code::NoCourse);
    }
    assert_eq!(code(of_course(json!("c".repeat(513)))), Code::TooLong);
}

#[test]
fn trap_17_the_learner_is_the_user_id_in_any_type_else_the_name_and_nobody_is_refused() {
    let of_user = |user_id: Value, username: &str| {
        let mut line = log_line("play_video", "browser", json!({"id": "v"}));
        line["context"]["user_id"] = user_id;
        line["username"] = json!(username);
        edx::read_value(&line)
    };
    for (user_id, username, learner) in
        [(json!(7), "ana", "7"), (json!("7"), "", "7"), (json!(""), "ana", "ana"), (Value::Null, "ana", "ana")]
    {
        assert_eq!(one(of_user(user_id, username)).learner.as_deref(), Some(learner));
    }
    for (user_id, username) in [(Value::Null, ""), (json!(""), "anonymous")] {
        assert_eq!(code(of_user(user_id, username)), Code::NoLearner);
    }
    let mut enrolled =
        log_line("edx.course.enrollment.activated", "server", json!({"user_id": 9, "course_id": "T/M2/2014"}));
    enrolled["context"] = json!({"course_id": "T/M1/2014"});
    let event = one(edx::read_value(&enrolled));
    assert_eq!((event.learner.as_deref(), event.course.as_str()), (Some("9"), "T/M2/2014"));
}

#[test]
fn trap_18_times_without_a_zone_are_flagged_and_impossible_ones_refused() {
    let at = |time: Value| {
        let mut line = log_line("play_video", "browser", json!({"id": "v"}));
        line["time"] = time;
        edx::read_value(&line)
    };
    let micros = one(at(json!("2026-03-02T19:30:00.123456+00:00")));
    assert_eq!((micros.time_millis, micros.flags), (Some(1_772_479_800_123), Flags::empty()));
    let no_zone = one(at(json!("2026-03-02T19:30:00.123456")));
    assert_eq!((no_zone.time_millis, no_zone.flags), (Some(1_772_479_800_123), Flags::NO_ZONE));
    for impossible in [json!("2026-02-30T00:00:00Z"), json!("yesterday"), json!({"year": 2026}), json!(1_772_479_800)] {
        assert_eq!(code(at(impossible)), Code::InvalidValue);
    }
    assert_eq!(one(at(Value::Null)).time_millis, None);
}

#[test]
fn trap_19_comments_and_blank_lines_are_skipped_and_order_does_not_matter() {
    let text = include_str!("golden/edx.log");
    let in_order = golden("edx.log", Protocol::Edx);
    let backwards: String = text.lines().rev().map(|line| format!("{line}\n")).collect();
    let mut read: Vec<_> =
        support::read_all(backwards.as_bytes(), Protocol::Edx).into_iter().map(|(_, _, read)| read).collect();
    read.reverse();
    let read: Vec<_> = read.into_iter().flatten().map(|event| event.map_err(|refusal| refusal.code)).collect();
    assert_eq!(read, in_order);
}

#[test]
fn the_golden_statements_are_read_in_full() {
    let events = golden("xapi.jsonl", Protocol::Xapi);
    let first = events[0].as_ref().unwrap();
    assert_eq!(first.source_id, SourceId::Given("0a3f5c1e-0000-4000-8000-000000000001".into()));
    assert_eq!(
        (first.learner.as_deref(), first.course.as_str()),
        (Some("https://lms.test|ana"), "https://lms.test/c/1")
    );
    assert_eq!(
        (first.session.as_deref(), first.title.as_deref(), first.role),
        (Some("s1"), Some("Frações"), Role::Learner)
    );
    assert_eq!(
        (video(first).threshold, video(first).rate, video(first).length_millis),
        (Some(0.9), Some(1.0), Some(120_000))
    );
    let seek = video(events[2].as_ref().unwrap());
    assert_eq!(
        (seek.position_millis, seek.to_millis, &seek.segments),
        (Some(41_500), Some(80_000), &Some(vec![(0, 41_500)]))
    );
    let answer = events[3].as_ref().unwrap();
    assert_eq!(answer.learner.as_deref(), Some("mailto:bia@lms.test"));
    let told = quiz(answer);
    assert_eq!(
        (told.quiz.as_str(), told.attempt_id.as_deref()),
        ("https://lms.test/q/1", Some("https://lms.test/attempt/7"))
    );
    assert_eq!((told.score, told.scaled, told.elapsed_millis), (Some(2.0), Some(0.5), Some(15_500)));
}

#[test]
fn attempts_roles_sessions_and_groups_of_people() {
    let mut answer = xapi_quiz("x/evaluated", json!({}));
    answer["object"]["definition"]["extensions"] = json!({"http://id.tincanapi.com/extension/attempt-id": 10});
    answer["context"]["registration"] = json!("r1");
    let event = one(xapi::read(&answer));
    assert_eq!((quiz(&event).attempt, event.session.as_deref()), (Some(10), Some("r1")));
    answer["object"] = json!({"id": "q"});
    answer["context"]["contextActivities"]["parent"] = json!([
        {"id": "c", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}, {"id": "the quiz"},
    ]);
    assert_eq!(quiz(&one(xapi::read(&answer))).quiz, "the quiz");
    answer["actor"]["objectType"] = json!("Group");
    assert_eq!(code(xapi::read(&answer)), Code::NoLearner);

    let mut taught = media("Paused", json!({"currentTime": 1}));
    taught["membership"] =
        json!({"member": "u", "roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"]});
    assert_eq!(one(caliper::read(&taught)).role, Role::Staff);
    taught["membership"]["roles"] = json!(["Learner", "Instructor"]);
    assert_eq!(one(caliper::read(&taught)).role, Role::Learner);
    taught["membership"] = json!({"member": "someone else", "roles": ["Instructor"]});
    assert_eq!(one(caliper::read(&taught)).role, Role::Learner);
}

#[test]
fn a_problem_check_costs_no_more_than_it_says() {
    let questions: serde_json::Map<_, _> = (0..1_000).map(|at| (format!("q{at}"), json!({}))).collect();
    let mut line = json!({
        "event_type": "problem_check", "event_source": "server", "time": "2026-03-02T19:30:00", "username": "ana",
        "context": {"course_id": "c", "module": {"display_name": "t".repeat(100_000)}},
        "event": {"problem_id": "p", "correct_map": questions},
    });
    let read = edx::read_value(&line);
    assert_eq!(read.len(), 1_000);
    let first = read[0].as_ref().unwrap();
    assert_eq!(first.title.as_deref(), Some(&*"t".repeat(200)));
    assert!(first.flags.contains(Flags::TEXT_CUT));
    // What each question would name again is refused once.
    line["event"]["problem_id"] = json!("p".repeat(100_000));
    assert_eq!(code(edx::read_value(&line)), Code::TooLong);
    line["event"]["problem_id"] = json!("p");
    line["session"] = json!("s".repeat(100_000));
    assert_eq!(code(edx::read_value(&line)), Code::TooLong);
}
