//! The clock that V4L2 stamps frames with.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Now, on CLOCK_MONOTONIC: what drivers put into `v4l2_buffer.timestamp` (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC).
/// Served by the vDSO, so not a system call on the Pi.
pub(crate) fn monotonic() -> Duration {
    since_zero(ClockId::Monotonic)
}

/// Time since the kernel started, suspended time included (CLOCK_BOOTTIME).
pub(crate) fn since_boot() -> Duration {
    since_zero(ClockId::Boottime)
}

fn since_zero(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}
