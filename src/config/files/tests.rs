//! The overriding file in its states: good, mistaken, gone.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use tempfile::TempDir;

/// A device: /etc, a boot partition and a state directory.
struct Device {
    root: TempDir,
    files: Files,
}

impl Device {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for directory in ["firmware", "state"] {
            fs::create_dir(at(directory)).unwrap();
        }
        let files = Files {
            config: Some(at("etc.toml")),
            overrides: vec![at("firmware/picam.toml"), at("boot.toml")],
            state: Some(at("state")),
        };
        let device = Device { root, files };
        device.write("etc.toml", "buffers = 5\nframes = true\n[set]\na = 1\nb = 2\n");
        device
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.root.path().join(name), text).unwrap();
    }

    fn starts(&self) -> Loaded {
        self.files.load(&Settings::default()).unwrap()
    }

    fn buffers(&self) -> u32 {
        self.starts().config.capture.buffers
    }
}

#[test]
fn the_boot_partitions_file_overrides_key_by_key_and_flags_override_both() {
    let device = Device::new();
    assert_eq!(device.buffers(), 5);
    device.write("boot.toml", "buffers = 6\n[set]\nb = 3\n");
    let Loaded { config, warnings, .. } = device.starts();
    assert!(warnings.is_empty());
    assert_eq!((config.capture.buffers, config.sinks.len()), (6, 1));
    assert_eq!(config.capture.controls, [("a".into(), "1".into()), ("b".into(), "3".into())]);
    let fallback = device.starts().fallback.unwrap();
    assert_eq!((fallback.capture.buffers, fallback.file), (5, device.root.path().join("boot.toml")));

    let flags = Settings { buffers: Some(7), ..Settings::default() };
    assert_eq!(device.files.load(&flags).unwrap().config.capture.buffers, 7);

    device.write("firmware/picam.toml", "buffers = 8\n");
    assert_eq!(device.buffers(), 8);
}

#[test]
fn after_a_mistake_the_last_good_one_is_used_until_it_is_mended() {
    let device = Device::new();
    device.write("boot.toml", "buffers = 6");
    assert_eq!(device.buffers(), 6);
    for mistake in ["buffers = 7\nbufers = 8\n", "buffers = ", "json = true\nbuffers = 7\n", "\0\0\0\0", "\u{b7}"] {
        device.write("boot.toml", mistake);
        let Loaded { config, warnings, .. } = device.starts();
        assert_eq!(config.capture.buffers, 6, "{mistake:?}");
        assert!(warnings[0].contains("boot.toml:"), "{warnings:?}");
        assert!(warnings.last().unwrap().contains("as it last was without a mistake"), "{warnings:?}");
    }
    device.write("boot.toml", "buffers = 9");
    assert_eq!(device.buffers(), 9);
}

#[test]
fn each_mistake_is_told_with_its_line() {
    let device = Device::new();
    device.write("boot.toml", "\nbufers = 8\nfps = 'fast'\njson = true\n");
    let warnings = device.starts().warnings;
    let places: Vec<_> = warnings.iter().filter_map(|line| line.split("boot.toml").nth(1)).collect();
    assert!(places[0].starts_with(":2: bufers: unknown key: did you mean buffers?"), "{places:?}");
    assert!(places[1].starts_with(":3: fps: "), "{places:?}");
    assert!(places[2].starts_with(":4: json: standard output is already taken by frames"), "{places:?}");
    assert_eq!(places[3], ": capturing without a line of it; mend it and start picam again");
}

#[test]
fn what_another_layer_says_is_told_without_a_line() {
    let device = Device::new();
    device.write("etc.toml", "frame-log = ['log.csv']\n");
    device.write("boot.toml", "raw = ['log.csv']\n");
    let warnings = device.starts().warnings;
    assert!(warnings[0].contains("boot.toml: frame-log: \"log.csv\" is already written by raw"), "{warnings:?}");
}

#[test]
fn a_file_that_was_taken_away_does_not_come_back() {
    let device = Device::new();
    device.write("boot.toml", "buffers = 6");
    assert_eq!(device.buffers(), 6);
    fs::remove_file(device.root.path().join("boot.toml")).unwrap();
    assert_eq!(device.buffers(), 5);
    device.write("boot.toml", "buffers = ");
    assert_eq!(device.buffers(), 5);
}

