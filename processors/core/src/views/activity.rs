//! A course's totals: who was there, by minute, by day, and at all.

use trilha_schemas::packing::{Damaged, varint, zigzag};

use super::{View, version, versioned};
use crate::sorted::Sorted;

/// Learners in one minute or day, and in the window that ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Presence {
    /// Distinct learners with an event in it.
    pub active: i64,
    /// Distinct learners with an event in it or the ones before it: 5 minutes, or 7 days, in all.
    pub window: i64,
}

type ByNumber = Sorted<Presence>;

fn add(map: &mut ByNumber, number: i64, presence: Presence) {
    let there = map.entry(number);
    there.active += presence.active;
    there.window += presence.window;
    if *there == Presence::default() {
        map.remove(number);
    }
}

fn encode(map: &ByNumber) -> Vec<u8> {
    let mut out = version();
    varint(&mut out, map.len() as u64);
    for (number, presence) in map.iter() {
        [*number, presence.active, presence.window].into_iter().for_each(|value| zigzag(&mut out, value));
    }
    out
}

fn decode(bytes: &[u8]) -> Result<ByNumber, Damaged> {
    let mut input = versioned(bytes)?;
    let count = input.count(3)?;
    let mut map = ByNumber::default();
    for _ in 0..count {
        let number = input.zigzag()?;
        *map.entry(number) = Presence { active: input.zigzag()?, window: input.zigzag()? };
    }
    Ok(map)
}

macro_rules! presence_view {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name(ByNumber);

        impl $name {
            /// Adds to one minute or day.
            pub fn change(&mut self, number: i64, presence: Presence) {
                add(&mut self.0, number, presence);
            }

            /// One minute or day.
            pub fn at(&self, number: i64) -> Presence {
                self.0.get(number).copied().unwrap_or_default()
            }
        }

        impl View for $name {
            fn add(&mut self, other: &Self) {
                other.0.iter().for_each(|(number, presence)| add(&mut self.0, *number, *presence));
            }

            fn encode(&self) -> Vec<u8> {
                encode(&self.0)
            }

            fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
                decode(bytes).map($name)
            }
        }
    };
}

presence_view! {
    /// One hour of a course, by minutes since 1970 UTC; windows are of 5 minutes.
    HourView
}

presence_view! {
    /// One month of a course, by days since 1970 in the course's zone; windows are of 7 days.
    MonthView
}

/// A course's totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CourseView {
    /// Distinct learners with an event, however late.
    pub learners: i64,
    /// Events that a learner item had no room for.
    pub beyond_state: i64,
}

impl View for CourseView {
    fn add(&mut self, other: &Self) {
        self.learners += other.learners;
        self.beyond_state += other.beyond_state;
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = version();
        [self.learners, self.beyond_state].into_iter().for_each(|value| zigzag(&mut out, value));
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut input = versioned(bytes)?;
        Ok(CourseView { learners: input.zigzag()?, beyond_state: input.zigzag()? })
    }
}
