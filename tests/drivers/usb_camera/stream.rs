//! A stream that the host has started: one frame a frame interval, each cut into the URBs that the host has submitted.

use super::descriptors::PAYLOAD_HEADER;
use super::{Description, Fault, Mode, Seen, picture, usbip};
use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

// A payload header's flags (UVC 2.4.3.3).
const FRAME_ID: u8 = 0x01;
const END_OF_FRAME: u8 = 0x02;
const ERROR: u8 = 0x40;
const END_OF_HEADER: u8 = 0x80;

/// A URB on the video endpoint, still to be filled.
pub struct VideoUrb {
    pub seqnum: u32,
    pub length: usize,
}

pub struct Stream {
    mode: Mode,
    interval: Duration,
    number: u32,
    next_frame: u32,
    due: Instant,
    stalled: bool,
    /// The current frame's payload: its header and its picture, of which `sent` bytes are with the host.
    payload: Option<Vec<u8>>,
    sent: usize,
}

impl Stream {
    /// The `number`-th stream of this camera, whose first frame comes one interval from now.
    pub fn new(mode: Mode, interval: Duration, number: u32) -> Stream {
        let due = Instant::now() + interval;
        Stream { mode, interval, number, next_frame: 0, due, stalled: false, payload: None, sent: 0 }
    }

    /// How long there is nothing to do; nothing until the host does something: `None`.
    pub fn pause(&self) -> Option<Duration> {
        let idle = self.payload.is_none() && !self.stalled;
        idle.then(|| self.due.saturating_duration_since(Instant::now()))
    }

    /// Makes the next frame when it is due. An error is the camera pulling itself out.
    pub fn begin_frame(&mut self, camera: &Description) -> io::Result<()> {
        let now = Instant::now();
        if self.payload.is_some() || self.stalled || now < self.due {
            return Ok(());
        }
        // Whoever could not take frames for a while is not flooded with what was due in between.
        self.due = if now > self.due + self.interval { now + self.interval } else { self.due + self.interval };

        let mut flags = END_OF_HEADER | END_OF_FRAME;
        if self.next_frame % 2 == 1 {
            flags |= FRAME_ID;
        }
        let mut picture = picture::encode(&self.mode, self.next_frame);
        match (camera.faults)(self.number, self.next_frame) {
            None => {}
            Some(Fault::Short) => picture.truncate(picture.len() / 3),
            Some(Fault::Garbage) => picture.fill(0x55),
            Some(Fault::Error) => flags |= ERROR,
            Some(Fault::Stall) => {
                self.stalled = true;
                return Ok(());
            }
            Some(Fault::Unplug) => return Err(io::ErrorKind::NotConnected.into()),
        }
        picture.splice(..0, [PAYLOAD_HEADER as u8, flags]);
        self.payload = Some(picture);
        self.sent = 0;
        Ok(())
    }

    /// Sends as much of the current frame as there are URBs for.
    ///
    /// A payload ends with a URB that is not filled, an empty one if need be, unless it is of the full size that was
    /// negotiated (UVC 2.4.3.2.1).
    pub fn fill(&mut self, urbs: &mut VecDeque<VideoUrb>, host: &mut UnixStream, seen: &Seen) -> io::Result<()> {
        let Some(payload) = &self.payload else { return Ok(()) };
        let full = PAYLOAD_HEADER + self.mode.frame_max() as usize;
        while let Some(urb) = urbs.pop_front() {
            let part = &payload[self.sent..payload.len().min(self.sent + urb.length)];
            usbip::return_in(host, urb.seqnum, usbip::OK, part)?;
            self.sent += part.len();
            if part.len() < urb.length || self.sent == full {
                self.payload = None;
                self.next_frame += 1;
                seen.frames.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
        Ok(())
    }
}
