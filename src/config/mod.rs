//! The one validated [`Config`]: the configuration file's values, overridden by those of a file on the boot partition, and
//! both by the flags'.
//!
//! [`mod@file`] reads TOML and tells line and reason of each mistake; [`crate::cli`] reads flags. Both give [`Settings`], in
//! which everything is optional; [`files`] lays them one over the other, [`Config::new`] checks what they are together and
//! fills in the defaults. After that only typed values travel.

pub mod duration;
mod error;
pub mod file;
pub mod files;
mod http;
pub(crate) mod settings;
mod syntax;

pub use error::{ConfigError, Mistake, Place, Problem};
pub use files::Files;
pub use http::{HttpConfig, HttpSettings, KEYS as HTTP_KEYS, Listen, Secret};
pub use settings::{KEYS, Settings};

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::device::{Selector, Standard};
use crate::format::{FourCC, Need, Rate, Size};
use crate::v4l2::buffers::MAX_BUFFERS;

/// What to capture, where the frames go, when to end, what to tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The camera and what to ask of it.
    pub capture: CaptureConfig,
    /// Where the frames go; empty: nowhere, they are only counted.
    pub sinks: Vec<SinkConfig>,
    /// Whether a file that exists is kept, under another name, rather than overwritten.
    pub keep_existing: bool,
    /// Whether a recording that misses frames is no failure.
    pub allow_skips: bool,
    /// End after this many frames were delivered.
    pub count: Option<u64>,
    /// End after this time.
    pub duration: Option<Duration>,
    /// What is told, when and how.
    pub report: ReportConfig,
}

/// The camera and what to ask of it.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptureConfig {
    /// Which camera.
    pub device: Selector,
    /// Pixel formats in order of preference; never empty.
    pub formats: Vec<FourCC>,
    /// What the outputs can use: it decides between `formats`, and between the camera's own if it offers none of those.
    pub need: Need,
    /// Size in pixels.
    pub size: Size,
    /// Frame rate; `None`: the driver's own choice.
    pub rate: Option<Rate>,
    /// Buffers to ask for: 1..=32.
    pub buffers: u32,
    /// Bytes of ordinary memory that more buffers than these may take, all together: what bridges the delays of a recording.
    pub spare: u64,
    /// Input to select; `None`: the one in use.
    pub input: Option<u32>,
    /// TV standard to select; `None`: the one in use.
    pub standard: Option<Standard>,
    /// Controls to set, name or id and value as written, in this order.
    pub controls: Vec<(String, String)>,
    /// Whether a difference between what was asked and what was granted, or a setting that fails, is an error.
    pub strict: bool,
    /// Whether sinks get corrupt frames too.
    pub keep_corrupt: bool,
    /// How long the driver may deliver nothing before the stream is restarted; five frames' time, where that is longer.
    pub timeout: Duration,
    /// What to do when there is no camera, it is busy, or it is lost.
    pub on_error: OnError,
}

impl Default for CaptureConfig {
    /// The camera that every other program would take first, YUYV 1280x720, 4 buffers.
    fn default() -> Self {
        CaptureConfig {
            device: Selector::Auto,
            formats: vec![FourCC::YUYV],
            need: Need::Bytes,
            size: Size { width: 1280, height: 720 },
            rate: None,
            buffers: 4,
            spare: 0,
            input: None,
            standard: None,
            controls: Vec::new(),
            strict: false,
            keep_corrupt: false,
            timeout: Duration::from_secs(5),
            on_error: OnError::Wait,
        }
    }
}

impl CaptureConfig {
    /// Buffers to ask for where each takes `size` bytes of ordinary memory.
    pub(crate) fn buffers_of(&self, size: u64) -> u32 {
        let room = u32::try_from(self.spare / size.max(1)).unwrap_or(u32::MAX);
        self.buffers.max(room.min(MAX_BUFFERS))
    }

    /// Whether `other` asks for another value of `setting`: a flag's name, or a control's.
    pub(crate) fn differs_in(&self, other: &CaptureConfig, setting: &str) -> bool {
        let value = |config: &CaptureConfig| config.controls.iter().find(|(key, _)| key == setting).cloned();
        match setting {
            "format" => self.formats != other.formats,
            "size" => self.size != other.size,
            "fps" => self.rate != other.rate,
            "buffers" => self.buffers != other.buffers,
            "input" => self.input != other.input,
            "standard" => self.standard != other.standard,
            _ => value(self) != value(other),
        }
    }
}

/// What to do when there is no camera, it is busy, or it is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Wait for the camera and go on with it.
    #[default]
    Wait,
    /// End with an exit status that tells which of these it was.
    Exit,
}

impl FromStr for OnError {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "wait" => Ok(OnError::Wait),
            "exit" => Ok(OnError::Exit),
            _ => Err(format!("\"{s}\" is neither wait nor exit")),
        }
    }
}

/// One place where frames go.
#[derive(Clone, Debug, PartialEq)]
pub enum SinkConfig {
    /// `--frames`: a line a frame on standard output.
    Frames,
    /// `--raw`: the frames' data, one after the other.
    Raw(Output),
    /// `--y4m`: YUV4MPEG2.
    Y4m(Output),
    /// `--frame-log`: a line about each frame.
    FrameLog(Output, FrameLogFormat),
    /// `--http`: to whoever watches.
    Http(HttpConfig),
}

impl SinkConfig {
    /// What the sink can use of a frame.
    pub fn need(&self) -> Need {
        match self {
            SinkConfig::Y4m(_) => Need::Samples,
            SinkConfig::Http(_) => Need::Picture,
            SinkConfig::Frames | SinkConfig::Raw(_) | SinkConfig::FrameLog(..) => Need::Bytes,
        }
    }
}

/// A file, or standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// `-`
    Stdout,
    /// A regular file, a FIFO or a device.
    Path(PathBuf),
}

impl Output {
    /// The output that `path` names: `-`, or the path of standard output itself, is standard output.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let stdout = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
        if stdout.iter().any(|name| path == Path::new(name)) { Output::Stdout } else { Output::Path(path) }
    }
}

impl FromStr for Output {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        if s.is_empty() { Err("\"\" is not a path".to_owned()) } else { Ok(Output::new(s)) }
    }
}

/// How the frame log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameLogFormat {
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl FrameLogFormat {
    /// The format that the end of a file's name tells; standard output is CSV.
    pub fn of(output: &Output) -> Option<Self> {
        let Output::Path(path) = output else { return Some(FrameLogFormat::Csv) };
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(FrameLogFormat::Csv),
            "jsonl" | "json" | "ndjson" => Some(FrameLogFormat::JsonLines),
            _ => None,
        }
    }
}

impl FromStr for FrameLogFormat {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "csv" => Ok(FrameLogFormat::Csv),
            "jsonl" => Ok(FrameLogFormat::JsonLines),
            _ => Err(format!("\"{s}\" is neither csv nor jsonl")),
        }
    }
}

/// What is told, when and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportConfig {
    /// Time between summaries; `None`: only one at the end.
    pub interval: Option<Duration>,
    /// Summaries as JSON on standard output rather than as text on standard error.
    pub json: bool,
    /// Nothing on standard error but warnings and errors.
    pub quiet: bool,
    /// How much more than usual is logged: 0, 1 (debug) or 2 (trace).
    pub verbosity: u8,
}

impl Default for ReportConfig {
    /// A line of text every ten seconds.
    fn default() -> Self {
        ReportConfig { interval: Some(Duration::from_secs(10)), json: false, quiet: false, verbosity: 0 }
    }
}
