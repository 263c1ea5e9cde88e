//! The commands of `trilha-aws`.

mod cli;
mod compact;
mod create;
mod keys;
mod quarantine;
mod serve;
mod up;

pub use cli::{Cli, run};
