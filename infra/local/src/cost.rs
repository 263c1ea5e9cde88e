//! `trilha cost`: what a million events cost on AWS, counted.

use std::io::{self, Write};

use trilha_cost::asked::{CapacityMode, Senders, StreamMode, window_of_age};
use trilha_cost::{Asked, estimate};

use crate::cli::{CapacityOption, CostOptions, SendersOption, StreamOption};

/// Ages of views for `--curve`, in seconds.
const CURVE: [u32; 8] = [60, 1, 5, 10, 20, 30, 120, 300];

/// Beside the curve: what writing this seldom would save.
const DEFERRED_SECONDS: u32 = 300;

pub(crate) async fn run(options: CostOptions) -> anyhow::Result<()> {
    let explain = options.explain;
    let estimate = estimate(&asked(options)).await?;
    Ok(io::stdout().write_all(estimate.text(explain).as_bytes())?)
}

fn asked(options: CostOptions) -> Asked {
    let defaults = Asked::default();
    Asked {
        windows: windows(&options),
        events_per_day: options.events_per_day,
        events_per_request: options.events_per_request,
        senders: match options.senders {
            SendersOption::Servers => Senders::Servers,
            SendersOption::Browsers => Senders::Browsers,
        },
        stream: match options.stream {
            StreamOption::Cheaper => StreamMode::Cheaper,
            StreamOption::Provisioned => StreamMode::Provisioned,
            StreamOption::OnDemand => StreamMode::OnDemand,
        },
        capacity: match options.capacity {
            CapacityOption::BySize => CapacityMode::BySize,
            CapacityOption::OnDemand => CapacityMode::OnDemand,
            CapacityOption::Provisioned => CapacityMode::Provisioned,
        },
        day: defaults.day,
        shards: options.shards,
        warm_megabytes: options.warm_megabytes.unwrap_or(defaults.warm_megabytes),
        deferred: options.curve.then_some(DEFERRED_SECONDS),
        most_courses: defaults.most_courses,
        seed: options.seed,
        warm_up_minutes: options.warm_up.unwrap_or(defaults.warm_up_minutes),
        counted_minutes: options.counted.unwrap_or(defaults.counted_minutes),
    }
}

/// What is asked for first is what the bill is of.
fn windows(options: &CostOptions) -> Vec<u32> {
    let mut windows: Vec<u32> = options.window.into_iter().collect();
    windows.extend(options.ages.iter().map(|age| window_of_age(*age)));
    if options.curve {
        windows.extend(CURVE.map(window_of_age));
    }
    if windows.is_empty() {
        return Asked::default().windows;
    }
    let mut distinct: Vec<u32> = Vec::new();
    windows.into_iter().for_each(|window| {
        if !distinct.contains(&window) {
            distinct.push(window)
        }
    });
    distinct
}
