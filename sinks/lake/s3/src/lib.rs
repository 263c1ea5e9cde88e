//! The lake's ports on S3, DynamoDB and Glue: [`S3Storage`] holds the files, [`DynamoManifest`] says which of them count,
//! and a [`Catalogue`], [`GlueCatalogue`] on AWS, sends readers to the folder of the published generation.
//!
//! It must not know how rows are written, nor when to compact. Start at [`S3Storage`], whose documentation shows where
//! everything lies.

#![warn(missing_docs)]

pub mod catalogue;
mod manifest;
mod pointer;
mod storage;

pub use catalogue::{Catalogue, CatalogueError, GlueCatalogue, MemoryCatalogue};
pub use manifest::DynamoManifest;
pub use storage::{Clock, S3Storage};
