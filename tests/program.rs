//! The program on the built-in camera, from outside: what it prints, writes and returns.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, set_parent_process_death_signal, setrlimit};
use serde_json::Value;

fn picam(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_picam"));
    command.args(arguments.split_whitespace()).stdin(Stdio::null());
    // A test that fails leaves no picam that records for ever: it ends with the test's thread, and no file grows large.
    let limits = || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        let most = Rlimit { current: Some(1 << 30), maximum: Some(1 << 30) };
        Ok(setrlimit(Resource::Fsize, most)?)
    };
    #[allow(unsafe_code, reason = "the standard library has no other way")]
    // SAFETY: between fork and exec only system calls are made.
    unsafe {
        command.pre_exec(limits);
        // nohup has it ignored, and that is passed on.
        command.pre_exec(|| match libc::signal(libc::SIGHUP, libc::SIG_DFL) {
            libc::SIG_ERR => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        });
    }
    command
}

fn run(arguments: &str) -> Output {
    picam(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The last summary, with its books checked.
fn total(output: &Output) -> Value {
    let summary: Value = serde_json::from_str(text(&output.stdout).lines().last().expect("a summary")).unwrap();
    assert_eq!(summary["report"], "total");
    check_books(&summary);
    summary
}

fn check_books(summary: &Value) {
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{value} in {summary}"));
    let frames = &summary["frames"];
    let [numbered, delivered, lost, corrupt] =
        ["numbered", "delivered", "lost", "corrupt"].map(|key| number(&frames[key]));
    assert_eq!(numbered, delivered + lost + corrupt, "{summary}");
    for sink in summary["sinks"].as_array().unwrap() {
        let [written, skipped, pending] = ["written", "skipped", "pending"].map(|key| number(&sink[key]));
        assert_eq!(pending, 0, "{summary}");
        assert_eq!(written + skipped, delivered, "{summary}");
        let by = sink["skipped_by"].as_object().unwrap().values().map(number).sum::<u64>();
        assert_eq!(skipped, by, "{summary}");
    }
}

#[test]
fn frames_are_told_a_line_each_in_order_and_on_the_cadence() {
    let output = run("--device test:320x240@100 --count 5 --frames --quiet --buffers 32");
    assert!(output.status.success());
    let lines = text(&output.stdout);
    let mut last: Option<(u32, f64)> = None;
    for line in lines.lines() {
        let fields: Vec<_> = line.split(' ').map(|field| field.split_once('=').unwrap()).collect();
        let [("size", "153600"), ("seq", sequence), ("ts", timestamp)] = fields[..] else { panic!("{line}") };
        let (sequence, timestamp): (u32, f64) = (sequence.parse().unwrap(), timestamp.parse().unwrap());
        if let Some((before, at)) = last {
            let frames = f64::from(sequence - before);
            assert!(frames >= 1.0 && (timestamp - at - frames * 0.01).abs() < 2e-6, "{lines}");
        }
        last = Some((sequence, timestamp));
    }
    assert_eq!(lines.lines().count(), 5);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn what_was_recorded_before_is_kept_if_that_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("v-2.raw"), "somebody else's").unwrap();
    for _ in 0..3 {
        let raw = at("v.raw");
        let output =
            run(&format!("--device test:64x48@200 --count 2 --keep-existing --raw {} --raw /dev/null", raw.display()));
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let mut names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["v-1.raw", "v-2.raw", "v-3.raw", "v.raw"]);
    assert_eq!(fs::read(at("v-2.raw")).unwrap(), b"somebody else's");
    assert!(["v-1.raw", "v-3.raw", "v.raw"].iter().all(|name| fs::metadata(at(name)).unwrap().len() >= 64 * 48 * 2));
}

/// The README's line for a camera that compresses, without one.
#[test]
fn the_test_camera_makes_jpegs_as_a_webcam_does() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let (raw, y4m) = (at("v.mjpg"), at("v.y4m"));
    let output =
        run(&format!("--device test:320x240@100 --format MJPG --count 10 --buffers 16 --json --raw {raw} --y4m {y4m}"));
    let total = total(&output);
    assert_eq!(total["format"]["fourcc"], "MJPG");
    let jpegs = fs::read(&raw).unwrap();
    let written = total["sinks"][0]["written"].as_u64().unwrap();
    let ends = jpegs.windows(4).filter(|bytes| *bytes == [0xff, 0xd9, 0xff, 0xd8]).count();
    assert_eq!((ends as u64 + 1, jpegs.ends_with(&[0xff, 0xd9])), (written, true));
    // What Y4M cannot have is refused with what this camera has.
    let said = text(&output.stderr);
    assert!(said.contains("MJPG is compressed") && said.contains("other formats with --format: YUYV, "), "{said}");
    assert_eq!(total["sinks"][1]["skipped_by"]["refused"], 10);

    let snapshot = at("picture.jpg");
    run(&format!("snapshot --device test:320x240 --format MJPG {snapshot}"));
    assert!(fs::read(snapshot).unwrap().starts_with(&[0xff, 0xd8]));
}

