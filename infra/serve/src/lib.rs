//! What the commands share that run the pipeline, whether its parts are embedded or on AWS: generic over ports.
//!
//! [`listen`] serves a router and stops without losing a request; [`announce`] says where everything is; [`delivery`]
//! starts the processors' mappings; [`housekeeping`] is what has to be done from time to time; [`reading`] and
//! [`quarantine`] are what people look at. It must not know which implementation stands for which port.

#![warn(missing_docs)]

pub mod clock;

pub mod listen;
mod silence;

pub mod announce;

pub mod delivery;

pub mod housekeeping;

pub mod reading;

pub mod quarantine;
