//! The dialects of other senders, and what each field comes to, on events of our own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use serde_json::{Value, json};
use trilha_schemas::event::{Body, QuizAction, Role, SentEvent, SourceId, VideoAction};
use trilha_schemas::flags::Flags;
use trilha_schemas::reader::Code;
use trilha_schemas::{caliper, edx, xapi};

mod support;

use support::events::{code, log_line, media, one, quiz, refusal, video, xapi_quiz, xapi_video};

/// A statement with this verb on an object of this type, which may be null.
fn on(verb: &str, kind: Value, result: Value) -> Value {
    let mut statement = xapi_quiz(verb, result);
    statement["object"] = json!({"id": "o", "definition": {"type": kind}});
    statement
}

#[test]
fn an_xapi_learner_is_the_first_identifier_that_is_not_empty() {
    for (actor, learner) in [
        (json!({"account": {"homePage": "https://lms.test/", "name": "Ana"}}), Some("https://lms.test/|Ana")),
        (
            json!({"account": {"homePage": "https://lms.test", "name": 7}, "mbox": "mailto:a@b.test"}),
            Some("https://lms.test|7"),
        ),
        (
            json!({"account": {"homePage": "https://lms.test", "name": ""}, "mbox": "mailto:A@B.test"}),
            Some("mailto:a@b.test"),
        ),
        (
            json!({"account": {"homePage": "https://lms.test", "name": null}, "openid": "https://id.test/A/"}),
            Some("https://id.test/A/"),
        ),
        (
            json!({"mbox": "", "mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"}),
            Some("ebd31e95054c018b10727ccffd2ef2ec3a016ee9"),
        ),
        (json!({"mbox": "MAILTO:Ana@B.test", "objectType": "Agent"}), Some("mailto:ana@b.test")),
        (json!({"account": {"homePage": "https://lms.test", "name": "Anonymous"}, "mbox": "mailto:a@b.test"}), None),
        (json!({"mbox": "mailto:anonymous"}), None),
        (json!({"mbox": "mailto:"}), None),
        (json!({"name": "Ana"}), None),
        (json!("Ana"), None),
        (Value::Null, None),
    ] {
        let mut statement = xapi_video("played", json!({"time": 1}), json!({}));
        statement["actor"] = actor.clone();
        match learner {
            Some(learner) => assert_eq!(one(xapi::read(&statement)).learner.as_deref(), Some(learner), "{actor}"),
            None => assert_eq!(code(xapi::read(&statement)), Code::NoLearner, "{actor}"),
        }
    }
}

#[test]
fn an_xapi_course_is_the_first_of_its_type_among_parents_then_grouping_else_the_first_parent() {
    let typed = |id: &str| json!({"id": id, "definition": {"type": "https://w3id.org/xapi/cmi5/activitytype/course"}});
    let plain = |id: &str| json!({"id": id});
    for (activities, course) in [
        (json!({"parent": [plain("section"), typed("c/")], "grouping": [typed("other")]}), Some("c/")),
        (json!({"parent": [plain("section")], "grouping": [plain("site"), typed("c")]}), Some("c")),
        (json!({"parent": [plain("p"), plain("q")], "grouping": [plain("site")]}), Some("p")),
        (json!({"parent": typed("c")}), Some("c")),
        (json!({"parent": [{"definition": {"type": "x/course"}}, typed("c")]}), Some("c")),
        (json!({"grouping": [plain("site")]}), None),
        (json!({}), None),
    ] {
        let mut statement = xapi_video("played", json!({}), json!({}));
        statement["context"]["contextActivities"] = activities.clone();
        match course {
            Some(course) => assert_eq!(one(xapi::read(&statement)).course, course, "{activities}"),
            None => assert_eq!(code(xapi::read(&statement)), Code::NoCourse, "{activities}"),
        }
    }
}

