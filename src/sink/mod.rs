//! Where frames go. Each sink runs on a thread of its own, so that none slows capture or another sink.
//!
//! [`Sink`] is what a sink does with an item, a [`Frame`] or only its [`Metadata`](crate::frame::Metadata); [`thread`] hands items over a bounded
//! queue and keeps count: for every sink, *offered = written + skipped + pending*, and skipped by reason.

mod counts;
mod frame_log;
mod output;
mod raw;
mod thread;
mod y4m;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::System;
use crate::config::{FrameLogFormat, Output, SinkConfig};
use crate::frame::Frame;
use crate::http::{Board, Http};
use crate::source::StreamInfo;

pub(crate) use counts::{Counts, SinkCounts};
pub(crate) use output::{behind_links, cannot};

/// Something that takes frames, or what is known about them.
trait Sink: Send + 'static {
    /// [`Frame`], which holds a lease while it waits in the queue, or [`Metadata`](crate::frame::Metadata), which does not.
    type Item: Send;

    /// Whether [`Sink::write`] may hold back what it is given.
    const HOLDS_BACK: bool;

    /// A stream starts: its format may be another than before. A reason given as the error refuses all its frames.
    fn start(&mut self, stream: &StreamInfo) -> Result<(), String>;

    /// Writes one item whole, or leaves no trace of it. Answers the bytes written, or held back to be written by
    /// [`Sink::flush`].
    fn write(&mut self, item: &Self::Item) -> io::Result<u64>;

    /// Whether so much is held back that it is to be written now, and not only once it is a second old.
    fn is_flush_due(&self) -> bool {
        false
    }

    /// Writes out what was held back, or loses it.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// How long it is waited for at the end.
    fn patience(&self) -> Patience {
        Patience::SHORT
    }
}

/// How long a sink is waited for at the end, from its beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until it has written all that it holds.
    items: Duration,
    /// Until it has written at least the record that it is at: what is killed there leaves half of one.
    record: Duration,
}

impl Patience {
    /// Of a pipe: a program that does not read may never do so.
    const SHORT: Self = Patience { items: Duration::from_secs(2), record: Duration::from_secs(2) };
    /// Of a file, which a disk takes in the end: 32 MB at the least speed of an SD card of class 6, within the 10 s that a service
    /// has to stop.
    const FILE: Self = Patience { items: Duration::from_secs(6), record: Duration::from_secs(8) };
}

/// A running sink as the capture loop sees it. Nothing here waits.
pub(crate) trait Outlet: Send {
    /// What it is called in messages and summaries.
    fn name(&self) -> &str;
    /// Tells it that a stream starts.
    fn start(&self, stream: &StreamInfo);
    /// Tells it that there is no stream at present, or that its frames are of no use, and why.
    fn waiting(&self, _reason: &str) {}
    /// Tells it that the stream's frames are of use again.
    fn resume(&self, _stream: &StreamInfo) {}
    /// Offers it a frame.
    fn offer(&self, frame: &Frame);
    /// Whether it wants to be told once a second how it goes.
    fn observes(&self) -> bool {
        false
    }
    /// Tells it how it goes.
    fn observe(&self, _board: Board) {}
    /// Whether nothing more is written: its reader went away for good, or its thread died.
    fn is_closed(&self) -> bool;
    /// Whether its thread died: nothing more comes of it.
    fn has_failed(&self) -> bool;
    /// The counts so far.
    fn counts(&self) -> SinkCounts;
    /// Tells it that nothing more comes; it writes what it has.
    fn end(&self);
    /// Waits for that, but not too long after the end `began`; what it has not written by then counts as skipped.
    fn join(&self, began: Instant);
    /// Whether it makes a recording, of which nothing is to be missing.
    fn records(&self) -> bool {
        true
    }
}

/// How many frames a sink may hold, waiting or being written, where `holders` sinks share a stream of `buffers`: all
/// of them together leave the driver one buffer to fill and one in the capture loop's hands.
pub(crate) fn lease_limit(buffers: usize, holders: usize) -> usize {
    (buffers.saturating_sub(2) / holders.max(1)).max(1)
}

