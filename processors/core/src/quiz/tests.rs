use trilha_schemas::event::{Body, Event, Protocol, QuizAction, QuizEvent, Role, Source};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};

use super::QuizItem;
use crate::views::{Counts, QuestionView, QuizView};

/// An answer at a time in milliseconds; ids go with time.
fn answer(time_millis: i64, change: impl FnOnce(&mut QuizEvent)) -> Event {
    let mut quiz = QuizEvent { quiz: "z".into(), question: Some("q".into()), ..QuizEvent::default() };
    change(&mut quiz);
    let mut id = [0; 16];
    id[..8].copy_from_slice(&(time_millis as u64).to_be_bytes());
    Event {
        id: EventId(id),
        learner: Pseudonym([1; 16]),
        course: "c".into(),
        session: None,
        role: Role::Learner,
        title: None,
        time_millis: Some(time_millis),
        arrival_millis: time_millis,
        zone_offset_minutes: 0,
        settings_version: 1,
        flags: Flags::empty(),
        protocol: Protocol::Native,
        source: Source::None,
        body: Body::Quiz(quiz),
    }
}

fn said(time_millis: i64, response: &str) -> Event {
    answer(time_millis, |quiz| quiz.response = Some(response.into()))
}

fn scored(quiz: &mut QuizEvent, score: f64, max_score: f64) {
    (quiz.score, quiz.max_score) = (Some(score), Some(max_score));
}

/// Folds in every rotation of the order, one call an answer, and stored between calls; all must agree.
fn fold(events: &[Event]) -> QuestionView {
    let mut views = (0..events.len()).map(|by| {
        let (mut item, mut view) = (QuizItem::default(), QuizView::default());
        for event in events.iter().cycle().skip(by).take(events.len()) {
            item.fold([event], &mut view);
            item = QuizItem::decode(&item.encode()).unwrap();
        }
        view.questions().next().map(|(_, view)| view.clone()).unwrap_or_default()
    });
    let first = views.next().unwrap();
    views.for_each(|view| assert_eq!(view, first));
    first
}

fn attempts(events: &[Event], expected: i64) {
    let view = fold(events);
    assert_eq!((view.learners, view.attempts), (1, expected), "{events:#?}");
    assert_eq!(view.attempts_per_learner.iter().collect::<Vec<_>>(), [(&expected, 1)]);
}

fn only<K: Ord + Clone>(counts: &Counts<K>) -> Vec<K> {
    counts
        .iter()
        .map(|(key, count)| (key.clone(), count))
        .inspect(|(_, count)| assert_eq!(*count, 1))
        .map(|(key, _)| key)
        .collect()
}

#[test]
fn a_learner_counts_for_the_title_that_they_saw_last() {
    let titled = |time, title: &str| Event { title: Some(title.into()), ..said(time, "a") };
    let titles = |events: &[Event]| only(&fold(events).titles);
    assert_eq!(titles(&[titled(1, "old"), titled(3, "new"), said(4, "b")]), ["new"]);
    assert_eq!(titles(&[titled(1, "one"), titled(2, "other"), titled(3, "one")]), ["one"]);
    assert_eq!(titles(&[titled(1, "same"), titled(5, "same"), titled(3, "between")]), ["same"]);
}

#[test]
fn an_attempt_is_told_by_its_number_else_its_id_else_by_itself() {
    let numbered = |time, number| answer(time, |quiz| quiz.attempt = Some(number));
    let named = |time, id: &str| answer(time, |quiz| quiz.attempt_id = Some(id.into()));
    attempts(&[numbered(0, 1), numbered(90_000, 1), numbered(5, 2)], 2);
    attempts(&[named(0, "a"), named(90_000, "a"), named(1, "b")], 2);
    attempts(&[numbered(0, 1), named(1, "a"), said(2, "x")], 3);
    // With both, the number counts.
    let both = |time, id: &str| answer(time, |quiz| (quiz.attempt, quiz.attempt_id) = (Some(1), Some(id.into())));
    attempts(&[both(0, "a"), both(9_000, "b")], 1);
}

