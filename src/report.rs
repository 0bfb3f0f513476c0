//! Summaries: what was granted, what came of the frames, how evenly and how soon they came. For people or as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::sink::{Outlet, SinkCounts};
use crate::source::StreamInfo;
use crate::stats::{Distribution, FrameCounts, QueueDepth, Stats};
use crate::thermal::Thermal;

/// One summary, as `--json` writes it.
#[derive(Debug, Serialize)]
pub(crate) struct Summary<'a> {
    /// "interval" or "total"
    report: &'static str,
    device: Option<Device<'a>>,
    format: Option<Format>,
    seconds: f64,
    frames: Frames,
    bytes: u64,
    fps: Option<f64>,
    jitter_us: Option<Distribution>,
    latency_us: Option<Distribution>,
    queue_depth: Option<QueueDepth>,
    restarts: u64,
    /// `null` where the machine tells nothing of it.
    thermal: Option<Thermal>,
    sinks: Vec<SinkSummary>,
}

#[derive(Debug, Serialize)]
struct Device<'a> {
    path: String,
    card: &'a str,
    driver: &'a str,
    bus: &'a str,
}

#[derive(Debug, Serialize)]
struct Format {
    fourcc: String,
    width: u32,
    height: u32,
    bytesperline: u32,
    sizeimage: u64,
    encoding: String,
    transfer: String,
    full_range: bool,
    field: String,
    fps: Option<f64>,
    buffers: u32,
}

#[derive(Debug, Serialize)]
struct Frames {
    numbered: u64,
    delivered: u64,
    lost: u64,
    corrupt: u64,
}

/// A sink's name and counts, always since the start.
#[derive(Debug, Serialize)]
struct SinkSummary {
    name: String,
    #[serde(flatten)]
    counts: SinkCounts,
}

impl<'a> Summary<'a> {
    pub(crate) fn new(
        report: &'static str,
        stream: Option<&'a StreamInfo>,
        stats: &Stats,
        seconds: f64,
        thermal: Option<Thermal>,
        sinks: &[Box<dyn Outlet>],
    ) -> Self {
        let FrameCounts { numbered, delivered, lost, corrupt } = stats.frames();
        Summary {
            report,
            device: stream.map(|stream| Device {
                path: stream.camera.path.display().to_string(),
                card: &stream.camera.card,
                driver: &stream.camera.driver,
                bus: &stream.camera.bus_info,
            }),
            format: stream.map(|stream| Format {
                fourcc: stream.format.fourcc.to_string(),
                width: stream.format.size.width,
                height: stream.format.size.height,
                bytesperline: stream.format.bytesperline(),
                sizeimage: stream.format.sizeimage(),
                encoding: stream.format.encoding.to_string(),
                transfer: stream.format.transfer.to_string(),
                full_range: stream.format.full_range,
                field: stream.format.field.to_string(),
                fps: stream.rate.map(|rate| rate.fps()),
                buffers: stream.buffers,
            }),
            seconds,
            frames: Frames { numbered, delivered, lost, corrupt },
            bytes: stats.bytes(),
            fps: stats.fps(),
            jitter_us: stats.jitter(),
            latency_us: stats.latency(),
            queue_depth: stats.queue_depth(),
            restarts: stats.restarts(),
            thermal,
            sinks: sinks
                .iter()
                .map(|sink| SinkSummary { name: sink.name().to_owned(), counts: sink.counts() })
                .collect(),
        }
    }

    /// Whether there ever was a camera, and so something to tell.
    pub(crate) fn has_stream(&self) -> bool {
        self.device.is_some()
    }

