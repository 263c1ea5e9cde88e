//! What a course's roster says of one learner: whether they are on it, and the first and last day on which they were
//! there.
//!
//! An entry is read off the learner's [`crate::activity::ActivityItem`] alone. It only ever grows: days reach farther
//! apart, an enrolment gives way to a later one. So what two writers say of one learner joins to what the one who knew
//! more says, and an entry that changed has not changed back.

use trilha_schemas::event::{BodyOf, EventOf};
use trilha_schemas::packing::{Damaged, Input, zigzag};

use crate::ids::id_hash;
use crate::limits;
use crate::views::{version, versioned};

/// Whether a learner belongs to a course, as the platform said last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// `course.enrolled`.
    Enrolled,
    /// `course.unenrolled`.
    Unenrolled,
    /// `course.completed`.
    Completed,
}

/// What the last of a learner's enrolments said. The order is that of time, then id: of two the greater counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Enrolment {
    /// When, in milliseconds since 1970 UTC; the arrival of an event that tells no time.
    pub time_millis: i64,
    /// The event id's hash.
    pub id: u64,
    /// What it said.
    pub standing: Standing,
}

/// One learner of a course's roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RosterEntry {
    /// What the platform said last; a learner may be at work without a word of it.
    pub enrolment: Option<Enrolment>,
    /// The first and the last day with an event, since 1970 in the course's zone; `None` where all came too late to
    /// count.
    pub days: Option<(i64, i64)>,
}

impl Standing {
    const ALL: [Standing; 3] = [Standing::Enrolled, Standing::Unenrolled, Standing::Completed];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Enrolled => "enrolled",
            Standing::Unenrolled => "unenrolled",
            Standing::Completed => "completed",
        }
    }

    /// What an event says of it; `None` for one of another type.
    pub fn of<T, L>(body: &BodyOf<T, L>) -> Option<Standing> {
        match body {
            BodyOf::Enrolled => Some(Standing::Enrolled),
            BodyOf::Unenrolled => Some(Standing::Unenrolled),
            BodyOf::Completed => Some(Standing::Completed),
            _ => None,
        }
    }

    /// From 1; 0 stands for none.
    pub(crate) fn code(standing: Option<Standing>) -> u8 {
        standing.map_or(0, |standing| standing as u8 + 1)
    }

    pub(crate) fn from_code(code: u8) -> Result<Option<Standing>, Damaged> {
        match code {
            0 => Ok(None),
            code => Standing::ALL.get(usize::from(code) - 1).copied().map(Some).ok_or(Damaged("an enrolment")),
        }
    }
}

impl Enrolment {
    /// `None` for an event of another type.
    pub(crate) fn of<T, L>(event: &EventOf<T, L>) -> Option<Enrolment> {
        let standing = Standing::of(&event.body)?;
        let time_millis = event.view_time_millis().unwrap_or(event.arrival_millis);
        Some(Enrolment { time_millis, id: id_hash(&event.id), standing })
    }

    /// All but the standing, whose code the caller writes where it has room.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        zigzag(out, self.time_millis);
        out.extend_from_slice(&self.id.to_be_bytes());
    }

    pub(crate) fn decode(standing: Standing, input: &mut Input<'_>) -> Result<Enrolment, Damaged> {
        let time_millis = limits::time(0, input.zigzag()?)?;
        Ok(Enrolment { time_millis, id: u64::from_be_bytes(input.array()?), standing })
    }
}

impl RosterEntry {
    /// Whether the learner is on the roster: everybody who was seen is, unless they were unenrolled last.
    pub fn is_on(&self) -> bool {
        self.standing() != Some(Standing::Unenrolled)
    }

    /// What the platform said last.
    pub fn standing(&self) -> Option<Standing> {
        self.enrolment.map(|enrolment| enrolment.standing)
    }

    /// What both know together.
    #[must_use]
    pub fn joined(&self, other: &RosterEntry) -> RosterEntry {
        let days = match (self.days, other.days) {
            (Some((first, last)), Some((other_first, other_last))) => {
                Some((first.min(other_first), last.max(other_last)))
            }
            (one, other) => one.or(other),
        };
        RosterEntry { enrolment: self.enrolment.max(other.enrolment), days }
    }