#[test]
fn equal_responses_within_five_seconds_are_one_submission() {
    attempts(&[said(0, "x"), said(5_000, "x")], 1);
    attempts(&[said(0, "x"), said(5_001, "x")], 2);
    attempts(&[said(0, "x"), said(4_000, "x"), said(8_000, "x")], 1);
    attempts(&[said(0, "x"), said(1_000, "y"), said(2_000, "x")], 2);
    attempts(&[answer(0, |_| {}), answer(5_000, |_| {})], 1);
    // A late one joins what it lies between.
    attempts(&[said(0, "x"), said(8_000, "x"), said(4_000, "x")], 1);
    let timeless = |mut event: Event| {
        event.time_millis = None;
        event
    };
    attempts(&[timeless(said(0, "x")), timeless(said(1, "x")), said(2, "x"), said(3, "x")], 3);
    attempts(&[said(0, "x"), timeless(said(1, "x")), said(2, "x")], 2);
}

#[test]
fn attempts_are_ordered_by_number_then_earliest_time() {
    let numbered = |time, number, response: &str| {
        answer(time, |quiz| (quiz.attempt, quiz.response) = (Some(number), Some(response.into())))
    };
    let view = fold(&[numbered(9, 1, "first"), numbered(1, 2, "second"), said(0, "loose")]);
    assert_eq!(only(&view.responses_first), ["first"]);
    assert_eq!(only(&view.responses_last), ["loose"]);
    let view = fold(&[said(20_000, "b"), said(10_000, "a"), said(30_000, "c")]);
    assert_eq!((only(&view.responses_first), only(&view.responses_last)), (vec!["a".into()], vec!["c".to_string()]));
}

#[test]
fn a_score_speaks_before_a_verdict_then_the_latest() {
    let one = |time, change: &dyn Fn(&mut QuizEvent)| {
        answer(time, |quiz| {
            quiz.attempt = Some(1);
            change(quiz);
        })
    };
    let graded = one(1, &|quiz| scored(quiz, 1.0, 4.0));
    let judged = one(5, &|quiz| quiz.correct = Some(true));
    let bare = one(9, &|quiz| quiz.response = Some("x".into()));
    let view = fold(&[graded, judged.clone(), bare.clone()]);
    assert_eq!((view.first_millionths, view.first_correct), (250_000, 0));
    assert!(view.responses_first.is_empty());
    let view = fold(&[judged, bare]);
    assert_eq!((view.first_millionths, view.first_correct), (1_000_000, 1));
    // A regrade wins.
    let view = fold(&[one(1, &|quiz| scored(quiz, 1.0, 4.0)), one(7, &|quiz| scored(quiz, 3.0, 4.0))]);
    assert_eq!((view.first_millionths, view.last_millionths, view.attempts), (750_000, 750_000, 1));
}

#[test]
fn scores_are_millionths_of_the_points_possible() {
    let check = |change: &dyn Fn(&mut QuizEvent), millionths: Option<i64>, correct: i64| {
        let view = fold(&[answer(0, change)]);
        let got = (view.first_scored == 1).then_some(view.first_millionths);
        assert_eq!((view.last_scored, view.last_millionths), (view.first_scored, view.first_millionths));
        assert_eq!((got, view.first_correct), (millionths, correct));
    };
    check(&|quiz| scored(quiz, 1.0, 3.0), Some(333_333), 0);
    check(&|quiz| scored(quiz, 2.0, 3.0), Some(666_667), 0);
    check(&|quiz| scored(quiz, 2.0, 2.0), Some(1_000_000), 1);
    check(&|quiz| scored(quiz, 5.0, 2.0), Some(1_000_000), 1);
    check(&|quiz| scored(quiz, -1.0, 2.0), Some(0), 0);
    check(&|quiz| scored(quiz, 1.0, 0.0), None, 0);
    check(&|quiz| quiz.correct = Some(true), Some(1_000_000), 1);
    check(&|quiz| quiz.correct = Some(false), Some(0), 0);
    check(&|quiz| quiz.scaled = Some(0.5), Some(500_000), 0);
    check(&|quiz| quiz.scaled = Some(1.0), Some(1_000_000), 1);
    check(&|_| {}, None, 0);
    // The flag goes before the score.
    check(
        &|quiz| {
            scored(quiz, 2.0, 2.0);
            quiz.correct = Some(false);
        },
        Some(1_000_000),
        0,
    );
}

#[test]
fn elapsed_is_whole_seconds_up_to_an_hour_of_every_attempt() {
    let took = |time, millis| answer(time, |quiz| quiz.elapsed_millis = Some(millis));
    let events =
        [took(0, 999), took(10_000, 1_000), took(20_000, 3_600_999), took(30_000, 9_000_000), took(40_000, -1)];
    let view = fold(&events);
    assert_eq!(view.elapsed.iter().collect::<Vec<_>>(), [(&0, 1), (&1, 1), (&3_600, 2)]);
}

