//! Inputs of a device, the TV standard of an analogue one, and the DV timings of one that follows a source (HDMI).

use std::io;
use std::os::fd::BorrowedFd;

use v4l::v4l_sys as sys;
use v4l::v4l2::vidioc;

use super::{Abi, Direction, MOST_ENTRIES, call, enumerate, request, text};
use crate::format::{Rate, Size};

const VIDIOC_S_DV_TIMINGS: super::Request = request::<sys::v4l2_dv_timings>(Direction::ReadWrite, 87);
const VIDIOC_QUERY_DV_TIMINGS: super::Request = request::<sys::v4l2_dv_timings>(Direction::Read, 99);

/// What VIDIOC_ENUMINPUT says about an input.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) index: u32,
    pub(crate) name: String,
    /// Whether it has DV timings to be queried and set (`V4L2_IN_CAP_DV_TIMINGS`).
    pub(crate) has_dv_timings: bool,
}

/// All inputs of the device; none for a driver without the notion.
pub(crate) fn inputs(device: BorrowedFd<'_>) -> io::Result<Vec<Input>> {
    let inputs = enumerate(|index| {
        let input = describe(device, index)?;
        let has_dv_timings = input.capabilities & sys::V4L2_IN_CAP_DV_TIMINGS != 0;
        Ok(Input { index, name: text(&input.name), has_dv_timings })
    })?;
    // A driver that does not look at the number has one.
    let count = if inputs.len() == MOST_ENTRIES as usize { 1 } else { inputs.len() };
    Ok(inputs.into_iter().take(count).collect())
}

fn describe(device: BorrowedFd<'_>, index: u32) -> io::Result<sys::v4l2_input> {
    let mut input = sys::v4l2_input::zeroed();
    input.index = index;
    // SAFETY: VIDIOC_ENUMINPUT takes a v4l2_input, which holds no pointer.
    unsafe { call(device, vidioc::VIDIOC_ENUMINPUT, &mut input) }?;
    Ok(input)
}

/// The input in use, if it takes a signal from outside, of a TV standard or with DV timings: a camera's own sensor has none to
/// lose.
pub(crate) fn input_with_signal(device: BorrowedFd<'_>) -> Option<u32> {
    let input = describe(device, input(device).ok()?).ok()?;
    let takes_signal = input.capabilities & (sys::V4L2_IN_CAP_STD | sys::V4L2_IN_CAP_DV_TIMINGS) != 0 || input.std != 0;
    takes_signal.then_some(input.index)
}

