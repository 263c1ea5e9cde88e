//! Learner items as they grow, and how large they are.

use std::collections::{HashMap, HashSet};

use trilha_core::Folded;
use trilha_core::activity::{ActivityChange, ActivityItem};
use trilha_core::quiz::QuizItem;
use trilha_core::video::VideoItem;
use trilha_core::views::{QuizView, VideoView};
use trilha_schemas::event::{Body, Event, QuizAction, Role};
use trilha_schemas::ids::Pseudonym;

/// All items of some learners.
pub(crate) struct Items {
    videos: Kind<VideoItem>,
    quizzes: Kind<QuizItem>,
    activities: Kind<ActivityItem>,
    events: usize,
}

impl Items {
    /// None yet; writes are counted for batches of so many events.
    pub(crate) fn new(batches: &[usize]) -> Items {
        Items { videos: Kind::new(batches), quizzes: Kind::new(batches), activities: Kind::new(batches), events: 0 }
    }

    /// Folds the next event into the items that it touches.
    pub(crate) fn fold(&mut self, event: &Event) {
        if event.role == Role::Learner {
            match &event.body {
                Body::Video(video) => {
                    let fold = |item: &mut VideoItem| item.fold([event], &mut VideoView::default());
                    self.videos.fold(event, &video.video, fold);
                }
                Body::Quiz(quiz) if quiz.action == QuizAction::Answered => {
                    let fold = |item: &mut QuizItem| item.fold([event], &mut QuizView::default());
                    self.quizzes.fold(event, &quiz.quiz, fold);
                }
                _ => {}
            }
            let fold = |item: &mut ActivityItem| item.fold([event], &mut ActivityChange::default());
            self.activities.fold(event, "", fold);
        }
        self.events += 1;
        self.videos.end_batches(self.events, VideoItem::encode);
        self.quizzes.end_batches(self.events, QuizItem::encode);
        self.activities.end_batches(self.events, ActivityItem::encode);
    }

    /// Prints a line a kind, and what writes took. Answers what a write takes in the mean, for each size of batches.
    pub(crate) fn print(&self, title: &str) -> Vec<usize> {
        println!("{title}");
        self.videos.print("video", VideoItem::encode);
        self.quizzes.print("quiz", QuizItem::encode);
        self.activities.print("activity", ActivityItem::encode);
        let mut means = Vec::new();
        for at in 0..self.videos.writes.len() {
            let writes = [&self.videos.writes[at], &self.quizzes.writes[at], &self.activities.writes[at]];
            let (count, bytes) = (sum(writes.map(|writes| writes.count)), sum(writes.map(|writes| writes.bytes)));
            let each = writes.map(|writes| writes.bytes.checked_div(writes.count).unwrap_or(0));
            let mean = bytes.checked_div(count).unwrap_or(0);
            println!(
                "  writes, batches of {}: {count}, {mean} bytes in the mean (video {}, quiz {}, activity {})",
                writes[0].batch, each[0], each[1], each[2],
            );
            means.push(mean);
        }
        means
    }
}

fn sum(numbers: [usize; 3]) -> usize {
    numbers.iter().sum()
}

/// The items of one kind.
struct Kind<I> {
    at: HashMap<(Pseudonym, String, String), usize>,
    items: Vec<Grown<I>>,
    writes: Vec<Writes>,
}

#[derive(Default)]
struct Grown<I> {
    item: I,
    events: usize,
    beyond: usize,
}

/// The writes of items that batches changed.
struct Writes {
    batch: usize,
    changed: HashSet<usize>,
    count: usize,
    bytes: usize,
}

impl<I: Default> Kind<I> {
    fn new(batches: &[usize]) -> Kind<I> {
        let writes = batches.iter().map(|batch| Writes { batch: *batch, changed: HashSet::new(), count: 0, bytes: 0 });
        Kind { at: HashMap::new(), items: Vec::new(), writes: writes.collect() }
    }

    fn fold(&mut self, event: &Event, object: &str, fold: impl FnOnce(&mut I) -> Folded) {
        let name = (event.learner, event.course.clone(), object.to_string());
        let at = *self.at.entry(name).or_insert_with(|| {
            self.items.push(Grown::default());
            self.items.len() - 1
        });
        let grown = &mut self.items[at];
        let folded = fold(&mut grown.item);
        grown.events += folded.applied as usize;
        grown.beyond += folded.beyond.len();
        if folded.changed() {
            self.writes.iter_mut().for_each(|writes| _ = writes.changed.insert(at));
        }
    }

    fn end_batches(&mut self, events: usize, encode: fn(&I) -> Vec<u8>) {
        for writes in self.writes.iter_mut().filter(|writes| events.is_multiple_of(writes.batch)) {
            writes.count += writes.changed.len();
            writes.bytes += writes.changed.drain().map(|at| encode(&self.items[at].item).len()).sum::<usize>();
        }
    }

    fn print(&self, kind: &str, encode: fn(&I) -> Vec<u8>) {
        if self.items.is_empty() {
            return;
        }
        let bytes = Spread::of(self.items.iter().map(|grown| encode(&grown.item).len()).collect());
        let events = Spread::of(self.items.iter().map(|grown| grown.events).collect());
        let beyond: usize = self.items.iter().map(|grown| grown.beyond).sum();
        println!(
            "  {kind}: {} items, {} bytes in the mean, median {}, 99th percentile {}, worst {}; {} events in the mean, \
             most {}; {beyond} beyond state",
            self.items.len(),
            bytes.mean,
            bytes.median,
            bytes.percentile_99,
            bytes.most,
            events.mean,
            events.most,
        );
    }
}

struct Spread {
    mean: usize,
    median: usize,
    percentile_99: usize,
    most: usize,
}

impl Spread {
    fn of(mut values: Vec<usize>) -> Spread {
        values.sort_unstable();
        // The least value that so many of a hundred do not exceed.
        let percentile = |share: usize| values[(values.len() * share).div_ceil(100).max(1) - 1];
        let mean = values.iter().sum::<usize>() / values.len();
        Spread { mean, median: percentile(50), percentile_99: percentile(99), most: percentile(100) }
    }
}
