//! Looking through the video nodes: which there are, what they are, and which one fits a [`Selector`].

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use v4l::v4l_sys as sys;

use super::error::DeviceError;
use super::identity::Identity;
use super::selector::{Selector, UsbId};
use crate::v4l2::ioctl::{self, BufferType, Capability};

/// Where the kernel's file systems are: golden trees in tests.
#[derive(Clone, Debug)]
pub(crate) struct Roots {
    pub(crate) dev: PathBuf,
    pub(crate) sys: PathBuf,
    pub(crate) proc: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Roots { dev: "/dev".into(), sys: "/sys".into(), proc: "/proc".into() }
    }
}

/// A camera that is open, before anything was asked of it.
pub(crate) struct Device {
    pub(crate) fd: Arc<OwnedFd>,
    pub(crate) identity: Identity,
    pub(crate) buffer_type: BufferType,
    /// The USB port's speed in Mbit/s, for a camera on USB.
    pub(crate) usb_speed: Option<u32>,
    /// Whether its links and formats have to be set up through the media controller before it delivers (V4L2_CAP_IO_MC), as
    /// with the Pi's CSI receivers: by itself it does not.
    pub(crate) needs_a_pipeline: bool,
    /// Whether it also takes video, as a loopback node does: `auto` prefers a camera that only captures.
    takes_video: bool,
    roots: Roots,
}

impl Device {
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The camera's name in messages.
    pub(crate) fn name(&self) -> String {
        self.identity.to_string()
    }

    /// Makes an error of a request that failed while doing `attempt`.
    pub(crate) fn failed(&self, attempt: &str, source: io::Error) -> DeviceError {
        match Errno::from_io_error(&source) {
            Some(Errno::BUSY) => busy(&self.identity.path, self.name(), source, &self.roots),
            _ => DeviceError::from_request(&self.name(), attempt, source),
        }
    }
}

/// Opens the camera that `selector` means; once a camera was in use (`last`), that very camera, wherever it is now.
///
/// What the user named by path or bus goes before what the camera was called: where the very camera is not to be found, the
/// one that is there now is what is meant.
pub(crate) fn find(selector: &Selector, last: Option<&Identity>, roots: &Roots) -> Result<Device, DeviceError> {
    // Asking sysfs first leaves other cameras asleep: opening a USB device wakes it.
    let is_usb = |node: &Path, wanted: &UsbId| usb_device(node, roots).is_some_and(|usb| fits(wanted, &usb.id));
    let wanted = last.map_or_else(|| selector.to_string(), Identity::stable_name);
    match (last, selector) {
        (Some(last), Selector::Path(path)) => {
            let named = open(path, roots);
            // A link or a name of the user's own stays the camera's, and a number need not.
            let is_a_number = number(path).is_some() && !path.is_symlink();
            match named {
                Ok(device) if !is_a_number || last.is_same_camera(&device.identity) => Ok(device),
                named => again(last, &wanted, roots).or(named),
            }
        }
        (Some(last), Selector::Bus(_)) => again(last, &wanted, roots).or_else(|_| find(selector, None, roots)),
        (Some(last), _) => again(last, &wanted, roots),
        (None, Selector::Path(path)) => open(path, roots),
        (None, Selector::Auto) => first(
            roots,
            &wanted,
            |_| true,
            |device| match (device.needs_a_pipeline, device.takes_video) {
                (true, _) => Fit::No,
                (false, true) => Fit::Good,
                (false, false) => Fit::Best,
            },
        ),
        (None, Selector::Name(name)) => {
            first(roots, &wanted, |_| true, |device| Fit::best_if(device.identity.card == *name))
        }
        (None, Selector::Bus(bus)) => {
            first(roots, &wanted, |_| true, |device| Fit::best_if(device.identity.bus_info == *bus))
        }
        (None, Selector::Usb(usb)) => first(roots, &wanted, |node| is_usb(node, usb), |_| Fit::Best),
        (None, Selector::Test { .. }) => Err(DeviceError::NoCamera { selector: wanted, seen: Vec::new() }),
    }
}

