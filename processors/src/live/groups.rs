//! A batch's events by the items that they touch.

use trilha_core::activity::Moment;
use trilha_core::id_hash;
use trilha_core::roster::Standing;
use trilha_schemas::event::{BodyOf, EventOf, QuizAction, Role};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::record::{Record, Span, Symbol};
use trilha_schemas::sequence::SequenceNumber;

use super::names::{LearnerName, Names};
use super::state::{LearnerItem, LearnerKind};
use super::warmth::{Slot, Warmth};
use crate::batch::{Batch, Content};

/// Where an event lies in its batch. Ordered as the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Placed {
    pub record: u32,
    index: u32,
}

/// The events that touch one learner item.
#[derive(Debug)]
pub(super) struct Group {
    pub name: LearnerName,
    pub slot: Slot,
    /// Of [`Room::placed`]: where its events begin, and how many there are.
    start: u32,
    count: u32,
    /// Of [`Room::moments`]: where those of its events begin.
    moments: u32,
}

/// The events of a batch that count, by learner item, and the descriptions, by object.
pub(super) struct Groups<'b> {
    batch: &'b Batch,
    /// In order of first event.
    pub learners: Vec<Group>,
    pub descriptions: Vec<(u32, u32, Placed)>,
    room: Room,
}

/// What a batch's events are laid out in. It is megabytes, and kept for the next batch.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// In order of the stream.
    assigned: Vec<Assigned>,
    /// Group by group, each in order of the stream.
    placed: Vec<Placed>,
    /// When each event of the groups of activity was: most say nothing more.
    moments: Vec<Moment>,
}

/// An event on its way into its groups.
#[derive(Debug)]
struct Assigned {
    placed: Placed,
    moment: Moment,
    /// The group of the learner's activity in the course.
    activity: u32,
    /// The group of what the event is about, if there is one.
    own: Option<u32>,
}

/// What is known of one record's shapes, texts and learners, so that each is looked up once a record.
struct Known {
    shapes: Vec<Option<Shape>>,
    courses: Vec<Option<u32>>,
    objects: Vec<Option<u32>>,
    learners: Vec<Last>,
}

/// What events of one shape come to.
#[derive(Clone, Copy)]
struct Shape {
    course: u32,
    goes: Goes,
    flags: Flags,
    zone_offset_minutes: i16,
    enrols: bool,
}

/// Where an event goes.
#[derive(Clone, Copy, PartialEq)]
enum Goes {
    /// It counts in no state.
    Nowhere,
    /// It describes an object.
    Described,
    /// Into the learner's activity in the course.
    Activity,
    /// And into an item of this kind.
    Own(LearnerKind),
}

/// The groups that a learner's event before fell into.
#[derive(Clone, Copy, Default)]
struct Last {
    own: Option<(Item, u32)>,
    activity: Option<(Item, u32)>,
}

/// Which of a learner's items.
#[derive(Clone, Copy, PartialEq)]
struct Item {
    course: u32,
    kind: LearnerKind,
    object: u32,
}

/// What grouping works with.
struct Grouping<'s> {
    names: &'s mut Names,
    items: &'s mut Warmth<LearnerName, LearnerItem>,
    groups: Vec<Group>,
    room: Room,
    descriptions: Vec<(u32, u32, Placed)>,
}

