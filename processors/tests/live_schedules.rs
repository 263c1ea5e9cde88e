//! Random schedules of crashes, redelivery, cuts and zombies, each the same for the same seed: whatever happens, the
//! table ends with what folding every record once comes to.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use std::sync::Arc;

use stage::records::{Dice, Rec, class};
use stage::table::Fault;
use stage::{Processor, Stage, check, deliver, insist};

/// Consumers of one shard: one after another, and zombies among them.
struct Shard {
    stage: Stage,
    records: Vec<Rec>,
    consumers: Vec<Arc<Processor>>,
    /// Records before this are acknowledged.
    done: usize,
}

impl Shard {
    fn new(dice: &mut Dice) -> Shard {
        let stage = Stage::new();
        let consumers = vec![stage.processor(), stage.processor(), stage.processor_with(4_000)];
        Shard { records: class(dice), consumers, stage, done: 0 }
    }

    /// A consumer that may have been away for long, and a batch that it may have been handed at any time up to now.
    fn pick(&self, dice: &mut Dice) -> (usize, usize, usize) {
        let consumer = if dice.roll(3) == 0 { dice.roll(self.consumers.len()) } else { 0 };
        let back = if dice.roll(3) == 0 { dice.roll(self.done + 1) } else { 0 };
        let from = self.done - back;
        let to = (from + 1 + dice.roll(7)).min(self.records.len());
        (consumer, from, to)
    }

    /// A consumer has one batch at a time: what interrupts it is another one.
    fn plan_a_fault(&self, busy: usize, dice: &mut Dice) {
        match dice.roll(10) {
            0..4 => self.stage.table.fail_write(dice.roll(16), Fault::ALL[dice.roll(3)]),
            4 => self.stage.table.fail_read(dice.roll(3)),
            5..8 => {
                let (picked, from, to) = self.pick(dice);
                let other = if picked == busy { (busy + 1) % self.consumers.len() } else { picked };
                let consumer = Arc::clone(&self.consumers[other]);
                let records = self.records[from..to].to_vec();
                self.stage.table.interrupt(dice.roll(12), async move {
                    deliver(&consumer, &records).await;
                });
            }
            _ => {}
        }
    }

    async fn step(&mut self, dice: &mut Dice) {
        let (consumer, from, to) = self.pick(dice);
        self.plan_a_fault(consumer, dice);
        let done = deliver(&self.consumers[consumer], &self.records[from..to]).await;
        self.stage.table.calm();
        if done {
            self.done = self.done.max(to);
        } else if dice.roll(2) == 0 {
            self.consumers[consumer] = self.stage.processor();
        }
    }
}

async fn run(seed: u64) {
    let mut dice = Dice(seed);
    let mut shard = Shard::new(&mut dice);
    for _ in 0..60 {
        if shard.done == shard.records.len() {
            break;
        }
        shard.step(&mut dice).await;
    }
    insist(&shard.stage.processor(), &shard.records[shard.done..]).await;
    check(&shard.stage, &shard.records, format!("seed {seed}")).await;
}

#[tokio::test]
async fn every_schedule_ends_as_if_each_record_had_come_once() {
    for seed in 0..1_500 {
        run(seed).await;
    }
}
