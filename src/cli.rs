//! The command line: flags and subcommands, and nothing else.
//!
//! Help, man page ([`man_page`]) and shell completions all come from the definitions below. The flags of `picam run` have the
//! names of the configuration file's keys and become [`Settings`], which override the file's.

mod hint;
mod man;
mod status;

pub use man::page as man_page;
pub use status::Status;

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueHint};

use crate::config::files::{Files, Loaded};
use crate::config::settings::{BUFFERS, COUNT, INPUT, whole_number};
use crate::config::{ConfigError, FrameLogFormat, HttpSettings, Listen, OnError, Output, Settings, duration};
use crate::device::{Selector, Standard};
use crate::format::{FourCC, Rate, Size};

const USAGE: &str = "picam [run] [OPTIONS]
       picam snapshot [OPTIONS] FILE
       picam list [--json]
       picam check [FILE]";

const NOTES: &str = "\
CAMERA is auto (the first that can capture), /dev/videoN or a link to one, name=CARD, bus=BUS_INFO,
usb=VID:PID[:SERIAL], or test[:WxH@FPS], the built-in one. TIME is 500ms, 5s, 2m, 1h or seconds.
Without a command, picam runs. Flags override the configuration file.

Examples:
  picam --device test --count 10 --frames     ten frames of the built-in camera, a line each
  picam list                                  what cameras there are
  picam --http 8080                           watch it in a browser: http://localhost:8080
  picam --y4m - | ffplay -                    watch it without one
  picam snapshot --set brightness=140 a.jpg   one picture
  picam --format MJPG --raw video.mjpg --frame-log video.csv --duration 1m";

/// What the help ends with.
fn notes() -> String {
    let statuses: Vec<_> =
        Status::ALL.into_iter().map(|status| format!("{} {}", status as u8, status.name())).collect();
    let lines: Vec<_> = statuses.chunks(4).map(|chunk| chunk.join(", ")).collect();
    format!("{NOTES}\n\nExit status: {}.\nThe manual: picam man | man -l -", lines.join(",\n  "))
}

/// Takes every frame a V4L2 camera makes, and accounts for each of them
#[derive(Debug, Parser)]
#[command(name = "picam", version, override_usage = USAGE, after_help = notes())]
pub struct Cli {
    /// What to do; `None`: run.
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    run: RunFlags,

    /// No summaries, no status line: only warnings and errors
    #[arg(short, long, global = true, help_heading = "Reports", value_name = "BOOL", hide_possible_values = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub quiet: Option<bool>,

    /// Log more; twice: even more
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Reports")]
    pub verbose: u8,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Command {
    /// Capture until SIGINT or SIGTERM, --count or --duration (the default command)
    Run(Box<RunFlags>),
    /// Take one picture: FILE.jpg, FILE.png or FILE.ppm
    Snapshot(Box<SnapshotFlags>),
    /// List cameras with their formats, sizes, rates and controls
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Check a configuration file and tell the line and reason of each mistake
    Check {
        /// The file [default: the service's, /etc/picam.toml, and what overrides it on the boot partition]
        #[arg(value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
    /// Print the man page picam.1
    Man,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Frames that a snapshot may wait for.
const WARMUP: RangeInclusive<u32> = 0..=100_000;
/// JPEG's quality.
const QUALITY: RangeInclusive<u8> = 1..=100;

/// The flags of `picam snapshot`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct SnapshotFlags {
    /// Where the picture goes; its end says what it is: .jpg, .png or .ppm; - is a JPEG on standard output
    #[arg(value_hint = ValueHint::FilePath, value_parser = clap::builder::PathBufValueParser::new().try_map(picture))]
    pub file: PathBuf,

    /// Frames to let pass first, while the camera finds its exposure
    #[arg(long, value_name = "N", default_value_t = 10, allow_hyphen_values = true, value_parser = |n: &str| whole_number(n, &WARMUP))]
    pub warmup: u32,

    /// JPEG quality, 1 to 100, of cameras that do not make JPEGs themselves
    #[arg(long, value_name = "N", default_value_t = 90, allow_hyphen_values = true, value_parser = |n: &str| whole_number(n, &QUALITY))]
    pub quality: u8,

    #[command(flatten)]
    camera: CameraFlags,
}

/// The flags that say which camera and what to ask of it.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct CameraFlags {
    /// Configuration file (TOML; its keys are the names of these flags)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,

    /// File that overrides it where there is one; of several, the first
    #[arg(long = "override", value_name = "FILE", value_hint = ValueHint::FilePath)]
    overrides: Vec<PathBuf>,

    /// Which camera [default: auto]
    #[arg(long, value_name = "CAMERA", value_hint = ValueHint::FilePath, help_heading = "Camera")]
    device: Option<Selector>,

    /// Pixel formats (FourCC) in order of preference [default: YUYV]
    #[arg(long, value_name = "FOURCC,...", value_delimiter = ',', help_heading = "Camera")]
    format: Option<Vec<FourCC>>,

    /// Width and height in pixels [default: 1280x720]
    #[arg(long, value_name = "WxH", allow_hyphen_values = true, help_heading = "Camera")]
    size: Option<Size>,

    /// Frames per second: 30, 29.97, 30000/1001 [default: the driver's choice]
    #[arg(long, value_name = "RATE", allow_hyphen_values = true, help_heading = "Camera")]
    fps: Option<Rate>,

    /// Buffers to request, 1 to 32 [default: 4, more for --raw and --y4m]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = |n: &str| whole_number(n, &BUFFERS), help_heading = "Camera")]
    buffers: Option<u32>,

    /// Input to select, by its number [default: the one in use]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = |n: &str| whole_number(n, &INPUT), help_heading = "Camera")]
    input: Option<u32>,

    /// TV standard: pal, ntsc, secam, pal-60, … [default: the one in use]
    #[arg(long, value_name = "STANDARD", help_heading = "Camera")]
    standard: Option<Standard>,

    /// Set a control, by name or id (see `picam list`); repeatable
    #[arg(long, value_name = "CONTROL=VALUE", value_parser = control, help_heading = "Camera")]
    set: Vec<(String, String)>,

    /// Refuse a format, size or rate not asked for, or a failing setting
    #[arg(long, help_heading = "Camera", value_name = "BOOL", hide_possible_values = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    strict: Option<bool>,

    /// Restart after this long, or five frames, without any [default: 5s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = duration::read, help_heading = "Camera")]
    timeout: Option<Duration>,

    /// Camera absent, busy or lost: wait for it, or exit [default: wait]
    #[arg(long, value_name = "WHAT", value_parser = one_of::<OnError>(["wait", "exit"]), help_heading = "Camera")]
    #[arg(hide_possible_values = true)]
    on_error: Option<OnError>,
}

/// The flags of `picam run`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct RunFlags {
    #[command(flatten)]
    camera: CameraFlags,

