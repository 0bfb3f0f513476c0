//! The man page picam.1: the flags from their definitions, and what scripts rely on in words.

use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::{Cli, Status};

/// A piece of a section.
enum Part {
    /// A paragraph.
    Text(&'static str),
    /// A term and what it means.
    Term(&'static str, &'static str),
    /// Lines to type or to read, kept as they are.
    Lines(&'static str),
}
use Part::{Lines, Term, Text};

const DESCRIPTION: &[Part] = &[
    Text(
        "picam opens a V4L2 camera, asks for a format, size and rate, and takes every frame until SIGINT, SIGTERM or SIGHUP, \
         --count or --duration. What the driver granted is what it uses and says. Every frame is accounted for: \
         delivered, lost before it could be dequeued, or corrupt; and for every sink written or skipped.",
    ),
    Text(
        "A camera that is absent, busy or unplugged is waited for, and the same camera is opened again even under another \
         number, unless --on-error exit says otherwise.",
    ),
];

const CAMERAS: &[Part] = &[
    Text("What --device takes; `picam list` shows what there is."),
    Term("auto", "The first device that can capture video. Codecs, ISPs and metadata nodes are passed over."),
    Term("/dev/video0", "A device node, or a link to one such as those in /dev/v4l/by-id and /dev/v4l/by-path."),
    Term("name=CARD", "By the name of its card."),
    Term("bus=BUS_INFO", "By where it is plugged in."),
    Term("usb=VID:PID[:SERIAL]", "By USB vendor and product, and the serial number that tells two of a kind apart."),
    Term("test[:WxH@FPS]", "The built-in camera: moving colour bars with the frame's number. No hardware needed."),
];

const CONFIGURATION: &[Part] = &[
    Text(
        "--config names a TOML file whose keys are the names of the flags: text is a string, numbers are numbers, \
         flags without a value are true or false, repeatable ones are lists, and controls are a table [set]. A \
         key that is unknown is an error; `picam check FILE` tells the line and the reason of every mistake.",
    ),
    Lines(
        "device = \"usb=046d:082d\"\nformat = [\"MJPG\", \"YUYV\"]\nframe-log = \"/run/frames.csv\"\n\n[set]\nbrightness = 128",
    ),
    Text(
        "Whom --http serves is said in a table [http]: listen (the address), token, token-file, password-hash (as openssl passwd -6 \
         prints it), allow-anonymous, host-names, quality, max-quality, max-fps, max-connections, max-connections-per-address, \
         allow-origin and notices. An address other than this machine's own needs one of token, password-hash and allow-anonymous = true.",
    ),
    Text(
        "--override names a file whose keys override those of that file, where it exists. A mistake in it is logged, and \
         does not keep picam from capturing: it is used as it last was without one, of which a copy is kept in \
         $STATE_DIRECTORY, or not at all. If a setting in the file fails, that is logged with the name of the \
         file, and the setting is left out. Under --strict, or if the device that the file names is no camera, the camera is \
         used as without the file.",
    ),
    Text(
        "Flags override the files: --strict=false what the file says with strict = true, --raw= (and nothing) the raw \
         files of the file.",
    ),
    Text(
        "Standard output belongs to one of --frames, --raw -, --y4m -, --frame-log - and --json. All else that is told \
         goes to standard error.",
    ),
];

const OUTPUT_FORMATS: &[Part] = &[
    Term(
        "--frames",
        "A line a frame: the bytes used of its buffer, the driver's sequence number and timestamp (seconds of \
         CLOCK_MONOTONIC). The line of a corrupt frame ends in \" corrupt\".",
    ),
    Lines("size=1843200 seq=0 ts=12.345678"),
    Term("--raw", "The frames' data, one after the other, as the driver delivered them."),
    Term("--y4m", "YUV4MPEG2, for ffmpeg, ffplay and mpv."),
    Term(
        "--frame-log",
        "A line a frame, as CSV with these columns or as a JSON object with these members. timestamp (the driver's) and \
         dequeued are seconds of CLOCK_MONOTONIC; flags are V4L2_BUF_FLAG_*, in CSV as 0x%08x; queue_depth is the number \
         of buffers left with the driver; status is ok or corrupt; field is none, or says which lines of an interlaced picture \
         the frame has.",
    ),
    Lines("sequence,timestamp,dequeued,bytesused,flags,queue_depth,status,field"),
    Term(
        "--http",
        "/ is a page with the picture and how it goes; /stream the picture as multipart/x-mixed-replace, and /snapshot one of it, \
         each with the headers X-Timestamp (the driver's, seconds of CLOCK_MONOTONIC), X-Sequence and X-Latency (seconds); \
         ?fps= and ?quality= ask for less. /?action=stream and /?action=snapshot are the same. /status.json is how it goes, \
         /metrics the same for Prometheus (OpenMetrics for clients that accept it, else text format 0.0.4), /healthz says \
         that picam lives, /readyz that frames flow.",
    ),
    Term(
        "--json",
        "One object a line. report is interval or total. numbered is delivered + lost + corrupt; what a sink was offered is \
         written + skipped + pending. lost counts gaps in the driver's sequence numbers; corrupt frames are those with \
         V4L2_BUF_FLAG_ERROR, without data, or shorter or longer than their format allows. What is not known is null: \
         device and format as long as no camera was opened, figures of frames while there were none, latency_us where the \
         driver's timestamps are not on CLOCK_MONOTONIC, or stand still or jump back. Where field is alternate, each frame is \
         one field of an interlaced picture, and fps counts fields.",
    ),
    Lines(
        "{\"report\":\"total\",\n \
          \"device\":{\"path\":\"/dev/video0\",\"card\":\"vivid\",\"driver\":\"vivid\",\"bus\":\"platform:vivid-000\"},\n \
          \"format\":{\"fourcc\":\"YUYV\",\"width\":1280,\"height\":720,\"bytesperline\":2560,\n           \
                    \"sizeimage\":1843200,\"encoding\":\"bt601\",\"transfer\":\"srgb\",\n           \
                    \"full_range\":false,\"field\":\"none\",\"fps\":30.0,\"buffers\":4},\n \
          \"seconds\":10.01,\"frames\":{\"numbered\":300,\"delivered\":300,\"lost\":0,\"corrupt\":0},\n \
          \"bytes\":552960000,\"fps\":29.97,\n \
          \"jitter_us\":{\"p50\":12,\"p95\":40,\"p99\":85,\"max\":210},\n \
          \"latency_us\":{\"p50\":95,\"p95\":180,\"p99\":260,\"max\":900},\n \
          \"queue_depth\":{\"min\":3,\"p50\":3,\"max\":3},\"restarts\":0,\n \
         \"thermal\":{\"celsius\":61.2,\"throttled\":false,\"throttlings\":0,\"under_voltage\":false,\"under_voltages\":0},\n \
          \"sinks\":[{\"name\":\"raw a.raw\",\"written\":300,\"skipped\":0,\"pending\":0,\"bytes\":552960000,\n           \
                   \"skipped_by\":{\"slow\":0,\"no_buffer\":0,\"failed\":0,\"refused\":0,\n           \
                                  \"unwatched\":0}}]}",
    ),
];

const FILES: &[Part] = &[
    Term(
        "/dev/video*, /dev/v4l/by-id, /dev/v4l/by-path",
        "The cameras. Opening one takes membership of the group video.",
    ),
    Term(
        "/etc/picam.toml",
        "The configuration of the system service, by convention: picam reads no file but those of --config and --override.",
    ),
    Term(
        "/boot/firmware/picam.toml, /boot/picam.toml",
        "Overrides it key by key: the file for whoever has the card in a PC. The first of the two that exists counts.",
    ),
    Term(
        "/var/lib/picam/last-good.toml",
        "The overriding file as it last was without a mistake: what is used until a mistake in it is mended.",
    ),
];

const ENVIRONMENT: &[Part] = &[
    Term("RUST_LOG", "The level of the log: error, warn, info, debug or trace. It has the last word over -q and -v."),
    Term("STATE_DIRECTORY", "Set by systemd and the init script: where the last good copy of the --override file is."),
    Term(
        "NOTIFY_SOCKET, WATCHDOG_USEC",
        "Set by systemd for a unit of Type=notify: picam tells when it is ready, its figures, and that it is alive.",
    ),
];

const EXAMPLES: &[Part] = &[
    Text("Ten frames of the built-in camera, a line each:"),
    Lines("picam --device test --count 10 --frames"),
    Text("Watch a camera by its name:"),
    Lines("picam --device \"name=HD Pro Webcam C920\" --y4m - | ffplay -"),
    Text("Record a minute of Motion JPEG with a line about each frame, then read what was lost:"),
    Lines("picam --format MJPG --raw video.mjpg --frame-log video.csv --duration 1m --json | tail -n 1"),
    Text("Capture only what was asked for, or fail:"),
    Lines("picam --size 1920x1080 --fps 30 --strict --on-error exit --count 300"),
];

/// The man page picam.1.
pub fn page() -> io::Result<Vec<u8>> {
    let mut command = Cli::command();
    command.build();
    let man = Man::new(command.clone()).title("PICAM").manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;

    let mut roff = Roff::new();
    section(&mut roff, "DESCRIPTION", DESCRIPTION);
    roff.control("SH", ["COMMANDS"]);
    let run = command.find_subcommand("run").cloned().unwrap_or_default();
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        term(&mut roff, command.get_name(), &about);
        // What run has, too, is among the options below.
        let own =
            command.get_arguments().filter(|flag| run.get_arguments().all(|known| known.get_id() != flag.get_id()));
        for flag in own.filter(|flag| !flag.is_hide_set()) {
            let name = flag.get_long().map(|long| format!("--{long}")).unwrap_or_default();
            let value = flag.get_value_names().filter(|_| flag.get_action().takes_values()).unwrap_or_default();
            let value = value.iter().map(|value| value.to_string()).collect::<Vec<_>>().join(" ");
            let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
            roff.control("RS", []);
            term(&mut roff, format!("{name} {value}").trim(), &help);
            roff.control("RE", []);
        }
    }
    roff.to_writer(&mut page)?;
    page.extend(options(&command, &man)?.into_bytes());

    let mut roff = Roff::new();
    section(&mut roff, "CAMERAS", CAMERAS);
    section(&mut roff, "CONFIGURATION", CONFIGURATION);
    section(&mut roff, "OUTPUT FORMATS", OUTPUT_FORMATS);
    roff.control("SH", ["EXIT STATUS"]);
    Status::ALL.into_iter().for_each(|status| term(&mut roff, &(status as u8).to_string(), status.meaning()));
    section(&mut roff, "ENVIRONMENT", ENVIRONMENT);
    section(&mut roff, "FILES", FILES);
    section(&mut roff, "EXAMPLES", EXAMPLES);
    roff.to_writer(&mut page)?;
    Ok(page)
}

/// The flags, their groups as parts of one section.
fn options(command: &Command, man: &Man) -> io::Result<String> {
    let mut options = Vec::new();
    man.render_options_section(&mut options)?;
    let mut options = String::from_utf8(options).map_err(io::Error::other)?;
    for heading in command.get_arguments().filter_map(|flag| flag.get_help_heading()) {
        options = options.replace(&format!(".SH {}\n", heading.to_uppercase()), &format!(".SS {heading}\n"));
    }
    Ok(options)
}

fn section(roff: &mut Roff, heading: &str, parts: &[Part]) {
    roff.control("SH", [heading]);
    for part in parts {
        match part {
            Text(text) => {
                roff.control("PP", []);
                roff.text([roman(*text)]);
            }
            Term(name, text) => term(roff, name, text),
            Lines(lines) => {
                roff.control("RS", []);
                roff.control("nf", []);
                roff.text([roman(*lines)]);
                roff.control("fi", []);
                roff.control("RE", []);
            }
        }
    }
}

fn term(roff: &mut Roff, name: &str, text: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(text)]);
}
