//! Identities, counted: a collector that has seen a learner lately asks for none.

use std::sync::Mutex;

use trilha_collector::identities::{Identities, Identity, IdentityError};
use trilha_schemas::ids::Pseudonym;

use super::lock;
use crate::billing::{half_read_units, write_units};

/// A row takes less than this: two keys, a number, a sealed id.
const ROW_BYTES: u64 = 1_024;

/// What rows cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IdentityCounts {
    /// Write units.
    pub write_units: u64,
    /// Read units, in halves.
    pub half_read_units: u64,
}

/// Identities with a count.
#[derive(Debug, Default)]
pub struct CountingIdentities<I> {
    inner: I,
    counts: Mutex<IdentityCounts>,
}

impl<I> CountingIdentities<I> {
    /// Counts from zero.
    pub fn new(inner: I) -> CountingIdentities<I> {
        CountingIdentities { inner, counts: Mutex::default() }
    }

    /// What was counted since this was asked last.
    pub fn take(&self) -> IdentityCounts {
        std::mem::take(&mut lock(&self.counts))
    }
}

impl<I: Identities> Identities for CountingIdentities<I> {
    /// Each row is read as an item of its own, and the latest is wanted.
    async fn rows(&self, tenant: &str, pseudonyms: &[Pseudonym]) -> Result<Vec<Option<Identity>>, IdentityError> {
        lock(&self.counts).half_read_units += pseudonyms.len() as u64 * half_read_units(ROW_BYTES, true);
        self.inner.rows(tenant, pseudonyms).await
    }

    async fn add(&self, tenant: &str, rows: Vec<(Pseudonym, Identity)>) -> Result<Vec<bool>, IdentityError> {
        lock(&self.counts).write_units += rows.len() as u64 * write_units(ROW_BYTES);
        self.inner.add(tenant, rows).await
    }

    async fn erase(&self, tenant: &str, pseudonym: Pseudonym) -> Result<bool, IdentityError> {
        lock(&self.counts).write_units += write_units(ROW_BYTES);
        self.inner.erase(tenant, pseudonym).await
    }
}
