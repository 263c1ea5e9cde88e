//! What was noticed about one event and did not stop it.

/// A set of marks on an event; stored as an `u32`, each bit for ever the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u32);

impl Flags {
    /// The time had no zone and was read as UTC.
    pub const NO_ZONE: Flags = Flags(1);
    /// The time lay more than 5 min after arrival; views use the arrival.
    pub const FUTURE_TIME: Flags = Flags(1 << 1);
    /// A length ≤ 0, over 10 h or not finite was ignored.
    pub const LENGTH_IGNORED: Flags = Flags(1 << 2);
    /// A threshold outside (0, 1] was ignored.
    pub const THRESHOLD_IGNORED: Flags = Flags(1 << 3);
    /// A rate that is not finite or outside 0.25–4 was read as 1.
    pub const RATE_IGNORED: Flags = Flags(1 << 4);
    /// A score outside [0, 1] of its maximum was clamped.
    pub const SCORE_CLAMPED: Flags = Flags(1 << 5);
    /// A heartbeat over 300 s was cut to 300 s.
    pub const HEARTBEAT_CUT: Flags = Flags(1 << 6);
    /// The time was so odd (before 2000 or from 2100 on) that the lake files it under `day=unknown`.
    pub const ABSURD_TIME: Flags = Flags(1 << 7);
    /// It arrived over 48 h after its time: it counts in totals, not in minutes and days.
    pub const LATE: Flags = Flags(1 << 8);
    /// A text was longer than kept and was cut.
    pub const TEXT_CUT: Flags = Flags(1 << 9);
    /// The course's settings say that another protocol counts: it goes to the lake alone.
    pub const OTHER_PROTOCOL: Flags = Flags(1 << 10);

    const NAMES: [(Flags, &'static str); 11] = [
        (Flags::NO_ZONE, "no_zone"),
        (Flags::FUTURE_TIME, "future_time"),
        (Flags::LENGTH_IGNORED, "length_ignored"),
        (Flags::THRESHOLD_IGNORED, "threshold_ignored"),
        (Flags::RATE_IGNORED, "rate_ignored"),
        (Flags::SCORE_CLAMPED, "score_clamped"),
        (Flags::HEARTBEAT_CUT, "heartbeat_cut"),
        (Flags::ABSURD_TIME, "absurd_time"),
        (Flags::LATE, "late"),
        (Flags::TEXT_CUT, "text_cut"),
        (Flags::OTHER_PROTOCOL, "other_protocol"),
    ];

    /// No mark.
    pub const fn empty() -> Flags {
        Flags(0)
    }

    /// The stored form.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// From the stored form; bits of a later version are kept.
    pub const fn from_bits(bits: u32) -> Flags {
        Flags(bits)
    }

    /// Whether every mark of `other` is set.
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Sets the marks of `other`.
    pub fn insert(&mut self, other: Flags) {
        self.0 |= other.0;
    }

    /// The names of the marks that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_has_its_bit_and_its_name_for_ever() {
        let names = [
            "no_zone",
            "future_time",
            "length_ignored",
            "threshold_ignored",
            "rate_ignored",
            "score_clamped",
            "heartbeat_cut",
            "absurd_time",
            "late",
            "text_cut",
            "other_protocol",
        ];
        for (bit, name) in names.into_iter().enumerate() {
            assert_eq!(Flags::from_bits(1 << bit).names().collect::<Vec<_>>(), [name]);
        }
        assert_eq!(Flags::from_bits(u32::MAX).names().collect::<Vec<_>>(), names);
        assert_eq!(Flags::empty().names().count(), 0);
    }

    #[test]
    fn flags_add_up_and_bits_of_a_later_version_are_kept() {
        let mut flags = Flags::from_bits(1 << 31);
        flags.insert(Flags::LATE);
        flags.insert(Flags::LATE);
        flags.insert(Flags::NO_ZONE);
        assert_eq!(flags.bits(), 1 << 31 | 1 << 8 | 1);
        let both = Flags::from_bits(1 << 8 | 1);
        assert!(flags.contains(both) && flags.contains(Flags::empty()) && !Flags::LATE.contains(both));
    }
}
