//! `picam run`: from the capture to the sinks, until the end; and telling how it went.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::capture::{Capture, Event};
use crate::clock::{self, Clock, System};
use crate::config::files::{Fallback, Loaded};
use crate::config::{CaptureConfig, Config, Output, ReportConfig, SinkConfig};
use crate::device::{DeviceError, Difference};
use crate::frame::Frame;
use crate::http::Board;
use crate::notify::Notify;
use crate::repeated::Repeated;
use crate::report::Summary;
use crate::sink::{self, Outlet};
use crate::source::StreamInfo;
use crate::stop::Stop;
use crate::terminal;
use crate::thermal::Monitor;

/// How long the reader of the last summary is waited for.
const READER_TAKES: Duration = Duration::from_secs(2);
/// How often the terminal's status line changes.
const STATUS_INTERVAL: Duration = Duration::from_millis(500);
/// How often sinks that show how it goes are told.
const OBSERVE_INTERVAL: Duration = Duration::from_secs(1);
/// How often systemd is told how it goes where no summaries are asked for.
const NOTIFY_INTERVAL: Duration = Duration::from_secs(10);

/// Captures by a configuration until its count or duration is reached or `stop` is asked for, and tells how it went. What is
/// wrong with the configuration is told to who watches, too; what the camera refuses of an overriding file ends nothing.
///
/// # Errors
/// An output that cannot be opened, a [`DeviceError`] that waiting cannot mend or is not to be waited for, or a recording that
/// is [`Incomplete`]. Frames that were captured until then are written and accounted for.
pub fn run(loaded: Loaded, stop: Stop) -> anyhow::Result<()> {
    let Loaded { config, warnings, fallback } = loaded;
    if config.report.json {
        terminal::stdout_is_open()?;
    }
    let sinks = sink::start_all(&config.sinks, config.keep_existing, config.capture.keep_corrupt)?;
    sinks.iter().for_each(|sink| log::debug!("output {}", sink.name()));
    log::debug!("asked for: {:?}", config.capture);
    let mut run = Run::new(&config, warnings, sinks, Arc::new(System));
    run.overriding = fallback.clone().map(|fallback| (config.capture.clone(), fallback));
    let mut capture = Capture::new(config.capture.clone(), stop.clone());
    let mut result = run.capture(&mut capture);
    if let (Err(error), Some(Fallback { capture: config, file })) = (&result, fallback) {
        if error.downcast_ref().is_some_and(|error: &DeviceError| !error.may_pass()) {
            run.warn(format!("{}: {error:#}; capturing without what it asks of the camera", file.display()));
            let accounting = std::mem::take(capture.accounting_mut());
            capture = Capture::new(config, stop);
            *capture.accounting_mut() = accounting;
            run.overriding = None;
            result = run.capture(&mut capture);
        }
    }
    run.notify.stopping();
    let seconds = run.seconds_since(run.started);
    let accounting = std::mem::take(capture.accounting_mut());
    // The source before the sinks: they have no more to come.
    drop(capture);
    run.end_sinks();
    let thermal = run.monitor.as_ref().and_then(Monitor::last);
    run.reporter.last(&Summary::new("total", run.stream.as_ref(), accounting.total(), seconds, thermal, &run.sinks));
    result?;
    if let Some(failed) = run.sinks.iter().find(|sink| sink.has_failed()) {
        anyhow::bail!("{} failed: see the log above", failed.name());
    }
    if config.allow_skips {
        return Ok(());
    }
    run.incomplete().map_or(Ok(()), |incomplete| Err(incomplete.into()))
}

/// A recording that misses frames which the camera delivered.
#[derive(Debug, thiserror::Error)]
#[error("incomplete: {0}; the summary has the reasons, and with --allow-skips this is no failure")]
pub struct Incomplete(String);

