//! Times as sent: RFC 3339, with a space for the T, with or without zone, with any number of decimals.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Milliseconds since 1970 UTC, half a millisecond rounds up; no zone means UTC. `None` for what is no time.
pub(crate) fn millis(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, clock) = (text.get(..10)?, text.get(11..)?);
    let end = clock.find(|c: char| !c.is_ascii_digit() && !":.,".contains(c)).unwrap_or(clock.len());
    let (clock, zone) = (&clock[..end], clock[end..].trim());
    let (clock, decimals) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    // A leap second is the second before it.
    let clock = if let Some(minute) = clock.strip_suffix(":60") { format!("{minute}:59") } else { clock.to_string() };
    let local: DateTime = format!("{date}T{clock}").parse().ok()?;
    let local = TimeZone::UTC.to_timestamp(local).ok()?.as_second();
    Some((local - offset_seconds(zone)?) * 1000 + rounded(decimals)?)
}

/// Decimals of a second to milliseconds: the first three, and one more when the fourth is 5 or more.
fn rounded(decimals: &str) -> Option<i64> {
    let four: i64 = format!("{decimals:0<4}").get(..4)?.parse().ok()?;
    Some((four + 5) / 10)
}

/// `Z`, `UTC`, `+02`, `+0200`, `+02:00` or nothing.
fn offset_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z" | "z" | "UTC") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.get(1..)?.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes): (i64, i64) = match digits.len() {
        2 => (digits.parse().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    Some(sign * (hours * 3600 + minutes * 60))
}
