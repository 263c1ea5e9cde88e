//! The learner event: what a client sent ([`SentEvent`]) and what the stream carries ([`Event`]).

mod forms;

use std::borrow::Cow;

pub use forms::{Owned, Resolve};

use crate::flags::Flags;
use crate::ids::{Act, EventId, Pseudonym};

/// A heartbeat over 300 s is cut to it.
pub const MAX_HEARTBEAT_MILLIS: i64 = 300_000;

/// Who acted. Only [`Role::Learner`] counts in views; all roles reach the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// A learner of the course, the default.
    #[default]
    Learner,
    /// An instructor, tutor or administrator.
    Staff,
    /// A trial account.
    Test,
}

impl Role {
    /// The word that the native format and the lake use.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Learner => "learner",
            Role::Staff => "staff",
            Role::Test => "test",
        }
    }

    /// Reads the word; `None` for any other.
    pub fn parse(word: &str) -> Option<Role> {
        match word {
            "learner" => Some(Role::Learner),
            "staff" => Some(Role::Staff),
            "test" => Some(Role::Test),
            _ => None,
        }
    }
}

/// The format in which an event arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Trilha's own JSON.
    Native,
    /// xAPI statements.
    Xapi,
    /// 1EdTech Caliper envelopes and events.
    Caliper,
    /// Open edX tracking logs.
    Edx,
}

impl Protocol {
    /// Every protocol, in the order of their codes in stream records.
    pub const ALL: [Protocol; 4] = [Protocol::Native, Protocol::Xapi, Protocol::Caliper, Protocol::Edx];

    /// The word that the command line and the lake use.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Native => "native",
            Protocol::Xapi => "xapi",
            Protocol::Caliper => "caliper",
            Protocol::Edx => "edx",
        }
    }
}

/// What tells one act of a client from another when it sends no id of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceId<T = String> {
    /// The client's `id`, a statement id, an envelope's event id.
    Given(T),
    /// The first 16 bytes of SHA-256 over the content with sorted keys.
    Content([u8; 16]),
}

/// Where an event keeps the id that its client gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source<T = String> {
    /// Nowhere: none was given.
    #[default]
    None,
    /// As it was given.
    Given(T),
    /// It is a UUID, and the event's id tells it: [`EventId::uuid`].
    InId,
}

impl<T> Source<T> {
    /// The same, the id where it is.
    pub fn as_ref(&self) -> Source<&T> {
        match self {
            Source::None => Source::None,
            Source::Given(id) => Source::Given(id),
            Source::InId => Source::InId,
        }
    }
}

impl<T: Clone> Source<&T> {
    /// The same with an id of its own.
    pub fn cloned(self) -> Source<T> {
        match self {
            Source::None => Source::None,
            Source::Given(id) => Source::Given(id.clone()),
            Source::InId => Source::InId,
        }
    }
}

/// An event as a client sent it: read and checked, not yet stamped by the collector.
///
/// Positions, lengths and times are integer milliseconds (METRICS.md, Arithmetic). What was out of range and
/// ignored has left its mark in `flags`. `T` is what its texts are: its own ([`SentEvent`]), or those of a request, as far
/// as they stand there.
#[derive(Debug, Clone, PartialEq)]
pub struct SentEventOf<T> {
    /// What tells a resend from a new act.
    pub source_id: SourceId<T>,
    /// Milliseconds since 1970 UTC as sent; `None` when the event carries no time.
    pub time_millis: Option<i64>,
    /// The learner's raw id; it never enters the stream. `None` only for [`Body::Described`].
    pub learner: Option<T>,
    /// One run of a course (a *turma*).
    pub course: T,
    /// The client's session (xAPI: the registration).
    pub session: Option<T>,
    /// Who acted.
    pub role: Role,
    /// What people call the object of the event (the video, the quiz's question, the page).
    pub title: Option<T>,
    /// What the reader noticed.
    pub flags: Flags,
    /// What happened.
    pub body: BodyOf<T, Pairs>,
}

