//! Secrets, and what is encrypted at rest with them: XChaCha20-Poly1305, whose 24-byte nonces may be drawn at random for
//! as many rows as there will ever be.

use std::fmt;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;
use thiserror::Error;
use trilha_schemas::ids::first_16;

use crate::random::Randomness;

pub(crate) type HmacSha256 = Hmac<Sha256>;

/// The first byte of what [`Sealer::seal`] answers: version, nonce (24 bytes), ciphertext and tag.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// 32 secret bytes. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// From bytes that are kept elsewhere.
    pub fn new(bytes: [u8; 32]) -> Secret {
        Secret(bytes)
    }

    /// A new one.
    pub fn generate(randomness: &dyn Randomness) -> Secret {
        let mut bytes = [0; 32];
        randomness.fill(&mut bytes);
        Secret(bytes)
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Secret> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok().map(|()| Secret(bytes))
    }

    /// The bytes, for another part that signs with them.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 hexadecimal digits, for the file that keeps it.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    pub(crate) fn hmac(&self) -> HmacSha256 {
        HmacSha256::new_from_slice(&self.0).expect("HMAC takes a key of any length")
    }

    /// HMAC-SHA-256 of a label with a root of any length as its key: from one root that is kept, a secret for each label.
    pub fn derived(root: &[u8], label: &str) -> Secret {
        let hmac = HmacSha256::new_from_slice(root).expect("HMAC takes a key of any length");
        Secret(hmac.chain_update(label.as_bytes()).finalize().into_bytes().into())
    }

    /// Another secret, one for each label.
    fn derive(&self, label: &str) -> Secret {
        Secret::derived(&self.0, label)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Another key, other rows' bytes, or damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the sealed bytes do not open with this key in this place")]
pub struct SealError;

/// Encrypts rows at rest with the data key.
#[derive(Clone)]
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    tags: HmacSha256,
    randomness: Arc<dyn Randomness>,
}

impl Sealer {
    /// With the data key; nonces come from `randomness`.
    pub fn new(data_key: &Secret, randomness: Arc<dyn Randomness>) -> Sealer {
        let cipher = XChaCha20Poly1305::new(&data_key.derive("trilha.seal.1").0.into());
        Sealer { cipher, tags: data_key.derive("trilha.tag.1").hmac(), randomness }
    }

    /// Encrypts; opens only with the same context (the row's key).
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        self.randomness.fill(&mut nonce);
        let payload = Payload { msg: plain, aad: context };
        let ciphertext = self.cipher.encrypt(XNonce::from_slice(&nonce), payload);
        let ciphertext = ciphertext.expect("a row is shorter than the cipher's 256 GiB");
        [&[VERSION][..], &nonce, &ciphertext].concat()
    }

    /// Decrypts what [`Sealer::seal`] answered.
    ///
    /// # Errors
    /// [`SealError`] when the key, the context or the bytes are others.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(SealError)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_BYTES).ok_or(SealError)?;
        let payload = Payload { msg: ciphertext, aad: context };
        self.cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| SealError)
    }

    /// 128 bits that name these parts and tell nothing of them to who lacks the key.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut hmac = self.tags.clone();
        for part in parts {
            hmac.update(&(part.len() as u64).to_be_bytes());
            hmac.update(part);
        }
        first_16(&hmac.finalize().into_bytes())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::OsRandom;

    #[test]
    fn what_is_sealed_opens_only_with_its_key_and_context() {
        let sealer = Sealer::new(&Secret::new([1; 32]), Arc::new(OsRandom));
        let other = Sealer::new(&Secret::new([2; 32]), Arc::new(OsRandom));
        let sealed = sealer.seal(b"row 1", b"ana");
        assert_eq!(sealer.open(b"row 1", &sealed), Ok(b"ana".to_vec()));
        assert_eq!(sealer.open(b"row 2", &sealed), Err(SealError));
        assert_eq!(other.open(b"row 1", &sealed), Err(SealError));
        for cut in [0, 1, 10, sealed.len() - 1] {
            assert_eq!(sealer.open(b"row 1", &sealed[..cut]), Err(SealError), "cut at {cut}");
        }
        assert_ne!(sealed, sealer.seal(b"row 1", b"ana"), "a nonce repeats");
    }

    #[test]
    fn a_tag_depends_on_the_key_and_on_where_parts_end() {
        let sealer = Sealer::new(&Secret::new([1; 32]), Arc::new(OsRandom));
        let other = Sealer::new(&Secret::new([2; 32]), Arc::new(OsRandom));
        assert_eq!(sealer.tag(&[b"ab", b"c"]), sealer.tag(&[b"ab", b"c"]));
        assert_ne!(sealer.tag(&[b"ab", b"c"]), sealer.tag(&[b"a", b"bc"]));
        assert_ne!(sealer.tag(&[b"ab", b"c"]), other.tag(&[b"ab", b"c"]));
    }

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new([0xab; 32]);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(Secret::from_hex(&secret.to_hex()), Some(secret));
        assert_eq!(Secret::from_hex("abcd"), None);
    }

    #[test]
    fn a_secret_follows_from_root_and_label() {
        // As Python's hmac.new(b"root", b"label", "sha256") computes it.
        let expected = "b46db79d549fc4b64cb19568df2f5a388b93ebf0f15bbf67bbabe849620640e0";
        assert_eq!(Secret::derived(b"root", "label").to_hex(), expected);
        assert_ne!(Secret::derived(b"root", "other"), Secret::derived(b"root", "label"));
    }
}
