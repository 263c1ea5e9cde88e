//! What the table must hold: every record folded once, in order, one event at a time, straight into core's items.

use std::collections::BTreeMap;

use trilha_core::activity::{ActivityChange, ActivityItem};
use trilha_core::keys::{self, Kind};
use trilha_core::quiz::QuizItem;
use trilha_core::roster::RosterEntry;
use trilha_core::video::VideoItem;
use trilha_core::views::{
    CourseView, HourView, MonthView, ObjectView, QuizView, VideoView, View, decode_partial, encode_partial,
};
use trilha_live::port::{Consistency, LiveTable};
use trilha_schemas::event::{Body, Event, Owned, QuizAction, Role};
use trilha_schemas::flags::Flags;
use trilha_schemas::record;

use super::records::{COURSES, LEARNERS, Rec, TENANT, learner};
use super::{FaultyTable, INCARNATION, SHARD_ID};

/// Values by partition and sort key; views that are zero are left out.
pub type Stored = BTreeMap<(String, String), Vec<u8>>;

/// What the table holds, progress aside.
pub async fn stored(table: &FaultyTable) -> Stored {
    let learners = (0..LEARNERS).map(|number| keys::learner_partition(TENANT, &learner(number)));
    let courses = COURSES.iter().map(|course| keys::course_partition(TENANT, course));
    let rosters = COURSES.iter().map(|course| keys::roster_partition(TENANT, course));
    let partitions = learners.chain(courses).chain(rosters).chain([keys::courses_partition(TENANT)]);
    let mut all = Vec::new();
    for partition in partitions {
        all.extend(table.query(&partition, "", Consistency::Strong).await.expect("the table is queried"));
    }
    let values = all.into_iter().map(|item| ((item.key.partition, item.key.sort), item.value));
    values.filter(|((partition, sort), value)| !is_zero_view(partition, sort, value)).collect()
}

fn is_zero_view(partition: &str, sort: &str, value: &[u8]) -> bool {
    if !partition.contains("|1|course") {
        return false;
    }
    let (_, value) = decode_partial(value).expect("a partial");
    let zeros = [VideoView::default().encode(), QuizView::default().encode(), CourseView::default().encode()];
    let empty = sort.starts_with("hour|") || sort.starts_with("month|");
    zeros.iter().any(|zero| zero == value) || empty && HourView::default().encode() == value
}

/// A stored value in words.
pub fn show(key: &(String, String), value: Option<&Vec<u8>>) -> String {
    let Some(value) = value else { return "nothing".into() };
    if key.0.contains("|roster|") {
        return format!("{:?}", RosterEntry::decode(value));
    }
    let view = decode_partial(value).map_or(&[][..], |(_, view)| view);
    match key.1.split('|').next() {
        Some("video") => format!("{:?}", VideoView::decode(view)),
        Some("quiz") => format!("{:?}", QuizView::decode(view)),
        Some("hour") => format!("{:?}", HourView::decode(view)),
        _ => format!("{value:?}"),
    }
}

#[derive(Default)]
struct Fold {
    videos: BTreeMap<(String, String), VideoItem>,
    quizzes: BTreeMap<(String, String), QuizItem>,
    activities: BTreeMap<(String, String), ActivityItem>,
    rosters: BTreeMap<(String, String), RosterEntry>,
    views: Views,
}

#[derive(Default)]
struct Views {
    videos: BTreeMap<(String, String), VideoView>,
    quizzes: BTreeMap<(String, String), QuizView>,
    objects: BTreeMap<(String, String), ObjectView>,
    hours: BTreeMap<(String, String), HourView>,
    months: BTreeMap<(String, String), MonthView>,
    courses: BTreeMap<(String, String), CourseView>,
}

/// What folding records of ours once comes to; others are passed over.
pub fn expected(records: &[Rec]) -> Stored {
    let mut fold = Fold::default();
    for record in records {
        let Ok(decoded) = record::decode(&record.bytes) else { continue };
        let in_place = |event: &Event| event.learner.bucket().partition_key() == record.partition_key;
        if decoded.events.iter().all(in_place) {
            decoded.events.iter().for_each(|event| fold.event(event));
        }
    }
    fold.stored()
}

impl Fold {
    fn event(&mut self, event: &Event) {
        let learner = |kind: &str, object: &str| {
            (keys::learner_partition(TENANT, &event.learner), keys::learner_sort(&event.course, kind, object))
        };
        if let Some(described) = ObjectView::of(event, &Owned) {
            self.views.objects.entry(view(event, Kind::Object, event.body.object())).or_default().add(&described);
            return;
        }
        if event.role != Role::Learner || event.flags.contains(Flags::OTHER_PROTOCOL) {
            return;
        }
        match &event.body {
            Body::Video(video) => {
                let to = self.views.videos.entry(view(event, Kind::Video, &video.video)).or_default();
                self.videos.entry(learner("video", &video.video)).or_default().fold([event], to);
            }
            Body::Quiz(quiz) if quiz.action == QuizAction::Answered => {
                let to = self.views.quizzes.entry(view(event, Kind::Quiz, &quiz.quiz)).or_default();
                self.quizzes.entry(learner("quiz", &quiz.quiz)).or_default().fold([event], to);
            }
            _ => {}
        }
        let mut change = ActivityChange::default();
        let item = self.activities.entry(learner("activity", "")).or_default();
        item.fold([event], &mut change);
        let on = (keys::roster_partition(TENANT, &event.course), event.learner.to_string());
        self.rosters.insert(on, item.roster_entry().expect("the learner is known"));
        self.views.add_activity(event, change);
    }

    fn stored(self) -> Stored {
        let mut stored = Stored::new();
        stored.extend(self.videos.into_iter().map(|(key, item)| (key, item.encode())));
        stored.extend(self.quizzes.into_iter().map(|(key, item)| (key, item.encode())));
        stored.extend(self.activities.into_iter().map(|(key, item)| (key, item.encode())));
        stored.extend(self.rosters.into_iter().map(|(key, entry)| (key, entry.encode())));
        let views = self.views;
        stored.extend(encoded(views.videos));
        stored.extend(encoded(views.quizzes));
        stored.extend(encoded(views.objects));
        stored.extend(encoded(views.hours));
        stored.extend(encoded(views.months));
        stored.extend(encoded(views.courses));
        stored
    }
}

impl Views {
    fn add_activity(&mut self, event: &Event, change: ActivityChange) {
        let course = (keys::courses_partition(TENANT), keys::course_sort(&event.course, &shard()));
        self.courses.entry(course).or_default().add(&change.course);
        for (hour, delta) in change.hours.views() {
            self.hours.entry(view(event, Kind::Hour, &keys::number(hour))).or_default().add(&delta);
        }
        for (month, delta) in change.months {
            self.months.entry(view(event, Kind::Month, &keys::number(month))).or_default().add(&delta);
        }
    }
}

fn shard() -> String {
    keys::shard(INCARNATION, SHARD_ID)
}

fn view(event: &Event, kind: Kind, object: &str) -> (String, String) {
    (keys::course_partition(TENANT, &event.course), keys::view_sort(kind, object, &shard()))
}

fn encoded<V: View>(views: BTreeMap<(String, String), V>) -> impl Iterator<Item = ((String, String), Vec<u8>)> {
    views.into_iter().filter(|(_, view)| !view.is_zero()).map(|(key, view)| (key, encode_partial(&[], &view.encode())))
}