struct Run {
    clock: Arc<dyn Clock>,
    repeated: Repeated,
    sinks: Vec<Box<dyn Outlet>>,
    count: Option<u64>,
    end: Option<Duration>,
    started: Duration,
    stream: Option<StreamInfo>,
    /// `None`: no thread could be had for it.
    monitor: Option<Monitor>,
    notify: Notify,
    reporter: Reporter,
    waiting_for: Option<String>,
    warnings: Vec<String>,
    /// How the stream differs from what was asked for; what is said of it is logged once.
    differences: Vec<String>,
    /// What is asked of the camera with the overriding file, and without it.
    overriding: Option<(CaptureConfig, Fallback)>,
    /// When the sinks that show how it goes are told next; `None`: there are none.
    observed_next: Option<Duration>,
    /// When they were told last.
    observed: Duration,
}

impl Run {
    fn new(config: &Config, warnings: Vec<String>, sinks: Vec<Box<dyn Outlet>>, clock: Arc<dyn Clock>) -> Self {
        let now = clock.monotonic();
        let notify = Notify::new(now);
        Run {
            repeated: Repeated::new(Arc::clone(&clock)),
            clock,
            count: config.count,
            end: config.duration.map(|duration| now + duration),
            started: now,
            stream: None,
            monitor: Monitor::start(Path::new("/sys")),
            reporter: Reporter::new(&config.report, &config.sinks, notify.is_heard, now),
            notify,
            waiting_for: None,
            warnings,
            differences: Vec::new(),
            overriding: None,
            observed_next: sinks.iter().any(|sink| sink.observes()).then_some(now),
            observed: now,
            sinks,
        }
    }

    fn seconds_since(&self, since: Duration) -> f64 {
        self.clock.monotonic().saturating_sub(since).as_secs_f64()
    }

    fn capture(&mut self, capture: &mut Capture) -> anyhow::Result<()> {
        let mut now = self.started;
        loop {
            if self.end.is_some_and(|end| now >= end) {
                return Ok(());
            }
            let due = [self.reporter.due, self.notify.due(), self.observed_next, self.end].into_iter().flatten().min();
            now = match capture.next_until(due.unwrap_or(Duration::MAX))? {
                Event::Frame(frame) => {
                    let dequeued = frame.metadata().dequeued;
                    let delivered = capture.accounting().total().frames().delivered;
                    self.frame(&frame, delivered);
                    if self.count.is_some_and(|count| delivered >= count) {
                        return Ok(());
                    }
                    dequeued
                }
                Event::Started(stream) => {
                    self.started(stream, capture.accounting().total().restarts());
                    self.clock.monotonic()
                }
                Event::Waiting(reason) => {
                    let text = format!("{:#}", anyhow::Error::new(reason));
                    self.repeated.warn(format!("{text}; waiting"));
                    self.notify.ready();
                    self.notify.status(&format!("waiting: {text}"));
                    self.sinks.iter().for_each(|sink| sink.waiting(&text));
                    self.waiting_for = Some(text);
                    self.observed_next = self.observed_next.map(|_| self.clock.monotonic());
                    self.clock.monotonic()
                }
                Event::Resumed => {
                    self.resumed();
                    self.clock.monotonic()
                }
                Event::Idle => self.clock.monotonic(),
                Event::Stopped => {
                    terminal::interrupted();
                    return Ok(());
                }
            };
            self.notify.watchdog(now, capture.health());
            if self.reporter.due.is_some_and(|due| now >= due) {
                self.report(capture, now);
            }
            if self.observed_next.is_some_and(|next| now >= next) {
                self.observe(capture, now);
            }
            if self.nobody_listens() {
                return Ok(());
            }
        }
    }

    /// Logs what is wrong with the configuration, and shows it from now on.
    fn warn(&mut self, line: String) {
        log::warn!("{line}");
        self.warnings.push(line);
    }

    fn started(&mut self, stream: StreamInfo, restarts: u64) {
        let rate = stream.rate.map_or_else(|| "a rate of its own".to_owned(), |rate| format!("{rate} fps"));
        let again = if restarts > 0 { " again" } else { "" };
        let StreamInfo { camera, format, buffers, .. } = &stream;
        self.repeated.info(format!("{camera}: capturing{again}: {format} at {rate}, {buffers} buffers"));
        let differences: Vec<_> = stream.differences.iter().map(|difference| self.say(difference)).collect();
        for difference in differences.iter().filter(|difference| !self.differences.contains(difference)) {
            self.repeated.warn(format!("{}: {difference}", stream.camera));
        }
        self.differences = differences;
        self.sinks.iter().for_each(|sink| sink.start(&stream));
        self.notify.ready();
        self.notify.status(&format!("capturing {} at {rate} from {}", stream.format, stream.camera));
        self.waiting_for = None;
        self.stream = Some(stream);
    }

