//! What a consumer remembers of a shard's items between batches.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use foldhash::fast::RandomState;
use trilha_core::activity::ActivityItem;
use trilha_core::quiz::QuizItem;
use trilha_core::roster::RosterEntry;
use trilha_core::video::VideoItem;
use trilha_live::port::{Item, Watermarks};
use trilha_schemas::packing::Damaged;

use super::names::{LearnerName, Names};
use super::view::{Partial, ViewName};

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

    fn memory_bytes(&self) -> usize {
        match self {
            LearnerItem::Video(item) => item.memory_bytes(),
            LearnerItem::Quiz(item) => item.memory_bytes(),
            LearnerItem::Activity(item) => item.memory_bytes(),
        }
    }
}

/// An item in memory, as the table has it (`stored` is its watermark there; `None`: it is not there yet).
#[derive(Debug, Clone)]
pub(super) struct Warm<V> {
    pub value: V,
    pub stored: Option<Watermarks>,
    used: u64,
}

impl<V> Warm<V> {
    pub(super) fn new(value: V, stored: Option<Watermarks>) -> Warm<V> {
        Warm { value, stored, used: 0 }
    }
}

/// Warm items by name.
type Warmth<N, V> = HashMap<N, Warm<V>, RandomState>;

/// What a warm item takes beside its value and its name's texts.
const WARM_ITEM_BYTES: usize = 240;

/// Warm items of one shard.
#[derive(Default)]
pub(super) struct ShardState {
    pub names: Names,
    pub learners: Warmth<LearnerName, LearnerItem>,
    pub views: Warmth<ViewName, Partial>,
    /// Shards that are known to be absorbed, among those that learner items name.
    pub absorbed: HashSet<String>,
    /// The progress that this consumer wrote last; warm items count only while the table still says so. `None` while a batch
    /// is worked on: one that is broken off leaves items that nobody may trust.
    progress: Option<Watermarks>,
    batch: u64,
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
        self.batch += 1;
    }

    /// The batch is done: the table's progress is this, and the warm items are what the table has.
    pub(super) fn settled(&mut self, progress: Option<Watermarks>) {
        self.progress = progress;
    }

    /// The warm item, marked as used by this batch.
    pub(super) fn learner(&mut self, name: &LearnerName) -> Option<&mut Warm<LearnerItem>> {
        used(&mut self.learners, name, self.batch)
    }

    /// The warm view, marked as used by this batch.
    pub(super) fn view(&mut self, name: &ViewName) -> Option<&mut Warm<Partial>> {
        used(&mut self.views, name, self.batch)
    }

    /// Forgets the items that were not used for longest, until the rest fit.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        if self.names.memory_bytes() > bytes / 4 {
            // Names are few beside items, unless clients make them up.
            *self = ShardState { progress: self.progress.take(), batch: self.batch, ..ShardState::default() };
            return;
        }
        let bytes = bytes - self.names.memory_bytes();
        let learners = self.learners.values().map(|warm| (warm.used, WARM_ITEM_BYTES + warm.value.memory_bytes()));
        let views = self.views.values().map(|warm| (warm.used, WARM_ITEM_BYTES + warm.value.memory_bytes()));
        let mut by_batch: HashMap<u64, usize> = HashMap::new();
        learners.chain(views).for_each(|(used, size)| *by_batch.entry(used).or_default() += size);
        let mut newest_first: Vec<_> = by_batch.into_iter().collect();
        newest_first.sort_unstable_by_key(|(used, _)| std::cmp::Reverse(*used));
        let mut total = 0;
        let too_old = newest_first.into_iter().find(|(_, size)| {
            total += size;
            total > bytes
        });
        if let Some((used, _)) = too_old {
            self.learners.retain(|_, warm| warm.used > used);
            self.views.retain(|_, warm| warm.used > used);
        }
    }
}

fn used<'w, N: Eq + Hash, V>(items: &'w mut Warmth<N, V>, name: &N, batch: u64) -> Option<&'w mut Warm<V>> {
    let warm = items.get_mut(name)?;
    warm.used = batch;
    Some(warm)
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