#[test]
fn a_package_of_the_type_of_a_course_within_a_course_is_no_course() {
    let view = |verb: &str| {
        let mut statement = on(verb, json!("https://w3id.org/xapi/cmi5/activitytype/course"), json!({}));
        statement["object"]["id"] = json!("package");
        statement
    };
    let viewed = one(xapi::read(&view("http://id.tincanapi.com/verb/viewed")));
    assert_eq!((viewed.course.as_str(), viewed.body.object()), ("c", "package"));
    assert_eq!(code(xapi::read(&view("http://adlnet.gov/expapi/verbs/completed"))), Code::NotRelevant);
    let mut completed = view("http://adlnet.gov/expapi/verbs/completed");
    completed["object"]["id"] = json!("c");
    assert_eq!(one(xapi::read(&completed)).body, Body::Completed);
    completed["object"]["id"] = json!("alone");
    completed["context"] = json!({"contextActivities": {"parent": [{"id": "site"}]}});
    assert_eq!(one(xapi::read(&completed)).course, "alone");
}

#[test]
fn a_statement_is_told_by_its_verb_and_the_type_of_its_object() {
    let video = |action| Some(Body::Video(video_of(action)));
    for (verb, kind, result, expected) in [
        ("x/played", json!("http://activitystrea.ms/schema/1.0/video"), json!({}), video(VideoAction::Played)),
        ("x/played", json!("http://activitystrea.ms/schema/1.0/video/"), json!({}), video(VideoAction::Played)),
        ("http://activitystrea.ms/schema/1.0/complete", json!("x/video"), json!({}), video(VideoAction::Completed)),
        ("https://w3id.org/xapi/adl/verbs/abandoned", json!("x/video"), json!({}), video(VideoAction::Terminated)),
        ("http://activitystrea.ms/schema/1.0/play", json!("x/media"), json!({}), video(VideoAction::Played)),
        ("https://w3id.org/xapi/video/verbs/paused", json!("x/media"), json!({}), video(VideoAction::Paused)),
        (
            "https://w3id.org/xapi/video/verbs/paused",
            json!("https://w3id.org/xapi/audio/activity-type/audio"),
            json!({}),
            None,
        ),
        ("http://adlnet.gov/expapi/verbs/completed", json!("x/media"), json!({}), None),
        ("http://adlnet.gov/expapi/verbs/passed", json!("x/course"), json!({}), None),
        ("http://adlnet.gov/expapi/verbs/completed", Value::Null, json!({}), None),
        ("http://adlnet.gov/expapi/verbs/completed", Value::Null, json!({"success": true}), None),
    ] {
        let mut statement = on(verb, kind.clone(), result);
        statement["context"]["contextActivities"]["parent"][0]["id"] = json!("o");
        match expected {
            Some(expected) => assert_eq!(one(xapi::read(&statement)).body, expected, "{verb} {kind}"),
            None => assert_eq!(code(xapi::read(&statement)), Code::NotRelevant, "{verb} {kind}"),
        }
    }
    let scored = on("http://adlnet.gov/expapi/verbs/completed", Value::Null, json!({"score": {"raw": 3, "max": 4}}));
    let event = one(xapi::read(&scored));
    assert_eq!((quiz(&event).action, quiz(&event).score), (QuizAction::Submitted, Some(3.0)));
}

fn video_of(action: VideoAction) -> trilha_schemas::event::VideoEvent {
    trilha_schemas::event::VideoEvent {
        action,
        video: "o".into(),
        position_millis: None,
        to_millis: None,
        length_millis: None,
        rate: None,
        threshold: None,
        segments: None,
    }
}

#[test]
fn a_compound_question_stands_for_its_parts_and_is_no_attempt() {
    let mut whole = xapi_quiz("http://adlnet.gov/expapi/verbs/answered", json!({"score": {"raw": 2, "max": 3}}));
    whole["object"]["definition"]["interactionType"] = json!("compound");
    let event = one(xapi::read(&whole));
    assert_eq!((quiz(&event).action, quiz(&event).quiz.as_str()), (QuizAction::Submitted, "q"));
    let mut part = xapi_quiz("http://adlnet.gov/expapi/verbs/answered", json!({"response": "0"}));
    part["object"]["id"] = json!("q?sub=1");
    part["object"]["definition"]["interactionType"] = json!("choice");
    part["context"]["contextActivities"]["grouping"] = part["context"]["contextActivities"]["parent"].clone();
    part["context"]["contextActivities"]["parent"] = json!([{"id": "q"}]);
    let event = one(xapi::read(&part));
    assert_eq!((event.course.as_str(), quiz(&event).action), ("c", QuizAction::Answered));
    assert_eq!((quiz(&event).quiz.as_str(), quiz(&event).question.as_deref()), ("q", Some("q?sub=1")));
}