#[test]
fn raw_y4m_and_frame_log_hold_what_the_summary_says() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let (raw, y4m, csv, jsonl) = (at("v.raw"), at("v.y4m"), at("v.csv"), at("v.jsonl"));
    let output = run(&format!(
        "--device test:64x48@200 --count 30 --buffers 16 --json --raw {raw} --y4m {y4m} --frame-log {csv} --frame-log {jsonl}"
    ));
    let total = total(&output);
    let written = |kind: &str| {
        let sink =
            total["sinks"].as_array().unwrap().iter().find(|sink| sink["name"].as_str().unwrap().starts_with(kind));
        (sink.unwrap()["written"].as_u64().unwrap(), sink.unwrap()["bytes"].as_u64().unwrap())
    };
    let size = |path: &str| fs::metadata(path).unwrap().len();
    let (frames, bytes) = written("raw");
    assert_eq!((size(&raw), frames * 64 * 48 * 2), (bytes, bytes));
    let video = fs::read(&y4m).unwrap();
    let header_end = video.iter().position(|byte| *byte == b'\n').unwrap();
    assert_eq!(
        text(&video[..header_end]),
        "YUV4MPEG2 W64 H48 F200:1 Ip A0:0 C422 XCOLORRANGE=LIMITED XMATRIX=BT601 XTRANSFER=SRGB"
    );
    assert_eq!(((video.len() - header_end - 1) / (64 * 48 * 2 + 6)) as u64, written("y4m").0);
    let sequences: Vec<u64> = fs::read_to_string(&csv)
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(sequences.len(), 30);
    assert!(sequences.windows(2).all(|pair| pair[0] < pair[1]));
    let same: Vec<u64> = fs::read_to_string(&jsonl)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences, same);
    // What the driver numbered, as the log has it, is what the summary says.
    assert_eq!(sequences[29] - sequences[0] + 1, total["frames"]["numbered"].as_u64().unwrap());
}

#[test]
fn a_full_disk_is_said_counted_and_stops_nothing() {
    for sink in ["--raw /dev/full", "--y4m /dev/full", "--frame-log /dev/full --frame-log-format csv"] {
        let output = run(&format!("--device test:64x48@100 --count 20 --json {sink}"));
        assert_eq!(output.status.code(), Some(7));
        let allowed = run(&format!("--device test:64x48@100 --count 20 --quiet --allow-skips {sink}"));
        assert_eq!(allowed.status.code(), Some(0));
        let total = total(&output);
        let counts = &total["sinks"][0];
        assert_eq!(total["frames"]["delivered"], 20);
        assert_eq!((counts["written"].as_u64(), counts["bytes"].as_u64()), (Some(0), Some(0)), "{counts}");
        let said = text(&output.stderr);
        assert_eq!(said.matches("cannot write: No space left on device").count(), 1, "{said}");
    }
}

#[test]
fn standard_error_on_a_full_disk_stops_nothing() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output =
        picam("--device test:64x48@100 --count 20 --json --stats-interval 50ms").stderr(full).output().unwrap();
    assert!(output.status.success());
    assert_eq!(total(&output)["frames"]["delivered"], 20);
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_run() {
    for arguments in ["--frames", "--raw -", "--y4m -", "--frame-log -"] {
        let mut child =
            picam(&format!("--device test:64x48@200 --quiet {arguments}")).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 16];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments}");
    }
}

