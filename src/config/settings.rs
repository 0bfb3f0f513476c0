//! [`Settings`]: what a configuration file or the flags say, and how they become one [`Config`].
//!
//! A later layer wins key by key ([`Settings::merge`]); what the layers are together is checked in one place,
//! [`Config::new`], which tells all that is wrong and not only the first of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{
    CaptureConfig, Config, ConfigError, FrameLogFormat, HttpSettings, OnError, Output, Problem, ReportConfig,
    SinkConfig,
};
use crate::device::{Selector, Standard};
use crate::format::{FourCC, Rate, Size};

/// The settings' names, in the file and (after `--`) as flags.
pub const KEYS: [&str; 26] = [
    "device",
    "format",
    "size",
    "fps",
    "buffers",
    "input",
    "standard",
    "set",
    "strict",
    "keep-existing",
    "keep-corrupt",
    "allow-skips",
    "timeout",
    "on-error",
    "frames",
    "raw",
    "y4m",
    "frame-log",
    "frame-log-format",
    "http",
    "count",
    "duration",
    "stats-interval",
    "json",
    "quiet",
    "verbose",
];

pub(crate) const BUFFERS: RangeInclusive<u32> = 1..=crate::v4l2::buffers::MAX_BUFFERS;
/// Numbers of a device's inputs.
pub(crate) const INPUT: RangeInclusive<u32> = 0..=255;
/// Memory for the buffers of a recording: what bridges a second of a slow disk.
const SPARE: u64 = 32 << 20;
pub(crate) const COUNT: RangeInclusive<u64> = 1..=1_000_000_000_000;
pub(super) const VERBOSE: RangeInclusive<u8> = 0..=2;

/// What one layer of configuration says; `None`: nothing. The fields are the [`KEYS`].
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "they are the flags, see `picam --help`")]
pub struct Settings {
    pub device: Option<Selector>,
    pub format: Option<Vec<FourCC>>,
    pub size: Option<Size>,
    pub fps: Option<Rate>,
    pub buffers: Option<u32>,
    pub input: Option<u32>,
    pub standard: Option<Standard>,
    /// Controls by name or id and their values, in the order they are to be set.
    pub set: Vec<(String, String)>,
    pub strict: Option<bool>,
    pub keep_existing: Option<bool>,
    pub keep_corrupt: Option<bool>,
    pub allow_skips: Option<bool>,
    pub timeout: Option<Duration>,
    pub on_error: Option<OnError>,
    pub frames: Option<bool>,
    pub raw: Option<Vec<Output>>,
    pub y4m: Option<Vec<Output>>,
    pub frame_log: Option<Vec<Output>>,
    /// For every frame log; `None`: by the end of its name.
    pub frame_log_format: Option<FrameLogFormat>,
    /// What is served, where and to whom.
    pub http: HttpSettings,
    pub count: Option<u64>,
    pub duration: Option<Duration>,
    /// Zero: no summary but the one at the end.
    pub stats_interval: Option<Duration>,
    pub json: Option<bool>,
    pub quiet: Option<bool>,
    pub verbose: Option<u8>,
}

impl Settings {
    /// These settings, overridden by what `over` says. Of lists the whole is overridden, of controls each.
    #[must_use]
    pub fn merge(mut self, over: Settings) -> Settings {
        // Where two keys say one thing, the later layer's wins under either of them.
        if let Some(Selector::Test { size, rate }) = &over.device {
            self.size = self.size.filter(|_| size.is_none());
            self.fps = self.fps.filter(|_| rate.is_none());
        }
        if let Some(Selector::Test { size, rate }) = &mut self.device {
            *size = size.filter(|_| over.size.is_none());
            *rate = rate.filter(|_| over.fps.is_none());
        }
        self.quiet = self.quiet.filter(|_| over.verbose.unwrap_or_default() == 0);
        self.verbose = self.verbose.filter(|_| over.quiet != Some(true));

        for (control, value) in over.set {
            match self.set.iter_mut().find(|(known, _)| *known == control) {
                Some((_, old)) => *old = value,
                None => self.set.push((control, value)),
            }
        }
        Settings {
            device: over.device.or(self.device),
            format: over.format.or(self.format),
            size: over.size.or(self.size),
            fps: over.fps.or(self.fps),
            buffers: over.buffers.or(self.buffers),
            input: over.input.or(self.input),
            standard: over.standard.or(self.standard),
            set: self.set,
            strict: over.strict.or(self.strict),
            keep_existing: over.keep_existing.or(self.keep_existing),
            keep_corrupt: over.keep_corrupt.or(self.keep_corrupt),
            allow_skips: over.allow_skips.or(self.allow_skips),
            timeout: over.timeout.or(self.timeout),
            on_error: over.on_error.or(self.on_error),
            frames: over.frames.or(self.frames),
            raw: over.raw.or(self.raw),
            y4m: over.y4m.or(self.y4m),
            frame_log: over.frame_log.or(self.frame_log),
            frame_log_format: over.frame_log_format.or(self.frame_log_format),
            http: self.http.merge(over.http),
            count: over.count.or(self.count),
            duration: over.duration.or(self.duration),
            stats_interval: over.stats_interval.or(self.stats_interval),
            json: over.json.or(self.json),
            quiet: over.quiet.or(self.quiet),
            verbose: over.verbose.or(self.verbose),
        }
    }