#[test]
fn refusals_say_which_act_is_none_of_those_that_are_read() {
    for (read, field, part) in [
        (
            xapi::read(&xapi_quiz("http://activitystrea.ms/create", json!({}))),
            "verb.id",
            "no start, answer, submission or score of a quiz",
        ),
        (xapi::read(&on("x/earned", json!("x/course"), json!({}))), "verb.id", "no act on a video"),
        (
            caliper::read(
                &json!({"type": "AssessmentEvent", "action": "Paused", "object": {"id": "z", "type": "Assessment"}}),
            ),
            "action",
            "no start, answer, submission or grade of a quiz",
        ),
        (
            caliper::read(
                &json!({"type": "Event", "action": "Deactivated", "object": {"id": "m", "type": "Membership"}}),
            ),
            "action",
            "no enrolment",
        ),
        (edx::read_value(&log_line("pause_video", "browser", json!("{\"id\": "))), "event", "no JSON object"),
        (edx::read_value(&log_line("pause_video", "browser", json!({"code": "html5"}))), "event.id", "id is absent"),
        (
            edx::read_value(&log_line("save_problem_check", "server", json!({}))),
            "event_type",
            "only the server's problem_check counts",
        ),
    ] {
        let refusal = refusal(read);
        assert_eq!(refusal.field, field, "{refusal:?}");
        assert!(refusal.message.contains(part), "{refusal:?}");
    }
}

#[test]
fn a_title_is_the_name_in_portuguese_then_english_else_the_description() {
    for (definition, title) in [
        (json!({"name": {"en": "Fractions", "pt-BR": "Frações"}}), Some("Frações")),
        (json!({"name": {"en-US": "Fractions", "pt": "Fracções"}}), Some("Fracções")),
        (json!({"name": {"en-US": "Fractions", "pt_br": "Frações"}}), Some("Frações")),
        (json!({"name": {"en-US": "Fractions", "pt-PT": "Fracções"}}), Some("Fracções")),
        (json!({"name": {"pt": "Fracções", "pt-BR": "Frações"}}), Some("Frações")),
        (json!({"name": {"pt-PT": "Fracções", "pt": "Frações"}}), Some("Frações")),
        (json!({"name": {"en-AU": "fractions", "en": "Fractions"}}), Some("Fractions")),
        (json!({"name": {"de": "Brüche", "en-GB": "Fractions"}}), Some("Fractions")),
        (json!({"name": {"fr": "F", "de": "B"}}), Some("B")),
        (json!({"name": {"de": 7, "fr": "F"}}), Some("F")),
        (json!({"name": {"pt-BR": " ", "en": "Fractions"}}), Some("Fractions")),
        (json!({"name": "Fractions"}), Some("Fractions")),
        (json!({"name": {}, "description": {"en": "What is ½?"}}), Some("What is ½?")),
        (json!({"description": {"en": "What is ½?"}}), Some("What is ½?")),
        (json!({"name": []}), None),
    ] {
        let mut statement = xapi_quiz("x/answered", json!({}));
        statement["object"]["definition"] = definition.clone();
        assert_eq!(one(xapi::read(&statement)).title.as_deref(), title, "{definition}");
    }
}

#[test]
fn played_segments_of_another_form_still_say_that_the_session_has_them() {
    for (list, segments) in [
        (json!(["0[.]2", "3[.]4[,]5"]), Some(vec![(0, 2_000), (3_000, 4_000)])),
        (json!([]), Some(vec![])),
        (json!(0), Some(vec![])),
        (Value::Null, None),
    ] {
        let event = one(xapi::read(&xapi_video("paused", json!({"played-segments": list}), json!({}))));
        assert_eq!(video(&event).segments, segments, "{list}");
    }
}

