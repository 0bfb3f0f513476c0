//! Standard error: log lines, and on a terminal the status line below them. A standard error that cannot be written to (a
//! full disk, a reader that went, or one that does not read) is no reason to stop: what does not fit is left out.

mod closed;

use std::borrow::Cow;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};
use rustix::event::{PollFd, PollFlags, poll};

pub use self::closed::stdout_is_open;
use crate::clock;

/// Lines logged in a second at most: a fault that comes with each frame must not fill a log, or a disk.
const LINES_A_SECOND: u32 = 50;
/// What a pipe takes at once where it takes anything (PIPE_BUF).
const PIECE: usize = 4096;
/// What a terminal is given at once: the room that poll(2) promises is less than a pipe's.
const TERMINAL_PIECE: usize = 256;

/// What was written to standard error. The lock is held while it is written to, so that lines stay whole.
static STDERR: Mutex<Stderr> = Mutex::new(Stderr::new());

struct Stderr {
    /// A status line stands in the terminal's last line.
    status: bool,
    /// The last line ended before its end.
    torn: bool,
    /// How long a reader is waited for.
    patience: Duration,
    /// The second of CLOCK_MONOTONIC in which lines were logged last, how many, and how many were left out.
    second: u64,
    lines: u32,
    left_out: u32,
}

/// Starts logging to standard error. `verbosity` is 0 (information), 1 (debug) or more (trace); `quiet` leaves warnings and
/// errors. `RUST_LOG` has the last word.
pub fn start_logging(quiet: bool, verbosity: u8) {
    let level = match (quiet, verbosity) {
        (true, _) => LevelFilter::Warn,
        (false, 0) => LevelFilter::Info,
        (false, 1) => LevelFilter::Debug,
        (false, _) => LevelFilter::Trace,
    };
    let level = std::env::var("RUST_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(level);
    log::set_max_level(level);
    // Fails only if there is a logger already, which then stays.
    let _ = log::set_boxed_logger(Box::new(Logger { is_detailed: level >= LevelFilter::Debug }));
}

struct Logger {
    /// Whether a line has its time and the module that it comes from.
    is_detailed: bool,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let now = clock::monotonic();
        let text = line(self.is_detailed.then_some(now), record);
        let mut stderr = stderr();
        if stderr.may_log(record.level(), now.as_secs()) {
            stderr.line(&text);
        }
    }

    fn flush(&self) {}
}

/// A log line, with the time since boot (as the kernel's log has it) if that is given.
fn line(time: Option<Duration>, record: &Record<'_>) -> String {
    let level = match record.level() {
        Level::Error => "error: ",
        Level::Warn => "warning: ",
        Level::Info => "",
        Level::Debug => "debug: ",
        Level::Trace => "trace: ",
    };
    let text = record.args().to_string();
    let text = plain(&text);
    match time {
        Some(time) => format!("[{:>9.3}] {level}{}: {text}", time.as_secs_f64(), record.target()),
        None => format!("{level}{text}"),
    }
}

/// A message without the number that Rust adds to the system's words for an error.
pub fn plain(text: &str) -> Cow<'_, str> {
    const MARK: &str = " (os error ";
    let mut plain = Cow::Borrowed(text);
    while let Some(start) = plain.find(MARK) {
        let number = plain[start + MARK.len()..].find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let end = start + MARK.len() + number;
        if number == 0 || !plain[end..].starts_with(')') {
            break;
        }
        plain.to_mut().replace_range(start..=end, "");
    }
    plain
}

/// Whether standard error is a terminal whose last line can be written over.
pub(crate) fn has_status_line() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// How many characters fit into the terminal's last line.
pub(crate) fn columns() -> usize {
    let columns = rustix::termios::tcgetwinsize(std::io::stderr()).map_or(0, |size| usize::from(size.ws_col));
    // A line that wraps could not be wiped.
    if columns == 0 { 79 } else { columns - 1 }
}

/// Shows as much of `text` as fits in the terminal's last line, until the next line is written.
pub(crate) fn show_status(text: &str) {
    let text: String = text.chars().take(columns()).collect();
    let mut stderr = stderr();
    stderr.put(format!("\r\x1b[K{text}").as_bytes());
    stderr.status = true;
}

/// Writes lines to standard error.
pub(crate) fn print(text: &str) {
    stderr().line(text);
}

/// Writes the program's last lines to standard error, of which a busy reader gets a moment to take them.
pub fn print_last(text: &str) {
    let mut stderr = stderr();
    stderr.patience = Duration::from_secs(2);
    stderr.line(text);
}

