//! Time, chance and turns. Whatever runs in a simulation runs on one thread, and only one of it at a time: whoever calls a
//! port waits for its turn there, and the dice say whose turn is next. So a run follows from its seed.
//!
//! A *process* is what crashes as a whole: a consumer's environment, a collector, a compaction. It may have several *tasks*.
//! What is not the product (clients, pollers) runs as processes that do not crash.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use tokio::task::{AbortHandle, JoinHandle};

use crate::dice::Dice;
use crate::faults::{KINDS, intensity};

/// Names a process.
pub type ProcessId = usize;
/// Names a task of a process.
pub type TaskId = usize;

/// So many turns are more than any run takes: one that takes them hangs.
const MOST_TURNS: u64 = 400_000;

/// A simulation's time, chance and turns.
pub struct World {
    state: Mutex<State>,
    reported: Notify,
}

struct State {
    seed: u64,
    dice: Dice,
    intensities: BTreeMap<&'static str, usize>,
    now_millis: i64,
    chaos: bool,
    running: bool,
    turns: u64,
    waiting: Vec<Waiting>,
    tasks: Vec<Task>,
    processes: usize,
    /// Processes that seldom have a turn.
    slow: BTreeSet<ProcessId>,
    version: u64,
    faults: BTreeMap<&'static str, u64>,
    trace: Option<String>,
    failures: Vec<String>,
}

struct Waiting {
    process: ProcessId,
    wake: oneshot::Sender<()>,
    until: Until,
}

/// When a turn may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// At any moment.
    Now,
    /// From a time on.
    Time(i64),
    /// Once the stream has changed from this version.
    Change(u64),
    /// Once a task is over.
    Over(TaskId),
}

struct Task {
    process: ProcessId,
    over: bool,
    abort: AbortHandle,
    joined: Option<JoinHandle<()>>,
}

/// What a turn of the scheduler came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Somebody did something.
    Taken,
    /// Everybody waits for something that does not come by itself.
    Quiet,
}

