//! A frame: a lease on the driver's buffer, and what the driver said about it.
//!
//! A [`Frame`] gives read access to the very memory the driver wrote; nothing is copied. Clones share the buffer, from
//! any thread; when the last clone is dropped the buffer goes back to the driver. So a frame that is kept keeps a buffer
//! from the camera: with all of them kept, the camera loses frames. Frames may outlive the stream they came from.

use std::sync::Arc;
use std::time::Duration;

use v4l::v4l_sys as sys;

use crate::format::{Field, Format};
use crate::v4l2::buffers::{Lease, MAX_PLANES};

/// What the driver said about a frame (`struct v4l2_buffer`), and what was found at its dequeue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The driver's count of frames since stream on; a gap is lost frames.
    pub sequence: u32,
    /// The driver's timestamp: start of exposure or end of frame, as the driver's flags tell; on CLOCK_MONOTONIC
    /// unless [`Metadata::flags`] says otherwise.
    pub timestamp: Duration,
    /// Whether the timestamp does not tell the time: one of the stream's stood still or jumped back.
    pub stuck: bool,
    /// When the frame was dequeued, on CLOCK_MONOTONIC.
    pub dequeued: Duration,
    /// Bytes of data, all planes together.
    pub bytesused: u32,
    /// `V4L2_BUF_FLAG_*` as the driver set them.
    pub flags: u32,
    /// Which lines of a picture it holds: where a format's fields come one at a time, which of the two this is.
    pub field: Field,
    /// Buffers left with the driver just after this one was dequeued: 0 means that it has none to fill.
    pub queue_depth: u32,
    /// The driver flagged an error (`V4L2_BUF_FLAG_ERROR`), or the data is shorter than the format needs or longer than it allows.
    pub corrupt: bool,
}

impl Metadata {
    /// Whether the driver's timestamp is a time of CLOCK_MONOTONIC.
    pub fn is_monotonic(&self) -> bool {
        !self.stuck && self.flags & sys::V4L2_BUF_FLAG_TIMESTAMP_MASK == sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC
    }

    /// The frame's time, for what is to happen in time: the driver's timestamp, or where that does not tell the time, when the
    /// frame was dequeued.
    pub(crate) fn time(&self) -> Duration {
        if self.stuck { self.dequeued } else { self.timestamp }
    }
}

/// The part of a plane's memory that holds data (`v4l2_plane.data_offset`, `bytesused`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

impl Payload {
    /// Whether it is at least as long as a `complete` picture, and no longer than the driver said that one is (`sizeimage`)
    /// and than what is `mapped`: a longer one is of another size, which the driver changed to.
    fn is_whole(&self, complete: u32, sizeimage: u32, mapped: usize) -> bool {
        self.length > 0 && self.length >= complete && self.length <= sizeimage && self.length as usize <= mapped
    }
}

/// One frame on lease: see the [module](self).
#[derive(Clone)]
pub struct Frame {
    metadata: Metadata,
    payloads: [Payload; MAX_PLANES],
    lease: Lease,
}

impl Frame {
    /// `bytesused` and `corrupt` of `metadata` are filled in from the payloads and the format.
    pub(crate) fn new(mut metadata: Metadata, payloads: [Payload; MAX_PLANES], lease: Lease) -> Self {
        let planes = payloads.iter().take(lease.format().planes.len());
        metadata.bytesused = planes.clone().fold(0, |sum: u32, payload| sum.saturating_add(payload.length));
        metadata.corrupt |= planes.zip(&lease.format().planes).enumerate().any(|(plane, (payload, granted))| {
            let mapped = lease.plane_len(plane).saturating_sub(payload.offset as usize);
            !payload.is_whole(lease.complete(plane), granted.sizeimage, mapped)
        });
        Frame { metadata, payloads, lease }
    }

    /// The timestamp does not tell the time.
    pub(crate) fn set_stuck(&mut self) {
        self.metadata.stuck = true;
    }

    /// What the driver said about the frame.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The format of the stream that the frame belongs to.
    pub fn format(&self) -> &Arc<Format> {
        self.lease.format()
    }

    /// The index of the driver's buffer.
    pub fn index(&self) -> u32 {
        self.lease.index()
    }

    /// The data of the first plane: all there is in single-planar formats. Exactly `bytesused` bytes.
    pub fn data(&self) -> &[u8] {
        self.plane(0)
    }

    /// The data of each memory plane, in order.
    pub fn planes(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.format().planes.len()).map(|plane| self.plane(plane))
    }

    fn plane(&self, plane: usize) -> &[u8] {
        match self.payloads.get(plane) {
            Some(payload) => self.lease.plane(plane, payload.offset, payload.length),
            None => &[],
        }
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame").field("metadata", &self.metadata).field("index", &self.index()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_short_frame_nor_one_of_another_size_is_whole() {
        // 640x360 in YUYV, of which a buffer is rounded up to pages; and what 1280x720 needs.
        let is_whole = |length| Payload { offset: 0, length }.is_whole(460_800, 460_800, 462_848);
        assert!(is_whole(460_800));
        for length in [0, 460_799, 460_801, 462_848, 1_843_200] {
            assert!(!is_whole(length), "{length}");
        }
        let compressed = |length| Payload { offset: 0, length }.is_whole(0, 460_800, 462_848);
        assert!(compressed(1) && compressed(460_800) && !compressed(0) && !compressed(460_801));
    }
}