/// An event as the stream carries it: a [`SentEvent`] stamped by the collector, the learner a pseudonym.
///
/// `T` is what its texts are and `L` what its list of segments is: its own ([`Event`]), or symbols of a record, which
/// reading one yields without an allocation for each event, and which [`Resolve`] turns into texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventOf<T, L> {
    /// 128-bit hash of (tenant, learner, type, object, time as sent, source id); see [`EventId::of`].
    pub id: EventId,
    /// Who; [`Pseudonym::bucket`] is the partition key of the event's record.
    pub learner: Pseudonym,
    /// One run of a course.
    pub course: T,
    /// The client's session.
    pub session: Option<T>,
    /// Who acted.
    pub role: Role,
    /// What people call the object.
    pub title: Option<T>,
    /// Milliseconds since 1970 UTC as sent, even when in the future; `None` when none was sent.
    pub time_millis: Option<i64>,
    /// Milliseconds since 1970 UTC at which the collector had it (in a replay, the event's own time).
    pub arrival_millis: i64,
    /// Minutes to add to UTC for the course's zone at the event's time.
    pub zone_offset_minutes: i16,
    /// The version of the course's settings that were in force at arrival.
    pub settings_version: u32,
    /// What the reader and the collector noticed.
    pub flags: Flags,
    /// The format it came in.
    pub protocol: Protocol,
    /// Where the client's own id is.
    pub source: Source<T>,
    /// What happened.
    pub body: BodyOf<T, L>,
}

/// An event as a client sent it, with texts of its own.
pub type SentEvent = SentEventOf<String>;
/// An event that owns its texts.
pub type Event = EventOf<String, Pairs>;
/// What happened, with texts of its own.
pub type Body = BodyOf<String, Pairs>;
/// A `video.*` event with texts of its own.
pub type VideoEvent = VideoEventOf<String, Pairs>;
/// A `quiz.*` event with texts of its own.
pub type QuizEvent = QuizEventOf<String>;
/// An entry of the catalogue with texts of its own.
pub type Description = DescriptionOf<String>;
/// Pairs of positions (from, to), in content milliseconds.
pub type Pairs = Vec<(i64, i64)>;

impl<T, L> EventOf<T, L> {
    /// The time for the views: as sent, but not after arrival when it was flagged as lying in the future.
    /// Milliseconds; `None` when none was sent.
    pub fn view_time_millis(&self) -> Option<i64> {
        view_time_millis(self.time_millis, self.arrival_millis, self.flags)
    }
}

/// [`EventOf::view_time_millis`] of an event that has these.
pub fn view_time_millis(time_millis: Option<i64>, arrival_millis: i64, flags: Flags) -> Option<i64> {
    match time_millis {
        Some(_) if flags.contains(Flags::FUTURE_TIME) => Some(arrival_millis),
        time => time,
    }
}

impl Event {
    /// The client's own id, where one was given.
    pub fn source_id(&self, tenant: &str) -> Option<Cow<'_, str>> {
        match &self.source {
            Source::None => None,
            Source::Given(id) => Some(Cow::Borrowed(id.as_ref())),
            Source::InId => Some(Cow::Owned(self.id.uuid(&self.act(tenant), &self.learner).to_string())),
        }
    }

    fn act(&self, tenant: &str) -> Act {
        Act::of(tenant, self.course.as_ref(), self.role, self.time_millis, &self.body)
    }
}

/// What happened, by type; for `T` and `L` see [`EventOf`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BodyOf<T, L> {
    /// Any `video.*` type.
    Video(VideoEventOf<T, L>),
    /// Any `quiz.*` type.
    Quiz(QuizEventOf<T>),
    /// `activity.viewed`: a page, a file, a forum thread.
    Viewed {
        /// The object's id.
        object: T,
    },
    /// `course.enrolled`.
    Enrolled,
    /// `course.unenrolled`.
    Unenrolled,
    /// `course.completed`.
    Completed,
    /// `object.described`: the catalogue.
    Described(DescriptionOf<T>),
}

