use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::clock::{Clock, Simulated};
use crate::config::{CaptureConfig, Output};
use crate::format::{Field, FourCC, PlaneFormat, Size};
use crate::source::test_camera::TestCamera;
use crate::source::{Dequeued, Source};
use crate::stop::Stop;

fn format(code: &[u8; 4], width: u32, height: u32, planes: &[(u32, u32)]) -> Format {
    let planes = planes.iter().map(|&(bytesperline, sizeimage)| PlaneFormat { bytesperline, sizeimage });
    Format { full_range: false, ..Format::new(FourCC(*code), Size { width, height }, planes.collect()) }
}

/// What follows `FRAME` when `planes` are encoded.
fn encode(format: &Format, planes: [&[u8]; 3]) -> Vec<u8> {
    let mut encoder = Y4mEncoder::new(format).unwrap();
    encoder.encode_planes(planes).strip_prefix(FRAME).unwrap().to_vec()
}

const THIRTY: Option<Rate> = Some(Rate { numerator: 30, denominator: 1 });

#[test]
fn the_header_says_what_follows() {
    let header = |format: &Format, rate| Y4mEncoder::new(format).unwrap().header(rate);
    let yuyv = format(b"YUYV", 1280, 720, &[(2560, 1_843_200)]);
    assert_eq!(
        header(&yuyv, THIRTY),
        "YUV4MPEG2 W1280 H720 F30:1 Ip A0:0 C422 XCOLORRANGE=LIMITED XMATRIX=BT601 XTRANSFER=SRGB\n"
    );
    let interlaced = Format { field: Field::Interlaced, full_range: true, ..yuyv };
    assert_eq!(
        header(&interlaced, None),
        "YUV4MPEG2 W1280 H720 F0:0 I? A0:0 C422 XCOLORRANGE=FULL XMATRIX=BT601 XTRANSFER=SRGB\n"
    );
    let ntsc = Some(Rate { numerator: 30_000, denominator: 1001 });
    for (field, expected) in [
        (Field::None, "Ip A0:0"),
        (Field::InterlacedTb, "It A0:0"),
        (Field::InterlacedBt, "Ib A0:0"),
        (Field::Top, "Ip A1:2"),
        (Field::Bottom, "Ip A1:2"),
    ] {
        assert!(header(&Format { field, ..interlaced.clone() }, None).contains(expected), "{field}");
    }
    for field in [Field::Alternate, Field::SeqTb, Field::SeqBt] {
        let reason = Y4mEncoder::new(&Format { field, ..interlaced.clone() }).err().unwrap();
        assert!(reason.contains(&format!("comes as fields ({field})")), "{reason}");
    }
    for (code, sizeimage, full_range, expected) in [
        (
            b"NV12",
            150,
            false,
            "YUV4MPEG2 W10 H10 F30000:1001 Ip A0:0 C420jpeg XCOLORRANGE=LIMITED XMATRIX=BT601 XTRANSFER=SRGB\n",
        ),
        (
            b"GREY",
            100,
            true,
            "YUV4MPEG2 W10 H10 F30000:1001 Ip A0:0 Cmono XCOLORRANGE=FULL XMATRIX=BT601 XTRANSFER=SRGB\n",
        ),
        (
            b"BGR3",
            300,
            true,
            "YUV4MPEG2 W10 H10 F30000:1001 Ip A0:0 C444 XCOLORRANGE=LIMITED XMATRIX=BT601 XTRANSFER=SRGB\n",
        ),
    ] {
        assert_eq!(header(&Format { full_range, ..format(code, 10, 10, &[(0, sizeimage)]) }, ntsc), expected);
    }
}

#[test]
fn packed_422_with_padded_lines() {
    // 4x2; each line is followed by two bytes of padding.
    let yuyv = [1, 50, 2, 90, 3, 51, 4, 91, 0, 0, 5, 52, 6, 92, 7, 53, 8, 93, 0, 0];
    let uyvy = [50, 1, 90, 2, 51, 3, 91, 4, 0, 0, 52, 5, 92, 6, 53, 7, 93, 8, 0, 0];
    let planar = [1, 2, 3, 4, 5, 6, 7, 8, 50, 51, 52, 53, 90, 91, 92, 93];
    let swapped = [1, 2, 3, 4, 5, 6, 7, 8, 90, 91, 92, 93, 50, 51, 52, 53];
    for (code, data, expected) in
        [(b"YUYV", yuyv, planar), (b"YVYU", yuyv, swapped), (b"UYVY", uyvy, planar), (b"VYUY", uyvy, swapped)]
    {
        let format = format(code, 4, 2, &[(10, 20)]);
        assert_eq!(encode(&format, [&data, &[], &[]]), expected, "{format}");
        // The last line's padding may be missing.
        assert_eq!(encode(&format, [&data[..18], &[], &[]]), expected, "{format}");
    }
}