impl<'b> Groups<'b> {
    /// Groups the events of records after a sequence number.
    pub(super) fn of(
        batch: &'b Batch,
        done: Option<SequenceNumber>,
        names: &mut Names,
        items: &mut Warmth<LearnerName, LearnerItem>,
        room: Room,
    ) -> Groups<'b> {
        let mut grouping = Grouping { names, items, groups: Vec::new(), room, descriptions: Vec::new() };
        grouping.room.assigned.clear();
        for (at, record) in batch.records.iter().enumerate() {
            if let (Content::Events(events), true) = (&record.content, Some(record.sequence_number) > done) {
                grouping.add_record(at as u32, events);
            }
        }
        grouping.finish(batch)
    }

    /// What the next batch can be laid out in.
    pub(super) fn into_room(self) -> Room {
        self.room
    }

    /// The group's events from a record on, and their moments if it is of activity.
    pub(super) fn events(&self, group: &Group, first: u32) -> (&[Placed], &[Moment]) {
        let placed = &self.room.placed[group.start as usize..][..group.count as usize];
        let start = placed.partition_point(|placed| placed.record < first);
        let moments = match group.name.kind {
            LearnerKind::Activity => &self.room.moments[group.moments as usize..][start..placed.len()],
            _ => &[],
        };
        (&placed[start..], moments)
    }

    /// The ids of events, as items keep them. They are asked for first: nothing hangs on what is read here, so that the
    /// memory brings many events at a time, and not one after the other.
    pub(super) fn ids(&self, events: &[Placed]) -> Vec<u64> {
        let id = |placed: &Placed| match &self.batch.records[placed.record as usize].content {
            Content::Events(record) => id_hash(record.id(placed.index as usize)),
            _ => 0,
        };
        events.iter().map(id).collect()
    }

    /// Looks at the event where it is put together, for it is large.
    #[inline]
    pub(super) fn look_at(&self, placed: Placed, mut look: impl FnMut(&EventOf<Symbol, Span>, &Record)) {
        if let Content::Events(record) = &self.batch.records[placed.record as usize].content {
            look(&record.event(placed.index as usize), record);
        }
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

impl Grouping<'_> {
    fn add_record(&mut self, at: u32, record: &Record) {
        let none = || vec![None; record.texts().count()];
        let learners = vec![Last::default(); record.learner_count()];
        let mut known = Known { shapes: vec![None; record.shape_count()], courses: none(), objects: none(), learners };
        for index in 0..record.len() {
            let shape = match known.shapes[record.shape_index(index)] {
                Some(shape) => shape,
                None => self.shape(&mut known, record, index),
            };
            let mut object = || {
                let symbol = record.object(index);
                let known = &mut known.objects[symbol.index()];
                known.unwrap_or_else(|| *known.insert(self.names.object_symbol(record.texts().get(symbol))))
            };
            let placed = Placed { record: at, index: index as u32 };
            let own = match shape.goes {
                Goes::Nowhere => continue,
                Goes::Described => {
                    let object = object();
                    self.descriptions.push((shape.course, object, placed));
                    continue;
                }
                Goes::Activity => None,
                Goes::Own(kind) => Some(Item { course: shape.course, kind, object: object() }),
            };
            let learner = record.learner_index(index);
            let last = &mut known.learners[learner];
            let who = || record.learner(learner);
            let own = own.map(|own| self.group(own, who, &mut last.own));
            let activity = Item { course: shape.course, kind: LearnerKind::Activity, object: 0 };
            let activity = self.group(activity, who, &mut last.activity);
            let (time_millis, arrival_millis) = record.times(index);
            let moment = Moment::at(time_millis, arrival_millis, shape.flags, shape.zone_offset_minutes, shape.enrols);
            self.room.assigned.push(Assigned { placed, moment, activity, own });
        }
    }

    /// The shape of an event, the first that has it.
    fn shape(&mut self, known: &mut Known, record: &Record, index: usize) -> Shape {
        let event = record.event(index);
        let course = &mut known.courses[event.course.index()];
        let course = match *course {
            Some(course) => course,
            None => *course.insert(self.names.course_symbol(record.tenant(), record.texts().get(event.course))),
        };
        let (flags, zone_offset_minutes) = (event.flags, event.zone_offset_minutes);
        let goes = match &event.body {
            BodyOf::Described(_) => Goes::Described,
            _ if event.role != Role::Learner || flags.contains(Flags::OTHER_PROTOCOL) => Goes::Nowhere,
            BodyOf::Video(_) => Goes::Own(LearnerKind::Video),
            BodyOf::Quiz(quiz) if quiz.action == QuizAction::Answered => Goes::Own(LearnerKind::Quiz),
            _ => Goes::Activity,
        };
        let enrols = Standing::of(&event.body).is_some();
        *known.shapes[record.shape_index(index)].insert(Shape { course, goes, flags, zone_offset_minutes, enrols })
    }

    /// The group of a learner's item, which has one event more.
    #[inline]
    fn group(&mut self, item: Item, learner: impl Fn() -> Pseudonym, last: &mut Option<(Item, u32)>) -> u32 {
        let number = match last {
            Some((there, number)) if *there == item => *number,
            _ => {
                let Item { course, kind, object } = item;
                let name = LearnerName { learner: learner(), course, kind, object };
                let (slot, number) = self.items.slot(name, self.groups.len() as u32);
                if number as usize == self.groups.len() {
                    self.groups.push(Group { name, slot, start: 0, count: 0, moments: 0 });
                }
                *last = Some((item, number));
                number
            }
        };
        self.groups[number as usize].count += 1;
        number
    }

    /// Lays the events out group by group.
    fn finish<'b>(mut self, batch: &'b Batch) -> Groups<'b> {
        let (mut events, mut activities) = (0, 0);
        for group in &mut self.groups {
            (group.start, group.moments) = (events, activities);
            events += group.count;
            activities += if group.name.kind == LearnerKind::Activity { group.count } else { 0 };
            group.count = 0;
        }
        let Room { assigned, placed, moments } = &mut self.room;
        placed.resize(events as usize, Placed::default());
        moments.resize(activities as usize, Moment::default());
        for assigned in assigned {
            let activity = &mut self.groups[assigned.activity as usize];
            moments[(activity.moments + activity.count) as usize] = assigned.moment;
            placed[activity.next()] = assigned.placed;
            if let Some(own) = assigned.own {
                placed[self.groups[own as usize].next()] = assigned.placed;
            }
        }
        Groups { batch, learners: self.groups, descriptions: self.descriptions, room: self.room }
    }
}

impl Group {
    /// Where its next event lies.
    fn next(&mut self) -> usize {
        self.count += 1;
        (self.start + self.count) as usize - 1
    }
}
