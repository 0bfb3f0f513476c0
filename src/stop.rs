//! The wish to end, from any thread or a signal: a flag that wakes whoever waits.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::time::Timespec;

/// Ends a capture when asked to. Clones are the same wish; it is never taken back.
#[derive(Clone, Debug)]
pub struct Stop {
    /// Readable once the end was asked for: nobody reads what is written. A pipe and not an eventfd, as the signal
    /// handler's library writes one byte, and an eventfd takes eight.
    asked: Arc<OwnedFd>,
    ask: Arc<OwnedFd>,
}

impl Stop {
    /// A wish that nobody uttered yet.
    ///
    /// # Errors
    /// When the process has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        let (asked, ask) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Stop { asked: Arc::new(asked), ask: Arc::new(ask) })
    }

    /// Asks for the end. Safe from any thread.
    pub fn stop(&self) {
        // The only error is a full pipe, and then it is readable already.
        let _ = rustix::io::write(&self.ask, &[0]);
    }

    /// Asks for the end at SIGINT, SIGTERM and, unless it is ignored (nohup), at SIGHUP. A second signal changes nothing: the end
    /// takes eight seconds at most, and some programs (timeout, shells that pass Ctrl-C on) send each signal twice.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn at_signals(&self) -> io::Result<()> {
        let hangup = signal_hook::consts::SIGHUP;
        let hangup = (!is_ignored(hangup)).then_some(hangup);
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM].into_iter().chain(hangup) {
            signal_hook::low_level::pipe::register(signal, self.ask.try_clone()?)?;
        }
        Ok(())
    }

    /// Whether the end was asked for.
    pub fn is_stopped(&self) -> bool {
        self.wait(Duration::ZERO)
    }

    /// Waits until the end is asked for, but no longer than `timeout`; whether it was.
    pub fn wait(&self, timeout: Duration) -> bool {
        let mut events = [PollFd::new(&self.asked, PollFlags::IN)];
        let _ = poll(&mut events, Some(&timespec(timeout)));
        events[0].revents().contains(PollFlags::IN)
    }
}

/// Whether the program was started with this signal ignored.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    ignored.is_some_and(|ignored| ignored & 1 << (signal - 1) != 0)
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.asked.as_fd()
    }
}

/// A time of CLOCK_MONOTONIC, or until one, in the kernel's form. "For ever" is 31 years: within a 32-bit time_t.
pub(crate) fn timespec(timeout: Duration) -> Timespec {
    let timeout = timeout.min(Duration::from_secs(1_000_000_000));
    Timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ }
}
