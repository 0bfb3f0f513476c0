//! picam on a terminal, which is a pseudo-terminal here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A terminal of so many columns: what a program writes to `own` is read from `other`.
struct Terminal {
    own: File,
    other: File,
    path: String,
}

impl Terminal {
    fn new(columns: u16) -> Self {
        let other = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&other).unwrap();
        unlockpt(&other).unwrap();
        let path = ptsname(&other, Vec::new()).unwrap().into_string().unwrap();
        let own = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        tcsetwinsize(&own, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        Terminal { own, other: other.into(), path }
    }

    fn start(&self, term: &str, arguments: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_picam"));
        command.args(arguments.split(' ')).env("TERM", term).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(self.own.try_clone().unwrap()).spawn().unwrap()
    }

    /// What was shown until `is_enough`, or until the program's end.
    fn shown(mut self, mut child: Child, is_enough: impl Fn(&str) -> bool) -> String {
        // With the last one that has it open, it comes to an end.
        drop(self.own);
        let mut shown = String::new();
        let mut buffer = [0; 4096];
        let mut asked = false;
        while let Ok(read @ 1..) = self.other.read(&mut buffer) {
            shown.push_str(&String::from_utf8_lossy(&buffer[..read]));
            if is_enough(&shown) && !std::mem::replace(&mut asked, true) {
                kill_process(Pid::from_child(&child), Signal::INT).unwrap();
            }
        }
        child.wait().unwrap();
        shown
    }
}

const WIPE: &str = "\r\x1b[K";
const CAMERA: &str = "--device test:64x48@100 --stats-interval 50ms";

#[test]
fn a_status_line_is_written_over_and_a_dumb_terminal_gets_lines() {
    let is_enough = |shown: &str| shown.matches(" fps, ").count() > 2;
    let terminal = Terminal::new(200);
    let shown = { terminal.start("xterm", CAMERA) };
    let shown = terminal.shown(shown, is_enough);
    assert!(shown.contains(WIPE), "{shown:?}");
    let terminal = Terminal::new(200);
    let child = terminal.start("dumb", CAMERA);
    let shown = terminal.shown(child, is_enough);
    assert!(!shown.contains('\x1b') && shown.lines().count() > 5, "{shown:?}");
}

#[test]
fn after_ctrl_c_the_cursor_is_on_a_new_line() {
    for arguments in [CAMERA, "--device /nonexistent/video0", "snapshot --warmup 100000 --device test"] {
        let terminal = Terminal::new(80);
        let child = terminal.start("xterm", &format!("{arguments} -v"));
        // With a status line, where there is one.
        let runs = if arguments.starts_with("snapshot") { "YUYV" } else { WIPE };
        let shown = terminal.shown(child, |shown| shown.contains(runs));
        assert!(shown.ends_with('\n'), "{arguments}: {shown:?}");
        let last_wipe = shown.rfind(WIPE).unwrap_or(0);
        assert!(shown[last_wipe..].contains('\n'), "{arguments}: a status line is left: {shown:?}");
    }
}

#[test]
fn a_terminal_gets_no_pictures() {
    for flag in ["--raw", "--y4m", "snapshot"] {
        let terminal = Terminal::new(80);
        let directory = tempfile::tempdir().unwrap();
        // A snapshot's name says what it is to be.
        let path = directory.path().join("a.jpg");
        std::os::unix::fs::symlink(&terminal.path, &path).unwrap();
        for output in [path.to_str().unwrap(), "-"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_picam"));
            command.args(["--device", "test", "--count", "1"].iter().filter(|_| flag != "snapshot"));
            command.args([flag, output]).args(["--device", "test"].iter().filter(|_| flag == "snapshot"));
            let result = command.stdout(terminal.own.try_clone().unwrap()).stderr(Stdio::piped()).output().unwrap();
            let said = String::from_utf8(result.stderr).unwrap();
            assert_eq!(result.status.code(), Some(1), "{flag} {output}: {said}");
            assert!(said.contains("is a terminal: give "), "{flag} {output}: {said}");
        }
    }
}

#[test]
fn more_is_logged_for_each_v() {
    let lines = |flags: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_picam"));
        let arguments = format!("--device test:64x48@100 --count 5 {flags}");
        let output = command.args(arguments.split_whitespace()).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let (quiet, usual, more, most) = (lines("-q"), lines("--quiet=false"), lines("-v"), lines("-vv"));
    assert!(quiet.is_empty(), "{quiet}");
    assert!(usual.starts_with("test (picam test camera): capturing: ") && !usual.contains("picam::"), "{usual}");
    assert!(more.contains("debug: picam::run: asked for") && !more.contains("trace: "), "{more}");
    assert!(most.matches("trace: picam::run: Metadata { sequence: ").count() >= 5, "{most}");
}
