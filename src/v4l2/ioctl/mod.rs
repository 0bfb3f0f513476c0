//! V4L2 requests as safe functions on an open descriptor, one a request, with the kernel's answer as plain data.
//!
//! Each fills a zeroed kernel struct, makes the request and reads the answer; an interrupted request (EINTR) is made
//! again. Errors are the kernel's errno, untouched: what it means for a person is said in [`crate::device`].
//! The reference is "Part I - Video for Linux API" of the kernel's userspace API documentation.

mod buffer;
mod colour;
mod control;
mod format;
mod input;

use std::fmt::Debug;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

pub(crate) use buffer::*;
pub(crate) use control::*;
pub(crate) use format::*;
pub(crate) use input::*;
use v4l::v4l_sys as sys;
use v4l::v4l2::vidioc;

/// The type of a request's number: `unsigned long` with glibc, `int` with musl.
type Request = vidioc::_IOC_TYPE;

/// A struct of the kernel's V4L2 ABI: plain data of integers, arrays, unions and pointers.
///
/// # Safety
/// All-zero bytes are a valid value of the type.
unsafe trait Abi: Sized {
    fn zeroed() -> Self {
        // SAFETY: as the trait promises.
        unsafe { std::mem::zeroed() }
    }
}

macro_rules! abi {
    ($($name:ident),* $(,)?) => { $(
        // SAFETY: a C struct of integers, arrays, unions and nullable pointers.
        unsafe impl Abi for sys::$name {}
    )* };
}

abi!(
    v4l2_buffer,
    v4l2_capability,
    v4l2_dv_timings,
    v4l2_event,
    v4l2_event_subscription,
    v4l2_ext_control,
    v4l2_ext_controls,
    v4l2_fmtdesc,
    v4l2_format,
    v4l2_frmivalenum,
    v4l2_frmsizeenum,
    v4l2_input,
    v4l2_plane,
    v4l2_query_ext_ctrl,
    v4l2_querymenu,
    v4l2_requestbuffers,
    v4l2_standard,
    v4l2_streamparm,
);

/// How often an interrupted request is made again: a signal interrupts one or two, a broken driver all of them.
const INTERRUPTIONS: u32 = 100;

/// Makes a request with `argument`.
///
/// # Safety
/// `request` takes a pointer to a `T`, and whatever `argument` points to in turn is valid and as long as it says.
unsafe fn call<T>(device: BorrowedFd<'_>, request: Request, argument: &mut T) -> io::Result<()> {
    let mut interruptions = 0;
    loop {
        // SAFETY: the descriptor is open (borrowed); the pointer is to a live, exclusively borrowed T, which the caller
        // promises is what the request takes.
        let result = unsafe { v4l::v4l2::ioctl(device.as_raw_fd(), request, std::ptr::from_mut(argument).cast()) };
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted && interruptions < INTERRUPTIONS => {
                interruptions += 1
            }
            result => return result,
        }
    }
}

/// `_IOC()` of the kernel's ioctl.h, for the requests that the `v4l` crate does not list.
const fn request<T>(direction: Direction, number: u8) -> Request {
    ((direction as Request) << 30)
        | ((std::mem::size_of::<T>() as Request) << 16)
        | ((b'V' as Request) << 8)
        | number as Request
}

#[derive(Clone, Copy)]
enum Direction {
    Write = 1,
    Read = 2,
    ReadWrite = 3,
}

/// A NUL-terminated string of the kernel's. A USB device's name may hold anything: what is not UTF-8, or would command a
/// terminal, is replaced.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).replace(char::is_control, "\u{fffd}")
}

/// More entries no enumeration has.
const MOST_ENTRIES: u32 = 1000;
/// So many times the same answer is no answer to the question.
const SAME_ANSWERS: usize = 8;

