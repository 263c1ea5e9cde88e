//! One attempt at a batch: read what is not warm, fold, write views and roster entries, then learner items.

use std::collections::{BTreeSet, HashMap, HashSet};

use foldhash::fast::RandomState;
use trilha_core::activity::{ActivityChange, Moment};
use trilha_core::roster::RosterEntry;
use trilha_core::views::{ObjectView, View};
use trilha_core::{Folded, keys};
use trilha_live::port::{Consistency, Item, Key, LiveTable, Replaced, Replacement, Watermarks};
use trilha_schemas::ids::EventId;
use trilha_schemas::packing::Damaged;
use trilha_schemas::sequence::SequenceNumber;

use super::groups::{Group, Groups, Placed};
use super::names::{LearnerName, Names};
use super::state::{LearnerItem, LearnerKind, ShardState, stored};
use super::view::{AnyView, ViewName};
use super::warmth::Slot;
use super::{Applied, Position, Stop};
use super::{absorbed, cross_shard, roster};
use crate::batch::{Batch, HandleError};
use crate::beyond::BeyondBatch;

pub(super) struct Attempt<'a, T> {
    pub table: &'a T,
    pub batch: &'a Batch,
    pub position: Position<'a>,
    pub state: &'a mut ShardState,
}

/// The changes of one view, by epoch: the part of the batch between two boundaries. Deltas are netted within an epoch
/// only, and a boundary lies at every view watermark that falls inside the batch.
type Changes = HashMap<ViewName, Vec<(usize, AnyView)>, RandomState>;

/// The changes in an order that is the same whenever the same batch is folded.
fn in_order(changes: Changes) -> Vec<(ViewName, Vec<(usize, AnyView)>)> {
    let mut changes: Vec<_> = changes.into_iter().collect();
    changes.sort_unstable_by_key(|(name, _)| *name);
    changes
}

/// What folding the batch once came to.
#[derive(Default)]
struct FoldedBatch {
    changes: Changes,
    /// What learners' activity changes in a course's views, by epoch.
    activities: HashMap<(u32, usize), ActivityChange, RandomState>,
    /// Items that changed, to be written.
    learners: Vec<(LearnerName, Slot)>,
    /// Views of items that changed. They are written though the changes add up to nothing: changes of two learners, or
    /// of two records, may take each other back, and after a crash or beside a zombie only one of them is folded again.
    moved: HashSet<ViewName, RandomState>,
    /// What the roster comes to say of learners of whom it says something else.
    entries: Vec<(LearnerName, RosterEntry)>,
    beyond: BeyondBatch,
    folded: Folded,
}

