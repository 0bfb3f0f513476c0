//! Every frame that vivid numbers is delivered, lost or corrupt, and picam's figures say which.

use super::program::{PICAM, Program, picam, run_picam};
use super::summary::{FLAG_ERROR, frame_log, gaps};
use super::vivid::{Control, Vivid};
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;
use tempfile::tempdir;

/// A small picture at a high rate, and figures for scripts.
const SMALL: &str = "run --size 640x360 --fps 50 --json";
const SMALL_FRAME: u64 = 640 * 360 * 2;

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn the_seed_loop_prints_a_line_for_each_of_ten_frames() {
    let _vivid = Vivid::camera();
    let ended = run_picam("--frames --count 10").with_status(0);

    let frames: Vec<(u32, f64)> = ended.stdout.iter().map(|line| seed_line(line)).collect();
    assert_eq!(frames.len(), 10);
    assert!(frames.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "{frames:?}");
}

/// The sequence and the timestamp of a line like `size=1843200 seq=0 ts=12.345678`.
fn seed_line(line: &str) -> (u32, f64) {
    let words: Vec<&str> = line.split(' ').collect();
    let [size, sequence, timestamp] = words[..] else { panic!("not a frame: {line}") };
    assert_eq!(size, "size=1843200");
    let timestamp = timestamp.strip_prefix("ts=").expect(line);
    assert_eq!(timestamp.split_once('.').expect(line).1.len(), 6, "microseconds: {line}");
    (sequence.strip_prefix("seq=").expect(line).parse().expect(line), timestamp.parse().expect(line))
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn dropped_buffers_are_lost_frames_and_each_is_counted() {
    let _vivid = Vivid::camera();
    let directory = tempdir().unwrap();
    let log = directory.path().join("frames.csv");
    let mut command = Command::new(PICAM);
    command.args(SMALL.split(' ')).args(["--count", "100", "--frame-log"]).arg(&log);
    command.args(["--set", "Percentage of Dropped Buffers=50"]);
    let total = Program::start(&mut command).end().with_status(0).total();

    assert_eq!(total.delivered(), 100);
    assert!(total.lost() >= 30, "half of the buffers were dropped: {total:?}");
    let frames = frame_log(&log);
    assert_eq!(frames.len() as u64, total.delivered() + total.corrupt());
    assert_eq!(gaps(&frames), total.lost());
    let numbered = frames[frames.len() - 1].sequence - frames[0].sequence + 1;
    assert_eq!(u64::from(numbered), total.numbered());
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_frame_with_the_error_flag_is_corrupt_and_kept_only_on_demand() {
    for keep in [false, true] {
        let vivid = Vivid::camera();
        let directory = tempdir().unwrap();
        let (log, raw) = (directory.path().join("frames.csv"), directory.path().join("frames.raw"));
        let picam = picam(&format!(
            "{SMALL} --allow-skips --stats-interval 200ms --frame-log {} --raw {} {}",
            log.display(),
            raw.display(),
            if keep { "--keep-corrupt" } else { "" }
        ));
        picam.captures();
        for _ in 0..3 {
            vivid.press(Control::InjectErrorFlag);
            // A frame each, also where vivid has little of a busy machine.
            sleep(Duration::from_millis(600));
        }
        let total = picam.terminate().with_status(0).total();

        assert_eq!(total.corrupt(), 3, "{total:?}");
        let frames = frame_log(&log);
        assert!(frames.iter().all(|frame| frame.corrupt == (frame.flags & FLAG_ERROR != 0)), "{frames:?}");
        assert_eq!(frames.iter().filter(|frame| frame.corrupt).count(), 3);
        let written = total.sink("raw").written();
        assert_eq!(fs::metadata(&raw).unwrap().len(), written * SMALL_FRAME);
        let kept = if keep { 3 } else { 0 };
        assert_eq!(written + total.sink("raw").skipped(), total.delivered() + kept);
    }
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_sequence_number_that_wraps_is_no_loss() {
    let vivid = Vivid::camera();
    let directory = tempdir().unwrap();
    let log = directory.path().join("frames.csv");
    // vivid then begins 128 frames before the numbers' end.
    vivid.set(Control::WrapSequenceNumber, 1);
    let total = run_picam(&format!("{SMALL} --count 180 --frame-log {}", log.display())).with_status(0).total();

    let frames = frame_log(&log);
    assert!(frames[0].sequence > u32::MAX - 128, "{:?}", frames[0]);
    assert!(frames[frames.len() - 1].sequence < 1000, "{:?}", frames[frames.len() - 1]);
    assert_eq!(total.lost(), gaps(&frames));
    assert!(total.numbered() < 1000, "{total:?}");
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn timestamps_at_the_clock_s_end_are_only_odd() {
    let vivid = Vivid::camera();
    for wrap in [1, 2] {
        // 16 s before 2^63 ns, and before 2^31 s.
        vivid.set(Control::WrapTimestamp, wrap);
        let total = run_picam(&format!("{SMALL} --count 30")).with_status(0).total();
        assert_eq!(total.delivered(), 30, "{total:?}");
    }
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn timestamps_ahead_of_the_dequeue_make_no_absurd_latency() {
    // vivid stamps a frame with its end, which it puts 0.9 frame intervals after the buffer is filled.
    let _vivid = Vivid::camera();
    let total = run_picam(&format!("{SMALL} --count 30")).with_status(0).total();
    assert!(total.latency_p50().is_none_or(|p50| p50 < 1_000_000), "{total:?}");
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn the_multiplanar_api_gives_the_same_pictures() {
    let vivid = Vivid::load(&["n_devs=1", "node_types=0x1", "multiplanar=2"]);
    let directory = tempdir().unwrap();
    // Two planes; two planes of which the first begins 128 bytes into its buffer; one plane that does so too.
    for (fourcc, frame) in [("NM12", SMALL_FRAME * 3 / 4), ("NM16", SMALL_FRAME), ("YUYV", SMALL_FRAME)] {
        let raw = directory.path().join(fourcc);
        let arguments = format!("{SMALL} --allow-skips --format {fourcc} --count 10 --raw {}", raw.display());
        let total = run_picam(&arguments).with_status(0).total();

        assert_eq!(total.fourcc(), fourcc);
        let bytes = fs::read(&raw).unwrap();
        let written = total.sink("raw").written();
        assert!(written > 0, "{total:?}");
        assert_eq!(bytes.len() as u64, written * frame, "{fourcc}");
        // vivid fills what is before the data with the offset's own number.
        assert!(bytes.chunks(frame as usize).all(|picture| picture[..128] != [128; 128]), "{fourcc}");
    }
    drop(vivid);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn the_driver_s_own_number_of_buffers_is_used_and_said() {
    let _vivid = Vivid::camera();
    // vivid wants two at least.
    for (asked, granted) in [(1, 2..=4), (4, 4..=4), (32, 32..=32)] {
        let total = run_picam(&format!("{SMALL} --count 10 --buffers {asked}")).with_status(0).total();
        assert!(granted.contains(&total.buffers()), "asked for {asked}: {total:?}");
        assert_eq!(total.delivered(), 10);
    }
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_size_other_than_asked_for_is_used_and_said() {
    let _vivid = Vivid::camera();
    let ended = run_picam("--size 1000x700 --fps 30 --count 3 --json").with_status(0);
    assert_eq!(ended.total().size(), (1280, 720));
    ended.said(&["1000x700", "1280x720"]);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn controls_are_set_by_name_and_number_and_checked() {
    let vivid = Vivid::camera();
    run_picam("--count 1 --size 320x180 --set brightness=77").with_status(0);
    assert_eq!(vivid.get(Control::Brightness), 77);
    run_picam("--count 1 --size 320x180 --set 0x00980900=78").with_status(0);
    assert_eq!(vivid.get(Control::Brightness), 78);

    for (setting, said) in [
        ("--set brightness=999", ["brightness", "255"]),
        ("--set no_such_control=1", ["no_such_control", "brightness"]),
        // A menu with items left out: vivid's "Menu" has 1, 3 and 4.
        ("--set menu=2", ["menu", "3 ("]),
        ("--input 9", ["input 9", "HDMI"]),
        ("--standard pal", ["standard pal", "VIDIOC_S_STD"]), // of the webcam input
    ] {
        run_picam(&format!("--count 1 {setting} --strict --size 320x180")).with_status(5).said(&said);
        run_picam(&format!("--count 1 {setting} --size 320x180")).with_status(0).said(&said).said(&["without it"]);
    }
    assert_eq!(vivid.get(Control::Brightness), 78);
}
