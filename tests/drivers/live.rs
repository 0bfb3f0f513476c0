//! The live picture of real drivers: each part by its number, a camera's own JPEG byte for byte, and a camera that goes.

use super::program::{Program, picam};
use super::usb_camera::{Encoding, Fault, Mode, Usb, UsbCamera, jpeg_number};
use super::vivid::Vivid;
use super::wait;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// Somebody who watches.
struct Viewer(BufReader<TcpStream>);

/// A part of the stream: the driver's number, where it is a camera's picture, and the JPEG.
struct Part {
    sequence: Option<u32>,
    latency: f64,
    jpeg: Vec<u8>,
}

impl Viewer {
    fn of(picam: &Program) -> Viewer {
        let line = picam.says("watch at http://");
        let address = line.split("http://").nth(1).unwrap().trim_end_matches('/').to_owned();
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(wait::PATIENCE)).unwrap();
        socket.write_all(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut viewer = Viewer(BufReader::new(socket));
        assert!(viewer.head().contains("multipart/x-mixed-replace"));
        viewer
    }

    /// Lines to an empty one.
    fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.0.read_line(&mut head).unwrap(), 0, "the stream ended after {head:?}");
        }
        head
    }

    fn part(&mut self) -> Part {
        let head = self.head();
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        let mut jpeg = vec![0; field("Content-Length: ").unwrap().parse().unwrap()];
        self.0.read_exact(&mut jpeg).unwrap();
        self.0.read_line(&mut String::new()).unwrap();
        assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.ends_with(&[0xff, 0xd9]), "{head}");
        Part {
            sequence: field("X-Sequence: ").map(|sequence| sequence.parse().unwrap()),
            latency: field("X-Latency: ").map_or(0.0, |latency| latency.parse().unwrap()),
            jpeg,
        }
    }

    /// The next part that is of the kind that is waited for.
    fn next(&mut self, wanted: impl Fn(&Part) -> bool) -> Part {
        for _ in 0..2000 {
            let part = self.part();
            if wanted(&part) {
                return part;
            }
        }
        panic!("2000 other parts came");
    }
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn vivid_is_watched_and_its_absence_is_shown() {
    let vivid = Vivid::camera();
    let picam = picam("run --size 640x360 --fps 30 --json --http 127.0.0.1:0");
    let mut viewer = Viewer::of(&picam);
    let mut last = viewer.next(|part| part.sequence.is_some()).sequence;
    for _ in 0..60 {
        let part = viewer.part();
        assert!(part.sequence > last && part.latency < 5.0, "{:?} after {last:?}", part.sequence);
        assert!(part.jpeg.len() > 2000, "colour bars are more than {} bytes", part.jpeg.len());
        last = part.sequence;
    }
    vivid.bind(false);
    let still = viewer.next(|part| part.sequence.is_none());
    assert!(still.jpeg.len() > 1000, "it shows the reason");
    vivid.bind(true);
    viewer.next(|part| part.sequence.is_some());
    let total = picam.terminate().with_status(0).total();
    assert!(total.sink("http").written() >= 61, "{total:?}");
    assert_eq!(total.restarts(), 1);
}

#[test]
#[ignore = "needs vhci_hcd, uvcvideo: run by tests/drivers/run"]
fn a_webcams_jpeg_is_watched_as_it_made_it() {
    let _usb = Usb::load(true);
    let modes = [Mode { encoding: Encoding::Mjpeg, width: 1280, height: 720, fps: vec![30] }];
    let faults = |_, frame: u32| match frame % 10 {
        3 => Some(Fault::Short),
        5 => Some(Fault::Garbage),
        _ => None,
    };
    let mut camera = UsbCamera::new("LIVE").modes(&modes).faults(faults);
    camera.plug();
    let picam = picam("run --format MJPG --size 1280x720 --json --http 127.0.0.1:0");
    let mut viewer = Viewer::of(&picam);
    let mut last = viewer.next(|part| part.sequence.is_some()).sequence;
    let mut lengths = [0; 10];
    for _ in 0..40 {
        let part = viewer.part();
        // The camera numbers its frames as the driver numbers its sequence.
        assert_eq!(jpeg_number(&part.jpeg), part.sequence);
        assert!(part.sequence > last && part.sequence.is_some_and(|number| number % 10 != 5), "{:?}", part.sequence);
        last = part.sequence;
        lengths[part.sequence.map_or(0, |number| number % 10) as usize] = part.jpeg.len();
    }
    // A picture without its end is shown as far as it goes.
    assert!(lengths[3] > 0 && lengths[3] < lengths[4] / 2, "{lengths:?}");
    camera.unplug();
    viewer.next(|part| part.sequence.is_none());
    camera.plug();
    let first = viewer.next(|part| part.sequence.is_some());
    assert_eq!(jpeg_number(&first.jpeg), first.sequence);
    let sink = picam.terminate().with_status(0).total().sink("http");
    assert!(sink.written() > 40 && sink.skipped_by("failed") >= 4, "{sink:?}");
}
