//! `picam list`: every camera, by what name to call it, and what it can do.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use v4l::v4l_sys as sys;

use super::controls::key_of;
use super::discover::{self, Device, Roots};
use super::modes::{Mode, Rates, modes};
use crate::format::Rate;
use crate::v4l2::ioctl::{self, ControlDescription, ControlType};

/// A camera and what it can do, as `picam list --json` writes it.
#[derive(Debug, Serialize)]
pub struct Camera {
    /// What to give to `--device`: stays right when the number changes.
    pub device: String,
    /// The node now.
    pub path: String,
    /// The card's name.
    pub card: String,
    /// The driver's name.
    pub driver: String,
    /// Where it is plugged in.
    pub bus: String,
    /// The names of its inputs.
    pub inputs: Vec<String>,
    /// What it delivers.
    pub formats: Vec<CameraFormat>,
    /// What can be set.
    pub controls: Vec<CameraControl>,
}

/// A pixel format that a camera offers.
#[derive(Debug, Serialize)]
pub struct CameraFormat {
    /// The FourCC.
    pub fourcc: String,
    /// The driver's words for it.
    pub description: String,
    /// Whether it is compressed.
    pub compressed: bool,
    /// Its sizes with their rates.
    pub sizes: Vec<CameraSize>,
    #[serde(skip)]
    modes: Vec<Mode>,
}

/// A size, or a range of sizes, and its rates.
#[derive(Debug, Serialize)]
pub struct CameraSize {
    /// Width and height in pixels; the smallest of a range.
    pub size: String,
    /// The largest of a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest: Option<String>,
    /// Pixels from one width and height of a range to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Frames per second, fastest first; of a range only the slowest and the fastest.
    pub fps: Vec<f64>,
    /// Whether any rate between those is possible.
    pub fps_is_range: bool,
}

/// A control of a camera.
#[derive(Debug, Serialize)]
pub struct CameraControl {
    /// What to give to `--set`.
    pub name: String,
    /// The control's id (`V4L2_CID_*`).
    pub id: u32,
    /// integer, boolean, menu, button, string, bitmask or compound.
    #[serde(rename = "type")]
    pub control_type: &'static str,
    /// The least value.
    pub minimum: i64,
    /// The greatest value.
    pub maximum: i64,
    /// From one value to the next.
    pub step: u64,
    /// The value after power-up.
    pub default: i64,
    /// The value now, where it has a single one that can be read.
    pub value: Option<i64>,
    /// Index and name of each item of a menu.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub menu: Vec<(u32, String)>,
    /// Why setting it has no effect now: "inactive", "grabbed" or "read-only".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
}

/// Looks at every camera there is. Codecs, ISPs, metadata, outputs (a loopback node that no program writes to may be one) and
/// nodes of a media graph are passed over. The second list has the errors of the nodes that could not be looked at.
pub fn cameras() -> (Vec<Camera>, Vec<super::DeviceError>) {
    let roots = Roots::default();
    let mut cameras = Vec::new();
    let mut failures = Vec::new();
    let nodes = discover::nodes(&roots).into_iter();
    for node in nodes.filter(|node| !discover::is_known_not_to_be_a_camera(node, &roots)) {
        match discover::open(&node, &roots) {
            // By itself it delivers nothing: no camera to offer, and `--device` takes it once its graph is set up.
            Ok(device) if device.needs_a_pipeline => {
                log::info!("{}: left out: its media graph has to be set up, by media-ctl or libcamera", device.name());
            }
            Ok(device) => cameras.push(describe(&device)),
            Err(
                super::DeviceError::NotACamera { .. }
                | super::DeviceError::NotCapturing { .. }
                | super::DeviceError::NoCamera { .. },
            ) => {}
            Err(error) => failures.push(error),
        }
    }
    name_by_path_where_not_unique(&mut cameras);
    (cameras, failures)
}

/// Two capture nodes of one device, and cameras whose maker gave all of them one serial number, have the same stable name,
/// which means the first of them: there only the path tells them apart.
fn name_by_path_where_not_unique(cameras: &mut [Camera]) {
    let mut names: HashMap<String, usize> = HashMap::new();
    cameras.iter().for_each(|camera| *names.entry(camera.device.clone()).or_default() += 1);
    for camera in cameras.iter_mut().filter(|camera| names.get(&camera.device).is_some_and(|count| *count > 1)) {
        camera.device = link_to(&camera.path).unwrap_or_else(|| camera.path.clone());
    }
}

/// udev's link to a node that names the place it is plugged in.
fn link_to(node: &str) -> Option<String> {
    let mut links = std::fs::read_dir("/dev/v4l/by-path").ok()?.flatten().map(|entry| entry.path());
    let link = links.find(|link| std::fs::canonicalize(link).is_ok_and(|target| target == Path::new(node)))?;
    Some(link.display().to_string())
}

fn describe(device: &Device) -> Camera {
    let formats = ioctl::formats(device.fd(), device.buffer_type).unwrap_or_default();
    let controls = ioctl::controls(device.fd()).unwrap_or_default();
    Camera {
        device: device.identity.stable_name(),
        path: device.identity.path.display().to_string(),
        card: device.identity.card.clone(),
        driver: device.identity.driver.clone(),
        bus: device.identity.bus_info.clone(),
        inputs: ioctl::inputs(device.fd()).unwrap_or_default().into_iter().map(|input| input.name).collect(),
        formats: formats
            .into_iter()
            .map(|format| {
                let modes = modes(device, format.fourcc);
                CameraFormat {
                    fourcc: format.fourcc.to_string(),
                    description: format.description,
                    compressed: format.compressed,
                    sizes: modes.iter().map(CameraSize::new).collect(),
                    modes,
                }
            })
            .collect(),
        controls: controls
            .into_iter()
            .filter(|control| control.control_type != ControlType::Class)
            .map(|control| CameraControl::new(device, control))
            .collect(),
    }
}

