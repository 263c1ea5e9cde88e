//! Times, medians and the table of them.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use trilha_benches::Bench;

use crate::pattern::Pattern;
use crate::stores::{FjallStore, RedbStore};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) events: usize,
    pub(crate) rounds: usize,
}

/// What each store took for the same operations.
#[derive(Default)]
struct Pairs {
    redb: Vec<Duration>,
    fjall: Vec<Duration>,
}

#[derive(Default)]
struct Measured {
    commits: Pairs,
    first_reads: Pairs,
    later_reads: Pairs,
}

/// What a sync costs here, without a store.
pub(crate) fn print_sync() -> Bench {
    let folder = folder()?;
    let mut file = File::create(folder.path().join("bare"))?;
    let mut one = || {
        let start = Instant::now();
        file.write_all(&[1; 4_096])?;
        file.sync_data()?;
        Ok(start.elapsed())
    };
    let times = (0..100).map(|_| one()).collect::<Bench<Vec<_>>>()?;
    println!("4 KB appended to a bare file and synced: {:.2} ms, median of 100", millis(median(times)));
    Ok(())
}

pub(crate) fn print_head() {
    println!("\nredb : fjall, below 1: redb is faster");
    let [redb, fjall] = ["redb", "fjall"];
    println!("{:<64}{:^20}{:^16}{:^22}", "", "ms, median", "redb : fjall", "events/s");
    println!("{:<64}{redb:>9}{fjall:>9}{:>9}{:>9}{redb:>11}{fjall:>11}", "", "median", "total");
}

/// Measures both stores and prints a line for each of commits, first reads and later reads.
pub(crate) fn print(pattern: &Pattern, sizes: Sizes) -> Bench {
    let mut measured = Measured::default();
    (0..sizes.rounds).try_for_each(|_| measured.round(pattern))?;
    let Pattern { name, commits, .. } = pattern;
    let writes: usize = commits.iter().map(Vec::len).sum();
    let bytes: usize = commits.iter().flatten().map(|write| write.key.len() + write.value.len()).sum();
    let (count, kilobytes) = (commits.len(), bytes as f64 / commits.len() as f64 / 1e3);
    let events = sizes.events * sizes.rounds;
    measured.commits.print(&format!("{name}: {count} of {} writes, {kilobytes:.1} KB", writes / count), events);
    measured.first_reads.print("  what one wrote, read just after opening", events);
    measured.later_reads.print("  the same, read again", events);
    Ok(())
}

impl Measured {
    fn round(&mut self, pattern: &Pattern) -> Bench {
        let (redb_folder, fjall_folder) = (folder()?, folder()?);
        let open = || -> Bench<(RedbStore, FjallStore)> {
            let redb = RedbStore::open(redb_folder.path(), pattern.settings)?;
            Ok((redb, FjallStore::open(fjall_folder.path(), pattern.settings)?))
        };
        let (redb, fjall) = open()?;
        pattern.commits.iter().try_for_each(|each| self.commits.time(|| redb.commit(each), || fjall.commit(each)))?;
        fjall.settle()?;
        drop((redb, fjall));
        let (redb, fjall) = open()?;
        for reads in [&mut self.first_reads, &mut self.later_reads] {
            pattern.reads().into_iter().try_for_each(|each| reads.time(|| redb.read(each), || fjall.read(each)))?;
        }
        Ok(())
    }
}

impl Pairs {
    /// Who comes second may find the disk busy with what the first left behind, so they change places.
    fn time(&mut self, redb: impl FnOnce() -> Bench, fjall: impl FnOnce() -> Bench) -> Bench {
        if self.redb.len().is_multiple_of(2) {
            self.redb.push(timed(redb)?);
            self.fjall.push(timed(fjall)?);
        } else {
            self.fjall.push(timed(fjall)?);
            self.redb.push(timed(redb)?);
        }
        Ok(())
    }

    fn print(self, what: &str, events: usize) {
        let total = |times: &[Duration]| times.iter().sum::<Duration>().as_secs_f64();
        let (redb_total, fjall_total) = (total(&self.redb), total(&self.fjall));
        let (redb, fjall) = (millis(median(self.redb)), millis(median(self.fjall)));
        let rate = |seconds: f64| events as f64 / seconds;
        print!("{what:<64}{redb:>9.3}{fjall:>9.3}{:>9.2}{:>9.2}", redb / fjall, redb_total / fjall_total);
        println!("{:>11.0}{:>11.0}", rate(redb_total), rate(fjall_total));
    }
}

fn timed(act: impl FnOnce() -> Bench) -> Bench<Duration> {
    let start = Instant::now();
    act()?;
    Ok(start.elapsed())
}

/// Beside the build's files: a temporary folder may be memory, where a sync costs nothing.
fn folder() -> Bench<TempDir> {
    Ok(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
