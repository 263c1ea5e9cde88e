//! A live table that throttles, times out before or after a put, is stale where that is allowed, and after a crash of the
//! machine may have lost what was not durable. It watches what the protocol promises at every single put.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trilha_core::keys::{self, Kind};
use trilha_live::embedded::EmbeddedTable;
use trilha_live::limits;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};

use crate::dice::Dice;
use crate::ports::stream::Ranges;
use crate::world::{Process, World};

/// What a crash of the machine leaves of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// All of it, as on DynamoDB: the machine does not hold it.
    Durable,
    /// All puts up to some moment after the last durable one.
    Machine,
    /// The same, and it is the embedded table itself, over a file.
    Embedded,
}

/// What all processes share of the table.
pub struct TableState {
    items: Mutex<Items>,
    ranges: Arc<Ranges>,
    /// Every put is durable when it answers, as on DynamoDB.
    durable: bool,
    embedded: Option<Mutex<Embedded>>,
    late: Mutex<Vec<LatePut>>,
}

/// A put that goes on though its caller was told that it failed.
struct LatePut {
    until: i64,
    replacement: Replacement,
    durable: bool,
}

/// So long may a put be under way that its caller has given up.
const LATE_MILLIS: i64 = 30_000;

/// The embedded table over a real file, beside which the items are kept to be watched.
struct Embedded {
    table: Arc<EmbeddedTable>,
    folder: tempfile::TempDir,
    lives: u32,
}

#[derive(Default)]
struct Items {
    now: BTreeMap<Key, Item>,
    /// What each item was before its last change, for reads that may be stale.
    before: BTreeMap<Key, Option<Item>>,
    /// How to take back what is not durable yet, oldest first.
    undo: Vec<(Key, Option<Item>)>,
}

impl TableState {
    /// An empty table.
    pub fn new(ranges: Arc<Ranges>, kind: TableKind) -> anyhow::Result<TableState> {
        let embedded = if kind == TableKind::Embedded { Some(Mutex::new(Embedded::new()?)) } else { None };
        let durable = kind == TableKind::Durable;
        Ok(TableState { items: Mutex::default(), ranges, durable, embedded, late: Mutex::default() })
    }

    fn items(&self) -> MutexGuard<'_, Items> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn late(&self) -> MutexGuard<'_, Vec<LatePut>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn embedded(&self) -> Option<Arc<EmbeddedTable>> {
        let embedded = self.embedded.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&embedded.table))
    }

    /// The machine has crashed: of what was not durable, everything from some put on is gone. The embedded table opens the
    /// file as it was.
    pub fn crash(&self, dice: &mut Dice) -> anyhow::Result<()> {
        self.late().clear();
        let Some(embedded) = &self.embedded else {
            let mut items = self.items();
            let kept = dice.roll(items.undo.len() + 1);
            items.take_back(kept);
            return Ok(());
        };
        let mut embedded = embedded.lock().unwrap_or_else(PoisonError::into_inner);
        embedded.reopen()?;
        // It writes what is pending only when somebody asks for durability, or a lot is: here the former alone.
        self.items().take_back(0);
        Ok(())
    }
}

impl Embedded {
    fn new() -> anyhow::Result<Embedded> {
        let folder = tempfile::tempdir()?;
        let table = Arc::new(EmbeddedTable::open(&folder.path().join("0.redb"))?);
        Ok(Embedded { table, folder, lives: 0 })
    }

    /// The file as a kill leaves it is its copy while it is open.
    fn reopen(&mut self) -> anyhow::Result<()> {
        let name = |life: u32| self.folder.path().join(format!("{life}.redb"));
        let (from, to) = (name(self.lives), name(self.lives + 1));
        std::fs::copy(&from, &to)?;
        self.table = Arc::new(EmbeddedTable::open(&to)?);
        std::fs::remove_file(from)?;
        self.lives += 1;
        Ok(())
    }
}

impl Items {
    fn take_back(&mut self, kept: usize) {
        for (key, before) in self.undo.drain(kept..).rev() {
            match before {
                Some(item) => self.now.insert(key, item),
                None => self.now.remove(&key),
            };
        }
        self.undo.clear();
        self.before.clear();
    }

    fn query(&self, partition: &str, sort_prefix: &str) -> Vec<Item> {
        let first = Key { partition: partition.to_string(), sort: sort_prefix.to_string() };
        let matches = |item: &&Item| item.key.partition == partition && item.key.sort.starts_with(sort_prefix);
        self.now.range(first..).map(|(_, item)| item).take_while(matches).cloned().collect()
    }

