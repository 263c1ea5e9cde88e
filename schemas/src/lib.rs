//! What Trilha's parts say to one another: the learner event, the readers that make it from native JSON and from
//! other systems' events, the stream record codec and the lake's columns.
//!
//! Pure: no clock, no randomness, no files, no network. It must not know how events are stored, folded or served.
//! Start at [`event`]; then [`native`] for how a client writes one and [`record`] for how a stream carries many.

#![warn(missing_docs)]

pub mod event;
pub mod flags;
pub mod ids;
pub mod number;
pub mod time;

pub mod reader;

mod loose;

pub mod native;
pub mod xapi;

pub mod edx;

pub mod caliper;

pub mod documents;

pub mod packing;

pub mod record;

pub mod kpl;

pub mod columns;

pub mod sequence;
