//! What settings are together, layer by layer.

use super::*;

fn problems(settings: Settings) -> Vec<String> {
    match Config::new(settings) {
        Err(ConfigError::Settings(problems)) => problems.iter().map(Problem::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn outputs<const N: usize>(paths: [&str; N]) -> Option<Vec<Output>> {
    Some(paths.into_iter().map(Output::new).collect())
}

fn test_camera(mode: &str) -> Option<Selector> {
    Some(format!("test{mode}").parse().unwrap())
}

#[test]
fn nothing_said_is_the_default() {
    assert_eq!(Config::new(Settings::default()), Ok(Config::default()));
}

#[test]
fn the_later_layer_wins_key_by_key_and_control_by_control() {
    let controls = |list: &[(&str, &str)]| list.iter().map(|(c, v)| (c.to_string(), v.to_string())).collect();
    let file = Settings {
        buffers: Some(8),
        strict: Some(true),
        raw: outputs(["a.raw", "b.raw"]),
        set: controls(&[("gain", "1"), ("brightness", "2")]),
        ..Settings::default()
    };
    let flags = Settings {
        strict: Some(false),
        raw: outputs([]),
        count: Some(1),
        set: controls(&[("hue", "3"), ("gain", "4")]),
        ..Settings::default()
    };
    let both = Settings {
        buffers: Some(8),
        strict: Some(false),
        raw: outputs([]),
        count: Some(1),
        set: controls(&[("gain", "4"), ("brightness", "2"), ("hue", "3")]),
        ..Settings::default()
    };
    assert_eq!(file.merge(flags), both);
}

#[test]
fn the_later_layer_wins_under_another_key_that_says_the_same() {
    let size = Size { width: 1280, height: 720 };
    let own = Size { width: 640, height: 480 };
    let by_key = Settings { size: Some(size), ..Settings::default() };
    let by_name = Settings { device: test_camera(":640x480@25"), ..Settings::default() };
    let asked = |settings| Config::new(settings).map(|config| config.capture.size);
    assert_eq!(asked(by_key.clone().merge(by_name.clone())), Ok(own));
    assert_eq!(asked(by_name.merge(by_key)), Ok(size));

    let quiet = Settings { quiet: Some(true), ..Settings::default() };
    let verbose = Settings { verbose: Some(1), ..Settings::default() };
    assert_eq!(quiet.clone().merge(verbose.clone()).quiet, None);
    assert_eq!(verbose.merge(quiet).verbose, None);
}

#[test]
fn the_test_cameras_mode_is_what_is_asked_for() {
    let settings = Settings { device: test_camera(":640x480@25"), ..Settings::default() };
    let capture = Config::new(settings).unwrap().capture;
    assert_eq!(capture.size, Size { width: 640, height: 480 });
    assert_eq!(capture.rate, "25".parse().ok());
    let settings = Settings { device: test_camera(":@25"), fps: "30".parse().ok(), ..Settings::default() };
    assert_eq!(problems(settings), ["fps: 30 is not the 25 that device says: leave one of them out"]);
}

#[test]
fn standard_output_has_one_writer_and_so_has_each_file() {
    let settings = Settings {
        frames: Some(true),
        raw: outputs(["/dev/stdout", "a.raw"]),
        y4m: outputs(["./a.raw", "/dev/null", "/dev/null"]),
        frame_log: outputs(["-"]),
        json: Some(true),
        ..Settings::default()
    };
    let found = problems(settings);
    let expected =
        ["raw: standard", "y4m: \"./a.raw\" is already written by raw", "frame-log: standard", "json: standard"];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, start) in found.iter().zip(expected) {
        assert!(found.starts_with(start), "{found}");
    }
}

#[test]
fn a_frame_logs_format_is_said_or_told_by_its_name() {
    use FrameLogFormat::{Csv, JsonLines};
    let names = ["a.CSV", "a.json", "a.jsonl", "a.ndjson", "-"];
    let formats = |format| {
        let settings = Settings { frame_log: outputs(names), frame_log_format: format, ..Settings::default() };
        let sinks = Config::new(settings).unwrap().sinks.into_iter();
        sinks.map(|sink| if let SinkConfig::FrameLog(_, format) = sink { format } else { panic!() }).collect::<Vec<_>>()
    };
    assert_eq!(formats(None), [Csv, JsonLines, JsonLines, JsonLines, Csv]);
    assert_eq!(formats(Some(JsonLines)), [JsonLines; 5]);
    let unknown = Settings { frame_log: outputs(["frames.log"]), ..Settings::default() };
    assert!(problems(unknown)[0].contains("say frame-log-format"));
}

#[test]
fn all_that_is_out_of_range_is_told() {
    let settings = Settings {
        format: Some(Vec::new()),
        buffers: Some(64),
        count: Some(0),
        timeout: Some(Duration::ZERO),
        duration: Some(Duration::ZERO),
        verbose: Some(3),
        ..Settings::default()
    };
    let found = problems(settings);
    let keys: Vec<_> = found.iter().filter_map(|problem| problem.split(':').next()).collect();
    assert_eq!(keys, ["format", "buffers", "count", "timeout", "duration", "verbose"]);
    assert_eq!(found[1], "buffers: 64 is out of range 1 to 32");
}

#[test]
fn an_interval_of_zero_is_none() {
    let settings = Settings { stats_interval: Some(Duration::ZERO), ..Settings::default() };
    assert_eq!(Config::new(settings).unwrap().report.interval, None);
}
