//! Identities in redb: key tenant · pseudonym; value n (4 bytes, big-endian) · the raw id sealed with the key as context,
//! nothing once the learner was erased.

use redb::ReadableTable;
use trilha_schemas::ids::Pseudonym;

use super::keys;
use super::store::{IDENTITIES, Store, StoreError};
use crate::identities::{Identities, Identity, IdentityError};
use crate::seal::Sealer;

/// The identity table in the collector's file.
pub struct EmbeddedIdentities {
    store: Store,
    sealer: Sealer,
}

impl From<StoreError> for IdentityError {
    fn from(error: StoreError) -> IdentityError {
        IdentityError::Unavailable(error.to_string())
    }
}

impl EmbeddedIdentities {
    pub(super) fn new(store: Store, sealer: Sealer) -> EmbeddedIdentities {
        EmbeddedIdentities { store, sealer }
    }

    fn seal(&self, key: &[u8], identity: &Identity) -> Vec<u8> {
        let mut value = identity.n.to_be_bytes().to_vec();
        value.extend(identity.learner.iter().flat_map(|learner| self.sealer.seal(key, learner.as_bytes())));
        value
    }

    fn open(&self, key: &[u8], value: &[u8]) -> Result<Identity, IdentityError> {
        let (n, sealed) = value.split_first_chunk().ok_or(IdentityError::Sealed)?;
        let n = u32::from_be_bytes(*n);
        if sealed.is_empty() {
            return Ok(Identity { learner: None, n });
        }
        let learner = self.sealer.open(key, sealed).ok().and_then(|learner| String::from_utf8(learner).ok());
        learner.map(|learner| Identity { learner: Some(learner), n }).ok_or(IdentityError::Sealed)
    }
}

impl Identities for EmbeddedIdentities {
    async fn rows(&self, tenant: &str, pseudonyms: &[Pseudonym]) -> Result<Vec<Option<Identity>>, IdentityError> {
        let keys: Vec<_> = pseudonyms.iter().map(|pseudonym| keys::learner(tenant, *pseudonym)).collect();
        let values = self.store.read(|transaction| {
            let table = transaction.open_table(IDENTITIES)?;
            let get = |key: &Vec<u8>| Ok(table.get(key.as_slice())?.map(|value| value.value().to_vec()));
            keys.iter().map(get).collect::<Result<Vec<Option<Vec<u8>>>, redb::Error>>()
        })?;
        let opened = keys.iter().zip(values).map(|(key, value)| value.map(|value| self.open(key, &value)).transpose());
        opened.collect()
    }

    async fn add(&self, tenant: &str, rows: Vec<(Pseudonym, Identity)>) -> Result<Vec<bool>, IdentityError> {
        let sealed: Vec<_> = rows
            .into_iter()
            .map(|(pseudonym, identity)| {
                let key = keys::learner(tenant, pseudonym);
                let value = self.seal(&key, &identity);
                (key, value)
            })
            .collect();
        let add = move |transaction: &redb::WriteTransaction| {
            let mut table = transaction.open_table(IDENTITIES)?;
            let mut stand = Vec::with_capacity(sealed.len());
            for (key, value) in sealed {
                let there = table.get(key.as_slice())?.map(|there| there.value().len() > 4);
                if there.is_none() {
                    table.insert(key.as_slice(), value.as_slice())?;
                }
                stand.push(there.unwrap_or(value.len() > 4));
            }
            Ok(stand)
        };
        Ok(self.store.write(add).await?)
    }

    async fn erase(&self, tenant: &str, pseudonym: Pseudonym) -> Result<bool, IdentityError> {
        let key = keys::learner(tenant, pseudonym);
        let erase = move |transaction: &redb::WriteTransaction| {
            let mut table = transaction.open_table(IDENTITIES)?;
            let n = table.get(key.as_slice())?.and_then(|value| value.value().first_chunk::<4>().copied());
            if let Some(n) = n {
                table.insert(key.as_slice(), n.as_slice())?;
            }
            Ok(n.is_some())
        };
        Ok(self.store.write(erase).await?)
    }
}
