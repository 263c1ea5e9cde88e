//! The front door: authorises, stamps, pseudonymises and packs events, puts them on the stream, keeps what it refuses.
//!
//! It must not know how events are folded or shown, nor where it listens: [`router`] serves a socket and a Lambda alike.
//! Start at [`collector`], the core without HTTP; then [`identities`], [`quarantine`] and [`settings`], the three ports
//! it writes through besides the stream, with [`memory`] and [`embedded`] implementations and one [`contract`] suite.

#![warn(missing_docs)]

pub mod collector;

pub mod credential;
mod token;

pub mod identities;
mod pseudonym;

pub mod quarantine;

pub mod settings;

pub mod random;
pub mod seal;

pub mod cache;
pub mod embedded;
pub mod memory;

pub mod contract;

mod answer;
mod body;
mod cors;
pub mod router;
