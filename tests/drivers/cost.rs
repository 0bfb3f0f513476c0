//! What a frame costs, counted on a real driver: system calls, and memory.

use super::counting_allocator::allocations;
use super::program::{PICAM, Program, picam};
use super::vivid::Vivid;
use picam::capture::{Capture, Event};
use picam::config::CaptureConfig;
use picam::frame::Frame;
use picam::stop::Stop;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::tempdir;

/// The plain case: 1280x720 YUYV, no sink. 50 frames a second, to be done sooner; and a --timeout that is not reached, as its
/// timer costs two calls each time it goes off, which is by the clock and not by the frame.
const PLAIN: &str = "run --format YUYV --size 1280x720 --fps 50 --stats-interval 0 --quiet --timeout 10m";
/// wait, dequeue, queue; and a call in a hundred frames for a wake-up that was for nothing.
const CALLS_PER_FRAME: f64 = 3.01;
const RESIDENT_KB: u64 = 4096;
const OWN_KB: u64 = 1024;

#[test]
#[ignore = "needs vivid, strace: run by tests/drivers/run"]
fn a_frame_costs_three_system_calls_at_most() {
    let _vivid = Vivid::camera();
    let per_frame = calls_per_frame("");
    let sum: f64 = per_frame.values().sum();
    assert!(sum <= CALLS_PER_FRAME, "{sum} system calls a frame: {per_frame:?}");
    // A frame that comes by itself has to be waited for, dequeued and queued: far fewer calls are a wrong count.
    assert!(sum > 1.0, "{sum} system calls a frame: {per_frame:?}");
}

#[test]
#[ignore = "needs vivid, strace: run by tests/drivers/run"]
fn a_raw_sink_adds_one_write_a_frame() {
    let _vivid = Vivid::camera();
    let mut per_frame = calls_per_frame("--raw /dev/null");
    // Waking the sink's thread, and its going to sleep.
    per_frame.remove("futex");
    let sum: f64 = per_frame.values().sum();
    // The last calls of the sink's thread may be in one of the two runs only: five or so, over all the frames.
    assert!(sum <= CALLS_PER_FRAME + 1.02, "{sum} system calls a frame: {per_frame:?}");
    assert!(per_frame["writev"] > 0.5, "most frames are written: {per_frame:?}");
}

/// What a frame costs in system calls, by name, with these sinks.
fn calls_per_frame(sinks: &str) -> BTreeMap<String, f64> {
    let (few, many) = (100, 400);
    let (few_calls, many_calls) = (calls(few, sinks), calls(many, sinks));
    // What starting and stopping cost is in both, and goes out in the difference.
    let difference = |(name, calls): (&String, &u64)| {
        let before = few_calls.get(name).copied().unwrap_or(0);
        (name.clone(), (*calls as f64 - before as f64) / f64::from(many - few))
    };
    many_calls.iter().map(difference).filter(|(_, calls)| *calls != 0.0).collect()
}

/// The system calls of a run of that many frames, by name, of all its threads.
fn calls(frames: u32, sinks: &str) -> BTreeMap<String, u64> {
    let directory = tempdir().unwrap();
    let counts = directory.path().join("calls");
    let mut command = Command::new("strace");
    command.args(["-f", "-c", "-o"]).arg(&counts).arg(PICAM).args(PLAIN.split(' ')).args(sinks.split_whitespace());
    Program::start(command.args(["--allow-skips", "--count", &frames.to_string()])).end().with_status(0);
    let table = fs::read_to_string(&counts).expect("strace's counts (package strace)");
    let mut calls: BTreeMap<String, u64> = table.lines().filter_map(call).collect();
    // User-mode Linux has no clock page to read from user space: its vDSO makes a system call of each look at the clock
    // (arch/x86/um/vdso), which on every other kernel is none.
    if Path::new("/proc/cpuinfo").exists() && fs::read_to_string("/proc/cpuinfo").unwrap().contains("User Mode Linux") {
        calls.remove("clock_gettime");
    }
    calls
}

/// A row of strace's table: % time, seconds, microseconds a call, calls, errors (if any), name.
fn call(row: &str) -> Option<(String, u64)> {
    let columns: Vec<&str> = row.split_whitespace().collect();
    let (calls, name) = (columns.get(3)?.parse().ok()?, columns.last()?);
    (*name != "total").then(|| ((*name).to_owned(), calls))
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn the_memory_besides_the_device_s_buffers_is_small() {
    let _vivid = Vivid::camera();
    let picam = picam("run --format YUYV --size 1280x720 --fps 30 --json --stats-interval 300ms");
    picam.captures();
    picam.goes_on();
    let mapped = memory(picam.pid());
    picam.terminate().with_status(0);
    assert!(mapped.own_kb <= OWN_KB, "{mapped:?}");
    // Most of the rest is the program's code, which is several times as much in a debug build.
    assert!(cfg!(debug_assertions) || mapped.resident_kb <= RESIDENT_KB, "{mapped:?}");
}

/// The library itself, in this process: its allocations are counted, and where its frames' data lie is looked up.
#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_frame_is_the_driver_s_memory_and_costs_no_allocation() {
    let _vivid = Vivid::camera();
    let mut capture = Capture::new(CaptureConfig::default(), Stop::new().unwrap());
    let mut next = || -> Frame {
        loop {
            if let Event::Frame(frame) = capture.next(Duration::from_secs(10)).unwrap() {
                return frame;
            }
        }
    };
    for _ in 0..8 {
        let frame = next();
        assert_eq!(frame.data().len(), 1280 * 720 * 2);
        assert!(is_of_a_video_device(frame.data().as_ptr() as u64));
    }
    let before = allocations();
    (0..10).for_each(|_| drop(next()));
    assert_eq!(allocations(), before);
}

/// Whether an address of this process lies in a mapping of a video device.
fn is_of_a_video_device(address: u64) -> bool {
    let maps = fs::read_to_string("/proc/self/maps").expect("this process's mappings");
    let range_of = |line: &str| {
        let (start, end) = line.split_whitespace().next()?.split_once('-')?;
        Some(u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?)
    };
    let mut devices = maps.lines().filter(|line| line.contains("/dev/video"));
    devices.any(|line| range_of(line).is_some_and(|range| range.contains(&address)))
}

/// The memory of a process without its mappings of video devices.
#[derive(Debug, Default)]
struct Memory {
    /// All that is in memory: code and libraries too.
    resident_kb: u64,
    /// Heap and stacks.
    own_kb: u64,
}

/// Reads a process's mappings (proc_pid_smaps(5)): a line for each, then its figures.
fn memory(pid: u32) -> Memory {
    let maps = fs::read_to_string(format!("/proc/{pid}/smaps")).expect("the process's mappings");
    let (mut memory, mut of_device) = (Memory::default(), false);
    for line in maps.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["Rss:", kb, "kB"] if !of_device => memory.resident_kb += kb.parse::<u64>().expect("kilobytes"),
            ["Anonymous:", kb, "kB"] if !of_device => memory.own_kb += kb.parse::<u64>().expect("kilobytes"),
            [range, _, _, _, _, ..] if range.contains('-') => of_device = line.contains("/dev/video"),
            _ => {}
        }
    }
    assert!(memory.resident_kb > 0 && maps.contains("/dev/video"), "a capturing program's mappings: {maps}");
    memory
}