/// The entries of an enumeration: `entry` is called with 0, 1, 2, … until the kernel answers EINVAL. A driver that
/// does not know the request (ENOTTY) has none, and none has more than a thousand. One entry that fails hides none of those
/// after it; of a driver that goes on failing, or fails from the start, no more is asked. One
/// that gives the same answer again and again does not look at the number, and has that once.
fn enumerate<T: Debug>(mut entry: impl FnMut(u32) -> io::Result<T>) -> io::Result<Vec<T>> {
    const FAILURES: u32 = 4;
    let (mut entries, mut failures) = (Vec::new(), 0);
    // The `v4l` crate's types are compared by what they print, as they cannot be otherwise.
    let (mut last, mut repeats) = (String::new(), 0);
    for index in 0..MOST_ENTRIES {
        match entry(index) {
            Ok(found) => {
                let text = format!("{found:?}");
                repeats = if text == last { repeats + 1 } else { 0 };
                last = text;
                entries.push(found);
                failures = 0;
                if repeats == SAME_ANSWERS {
                    entries.truncate(entries.len() - repeats);
                    break;
                }
            }
            Err(error) if is_end(&error) => break,
            Err(_) if failures < FAILURES => failures += 1,
            Err(error) if entries.is_empty() => return Err(error),
            Err(_) => break,
        }
    }
    Ok(entries)
}

fn is_end(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::NOTTY | Errno::NODATA))
}

/// What VIDIOC_QUERYCAP says about a node.
#[derive(Clone, Debug)]
pub(crate) struct Capability {
    pub(crate) driver: String,
    pub(crate) card: String,
    pub(crate) bus_info: String,
    /// `V4L2_CAP_*` of this node: `device_caps` where the driver fills it in, as all current ones do.
    pub(crate) capabilities: u32,
}

pub(crate) fn query_capability(device: BorrowedFd<'_>) -> io::Result<Capability> {
    let mut capability = sys::v4l2_capability::zeroed();
    // SAFETY: VIDIOC_QUERYCAP takes a v4l2_capability, which holds no pointer.
    unsafe { call(device, vidioc::VIDIOC_QUERYCAP, &mut capability) }?;
    let whole_device = capability.capabilities;
    Ok(Capability {
        driver: text(&capability.driver),
        card: text(&capability.card),
        bus_info: text(&capability.bus_info),
        capabilities: if whole_device & sys::V4L2_CAP_DEVICE_CAPS != 0 { capability.device_caps } else { whole_device },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_numbers_are_the_kernels() {
        // As strace and the kernel's headers have them on 64-bit machines.
        assert_eq!(vidioc::VIDIOC_QUERYCAP, 0x8068_5600);
        #[cfg(target_pointer_width = "64")]
        {
            assert_eq!(request::<sys::v4l2_event>(Direction::Read, 89), 0x8088_5659);
            assert_eq!(vidioc::VIDIOC_DQBUF, 0xc058_5611);
        }
        assert_eq!(request::<sys::v4l2_event_subscription>(Direction::Write, 90), 0x4020_565a);
        assert_eq!(request::<sys::v4l2_dv_timings>(Direction::Read, 99), 0x8084_5663);
    }

    #[test]
    fn text_ends_at_nul_and_survives_what_is_not_utf8() {
        assert_eq!(text(b"vivid\0junk"), "vivid");
        assert_eq!(text(b"no end"), "no end");
        assert_eq!(text(b"Cam\xff\x1b[2J\0"), "Cam\u{fffd}\u{fffd}[2J");
    }

    #[test]
    fn an_enumeration_ends_at_einval_and_is_bounded() {
        let end = || io::Error::from_raw_os_error(rustix::io::Errno::INVAL.raw_os_error());
        assert_eq!(enumerate(|i| if i < 3 { Ok(i) } else { Err(end()) }).unwrap(), [0, 1, 2]);
        assert_eq!(enumerate(Ok).unwrap().len(), 1000);
        let stuck = |i: u32| if i < 3 { Ok(i) } else { Ok(7) };
        assert_eq!(enumerate(stuck).unwrap(), [0, 1, 2, 7], "a driver that does not look at the number");
        let twice = |i| if i < 6 { Ok(i / 2) } else { Err(end()) };
        assert_eq!(enumerate(twice).unwrap(), [0, 0, 1, 1, 2, 2], "two alike are two");
        let broken = || io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error());
        assert!(enumerate(|_| Err::<(), _>(broken())).is_err());
        let one_is_broken = |i| {
            if i == 1 {
                Err(broken())
            } else if i < 4 {
                Ok(i)
            } else {
                Err(end())
            }
        };
        assert_eq!(enumerate(one_is_broken).unwrap(), [0, 2, 3]);
        let breaks = |i| if i < 2 { Ok(i) } else { Err(broken()) };
        assert_eq!(enumerate(breaks).unwrap(), [0, 1]);
    }
}
