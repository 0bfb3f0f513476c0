//! picam under a service manager: what it tells by sd_notify.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

struct Service {
    child: Child,
    manager: UnixDatagram,
    _directory: tempfile::TempDir,
}

impl Service {
    fn start(arguments: &str, watchdog: Option<Duration>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_picam"));
        command.args(arguments.split_whitespace()).stderr(Stdio::null()).env("NOTIFY_SOCKET", &path);
        if let Some(watchdog) = watchdog {
            command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
        }
        Service { child: command.spawn().unwrap(), manager, _directory: directory }
    }

    /// The next message; `None` when none comes in time.
    fn told(&self) -> Option<String> {
        let mut buffer = [0; 4096];
        let length = self.manager.recv(&mut buffer).ok()?;
        Some(String::from_utf8(buffer[..length].to_vec()).unwrap())
    }

    /// Waits for a message that begins so.
    fn waits_for(&self, beginning: &str) -> String {
        let mut messages = std::iter::from_fn(|| self.told()).take(1000);
        messages.find(|message| message.starts_with(beginning)).unwrap_or_else(|| panic!("was never told {beginning}"))
    }

    fn end(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.waits_for("STOPPING=1");
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn it_is_ready_when_it_captures_and_tells_how_it_goes() {
    let service = Service::start("--device test:64x48@50 --stats-interval 200ms", None);
    assert_eq!(service.told().unwrap().trim(), "READY=1");
    service.waits_for("STATUS=capturing YUYV 64x48");
    let figures = service.waits_for("STATUS=YUYV 64x48 ");
    assert!(figures.contains(" fps, ") && figures.contains(" 0 lost, 0 corrupt"), "{figures}");
    service.end();
}

#[test]
fn a_missing_camera_does_not_fail_the_unit_and_the_watchdog_is_fed_meanwhile() {
    let service = Service::start("--device usb=ffff:ffff", Some(Duration::from_millis(200)));
    assert_eq!(service.told().unwrap().trim(), "READY=1");
    let status = service.waits_for("STATUS=waiting: ");
    assert!(status.contains("no camera fits \"usb=ffff:ffff\""), "{status}");
    (0..3).for_each(|_| drop(service.waits_for("WATCHDOG=1")));
    service.end();
}

#[test]
fn the_watchdog_is_fed_while_frames_flow() {
    let service = Service::start("--device test:64x48@50", Some(Duration::from_millis(100)));
    (0..5).for_each(|_| drop(service.waits_for("WATCHDOG=1")));
    service.end();
}