    fn put(&mut self, replacement: Replacement) -> Replaced {
        let there = self.now.get(&replacement.item.key);
        if there.map(|item| &item.watermarks) != replacement.expected.as_ref() {
            return Replaced::Conflict(there.cloned());
        }
        self.set(replacement.item.key.clone(), Some(replacement.item));
        Replaced::Written
    }

    fn set(&mut self, key: Key, item: Option<Item>) {
        let before = match item {
            Some(item) => self.now.insert(key.clone(), item),
            None => self.now.remove(&key),
        };
        self.before.insert(key.clone(), before.clone());
        self.undo.push((key, before));
    }
}

/// The table as one process sees it.
#[derive(Clone)]
pub struct SimTable {
    process: Process,
    state: Arc<TableState>,
}

/// How a put fails.
enum Fault {
    Throttled,
    Before,
    After,
    Late,
    Repeated,
}

impl SimTable {
    /// The table as a process sees it.
    pub fn new(process: &Process, state: &Arc<TableState>) -> SimTable {
        SimTable { process: process.clone(), state: Arc::clone(state) }
    }

    fn world(&self) -> &World {
        &self.process.world
    }

    fn read_fails(&self) -> Result<(), LiveError> {
        if self.world().fault("table read throttled", 4) {
            return Err(LiveError::Throttled);
        }
        if self.world().fault("table read timed out", 4) {
            return Err(LiveError::Unavailable("the read timed out".into()));
        }
        Ok(())
    }

    fn put_fault(&self) -> Option<Fault> {
        if self.world().fault("table put throttled", 6) {
            Some(Fault::Throttled)
        } else if self.world().fault("table put timed out before", 6) {
            Some(Fault::Before)
        } else if self.world().fault("table put timed out after", 9) {
            Some(Fault::After)
        } else if self.world().fault("table put came late", 6) {
            Some(Fault::Late)
        } else if self.world().fault("table put repeated by its library", 4) {
            Some(Fault::Repeated)
        } else {
            None
        }
    }

