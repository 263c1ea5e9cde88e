//! What a run is made of: the stores, and the product's own collectors, consumers and compactions over them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use trilha_collector::collector::{Collector, Ports, Sleep};
use trilha_collector::credential::{Credential, KeyRing, TenantKeys};
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::seal::{Sealer, Secret};
use trilha_core::FOLD_VERSION;
use trilha_lake::LakeWriter;
use trilha_lake::manifest::MemoryManifest;
use trilha_lake::storage::MemoryStorage;
use trilha_processors::lake::LakeProcessor;
use trilha_processors::live::LiveProcessor;
use trilha_processors::strays::CollectorStrays;
use trilha_schemas::sequence::SequenceNumber;

use crate::dice::Dice;
use crate::learners::{PSEUDONYM_KEY, TENANTS};
use crate::ledger::Ledger;
use crate::ports::manifest::SimManifest;
use crate::ports::storage::SimStorage;
use crate::ports::stores::Faulty;
use crate::ports::stream::{SimStream, StreamState};
use crate::ports::table::{SimTable, TableKind, TableState};
use crate::world::{Process, ProcessId, TaskId, World};

const ZONES: [&str; 4] = ["UTC", "America/Sao_Paulo", "America/New_York", "Asia/Kathmandu"];
/// The stream's life.
pub const INCARNATION: &str = "one";

type Stores = (Faulty<MemoryIdentities>, Faulty<MemoryQuarantine>, Faulty<MemorySettings>);
/// The collector's core over simulated ports.
pub type SimCollector =
    Collector<SimStream, Faulty<MemoryIdentities>, Faulty<MemoryQuarantine>, Faulty<MemorySettings>>;
/// What happens to strays, over simulated ports.
pub type SimStrays =
    CollectorStrays<SimStream, Faulty<MemoryIdentities>, Faulty<MemoryQuarantine>, Faulty<MemorySettings>>;

/// Which of the two consumers of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consumer {
    /// Into the live tables.
    Live,
    /// Into the lake.
    Lake,
}

enum Processor {
    Live(LiveProcessor<SimTable, SimStrays>),
    Lake(Box<LakeProcessor<SimManifest, SimStorage, SimStrays>>),
}

/// An environment of a consumer: one invocation at a time, memory in between.
pub struct Environment {
    consumer: Consumer,
    process: Process,
    processor: Arc<tokio::sync::OnceCell<Processor>>,
    busy: Option<TaskId>,
}

/// A collector's process. Its clock is not quite right.
#[derive(Clone)]
pub struct CollectorProcess {
    /// Where it runs.
    pub process: Process,
    /// The product.
    pub core: Arc<SimCollector>,
    /// How far its clock is ahead.
    pub skew_millis: i64,
}

/// Everything in a run that outlives a process.
pub struct Machine {
    /// Time, chance and turns.
    pub world: Arc<World>,
    /// The stream.
    pub stream: Arc<StreamState>,
    /// The live table.
    pub table: Arc<TableState>,
    /// What a crash of the machine leaves of it.
    pub table_kind: TableKind,
    /// The lake's manifest.
    pub manifest: Arc<MemoryManifest>,
    /// The lake's files.
    pub storage: Arc<MemoryStorage>,
    /// The quarantine.
    pub quarantine: Arc<MemoryQuarantine>,
    /// Courses' settings.
    pub settings: Arc<MemorySettings>,
    identities: Arc<MemoryIdentities>,
    /// The zone of every course.
    pub zone: &'static str,
    keys: KeyRing,
    warm_bytes: usize,
    /// What became of what learners did.
    pub ledger: Mutex<Ledger>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    environments: Vec<Environment>,
    collectors: Vec<CollectorProcess>,
    /// Processes that may crash though nobody waits for them.
    others: BTreeMap<ProcessId, &'static str>,
    /// Invocations that their poller has given up, and which go on.
    zombies: Vec<TaskId>,
    checkpoints: BTreeMap<(Consumer, String), Vec<SequenceNumber>>,
}

