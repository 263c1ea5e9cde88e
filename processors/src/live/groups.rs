//! A batch's events by the items that they touch.

use std::collections::HashMap;

use trilha_core::keys;
use trilha_live::port::Key;
use trilha_schemas::event::{Body, Event, QuizAction, Role};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::sequence::SequenceNumber;

use super::state::LearnerKind;
use crate::batch::{Batch, Content};

/// An event with the sequence number of its record.
pub(super) type Placed<'b> = (SequenceNumber, &'b Event);

/// Names a learner item within a batch; course and object are symbols, object 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LearnerName {
    pub learner: Pseudonym,
    pub course: u32,
    pub kind: LearnerKind,
    pub object: u32,
}

/// The events of a batch that count, by learner item, and the descriptions, by object.
#[derive(Default)]
pub(super) struct Groups<'b> {
    /// In order of first event; each group's events in order of the stream.
    pub learners: Vec<(LearnerName, Vec<Placed<'b>>)>,
    pub descriptions: Vec<(u32, u32, Placed<'b>)>,
    at: HashMap<LearnerName, usize>,
    courses: Symbols<(&'b str, &'b str)>,
    objects: Symbols<&'b str>,
}

struct Symbols<T> {
    texts: Vec<T>,
    at: HashMap<T, u32>,
}

impl<T> Default for Symbols<T> {
    fn default() -> Self {
        Symbols { texts: Vec::new(), at: HashMap::new() }
    }
}

impl<T: Copy + Eq + std::hash::Hash> Symbols<T> {
    fn of(&mut self, text: T) -> u32 {
        *self.at.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() as u32 - 1
        })
    }
}

impl<'b> Groups<'b> {
    /// Groups the events of records after a sequence number.
    pub(super) fn of(batch: &'b Batch, done: Option<SequenceNumber>) -> Groups<'b> {
        let mut groups = Groups::default();
        for record in batch.records.iter().filter(|record| Some(record.sequence_number) > done) {
            if let Content::Events { tenant, events } = &record.content {
                events.iter().for_each(|event| groups.add(tenant, (record.sequence_number, event)));
            }
        }
        groups
    }

    fn add(&mut self, tenant: &'b str, placed: Placed<'b>) {
        let event = placed.1;
        let course = self.courses.of((tenant, &event.course));
        if let Body::Described(description) = &event.body {
            let object = self.objects.of(&description.object);
            return self.descriptions.push((course, object, placed));
        }
        if event.role != Role::Learner || event.flags.contains(Flags::OTHER_PROTOCOL) {
            return;
        }
        match &event.body {
            Body::Video(video) => self.push(event, course, LearnerKind::Video, &video.video, placed),
            Body::Quiz(quiz) if quiz.action == QuizAction::Answered => {
                self.push(event, course, LearnerKind::Quiz, &quiz.quiz, placed);
            }
            _ => {}
        }
        self.push(event, course, LearnerKind::Activity, "", placed);
    }

    fn push(&mut self, event: &Event, course: u32, kind: LearnerKind, object: &'b str, placed: Placed<'b>) {
        let name = LearnerName { learner: event.learner, course, kind, object: self.objects.of(object) };
        let at = *self.at.entry(name).or_insert_with(|| {
            self.learners.push((name, Vec::new()));
            self.learners.len() - 1
        });
        self.learners[at].1.push(placed);
    }

    /// A course symbol's tenant and course.
    pub(super) fn course(&self, symbol: u32) -> (&'b str, &'b str) {
        self.courses.texts[symbol as usize]
    }

    /// An object symbol's text.
    pub(super) fn object(&self, symbol: u32) -> &'b str {
        self.objects.texts[symbol as usize]
    }

    /// The key of the entry that a course's roster has of a learner.
    pub(super) fn roster_key(&self, name: &LearnerName) -> Key {
        let (tenant, course) = self.course(name.course);
        Key { partition: keys::roster_partition(tenant, course), sort: name.learner.to_string() }
    }

    /// The key of a learner item.
    pub(super) fn learner_key(&self, name: &LearnerName) -> Key {
        let (tenant, course) = self.course(name.course);
        Key {
            partition: keys::learner_partition(tenant, &name.learner),
            sort: keys::learner_sort(course, name.kind.as_str(), self.object(name.object)),
        }
    }
}