#[test]
fn packed_422_of_odd_width() {
    let line = [1, 50, 2, 90, 3, 51, 4, 91];
    assert_eq!(encode(&format(b"YUYV", 3, 1, &[(8, 8)]), [&line, &[], &[]]), [1, 2, 3, 50, 51, 90, 91]);
    assert_eq!(encode(&format(b"YUYV", 3, 1, &[(6, 6)]), [&line[..6], &[], &[]]), [1, 2, 3, 50, 51, 90, 128]);
}

#[test]
fn planes_of_420_and_422_in_one_buffer() {
    // 4x2 with a stride of 6: luma, then chroma of the same stride (by turns) or of half of it.
    let luma = [1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0, 0];
    let y = [1, 2, 3, 4, 5, 6, 7, 8];
    let by_turns = [50, 90, 51, 91, 0, 0, 52, 92, 53, 93, 0, 0];
    let apart = [50, 51, 0, 52, 53, 0, 90, 91, 0, 92, 93, 0];
    let small = [50, 51, 0, 90, 91, 0];
    for (code, chroma, expected) in [
        (b"NV12", &by_turns[..6], &[50, 51, 90, 91][..]),
        (b"NV21", &by_turns[..6], &[90, 91, 50, 51]),
        (b"NV16", &by_turns, &[50, 51, 52, 53, 90, 91, 92, 93]),
        (b"NV61", &by_turns, &[90, 91, 92, 93, 50, 51, 52, 53]),
        (b"YU12", &small, &[50, 51, 90, 91]),
        (b"YV12", &small, &[90, 91, 50, 51]),
        (b"422P", &apart, &[50, 51, 52, 53, 90, 91, 92, 93]),
    ] {
        let format = format(code, 4, 2, &[(6, 12 + chroma.len() as u32)]);
        let data = [&luma, chroma].concat();
        assert_eq!(encode(&format, [&data, &[], &[]]), [&y, expected].concat(), "{format}");
    }
}

#[test]
fn planes_of_420_and_422_in_a_buffer_each() {
    // 4x2, each plane with a stride of its own.
    let luma = [1, 2, 3, 4, 0, 5, 6, 7, 8, 0];
    let y = [1, 2, 3, 4, 5, 6, 7, 8];
    let by_turns = [50, 90, 51, 91, 0, 0, 52, 92, 53, 93, 0, 0];
    let [one, other] = [[50, 51, 0, 0, 52, 53, 0, 0], [90, 91, 0, 0, 92, 93, 0, 0]];
    for (code, second, third, expected) in [
        (b"NM12", &by_turns[..6], &[][..], &[50, 51, 90, 91][..]),
        (b"NM21", &by_turns[..6], &[], &[90, 91, 50, 51]),
        (b"NM16", &by_turns, &[], &[50, 51, 52, 53, 90, 91, 92, 93]),
        (b"NM61", &by_turns, &[], &[90, 91, 92, 93, 50, 51, 52, 53]),
        (b"YM12", &one[..4], &other[..4], &[50, 51, 90, 91]),
        (b"YM21", &one[..4], &other[..4], &[90, 91, 50, 51]),
        (b"YM16", &one, &other, &[50, 51, 52, 53, 90, 91, 92, 93]),
        (b"YM61", &one, &other, &[90, 91, 92, 93, 50, 51, 52, 53]),
    ] {
        let stride = if third.is_empty() { 6 } else { 4 };
        let mut planes = vec![(5, 10), (stride, second.len() as u32), (stride, third.len() as u32)];
        planes.retain(|(_, sizeimage)| *sizeimage > 0);
        let format = format(code, 4, 2, &planes);
        assert_eq!(encode(&format, [&luma, second, third]), [&y, expected].concat(), "{format}");
    }
}