/// What a learner did with a video player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoAction {
    /// A heartbeat: one watched segment.
    Watched,
    /// Playback began.
    Played,
    /// Playback paused.
    Paused,
    /// The position jumped.
    Seeked,
    /// The video was watched to its end.
    Completed,
    /// The player was closed.
    Terminated,
    /// The player was made ready (xAPI `initialized`, Open edX `load_video`); it tells a length.
    Initialized,
    /// Anything else done to the player: speed, transcript, full screen.
    Interacted,
}

/// One `video.*` event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VideoEventOf<T, L> {
    /// Which type.
    pub action: VideoAction,
    /// The video's id.
    pub video: T,
    /// The position, or for [`VideoAction::Watched`] and [`VideoAction::Seeked`] the `from`; content milliseconds.
    pub position_millis: Option<i64>,
    /// The `to` of [`VideoAction::Watched`] and [`VideoAction::Seeked`]; content milliseconds.
    pub to_millis: Option<i64>,
    /// The video's length, in (0, 36 000 000] ms; out of that it is `None` and flagged.
    pub length_millis: Option<i64>,
    /// Playback rate in [0.25, 4]; `None` when absent, or when out of that and flagged.
    pub rate: Option<f64>,
    /// The share of seconds that completes the video, in (0, 1] (xAPI `completion-threshold`).
    pub threshold: Option<f64>,
    /// The xAPI `played-segments` of the session so far: closed pairs (from, to) in content milliseconds, as they
    /// stand in the list, zero length included; `Some` of an empty list when the attribute is there but empty.
    pub segments: Option<L>,
}

/// Which step of a quiz.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QuizAction {
    /// One question was answered.
    #[default]
    Answered,
    /// The quiz was opened.
    Started,
    /// The quiz was handed in.
    Submitted,
}

/// One `quiz.*` event.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct QuizEventOf<T> {
    /// Which type.
    pub action: QuizAction,
    /// The quiz's id.
    pub quiz: T,
    /// The question's id; always there for [`QuizAction::Answered`], never for the others.
    pub question: Option<T>,
    /// The attempt's number, from 1.
    pub attempt: Option<u32>,
    /// The attempt's id, where it has one instead of a number.
    pub attempt_id: Option<T>,
    /// What was answered; a list is sorted and joined by ", ".
    pub response: Option<T>,
    /// Whether the platform says that it is right.
    pub correct: Option<bool>,
    /// Points, in the unit of `max_score`.
    pub score: Option<f64>,
    /// Points possible.
    pub max_score: Option<f64>,
    /// A score in [0, 1] as the platform scaled it (xAPI); used only when it is all there is.
    pub scaled: Option<f64>,
    /// Time taken, in milliseconds.
    pub elapsed_millis: Option<i64>,
}

/// The score of one answer and where it comes from, the best source last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Score {
    /// Neither points nor a verdict.
    None,
    /// 1 000 000 or 0, by `correct`.
    ByCorrect(u32),
    /// Millionths of the points possible.
    ByPoints(u32),
}

impl<T> QuizEventOf<T> {
    /// s in millionths (METRICS.md, Quiz): floor(score / max_score · 10⁶ + 0.5) clamped to [0, 1] when max_score > 0; else
    /// 1 or 0 by `correct`; else by `scaled`, in the same way.
    pub fn millionths(&self) -> Score {
        let points = self.raw_millionths().map(|raw| Score::ByPoints(raw.clamp(0.0, 1e6) as u32));
        let verdict = self.correct.map(|correct| Score::ByCorrect(if correct { 1_000_000 } else { 0 }));
        points
            .or(verdict)
            .or_else(|| self.scaled_millionths().map(|raw| Score::ByPoints(raw.clamp(0.0, 1e6) as u32)))
            .unwrap_or(Score::None)
    }