#[test]
fn responses_are_cut_to_200_characters() {
    let view = fold(&[said(0, &"é".repeat(201))]);
    assert_eq!(only(&view.responses_first), ["é".repeat(200)]);
    assert_eq!(only(&fold(&[said(0, "")]).responses_first), [""]);
}

#[test]
fn only_answers_count() {
    for action in [QuizAction::Started, QuizAction::Submitted] {
        let event = answer(0, |quiz| (quiz.action, quiz.question) = (action, None));
        let (mut item, mut view) = (QuizItem::default(), QuizView::default());
        assert!(!item.fold([&event], &mut view).changed());
        assert_eq!(view, QuizView::default());
    }
}

#[test]
fn a_repeat_changes_nothing_and_is_told() {
    let (mut item, mut view) = (QuizItem::default(), QuizView::default());
    item.fold([&said(0, "x")], &mut view);
    let before = view.clone();
    let again = item.fold([&said(0, "x")], &mut view);
    assert_eq!((again.applied, again.duplicates, again.changed()), (0, 1, false));
    assert_eq!(view, before);
}

#[test]
fn damaged_bytes_are_refused_and_never_panic() {
    let mut item = QuizItem::default();
    item.fold(&[said(0, "x"), answer(9_000, |quiz| scored(quiz, 1.0, 3.0))], &mut QuizView::default());
    let stored = item.encode();
    (0..stored.len()).for_each(|end| assert!(QuizItem::decode(&stored[..end]).is_err(), "cut at {end}"));
    for at in 0..stored.len() {
        let mut flipped = stored.clone();
        flipped[at] ^= 0x80;
        let _ = QuizItem::decode(&flipped);
    }
}

/// How many answers fit an item, which is stored and read again on the way.
fn fit(change: impl Fn(i64, &mut QuizEvent), title: Option<String>) -> u32 {
    let (mut item, mut applied) = (QuizItem::default(), 0);
    for at in 0..4_096 {
        let event = Event { title: title.clone(), ..answer(at * 10_000, |quiz| change(at, quiz)) };
        let folded = item.fold([&event], &mut QuizView::default());
        applied += folded.applied;
        if folded.beyond_state() > 0 {
            return applied;
        }
        if at % 500 == 499 {
            item = QuizItem::decode(&item.encode()).unwrap();
        }
    }
    panic!("all fit")
}

#[test]
fn an_item_is_full_at_64_kb_by_what_its_answers_take_at_most() {
    // 40 bytes of the 65,536 are the header's, 7 the question's with its name; an answer takes 28.
    assert_eq!(fit(|_, _| {}, None), (65_536 - 40 - 7) / 28);
    // 2 more for each text, and the text.
    let told = |_, quiz: &mut QuizEvent| (quiz.attempt_id, quiz.response) = (Some("ab".into()), Some("xyz".into()));
    assert_eq!(fit(told, None), (65_536 - 40 - 7) / (28 + 4 + 5));
    // 8 more for one that is longer than what is kept of it.
    assert_eq!(fit(|_, quiz| quiz.response = Some("x".repeat(201)), None), (65_536 - 40 - 7) / (28 + 202 + 8));
    // A question takes 6 and its name.
    assert_eq!(fit(|at, quiz| quiz.question = Some(format!("{at:04}")), None), (65_536 - 40) / (28 + 10));
    assert_eq!(fit(|at, quiz| quiz.question = Some(format!("{at:060}")), None), (65_536 - 40) / (28 + 66));
    // Full is full to the last byte: 261 of these and 1,994 of those come to it.
    let exactly = |at, quiz: &mut QuizEvent| {
        if at < 261 {
            told(at, quiz)
        }
    };
    assert_eq!(65_536 - 40 - 7, 261 * 37 + 1_994 * 28);
    assert_eq!(fit(exactly, None), 261 + 1_994);
    // A title takes 19 and its text; an answer is taken to bring one more.
    assert_eq!(fit(|_, _| {}, Some("T".repeat(181))), (65_536 - 40 - 7 - 200 - 200) / 28);
}

