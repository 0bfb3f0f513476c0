//! The configuration file and the command line, as the program reads them.

// Tests stop where something unforeseen happens; clippy sees that only in the functions marked as tests.
#![allow(clippy::unwrap_used)]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::CommandFactory;
use picam::cli::{Cli, Status};
use picam::config::files::Files;
use picam::config::{Config, ConfigError, HTTP_KEYS, KEYS, Mistake, file};

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn picam(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_picam")).args(args).current_dir(in_repository("")).output().unwrap()
}

fn from_flags(args: &[&str]) -> Result<Config, ConfigError> {
    Cli::read(std::iter::once(&"picam").chain(args)).unwrap().load().map(|loaded| loaded.config)
}

fn check(path: &Path) -> Result<Config, Vec<Mistake>> {
    file::read(path).map(|settings| Config::new(settings).unwrap())
}

/// What the file `text` is as a configuration.
fn from_text(text: &str) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("picam.toml");
    fs::write(&path, text).unwrap();
    check(&path).map_err(|mistakes| format!("{text}: {mistakes:?}"))
}

#[test]
fn golden_files_give_the_expected_mistakes() {
    let mut checked = 0;
    for entry in fs::read_dir(in_repository("tests/golden/config")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension() != Some(OsStr::new("toml")) {
            continue;
        }
        let found: String = match check(&path) {
            Ok(_) => "ok\n".to_owned(),
            Err(mistakes) => mistakes
                .into_iter()
                .map(|mut mistake| {
                    mistake.file = path.file_name().unwrap().into();
                    format!("{mistake}\n")
                })
                .collect(),
        };
        let expected = fs::read_to_string(path.with_extension("expected")).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
        checked += 1;
    }
    assert_eq!(checked, 13);
}

/// What the annotated file says of its keys: `#key = value` shows a default, `# key = value` an example of what has none.
fn annotated(text: &str, marked: &str) -> Vec<(String, String)> {
    let line = |line: &str| {
        let (key, value) = line.strip_prefix(marked)?.split_once(" = ")?;
        key.starts_with(|c: char| c.is_ascii_lowercase()).then(|| (key.to_owned(), value.to_owned()))
    };
    text.lines().filter_map(line).filter(|(key, _)| !key.contains(' ')).collect()
}

/// The part of the annotated file that shows the table `[http]`.
fn http_part(text: &str) -> &str {
    let (_, part) = text.split_once("## Live picture\n").unwrap();
    part.split("\n## ").next().unwrap()
}

#[test]
fn the_annotated_file_has_every_key_and_its_default() {
    let text = fs::read_to_string(in_repository("dist/picam.toml")).unwrap();
    // Summaries are for a terminal, and nobody decides at a boot what may be overwritten.
    let the_services = ["--stats-interval", "0", "--keep-existing"];
    assert_eq!(from_text(&text).ok(), from_flags(&the_services).ok());

    let shown: Vec<_> =
        ["#", "# ", ""].iter().flat_map(|marked| annotated(&text, marked)).map(|(key, _)| key).collect();
    for key in KEYS {
        assert!(
            ["set", "http"].contains(&key) || shown.iter().any(|shown| shown == key),
            "dist/picam.toml says nothing of {key}"
        );
    }
    let mut uncommented = String::new();
    for line in text.lines() {
        let shows = |rest: &&str| *rest == "[set]" || rest.starts_with(|c: char| c.is_ascii_lowercase());
        uncommented += line.strip_prefix('#').filter(shows).unwrap_or(line);
        uncommented += "\n";
    }
    assert!(uncommented.contains("\nbuffers = 4\n") && uncommented.contains("\n[set]\n"), "{uncommented}");
    assert_eq!(from_text(&uncommented).ok(), from_flags(&the_services).ok());
}

#[test]
fn the_service_reads_the_files_that_check_looks_for() {
    let Files { config, overrides, .. } = Files::of_the_service();
    let mut flags = format!("--config {}", config.unwrap().display());
    overrides.iter().for_each(|path| flags += &format!(" --override {}", path.display()));
    for path in ["dist/picam.service", "dist/picam.init"] {
        let text = fs::read_to_string(in_repository(path)).unwrap().replace("$CONFIG", "/etc/picam.toml");
        let one_line = text.replace("\\\n", "").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(one_line.contains(&flags), "{path}: {flags}");
    }
}

