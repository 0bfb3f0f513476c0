//! The sensors of golden trees: each file lists what /sys of one kind of machine has, a path and its content a line.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::clock;
use tempfile::TempDir;

const PI_3: &str = include_str!("../../tests/golden/sys/pi3");
const PI_4: &str = include_str!("../../tests/golden/sys/pi4");
const PI_5: &str = include_str!("../../tests/golden/sys/pi5");
const NONE: &str = include_str!("../../tests/golden/sys/none");

fn set(tree: &TempDir, path: &str, content: &str) {
    let path = tree.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("{content}\n")).unwrap();
}

fn machine(list: &str) -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    list.lines().filter_map(|line| line.split_once(' ')).for_each(|(path, content)| set(&tree, path, content));
    tree
}

fn read(list: &str) -> Thermal {
    Sensors::find(machine(list).path()).read(&Thermal::default())
}

#[test]
fn each_machine_tells_what_it_has() {
    let thermal = |celsius, throttled, under_voltage| Thermal {
        celsius,
        throttled,
        throttlings: u64::from(throttled == Some(true)),
        under_voltage,
        under_voltages: u64::from(under_voltage == Some(true)),
    };
    assert_eq!(read(PI_3), thermal(Some(58.532), Some(true), Some(true)));
    assert_eq!(read(PI_4), thermal(Some(82.3), Some(true), Some(false)));
    assert_eq!(read(PI_5), thermal(Some(47.45), Some(false), Some(false)));
    assert_eq!(read(NONE), Thermal::default());
    assert!(Sensors::find(machine(NONE).path()).tell_nothing());
    assert!(Sensors::find(machine(NONE).path()).tell_nothing());
}

#[test]
fn the_firmware_remembers_but_only_what_is_so_now_counts() {
    let tree = machine(PI_4);
    set(&tree, "bus/platform/drivers/raspberrypi-firmware/soc.firmware/get_throttled", "f0000");
    let thermal = Sensors::find(tree.path()).read(&Thermal::default());
    assert_eq!((thermal.throttled, thermal.under_voltage), (Some(false), Some(false)));
}

#[test]
fn without_the_firmwares_word_the_kernels_cooling_counts() {
    let tree = machine(PI_5);
    set(&tree, "class/thermal/cooling_device1/cur_state", "3");
    assert_eq!(Sensors::find(tree.path()).read(&Thermal::default()).throttled, Some(true));
}

#[test]
fn what_cannot_be_read_is_unknown() {
    for (content, celsius) in [("", None), ("hot", None), ("-5000", Some(-5.0)), ("99999999999999999999", None)] {
        let tree = machine(PI_4);
        set(&tree, "class/thermal/thermal_zone0/temp", content);
        assert_eq!(Sensors::find(tree.path()).read(&Thermal::default()).celsius, celsius, "{content}");
    }
}

#[test]
fn each_change_is_told_once_and_counted() {
    let tree = machine(PI_5);
    let sensors = Sensors::find(tree.path());
    let mut before = Thermal::default();
    let mut told = Vec::new();
    for (alarm, state) in [("0", "0"), ("1", "0"), ("1", "2"), ("1", "3"), ("0", "0"), ("0", "1")] {
        set(&tree, "class/hwmon/hwmon10/in0_lcrit_alarm", alarm);
        set(&tree, "class/thermal/cooling_device1/cur_state", state);
        let now = sensors.read(&before);
        told.extend(
            now.changes(&before).map(|(level, text)| (level, text.split(' ').take(5).collect::<Vec<_>>().join(" "))),
        );
        before = now;
    }
    let expected = [
        (Level::Warn, "under-voltage: USB cameras may fail"),
        (Level::Warn, "the processor is throttled at"),
        (Level::Info, "no more under-voltage"),
        (Level::Info, "the processor is no longer"),
        (Level::Warn, "the processor is throttled at"),
    ];
    assert_eq!(told, expected.map(|(level, text)| (level, text.to_owned())));
    assert_eq!((before.under_voltages, before.throttlings), (1, 2));
}

#[test]
fn the_monitor_has_a_first_look_at_once_and_ends() {
    let tree = machine(PI_4);
    let monitor = Monitor::start(tree.path()).unwrap();
    clock::until("a first look", || monitor.last().filter(|thermal| thermal.celsius.is_some()));
    // Joins its thread, which would go on for ever if it did not see the end.
    drop(monitor);
}