    /// Whether the answer is right: the flag, else s = 1, else unknown.
    pub fn is_correct(&self) -> Option<bool> {
        self.correct.or(match self.millionths() {
            Score::ByPoints(1_000_000) => Some(true),
            _ => None,
        })
    }

    /// Whether the score that counts lies outside [0, 1] of its maximum.
    pub fn score_is_out_of_range(&self) -> bool {
        let used = self.raw_millionths().or(if self.correct.is_none() { self.scaled_millionths() } else { None });
        used.is_some_and(|raw| !(0.0..=1e6).contains(&raw))
    }

    fn raw_millionths(&self) -> Option<f64> {
        let (score, max_score) = self.score.zip(self.max_score)?;
        (score.is_finite() && max_score.is_finite() && max_score > 0.0).then(|| (score / max_score * 1e6 + 0.5).floor())
    }

    fn scaled_millionths(&self) -> Option<f64> {
        let nothing_else = self.score.zip(self.max_score).is_none();
        self.scaled.filter(|scaled| scaled.is_finite() && nothing_else).map(|scaled| (scaled * 1e6 + 0.5).floor())
    }
}

/// What the catalogue says of an object.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DescriptionOf<T> {
    /// The object's id: a video, quiz, question, page, or the course itself.
    pub object: T,
    /// The part of the course in which it stands.
    pub section: Option<T>,
    /// Its place in that part.
    pub position: Option<i64>,
    /// A video's length, in milliseconds.
    pub length_millis: Option<i64>,
    /// Where it can be opened.
    pub url: Option<T>,
}

impl<T, L> BodyOf<T, L> {
    /// The native type's name, as in `video.watched`.
    pub fn type_name(&self) -> &'static str {
        match self {
            BodyOf::Video(video) => video.action.type_name(),
            BodyOf::Quiz(quiz) => quiz.action.type_name(),
            BodyOf::Viewed { .. } => "activity.viewed",
            BodyOf::Enrolled => "course.enrolled",
            BodyOf::Unenrolled => "course.unenrolled",
            BodyOf::Completed => "course.completed",
            BodyOf::Described(_) => "object.described",
        }
    }
}

impl<T: AsRef<str>, L> BodyOf<T, L> {
    /// The id of what was acted on: the video, the question (or the quiz), the page; the empty string for the course.
    pub fn object(&self) -> &str {
        match self {
            BodyOf::Video(video) => video.video.as_ref(),
            BodyOf::Quiz(quiz) => quiz.question.as_ref().unwrap_or(&quiz.quiz).as_ref(),
            BodyOf::Viewed { object } => object.as_ref(),
            BodyOf::Enrolled | BodyOf::Unenrolled | BodyOf::Completed => "",
            BodyOf::Described(description) => description.object.as_ref(),
        }
    }
}

impl VideoAction {
    /// Every action, in the order of their codes in stream records.
    pub const ALL: [VideoAction; 8] = [
        VideoAction::Watched,
        VideoAction::Played,
        VideoAction::Paused,
        VideoAction::Seeked,
        VideoAction::Completed,
        VideoAction::Terminated,
        VideoAction::Initialized,
        VideoAction::Interacted,
    ];

    /// The action of a native type.
    pub fn of_type(name: &str) -> Option<VideoAction> {
        match name {
            "video.watched" => Some(VideoAction::Watched),
            "video.played" => Some(VideoAction::Played),
            "video.paused" => Some(VideoAction::Paused),
            "video.seeked" => Some(VideoAction::Seeked),
            "video.completed" => Some(VideoAction::Completed),
            "video.terminated" => Some(VideoAction::Terminated),
            "video.initialized" => Some(VideoAction::Initialized),
            "video.interacted" => Some(VideoAction::Interacted),
            _ => None,
        }
    }

