//! The camera of `benches/live` that compresses: the tests' USB webcam in software, plugged in until the program is ended.
//!
//!     live_camera FPS
//!
//! Prints its node, `/dev/videoN`. Its JPEGs have 69 KB, as a webcam's of 1280x720 have; that takes 4096x2160 of plain grey.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // the fixtures are tests'

#[allow(dead_code, unused_imports)]
#[path = "../tests/drivers/kernel.rs"]
mod kernel;
#[allow(dead_code, unused_imports)]
#[path = "../tests/drivers/usb_camera/mod.rs"]
mod usb_camera;
#[allow(dead_code, unused_imports)]
#[path = "../tests/drivers/wait.rs"]
mod wait;

use usb_camera::{Encoding, Mode, Usb, UsbCamera};

fn main() {
    let fps = std::env::args().nth(1).and_then(|fps| fps.parse().ok()).expect("usage: live_camera FPS");
    let _usb = Usb::load(true);
    let mode = Mode { encoding: Encoding::Mjpeg, width: 4096, height: 2160, fps: vec![fps] };
    let mut camera = UsbCamera::new("LIVE").modes(&[mode]);
    println!("{}", camera.plug().display());
    loop {
        std::thread::park();
    }
}
