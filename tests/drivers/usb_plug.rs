//! USB cameras come and go: picam waits for its own, takes no other for it, and goes on when it is back.

use super::program::{picam, run_picam};
use super::summary::frame_log;
use super::usb_camera::{Fault, PRODUCT, Usb, UsbCamera, VENDOR};
use std::thread::sleep;
use std::time::Duration;
use tempfile::tempdir;

const SMALL: &str = "run --size 640x360 --fps 30 --json --stats-interval 300ms";

/// The selector for a camera by what it is and its serial number.
fn by_serial(serial: &str) -> String {
    format!("usb={VENDOR:04x}:{PRODUCT:04x}:{serial}")
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn a_camera_plugged_in_later_is_waited_for() {
    let _usb = Usb::load(true);
    let mut camera = UsbCamera::new("LATE");
    let picam = picam(SMALL);
    picam.says("--device test");
    sleep(Duration::from_secs(1));
    assert!(picam.is_running());
    camera.plug();
    picam.captures();
    picam.terminate().with_status(0).total();
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn a_camera_pulled_out_and_plugged_in_again_goes_on() {
    let _usb = Usb::load(true);
    let mut camera = UsbCamera::new("REPLUG");
    camera.plug();
    let directory = tempdir().unwrap();
    let log = directory.path().join("frames.csv");
    let picam = picam(&format!("{SMALL} --frame-log {}", log.display()));
    picam.captures();
    for _ in 1..=2 {
        camera.unplug();
        picam.says("wait");
        sleep(Duration::from_millis(500));
        assert!(picam.is_running());
        camera.plug();
        picam.goes_on();
    }
    let total = picam.terminate().with_status(0).total();

    assert_eq!(total.restarts(), 2, "{total:?}");
    assert_eq!(camera.streams(), 3);
    // The camera counts from 0 with each stream: that is a new stream, no loss and no gap of four thousand million.
    let frames = frame_log(&log);
    assert_eq!(frames.len() as u64, total.delivered() + total.corrupt());
    assert_eq!(frames.windows(2).filter(|pair| pair[1].sequence <= pair[0].sequence).count(), 2);
    assert!(total.numbered() <= u64::from(camera.frames()), "{total:?}");
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn a_camera_that_pulls_itself_out_in_mid_frame_is_lost_and_said() {
    let _usb = Usb::load(true);
    let mut camera = UsbCamera::new("FALLS-OUT").faults(|_, frame| (frame == 20).then_some(Fault::Unplug));
    camera.plug();
    let ended = picam(&format!("{SMALL} --on-error exit")).end().with_status(6);
    let total = ended.total();
    assert!(total.delivered() > 0 && total.numbered() <= 20, "{total:?}");
    ended.said(&["/dev/video0", "gone"]);
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn a_camera_back_under_another_number_is_found_and_no_other_taken() {
    let _usb = Usb::load(true);
    let mut ours = UsbCamera::new("OURS");
    let first = ours.plug();
    let picam = picam(&format!("{SMALL} --device auto"));
    picam.captures();
    ours.unplug();
    picam.says("wait");
    // Another of the same model takes the number, at another port; it is not the one.
    let mut other = UsbCamera::new("OTHER").port(1);
    assert_eq!(other.plug(), first);
    sleep(Duration::from_secs(2));
    assert_eq!(other.streams(), 0, "picam took another camera");
    let second = ours.plug();
    assert_ne!(second, first);
    picam.reports("the new node", |it| it.device() == second.to_str().unwrap() && it.delivered() > 0);
    picam.goes_on();
    let total = picam.terminate().with_status(0).total();

    assert_eq!((total.restarts(), ours.streams(), other.streams()), (1, 2, 0), "{total:?}");
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn two_cameras_of_a_model_are_told_apart_by_their_serial_numbers() {
    let _usb = Usb::load(true);
    let mut left = UsbCamera::new("LEFT").port(0);
    let mut right = UsbCamera::new("RIGHT").port(1);
    left.plug();
    let node = right.plug();
    // As the list names them.
    let list = run_picam("list --json").with_status(0).stdout.join("\n");
    for serial in ["LEFT", "RIGHT"] {
        assert!(list.contains(&format!("\"{}\"", by_serial(serial))), "{list}");
    }
    let picam = picam(&format!("{SMALL} --device {}", by_serial("RIGHT")));
    assert_eq!(picam.captures().device(), node.to_str().unwrap());
    right.unplug();
    picam.says("wait");
    sleep(Duration::from_secs(2));
    assert!(picam.is_running());
    // Back in another port: the serial number is what was asked for.
    left.unplug();
    left.plug();
    right.plug();
    picam.goes_on();
    picam.terminate().with_status(0).total();
    assert_eq!((left.streams(), right.streams()), (0, 2));
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn a_camera_without_a_serial_number_is_known_by_its_port() {
    let _usb = Usb::load(true);
    let mut ours = UsbCamera::new("").without_serial();
    ours.plug();
    let picam = picam(SMALL);
    picam.captures();
    ours.unplug();
    picam.says("wait");
    let mut other = UsbCamera::new("").without_serial().port(1);
    other.plug();
    sleep(Duration::from_secs(2));
    assert_eq!(other.streams(), 0, "picam took another camera");
    ours.plug();
    picam.goes_on();
    picam.terminate().with_status(0).total();
    assert_eq!((ours.streams(), other.streams()), (2, 0));
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn a_model_without_a_serial_number_asked_for_is_any_of_that_model() {
    let _usb = Usb::load(true);
    let mut camera = UsbCamera::new("ANY").product("Another name");
    camera.plug();
    for selector in [format!("usb={VENDOR:04x}:{PRODUCT:04x}"), format!("usb={VENDOR:04X}:{PRODUCT:04X}:ANY")] {
        let total = picam(&format!("{SMALL} --count 3 --device {selector}")).end().with_status(0).total();
        assert_eq!(total.text("/device/card"), "Another name");
    }
    let wrong = picam(&format!("{SMALL} --on-error exit --device usb={VENDOR:04x}:{PRODUCT:04x}:NONE"));
    wrong.end().with_status(3).said(&["NONE"]);
}
