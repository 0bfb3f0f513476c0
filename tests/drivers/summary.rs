//! What picam says of its frames, for scripts: the JSON summaries and the frame log.

use serde_json::Value;
use std::fs;
use std::path::Path;

/// V4L2_BUF_FLAG_ERROR.
pub const FLAG_ERROR: u32 = 0x40;

/// One line of `--json`.
#[derive(Debug, Clone)]
pub struct Summary(Value);

impl Summary {
    /// The summaries among `lines`; every line is one.
    pub fn all(lines: &[String]) -> Vec<Summary> {
        let parse = |line: &String| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        lines.iter().map(parse).map(Summary).collect()
    }

    fn number(&self, path: &str) -> u64 {
        self.0.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number at {path} in {}", self.0))
    }

    pub fn text(&self, path: &str) -> &str {
        self.0.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {path} in {}", self.0))
    }

    pub fn is_total(&self) -> bool {
        self.text("/report") == "total"
    }

    /// The node of the device.
    pub fn device(&self) -> &str {
        self.text("/device/path")
    }

    pub fn fourcc(&self) -> &str {
        self.text("/format/fourcc")
    }

    /// Width and height.
    pub fn size(&self) -> (u64, u64) {
        (self.number("/format/width"), self.number("/format/height"))
    }

    /// The rate of frames that was granted.
    pub fn fps(&self) -> f64 {
        self.0.pointer("/format/fps").and_then(Value::as_f64).unwrap_or_else(|| panic!("no rate in {}", self.0))
    }

    pub fn buffers(&self) -> u64 {
        self.number("/format/buffers")
    }

    pub fn numbered(&self) -> u64 {
        self.number("/frames/numbered")
    }

    pub fn delivered(&self) -> u64 {
        self.number("/frames/delivered")
    }

    pub fn lost(&self) -> u64 {
        self.number("/frames/lost")
    }

    pub fn corrupt(&self) -> u64 {
        self.number("/frames/corrupt")
    }

    pub fn restarts(&self) -> u64 {
        self.number("/restarts")
    }

    /// The capture-to-dequeue latency's median in microseconds, where the driver's timestamps allow one.
    pub fn latency_p50(&self) -> Option<u64> {
        (!self.0["latency_us"].is_null()).then(|| self.number("/latency_us/p50"))
    }

    /// The figures of the sink whose name begins with `name`.
    pub fn sink(&self, name: &str) -> Sink {
        let sinks = self.0["sinks"].as_array().unwrap_or_else(|| panic!("no sinks in {}", self.0));
        let named = sinks.iter().find(|sink| sink["name"].as_str().is_some_and(|found| found.starts_with(name)));
        Sink(Summary(named.unwrap_or_else(|| panic!("no sink {name} in {}", self.0)).clone()))
    }

    /// The invariant: every frame that the driver numbered is accounted for, once, and at each sink too.
    ///
    /// (With --keep-corrupt all sinks are given the corrupt frames; without, only those that log frames.)
    pub fn assert_adds_up(&self) {
        let accounted = self.delivered() + self.lost() + self.corrupt();
        assert_eq!(self.numbered(), accounted, "numbered = delivered + lost + corrupt: {}", self.0);
        for sink in self.0["sinks"].as_array().unwrap_or_else(|| panic!("no sinks in {}", self.0)) {
            let sink = Sink(Summary(sink.clone()));
            let reasons = ["slow", "no_buffer", "failed", "refused", "unwatched"];
            let skipped: u64 = reasons.iter().map(|reason| sink.skipped_by(reason)).sum();
            assert_eq!(sink.skipped(), skipped, "skipped = the sum of its reasons: {}", self.0);
            let given = sink.written() + sink.skipped() + sink.0.number("/pending");
            let all = self.delivered() + self.corrupt();
            let logs_frames = sink.0.text("/name").starts_with("frame");
            let allowed = if logs_frames { all..=all } else { self.delivered()..=all };
            assert!(allowed.contains(&given), "{} were given {given} frames: {}", sink.0.text("/name"), self.0);
            assert!(!self.is_total() || sink.0.number("/pending") == 0, "pending at the end: {}", self.0);
        }
    }
}

/// One sink's figures in a summary.
#[derive(Debug)]
pub struct Sink(Summary);

impl Sink {
    pub fn written(&self) -> u64 {
        self.0.number("/written")
    }

    pub fn skipped(&self) -> u64 {
        self.0.number("/skipped")
    }

    pub fn skipped_by(&self, reason: &str) -> u64 {
        self.0.number(&format!("/skipped_by/{reason}"))
    }

    pub fn bytes(&self) -> u64 {
        self.0.number("/bytes")
    }
}

/// One frame of a frame log.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged {
    pub sequence: u32,
    pub timestamp: f64,
    pub dequeued: f64,
    pub bytesused: u64,
    pub flags: u32,
    pub queue_depth: u32,
    pub corrupt: bool,
    pub field: String,
}

/// Reads a frame log in CSV.
pub fn frame_log(path: &Path) -> Vec<Logged> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("sequence,timestamp,dequeued,bytesused,flags,queue_depth,status,field"));
    lines.map(|line| logged(line).unwrap_or_else(|| panic!("not a frame: {line}"))).collect()
}

fn logged(line: &str) -> Option<Logged> {
    let fields: Vec<&str> = line.split(',').collect();
    let &[sequence, timestamp, dequeued, bytesused, flags, queue_depth, status, field] = &fields[..] else {
        return None;
    };
    Some(Logged {
        sequence: sequence.parse().ok()?,
        timestamp: timestamp.parse().ok()?,
        dequeued: dequeued.parse().ok()?,
        bytesused: bytesused.parse().ok()?,
        flags: u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok()?,
        queue_depth: queue_depth.parse().ok()?,
        corrupt: match status {
            "ok" => false,
            "corrupt" => true,
            _ => return None,
        },
        field: field.to_owned(),
    })
}

/// How many sequence numbers are missing between the frames of one stream. Numbers wrap, and a late vivid repeats one.
pub fn gaps(frames: &[Logged]) -> u64 {
    frames.windows(2).map(|pair| u64::from(pair[1].sequence.wrapping_sub(pair[0].sequence).saturating_sub(1))).sum()
}
