//! Disks and pipes that do not keep up or fail: counted, said, and no reason to stop capturing.

use super::program::{PICAM, Program, picam};
use super::summary::{frame_log, gaps};
use super::vivid::Vivid;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, sleep};
use std::time::Duration;
use tempfile::{TempDir, tempdir};

const SMALL: &str = "run --size 640x360 --fps 30 --json";
const SMALL_FRAME: u64 = 640 * 360 * 2;

/// A file system of a few megabytes, in memory; unmounted with the test.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(size: &str) -> SmallDisk {
        let directory = tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "small"]).arg(directory.path());
        let status = mount.status().expect("mount");
        assert!(status.success(), "needs root, to mount a small file system");
        SmallDisk(directory)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_full_disk_is_said_and_counted_and_capture_goes_on() {
    let _vivid = Vivid::camera();
    let disk = SmallDisk::mount("3m");
    let (raw, log) = (disk.path("frames.raw"), tempdir().unwrap());
    let log = log.path().join("frames.csv");
    let picam = picam(&format!("{SMALL} --count 60 --raw {} --frame-log {}", raw.display(), log.display()));
    let ended = picam.end().with_status(7);

    let total = ended.total();
    assert_eq!(total.delivered(), 60);
    let sink = total.sink("raw");
    assert!(sink.skipped_by("failed") > 0, "{total:?}");
    assert!(sink.written() >= 5, "3 MB hold six frames: {total:?}");
    // Whole frames only: what was begun and did not fit is taken back, so that whatever reads the file stays in step.
    assert_eq!(fs::metadata(&raw).unwrap().len(), sink.written() * SMALL_FRAME);
    assert_eq!(frame_log(&log).len() as u64, 60, "the other sink has them all");
    ended.said(&["frames.raw", "space", "incomplete: raw"]);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_slow_reader_skips_frames_and_loses_none() {
    let _vivid = Vivid::camera();
    let directory = tempdir().unwrap();
    let (pipe, log) = (directory.path().join("pipe"), directory.path().join("frames.csv"));
    make_pipe(&pipe);
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || read_slowly(&pipe)
    });
    let picam = picam(&format!("{SMALL} --count 90 --raw {} --frame-log {}", pipe.display(), log.display()));
    let total = picam.end().with_status(7).total();

    let sink = total.sink("raw");
    assert!(sink.written() > 0 && sink.skipped_by("slow") + sink.skipped_by("no_buffer") > 0, "{total:?}");
    let read = reader.join().unwrap();
    assert_eq!(read, sink.written() * SMALL_FRAME, "whole frames: {total:?}");
    // The slow sink has the skips, and the driver always had a buffer to fill: what vivid loses on a busy machine, its own
    // thread was late for.
    let frames = frame_log(&log);
    assert_eq!(total.lost(), gaps(&frames));
    assert!(frames.iter().all(|frame| frame.queue_depth >= 1), "{total:?}");
}

/// Five frames a second at most; answers how many bytes came.
fn read_slowly(pipe: &Path) -> u64 {
    let mut stream = File::open(pipe).expect("the pipe");
    let mut frame = vec![0; SMALL_FRAME as usize];
    let mut total = 0;
    loop {
        match stream.read(&mut frame).expect("to read the pipe") {
            0 => return total,
            bytes => total += bytes as u64,
        }
        // A pipe gives 64 KiB at a time: eight reads are a frame.
        sleep(Duration::from_millis(25));
    }
}

fn make_pipe(path: &Path) {
    let status = Command::new("mkfifo").arg(path).status().expect("mkfifo (package coreutils)");
    assert!(status.success());
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_reader_that_goes_away_ends_its_own_sink_only() {
    let _vivid = Vivid::camera();
    let directory = tempdir().unwrap();
    let log = directory.path().join("frames.csv");
    let mut command = Command::new(PICAM);
    command.args("run --allow-skips --size 640x360 --fps 30 --raw - --count 60 --frame-log".split(' ')).arg(&log);
    let picam = read_one_frame(&mut command);

    picam.end().with_status(0).said(&["nobody reads standard output any more", "unwatched"]);
    assert_eq!(frame_log(&log).len(), 60, "the other sink has them all");
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn where_nobody_reads_any_more_the_run_ends() {
    let _vivid = Vivid::camera();
    let picam = read_one_frame(Command::new(PICAM).args("run --size 640x360 --fps 30 --raw -".split(' ')));
    picam.end_within(Duration::from_secs(5)).with_status(0);
}

/// Starts picam, takes one frame from its standard output, and closes that.
fn read_one_frame(command: &mut Command) -> Program {
    let (picam, mut stdout) = Program::start_unread(command);
    stdout.read_exact(&mut vec![0; SMALL_FRAME as usize]).expect("a frame");
    picam
}
