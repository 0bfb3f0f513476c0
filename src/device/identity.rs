//! What makes a camera the same camera when its number changed.

use std::fmt;
use std::path::PathBuf;

use super::selector::UsbId;

/// A camera as it is known and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The node it was last seen at, such as /dev/video0; `test` for the built-in camera.
    pub path: PathBuf,
    /// The card's name (`v4l2_capability.card`).
    pub card: String,
    /// The driver's name.
    pub driver: String,
    /// Where it is plugged in (`v4l2_capability.bus_info`).
    pub bus_info: String,
    /// Vendor, product and serial number of a USB camera.
    pub usb: Option<UsbId>,
    /// Which node of a device with several (/sys/class/video4linux/videoN/index).
    pub index: u32,
}

impl Identity {
    /// Whether `other` is this camera, seen again: the same serial number wherever it is plugged in, or, for cameras that
    /// have none (which a camera may also be read without), the same kind of camera in the same place. Without a serial, a camera in another place may be another
    /// one of its kind, and taking it would show the wrong picture.
    pub fn is_same_camera(&self, other: &Identity) -> bool {
        let model = |camera: &Identity| camera.usb.as_ref().map(|usb| (usb.vendor, usb.product));
        let serial = |camera: &Identity| camera.usb.as_ref().and_then(|usb| usb.serial.clone());
        let same_kind = self.driver == other.driver
            && self.card == other.card
            && self.index == other.index
            && model(self) == model(other);
        same_kind
            && match (serial(self), serial(other)) {
                (Some(one), Some(other)) => one == other,
                _ => self.bus_info == other.bus_info,
            }
    }

    /// The name to give to `--device` that stays right across reboots and other ports as far as the camera allows.
    pub fn stable_name(&self) -> String {
        match &self.usb {
            Some(usb) if usb.serial.is_some() => format!("usb={usb}"),
            _ if !self.bus_info.is_empty() => format!("bus={}", self.bus_info),
            _ => format!("name={}", self.card),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.path.display(), self.card)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(path: &str, bus: &str, serial: Option<&str>) -> Identity {
        Identity {
            path: path.into(),
            card: "HD Webcam".into(),
            driver: "uvcvideo".into(),
            bus_info: bus.into(),
            usb: Some(UsbId { vendor: 0x46d, product: 0x82d, serial: serial.map(str::to_owned) }),
            index: 0,
        }
    }

    #[test]
    fn a_serial_number_is_known_again_anywhere_and_no_other_taken_for_it() {
        let camera_a = camera("/dev/video0", "usb-1.1", Some("A"));
        assert!(camera_a.is_same_camera(&camera("/dev/video4", "usb-1.3", Some("A"))));
        assert!(!camera_a.is_same_camera(&camera("/dev/video0", "usb-1.1", Some("B"))));
        assert!(camera_a.is_same_camera(&camera("/dev/video2", "usb-1.1", None)), "its serial number was not read");
        assert!(!camera_a.is_same_camera(&camera("/dev/video2", "usb-1.3", None)));
        assert_eq!(camera_a.stable_name(), "usb=046d:082d:A");
    }

    #[test]
    fn without_a_serial_number_the_place_decides() {
        let without = camera("/dev/video0", "usb-1.1", None);
        assert!(without.is_same_camera(&camera("/dev/video2", "usb-1.1", None)));
        assert!(!without.is_same_camera(&camera("/dev/video0", "usb-1.2", None)));
        assert!(!without.is_same_camera(&Identity { index: 1, ..camera("/dev/video0", "usb-1.1", None) }));
        assert_eq!(without.stable_name(), "bus=usb-1.1");
    }
}
