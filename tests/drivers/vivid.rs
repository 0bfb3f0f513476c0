//! vivid, the kernel's virtual camera: loaded as a test wants it, and disturbed by its own error-injecting controls.
//!
//! Documentation/admin-guide/media/vivid.rst in the kernel's tree. A control is set through a descriptor of its own that
//! is closed at once: what picam does to its own descriptor stays picam's.
#![allow(unsafe_code)] // two ioctls; the program under test has its own way to them

use super::kernel::Module;
use super::wait;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

// _IOWR('V', 27, struct v4l2_control), _IOWR('V', 28, struct v4l2_control) and _IOWR('V', 39, int).
const VIDIOC_G_CTRL: libc::Ioctl = 0xc008_561b_u32 as libc::Ioctl;
const VIDIOC_S_CTRL: libc::Ioctl = 0xc008_561c_u32 as libc::Ioctl;
const VIDIOC_S_INPUT: libc::Ioctl = 0xc004_5627_u32 as libc::Ioctl;

/// Three of vivid's four inputs: webcam, TV, S-Video, HDMI.
pub const TV: i32 = 1;
pub const S_VIDEO: i32 = 2;
pub const HDMI: i32 = 3;
/// Values of [`Control::StandardSignalMode`] and [`Control::DvTimingsSignalMode`].
pub const CURRENT_TIMINGS: i32 = 0;
pub const NO_SIGNAL: i32 = 1;
pub const SELECTED_TIMINGS: i32 = 4;
/// Values of [`Control::DvTimings`], by their place among V4L2's presets.
pub const VGA_640X480: i32 = 0;
pub const HD_1080I25: i32 = 13;

/// Controls by their numbers: the standard ones, and vivid's own (vivid-ctrls.c), whose numbers are stable.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub enum Control {
    Brightness = 0x0098_0900,
    OsdTextMode = 0x00f0_f001,
    YcbcrEncoding = 0x00f0_f01b,
    Quantization = 0x00f0_f01c,
    WrapSequenceNumber = 0x00f0_f026,
    WrapTimestamp = 0x00f0_f027,
    StandardSignalMode = 0x00f0_f03c,
    DvTimingsSignalMode = 0x00f0_f03e,
    DvTimings = 0x00f0_f03f,
    Disconnect = 0x00f0_f041,
    InjectErrorFlag = 0x00f0_f042,
    InjectReqbufsError = 0x00f0_f043,
    InjectQbufError = 0x00f0_f044,
    InjectStreamonError = 0x00f0_f045,
    InjectFatalStreamingError = 0x00f0_f046,
}

/// struct v4l2_control.
#[repr(C)]
struct V4l2Control {
    id: u32,
    value: i32,
}

/// The loaded driver.
#[derive(Debug)]
pub struct Vivid {
    _module: Module,
}

impl Vivid {
    /// One camera, one capture node.
    pub fn camera() -> Vivid {
        Vivid::load(&["n_devs=1", "node_types=0x1"])
    }

    /// Whatever the parameters say.
    pub fn load(options: &[&str]) -> Vivid {
        Vivid { _module: Module::load("vivid", options) }
    }

    /// The capture node of the camera of that number (from 0), once it is there.
    pub fn node(&self, camera: usize) -> PathBuf {
        let name = format!("vivid-{camera:03}-vid-cap");
        wait::until(&name, || {
            let mut nodes = fs::read_dir("/sys/class/video4linux").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
            let node = nodes.find(|node| fs::read_to_string(node.join("name")).is_ok_and(|it| it.trim() == name))?;
            let node = Path::new("/dev").join(node.file_name()?);
            node.exists().then_some(node)
        })
    }

    /// Takes the driver away from its device, as when it is unplugged, or gives it back; whoever has it open is no hindrance.
    pub fn bind(&self, bound: bool) {
        let file = format!("/sys/bus/platform/drivers/vivid/{}", if bound { "bind" } else { "unbind" });
        fs::write(&file, "vivid.0").unwrap_or_else(|error| panic!("{file}: {error}"));
    }

    /// A descriptor of camera 0.
    pub fn open(&self) -> File {
        let node = self.node(0);
        File::options().read(true).write(true).open(&node).unwrap_or_else(|error| panic!("{}: {error}", node.display()))
    }

    /// Sets a control of camera 0; a button is pressed by whatever value.
    pub fn set(&self, control: Control, value: i32) {
        Vivid::set_of(&self.open(), control, value);
    }

    /// Presses a button of the camera behind a descriptor, wherever its node is.
    pub fn press_of(camera: &File, button: Control) {
        Vivid::set_of(camera, button, 1);
    }

    fn set_of(camera: &File, control: Control, value: i32) {
        let mut argument = V4l2Control { id: control as u32, value };
        // SAFETY: VIDIOC_S_CTRL takes a struct v4l2_control, which `argument` is, alive over the call.
        let result = unsafe { libc::ioctl(camera.as_raw_fd(), VIDIOC_S_CTRL, &raw mut argument) };
        assert_eq!(result, 0, "set {control:?} to {value}: {}", io::Error::last_os_error());
    }

    /// Presses a button of camera 0.
    pub fn press(&self, button: Control) {
        self.set(button, 1);
    }

    /// A control's value at camera 0.
    pub fn get(&self, control: Control) -> i32 {
        let mut argument = V4l2Control { id: control as u32, value: 0 };
        // SAFETY: VIDIOC_G_CTRL fills a struct v4l2_control, which `argument` is, alive over the call.
        let result = unsafe { libc::ioctl(self.open().as_raw_fd(), VIDIOC_G_CTRL, &raw mut argument) };
        assert_eq!(result, 0, "get {control:?}: {}", io::Error::last_os_error());
        argument.value
    }

    /// Selects an input of camera 0.
    pub fn select_input(&self, input: i32) {
        let mut argument = input;
        // SAFETY: VIDIOC_S_INPUT takes an int, which `argument` is, alive over the call.
        let result = unsafe { libc::ioctl(self.open().as_raw_fd(), VIDIOC_S_INPUT, &raw mut argument) };
        assert_eq!(result, 0, "select input {input}: {}", io::Error::last_os_error());
    }
}
