//! The lake's catalogue, where the environment names one.

use trilha_lake::Partition;
use trilha_lake_s3::{Catalogue, CatalogueError, GlueCatalogue};

use crate::clients::Clients;
use crate::config::{Config, ConfigError};

/// Glue, or nothing: who only lands files sends readers nowhere, and a lake can do without SQL.
pub enum LakeCatalogue {
    /// Readers are sent to a day's published generation.
    Glue(Box<GlueCatalogue>),
    /// Readers follow the pointers in the bucket.
    Absent,
}

impl LakeCatalogue {
    /// What the environment names.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] when it names a database and no bucket.
    pub fn of(config: &Config, clients: &Clients) -> Result<LakeCatalogue, ConfigError> {
        if !config.glue_database.is_set() {
            return Ok(LakeCatalogue::Absent);
        }
        let location = config.lake_location()?;
        let (database, table) = (config.glue_database.get()?, &config.glue_table);
        Ok(LakeCatalogue::Glue(Box::new(GlueCatalogue::new(clients.glue(), database, table, &location))))
    }
}

impl Catalogue for LakeCatalogue {
    async fn location(&self, partition: &Partition) -> Result<Option<String>, CatalogueError> {
        match self {
            LakeCatalogue::Glue(glue) => glue.location(partition).await,
            LakeCatalogue::Absent => Ok(None),
        }
    }

    async fn move_to(&self, partition: &Partition, folder: &str) -> Result<bool, CatalogueError> {
        match self {
            LakeCatalogue::Glue(glue) => glue.move_to(partition, folder).await,
            LakeCatalogue::Absent => Ok(false),
        }
    }
}