impl Machine {
    /// A machine that has seen nothing yet.
    pub fn new(world: &Arc<World>, dice: &mut Dice, ledger: Ledger) -> anyhow::Result<Arc<Machine>> {
        let stream = Arc::new(StreamState::new(world, 1 + dice.roll(3) as u32, INCARNATION));
        let table_kind = match dice.roll(25) {
            0 => TableKind::Embedded,
            1..10 => TableKind::Machine,
            _ => TableKind::Durable,
        };
        let keys = keys();
        let random = Arc::clone(world);
        let randomness = move |bytes: &mut [u8]| {
            bytes.iter_mut().for_each(|byte| *byte = random.roll(|dice| dice.bits()) as u8);
        };
        let machine = Machine {
            world: Arc::clone(world),
            table: Arc::new(TableState::new(Arc::clone(&stream.ranges), table_kind)?),
            table_kind,
            stream,
            manifest: Arc::default(),
            storage: Arc::default(),
            quarantine: Arc::new(MemoryQuarantine::new(Sealer::new(&keys.data_key, Arc::new(randomness)))),
            settings: Arc::default(),
            identities: Arc::default(),
            zone: ZONES[dice.roll(ZONES.len())],
            keys,
            warm_bytes: *dice.pick(&[0, 4_000, 20_000, usize::MAX]),
            ledger: Mutex::new(ledger),
            state: Mutex::default(),
        };
        Ok(Arc::new(machine))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of what learners did.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stores(&self, process: &Process) -> Stores {
        (
            Faulty::new(process, &self.identities),
            Faulty::new(process, &self.quarantine),
            Faulty::new(process, &self.settings),
        )
    }

    /// A collector's core in a process.
    pub fn collector_core(&self, process: &Process) -> Arc<SimCollector> {
        let (identities, quarantine, settings) = self.stores(process);
        let ports = Ports {
            stream: Arc::new(SimStream::new(process, &self.stream)),
            identities: Arc::new(identities),
            quarantine: Arc::new(quarantine),
            settings: Arc::new(settings),
        };
        let collector = Collector::new(ports, &self.keys, self.zone, sleep(process)).expect("the zone is known");
        // Turns part the waits already.
        Arc::new(collector.with_randomness(Arc::new(|bytes: &mut [u8]| bytes.fill(0))))
    }

    /// What happens to strays in a process.
    pub fn strays(&self, process: &Process) -> SimStrays {
        CollectorStrays {
            stream: Arc::new(SimStream::new(process, &self.stream)),
            collector: self.collector_core(process),
            quarantine: Arc::new(Faulty::new(process, &self.quarantine)),
            producer: owner(TENANTS[0]),
        }
    }

    /// One of two collectors; where one has crashed, another starts, with a clock of its own.
    pub fn collector(&self) -> CollectorProcess {
        let at = self.world.roll(|dice| dice.roll(2));
        if self.state().collectors.len() <= at {
            let process = self.world.process();
            let core = self.collector_core(&process);
            let skew_millis = self.world.roll(|dice| dice.between(-29_000, 29_000));
            self.state().collectors.push(CollectorProcess { process, core, skew_millis });
        }
        let state = self.state();
        state.collectors[at.min(state.collectors.len() - 1)].clone()
    }

    /// Sets the clock of a collector.
    pub fn step_clock(&self) {
        let skew = self.world.roll(|dice| dice.between(-29_000, 29_000));
        if let Some(collector) = self.state().collectors.first_mut() {
            collector.skew_millis = skew;
        }
    }

    /// Hands a batch to an environment; its task, and where its answer will be.
    pub fn invoke(self: &Arc<Machine>, consumer: Consumer, event: KinesisEvent) -> Invocation {
        let (process, processor, at) = self.environment(consumer);
        let answer: Arc<Mutex<Option<Answer>>> = Arc::default();
        let (machine, slot) = (Arc::clone(self), Arc::clone(&answer));
        let in_process = process.clone();
        let task = self.world.spawn(&process, async move {
            let started = processor.get_or_try_init(|| machine.processor(&in_process, consumer)).await;
            let handled = match started {
                Ok(Processor::Live(live)) => live.handle(event).await.ok(),
                Ok(Processor::Lake(lake)) => lake.handle(event).await.ok(),
                Err(()) => None,
            };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = handled;
        });
        self.state().environments[at].busy = Some(task);
        Invocation { process, task, answer }
    }

    /// A free environment, or a new one.
    fn environment(&self, consumer: Consumer) -> (Process, Arc<tokio::sync::OnceCell<Processor>>, usize) {
        let mut state = self.state();
        let world = &self.world;
        let is_free = |environment: &Environment| {
            environment.consumer == consumer && environment.busy.is_none_or(|task| world.is_over(task))
        };
        let free: Vec<usize> = (0..state.environments.len()).filter(|at| is_free(&state.environments[*at])).collect();
        let at = if free.is_empty() || self.world.roll(|dice| dice.chance(100)) {
            let (process, processor) = (world.process(), Arc::default());
            state.environments.push(Environment { consumer, process, processor, busy: None });
            state.environments.len() - 1
        } else {
            self.world.roll(|dice| *dice.pick(&free))
        };
        let environment = &state.environments[at];
        (environment.process.clone(), Arc::clone(&environment.processor), at)
    }

    async fn processor(&self, process: &Process, consumer: Consumer) -> Result<Processor, ()> {
        let strays = self.strays(process);
        Ok(match consumer {
            Consumer::Live => {
                let table = Arc::new(SimTable::new(process, &self.table));
                Processor::Live(LiveProcessor::new(table, strays, INCARNATION.into(), self.warm_bytes))
            }
            Consumer::Lake => {
                let manifest = Arc::new(SimManifest::new(process, &self.manifest));
                let storage = Arc::new(SimStorage::new(process, &self.storage));
                let writer = LakeWriter::open(manifest, storage, FOLD_VERSION).await.map_err(drop)?;
                Processor::Lake(Box::new(LakeProcessor::new(Arc::new(writer), strays, INCARNATION.into())))
            }
        })
    }

    /// Lets an invocation go on though its poller goes on too.
    pub fn leave_as_zombie(&self, invocation: &Invocation) {
        self.world.count("zombie");
        self.world.slow_down(&invocation.process);
        self.state().zombies.push(invocation.task);
    }

    /// Whether any invocation goes on that its poller has given up.
    pub fn has_zombies(&self) -> bool {
        self.state().zombies.iter().any(|task| !self.world.is_over(*task))
    }

    /// A second poller on a shard goes on for a while.
    pub fn note_second(&self, task: TaskId) {
        self.state().zombies.push(task);
    }

    /// The process may crash from now on; as what is said.
    pub fn may_crash(&self, process: &Process, kind: &'static str) {
        self.state().others.insert(process.id, kind);
    }

    /// Crashes one of the processes that are at work, if any is.
    pub async fn crash_one(&self) {
        let crashable: Vec<ProcessId> = {
            let state = self.state();
            let of_environments = state.environments.iter().map(|environment| environment.process.id);
            let of_collectors = state.collectors.iter().map(|collector| collector.process.id);
            let all: Vec<_> = of_environments.chain(of_collectors).chain(state.others.keys().copied()).collect();
            self.world.waiting_processes().into_iter().filter(|process| all.contains(process)).collect()
        };
        if crashable.is_empty() {
            return;
        }
        let process = self.world.roll(|dice| *dice.pick(&crashable));
        self.count_crash(process);
        self.world.crash(process).await;
        // Now and then only the call is broken off, and the environment goes on with what it remembers.
        let is_kept = self.world.roll(|dice| dice.chance(200));
        if is_kept {
            self.world.count("call broken off");
        } else {
            self.bury(&[process]);
        }
    }

    fn count_crash(&self, process: ProcessId) {
        let state = self.state();
        let of = |environment: &&Environment| environment.process.id == process;
        let kind = match state.environments.iter().find(of).map(|environment| environment.consumer) {
            Some(Consumer::Live) => "live consumer crashed",
            Some(Consumer::Lake) => "lake consumer crashed",
            None => state.others.get(&process).copied().unwrap_or("collector crashed"),
        };
        drop(state);
        self.world.count(kind);
    }

    /// Crashes the whole machine: every process of it, and what was not durable.
    pub async fn crash_all(&self) -> anyhow::Result<()> {
        if self.table_kind == TableKind::Durable {
            return Ok(());
        }
        let kind = match self.table_kind {
            TableKind::Embedded => "machine crashed, embedded table opened again",
            _ => "machine crashed",
        };
        self.world.count(kind);
        let all: Vec<ProcessId> = {
            let state = self.state();
            let of_environments = state.environments.iter().map(|environment| environment.process.id);
            let of_collectors = state.collectors.iter().map(|collector| collector.process.id);
            of_environments.chain(of_collectors).chain(state.others.keys().copied()).collect()
        };
        for process in &all {
            self.world.crash(*process).await;
        }
        self.bury(&all);
        self.world.roll(|dice| self.table.crash(dice))?;
        self.storage.lose_power();
        self.lose_checkpoints();
        Ok(())
    }

    fn bury(&self, processes: &[ProcessId]) {
        let mut state = self.state();
        state.environments.retain(|environment| !processes.contains(&environment.process.id));
        state.collectors.retain(|collector| !processes.contains(&collector.process.id));
        state.others.retain(|process, _| !processes.contains(process));
    }

    /// Notes how far a consumer has come in a shard.
    pub fn check_in(&self, consumer: Consumer, shard_id: &str, position: SequenceNumber) {
        self.state().checkpoints.entry((consumer, shard_id.to_string())).or_default().push(position);
    }

    /// How far a consumer has come in a shard.
    pub fn checkpoint(&self, consumer: Consumer, shard_id: &str) -> Option<SequenceNumber> {
        self.state().checkpoints.get(&(consumer, shard_id.to_string())).and_then(|all| all.last().copied())
    }

    /// An earlier checkpoint comes back: it is older than what was acknowledged, never newer.
    pub fn lose_checkpoint(&self, consumer: Consumer, shard_id: &str) {
        let mut state = self.state();
        let Some(all) = state.checkpoints.get_mut(&(consumer, shard_id.to_string())) else { return };
        let kept = self.world.roll(|dice| dice.roll(all.len() + 1));
        all.truncate(kept);
    }

    fn lose_checkpoints(&self) {
        let shards: Vec<_> = self.state().checkpoints.keys().cloned().collect();
        for (consumer, shard_id) in shards {
            if self.world.roll(|dice| dice.chance(500)) {
                self.lose_checkpoint(consumer, &shard_id);
            }
        }
    }
}

type Answer = KinesisEventResponse;

/// A batch that was handed over.
pub struct Invocation {
    process: Process,
    /// Its task.
    pub task: TaskId,
    answer: Arc<Mutex<Option<Answer>>>,
}

impl Invocation {
    /// What it answered; `None` when it crashed, failed or is not over.
    pub fn answer(&self) -> Option<Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Who writes for every learner of a tenant.
pub fn owner(tenant: &str) -> Credential {
    Credential::WriteKey { tenant: tenant.into(), name: "first".into() }
}

fn keys() -> KeyRing {
    let tenant = |tenant: &&str| TenantKeys {
        tenant: tenant.to_string(),
        pseudonym_key: Secret::new(PSEUDONYM_KEY),
        write_keys: Vec::new(),
    };
    KeyRing {
        data_key: Secret::new([1; 32]),
        signing_key: Secret::new([2; 32]),
        tenants: TENANTS.iter().map(tenant).collect(),
    }
}

/// Waiting takes turns, not time.
fn sleep(process: &Process) -> Sleep {
    let process = process.clone();
    Arc::new(move |wait: Duration| {
        let process = process.clone();
        Box::pin(async move { process.sleep(wait.as_millis() as i64).await })
    })
}
