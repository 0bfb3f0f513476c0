//! Where frames come from: a [`Source`] is one stream, from stream on until it ends or fails.
//!
//! Two exist: [`v4l2::V4l2Source`], the kernel's drivers, and [`test_camera::TestCamera`], the camera in software. Opening, waiting
//! and restarting are [`crate::capture`]'s.

pub(crate) mod test_camera;
pub(crate) mod v4l2;
mod wait;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::device::{DeviceError, Difference, Identity};
use crate::format::{Format, FourCC, Need, Rate};
use crate::frame::Frame;
use crate::stop::Stop;

/// What a stream was granted when it started.
#[derive(Clone, Debug)]
pub struct StreamInfo {
    /// The camera.
    pub camera: Identity,
    /// The granted format.
    pub format: Arc<Format>,
    /// The pixel formats that the camera offers, in its own order.
    pub offered: Arc<[FourCC]>,
    /// The granted frame rate, where the driver tells.
    pub rate: Option<Rate>,
    /// The granted number of buffers.
    pub buffers: u32,
    /// What is not as it was asked for.
    pub differences: Vec<Difference>,
}

/// How many frames may be missing before that is a fault, however long a setting of seconds would wait.
const MISSING: u32 = 5;

/// How long frames may stay away before that is a fault: as long as `setting` says, and never less than five of them take.
pub(crate) fn patience(setting: Duration, interval: Duration) -> Duration {
    setting.max(interval.saturating_mul(MISSING))
}

impl StreamInfo {
    /// Time from one frame to the next; zero where the driver does not tell.
    pub(crate) fn interval(&self) -> Duration {
        self.rate.map(Rate::interval).unwrap_or_default()
    }

    /// Why an output cannot use the format, with what to do about it.
    pub(crate) fn refusal(&self, reason: &str, need: Need) -> String {
        let others = self.offered.iter().filter(|fourcc| **fourcc != self.format.fourcc && need.is_met_by(**fourcc));
        let names: Vec<_> = others.map(FourCC::to_string).collect();
        match names.is_empty() {
            true => format!("{reason}: the camera offers no format that serves"),
            false => format!("{reason}: ask for one of the camera's other formats with --format: {}", names.join(", ")),
        }
    }
}

#[cfg(test)]
impl StreamInfo {
    /// Of a camera that is nowhere, for tests of who takes its frames.
    pub(crate) fn of(format: Arc<Format>, buffers: u32) -> Self {
        let camera = Identity {
            path: "test".into(),
            card: String::new(),
            driver: String::new(),
            bus_info: String::new(),
            usb: None,
            index: 0,
        };
        let offered = Arc::new([format.fourcc]);
        StreamInfo { camera, format, offered, rate: None, buffers, differences: Vec::new() }
    }
}

/// What came out of one wait for a frame.
#[derive(Debug)]
pub(crate) enum Dequeued {
    /// A frame, corrupt or not.
    Frame(Frame),
    /// None yet: the time was up, or a wake-up was spurious.
    NotYet,
    /// [`Stop`] was asked for.
    Stopped,
    /// The source changed its resolution, or the stream came to its end: open it anew.
    Changed,
}

/// One stream of frames.
pub(crate) trait Source: Send {
    /// What was granted at the start.
    fn info(&self) -> &StreamInfo;

    /// Buffers that the driver owns now.
    fn queue_depth(&self) -> u32;

    /// Why the driver does not take buffers back, where it does not.
    fn refusal(&self) -> Option<io::Error> {
        None
    }

    /// Why its frames show nothing, where the input has no usable signal.
    fn lacks_signal(&mut self) -> Option<DeviceError> {
        None
    }

    /// Waits for the next frame, but not after `until` (on CLOCK_MONOTONIC) and not after `stop`; it may well end earlier.
    fn dequeue(&mut self, until: Duration, stop: &Stop) -> Result<Dequeued, DeviceError>;
}
