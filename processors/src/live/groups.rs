//! A batch's events by the items that they touch.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use trilha_core::activity::Moment;
use trilha_schemas::event::{BodyOf, EventOf, QuizAction, Role};
use trilha_schemas::flags::Flags;
use trilha_schemas::record::{Record, Span, Symbol};
use trilha_schemas::sequence::SequenceNumber;

use super::names::{LearnerName, Names};
use super::state::LearnerKind;
use crate::batch::{Batch, Content};

/// Where an event lies in its batch. Ordered as the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Placed {
    pub record: u32,
    index: u32,
}

/// The events of a batch that count, by learner item, and the descriptions, by object.
pub(super) struct Groups<'b> {
    batch: &'b Batch,
    /// In order of first event; each group's events in order of the stream.
    pub learners: Vec<(LearnerName, Vec<Placed>)>,
    /// Of the groups of activity, when each of their events was: most say nothing more.
    pub moments: Vec<Vec<Moment>>,
    pub descriptions: Vec<(u32, u32, Placed)>,
    at: HashMap<LearnerName, u32, RandomState>,
}

/// The symbols of one record's texts, so that each text is looked up once a record.
struct Known {
    courses: Vec<Option<u32>>,
    objects: Vec<Option<u32>>,
    last: Last,
}

/// The groups that the event before fell into; events of one learner mostly stand together.
#[derive(Default)]
struct Last {
    own: Option<(LearnerName, u32)>,
    activity: Option<(LearnerName, u32)>,
}

impl<'b> Groups<'b> {
    /// Groups the events of records after a sequence number.
    pub(super) fn of(batch: &'b Batch, done: Option<SequenceNumber>, names: &mut Names) -> Groups<'b> {
        let mut groups = Groups {
            batch,
            learners: Vec::new(),
            moments: Vec::new(),
            descriptions: Vec::new(),
            at: HashMap::default(),
        };
        for (at, record) in batch.records.iter().enumerate() {
            if let (Content::Events(events), true) = (&record.content, Some(record.sequence_number) > done) {
                groups.add_record(at as u32, events, names);
            }
        }
        groups
    }

    fn add_record(&mut self, at: u32, record: &Record, names: &mut Names) {
        let none = || vec![None; record.texts().count()];
        let mut known = Known { courses: none(), objects: none(), last: Last::default() };
        for index in 0..record.len() {
            let event = record.event(index);
            let course = &mut known.courses[event.course.index()];
            let course = match *course {
                Some(course) => course,
                None => *course.insert(names.course_symbol(record.tenant(), record.texts().get(event.course))),
            };
            let mut object = |symbol: Symbol| {
                let known = &mut known.objects[symbol.index()];
                known.unwrap_or_else(|| *known.insert(names.object_symbol(record.texts().get(symbol))))
            };
            let own = match &event.body {
                BodyOf::Described(description) => Some(object(description.object)),
                BodyOf::Video(video) => Some(object(video.video)),
                BodyOf::Quiz(quiz) if quiz.action == QuizAction::Answered => Some(object(quiz.quiz)),
                _ => None,
            };
            self.add(&mut known.last, &event, course, own, Placed { record: at, index: index as u32 });
        }
    }

    fn add(&mut self, last: &mut Last, event: &EventOf<Symbol, Span>, course: u32, own: Option<u32>, placed: Placed) {
        if let (BodyOf::Described(_), Some(object)) = (&event.body, own) {
            return self.descriptions.push((course, object, placed));
        }
        if event.role != Role::Learner || event.flags.contains(Flags::OTHER_PROTOCOL) {
            return;
        }
        let learner = event.learner;
        if let Some(object) = own {
            let kind = if matches!(event.body, BodyOf::Video(_)) { LearnerKind::Video } else { LearnerKind::Quiz };
            self.push(LearnerName { learner, course, kind, object }, &mut last.own, placed);
        }
        let activity = LearnerName { learner, course, kind: LearnerKind::Activity, object: 0 };
        let at = self.push(activity, &mut last.activity, placed);
        self.moments[at].push(Moment::of(event));
    }

    fn push(&mut self, name: LearnerName, last: &mut Option<(LearnerName, u32)>, placed: Placed) -> usize {
        let at = match last {
            Some((there, at)) if *there == name => *at,
            _ => {
                let at = *self.at.entry(name).or_insert_with(|| {
                    self.learners.push((name, Vec::new()));
                    self.moments.push(Vec::new());
                    self.learners.len() as u32 - 1
                });
                *last = Some((name, at));
                at
            }
        };
        self.learners[at as usize].1.push(placed);
        at as usize
    }

    /// The event itself, and where its texts are.
    pub(super) fn event(&self, placed: Placed) -> Option<(EventOf<Symbol, Span>, &'b Record)> {
        match &self.batch.records[placed.record as usize].content {
            Content::Events(record) => Some((record.event(placed.index as usize), record)),
            _ => None,
        }
    }

    /// The sequence number of its record.
    pub(super) fn number(&self, placed: Placed) -> SequenceNumber {
        self.batch.records[placed.record as usize].sequence_number
    }

    /// The first record after a sequence number.
    pub(super) fn record_after(&self, number: Option<SequenceNumber>) -> u32 {
        self.batch.records.partition_point(|record| Some(record.sequence_number) <= number) as u32
    }
}
