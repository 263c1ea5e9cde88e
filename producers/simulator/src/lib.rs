//! A simulated class: people who study, skip, rewatch, guess and give up, as native JSON events.
//!
//! [`Class`] is a class over the days of its courses, for files and benches; [`LiveClass`] is one that goes on now,
//! for demonstrations. Both are pure: no clock, no files, no randomness but their seed, and integers only, so the
//! same configuration gives the same bytes on every platform.
//!
//! The crate must not know how events are read, sent or counted: it only writes the native format.
//!
//! ```
//! use trilha_simulator::{Class, ClassConfig};
//!
//! let config = ClassConfig { events: Some(1_000), ..ClassConfig::default() };
//! let mut file = Vec::new();
//! let mut class = Class::new(&config);
//! while class.write_next(&mut file).is_some() {
//!     file.push(b'\n');
//! }
//! assert_eq!(file.iter().filter(|byte| **byte == b'\n').count(), 1_000);
//! ```
//!
//! Inside, in the order in which events come into being: `subjects` and `catalogue` (what is taught), `learner` (who),
//! `calendar` (when), `walker` (one person's way through a course), `watching` and `answering` (one activity),
//! `merge` (everybody in order of time), `json` (bytes).

#![warn(missing_docs)]

mod answering;
mod calendar;
mod catalogue;
mod class;
mod event;
mod json;
mod learner;
mod live;
mod merge;
mod rng;
mod subjects;
mod walker;
mod watching;
pub use class::{Class, ClassConfig, Delivery, Sent, SimulatedEvent};
pub use live::{LiveClass, LiveConfig};
