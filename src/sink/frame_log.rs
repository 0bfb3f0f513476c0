//! A line about each frame: `--frames` for people, CSV or JSON lines for programs.

use std::io::{self, IoSlice, Write};
use std::time::Duration;

use super::output::Target;
use super::{Patience, Sink};
use crate::frame::Metadata;
use crate::source::StreamInfo;

/// How the lines look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Style {
    /// `size=1843200 seq=0 ts=12.345678`, written at once.
    Frames,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// Lines held back for a file are written out when they are this many bytes, or a second old.
const BUFFER: usize = 32 * 1024;
/// The columns of CSV.
const HEADER: &str = "sequence,timestamp,dequeued,bytesused,flags,queue_depth,status,field\n";

pub(super) struct FrameLog {
    target: Target,
    style: Style,
    lines: Vec<u8>,
}

impl FrameLog {
    pub(super) fn new(target: Target, style: Style) -> Self {
        FrameLog { target, style, lines: Vec::with_capacity(BUFFER + 256) }
    }

    /// Writes the lines, after the header where they are the first that a file or a reader gets.
    fn write_out(&mut self) -> io::Result<u64> {
        if self.lines.is_empty() {
            return Ok(0);
        }
        let is_first = self.target.begin()?;
        let header = if is_first && self.style == Style::Csv { HEADER } else { "" };
        self.target.write(&mut [IoSlice::new(header.as_bytes()), IoSlice::new(&self.lines)])
    }

    fn line(&mut self, frame: &Metadata) -> io::Result<()> {
        let Metadata { sequence, bytesused, flags, queue_depth, field, .. } = frame;
        let (timestamp, dequeued) = (Seconds(frame.timestamp), Seconds(frame.dequeued));
        let status = if frame.corrupt { "corrupt" } else { "ok" };
        match self.style {
            Style::Frames => {
                let corrupt = if frame.corrupt { " corrupt" } else { "" };
                writeln!(self.lines, "size={bytesused} seq={sequence} ts={timestamp}{corrupt}")
            }
            Style::Csv => {
                writeln!(
                    self.lines,
                    "{sequence},{timestamp},{dequeued},{bytesused},{flags:#010x},{queue_depth},{status},{field}"
                )
            }
            Style::JsonLines => writeln!(
                self.lines,
                "{{\"sequence\":{sequence},\"timestamp\":{timestamp},\"dequeued\":{dequeued},\"bytesused\":{bytesused},\
                 \"flags\":{flags},\"queue_depth\":{queue_depth},\"status\":\"{status}\",\"field\":\"{field}\"}}"
            ),
        }
    }
}

impl Sink for FrameLog {
    type Item = Metadata;
    const HOLDS_BACK: bool = true;

    fn start(&mut self, _: &StreamInfo) -> Result<(), String> {
        Ok(())
    }

    fn write(&mut self, frame: &Metadata) -> io::Result<u64> {
        let before = self.lines.len();
        self.line(frame)?;
        Ok((self.lines.len() - before) as u64)
    }

    fn is_flush_due(&self) -> bool {
        self.style == Style::Frames || self.lines.len() >= BUFFER
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.write_out();
        self.lines.clear();
        result.map(drop)
    }

    fn patience(&self) -> Patience {
        self.target.patience()
    }
}

/// Seconds with the six decimals that V4L2's timestamps have.
struct Seconds(Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:06}", self.0.as_secs(), self.0.subsec_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Output;
    use crate::format::Field;

    fn lines(style: Style) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut log = FrameLog::new(Target::open(&Output::Path(path.clone())).unwrap(), style);
        let ok = Metadata {
            sequence: 7,
            timestamp: Duration::from_micros(12_345_678),
            stuck: false,
            dequeued: Duration::from_micros(12_346_009),
            bytesused: 1_843_200,
            flags: 0x2000,
            field: Field::None,
            queue_depth: 3,
            corrupt: false,
        };
        let field = Field::Bottom;
        log.write(&ok).unwrap();
        log.write(&Metadata { sequence: 8, bytesused: 0, flags: 0x2040, field, queue_depth: 0, corrupt: true, ..ok })
            .unwrap();
        log.flush().unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn frames_have_the_line_that_the_project_began_with() {
        assert_eq!(lines(Style::Frames), "size=1843200 seq=7 ts=12.345678\nsize=0 seq=8 ts=12.345678 corrupt\n");
    }

    #[test]
    fn csv_has_a_header_and_a_line_a_frame() {
        let expected = "sequence,timestamp,dequeued,bytesused,flags,queue_depth,status,field\n\
                        7,12.345678,12.346009,1843200,0x00002000,3,ok,none\n\
                        8,12.345678,12.346009,0,0x00002040,0,corrupt,bottom\n";
        assert_eq!(lines(Style::Csv), expected);
    }

    #[test]
    fn json_lines_are_json() {
        for (line, status) in lines(Style::JsonLines).lines().zip(["ok", "corrupt"]) {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!((value["status"].as_str(), value["timestamp"].as_f64()), (Some(status), Some(12.345678)));
        }
    }
}