impl<T: LiveTable> Attempt<'_, T> {
    pub(super) async fn run(mut self) -> Result<Applied, Stop> {
        let ShardState { names, learners, room, .. } = &mut *self.state;
        let groups = Groups::of(self.batch, self.position.done, names, learners, std::mem::take(room));
        let mut boundaries = BTreeSet::new();
        let folded = loop {
            self.load_learners(&groups).await?;
            let folded = self.fold(&groups, &boundaries)?;
            let inside = self.load_views(folded.changes.keys()).await?;
            if inside.is_subset(&boundaries) {
                break folded;
            }
            boundaries.extend(inside);
            self.state.learners.clear();
        };
        self.state.room = groups.into_room();
        let (mut fixed, views) = self.replaced_views(folded.changes, &folded.moved, &boundaries);
        fixed.extend(folded.beyond.into_replacements(self.position.shard));
        let entries =
            folded.entries.into_iter().map(|(name, entry)| (self.state.names.roster_key(&name), entry)).collect();
        let entries = roster::replaced(self.table, self.position, entries, &mut self.state.absorbed).await?;
        let learners = self.replaced_learners(folded.learners);
        let written = (fixed.len() + views.len() + entries.len() + learners.len()) as u64;
        self.write_fixed(fixed).await?;
        self.write_views(views).await?;
        self.write_views(entries).await?;
        self.write_learners(learners).await?;
        Ok(Applied { folded: folded.folded, written, conflicts: 0 })
    }

    async fn load_learners(&mut self, groups: &Groups<'_>) -> Result<(), Stop> {
        let cold = |group: &&Group| self.state.learners.get(group.slot).is_none();
        let cold: Vec<&Group> = groups.learners.iter().filter(cold).collect();
        if cold.is_empty() {
            return Ok(());
        }
        let keys = cold.iter().map(|group| self.state.names.learner_key(&group.name)).collect();
        let items = self.table.get(keys, Consistency::Strong).await?;
        let watermarks = items.iter().flatten().map(|item| &item.watermarks);
        absorbed::find(self.table, self.position.shard, watermarks, &mut self.state.absorbed).await?;
        for (group, item) in cold.into_iter().zip(items) {
            let (value, watermarks) = stored(item);
            let kind = group.name.kind;
            let item = value.map_or_else(|| Ok(kind.empty()), |value| kind.decode(&value));
            let item = item.map_err(|error| damaged(&self.state.names.learner_key(&group.name), error))?;
            self.state.learners.insert(group.slot, item, watermarks);
        }
        Ok(())
    }

    /// Folds every learner item's events after its watermark.
    fn fold(&mut self, groups: &Groups<'_>, boundaries: &BTreeSet<SequenceNumber>) -> Result<FoldedBatch, Stop> {
        let mut batch = FoldedBatch::default();
        let ShardState { names, learners, .. } = &mut *self.state;
        for group in &groups.learners {
            let (name, Some(warm)) = (&group.name, learners.get_mut(group.slot)) else { continue };
            let applied = warm.stored.as_ref().and_then(|watermarks| watermarks.of(self.position.shard));
            let (events, mut moments) = groups.events(group, groups.record_after(applied));
            let entry = warm.value.roster_entry();
            let mut changed = false;
            for (epoch, events) in epochs(groups, events, boundaries) {
                let (of_epoch, later) = moments.split_at(events.len().min(moments.len()));
                moments = later;
                let folded = fold_item(&mut warm.value, name, epoch, groups, events, of_epoch, &mut batch);
                changed |= folded.changed();
                note_beyond(&mut batch.beyond, groups, names, name, events, &folded);
                batch.folded += folded;
            }
            if changed {
                let after = warm.value.roster_entry().filter(|after| Some(*after) != entry);
                batch.entries.extend(after.map(|after| (*name, after)));
                batch.learners.push((*name, group.slot));
                batch.moved.extend(name.view());
                learners.measure(group.slot);
            }
        }
        for ((course, epoch), activity) in std::mem::take(&mut batch.activities) {
            add_activity(&mut batch.changes, course, epoch, activity);
        }
        for (course, object, placed) in &groups.descriptions {
            let name = ViewName::Object { course: *course, object: *object };
            let epoch = epoch_of(groups.number(*placed), boundaries);
            let described =
                groups.event(*placed).and_then(|(event, texts)| ObjectView::of(&event, texts)).unwrap_or_default();
            if let AnyView::Object(view) = change(&mut batch.changes, name, epoch) {
                view.add(&described);
            }
        }
        Ok(batch)
    }

    /// Reads the views that are not warm; answers the watermarks that lie inside the batch.
    async fn load_views(&mut self, names: impl Iterator<Item = &ViewName>) -> Result<BTreeSet<SequenceNumber>, Stop> {
        let mut names: Vec<ViewName> = names.copied().collect();
        names.sort_unstable();
        let views = &mut self.state.views;
        let slots: Vec<Slot> = names.iter().map(|name| views.slot(*name, 0).0).collect();
        let cold = |(_, slot): &(&ViewName, &Slot)| views.get(**slot).is_none();
        let cold: Vec<(ViewName, Slot)> =
            names.iter().zip(&slots).filter(cold).map(|(name, slot)| (*name, *slot)).collect();
        let items = match cold.is_empty() {
            true => Vec::new(),
            false => {
                let keys = cold.iter().map(|(name, _)| self.view_key(*name)).collect();
                self.table.get(keys, Consistency::Strong).await?
            }
        };
        for ((name, slot), item) in cold.into_iter().zip(items) {
            let (value, watermarks) = stored(item);
            let view = value.map_or_else(|| Ok(name.zero_partial()), |value| name.decode_partial(&value));
            let view = view.map_err(|error| damaged(&self.view_key(name), error))?;
            self.state.views.insert(slot, view, watermarks);
        }
        let (done, last) = (self.position.done, self.position.last);
        let watermarks = slots.iter().filter_map(|slot| self.applied_to_view(*slot));
        Ok(watermarks.filter(|at| Some(*at) > done && *at < last).collect())
    }

    fn applied_to_view(&self, slot: Slot) -> Option<SequenceNumber> {
        self.state.views.get(slot)?.stored.as_ref()?.of(self.position.shard)
    }

    fn view_key(&self, name: ViewName) -> Key {
        self.state.names.view_key(name, self.position.shard)
    }

    /// Each view with the changes after its watermark, and the parts that it comes to list; views that nothing moves are
    /// not written.
    fn replaced_views(
        &mut self,
        changes: Changes,
        moved: &HashSet<ViewName, RandomState>,
        boundaries: &BTreeSet<SequenceNumber>,
    ) -> (Vec<Replacement>, Vec<Replacement>) {
        let (mut parts, mut replacements) = (Vec::new(), Vec::with_capacity(changes.len()));
        for (name, epochs) in in_order(changes) {
            let (slot, _) = self.state.views.slot(name, 0);
            let first = match self.applied_to_view(slot) {
                Some(applied) if applied >= self.position.last => continue,
                Some(applied) => epoch_after(applied, boundaries),
                None => 0,
            };
            let key = self.view_key(name);
            let Some(warm) = self.state.views.get_mut(slot) else { continue };
            let mut net = name.zero();
            epochs.iter().filter(|(epoch, _)| *epoch >= first).for_each(|(_, change)| net.add(change));
            if net.is_zero() && !moved.contains(&name) {
                continue;
            }
            warm.value.view.add(&net);
            let (value, frozen) = warm.value.encode(name.zero());
            let of = |part: &str| Key { partition: key.partition.clone(), sort: keys::part_sort(&key.sort, part) };
            parts.extend(
                frozen.into_iter().map(|(part, value)| replacement(of(&part), value, &mut None, &self.position)),
            );
            replacements.push(replacement(key, value, &mut warm.stored, &self.position));
            self.state.views.measure(slot);
        }
        (parts, replacements)
    }

    fn replaced_learners(&mut self, changed: Vec<(LearnerName, Slot)>) -> Vec<Replacement> {
        let mut replacements = Vec::with_capacity(changed.len());
        let ShardState { names, learners, absorbed, .. } = &mut *self.state;
        for (name, slot) in changed {
            if let Some(warm) = learners.get_mut(slot) {
                let key = names.learner_key(&name);
                let mut replacement = replacement(key, warm.value.encode(), &mut warm.stored, &self.position);
                if !absorbed.is_empty() {
                    replacement.item.watermarks.retain(|shard| !absorbed.contains(shard));
                    warm.stored = Some(replacement.item.watermarks.clone());
                }
                replacements.push(replacement);
            }
        }
        replacements
    }

    /// Items that never change: one that is there already is the same, or knows more.
    async fn write_fixed(&self, replacements: Vec<Replacement>) -> Result<(), Stop> {
        if !replacements.is_empty() {
            self.table.replace(replacements, false).await?;
        }
        Ok(())
    }

    async fn write_views(&self, replacements: Vec<Replacement>) -> Result<(), Stop> {
        if replacements.is_empty() {
            return Ok(());
        }
        let views = replacements.len();
        let results = self.table.replace(replacements, false).await?;
        let all = results.len() == views && results.iter().all(|result| matches!(result, Replaced::Written));
        if all { Ok(()) } else { Err(Stop::Conflict) }
    }

    async fn write_learners(&self, replacements: Vec<Replacement>) -> Result<(), Stop> {
        if replacements.is_empty() {
            return Ok(());
        }
        let expected: Vec<_> = replacements.iter().map(|replacement| replacement.expected.clone()).collect();
        let results = self.table.replace(replacements, false).await?;
        let mut conflict = results.len() != expected.len();
        for (result, expected) in results.into_iter().zip(expected) {
            if let Replaced::Conflict(there) = result {
                conflict = true;
                cross_shard::report(self.table, self.position, there.as_ref(), expected.as_ref()).await?;
            }
        }
        if conflict { Err(Stop::Conflict) } else { Ok(()) }
    }
}

