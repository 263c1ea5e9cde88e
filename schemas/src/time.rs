//! Times as sent: RFC 3339 and its relatives in the field, to milliseconds since 1970 UTC.

use jiff::civil::{Date, DateTime, Time};

/// A time as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentTime {
    /// Milliseconds since 1970 UTC: floor(x · 1000 + 0.5) in doubles, x in seconds with microseconds.
    pub millis: i64,
    /// It had no zone and was read as UTC.
    pub no_zone: bool,
}

/// Reads `2026-11-23T12:00:00.123Z`, with a space for the T, with `+00:00`, `+0000`, `+00`, `UTC` (a space may stand
/// before each) or no zone, with any number of decimals (those beyond microseconds are dropped). `None` for anything
/// else, also for days and times that do not exist. A leap second (`:60`) is read as the second before it.
pub fn parse(text: &str) -> Option<SentTime> {
    let usual =
        text.as_bytes().first_chunk().and_then(|seconds| parse_usual(seconds, &text.as_bytes()[seconds.len()..]));
    usual.map(|millis| SentTime { millis, no_zone: false }).or_else(|| parse_any(text))
}

/// `2026-11-23T12:00:00` and then `Z` or `.123Z`, as nearly all clients write it, without parting it into texts.
fn parse_usual(seconds: &[u8; 19], rest: &[u8]) -> Option<i64> {
    /// The least of each character, and how far it may be above that.
    const FORM: &[u8; 19] = b"0000-00-00T00:00:00";
    const ABOVE: [u8; 19] = [9, 9, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9];
    let millis = match rest {
        b"Z" => 0,
        [b'.', millis @ .., b'Z'] if millis.len() == 3 => number(millis)?,
        _ => return None,
    };
    let digits: [u8; 19] = std::array::from_fn(|at| seconds[at].wrapping_sub(FORM[at]));
    let has_form = digits.iter().zip(ABOVE).fold(true, |has, (digit, above)| has & (*digit <= above));
    let two = |at: usize| i64::from(digits[at]) * 10 + i64::from(digits[at + 1]);
    let (year, month, day) = (two(0) * 100 + two(2), two(5), two(8));
    let (hour, minute, second) = (two(11), two(14), two(17));
    let exists = has_form && is_day(year, month, day) && hour < 24 && minute < 60 && second < 60;
    let days = exists.then(|| days_since_epoch(year, month, day))?;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + millis)
}

fn is_day(year: i64, month: i64, day: i64) -> bool {
    const DAYS: [i64; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = DAYS.get(month as usize).map_or(0, |days| days + i64::from(month == 2 && is_leap));
    (1..=days).contains(&day)
}

/// Days since 1970-01-01, by the number of days before a year that begins in March.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_years = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    of_years + (153 * months + 2) / 5 + day - 1 - 719_468
}

fn number(digits: &[u8]) -> Option<i64> {
    let add = |number, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'));
    digits.iter().try_fold(0, add)
}

fn parse_any(text: &str) -> Option<SentTime> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let separator = *bytes.get(10)?;
    if !text.is_ascii() || !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let (clock, zone) = split_zone(&text[11..]);
    let date = parse_date(&text[..10])?;
    let (time, micros) = parse_clock(clock)?;
    let offset_seconds = zone.map_or(Some(0), parse_zone)?;
    let seconds = seconds_since_epoch(DateTime::from_parts(date, time)) - offset_seconds;
    let exact = (seconds * 1_000_000 + micros) as f64 / 1e6;
    Some(SentTime { millis: (exact * 1000.0 + 0.5).floor() as i64, no_zone: zone.is_none() })
}

/// Whether the lake files this time under `day=unknown`: before 2000 or from 2100 on. A function of the time alone, so
/// that two copies of an event always share a partition.
pub fn is_absurd(millis: i64) -> bool {
    !(946_684_800_000..4_102_444_800_000).contains(&millis)
}

