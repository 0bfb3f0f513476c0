//! The program under test: the real binary, started, listened to, signalled, and ended at the latest with the test.

use super::summary::Summary;
use super::wait;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The binary that cargo built along with this test.
pub const PICAM: &str = env!("CARGO_BIN_EXE_picam");

/// A running program. Dropped, it is killed; when the test has failed, what it said is shown.
#[derive(Debug)]
pub struct Program {
    child: Mutex<Child>,
    stdout: Lines,
    stderr: Lines,
}

/// How a program ended, and all that it said.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<String>,
    pub stderr: Vec<String>,
}

/// picam with `arguments`, which are separated by blanks.
pub fn picam(arguments: &str) -> Program {
    Program::start(Command::new(PICAM).args(arguments.split_whitespace()))
}

/// picam with `arguments`, run to its end.
pub fn run_picam(arguments: &str) -> Ended {
    picam(arguments).end()
}

impl Program {
    /// Starts `command` with nothing to read, and listens to it.
    pub fn start(command: &mut Command) -> Program {
        let (mut program, stdout) = Program::start_unread(command);
        program.stdout = Lines::read(Some(stdout));
        program
    }

    /// Starts `command`, with its standard output for the test to read.
    pub fn start_unread(command: &mut Command) -> (Program, ChildStdout) {
        command.stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = child.stdout.take().expect("a pipe");
        let stderr = Lines::read(child.stderr.take());
        (Program { child: Mutex::new(child), stdout: Lines::read(None::<ChildStdout>), stderr }, stdout)
    }

    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// Waits for a line on standard error that holds `text` (in whatever case), and answers it.
    pub fn says(&self, text: &str) -> String {
        let wanted = text.to_lowercase();
        self.until(&format!("{text:?} on standard error"), || {
            self.stderr.so_far().into_iter().find(|line| line.to_lowercase().contains(&wanted))
        })
    }

    /// What it said on standard error up to now.
    pub fn said(&self) -> Vec<String> {
        self.stderr.so_far()
    }

    /// Waits until a JSON summary on standard output is as wanted, and answers it.
    pub fn reports(&self, what: &str, wanted: impl Fn(&Summary) -> bool) -> Summary {
        self.until(&format!("a summary with {what}"), || Summary::all(&self.stdout.so_far()).into_iter().find(&wanted))
    }

    /// Waits until it captures, going by its JSON summaries (which need --json and a short --stats-interval).
    pub fn captures(&self) -> Summary {
        self.reports("frames", |summary| summary.delivered() > 0)
    }

    /// Waits for further summaries with frames, after all those seen up to now and the one that is under way.
    pub fn goes_on(&self) -> Summary {
        let seen = Summary::all(&self.stdout.so_far()).len();
        self.until("frames in a later summary", || {
            Summary::all(&self.stdout.so_far()).into_iter().skip(seen + 1).find(|summary| summary.delivered() > 0)
        })
    }

    /// Waits for what only a running program can do: its end is the end of the waiting.
    fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let seen = wait::until(what, || {
            let running = self.is_running();
            // Looked at after that, as its last words may be what is wanted.
            look().map(Some).or_else(|| (!running).then_some(None))
        });
        seen.unwrap_or_else(|| panic!("{what}: not seen before the program ended"))
    }

    /// Whether it is still running.
    pub fn is_running(&self) -> bool {
        self.child.lock().unwrap().try_wait().expect("a child to ask for").is_none()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process number");
        kill_process(pid, signal).expect("to signal the child");
    }

    /// Ends it as a service manager would, and answers what it said.
    pub fn terminate(self) -> Ended {
        self.signal(Signal::TERM);
        self.end()
    }

    /// Waits for its end.
    pub fn end(self) -> Ended {
        self.end_within(wait::PATIENCE)
    }

    /// Waits for its end, which has to come within `limit`.
    pub fn end_within(self, limit: Duration) -> Ended {
        let ended = wait::within(limit, || self.child.lock().unwrap().try_wait().expect("a child to wait for"));
        let status = ended.unwrap_or_else(|| panic!("still running after {limit:?}"));
        let ended = Ended { status, stdout: self.stdout.all(), stderr: self.stderr.all() };
        ended.says_nothing_four_times();
        ended
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
        if thread::panicking() {
            println!("the end of standard output:\n{}", tail(&self.stdout.all()));
            println!("the end of standard error:\n{}", tail(&self.stderr.all()));
        }
    }
}

/// The last lines: what went wrong is there.
fn tail(lines: &[String]) -> String {
    lines[lines.len().saturating_sub(8)..].join("\n")
}

impl Ended {
    /// Asserts the exit status, showing what was said where it is another.
    pub fn with_status(self, code: i32) -> Ended {
        let Ended { status, stdout, stderr } = &self;
        let (stdout, stderr) = (tail(stdout), tail(stderr));
        let signal = status.signal();
        assert_eq!(status.code(), Some(code), "signal {signal:?}\nstdout:\n{stdout}\nstderr:\n{stderr}");
        self
    }

    /// The summary of the whole run, whose figures have to agree with each other.
    pub fn total(&self) -> Summary {
        let totals: Vec<_> = Summary::all(&self.stdout).into_iter().filter(Summary::is_total).collect();
        let [total] = &totals[..] else { panic!("{} totals in {self:#?}", totals.len()) };
        total.assert_adds_up();
        total.clone()
    }

    /// Asserts that no message was logged a fourth time: whatever happens again is counted.
    fn says_nothing_four_times(&self) {
        let mut counts = std::collections::BTreeMap::new();
        for line in &self.stderr {
            *counts.entry(line).or_insert(0) += 1;
        }
        assert!(counts.values().all(|count| *count < 4), "logged again and again: {counts:#?}");
    }

    /// Asserts that standard error holds each of `words` (in whatever case).
    pub fn said(self, words: &[&str]) -> Ended {
        let stderr = self.stderr.join("\n");
        let lower = stderr.to_lowercase();
        for word in words {
            assert!(lower.contains(&word.to_lowercase()), "{word:?} is not in standard error:\n{stderr}");
        }
        self
    }
}

/// The lines that a stream has brought up to now, read by a thread of its own.
#[derive(Debug)]
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    reader: Mutex<Option<JoinHandle<()>>>,
}

impl Lines {
    fn read(stream: Option<impl Read + Send + 'static>) -> Lines {
        let lines = Arc::default();
        let reader = stream.map(|stream| {
            let lines: Arc<Mutex<Vec<String>>> = Arc::clone(&lines);
            thread::spawn(move || {
                for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                    lines.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
                }
            })
        });
        Lines { lines, reader: Mutex::new(reader) }
    }

    fn so_far(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Everything, once the program has ended: waits for the stream's end.
    fn all(&self) -> Vec<String> {
        if let Some(reader) = self.reader.lock().unwrap().take() {
            reader.join().expect("a reader");
        }
        self.so_far()
    }
}