    /// A line a frame on standard output: size=BYTES seq=N ts=SECONDS
    #[arg(long, help_heading = "Frames", value_name = "BOOL", hide_possible_values = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    frames: Option<bool>,

    /// Frames unchanged to a file, a FIFO or - (stdout); repeatable
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = "Frames")]
    raw: Option<Vec<OsString>>,

    /// Frames as YUV4MPEG2 to a file, a FIFO or -; repeatable
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = "Frames")]
    y4m: Option<Vec<OsString>>,

    /// Metadata of each frame to PATH.csv, PATH.jsonl or -; repeatable
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = "Frames")]
    frame_log: Option<Vec<OsString>>,

    /// csv or jsonl (JSON lines) [default: by the name's end; -: csv]
    #[arg(long, value_name = "FORMAT", value_parser = one_of::<FrameLogFormat>(["csv", "jsonl"]), help_heading = "Frames")]
    #[arg(hide_possible_values = true)]
    frame_log_format: Option<FrameLogFormat>,

    /// Serve the live picture there: a port, or an address and a port
    #[arg(long, value_name = "ADDR", help_heading = "Frames")]
    http: Option<Listen>,

    /// Keep a file that exists, with a number in its name
    #[arg(long, help_heading = "Frames", value_name = "BOOL", hide_possible_values = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    keep_existing: Option<bool>,

    /// Hand on corrupt frames too
    #[arg(long, help_heading = "Frames", value_name = "BOOL", hide_possible_values = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    keep_corrupt: Option<bool>,

    /// Exit with 0, not 7, when a recording misses frames
    #[arg(long, help_heading = "Frames", value_name = "BOOL", hide_possible_values = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_skips: Option<bool>,

    /// End after this many frames [default: no end]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = |n: &str| whole_number(n, &COUNT), help_heading = "End")]
    count: Option<u64>,

    /// End after this time [default: no end]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = duration::read, help_heading = "End")]
    duration: Option<Duration>,

    /// Time between summaries; 0: only one at the end [default: 10s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = duration::read, help_heading = "Reports")]
    stats_interval: Option<Duration>,

    /// Summaries as JSON on standard output, one object a line
    #[arg(long, help_heading = "Reports", value_name = "BOOL", hide_possible_values = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    json: Option<bool>,
}