/// Days since 1970-01-01 in UTC.
pub fn utc_day(millis: i64) -> i64 {
    millis.div_euclid(86_400_000)
}

/// `2026-11-23T12:00:00.000Z`, the milliseconds only when there are any.
pub fn format_millis(millis: i64) -> String {
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(time) => time.to_string(),
        Err(_) => format!("{millis} ms"),
    }
}

/// `2026-11-23` of a day counted from 1970-01-01.
pub fn format_day(day: i64) -> String {
    match jiff::Timestamp::from_second(day.saturating_mul(86_400)) {
        Ok(time) => time.strftime("%Y-%m-%d").to_string(),
        Err(_) => format!("{day} d"),
    }
}

fn split_zone(text: &str) -> (&str, Option<&str>) {
    match text.find(['Z', 'z', '+', '-', ' ']) {
        Some(at) => (&text[..at], Some(text[at..].trim_start())),
        None => (text, None),
    }
}

fn parse_date(text: &str) -> Option<Date> {
    let (year, month, day) = (text.get(..4)?, text.get(5..7)?, text.get(8..10)?);
    let dashes = text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    dashes.then_some(())?;
    Date::new(digits(year)? as i16, digits(month)? as i8, digits(day)? as i8).ok()
}

/// `HH:MM[:SS[.ffffff…]]` to the time of day in whole seconds, and microseconds.
fn parse_clock(text: &str) -> Option<(Time, i64)> {
    let (clock, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let second = parts.next().unwrap_or("00");
    if parts.next().is_some() || [hour, minute, second].iter().any(|part| part.len() != 2) {
        return None;
    }
    let second = digits(second)?;
    let second = if second == 60 { 59 } else { second };
    let time = Time::new(digits(hour)? as i8, digits(minute)? as i8, second as i8, 0).ok()?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros = digits(&format!("{fraction:0<6}")[..6])?;
    Some((time, micros))
}

fn parse_zone(text: &str) -> Option<i64> {
    let sign = match text.as_bytes()[0] {
        b'Z' | b'z' => return (text.len() == 1).then_some(0),
        b'U' => return (text == "UTC").then_some(0),
        b'-' => -1,
        b'+' => 1,
        _ => return None,
    };
    let (hours, minutes) = match text.len() {
        3 => (&text[1..3], "00"),
        5 => (&text[1..3], &text[3..5]),
        6 if text.as_bytes()[3] == b':' => (&text[1..3], &text[4..6]),
        _ => return None,
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits(text: &str) -> Option<i64> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

fn seconds_since_epoch(time: DateTime) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    let days = time.date().duration_since(epoch).as_secs();
    let time = time.time();
    days + i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, millis: i64, no_zone: bool) {
        assert_eq!(parse(text), Some(SentTime { millis, no_zone }), "{text}");
    }

    #[test]
    fn the_forms_in_the_field_are_read() {
        check("1970-01-01T00:00:01Z", 1000, false);
        check("1970-01-01 00:00:01.5", 1500, true);
        check("1970-01-01T03:00:00+03:00", 0, false);
        check("1970-01-01T00:00:00.000-0300", 10_800_000, false);
        check("1970-01-01T00:00:00+00", 0, false);
        check("2013-08-05T15:08:13.123456789Z", 1_375_715_293_123, false);
        check("1970-01-01T00:00:00.0005Z", 1, false);
        check("1969-12-31T23:59:59Z", -1000, false);
        check("2016-12-31T23:59:60Z", 1_483_228_799_000, false);
        check("1970-01-01 03:00:00 +03:00", 0, false);
        check("1970-01-01 00:00:00.25 UTC", 250, false);
        check("1970-01-01T00:00:00.250+0000 ", 250, false);
        check("1970-01-01T23:59:59.9999999999999-00:00", 86_400_000, false);
        check("1970-01-02t00:00:00,5z", 86_400_500, false);
        check("1970-01-02T00:00+23:59", 60_000, false);
        check("1970-01-01T00:00:00-01", 3_600_000, false);
        check("1970-01-01T00:00:00+01:30", -5_400_000, false);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2013",
            "2013-02-30T00:00:00Z",
            "2013-01-01T25:00:00Z",
            "2013-01-01",
            "2013-01-01T00:00:00+9",
            "2013-01-01T00:00:00.Z",
            "2013-01-01T1:00:00Z",
            "2013-01-01T01:00:00 CET",
            "2013-01-01T01:00:00 01:00",
            "2013-01-01T01:00:00Z+01:00",
            "2013-01-01T01:00:00+24:00",
            "2013-01-01T24:00:00Z",
            "2013-13-01T00:00:00Z",
            "+013-01-01T00:00:00Z",
            "2013/01/01T00:00:00Z",
            "2013-01/01T00:00:00Z",
            "2013-01-01T00:00:00:00Z",
            "2013-01-01T00",
            "2013-01-01T00:0:00Z",
            "2013-01-01T00:00:61Z",
            "2013-01-01T00:00:00.1x2Z",
            "2013-01-01T00:00:00ZZ",
            "2013-01-01T00:00:00 UTCC",
            "2013-01-01T00:00:00+01:60",
            "2013-01-01T00:00:00+01.30",
            "2013-01-01T00:00:00+1x",
            "2013-01-01x00:00:00Z",
            "２０13-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered_and_what_is_written_is_read_back(
            noise in "\\PC{0,40}",
            near in "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.,]{5,20} ?[Zz+-]?[0-9:UTC]{0,6}",
            millis in -62_135_596_800_000_i64..253_402_300_800_000,
        ) {
            parse(&noise);
            parse(&near);
            prop_assert_eq!(parse(&format_millis(millis)), Some(SentTime { millis, no_zone: false }));
        }
    }

    #[test]
    fn the_usual_form_is_read_as_any_other() {
        let seconds = |text: &str| parse_usual(text.as_bytes().first_chunk().unwrap(), &text.as_bytes()[19..]);
        for date in [
            "2026-11-23",
            "2024-02-29",
            "2023-02-29",
            "1900-02-29",
            "2000-02-29",
            "0000-01-01",
            "0000-03-01",
            "9999-12-31",
            "1969-12-31",
            "1970-03-01",
            "2026-00-01",
            "2026-13-01",
            "2026-04-31",
            "2026-04-00",
            "2026/04-01",
            "20a6-04-01",
        ] {
            for clock in ["12:00:00", "23:59:59", "24:00:00", "12:60:00", "12:00:60", "12:00-00", "+1:00:00"] {
                for end in ["Z", ".123Z", ".007Z", ".12aZ"] {
                    let text = format!("{date}T{clock}{end}");
                    let any = parse_any(&text);
                    let leaps = clock.ends_with("60");
                    assert_eq!(seconds(&text), any.map(|time| time.millis).filter(|_| !leaps), "{text}");
                    assert_eq!(parse(&text), any, "{text}");
                }
            }
        }
        for text in
            ["2026-11-23T12:00:00.1Z", "2026-11-23T12:00:00+00:00", "2026-11-23t12:00:00Z", "2026-11-23 12:00:00"]
        {
            assert_eq!(seconds(text), None, "{text}");
            assert!(parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn days_and_texts_follow_utc() {
        assert_eq!(utc_day(-1), -1);
        assert_eq!(format_day(utc_day(1_375_715_293_123)), "2013-08-05");
        assert_eq!(format_millis(1500), "1970-01-01T00:00:01.5Z");
        assert_eq!((utc_day(86_399_999), utc_day(86_400_000)), (0, 1));
        assert_eq!(
            (format_day(i64::MAX), format_millis(i64::MAX)),
            (format!("{} d", i64::MAX), format!("{} ms", i64::MAX))
        );
        let (first, end) = (946_684_800_000, 4_102_444_800_000);
        assert!(is_absurd(0) && is_absurd(first - 1) && !is_absurd(first) && !is_absurd(end - 1) && is_absurd(end));
    }
}