    /// The stream's frames are of use again.
    fn resumed(&mut self) {
        let Some(stream) = &self.stream else { return };
        self.repeated.info(format!("{}: its frames are of use again", stream.camera));
        self.sinks.iter().for_each(|sink| sink.resume(stream));
        self.notify.status(&format!("capturing {} from {}", stream.format, stream.camera));
        self.waiting_for = None;
    }

    /// A difference, with the file to correct where it is the overriding one.
    fn say(&self, difference: &Difference) -> String {
        match &self.overriding {
            Some((with, Fallback { capture: without, file })) if with.differs_in(without, &difference.setting) => {
                format!("{}: {difference}", file.display())
            }
            _ => difference.to_string(),
        }
    }

    /// Hands a frame on, with which so many are delivered.
    fn frame(&self, frame: &Frame, delivered: u64) {
        log::trace!("{:?}", frame.metadata());
        self.sinks.iter().for_each(|sink| sink.offer(frame));
        if delivered == 1 && !frame.metadata().corrupt {
            let since_start = frame.metadata().dequeued.saturating_sub(self.started);
            let since_boot = clock::since_boot();
            log::info!("first frame {since_start:.1?} after the start, {since_boot:.1?} after the kernel's");
        }
    }

    /// Whether there were readers, of sinks or of summaries, and all of them went away.
    fn nobody_listens(&self) -> bool {
        let had_readers = !self.sinks.is_empty() || self.reporter.json;
        had_readers && self.reporter.is_closed() && self.sinks.iter().all(|sink| sink.is_closed())
    }

    fn report(&mut self, capture: &mut Capture, now: Duration) {
        let seconds = self.seconds_since(self.reporter.since);
        let recent = capture.accounting().recent();
        let thermal = self.monitor.as_ref().and_then(Monitor::last);
        let summary = Summary::new("interval", self.stream.as_ref(), recent, seconds, thermal, &self.sinks);
        let line = match &self.waiting_for {
            Some(reason) => format!("waiting: {reason}"),
            None if self.reporter.style == Style::StatusLine => {
                summary.status_line(capture.accounting().total(), terminal::columns())
            }
            None => summary.line(capture.accounting().total()),
        };
        self.notify.status(&line);
        self.reporter.interval(&summary, &line, self.waiting_for.is_some());
        capture.accounting_mut().next_span();
        self.reporter.next(now);
    }

    /// Tells the sinks that show how it goes.
    fn observe(&mut self, capture: &mut Capture, now: Duration) {
        let (stream, thermal) = (self.stream.as_ref(), self.monitor.as_ref().and_then(Monitor::last));
        let accounting = capture.accounting();
        let summary = |report, stats, since| {
            Summary::new(report, stream, stats, self.seconds_since(since), thermal, &self.sinks).json()
        };
        let board = Board {
            uptime: now.saturating_sub(self.started),
            interval: summary("interval", accounting.second(), self.observed),
            total: summary("total", accounting.total(), self.started),
            stats: accounting.total().clone(),
            recent: accounting.second().clone(),
            stream: self.stream.clone(),
            waiting_for: self.waiting_for.clone(),
            warnings: [&self.warnings[..], &self.differences].concat(),
            thermal,
            sinks: self.sinks.iter().map(|sink| (sink.name().to_owned(), sink.counts())).collect(),
        };
        self.sinks.iter().filter(|sink| sink.observes()).for_each(|sink| sink.observe(board.clone()));
        capture.accounting_mut().next_second();
        self.observed = now;
        self.observed_next = Some(now + OBSERVE_INTERVAL);
    }