    /// In which order the puts of a call happen: any, but each key's in theirs.
    fn order(&self, replacements: &[Replacement]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..replacements.len()).collect();
        self.world().roll(|dice| dice.shuffle(&mut order));
        let mut of_key: BTreeMap<&Key, VecDeque<usize>> = BTreeMap::new();
        for (at, replacement) in replacements.iter().enumerate() {
            of_key.entry(&replacement.item.key).or_default().push_back(at);
        }
        let in_turn = |at: &usize| of_key.get_mut(&replacements[*at].item.key)?.pop_front();
        order.iter().filter_map(in_turn).collect()
    }

    /// Somebody's turn, before which puts may come that nobody waits for any more.
    async fn turn(&self) -> Result<(), LiveError> {
        self.process.turn().await;
        let now = self.world().now_millis();
        let due: Vec<LatePut> = {
            let mut late = self.state.late();
            late.retain(|put| put.until > now);
            late.extract_if(.., |_| self.world().roll(|dice| dice.chance(100))).collect()
        };
        for put in due {
            self.put(put.replacement, put.durable).await?;
        }
        Ok(())
    }

    async fn put_or_fail(&self, replacement: Replacement, durable: bool) -> Result<Replaced, LiveError> {
        match self.put_fault() {
            Some(Fault::Throttled) => Err(LiveError::Throttled),
            Some(Fault::Before) => Err(LiveError::Unavailable("the put timed out".into())),
            Some(Fault::After) => {
                self.put(replacement, durable).await?;
                Err(LiveError::Unavailable("the answer was lost".into()))
            }
            Some(Fault::Late) => {
                let until = self.world().now_millis() + LATE_MILLIS;
                self.state.late().push(LatePut { until, replacement, durable });
                Err(LiveError::Unavailable("the put timed out, and goes on".into()))
            }
            // It was done, the answer was lost, and the library asked again by itself.
            Some(Fault::Repeated) => {
                self.put(replacement.clone(), durable).await?;
                self.put(replacement, durable).await
            }
            None => self.put(replacement, durable).await,
        }
    }

    async fn put(&self, replacement: Replacement, durable: bool) -> Result<Replaced, LiveError> {
        let item = replacement.item.clone();
        let before = self.state.items().now.get(&item.key).cloned();
        let replaced = self.state.items().put(replacement.clone());
        if let Some(table) = self.state.embedded() {
            let there = table.replace(vec![replacement], durable).await?.pop();
            if there.as_ref() != Some(&replaced) {
                self.world().fail(format!("the embedded table answers {there:?} instead of {replaced:?}"));
            }
        }
        match &replaced {
            Replaced::Written => {
                self.process
                    .note(|| format!("put {} {} {}", item.key.partition, item.key.sort, show(&item.watermarks)));
                self.watch(before.as_ref(), &item);
            }
            Replaced::Conflict(_) => {
                self.world().count("table condition failed");
                self.process.note(|| format!("conflict {} {}", item.key.partition, item.key.sort));
            }
        }
        if durable || self.state.durable {
            self.state.items().undo.clear();
        }
        Ok(replaced)
    }

    /// What the protocol promises of every put.
    fn watch(&self, before: Option<&Item>, after: &Item) {
        for (shard, number) in before.into_iter().flat_map(|before| before.watermarks.iter()) {
            // A learner item forgets a shard once all views of it are absorbed.
            let forgets = after.watermarks.of(shard).is_none() && self.is_absorbed(shard);
            if after.watermarks.of(shard) < Some(number) && !forgets {
                self.world().fail(format!("the watermark of {:?} goes back in {shard}", after.key));
            }
        }
        if let Some(pseudonym) = learner_of(&after.key.partition) {
            let moved = after
                .watermarks
                .iter()
                .filter(|(shard, number)| before.and_then(|before| before.watermarks.of(shard)) < Some(*number));
            for (shard, number) in moved {
                self.watch_learner(after, &pseudonym, shard, number);
            }
        }
    }

    fn is_absorbed(&self, shard: &str) -> bool {
        let name = keys::absorbed(shard);
        self.state.items().now.contains_key(&Key { partition: name.partition, sort: name.sort })
    }

    /// A learner item is written by the shard that its bucket belongs to, after the views that its events count in.
    fn watch_learner(
        &self,
        after: &Item,
        pseudonym: &str,
        shard: &str,
        number: trilha_schemas::sequence::SequenceNumber,
    ) {
        if !self.state.ranges.holds(shard, &pseudonym[..3]) {
            self.world().fail(format!("{:?} is folded by {shard}, whose bucket it is not", after.key));
        }
        let Some(view) = view_of(&after.key, shard) else { return };
        let there = self.state.items().now.get(&view).and_then(|item| item.watermarks.of(shard));
        if there < Some(number) {
            self.world().fail(format!("{:?} is written at {number} before its view {view:?}, at {there:?}", after.key));
        }
    }
}

fn show(watermarks: &Watermarks) -> String {
    let of_shard = |(shard, number): (&str, _)| format!("{shard}@{number}");
    watermarks.iter().map(of_shard).collect::<Vec<_>>().join(" ")
}

/// The pseudonym in a learner item's partition.
fn learner_of(partition: &str) -> Option<String> {
    let parts = keys::parts(partition);
    (parts.len() == 4 && parts[2] == "learner").then(|| parts[3].clone())
}

/// The view that every write of a learner item moves; of activity there is none that every one does.
fn view_of(learner: &Key, shard: &str) -> Option<Key> {
    let tenant = keys::parts(&learner.partition).first()?.clone();
    let parts = keys::parts(&learner.sort);
    let [course, kind, object] = parts.as_slice() else { return None };
    let in_course = |kind: Kind| Key {
        partition: keys::course_partition(&tenant, course),
        sort: keys::view_sort(kind, object, shard),
    };
    match kind.as_str() {
        "video" => Some(in_course(Kind::Video)),
        "quiz" => Some(in_course(Kind::Quiz)),
        _ => None,
    }
}

impl LiveTable for SimTable {
    async fn get(&self, keys: Vec<Key>, consistency: Consistency) -> Result<Vec<Option<Item>>, LiveError> {
        self.turn().await?;
        self.read_fails()?;
        let read: Vec<Option<Item>> = {
            let items = self.state.items();
            keys.iter().map(|key| items.now.get(key).cloned()).collect()
        };
        if let Some(table) = self.state.embedded() {
            let there = table.get(keys.clone(), consistency).await?;
            if there != read {
                self.world().fail(format!("the embedded table reads {there:?} instead of {read:?}"));
            }
        }
        if consistency == Consistency::Strong {
            return Ok(read);
        }
        self.world().fail(format!("who writes reads {keys:?} as they were some moments ago"));
        let stale = |(key, now): (&Key, Option<Item>)| {
            let is_stale = self.world().roll(|dice| dice.chance(500));
            let before = self.state.items().before.get(key).cloned();
            if is_stale { before.unwrap_or(now) } else { now }
        };
        Ok(keys.iter().zip(read).map(stale).collect())
    }

