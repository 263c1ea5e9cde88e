//! The fold: learner items and views, in memory, without storing either.

use std::collections::HashMap;
use std::hash::Hash;

use trilha_benches::REQUEST_EVENTS;
use trilha_core::Folded;
use trilha_core::activity::{ActivityChange, ActivityItem};
use trilha_core::quiz::QuizItem;
use trilha_core::video::VideoItem;
use trilha_core::views::{QuizView, VideoView};
use trilha_schemas::event::{Body, Event, QuizAction, Role};

use crate::Group;

/// From empty items; batches of 500 events, each item's events of a batch in one call, as the live processor does.
pub(crate) fn bench(group: &mut Group<'_>, events: &[Event]) {
    let batches = Batches::of(events);
    group.bench_function("folded into learner items and views", |bencher| {
        bencher.iter(|| batches.fold());
    });
}

struct Batches<'e> {
    videos: Calls<'e>,
    quizzes: Calls<'e>,
    activity: Calls<'e>,
}

impl<'e> Batches<'e> {
    fn of(events: &'e [Event]) -> Batches<'e> {
        let learners: Vec<&Event> = events.iter().filter(|event| event.role == Role::Learner).collect();
        Batches {
            videos: Calls::of(&learners, |event| match &event.body {
                Body::Video(video) => Some(&video.video),
                _ => None,
            }),
            quizzes: Calls::of(&learners, |event| match &event.body {
                Body::Quiz(quiz) if quiz.action == QuizAction::Answered => Some(&quiz.quiz),
                _ => None,
            }),
            activity: Calls::of(&learners, |event| Some(&event.course)),
        }
    }

    fn fold(&self) -> Folded {
        let mut folded = self
            .videos
            .fold(|item: &mut VideoItem, events, view: &mut VideoView| item.fold(events.iter().copied(), view));
        folded += self
            .quizzes
            .fold(|item: &mut QuizItem, events, view: &mut QuizView| item.fold(events.iter().copied(), view));
        folded += self
            .activity
            .fold(|item: &mut ActivityItem, events, view: &mut ActivityChange| item.fold(events.iter().copied(), view));
        assert!(folded.applied > 0 && folded.beyond.is_empty());
        folded
    }
}

/// Calls of one kind's fold, in order: which item, which view, which events.
struct Calls<'e> {
    items: usize,
    views: usize,
    calls: Vec<(usize, usize, Vec<&'e Event>)>,
}

impl<'e> Calls<'e> {
    /// An item per learner, course and object; a view per course and object.
    fn of(events: &[&'e Event], object: impl Fn(&'e Event) -> Option<&'e String>) -> Calls<'e> {
        let (mut items, mut views) = (Places::default(), Places::default());
        let mut calls = Vec::new();
        for batch in events.chunks(REQUEST_EVENTS) {
            let mut call_of = Places::default();
            let first = calls.len();
            for event in batch {
                let Some(object) = object(event) else { continue };
                let item = items.of((event.learner, &event.course, object));
                let at = first + call_of.of(item);
                if at == calls.len() {
                    calls.push((item, views.of((&event.course, object)), Vec::new()));
                }
                calls[at].2.push(*event);
            }
        }
        Calls { items: items.0.len(), views: views.0.len(), calls }
    }

    fn fold<I: Default, V: Default>(&self, fold: impl Fn(&mut I, &[&'e Event], &mut V) -> Folded) -> Folded {
        let mut items: Vec<I> = (0..self.items).map(|_| I::default()).collect();
        let mut views: Vec<V> = (0..self.views).map(|_| V::default()).collect();
        let mut folded = Folded::default();
        for (item, view, events) in &self.calls {
            folded += fold(&mut items[*item], events, &mut views[*view]);
        }
        folded
    }
}

/// Numbers names in the order in which they come.
struct Places<K>(HashMap<K, usize>);

impl<K> Default for Places<K> {
    fn default() -> Self {
        Places(HashMap::new())
    }
}

impl<K: Eq + Hash> Places<K> {
    fn of(&mut self, name: K) -> usize {
        let next = self.0.len();
        *self.0.entry(name).or_insert(next)
    }
}
