//! Who may write: write keys, which a platform's server holds, and learner tokens, which a browser holds.
//!
//! The tenant of every event comes from here, never from a body.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;
use trilha_schemas::event::{BodyOf, SentEventOf, SourceId};
use trilha_schemas::reader::{Code, Refusal};

use crate::random::Randomness;
use crate::seal::Secret;
use crate::token::{self, Claims, PREFIX as TOKEN_PREFIX};

const KEY_PREFIX: &str = "wk_";
/// The longest a token may live, in milliseconds: a day.
pub const MAX_TOKEN_MILLIS: i64 = 86_400_000;
/// How long a token lives unless asked otherwise, in milliseconds: an hour.
pub const DEFAULT_TOKEN_MILLIS: i64 = 3_600_000;
/// The longest credential that is looked at, in bytes.
const MAX_CREDENTIAL_BYTES: usize = 4_096;

/// Who sends.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A platform's server: writes for every learner of its tenant, and mints tokens.
    WriteKey {
        /// Whose events.
        tenant: String,
        /// The key's name, for logs.
        name: String,
    },
    /// One learner's browser.
    Learner {
        /// Whose events.
        tenant: String,
        /// The raw id of the only learner whose events it writes.
        learner: String,
        /// The only course it writes to; every one if `None`.
        course: Option<String>,
    },
}

/// Why a presented credential names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CredentialError {
    /// None was presented, or it is no key and no token of ours.
    #[error("a valid write key or learner token is needed")]
    Unknown,
    /// The token's time is over: ask for another.
    #[error("the token has expired")]
    Expired,
}

/// One platform's key as it is kept: by its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct WriteKey {
    /// What people call it; unique within its tenant.
    pub name: String,
    /// SHA-256 of the key's text.
    pub sha256: [u8; 32],
}

/// What belongs to one tenant.
#[derive(Clone, PartialEq, Eq)]
pub struct TenantKeys {
    /// The tenant's name.
    pub tenant: String,
    /// Makes pseudonyms of its learners' ids. Another key makes other learners of them all.
    pub pseudonym_key: Secret,
    /// Its platforms' keys.
    pub write_keys: Vec<WriteKey>,
}

/// Every secret that the collector needs.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRing {
    /// Encrypts raw ids and refused bodies at rest.
    pub data_key: Secret,
    /// Signs learner tokens.
    pub signing_key: Secret,
    /// The tenants.
    pub tenants: Vec<TenantKeys>,
}

impl WriteKey {
    /// A new key, and its text: shown once, kept by its platform.
    pub fn generate(name: &str, randomness: &dyn Randomness) -> (WriteKey, String) {
        WriteKey::of_secret(name, &Secret::generate(randomness))
    }

    /// The key whose text stands for this secret, and that text.
    pub fn of_secret(name: &str, secret: &Secret) -> (WriteKey, String) {
        let text = format!("{KEY_PREFIX}{}", secret.to_hex());
        (WriteKey { name: name.to_string(), sha256: Sha256::digest(text.as_bytes()).into() }, text)
    }
}

impl KeyRing {
    /// New keys for one tenant, with one write key, whose text comes beside.
    pub fn generate(tenant: &str, randomness: &dyn Randomness) -> (KeyRing, String) {
        let (write_key, text) = WriteKey::generate("first", randomness);
        let tenant = TenantKeys {
            tenant: tenant.to_string(),
            pseudonym_key: Secret::generate(randomness),
            write_keys: vec![write_key],
        };
        let data_key = Secret::generate(randomness);
        (KeyRing { data_key, signing_key: Secret::generate(randomness), tenants: vec![tenant] }, text)
    }

    /// Whose key or token this is, at a time in milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// [`CredentialError`] when it is nobody's, or no more.
    pub fn identify(&self, presented: &str, now_millis: i64) -> Result<Credential, CredentialError> {
        if presented.len() > MAX_CREDENTIAL_BYTES {
            return Err(CredentialError::Unknown);
        }
        match presented.strip_prefix(TOKEN_PREFIX) {
            Some(_) => self.token(presented, now_millis),
            None => self.write_key(presented),
        }
    }

    /// A token with which a learner's browser writes that learner's events until `expires_millis`, for as long as the
    /// write key that minted it is there. `None` when `minter` is no write key.
    pub fn mint(
        &self,
        minter: &Credential,
        learner: &str,
        course: Option<&str>,
        expires_millis: i64,
    ) -> Option<String> {
        let Credential::WriteKey { tenant, name } = minter else { return None };
        let claims = Claims {
            tenant: tenant.clone(),
            minter: name.clone(),
            learner: learner.to_string(),
            course: course.map(str::to_string),
            expires_millis,
        };
        Some(token::sign(&self.signing_key, &claims))
    }

    /// Every key is compared, each in constant time, so that the time taken tells nothing.
    fn write_key(&self, presented: &str) -> Result<Credential, CredentialError> {
        let digest: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
        let keys = self.tenants.iter().flat_map(|tenant| tenant.write_keys.iter().map(move |key| (tenant, key)));
        let matching = keys.fold(None, |found, (tenant, key)| {
            let same = bool::from(key.sha256.ct_eq(&digest));
            if same { Some((tenant, key)) } else { found }
        });
        let (tenant, key) = matching.ok_or(CredentialError::Unknown)?;
        Ok(Credential::WriteKey { tenant: tenant.tenant.clone(), name: key.name.clone() })
    }

