//! Identities: an item for each pseudonym of a tenant.

use std::collections::HashMap;

use trilha_collector::identities::{Identities, Identity, IdentityError};
use trilha_collector::seal::Sealer;
use trilha_dynamodb::{Attributes, Condition, PARTITION, Table, TableError, Written, key};
use trilha_schemas::ids::Pseudonym;

use crate::attributes::{b, bytes, item, n, number, text};
use crate::{at_once, keys};

const SEALED: &str = "sealed";

/// The identity table.
///
/// A row is one conditional put and stays as it was first written, except that an erasure takes the sealed id out of it. Backups
/// (point-in-time recovery) keep the id for as long as they are kept themselves.
#[derive(Debug)]
pub struct DynamoIdentities {
    table: Table,
    sealer: Sealer,
}

impl DynamoIdentities {
    /// Over a table; raw ids are sealed with the data key.
    pub fn new(table: Table, sealer: Sealer) -> DynamoIdentities {
        DynamoIdentities { table, sealer }
    }

    /// The partition is the context, so that no row opens in another's place.
    fn item(&self, partition: &str, identity: &Identity) -> Attributes {
        let mut item = item(partition, keys::IDENTITY, [("n", n(identity.n))]);
        let seal = |learner: &String| self.sealer.seal(partition.as_bytes(), learner.as_bytes());
        item.extend(identity.learner.as_ref().map(|learner| (SEALED.to_string(), b(seal(learner)))));
        item
    }

    fn open(&self, item: &Attributes) -> Result<(String, Identity), IdentityError> {
        let partition = text(item, PARTITION).ok_or(IdentityError::Sealed)?;
        let n = number(item, "n").ok_or(IdentityError::Sealed)?;
        let open = |sealed: &[u8]| {
            let learner = self.sealer.open(partition.as_bytes(), sealed).ok();
            learner.and_then(|learner| String::from_utf8(learner).ok()).ok_or(IdentityError::Sealed)
        };
        let learner = bytes(item, SEALED).map(open).transpose()?;
        Ok((partition.to_string(), Identity { learner, n }))
    }

    /// Whether the learner of the row that is there afterwards is not erased.
    async fn add_one(&self, item: Attributes) -> Result<bool, TableError> {
        let partition = text(&item, PARTITION).unwrap_or_default().to_string();
        let stands = item.contains_key(SEALED);
        let there = match self.table.put(item, Some(Condition::absent())).await? {
            Written::Done => return Ok(stands),
            Written::Refused(Some(there)) => Some(there),
            // A stand-in may not say what is there.
            Written::Refused(None) => self.table.get_one(&partition, keys::IDENTITY, true).await?,
        };
        Ok(there.is_some_and(|there| there.contains_key(SEALED)))
    }
}

impl Identities for DynamoIdentities {
    async fn rows(&self, tenant: &str, pseudonyms: &[Pseudonym]) -> Result<Vec<Option<Identity>>, IdentityError> {
        let partitions: Vec<_> = pseudonyms.iter().map(|pseudonym| keys::identity(tenant, *pseudonym)).collect();
        let mut distinct: Vec<_> = partitions.iter().map(String::as_str).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let wanted = distinct.into_iter().map(|partition| key(partition, keys::IDENTITY)).collect();
        let items = self.table.get(wanted, true).await.map_err(unavailable)?;
        let rows = items.iter().map(|item| self.open(item)).collect::<Result<HashMap<_, _>, _>>()?;
        Ok(partitions.iter().map(|partition| rows.get(partition).cloned()).collect())
    }

    async fn add(&self, tenant: &str, rows: Vec<(Pseudonym, Identity)>) -> Result<Vec<bool>, IdentityError> {
        let items = rows.iter().map(|(pseudonym, identity)| self.item(&keys::identity(tenant, *pseudonym), identity));
        at_once::all(items.map(|item| self.add_one(item)).collect()).await.map_err(unavailable)
    }

    async fn erase(&self, tenant: &str, pseudonym: Pseudonym) -> Result<bool, IdentityError> {
        let partition = keys::identity(tenant, pseudonym);
        let present = Condition::present().name("#sealed", SEALED);
        let erased = self.table.update(&partition, keys::IDENTITY, "REMOVE #sealed", present).await;
        Ok(erased.map_err(unavailable)?.is_ok())
    }
}

fn unavailable(error: TableError) -> IdentityError {
    IdentityError::Unavailable(error.to_string())
}
