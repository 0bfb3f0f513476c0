//! picam's table of pixel formats against vivid's own sizes, and its colours against vivid's.

use super::program::run_picam;
use super::vivid::{Control, Vivid};
use picam::capture::{Capture, Event};
use picam::config::CaptureConfig;
use picam::format::{FourCC, Size};
use picam::stop::Stop;
use std::fs;
use std::time::Duration;
use tempfile::tempdir;

/// The formats that vivid offers, as VIDIOC_ENUM_FMT has them and `picam list` shows them.
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

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn a_picture_has_the_same_colours_however_vivid_encodes_them() {
    let vivid = Vivid::camera();
    let directory = tempdir().unwrap();
    let file = directory.path().join("picture.ppm");
    vivid.set(Control::OsdTextMode, 2);
    for fourcc in ["YUYV", "NV12"] {
        let mut first: Option<Vec<u8>> = None;
        // BT.601, BT.709, BT.2020 and SMPTE 240M, in full and in limited range.
        for (encoding, range) in [1, 2, 6, 8].into_iter().flat_map(|encoding| [(encoding, 1), (encoding, 2)]) {
            vivid.set(Control::YcbcrEncoding, encoding);
            vivid.set(Control::Quantization, range);
            run_picam(&format!("snapshot --format {fourcc} --size 320x180 {}", file.display())).with_status(0);
            let picture = fs::read(&file).unwrap();
            let expected = first.get_or_insert_with(|| picture.clone());
            let far = picture.iter().zip(&*expected).filter(|(a, b)| a.abs_diff(**b) > 6).count();
            assert_eq!((picture.len(), far), (expected.len(), 0), "{fourcc}, encoding {encoding}, range {range}");
        }
    }
}
