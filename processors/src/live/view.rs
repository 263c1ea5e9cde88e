//! Views of any kind, and what a batch changes in each.

use trilha_core::keys::{self, Kind};
use trilha_core::views::{
    CourseView, FREEZE_AT_BYTES, HourView, MonthView, ObjectView, QuizView, VideoView, View, decode_partial,
    encode_partial, part_name,
};
use trilha_live::port::Key;
use trilha_schemas::packing::Damaged;

use super::warmth::InMemory;

/// Names a view within a batch: kind, course (a symbol of the batch), and object (a symbol) or number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ViewName {
    Video { course: u32, video: u32 },
    Quiz { course: u32, quiz: u32 },
    Object { course: u32, object: u32 },
    Hour { course: u32, hour: i64 },
    Month { course: u32, month: i64 },
    Course { course: u32 },
}

/// A view, or a change to one, of any kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AnyView {
    Video(Box<VideoView>),
    Quiz(Box<QuizView>),
    Object(Box<ObjectView>),
    Hour(HourView),
    Month(MonthView),
    Course(CourseView),
}

/// A shard's partial of a view: what was frozen, by name, and what came since.
#[derive(Debug, Clone)]
pub(crate) struct Partial {
    pub parts: Vec<String>,
    pub view: AnyView,
}

/// A frozen part: its name and its content.
pub(crate) type Part = (String, Vec<u8>);

macro_rules! each {
    ($view:expr, $inner:ident => $result:expr) => {
        match $view {
            AnyView::Video($inner) => $result,
            AnyView::Quiz($inner) => $result,
            AnyView::Object($inner) => $result,
            AnyView::Hour($inner) => $result,
            AnyView::Month($inner) => $result,
            AnyView::Course($inner) => $result,
        }
    };
}

impl ViewName {
    /// Some view of a kind, as the sort keys of a course's views spell it; a course's totals have none.
    pub(crate) fn of_kind(kind: Option<&str>) -> Option<ViewName> {
        let (course, object) = (0, 0);
        Some(match kind {
            None => ViewName::Course { course },
            Some("video") => ViewName::Video { course, video: object },
            Some("quiz") => ViewName::Quiz { course, quiz: object },
            Some("object") => ViewName::Object { course, object },
            Some("hour") => ViewName::Hour { course, hour: 0 },
            Some("month") => ViewName::Month { course, month: 0 },
            Some(_) => return None,
        })
    }

    /// The view without any event.
    pub(crate) fn zero(self) -> AnyView {
        match self {
            ViewName::Video { .. } => AnyView::Video(Box::default()),
            ViewName::Quiz { .. } => AnyView::Quiz(Box::default()),
            ViewName::Object { .. } => AnyView::Object(Box::default()),
            ViewName::Hour { .. } => AnyView::Hour(HourView::default()),
            ViewName::Month { .. } => AnyView::Month(MonthView::default()),
            ViewName::Course { .. } => AnyView::Course(CourseView::default()),
        }
    }

    /// The partial without any event.
    pub(crate) fn zero_partial(self) -> Partial {
        Partial { parts: Vec::new(), view: self.zero() }
    }

    pub(crate) fn decode_partial(self, stored: &[u8]) -> Result<Partial, Damaged> {
        let (parts, view) = decode_partial(stored)?;
        Ok(Partial { parts, view: self.decode(view)? })
    }

    pub(crate) fn decode(self, bytes: &[u8]) -> Result<AnyView, Damaged> {
        Ok(match self {
            ViewName::Video { .. } => AnyView::Video(Box::new(VideoView::decode(bytes)?)),
            ViewName::Quiz { .. } => AnyView::Quiz(Box::new(QuizView::decode(bytes)?)),
            ViewName::Object { .. } => AnyView::Object(Box::new(ObjectView::decode(bytes)?)),
            ViewName::Hour { .. } => AnyView::Hour(HourView::decode(bytes)?),
            ViewName::Month { .. } => AnyView::Month(MonthView::decode(bytes)?),
            ViewName::Course { .. } => AnyView::Course(CourseView::decode(bytes)?),
        })
    }

