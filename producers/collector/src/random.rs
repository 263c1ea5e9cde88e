//! Where keys and nonces come from.

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;

/// A source of unpredictable bytes. Tests pass one that repeats.
pub trait Randomness: Send + Sync + 'static {
    /// Fills the bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Randomness for OsRandom {
    /// # Panics
    /// When the operating system has no randomness to give: nothing can be sealed or minted then.
    fn fill(&self, bytes: &mut [u8]) {
        OsRng.fill_bytes(bytes);
    }
}

impl<F: Fn(&mut [u8]) + Send + Sync + 'static> Randomness for F {
    fn fill(&self, bytes: &mut [u8]) {
        self(bytes);
    }
}