impl Cli {
    /// Reads the program's arguments; help, version and usage errors (exit status 2) end it here.
    pub fn from_env() -> Self {
        Self::read(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Reads arguments, the program's name first.
    pub fn read(args: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, clap::Error> {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let cli = Self::try_parse_from(&args).map_err(hint::explain)?;
        let runs = matches!(cli.command, None | Some(Command::Run(_)));
        if !runs && cli.run != RunFlags::default() {
            let message = "the flags before the command belong to `picam run`";
            return Err(Self::command().error(clap::error::ErrorKind::ArgumentConflict, message));
        }
        Ok(cli)
    }

    /// The flags over the files they name.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let mut flags = self.run.settings();
        let mut files = self.run.camera.files();
        match &self.command {
            Some(Command::Run(run)) => {
                flags = flags.merge(run.settings());
                let Files { config, overrides, .. } = run.camera.files();
                files.config = config.or(files.config);
                files.overrides.extend(overrides);
            }
            Some(Command::Snapshot(snapshot)) => {
                // Somebody waits for the picture: what cannot be taken is told, unless they say that they would rather wait.
                let at_once = Settings { on_error: Some(OnError::Exit), ..Settings::default() };
                flags = at_once.merge(snapshot.camera.settings());
                files = snapshot.camera.files();
            }
            _ => {}
        }
        flags.quiet = self.quiet;
        flags.verbose = Some(self.verbose.min(2)).filter(|verbose| *verbose > 0);
        files.load(&flags)
    }
}

impl CameraFlags {
    fn files(&self) -> Files {
        // The unit's StateDirectory=, as systemd.exec(5) tells it.
        let state = std::env::var_os("STATE_DIRECTORY").filter(|state| !state.is_empty()).map(PathBuf::from);
        Files { config: self.config.clone(), overrides: self.overrides.clone(), state }
    }

    fn settings(&self) -> Settings {
        let flags = self.clone();
        Settings {
            device: flags.device,
            format: flags.format,
            size: flags.size,
            fps: flags.fps,
            buffers: flags.buffers,
            input: flags.input,
            standard: flags.standard,
            set: flags.set,
            strict: flags.strict,
            timeout: flags.timeout,
            on_error: flags.on_error,
            ..Settings::default()
        }
    }
}

impl RunFlags {
    fn settings(&self) -> Settings {
        let flags = self.clone();
        Settings {
            keep_existing: flags.keep_existing,
            keep_corrupt: flags.keep_corrupt,
            allow_skips: flags.allow_skips,
            frames: flags.frames,
            raw: outputs(flags.raw),
            y4m: outputs(flags.y4m),
            frame_log: outputs(flags.frame_log),
            frame_log_format: flags.frame_log_format,
            http: HttpSettings { listen: flags.http, ..HttpSettings::default() },
            count: flags.count,
            duration: flags.duration,
            stats_interval: flags.stats_interval,
            json: flags.json,
            ..flags.camera.settings()
        }
    }
}

/// Paths as outputs. An empty one (`--raw=`) is none, so that a flag can take away what the file says.
fn outputs(paths: Option<Vec<OsString>>) -> Option<Vec<Output>> {
    paths.map(|paths| paths.into_iter().filter(|path| !path.is_empty()).map(Output::new).collect())
}

fn control(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((control, value)) if !control.is_empty() => Ok((control.to_owned(), value.to_owned())),
        _ => Err(format!("\"{text}\" should be CONTROL=VALUE, such as brightness=128 (see `picam list`)")),
    }
}

/// A file for a picture.
fn picture(file: PathBuf) -> Result<PathBuf, String> {
    crate::snapshot::check_name(&file).map(|()| file)
}

/// One of a few words, which completions offer.
fn one_of<T>(words: [&'static str; 2]) -> impl TypedValueParser<Value = T>
where
    T: std::str::FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}

/// The completion script for a shell.
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "picam", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, KEYS};

    fn config(args: &str) -> Config {
        let args = std::iter::once("picam").chain(args.split_whitespace());
        Cli::read(args).unwrap().load().unwrap().config
    }

    #[test]
    fn the_definitions_hold() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_flags_have_the_names_of_the_files_keys() {
        let command = Cli::command();
        let mut flags: Vec<_> = command.get_arguments().filter_map(|flag| flag.get_long()).collect();
        flags.retain(|flag| !["config", "override"].contains(flag));
        flags.sort_unstable();
        let mut keys = KEYS;
        keys.sort_unstable();
        assert_eq!(flags, keys);
    }

    #[test]
    fn the_word_run_changes_nothing() {
        for flags in ["", "--count 3 --strict --raw a --raw - -vv", "--set a=1 --set b=x=y --fps 29.97"] {
            assert_eq!(config(flags), config(&format!("run {flags}")), "{flags}");
        }
        assert_eq!(config("--count 3 --buffers 5 run --count 4 -q"), config("--buffers 5 --count 4 -q"));
    }

    #[test]
    fn the_helps_defaults_are_the_defaults() {
        let defaults = "--device auto --format YUYV --size 1280x720 --buffers 4 --timeout 5s --on-error wait \
                        --stats-interval 10s --strict=false --keep-corrupt=false --keep-existing=false --allow-skips=false --json=false \
                        --frames=false";
        assert_eq!(config(defaults), Config::default());
        assert_eq!(config(""), Config::default());
    }

    #[test]
    fn the_flags_of_run_belong_to_no_other_command() {
        for args in [
            "picam --count 3 list",
            "picam --json list",
            "picam --config a check a",
            "picam --override a check a",
            "picam list --count 3",
            "picam --count 3 snapshot a.jpg",
            "picam snapshot --count 3 a.jpg",
        ] {
            assert!(Cli::read(args.split(' ')).is_err(), "{args}");
        }
        assert!(Cli::read(["picam", "-v", "list"]).is_ok_and(|cli| cli.verbose == 1));
        assert!(Cli::read(["picam", "list", "-q"]).is_ok_and(|cli| cli.quiet == Some(true)));
    }

    #[test]
    fn help_fits_a_terminal_of_100_columns() {
        for line in Cli::command().render_help().to_string().lines() {
            assert!(line.len() <= 100, "{line}");
        }
    }
}
