//! What a consumer remembers of a shard's items between batches.

use std::collections::HashSet;

use trilha_core::activity::ActivityItem;
use trilha_core::quiz::QuizItem;
use trilha_core::roster::RosterEntry;
use trilha_core::video::VideoItem;
use trilha_live::port::{Item, Watermarks};
use trilha_schemas::packing::Damaged;

use super::groups::Room;
use super::names::{LearnerName, Names};
use super::view::{Partial, ViewName};
use super::warmth::{InMemory, Warmth, oldest_that_fit};

/// A learner item of any kind.
#[derive(Debug, Clone)]
pub(super) enum LearnerItem {
    Video(Box<VideoItem>),
    Quiz(Box<QuizItem>),
    Activity(ActivityItem),
}

/// Which kind of learner item or view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum LearnerKind {
    Video,
    Quiz,
    Activity,
}

impl LearnerKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            LearnerKind::Video => "video",
            LearnerKind::Quiz => "quiz",
            LearnerKind::Activity => "activity",
        }
    }

    pub(super) fn empty(self) -> LearnerItem {
        match self {
            LearnerKind::Video => LearnerItem::Video(Box::default()),
            LearnerKind::Quiz => LearnerItem::Quiz(Box::default()),
            LearnerKind::Activity => LearnerItem::Activity(ActivityItem::default()),
        }
    }

    pub(super) fn decode(self, bytes: &[u8]) -> Result<LearnerItem, Damaged> {
        Ok(match self {
            LearnerKind::Video => LearnerItem::Video(Box::new(VideoItem::decode(bytes)?)),
            LearnerKind::Quiz => LearnerItem::Quiz(Box::new(QuizItem::decode(bytes)?)),
            LearnerKind::Activity => LearnerItem::Activity(ActivityItem::decode(bytes)?),
        })
    }
}

impl LearnerItem {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            LearnerItem::Video(item) => item.encode(),
            LearnerItem::Quiz(item) => item.encode(),
            LearnerItem::Activity(item) => item.encode(),
        }
    }

    /// What the course's roster says of the learner; the activity item tells it.
    pub(super) fn roster_entry(&self) -> Option<RosterEntry> {
        if let LearnerItem::Activity(item) = self { item.roster_entry() } else { None }
    }
}

impl InMemory for LearnerItem {
    fn memory_bytes(&self) -> usize {
        match self {
            LearnerItem::Video(item) => item.memory_bytes(),
            LearnerItem::Quiz(item) => item.memory_bytes(),
            LearnerItem::Activity(item) => item.memory_bytes(),
        }
    }
}

/// Warm items of one shard.
#[derive(Default)]
pub(super) struct ShardState {
    pub names: Names,
    pub learners: Warmth<LearnerName, LearnerItem>,
    pub views: Warmth<ViewName, Partial>,
    pub room: Room,
    /// Shards that are known to be absorbed, among those that learner items name.
    pub absorbed: HashSet<String>,
    /// The progress that this consumer wrote last; warm items count only while the table still says so. `None` while a batch
    /// is worked on: one that is broken off leaves items that nobody may trust.
    progress: Option<Watermarks>,
}

impl ShardState {
    /// Forgets everything that was read or folded.
    pub(super) fn forget(&mut self) {
        *self = ShardState::default();
    }

    /// Warm state counts only if the table's progress is what this consumer wrote itself.
    pub(super) fn trust_only_if(&mut self, progress: Option<&Watermarks>) {
        if self.progress.is_none() || self.progress.as_ref() != progress {
            self.forget();
        }
        self.progress = None;
        self.learners.next_batch();
        self.views.next_batch();
    }

    /// The batch is done: the table's progress is this, and the warm items are what the table has.
    pub(super) fn settled(&mut self, progress: Option<Watermarks>) {
        self.progress = progress;
    }

    /// Forgets the items that were not used for longest, once all of them take more than this.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        if self.names.memory_bytes() > bytes / 4 {
            // Names are few beside items, unless clients make them up.
            *self = ShardState { progress: self.progress.take(), ..ShardState::default() };
            return;
        }
        let bytes = bytes - self.names.memory_bytes();
        if self.learners.memory_bytes() + self.views.memory_bytes() <= bytes {
            return;
        }
        // All items are looked at for it, so that it must not be so each time.
        let fit = bytes - bytes / 8;
        let items = self.learners.bytes_by_batch().chain(self.views.bytes_by_batch());
        if let Some(batch) = oldest_that_fit(items, fit) {
            self.learners.forget_up_to(batch);
            self.views.forget_up_to(batch);
        }
    }
}

/// Splits a stored item into what the fold needs.
pub(super) fn stored(item: Option<Item>) -> (Option<Vec<u8>>, Option<Watermarks>) {
    item.map_or((None, None), |item| (Some(item.value), Some(item.watermarks)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_clients_make_up_do_not_fill_memory() {
        let mut state = ShardState::default();
        for at in 0..1_000 {
            state.names.object_symbol(&format!("object {at}"));
        }
        let there = state.names.memory_bytes();
        state.shrink_to(5 * there);
        assert_eq!(state.names.memory_bytes(), there);
        state.settled(Some(Watermarks::default()));
        state.shrink_to(3 * there);
        assert!(state.names.memory_bytes() < there / 100);
        assert!(state.progress.is_some(), "what was written is still known");
    }
}
