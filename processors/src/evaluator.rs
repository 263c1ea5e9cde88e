//! The scheduled evaluator: reads rosters, learner items and views, and raises domain events where something has
//! changed that people should hear of. Silence raises no event by itself, and a percentile needs the whole class: so it
//! runs by the clock.
//!
//! What it decides are pure functions of what was read ([`learner`], [`class`], [`course`]); [`Evaluator::run`] reads,
//! publishes and notes. An event is published first, then the status that it follows from is noted, by a conditional
//! put: a crash in between and a second evaluator beside it repeat events, each under the same id.
//!
//! **What is old.** Nothing is said of what was over 48 h old when it was first seen; a replayed file of last year
//! sends no mail. Arrival is stamped by the collector and not kept in items; what is kept tells enough:
//!
//! - A roster entry's last day counts no event that came over 48 h late, and a replay's events arrive at their own
//!   times. So *a learner whose last day lies before the one of 48 h ago has done nothing lately*, whatever came in:
//!   what is first seen, or has changed, of such a learner is noted and not told.
//! - A video item keeps its events with their times: *a video is completed lately only if it was not yet by the events
//!   of before 48 h ago* ([`trilha_core::video::VideoItem::seconds_before`]).
//! - A question is told of while somebody's last answer in its quiz is younger than that.
//! - A course that is first seen without a learner active in that time has its activity noted and not told.
//!
//! **What it costs.** A course is read only when one of its views has moved, the day is another, or its settings
//! changed. What was read of a learner is kept as a summary of some hundred bytes ([`status::Summary`]); their items are
//! read again
//!
//! - when the roster says something new of them: it does on each day on which they are there;
//! - at each evaluation while that day lasts, and for three hours after it;
//! - then once a day, until nothing that would be told can come any more. Who sends what is late is nearly always there
//!   to send it, and so read at once; of all others it is told up to a day later, and what is over 48 h old by then is
//!   not.
//!
//! Rosters and statuses are read in pages of about a thousand learners, once each; the statuses of a larger course once
//! for each pass over the class. What is held of a whole class is a number a learner and some sums a question.
//!
//! **How long it takes** is the caller's choice ([`Limits`]): how many courses and learners are read at once, and until
//! when courses are begun. What is left is noted, and the next run begins there.

pub mod class;
pub mod course;
pub mod event;
pub mod learner;
pub mod rules;
pub mod sink;
pub mod status;

mod cursor;
mod evaluation;
mod limits;
mod read;
mod run;

pub use limits::Limits;
pub use run::{Evaluated, Evaluator, EvaluatorError};