#[test]
fn a_reader_that_does_not_read_costs_frames_of_its_own_sink_only() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log.csv");
    let arguments = format!("--device test:640x480@100 --duration 1 --buffers 8 --raw - --frame-log {}", log.display());
    let mut child = picam(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(7));
    assert!(said.contains("picam: incomplete: raw - misses ") && said.contains("--allow-skips"), "{said}");
    let logged = fs::read_to_string(&log).unwrap().lines().count() - 1;
    assert!(said.contains("raw -: 0 written (0 bytes)") && said.contains(" slow)"), "{said}");
    assert!(said.contains(&format!("{logged} delivered")), "{logged} in the log; {said}");
}

#[test]
fn a_signal_ends_it_with_a_summary_and_status_0() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut child =
            picam("--device test:64x48@100 --frames").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.next().unwrap().unwrap();
        // Twice, as timeout(1) does.
        kill_process(Pid::from_child(&child), signal).unwrap();
        kill_process(Pid::from_child(&child), signal).unwrap();
        lines.for_each(drop);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stderr).contains("numbered = "), "{}", text(&output.stderr));
    }
}

#[test]
fn summaries_come_at_the_interval_and_add_up() {
    let output = run("--device test:64x48@100 --duration 600ms --stats-interval 100ms --json");
    let lines = text(&output.stdout);
    let summaries: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (total, intervals) = summaries.split_last().unwrap();
    let delivered = |summary: &Value| summary["frames"]["delivered"].as_u64().unwrap();
    assert!(intervals.len() >= 4 && intervals.iter().all(|summary| summary["report"] == "interval"), "{lines}");
    let sum: u64 = intervals.iter().map(delivered).sum();
    assert!(sum <= delivered(total) && delivered(total) - sum <= 30, "{lines}");
    for key in ["fps", "seconds"] {
        assert!(total[key].as_f64().unwrap() > 0.0, "{lines}");
    }
    assert_eq!(total["queue_depth"]["max"], 3, "{lines}");
}

#[test]
fn exit_statuses_are_the_documented_ones() {
    for (arguments, status, why) in [
        ("--device test --count 1", 0, ""),
        ("--device test --count 1 --raw /dev/full", 7, "incomplete: raw /dev/full misses 1 of 1 frames"),
        ("snapshot --device test a.webp", 2, "a.webp ends in neither .jpg, .png nor .ppm"),
        ("--device test --raw /nonexistent/a.raw", 1, "cannot write to /nonexistent/a.raw"),
        ("--device test --buffers 0", 2, "buffers"),
        ("--device /dev/null", 3, "/dev/null: is not a V4L2 device"),
        ("--device /nonexistent/video0 --on-error exit", 3, "/nonexistent/video0: there is no such device"),
        ("--device usb=ffff:ffff --on-error exit", 3, "no camera fits"),
        ("--device test --format H264 --strict", 5, "H264"),
        ("--device test --set brightness=1 --strict", 5, "brightness"),
        ("--device test --input 3 --strict", 5, "input 3"),
        ("--device test --count 1 --set brightness=1 --input 3", 0, "brightness"),
    ] {
        let output = run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments}: {said}");
        assert!(said.contains(why), "{arguments}: {said}");
    }
}

#[test]
fn a_camera_that_is_not_there_is_waited_for_without_looking_busy() {
    let mut child = picam("--device /nonexistent/video0").stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("there is no such device") && first.ends_with("waiting"), "{first}");
    let spent = || -> u64 {
        let cpu = fs::read_to_string(Path::new("/proc").join(child.id().to_string()).join("stat")).unwrap();
        cpu.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum()
    };
    // An emulator translates each piece of code when it first runs: not before the start is over is it about waiting.
    std::thread::sleep(Duration::from_millis(500));
    let before = spent();
    std::thread::sleep(Duration::from_secs(1));
    let ticks = spent() - before;
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(ticks <= 5, "{ticks} ticks of CPU to wait a second");
}

