//! How a person says which camera: `--device`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::format::{Rate, Size};
use crate::nearest::nearest;

/// Which camera to take.
#[derive(Clone, Debug, PartialEq)]
pub enum Selector {
    /// `auto`: the first node that can capture video.
    Auto,
    /// A device node, or a link to one, such as those in /dev/v4l/by-id.
    Path(PathBuf),
    /// `name=CARD`: the card's name as `picam list` shows it.
    Name(String),
    /// `bus=BUS_INFO`: where it is plugged in.
    Bus(String),
    /// `usb=VID:PID[:SERIAL]`: a USB camera by vendor, product and serial number.
    Usb(UsbId),
    /// `test[:WxH@FPS]`: the built-in camera.
    Test {
        /// Size in pixels; `None`: the one asked for.
        size: Option<Size>,
        /// Frame rate; `None`: the one asked for, or 30.
        rate: Option<Rate>,
    },
}

/// A USB device's vendor, product and serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbId {
    /// idVendor
    pub vendor: u16,
    /// idProduct
    pub product: u16,
    /// iSerial, where the device has one.
    pub serial: Option<String>,
}

impl fmt::Display for UsbId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vendor, self.product)?;
        self.serial.iter().try_for_each(|serial| write!(f, ":{serial}"))
    }
}

impl FromStr for UsbId {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        let mut parts = s.splitn(3, ':');
        let mut number = || parts.next().filter(|part| part.len() == 4).and_then(|p| u16::from_str_radix(p, 16).ok());
        match (number(), number()) {
            (Some(vendor), Some(product)) => {
                let serial = parts.next().filter(|serial| !serial.is_empty()).map(str::to_owned);
                Ok(UsbId { vendor, product, serial })
            }
            _ => {
                Err(format!("\"{s}\" is not a USB id: VID:PID or VID:PID:SERIAL, such as 046d:082d (see `picam list`)"))
            }
        }
    }
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        if let Some((key, value)) = s.split_once('=').filter(|(key, _)| !key.contains('/')) {
            return match (key, value) {
                (_, "") => Err(format!("\"{s}\" says no {key}: see `picam list` for what there is")),
                ("name", name) => Ok(Selector::Name(name.to_owned())),
                ("bus", bus) => Ok(Selector::Bus(bus.to_owned())),
                ("usb", id) => id.parse().map(Selector::Usb),
                _ => {
                    let meant =
                        nearest(key, &["name", "bus", "usb"]).map(|key| format!(": did you mean {key}={value}?"));
                    Err(format!("\"{key}=\" is unknown, name=, bus= or usb= is needed{}", meant.unwrap_or_default()))
                }
            };
        }
        match s {
            "auto" => Ok(Selector::Auto),
            "test" => Ok(Selector::Test { size: None, rate: None }),
            _ if s.starts_with("test:") => {
                let mode = &s["test:".len()..];
                let (size, rate) = match mode.split_once('@') {
                    Some((size, rate)) => (size, Some(rate.parse()?)),
                    None => (mode, None),
                };
                let size = if size.is_empty() { None } else { Some(size.parse()?) };
                Ok(Selector::Test { size, rate })
            }
            _ if s.contains('/') => Ok(Selector::Path(s.into())),
            _ => {
                let meant = meant(s).map(|meant| format!(": did you mean {meant}?")).unwrap_or_default();
                let form = "auto, test, a path such as /dev/video0, name=…, bus=… or usb=VID:PID[:SERIAL]";
                Err(format!("\"{s}\" names no camera, which is {form}{meant}"))
            }
        }
    }
}

/// What a word that names no camera probably means.
fn meant(word: &str) -> Option<String> {
    let number = word.strip_prefix("video").unwrap_or(word);
    if number.parse::<u8>().is_ok() {
        return Some(format!("/dev/video{number}"));
    }
    if word.parse::<UsbId>().is_ok() {
        return Some(format!("usb={word}"));
    }
    nearest(word, &["auto", "test"]).map(str::to_owned)
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Auto => f.write_str("auto"),
            Selector::Path(path) => write!(f, "{}", path.display()),
            Selector::Name(name) => write!(f, "name={name}"),
            Selector::Bus(bus) => write!(f, "bus={bus}"),
            Selector::Usb(id) => write!(f, "usb={id}"),
            Selector::Test { size, rate } => {
                f.write_str("test")?;
                if size.is_some() || rate.is_some() {
                    f.write_str(":")?;
                }
                size.iter().try_for_each(|size| write!(f, "{size}"))?;
                rate.iter().try_for_each(|rate| write!(f, "@{rate}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_camera_is_read_and_written_back() {
        for text in [
            "auto",
            "test",
            "test:640x480",
            "test:640x480@25",
            "test:@29.97",
            "/dev/video0",
            "/dev/v4l/by-id/usb-a=b-index0",
            "./video",
            "name=HD Pro Webcam C920",
            "bus=usb-0000:01:00.0-1.3",
            "bus=platform:fe801000.csi",
            "usb=046d:082d",
            "usb=046d:082d:9A8C7:1",
        ] {
            assert_eq!(text.parse::<Selector>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_names_no_camera_is_refused_with_the_choices() {
        for text in [
            "",
            "video0",
            "name=",
            "usb=",
            "usb=46d:82d",
            "usb=046d",
            "serial=1",
            "test:",
            "test:640",
            "test:640x480@0",
        ] {
            match text {
                "test:" => assert_eq!(text.parse(), Ok(Selector::Test { size: None, rate: None })),
                _ => assert!(text.parse::<Selector>().is_err(), "{text}"),
            }
        }
    }
}
