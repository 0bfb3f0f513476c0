//! picam takes every frame a V4L2 camera makes, accounts for each of them, and hands it on with no copy.
//!
//! # The frame's way
//!
//! 1. [`device`] finds the camera and agrees with its driver on format, rate and controls.
//! 2. `source` starts the stream, waits and dequeues; what comes out is a [`frame::Frame`], a lease on the driver's
//!    buffer (`v4l2` holds the buffers and makes the system calls).
//! 3. [`capture`] is the loop around it: it counts every frame in [`stats`], restarts after a fault and waits for a camera that
//!    is gone.
//! 4. `sink` takes clones of the lease, each sink on a thread of its own. When the last clone is dropped, the buffer is queued
//!    again.
//! 5. [`run()`] drives it all by a [`config::Config`], and `report` tells how it went.
//!
//! # Using it from another program
//!
//! [`capture::Capture`] is all that is needed; see `examples/brightness.rs`.
//!
//! ```
//! use std::time::Duration;
//! use picam::capture::{Capture, Event};
//! use picam::config::CaptureConfig;
//! use picam::stop::Stop;
//!
//! # fn main() -> anyhow::Result<()> {
//! let config = CaptureConfig { device: "test:320x240@200".parse().map_err(anyhow::Error::msg)?, ..CaptureConfig::default() };
//! let mut capture = Capture::new(config, Stop::new()?);
//! let mut frames = 0;
//! while frames < 3 {
//!     if let Event::Frame(frame) = capture.next(Duration::from_secs(1))? {
//!         assert_eq!(frame.data().len(), 320 * 240 * 2);
//!         frames += 1;
//!     }
//! }
//! # Ok(())
//! # }
//! ```

pub mod capture;
pub mod cli;
mod clock;
pub mod config;
pub mod device;
pub mod format;
pub mod frame;
mod http;
pub mod jpeg;
#[cfg(test)]
mod logged;
mod nearest;
mod notify;
mod pixel;
mod repeated;
mod report;
mod run;
mod sink;
mod snapshot;
mod source;
pub mod stats;
pub mod stop;
pub mod terminal;
mod thermal;
mod threads;
#[allow(unsafe_code, reason = "requests to the kernel, and mapped memory")]
mod v4l2;

pub use run::{Incomplete, run};
pub use snapshot::snapshot;
pub use source::StreamInfo;
