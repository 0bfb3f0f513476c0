//! The kernel's own uvcvideo on a USB webcam in software: each frame by its number, and those that are spoilt.

use super::program::{picam, run_picam};
use super::summary::{FLAG_ERROR, frame_log, gaps};
use super::usb_camera::{Encoding, Fault, Mode, Usb, UsbCamera, jpeg_number, yuyv_number};
use std::fs;
use tempfile::tempdir;

const SMALL: &str = "run --size 640x360 --fps 30 --json";
const SMALL_FRAME: u64 = 640 * 360 * 2;

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn yuyv_frames_arrive_whole_and_in_order() {
    let _usb = Usb::load(true);
    let mut camera = UsbCamera::new("YUYV");
    let node = camera.plug();
    let directory = tempdir().unwrap();
    let (log, raw) = (directory.path().join("frames.csv"), directory.path().join("frames.raw"));
    let arguments = format!("{SMALL} --allow-skips --count 60 --frame-log {} --raw {}", log.display(), raw.display());
    let total = run_picam(&arguments).with_status(0).total();

    assert_eq!((total.device(), total.text("/device/driver")), (node.to_str().unwrap(), "uvcvideo"));
    assert_eq!((total.fourcc(), total.size(), total.delivered()), ("YUYV", (640, 360), 60));
    let frames = frame_log(&log);
    assert_eq!(gaps(&frames), total.lost());
    let pictures = fs::read(&raw).unwrap();
    let numbers: Vec<Option<u32>> = pictures.chunks(SMALL_FRAME as usize).map(yuyv_number).collect();
    // The camera numbers its frames as the driver numbers its sequence, so the two have to agree.
    let sequences: Vec<Option<u32>> = frames.iter().map(|frame| Some(frame.sequence)).collect();
    if total.sink("raw").skipped() == 0 {
        assert_eq!(numbers, sequences);
    } else {
        assert!(numbers.iter().all(|number| number.is_some() && sequences.contains(number)), "{numbers:?}");
    }
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn mjpeg_frames_are_as_long_as_the_camera_made_them() {
    let _usb = Usb::load(true);
    let mut camera = UsbCamera::new("MJPEG").faults(|_, frame| (frame == 20).then_some(Fault::Short));
    camera.plug();
    let directory = tempdir().unwrap();
    let (log, raw) = (directory.path().join("frames.csv"), directory.path().join("frames.mjpeg"));
    let arguments = format!(
        "run --format MJPG,YUYV --size 1280x720 --fps 30 --json --allow-skips --count 60 --frame-log {} --raw {}",
        log.display(),
        raw.display()
    );
    let total = run_picam(&arguments).with_status(0).total();

    assert_eq!((total.fourcc(), total.size()), ("MJPG", (1280, 720)));
    let frames = frame_log(&log);
    let whole = frames[0].bytesused;
    let pictures = fs::read(&raw).unwrap();
    assert_eq!(pictures.len() as u64, total.sink("raw").bytes());
    assert_eq!(jpeg_number(&pictures[..whole as usize]), Some(frames[0].sequence));
    // Nothing tells the driver how long a compressed frame should be: a short one is delivered as it is.
    for frame in frames.iter().filter(|frame| !frame.corrupt) {
        assert_eq!(frame.bytesused, if frame.sequence == 20 { whole / 3 } else { whole }, "{frame:?}");
    }
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn short_and_damaged_frames_are_corrupt() {
    let _usb = Usb::load(true);
    let mut camera = UsbCamera::new("DAMAGED").faults(|_, frame| match frame % 10 {
        3 => Some(Fault::Short),
        6 => Some(Fault::Error),
        9 => Some(Fault::Garbage),
        _ => None,
    });
    camera.plug();
    let directory = tempdir().unwrap();
    let log = directory.path().join("frames.csv");
    let total = run_picam(&format!("{SMALL} --count 40 --frame-log {}", log.display())).with_status(0).total();

    // Garbage of the right length is for nobody below the picture to see.
    let frames = frame_log(&log);
    for frame in &frames {
        assert_eq!(frame.corrupt, [3, 6].contains(&(frame.sequence % 10)), "{frame:?}");
        assert_eq!(frame.flags & FLAG_ERROR != 0, frame.corrupt, "{frame:?}");
        assert_eq!(frame.bytesused, if frame.sequence % 10 == 3 { SMALL_FRAME / 3 } else { SMALL_FRAME }, "{frame:?}");
    }
    assert_eq!(total.corrupt(), frames.iter().filter(|frame| frame.corrupt).count() as u64);
    assert!(total.corrupt() >= 8, "{total:?}");
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn damaged_frames_that_the_driver_keeps_to_itself_are_lost() {
    let _usb = Usb::load(false);
    let mut camera = UsbCamera::new("DAMAGED").faults(|_, frame| (frame % 10 == 5).then_some(Fault::Error));
    camera.plug();
    let directory = tempdir().unwrap();
    let log = directory.path().join("frames.csv");
    let total = run_picam(&format!("{SMALL} --count 45 --frame-log {}", log.display())).with_status(0).total();

    let frames = frame_log(&log);
    assert!(frames.iter().all(|frame| frame.sequence % 10 != 5 && !frame.corrupt), "{frames:?}");
    assert_eq!((total.corrupt(), total.lost()), (0, gaps(&frames)));
    assert!(total.lost() >= 4, "{total:?}");
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn a_camera_that_falls_silent_is_started_again() {
    let _usb = Usb::load(true);
    let mut camera =
        UsbCamera::new("STALLS").faults(|stream, frame| (stream == 0 && frame == 20).then_some(Fault::Stall));
    camera.plug();
    let picam = picam(&format!("{SMALL} --timeout 1s --count 60"));
    let ended = picam.end().with_status(0);

    let total = ended.total();
    assert_eq!((total.delivered(), total.restarts()), (60, 1), "{total:?}");
    assert_eq!(camera.streams(), 2);
    ended.said(&["/dev/video0", "no frame"]);
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn a_rate_that_usb_2_is_too_slow_for_is_said_with_the_remedy() {
    let _usb = Usb::load(true);
    // As a real camera on USB 2.0: few frames a second uncompressed, and the remedy is the other format.
    let mode = |encoding, fps: &[u32]| Mode { encoding, width: 1280, height: 720, fps: fps.to_vec() };
    let mut camera = UsbCamera::new("SLOW").modes(&[mode(Encoding::Yuyv, &[10, 5]), mode(Encoding::Mjpeg, &[30])]);
    camera.plug();
    let ended = run_picam("--size 1280x720 --fps 30 --count 10 --json").with_status(0);
    assert_eq!(ended.total().delivered(), 10);
    ended.said(&["30", "10", "USB 2", "MJPG"]);
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn a_control_reaches_the_camera() {
    let _usb = Usb::load(true);
    let mut camera = UsbCamera::new("CONTROLS");
    camera.plug();
    run_picam(&format!("{SMALL} --count 3 --set brightness=-20")).with_status(0);
    assert_eq!(camera.brightness(), -20);
    run_picam(&format!("{SMALL} --count 3 --set brightness=65")).with_status(0).said(&["brightness", "-64", "64"]);
    run_picam(&format!("{SMALL} --strict --set brightness=65")).with_status(5).said(&["brightness", "-64", "64"]);
    assert_eq!(camera.brightness(), -20);
}
