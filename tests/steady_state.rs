//! Once a stream runs, a frame costs no heap allocation and no copy. One test, as the allocator counts the whole process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod counting_allocator;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use counting_allocator::{Counting, allocations};
use picam::capture::{Capture, Event};
use picam::cli::Cli;
use picam::config::CaptureConfig;
use picam::stop::Stop;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of a whole `picam run` of that many frames.
fn of_a_run(frames: u32, sinks: &str) -> u64 {
    let arguments = format!(
        "picam --device test:320x240@500 --buffers 8 --stats-interval 0 --count {frames} --quiet --allow-skips {sinks}"
    );
    let loaded = Cli::read(arguments.split_whitespace()).unwrap().load().unwrap();
    let before = allocations();
    picam::run(loaded, Stop::new().unwrap()).unwrap();
    allocations() - before
}

/// The same with somebody who watches from about the first frame on.
fn of_a_watched_run(frames: u32) -> u64 {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let watcher = std::thread::spawn(move || {
        let mut socket = loop {
            match TcpStream::connect(address) {
                Ok(socket) => break socket,
                Err(_) => std::thread::yield_now(),
            }
        };
        socket.write_all(b"GET /stream?fps=500 HTTP/1.0\r\n\r\n").unwrap();
        let mut bytes = [0; 65536];
        let mut received = 0;
        while let Ok(count @ 1..) = socket.read(&mut bytes) {
            received += count;
        }
        received
    });
    let allocations = of_a_run(frames, &format!("--http {address}"));
    // A run of a few frames may be over before an emulated watcher is there.
    assert!(watcher.join().unwrap() > 5000 || frames < 100, "it was watched");
    allocations
}

#[test]
fn a_frame_costs_no_allocation_and_no_copy() {
    // What starting and ending allocate is in both runs, and in a warm-up what is allocated once for ever.
    for sinks in [
        "",
        "--raw /dev/null",
        "--y4m /dev/null",
        "--frame-log /dev/null --frame-log-format jsonl",
        "--raw /dev/null --y4m /dev/null --frame-log /dev/null --frame-log-format csv",
    ] {
        of_a_run(20, sinks);
        let (few, many) = (of_a_run(50, sinks), of_a_run(250, sinks));
        assert_eq!(few, many, "200 more frames with \"{sinks}\"");
        assert!(few > 0, "the counting works");
    }

    // With somebody who watches, for each quality. What a growing picture takes is not of every frame, nor what the books
    // take that are handed over once a second, of which a busy machine needs several.
    of_a_watched_run(20);
    let (few, many) = (of_a_watched_run(50), of_a_watched_run(250));
    assert!(many < few + 100, "{few} allocations, and {many} with 200 more frames that are watched");

    // A buffer's frames are always at the same address: the driver's memory is what is handed out.
    let device = "test:320x240@500".parse().unwrap();
    let mut capture = Capture::new(CaptureConfig { device, ..CaptureConfig::default() }, Stop::new().unwrap());
    let mut addresses = HashMap::new();
    let mut frames = 0;
    while frames < 40 {
        if let Event::Frame(frame) = capture.next(Duration::from_secs(1)).unwrap() {
            let clone = frame.clone();
            assert_eq!(frame.data().as_ptr(), clone.data().as_ptr());
            assert_eq!(*addresses.entry(frame.index()).or_insert(frame.data().as_ptr()), frame.data().as_ptr());
            frames += 1;
        }
    }
    assert!(addresses.len() <= 4);
}