impl CameraSize {
    fn new(mode: &Mode) -> Self {
        let (size, range, rates) = match mode {
            Mode::Discrete(size, rates) => (size, None, rates),
            Mode::Stepwise { minimum, maximum, step, rates } => (minimum, Some((maximum, step)), rates),
        };
        let (fps, fps_is_range) = match rates {
            Rates::Discrete(rates) => (rates.iter().copied().map(Rate::fps).collect(), false),
            Rates::Range(slowest, fastest) => (vec![slowest.fps(), fastest.fps()], true),
        };
        CameraSize {
            size: size.to_string(),
            largest: range.map(|(largest, _)| largest.to_string()),
            step: range.map(|(_, step)| step.to_string()),
            fps,
            fps_is_range,
        }
    }
}

impl CameraControl {
    fn new(device: &Device, control: ControlDescription) -> Self {
        let control_type = match control.control_type {
            ControlType::Integer | ControlType::Integer64 => "integer",
            ControlType::Boolean => "boolean",
            ControlType::Menu | ControlType::IntegerMenu => "menu",
            ControlType::Button => "button",
            ControlType::String => "string",
            ControlType::Bitmask => "bitmask",
            ControlType::Compound | ControlType::Class => "compound",
        };
        let states = [
            (sys::V4L2_CTRL_FLAG_READ_ONLY, "read-only"),
            (sys::V4L2_CTRL_FLAG_GRABBED, "grabbed"),
            (sys::V4L2_CTRL_FLAG_INACTIVE, "inactive"),
        ];
        let has_value = !matches!(control_type, "button" | "string" | "compound")
            && !control.has_flag(sys::V4L2_CTRL_FLAG_WRITE_ONLY);
        CameraControl {
            name: key_of(&control),
            id: control.id,
            control_type,
            minimum: control.minimum,
            maximum: control.maximum,
            step: control.step,
            default: control.default,
            value: has_value.then(|| ioctl::control(device.fd(), control.id, control.control_type).ok()).flatten(),
            state: states.iter().find(|(flag, _)| control.has_flag(*flag)).map(|(_, state)| *state),
            menu: control.menu,
        }
    }
}

/// The list for people.
pub fn text(cameras: &[Camera]) -> String {
    let mut out = String::new();
    for camera in cameras {
        // Writing to a String does not fail.
        let _ = writeln!(out, "{}", camera.device);
        let _ = writeln!(out, "  {} at {} ({}, {})", camera.card, camera.path, camera.driver, camera.bus);
        if camera.inputs.len() > 1 {
            let inputs: Vec<_> =
                camera.inputs.iter().enumerate().map(|(index, name)| format!("{index} {name}")).collect();
            let _ = writeln!(out, "  inputs: {}", inputs.join(", "));
        }
        for format in &camera.formats {
            let _ = writeln!(out, "  {} {}", format.fourcc, format.description);
            for mode in &format.modes {
                let _ = writeln!(out, "    {mode}");
            }
        }
        if !camera.controls.is_empty() {
            let _ = writeln!(out, "  controls");
        }
        for control in &camera.controls {
            let _ = writeln!(out, "    {control}");
        }
    }
    out
}

impl std::fmt::Display for CameraControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(value) = self.value {
            write!(f, "={value}")?;
        }
        match self.control_type {
            "boolean" => write!(f, "  0 or 1, default {}", self.default)?,
            "menu" => {
                let items: Vec<_> = self.menu.iter().map(|(index, name)| format!("{index} {name}")).collect();
                write!(f, "  {}; default {}", items.join(", "), self.default)?;
            }
            "button" | "compound" => write!(f, "  {}", self.control_type)?,
            "string" => write!(f, "  {} to {} characters", self.minimum, self.maximum)?,
            "bitmask" => write!(f, "  bits of {:#x}, default {:#x}", self.maximum, self.default)?,
            _ => {
                write!(f, "  {} to {}", self.minimum, self.maximum)?;
                if self.step > 1 {
                    write!(f, " in steps of {}", self.step)?;
                }
                write!(f, ", default {}", self.default)?;
            }
        }
        self.state.iter().try_for_each(|state| write!(f, " ({state})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_that_share_a_name_are_told_apart_by_path() {
        let camera = |device: &str, path: &str| Camera {
            device: device.into(),
            path: path.into(),
            card: String::new(),
            driver: String::new(),
            bus: String::new(),
            inputs: vec![],
            formats: vec![],
            controls: vec![],
        };
        let same = "usb=8086:0b07:1";
        let mut cameras = [camera(same, "/dev/video0"), camera(same, "/dev/video2"), camera("bus=x", "/dev/video4")];
        name_by_path_where_not_unique(&mut cameras);
        let names = cameras.map(|camera| camera.device);
        assert_eq!(names, ["/dev/video0", "/dev/video2", "bus=x"]);
    }
}
