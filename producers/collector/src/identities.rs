//! The identity table: the only way back from a pseudonym to a learner.

use std::future::Future;

use thiserror::Error;
use trilha_schemas::ids::Pseudonym;

/// Who a pseudonym stands for.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The learner's raw id; `None` once the learner was erased, when only the mark stays.
    pub learner: Option<String>,
    /// How often this learner had been erased before: the pseudonym is HMAC-SHA-256(tenant key, id ‖ n).
    pub n: u32,
}

impl Identity {
    /// Whether the learner was erased: a later event of theirs gets the pseudonym of n + 1.
    pub fn is_erased(&self) -> bool {
        self.learner.is_none()
    }
}

/// Why the table did not answer. Nothing of the call counts as done; ask again.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The store failed.
    #[error("the identity table is unavailable: {0}")]
    Unavailable(String),
    /// A row does not open with the data key: stop and look at the keys.
    #[error("an identity row does not open with the data key")]
    Sealed,
}

/// Pseudonym → learner, per tenant.
pub trait Identities: Send + Sync + 'static {
    /// The rows of these pseudonyms, in their order.
    fn rows(
        &self,
        tenant: &str,
        pseudonyms: &[Pseudonym],
    ) -> impl Future<Output = Result<Vec<Option<Identity>>, IdentityError>> + Send;

    /// Adds rows where there are none; a row that is there stays as it is. Durable when it answers. Says of each,
    /// in their order, whether the learner behind it is not erased.
    fn add(
        &self,
        tenant: &str,
        rows: Vec<(Pseudonym, Identity)>,
    ) -> impl Future<Output = Result<Vec<bool>, IdentityError>> + Send;

    /// Marks a row as erased and forgets its raw id; durable when it answers. Whether there was such a row.
    fn erase(&self, tenant: &str, pseudonym: Pseudonym) -> impl Future<Output = Result<bool, IdentityError>> + Send;
}
