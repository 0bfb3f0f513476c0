//! What drivers do to a program that holds a device: they refuse, fail, change the format and go away. picam says so, and
//! goes on.

use super::program::{Program, picam, run_picam};
use super::vivid::{CURRENT_TIMINGS, Control, HDMI, NO_SIGNAL, SELECTED_TIMINGS, TV, VGA_640X480, Vivid};
use super::wait;
use std::thread::sleep;
use std::time::Duration;

const SMALL: &str = "run --size 640x360 --fps 50 --json --stats-interval 300ms";

/// Ends picam and asserts that it started anew at least once, with figures that add up.
fn has_restarted(picam: Program) {
    let total = picam.terminate().with_status(0).total();
    assert!(total.restarts() >= 1, "{total:?}");
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_refused_start_is_retried() {
    let vivid = Vivid::camera();
    for (error, request) in [
        (Control::InjectReqbufsError, "VIDIOC_REQBUFS"),
        (Control::InjectQbufError, "VIDIOC_QBUF"),
        (Control::InjectStreamonError, "VIDIOC_STREAMON"),
    ] {
        vivid.press(error); // the next such request fails, once
        let picam = picam(SMALL);
        let said = picam.says(request);
        assert!(said.contains("/dev/video0") && said.contains("Invalid argument"), "{said}");
        picam.captures();
        let total = picam.terminate().with_status(0).total();
        assert!(total.delivered() > 0, "{error:?}: {total:?}");
    }
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_buffer_that_cannot_be_queued_again_does_not_stop_the_capture() {
    let vivid = Vivid::camera();
    let picam = picam(SMALL);
    picam.captures();
    // More often than there are buffers: a program that only forgets the buffer would starve.
    for _ in 0..6 {
        vivid.press(Control::InjectQbufError);
        sleep(Duration::from_millis(300));
    }
    picam.goes_on();
    let ended = picam.terminate().with_status(0);
    assert_eq!(ended.total().restarts(), 0, "no buffer was lost for the rest of the stream");
    ended.said(&["VIDIOC_QBUF", "Invalid argument"]);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_failed_queue_is_set_up_again() {
    let vivid = Vivid::camera();
    let picam = picam(SMALL);
    picam.captures();
    vivid.press(Control::InjectFatalStreamingError);
    picam.goes_on();
    has_restarted(picam);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_disconnected_device_is_waited_for() {
    let vivid = Vivid::camera();
    let picam = picam(SMALL);
    picam.captures();
    // vivid refuses everything from now on, until nobody has it open any more: this descriptor keeps it so for a while.
    let held = vivid.open();
    vivid.press(Control::Disconnect);
    picam.says("gone");
    sleep(Duration::from_secs(2));
    assert!(picam.is_running());
    drop(held);
    picam.goes_on();
    has_restarted(picam);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_device_whose_node_goes_and_comes_back_is_waited_for() {
    let vivid = Vivid::camera();
    let picam = picam(SMALL);
    picam.captures();
    vivid.bind(false);
    picam.says("wait");
    vivid.bind(true);
    picam.goes_on();
    has_restarted(picam);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_lost_device_ends_picam_where_that_is_wanted() {
    let vivid = Vivid::camera();
    let picam = picam(&format!("{SMALL} --on-error exit"));
    picam.captures();
    vivid.press(Control::Disconnect);
    let ended = picam.end().with_status(6);
    assert!(ended.total().delivered() > 0);
    ended.said(&["/dev/video0", "gone"]);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn an_input_without_a_signal_is_said_and_captured_from_when_it_has_one() {
    let vivid = Vivid::camera();
    vivid.select_input(HDMI);
    vivid.set(Control::DvTimingsSignalMode, NO_SIGNAL);
    let picam = picam(&format!("run --input {HDMI} --json --stats-interval 300ms"));
    picam.says("no signal");
    vivid.set(Control::DvTimingsSignalMode, CURRENT_TIMINGS);
    picam.goes_on();
    picam.terminate().with_status(0).total();
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_driver_that_delivers_noise_for_lack_of_a_signal_is_not_captured_from() {
    let vivid = Vivid::camera();
    vivid.select_input(TV);
    vivid.set(Control::StandardSignalMode, NO_SIGNAL);
    run_picam(&format!("snapshot --input {TV} /dev/shm/noise.jpg")).with_status(6).said(&["no signal", "cable"]);
    let picam = picam(&format!("run --input {TV} --json --stats-interval 300ms"));
    picam.says("no signal");
    vivid.set(Control::StandardSignalMode, CURRENT_TIMINGS);
    picam.says("again"); // after the event that vivid sends, or by asking
    vivid.set(Control::StandardSignalMode, NO_SIGNAL);
    wait::until("a second report", || {
        let reports = picam.said().iter().filter(|line| line.contains("no signal")).count();
        (reports == 2).then_some(())
    });
    picam.terminate().with_status(0).total();
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_source_that_changes_its_size_is_followed() {
    // ccs_cap_mode 0: no cropping, composing or scaling, so the source's size is the format's.
    let vivid = Vivid::load(&["n_devs=1", "node_types=0x1", "ccs_cap_mode=0"]);
    vivid.select_input(HDMI);
    vivid.set(Control::DvTimingsSignalMode, CURRENT_TIMINGS);
    let picam = picam(&format!("run --input {HDMI} --json --stats-interval 300ms"));
    assert_eq!(picam.captures().size(), (1280, 720)); // vivid's first timings

    // The first sends the event, with the second: the timings are those selected.
    vivid.set(Control::DvTimings, VGA_640X480);
    vivid.set(Control::DvTimingsSignalMode, SELECTED_TIMINGS);
    picam.reports("the new size", |summary| summary.size() == (640, 480) && summary.delivered() > 0);
    has_restarted(picam);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn waiting_for_a_device_costs_next_to_nothing() {
    let picam = picam("run --json");
    picam.says("wait");
    let before = cpu_ticks(picam.pid());
    sleep(Duration::from_secs(3));
    let spent = cpu_ticks(picam.pid()) - before;
    assert!(picam.is_running());
    assert!(spent <= 10, "{spent} ticks of 10 ms in 3 s");
    picam.terminate().with_status(0);
}

/// User and system time of a process in clock ticks: fields 14 and 15 of /proc/PID/stat (proc_pid_stat(5)).
fn cpu_ticks(pid: u32) -> u64 {
    let stat = wait::until("the process's figures", || std::fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    let after_name = stat.rsplit_once(')').expect("a name in brackets").1;
    after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("ticks")).sum()
}
