//! The capture loop: opens the camera, takes frames, and starts anew after a fault, for as long as it is asked to.
//!
//! [`Capture::next`] is called again and again; each call does one step and says what happened. It waits for a camera that is not
//! there, busy or lost, and goes on with the same one. See [`crate::frame`] for how long a frame may be kept.

mod pace;
pub(crate) mod timestamps;
mod usefulness;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use self::pace::{Pace, RETRY};
use self::timestamps::Timestamps;
use self::usefulness::{Change, Usefulness};
use self::watch::Watch;
use crate::clock::{Clock, System};
use crate::config::{CaptureConfig, OnError};
use crate::device::discover::{self, Roots};
use crate::device::{DeviceError, Identity, Selector};
use crate::frame::Frame;
use crate::repeated::Repeated;
use crate::source::test_camera::TestCamera;
use crate::source::v4l2::V4l2Source;
use crate::source::{Dequeued, Source, StreamInfo};
use crate::stats::Accounting;
use crate::stop::Stop;

/// What one step of the capture brought.
#[derive(Debug)]
pub enum Event {
    /// A stream started, the first or one after a fault: the format may be another.
    Started(StreamInfo),
    /// A frame was dequeued. Look at [`Metadata::corrupt`](crate::frame::Metadata::corrupt) before trusting its data.
    Frame(Frame),
    /// The stream failed, no camera could be opened, or the frames are of no use ([`DeviceError::NoSignal`],
    /// [`DeviceError::Damaged`]; they still come), and it is waited for. Reported once for each new reason.
    Waiting(DeviceError),
    /// The frames are of use again, of the same stream.
    Resumed,
    /// The time was up and nothing happened.
    Idle,
    /// [`Stop`] was asked for.
    Stopped,
}

/// Whether frames flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// The last frame came less than the timeout ago, or the stream is that young.
    Capturing,
    /// There is no camera to capture from, or its frames are of no use, and that is waited for.
    Waiting,
    /// The driver took the buffers and hangs: a stream brought nothing, and the one that was started after it brought nothing yet.
    Failing,
}

type Open = Box<dyn FnMut(Option<&Identity>) -> Result<Box<dyn Source>, DeviceError> + Send>;

/// A capture that goes on until it is stopped.
pub struct Capture {
    on_error: OnError,
    stop: Stop,
    clock: Arc<dyn Clock>,
    open: Open,
    state: State,
    /// The camera in use, or the one that is waited for.
    camera: Option<Identity>,
    accounting: Accounting,
    watch: Watch,
    /// The reason for waiting that was reported last.
    told: Option<String>,
    /// Since when the camera may not be opened.
    denied_since: Option<Duration>,
    pace: Pace,
    timestamps: Timestamps,
    usefulness: Usefulness,
    /// A frame that comes after the news of it.
    pending: Option<Frame>,
    keeps_corrupt: bool,
    repeated: Repeated,
    /// From when on a driver that hangs counts as failing.
    failing_from: Option<Duration>,
}

enum State {
    Closed { retry_at: Duration },
    Streaming { source: Box<dyn Source> },
}

/// What udev takes, at most, to give a new node its group: until then, that it may not be opened is no news.
const UDEV: Duration = Duration::from_millis(500);

