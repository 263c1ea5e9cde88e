//! Trilha on AWS: which adapter stands for which port, and what the binaries do with them.
//!
//! [`config`] is what the environment says; [`clients`] speak to the services; [`wiring`] ties the parts together. The
//! Lambda functions are in [`functions`], each an ordinary async function over ports that its binary hands events to;
//! the commands of `trilha-aws` are in [`commands`]. Nothing here knows how events are folded or shown.

#![warn(missing_docs)]

pub mod config;

pub mod clients;

pub mod keys;

pub mod counted;

pub mod catalogue;

pub mod bus;

pub mod wiring;

pub mod beyond;

pub mod drift;

pub mod logs;

pub mod metrics;

pub mod trace;

pub mod span;

pub mod report;

pub mod functions;

pub mod commands;
