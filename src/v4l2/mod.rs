//! The kernel's side: V4L2 requests, mapped buffers and leases. The only other `unsafe` code of picam is in `jpeg/turbo.rs`,
//! `http/socket.rs` and `terminal/closed.rs`.
//!
//! [`ioctl`] makes each request a safe function on an open device, on top of the `v4l` crate's raw layer. [`mapping`]
//! owns memory shared with the driver. [`buffers`] keeps who owns which buffer: the driver, or whoever holds a lease.
//!
//! `v4l`'s own `Device` and `mmap::Stream` are not used: both panic on input they do not expect (a control type newer
//! than the crate, a card name that is not UTF-8, a failing STREAMOFF), the stream lends one buffer at a time and hands
//! out the whole mapping instead of `bytesused` bytes, and neither knows multi-planar capture.

pub(crate) mod buffers;
pub(crate) mod ioctl;
mod mapping;
