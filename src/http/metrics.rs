//! `/metrics`: the same as OpenMetrics text (OpenMetrics 1.0, as RFC draft-richih-opsawg-openmetrics-00 has it) for those who
//! accept that, and for the others in the older text format of Prometheus (0.0.4).
//!
//! Counters end in `_total`, units are base units, and each family has its HELP: what a scraper's check asks for.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use super::status::{Board, Serving};
use crate::stats::Times;

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    OpenMetrics,
    /// Prometheus' text format, version 0.0.4: a counter's family has its sample's name, and there is no type `info`.
    Prometheus,
}

impl Style {
    /// What a client that sends this `Accept` understands.
    pub(super) fn accepted(accept: Option<&str>) -> Self {
        let accepts = accept.is_some_and(|accept| accept.contains("application/openmetrics-text"));
        if accepts { Style::OpenMetrics } else { Style::Prometheus }
    }

    /// The media type.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Style::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Style::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Upper bounds of the histograms' buckets in seconds: from a dequeue without delay to a camera at one frame a second.
const BUCKETS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.034, 0.05, 0.067, 0.1, 0.25, 0.5, 1.0, 2.5];

/// Families of metrics as text.
struct Text(String, Style);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let unit = ["seconds", "bytes", "celsius", "hertz", "buffers"]
            .into_iter()
            .find(|unit| name.strip_suffix(unit).is_some_and(|start| start.ends_with('_')));
        let (suffix, kind) = match (self.1, kind) {
            (Style::Prometheus, "counter") => ("_total", kind),
            (Style::Prometheus, "info") => ("_info", "gauge"),
            _ => ("", kind),
        };
        // Writing to a String does not fail, here and below.
        let _ = writeln!(self.0, "# TYPE picam_{name}{suffix} {kind}");
        if let Some(unit) = unit.filter(|_| self.1 == Style::OpenMetrics) {
            let _ = writeln!(self.0, "# UNIT picam_{name} {unit}");
        }
        let _ = writeln!(self.0, "# HELP picam_{name}{suffix} {help}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "picam_{name}{labels} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.sample(&format!("{name}_total"), &[], value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: Option<impl Display>) {
        let Some(value) = value else { return };
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    fn histogram(&mut self, name: &str, help: &str, times: &Times) {
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        for bound in BUCKETS {
            self.sample(&bucket, &[("le", &format!("{bound:?}"))], times.count_up_to((bound * 1e6) as u64));
        }
        self.sample(&bucket, &[("le", "+Inf")], times.count());
        self.sample(&format!("{name}_count"), &[], times.count());
        self.sample(&format!("{name}_sum"), &[], format_args!("{:.6}", times.sum().as_secs_f64()));
    }
}

/// A label's value (OpenMetrics 1.0, section "Escaping").
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// All metrics, of which those of the capture are missing in the first moments.
pub(super) fn text(
    style: Style,
    board: Option<&Board>,
    serving: &Serving,
    latency: &Times,
    requests: &BTreeMap<u16, u64>,
) -> String {
    let mut text = Text(String::new(), style);
    text.family("build", "info", "The program.");
    text.sample("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    if let Some(board) = board {
        capture(&mut text, board);
    }
    text.gauge("http_clients", "Those who watch.", Some(serving.clients));
    text.gauge("http_connections", "Open connections.", Some(serving.connections));
    text.family("http_requests", "counter", "Requests answered, by status code.");
    for (code, count) in requests {
        text.sample("http_requests_total", &[("code", &code.to_string())], count);
    }
    text.counter("http_encoded", "Pictures encoded, each quality by itself.", serving.encoded);
    text.counter(
        "http_truncated",
        "Frames of the camera that were no whole JPEG; one that lacks its end is shown.",
        serving.truncated,
    );
    text.counter("http_skipped", "Pictures that a client was too slow for.", serving.skipped);
    let help = "From the driver's timestamp to the last byte given to a client's socket.";
    text.histogram("http_latency_seconds", help, latency);
    if style == Style::OpenMetrics {
        text.0.push_str("# EOF\n");
    }
    text.0
}

fn capture(text: &mut Text, board: &Board) {
    let total = &board.stats;
    let frames = total.frames();
    text.counter("frames_numbered", "Frames the driver numbered: delivered, lost and corrupt ones.", frames.numbered);
    text.counter("frames_delivered", "Frames dequeued whole and unflagged.", frames.delivered);
    text.counter("frames_lost", "Frames missing from the driver's sequence.", frames.lost);
    text.counter("frames_corrupt", "Frames flagged as faulty, or short.", frames.corrupt);
    text.counter("bytes", "Bytes of the delivered frames.", total.bytes());
    text.counter("restarts", "Streams started after the first.", total.restarts());
    text.gauge("uptime_seconds", "Time since picam's start.", Some(format_args!("{:.3}", board.uptime.as_secs_f64())));
    let capturing = board.waiting_for.is_none() && board.stream.is_some();
    text.gauge("capturing", "Whether a stream runs.", Some(u8::from(capturing)));
    text.gauge("frame_rate_hertz", "Delivered frames a second, in the last second.", board.recent.fps());
    let depth = board.recent.queue_depth().map(|depth| depth.min);
    text.gauge("queue_depth_buffers", "Fewest buffers left with the driver at a dequeue in the last second.", depth);
    text.histogram("latency_seconds", "From the driver's timestamp to the dequeue.", total.latency_times());
    text.histogram(
        "interval_seconds",
        "Between the driver's timestamps of frames in sequence.",
        total.interval_times(),
    );
    if let Some(stream) = &board.stream {
        text.family("stream", "info", "What the driver granted.");
        let (fourcc, size) = (stream.format.fourcc.to_string(), stream.format.size.to_string());
        let buffers = stream.buffers.to_string();
        let labels =
            [("fourcc", fourcc.as_str()), ("size", &size), ("card", &stream.camera.card), ("buffers", &buffers)];
        text.sample("stream_info", &labels, 1);
    }
    sinks(text, board);
    let Some(thermal) = board.thermal else { return };
    text.gauge("temperature_celsius", "The processor's temperature.", thermal.celsius);
    text.gauge("throttled", "Whether the processor is held below its full speed.", thermal.throttled.map(u8::from));
    text.gauge("under_voltage", "Whether the supply's voltage is too low.", thermal.under_voltage.map(u8::from));
    text.counter("throttlings", "How often throttling began.", thermal.throttlings);
    text.counter("under_voltages", "How often under-voltage began.", thermal.under_voltages);
}

fn sinks(text: &mut Text, board: &Board) {
    text.family("sink_written", "counter", "Frames that a sink wrote.");
    for (sink, counts) in &board.sinks {
        text.sample("sink_written_total", &[("sink", sink)], counts.written);
    }
    text.family("sink_bytes", "counter", "Bytes that a sink wrote.");
    for (sink, counts) in &board.sinks {
        text.sample("sink_bytes_total", &[("sink", sink)], counts.bytes);
    }
    text.family("sink_skipped", "counter", "Frames that a sink did not write, by reason.");
    for (sink, counts) in &board.sinks {
        for (reason, count) in counts.skipped_by.each() {
            text.sample("sink_skipped_total", &[("sink", sink), ("reason", reason)], count);
        }
    }
}
