//! Streaming I/O: request, query, queue and dequeue buffers; stream on and off; events.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::io::Errno;
use v4l::v4l_sys as sys;
use v4l::v4l2::vidioc;

use super::format::field;
use super::{Abi, Direction, call, request};
use crate::format::Field;
use crate::frame::Payload;
use crate::v4l2::buffers::MAX_PLANES;

const VIDIOC_DQEVENT: super::Request = request::<sys::v4l2_event>(Direction::Read, 89);
const VIDIOC_SUBSCRIBE_EVENT: super::Request = request::<sys::v4l2_event_subscription>(Direction::Write, 90);

/// The capture queue's type: `enum v4l2_buf_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BufferType {
    /// V4L2_BUF_TYPE_VIDEO_CAPTURE
    SinglePlanar,
    /// V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
    MultiPlanar,
}

impl BufferType {
    pub(super) fn raw(self) -> u32 {
        match self {
            BufferType::SinglePlanar => sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE,
            BufferType::MultiPlanar => sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
        }
    }
}

const MMAP: u32 = sys::v4l2_memory_V4L2_MEMORY_MMAP;

/// Asks for `count` MMAP buffers (VIDIOC_REQBUFS) and answers how many were granted; 0 gives all of them back.
pub(crate) fn request_buffers(device: BorrowedFd<'_>, buffer_type: BufferType, count: u32) -> io::Result<u32> {
    let mut request = sys::v4l2_requestbuffers::zeroed();
    request.count = count;
    request.type_ = buffer_type.raw();
    request.memory = MMAP;
    // SAFETY: VIDIOC_REQBUFS takes a v4l2_requestbuffers, which holds no pointer.
    unsafe { call(device, vidioc::VIDIOC_REQBUFS, &mut request) }?;
    Ok(request.count)
}

/// Where a plane is to be mapped.
pub(crate) struct PlaneMemory {
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

/// A v4l2_buffer, with room for planes to which it points only while a request is made.
struct Buffer {
    raw: sys::v4l2_buffer,
    /// Only for multi-planar types: half a kilobyte that the others need not clear for each request.
    planes: Option<[sys::v4l2_plane; MAX_PLANES]>,
}

impl Buffer {
    fn new(buffer_type: BufferType, index: u32) -> Self {
        let mut raw = sys::v4l2_buffer::zeroed();
        raw.index = index;
        raw.type_ = buffer_type.raw();
        raw.memory = MMAP;
        let is_multi_planar = buffer_type == BufferType::MultiPlanar;
        Buffer { raw, planes: is_multi_planar.then(|| [sys::v4l2_plane::zeroed(); MAX_PLANES]) }
    }

    fn call(&mut self, device: BorrowedFd<'_>, request: super::Request) -> io::Result<()> {
        if let Some(planes) = &mut self.planes {
            self.raw.length = MAX_PLANES as u32;
            self.raw.m.planes = planes.as_mut_ptr();
        }
        // SAFETY: QUERYBUF, QBUF and DQBUF take a v4l2_buffer. For a multi-planar type it points to `length` planes,
        // which live in self, exclusively borrowed; for the others it holds no pointer that the kernel follows.
        unsafe { call(device, request, &mut self.raw) }
    }