/// What the driver finds wrong with the signal of an input, if anything (`v4l2_input.status`). A driver without the notion, or
/// that cannot tell now, finds nothing.
pub(crate) fn signal_fault(device: BorrowedFd<'_>, index: u32) -> Option<&'static str> {
    let input = describe(device, index).ok()?;
    let has = |bits| input.status & bits != 0;
    if has(sys::V4L2_IN_ST_NO_POWER) {
        Some("the input has no power")
    } else if has(sys::V4L2_IN_ST_NO_SIGNAL) {
        Some("no signal")
    } else {
        has(sys::V4L2_IN_ST_NO_H_LOCK | sys::V4L2_IN_ST_NO_SYNC).then_some("the signal is not stable")
    }
}

/// The input in use (VIDIOC_G_INPUT).
pub(crate) fn input(device: BorrowedFd<'_>) -> io::Result<u32> {
    let mut index = 0_i32;
    // SAFETY: VIDIOC_G_INPUT takes an int.
    unsafe { call(device, vidioc::VIDIOC_G_INPUT, &mut index) }?;
    Ok(u32::try_from(index).unwrap_or(0))
}

/// Selects an input (VIDIOC_S_INPUT).
pub(crate) fn set_input(device: BorrowedFd<'_>, index: u32) -> io::Result<()> {
    let mut index = i32::try_from(index).unwrap_or(i32::MAX);
    // SAFETY: VIDIOC_S_INPUT takes an int.
    unsafe { call(device, vidioc::VIDIOC_S_INPUT, &mut index) }
}

/// The names of the TV standards that the input in use takes (VIDIOC_ENUMSTD); none for one that is not analogue.
pub(crate) fn standards(device: BorrowedFd<'_>) -> io::Result<Vec<String>> {
    enumerate(|index| {
        let mut standard = sys::v4l2_standard::zeroed();
        standard.index = index;
        // SAFETY: VIDIOC_ENUMSTD takes a v4l2_standard, which holds no pointer.
        unsafe { call(device, vidioc::VIDIOC_ENUMSTD, &mut standard) }?;
        Ok(text(&standard.name))
    })
}

/// The TV standards of the input in use, as bits (VIDIOC_G_STD).
pub(crate) fn standard(device: BorrowedFd<'_>) -> io::Result<u64> {
    let mut standards: sys::v4l2_std_id = 0;
    // SAFETY: VIDIOC_G_STD takes a v4l2_std_id, an integer.
    unsafe { call(device, vidioc::VIDIOC_G_STD, &mut standards) }?;
    Ok(standards)
}

/// Selects a TV standard, or any of several (VIDIOC_S_STD).
pub(crate) fn set_standard(device: BorrowedFd<'_>, mut standards: u64) -> io::Result<()> {
    // SAFETY: VIDIOC_S_STD takes a v4l2_std_id, an integer.
    unsafe { call(device, vidioc::VIDIOC_S_STD, &mut standards) }
}

/// The timings of what is plugged into a digital video input.
#[derive(Clone)]
pub(crate) struct DvTimings(sys::v4l2_dv_timings);

impl DvTimings {
    /// Size of the picture, and its rate where the timings tell.
    pub(crate) fn picture(&self) -> (Size, Option<Rate>) {
        // SAFETY: V4L2_DV_BT_656_1120 is the only type of timings there is; the kernel fills in `bt`, a packed struct of
        // integers that is read by value.
        let bt = unsafe { self.0.__bindgen_anon_1.bt };
        let sum = |parts: &[u32]| parts.iter().map(|part| u64::from(*part)).sum::<u64>();
        let width = sum(&[bt.width, bt.hfrontporch, bt.hsync, bt.hbackporch]);
        // The second field of an interlaced picture has its own blanking; otherwise that is 0.
        let first = sum(&[bt.height, bt.vfrontporch, bt.vsync, bt.vbackporch]);
        let height = first + sum(&[bt.il_vfrontporch, bt.il_vsync, bt.il_vbackporch]);
        let pixels = width.checked_mul(height);
        let millihertz =
            bt.pixelclock.checked_mul(1000).zip(pixels).and_then(|(clock, pixels)| clock.checked_div(pixels));
        let millihertz = millihertz.and_then(|rate| u32::try_from(rate).ok());
        let rate = millihertz.filter(|rate| *rate > 0).map(|rate| Rate { numerator: rate, denominator: 1000 });
        (Size { width: bt.width, height: bt.height }, rate)
    }
}

/// The timings of the signal (VIDIOC_QUERY_DV_TIMINGS). ENOLINK: no signal; ENOLCK: unstable; ERANGE: out of range.
pub(crate) fn query_dv_timings(device: BorrowedFd<'_>) -> io::Result<DvTimings> {
    let mut timings = sys::v4l2_dv_timings::zeroed();
    // SAFETY: VIDIOC_QUERY_DV_TIMINGS takes a v4l2_dv_timings, which holds no pointer.
    unsafe { call(device, VIDIOC_QUERY_DV_TIMINGS, &mut timings) }?;
    Ok(DvTimings(timings))
}

/// Makes the input follow `timings` (VIDIOC_S_DV_TIMINGS).
pub(crate) fn set_dv_timings(device: BorrowedFd<'_>, timings: &DvTimings) -> io::Result<()> {
    let mut timings = timings.0;
    // SAFETY: VIDIOC_S_DV_TIMINGS takes a v4l2_dv_timings, which holds no pointer.
    unsafe { call(device, VIDIOC_S_DV_TIMINGS, &mut timings) }
}

/// Whether the TV standard in use is one of 525 lines and 60 fields a second (VIDIOC_G_STD); `None` if the input has none.
pub(crate) fn has_525_lines(device: BorrowedFd<'_>) -> Option<bool> {
    let standard = standard(device).ok()?;
    (standard != 0).then_some(standard & u64::from(sys::V4L2_STD_525_60) != 0)
}