    /// The native type's name.
    pub fn type_name(self) -> &'static str {
        match self {
            VideoAction::Watched => "video.watched",
            VideoAction::Played => "video.played",
            VideoAction::Paused => "video.paused",
            VideoAction::Seeked => "video.seeked",
            VideoAction::Completed => "video.completed",
            VideoAction::Terminated => "video.terminated",
            VideoAction::Initialized => "video.initialized",
            VideoAction::Interacted => "video.interacted",
        }
    }
}

impl QuizAction {
    /// Every action, in the order of their codes in stream records.
    pub const ALL: [QuizAction; 3] = [QuizAction::Answered, QuizAction::Started, QuizAction::Submitted];

    /// The action of a native type.
    pub fn of_type(name: &str) -> Option<QuizAction> {
        match name {
            "quiz.answered" => Some(QuizAction::Answered),
            "quiz.started" => Some(QuizAction::Started),
            "quiz.submitted" => Some(QuizAction::Submitted),
            _ => None,
        }
    }

    /// The native type's name.
    pub fn type_name(self) -> &'static str {
        match self {
            QuizAction::Answered => "quiz.answered",
            QuizAction::Started => "quiz.started",
            QuizAction::Submitted => "quiz.submitted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{EventId, Pseudonym};

    #[test]
    fn words_are_those_of_the_formats_and_read_back() {
        for (role, word) in [(Role::Learner, "learner"), (Role::Staff, "staff"), (Role::Test, "test")] {
            assert_eq!((role.as_str(), Role::parse(word)), (word, Some(role)));
        }
        assert_eq!(Role::parse("Learner"), None);
        assert_eq!(Protocol::ALL.map(Protocol::as_str), ["native", "xapi", "caliper", "edx"]);
    }

    #[test]
    fn the_clients_own_id_is_given_or_in_the_events_or_nowhere() {
        let sent = |id: &str| {
            let enrolled = r#""type":"course.enrolled","learner":"ana","course":"c","time":"1970-01-01T00:00:00.001Z""#;
            crate::native::read(&format!(r#"{{"id":"{id}",{enrolled}}}"#)).unwrap()
        };
        let learner = Pseudonym([1; 16]);
        let event = |id: &str| {
            let (id, source) = EventId::of("t", &learner, &sent(id));
            Event {
                id,
                learner,
                course: "c".into(),
                session: None,
                role: Role::Learner,
                title: None,
                time_millis: Some(1),
                arrival_millis: 1,
                zone_offset_minutes: 0,
                settings_version: 1,
                flags: Flags::empty(),
                protocol: Protocol::Native,
                source,
                body: Body::Enrolled,
            }
        };
        let uuid = "fedcba98-7654-4210-8fed-cba987654321";
        assert_eq!(event("a-1").source_id("t").as_deref(), Some("a-1"));
        assert_eq!(event(uuid).source, Source::InId);
        assert_eq!(event(uuid).source_id("t").as_deref(), Some(uuid));
        assert_eq!(Event { source: Source::None, ..event("a-1") }.source_id("t"), None);
    }

    #[test]
    fn an_event_in_the_future_counts_at_its_arrival_for_views() {
        let event = |time_millis, flags| Event {
            id: EventId([0; 16]),
            learner: Pseudonym([0; 16]),
            course: "c".into(),
            session: None,
            role: Role::Learner,
            title: None,
            time_millis,
            arrival_millis: 5_000,
            zone_offset_minutes: 0,
            settings_version: 1,
            flags,
            protocol: Protocol::Native,
            source: Source::None,
            body: Body::Enrolled,
        };
        assert_eq!(event(Some(9_000), Flags::empty()).view_time_millis(), Some(9_000));
        assert_eq!(event(Some(9_000), Flags::FUTURE_TIME).view_time_millis(), Some(5_000));
        assert_eq!(event(None, Flags::FUTURE_TIME).view_time_millis(), None);
    }

    #[test]
    fn points_go_before_the_verdict_and_the_verdict_before_what_is_scaled() {
        let answer = |points: Option<(f64, f64)>, correct, scaled| QuizEvent {
            score: points.map(|(score, _)| score),
            max_score: points.map(|(_, max_score)| max_score),
            correct,
            scaled,
            ..QuizEvent::default()
        };
        // Points, verdict and scaled score; what they come to; right or not; out of range.
        for (points, correct, scaled, score, is_correct, out) in [
            (None, None, None, Score::None, None, false),
            (Some((1.0, 3.0)), None, None, Score::ByPoints(333_333), None, false),
            (Some((2.0, 3.0)), Some(true), Some(0.5), Score::ByPoints(666_667), Some(true), false),
            (Some((2.0, 2.0)), None, None, Score::ByPoints(1_000_000), Some(true), false),
            (Some((2.1, 2.0)), None, None, Score::ByPoints(1_000_000), Some(true), true),
            (Some((-0.1, 2.0)), Some(false), None, Score::ByPoints(0), Some(false), true),
            (Some((0.0, 2.0)), None, None, Score::ByPoints(0), None, false),
            (Some((1.0, 0.0)), Some(true), None, Score::ByCorrect(1_000_000), Some(true), false),
            (Some((1.0, 0.0)), None, Some(0.5), Score::None, None, false),
            (Some((f64::NAN, 1.0)), Some(false), None, Score::ByCorrect(0), Some(false), false),
            (Some((1.0, f64::INFINITY)), None, None, Score::None, None, false),
            (None, Some(false), Some(9.0), Score::ByCorrect(0), Some(false), false),
            (None, None, Some(0.250_000_4), Score::ByPoints(250_000), None, false),
            (None, None, Some(0.250_000_6), Score::ByPoints(250_001), None, false),
            (None, None, Some(1.0), Score::ByPoints(1_000_000), Some(true), false),
            (None, None, Some(1.5), Score::ByPoints(1_000_000), Some(true), true),
            (None, None, Some(f64::NAN), Score::None, None, false),
        ] {
            let answer = answer(points, correct, scaled);
            let found = (answer.millionths(), answer.is_correct(), answer.score_is_out_of_range());
            assert_eq!(found, (score, is_correct, out), "{answer:?}");
        }
    }

    #[test]
    fn what_was_acted_on_is_named() {
        let quiz = |question: Option<&str>| {
            Body::Quiz(QuizEvent { quiz: "z".into(), question: question.map(str::to_string), ..QuizEvent::default() })
        };
        let described = Body::Described(Description { object: "o".into(), ..Description::default() });
        for (body, kind, object) in [
            (quiz(Some("q")), "quiz.answered", "q"),
            (quiz(None), "quiz.answered", "z"),
            (Body::Viewed { object: "p".into() }, "activity.viewed", "p"),
            (Body::Enrolled, "course.enrolled", ""),
            (Body::Unenrolled, "course.unenrolled", ""),
            (Body::Completed, "course.completed", ""),
            (described, "object.described", "o"),
        ] {
            assert_eq!((body.type_name(), body.object()), (kind, object));
        }
        let names = VideoAction::ALL.map(|action| action.type_name().strip_prefix("video."));
        let expected =
            ["watched", "played", "paused", "seeked", "completed", "terminated", "initialized", "interacted"];
        assert_eq!(names, expected.map(Some));
        let names = QuizAction::ALL.map(QuizAction::type_name);
        assert_eq!(names, ["quiz.answered", "quiz.started", "quiz.submitted"]);
        assert!(VideoAction::ALL.iter().all(|action| VideoAction::of_type(action.type_name()) == Some(*action)));
        assert!(QuizAction::ALL.iter().all(|action| QuizAction::of_type(action.type_name()) == Some(*action)));
        for name in ["", "video.", "video.watch", "quiz.answered ", "activity.viewed"] {
            assert_eq!((VideoAction::of_type(name), QuizAction::of_type(name)), (None, None), "{name}");
        }
    }
}
