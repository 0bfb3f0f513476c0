//! The camera in software, `--device test`: a stream of colour bars that goes through the same pipeline as any other.
//!
//! It keeps a real camera's promises and shares its weaknesses. Frame n is due at start + n intervals exactly, and that
//! is its timestamp and, as time of day, in the picture; a frame for which no buffer is queued is lost, and its number
//! with it. [`pattern`] draws the picture, in [`glyphs`]'
//! letters, and [`picture`] makes a JPEG of it where that was asked for.

mod glyphs;
mod pattern;
mod picture;

use std::sync::Arc;
use std::time::Duration;

use v4l::v4l_sys::{V4L2_BUF_FLAG_ERROR, V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC};

use self::pattern::{LARGEST, SMALLEST};
use self::picture::{Picture, formats};
use super::{Dequeued, Source, StreamInfo};
use crate::clock::Clock;
use crate::config::CaptureConfig;
use crate::device::negotiate::{choose, format_differences};
use crate::device::{DeviceError, Difference, Identity};
use crate::format::{Field, Format, FourCC, Rate, Size};
use crate::frame::{Frame, Metadata, Payload};
use crate::stop::Stop;
use crate::v4l2::buffers::{MAX_BUFFERS, MAX_PLANES, Pool};

const DEFAULT_RATE: Rate = Rate { numerator: 30, denominator: 1 };

/// A camera in software that streams.
pub(crate) struct TestCamera {
    info: StreamInfo,
    pool: Arc<Pool>,
    picture: Picture,
    clock: Arc<dyn Clock>,
    cadence: Cadence,
    /// The number of the next frame.
    next: u64,
    #[cfg(test)]
    faults: Vec<(u64, Fault)>,
}

impl TestCamera {
    /// Starts a stream; `size` and `rate` are the selector's, and go before the configuration's.
    pub(crate) fn open(
        size: Option<Size>,
        rate: Option<Rate>,
        config: &CaptureConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DeviceError> {
        let camera = identity();
        let refused = |problem, offers| DeviceError::Refused { device: camera.to_string(), problem, offers };
        let wanted_size = size.unwrap_or(config.size);
        let offered: Arc<[FourCC]> = formats().collect();
        let picture = Picture::new(choose(&config.formats, &offered, config.need), wanted_size);
        let format = Arc::new(picture.format());
        let differences = differences(config, wanted_size, &format);
        if config.strict && !differences.is_empty() {
            let problems: Vec<_> = differences.into_iter().map(|difference| difference.text).collect();
            return Err(refused(problems.join("; "), offers()));
        }

        let buffers = config.buffers_of(format.sizeimage()).clamp(1, MAX_BUFFERS);
        let pool = Pool::in_software(buffers, Arc::clone(&format)).map_err(|source| {
            let attempt = format!("allocate {buffers} buffers of {} bytes", format.sizeimage());
            DeviceError::Failed { device: camera.to_string(), attempt, source }
        })?;
        let rate = rate.or(config.rate).unwrap_or(DEFAULT_RATE);
        Ok(TestCamera {
            info: StreamInfo { camera, format, offered, rate: Some(rate), buffers, differences },
            pool,
            picture,
            cadence: Cadence::new(clock.monotonic(), rate),
            clock,
            next: 0,
            #[cfg(test)]
            faults: Vec::new(),
        })
    }

    /// Loses the frames that were due by `now` and that no buffer was there for. A frame that is taken late is not lost
    /// yet: a camera fills the queued buffers while nobody looks.
    fn lose_overdue(&mut self, now: Duration) {
        let waiting = self.cadence.due_by(now).saturating_sub(self.next);
        self.next += waiting.saturating_sub(u64::from(self.pool.queue_depth()));
    }

    /// The next frame, if there is a buffer for it.
    fn fill(&mut self, due: Duration) -> Option<Frame> {
        // Sequence numbers wrap around, as the kernel's do.
        let sequence = self.next as u32;
        let time = time_of_day(due, &*self.clock);
        let picture = &mut self.picture;
        let mut drawn = 0;
        let lease = self.pool.produce(|buffer| drawn = picture.draw(buffer, sequence, time))?;
        let (flags, length) = self.outcome(drawn as u32);
        self.next += 1;
        let metadata = Metadata {
            sequence,
            timestamp: due,
            stuck: false,
            dequeued: self.clock.monotonic(),
            bytesused: 0,
            flags,
            field: Field::None,
            queue_depth: self.pool.queue_depth(),
            corrupt: flags & V4L2_BUF_FLAG_ERROR != 0,
        };
        let mut payloads = [Payload::default(); MAX_PLANES];
        payloads[0].length = length;
        Some(Frame::new(metadata, payloads, lease))
    }

    /// The flags and the bytes of the next frame, of which so many were drawn.
    fn outcome(&self, bytes: u32) -> (u32, u32) {
        #[cfg(test)]
        match self.fault() {
            Some(Fault::Error) => return (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | V4L2_BUF_FLAG_ERROR, bytes),
            Some(Fault::Short) => return (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC, bytes / 3),
            Some(Fault::Empty) => return (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC, 0),
            _ => {}
        }
        (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC, bytes)
    }
}

impl Source for TestCamera {
    fn info(&self) -> &StreamInfo {
        &self.info
    }

    fn queue_depth(&self) -> u32 {
        self.pool.queue_depth()
    }

