//! What an event may have beside its id, learner, arrival and shape: one column of integers each, and two marks.

/// A column, or a mark, by its bit in a shape. The commonest are first, so that most shapes take two bytes for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Session,
    Time,
    Object,
    Position,
    To,
    Length,
    /// A mark: the source id is told by the event's id.
    SourceInId,
    Rate,
    Question,
    Attempt,
    Response,
    /// A mark: it is known whether the answer is right.
    Judged,
    /// A mark: the answer is right.
    Right,
    Score,
    MaxScore,
    Elapsed,
    Title,
    Source,
    AttemptId,
    Scaled,
    Threshold,
    /// How many pairs of the pairs' column are this event's.
    Segments,
    Section,
    Url,
    Place,
}

/// How many bits are in use.
pub(super) const COLUMNS: usize = 25;

impl Column {
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The marks: bits without a column.
pub(super) const MARKS: u32 = Column::SourceInId.bit() | Column::Judged.bit() | Column::Right.bit();
