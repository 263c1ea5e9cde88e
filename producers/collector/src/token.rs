//! A learner token's text: `lt_`, the claims as base64url JSON, a dot, their HMAC-SHA-256 as base64url.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use serde::{Deserialize, Serialize};

use crate::seal::Secret;

pub(crate) const PREFIX: &str = "lt_";

/// What a token says; short names, for it travels with every request.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claims {
    #[serde(rename = "t")]
    pub(crate) tenant: String,
    /// The name of the write key that minted it.
    #[serde(rename = "k")]
    pub(crate) minter: String,
    #[serde(rename = "l")]
    pub(crate) learner: String,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(crate) course: Option<String>,
    #[serde(rename = "x")]
    pub(crate) expires_millis: i64,
}

pub(crate) fn sign(key: &Secret, claims: &Claims) -> String {
    let json = serde_json::to_vec(claims).expect("claims are texts and a number");
    let claims = URL_SAFE_NO_PAD.encode(json);
    let signature = key.hmac().chain_update(claims.as_bytes()).finalize().into_bytes();
    format!("{PREFIX}{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The claims of a token that this key signed.
pub(crate) fn verify(key: &Secret, token: &str) -> Option<Claims> {
    let (claims, signature) = token.strip_prefix(PREFIX)?.split_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    key.hmac().chain_update(claims.as_bytes()).verify_slice(&signature).ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}