#[test]
fn a_mistake_on_the_boot_partition_is_told_and_does_not_stop_capture() {
    let directory = tempfile::tempdir().unwrap();
    let (boot, state) = (directory.path().join("picam.toml"), directory.path().join("state"));
    fs::create_dir(&state).unwrap();
    let path = boot.to_str().unwrap();
    let run = || {
        let flags = ["--device", "test:64x48@200", "--override", "/nonexistent/picam.toml", "--override", path];
        let mut command = Command::new(env!("CARGO_BIN_EXE_picam"));
        let output = command.args(flags).args(["--duration", "5s"]).env("STATE_DIRECTORY", &state).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        (String::from_utf8(output.stderr).unwrap(), output.stdout.iter().filter(|byte| **byte == b'\n').count())
    };
    fs::write(&boot, "count = 3\nframes = true\n").unwrap();
    let (told, lines) = run();
    assert!(lines == 3 && !told.contains("picam.toml"), "{told}");

    fs::write(&boot, "count = 4\nframe = true\n").unwrap();
    let (told, lines) = run();
    assert_eq!(lines, 3, "{told}");
    assert!(told.contains(&format!("{path}:2: frame: unknown key: did you mean frames?")), "{told}");
    assert!(told.contains("capturing as it last was without a mistake"), "{told}");
}

#[test]
fn the_annotated_files_examples_are_valid_and_no_defaults() {
    let text = fs::read_to_string(in_repository("dist/picam.toml")).unwrap();
    let examples = annotated(&text, "# ");
    assert!(examples.len() >= 7, "{examples:?}");
    let http = http_part(&text);
    assert!(http.contains("\n# [http]\n"));
    for key in HTTP_KEYS {
        assert!(http.contains(&format!("{key} ")), "dist/picam.toml says nothing of {key}");
    }
    for (key, value) in examples {
        let table = match key.as_str() {
            key if http.contains(&format!("\n# {key} = ")) => "[http]\n",
            key if KEYS.contains(&key) => "",
            _ => "[set]\n",
        };
        let with_log = "frame-log = 'frames.jsonl'\n";
        if ["token", "token-file"].contains(&key.as_str()) {
            // A token that anybody can read here is nobody's, and the file is not there.
            assert!(from_text(&format!("{table}{key} = {value}\n")).is_err(), "{key}");
            continue;
        }
        let config = from_text(&format!("{with_log}{table}{key} = {value}\n")).unwrap();
        assert_ne!(config, from_text(with_log).unwrap(), "{key}");
    }
}

#[test]
fn flags_and_file_say_the_same_in_the_same_words() {
    for (flags, text) in [
        (vec!["--device", "usb=046d:082d:A:1"], "device = 'usb=046d:082d:A:1'"),
        (vec!["--format", "YUYV,mjpeg"], "format = 'YUYV, mjpeg'"),
        (vec!["--format", "YUYV", "--format", "MJPG"], "format = ['YUYV', 'MJPG']"),
        (vec!["--size", "640x480"], "size = '640x480'"),
        (vec!["--fps", "29.97"], "fps = 29.97"),
        (vec!["--fps", "30"], "fps = 30"),
        (vec!["--fps", "30000/1001"], "fps = '30000/1001'"),
        (vec!["--buffers", "8"], "buffers = 8"),
        (vec!["--input", "1"], "input = 1"),
        (vec!["--standard", "PAL-60"], "standard = 'pal-60'"),
        (vec!["--set", "gain=-1", "--set", "auto=true"], "[set]\ngain = -1\nauto = true"),
        (vec!["--strict", "--keep-corrupt=true"], "strict = true\nkeep-corrupt = true"),
        (vec!["--keep-existing"], "keep-existing = true"),
        (vec!["--timeout", "1.5"], "timeout = 1.5"),
        (vec!["--on-error", "exit"], "on-error = 'exit'"),
        (vec!["--frames"], "frames = true"),
        (vec!["--json"], "json = true"),
        (vec!["--raw", "a", "--raw=-"], "raw = ['a', '-']"),
        (vec!["--y4m", "a.y4m"], "y4m = 'a.y4m'"),
        (vec!["--frame-log", "a.json"], "frame-log = ['a.json']"),
        (vec!["--frame-log", "a", "--frame-log-format", "csv"], "frame-log = 'a'\nframe-log-format = 'csv'"),
        (vec!["--count", "10", "--duration", "2m"], "count = 10\nduration = 120"),
        (vec!["--http", "8081"], "http = 8081"),
        (vec!["--http", "[::1]:80"], "[http]\nlisten = '[::1]:80'"),
        (vec!["--stats-interval", "0"], "stats-interval = '0'"),
        (vec!["-q"], "quiet = true"),
        (vec!["-v", "--verbose"], "verbose = 2"),
    ] {
        assert_eq!(from_flags(&flags).ok(), from_text(text).ok(), "{flags:?}");
        assert_ne!(from_text(text), Ok(Config::default()), "{text}");
    }
}