#[test]
fn a_standard_error_that_nobody_reads_does_not_stop_capture() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log.csv");
    let arguments =
        format!("--device test:64x48@200 --count 400 --duration 1m --stats-interval 1ms --frame-log {}", log.display());
    let mut child = picam(&arguments).stderr(Stdio::piped()).spawn().unwrap();
    assert!(child.wait().unwrap().success());
    let logged = fs::read_to_string(&log).unwrap().lines().count() - 1;
    assert_eq!(logged, 400, "as fast as a machine is");
}

#[test]
fn summaries_that_nobody_reads_any_more_end_the_run() {
    let arguments = "--device test:64x48@100 --json --stats-interval 50ms --quiet";
    let mut child = picam(arguments).stdout(Stdio::piped()).spawn().unwrap();
    BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn standard_output_that_is_a_file_is_written_from_where_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("frames.raw");
    fs::write(&path, "before").unwrap();
    let file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    let output = picam("--device test:64x48@200 --count 5 --raw -").stdout(file).output().unwrap();
    let frames = (fs::metadata(&path).unwrap().len() - 6) / (64 * 48 * 2);
    let said = text(&output.stderr);
    assert!(said.contains(&format!("raw -: {frames} written")), "{said}");
    assert!(fs::read(&path).unwrap().starts_with(b"before"));
}

#[test]
fn a_recording_that_misses_frames_is_told_of_and_has_a_status_of_its_own() {
    // Nobody reads until picam has ended: of the 60 frames a pipe takes not one.
    let arguments = "--device test:640x480@200 --buffers 8 -q --raw - --count 60";
    let mut child = picam(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    assert!(
        first.starts_with("warning: raw -: too slow for the camera") && first.contains("--buffers, now 8, at most 32"),
        "{first}"
    );
    let rest: Vec<_> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(7));
    assert!(rest.last().unwrap().starts_with("picam: incomplete: raw - misses 60 of 60 frames"), "{rest:?}");
}

#[test]
fn a_start_that_fails_costs_nobody_a_recording() {
    let directory = tempfile::tempdir().unwrap();
    let raw = directory.path().join("v.raw");
    let raw_is =
        |text: &str| fs::read(&raw).unwrap() == text.as_bytes() && fs::read_dir(&directory).unwrap().count() == 1;
    fs::write(&raw, "the last recording").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for (arguments, status) in [
        (format!("--device test --http {port}"), 1),
        (format!("--device test --keep-existing --http {port}"), 1),
        ("--device test --raw /nonexistent/a.raw --keep-existing".to_owned(), 1),
        ("--device /nonexistent/video0 --on-error exit".to_owned(), 3),
        ("--device test --set brightness=1 --strict".to_owned(), 5),
    ] {
        let output = run(&format!("{arguments} --raw {}", raw.display()));
        assert_eq!(output.status.code(), Some(status), "{arguments}: {}", text(&output.stderr));
        assert!(raw_is("the last recording"), "{arguments}");
    }
}

