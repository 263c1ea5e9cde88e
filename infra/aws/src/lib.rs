//! Trilha on AWS.

#![warn(missing_docs)]
