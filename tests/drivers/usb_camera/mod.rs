//! A USB webcam in software: it speaks USB/IP to the kernel's vhci_hcd, so the kernel's own uvcvideo binds to it.
//!
//! The test describes a camera, plugs it in, and is told where its node is. The device runs in a thread of its own, with
//! one end of a socket pair; the other end is vhci_hcd's (Documentation/usb/usbip_protocol.rst). It streams YUYV and
//! MJPEG over a bulk endpoint on the true cadence, each frame with its number in the picture; it can spoil a frame, fall
//! silent, or be pulled out, where the test says so; and it tells the test what the host did to it.

mod descriptors;
mod device;
mod picture;
mod stream;
mod usbip;

pub use descriptors::{PRODUCT, VENDOR};
pub use picture::{jpeg_number, yuyv_number};

use super::kernel::Module;
use super::wait;
use std::fmt;
use std::fs;
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI16, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

const VHCI: &str = "/sys/devices/platform/vhci_hcd.0";
/// usbip_device_status VDEV_ST_NULL: nothing is plugged into the port.
const PORT_FREE: &str = "004";
/// enum usb_device_speed, USB_SPEED_HIGH.
const HIGH_SPEED: u32 = 3;

/// The kernel's side: the host controller without wires, and the driver under the camera.
pub struct Usb {
    _uvcvideo: Module,
    _vhci: Module,
}

impl Usb {
    /// With uvcvideo's parameter `nodrop`, it hands on the frames that it knows to be damaged, with the ERROR flag (newer
    /// kernels' default); without, it keeps them to itself, which leaves a gap in the sequence.
    pub fn load(nodrop: bool) -> Usb {
        Usb {
            _vhci: Module::load("vhci_hcd", &[]),
            _uvcvideo: Module::load("uvcvideo", &[if nodrop { "nodrop=1" } else { "nodrop=0" }]),
        }
    }
}

/// How a picture is put into bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Yuyv,
    Mjpeg,
}

impl Encoding {
    /// The encodings of a list of modes, each once, in the order in which they come first.
    fn of(modes: &[Mode]) -> Vec<Encoding> {
        let mut encodings = Vec::new();
        for mode in modes {
            if !encodings.contains(&mode.encoding) {
                encodings.push(mode.encoding);
            }
        }
        encodings
    }
}

/// A frame size in an encoding, with the rates it is offered at, the default first.
#[derive(Debug, Clone)]
pub struct Mode {
    pub encoding: Encoding,
    pub width: u16,
    pub height: u16,
    pub fps: Vec<u32>,
}

impl Mode {
    /// What a frame's buffer needs at most: for YUYV what each frame has.
    fn frame_max(&self) -> u32 {
        u32::from(self.width) * u32::from(self.height) * 2
    }
}

/// What goes wrong with one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The frame ends after a third of its bytes.
    Short,
    /// All its bytes are there and wrong.
    Garbage,
    /// The payload header's ERR bit is set (UVC 2.4.3.3).
    Error,
    /// Neither this frame nor another comes until the host starts the stream again.
    Stall,
    /// The camera is pulled out.
    Unplug,
}

/// Which frame of which stream (both from 0) is spoilt, and how.
type Faults = dyn Fn(u32, u32) -> Option<Fault> + Send + Sync;

/// What the camera is: fixed while it is plugged in.
struct Description {
    product: String,
    serial: Option<String>,
    port: u32,
    modes: Vec<Mode>,
    faults: Box<Faults>,
}

/// What the host did, as the device saw it: counted over all plugs.
#[derive(Default)]
struct Seen {
    streams: AtomicU32,
    frames: AtomicU32,
    brightness: AtomicI16,
}

/// A camera, at first not plugged in. Dropped, it is pulled out.
pub struct UsbCamera {
    description: Arc<Description>,
    seen: Arc<Seen>,
    plugged: Option<Plugged>,
}

struct Plugged {
    wire: UnixStream,
    device: JoinHandle<()>,
}

impl UsbCamera {
    /// A camera with a serial number, in port 0, of YUYV and MJPEG at 640x360 and 1280x720, and no faults.
    pub fn new(serial: &str) -> UsbCamera {
        let mode = |encoding, width, height| Mode { encoding, width, height, fps: vec![30, 15, 5] };
        let modes = vec![
            mode(Encoding::Yuyv, 640, 360),
            mode(Encoding::Yuyv, 1280, 720),
            mode(Encoding::Mjpeg, 640, 360),
            mode(Encoding::Mjpeg, 1280, 720),
        ];
        let description = Description {
            product: "Software webcam".to_owned(),
            serial: Some(serial.to_owned()),
            port: 0,
            modes,
            faults: Box::new(|_, _| None),
        };
        UsbCamera { description: Arc::new(description), seen: Arc::default(), plugged: None }
    }