/// The camera that was in use, wherever it is now.
fn again(last: &Identity, wanted: &str, roots: &Roots) -> Result<Device, DeviceError> {
    // A serial number may be missing after the device was enumerated again: the identity decides.
    let model = last.usb.as_ref().map(|usb| UsbId { serial: None, ..usb.clone() });
    first(
        roots,
        wanted,
        |node| model.as_ref().is_none_or(|model| usb_device(node, roots).is_some_and(|usb| fits(model, &usb.id))),
        |device| match last.is_same_camera(&device.identity) {
            // Some makers give every camera the same serial number: prefer the one in the same place.
            true if last.bus_info == device.identity.bus_info => Fit::Best,
            true => Fit::Good,
            false => Fit::No,
        },
    )
}

fn fits(wanted: &UsbId, id: &UsbId) -> bool {
    (wanted.vendor, wanted.product) == (id.vendor, id.product)
        && (wanted.serial.is_none() || wanted.serial == id.serial)
}

/// How well a camera fits what is looked for.
#[derive(PartialEq)]
enum Fit {
    No,
    Good,
    Best,
}

impl Fit {
    fn best_if(fits: bool) -> Self {
        if fits { Fit::Best } else { Fit::No }
    }
}

/// The first camera that fits best, of the nodes that are `worth_opening`.
fn first(
    roots: &Roots,
    wanted: &str,
    worth_opening: impl Fn(&Path) -> bool,
    fit: impl Fn(&Device) -> Fit,
) -> Result<Device, DeviceError> {
    let (mut seen, mut good, mut failure) = (Vec::new(), None, None);
    for path in nodes(roots).into_iter().filter(|path| !is_known_not_to_be_a_camera(path, roots) && worth_opening(path))
    {
        match open(&path, roots) {
            Ok(device) => match fit(&device) {
                Fit::Best => return Ok(device),
                Fit::Good if good.is_none() => good = Some(device),
                Fit::Good | Fit::No => seen.push(device.identity.stable_name()),
            },
            Err(DeviceError::NotACamera { .. } | DeviceError::NotCapturing { .. }) => {}
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    // A node that could not be looked at may be the one that is meant.
    let missing = || failure.unwrap_or_else(|| DeviceError::NoCamera { selector: wanted.to_owned(), seen });
    good.ok_or_else(missing)
}

/// Every /dev/videoN there is, by number.
pub(crate) fn nodes(roots: &Roots) -> Vec<PathBuf> {
    let entries = fs::read_dir(&roots.dev).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut nodes: Vec<_> = entries.filter_map(|path| Some((number(&path)?, path))).collect();
    nodes.sort();
    nodes.into_iter().map(|(_, path)| path).collect()
}

/// The N of a path's videoN.
fn number(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.strip_prefix("video")?.parse().ok()
}

/// Whatever a path turns out to be, opening it neither waits nor makes it our terminal.
const FLAGS: OFlags = OFlags::RDWR.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC).union(OFlags::NOCTTY);

/// Opens a node and finds out whether it is a camera.
pub(crate) fn open(path: &Path, roots: &Roots) -> Result<Device, DeviceError> {
    // by-id and by-path links are followed, so that messages and sysfs speak of the node itself.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let name = path.display().to_string();
    let fd = rustix::fs::open(&path, FLAGS, Mode::empty()).map_err(|errno| match errno {
        Errno::NOENT | Errno::NOTDIR | Errno::NODEV | Errno::NXIO => {
            let others = nodes(roots).into_iter().filter(|node| !is_known_not_to_be_a_camera(node, roots));
            let seen = others.filter_map(|node| stable_name(&node, roots)).collect();
            DeviceError::NoCamera { selector: name.clone(), seen }
        }
        Errno::ACCESS | Errno::PERM => DeviceError::Permission { path: path.clone(), source: errno.into() },
        Errno::BUSY => busy(&path, name.clone(), errno.into(), roots),
        Errno::ISDIR => not_a_camera(&name, "is a directory"),
        _ => DeviceError::from_request(&name, "open it", errno.into()),
    })?;
    let capability = ioctl::query_capability(fd.as_fd()).map_err(|source| match Errno::from_io_error(&source) {
        Some(Errno::NOTTY | Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => {
            not_a_camera(&name, "is not a V4L2 device")
        }
        _ => DeviceError::from_request(&name, "ask what it is (VIDIOC_QUERYCAP)", source),
    })?;
    let takes_video = is_output(capability.capabilities);
    let buffer_type = match classify(capability.capabilities) {
        Ok(buffer_type) => buffer_type,
        // A loopback node captures once a program writes to it (v4l2loopback's exclusive_caps=1).
        Err(_) if takes_video => return Err(DeviceError::NotCapturing { device: name }),
        Err(reason) => return Err(not_a_camera(&name, reason)),
    };
    let usb = usb_device(&path, roots);
    Ok(Device {
        needs_a_pipeline: capability.capabilities & sys::V4L2_CAP_IO_MC != 0,
        takes_video,
        fd: Arc::new(fd),
        buffer_type,
        usb_speed: usb.as_ref().and_then(|usb| usb.speed),
        identity: identity(path, capability, usb, roots),
        roots: roots.clone(),
    })
}

fn not_a_camera(device: &str, reason: &str) -> DeviceError {
    DeviceError::NotACamera { device: device.to_owned(), reason: reason.to_owned() }
}

fn stable_name(node: &Path, roots: &Roots) -> Option<String> {
    // `node` exists, so this cannot come back here for want of it more than once.
    let fd = rustix::fs::open(node, FLAGS, Mode::empty()).ok()?;
    let capability = ioctl::query_capability(fd.as_fd()).ok()?;
    classify(capability.capabilities).ok()?;
    let identity = identity(node.to_path_buf(), capability, usb_device(node, roots), roots);
    Some(identity.stable_name())
}

fn identity(path: PathBuf, capability: Capability, usb: Option<UsbDevice>, roots: &Roots) -> Identity {
    let index = attribute(&class_directory(&path, roots), "index").and_then(|index| index.parse().ok()).unwrap_or(0);
    Identity {
        path,
        card: capability.card,
        driver: capability.driver,
        bus_info: capability.bus_info,
        usb: usb.map(|usb| usb.id),
        index,
    }
}

/// Whether a node with these `V4L2_CAP_*` takes video, and is no codec.
fn is_output(capabilities: u32) -> bool {
    let output = sys::V4L2_CAP_VIDEO_OUTPUT | sys::V4L2_CAP_VIDEO_OUTPUT_MPLANE;
    let codec = sys::V4L2_CAP_VIDEO_M2M | sys::V4L2_CAP_VIDEO_M2M_MPLANE;
    capabilities & output != 0 && capabilities & codec == 0
}

/// Whether a node with these `V4L2_CAP_*` captures video, and by which buffer type; or what it is instead. What else it can
/// do does not count: v4l2loopback's nodes capture and output, and are cameras.
fn classify(capabilities: u32) -> Result<BufferType, &'static str> {
    let has = |flags: u32| capabilities & flags != 0;
    let capture = sys::V4L2_CAP_VIDEO_CAPTURE | sys::V4L2_CAP_VIDEO_CAPTURE_MPLANE;
    if has(sys::V4L2_CAP_VIDEO_M2M | sys::V4L2_CAP_VIDEO_M2M_MPLANE) {
        Err("converts memory to memory (a codec or scaler)")
    } else if has(capture) && !has(sys::V4L2_CAP_STREAMING) {
        Err("cannot stream into mapped buffers")
    } else if has(sys::V4L2_CAP_VIDEO_CAPTURE_MPLANE) {
        Ok(BufferType::MultiPlanar)
    } else if has(sys::V4L2_CAP_VIDEO_CAPTURE) {
        Ok(BufferType::SinglePlanar)
    } else if has(sys::V4L2_CAP_META_CAPTURE) {
        Err("delivers metadata, not video")
    } else if is_output(capabilities) {
        Err("shows video, it does not capture it")
    } else {
        Err("does not capture video")
    }
}

/// Whether a node is known not to be a camera without opening it, by its name in sysfs: the Pi's codecs, which use the
/// GPU's memory while open, and the capture nodes of its image signal processors, which only give back what they are fed.
/// bcm2835-* are those of Pi 1 to 4, pispbe and rpi-hevc-dec of Pi 5.
pub(crate) fn is_known_not_to_be_a_camera(node: &Path, roots: &Roots) -> bool {
    let known = ["bcm2835-codec", "bcm2835-isp", "rpivid", "rpi-hevc-dec", "pispbe"];
    attribute(&class_directory(node, roots), "name")
        .is_some_and(|name| known.iter().any(|known| name.starts_with(known)))
}

/// The error for a camera that another program uses.
fn busy(path: &Path, device: String, source: io::Error, roots: &Roots) -> DeviceError {
    DeviceError::Busy { device, holders: holders(path, roots), source }
}

/// Who has `path` open, as `name (pid 123)`: as far as /proc lets us see.
fn holders(path: &Path, roots: &Roots) -> Vec<String> {
    let own = std::process::id().to_string();
    let processes = fs::read_dir(&roots.proc).into_iter().flatten().flatten();
    processes
        .filter(|process| {
            let pid = process.file_name();
            pid.to_str().is_some_and(|pid| pid.bytes().all(|b| b.is_ascii_digit()) && pid != own)
        })
        .filter(|process| {
            let mut links = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
            links.any(|link| fs::read_link(link.path()).is_ok_and(|target| target == path))
        })
        .map(|process| {
            let name = attribute(&process.path(), "comm").unwrap_or_else(|| "a program".to_owned());
            format!("{name} (pid {})", process.file_name().to_string_lossy())
        })
        .collect()
}

/// What sysfs says about the USB device that a node belongs to.
#[derive(Debug, PartialEq)]
struct UsbDevice {
    id: UsbId,
    /// Mbit/s
    speed: Option<u32>,
}

/// A node's directory in sysfs: by its device number, as a container may have it under another name.
fn class_directory(node: &Path, roots: &Roots) -> PathBuf {
    let by_number =
        rustix::fs::stat(node).ok().filter(|it| FileType::from_raw_mode(it.st_mode) == FileType::CharacterDevice);
    let by_number = by_number.map(|it| {
        roots.sys.join(format!("dev/char/{}:{}", rustix::fs::major(it.st_rdev), rustix::fs::minor(it.st_rdev)))
    });
    let by_name = || roots.sys.join("class/video4linux").join(node.file_name().unwrap_or_default());
    by_number.filter(|directory| directory.exists()).unwrap_or_else(by_name)
}

/// The USB device above a video node, if it is on USB: the first parent in sysfs that has idVendor
/// (Documentation/ABI/stable/sysfs-bus-usb).
fn usb_device(node: &Path, roots: &Roots) -> Option<UsbDevice> {
    let interface = fs::canonicalize(class_directory(node, roots).join("device")).ok()?;
    let device = interface.ancestors().find(|directory| directory.join("idVendor").exists())?;
    let number = |name| u16::from_str_radix(&attribute(device, name)?, 16).ok();
    Some(UsbDevice {
        id: UsbId { vendor: number("idVendor")?, product: number("idProduct")?, serial: attribute(device, "serial") },
        speed: attribute(device, "speed").and_then(|speed| speed.parse().ok()),
    })
}

/// A one-line file of sysfs or proc; `None` when it is missing or empty. A device's serial number and a process's name may
/// hold anything: what would command a terminal is replaced.
fn attribute(directory: &Path, name: &str) -> Option<String> {
    let bytes = fs::read(directory.join(name)).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim().replace(char::is_control, "\u{fffd}");
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_nodes_of_a_pi_4_are_told_apart() {
        // device_caps as `v4l2-ctl -D` shows them on a Pi 4 with Raspberry Pi OS and a USB webcam.
        let streaming = sys::V4L2_CAP_STREAMING | sys::V4L2_CAP_EXT_PIX_FORMAT;
        for (node, capabilities, expected) in [
            ("uvcvideo 0", 0x0420_0001, Ok(BufferType::SinglePlanar)),
            ("uvcvideo 1, metadata", 0x04a0_0000, Err("delivers metadata, not video")),
            ("unicam", 0x0520_0001 | streaming, Ok(BufferType::SinglePlanar)),
            ("bcm2835-codec-decode", 0x0420_4000, Err("converts memory to memory (a codec or scaler)")),
            ("bcm2835-isp-output0", 0x0420_0002, Err("shows video, it does not capture it")),
            ("rp1-cfe csi2", sys::V4L2_CAP_VIDEO_CAPTURE_MPLANE | streaming, Ok(BufferType::MultiPlanar)),
            ("radio", sys::V4L2_CAP_RADIO, Err("does not capture video")),
            (
                "read() only",
                sys::V4L2_CAP_VIDEO_CAPTURE | sys::V4L2_CAP_READWRITE,
                Err("cannot stream into mapped buffers"),
            ),
            ("v4l2loopback", 0x0500_0003 | streaming, Ok(BufferType::SinglePlanar)),
            ("v4l2loopback, exclusive_caps=1", 0x0500_0002 | streaming, Err("shows video, it does not capture it")),
        ] {
            assert_eq!(classify(capabilities), expected, "{node}");
        }
    }

    fn write(path: &Path, content: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn golden_tree() -> (tempfile::TempDir, Roots) {
        let tree = tempfile::tempdir().unwrap();
        let at = |path: &str| tree.path().join(path);
        for node in ["video10", "video2", "video0", "videoX", "vbi0"] {
            write(&at("dev").join(node), "");
        }
        let port = "sys/devices/platform/scb/fd500000.pcie/usb1/1-1/1-1.3";
        for (name, content) in
            [("idVendor", "046d\n"), ("idProduct", "082d\n"), ("serial", "9A8C7DEF\n"), ("speed", "480\n")]
        {
            write(&at(port).join(name), content);
        }
        let video0 = at(port).join("1-1.3:1.0/video4linux/video0");
        write(&video0.join("index"), "0\n");
        write(&at("sys/devices/platform/soc/fe801000.csi/video4linux/video2/index"), "0\n");
        write(&at("sys/class/video4linux/video10/name"), "bcm2835-codec-decode\n");
        symlink(at(port).join("1-1.3:1.0"), video0.join("device")).unwrap();
        symlink(&video0, at("sys/class/video4linux/video0")).unwrap();
        write(&at("proc/4711/comm"), "ffmpeg\n");
        write(&at("proc/1/comm"), "init\n");
        fs::create_dir_all(at("proc/4711/fd")).unwrap();
        symlink(at("dev/video0"), at("proc/4711/fd/3")).unwrap();
        let roots = Roots { dev: at("dev"), sys: at("sys"), proc: at("proc") };
        (tree, roots)
    }

    #[test]
    fn codecs_and_isps_are_passed_over_unopened() {
        let (_tree, roots) = golden_tree();
        let is_passed_over = |node: &str| is_known_not_to_be_a_camera(&roots.dev.join(node), &roots);
        assert!(is_passed_over("video10") && !is_passed_over("video0") && !is_passed_over("video2"));
    }

    #[test]
    fn nodes_come_by_number() {
        let (_tree, roots) = golden_tree();
        let names: Vec<_> = nodes(&roots).iter().map(|node| node.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["video0", "video2", "video10"]);
    }

    #[test]
    fn sysfs_tells_usb_ids_and_speed() {
        let (_tree, roots) = golden_tree();
        let id = UsbId { vendor: 0x046d, product: 0x082d, serial: Some("9A8C7DEF".into()) };
        assert_eq!(usb_device(&roots.dev.join("video0"), &roots), Some(UsbDevice { id: id.clone(), speed: Some(480) }));
        assert_eq!(usb_device(&roots.dev.join("video2"), &roots), None);
        assert!(fits(&UsbId { serial: None, ..id.clone() }, &id));
        assert!(!fits(&UsbId { serial: Some("other".into()), ..id.clone() }, &id));
    }

    #[test]
    fn proc_tells_who_holds_a_node() {
        let (_tree, roots) = golden_tree();
        assert_eq!(holders(&roots.dev.join("video0"), &roots), ["ffmpeg (pid 4711)"]);
        assert!(holders(&roots.dev.join("video2"), &roots).is_empty());
    }

    #[test]
    fn what_is_no_camera_is_told_from_what_is_not_there() {
        let (tree, roots) = golden_tree();
        let kind = |path: &Path| open(path, &roots).err().unwrap().to_string();
        assert!(kind(&roots.dev.join("video0")).contains("is not a V4L2 device"));
        assert!(kind(tree.path()).contains("is a directory"));
        assert!(kind(Path::new("/dev/null")).contains("is not a V4L2 device"));
        assert!(kind(&roots.dev.join("video7")).contains("there is no such device"));
        let auto = find(&Selector::Auto, None, &roots).err().unwrap();
        assert!(auto.to_string().contains("--device test"), "{auto}");
    }
}
