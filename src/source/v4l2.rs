//! The stream of a V4L2 device: request, map and queue buffers, stream on, then wait and dequeue.
//!
//! Each stream has an open file of its own. So a lease that outlives its stream queues its buffer into the old file,
//! where nobody minds, and never into the next stream.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use v4l::v4l_sys as sys;

use super::wait::Wait;
use super::{Dequeued, Source, StreamInfo};
use crate::clock::Clock;
use crate::config::CaptureConfig;
use crate::device::discover::Device;
use crate::device::negotiate::{self, negotiate};
use crate::device::{DeviceError, Difference, Identity};
use crate::format::Format;
use crate::frame::{Frame, Metadata};
use crate::repeated::Repeated;
use crate::stop::Stop;
use crate::v4l2::buffers::{MAX_BUFFERS, Pool};
use crate::v4l2::ioctl::{self, Dequeue, Filled};

/// A V4L2 device that streams.
pub(crate) struct V4l2Source {
    device: Device,
    pool: Arc<Pool>,
    wait: Wait,
    clock: Arc<dyn Clock>,
    repeated: Arc<Repeated>,
    /// The input, where it is one that can lose its signal.
    input_with_signal: Option<u32>,
    info: StreamInfo,
}

impl V4l2Source {
    /// Agrees with the driver on what it will deliver, and starts the stream.
    pub(crate) fn start(
        device: Device,
        config: &CaptureConfig,
        stop: &Stop,
        clock: Arc<dyn Clock>,
        repeated: Arc<Repeated>,
    ) -> Result<Self, DeviceError> {
        let granted = negotiate(&device, config, &repeated)?;
        let mut differences = granted.differences;
        let format = Arc::new(granted.format);
        let spare = if takes_scarce_memory(&device.identity) { 0 } else { config.buffers_of(format.sizeimage()) };
        // More than was said is a favour, for which nothing is refused.
        let more = (spare > config.buffers).then(|| request_buffers(&device, spare, &format).ok()).flatten();
        let is_exact = more.is_none();
        let pool = more.map_or_else(|| request_buffers(&device, config.buffers, &format), Ok)?;
        if pool.len() < config.buffers || is_exact && pool.len() != config.buffers {
            let instead = format!("{} buffers, not {}", pool.len(), config.buffers);
            differences.push(Difference::granted("buffers", instead));
        }
        // Only now: a camera that another program uses, or that is gone, refuses buffers, and refuses no setting.
        if config.strict && !differences.is_empty() {
            return Err(negotiate::refused(&device, config, &differences));
        }
        differences.extend(granted.advice);
        let info = StreamInfo {
            camera: device.identity.clone(),
            format,
            offered: granted.offered,
            rate: granted.rate,
            buffers: pool.len(),
            differences,
        };
        let wait =
            Wait::new(device.fd(), stop).map_err(|e| device.failed("get ready to wait for frames (epoll)", e))?;
        let input_with_signal = ioctl::input_with_signal(device.fd());
        let source = V4l2Source { device, pool, wait, clock, repeated, input_with_signal, info };
        source.pool.queue_all().map_err(|e| source.device.failed("queue its buffers (VIDIOC_QBUF)", e))?;
        source.stream_on()?;
        if let Some(warning) = source.info.format.field.warning() {
            let (name, field) = (source.device.name(), source.info.format.field);
            source.repeated.warn(format!("{name}: {warning} (field {field})"));
        }
        Ok(source)
    }

    fn stream_on(&self) -> Result<(), DeviceError> {
        ioctl::stream_on(self.device.fd(), self.device.buffer_type).map_err(|source| {
            let device = self.device.name();
            match Errno::from_io_error(&source) {
                // The kernel says "no space left on device" when the USB bus has no bandwidth left.
                Some(Errno::NOSPC) => DeviceError::Bandwidth { device, source },
                // Not an ordinary camera's stall: the kernel found the pipeline incomplete, or its formats at odds.
                Some(Errno::PIPE | Errno::NOLINK) if self.device.needs_a_pipeline => {
                    DeviceError::NotSetUp { device, source }
                }
                Some(Errno::NOLINK) => DeviceError::NoSignal { device, reason: "no signal", source },
                _ => self.device.failed("start the stream (VIDIOC_STREAMON)", source),
            }
        })
    }

    fn frame(&self, filled: Filled) -> Option<Frame> {
        let dequeued = self.clock.monotonic();
        let Some(lease) = self.pool.dequeued(filled.index) else {
            let device = self.device.name();
            self.repeated.warn(format!(
                "{device}: the driver handed out a buffer that it did not own; such frames are left out"
            ));
            return None;
        };
        let metadata = Metadata {
            sequence: filled.sequence,
            timestamp: filled.timestamp,
            stuck: false,
            dequeued,
            bytesused: 0,
            flags: filled.flags,
            field: filled.field,
            queue_depth: self.pool.queue_depth(),
            corrupt: filled.flags & sys::V4L2_BUF_FLAG_ERROR != 0,
        };
        Some(Frame::new(metadata, filled.payloads, lease))
    }
}

