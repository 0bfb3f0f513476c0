//! Whether a stream's timestamps tell the time.

use std::time::Duration;

use crate::frame::Metadata;

/// Looks whether timestamps rise. Where one stands still or jumps back, as v4l2loopback's do with some producers, none of the
/// stream's is believed any more.
#[derive(Debug, Default)]
pub(crate) struct Timestamps {
    last: Option<Duration>,
    are_stuck: bool,
}

impl Timestamps {
    /// Whether this frame's does not tell the time.
    pub(crate) fn are_stuck_at(&mut self, frame: &Metadata) -> bool {
        let rises = self.last.is_none_or(|last| frame.timestamp > last);
        // What the driver calls damaged may be so in this, too.
        if frame.corrupt {
            return self.are_stuck || !rises;
        }
        self.last = Some(frame.timestamp);
        self.are_stuck |= !rises;
        self.are_stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_believed_while_they_rise() {
        let stuck = |frames: &[(u64, bool)]| {
            let mut timestamps = Timestamps::default();
            let stuck = frames.iter().map(|(ms, corrupt)| {
                let timestamp = Duration::from_millis(*ms);
                timestamps.are_stuck_at(&Metadata { timestamp, corrupt: *corrupt, ..Metadata::default() })
            });
            stuck.collect::<Vec<_>>()
        };
        assert_eq!(stuck(&[(0, false), (33, false), (66, false)]), [false; 3]);
        assert_eq!(stuck(&[(33, false), (33, false), (66, false)]), [false, true, true]);
        assert_eq!(stuck(&[(66, false), (33, false), (99, false)]), [false, true, true]);
        assert_eq!(stuck(&[(33, false), (0, true), (66, false)]), [false, true, false]);
    }
}
