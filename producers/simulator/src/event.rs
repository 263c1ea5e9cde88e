//! What happens in a simulated class, before it becomes JSON.

/// Something that one person did at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Act {
    pub(crate) time_millis: i64,
    pub(crate) action: Action,
}

/// An act with all that its JSON says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: (u64, u64),
    pub(crate) person: Person,
    pub(crate) course: u16,
    /// 0: the client sends none.
    pub(crate) session: u64,
    pub(crate) act: Act,
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Person {
    Learner(u32),
    Staff(u32),
}

/// What was done. Positions are milliseconds of content; `video`, `quiz`… are indices into the course.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Action {
    Watched { video: u16, from: i32, to: i32, rate: Rate },
    Player { verb: Verb, video: u16, position: i32, rate: Rate },
    Seeked { video: u16, from: i32, to: i32 },
    Started { quiz: u16, attempt: u8 },
    Answered { quiz: u16, question: u8, attempt: u8, answer: Answer, elapsed_tenths: u16 },
    Submitted { quiz: u16, attempt: u8, halves: u16 },
    Viewed { page: u16 },
    Enrolled,
    Unenrolled,
    Completed,
    Described { index: u16 },
}

/// The player events that carry a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Played,
    Paused,
    Completed,
    Terminated,
}

/// An answer and what it earned, in half points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) response: Response,
    pub(crate) halves: u8,
    pub(crate) correct: bool,
}

/// What was chosen or typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Response {
    Choice(u8),
    /// Bit i stands for choice i.
    Set(u8),
    /// A term of the course.
    Term(u8),
    DontKnow,
}

/// The speed of playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate(pub(crate) u8);

impl Rate {
    pub(crate) const NORMAL: Rate = Rate(0);
    pub(crate) const FASTEST: Rate = Rate(4);

    pub(crate) fn percent(self) -> i64 {
        [100, 125, 150, 175, 200][usize::from(self.0)]
    }

    pub(crate) fn text(self) -> &'static str {
        ["1", "1.25", "1.5", "1.75", "2"][usize::from(self.0)]
    }
}