/// Starts the sinks of a configuration. All of them are opened before anything is changed by one.
///
/// # Errors
/// When an output cannot be opened: the path and the reason. Pictures are not written to a terminal.
pub(crate) fn start_all(
    configs: &[SinkConfig],
    keep_existing: bool,
    keep_corrupt: bool,
) -> anyhow::Result<Vec<Box<dyn Outlet>>> {
    // Those that hold frames share the buffers that can be spared.
    let holders = configs.iter().filter(|config| config.holds_frames()).count();
    let mut opened =
        configs.iter().map(|config| Opened::open(config, holders, keep_corrupt)).collect::<Result<Vec<_>, _>>()?;
    for target in opened.iter_mut().filter(|_| keep_existing).filter_map(Opened::target) {
        target.keep()?;
    }
    configs.iter().zip(opened).map(|(config, opened)| opened.start(config, holders, keep_corrupt)).collect()
}

/// A sink that has its output, and has done nothing with it.
enum Opened {
    Target(output::Target),
    Http(Http),
}

impl Opened {
    fn open(config: &SinkConfig, holders: usize, keep_corrupt: bool) -> anyhow::Result<Self> {
        let output = match config {
            SinkConfig::Frames => &Output::Stdout,
            SinkConfig::Raw(output) | SinkConfig::Y4m(output) | SinkConfig::FrameLog(output, _) => output,
            SinkConfig::Http(http) => {
                return Ok(Opened::Http(Http::start(http, holders, keep_corrupt, Arc::new(System))?));
            }
        };
        let target = output::Target::open(output)?;
        if config.holds_frames() && target.is_terminal() {
            anyhow::bail!("{output} is a terminal: give pictures to a program (picam --y4m - | ffplay -) or a file");
        }
        Ok(Opened::Target(target))
    }

    fn target(&mut self) -> Option<&mut output::Target> {
        match self {
            Opened::Target(target) => Some(target),
            Opened::Http(_) => None,
        }
    }

    fn start(self, config: &SinkConfig, holders: usize, keep_corrupt: bool) -> anyhow::Result<Box<dyn Outlet>> {
        use thread::SinkThread;
        let target = match self {
            Opened::Target(target) => target,
            Opened::Http(http) => return Ok(Box::new(http)),
        };
        let name = config.to_string();
        Ok(match config {
            SinkConfig::Raw(_) => Box::new(SinkThread::start(name, raw::Raw::new(target), holders, keep_corrupt)?),
            SinkConfig::Y4m(_) => Box::new(SinkThread::start(name, y4m::Y4m::new(target), holders, keep_corrupt)?),
            SinkConfig::FrameLog(_, format) => {
                let style = match format {
                    FrameLogFormat::Csv => frame_log::Style::Csv,
                    FrameLogFormat::JsonLines => frame_log::Style::JsonLines,
                };
                Box::new(SinkThread::start(name, frame_log::FrameLog::new(target, style), holders, true)?)
            }
            SinkConfig::Frames | SinkConfig::Http(_) => {
                let log = frame_log::FrameLog::new(target, frame_log::Style::Frames);
                Box::new(SinkThread::start(name, log, holders, true)?)
            }
        })
    }
}

impl SinkConfig {
    /// Whether it holds the camera's buffers while it writes.
    pub(crate) fn holds_frames(&self) -> bool {
        matches!(self, SinkConfig::Raw(_) | SinkConfig::Y4m(_) | SinkConfig::Http(_))
    }
}

/// What it is called in messages and summaries.
impl fmt::Display for SinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SinkConfig::Frames => f.write_str("frames"),
            SinkConfig::Raw(output) => write!(f, "raw {output}"),
            SinkConfig::Y4m(output) => write!(f, "y4m {output}"),
            SinkConfig::FrameLog(output, _) => write!(f, "frame-log {output}"),
            SinkConfig::Http(http) => write!(f, "http {}", http.listen),
        }
    }
}