#[test]
fn chroma_of_odd_sizes_is_rounded_up() {
    let nv12 = [1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 50, 90, 51, 91, 52, 92, 53, 93];
    let expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 50, 51, 52, 53, 90, 91, 92, 93];
    assert_eq!(encode(&format(b"NV12", 3, 3, &[(4, 20)]), [&nv12, &[], &[]]), expected);
    // Without padding, as odd strides need more for chroma than luma has.
    let tight = [1, 2, 3, 4, 5, 6, 7, 8, 9, 50, 90, 51, 91, 52, 92, 53, 93];
    assert_eq!(encode(&format(b"NV12", 3, 3, &[(3, 17)]), [&tight, &[], &[]]), expected);
    assert_eq!(encode(&format(b"YU12", 3, 3, &[(3, 17)]), [&expected, &[], &[]]), expected);
}

#[test]
fn grey_and_rgb() {
    assert_eq!(encode(&format(b"GREY", 2, 2, &[(3, 6)]), [&[1, 2, 0, 3, 4, 0], &[], &[]]), [1, 2, 3, 4]);
    let full_range = |code| Format { full_range: true, ..format(code, 2, 2, &[(7, 14)]) };
    let rgb = [255, 255, 255, 0, 0, 0, 9, 191, 0, 0, 0, 0, 191, 9];
    let bgr = [255, 255, 255, 0, 0, 0, 9, 0, 0, 191, 191, 0, 0, 9];
    let expected = [235, 16, 65, 35, 128, 128, 100, 212, 128, 128, 212, 114];
    assert_eq!(encode(&full_range(b"RGB3"), [&rgb, &[], &[]]), expected);
    assert_eq!(encode(&full_range(b"BGR3"), [&bgr, &[], &[]]), expected);
    // RGB of limited range keeps its black and white.
    assert_eq!(
        encode(&format(b"RGB3", 2, 1, &[(6, 6)]), [&[16, 16, 16, 235, 235, 235], &[], &[]]),
        [16, 235, 128, 128, 128, 128]
    );
}

#[test]
fn missing_lines_are_black_at_first_and_the_last_frames_after_that() {
    let format = format(b"YUYV", 2, 3, &[(4, 12)]);
    let mut encoder = Y4mEncoder::new(&format).unwrap();
    let whole: Vec<u8> = (1..=12).collect();
    let mut encode = |data: &[u8]| encoder.encode_planes([data, &[], &[]])[FRAME.len()..].to_vec();
    assert_eq!(encode(&[]), [16, 16, 16, 16, 16, 16, 128, 128, 128, 128, 128, 128]);
    // One line and a half.
    assert_eq!(encode(&whole[..6]), [1, 3, 16, 16, 16, 16, 2, 128, 128, 4, 128, 128]);
    assert_eq!(encode(&whole), [1, 3, 5, 7, 9, 11, 2, 6, 10, 4, 8, 12]);
    assert_eq!(encode(&[0; 4]), [0, 0, 5, 7, 9, 11, 0, 6, 10, 0, 8, 12]);
    // More than there should be.
    assert_eq!(encode(&[7; 99]), [7; 12]);
}

#[test]
fn every_length_of_every_format_is_survived() {
    for (code, size) in
        [(b"YUYV", 70), (b"VYUY", 70), (b"NV12", 55), (b"NV61", 70), (b"YV12", 55), (b"422P", 70), (b"BGR3", 105)]
    {
        let format = format(code, 7, 5, &[(0, 1000)]);
        let data = vec![1; size + 40];
        for length in 0..data.len() {
            let encoded = encode(&format, [&data[..length], &[], &[]]);
            assert!(encoded.len() >= 55, "{format} {length}");
        }
        assert!(
            encode(&format, [&data, &[], &[]])[..35].iter().all(|sample| *sample != 16 || *code == *b"BGR3"),
            "{format}"
        );
    }
}