#[test]
fn a_file_whose_partition_is_not_mounted_counts_as_it_last_was() {
    let device = Device::new();
    let boot = device.root.path().join("firmware");
    let starts = |mounted: bool| device.files.load_with(&Settings::default(), |path| mounted && path == boot).unwrap();
    // As an editor of another system leaves it.
    device.write("firmware/picam.toml", "\u{feff}buffers = 6\r\n");
    assert_eq!(starts(true).config.capture.buffers, 6);
    fs::remove_file(boot.join("picam.toml")).unwrap();
    for _ in 0..2 {
        let Loaded { config, warnings, .. } = starts(false);
        assert_eq!(config.capture.buffers, 6);
        assert!(warnings[0].contains("firmware/picam.toml: nothing is mounted at "), "{warnings:?}");
    }
    // Of a file that is no override any more, a copy is of no use.
    let others = Files { overrides: vec![device.root.path().join("boot.toml")], state: None, ..device.files.clone() };
    assert_eq!(others.load_with(&Settings::default(), |_| false).unwrap().config.capture.buffers, 5);
    // Mounted again, and really gone.
    assert_eq!(starts(true).config.capture.buffers, 5);
    assert_eq!(starts(false), starts(true));
}

#[test]
fn an_empty_file_takes_no_copys_place() {
    let device = Device::new();
    device.write("boot.toml", "");
    assert!(device.starts().warnings.is_empty(), "it never was another");
    device.write("boot.toml", "buffers = 6");
    assert_eq!(device.buffers(), 6);
    for empty in ["", "\n", " \r\n"] {
        device.write("boot.toml", empty);
        let Loaded { config, warnings, .. } = device.starts();
        assert_eq!(config.capture.buffers, 6);
        assert!(warnings[0].contains("boot.toml: is empty"), "{warnings:?}");
    }
    device.write("boot.toml", "# nothing\n");
    assert_eq!(device.buffers(), 5, "which is said");
}

#[test]
fn where_another_file_system_begins_is_known() {
    assert!(is_mount_point(Path::new("/proc")));
    assert!(!is_mount_point(Path::new("/proc/self")) && !is_mount_point(Path::new("/absent")));
}

#[test]
fn a_copy_that_cannot_be_kept_or_used_is_no_obstacle() {
    let mut device = Device::new();
    device.files.state = Some(device.root.path().join("absent"));
    device.write("boot.toml", "buffers = 6");
    let Loaded { config, warnings, .. } = device.starts();
    assert_eq!(config.capture.buffers, 6);
    assert!(warnings[0].contains("its last good copy cannot be kept"), "{warnings:?}");

    device.files.state = Some(device.root.path().join("state"));
    device.write("state/last-good.toml", "buffers = 64");
    device.write("boot.toml", "buffers = ");
    assert_eq!(device.buffers(), 5);

    // Not readable as a file at all.
    device.files.overrides = vec![device.root.path().join("firmware")];
    assert!(device.starts().warnings[0].contains("firmware: cannot be read"), "{:?}", device.starts());
}

#[test]
fn an_unchanged_copy_is_not_written_again() {
    let device = Device::new();
    device.write("boot.toml", "buffers = 6");
    assert_eq!(device.buffers(), 6);
    let written = || fs::metadata(device.root.path().join("state/last-good.toml")).unwrap().modified().unwrap();
    let first = written();
    assert_eq!(device.buffers(), 6);
    assert_eq!(written(), first);
}

#[test]
fn a_mistake_in_the_configuration_file_or_the_flags_stays_an_error() {
    let device = Device::new();
    device.write("boot.toml", "buffers = 6");
    let flags = Settings { json: Some(true), ..Settings::default() };
    assert!(matches!(device.files.load(&flags), Err(ConfigError::Settings(_))));
    device.write("etc.toml", "buffers = 64");
    assert!(matches!(device.files.load(&Settings::default()), Err(ConfigError::File(_))));
}

#[test]
fn check_tells_which_files_there_are_and_the_first_ones_mistakes() {
    let device = Device::new();
    assert_eq!(device.files.check().unwrap(), [device.root.path().join("etc.toml")]);
    device.write("boot.toml", "buffers = 6");
    assert_eq!(device.files.check().unwrap().len(), 2);
    device.write("boot.toml", "json = true");
    assert_eq!(device.files.check().unwrap_err()[0].place.unwrap().line, 1);
}
