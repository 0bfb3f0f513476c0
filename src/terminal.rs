//! Standard error: log lines, and on a terminal the status line below them. A standard error that cannot be written to (a
//! full disk, a reader that went, or one that does not read) is no reason to stop: what does not fit is left out.

use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::time::Duration;

use log::{LevelFilter, Log, Metadata, Record};
use rustix::event::{PollFd, PollFlags, poll};
use simple_logger::SimpleLogger;

/// The status line that stands in the terminal's last line, if any.
static STATUS: Mutex<bool> = Mutex::new(false);

/// Starts logging to standard error. `verbosity` is 0 (information), 1 (debug) or more (trace); `quiet` leaves warnings and
/// errors. `RUST_LOG` has the last word.
pub fn start_logging(quiet: bool, verbosity: u8) {
    let level = match (quiet, verbosity) {
        (true, _) => LevelFilter::Warn,
        (false, 0) => LevelFilter::Info,
        (false, 1) => LevelFilter::Debug,
        (false, _) => LevelFilter::Trace,
    };
    let logger = SimpleLogger::new().with_level(level).env();
    log::set_max_level(logger.max_level());
    // Fails only if there is a logger already, which then stays.
    let _ = log::set_boxed_logger(Box::new(Logger(logger)));
}

/// `SimpleLogger`, which panics when standard error cannot be written to, made safe for that and for the status line.
struct Logger(SimpleLogger);

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let _ = std::panic::catch_unwind(|| with_status(|_| self.0.log(record)));
        }
    }

    fn flush(&self) {}
}

/// Shows as much of `text` as fits in the terminal's last line, until the next line is written.
pub(crate) fn show_status(text: &str) {
    // A line that wraps could not be wiped.
    let columns = rustix::termios::tcgetwinsize(std::io::stderr()).map_or(0, |size| usize::from(size.ws_col));
    let room = if columns == 0 { 79 } else { columns - 1 };
    let text: String = text.chars().take(room).collect();
    with_status(|shown| {
        let _ = write!(std::io::stderr(), "\r\x1b[K{text}");
        *shown = true;
    });
}

/// Writes lines to standard error.
pub(crate) fn print(text: &str) {
    with_status(|_| {
        let _ = writeln!(std::io::stderr(), "{text}");
    });
}

/// Whether a line can be written to `output` within `timeout` without having to wait for its reader.
pub(crate) fn takes_a_line(output: impl AsFd, timeout: Duration) -> bool {
    let mut events = [PollFd::new(&output, PollFlags::OUT)];
    poll(&mut events, Some(&crate::stop::timespec(timeout))).is_ok_and(|ready| ready > 0)
}

/// Does `write` with the status line out of the way, or not at all where nobody takes it.
fn with_status(write: impl FnOnce(&mut bool)) {
    if !takes_a_line(std::io::stderr(), Duration::ZERO) {
        return;
    }
    let mut shown = STATUS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if std::mem::take(&mut *shown) {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    write(&mut shown);
}
