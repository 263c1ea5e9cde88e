//! The read API over the live tables, and the instructors' page that it serves.
//!
//! The server knows live numbers only as a [`source::ViewSource`] gives them; [`read`] gives them from a live table. It
//! must not know a vendor or the stream. Time is passed in. Start at [`api`] for what a reader gets, then [`server`] for
//! how it is asked for.

#![warn(missing_docs)]

pub mod units;

pub mod api;

pub mod source;

pub mod session;

pub mod claims;

pub mod oidc;

mod error;

mod encoding;

mod etag;

mod assets;

mod headers;

pub mod server;

pub mod read;
