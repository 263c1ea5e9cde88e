//! The quiz fold against the naive reading: any set of answers, in any order, grouping and repetition.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod make;
mod naive;

use std::collections::{BTreeMap, HashMap};

use make::{Dice, deliveries, dense_quiz_events, quiz_events};
use naive::quiz::Question;
use proptest::prelude::*;
use trilha_core::Folded;
use trilha_core::quiz::QuizItem;
use trilha_core::views::{Counts, QuestionView, QuizView, View};
use trilha_schemas::event::Event;
use trilha_schemas::ids::Pseudonym;

type Items = HashMap<Pseudonym, QuizItem>;

fn pairs<K: Ord + Clone>(counts: &Counts<K>) -> Vec<(K, i64)> {
    counts.iter().map(|(key, count)| (key.clone(), count)).collect()
}

fn as_naive(view: &QuizView) -> BTreeMap<String, Question> {
    view.questions().map(|(name, view)| (name.to_string(), question(view))).collect()
}

fn question(view: &QuestionView) -> Question {
    Question {
        learners: view.learners,
        attempts: view.attempts,
        first_millionths: view.first_millionths,
        first_scored: view.first_scored,
        last_millionths: view.last_millionths,
        last_scored: view.last_scored,
        first_correct: view.first_correct,
        attempts_per_learner: pairs(&view.attempts_per_learner),
        responses_first: pairs(&view.responses_first),
        responses_last: pairs(&view.responses_last),
        elapsed: pairs(&view.elapsed),
        titles: pairs(&view.titles),
    }
}

fn fold(items: &mut Items, calls: &[(Pseudonym, Vec<Event>)], dice: &mut Dice) -> (Vec<QuizView>, Folded) {
    let mut folded = Folded::default();
    let mut deltas = Vec::new();
    for (learner, events) in calls {
        let item = items.entry(*learner).or_default();
        let mut delta = QuizView::default();
        folded += item.fold(events, &mut delta);
        deltas.push(delta);
        if dice.roll(2) == 0 {
            let stored = item.encode();
            *item = QuizItem::decode(&stored).expect("an item reads back");
            assert_eq!(item.encode(), stored);
        }
    }
    (deltas, folded)
}

fn sum<'v>(deltas: impl IntoIterator<Item = &'v QuizView>) -> QuizView {
    deltas.into_iter().fold(QuizView::default(), |mut sum, delta| {
        sum.add(delta);
        sum
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_delivery_gives_the_naive_totals(events in quiz_events(), seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let expected = naive::quiz::quiz(&events);
        let mut stored = None;
        for _ in 0..3 {
            let mut items = Items::new();
            let calls = deliveries(&events, &mut dice);
            let (mut deltas, folded) = fold(&mut items, &calls, &mut dice);
            prop_assert_eq!(folded.beyond_state(), 0);
            let view = sum(&deltas);
            prop_assert_eq!(&as_naive(&view), &expected);
            dice.shuffle(&mut deltas);
            prop_assert_eq!(&sum(&deltas), &view);
            prop_assert_eq!(&QuizView::decode(&view.encode()).expect("a view reads back"), &view);

            let bytes: BTreeMap<_, _> = items.iter().map(|(learner, item)| (*learner, item.encode())).collect();
            prop_assert_eq!(stored.get_or_insert_with(|| bytes.clone()), &bytes);

            let (again, folded) = fold(&mut items, &calls, &mut dice);
            prop_assert_eq!(folded.applied, 0);
            prop_assert!(again.iter().all(View::is_zero));
        }
    }

    /// After every answer, not at the end alone: attempts that begin earlier, that grow, that become one.
    #[test]
    fn every_prefix_of_answers_in_any_order_gives_the_naive_totals(events in dense_quiz_events(), seed in any::<u64>()) {
        let mut events = events;
        Dice(seed).shuffle(&mut events);
        let (mut item, mut view) = (QuizItem::default(), QuizView::default());
        for end in 1..=events.len() {
            item.fold([&events[end - 1]], &mut view);
            prop_assert_eq!(as_naive(&view), naive::quiz::quiz(&events[..end]));
        }
        prop_assert_eq!(QuizItem::decode(&item.encode()).expect("an item reads back").encode(), item.encode());
    }
}
