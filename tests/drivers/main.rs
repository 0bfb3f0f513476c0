//! picam on real V4L2 drivers: vivid with its error injection, uvcvideo on a USB webcam in software, v4l2loopback and vimc.
//!
//! Each test needs root in a kernel that has its drivers as modules (for USB vhci_hcd, too), and the machine's V4L2 devices
//! to itself: `tests/drivers/run` provides that, and plain `cargo test` leaves these tests out. Where something is
//! missing a test fails and names it; none passes without having looked at real frames. The program under test is the
//! built binary, judged by what it says and how it ends.
//!
//! Fixtures: [`kernel`] loads modules, [`vivid`] and [`usb_camera`] are the cameras, [`failing`] makes requests fail, [`program`]
//! runs picam, [`summary`] reads its figures. The other modules are the tests, each by what it disturbs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a fixture that fails is a test that fails

#[path = "../counting_allocator/mod.rs"]
mod counting_allocator;
mod kernel;
mod program;
mod summary;
mod usb_camera;
mod vivid;
mod wait;

mod choice;
mod cost;
mod failing;
mod live;
mod nodes;
mod settings;
mod sinks;
mod usb_frames;
mod usb_plug;
mod vivid_faults;
mod vivid_fields;
mod vivid_formats;
mod vivid_frames;

#[global_allocator]
static ALLOCATOR: counting_allocator::Counting = counting_allocator::Counting;
