//! Which device picam takes, what it says when it cannot have it, and what it says of those that are there.

use super::kernel::Module;
use super::program::{PICAM, Program, picam, run_picam};
use super::vivid::Vivid;
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;
use tempfile::tempdir;

const SMALL: &str = "run --size 320x180 --fps 30 --json --stats-interval 300ms";

#[test]
#[ignore = "needs vivid, vicodec, vim2m: run by tests/drivers/run"]
fn auto_passes_over_nodes_that_cannot_capture_video() {
    // Codec and memory-to-memory nodes come first, then vivid's output and metadata nodes, its capture node last.
    let _vicodec = Module::load("vicodec", &[]);
    let _vim2m = Module::load("vim2m", &[]);
    let vivid = Vivid::load(&["n_devs=1", "node_types=0x60101", "vid_cap_nr=20"]);
    assert_eq!(vivid.node(0).to_str(), Some("/dev/video20"));

    let total = run_picam(&format!("{SMALL} --device auto --count 5")).with_status(0).total();
    assert_eq!(total.device(), "/dev/video20");
    // One that was asked for by name is refused.
    run_picam(&format!("{SMALL} --device /dev/video0 --on-error exit")).with_status(3).said(&["/dev/video0"]);
}

#[test]
#[ignore = "needs vimc, vivid: run by tests/drivers/run"]
fn auto_passes_over_nodes_whose_pipeline_has_to_be_set_up() {
    // vimc's nodes are as a CSI receiver's: they come first, capture video, and deliver nothing by themselves.
    let _vimc = Module::load("vimc", &[]);
    run_picam(&format!("{SMALL} --device auto --on-error exit")).with_status(3).said(&["no camera found", "vimc"]);
    let vivid = Vivid::load(&["n_devs=1", "node_types=0x1", "vid_cap_nr=20"]);
    let total = run_picam(&format!("{SMALL} --device auto --count 5")).with_status(0).total();
    assert_eq!(total.device(), vivid.node(0).to_str().unwrap());
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_camera_is_chosen_by_bus_by_name_by_path_and_by_link() {
    let vivid = Vivid::load(&["n_devs=2", "node_types=0x1,0x1"]);
    let second = vivid.node(1);
    let directory = tempdir().unwrap();
    let link = directory.path().join("camera");
    symlink(&second, &link).unwrap();

    for selector in ["bus=platform:vivid-001", second.to_str().unwrap(), link.to_str().unwrap()] {
        let total = run_picam(&format!("{SMALL} --device {selector} --count 3")).with_status(0).total();
        assert_eq!(total.device(), second.to_str().unwrap(), "{selector}");
        assert_eq!(total.text("/device/bus"), "platform:vivid-001");
    }
    let named = run_picam(&format!("{SMALL} --device name=vivid --count 3")).with_status(0).total();
    assert_eq!(named.text("/device/card"), "vivid");
    run_picam(&format!("{SMALL} --device bus=platform:vivid-002 --on-error exit")).with_status(3).said(&["vivid-002"]);
}

#[test]
#[ignore = "needs root and no cameras: run by tests/drivers/run"]
fn no_camera_and_what_is_no_camera_have_their_exit_status() {
    run_picam("--on-error exit").with_status(3).said(&["--device test"]);
    run_picam("--device /dev/video9 --on-error exit").with_status(3).said(&["/dev/video9"]);
    run_picam("--device /dev/null --on-error exit").with_status(3).said(&["/dev/null"]);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_busy_camera_is_waited_for_and_its_holder_named() {
    let vivid = Vivid::camera();
    let directory = tempdir().unwrap();
    let other = directory.path().join("other-camera-app");
    symlink(PICAM, &other).unwrap();
    let holder = Program::start(Command::new(&other).args(SMALL.split(' ')));
    holder.captures();
    let pid = holder.pid().to_string();
    let node = vivid.node(0);

    // A process's name in /proc is cut at 15 characters.
    let refused = run_picam(&format!("{SMALL} --on-error exit")).with_status(4);
    refused.said(&[node.to_str().unwrap(), "other-camera-ap", &pid]);
    // Whichever request it is that finds the camera in use.
    run_picam(&format!("{SMALL} --input 1 --on-error exit")).with_status(4).said(&["other-camera-ap", &pid]);

    let patient = picam(SMALL);
    let said = patient.says("other-camera-ap");
    assert!(said.contains(&pid), "{said}");
    assert!(patient.is_running());
    holder.terminate().with_status(0);
    patient.captures();
    patient.terminate().with_status(0).total();
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn strict_refuses_what_the_device_has_not_and_lists_what_it_has() {
    let _vivid = Vivid::camera();
    run_picam("--strict --size 1000x700 --count 1").with_status(5).said(&["1000x700", "640x360", "1280x720"]);
    run_picam("--strict --format MJPG --count 1").with_status(5).said(&["MJPG", "YUYV"]);
    run_picam("--strict --fps 7 --size 640x360 --count 1").with_status(5).said(&["7"]);
    run_picam("--strict --format YUYV --size 640x360 --fps 30 --count 1").with_status(0);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn list_tells_all_of_each_camera() {
    let vivid = Vivid::load(&["n_devs=2", "node_types=0x60101,0x1"]);
    // A camera that someone streams from is listed as any other.
    let holder = picam(SMALL);
    holder.captures();
    let ended = run_picam("list --json").with_status(0);
    let list: Value = serde_json::from_str(&ended.stdout.join("\n")).expect("JSON");
    let cameras = list.as_array().expect("a list of cameras");
    assert_eq!(cameras.len(), 2, "the cameras alone, not vivid's other nodes: {list:#}");
    for (number, camera) in cameras.iter().enumerate() {
        let bus = format!("platform:vivid-{number:03}");
        assert_eq!(camera["device"], format!("bus={bus}"));
        assert_eq!(camera["path"], vivid.node(number).to_str().unwrap());
        assert_eq!(
            (&camera["card"], &camera["driver"], &camera["bus"]),
            (&"vivid".into(), &"vivid".into(), &bus.into())
        );
        assert_eq!(camera["inputs"][3], format!("HDMI {number:03}-0"));

        let yuyv = entry(&camera["formats"], "fourcc", "YUYV");
        assert_eq!(yuyv["sizes"].as_array().map(Vec::len), Some(6), "{yuyv:#}");
        let hd = entry(&yuyv["sizes"], "size", "1280x720");
        assert_eq!((&hd["fps"][0], hd["fps"].as_array().map(Vec::len)), (&60.0.into(), Some(12)), "{hd:#}");
        entry(&camera["formats"], "fourcc", "NV12");

        let brightness = entry(&camera["controls"], "name", "brightness");
        let range = ["minimum", "maximum", "step", "default", "value"].map(|key| brightness[key].as_i64());
        assert_eq!(range, [0, 255, 1, 128, 128].map(Some), "{brightness:#}");
        let menu = entry(&camera["controls"], "name", "menu");
        assert_eq!(menu["menu"].as_array().map(Vec::len), Some(3), "{menu:#}");
    }
    let text = run_picam("list").with_status(0).stdout.join("\n");
    for part in ["vivid", "bus=platform:vivid-000", "bus=platform:vivid-001", "YUYV", "1280x720 (60", "brightness"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

/// The entry of a list whose `key` is `value`.
fn entry<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let entries = list.as_array().expect("a list");
    entries.iter().find(|entry| entry[key] == value).unwrap_or_else(|| panic!("no {key} {value} in {list:#}"))
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_signal_ends_the_run_at_once_with_its_total() {
    let _vivid = Vivid::camera();
    for signal in [Signal::TERM, Signal::INT] {
        let picam = picam(SMALL);
        picam.captures();
        picam.signal(signal);
        let ended = picam.end_within(Duration::from_secs(1)).with_status(0);
        assert!(ended.total().delivered() > 0);
    }
    // While it waits for a device too.
    let waiting = picam("run --device /dev/video9 --json");
    waiting.says("wait");
    waiting.signal(Signal::TERM);
    waiting.end_within(Duration::from_secs(1)).with_status(0).total();
}
