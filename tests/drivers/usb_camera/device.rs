//! The camera as a USB device: it answers requests on endpoint 0, and fills the host's URBs with video on its cadence.
//!
//! One thread does both, between polls of the socket, so a URB is either still here or has been returned, never half
//! way. It ends when the socket does.

use super::descriptors::{self, CONTROL_INTERFACE, PROCESSING_UNIT, Parameters, STREAMING_INTERFACE};
use super::stream::{Stream, VideoUrb};
use super::usbip::{self, Request, Urb};
use super::{Description, Encoding, Mode, Seen};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;

// bmRequestType's type and direction bits (USB 9.3).
const STANDARD: u8 = 0x00;
const CLASS: u8 = 0x20;
const TYPE_BITS: u8 = 0x60;
// Standard requests (USB 9.4).
const GET_STATUS: u8 = 0;
const CLEAR_FEATURE: u8 = 1;
const GET_DESCRIPTOR: u8 = 6;
const GET_CONFIGURATION: u8 = 8;
const GET_INTERFACE: u8 = 10;
// Class requests (UVC 4.1), and the controls they address (UVC A.9).
const SET_CUR: u8 = 0x01;
const GET_CUR: u8 = 0x81;
const GET_MIN: u8 = 0x82;
const GET_MAX: u8 = 0x83;
const GET_RES: u8 = 0x84;
const GET_LEN: u8 = 0x85;
const GET_INFO: u8 = 0x86;
const GET_DEF: u8 = 0x87;
const SUPPORTS_GET_AND_SET: u8 = 0x03;
const VS_COMMIT: u8 = 2;
const PU_BRIGHTNESS: u8 = 2;
const BRIGHTNESS_MIN: i16 = -64;
const BRIGHTNESS_MAX: i16 = 64;

struct Device {
    host: UnixStream,
    camera: Arc<Description>,
    seen: Arc<Seen>,
    parameters: Parameters,
    urbs: VecDeque<VideoUrb>,
    stream: Option<Stream>,
}

/// Runs the device in a thread until the host's end of the socket or ours is shut, or a fault unplugs it.
pub fn start(host: UnixStream, camera: Arc<Description>, seen: Arc<Seen>) -> JoinHandle<()> {
    let parameters = Parameters { format: 1, frame: 1, interval: descriptors::interval(camera.modes[0].fps[0]) };
    let mut device = Device { host, camera, seen, parameters, urbs: VecDeque::new(), stream: None };
    let name = format!("camera {}", device.camera.port);
    let run = move || {
        while device.turn().is_ok() {}
        // The test holds the socket too, so that the host would not see the device go by itself.
        let _ = device.host.shutdown(Shutdown::Both);
    };
    thread::Builder::new().name(name).spawn(run).expect("a thread for the camera")
}

impl Device {
    /// Waits for a request or for the next frame's time, and does what is to be done. An error is the end of the plug.
    fn turn(&mut self) -> io::Result<()> {
        if self.wait()? {
            match usbip::read_request(&mut self.host)? {
                Request::Submit(urb) if urb.endpoint == 0 => self.control(&urb)?,
                Request::Submit(Urb { seqnum, length, .. }) => self.urbs.push_back(VideoUrb { seqnum, length }),
                Request::Unlink { seqnum, victim } => {
                    let before = self.urbs.len();
                    self.urbs.retain(|urb| urb.seqnum != victim);
                    let status = if self.urbs.len() < before { usbip::ECONNRESET } else { usbip::OK };
                    usbip::return_unlink(&mut self.host, seqnum, status)?;
                }
            }
        }
        let Some(stream) = &mut self.stream else { return Ok(()) };
        stream.begin_frame(&self.camera)?;
        stream.fill(&mut self.urbs, &mut self.host, &self.seen)
    }