    /// The stored form, version 1: the enrolment's code and what there is of it, then whether there are days, and
    /// which.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = version();
        out.push(Standing::code(self.standing()));
        self.enrolment.iter().for_each(|enrolment| enrolment.encode(&mut out));
        out.push(u8::from(self.days.is_some()));
        if let Some((first, last)) = self.days {
            zigzag(&mut out, first);
            zigzag(&mut out, last - first);
        }
        out
    }

    /// From the stored form.
    ///
    /// # Errors
    /// [`Damaged`] when the bytes are cut, flipped or of a later version.
    pub fn decode(bytes: &[u8]) -> Result<RosterEntry, Damaged> {
        let mut input = versioned(bytes)?;
        let standing = Standing::from_code(input.byte()?)?;
        let enrolment = standing.map(|standing| Enrolment::decode(standing, &mut input)).transpose()?;
        if input.byte()? == 0 {
            return Ok(RosterEntry { enrolment, days: None });
        }
        let first = limits::time(0, input.zigzag()?)?;
        let last = limits::time(first, input.zigzag()?)?;
        Ok(RosterEntry { enrolment, days: Some((first, last)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(enrolment: Option<(i64, u64, Standing)>, days: Option<(i64, i64)>) -> RosterEntry {
        let enrolment = enrolment.map(|(time_millis, id, standing)| Enrolment { time_millis, id, standing });
        RosterEntry { enrolment, days }
    }

    fn entries() -> Vec<RosterEntry> {
        use Standing::{Completed, Enrolled, Unenrolled};
        let enrolments = [None, Some((-5, 9, Enrolled)), Some((7, 1, Unenrolled)), Some((7, 2, Completed))];
        let days = [None, Some((-3, -3)), Some((20_000, 20_400))];
        enrolments.into_iter().flat_map(|enrolment| days.map(|days| entry(enrolment, days))).collect()
    }

    #[test]
    fn an_entry_reads_back_and_no_cut_of_it_does() {
        for entry in entries() {
            let stored = entry.encode();
            assert_eq!(RosterEntry::decode(&stored), Ok(entry));
            (0..stored.len()).for_each(|end| assert!(RosterEntry::decode(&stored[..end]).is_err(), "{entry:?} {end}"));
        }
        assert_eq!(RosterEntry::decode(&[1, 4, 0]), Err(Damaged("an enrolment")));
        assert_eq!(RosterEntry::decode(&[2, 0, 0]), Err(Damaged("the version of a stored item")));
    }

    #[test]
    fn each_standing_has_its_word() {
        assert_eq!(Standing::ALL.map(Standing::as_str), ["enrolled", "unenrolled", "completed"]);
    }

    /// Entries are read for ever.
    #[test]
    fn the_stored_form_of_version_1_stays() {
        let stored = entry(Some((1_000, 7, Standing::Completed)), Some((20_000, 20_003))).encode();
        let hex: String = stored.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "0103d00f000000000000000701c0b80206");
    }

    #[test]
    fn joining_is_the_same_in_any_order_and_grouping_and_knows_no_less() {
        let all = entries();
        for one in &all {
            assert_eq!(one.joined(one), *one);
            for two in &all {
                let both = one.joined(two);
                assert_eq!(both, two.joined(one));
                assert_eq!(both.joined(one), both);
                assert!(all.iter().all(|three| both.joined(three) == one.joined(&two.joined(three))));
            }
        }
    }

    #[test]
    fn of_enrolments_the_latest_counts_and_only_the_unenrolled_are_off() {
        use Standing::{Completed, Enrolled, Unenrolled};
        let early = entry(Some((5, 9, Unenrolled)), None);
        assert!(!early.is_on());
        assert!(early.joined(&entry(Some((6, 1, Enrolled)), None)).is_on());
        assert!(early.joined(&entry(Some((5, 10, Completed)), None)).is_on(), "of equal times the greater id");
        assert!(!early.joined(&entry(Some((4, 99, Enrolled)), None)).is_on());
        assert!(entry(None, None).is_on());
    }
}
