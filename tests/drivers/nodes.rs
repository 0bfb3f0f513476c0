//! Nodes that are more than a camera, less than one, or not where one looks: loopback nodes, nodes under another name, and
//! nodes of a media graph that nobody set up.
#![allow(unsafe_code)] // one ioctl of a producer

use super::kernel::Module;
use super::program::{picam, run_picam};
use super::vivid::{Control, Vivid};
use super::wait;
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const SMALL: &str = "run --size 320x240 --json --stats-interval 300ms";
const LOOPBACK: &str = "/dev/video8";
// _IOWR('V', 5, struct v4l2_format)
const VIDIOC_S_FMT: libc::Ioctl = 0xc0d0_5605_u32 as libc::Ioctl;

/// A program that writes YUYV 320x240 to the loopback node until it is dropped.
struct Producer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Producer {
    fn start() -> Producer {
        let mut node = wait::until(LOOPBACK, || File::options().read(true).write(true).open(LOOPBACK).ok());
        // struct v4l2_format: type, padding, then struct v4l2_pix_format.
        let mut format = [0_u32; 52];
        format[0] = 2; // V4L2_BUF_TYPE_VIDEO_OUTPUT
        format[2..8].copy_from_slice(&[320, 240, u32::from_le_bytes(*b"YUYV"), 1, 640, 153_600]);
        // SAFETY: VIDIOC_S_FMT takes a struct v4l2_format, 208 bytes, which `format` is, alive over the call.
        let result = unsafe { libc::ioctl(node.as_raw_fd(), VIDIOC_S_FMT, format.as_mut_ptr()) };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                let _ = node.write(&[0x80; 153_600]);
                thread::sleep(Duration::from_millis(40)); // the camera's rate
            }
        });
        Producer { stop, thread: Some(thread) }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[test]
#[ignore = "needs v4l2loopback: run by tests/drivers/run"]
fn a_loopback_node_that_captures_and_outputs_is_a_camera() {
    let _loopback = Module::load("v4l2loopback", &["video_nr=8"]);
    let producer = Producer::start();
    let total = run_picam(&format!("{SMALL} --device auto --count 5")).with_status(0).total();
    assert_eq!(total.device(), LOOPBACK);
    drop(producer);
}

#[test]
#[ignore = "needs v4l2loopback: run by tests/drivers/run"]
fn a_loopback_node_without_a_producer_is_waited_for() {
    let _loopback = Module::load("v4l2loopback", &["video_nr=8", "exclusive_caps=1"]);
    run_picam(&format!("{SMALL} --device {LOOPBACK} --on-error exit")).with_status(3).said(&["delivers no video yet"]);
    let picam = picam(&format!("{SMALL} --device {LOOPBACK}"));
    picam.says("delivers no video yet");
    let producer = Producer::start();
    picam.captures();
    picam.terminate().with_status(0);
    drop(producer);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_node_under_another_name_is_found_again() {
    let vivid = Vivid::camera();
    let node = vivid.node(0);
    let held = vivid.open();
    // As a container has it.
    let (own, away) = (Path::new("/dev/cam"), Path::new("/dev/away"));
    fs::rename(&node, own).unwrap();
    let picam = picam("run --size 640x360 --fps 50 --json --stats-interval 300ms --device /dev/cam");
    assert_eq!(picam.captures().device(), "/dev/cam");
    Vivid::press_of(&held, Control::InjectFatalStreamingError);
    picam.goes_on();
    // And it is waited for under that name.
    fs::rename(own, away).unwrap();
    Vivid::press_of(&held, Control::InjectFatalStreamingError);
    picam.says("wait");
    fs::rename(away, own).unwrap();
    picam.goes_on();
    picam.terminate().with_status(0).total();
    fs::rename(own, node).unwrap();
}

#[test]
#[ignore = "needs vimc: run by tests/drivers/run"]
fn a_node_of_a_media_graph_is_no_ordinary_camera() {
    let _vimc = Module::load("vimc", &[]);
    let listed = run_picam("list --json").with_status(0).stdout.join("\n");
    assert_eq!(listed.trim(), "[]");
    // Its sensor's format and the node's do not agree, as nobody set them up.
    let refused = run_picam(&format!("{SMALL} --device /dev/video0 --format GREY --on-error exit")).with_status(6);
    refused.said(&["/dev/video0", "media graph", "media-ctl"]);
}