#[test]
fn flags_override_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("picam.toml");
    let text = "buffers = 8\nstrict = true\nquiet = true\nframes = true\nraw = ['a', 'b']\ndevice = 'test:64x48'\n[set]\na = 1\nb = 2\n";
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();

    let flags = [
        "--config",
        path,
        "-v",
        "--strict=false",
        "--frames=false",
        "--json",
        "--raw=",
        "--size=32x24",
        "--set",
        "b=3",
    ];
    let expected = ["--device=test", "--size=32x24", "--buffers=8", "-v", "--json", "--set=a=1", "--set=b=3"];
    assert_eq!(from_flags(&flags), from_flags(&expected));
    let flags = ["run", "--config", path, "--raw", "c"];
    assert_eq!(from_flags(&flags).unwrap().sinks.len(), 2);
}

#[test]
fn a_file_is_checked_by_itself_even_where_flags_override_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("picam.toml");
    fs::write(&path, "\nbuffers = 64\n").unwrap();
    let error = from_flags(&["--config", path.to_str().unwrap(), "--buffers", "4"]).unwrap_err();
    assert_eq!(error.to_string(), format!("{}:2: buffers: 64 is out of range 1 to 32", path.display()));
}

#[test]
fn what_cannot_be_read_is_told_by_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let huge = directory.path().join("huge.toml");
    fs::write(&huge, "#".repeat((1 << 20) + 1)).unwrap();
    let missing = directory.path().join("missing.toml");
    for (path, reason) in [
        (missing.as_path(), "cannot be read: No such file"),
        (directory.path(), "cannot be read: Is a directory"),
        (huge.as_path(), "larger than 1 MiB"),
        (Path::new("/dev/zero"), "larger than 1 MiB"),
    ] {
        let mistakes = check(path).unwrap_err();
        assert_eq!(mistakes.len(), 1);
        let told = mistakes[0].to_string();
        assert!(told.starts_with(path.to_str().unwrap()) && told.contains(reason), "{told}");
    }
}

