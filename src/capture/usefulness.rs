//! Whether a stream's frames are of use: whole, and of a signal. A stream whose frames are not goes on, and every frame of it is
//! handed out and accounted for; but that it captures would not be true.

use std::time::Duration;

use crate::device::DeviceError;
use crate::frame::Frame;
use crate::source::Source;

/// How often the input is asked for its signal while frames come.
const SIGNAL_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Usefulness {
    /// When the last whole frame came, and before that the stream.
    whole_at: Duration,
    /// When the input was asked last.
    asked_at: Option<Duration>,
    has_no_signal: bool,
    is_useless: bool,
}

/// What a frame changes.
pub(super) enum Change {
    None,
    /// Frames are of no use from now on, for this reason.
    Useless(DeviceError),
    /// They are again.
    Useful,
}

impl Usefulness {
    pub(super) fn of_stream_started(now: Duration) -> Self {
        Usefulness { whole_at: now, ..Usefulness::default() }
    }

    pub(super) fn is_useless(&self) -> bool {
        self.is_useless
    }

    /// Looks at a frame of `source`. None whole for as long as `patience` makes the stream useless; `None`: corrupt ones are
    /// wanted, too.
    pub(super) fn look(&mut self, frame: &Frame, source: &mut dyn Source, patience: Option<Duration>) -> Change {
        let metadata = frame.metadata();
        let now = metadata.dequeued;
        let is_whole = !metadata.corrupt || patience.is_none();
        if is_whole {
            self.whole_at = now;
        }
        if self.asked_at.is_none_or(|asked| now.saturating_sub(asked) >= SIGNAL_INTERVAL) {
            self.asked_at = Some(now);
            let reason = source.lacks_signal();
            self.has_no_signal = reason.is_some();
            if let Some(reason) = reason.filter(|_| !self.is_useless) {
                self.is_useless = true;
                return Change::Useless(reason);
            }
        }
        let waited = now.saturating_sub(self.whole_at);
        if !self.is_useless && patience.is_some_and(|patience| waited >= patience) {
            self.is_useless = true;
            let device = source.info().camera.to_string();
            return Change::Useless(DeviceError::Damaged { device, waited, reason: damage(frame) });
        }
        if self.is_useless && is_whole && !self.has_no_signal {
            self.is_useless = false;
            return Change::Useful;
        }
        Change::None
    }
}

/// What is wrong with a frame.
fn damage(frame: &Frame) -> String {
    let format = frame.format();
    let needed = (0..format.planes.len()).fold(0_u32, |sum, plane| sum.saturating_add(format.complete(plane)));
    match frame.metadata().bytesused {
        bytes if bytes < needed => format!("the last has {bytes} bytes, and {format} takes {needed}"),
        0 => "the last is empty".to_owned(),
        _ => "the driver marks them as damaged".to_owned(),
    }
}