    pub(crate) fn course(self) -> u32 {
        match self {
            ViewName::Video { course, .. }
            | ViewName::Quiz { course, .. }
            | ViewName::Object { course, .. }
            | ViewName::Hour { course, .. }
            | ViewName::Month { course, .. }
            | ViewName::Course { course } => course,
        }
    }

    /// The key of the shard's partial. `text` gives an object's symbol its text.
    pub(crate) fn key<'t>(self, tenant: &str, course: &str, shard: &str, text: impl Fn(u32) -> &'t str) -> Key {
        let (kind, object) = match self {
            ViewName::Video { video, .. } => (Kind::Video, text(video).to_string()),
            ViewName::Quiz { quiz, .. } => (Kind::Quiz, text(quiz).to_string()),
            ViewName::Object { object, .. } => (Kind::Object, text(object).to_string()),
            ViewName::Hour { hour, .. } => (Kind::Hour, keys::number(hour)),
            ViewName::Month { month, .. } => (Kind::Month, keys::number(month)),
            ViewName::Course { .. } => {
                return Key { partition: keys::courses_partition(tenant), sort: keys::course_sort(course, shard) };
            }
        };
        Key { partition: keys::course_partition(tenant, course), sort: keys::view_sort(kind, &object, shard) }
    }
}

impl Partial {
    /// The stored form, and the parts that have to be stored before it: a view that has grown large is frozen here.
    pub(crate) fn encode(&mut self, zero: AnyView) -> (Vec<u8>, Vec<Part>) {
        let stored = self.view.encode();
        if stored.len() < FREEZE_AT_BYTES {
            return (encode_partial(&self.parts, &stored), Vec::new());
        }
        let pieces = std::mem::replace(&mut self.view, zero).pieces();
        let first = self.parts.len();
        let named = |(at, piece): (usize, Vec<u8>)| (part_name(first + at, &piece), piece);
        let parts: Vec<Part> = pieces.into_iter().enumerate().map(named).collect();
        self.parts.extend(parts.iter().map(|(name, _)| name.clone()));
        (encode_partial(&self.parts, &self.view.encode()), parts)
    }
}

impl InMemory for Partial {
    fn memory_bytes(&self) -> usize {
        self.view.memory_bytes() + 64 * self.parts.len()
    }
}

impl AnyView {
    /// Adds a change of the same kind; one of another kind cannot come under the same name.
    pub(crate) fn add(&mut self, other: &AnyView) {
        match (self, other) {
            (AnyView::Video(view), AnyView::Video(other)) => view.add(other),
            (AnyView::Quiz(view), AnyView::Quiz(other)) => view.add(other),
            (AnyView::Object(view), AnyView::Object(other)) => view.add(other),
            (AnyView::Hour(view), AnyView::Hour(other)) => view.add(other),
            (AnyView::Month(view), AnyView::Month(other)) => view.add(other),
            (AnyView::Course(view), AnyView::Course(other)) => view.add(other),
            _ => unreachable!("a view's name says its kind"),
        }
    }

    pub(crate) fn is_zero(&self) -> bool {
        each!(self, view => view.is_zero())
    }

    fn encode(&self) -> Vec<u8> {
        each!(self, view => view.encode())
    }

    fn pieces(&self) -> Vec<Vec<u8>> {
        each!(self, view => view.pieces())
    }

    fn memory_bytes(&self) -> usize {
        match self {
            AnyView::Video(view) => 512 + 16 * view.bins().len() + 64 * view.seconds.len() + 64 * view.lengths.len(),
            AnyView::Quiz(view) => {
                let question = |view: &trilha_core::views::QuestionView| {
                    1024 + 96 * (view.responses_first.len() + view.responses_last.len()) + 48 * view.elapsed.len()
                };
                view.questions().map(|(_, view)| question(view)).sum()
            }
            AnyView::Object(_) => 512,
            AnyView::Hour(_) | AnyView::Month(_) => 4_096,
            AnyView::Course(_) => 64,
        }
    }
}
