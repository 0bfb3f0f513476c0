//! What is known of the capture, for those who ask: told once a second, and shown as JSON.

use std::time::Duration;

use crate::sink::SinkCounts;
use crate::source::StreamInfo;
use crate::stats::{Distribution, Stats};
use crate::thermal::Thermal;

/// How it goes, as of the last second.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    /// Time since picam's start.
    pub(crate) uptime: Duration,
    /// The summary of the last second, as `--json` has it.
    pub(crate) interval: String,
    /// The same since the start.
    pub(crate) total: String,
    /// What happened since the start.
    pub(crate) stats: Stats,
    /// What happened in the last second.
    pub(crate) recent: Stats,
    /// The stream that runs, or the last one that did.
    pub(crate) stream: Option<StreamInfo>,
    /// Why there is none; `None`: there is.
    pub(crate) waiting_for: Option<String>,
    /// What is wrong with the configuration, and what the camera does otherwise than asked; a line each.
    pub(crate) warnings: Vec<String>,
    pub(crate) thermal: Option<Thermal>,
    pub(crate) sinks: Vec<(String, SinkCounts)>,
}

/// How one stream goes.
#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct Watching {
    /// Pictures that it was given.
    pub(super) pictures: u64,
    /// Seconds without a new one after which something is wrong.
    pub(super) patience_s: f64,
}

/// How serving goes.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(super) struct Serving {
    /// Those who watch.
    pub(super) clients: usize,
    pub(super) connections: usize,
    pub(super) max_connections: u32,
    /// The stream of the page that asks, if there is one.
    pub(super) viewer: Option<Watching>,
    pub(super) encoder: Option<&'static str>,
    /// Frames encoded since the start, each quality by itself.
    pub(super) encoded: u64,
    /// Frames of the camera that were no whole JPEG.
    pub(super) truncated: u64,
    /// Pictures that a client did not get as it was still busy with an earlier one.
    pub(super) skipped: u64,
    /// From the driver's timestamp to the last byte given to a client's socket, in the last second.
    pub(super) latency_us: Option<Distribution>,
}

/// `/status.json`; `board` is `None` in the first moments. `notices` are shown beside what is wrong with the configuration.
pub(super) fn json(board: Option<&Board>, serving: &Serving, notices: &[String]) -> String {
    // Strings, numbers and maps with string keys: nothing that cannot be JSON.
    let text = |value: &str| serde_json::to_string(value).unwrap_or_default();
    let http = serde_json::to_string(serving).unwrap_or_default();
    let waiting_for = match board {
        Some(board) => board.waiting_for.as_deref(),
        None => Some("the camera"),
    };
    let (state, reason) = match waiting_for {
        Some(reason) => ("waiting", text(reason)),
        None => ("capturing", "null".to_owned()),
    };
    let (interval, total) = board.map_or(("null", "null"), |board| (&board.interval, &board.total));
    let warnings = board.map_or(&[][..], |board| &board.warnings);
    let warnings = serde_json::to_string(&[warnings, notices].concat()).unwrap_or_default();
    let seconds = board.map_or(0.0, |board| board.uptime.as_secs_f64());
    format!(
        "{{\"version\":{version},\"state\":\"{state}\",\"waiting_for\":{reason},\"seconds\":{seconds:.3},\
         \"warnings\":{warnings},\"interval\":{interval},\"total\":{total},\"http\":{http}}}\n",
        version = text(env!("CARGO_PKG_VERSION")),
    )
}
