//! Time that this process computed.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Processor time since the process began, of all its threads: waiting does not count, nor what others compute.
pub(crate) fn spent() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
