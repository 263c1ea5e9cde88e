//! One run: chaos until every client is done, then calm until everything is through, then the verdict.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::actors::{client, compaction, foreign, mapping, redrive, reshard};
use crate::dice::Dice;
use crate::judge::judge;
use crate::learners::{Fate, TENANTS, acts};
use crate::ledger::Ledger;
use crate::machine::{Consumer, Machine};
use crate::world::{TaskId, Turn, World};

/// 2026-03-02, 2026-03-08 and 2026-11-01 in UTC: a plain day, and two on which New York changes its clocks.
const DAYS: [i64; 3] = [1_772_409_600_000, 1_772_928_000_000, 1_793_491_200_000];
const HOUR: i64 = 3_600_000;

/// What a run came to.
pub struct Outcome {
    /// Events that were made.
    pub events: u64,
    /// Faults, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// What is not as it must be.
    pub divergences: Vec<String>,
    /// What happened, a line each, if it was asked for.
    pub trace: Option<String>,
}

/// Runs a seed. The runtime has one thread, and one for what may block.
pub fn run(runtime: &Runtime, seed: u64, tracing: bool) -> Outcome {
    let mut dice = Dice::new(seed, 0);
    let start = *dice.pick(&DAYS) + dice.between(0, 24 * HOUR);
    let world = World::new(seed, start, tracing);
    let ledger = Ledger::new(acts(&mut dice, start));
    let events = ledger.acts.len() as u64;
    let result = runtime.block_on(async {
        let machine = Machine::new(&world, &mut dice, ledger)?;
        machine.stream.note_ranges().await;
        Run { machine, dice }.run().await
    });
    let divergences = result.unwrap_or_else(|error| vec![format!("the run broke off: {error}")]);
    Outcome { events, faults: world.faults(), divergences, trace: world.take_trace() }
}

struct Run {
    machine: Arc<Machine>,
    dice: Dice,
}

impl Run {
    async fn run(mut self) -> anyhow::Result<Vec<String>> {
        self.start_mappings();
        let clients = self.start_clients();
        self.start_operators();
        self.chaos(&clients).await?;
        self.machine.world.calm();
        self.machine.world.note(|| "calm".into());
        self.quiet().await;
        self.redrive().await;
        self.quiet().await;
        self.finish().await;
        let verdict = judge(&self.machine).await;
        for process in 1..=self.machine.world.process().id {
            self.machine.world.crash(process).await;
        }
        Ok(verdict)
    }

    fn start_mappings(&self) {
        for consumer in [Consumer::Live, Consumer::Lake] {
            let process = self.machine.world.process();
            let mapping = mapping::run(Arc::clone(&self.machine), process.clone(), consumer);
            self.machine.world.spawn(&process, mapping);
        }
    }

    /// Deals the events out: to some clients, each tenant's in order or not, and some to another producer.
    fn start_clients(&mut self) -> Vec<TaskId> {
        let clients = 1 + self.dice.roll(3);
        let mut hands = vec![Vec::new(); clients + 1];
        let has_producer = self.dice.chance(400);
        {
            let ledger = self.machine.ledger();
            for (at, act) in ledger.acts.iter().enumerate() {
                let may_be_foreign = has_producer && act.tenant == TENANTS[0] && act.fate != Fate::TooNew;
                let hand = if may_be_foreign && self.dice.chance(150) { 0 } else { 1 + self.dice.roll(clients) };
                hands[hand].push(at);
            }
        }
        let mut tasks = Vec::new();
        for (number, mut hand) in hands.into_iter().enumerate() {
            for at in 0..hand.len() {
                if self.dice.chance(300) {
                    let other = self.dice.roll(hand.len());
                    hand.swap(at, other);
                }
            }
            let process = self.machine.world.process();
            let machine = Arc::clone(&self.machine);
            tasks.push(match number {
                0 => self.machine.world.spawn(&process, foreign::run(machine, process.clone(), hand)),
                _ => self.machine.world.spawn(&process, client::run(machine, process.clone(), hand)),
            });
        }
        tasks
    }

    fn start_operators(&mut self) {
        let process = self.machine.world.process();
        self.machine.world.spawn(&process, compaction::run(Arc::clone(&self.machine), process.clone()));
        let process = self.machine.world.process();
        self.machine.world.spawn(&process, reshard::run(Arc::clone(&self.machine), process.clone()));
        let process = self.machine.world.process();
        self.machine.world.spawn(&process, redrive::run(Arc::clone(&self.machine), process.clone()));
    }

    /// Turns, and between them crashes and clocks that are set, until all clients are done.
    async fn chaos(&mut self, clients: &[TaskId]) -> anyhow::Result<()> {
        let crashes = *self.dice.pick(&[0, 4, 12, 30]);
        let machine_crashes = *self.dice.pick(&[0, 1, 2, 4]);
        while !clients.iter().all(|task| self.machine.world.is_over(*task)) {
            if self.machine.world.turn().await == Turn::Quiet {
                self.machine.world.fail("clients wait for ever".into());
                return Ok(());
            }
            if self.dice.chance(crashes) {
                self.machine.crash_one().await;
            }
            if self.dice.chance(machine_crashes) {
                self.machine.crash_all().await?;
            }
            if self.dice.chance(1) {
                self.machine.step_clock();
                self.machine.world.count("clock stepped");
            }
        }
        Ok(())
    }

    async fn quiet(&self) {
        while self.machine.world.turn().await == Turn::Taken {}
    }

    /// Drives every row that can be read now, some twice.
    async fn redrive(&mut self) {
        let mut keys = Vec::new();
        for key in redrive::keys(&self.machine).await {
            keys.push(key);
            if self.dice.chance(300) {
                keys.push(key);
            }
        }
        redrive::start(&self.machine, keys);
    }

    /// The last absorption and compaction, with nothing in their way.
    async fn finish(&self) {
        let process = self.machine.world.process();
        let (machine, in_process) = (Arc::clone(&self.machine), process.clone());
        self.machine.world.spawn(&process, async move {
            if let Err(error) = reshard::absorb_expired(&machine, &in_process).await {
                machine.world.fail(format!("absorption fails: {error}"));
            }
            if let Err(error) = compaction::once(&machine, &in_process).await {
                machine.world.fail(format!("compaction fails: {error}"));
            }
        });
        self.quiet().await;
    }
}
