//! The ports' contracts: the storage in a bucket in memory, and everything on a stand-in for AWS.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::lake::{storage, wall_clock};
use common::stand_in::StandIn;
use object_store::memory::InMemory;
use trilha_lake_s3::{MemoryCatalogue, S3Storage};

fn in_memory() -> S3Storage<MemoryCatalogue> {
    let store = Arc::new(InMemory::new());
    storage(store, &Arc::default(), Duration::ZERO, wall_clock())
}

mod storage_in_memory {
    trilha_lake::storage_contract!(((), super::in_memory()));
}

mod storage_on_s3 {
    trilha_lake::storage_contract!({
        let Some(stand_in) = super::StandIn::new().await else { return };
        let catalogue = super::Arc::new(stand_in.view().catalogue());
        let storage = super::storage(stand_in.view().bucket(), &catalogue, super::Duration::ZERO, super::wall_clock());
        (stand_in, storage)
    });
}

mod manifest_on_dynamodb {
    trilha_lake::manifest_contract!({
        let Some(stand_in) = super::StandIn::new().await else { return };
        let manifest = stand_in.view().manifest();
        (stand_in, manifest)
    });
}

mod manifest_of_few_files_at_a_time {
    trilha_lake::manifest_contract!({
        let Some(stand_in) = super::StandIn::new().await else { return };
        let manifest = stand_in.view().manifest().with_most_files(7);
        (stand_in, manifest)
    });
}

mod catalogue_in_glue {
    trilha_lake_s3::catalogue_contract!({
        let Some(stand_in) = super::StandIn::new().await else { return };
        let catalogue = stand_in.view().catalogue();
        (stand_in, catalogue)
    });
}