#[test]
fn an_empty_time_gives_way_to_the_next_and_one_of_another_type_is_refused() {
    let mut statement = xapi_video("played", json!({}), json!({}));
    statement["timestamp"] = json!("");
    statement["stored"] = json!("2026-03-02T16:30:00.000-03:00");
    assert_eq!(one(xapi::read(&statement)).time_millis, Some(1_772_479_800_000));
    statement["stored"] = json!("");
    assert_eq!(one(xapi::read(&statement)).time_millis, None);
    let mut line = log_line("play_video", "browser", json!({"id": "v"}));
    line["time"] = json!("");
    line["timestamp"] = json!("2026-03-02 19:30:00 UTC");
    let event = one(edx::read_value(&line));
    assert_eq!((event.time_millis, event.flags), (Some(1_772_479_800_000), Flags::empty()));
    let mut event = media("Paused", json!({}));
    for (time, part) in [
        (json!({"year": 2026}), "no text"),
        (json!(1_772_479_800), "no text"),
        (json!("2026-02-30T00:00:00Z"), "no time that exists"),
    ] {
        event["eventTime"] = time;
        let refusal = refusal(caliper::read(&event));
        assert_eq!((refusal.code, refusal.field.as_str()), (Code::InvalidValue, "eventTime"));
        assert!(refusal.message.contains(part), "{refusal:?}");
        assert_eq!(refusal.id.as_deref(), Some("urn:uuid:1"));
    }
}

#[test]
fn ids_are_kept_as_written_but_for_the_case_of_a_statement_id() {
    let mut statement = xapi_video("played", json!({}), json!({"session-id": "S/1/"}));
    statement["id"] = json!("ABCDEF00-0000-4000-8000-00000000000A");
    statement["object"]["id"] = json!("https://LMS.test/V/1/");
    let event = one(xapi::read(&statement));
    assert_eq!(event.source_id, SourceId::Given("abcdef00-0000-4000-8000-00000000000a".into()));
    assert_eq!((event.body.object(), event.session.as_deref()), ("https://LMS.test/V/1/", Some("S/1/")));
    let mut event = media("Paused", json!({}));
    (event["object"]["id"], event["group"]) = (json!("https://LMS.test/V/1/"), json!("https://LMS.test/C/"));
    let event = one(caliper::read(&event));
    assert_eq!((event.body.object(), event.course.as_str()), ("https://LMS.test/V/1/", "https://LMS.test/C/"));
}

#[test]
fn a_caliper_item_is_of_the_quiz_that_it_is_part_of_whatever_is_done_to_it() {
    let item = |action: &str, kind: &str, generated: Value| {
        let event = one(caliper::read(&json!({
            "type": "AssessmentItemEvent", "action": action, "actor": "u", "group": "c", "generated": generated,
            "object": {"id": "i", "type": kind, "isPartOf": {"id": "z", "type": "Assessment"}},
        })));
        let told = quiz(&event);
        (told.action, told.quiz.clone(), told.question.clone())
    };
    let (whole, question) = ("z".to_string(), Some("i".to_string()));
    let response = || json!({"id": "r", "type": "FillinBlankResponse", "value": "x"});
    assert_eq!(item("Started", "AssessmentItem", Value::Null), (QuizAction::Started, whole.clone(), None));
    assert_eq!(
        item("Completed", "AssessmentItem", response()),
        (QuizAction::Answered, whole.clone(), question.clone())
    );
    assert_eq!(item("Completed", "Question", response()), (QuizAction::Answered, whole, question));
    assert_eq!(item("Started", "Question", Value::Null), (QuizAction::Started, "i".into(), None));
}

