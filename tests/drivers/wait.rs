//! Waiting for what another process or the kernel is about to do: a poll with an end, and a name for what did not come.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine with one slow CPU before the test calls it missing.
pub const PATIENCE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(20);

/// Asks `look` until it answers, for [`PATIENCE`] at most.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, look).unwrap_or_else(|| panic!("{what}: not seen within {PATIENCE:?}"))
}

/// Asks `look` until it answers or `limit` has passed.
pub fn within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = look() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        sleep(STEP);
    }
}
