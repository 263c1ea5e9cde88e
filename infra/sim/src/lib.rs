//! A deterministic simulation of the whole pipeline. One seed drives learners, clients, the stream, pollers, stores, crashes
//! and clocks; the code under test is the product's own, on ports that are simulated ([`ports`]); an oracle that shares no
//! code with it judges every run ([`judge`]).
//!
//! Start at [`run::run`], then [`world`] for how a run follows from its seed.

#![warn(missing_docs)]

pub mod actors;
pub mod dice;
pub mod faults;
pub mod judge;
pub mod learners;
pub mod ledger;
pub mod machine;
pub mod ports;
pub mod run;
pub mod seeds;
pub mod world;