    /// Describes it otherwise, before it is plugged in for the first time.
    fn described(mut self, change: impl FnOnce(&mut Description)) -> UsbCamera {
        change(Arc::get_mut(&mut self.description).expect("a camera is described before it is plugged in"));
        self
    }

    /// As many cheap ones are: nothing tells it from another of its model but the port that it is in.
    pub fn without_serial(self) -> UsbCamera {
        self.described(|camera| camera.serial = None)
    }

    pub fn product(self, product: &str) -> UsbCamera {
        self.described(|camera| camera.product = product.to_owned())
    }

    /// The port of the host controller, 0 to 7: two cameras need two.
    pub fn port(self, port: u32) -> UsbCamera {
        self.described(|camera| camera.port = port)
    }

    pub fn modes(self, modes: &[Mode]) -> UsbCamera {
        self.described(|camera| camera.modes = modes.to_vec())
    }

    /// `faults(stream, frame)` says what is wrong with a frame; both count from 0.
    pub fn faults(self, faults: impl Fn(u32, u32) -> Option<Fault> + Send + Sync + 'static) -> UsbCamera {
        self.described(|camera| camera.faults = Box::new(faults))
    }

    /// Plugs it in, and waits for its capture node, which it answers: `/dev/videoN`.
    pub fn plug(&mut self) -> PathBuf {
        self.unplug();
        let camera = Arc::clone(&self.description);
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        let attach = format!("{} {} 1 {HIGH_SPEED}\n", camera.port, theirs.as_raw_fd());
        let wire = ours.try_clone().expect("a second descriptor of the socket");
        let device = device::start(ours, camera, Arc::clone(&self.seen));
        self.plugged = Some(Plugged { wire, device });
        // The kernel takes a reference of its own to the socket, so that ours can go.
        fs::write(Path::new(VHCI).join("attach"), attach).expect("a free port of vhci_hcd");
        drop(theirs);
        wait::until(&format!("{self:?}'s node"), || self.node())
    }

    /// Pulls it out, and waits until the kernel has seen that.
    pub fn unplug(&mut self) {
        let Some(Plugged { wire, device }) = self.plugged.take() else { return };
        // Already shut when the camera pulled itself out.
        let _ = wire.shutdown(Shutdown::Both);
        drop(wire);
        let ended = device.join();
        let port = format!("{:04}", self.description.port);
        let free = wait::within(wait::PATIENCE, || {
            let status = fs::read_to_string(Path::new(VHCI).join("status")).ok()?;
            let mut ports = status.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            ports.any(|words| words[0] == "hs" && words[1] == port && words[2] == PORT_FREE).then_some(())
        });
        if !thread::panicking() {
            ended.expect("the camera's thread");
            free.expect("vhci_hcd to notice an unplugged camera");
        }
    }

    /// The camera's capture node, if uvcvideo has made it: its other node is for metadata.
    pub fn node(&self) -> Option<PathBuf> {
        let mut nodes = fs::read_dir("/sys/class/video4linux").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
        let ours = nodes.find(|node| {
            let text = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
            // The node's device is the USB interface, whose parent is the USB device.
            let usb = fs::canonicalize(node.join("device/..")).unwrap_or_default();
            // On a hub, devpath is the port, from 1.
            let here = usb.to_string_lossy().contains("vhci_hcd")
                && text(usb.join("devpath")).trim_end() == (self.description.port + 1).to_string();
            here && text(node.join("index")).trim_end() == "0"
        })?;
        let node = Path::new("/dev").join(ours.file_name()?);
        node.exists().then_some(node)
    }

    /// How often the host has started a stream.
    pub fn streams(&self) -> u32 {
        self.seen.streams.load(Ordering::Relaxed)
    }

    /// How many frames were sent, in all streams together.
    pub fn frames(&self) -> u32 {
        self.seen.frames.load(Ordering::Relaxed)
    }

    /// What the host has set the brightness to (-64 to 64, at first 0).
    pub fn brightness(&self) -> i16 {
        self.seen.brightness.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for UsbCamera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Description { product, serial, port, .. } = &*self.description;
        write!(f, "camera {product:?} {serial:?} in port {port}")
    }
}

impl Drop for UsbCamera {
    fn drop(&mut self) {
        self.unplug();
    }
}
