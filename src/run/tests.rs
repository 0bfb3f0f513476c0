//! What is logged while a camera misbehaves in one way for minutes.

use std::collections::BTreeMap;
use std::io;

use super::*;
use crate::capture::tests::{Step, capture, of_test_camera};
use crate::config::OnError;
use crate::format::Rate;
use crate::logged;
use crate::source::test_camera::Fault;

type Opening = Result<Vec<Step>, DeviceError>;
type Fixture = (&'static str, fn(usize) -> Opening);

fn failed(attempt: &str) -> DeviceError {
    DeviceError::Failed { device: "/dev/video0".into(), attempt: attempt.into(), source: io::Error::other("no") }
}

/// What opening the camera brings, time after time.
fn fixtures() -> Vec<Fixture> {
    vec![
        ("absent", |_| Err(DeviceError::NoCamera { selector: "auto".into(), seen: Vec::new() })),
        ("busy", |_| {
            Err(DeviceError::Busy {
                device: "/dev/video0".into(),
                holders: Vec::new(),
                source: io::Error::other("busy"),
            })
        }),
        ("forbidden", |_| Err(DeviceError::Permission { path: "/dev/video0".into(), source: io::Error::other("no") })),
        ("broken", |_| Err(failed("start the stream"))),
        ("broken in two ways", |n| Err(failed(["start the stream", "request buffers"][n % 2]))),
        ("without a signal", |_| {
            let source = io::Error::other("none");
            Err(DeviceError::NoSignal { device: "/dev/video0".into(), reason: "no signal", source })
        }),
        ("lost at once", |_| Ok(vec![Step::Lost])),
        ("lost after a frame", |_| Ok(vec![Step::Frame(0), Step::Lost])),
        ("lost after two seconds", |_| Ok(vec![Step::Frame(0), Step::Pass(Duration::from_secs(2)), Step::Lost])),
        ("changing", |_| Ok(vec![Step::Frame(0), Step::Pass(Duration::from_secs(2)), Step::Changed])),
        ("silent", |_| Ok(vec![Step::Silent])),
        ("silent after a frame", |_| Ok(vec![Step::Frame(0), Step::Silent])),
        ("with a signal now and then", |_| {
            let second = |has| [Step::Signal(has), Step::Pass(Duration::from_secs(1)), Step::Frame(0)];
            Ok((0..200).flat_map(|n| second(n % 2 == 0)).collect())
        }),
    ]
}

/// Runs for two minutes, and fails where a line comes a fourth time.
fn says_nothing_four_times(name: &str, mut capture: Capture) {
    let report = ReportConfig { quiet: true, ..ReportConfig::default() };
    let config = Config { report, duration: Some(Duration::from_secs(120)), ..Config::default() };
    let clock = capture.clock();
    let lines = logged::during(|| {
        let mut run = Run::new(&config, Vec::new(), Vec::new(), clock);
        run.capture(&mut capture).unwrap();
    });
    assert!(!lines.is_empty(), "{name}: it is reported");
    let mut counts = BTreeMap::new();
    lines.iter().for_each(|line| *counts.entry(line).or_insert(0) += 1);
    assert!(counts.values().all(|count| *count < 4), "{name}: {counts:#?}");
}

#[test]
fn no_line_is_logged_a_fourth_time() {
    for (name, opening) in fixtures() {
        let (capture, ..) = capture((0..1000).map(opening).collect(), OnError::Wait);
        says_nothing_four_times(name, capture);
    }
    let thirty = Rate { numerator: 30, denominator: 1 };
    let short = |wanted: fn(u64) -> bool| (0..3600).filter(|n| wanted(*n)).map(|n| (n, Fault::Short)).collect();
    says_nothing_four_times("short", of_test_camera(thirty, short(|_| true)).0);
    says_nothing_four_times("short for six seconds in seven", of_test_camera(thirty, short(|n| n % 210 > 30)).0);
}
