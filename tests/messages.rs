//! What a mistake on the command line or in a file is answered with: the value, what is allowed, and what was probably meant.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::process::{Command, Stdio};

/// Rust's own words, which say nothing to who typed the value.
const RUST: [&str; 7] =
    ["os error", "invalid digit", "ParseInt", "invalid float", "entity not found", "literal string", ", expected"];

fn said(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_picam"));
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn check(what: &str, said: &str, wanted: &[&str]) {
    for words in wanted {
        assert!(said.contains(words), "{what}: no {words:?} in: {said}");
    }
    for words in RUST {
        assert!(!said.contains(words), "{what}: {words:?} in: {said}");
    }
}

#[test]
fn a_mistyped_argument_is_named_with_what_is_allowed_and_meant() {
    for (arguments, wanted) in [
        ("--fps -5", &["\"-5\"", "0.001 to 10000"][..]),
        ("--fps 99999", &["\"99999\"", "0.001 to 10000"]),
        ("--fps 30fps", &["\"30fps\"", "did you mean 30?"]),
        ("--buffers four", &["\"four\"", "1 to 32"]),
        ("--buffers 64", &["64", "1 to 32"]),
        ("--buffers -1", &["-1", "1 to 32"]),
        ("--input -1", &["-1", "0 to 255"]),
        ("--count 1k", &["\"1k\"", "did you mean 1000?"]),
        ("--count 99999999999999999999999999999999999999999", &["is not a whole number from 1 to"]),
        ("--device 0", &["\"0\"", "did you mean /dev/video0?"]),
        ("--device video0", &["\"video0\"", "did you mean /dev/video0?"]),
        ("--device tset", &["\"tset\"", "did you mean test?"]),
        ("--device nmae=C920", &["\"nmae=\"", "did you mean name=C920?"]),
        ("--device 046d:082d", &["did you mean usb=046d:082d?"]),
        ("--size -1x5", &["\"-1x5\"", "1280x720"]),
        ("--timeout -5s", &["\"-5s\"", "ms, s, m or h"]),
        ("--strict=yes", &["\"yes\"", "did you mean true?"]),
        ("--quiet=flase", &["\"flase\"", "did you mean false?"]),
        ("--on-error exti", &["exti", "exit"]),
        ("--set brightness", &["\"brightness\"", "CONTROL=VALUE"]),
        ("--verbos", &["--verbos", "--verbose"]),
        ("lst", &["lst", "list"]),
        ("/dev/video0", &["\"/dev/video0\" is no command", "did you mean picam --device /dev/video0?"]),
        ("video0", &["did you mean picam --device /dev/video0?"]),
        ("test", &["did you mean picam --device test?"]),
        ("d.toml", &["\"d.toml\" is no command", "did you mean picam --config d.toml?"]),
        ("a.jpg", &["did you mean picam snapshot a.jpg?"]),
        ("nonsense", &["\"nonsense\" is no command", "run, snapshot, list, check and help"]),
        ("snapshot a.webp", &["a.webp ends in neither .jpg, .png nor .ppm"]),
        ("snapshot a.pgn", &["did you mean a.png?"]),
        ("snapshot --quality 101 a.jpg", &["101", "1 to 100"]),
        ("snapshot --warmup -1 a.jpg", &["-1", "0 to 100000"]),
        ("--config nothing.toml", &["nothing.toml: cannot be read: No such file or directory: is its name right?"]),
    ] {
        let (status, text) = said(&arguments.split(' ').collect::<Vec<_>>());
        assert_eq!(status, Some(2), "{arguments}: {text}");
        check(arguments, &text, wanted);
    }
}

#[test]
fn a_mistake_in_a_file_is_named_with_what_is_allowed_and_meant() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.toml");
    for (line, wanted) in [
        ("strict = yes", "1: strict: yes is neither true nor false: did you mean true?"),
        ("strict = True", "1: strict: True is neither true nor false: did you mean true?"),
        ("strict = \"no\"", "1: strict: takes true or false without quotes, not \"no\": did you mean strict = false?"),
        ("fps = 5\nfps = 6", "2: fps: is there twice, first in line 1: leave one of them out"),
        ("device = /dev/video0", "text stands in quotes: device = \"/dev/video0\""),
        ("count = 1k", "text stands in quotes: count = \"1k\""),
        ("fps =", "1: fps: has no value: write one behind the ="),
        ("fps = 99999", "0.001 to 10000"),
        ("device = \"video0\"", "did you mean /dev/video0?"),
        ("bufers = 3", "did you mean buffers?"),
        ("buffers = 64", "64 is out of range 1 to 32"),
    ] {
        fs::write(&path, line).unwrap();
        let (status, text) = said(&["check", path.to_str().unwrap()]);
        assert_eq!(status, Some(2), "{line}: {text}");
        check(line, &text, &[wanted]);
    }
}

#[test]
fn help_is_a_command_too() {
    for arguments in [&["help"][..], &["help", "snapshot"]] {
        assert_eq!(said(arguments), (Some(0), String::new()), "{arguments:?}");
    }
}
