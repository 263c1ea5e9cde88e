//! What is said at the start: where everything is, and how to send.

use std::io::{self, Write};
use std::net::SocketAddr;

use trilha_dashboard::session::{Session, SessionKey, issue};

/// An instructor's sign-in link lasts a month.
const SESSION_MILLIS: i64 = 30 * 86_400_000;

/// What there is to say.
pub struct Announcement<'a> {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whose courses the link shows.
    pub tenant: &'a str,
    /// Signs the link.
    pub session_key: &'a SessionKey,
    /// What events are sent with.
    pub write_key: &'a str,
    /// The present, in milliseconds since 1970 UTC.
    pub now_millis: i64,
    /// What analysts do.
    pub analysts: &'a str,
}

/// The token of a link that signs an instructor in to all of a tenant's courses, for a month.
pub fn sign_in_token(session_key: &SessionKey, tenant: &str, now_millis: i64) -> String {
    let session = Session {
        tenant: tenant.into(),
        instructor: "instructor".into(),
        courses: None,
        expires_millis: now_millis + SESSION_MILLIS,
    };
    issue(session_key, &session)
}

/// Says it. The first three lines are stable: programs read them.
///
/// # Errors
/// When nobody listens.
pub fn announce(out: &mut impl Write, said: &Announcement<'_>) -> io::Result<()> {
    let Announcement { address, tenant, session_key, write_key, now_millis, analysts } = said;
    let token = sign_in_token(session_key, tenant, *now_millis);
    writeln!(out, "dashboard  http://{address}/")?;
    writeln!(out, "sign-in    http://{address}/sign-in?token={token}")?;
    writeln!(out, "write key  {write_key}")?;
    writeln!(out)?;
    writeln!(out, "Open the sign-in link in a browser. Send events with the write key:")?;
    writeln!(
        out,
        "  curl http://{address}/v1/events -H 'Authorization: Bearer {write_key}' --data-binary @events.ndjson"
    )?;
    writeln!(out, "Analysts: {analysts} Ctrl-C stops.")
}