fn request_buffers(device: &Device, wanted: u32, format: &Arc<Format>) -> Result<Arc<Pool>, DeviceError> {
    let failed = |attempt: &str, source: io::Error| match Errno::from_io_error(&source) {
        Some(Errno::NOMEM) => DeviceError::NoMemory {
            device: device.name(),
            buffers: wanted,
            bytes: format.planes.iter().map(|plane| u64::from(plane.sizeimage)).sum(),
            source,
        },
        _ => device.failed(attempt, source),
    };
    let granted = ioctl::request_buffers(device.fd(), device.buffer_type, wanted)
        .map_err(|e| failed(&format!("request {wanted} buffers (VIDIOC_REQBUFS)"), e))?;
    if granted == 0 {
        return Err(failed("", Errno::NOMEM.into()));
    }
    let count = granted.min(MAX_BUFFERS);
    Pool::of_device(Arc::clone(&device.fd), device.buffer_type, count, Arc::clone(format))
        .map_err(|e| failed("map its buffers (VIDIOC_QUERYBUF, mmap)", e))
}

/// Whether the driver may take its buffers from CMA, of which a Pi has little: the memory that a DMA engine needs in one piece.
/// Drivers do not say where they get memory from, but those of USB cameras take it from anywhere.
fn takes_scarce_memory(camera: &Identity) -> bool {
    // The service cannot read that file (ProcSubset=pid): then there may be some.
    let has_cma = || std::fs::read_to_string("/proc/meminfo").map_or(true, |meminfo| has_cma(&meminfo));
    camera.usb.is_none() && !camera.bus_info.starts_with("usb-") && has_cma()
}

fn has_cma(meminfo: &str) -> bool {
    meminfo.lines().any(|line| line.strip_prefix("CmaTotal:").is_some_and(|size| size.trim() != "0 kB"))
}

impl Source for V4l2Source {
    fn info(&self) -> &StreamInfo {
        &self.info
    }

    fn queue_depth(&self) -> u32 {
        self.pool.queue_depth()
    }

    fn lacks_signal(&mut self) -> Option<DeviceError> {
        let reason = ioctl::signal_fault(self.device.fd(), self.input_with_signal?)?;
        Some(DeviceError::NoSignal { device: self.device.name(), reason, source: Errno::NOLINK.into() })
    }

    fn refusal(&self) -> Option<io::Error> {
        self.pool.refusal()
    }

    fn dequeue(&mut self, until: Duration, _: &Stop) -> Result<Dequeued, DeviceError> {
        if let Some(error) = self.pool.refusal() {
            // A device that is gone is reported by what follows.
            if Errno::from_io_error(&error) != Some(Errno::NODEV) {
                let attempt = "a buffer cannot be queued again (VIDIOC_QBUF)";
                self.repeated.warn(format!("{}: {attempt}: {error}; picam tries again", self.device.name()));
            }
            self.pool.queue_again();
        }
        // Without a buffer no frame ends the wait; and the next one that comes back may be refused.
        let until = match self.pool.queue_depth() {
            0 => until.min(self.clock.monotonic() + QUEUE_AGAIN),
            _ => until,
        };
        let woken = self.wait.wait(until).map_err(|e| self.device.failed("wait for a frame (epoll_wait)", e))?;
        let happened = woken.device;
        if woken.stop {
            return Ok(Dequeued::Stopped);
        }
        if happened.is_empty() {
            return Ok(Dequeued::NotYet);
        }
        if happened.contains(EventFlags::PRI) {
            match ioctl::source_changed(self.device.fd()) {
                Ok(true) => return Ok(Dequeued::Changed),
                Ok(false) if happened == EventFlags::PRI => return Ok(Dequeued::NotYet),
                Ok(false) => {}
                Err(error) => return Err(self.device.failed("take an event (VIDIOC_DQEVENT)", error)),
            }
        }
        match ioctl::dequeue_buffer(self.device.fd(), self.device.buffer_type) {
            Ok(Dequeue::Filled(filled)) => Ok(self.frame(filled).map_or(Dequeued::NotYet, Dequeued::Frame)),
            // An error without a frame or an errno would have us wait in circles.
            Ok(Dequeue::NotReady) if happened.intersects(EventFlags::ERR | EventFlags::HUP) => {
                Err(self.device.failed("go on: epoll reports an error", Errno::IO.into()))
            }
            Ok(Dequeue::NotReady) => Ok(Dequeued::NotYet),
            Ok(Dequeue::End) => Ok(Dequeued::Changed),
            Err(error) => Err(self.device.failed("take a frame (VIDIOC_DQBUF)", error)),
        }
    }
}

/// How often buffers that the driver did not take back are offered to it where it has none.
const QUEUE_AGAIN: Duration = Duration::from_millis(100);

/// How long the end of a stream waits for leases where the driver does not give buffers up while they are mapped.
const LEASES_RETURN: Duration = Duration::from_millis(500);

impl Drop for V4l2Source {
    fn drop(&mut self) {
        self.pool.stop();
        let gone =
            |error: &io::Error| matches!(Errno::from_io_error(error), Some(Errno::NODEV | Errno::NXIO | Errno::IO));
        match ioctl::stream_off(self.device.fd(), self.device.buffer_type) {
            Err(error) if !gone(&error) => {
                self.repeated.warn(format!("{}: cannot end the stream: {error}", self.device.name()));
            }
            _ => {}
        }
        // Free the queue even if leases are still out: drivers with V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS (all of
        // videobuf2 since Linux 4.20) let their memory live on; for others, wait a moment for the leases.
        let deadline = self.clock.monotonic() + LEASES_RETURN;
        loop {
            match ioctl::request_buffers(self.device.fd(), self.device.buffer_type, 0) {
                Err(error) if Errno::from_io_error(&error) == Some(Errno::BUSY) => {
                    if self.pool.all_returned() || self.clock.monotonic() >= deadline {
                        break;
                    }
                    self.clock.sleep(Duration::from_millis(5));
                }
                _ => break,
            }
        }
    }
}
