//! What can go wrong with a camera: the device, what was tried, and what a person can do about it.

use std::io;
use std::path::PathBuf;

use rustix::io::Errno;
use thiserror::Error;

use crate::terminal;

/// A failure of a camera. The text names device, attempt and remedy; the kernel's error is kept as the source.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No node fits the selector.
    #[error("{}", say_no_camera(selector, seen))]
    NoCamera {
        /// What was asked for.
        selector: String,
        /// The cameras there are, as `picam list` names them.
        seen: Vec<String>,
    },

    /// The node may not be opened.
    #[error("{}: no permission to open it: add the user to the group that owns it (usually `sudo usermod -aG video $USER`, then log in again)", path.display())]
    Permission {
        /// The node.
        path: PathBuf,
        /// EACCES or EPERM
        source: io::Error,
    },

    /// Another program streams from it.
    #[error("{device}: busy: {}", say_holders(holders))]
    Busy {
        /// The camera.
        device: String,
        /// Names and process ids of those who have it open, as far as /proc shows them.
        holders: Vec<String>,
        /// EBUSY
        source: io::Error,
    },

    /// It is no camera.
    #[error("{device}: {reason}; `picam list` shows the cameras there are")]
    NotACamera {
        /// The file or node.
        device: String,
        /// Why not.
        reason: String,
    },

    /// It takes video, and delivers none yet: a loopback node that no program writes to.
    #[error(
        "{device}: delivers no video yet: a loopback node does as soon as a program writes to it; `picam list` shows the cameras there are"
    )]
    NotCapturing {
        /// The node.
        device: String,
    },

    /// Its media graph is not set up.
    #[error(
        "{device}: its media graph is not set up: the links and formats between sensor and receiver have to be, by media-ctl or by the camera's own script; a Raspberry Pi's cameras are for libcamera to set up"
    )]
    NotSetUp {
        /// The camera.
        device: String,
        /// EPIPE, ENOLINK
        source: io::Error,
    },

    /// Under `--strict`: the driver does not grant what was asked for.
    #[error("{device}: {problem}{}", say_offers(offers))]
    Refused {
        /// The camera.
        device: String,
        /// What was asked for, and what came.
        problem: String,
        /// What it can do.
        offers: Vec<String>,
    },

    /// Its input has no usable signal.
    #[error("{device}: {reason}: check the cable and the source")]
    NoSignal {
        /// The camera.
        device: String,
        /// What the driver said.
        reason: &'static str,
        /// ENOLINK, ENOLCK or ERANGE
        source: io::Error,
    },

    /// The bus has no room for the stream.
    #[error(
        "{device}: not enough USB bandwidth to start the stream (no disk is full): use a smaller size or rate, a compressed format such as MJPG, or a port on another controller"
    )]
    Bandwidth {
        /// The camera.
        device: String,
        /// ENOSPC
        source: io::Error,
    },

    /// The kernel has no memory for its buffers.
    #[error(
        "{device}: no memory for {buffers} buffers of {}: use fewer (--buffers), a smaller size or a compressed format; buffers of a camera on the board come from the kernel's contiguous memory (CMA): give it more, with cma=256M on the kernel's command line",
        say_bytes(*bytes)
    )]
    NoMemory {
        /// The camera.
        device: String,
        /// How many buffers were asked for.
        buffers: u32,
        /// Bytes of one.
        bytes: u64,
        /// ENOMEM
        source: io::Error,
    },

    /// It was unplugged, or its driver is gone.
    #[error("{device}: the camera is gone: plug it in again, or look for a loose cable or too little power")]
    Lost {
        /// The camera.
        device: String,
        /// ENODEV, ENXIO or EIO from a dead device
        source: io::Error,
    },

    /// It delivers, and none of its frames is whole.
    #[error(
        "{device}: no whole frame for {:.1} s: {reason}: look for a loose or long cable, too little power, or other devices on the same USB port", waited.as_secs_f64()
    )]
    Damaged {
        /// The camera.
        device: String,
        /// How long.
        waited: std::time::Duration,
        /// What is wrong with them.
        reason: String,
    },

    /// It delivers nothing.
    #[error("{device}: no frame for {:.1} s: {}", waited.as_secs_f64(), say_why_stalled(*queue_depth, source.is_some()))]
    Stalled {
        /// The camera.
        device: String,
        /// How long.
        waited: std::time::Duration,
        /// Buffers that the driver had to fill.
        queue_depth: u32,
        /// Why the driver did not take its buffers back, where it did not.
        source: Option<io::Error>,
    },

    /// Any other request that failed.
    #[error("{device}: cannot {attempt}; the kernel's log (dmesg) may say why")]
    Failed {
        /// The camera.
        device: String,
        /// What was tried, such as "start the stream (VIDIOC_STREAMON)".
        attempt: String,
        /// The kernel's error.
        source: io::Error,
    },
}

