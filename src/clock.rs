//! Time, as capture sees it: the clock that V4L2 stamps frames with, and waiting by it.
//!
//! Whatever decides by time takes a [`Clock`], so that its tests take `Simulated` and neither sleep nor measure.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::stop::Stop;

/// Where the time comes from.
pub(crate) trait Clock: Debug + Send + Sync {
    /// Now, on CLOCK_MONOTONIC.
    fn monotonic(&self) -> Duration;

    /// The time of day, since 1970.
    fn time_of_day(&self) -> Duration;

    /// Waits until `stop` is asked for, but no longer than `timeout`; whether it was.
    fn wait(&self, stop: &Stop, timeout: Duration) -> bool;

    /// Lets `time` pass, whatever is asked for.
    fn sleep(&self, time: Duration);
}

/// The system's.
#[derive(Debug)]
pub(crate) struct System;

impl Clock for System {
    fn monotonic(&self) -> Duration {
        monotonic()
    }

    fn time_of_day(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn wait(&self, stop: &Stop, timeout: Duration) -> bool {
        stop.wait(timeout)
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

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

/// A clock that only waiting moves on, at once.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Simulated(std::sync::Mutex<Duration>);

#[cfg(test)]
impl Simulated {
    /// A clock some time after its zero, as the kernel's is.
    pub(crate) fn new() -> std::sync::Arc<Self> {
        std::sync::Arc::new(Simulated(std::sync::Mutex::new(Duration::from_secs(1000))))
    }

    /// Time passes.
    pub(crate) fn advance(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.saturating_add(time);
    }
}

#[cfg(test)]
impl Clock for Simulated {
    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn time_of_day(&self) -> Duration {
        self.monotonic() + Duration::from_secs(1_800_000_000)
    }

    fn wait(&self, stop: &Stop, timeout: Duration) -> bool {
        let stopped = stop.is_stopped();
        if !stopped {
            self.advance(timeout);
        }
        stopped
    }

    fn sleep(&self, time: Duration) {
        self.advance(time);
    }
}

/// Asks `look` until it answers: for what another thread or the kernel is about to do, and a simulated clock cannot hasten.
#[cfg(test)]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = monotonic() + Duration::from_secs(60);
    loop {
        if let Some(answer) = look() {
            return answer;
        }
        assert!(monotonic() < end, "{what}: not seen in a minute");
        std::thread::sleep(Duration::from_millis(1));
    }
}