    /// Size and rate to ask for. The test camera's can be said with its name as well.
    fn mode(&self, problems: &mut Problems) -> (Option<Size>, Option<Rate>) {
        let Some(Selector::Test { size, rate }) = &self.device else { return (self.size, self.fps) };
        problems.differ("size", *size, self.size);
        problems.differ("fps", *rate, self.fps);
        (self.size.or(*size), self.fps.or(*rate))
    }

    fn sinks(&mut self, problems: &mut Problems) -> Vec<SinkConfig> {
        let mut outputs = Outputs::default();
        let mut sinks = Vec::new();
        if self.frames == Some(true) {
            outputs.take("frames", &Output::Stdout, problems);
            sinks.push(SinkConfig::Frames);
        }
        for output in self.raw.take().unwrap_or_default() {
            outputs.take("raw", &output, problems);
            sinks.push(SinkConfig::Raw(output));
        }
        for output in self.y4m.take().unwrap_or_default() {
            outputs.take("y4m", &output, problems);
            sinks.push(SinkConfig::Y4m(output));
        }
        for output in self.frame_log.take().unwrap_or_default() {
            outputs.take("frame-log", &output, problems);
            match self.frame_log_format.or(FrameLogFormat::of(&output)) {
                Some(format) => sinks.push(SinkConfig::FrameLog(output, format)),
                None => problems.add(
                    "frame-log",
                    format!("\"{output}\" does not end in .csv, .jsonl, .json or .ndjson: say frame-log-format, csv or jsonl"),
                ),
            }
        }
        match std::mem::take(&mut self.http).check() {
            Ok(http) => sinks.extend(http.map(SinkConfig::Http)),
            Err(found) => problems.0.extend(found),
        }
        if self.json == Some(true) {
            outputs.take("json", &Output::Stdout, problems);
        }
        sinks
    }
}

impl Config {
    /// Checks what the settings are together and fills in the defaults.
    pub fn new(mut settings: Settings) -> Result<Config, ConfigError> {
        let mut problems = Problems::default();
        let (size, rate) = settings.mode(&mut problems);
        let sinks = settings.sinks(&mut problems);

        if settings.format.as_ref().is_some_and(Vec::is_empty) {
            problems.add("format", "names no format".to_owned());
        }
        if let Some(buffers) = settings.buffers.filter(|buffers| !BUFFERS.contains(buffers)) {
            problems.add("buffers", out_of_range(buffers, &BUFFERS));
        }
        if let Some(count) = settings.count.filter(|count| !COUNT.contains(count)) {
            problems.add("count", out_of_range(count, &COUNT));
        }
        for (key, duration) in [("timeout", settings.timeout), ("duration", settings.duration)] {
            if duration == Some(Duration::ZERO) {
                problems.add(key, "must be longer than 0".to_owned());
            }
        }
        if let Some(verbose) = settings.verbose.filter(|verbose| !VERBOSE.contains(verbose)) {
            problems.add("verbose", out_of_range(verbose, &VERBOSE));
        }
        if settings.quiet == Some(true) && settings.verbose.unwrap_or_default() > 0 {
            problems.add("verbose", "is the opposite of quiet: leave one of them out".to_owned());
        }
        if !problems.0.is_empty() {
            return Err(ConfigError::Settings(problems.0));
        }

        let (capture, report) = (CaptureConfig::default(), ReportConfig::default());
        let records = sinks.iter().any(|sink| matches!(sink, SinkConfig::Raw(_) | SinkConfig::Y4m(_)));
        let spare = if records && settings.buffers.is_none() { SPARE } else { capture.spare };
        Ok(Config {
            capture: CaptureConfig {
                device: settings.device.unwrap_or(capture.device),
                formats: settings.format.unwrap_or(capture.formats),
                need: sinks.iter().map(SinkConfig::need).max().unwrap_or(capture.need),
                size: size.unwrap_or(capture.size),
                rate: rate.or(capture.rate),
                buffers: settings.buffers.unwrap_or(capture.buffers),
                spare,
                input: settings.input.or(capture.input),
                standard: settings.standard.or(capture.standard),
                controls: settings.set,
                strict: settings.strict.unwrap_or(capture.strict),
                keep_corrupt: settings.keep_corrupt.unwrap_or(capture.keep_corrupt),
                timeout: settings.timeout.unwrap_or(capture.timeout),
                on_error: settings.on_error.unwrap_or(capture.on_error),
            },
            sinks,
            keep_existing: settings.keep_existing.unwrap_or_default(),
            allow_skips: settings.allow_skips.unwrap_or_default(),
            count: settings.count,
            duration: settings.duration,
            report: ReportConfig {
                interval: settings.stats_interval.or(report.interval).filter(|interval| !interval.is_zero()),
                json: settings.json.unwrap_or(report.json),
                quiet: settings.quiet.unwrap_or(report.quiet),
                verbosity: settings.verbose.unwrap_or(report.verbosity),
            },
        })
    }
}