    /// The planes that the kernel filled in.
    fn planes(&self) -> &[sys::v4l2_plane] {
        let planes = self.planes.as_ref().map_or(&[][..], |planes| &planes[..]);
        &planes[..(self.raw.length as usize).min(planes.len())]
    }
}

/// Where the planes of buffer `index` are (VIDIOC_QUERYBUF).
pub(crate) fn query_buffer(
    device: BorrowedFd<'_>,
    buffer_type: BufferType,
    index: u32,
) -> io::Result<Vec<PlaneMemory>> {
    let mut buffer = Buffer::new(buffer_type, index);
    buffer.call(device, vidioc::VIDIOC_QUERYBUF)?;
    Ok(match buffer_type {
        BufferType::SinglePlanar => {
            // SAFETY: for an MMAP buffer of a single-planar type the kernel fills in `offset`; any bits are a valid u32.
            let offset = unsafe { buffer.raw.m.offset };
            vec![PlaneMemory { offset, length: buffer.raw.length }]
        }
        BufferType::MultiPlanar => buffer
            .planes()
            .iter()
            // SAFETY: for an MMAP buffer the kernel fills in `mem_offset`; any bits are a valid u32.
            .map(|plane| PlaneMemory { offset: unsafe { plane.m.mem_offset }, length: plane.length })
            .collect(),
    })
}

/// Gives buffer `index` to the driver (VIDIOC_QBUF). Safe from any thread.
pub(crate) fn queue_buffer(device: BorrowedFd<'_>, buffer_type: BufferType, index: u32) -> io::Result<()> {
    Buffer::new(buffer_type, index).call(device, vidioc::VIDIOC_QBUF)
}

/// A buffer that the driver filled.
pub(crate) struct Filled {
    pub(crate) index: u32,
    pub(crate) sequence: u32,
    pub(crate) timestamp: Duration,
    pub(crate) flags: u32,
    pub(crate) field: Field,
    pub(crate) payloads: [Payload; MAX_PLANES],
}

/// The outcomes of VIDIOC_DQBUF that are not failures, in the manner of v4l2r.
pub(crate) enum Dequeue {
    Filled(Filled),
    /// EAGAIN: no buffer is done yet.
    NotReady,
    /// EPIPE: the driver will deliver no more (`V4L2_BUF_FLAG_LAST` was seen, or the source changed).
    End,
}

/// Takes the next filled buffer from the driver (VIDIOC_DQBUF); does not wait.
pub(crate) fn dequeue_buffer(device: BorrowedFd<'_>, buffer_type: BufferType) -> io::Result<Dequeue> {
    let mut buffer = Buffer::new(buffer_type, 0);
    match buffer.call(device, vidioc::VIDIOC_DQBUF) {
        Ok(()) => {}
        Err(error) => {
            return match Errno::from_io_error(&error) {
                Some(Errno::AGAIN) => Ok(Dequeue::NotReady),
                Some(Errno::PIPE) => Ok(Dequeue::End),
                _ => Err(error),
            };
        }
    }
    let mut payloads = [Payload::default(); MAX_PLANES];
    match buffer_type {
        BufferType::SinglePlanar => payloads[0].length = buffer.raw.bytesused,
        BufferType::MultiPlanar => {
            for (payload, plane) in payloads.iter_mut().zip(buffer.planes()) {
                // bytesused counts data_offset too (struct v4l2_plane).
                let offset = plane.data_offset;
                *payload = Payload { offset, length: plane.bytesused.saturating_sub(offset) };
            }
        }
    }
    let raw = &buffer.raw;
    let seconds = u64::try_from(raw.timestamp.tv_sec).unwrap_or(0);
    let microseconds = u64::try_from(raw.timestamp.tv_usec).unwrap_or(0);
    Ok(Dequeue::Filled(Filled {
        index: raw.index,
        sequence: raw.sequence,
        timestamp: Duration::from_secs(seconds) + Duration::from_micros(microseconds),
        flags: raw.flags,
        field: field(raw.field),
        payloads,
    }))
}

/// Starts the stream (VIDIOC_STREAMON).
pub(crate) fn stream_on(device: BorrowedFd<'_>, buffer_type: BufferType) -> io::Result<()> {
    // SAFETY: VIDIOC_STREAMON takes an int, the buffer type.
    unsafe { call(device, vidioc::VIDIOC_STREAMON, &mut buffer_type.raw()) }
}

/// Ends the stream (VIDIOC_STREAMOFF): the driver gives up every buffer.
pub(crate) fn stream_off(device: BorrowedFd<'_>, buffer_type: BufferType) -> io::Result<()> {
    // SAFETY: VIDIOC_STREAMOFF takes an int, the buffer type.
    unsafe { call(device, vidioc::VIDIOC_STREAMOFF, &mut buffer_type.raw()) }
}

/// Asks to be told (POLLPRI) when the resolution of what is at `input` changes. Drivers without it answer EINVAL or ENOTTY.
pub(crate) fn subscribe_source_change(device: BorrowedFd<'_>, input: u32) -> io::Result<()> {
    let mut subscription = sys::v4l2_event_subscription::zeroed();
    subscription.type_ = sys::V4L2_EVENT_SOURCE_CHANGE;
    subscription.id = input;
    // SAFETY: VIDIOC_SUBSCRIBE_EVENT takes a v4l2_event_subscription, which holds no pointer.
    unsafe { call(device, VIDIOC_SUBSCRIBE_EVENT, &mut subscription) }
}

/// Takes the events that are pending (VIDIOC_DQEVENT); whether the source's resolution changed is among them.
pub(crate) fn source_changed(device: BorrowedFd<'_>) -> io::Result<bool> {
    let mut changed = false;
    loop {
        let mut event = sys::v4l2_event::zeroed();
        // SAFETY: VIDIOC_DQEVENT takes a v4l2_event, which holds no pointer.
        match unsafe { call(device, VIDIOC_DQEVENT, &mut event) } {
            Ok(()) if event.type_ == sys::V4L2_EVENT_SOURCE_CHANGE => {
                // SAFETY: for this event type the kernel fills in `src_change`; any bits are a valid u32.
                let changes = unsafe { event.u.src_change.changes };
                changed |= changes & sys::V4L2_EVENT_SRC_CH_RESOLUTION != 0;
            }
            Ok(()) => {}
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NOENT) => return Ok(changed),
            Err(error) => return Err(error),
        }
        if event.pending == 0 {
            return Ok(changed);
        }
    }
}