    /// The puts of a call are under way together: they happen in any order, those of one key in theirs. Where one fails,
    /// some of the others happen all the same.
    async fn replace(&self, replacements: Vec<Replacement>, durable: bool) -> Result<Vec<Replaced>, LiveError> {
        limits::check(&replacements)?;
        if replacements.is_empty() && durable {
            self.turn().await?;
            if let Some(table) = self.state.embedded() {
                table.replace(Vec::new(), true).await?;
            }
            self.state.items().undo.clear();
        }
        let order = self.order(&replacements);
        let last = order.last().copied();
        let mut results: Vec<Option<Replaced>> = replacements.iter().map(|_| None).collect();
        let mut failed = None;
        for at in order {
            // A crash may come between any two puts.
            self.turn().await?;
            if failed.is_some() && self.world().roll(|dice| dice.chance(500)) {
                continue;
            }
            match self.put_or_fail(replacements[at].clone(), durable && Some(at) == last).await {
                Ok(replaced) => results[at] = Some(replaced),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let all = results.into_iter().collect::<Option<Vec<Replaced>>>();
        failed.map_or_else(|| Ok(all.unwrap_or_default()), Err)
    }

    async fn remove(&self, removals: Vec<(Key, Watermarks)>) -> Result<Vec<bool>, LiveError> {
        let mut results = Vec::new();
        for (key, watermarks) in removals {
            self.turn().await?;
            if let Some(Fault::Throttled | Fault::Before) = self.put_fault() {
                return Err(LiveError::Unavailable("the removal timed out".into()));
            }
            let is_there = self.state.items().now.get(&key).is_some_and(|item| item.watermarks == watermarks);
            if let Some(table) = self.state.embedded() {
                table.remove(vec![(key.clone(), watermarks)]).await?;
            }
            let mut items = self.state.items();
            if is_there {
                items.set(key, None);
            }
            // A removal is durable when it answers, and so is what came before.
            items.undo.clear();
            results.push(is_there);
        }
        Ok(results)
    }

    async fn query(
        &self,
        partition: &str,
        sort_prefix: &str,
        consistency: Consistency,
    ) -> Result<Vec<Item>, LiveError> {
        self.turn().await?;
        self.read_fails()?;
        if consistency == Consistency::Eventual {
            self.world().fail(format!("who writes reads {partition:?} as it was some moments ago"));
        }
        let read = self.state.items().query(partition, sort_prefix);
        if let Some(table) = self.state.embedded() {
            let there = table.query(partition, sort_prefix, consistency).await?;
            if there != read {
                self.world().fail(format!("the embedded table queries {there:?} instead of {read:?}"));
            }
        }
        Ok(read)
    }
}

/// The table once nothing happens any more: for who reads it to judge.
pub struct StillTable(Arc<TableState>);

impl StillTable {
    /// The table of a run that is over.
    pub fn new(state: &Arc<TableState>) -> StillTable {
        StillTable(Arc::clone(state))
    }
}

impl LiveTable for StillTable {
    async fn get(&self, keys: Vec<Key>, _consistency: Consistency) -> Result<Vec<Option<Item>>, LiveError> {
        let items = self.0.items();
        Ok(keys.iter().map(|key| items.now.get(key).cloned()).collect())
    }

    async fn replace(&self, _replacements: Vec<Replacement>, _durable: bool) -> Result<Vec<Replaced>, LiveError> {
        Err(LiveError::Unavailable("the run is over".into()))
    }

    async fn remove(&self, _removals: Vec<(Key, Watermarks)>) -> Result<Vec<bool>, LiveError> {
        Err(LiveError::Unavailable("the run is over".into()))
    }

    async fn query(
        &self,
        partition: &str,
        sort_prefix: &str,
        _consistency: Consistency,
    ) -> Result<Vec<Item>, LiveError> {
        Ok(self.0.items().query(partition, sort_prefix))
    }
}
