//! What comes after an invocation: which records are tried next, which are given up. No I/O.

use std::collections::VecDeque;

use super::event::Outcome;
use super::{Discarded, MappingConfig};
use crate::port::Record;

/// Records that are delivered together, and how often that has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    pub records: Vec<Record>,
    pub failures: u32,
}

/// The batches of one read, in order: the front is delivered until it is done or given up.
#[derive(Debug, Default)]
pub(super) struct Batches(VecDeque<Batch>);

impl Batches {
    pub(super) fn of(records: Vec<Record>) -> Batches {
        Batches(VecDeque::from([Batch { records, failures: 0 }]))
    }

    pub(super) fn front(&self) -> Option<&Batch> {
        self.0.front().filter(|batch| !batch.records.is_empty())
    }

    /// Takes the outcome of the front's delivery in: answers the records that are done, in order.
    pub(super) fn settle(&mut self, config: &MappingConfig, outcome: Outcome) -> Vec<Record> {
        let Some(mut batch) = self.0.pop_front() else { return Vec::new() };
        let done = match outcome {
            Outcome::Done => batch.records.len(),
            Outcome::FailedFrom(at) => at,
            Outcome::Failed => 0,
        };
        let rest = batch.records.split_off(done);
        if !rest.is_empty() {
            self.again(config, Batch { records: rest, failures: batch.failures }, done > 0);
        }
        batch.records
    }

    /// What failed comes again: parted in two where that is wished (a partial answer has parted it already), else as it
    /// is, one failure more.
    fn again(&mut self, config: &MappingConfig, mut batch: Batch, parted: bool) {
        if config.bisect && parted {
            return self.0.push_front(batch);
        }
        if config.bisect && batch.records.len() > 1 {
            let second = batch.records.split_off(batch.records.len() / 2);
            self.0.push_front(Batch { records: second, failures: batch.failures });
            return self.0.push_front(batch);
        }
        batch.failures += 1;
        self.0.push_front(batch);
    }

    /// Gives up what is past its attempts or its age, from the front on.
    pub(super) fn discard(&mut self, config: &MappingConfig, shard_id: &str, now_millis: i64) -> Option<Discarded> {
        let batch = self.0.front_mut()?;
        let oldest = config.record_age.map(|age| now_millis - i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        let too_old =
            batch.records.iter().take_while(|record| oldest.is_some_and(|oldest| record.arrival_millis < oldest));
        let (count, condition) = match too_old.count() {
            0 if config.retry_attempts.is_some_and(|most| batch.failures > most) => {
                (batch.records.len(), "RetryAttemptsExhausted")
            }
            count => (count, "MaximumRecordAgeExceeded"),
        };
        let rest = batch.records.split_off(count);
        let gone = std::mem::replace(&mut batch.records, rest);
        if batch.records.is_empty() {
            self.0.pop_front();
        }
        let (first, last) = (gone.first()?.sequence_number, gone.last()?.sequence_number);
        Some(Discarded { shard_id: shard_id.to_string(), first, last, records: gone.len(), condition })
    }
}
