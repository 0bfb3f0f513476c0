//! Setting controls by name or id, with range and menu checked before the driver is asked.

use std::io;

use v4l::v4l_sys as sys;

use super::difference::Difference;
use super::discover::Device;
use super::error::reason;
use super::negotiate::list;
use crate::nearest::nearest;
use crate::v4l2::ioctl::{self, ControlDescription, ControlType};

/// Sets each `(control, value)` in order, and answers which failed and of which the driver made another value.
///
/// What failed is tried again after the others: an exposure's range grows with the blanking, and what an automatic has in
/// charge is free once that is off, in whatever order they were written.
pub(crate) fn set_all(device: &Device, wanted: &[(String, String)]) -> Vec<Difference> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let controls = ioctl::controls(device.fd()).unwrap_or_else(|error| {
        log::debug!("{}: cannot list its controls (VIDIOC_QUERY_EXT_CTRL): {error}", device.name());
        Vec::new()
    });
    let attempt = |(key, text): &(String, String)| set(device, &controls, key, text);
    let mut outcomes: Vec<_> = wanted.iter().map(attempt).collect();
    if outcomes.iter().any(Result::is_ok) {
        for (outcome, setting) in outcomes.iter_mut().zip(wanted).filter(|(outcome, _)| outcome.is_err()) {
            *outcome = attempt(setting);
        }
    }
    // Only now, as one control can change another.
    let differs = |(outcome, (key, _)): (Result<Set, String>, &(String, String))| match outcome {
        Ok(set) => set.differs(device, key),
        Err(problem) => Some(Difference::failed(key, problem)),
    };
    outcomes.into_iter().zip(wanted).filter_map(differs).collect()
}

/// A control that was set.
struct Set {
    control: ControlDescription,
    /// What to read back, of one that can be read.
    value: Option<i64>,
}

impl Set {
    fn differs(&self, device: &Device, key: &str) -> Option<Difference> {
        let Set { control, value } = self;
        let value = (*value)?;
        let granted = ioctl::control(device.fd(), control.id, control.control_type).ok().filter(|it| *it != value)?;
        Some(Difference::granted(key, format_args!("{granted} for control {}, not {value}", key_of(control))))
    }
}

fn set(device: &Device, controls: &[ControlDescription], key: &str, text: &str) -> Result<Set, String> {
    let Some(known) = find(controls, key) else {
        let names: Vec<_> = controls.iter().filter(settable).map(key_of).collect();
        let known: Vec<_> = names.iter().map(String::as_str).collect();
        let meant = nearest(key, &known).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        return Err(format!(
            "control {key} cannot be set to {text}: there is none of that name{}{meant}",
            list("it has", names)
        ));
    };
    // Its range and flags as they are now: another control may have changed them.
    let control = ioctl::describe_control(device.fd(), known.id).unwrap_or_else(|_| known.clone());
    let failed = |why: String| {
        format!("control {} cannot be set to {text}: {why}{}", key_of(&control), list("it takes", menu_of(&control)))
    };
    let value = parse(&control, text).map_err(failed)?;
    let set = match value {
        Value::Text(text) => ioctl::set_string_control(device.fd(), control.id, text),
        Value::Number(number) => ioctl::set_control(device.fd(), control.id, control.control_type, number),
    };
    set.map_err(|error| failed(why(&control, &error)))?;
    let is_readable = control.control_type != ControlType::Button && !control.has_flag(sys::V4L2_CTRL_FLAG_WRITE_ONLY);
    let value = match value {
        Value::Number(number) if is_readable => Some(number),
        _ => None,
    };
    Ok(Set { control, value })
}

/// Why the driver does not take a value that is within the control's range.
fn why(control: &ControlDescription, error: &io::Error) -> String {
    if control.has_flag(sys::V4L2_CTRL_FLAG_INACTIVE) {
        "it has no effect while another control, such as an automatic one, is in charge: set that as well".to_owned()
    } else if control.has_flag(sys::V4L2_CTRL_FLAG_GRABBED) {
        "it is in use by another program".to_owned()
    } else {
        format!("{} (VIDIOC_S_EXT_CTRLS)", reason(error))
    }
}

/// A control's name as it is typed: lower case, one underscore for what is neither letter nor digit, as v4l2-ctl has it.
pub(crate) fn key_of(control: &ControlDescription) -> String {
    key(&control.name)
}

fn key(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}

fn find<'a>(controls: &'a [ControlDescription], wanted: &str) -> Option<&'a ControlDescription> {
    let id = match wanted.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => wanted.parse().ok(),
    };
    controls.iter().filter(settable).find(|control| Some(control.id) == id || key_of(control) == key(wanted))
}