    pub(crate) fn json(&self) -> String {
        // Strings, numbers and maps with string keys: nothing that cannot be JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// One line: for the terminal's status line, systemd's STATUS and the interval's summary. Rates and times are the
    /// summary's, counts those since the start: nobody adds them up while looking.
    pub(crate) fn line(&self, total: &Stats) -> String {
        let mut line = match &self.format {
            Some(format) => format!("{} {}x{} ", format.fourcc, format.width, format.height),
            None => String::new(),
        };
        let FrameCounts { delivered, lost, corrupt, .. } = total.frames();
        // Writing to a String does not fail, here and below.
        let _ = match self.fps {
            Some(fps) => write!(line, "{fps:.2} fps, "),
            None => Ok(()),
        };
        let _ = write!(line, "{delivered} frames, {lost} lost, {corrupt} corrupt");
        let skipped = self.skipped();
        if skipped > 0 {
            let _ = write!(line, ", {skipped} skipped");
        }
        if let Some(latency) = self.latency_us {
            let _ = write!(line, ", latency {} (p99 {})", Milliseconds(latency.p50), Milliseconds(latency.p99));
        }
        if let Some(jitter) = self.jitter_us {
            let _ = write!(line, ", jitter {}", Milliseconds(jitter.p99));
        }
        if let Some(depth) = self.queue_depth {
            let _ = write!(line, ", queue {}/{}", depth.min, depth.p50);
        }
        if total.restarts() > 0 {
            let _ = write!(line, ", {} restarts", total.restarts());
        }
        if let Some(celsius) = self.thermal.and_then(|thermal| thermal.celsius) {
            let _ = write!(line, ", {celsius:.0} °C");
        }
        line
    }

    /// The same for the terminal's status line: where that is too narrow, what was lost comes first.
    pub(crate) fn status_line(&self, total: &Stats, columns: usize) -> String {
        let line = self.line(total);
        if line.chars().count() <= columns {
            return line;
        }
        let FrameCounts { lost, corrupt, delivered, .. } = total.frames();
        let counts =
            [(lost, "lost"), (self.skipped(), "skipped"), (corrupt, "corrupt"), (total.restarts(), "restarts")];
        let faults = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        let mut parts: Vec<_> = faults.collect();
        parts.extend(self.fps.map(|fps| format!("{fps:.2} fps")));
        parts.push(format!("{delivered} frames"));
        parts.join(", ")
    }

    /// Frames that recordings and viewers miss.
    fn skipped(&self) -> u64 {
        self.sinks.iter().map(|sink| sink.counts.missed()).sum()
    }

    /// The whole of it, a line a subject.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if let (Some(device), Some(format)) = (&self.device, &self.format) {
            let rate = format.fps.map_or_else(|| "a rate of its own".to_owned(), |fps| format!("{fps:.2} fps"));
            let _ = writeln!(text, "camera    {} ({}, {})", device.path, device.card, device.bus);
            let _ = writeln!(
                text,
                "granted   {} {}x{} at {rate}, {} bytes a line, {} a frame, {} buffers",
                format.fourcc, format.width, format.height, format.bytesperline, format.sizeimage, format.buffers
            );
        }
        let Frames { numbered, delivered, lost, corrupt } = self.frames;
        let _ = writeln!(
            text,
            "frames    {numbered} numbered = {delivered} delivered + {lost} lost + {corrupt} corrupt, {} restarts",
            self.restarts
        );
        let _ = write!(text, "measured  {} bytes in {:.1} s", self.bytes, self.seconds);
        let _ = match self.fps {
            Some(fps) => {
                let rate = self.bytes as f64 / delivered.max(1) as f64 * fps / 1e6;
                writeln!(text, ", {fps:.2} fps, {rate:.1} MB/s")
            }
            None => writeln!(text),
        };
        for (name, times) in [("latency", self.latency_us), ("jitter", self.jitter_us)] {
            if let Some(Distribution { p50, p95, p99, max }) = times {
                let [p50, p95, p99, max] = [p50, p95, p99, max].map(Milliseconds);
                let _ = writeln!(text, "{name:<9} p50 {p50}, p95 {p95}, p99 {p99}, max {max}");
            }
        }
        if let Some(QueueDepth { min, p50, max }) = self.queue_depth {
            let _ = writeln!(text, "queue     min {min}, p50 {p50}, max {max} buffers left with the driver");
        }
        if let Some(thermal) = self.thermal {
            let _ = writeln!(text, "thermal   {}", thermal.text());
        }
        for SinkSummary { name, counts } in &self.sinks {
            let SinkCounts { written, skipped, pending, bytes, skipped_by: by } = counts;
            let _ = write!(text, "sink      {name}: {written} written ({bytes} bytes), {skipped} skipped");
            if *skipped > 0 {
                let reasons = by.each().into_iter().filter(|(_, count)| *count > 0);
                let reasons: Vec<_> =
                    reasons.map(|(reason, count)| format!("{count} {}", reason.replace('_', " "))).collect();
                let _ = write!(text, " ({})", reasons.join(", "));
            }
            let _ = if *pending > 0 { writeln!(text, ", {pending} pending") } else { writeln!(text) };
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// A time as people read it.
struct Milliseconds(u64);

impl std::fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = self.0 as f64 / 1000.0;
        let decimals = if ms < 10.0 { 2 } else { 1 };
        write!(f, "{ms:.decimals$} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Metadata;
    use crate::stats::Accounting;

    #[test]
    fn a_narrow_terminal_shows_what_was_lost_first() {
        let mut accounting = Accounting::default();
        accounting.stream_started(None, crate::format::Field::default());
        for sequence in [0, 1, 14, 15] {
            let corrupt = sequence == 1;
            accounting.frame(&Metadata { sequence, corrupt, ..Metadata::default() });
        }
        let summary = Summary::new("interval", None, accounting.total(), 1.0, None, &[]);
        let wide = summary.status_line(accounting.total(), 200);
        assert_eq!(wide, summary.line(accounting.total()));
        let narrow = summary.status_line(accounting.total(), 20);
        assert!(narrow.starts_with("12 lost, 1 corrupt"), "{narrow}");
    }
}