    fn dequeue(&mut self, until: Duration, stop: &Stop) -> Result<Dequeued, DeviceError> {
        loop {
            let now = self.clock.monotonic();
            self.lose_overdue(now);
            #[cfg(test)]
            match self.fault() {
                Some(Fault::Lose) => {
                    self.next += 1;
                    continue;
                }
                Some(Fault::Stall) => {
                    self.clock.wait(stop, until.saturating_sub(now));
                    return Ok(Dequeued::NotYet);
                }
                Some(Fault::Unplug) => {
                    let source = rustix::io::Errno::NODEV.into();
                    return Err(DeviceError::Lost { device: self.info.camera.to_string(), source });
                }
                Some(Fault::Change) => return Ok(Dequeued::Changed),
                _ => {}
            }
            let due = self.cadence.due(self.next);
            if self.clock.wait(stop, due.min(until).saturating_sub(now)) {
                return Ok(Dequeued::Stopped);
            }
            let now = self.clock.monotonic();
            if due <= now {
                if let Some(frame) = self.fill(due) {
                    return Ok(Dequeued::Frame(frame));
                }
            }
            if until <= now {
                return Ok(Dequeued::NotYet);
            }
        }
    }
}

impl Drop for TestCamera {
    fn drop(&mut self) {
        self.pool.stop();
    }
}

/// When frames are due: the frame rate as an exact fraction, so that the last frame of a day is on time too.
struct Cadence {
    start: Duration,
    /// Frames in `nanos`.
    frames: u128,
    nanos: u128,
}

const NANOS: u128 = 1_000_000_000;

impl Cadence {
    fn new(start: Duration, rate: Rate) -> Self {
        let [frames, seconds] = [rate.numerator, rate.denominator].map(|part| u128::from(part.max(1)));
        Cadence { start, frames, nanos: seconds * NANOS }
    }

    fn due(&self, number: u64) -> Duration {
        let nanos = u128::from(number) * self.nanos / self.frames;
        let seconds = u64::try_from(nanos / NANOS).unwrap_or(u64::MAX);
        self.start.saturating_add(Duration::new(seconds, (nanos % NANOS) as u32))
    }

    /// How many frames are due by `now`: the number of the first that is not.
    fn due_by(&self, now: Duration) -> u64 {
        let Some(elapsed) = now.checked_sub(self.start) else { return 0 };
        // Rounded up, as `due` is rounded down.
        let count = ((elapsed.as_nanos() + 1) * self.frames).div_ceil(self.nanos);
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

/// The time of day at a time of CLOCK_MONOTONIC. Asked for each frame: the time of day may be set.
fn time_of_day(monotonic: Duration, clock: &dyn Clock) -> Duration {
    clock.time_of_day().saturating_sub(clock.monotonic().saturating_sub(monotonic))
}

fn offers() -> Vec<String> {
    formats().map(|fourcc| format!("{fourcc} {SMALLEST} to {LARGEST}")).collect()
}

/// What is not as it was asked for: the camera has no settings but format, size and rate.
fn differences(config: &CaptureConfig, size: Size, granted: &Format) -> Vec<Difference> {
    let controls = config.controls.iter().map(|(control, _)| {
        Difference::failed(control, format!("control {control} cannot be set: the test camera has no controls"))
    });
    let input = config.input.filter(|input| *input != 0);
    let input =
        input.map(|input| Difference::failed("input", format!("input {input} cannot be selected: it has 0 only")));
    let standard = config.standard.map(|standard| {
        Difference::failed("standard", format!("standard {standard} cannot be selected: it is no analogue camera"))
    });
    controls.chain(input).chain(standard).chain(format_differences(config, size, granted)).collect()
}

fn identity() -> Identity {
    Identity {
        path: "test".into(),
        card: "picam test camera".to_owned(),
        driver: "test".to_owned(),
        bus_info: "test".to_owned(),
        usb: None,
        index: 0,
    }
}

/// What can go wrong with a camera, for the tests of those who have to deal with it.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The frame is lost: its number is left out.
    Lose,
    /// The frame has V4L2_BUF_FLAG_ERROR.
    Error,
    /// The frame has a third of its bytes.
    Short,
    /// The frame has no bytes.
    Empty,
    /// From this frame on, none comes.
    Stall,
    /// From this frame on, the camera is gone.
    Unplug,
    /// From this frame on, the source has another resolution.
    Change,
}

#[cfg(test)]
impl TestCamera {
    /// Has each fault happen at the frame of its number.
    pub(crate) fn with_faults(mut self, faults: impl IntoIterator<Item = (u64, Fault)>) -> Self {
        self.faults = faults.into_iter().collect();
        self
    }

    /// The fault of the next frame.
    fn fault(&self) -> Option<Fault> {
        let lasts = |fault| matches!(fault, Fault::Stall | Fault::Unplug | Fault::Change);
        let happens = |(number, fault): &&(u64, Fault)| *number == self.next || (lasts(*fault) && *number < self.next);
        self.faults.iter().find(happens).map(|(_, fault)| *fault)
    }
}

/// The number and the time that are drawn into a test camera's frame.
#[cfg(test)]
pub(crate) fn read_picture(frame: &Frame) -> Option<(u32, String)> {
    pattern::read(frame.format(), frame.data())
}

#[cfg(test)]
mod tests;