fn settable(control: &&ControlDescription) -> bool {
    !matches!(control.control_type, ControlType::Class | ControlType::Compound)
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Number(i64),
    Text(&'a str),
}

/// The value that `text` means for `control`, or what is wrong with it.
fn parse<'a>(control: &ControlDescription, text: &'a str) -> Result<Value<'a>, String> {
    if control.has_flag(sys::V4L2_CTRL_FLAG_READ_ONLY) {
        return Err("it can only be read".to_owned());
    }
    let number = match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse::<i64>().ok(),
    };
    let range = control.minimum..=control.maximum;
    match control.control_type {
        ControlType::Boolean => match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "on" | "yes" => Ok(Value::Number(1)),
            "0" | "false" | "off" | "no" => Ok(Value::Number(0)),
            _ => Err("it is on or off (1 or 0)".to_owned()),
        },
        ControlType::Button => Ok(Value::Number(1)),
        ControlType::String => {
            let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
            if range.contains(&length) && !text.contains('\0') {
                Ok(Value::Text(text))
            } else {
                Err(format!("it takes {} to {} bytes", control.minimum, control.maximum))
            }
        }
        ControlType::Menu | ControlType::IntegerMenu => {
            let by_name = || control.menu.iter().find(|(_, name)| key(name) == key(text) && !key(text).is_empty());
            let by_index = || control.menu.iter().find(|(index, _)| number == Some(i64::from(*index)));
            match by_index().or_else(by_name) {
                Some((index, _)) => Ok(Value::Number(i64::from(*index))),
                None => Err("no such menu item".to_owned()),
            }
        }
        ControlType::Bitmask => match number {
            Some(bits) if bits & !control.maximum == 0 && bits >= 0 => Ok(Value::Number(bits)),
            _ => Err(format!("it takes bits out of {:#x}", control.maximum)),
        },
        ControlType::Integer | ControlType::Integer64 => {
            let step = i64::try_from(control.step).unwrap_or(1).max(1);
            match number {
                Some(n) if range.contains(&n) && n.wrapping_sub(control.minimum) % step == 0 => Ok(Value::Number(n)),
                _ => Err(range_of(control)),
            }
        }
        ControlType::Class | ControlType::Compound => Err("it has no single value".to_owned()),
    }
}

fn range_of(control: &ControlDescription) -> String {
    let ControlDescription { minimum, maximum, step, default, .. } = control;
    let step = if *step > 1 { format!(" in steps of {step}") } else { String::new() };
    format!("it takes {minimum} to {maximum}{step} (default {default})")
}

fn menu_of(control: &ControlDescription) -> Vec<String> {
    control.menu.iter().map(|(index, name)| format!("{index} ({name})")).collect()
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    fn control(name: &str, control_type: ControlType, minimum: i64, maximum: i64, step: u64) -> ControlDescription {
        let menu = match control_type {
            ControlType::Menu => vec![(0, "Disabled".to_owned()), (2, "60 Hz".to_owned())],
            _ => Vec::new(),
        };
        let name = name.to_owned();
        ControlDescription {
            id: 0x0098_0900,
            name,
            control_type,
            minimum,
            maximum,
            step,
            default: minimum,
            flags: 0,
            menu,
        }
    }

    fn number(control: &ControlDescription, text: &str) -> Result<i64, String> {
        parse(control, text).map(|value| match value {
            Value::Number(number) => number,
            Value::Text(text) => panic!("{text} is text"),
        })
    }

    #[test]
    fn controls_are_found_by_the_name_v4l2_ctl_uses_or_by_id() {
        let controls = [control("White Balance, Automatic", ControlType::Boolean, 0, 1, 1)];
        for wanted in ["white_balance_automatic", "White Balance, Automatic", "0x00980900", "9963776"] {
            assert!(find(&controls, wanted).is_some(), "{wanted}");
        }
        assert!(find(&controls, "white_balance").is_none());
    }

    #[test]
    fn why_a_value_is_not_taken_is_said_by_the_flags_and_otherwise_by_the_kernel() {
        let exposure = control("Exposure Time, Absolute", ControlType::Integer, 1, 5000, 1);
        let stalls = io::Error::from(Errno::PIPE);
        assert!(why(&exposure, &stalls).contains("Broken pipe"));
        // What uvcvideo answers while automatic exposure is on.
        let inactive = ControlDescription { flags: sys::V4L2_CTRL_FLAG_INACTIVE, ..exposure.clone() };
        assert!(why(&inactive, &Errno::ACCESS.into()).contains("another control"));
        let grabbed = ControlDescription { flags: sys::V4L2_CTRL_FLAG_GRABBED, ..exposure };
        assert!(why(&grabbed, &Errno::BUSY.into()).contains("another program"));
    }

    #[test]
    fn values_are_checked_against_range_step_and_menu() {
        let brightness = control("Brightness", ControlType::Integer, -10, 10, 2);
        assert_eq!(number(&brightness, "-8"), Ok(-8));
        for bad in ["-9", "12", "bright", ""] {
            assert!(number(&brightness, bad).is_err(), "{bad}");
        }
        let power_line = control("Power Line Frequency", ControlType::Menu, 0, 2, 1);
        assert_eq!((number(&power_line, "2"), number(&power_line, "60 hz")), (Ok(2), Ok(2)));
        assert!(number(&power_line, "1").is_err());
        let automatic = control("Auto", ControlType::Boolean, 0, 1, 1);
        assert_eq!((number(&automatic, "on"), number(&automatic, "False")), (Ok(1), Ok(0)));
        let mask = control("Mask", ControlType::Bitmask, 0, 0x0f, 0);
        assert_eq!(number(&mask, "0x5"), Ok(5));
        assert!(number(&mask, "0x15").is_err() && number(&mask, "-1").is_err());
        let wide = control("Wide", ControlType::Integer64, i64::MIN, i64::MAX, 0);
        assert_eq!(number(&wide, "9223372036854775807"), Ok(i64::MAX));
        let text = control("Text", ControlType::String, 0, 3, 1);
        assert!(parse(&text, "abc").is_ok() && parse(&text, "abcd").is_err());
        let fixed = ControlDescription { flags: sys::V4L2_CTRL_FLAG_READ_ONLY, ..brightness };
        assert!(number(&fixed, "0").is_err());
    }
}
