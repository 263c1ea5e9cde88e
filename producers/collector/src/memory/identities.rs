//! Identities in a map.

use std::collections::HashMap;
use std::sync::Mutex;

use trilha_schemas::ids::Pseudonym;

use super::lock;
use crate::identities::{Identities, Identity, IdentityError};

/// An identity table in memory.
#[derive(Default)]
pub struct MemoryIdentities {
    rows: Mutex<HashMap<(String, Pseudonym), Identity>>,
}

impl Identities for MemoryIdentities {
    async fn rows(&self, tenant: &str, pseudonyms: &[Pseudonym]) -> Result<Vec<Option<Identity>>, IdentityError> {
        let rows = lock(&self.rows);
        Ok(pseudonyms.iter().map(|pseudonym| rows.get(&(tenant.to_string(), *pseudonym)).cloned()).collect())
    }

    async fn add(&self, tenant: &str, new: Vec<(Pseudonym, Identity)>) -> Result<Vec<bool>, IdentityError> {
        let mut rows = lock(&self.rows);
        let new = new.into_iter();
        Ok(new.map(|(at, row)| !rows.entry((tenant.to_string(), at)).or_insert(row).is_erased()).collect())
    }

    async fn erase(&self, tenant: &str, pseudonym: Pseudonym) -> Result<bool, IdentityError> {
        let mut rows = lock(&self.rows);
        let row = rows.get_mut(&(tenant.to_string(), pseudonym));
        Ok(row.map(|row| row.learner = None).is_some())
    }
}
