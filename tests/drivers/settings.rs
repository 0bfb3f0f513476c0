//! What picam asks of a driver, and does where the driver refuses: a setting that fails costs no frame.

use super::failing::{Request, with_failing};
use super::program::{Ended, PICAM, Program};
use super::vivid::{HDMI, Vivid};
use std::process::Command;
use tempfile::tempdir;

/// Everything that can be set, on an analogue input.
const ALL: &str = "--input 1 --standard pal --fps 25 --set brightness=200 --size 720x576";
/// The greatest errno of Linux: EHWPOISON.
const ERRNOS: std::ops::RangeInclusive<i32> = 1..=133;

fn run(arguments: &str, failing: &[Request], errno: i32) -> Ended {
    let mut command = Command::new(PICAM);
    command.args(arguments.split_whitespace());
    Program::start(with_failing(&mut command, failing, errno)).end()
}

/// The lines on standard error that hold `text`.
fn lines<'a>(ended: &'a Ended, text: &str) -> Vec<&'a String> {
    ended.stderr.iter().filter(|line| line.contains(text)).collect()
}

#[test]
#[ignore = "needs vivid, seccomp: run by tests/drivers/run"]
fn a_setting_that_fails_with_whatever_errno_is_logged_once_and_left_out() {
    let _vivid = Vivid::camera();
    let settings = [
        (Request::SExtCtrls, "control brightness"),
        (Request::SParm, "25 fps"),
        (Request::SInput, "input 1"),
        (Request::SStd, "standard pal"),
    ];
    for errno in ERRNOS {
        // Each alone costs four times as long, and goes through the same code.
        let all = settings.map(|(request, _)| request);
        let ended = run(&format!("{ALL} --count 2 --json"), &all, errno).with_status(0);
        assert_eq!(ended.total().delivered(), 2, "errno {errno}");
        for (request, setting) in settings {
            let lines = lines(&ended, setting);
            assert!(lines.len() <= 1, "errno {errno}: {request:?} is logged more than once: {lines:#?}");
            // The webcam's input has 25 fps without being asked, once it stays selected.
            assert!(lines.len() == 1 || request == Request::SParm, "errno {errno}: {request:?}: {:#?}", ended.stderr);
            assert!(lines.iter().all(|line| line.contains("without it")), "errno {errno}: {lines:#?}");
        }
        run(&format!("{ALL} --count 2 --strict --on-error exit"), &all, errno).with_status(5);
    }
}

#[test]
#[ignore = "needs vivid, seccomp: run by tests/drivers/run"]
fn one_setting_that_fails_leaves_the_others() {
    let vivid = Vivid::camera();
    for (failing, setting) in [(Request::SInput, "input"), (Request::SStd, "standard"), (Request::SExtCtrls, "control")]
    {
        let ended = run(&format!("{ALL} --count 2 --json"), &[failing], libc::EPIPE).with_status(0);
        assert_eq!(lines(&ended, "Broken pipe").len(), 1, "{failing:?}: {:#?}", ended.stderr);
        assert_eq!(lines(&ended, "Broken pipe")[0].matches(setting).count(), 1);
        vivid.select_input(0);
    }
}

#[test]
#[ignore = "needs vivid, seccomp: run by tests/drivers/run"]
fn what_only_informs_is_not_needed_to_capture() {
    let _vivid = Vivid::camera();
    let asking = [Request::GParm, Request::SParm, Request::Enuminput, Request::QueryExtCtrl];
    for errno in [libc::EIO, libc::EPIPE, libc::EINVAL, libc::ENOTTY, libc::EPROTO] {
        let ended = run("--count 2 --fps 30 --size 640x360 --json", &asking, errno).with_status(0);
        assert_eq!(ended.total().delivered(), 2, "errno {errno}");
    }
}

#[test]
#[ignore = "needs vivid, seccomp: run by tests/drivers/run"]
fn a_kernel_without_memory_for_buffers_is_said_with_the_remedy() {
    let _vivid = Vivid::camera();
    let ended = run("--count 2 --on-error exit", &[Request::Reqbufs], libc::ENOMEM).with_status(6);
    ended.said(&["no memory for 4 buffers of 1.8 MB", "--buffers", "cma="]);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_control_that_changes_the_format_is_followed() {
    let _vivid = Vivid::camera();
    let directory = tempdir().unwrap();
    let video = directory.path().join("video.y4m");
    // Without a scaler the picture is as large as the signal, whatever was granted before.
    let arguments = format!(
        "--input {HDMI} --size 640x360 --set enable_capture_scaler=0 --set enable_capture_cropping=0 --set enable_capture_composing=0 --count 3 --json"
    );
    let ended = run(&format!("{arguments} --allow-skips --y4m {}", video.display()), &[], 0).with_status(0);
    let total = ended.total();
    assert_eq!((total.size(), total.delivered(), total.corrupt()), ((1280, 720), 3, 0), "{total:?}");
    ended.said(&["1280x720, not 640x360"]);
    let video = std::fs::read(&video).unwrap();
    let header = video.split(|byte| *byte == b'\n').next().unwrap();
    assert!(header.starts_with(b"YUV4MPEG2 W1280 H720 "), "{}", String::from_utf8_lossy(header));
    // A slow machine skips a frame, and writes none in part.
    let (frames, frame) = (video.len() - header.len() - 1, b"FRAME\n".len() + 1280 * 720 * 2);
    assert!(frames > 0 && frames % frame == 0, "{frames} bytes of frames of {frame}");
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_tv_standard_decides_size_and_rate() {
    // ccs_cap_mode 0: no scaler, so the standard's size is the format's.
    let _vivid = Vivid::load(&["n_devs=1", "node_types=0x1", "ccs_cap_mode=0"]);
    for (standard, size, rate) in
        [("pal", (720, 576), "25"), ("ntsc", (720, 480), "29.97"), ("PAL-60", (720, 480), "29.97")]
    {
        let ended =
            run(&format!("--input 1 --standard {standard} --size 720x576 --count 2 --json"), &[], 0).with_status(0);
        assert_eq!(ended.total().size(), size, "{standard}");
        ended.said(&[&format!("at {rate} fps")]);
    }
}