#[test]
fn a_caliper_answer_and_a_grade_tell_attempt_score_and_time() {
    let told = |event: Value| {
        let event = one(caliper::read(&event));
        let told = quiz(&event);
        (told.attempt, told.attempt_id.clone(), told.score, told.max_score, told.elapsed_millis)
    };
    let item = |generated: Value| {
        json!({
            "type": "AssessmentItemEvent", "action": "Completed", "actor": "u", "group": "c", "generated": generated,
            "object": {"id": "i", "type": "AssessmentItem", "isPartOf": "z"},
        })
    };
    let answer = json!({
        "id": "r", "type": "FillinBlankResponse", "scoreGiven": 1, "maxScore": 4, "duration": "PT2S",
        "attempt": {"id": "a-1", "type": "Attempt"},
    });
    assert_eq!(told(item(answer)), (None, Some("a-1".into()), Some(1.0), Some(4.0), Some(2_000)));
    let counted = json!({"id": "r", "type": "FillinBlankResponse", "attempt": {"id": "a-1", "count": 2}});
    assert_eq!(told(item(counted)), (Some(2), None, None, None, None));
    let grade = json!({
        "type": "GradeEvent", "action": "Graded", "actor": "tutor", "group": "c",
        "object": {
            "id": "a-2", "type": "Attempt", "assignee": "u", "count": 3, "duration": "PT1M",
            "assignable": {"id": "i", "type": "AssessmentItem", "isPartOf": "z"},
        },
        "generated": {"scoreGiven": 1, "maxScore": 2},
    });
    assert_eq!(told(grade), (Some(3), None, Some(1.0), Some(2.0), Some(60_000)));
}

#[test]
fn an_edx_answer_is_worth_a_point_at_most() {
    let event = one(edx::read_value(&log_line(
        "problem_check",
        "server",
        json!({
            "problem_id": "p", "attempts": 2, "answers": {"q": "x"},
            "correct_map": {"q": {"correctness": "partially-correct", "npoints": 0.25}},
        }),
    )));
    let told = quiz(&event);
    assert_eq!((told.action, told.attempt, told.correct), (QuizAction::Answered, Some(2), Some(false)));
    assert_eq!((told.score, told.max_score), (Some(0.25), Some(1.0)));
}

#[test]
fn an_xapi_question_that_is_opened_is_of_its_quiz_and_a_group_of_questions_is_one() {
    let opened = |kind: &str, group: bool| {
        let mut statement = on("http://adlnet.gov/expapi/verbs/attempted", json!(kind), Value::Null);
        statement["context"]["contextActivities"]["parent"] =
            json!([{"id": "z", "definition": {"type": "http://adlnet.gov/expapi/activities/assessment"}}]);
        if group {
            statement["object"]["definition"]["interactionType"] = json!("compound");
        }
        quiz(&one(xapi::read(&statement))).quiz.clone()
    };
    let part = "http://adlnet.gov/expapi/activities/question";
    assert_eq!([opened(part, false), opened(part, true)], ["z", "o"]);
    assert_eq!(opened("http://adlnet.gov/expapi/activities/assessment", false), "o");
}

#[test]
fn an_exam_takes_the_time_that_its_submission_tells() {
    for (step, action, elapsed_millis) in
        [("created", QuizAction::Started, None), ("submitted", QuizAction::Submitted, Some(90_000))]
    {
        let event = one(edx::read_value(&log_line(
            &format!("edx.special_exam.timed.attempt.{step}"),
            "server",
            json!({
                "exam_content_id": "z", "exam_name": "Prova", "attempt_id": 7, "attempt_event_elapsed_time_secs": 90,
            }),
        )));
        let told = quiz(&event);
        assert_eq!((told.action, told.quiz.as_str(), told.attempt_id.as_deref()), (action, "z", Some("7")));
        assert_eq!((told.elapsed_millis, event.title.as_deref()), (elapsed_millis, Some("Prova")));
    }
}