    fn token(&self, presented: &str, now_millis: i64) -> Result<Credential, CredentialError> {
        let claims = token::verify(&self.signing_key, presented).ok_or(CredentialError::Unknown)?;
        let tenant = self.tenants.iter().find(|tenant| tenant.tenant == claims.tenant);
        let minter = tenant.and_then(|tenant| tenant.write_keys.iter().find(|key| key.name == claims.minter));
        minter.ok_or(CredentialError::Unknown)?;
        if claims.expires_millis <= now_millis {
            return Err(CredentialError::Expired);
        }
        Ok(Credential::Learner { tenant: claims.tenant, learner: claims.learner, course: claims.course })
    }
}

impl Credential {
    /// The tenant that everything it sends belongs to.
    pub fn tenant(&self) -> &str {
        match self {
            Credential::WriteKey { tenant, .. } | Credential::Learner { tenant, .. } => tenant,
        }
    }

    /// Whether it may write this event: a learner's token only that learner's, in its course if it names one, and
    /// nothing of the catalogue.
    ///
    /// # Errors
    /// A refusal with [`Code::NotYours`].
    pub fn may_write<T: AsRef<str>>(&self, event: &SentEventOf<T>) -> Result<(), Refusal> {
        let Credential::Learner { learner, course, .. } = self else { return Ok(()) };
        let fault = if matches!(event.body, BodyOf::Described(_)) {
            Some(("type", "a learner's token does not describe objects"))
        } else if event.learner.as_ref().is_none_or(|of| of.as_ref() != learner) {
            Some(("learner", "the token belongs to another learner"))
        } else if course.as_ref().is_some_and(|course| course != event.course.as_ref()) {
            Some(("course", "the token belongs to another course"))
        } else {
            None
        };
        fault.map_or(Ok(()), |(field, message)| {
            Err(Refusal::new(Code::NotYours, field, message).with_id(given_id(event)))
        })
    }
}

/// The sender's own id of an event.
pub(crate) fn given_id<T: AsRef<str>>(event: &SentEventOf<T>) -> Option<String> {
    match &event.source_id {
        SourceId::Given(id) => Some(id.as_ref().to_string()),
        SourceId::Content(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::OsRandom;

    fn ring() -> (KeyRing, String, Credential) {
        let (ring, text) = KeyRing::generate("escola", &OsRandom);
        let minter = Credential::WriteKey { tenant: "escola".into(), name: "first".into() };
        (ring, text, minter)
    }

    #[test]
    fn a_write_key_is_known_by_its_hash_and_nothing_else_is() {
        let (ring, text, minter) = ring();
        assert!(ring.identify(&text, 0) == Ok(minter));
        assert!(!ring.tenants[0].write_keys[0].sha256.ends_with(&text.as_bytes()[35..]));
        let long = "x".repeat(MAX_CREDENTIAL_BYTES + 1);
        for wrong in ["", "wk_", &text[..text.len() - 1], &text[3..], &text.to_uppercase(), "lt_", "lt_a.b", &long] {
            assert!(ring.identify(wrong, 0) == Err(CredentialError::Unknown), "{wrong}");
        }
    }

    #[test]
    fn a_token_lives_until_it_expires_or_its_key_is_gone() {
        let (mut ring, _, minter) = ring();
        let token = ring.mint(&minter, "ana", Some("turma-1"), 1_000).unwrap();
        let learner =
            Credential::Learner { tenant: "escola".into(), learner: "ana".into(), course: Some("turma-1".into()) };
        assert!(ring.identify(&token, 999).as_ref() == Ok(&learner));
        assert!(ring.identify(&token, 1_000) == Err(CredentialError::Expired));
        assert!(ring.mint(&learner, "bia", None, 1_000).is_none(), "a token mints tokens");
        ring.tenants[0].write_keys[0].name = "second".into();
        assert!(ring.identify(&token, 999) == Err(CredentialError::Unknown));
    }

    #[test]
    fn a_token_of_another_ring_or_a_changed_one_is_unknown() {
        let (ring, _, minter) = ring();
        let (other, ..) = self::ring();
        let token = ring.mint(&minter, "ana", None, 1_000).unwrap();
        assert!(other.identify(&token, 0) == Err(CredentialError::Unknown));
        for at in TOKEN_PREFIX.len()..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(ring.identify(&changed, 0) == Err(CredentialError::Unknown), "byte {at}");
        }
    }

    #[test]
    fn a_token_writes_its_learners_events_and_no_others() {
        let key = Credential::WriteKey { tenant: "t".into(), name: "first".into() };
        let token = |course: Option<&str>| Credential::Learner {
            tenant: "t".into(),
            learner: "ana".into(),
            course: course.map(str::to_string),
        };
        let viewed = |learner: &str| {
            format!(r#"{{"type":"activity.viewed","object":"p","learner":"{learner}","course":"c","id":"e"}}"#)
        };
        let described = r#"{"type":"object.described","object":"p","learner":"ana","course":"c","title":"x"}"#;
        let cases: [(&Credential, &str, Option<&str>); 7] = [
            (&key, &viewed("ana"), None),
            (&key, described, None),
            (&token(None), &viewed("ana"), None),
            (&token(Some("c")), &viewed("ana"), None),
            (&token(None), &viewed("Ana"), Some("learner")),
            (&token(Some("d")), &viewed("ana"), Some("course")),
            (&token(None), described, Some("type")),
        ];
        for (credential, text, field) in cases {
            let event = trilha_schemas::native::read(text).unwrap();
            let refused = credential.may_write(&event).err();
            assert_eq!(refused.as_ref().map(|refusal| refusal.field.as_str()), field, "{text}");
            assert!(refused.is_none_or(|refusal| refusal.code == Code::NotYours));
        }
    }
}
