//! Every key, from the one root that the secret holds.
//!
//! The secret is JSON: `{"root": "…", "write_keys": {"tenant": ["SHA-256 in hexadecimal digits", …]}}`, the second part where
//! a tenant has more write keys than the one that is derived. Each key is HMAC-SHA-256 of a label with the root as its key;
//! a tenant's label ends with its name. Another root makes other learners of them all, and opens no row.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use trilha_collector::credential::{KeyRing, TenantKeys, WriteKey};
use trilha_collector::seal::Secret;

/// The fewest characters of a root: of 64 hexadecimal digits or any random text of this length, nobody guesses it.
pub const MIN_ROOT_CHARS: usize = 32;
/// What the derived write key is called.
const DERIVED: &str = "derived";

/// Everything that is derived from a root.
#[derive(Clone)]
pub struct Keys {
    /// The collector's keys.
    pub ring: KeyRing,
    /// Signs instructors' sessions.
    pub session_key: Secret,
    /// Each tenant's derived write key, as text, for its platform: a secret.
    pub write_keys: Vec<(String, String)>,
}

/// Why there are no keys: fix the secret or the list of tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysError {
    /// The root is too short.
    ShortRoot,
    /// No tenant is named, or one twice, or one by no name.
    Tenants,
    /// The secret is no such JSON.
    Secret,
    /// The secret has a write key of a tenant that is none of ours.
    UnknownTenant(String),
    /// A write key's hash is no 64 hexadecimal digits.
    WriteKey(String),
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeysError::ShortRoot => write!(f, "the root has fewer than {MIN_ROOT_CHARS} characters"),
            KeysError::Tenants => f.write_str("tenants need names, no two alike, and there must be one"),
            KeysError::Secret => f.write_str("the secret is not JSON with a `root` and perhaps `write_keys`"),
            KeysError::UnknownTenant(tenant) => write!(f, "the secret has write keys of an unknown tenant, {tenant:?}"),
            KeysError::WriteKey(tenant) => {
                write!(f, "a write key of {tenant:?} is not a SHA-256 in 64 hexadecimal digits")
            }
        }
    }
}

impl std::error::Error for KeysError {}

/// The secret as it is stored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    root: String,
    #[serde(default)]
    write_keys: BTreeMap<String, Vec<String>>,
}

/// The keys of these tenants.
///
/// # Errors
/// [`KeysError::ShortRoot`] and [`KeysError::Tenants`].
pub fn keys(root: &str, tenants: &[String]) -> Result<Keys, KeysError> {
    if root.chars().count() < MIN_ROOT_CHARS {
        return Err(KeysError::ShortRoot);
    }
    let distinct: BTreeSet<&String> = tenants.iter().filter(|tenant| !tenant.is_empty()).collect();
    if distinct.is_empty() || distinct.len() != tenants.len() {
        return Err(KeysError::Tenants);
    }
    let derived = |label: &str| Secret::derived(root.as_bytes(), label);
    let (mut of_tenants, mut write_keys) = (Vec::new(), Vec::new());
    for tenant in tenants {
        let (write_key, text) = WriteKey::of_secret(DERIVED, &derived(&format!("trilha.aws.write.1|{tenant}")));
        let pseudonym_key = derived(&format!("trilha.aws.pseudonym.1|{tenant}"));
        of_tenants.push(TenantKeys { tenant: tenant.clone(), pseudonym_key, write_keys: vec![write_key] });
        write_keys.push((tenant.clone(), text));
    }
    let (data_key, signing_key) = (derived("trilha.aws.data.1"), derived("trilha.aws.signing.1"));
    let ring = KeyRing { data_key, signing_key, tenants: of_tenants };
    Ok(Keys { ring, session_key: derived("trilha.aws.session.1"), write_keys })
}