#[test]
fn a_membership_without_a_member_is_the_actors_and_tells_nothing_of_the_assignee() {
    let graded = |membership: Value| -> SentEvent {
        one(caliper::read(&json!({
            "type": "GradeEvent", "action": "Graded", "actor": "tutor", "group": "c", "membership": membership,
            "object": {
                "id": "a1", "type": "Attempt", "assignee": "u",
                "assignable": {"id": "i", "type": "AssessmentItem", "isPartOf": "z"},
            },
            "generated": {"scoreGiven": "1", "maxScore": 2, "extensions": {"success": "False"}},
        })))
    };
    let event = graded(json!({"roles": ["Instructor"]}));
    assert_eq!((event.learner.as_deref(), event.role), (Some("u"), Role::Learner));
    let told = quiz(&event);
    assert_eq!((told.action, told.quiz.as_str(), told.question.as_deref()), (QuizAction::Answered, "z", Some("i")));
    assert_eq!((told.score, told.max_score, told.correct), (Some(1.0), Some(2.0), Some(false)));
    assert_eq!(graded(json!({"member": "u", "roles": ["Instructor"]})).role, Role::Staff);
    let mut taught = media("Paused", json!({}));
    taught["membership"] = json!({"roles": ["Instructor"]});
    assert_eq!(one(caliper::read(&taught)).role, Role::Staff);
}

#[test]
fn a_single_role_may_stand_without_its_list() {
    for (roles, role) in [
        (json!("Instructor"), Role::Staff),
        (json!("urn:lti:sysrole:ims/lis/Administrator"), Role::Staff),
        (json!("http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"), Role::Learner),
        (json!(["Instructor"]), Role::Staff),
        (json!(7), Role::Learner),
    ] {
        let mut event = media("Paused", json!({}));
        event["membership"] = json!({"member": "u", "roles": roles});
        assert_eq!(one(caliper::read(&event)).role, role, "{roles}");
    }
}

#[test]
fn an_anonymous_caliper_entity_is_nobody_and_nothing() {
    let anonymous = |kind: &str| json!({"id": format!("http://purl.imsglobal.org/caliper/{kind}"), "type": kind});
    let with = |member: &str, entity: Value| {
        let mut event = media("Paused", json!({}));
        event[member] = entity;
        caliper::read(&event)
    };
    assert_eq!(code(with("actor", anonymous("Person"))), Code::NoLearner);
    assert_eq!(code(with("actor", json!("http://purl.imsglobal.org/caliper/v1/lis/Person"))), Code::NoLearner);
    assert_eq!(code(with("group", anonymous("CourseSection"))), Code::NoCourse);
    assert_eq!(code(with("object", anonymous("VideoObject"))), Code::MissingField);
    assert_eq!(one(with("session", anonymous("Session"))).session, None);
    for named in ["https://lms.test/caliper/Person", "https://lms.test/?from=http://purl.imsglobal.org/caliper/Person"]
    {
        assert_eq!(one(with("actor", json!(named))).learner.as_deref(), Some(named));
    }
    let of_envelope = |event: &Value| caliper::read(&json!({"data": [event]})).remove(0).unwrap().source_id;
    let mut event = media("Paused", json!({}));
    event["id"] = json!("http://purl.imsglobal.org/caliper/Event");
    assert!(matches!(of_envelope(&event), SourceId::Content(_)));
}

#[test]
fn caliper_actions_of_media_and_quizzes_come_to_what_they_mean() {
    for (action, expected) in [
        ("Started", VideoAction::Played),
        ("Restarted", VideoAction::Played),
        ("http://purl.imsglobal.org/vocab/caliper/v1/action#Resumed", VideoAction::Played),
        ("Paused", VideoAction::Paused),
        ("ForwardedTo", VideoAction::Seeked),
        ("Ended", VideoAction::Completed),
        ("ChangedSpeed", VideoAction::Interacted),
        ("Muted", VideoAction::Interacted),
    ] {
        let event = one(caliper::read(&media(action, json!({"currentTime": 710}))));
        assert_eq!(video(&event).action, expected, "{action}");
    }
    let mut audio = media("Paused", json!({}));
    audio["object"]["type"] = json!("AudioObject");
    assert_eq!(code(caliper::read(&audio)), Code::NotRelevant);
    for (action, expected) in
        [("Started", QuizAction::Started), ("Restarted", QuizAction::Started), ("Submitted", QuizAction::Submitted)]
    {
        let event = one(caliper::read(&json!({
            "type": "AssessmentEvent", "action": action, "actor": "u", "group": "c",
            "object": {"id": "z", "type": "Assessment"}, "generated": {"id": "a", "type": "Attempt", "count": 2},
        })));
        assert_eq!((quiz(&event).action, quiz(&event).attempt), (expected, Some(2)), "{action}");
    }
}