#[test]
fn usage_errors_end_with_status_2_and_say_why() {
    for (args, why) in [
        (&["--buffers", "64"][..], "64 is out of range 1 to 32"),
        (&["--frames", "--json"], "json: standard output is already taken by frames"),
        (&["--raw", "-", "--y4m", "-"], "y4m: standard output is already taken by raw"),
        (&["--frame-log", "frames.log"], "say frame-log-format"),
        (&["--device", "video0"], "names no camera"),
        (&["--devise", "auto"], "'--device'"),
        (&["--set", "brightness"], "CONTROL=VALUE"),
        (&["--on-error", "restart"], "wait, exit"),
        (&["--timeout", "5 s"], "ms, s, m or h"),
        (&["--timeout", "0"], "timeout: must be longer than 0"),
        (&["--config", "missing.toml"], "missing.toml: cannot be read"),
        (&["--config", "tests/golden/config/below-set.toml"], "below-set.toml:4: set.buffers"),
        (&["--count", "1", "list"], "belong to `picam run`"),
        (&["caputre"], "is no command"),
    ] {
        let output = picam(args);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        assert!(told.contains(why), "{args:?}: {told}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn check_tells_ok_or_every_mistake() {
    let output = picam(&["check", "dist/picam.toml"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"dist/picam.toml: ok\n"[..]));

    let output = picam(&["check", "tests/golden/config/below-set.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    let places: Vec<_> = told.lines().filter_map(|line| line.split(": ").next()).collect();
    let path = "tests/golden/config/below-set.toml";
    assert_eq!(places, [format!("{path}:3"), format!("{path}:4"), format!("{path}:5")]);
}

#[test]
fn help_version_man_page_and_completions_go_to_standard_output() {
    for (args, parts) in [
        (&["--help"][..], &["--device <CAMERA>", "Examples:", "picam list"][..]),
        (&["--version"], &[env!("CARGO_PKG_VERSION")]),
        (
            &["man"],
            &[".TH PICAM 1", ".SH EXIT STATUS", ".SH OUTPUT FORMATS", ".SH FILES", ".SH EXAMPLES", ".SS Camera"],
        ),
        (&["completions", "bash"], &["--on-error", "wait exit"]),
        (&["completions", "zsh"], &["#compdef picam"]),
        (&["completions", "fish"], &["complete -c picam"]),
    ] {
        let output = picam(args);
        let told = String::from_utf8(output.stdout).unwrap().replace('"', "");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(output.stderr.is_empty(), "{args:?}");
        for part in parts {
            assert!(told.contains(part), "{args:?}: no {part}");
        }
    }
}

#[test]
fn the_packagings_files_are_picams_own_output() {
    for (file, arguments) in [
        ("picam.1", vec!["man"]),
        ("picam.bash", vec!["completions", "bash"]),
        ("picam.zsh", vec!["completions", "zsh"]),
        ("picam.fish", vec!["completions", "fish"]),
    ] {
        let kept = fs::read(in_repository("dist").join(file)).unwrap();
        assert!(picam(&arguments).stdout == kept, "dist/{file} is of other flags: make manual");
    }
}

#[test]
fn help_man_page_and_readme_list_every_flag_command_and_exit_status() {
    let page = text(picam(&["man"]).stdout).replace("\\-", "-").replace('"', "");
    let help = text(picam(&["--help"]).stdout);
    let readme = fs::read_to_string(in_repository("README.md")).unwrap();
    let command = Cli::command();
    for flag in command.get_arguments().filter_map(|flag| flag.get_long()) {
        for (place, text) in [("help", &help), ("man", &page)] {
            assert!(text.contains(&format!("--{flag}")), "--{flag} is not in {place}");
        }
    }
    for key in KEYS {
        assert!(help.contains(&format!("--{key}")), "{key}");
    }
    for command in command.get_subcommands() {
        let name = command.get_name();
        assert!(help.contains(&format!("\n  {name}")), "{name} is not in the help");
        assert!(page.contains(&format!("\\fB{name}\\fR\n")), "{name} is not in the manual");
        let own = text(picam(&[name, "--help"]).stdout);
        for flag in command.get_arguments().filter_map(|flag| flag.get_long()) {
            assert!(own.contains(&format!("--{flag}")) && page.contains(&format!("--{flag}")), "{name} --{flag}");
        }
    }
    let (in_help, in_page) =
        (help.split("Exit status: ").nth(1).unwrap(), page.split(".SH EXIT STATUS").nth(1).unwrap());
    for status in Status::ALL {
        let number = status as u8;
        assert!(in_help.contains(&format!("{number} {}", status.name())), "{number}");
        assert!(in_page.contains(&format!(".TP\n\\fB{number}\\fR\n")), "{number}");
        assert!(readme.contains(&format!("\n| {number} | ")), "{number} is not in the README");
    }
    assert!(!readme.contains(&format!("\n| {} | ", Status::ALL.len())));
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// The files below `directory` whose name ends so.
fn files(directory: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let nested = |path: PathBuf| if path.is_dir() { files(&path, end) } else { vec![path] };
    entries.flat_map(nested).filter(|path| path.to_str().unwrap().ends_with(end)).collect()
}

#[test]
fn the_documents_name_every_place_with_unsafe_code() {
    let source = in_repository("src");
    let is_unsafe = |path: &PathBuf| {
        let code = fs::read_to_string(path).unwrap();
        let mut lines = code.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
        lines.any(|line| line.contains("unsafe {") || line.contains("#[unsafe(") || line.starts_with("unsafe impl"))
    };
    let place = |path: PathBuf| {
        let path = path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned();
        if path.starts_with("v4l2/") { "v4l2/".to_owned() } else { path }
    };
    let mut places: Vec<_> = files(&source, ".rs").into_iter().filter(is_unsafe).map(place).collect();
    places.sort();
    places.dedup();
    assert_eq!(places, ["http/socket.rs", "jpeg/turbo.rs", "terminal/closed.rs", "v4l2/"]);
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(in_repository(document)).unwrap();
        let line = text.lines().find(|line| line.starts_with("- `unsafe` is in")).unwrap_or_default();
        for place in &places {
            assert!(line.contains(place), "{document} says nothing of {place}: {line}");
        }
    }
}