impl Capture {
    /// A capture by `config`, which ends when `stop` is asked for. Nothing is opened yet.
    pub fn new(config: CaptureConfig, stop: Stop) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(System);
        let roots = Roots::default();
        let watch = match config.device {
            Selector::Test { .. } => Watch::Nothing,
            _ => Watch::Directory(roots.dev.clone()),
        };
        let (timeout, on_error, keeps_corrupt) = (config.timeout, config.on_error, config.keep_corrupt);
        let (asked, time) = (stop.clone(), Arc::clone(&clock));
        let repeated = Arc::new(Repeated::new(Arc::clone(&clock)));
        let open = Box::new(move |last: Option<&Identity>| -> Result<Box<dyn Source>, DeviceError> {
            Ok(match &config.device {
                Selector::Test { size, rate } => Box::new(TestCamera::open(*size, *rate, &config, Arc::clone(&time))?),
                selector => {
                    let device = discover::find(selector, last, &roots)?;
                    Box::new(V4l2Source::start(device, &config, &asked, Arc::clone(&time), Arc::clone(&repeated))?)
                }
            })
        });
        Capture { keeps_corrupt, ..Self::with(open, timeout, on_error, stop, watch, clock) }
    }

    fn with(open: Open, timeout: Duration, on_error: OnError, stop: Stop, watch: Watch, clock: Arc<dyn Clock>) -> Self {
        Capture {
            on_error,
            stop,
            repeated: Repeated::new(Arc::clone(&clock)),
            clock,
            open,
            state: State::Closed { retry_at: Duration::ZERO },
            camera: None,
            accounting: Accounting::default(),
            watch,
            told: None,
            denied_since: None,
            pace: Pace::new(timeout),
            timestamps: Timestamps::default(),
            usefulness: Usefulness::default(),
            pending: None,
            keeps_corrupt: false,
            failing_from: None,
        }
    }

    /// The clock that it goes by.
    #[cfg(test)]
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The books so far.
    pub fn accounting(&self) -> &Accounting {
        &self.accounting
    }

    /// The books, to begin a new span.
    pub fn accounting_mut(&mut self) -> &mut Accounting {
        &mut self.accounting
    }

    /// Whether frames flow.
    pub fn health(&self) -> Health {
        match self.state {
            _ if self.failing_from.is_some_and(|from| self.clock.monotonic() >= from) => Health::Failing,
            State::Streaming { .. } if self.usefulness.is_useless() => Health::Waiting,
            State::Streaming { .. } => Health::Capturing,
            State::Closed { .. } => Health::Waiting,
        }
    }

    /// Does one step and says what happened, after no more than about `timeout`.
    ///
    /// # Errors
    /// What waiting cannot fix (a file that is no camera, and under `strict` whatever is not granted as asked for), and with
    /// [`OnError::Exit`] every failure.
    pub fn next(&mut self, timeout: Duration) -> Result<Event, DeviceError> {
        self.next_until(self.clock.monotonic().saturating_add(timeout))
    }

    /// As [`Capture::next`], with the end of the wait on CLOCK_MONOTONIC.
    pub(crate) fn next_until(&mut self, until: Duration) -> Result<Event, DeviceError> {
        if let Some(frame) = self.pending.take() {
            return Ok(Event::Frame(frame));
        }
        match &mut self.state {
            State::Streaming { source } => match source.dequeue(until.min(self.pace.stalls_at()), &self.stop) {
                Ok(Dequeued::Frame(mut frame)) => {
                    if self.timestamps.are_stuck_at(frame.metadata()) {
                        frame.set_stuck();
                    }
                    self.pace.frame(frame.metadata().dequeued);
                    self.failing_from = None;
                    self.accounting.frame(frame.metadata());
                    let patience = (!self.keeps_corrupt).then(|| self.pace.patience());
                    match self.usefulness.look(&frame, &mut **source, patience) {
                        Change::None => Ok(Event::Frame(frame)),
                        Change::Useless(reason) => {
                            self.pending = Some(frame);
                            self.wait_for(reason)
                        }
                        Change::Useful => {
                            self.pending = Some(frame);
                            self.told = None;
                            Ok(Event::Resumed)
                        }
                    }
                }
                Ok(Dequeued::Stopped) => Ok(Event::Stopped),
                Ok(Dequeued::NotYet) if self.clock.monotonic() < self.pace.stalls_at() => Ok(Event::Idle),
                Ok(Dequeued::NotYet) => {
                    if let Some(reason) = source.lacks_signal() {
                        return self.failed(reason);
                    }
                    let device = source.info().camera.to_string();
                    let (queue_depth, source) = (source.queue_depth(), source.refusal());
                    self.failed(DeviceError::Stalled { device, waited: self.pace.patience(), queue_depth, source })
                }
                Ok(Dequeued::Changed) => {
                    let camera = &source.info().camera;
                    self.repeated.warn(format!("{camera}: the source changed: starting the stream anew"));
                    self.close();
                    Ok(Event::Idle)
                }
                Err(error) => self.failed(error),
            },
            State::Closed { retry_at } => {
                let now = self.clock.monotonic();
                let left = retry_at.saturating_sub(now);
                if !left.is_zero() && !self.watch.wait(left.min(until.saturating_sub(now)), &self.stop, &*self.clock) {
                    return Ok(if self.stop.is_stopped() { Event::Stopped } else { Event::Idle });
                }
                self.open()
            }
        }
    }

    fn open(&mut self) -> Result<Event, DeviceError> {
        if self.stop.is_stopped() {
            return Ok(Event::Stopped);
        }
        match (self.open)(self.camera.as_ref()) {
            Ok(source) => {
                let info = source.info().clone();
                self.camera = Some(info.camera.clone());
                self.told = None;
                self.denied_since = None;
                self.accounting.stream_started(info.rate, info.format.field);
                let now = self.clock.monotonic();
                self.timestamps = Timestamps::default();
                self.usefulness = Usefulness::of_stream_started(now);
                self.pace.started(now, info.interval());
                self.state = State::Streaming { source };
                Ok(Event::Started(info))
            }
            Err(error) => {
                if self.may_yet_be_permitted(&error) {
                    self.state = State::Closed { retry_at: self.clock.monotonic() + UDEV };
                    return Ok(Event::Idle);
                }
                // Whatever it was, the driver answers.
                self.failing_from = None;
                // A camera that is there and does not work is worth another try soon; one that is absent or busy is not.
                let retry = match error {
                    DeviceError::Failed { .. } | DeviceError::Bandwidth { .. } => self.pace.failed(),
                    DeviceError::NoSignal { .. } => RETRY,
                    _ => watch::SAFETY_POLL,
                };
                self.state = State::Closed { retry_at: self.clock.monotonic() + retry };
                self.wait_for(error)
            }
        }
    }

    fn may_yet_be_permitted(&mut self, error: &DeviceError) -> bool {
        if !matches!(error, DeviceError::Permission { .. }) {
            self.denied_since = None;
            return false;
        }
        let now = self.clock.monotonic();
        self.on_error == OnError::Wait && now - *self.denied_since.get_or_insert(now) < UDEV
    }

    /// The stream failed: it is closed, and started anew at once if it had delivered frames for a while.
    fn failed(&mut self, error: DeviceError) -> Result<Event, DeviceError> {
        let now = self.clock.monotonic();
        match error {
            // With no buffer to fill it is not to blame, unless it took none.
            DeviceError::Stalled { queue_depth: 1.., .. } | DeviceError::Stalled { source: Some(_), .. } => {
                _ = self.failing_from.get_or_insert(now + self.pace.frames_time());
            }
            _ => self.failing_from = None,
        }
        self.close();
        self.told = None;
        self.wait_for(error)
    }

    fn close(&mut self) {
        let now = self.clock.monotonic();
        let retry_at = now + self.pace.ended(now);
        // Dropping the source ends its stream, before the next one is opened.
        self.state = State::Closed { retry_at };
    }

    fn wait_for(&mut self, error: DeviceError) -> Result<Event, DeviceError> {
        if self.on_error == OnError::Exit || !error.may_pass() {
            return Err(error);
        }
        let text = error.to_string();
        if self.told.as_ref() == Some(&text) {
            return Ok(Event::Idle);
        }
        self.told = Some(text);
        Ok(Event::Waiting(error))
    }
}

impl std::fmt::Debug for Capture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capture").field("camera", &self.camera).field("health", &self.health()).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