pub(super) fn out_of_range<T: std::fmt::Display>(value: impl std::fmt::Display, range: &RangeInclusive<T>) -> String {
    format!("{value} is out of range {} to {}", range.start(), range.end())
}

/// Reads a whole number within a range.
pub(crate) fn whole_number<T>(text: &str, range: &RangeInclusive<T>) -> Result<T, String>
where
    T: TryFrom<i128> + PartialOrd + std::fmt::Display,
{
    let Ok(number) = text.parse::<i128>() else {
        // As people shorten a thousand and a million.
        let [thousand, million] = [("k", 1000), ("m", 1_000_000)];
        let meant = [thousand, million].into_iter().find_map(|(unit, times)| {
            let number = text.to_ascii_lowercase().strip_suffix(unit)?.parse::<u32>().ok()?;
            Some(format!(": did you mean {}?", u64::from(number) * times))
        });
        let (least, most) = (range.start(), range.end());
        return Err(format!("\"{text}\" is not a whole number from {least} to {most}{}", meant.unwrap_or_default()));
    };
    T::try_from(number).ok().filter(|number| range.contains(number)).ok_or_else(|| out_of_range(number, range))
}

/// What is meant by a word that other programs take for true or false.
pub(crate) fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "1" => Some(true),
        "false" | "no" | "off" | "n" | "0" => Some(false),
        word => crate::nearest::nearest(word, &["true", "false"]).map(|nearest| nearest == "true"),
    }
}

/// What has been found wrong so far.
#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, key: &'static str, reason: String) {
        self.0.push(Problem { key, reason });
    }

    /// The test camera's `own` size or rate beside the one `asked` for.
    fn differ<T: PartialEq + std::fmt::Display>(&mut self, key: &'static str, own: Option<T>, asked: Option<T>) {
        if let (Some(own), Some(asked)) = (own, asked) {
            if own != asked {
                self.add(key, format!("{asked} is not the {own} that device says: leave one of them out"));
            }
        }
    }
}

/// What is written where, so that nothing is written by two.
#[derive(Default)]
struct Outputs {
    stdout: Option<&'static str>,
    paths: HashMap<PathBuf, &'static str>,
}

impl Outputs {
    fn take(&mut self, key: &'static str, output: &Output, problems: &mut Problems) {
        match output {
            Output::Stdout => match self.stdout {
                Some(other) => problems.add(
                    key,
                    format!(
                        "standard output is already taken by {other}: only one of frames, raw -, y4m -, frame-log - and \
                         json can have it; give the others a file or leave them out"
                    ),
                ),
                None => self.stdout = Some(key),
            },
            Output::Path(path) if path == Path::new("/dev/null") => {}
            Output::Path(path) => {
                // Without asking the file system what is linked to what: it may be mounted later.
                let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                match self.paths.entry(absolute) {
                    Entry::Occupied(other) => problems.add(key, format!("\"{output}\" is already written by {}", other.get())),
                    Entry::Vacant(free) => _ = free.insert(key),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
