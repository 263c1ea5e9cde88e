//! Why redb: what the embedded stream and the embedded live table write and read, on redb and on fjall in one run.
//!
//! Input: 50,000 events of a class over 14 days, in requests of 500. What the stream writes is made of the collector's
//! records, what the live table writes is what the live processor put; both stores get the same bytes under the same
//! keys. Each commit is one transaction and durable (fdatasync) before the next. Each store reads what it wrote once it
//! was closed and opened again, fjall from its tables, as what is old is; the system has the files in memory.
//!
//! Settings are the product's: redb with 64 MB of cache for the stream, with 128 MB and in single-writer mode, which
//! lets another process read beside it and costs a second sync a commit, for the live table. fjall has the same cache,
//! else its defaults, no compression.
//!
//! Both are open at once and take turns commit by commit and read by read, so that they see the same disk; five rounds.
//! The slower the disk syncs, the less of a commit is the store's; what a bare sync costs is printed first.
//! `cargo bench -p trilha-benches --bench stores`

mod live;
mod measure;
mod pattern;
mod stores;
mod stream;

use redb::ConcurrencyMode;
use trilha_benches::{Bench, class};

use measure::Sizes;
use pattern::Pattern;
use stores::Settings;

const EVENTS: usize = 50_000;
const ROUNDS: usize = 5;
const BURST: usize = 10;
const MEBIBYTE: usize = 1024 * 1024;
const STREAM: Settings = Settings { cache_bytes: 64 * MEBIBYTE, mode: ConcurrencyMode::ExclusiveWriter };
const LIVE: Settings = Settings { cache_bytes: 128 * MEBIBYTE, mode: ConcurrencyMode::SingleWriter };
const LIVE_ALONE: Settings = Settings { mode: ConcurrencyMode::ExclusiveWriter, ..LIVE };

fn main() -> Bench {
    // Only `cargo bench` says so; a test run does everything once, with little.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let sizes = if measured { Sizes { events: EVENTS, rounds: ROUNDS } } else { Sizes { events: 2_000, rounds: 1 } };
    let class = class(sizes.events);
    let runtime = tokio::runtime::Runtime::new()?;
    let stream = runtime.block_on(stream::commits(&class, 1))?;
    let stream_in_bursts = runtime.block_on(stream::commits(&class, BURST))?;
    let live = runtime.block_on(live::commits(&class, 1))?;
    let live_in_bursts = runtime.block_on(live::commits(&class, BURST))?;
    measure::print_sync()?;
    measure::print_head();
    let patterns = [
        Pattern::new("stream, a request a commit", STREAM, stream),
        Pattern::new("stream, 10 requests a commit", STREAM, stream_in_bursts),
        Pattern::new("live table, a request a time", LIVE, live.clone()),
        Pattern::new("the same, without readers beside", LIVE_ALONE, live),
        Pattern::new("live table, 10 requests a time", LIVE, live_in_bursts),
    ];
    patterns.iter().try_for_each(|pattern| measure::print(pattern, sizes))
}