/// Leaves the terminal's line to what it echoed for Ctrl-C, with the status line before it, and begins a new one.
pub(crate) fn interrupted() {
    if std::io::stderr().is_terminal() {
        let mut stderr = stderr();
        stderr.status = false;
        stderr.put(b"\n");
    }
}

/// Whether a line can be written to `output` within `timeout` without having to wait for its reader.
pub(crate) fn takes_a_line(output: impl AsFd, timeout: Duration) -> bool {
    let mut events = [PollFd::new(&output, PollFlags::OUT)];
    poll(&mut events, Some(&crate::stop::timespec(timeout))).is_ok_and(|ready| ready > 0)
}

fn stderr() -> MutexGuard<'static, Stderr> {
    STDERR.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stderr {
    const fn new() -> Self {
        Stderr { status: false, torn: false, patience: Duration::ZERO, second: 0, lines: 0, left_out: 0 }
    }

    /// Writes a line, the status line out of the way.
    fn line(&mut self, text: &str) {
        let wipe = if std::mem::take(&mut self.status) { "\r\x1b[K" } else { "" };
        self.put(format!("{wipe}{text}\n").as_bytes());
    }

    /// Writes as much as is taken without waiting for a reader, and then no more.
    fn put(&mut self, bytes: &[u8]) {
        self.put_to(std::io::stderr(), bytes, if std::io::stderr().is_terminal() { TERMINAL_PIECE } else { PIECE });
    }

    fn put_to(&mut self, output: impl AsFd, mut bytes: &[u8], piece: usize) {
        if self.torn && takes_a_line(&output, self.patience) {
            self.torn = rustix::io::write(&output, b"\n").is_err();
        }
        let whole = bytes.len();
        while !bytes.is_empty() && takes_a_line(&output, self.patience) {
            match rustix::io::write(&output, &bytes[..bytes.len().min(piece)]) {
                Ok(written) if written > 0 => bytes = &bytes[written..],
                _ => break,
            }
        }
        self.torn |= !bytes.is_empty() && bytes.len() < whole;
    }

    /// Whether a line of this level may be logged in this second.
    fn may_log(&mut self, level: Level, second: u64) -> bool {
        // Whoever asks for a line a frame is to have it.
        if level == Level::Trace {
            return true;
        }
        if std::mem::replace(&mut self.second, second) != second {
            self.lines = 0;
            match std::mem::take(&mut self.left_out) {
                0 => {}
                left_out => self.line(&format!("warning: {left_out} lines are left out of this log")),
            }
        }
        self.lines += 1;
        let may = self.lines <= LINES_A_SECOND;
        self.left_out += u32::from(!may);
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_more_than_is_asked_for() {
        let record = |level, f: &dyn Fn(&Record<'_>) -> String| {
            f(&Record::builder().level(level).target("picam::run").args(format_args!("no (os error 5) text")).build())
        };
        assert_eq!(record(Level::Info, &|record| line(None, record)), "no text");
        assert_eq!(record(Level::Warn, &|record| line(None, record)), "warning: no text");
        let time = Some(Duration::from_millis(12_345));
        assert_eq!(record(Level::Debug, &|record| line(time, record)), "[   12.345] debug: picam::run: no text");
    }

    #[test]
    fn rusts_numbers_of_errors_are_left_out_and_nothing_else() {
        assert_eq!(plain("a (os error 2): b (os error 110)"), "a: b");
        for text in ["(os error )", "a (os error x)", "a (os error 2", "a (os error 2"] {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn lines_without_end_are_counted_and_not_written() {
        let mut stderr = Stderr::new();
        let logged = (0..200).filter(|_| stderr.may_log(Level::Error, 7)).count();
        assert_eq!((logged, stderr.left_out), (LINES_A_SECOND as usize, 200 - LINES_A_SECOND));
        assert!(stderr.may_log(Level::Error, 8));
        assert_eq!(stderr.left_out, 0);
        assert!((0..200).all(|_| stderr.may_log(Level::Trace, 8)));
    }

    #[test]
    fn a_long_line_never_waits_for_a_reader_and_the_next_one_begins_anew() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let mut stderr = Stderr::new();
        // More than a pipe holds; a write of it all would wait for ever.
        stderr.put_to(&writer, &[b'x'; 1 << 20], PIECE);
        assert!(stderr.torn);
        let mut taken = vec![0; 1 << 20];
        let read = rustix::io::read(&reader, &mut taken[..]).unwrap();
        assert!(read < 1 << 20);
        stderr.put_to(&writer, b"next", PIECE);
        let read = rustix::io::read(&reader, &mut taken[..]).unwrap();
        assert_eq!(&taken[..read], b"\nnext");
    }
}
