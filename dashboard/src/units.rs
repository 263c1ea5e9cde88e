//! Times and durations as the API writes them: whole milliseconds inside, RFC 3339 text and seconds outside.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A time, in milliseconds since 1970 UTC. In JSON: RFC 3339 in UTC, as `2026-11-23T12:00:00.2Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Milliseconds since 1970 UTC; clamped to what RFC 3339 can write when it is written.
    pub millis: i64,
}

impl Time {
    /// The time that lies `millis` milliseconds after 1970 UTC.
    pub fn from_millis(millis: i64) -> Self {
        Self { millis }
    }

    /// Reads RFC 3339 with any offset; `None` for anything else. Parts of a millisecond are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let time: Timestamp = text.parse().ok()?;
        Some(Self { millis: time.as_millisecond() })
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (least, greatest) = (Timestamp::MIN.as_second() * 1000, Timestamp::MAX.as_second() * 1000);
        let time = Timestamp::from_millisecond(self.millis.clamp(least, greatest));
        serializer.collect_str(&time.map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not a time in RFC 3339"))
    }
}

/// A duration or a position in a video, in milliseconds. In JSON: seconds, as `90` or `90.25`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds {
    /// Whole milliseconds.
    pub millis: i64,
}

impl Seconds {
    /// The duration of `millis` milliseconds.
    pub fn from_millis(millis: i64) -> Self {
        Self { millis }
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.millis % 1000 == 0 {
            return serializer.serialize_i64(self.millis / 1000);
        }
        serializer.serialize_f64(self.millis as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Ok(Self { millis: (seconds * 1000.0 + 0.5).floor() as i64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_time(millis: i64, text: &str) {
        let json = format!("\"{text}\"");
        assert_eq!(serde_json::to_string(&Time::from_millis(millis)).unwrap(), json);
        assert_eq!(serde_json::from_str::<Time>(&json).unwrap().millis, millis);
    }

    #[test]
    fn a_time_is_rfc_3339_in_utc() {
        check_time(0, "1970-01-01T00:00:00Z");
        check_time(1_795_435_199_200, "2026-11-23T11:59:59.2Z");
        check_time(-1, "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn an_offset_is_read_and_a_local_time_is_not() {
        assert_eq!(Time::parse("1970-01-01T01:00:00+01:00"), Some(Time::from_millis(0)));
        assert_eq!(Time::parse("1970-01-01T01:00:00"), None);
        assert_eq!(Time::parse("yesterday"), None);
    }

    #[test]
    fn a_time_beyond_the_calendar_is_still_written() {
        assert!(serde_json::to_string(&Time::from_millis(i64::MAX)).unwrap().starts_with("\"9999-"));
    }

    fn check_seconds(millis: i64, json: &str) {
        assert_eq!(serde_json::to_string(&Seconds::from_millis(millis)).unwrap(), json);
        assert_eq!(serde_json::from_str::<Seconds>(json).unwrap().millis, millis);
    }

    #[test]
    fn a_duration_is_a_number_of_seconds() {
        check_seconds(0, "0");
        check_seconds(90_000, "90");
        check_seconds(90_250, "90.25");
        check_seconds(4_035, "4.035");
    }
}
