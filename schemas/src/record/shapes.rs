//! What many events of a record have in common.

use super::RecordError;
use super::columns::{COLUMNS, Column};
use super::texts::{Symbol, Texts};
use crate::event::{Protocol, QuizAction, Role, VideoAction};
use crate::flags::Flags;
use crate::packing::{Input, varint, zigzag};

/// The fewest bytes that a shape takes.
pub(super) const LEAST_SHAPE_BYTES: usize = 7;
const ROLES: [Role; 3] = [Role::Learner, Role::Staff, Role::Test];
/// The roles' codes lie above the protocols'.
const ROLE_SHIFT: u32 = 2;

// Types 0–7 are VideoAction::ALL, 16–18 QuizAction::ALL.
const QUIZ: u8 = 16;
const VIEWED: u8 = 32;
const ENROLLED: u8 = 33;
const UNENROLLED: u8 = 34;
const COMPLETED: u8 = 35;
const DESCRIBED: u8 = 36;

/// An event's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Video(VideoAction),
    Quiz(QuizAction),
    Viewed,
    Enrolled,
    Unenrolled,
    Completed,
    Described,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Kind::Video(action) => action as u8,
            Kind::Quiz(action) => QUIZ + action as u8,
            Kind::Viewed => VIEWED,
            Kind::Enrolled => ENROLLED,
            Kind::Unenrolled => UNENROLLED,
            Kind::Completed => COMPLETED,
            Kind::Described => DESCRIBED,
        }
    }

    fn read(code: u8) -> Option<Kind> {
        Some(match code {
            0..QUIZ => Kind::Video(*VideoAction::ALL.get(usize::from(code))?),
            QUIZ..VIEWED => Kind::Quiz(*QuizAction::ALL.get(usize::from(code - QUIZ))?),
            VIEWED => Kind::Viewed,
            ENROLLED => Kind::Enrolled,
            UNENROLLED => Kind::Unenrolled,
            COMPLETED => Kind::Completed,
            DESCRIBED => Kind::Described,
            _ => return None,
        })
    }

    pub(super) fn needs_object(self) -> bool {
        !matches!(self, Kind::Enrolled | Kind::Unenrolled | Kind::Completed)
    }
}

/// What many events have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    pub kind: Kind,
    /// A bit for each column that the event is in, and the marks.
    pub present: u32,
    pub course: Symbol,
    pub flags: Flags,
    pub zone_offset_minutes: i16,
    pub settings_version: u32,
    pub role: Role,
    pub protocol: Protocol,
}

impl Shape {
    pub(super) fn has(&self, column: Column) -> bool {
        self.present & column.bit() != 0
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.kind.code());
        varint(out, self.present.into());
        varint(out, self.course.index() as u64);
        varint(out, self.flags.bits().into());
        zigzag(out, self.zone_offset_minutes.into());
        varint(out, self.settings_version.into());
        out.push((self.role as u8) << ROLE_SHIFT | self.protocol as u8);
    }

    pub(super) fn read(input: &mut Input<'_>, texts: &Texts) -> Result<Shape, RecordError> {
        let kind = Kind::read(input.byte()?).ok_or(RecordError::Damaged("an event's type"))?;
        let present = small(input.varint()?)?;
        let course = texts.symbol(input.varint()?)?;
        let flags = Flags::from_bits(small(input.varint()?)?);
        let zone_offset_minutes = small(input.zigzag()?)?;
        let settings_version = small(input.varint()?)?;
        let who = input.byte()?;
        let role = ROLES.get(usize::from(who >> ROLE_SHIFT)).copied().ok_or(RecordError::Damaged("a role"))?;
        let protocol = Protocol::ALL[usize::from(who) % Protocol::ALL.len()];
        let shape = Shape { kind, present, course, flags, zone_offset_minutes, settings_version, role, protocol };
        match shape {
            _ if present >> COLUMNS != 0 => Err(RecordError::Damaged("a field of a later version")),
            _ if kind.needs_object() && !shape.has(Column::Object) => Err(RecordError::Damaged("an object is missing")),
            _ => Ok(shape),
        }
    }
}

pub(super) fn small<T: TryFrom<V>, V>(value: V) -> Result<T, RecordError> {
    T::try_from(value).map_err(|_| RecordError::Damaged("a small integer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(shape: &Shape) -> Result<Shape, RecordError> {
        let mut texts = Vec::new();
        varint(&mut texts, 1);
        varint(&mut texts, 1 << 2);
        texts.push(b'c');
        let mut stored = Vec::new();
        shape.write(&mut stored);
        Shape::read(&mut Input::new(&stored), &Texts::read(&mut Input::new(&texts), 1)?)
    }

    #[test]
    fn a_shape_has_the_columns_of_its_kind_and_none_of_a_later_version() {
        let shape = |kind, present| Shape {
            kind,
            present,
            course: Symbol::new(0),
            flags: Flags::empty(),
            zone_offset_minutes: -180,
            settings_version: 7,
            role: Role::Staff,
            protocol: Protocol::Edx,
        };
        let object = Column::Object.bit();
        for whole in
            [shape(Kind::Viewed, object), shape(Kind::Enrolled, 0), shape(Kind::Video(VideoAction::Played), object)]
        {
            assert_eq!(read(&whole), Ok(whole));
        }
        let missing = Err(RecordError::Damaged("an object is missing"));
        for kind in [Kind::Viewed, Kind::Described, Kind::Quiz(QuizAction::Answered), Kind::Video(VideoAction::Played)]
        {
            assert_eq!(read(&shape(kind, 0)), missing);
        }
        let later = Err(RecordError::Damaged("a field of a later version"));
        assert_eq!(read(&shape(Kind::Viewed, object | 1 << COLUMNS)), later);
        let mut of_another_course = shape(Kind::Enrolled, 0);
        of_another_course.course = Symbol::new(1);
        assert_eq!(read(&of_another_course), Err(RecordError::Damaged("a text's index")));
    }
}