impl World {
    /// A world at a time. `tracing` keeps a line for everything that happens.
    pub fn new(seed: u64, now_millis: i64, tracing: bool) -> Arc<World> {
        let state = State {
            seed,
            dice: Dice::new(seed, 1),
            intensities: BTreeMap::new(),
            now_millis,
            chaos: true,
            running: false,
            turns: 0,
            waiting: Vec::new(),
            tasks: Vec::new(),
            processes: 0,
            slow: BTreeSet::new(),
            version: 0,
            faults: BTreeMap::new(),
            trace: tracing.then(String::new),
            failures: Vec::new(),
        };
        Arc::new(World { state: Mutex::new(state), reported: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new process.
    pub fn process(self: &Arc<World>) -> Process {
        let mut state = self.state();
        state.processes += 1;
        Process { world: Arc::clone(self), id: state.processes }
    }

    /// From here on the process seldom has a turn.
    pub fn slow_down(&self, process: &Process) {
        self.state().slow.insert(process.id);
    }

    /// Milliseconds since 1970 UTC.
    pub fn now_millis(&self) -> i64 {
        self.state().now_millis
    }

    /// Asks the dice.
    pub fn roll<R>(&self, roll: impl FnOnce(&mut Dice) -> R) -> R {
        roll(&mut self.state().dice)
    }

    /// Whether a fault happens now, while there is chaos: so many times in a thousand, more in some runs and less in others.
    /// What happens is counted.
    pub fn fault(&self, kind: &'static str, in_thousand: usize) -> bool {
        let mut state = self.state();
        let seed = state.seed;
        let intensity = *state.intensities.entry(kind).or_insert_with(|| intensity(seed, kind));
        let happens = state.chaos && state.dice.chance((in_thousand * intensity / 10).min(500));
        if happens {
            state.count(kind);
        }
        happens
    }

    /// Counts a fault that somebody chose by other means.
    pub fn count(&self, kind: &'static str) {
        self.state().count(kind);
    }

    /// Whether faults still happen.
    pub fn is_chaotic(&self) -> bool {
        self.state().chaos
    }

    /// From here on nothing fails any more.
    pub fn calm(&self) {
        self.state().chaos = false;
    }

    /// Something that pollers wait for has changed.
    pub fn changed(&self) {
        self.state().version += 1;
    }

    /// What has changed so far.
    pub fn version(&self) -> u64 {
        self.state().version
    }

    /// Writes a line of the trace, if there is one.
    pub fn note(&self, line: impl FnOnce() -> String) {
        self.state().note(line);
    }

    /// Notes that something must never happen, and did.
    pub fn fail(&self, failure: String) {
        let mut state = self.state();
        state.note(|| format!("FAILURE {failure}"));
        if state.failures.len() < 20 {
            state.failures.push(failure);
        }
    }

    /// What must never happen, and did.
    pub fn failures(&self) -> Vec<String> {
        self.state().failures.clone()
    }

    /// What happened, a line each.
    pub fn take_trace(&self) -> Option<String> {
        self.state().trace.take()
    }

    /// Faults so far, by kind.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.state().faults.clone()
    }

    /// Starts a task of a process; it has its first turn when the dice say so.
    pub fn spawn(self: &Arc<World>, process: &Process, task: impl Future<Output = ()> + Send + 'static) -> TaskId {
        let first = process.clone();
        let inner = tokio::spawn(async move {
            first.first_turn().await;
            task.await;
        });
        let abort = inner.abort_handle();
        let mut state = self.state();
        let id = state.tasks.len();
        let world = Arc::clone(self);
        let outer = tokio::spawn(async move { world.over(id, inner.await) });
        state.tasks.push(Task { process: process.id, over: false, abort, joined: Some(outer) });
        id
    }

    fn over(&self, id: TaskId, result: Result<(), tokio::task::JoinError>) {
        let mut state = self.state();
        state.tasks[id].over = true;
        if let Err(error) = result {
            if error.is_cancelled() {
                return;
            }
            state.failures.push(format!("a panic: {error}"));
        }
        state.running = false;
        drop(state);
        self.reported.notify_one();
    }

    /// Whether a task is over, by itself or by a crash.
    pub fn is_over(&self, task: TaskId) -> bool {
        self.state().tasks[task].over
    }

    /// Breaks off every task of a process, wherever they are.
    pub async fn crash(&self, process: ProcessId) {
        let (gone, waiting) = {
            let mut state = self.state();
            state.note(|| format!("crash of {process}"));
            let (gone, kept): (Vec<_>, Vec<_>) =
                std::mem::take(&mut state.waiting).into_iter().partition(|waiting| waiting.process == process);
            state.waiting = kept;
            let tasks = state.tasks.iter_mut().filter(|task| task.process == process && !task.over);
            let joined: Vec<_> =
                tasks.filter_map(|task| task.joined.take().map(|joined| (task.abort.clone(), joined))).collect();
            (joined, gone)
        };
        for (abort, joined) in gone {
            abort.abort();
            // The outer task only tells that the inner one is over.
            let _ = joined.await;
        }
        // What a task had started beside it goes with it.
        let mut left: Vec<_> = waiting.into_iter().map(|waiting| waiting.wake).collect();
        while left.iter().any(|wake| !wake.is_closed()) {
            left.retain(|wake| !wake.is_closed());
            tokio::task::yield_now().await;
        }
    }

    /// Processes with a task that waits for its turn at a port.
    pub fn waiting_processes(&self) -> Vec<ProcessId> {
        let state = self.state();
        let mut waiting: Vec<_> = state.waiting.iter().map(|waiting| waiting.process).collect();
        waiting.sort_unstable();
        waiting.dedup();
        waiting
    }

    /// Gives one turn, and waits until whoever has it waits again or is over.
    pub async fn turn(&self) -> Turn {
        // Tasks that were just started come to their first wait.
        self.settle().await;
        let Some(wake) = self.state().next() else { return Turn::Quiet };
        let _ = wake.send(());
        while self.state().running {
            self.reported.notified().await;
        }
        Turn::Taken
    }

    async fn settle(&self) {
        loop {
            let (tasks, arrived) = {
                let state = self.state();
                (state.tasks.iter().filter(|task| !task.over).count(), state.waiting.len())
            };
            if arrived >= tasks {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

impl State {
    fn count(&mut self, kind: &'static str) {
        debug_assert!(KINDS.contains(&kind), "{kind} is no listed fault");
        *self.faults.entry(kind).or_default() += 1;
        self.note(|| format!("fault {kind}"));
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        let (now, turns) = (self.now_millis, self.turns);
        if let Some(trace) = &mut self.trace {
            let _ = writeln!(trace, "{turns:>6} {now} {}", line());
        }
    }

    /// Whose turn is next; time passes a little, or up to the first who waits for it.
    fn next(&mut self) -> Option<oneshot::Sender<()>> {
        self.turns += 1;
        if self.turns > MOST_TURNS {
            if self.turns == MOST_TURNS + 1 {
                self.failures.push(format!("it does not end: {MOST_TURNS} turns"));
            }
            return None;
        }
        self.now_millis += self.dice.between(0, 20);
        let ready: Vec<usize> = (0..self.waiting.len()).filter(|at| self.is_ready(self.waiting[*at].until)).collect();
        let at = match ready.is_empty() {
            false => self.pick(&ready),
            true => {
                let times = self.waiting.iter().enumerate().filter_map(|(at, waiting)| match waiting.until {
                    Until::Time(time) => Some((time, at)),
                    _ => None,
                });
                let (time, at) = times.min()?;
                self.now_millis = time;
                at
            }
        };
        self.running = true;
        Some(self.waiting.remove(at).wake)
    }

    fn pick(&mut self, ready: &[usize]) -> usize {
        let at = *self.dice.pick(ready);
        let is_slow = self.slow.contains(&self.waiting[at].process) && self.dice.roll(12) != 0;
        if is_slow { *self.dice.pick(ready) } else { at }
    }

    fn is_ready(&self, until: Until) -> bool {
        match until {
            Until::Now => true,
            Until::Time(time) => time <= self.now_millis,
            Until::Change(version) => version != self.version,
            Until::Over(task) => self.tasks[task].over,
        }
    }
}

/// A process, as its ports and tasks know it.
#[derive(Clone)]
pub struct Process {
    /// Where it runs.
    pub world: Arc<World>,
    /// Its name.
    pub id: ProcessId,
}

impl Process {
    /// Waits for a turn: others may go before.
    pub async fn turn(&self) {
        self.wait(Until::Now).await;
    }

    /// A task that has just been started waits while the one that started it goes on.
    async fn first_turn(&self) {
        let woken = self.queue(Until::Now);
        await_wake(woken).await;
    }

    /// Waits for some milliseconds at least.
    pub async fn sleep(&self, millis: i64) {
        let time = self.world.now_millis() + millis;
        self.wait(Until::Time(time)).await;
    }

    /// Waits until the stream is not what it was.
    pub async fn changed_from(&self, version: u64) {
        self.wait(Until::Change(version)).await;
    }

    /// Waits until a task is over.
    pub async fn over(&self, task: TaskId) {
        self.wait(Until::Over(task)).await;
    }

    /// Writes a line of the trace.
    pub fn note(&self, line: impl FnOnce() -> String) {
        self.world.note(|| format!("[{}] {}", self.id, line()));
    }

    async fn wait(&self, until: Until) {
        let woken = self.queue(until);
        self.world.state().running = false;
        self.world.reported.notify_one();
        await_wake(woken).await;
    }

    fn queue(&self, until: Until) -> oneshot::Receiver<()> {
        let (wake, woken) = oneshot::channel();
        self.world.state().waiting.push(Waiting { process: self.id, wake, until });
        woken
    }
}

/// Whoever drops the other end crashes this process.
async fn await_wake(woken: oneshot::Receiver<()>) {
    if woken.await.is_err() {
        std::future::pending::<()>().await;
    }
}