fn replacement(key: Key, value: Vec<u8>, stored: &mut Option<Watermarks>, position: &Position<'_>) -> Replacement {
    let mut watermarks = stored.clone().unwrap_or_default();
    watermarks.set(position.shard, position.last);
    let expected = stored.replace(watermarks.clone());
    Replacement { item: Item { key, watermarks, value }, expected }
}

/// Events in order, parted at the boundaries: a boundary's own record belongs to the epoch before it.
fn epochs<'e>(
    groups: &'e Groups<'_>,
    events: &'e [Placed],
    boundaries: &'e BTreeSet<SequenceNumber>,
) -> impl Iterator<Item = (usize, &'e [Placed])> {
    let mut rest = events;
    let epoch_of = |placed: Placed| epoch_of(groups.number(placed), boundaries);
    std::iter::from_fn(move || {
        let epoch = epoch_of(*rest.first()?);
        let end =
            if boundaries.is_empty() { rest.len() } else { rest.partition_point(|placed| epoch_of(*placed) == epoch) };
        let (part, later) = rest.split_at(end);
        rest = later;
        Some((epoch, part))
    })
}

fn epoch_of(number: SequenceNumber, boundaries: &BTreeSet<SequenceNumber>) -> usize {
    if boundaries.is_empty() { 0 } else { boundaries.range(..number).count() }
}

