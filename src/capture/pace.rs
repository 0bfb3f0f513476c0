//! How long a stream may bring no frame, and how soon one that brought nothing is tried again.

use std::time::Duration;

use crate::source::patience;

/// How soon a device that is there but does not work is tried again, the first time.
pub(super) const RETRY: Duration = Duration::from_secs(1);
/// And how late at most: a camera that is plugged in again is seen at once.
const LATEST: Duration = Duration::from_secs(30);
/// The longest that is added to the timeout of a stream that brings nothing.
const LONGEST: Duration = Duration::from_secs(60);
/// A stream that lived shorter is not worth starting again at once.
const LIVED: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Pace {
    timeout: Duration,
    /// The granted frame interval; zero: unknown.
    granted: Duration,
    /// Between the last two frames, or from the stream's start to its first: a driver may say 30 fps and expose for ten
    /// seconds.
    measured: Duration,
    /// When the stream's last frame came, and before that the stream.
    last: Duration,
    started: Duration,
    frames: u64,
    /// Starts in a row that brought nothing.
    fruitless: u32,
}

impl Pace {
    pub(super) fn new(timeout: Duration) -> Self {
        let zero = Duration::ZERO;
        Pace { timeout, granted: zero, measured: zero, last: zero, started: zero, frames: 0, fruitless: 0 }
    }

    /// A stream started.
    pub(super) fn started(&mut self, now: Duration, interval: Duration) {
        (self.started, self.last, self.granted, self.frames) = (now, now, interval, 0);
        self.measured = Duration::ZERO;
    }

    /// A frame came.
    pub(super) fn frame(&mut self, now: Duration) {
        self.measured = now.saturating_sub(self.last);
        self.last = now;
        self.frames += 1;
    }

    /// How long the stream may bring no frame. One of which the last start brought nothing gets twice as long, up to a minute:
    /// its frames may take longer than its driver says.
    pub(super) fn patience(&self) -> Duration {
        let patience = patience(self.timeout, self.interval());
        match self.frames {
            0 => patience.max(backed_off(patience, self.fruitless, LONGEST)),
            _ => patience,
        }
    }

    /// When the stream counts as stalled.
    pub(super) fn stalls_at(&self) -> Duration {
        self.last.saturating_add(self.patience())
    }

    /// What five frames take, as far as is known.
    pub(super) fn frames_time(&self) -> Duration {
        patience(Duration::ZERO, self.interval())
    }

    fn interval(&self) -> Duration {
        self.granted.max(self.measured)
    }

    /// The stream ended: how long to wait before the next.
    pub(super) fn ended(&mut self, now: Duration) -> Duration {
        if self.frames > 0 && now.saturating_sub(self.started) >= LIVED {
            self.fruitless = 0;
            return Duration::ZERO;
        }
        self.failed()
    }

    /// A camera could not be started, or its stream brought nothing: how long to wait before it is tried again.
    pub(super) fn failed(&mut self) -> Duration {
        let wait = backed_off(RETRY, self.fruitless, LATEST);
        self.fruitless = self.fruitless.saturating_add(1);
        wait
    }
}

/// `first`, doubled so many `times`, but no longer than `most`.
fn backed_off(first: Duration, times: u32, most: Duration) -> Duration {
    first.saturating_mul(1 << times.min(16)).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_stall_takes_the_timeout_or_five_frames() {
        let mut pace = Pace::new(5 * SECOND);
        let mut now = 1000 * SECOND;
        pace.started(now, SECOND / 30);
        assert_eq!(pace.stalls_at(), now + 5 * SECOND);
        pace.frame(now + SECOND / 30);
        assert_eq!(pace.stalls_at(), now + SECOND / 30 + 5 * SECOND);

        pace.started(now, 10 * SECOND);
        assert_eq!(pace.patience(), 50 * SECOND);
        // The driver says 30 fps, and exposes for ten seconds.
        pace.started(now, SECOND / 30);
        for _ in 0..2 {
            now += 10 * SECOND;
            pace.frame(now);
        }
        assert_eq!(pace.stalls_at(), now + 50 * SECOND);
        pace.frame(now + SECOND / 30);
        assert_eq!(pace.patience(), 5 * SECOND);
    }

    #[test]
    fn starts_that_bring_nothing_back_off_until_one_lives() {
        let mut pace = Pace::new(5 * SECOND);
        let mut now = 1000 * SECOND;
        let mut waits = Vec::new();
        for _ in 0..7 {
            pace.started(now, SECOND / 30);
            let stalls_in = pace.stalls_at() - now;
            now = pace.stalls_at();
            waits.push((stalls_in.as_secs(), pace.ended(now).as_secs()));
        }
        assert_eq!(waits, [(5, 1), (10, 2), (20, 4), (40, 8), (60, 16), (60, 30), (60, 30)]);
        assert_eq!(pace.failed(), LATEST);
        pace.started(now, SECOND / 30);
        pace.frame(now);
        assert_eq!(pace.patience(), 5 * SECOND);
        assert_eq!(pace.ended(now + LIVED - SECOND / 1000), LATEST, "too short a life");
        pace.started(now, SECOND / 30);
        pace.frame(now);
        assert_eq!((pace.ended(now + LIVED), pace.failed()), (Duration::ZERO, RETRY));
    }
}