    fn end_sinks(&mut self) {
        self.sinks.iter().for_each(|sink| sink.end());
        let began = Instant::now();
        self.sinks.iter().for_each(|sink| sink.join(began));
    }

    /// Which recordings miss frames that they were offered.
    fn incomplete(&self) -> Option<Incomplete> {
        let missed = self.sinks.iter().filter(|sink| sink.records()).filter_map(|sink| {
            let counts = sink.counts();
            let missed = counts.missed();
            (missed > 0)
                .then(|| format!("{} misses {missed} of {} frames", sink.name(), counts.written + counts.skipped))
        });
        let missed: Vec<_> = missed.collect();
        (!missed.is_empty()).then(|| Incomplete(missed.join(", ")))
    }
}

/// When and how summaries are told.
struct Reporter {
    style: Style,
    json: bool,
    /// Nobody reads the JSON any more.
    reader_is_gone: bool,
    quiet: bool,
    interval: Duration,
    since: Duration,
    /// When the next is due; `None`: nobody is to be told before the end.
    due: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    /// One line on the terminal that is written over.
    StatusLine,
    /// A line on standard error, or a JSON object on standard output.
    Lines,
    /// Nothing between start and end.
    Silent,
}

impl Reporter {
    fn new(config: &ReportConfig, sinks: &[SinkConfig], is_heard: bool, now: Duration) -> Self {
        // Lines on the same terminal would run into a status line.
        let writes_lines =
            |sink: &SinkConfig| matches!(sink, SinkConfig::Frames | SinkConfig::FrameLog(Output::Stdout, _));
        let lines_in_view = std::io::stdout().is_terminal() && sinks.iter().any(writes_lines);
        let style = match config {
            ReportConfig { json: true, interval: Some(_), .. } => Style::Lines,
            ReportConfig { json: true, .. } | ReportConfig { quiet: true, .. } => Style::Silent,
            _ if lines_in_view => Style::Silent,
            _ if terminal::has_status_line() => Style::StatusLine,
            ReportConfig { interval: Some(_), .. } => Style::Lines,
            _ => Style::Silent,
        };
        let interval = match style {
            Style::StatusLine => STATUS_INTERVAL,
            _ => config.interval.unwrap_or(NOTIFY_INTERVAL),
        };
        let due = (is_heard || style != Style::Silent).then_some(now + interval);
        Reporter { style, json: config.json, reader_is_gone: false, quiet: config.quiet, interval, since: now, due }
    }

    /// A summary of the span that ends now, and the same as a line for people.
    fn interval(&mut self, summary: &Summary<'_>, line: &str, is_waiting: bool) {
        match self.style {
            Style::Silent => {}
            Style::StatusLine => terminal::show_status(line),
            Style::Lines if self.json => self.print_json(summary, Duration::ZERO),
            // Why it waits was logged when it began to, and a log on an SD card is not for repeating that.
            Style::Lines if is_waiting => {}
            Style::Lines => terminal::print(line),
        }
    }

    fn last(&mut self, summary: &Summary<'_>) {
        if self.json {
            self.print_json(summary, READER_TAKES);
        } else if !self.quiet && summary.has_stream() {
            terminal::print(&summary.text());
        }
    }

    /// Writes to standard output unless its reader is busy for longer than `patience`: capture does not wait for it.
    fn print_json(&mut self, summary: &Summary<'_>, patience: Duration) {
        let mut stdout = std::io::stdout().lock();
        if self.reader_is_gone || !terminal::takes_a_line(&stdout, patience) {
            return;
        }
        match writeln!(stdout, "{}", summary.json()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => self.reader_is_gone = true,
            Err(error) => log::error!("cannot write a summary to standard output: {error}"),
            Ok(()) => {}
        }
    }

    /// Whether nobody reads summaries as JSON: none were asked for, or the reader went away.
    fn is_closed(&self) -> bool {
        !self.json || self.reader_is_gone
    }

    fn next(&mut self, now: Duration) {
        self.since = now;
        self.due = Some(now + self.interval);
    }
}

#[cfg(test)]
mod tests;