#[test]
fn what_cannot_be_written_is_refused() {
    let refusal = |format: &Format| Y4mEncoder::new(format).err().unwrap();
    for bytesperline in [0, 1280] {
        let text = refusal(&format(b"MJPG", 1280, 720, &[(bytesperline, 1_843_200)]));
        assert_eq!(text, "MJPG is compressed, and YUV4MPEG2 is not");
    }
    assert_eq!(refusal(&format(b"RGBP", 1280, 720, &[(2560, 1_843_200)])), "RGBP is not known to it");
    for format in [
        format(b"YUYV", 1280, 720, &[(2560, 1_843_199)]),
        format(b"YUYV", u32::MAX, u32::MAX, &[(u32::MAX, u32::MAX)]),
        format(b"GREY", 65_536, 65_536, &[(0, u32::MAX)]),
        format(b"NV12", 0, 720, &[(1280, 1_843_200)]),
        format(b"NV12", 1280, 0, &[(1280, 1_843_200)]),
        format(b"NM12", 4, 2, &[(4, 8)]),
        format(b"YM12", 4, 2, &[(4, 8), (2, 2)]),
        format(b"YUYV", 4, 2, &[]),
    ] {
        assert!(Y4mEncoder::new(&format).is_err(), "{format:?}");
    }
}

#[test]
fn the_way_out_is_a_format_that_the_camera_has() {
    let mut sink = Y4m::new(Target::open(&Output::Stdout).unwrap());
    let stream = StreamInfo::of(Arc::new(format(b"H264", 1280, 720, &[(0, 1_843_200)])), 4);
    let mut refusal = |offered: &[&[u8; 4]]| {
        let offered = offered.iter().map(|code| FourCC(**code)).collect();
        sink.start(&StreamInfo { offered, ..stream.clone() }).unwrap_err()
    };
    let text = refusal(&[b"H264", b"MJPG", b"Y16 ", b"NV12", b"GREY"]);
    assert!(text.contains("--format: NV12, GREY; --raw"), "{text}");
    let text = refusal(&[b"H264", b"MJPG"]);
    assert!(text.contains("no format that serves; --raw"), "{text}");
}

/// What a test camera grants for `code`, and its first frame.
fn captured(code: &[u8; 4]) -> (StreamInfo, Frame) {
    let size = Size { width: 16, height: 16 };
    let config = CaptureConfig { formats: vec![FourCC(*code)], size, ..CaptureConfig::default() };
    let clock = Simulated::new();
    let until = clock.monotonic() + Duration::from_secs(5);
    let mut camera = TestCamera::open(None, THIRTY, &config, clock).unwrap();
    match camera.dequeue(until, &Stop::new().unwrap()).unwrap() {
        Dequeued::Frame(frame) => (camera.info().clone(), frame),
        other => panic!("no frame but {other:?}"),
    }
}

#[test]
fn a_file_has_one_header_and_one_picture() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("frames.y4m");
    let mut sink = Y4m::new(Target::open(&Output::Path(path.clone())).unwrap());
    let (grey, _) = captured(b"GREY");
    let (yuyv, yuyv_frame) = captured(b"YUYV");
    let (uyvy, uyvy_frame) = captured(b"UYVY");
    let header = "YUV4MPEG2 W16 H16 F30:1 Ip A0:0 C422 XCOLORRANGE=LIMITED XMATRIX=BT601 XTRANSFER=SRGB\n";
    let record = FRAME.len() as u64 + 512;

    assert!(sink.write(&yuyv_frame).is_err(), "no stream was started");
    // Nothing is written of the first stream, so the second may be another.
    sink.start(&grey).unwrap();
    sink.start(&yuyv).unwrap();
    assert_eq!(sink.write(&yuyv_frame).unwrap(), header.len() as u64 + record);
    let refusal = sink.start(&grey).unwrap_err();
    assert_eq!(refusal, "a y4m stream of YUYV 16x16 cannot go on with GREY 16x16");
    // The same picture in another order of bytes, and at another rate.
    sink.start(&StreamInfo { rate: None, ..uyvy.clone() }).unwrap();
    assert_eq!(sink.write(&uyvy_frame).unwrap(), record);

    let mut expected = header.as_bytes().to_vec();
    for (format, frame) in [(&yuyv.format, &yuyv_frame), (&uyvy.format, &uyvy_frame)] {
        expected.extend_from_slice(Y4mEncoder::new(format).unwrap().encode(frame));
    }
    assert_eq!(std::fs::read(&path).unwrap(), expected);
    assert_eq!(expected[header.len()..][..record as usize], expected[header.len() + record as usize..]);
}