#[test]
fn a_second_one_does_not_write_to_the_firsts_file() {
    let directory = tempfile::tempdir().unwrap();
    let raw = directory.path().join("v.raw");
    let arguments = format!("--device test:64x48@200 --raw {}", raw.display());
    let first = picam(&format!("{arguments} --frames")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = first;
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    for keep in ["", "--keep-existing"] {
        let second = run(&format!("{arguments} {keep} --count 1"));
        let said = text(&second.stderr);
        assert_eq!(second.status.code(), Some(1), "{said}");
        assert!(said.contains("is writing to it: name another file"), "{said}");
    }
    kill_process(Pid::from_child(&first), Signal::TERM).unwrap();
    lines.for_each(drop);
    let said = text(&first.wait_with_output().unwrap().stderr);
    assert!(said.contains(&format!("({} bytes)", fs::metadata(&raw).unwrap().len())), "{said}");
}

#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "where an emulator runs it, that has a file of its own there")]
fn what_would_go_to_a_closed_standard_output_is_refused() {
    // As a shell's `>&-` does.
    let closed = |arguments: &str| {
        let mut command = picam(arguments);
        #[allow(unsafe_code, reason = "the standard library has no other way")]
        // SAFETY: between fork and exec only a system call is made; nothing else owns the descriptor there.
        unsafe {
            command.pre_exec(|| {
                rustix::io::close(libc::STDOUT_FILENO);
                Ok(())
            });
        }
        let output = command.output().unwrap();
        (output.status.code(), text(&output.stderr))
    };
    for arguments in ["--frames", "--raw -", "--y4m -", "--frame-log -", "--json"] {
        let (status, said) = closed(&format!("--device test --count 2 {arguments}"));
        assert_eq!(status, Some(1), "{arguments}: {said}");
        assert!(said.contains("standard output is closed"), "{arguments}: {said}");
        let open = picam(&format!("--device test:64x48@100 --count 2 {arguments}")).stdout(Stdio::null()).status();
        assert_eq!(open.unwrap().code(), Some(0), "{arguments}");
    }
    for arguments in ["list", "man", "snapshot --device test -"] {
        assert_eq!(closed(arguments).0, Some(1), "{arguments}");
    }
    assert_eq!(closed("--device test --count 2").0, Some(0), "nothing goes there");
}

#[test]
fn a_fifo_without_a_reader_is_no_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let output = run(&format!("--device test:64x48@100 --count 20 --json --raw {}", path.display()));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(total(&output)["sinks"][0]["skipped_by"]["unwatched"], 20);
    let said = text(&output.stderr);
    assert_eq!(said.matches("fifo: nobody reads it yet").count(), 1, "{said}");
    assert!(!said.contains("error"), "{said}");
}

#[test]
fn a_csv_has_its_header_though_its_reader_comes_late() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut child = picam(&format!("--device test:64x48@100 --frame-log-format csv --frame-log {}", path.display()))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line.contains("nobody reads it yet")));
    for _ in 0..2 {
        let mut lines = BufReader::new(fs::File::open(&path).unwrap()).lines().map(Result::unwrap);
        assert!(lines.next().unwrap().starts_with("sequence,timestamp,"));
        assert_eq!(lines.next().unwrap().split(',').count(), 8);
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    said.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_signal_to_any_thread_leaves_whole_records() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    // Opened for both, so that it does not block, as ssh's pipes do not.
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NONBLOCK;
    let mut pipe: fs::File = rustix::fs::open(&path, flags, rustix::fs::Mode::empty()).unwrap().into();
    let arguments = "--device test:320x240@50 --raw - --frames=false";
    let mut child = picam(arguments).stdout(pipe.try_clone().unwrap()).stderr(Stdio::piped()).spawn().unwrap();
    let sink = Path::new("/proc").join(child.id().to_string()).join("task");
    let state = |thread: &Path, name: &str| fs::read_to_string(thread.join(name)).unwrap_or_default();
    // poll(2) and ppoll(2) of x86_64, ppoll(2) of arm64, both of 32-bit arm.
    let is_polling = |syscall: &str| ["7", "271", "73", "168", "336"].contains(&syscall.split(' ').next().unwrap());
    // The sink has filled the pipe with half a frame and waits for room.
    let thread = loop {
        let threads = fs::read_dir(&sink).unwrap().map(|entry| entry.unwrap().path());
        let waits =
            |thread: &std::path::PathBuf| state(thread, "comm") == "sink\n" && is_polling(&state(thread, "syscall"));
        if let Some(thread) = { threads }.find(waits) {
            break thread;
        }
        std::thread::yield_now();
    };
    let id = thread.file_name().unwrap().to_str().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    let mut read = 0;
    let mut buffer = vec![0; 1 << 16];
    let mut over = false;
    loop {
        match pipe.read(&mut buffer) {
            Ok(bytes) => read += bytes,
            Err(_) if over => break,
            Err(_) => over = child.try_wait().unwrap().is_some(),
        }
    }
    assert!(read > 0 && read % (320 * 240 * 2) == 0, "{read} bytes");
}
