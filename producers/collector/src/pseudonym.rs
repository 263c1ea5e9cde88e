//! Raw ids to pseudonyms: HMAC-SHA-256(tenant key, raw id ‖ n as four big-endian bytes), first 16 bytes, each with a
//! durable row in the identity table before it is used.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hmac::Mac;
use trilha_schemas::ids::{Pseudonym, first_16};
use trilha_schemas::record::Few;

use crate::cache::Cache;
use crate::credential::KeyRing;
use crate::identities::{Identities, Identity, IdentityError};
use crate::seal::HmacSha256;

const MOST_CACHED_PER_GENERATION: usize = 65_536;
/// Longer ids are looked up each time, so that nobody fills memory with them.
const MAX_CACHED_ID_BYTES: usize = 128;
/// No raw id starts with this byte, for no UTF-8 does: the catalogue's pseudonyms meet no learner's.
const CATALOGUE: &[u8] = b"\xffcatalogue";

pub(crate) struct Pseudonyms<I> {
    identities: Arc<I>,
    tenants: BTreeMap<String, Tenant>,
}

/// What to do about a learner who has no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Add it: an event under this pseudonym is about to be written.
    Add,
    /// Leave it: the pseudonym only helps to find what was refused.
    Leave,
}

/// One tenant's key and the pseudonyms it gave lately.
pub(crate) struct Tenant {
    hmac: HmacSha256,
    known: Mutex<Cache<Box<str>, Pseudonym>>,
}

impl<I: Identities> Pseudonyms<I> {
    pub(crate) fn new(identities: Arc<I>, keys: &KeyRing) -> Pseudonyms<I> {
        let tenants = keys.tenants.iter().map(|keys| {
            let known = Mutex::new(Cache::new(MOST_CACHED_PER_GENERATION));
            (keys.tenant.clone(), Tenant { hmac: keys.pseudonym_key.hmac(), known })
        });
        Pseudonyms { identities, tenants: tenants.collect() }
    }

    pub(crate) fn tenant(&self, name: &str) -> Option<&Tenant> {
        self.tenants.get(name)
    }

    /// The pseudonyms of distinct raw ids, in their order. With [`Rows::Add`], new ones have their rows when this answers.
    pub(crate) async fn resolve(
        &self,
        name: &str,
        learners: &[&str],
        rows: Rows,
    ) -> Result<Vec<Pseudonym>, IdentityError> {
        let tenant = &self.tenants[name];
        let mut found = tenant.cached(learners);
        let mut open: Vec<usize> = (0..learners.len()).filter(|at| found[*at].is_none()).collect();
        let looked_up = open.clone();
        let mut n = 0;
        while !open.is_empty() {
            open = self.resolve_round(name, learners, open, n, rows, &mut found).await?;
            n += 1;
        }
        let found: Vec<_> = found.into_iter().map(|found| found.expect("none is open")).collect();
        if rows == Rows::Add {
            tenant.remember(looked_up.iter().map(|at| (learners[*at], found[*at])));
        }
        Ok(found)
    }

    /// Tries one n for the learners that are open; answers those whose row at this n is erased.
    async fn resolve_round(
        &self,
        name: &str,
        learners: &[&str],
        open: Vec<usize>,
        n: u32,
        rows: Rows,
        found: &mut [Option<Pseudonym>],
    ) -> Result<Vec<usize>, IdentityError> {
        let tenant = &self.tenants[name];
        let tried: Vec<_> = open.iter().map(|at| tenant.pseudonym(learners[*at], n)).collect();
        let there = self.identities.rows(name, &tried).await?;
        let (mut erased, mut new) = (Vec::new(), Vec::new());
        for ((at, pseudonym), row) in open.into_iter().zip(tried).zip(there) {
            match row {
                Some(row) if row.is_erased() => erased.push(at),
                None if rows == Rows::Add => new.push((at, pseudonym)),
                _ => found[at] = Some(pseudonym),
            }
        }
        let identity = |at: usize| Identity { learner: Some(learners[at].to_string()), n };
        let added: Vec<_> = new.iter().map(|(at, pseudonym)| (*pseudonym, identity(*at))).collect();
        let stand = if added.is_empty() { Vec::new() } else { self.identities.add(name, added).await? };
        for ((at, pseudonym), stands) in new.into_iter().zip(stand) {
            // Erased between the two calls.
            if stands { found[at] = Some(pseudonym) } else { erased.push(at) }
        }
        Ok(erased)
    }
}

impl Tenant {
    /// The pseudonym under which an object is described that no learner described: one for each object.
    pub(crate) fn of_object(&self, course: &str, object: &str) -> Pseudonym {
        let hmac = self.hmac.clone().chain_update(CATALOGUE).chain_update((course.len() as u64).to_be_bytes());
        Pseudonym(first_16(&hmac.chain_update(course).chain_update(object).finalize().into_bytes()))
    }

    /// Forgets a learner who was just erased, so that their next event is looked up.
    pub(crate) fn forget(&self, learner: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(learner);
    }

    fn pseudonym(&self, learner: &str, n: u32) -> Pseudonym {
        let hmac = self.hmac.clone().chain_update(learner.as_bytes()).chain_update(n.to_be_bytes());
        Pseudonym(first_16(&hmac.finalize().into_bytes()))
    }

    /// Appends the pseudonym of each of these raw ids, which may repeat; whether all of them are known.
    pub(crate) fn known<'a>(
        &self,
        learners: impl ExactSizeIterator<Item = Option<&'a str>>,
        pseudonyms: &mut Few<Option<Pseudonym>>,
    ) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        pseudonyms.reserve(learners.len());
        let mut last = None;
        for learner in learners {
            let pseudonym = match (learner, last) {
                (None, _) => None,
                // Most lists hold runs of one learner.
                (Some(learner), Some((before, pseudonym))) if learner == before => Some(pseudonym),
                (Some(learner), _) => {
                    let Some(pseudonym) = known.get(learner) else { return false };
                    last = Some((learner, pseudonym));
                    Some(pseudonym)
                }
            };
            pseudonyms.push(pseudonym);
        }
        true
    }

    fn cached(&self, learners: &[&str]) -> Vec<Option<Pseudonym>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        learners.iter().map(|learner| known.get(*learner)).collect()
    }

    fn remember<'a>(&self, new: impl Iterator<Item = (&'a str, Pseudonym)>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (learner, pseudonym) in new.filter(|(learner, _)| learner.len() <= MAX_CACHED_ID_BYTES) {
            known.insert(learner.into(), pseudonym);
        }
    }
}