/// Items are read for ever.
#[test]
fn the_stored_form_of_version_1_stays() {
    let mut item = QuizItem::default();
    let events = [
        Event { title: Some("Título".into()), ..said(1_000, &"é".repeat(201)) },
        Event { time_millis: None, ..answer(2_000, |quiz| quiz.correct = Some(true)) },
        answer(3_000, |quiz| {
            scored(quiz, 1.0, 3.0);
            (quiz.attempt, quiz.correct, quiz.elapsed_millis) = (Some(300), Some(false), Some(90_000));
        }),
        answer(4_000, |quiz| (quiz.attempt_id, quiz.question) = (Some("a".into()), Some("r".into()))),
        Event { protocol: Protocol::Xapi, ..answer(5_000, |quiz| quiz.question = Some("z".into())) },
    ];
    item.fold(&events, &mut QuizView::default());
    let stored: String = item.encode().iter().map(|byte| format!("{byte:02x}")).collect();
    let before = "010103017101d00f00000000000003e80754c3ad74756c6f0300000000000003e80208d00f9003";
    let after = "3821f1b32e730d3a00000000000007d000d1d00fc0843d0000000000000bb80162d00fac0295ac14b40101720001000\
        0000000000fa00004c03e0161017a000100000000000013880400904e";
    assert_eq!(stored, [before, &"c3a9".repeat(200), after].concat());
    assert_eq!(QuizItem::decode(&item.encode()).unwrap().encode(), item.encode());
}

/// Attempts by question, of events folded in every rotation of their order.
fn attempts_by_question(events: &[Event]) -> Vec<(String, i64)> {
    let mut views = (0..events.len()).map(|by| {
        let (mut item, mut view) = (QuizItem::default(), QuizView::default());
        for event in events.iter().cycle().skip(by).take(events.len()) {
            item.fold([event], &mut view);
            item = QuizItem::decode(&item.encode()).unwrap();
        }
        view.questions().map(|(question, view)| (question.to_string(), view.attempts)).collect::<Vec<_>>()
    });
    let first = views.next().unwrap();
    views.for_each(|view| assert_eq!(view, first, "{events:#?}"));
    first
}

#[test]
fn a_statement_on_the_whole_quiz_counts_only_where_no_question_of_its_own_does() {
    let on = |time: i64, question: &str| answer(time, |quiz| quiz.question = Some(question.into()));
    let whole = |time: i64| Event { protocol: Protocol::Xapi, title: Some("All of it".into()), ..on(time, "z") };
    let check = |events: &[Event], expected: &[(&str, i64)]| {
        let expected: Vec<_> = expected.iter().map(|(question, attempts)| (question.to_string(), *attempts)).collect();
        assert_eq!(attempts_by_question(events), expected, "{events:#?}");
    };
    check(&[whole(0), whole(60_000)], &[("z", 2)]);
    check(&[whole(0), whole(60_000), on(1, "q")], &[("q", 1)]);
    check(&[on(0, "q"), on(1, "r"), on(60_000, "q"), whole(2)], &[("q", 2), ("r", 1)]);
    // Another protocol's question of the quiz's name is one of its own, until a statement on the whole has that name too.
    check(&[on(0, "z"), on(1, "q")], &[("q", 1), ("z", 1)]);
    check(&[on(0, "z"), on(1, "q"), whole(60_000)], &[("q", 1)]);
}

#[test]
fn first_scores_are_those_of_the_questions_that_count() {
    let of = |question: &'static str, number: u32, score: f64| {
        move |quiz: &mut QuizEvent| {
            (quiz.question, quiz.attempt) = (Some(question.into()), Some(number));
            scored(quiz, score, 4.0);
        }
    };
    let parent = Event { protocol: Protocol::Xapi, ..answer(9_000, of("z", 1, 4.0)) };
    let said = [
        answer(5_000, of("q1", 2, 4.0)),
        answer(6_000, of("q1", 1, 1.0)),
        answer(7_000, |quiz| quiz.attempt = Some(1)),
    ];
    let mut item = QuizItem::default();
    item.fold([&parent], &mut QuizView::default());
    assert_eq!(item.first_scores().collect::<Vec<_>>(), [("z", 1_000_000)], "it stands for the quiz while it is alone");
    item.fold(&said, &mut QuizView::default());
    let item = QuizItem::decode(&item.encode()).unwrap();
    assert_eq!(item.first_scores().collect::<Vec<_>>(), [("q1", 250_000)], "the other has no score");
    assert_eq!(item.last_millis(), Some(9_000));
    assert_eq!(QuizItem::default().last_millis(), None);
}
