//! The lake's catalogue where the environment names one.

use trilha_lake::{LakeError, Partition};
use trilha_lake_s3::{Catalogue, GlueCatalogue};

use crate::clients::Clients;
use crate::config::Config;

/// Glue, or nothing: the writer of landing files shows readers nothing, and a lake can do without SQL.
pub enum LakeCatalogue {
    /// Readers find a day's published generation here.
    Glue(GlueCatalogue),
    /// Readers follow the pointers in the bucket.
    Absent,
}
