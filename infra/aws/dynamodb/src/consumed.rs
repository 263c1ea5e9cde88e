//! What AWS charged: as it says so itself, and for failed conditions, of which it says nothing, by its rules.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Capacity units of all calls so far. A service that reports none adds none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Units {
    /// Read units: half a unit for each 4 KB that is read without need of the latest.
    pub read: f64,
    /// Write units: one for each KB, of failed conditions too.
    pub write: f64,
}

/// Counts in tenths, so that halves add up exactly.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    read: AtomicU64,
    write: AtomicU64,
}

impl Meter {
    pub(crate) fn note_read<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.read.fetch_add(tenths(consumed), Ordering::Relaxed);
    }

    pub(crate) fn note_write<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.write.fetch_add(tenths(consumed), Ordering::Relaxed);
    }

    pub(crate) fn add_write(&self, units: f64) {
        self.write.fetch_add((units * 10.0).round() as u64, Ordering::Relaxed);
    }

    pub(crate) fn units(&self) -> Units {
        let units = |tenths: &AtomicU64| tenths.load(Ordering::Relaxed) as f64 / 10.0;
        Units { read: units(&self.read), write: units(&self.write) }
    }
}

fn tenths<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> u64 {
    consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).map(|units| (units * 10.0).round() as u64).sum()
}