/// The same from the secret's text, with the write keys that it adds.
///
/// # Errors
/// [`KeysError`].
pub fn from_secret(secret: &str, tenants: &[String]) -> Result<Keys, KeysError> {
    let stored: Stored = serde_json::from_str(secret).map_err(|_| KeysError::Secret)?;
    let mut keys = keys(&stored.root, tenants)?;
    for (tenant, hashes) in stored.write_keys {
        let of_tenant = keys.ring.tenants.iter_mut().find(|keys| keys.tenant == tenant);
        let of_tenant = of_tenant.ok_or_else(|| KeysError::UnknownTenant(tenant.clone()))?;
        for hash in hashes {
            let sha256 = Secret::from_hex(&hash).ok_or_else(|| KeysError::WriteKey(tenant.clone()))?;
            // Named by its hash: what minted a token keeps its name when other keys come and go.
            let name = hash.to_ascii_lowercase()[..12].to_string();
            of_tenant.write_keys.push(WriteKey { name, sha256: *sha256.bytes() });
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn tenants(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    /// What Python's `hmac.new(root, label, "sha256").hexdigest()` computes.
    #[test]
    fn keys_are_the_hmac_of_their_labels() {
        let keys = keys(ROOT, &tenants(&["escola", "outra"])).unwrap();
        let data = "7e5cbc30507c5826c98b4c6b40e35b2977bd1b3223fe3793ffe04b0b1f651d0d";
        let signing = "ecb96ade079dfbbed23c0bf635e95266f72ea20bd9edb432b061b4b8f6391929";
        let session = "a773ee285649d590d2de002a971092fea402df8bfcfdc16e642e338eea9d4c85";
        assert_eq!(
            [keys.ring.data_key, keys.ring.signing_key, keys.session_key].map(|key| key.to_hex()),
            [data, signing, session]
        );
        let pseudonym = [
            "9307897cd5771702e028966eda627c18d4adbb5a2b86b2b612bfe5124c39e605",
            "f385b7aad0aaa638ad22fdc8e62c4901e9bd2114655a214130ec4ca7ce9d72ab",
        ];
        let of_tenants: Vec<_> = keys.ring.tenants.iter().map(|keys| keys.pseudonym_key.to_hex()).collect();
        assert_eq!(of_tenants, pseudonym);
        let escola = "wk_1759c7eb6fb88782b219a7924010e1a1277368dcf745e60054b31ed0d1446384";
        let outra = "wk_9cd94830e4a3e9509df3d0dfc4da99afd78ee322dd4977b7b2cf1a67311312c7";
        assert_eq!(keys.write_keys, [("escola".into(), escola.into()), ("outra".into(), outra.into())]);
        let sha256 = "a5375c735a7f323577dc40d0e5ad2792583e18587bd541828d110d2f1fbe44cf";
        let kept = &keys.ring.tenants[0].write_keys[0];
        assert_eq!(Secret::new(kept.sha256).to_hex(), sha256);
    }

    #[test]
    fn no_two_keys_are_alike() {
        let keys = keys(ROOT, &tenants(&["escola", "outra"])).unwrap();
        let ring = &keys.ring;
        let mut all = vec![ring.data_key.to_hex(), ring.signing_key.to_hex(), keys.session_key.to_hex()];
        all.extend(ring.tenants.iter().map(|tenant| tenant.pseudonym_key.to_hex()));
        all.extend(keys.write_keys.iter().map(|(_, text)| text.trim_start_matches("wk_").to_string()));
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 7);
    }

    #[test]
    fn each_write_key_opens_its_tenant() {
        let keys = keys(ROOT, &tenants(&["escola", "outra"])).unwrap();
        for (tenant, text) in &keys.write_keys {
            assert_eq!(keys.ring.identify(text, 0).unwrap().tenant(), tenant);
        }
    }

    #[test]
    fn a_root_or_a_list_of_tenants_that_will_not_do_is_refused() {
        let escola = tenants(&["escola"]);
        assert_eq!(keys(&ROOT[..31], &escola).err(), Some(KeysError::ShortRoot));
        assert!(keys(&ROOT[..32], &escola).is_ok());
        // Characters, not bytes.
        assert_eq!(keys(&"é".repeat(31), &escola).err(), Some(KeysError::ShortRoot));
        for names in [&[][..], &[""], &["escola", ""], &["escola", "escola"]] {
            assert_eq!(keys(ROOT, &tenants(names)).err(), Some(KeysError::Tenants), "{names:?}");
        }
    }

    #[test]
    fn a_secret_adds_write_keys_by_their_hashes() {
        // SHA-256 of "wk_another".
        let hash = "7b2cc73ca4afdcf2f0f2901a5f1e0ce739dbe477183269d2a143f74e95e01f97";
        let secret = format!(r#"{{"root":"{ROOT}","write_keys":{{"outra":["{hash}"]}}}}"#);
        let keys = from_secret(&secret, &tenants(&["escola", "outra"])).unwrap();
        assert_eq!(keys.ring.identify("wk_another", 0).unwrap().tenant(), "outra");
        let derived = super::keys(ROOT, &tenants(&["escola", "outra"])).unwrap();
        assert!(derived.ring.identify("wk_another", 0).is_err());
        assert_eq!(keys.write_keys, derived.write_keys);
        assert!(from_secret(&format!(r#"{{"root":"{ROOT}"}}"#), &tenants(&["escola"])).is_ok());
    }

    #[test]
    fn a_secret_that_will_not_do_is_refused() {
        let with = |write_keys: &str| format!(r#"{{"root":"{ROOT}","write_keys":{write_keys}}}"#);
        let cases = [
            (String::new(), KeysError::Secret),
            (ROOT.to_string(), KeysError::Secret),
            ("{}".to_string(), KeysError::Secret),
            (format!(r#"{{"root":"{ROOT}","roots":1}}"#), KeysError::Secret),
            (r#"{"root":"short"}"#.to_string(), KeysError::ShortRoot),
            (with(r#"{"nobody":[]}"#), KeysError::UnknownTenant("nobody".into())),
            (with(r#"{"escola":["ab"]}"#), KeysError::WriteKey("escola".into())),
        ];
        for (secret, expected) in cases {
            let error = from_secret(&secret, &tenants(&["escola"])).err();
            assert!(!error.as_ref().unwrap().to_string().contains(ROOT));
            assert_eq!(error, Some(expected), "{secret}");
        }
    }
}
