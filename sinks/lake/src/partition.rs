//! Partitions of the lake: a tenant and a UTC day, and the folder that holds them.

use std::fmt;

use trilha_schemas::event::EventOf;
use trilha_schemas::time;

/// File systems take names of up to 255 bytes; `tenant=` and some air are left.
const MAX_ENCODED_TENANT_BYTES: usize = 240;

/// A tenant's day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The tenant's name.
    pub tenant: String,
    /// The day.
    pub day: Day,
}

/// The UTC day of an event's time as sent. Ordered as time, the unknown day last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Day {
    /// Days since 1970-01-01.
    Date(i32),
    /// No time was sent, or an absurd one.
    Unknown,
}

impl Day {
    /// The day of an event: a function of its time as sent alone, so that two copies share a day.
    pub fn of<T, L>(event: &EventOf<T, L>) -> Day {
        match event.time_millis {
            Some(millis) if !time::is_absurd(millis) => {
                i32::try_from(time::utc_day(millis)).map_or(Day::Unknown, Day::Date)
            }
            _ => Day::Unknown,
        }
    }

    /// Reads what is displayed: `2026-11-23` or `unknown`.
    pub fn parse(text: &str) -> Option<Day> {
        match text {
            "unknown" => Some(Day::Unknown),
            _ => {
                let midnight = time::parse(&format!("{text}T00:00:00Z"))?;
                i32::try_from(time::utc_day(midnight.millis)).ok().map(Day::Date)
            }
        }
    }

    /// A number that keeps the order of days.
    pub(crate) fn code(self) -> i32 {
        match self {
            Day::Date(day) => day,
            Day::Unknown => i32::MAX,
        }
    }

    /// The day of [`Day::code`].
    pub(crate) fn from_code(code: i32) -> Day {
        if code == i32::MAX { Day::Unknown } else { Day::Date(code) }
    }
}

impl Partition {
    /// The folder below `events`: `tenant=acme/day=2026-11-23`, the tenant percent-encoded.
    pub fn folder(&self) -> String {
        format!("tenant={}/day={}", encode(&self.tenant), self.day)
    }

    /// Reads [`Partition::folder`]; `None` for any other text.
    pub fn from_folder(folder: &str) -> Option<Partition> {
        let (tenant, day) = folder.strip_prefix("tenant=")?.split_once("/day=")?;
        Some(Partition { tenant: decode(tenant)?, day: Day::parse(day)? })
    }

    /// Whether a tenant's name makes a folder.
    pub(crate) fn is_storable(tenant: &str) -> bool {
        !tenant.is_empty() && encode(tenant).len() <= MAX_ENCODED_TENANT_BYTES
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Day::Date(day) => f.write_str(&time::format_day(i64::from(*day))),
            Day::Unknown => f.write_str("unknown"),
        }
    }
}

/// Percent-encodes every byte but ASCII letters, digits, `-` and `_`.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Reads [`encode`]; `None` for what it does not write.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_tenants_make_plain_folders_that_read_back() {
        for tenant in ["acme", "../etc", "a/b", "são paulo", "a=b", "100%", ".", "a\nb", "T~'\""] {
            let folder = encode(tenant);
            assert!(folder.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%-_".contains(&byte)), "{folder}");
            assert_eq!(decode(&folder).as_deref(), Some(tenant));
        }
        let partition = Partition { tenant: "a/b".into(), day: Day::Date(0) };
        assert_eq!(partition.folder(), "tenant=a%2Fb/day=1970-01-01");
        assert_eq!(Partition { tenant: "a".into(), day: Day::Unknown }.folder(), "tenant=a/day=unknown");
        assert_eq!(Partition::from_folder(&partition.folder()), Some(partition));
        assert_eq!(Partition::from_folder("tenant=a%/day=1970-01-01"), None);
        assert_eq!(Partition::from_folder("tenant=a"), None);
    }

    #[test]
    fn a_tenant_that_makes_no_folder_is_known() {
        assert!(!Partition::is_storable(""));
        assert!(!Partition::is_storable(&"ã".repeat(41)));
        assert!(Partition::is_storable(&"ã".repeat(40)));
    }

    #[test]
    fn the_unknown_day_comes_last_and_codes_read_back() {
        assert!(Day::Date(30_000) < Day::Unknown);
        for day in [Day::Date(-5), Day::Date(20_000), Day::Unknown] {
            assert_eq!(Day::from_code(day.code()), day);
            assert_eq!(Day::parse(&day.to_string()), Some(day));
        }
    }
}
