//! Controls: what a device has, their ranges and menus, their values.

use std::io;
use std::os::fd::BorrowedFd;

use v4l::v4l_sys as sys;
use v4l::v4l2::vidioc;

use super::{Abi, MOST_ENTRIES, call, is_end, text};

/// What kind of value a control has (`enum v4l2_ctrl_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlType {
    Integer,
    Boolean,
    Menu,
    Button,
    Integer64,
    Class,
    String,
    Bitmask,
    IntegerMenu,
    /// Arrays and structs, and whatever kernels newer than this program add.
    Compound,
}

/// What VIDIOC_QUERY_EXT_CTRL and VIDIOC_QUERYMENU say about a control.
#[derive(Clone, Debug)]
pub(crate) struct ControlDescription {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) control_type: ControlType,
    pub(crate) minimum: i64,
    pub(crate) maximum: i64,
    pub(crate) step: u64,
    pub(crate) default: i64,
    pub(crate) flags: u32,
    /// Index and name, or value, of each menu item that the driver has.
    pub(crate) menu: Vec<(u32, String)>,
}

impl ControlDescription {
    pub(crate) fn has_flag(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// All controls but those that are disabled. Compound ones are listed, not understood.
pub(crate) fn controls(device: BorrowedFd<'_>) -> io::Result<Vec<ControlDescription>> {
    let queries = walk(|id| query(device, id))?;
    let enabled = queries.iter().filter(|query| query.flags & sys::V4L2_CTRL_FLAG_DISABLED == 0);
    Ok(enabled.map(|query| describe(device, query)).collect())
}

/// A control as it is now: its range and flags may have changed with the value of another.
pub(crate) fn describe_control(device: BorrowedFd<'_>, id: u32) -> io::Result<ControlDescription> {
    Ok(describe(device, &query(device, id)?))
}

fn query(device: BorrowedFd<'_>, id: u32) -> io::Result<sys::v4l2_query_ext_ctrl> {
    let mut query = sys::v4l2_query_ext_ctrl::zeroed();
    query.id = id;
    // SAFETY: VIDIOC_QUERY_EXT_CTRL takes a v4l2_query_ext_ctrl, which holds no pointer.
    unsafe { call(device, vidioc::VIDIOC_QUERY_EXT_CTRL, &mut query) }?;
    Ok(query)
}

/// Goes from control to control by `query`. One that fails (EIO, EPIPE: common in cheap USB cameras) hides none of those
/// after it; where even the first fails and no other is found, that is the error.
fn walk(query: impl Fn(u32) -> io::Result<sys::v4l2_query_ext_ctrl>) -> io::Result<Vec<sys::v4l2_query_ext_ctrl>> {
    /// Controls that fail before no more is asked: each may cost a USB camera's timeout.
    const FAILURES: u32 = 16;
    let (mut found, mut id, mut failures) = (Vec::new(), 0, 0);
    loop {
        match query(id | sys::V4L2_CTRL_FLAG_NEXT_CTRL | sys::V4L2_CTRL_FLAG_NEXT_COMPOUND) {
            // A driver that does not go forward, or has no end, would keep us here for ever.
            Ok(next) if next.id <= id || found.len() >= MOST_ENTRIES as usize => return Ok(found),
            Ok(next) => {
                id = next.id;
                found.push(next);
            }
            Err(error) if is_end(&error) => return Ok(found),
            Err(error) => {
                failures += 1;
                // The kernel does not say which one failed: it is the first after the last one that there is.
                let exists = |answer: &(u32, io::Result<_>)| !answer.1.as_ref().is_err_and(is_end);
                let mut answers = candidates(id).map(|id| (id, query(id))).filter(exists);
                match answers.next().filter(|_| failures <= FAILURES) {
                    Some((next, answer)) => {
                        id = next;
                        found.extend(answer);
                    }
                    None if found.is_empty() => return Err(error),
                    None => return Ok(found),
                }
            }
        }
    }
}

/// The ids after `id` that controls have: in each class the standard ones, and those of its drivers from 0x1000 on.
fn candidates(id: u32) -> impl Iterator<Item = u32> {
    let classes = sys::V4L2_CTRL_CLASS_USER >> 16..=sys::V4L2_CTRL_CLASS_COLORIMETRY >> 16;
    let of_class = |class: u32| (0x900..0xa00).chain(0x1000..0x2000).map(move |number| class << 16 | number);
    classes.flat_map(of_class).filter(move |candidate| *candidate > id)
}

fn describe(device: BorrowedFd<'_>, query: &sys::v4l2_query_ext_ctrl) -> ControlDescription {
    let control_type = control_type(query.type_, query.flags);
    ControlDescription {
        id: query.id,
        name: text(&query.name.map(|c| c as u8)),
        control_type,
        minimum: query.minimum,
        maximum: query.maximum,
        step: query.step,
        default: query.default_value,
        flags: query.flags,
        menu: match control_type {
            ControlType::Menu | ControlType::IntegerMenu => menu(device, query, control_type),
            _ => Vec::new(),
        },
    }
}

fn control_type(raw: u32, flags: u32) -> ControlType {
    if flags & sys::V4L2_CTRL_FLAG_HAS_PAYLOAD != 0 && raw != sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_STRING {
        return ControlType::Compound;
    }
    match raw {
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_INTEGER => ControlType::Integer,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_BOOLEAN => ControlType::Boolean,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_MENU => ControlType::Menu,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_BUTTON => ControlType::Button,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_INTEGER64 => ControlType::Integer64,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_CTRL_CLASS => ControlType::Class,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_STRING => ControlType::String,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_BITMASK => ControlType::Bitmask,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_INTEGER_MENU => ControlType::IntegerMenu,
        _ => ControlType::Compound,
    }
}

fn menu(device: BorrowedFd<'_>, control: &sys::v4l2_query_ext_ctrl, control_type: ControlType) -> Vec<(u32, String)> {
    let range = u32::try_from(control.minimum).unwrap_or(0)..=u32::try_from(control.maximum).unwrap_or(0).min(255);
    range
        .filter_map(|index| {
            let mut item = sys::v4l2_querymenu::zeroed();
            item.id = control.id;
            item.index = index;
            // SAFETY: VIDIOC_QUERYMENU takes a v4l2_querymenu, which holds no pointer.
            // EINVAL means that the driver leaves out this item, as a Logitech C920 does.
            unsafe { call(device, vidioc::VIDIOC_QUERYMENU, &mut item) }.ok()?;
            let item = item.__bindgen_anon_1;
            let name = if control_type == ControlType::Menu {
                // SAFETY: for a menu the kernel fills in `name`, bytes.
                text(&unsafe { item.name })
            } else {
                // SAFETY: for an integer menu the kernel fills in `value`; any bits are a valid i64.
                unsafe { item.value }.to_string()
            };
            Some((index, name))
        })
        .collect()
}

/// The value of an integer, boolean, menu or bitmask control (VIDIOC_G_EXT_CTRLS).
pub(crate) fn control(device: BorrowedFd<'_>, id: u32, control_type: ControlType) -> io::Result<i64> {
    let mut control = sys::v4l2_ext_control::zeroed();
    control.id = id;
    ext_control(device, vidioc::VIDIOC_G_EXT_CTRLS, &mut control)?;
    let value = control.__bindgen_anon_1;
    Ok(match control_type {
        // SAFETY: the kernel fills in `value64` for this type; any bits are a valid i64.
        ControlType::Integer64 => unsafe { value.value64 },
        // SAFETY: the kernel fills in `value` for the other types without payload; any bits are a valid i32.
        ControlType::Bitmask => i64::from(unsafe { value.value } as u32),
        // SAFETY: as above.
        _ => i64::from(unsafe { value.value }),
    })
}

/// Sets an integer, boolean, menu, button or bitmask control (VIDIOC_S_EXT_CTRLS).
pub(crate) fn set_control(device: BorrowedFd<'_>, id: u32, control_type: ControlType, value: i64) -> io::Result<()> {
    let mut control = sys::v4l2_ext_control::zeroed();
    control.id = id;
    if control_type == ControlType::Integer64 {
        control.__bindgen_anon_1.value64 = value;
    } else {
        // A bitmask is 32 bits of an i32: keep the bits.
        control.__bindgen_anon_1.value = value as i32;
    }
    ext_control(device, vidioc::VIDIOC_S_EXT_CTRLS, &mut control)
}

/// Sets a string control (VIDIOC_S_EXT_CTRLS).
pub(crate) fn set_string_control(device: BorrowedFd<'_>, id: u32, value: &str) -> io::Result<()> {
    let mut bytes = value.as_bytes().to_vec();
    bytes.push(0);
    let mut control = sys::v4l2_ext_control::zeroed();
    control.id = id;
    control.size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    control.__bindgen_anon_1.string = bytes.as_mut_ptr().cast();
    ext_control(device, vidioc::VIDIOC_S_EXT_CTRLS, &mut control)
}

fn ext_control(device: BorrowedFd<'_>, request: super::Request, control: &mut sys::v4l2_ext_control) -> io::Result<()> {
    let mut controls = sys::v4l2_ext_controls::zeroed();
    controls.count = 1;
    controls.controls = control;
    // SAFETY: G_EXT_CTRLS and S_EXT_CTRLS take a v4l2_ext_controls that points to `count` controls: the one we hold
    // exclusively. A string control points to `size` live bytes (set_string_control); the others hold no pointer.
    unsafe { call(device, request, &mut controls) }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    const NEXT: u32 = sys::V4L2_CTRL_FLAG_NEXT_CTRL | sys::V4L2_CTRL_FLAG_NEXT_COMPOUND;

    /// Answers as the kernel does for a device with these controls, of which some fail.
    fn device(controls: &[u32], failing: &[u32], id: u32) -> io::Result<sys::v4l2_query_ext_ctrl> {
        let meant = |control: &&u32| if id & NEXT != 0 { **control > id & !NEXT } else { **control == id };
        let control = *controls.iter().find(meant).ok_or(Errno::INVAL)?;
        if failing.contains(&control) {
            return Err(Errno::IO.into());
        }
        let mut query = sys::v4l2_query_ext_ctrl::zeroed();
        query.id = control;
        Ok(query)
    }

    #[test]
    fn a_control_that_fails_hides_none_of_those_after_it() {
        let all = [0x0098_0900, 0x0098_0901, 0x0098_0913, 0x0098_11e0, 0x009a_0902, 0x009a_0910];
        let ids = |found: Vec<sys::v4l2_query_ext_ctrl>| found.iter().map(|it| it.id).collect::<Vec<_>>();
        let listed = |failing: &[u32]| walk(|id| device(&all, failing, id)).map(ids);
        assert_eq!(listed(&[]).unwrap(), all.to_vec());
        for failing in all {
            let expected: Vec<_> = all.into_iter().filter(|id| *id != failing).collect();
            assert_eq!(listed(&[failing]).unwrap(), expected, "{failing:#x}");
        }
        assert_eq!(listed(&all[..3]).unwrap(), all[3..].to_vec());
        assert_eq!(listed(&all[1..]).unwrap(), all[..1].to_vec());
        assert!(listed(&all).unwrap().is_empty());
    }

    #[test]
    fn a_device_that_does_not_go_on_is_left_alone() {
        let fails = |errno: Errno| walk(move |_| Err(errno.into()));
        assert!(fails(Errno::IO).is_err(), "each query fails");
        assert!(fails(Errno::NOTTY).unwrap().is_empty(), "no controls at all");
        let first = walk(|_| device(&[1], &[], 1)).unwrap();
        assert_eq!(first.len(), 1, "the same one again and again");
    }
}
