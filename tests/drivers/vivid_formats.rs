//! picam's table of pixel formats against vivid's own sizes.

use super::vivid::Vivid;
use picam::capture::{Capture, Event};
use picam::config::CaptureConfig;
use picam::format::{FourCC, Size};
use picam::stop::Stop;
use std::time::Duration;

/// A format that vivid offers, as VIDIOC_ENUM_FMT has it and `picam list` shows it.
fn offered() -> Vec<FourCC> {
    let (cameras, failures) = picam::device::list::cameras();
    assert!(failures.is_empty(), "{failures:?}");
    let [camera] = &cameras[..] else { panic!("{} cameras", cameras.len()) };
    camera.formats.iter().map(|format| format.fourcc.parse().unwrap()).collect()
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_whole_frame_of_each_format_has_the_bytes_that_vivid_says() {
    for options in [["n_devs=1", "node_types=0x1", "multiplanar=1"], ["n_devs=1", "node_types=0x1", "multiplanar=2"]] {
        let _vivid = Vivid::load(&options);
        let formats = offered();
        assert!(formats.len() > 80, "{formats:?}");
        for fourcc in formats {
            let config = CaptureConfig {
                formats: vec![fourcc],
                size: Size { width: 640, height: 360 },
                strict: true,
                ..CaptureConfig::default()
            };
            let mut capture = Capture::new(config, Stop::new().unwrap());
            let frame = loop {
                match capture.next(Duration::from_secs(10)).unwrap_or_else(|error| panic!("{fourcc}: {error}")) {
                    Event::Frame(frame) => break frame,
                    Event::Started(_) => {}
                    other => panic!("{fourcc}: {other:?}"),
                }
            };
            assert!(!frame.metadata().corrupt, "{fourcc}: {:?}", frame.metadata());
            let format = frame.format();
            for (index, plane) in format.planes.iter().enumerate() {
                // vivid has no padding at this width, but bytes before the data of some multi-planar formats.
                let (complete, bytes) = (format.complete(index), frame.planes().nth(index).unwrap().len());
                assert_eq!(complete as usize, bytes, "{fourcc}, plane {index}: {plane:?}");
            }
        }
    }
}