/// The first epoch whose records all lie after a watermark.
fn epoch_after(applied: SequenceNumber, boundaries: &BTreeSet<SequenceNumber>) -> usize {
    boundaries.range(..=applied).count()
}

fn change(changes: &mut Changes, name: ViewName, epoch: usize) -> &mut AnyView {
    let epochs = changes.entry(name).or_default();
    let at = epochs.iter().position(|(there, _)| *there == epoch).unwrap_or_else(|| {
        epochs.push((epoch, name.zero()));
        epochs.len() - 1
    });
    &mut epochs[at].1
}

/// Where a learner was is no reason to skip what they did: minutes and days without room are only counted.
fn note_beyond(
    beyond: &mut BeyondBatch,
    groups: &Groups<'_>,
    names: &Names,
    name: &LearnerName,
    events: &[Placed],
    folded: &Folded,
) {
    if folded.beyond.is_empty() || name.kind == LearnerKind::Activity {
        return;
    }
    let (tenant, _) = names.course(name.course);
    let ids: HashSet<EventId> = folded.beyond.iter().copied().collect();
    let placed = events.iter().filter_map(|placed| Some((groups.number(*placed), groups.event(*placed)?.0)));
    let there = placed.filter(|(_, event)| ids.contains(&event.id));
    there.for_each(|(number, event)| beyond.add(tenant, number, &event));
}

fn fold_item(
    item: &mut LearnerItem,
    name: &LearnerName,
    epoch: usize,
    groups: &Groups<'_>,
    events: &[Placed],
    moments: &[Moment],
    batch: &mut FoldedBatch,
) -> Folded {
    let (course, changes) = (name.course, &mut batch.changes);
    match item {
        LearnerItem::Video(item) => match change(changes, ViewName::Video { course, video: name.object }, epoch) {
            AnyView::Video(view) => {
                let mut folding = item.folding(view);
                for (placed, id) in events.iter().zip(groups.ids(events)) {
                    groups.look_at(*placed, |event, texts| folding.add(id, event, texts));
                }
                folding.finish()
            }
            _ => Folded::default(),
        },
        LearnerItem::Quiz(item) => match change(changes, ViewName::Quiz { course, quiz: name.object }, epoch) {
            AnyView::Quiz(view) => {
                let mut folding = item.folding(view);
                events.iter().for_each(|placed| groups.look_at(*placed, |event, texts| folding.add(event, texts)));
                folding.finish()
            }
            _ => Folded::default(),
        },
        LearnerItem::Activity(item) => {
            let change = batch.activities.entry((course, epoch)).or_default();
            let (mut folded, mut known) = (Folded::default(), None);
            for (placed, moment) in events.iter().zip(moments) {
                // Most events are of a minute that is known, or say no more than theirs: these are not even looked at.
                if known == Some(moment) {
                    continue;
                }
                if item.knows(moment) {
                    known = Some(moment);
                } else if item.fold_moment(moment, change) {
                    folded.applied += 1;
                } else {
                    folded += item.fold(groups.event(*placed).as_ref().map(|(event, _)| event), change);
                }
            }
            folded
        }
    }
}

fn add_activity(changes: &mut Changes, course: u32, epoch: usize, activity: ActivityChange) {
    if !activity.course.is_zero() {
        change(changes, ViewName::Course { course }, epoch).add(&AnyView::Course(activity.course));
    }
    for (hour, view) in activity.hours.views() {
        change(changes, ViewName::Hour { course, hour }, epoch).add(&AnyView::Hour(view));
    }
    for (month, view) in activity.months {
        change(changes, ViewName::Month { course, month }, epoch).add(&AnyView::Month(view));
    }
}

impl LearnerName {
    /// The view whose changes may take each other back; the course's minutes and days only ever add up.
    fn view(&self) -> Option<ViewName> {
        let (course, object) = (self.course, self.object);
        match self.kind {
            LearnerKind::Video => Some(ViewName::Video { course, video: object }),
            LearnerKind::Quiz => Some(ViewName::Quiz { course, quiz: object }),
            LearnerKind::Activity => None,
        }
    }
}

pub(super) fn damaged(key: &Key, error: Damaged) -> Stop {
    Stop::Failed(HandleError::Unavailable(format!("item {}: {error}", key.sort)))
}
