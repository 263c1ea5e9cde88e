//! The pointer of a partition: which generation readers see, and which others there are. One JSON object:
//!
//! ```json
//! {"version": 1, "published": 7, "last": 8, "waiting": [{"generation": 6, "since": 1795392000000}], "removing": []}
//! ```
//!
//! What is here are the changes to it, without I/O; each is written on the condition that nobody has changed it meanwhile.

use serde::{Deserialize, Serialize};

const VERSION: u32 = 1;

/// What is known of a partition's generations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pointer {
    version: u32,
    /// The one that readers see; 0 for none.
    pub(crate) published: u64,
    /// The highest number that was ever given away.
    last: u64,
    /// Generations that are written, that wait to be shown, or that were shown before.
    waiting: Vec<Waiting>,
    /// Generations that are being deleted: nobody shows them any more.
    #[serde(default)]
    removing: Vec<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    generation: u64,
    /// When it was claimed, made durable, or superseded, in milliseconds since 1970 UTC.
    since: i64,
}

/// What showing a generation comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Showing {
    /// It is to be shown now.
    New,
    /// It is shown.
    Shown,
    /// A later one is shown.
    Overtaken,
    /// There is no such generation.
    Lost,
}

impl Default for Pointer {
    fn default() -> Pointer {
        Pointer { version: VERSION, published: 0, last: 0, waiting: Vec::new(), removing: Vec::new() }
    }
}

impl Pointer {
    pub(crate) fn from_json(json: &[u8]) -> Result<Pointer, String> {
        let pointer: Pointer = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if pointer.version == VERSION { Ok(pointer) } else { Err(format!("its version is {}", pointer.version)) }
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Gives away a number above `after`.
    pub(crate) fn claim(&mut self, after: u64, now: i64) -> u64 {
        self.last = self.last.max(after) + 1;
        self.waiting.push(Waiting { generation: self.last, since: now });
        self.last
    }

    /// Notes a generation that somebody writes; false if it was known.
    pub(crate) fn note(&mut self, generation: u64, now: i64) -> bool {
        if self.holds(generation) {
            return false;
        }
        self.last = self.last.max(generation);
        self.waiting.push(Waiting { generation, since: now });
        true
    }

    /// Lets a generation wait from now on; false if it does not wait.
    pub(crate) fn renew(&mut self, generation: u64, now: i64) -> bool {
        let waiting = self.waiting.iter_mut().find(|waiting| waiting.generation == generation);
        waiting.map(|waiting| waiting.since = now).is_some()
    }

    pub(crate) fn showing(&self, generation: u64) -> Showing {
        match (self.published, self.waits(generation)) {
            (published, _) if published == generation => Showing::Shown,
            (published, true) if published > generation => Showing::Overtaken,
            (_, true) => Showing::New,
            (_, false) => Showing::Lost,
        }
    }

    /// The waiting generation is published, and the one before waits.
    pub(crate) fn show(&mut self, generation: u64, now: i64) {
        self.waiting.retain(|waiting| waiting.generation != generation);
        if self.published > 0 {
            self.waiting.push(Waiting { generation: self.published, since: now });
        }
        self.published = generation;
    }

    /// Takes up the removal of what has waited since `until` or longer; false if there is nothing to remove.
    pub(crate) fn begin_removal(&mut self, until: i64) -> bool {
        let (due, kept): (Vec<Waiting>, Vec<Waiting>) = self.waiting.iter().partition(|waiting| waiting.since <= until);
        self.waiting = kept;
        self.removing.extend(due.iter().map(|waiting| waiting.generation));
        !self.removing.is_empty()
    }

    pub(crate) fn removing(&self) -> &[u64] {
        &self.removing
    }

    pub(crate) fn end_removal(&mut self, removed: &[u64]) -> bool {
        let before = self.removing.len();
        self.removing.retain(|generation| !removed.contains(generation));
        self.removing.len() < before
    }

    /// Whether anything but the published generation is there.
    pub(crate) fn has_others(&self) -> bool {
        !self.waiting.is_empty() || !self.removing.is_empty()
    }

    /// Whether a generation is published or waits.
    pub(crate) fn holds(&self, generation: u64) -> bool {
        self.published == generation || self.waits(generation)
    }

    fn waits(&self, generation: u64) -> bool {
        self.waiting.iter().any(|waiting| waiting.generation == generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(generations: &[u64]) -> Pointer {
        let mut pointer = Pointer::default();
        assert!(generations.iter().all(|generation| pointer.note(*generation, 100)));
        pointer
    }

    #[test]
    fn no_number_is_given_away_twice() {
        let mut pointer = Pointer::default();
        assert_eq!([pointer.claim(0, 1), pointer.claim(0, 2), pointer.claim(7, 3)], [1, 2, 8]);
        pointer.begin_removal(10);
        pointer.end_removal(&[1, 2, 8]);
        assert_eq!(pointer.claim(0, 4), 9);
    }

    #[test]
    fn readers_go_on_to_later_generations_only() {
        let mut pointer = with(&[1, 2, 3]);
        pointer.show(2, 200);
        assert_eq!([1, 2, 3, 4].map(|generation| pointer.showing(generation)), {
            [Showing::Overtaken, Showing::Shown, Showing::New, Showing::Lost]
        });
    }

    #[test]
    fn what_is_superseded_waits_from_then_on() {
        let mut pointer = with(&[1, 2]);
        pointer.show(1, 150);
        pointer.show(2, 200);
        assert!(!pointer.begin_removal(199));
        assert!(pointer.begin_removal(200));
        assert_eq!((pointer.removing(), pointer.showing(1)), (&[1][..], Showing::Lost));
        assert!(pointer.end_removal(&[1]) && !pointer.has_others());
    }

    #[test]
    fn what_is_renewed_waits_longer_and_what_is_gone_cannot() {
        let mut pointer = with(&[1]);
        assert!(pointer.renew(1, 300) && !pointer.begin_removal(299) && pointer.begin_removal(300));
        assert!(!pointer.renew(1, 400));
    }

    #[test]
    fn json_reads_back_and_a_later_version_is_refused() {
        let mut pointer = with(&[1, 2]);
        pointer.show(2, 5);
        assert_eq!(Pointer::from_json(&pointer.to_json()), Ok(pointer));
        assert!(Pointer::from_json(br#"{"version":2,"published":1,"last":1,"waiting":[]}"#).is_err());
    }
}