    /// Whether there is a request, once there is one or a frame is due.
    fn wait(&self) -> io::Result<bool> {
        let pause = self.stream.as_ref().and_then(Stream::pause);
        let timeout =
            pause.map(|pause| Timespec { tv_sec: pause.as_secs() as i64, tv_nsec: pause.subsec_nanos().into() });
        let mut host = [PollFd::new(&self.host, PollFlags::IN)];
        match poll(&mut host, timeout.as_ref()) {
            Ok(_) => Ok(!host[0].revents().is_empty()),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Endpoint 0: what it cannot answer, it stalls.
    fn control(&mut self, urb: &Urb) -> io::Result<()> {
        let [kind, request, value, high, index, unit, _, _] = urb.setup;
        let answer = match kind & TYPE_BITS {
            STANDARD => self.standard(request, high, value, index),
            CLASS if index == STREAMING_INTERFACE => self.streaming(request, high, &urb.data),
            CLASS if (index, unit, high) == (CONTROL_INTERFACE, PROCESSING_UNIT, PU_BRIGHTNESS) => {
                self.brightness(request, &urb.data)
            }
            _ => None,
        };
        let status = if answer.is_some() { usbip::OK } else { usbip::EPIPE };
        if urb.inwards {
            let answer = answer.unwrap_or_default();
            usbip::return_in(&mut self.host, urb.seqnum, status, &answer[..answer.len().min(urb.length)])
        } else {
            usbip::return_out(&mut self.host, urb.seqnum, status, urb.data.len())
        }
    }

    /// A standard request; for those that carry nothing back, an empty answer is "done".
    fn standard(&mut self, request: u8, kind: u8, number: u8, recipient: u8) -> Option<Vec<u8>> {
        match request {
            GET_DESCRIPTOR => match kind {
                1 => Some(descriptors::device(&self.camera)),
                2 => Some(descriptors::configuration(&self.camera)),
                3 => descriptors::string(&self.camera, number),
                6 => Some(descriptors::qualifier()),
                _ => None,
            },
            GET_STATUS => Some(vec![0, 0]),
            GET_CONFIGURATION => Some(vec![1]),
            GET_INTERFACE => Some(vec![0]),
            // UVC has no way to stop a bulk stream: uvcvideo clears the endpoint's halt for that, as Windows does.
            CLEAR_FEATURE if recipient == descriptors::VIDEO_ENDPOINT => {
                self.stream = None;
                Some(Vec::new())
            }
            _ => Some(Vec::new()), // set address, configuration, interface
        }
    }

    /// Probe and commit: the host proposes, the device answers with what it offers; the commit starts the stream.
    fn streaming(&mut self, request: u8, selector: u8, data: &[u8]) -> Option<Vec<u8>> {
        match request {
            SET_CUR => {
                self.parameters = self.nearest(Parameters::parse(data)?);
                if selector == VS_COMMIT {
                    let number = self.seen.streams.fetch_add(1, Ordering::Relaxed);
                    let interval = Duration::from_nanos(u64::from(self.parameters.interval) * 100);
                    self.stream = Some(Stream::new(self.mode().clone(), interval, number));
                }
                Some(Vec::new())
            }
            GET_LEN => Some((self.parameters.bytes(self.mode()).len() as u16).to_le_bytes().to_vec()),
            GET_INFO => Some(vec![SUPPORTS_GET_AND_SET]),
            GET_CUR | GET_MIN | GET_MAX | GET_DEF => Some(self.parameters.bytes(self.mode())),
            _ => None,
        }
    }

    fn brightness(&mut self, request: u8, data: &[u8]) -> Option<Vec<u8>> {
        let number = match request {
            SET_CUR => {
                let brightness = i16::from_le_bytes(data.try_into().ok()?);
                self.seen.brightness.store(brightness.clamp(BRIGHTNESS_MIN, BRIGHTNESS_MAX), Ordering::Relaxed);
                return Some(Vec::new());
            }
            GET_LEN => 2,
            GET_INFO => return Some(vec![SUPPORTS_GET_AND_SET]),
            GET_CUR => self.seen.brightness.load(Ordering::Relaxed),
            GET_MIN => BRIGHTNESS_MIN,
            GET_MAX => BRIGHTNESS_MAX,
            GET_RES => 1,
            GET_DEF => 0,
            _ => return None,
        };
        Some(number.to_le_bytes().to_vec())
    }

    /// The parameters that the camera has and that come nearest to those asked for.
    fn nearest(&self, asked: Parameters) -> Parameters {
        let encodings = Encoding::of(&self.camera.modes);
        let format = asked.format.clamp(1, encodings.len() as u8);
        let sizes = self.sizes(encodings[usize::from(format) - 1]);
        let frame = asked.frame.clamp(1, sizes.len() as u8);
        let intervals = sizes[usize::from(frame) - 1].fps.iter().map(|fps| descriptors::interval(*fps));
        let interval = intervals.min_by_key(|interval| interval.abs_diff(asked.interval)).unwrap_or(asked.interval);
        Parameters { format, frame, interval }
    }

    /// The mode that the current parameters name.
    fn mode(&self) -> &Mode {
        let encoding = Encoding::of(&self.camera.modes)[usize::from(self.parameters.format) - 1];
        self.sizes(encoding)[usize::from(self.parameters.frame) - 1]
    }

    fn sizes(&self, encoding: Encoding) -> Vec<&Mode> {
        self.camera.modes.iter().filter(|mode| mode.encoding == encoding).collect()
    }
}