/// The kinds that a program (or an exit status) tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Absent, not permitted, or no camera.
    NoDevice,
    /// Used by another program.
    Busy,
    /// Under `--strict`: format, size, rate, input, standard, control or number of buffers refused.
    Refused,
    /// Lost, stalled or failing after it was found.
    Lost,
}

impl DeviceError {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            DeviceError::NoCamera { .. }
            | DeviceError::Permission { .. }
            | DeviceError::NotACamera { .. }
            | DeviceError::NotCapturing { .. } => ErrorKind::NoDevice,
            DeviceError::Busy { .. } => ErrorKind::Busy,
            DeviceError::Refused { .. } => ErrorKind::Refused,
            DeviceError::NoSignal { .. }
            | DeviceError::Bandwidth { .. }
            | DeviceError::NoMemory { .. }
            | DeviceError::NotSetUp { .. }
            | DeviceError::Lost { .. }
            | DeviceError::Damaged { .. }
            | DeviceError::Stalled { .. }
            | DeviceError::Failed { .. } => ErrorKind::Lost,
        }
    }

    /// Whether waiting can help: the camera may be plugged in, freed or put right, while a refused setting stays refused.
    pub fn may_pass(&self) -> bool {
        !matches!(self, DeviceError::Refused { .. } | DeviceError::NotACamera { .. })
    }

    /// The error of a request on `device` that failed while doing `attempt`, told by its errno.
    pub(crate) fn from_request(device: &str, attempt: &str, source: io::Error) -> Self {
        let device = device.to_owned();
        match Errno::from_io_error(&source) {
            Some(Errno::NODEV | Errno::NXIO) => DeviceError::Lost { device, source },
            _ => DeviceError::Failed { device, attempt: attempt.to_owned(), source },
        }
    }
}

/// A request's error in words.
pub(crate) fn reason(error: &io::Error) -> String {
    match Errno::from_io_error(error) {
        Some(Errno::NOTTY) => "its driver has no such request".to_owned(),
        _ => terminal::plain(&error.to_string()).into_owned(),
    }
}

fn say_bytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn say_no_camera(selector: &str, seen: &[String]) -> String {
    let what = match selector {
        "auto" => "no camera found".to_owned(),
        path if path.starts_with('/') => format!("{path}: there is no such device, and so no camera"),
        _ => format!("no camera fits \"{selector}\""),
    };
    if seen.is_empty() {
        format!("{what}: plug one in, or try the built-in one: picam --device test")
    } else {
        format!("{what}: there is {}", seen.join(", "))
    }
}

fn say_why_stalled(queue_depth: u32, is_refused: bool) -> &'static str {
    match queue_depth {
        _ if is_refused => "the driver does not take its buffers back (VIDIOC_QBUF), and the stream is started anew",
        0 => "every buffer is with a sink or another holder of frames, so the driver has none to fill",
        _ => "the camera or its bus hangs, and the stream is started anew",
    }
}

fn say_holders(holders: &[String]) -> String {
    if holders.is_empty() {
        "another program streams from it (run as root, picam can tell which)".to_owned()
    } else {
        format!("{} has it open: end that program, or choose another camera", holders.join(", "))
    }
}

fn say_offers(offers: &[String]) -> String {
    let in_line = offers.join(", ");
    match in_line.len() {
        0 => String::new(),
        1..=100 => format!("; it offers {in_line}"),
        _ => format!("; it offers\n  {}", offers.join("\n  ")),
    }
}
