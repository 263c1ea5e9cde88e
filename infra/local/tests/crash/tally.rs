//! What a run exercised.

use std::collections::BTreeMap;
use std::fmt;

use crate::moments::Phase;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) folders: u64,
    pub(crate) kills: BTreeMap<Phase, u64>,
    /// Processes that ended by themselves before their moment; they count as no kill.
    pub(crate) ended: u64,
    /// Kills for whose moment nothing of its kind happened.
    pub(crate) idle: u64,
    /// Kills that left a landing file or a generation half made.
    pub(crate) halfway: u64,
    pub(crate) starts: u64,
    /// Starts on what a kill left.
    pub(crate) recoveries: u64,
    pub(crate) acknowledged: u64,
    /// Events whose answer was lost.
    pub(crate) in_doubt: u64,
    /// Of these, acknowledged when they were sent again.
    pub(crate) acknowledged_later: u64,
    /// Of these, never acknowledged and yet there.
    pub(crate) found: u64,
    pub(crate) in_lake: u64,
    pub(crate) quarantined: u64,
    pub(crate) redriven: u64,
}

impl Tally {
    pub(crate) fn all_kills(&self) -> u64 {
        self.kills.values().sum()
    }

    pub(crate) fn add(&mut self, more: &Tally) {
        more.kills.iter().for_each(|(phase, kills)| *self.kills.entry(*phase).or_default() += kills);
        let sums = [
            (&mut self.folders, more.folders),
            (&mut self.ended, more.ended),
            (&mut self.idle, more.idle),
            (&mut self.halfway, more.halfway),
            (&mut self.starts, more.starts),
            (&mut self.recoveries, more.recoveries),
            (&mut self.acknowledged, more.acknowledged),
            (&mut self.in_doubt, more.in_doubt),
            (&mut self.acknowledged_later, more.acknowledged_later),
            (&mut self.found, more.found),
            (&mut self.in_lake, more.in_lake),
            (&mut self.quarantined, more.quarantined),
            (&mut self.redriven, more.redriven),
        ];
        sums.into_iter().for_each(|(sum, more)| *sum += more);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_phase: Vec<_> = self.kills.iter().map(|(phase, kills)| format!("{phase} {kills}")).collect();
        let folders = if self.folders == 1 { "folder" } else { "folders" };
        write!(f, "{} kills in {} {folders} ({})", self.all_kills(), self.folders, by_phase.join(", "))?;
        write!(f, "; {} idle at their moment, {} processes ended before theirs", self.idle, self.ended)?;
        write!(f, "; {} left the lake half way", self.halfway)?;
        write!(f, "; {} starts, {} of them after a kill", self.starts, self.recoveries)?;
        write!(f, "; {} events acknowledged, {} in the lake, each once", self.acknowledged, self.in_lake)?;
        write!(f, "; {} events in doubt: {} acknowledged later", self.in_doubt, self.acknowledged_later)?;
        let gone = self.in_doubt - self.acknowledged_later - self.found;
        write!(f, ", {} never but there, {gone} not there", self.found)?;
        write!(f, "; {} rows in quarantine, {} of them re-driven", self.quarantined, self.redriven)
    }
}
