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

use std::io::{self, IsTerminal};
use std::sync::Arc;

use crate::clock::System;
use crate::config::{FrameLogFormat, Output, SinkConfig};
use crate::frame::Frame;
use crate::http::{Board, Http};
use crate::source::StreamInfo;

pub(crate) use counts::{Counts, SinkCounts};

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
}

/// A running sink as the capture loop sees it. Nothing here waits.
pub(crate) trait Outlet: Send {
    /// What it is called in messages and summaries.
    fn name(&self) -> &str;
    /// Tells it that a stream starts.
    fn start(&self, stream: &StreamInfo);
    /// Tells it that there is no stream at present, and why.
    fn waiting(&self, _reason: &str) {}
    /// Offers it a frame.
    fn offer(&self, frame: &Frame);
    /// Whether it wants to be told once a second how it goes.
    fn observes(&self) -> bool {
        false
    }
    /// Tells it how it goes.
    fn observe(&self, _board: Board) {}
    /// Whether its reader went away for good.
    fn is_closed(&self) -> bool;
    /// The counts so far.
    fn counts(&self) -> SinkCounts;
    /// Tells it that nothing more comes; it writes what it has.
    fn end(&self);
    /// Waits for that, but not after `deadline`; what it has not written by then counts as skipped.
    fn join(&self, deadline: std::time::Instant);
}

/// How many frames a sink may hold, waiting or being written, where `holders` sinks share a stream of `buffers`: all
/// of them together leave the driver one buffer to fill and one in the capture loop's hands.
pub(crate) fn lease_limit(buffers: usize, holders: usize) -> usize {
    (buffers.saturating_sub(2) / holders.max(1)).max(1)
}

/// Starts the sinks of a configuration.
///
/// # Errors
/// When an output cannot be opened: the path and the reason. Pictures are not written to a terminal.
pub(crate) fn start_all(
    configs: &[SinkConfig],
    keep_existing: bool,
    keep_corrupt: bool,
) -> anyhow::Result<Vec<Box<dyn Outlet>>> {
    // Those that hold frames share the buffers that can be spared.
    let holds = |sink: &&SinkConfig| matches!(sink, SinkConfig::Raw(_) | SinkConfig::Y4m(_) | SinkConfig::Http(_));
    let holders = configs.iter().filter(holds).count();
    let pictures_to_stdout =
        configs.iter().any(|sink| matches!(sink, SinkConfig::Raw(Output::Stdout) | SinkConfig::Y4m(Output::Stdout)));
    if pictures_to_stdout && io::stdout().is_terminal() {
        anyhow::bail!("standard output is a terminal: give pictures to a program (picam --y4m - | ffplay -) or a file");
    }
    for config in configs.iter().filter(|_| keep_existing) {
        match config {
            SinkConfig::Raw(output) | SinkConfig::Y4m(output) | SinkConfig::FrameLog(output, _) => {
                output::keep(output)?
            }
            SinkConfig::Frames | SinkConfig::Http(_) => {}
        }
    }
    configs
        .iter()
        .map(|config| -> anyhow::Result<Box<dyn Outlet>> {
            Ok(match config {
                SinkConfig::Frames => {
                    let log = frame_log::FrameLog::new(&Output::Stdout, frame_log::Style::Frames)?;
                    Box::new(thread::SinkThread::start("frames".to_owned(), log, holders, true)?)
                }
                SinkConfig::FrameLog(output, format) => {
                    let style = match format {
                        FrameLogFormat::Csv => frame_log::Style::Csv,
                        FrameLogFormat::JsonLines => frame_log::Style::JsonLines,
                    };
                    let log = frame_log::FrameLog::new(output, style)?;
                    Box::new(thread::SinkThread::start(format!("frame-log {output}"), log, holders, true)?)
                }
                SinkConfig::Raw(output) => {
                    let raw = raw::Raw::new(output)?;
                    Box::new(thread::SinkThread::start(format!("raw {output}"), raw, holders, keep_corrupt)?)
                }
                SinkConfig::Y4m(output) => {
                    let y4m = y4m::Y4m::new(output)?;
                    Box::new(thread::SinkThread::start(format!("y4m {output}"), y4m, holders, keep_corrupt)?)
                }
                SinkConfig::Http(http) => Box::new(Http::start(http, holders, keep_corrupt, Arc::new(System))?),
            })
        })
        .collect()
}