#[test]
fn a_roster_line_names_its_user_in_the_payload_and_a_book_is_a_page() {
    let enrolled = |payload: Value| {
        edx::read_value(&json!({
            "name": "edx.course.enrollment.activated", "timestamp": "2026-03-02T19:30:00+00:00",
            "context": {"course_id": "T/M1/2014"}, "data": payload,
        }))
    };
    assert_eq!(one(enrolled(json!({"username": "ana"}))).learner.as_deref(), Some("ana"));
    assert_eq!(one(enrolled(json!({"username": "ana", "user_id": 9}))).learner.as_deref(), Some("9"));
    assert_eq!(code(enrolled(json!({"username": ""}))), Code::NoLearner);
    let mut line = log_line("play_video", "browser", json!({"id": "v", "username": "ana"}));
    (line["username"], line["context"]["user_id"]) = (json!(""), Value::Null);
    assert_eq!(code(edx::read_value(&line)), Code::NoLearner);
    let book =
        log_line("book", "browser", json!("{\"type\": \"gotopage\", \"chapter\": \"/static/1.pdf\", \"new\": 2}"));
    assert_eq!(one(edx::read_value(&book)).body, Body::Viewed { object: "/static/1.pdf".into() });
}

#[test]
fn numbers_that_are_absurd_are_none_and_never_stop_the_event() {
    for odd in
        [json!(1e300), json!(-1e300), json!("NaN"), json!("inf"), json!("1e999"), json!(true), json!({}), json!([])]
    {
        let statement =
            xapi_video("seeked", json!({"time-from": odd, "time-to": odd}), json!({"length": odd, "speed": odd}));
        let event = one(xapi::read(&statement));
        let told = video(&event);
        assert_eq!(
            (told.position_millis, told.to_millis, told.length_millis, told.rate),
            (None, None, None, None),
            "{odd}"
        );
        assert!(event.flags.contains(Flags::LENGTH_IGNORED) && event.flags.contains(Flags::RATE_IGNORED), "{odd}");
        let answer = xapi_quiz("x/answered", json!({"duration": odd, "success": "maybe"}));
        let event = one(xapi::read(&answer));
        assert_eq!((quiz(&event).elapsed_millis, quiz(&event).correct), (None, None), "{odd}");
    }
    let answer = xapi_quiz("x/answered", json!({"score": {"raw": 1e308, "max": 1e-308, "scaled": -3}}));
    let event = one(xapi::read(&answer));
    assert!(event.flags.contains(Flags::SCORE_CLAMPED));
    assert_eq!(quiz(&event).is_correct(), Some(true));
}

#[test]
fn the_same_action_by_way_of_each_protocol_has_the_same_numbers() {
    let seeks = [
        one(xapi::read(&xapi_video("seeked", json!({"time-from": 60.0005, "time-to": "77"}), json!({"length": 600})))),
        one(caliper::read(&media("JumpedTo", json!({"currentTime": "PT1M0.0005S", "extensions": {"newTime": 77}})))),
        one(edx::read_value(&log_line(
            "seek_video",
            "browser",
            json!({"id": "v", "old_time": 60.0005, "new_time": 77, "duration": 600}),
        ))),
        one(edx::read_value(&log_line(
            "edx.video.position.changed",
            "mobile",
            json!({"id": "v", "old_time": "60.0005", "new_time": 77, "duration": 600}),
        ))),
    ];
    for event in &seeks {
        assert_eq!(event.body, seeks[0].body);
    }
    let told = video(&seeks[0]);
    assert_eq!((told.position_millis, told.to_millis, told.length_millis), (Some(60_001), Some(77_000), Some(600_000)));
}
