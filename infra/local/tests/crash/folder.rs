//! One data folder, and the processes that are killed on it.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::load::{CLIENTS, Load};
use crate::moments::{Dice, Phase, names, wait_for_changes};
use crate::support::http::Target;
use crate::support::up::{Process, Up};
use crate::support::{command, text};
use crate::tally::Tally;

/// Lands and compacts all the time, so that a kill meets both.
const BUSY: [&str; 4] = ["--lake-window", "100", "--compact-every", "150"];
/// A process that ends before its moment is tried again so often.
const ATTEMPTS: usize = 50;
/// Rows for a re-drive.
const PLANTED: u64 = 6;

/// When a loaded process is killed: some time after something was seen.
struct Moment {
    after: After,
    then: Duration,
}

enum After {
    Acknowledged(u64),
    /// So many changes in folders.
    Changes(u64, Vec<PathBuf>),
}

impl Moment {
    /// Whether it was seen.
    fn wait(&self, load: &Load) -> bool {
        match &self.after {
            After::Acknowledged(events) => {
                load.wait_for_acknowledged(*events);
                true
            }
            After::Changes(changes, folders) => wait_for_changes(folders, *changes),
        }
    }
}

pub(crate) struct Folder {
    kept: Kept,
    seed: u64,
    pub(crate) load: Load,
    dice: Dice,
    pub(crate) tally: Tally,
    /// `up` has said once where it is.
    is_made: bool,
    was_killed: bool,
    /// How long such a thing took last, so that a kill falls anywhere within it. Nothing is asserted about it.
    start_time: Duration,
    stop_time: Duration,
    redrive_time: Duration,
}

/// Removed in the end, unless something failed.
struct Kept(Option<TempDir>);

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take_if(|_| thread::panicking()) {
            println!("kept for a look: {}", folder.keep().display());
        }
    }
}

impl Folder {
    pub(crate) fn new(seed: u64) -> Folder {
        Folder {
            kept: Kept(Some(tempfile::tempdir().unwrap())),
            seed,
            load: Load::new(),
            dice: Dice::new(seed),
            tally: Tally { folders: 1, ..Tally::default() },
            is_made: false,
            was_killed: false,
            start_time: Duration::from_millis(400),
            stop_time: Duration::from_millis(300),
            redrive_time: Duration::from_millis(600),
        }
    }

    /// Kills so often, then checks what is there.
    pub(crate) fn run(mut self, kills: u64) -> Tally {
        println!("seed {}: {}", self.seed, self.data().display());
        let first_starts = 1 + self.dice.below(3);
        for kill in 0..kills {
            let phase = if kill < first_starts { Phase::FirstStart } else { self.dice.phase() };
            let killed = (0..ATTEMPTS).any(|_| self.kill_in(phase));
            assert!(killed, "{phase}: every process ended before it could be killed");
            *self.tally.kills.entry(phase).or_default() += 1;
        }
        let up = self.start();
        self.load.send_lost_again(&Target::of(&up));
        assert!(up.stop("-TERM").success());
        self.check();
        self.tally
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.kept.0.as_ref().unwrap().path().join(name)
    }

    /// Whether a process was killed, not too late for that.
    fn kill_in(&mut self, phase: Phase) -> bool {
        let killed = match phase {
            Phase::FirstStart | Phase::Start => self.kill_start(),
            Phase::Redrive => self.kill_redrive(),
            _ => self.kill_loaded(phase),
        };
        self.was_killed |= killed;
        self.tally.halfway += u64::from(killed && self.lake_is_halfway());
        self.tally.ended += u64::from(!killed);
        killed
    }

    /// The kill came between the first write of a landing file or a new generation and the last.
    fn lake_is_halfway(&self) -> bool {
        let (landing, next) = (self.data().join("lake/landing"), self.data().join("lake/next"));
        let is_parquet = |name: &String| name.ends_with(".parquet");
        names(&[landing]).iter().any(|name| !is_parquet(name)) || names(&[next]).iter().any(is_parquet)
    }

    /// While it makes the folder, or recovers from the kill before.
    fn kill_start(&mut self) -> bool {
        let moment = self.dice.within(self.start_time);
        let mut command = Up::command(&self.data(), &BUSY);
        let mut process = Process::spawn(command.stdout(Stdio::null()).stderr(self.log()));
        thread::sleep(moment);
        let killed = process.kill();
        assert!(killed, "`up` ended by itself");
        killed
    }

    /// While it works off rows that can be read by now.
    fn kill_redrive(&mut self) -> bool {
        if !self.is_made {
            drop(self.start());
        }
        let planted = self.load.make(PLANTED);
        crate::check::plant(&self.data(), &self.load, planted);
        let (moment, began) = (self.dice.within(self.redrive_time), Instant::now());
        let mut command = redrive(&self.data());
        let mut process = Process::spawn(command.stdout(Stdio::null()).stderr(self.log()));
        thread::sleep(moment);
        let killed = process.kill();
        if !killed {
            self.redrive_time = began.elapsed();
        }
        killed
    }

    fn kill_loaded(&mut self, phase: Phase) -> bool {
        let up = self.start();
        let (target, moment) = (Target::of(&up), self.moment(phase));
        let load = &self.load;
        let (killed, was_reached, stopping) = thread::scope(|scope| {
            let up = up;
            let stopper = load.begin_round();
            for client in 0..CLIENTS {
                let target = &target;
                scope.spawn(move || load.send(target, client));
            }
            let was_reached = moment.wait(load);
            let asked = Instant::now();
            if phase == Phase::Stop {
                up.ask_to_stop("-TERM");
            }
            thread::sleep(moment.then);
            drop(stopper);
            (up.kill(), was_reached, asked.elapsed())
        });
        self.tally.idle += u64::from(killed && !was_reached);
        if !killed {
            assert_eq!(phase, Phase::Stop, "`up` ended by itself");
            self.stop_time = stopping;
        }
        killed
    }

    fn moment(&mut self, phase: Phase) -> Moment {
        let lake = self.data().join("lake");
        let (acknowledged, changes) = (20 * self.dice.below(16), 1 + self.dice.below(3));
        let within = match phase {
            Phase::Stop => self.stop_time,
            Phase::Fold => Duration::from_millis(400),
            // The lake's steps follow one another within milliseconds of a change that is seen.
            Phase::Land | Phase::Compact => Duration::from_millis(8),
            _ => Duration::from_millis(30),
        };
        let after = match phase {
            Phase::Land => After::Changes(changes, vec![lake.join("landing")]),
            Phase::Compact => After::Changes(changes, vec![lake.join("next"), lake.join("events")]),
            _ => After::Acknowledged(acknowledged),
        };
        Moment { after, then: self.dice.within(within) }
    }

    fn start(&mut self) -> Up {
        let began = Instant::now();
        let up = Up::start_command(Up::command(&self.data(), &BUSY).stderr(self.log()));
        self.start_time = began.elapsed();
        self.is_made = true;
        self.tally.starts += 1;
        self.tally.recoveries += u64::from(std::mem::take(&mut self.was_killed));
        up
    }

    /// What every process complains of.
    fn log(&self) -> File {
        OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap()
    }
}

fn redrive(data: &Path) -> Command {
    command(&["quarantine", "redrive", "--data", text(data), "--all"])
}
