//! Sessions that the server need not remember: a small JSON payload and its HMAC-SHA-256.
//!
//! A token is `base64url(payload) . base64url(tag)`, both without padding. The tag covers a fixed label and the payload,
//! so that a key used for something else never signs a session. Whoever holds a token is that instructor until it
//! expires: keep it out of logs.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

const LABEL: &[u8] = b"trilha session v1\n";
const MAX_TOKEN_BYTES: usize = 4096;

/// The secret that signs sessions.
#[derive(Clone)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    /// Takes 32 secret random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn tag(&self, payload: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(LABEL);
        mac.update(payload);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionKey(…)")
    }
}

/// What a session says of its holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The tenant whose courses they see.
    pub tenant: String,
    /// The instructor's name or address, shown on the page.
    pub instructor: String,
    /// Ids of the courses they may see; `None` means all of the tenant.
    pub courses: Option<Vec<String>>,
    /// When it ends, in milliseconds since 1970 UTC.
    #[serde(rename = "expires")]
    pub expires_millis: i64,
}

impl Session {
    /// Whether the holder may see this course.
    pub fn may_see(&self, course: &str) -> bool {
        self.courses.as_ref().is_none_or(|courses| courses.iter().any(|allowed| allowed == course))
    }
}

/// Why a token is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Not made by this server, or changed since: sign in again.
    #[error("the session is not valid")]
    Invalid,
    /// It was valid once: sign in again.
    #[error("the session has expired")]
    Expired,
}

/// Makes the token of a session. Keep the list of courses short: a token over 4,096 bytes is refused by browsers and by
/// [`verify`].
pub fn issue(key: &SessionKey, session: &Session) -> String {
    let payload = serde_json::to_vec(session).expect("a session is plain data");
    let tag = key.tag(&payload);
    format!("{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(tag))
}

/// Reads a token back, if this key signed it and it has not expired at `now_millis`.
pub fn verify(key: &SessionKey, token: &str, now_millis: i64) -> Result<Session, SessionError> {
    let payload = signed_payload(key, token).ok_or(SessionError::Invalid)?;
    let session: Session = serde_json::from_slice(&payload).map_err(|_| SessionError::Invalid)?;
    if session.expires_millis <= now_millis { Err(SessionError::Expired) } else { Ok(session) }
}

fn signed_payload(key: &SessionKey, token: &str) -> Option<Vec<u8>> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let (payload, tag) = token.split_once('.')?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    bool::from(key.tag(&payload).as_slice().ct_eq(&tag)).then_some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SessionKey {
        SessionKey::new([7; 32])
    }

    fn session() -> Session {
        Session {
            tenant: "escola".into(),
            instructor: "Ana".into(),
            courses: Some(vec!["turma/1".into()]),
            expires_millis: 1_000,
        }
    }

    #[test]
    fn what_was_issued_is_read_back_until_it_expires() {
        let token = issue(&key(), &session());
        assert_eq!(verify(&key(), &token, 999), Ok(session()));
        assert_eq!(verify(&key(), &token, 1_000), Err(SessionError::Expired));
    }

    #[test]
    fn any_changed_character_makes_it_invalid() {
        let token = issue(&key(), &session());
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(verify(&key(), &changed, 0), Err(SessionError::Invalid), "at {at}");
        }
    }

    #[test]
    fn another_key_an_empty_tag_and_junk_are_invalid() {
        let token = issue(&key(), &session());
        assert_eq!(verify(&SessionKey::new([8; 32]), &token, 0), Err(SessionError::Invalid));
        let (payload, _) = token.split_once('.').unwrap();
        for junk in [format!("{payload}."), payload.to_owned(), ".".into(), String::new(), "A".repeat(5_000)] {
            assert_eq!(verify(&key(), &junk, 0), Err(SessionError::Invalid), "{junk:.20}");
        }
    }

    #[test]
    fn courses_limit_what_may_be_seen_and_none_means_all() {
        assert!(session().may_see("turma/1"));
        assert!(!session().may_see("turma/10"));
        assert!(Session { courses: None, ..session() }.may_see("anything"));
        assert!(!Session { courses: Some(vec![]), ..session() }.may_see("turma/1"));
    }

    #[test]
    fn the_key_is_not_shown() {
        assert_eq!(format!("{:?}", key()), "SessionKey(…)");
    }
}
