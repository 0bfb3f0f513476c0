use super::*;
use crate::format::{Format, PlaneFormat, Size};

fn granted(code: &[u8; 4], width: u32, height: u32, planes: &[(u32, u32)]) -> Format {
    let planes = planes.iter().map(|&(bytesperline, sizeimage)| PlaneFormat { bytesperline, sizeimage });
    Format::new(FourCC(*code), Size { width, height }, planes.collect())
}

#[test]
fn a_format_has_one_row_and_its_first_plane_all_lines() {
    for (index, row) in table::TABLE.iter().enumerate() {
        assert!(table::TABLE[..index].iter().all(|other| other.fourcc != row.fourcc), "{} twice", row.fourcc);
        assert_eq!(row.planes.is_empty(), row.is_compressed(), "{}", row.fourcc);
        assert!(row.planes.first().is_none_or(|first| first.lines == 1), "{}", row.fourcc);
        assert!(!row.separate || row.planes.len() > 1, "{}", row.fourcc);
    }
    assert_eq!(PixelFormat::yuyv().fourcc, FourCC::YUYV);
}

/// A frame that has all its lines, and one that has half of its bytes. Strides and sizes are what the kernel's drivers
/// grant (v4l2_fill_pixfmt, vivid), in part with padding.
#[test]
fn a_frame_needs_all_its_lines_but_not_the_last_padding() {
    for (code, width, height, bytesperline, sizeimage, needed) in [
        (b"YUYV", 1280, 720, 2560, 1_843_200, 1_843_200),
        (b"YUYV", 1280, 720, 3000, 2_160_000, 3000 * 719 + 2560),
        (b"NV12", 640, 360, 640, 345_600, 345_600),
        (b"NV12", 640, 360, 704, 380_160, 704 * 539 + 640),
        (b"YU12", 640, 360, 704, 380_160, 704 * 540 - 32),
        (b"XB24", 640, 360, 2560, 921_600, 921_600),
        (b"Z16 ", 640, 480, 1280, 614_400, 614_400),
        (b"NV24", 640, 360, 640, 691_200, 691_200),
        (b"BG10", 640, 480, 1280, 614_400, 614_400),
        (b"RG12", 640, 480, 1280, 614_400, 614_400),
        (b"Y14 ", 160, 120, 320, 38_400, 38_400),
        (b"AYUV", 640, 360, 2560, 921_600, 921_600),
        (b"pRAA", 1640, 1232, 2080, 2_562_560, 2080 * 1231 + 2050),
        (b"YUV9", 640, 480, 640, 345_600, 345_600),
        (b"P010", 640, 360, 1280, 691_200, 691_200),
        (b"NV15", 640, 360, 800, 432_000, 432_000),
    ] {
        let format = granted(code, width, height, &[(bytesperline, sizeimage)]);
        assert_eq!(format.complete(0), needed, "{format}");
        assert!(format.complete(0) > sizeimage / 2, "{format}: half a frame is short");
    }
}

#[test]
fn planes_in_a_buffer_each_have_their_own_stride() {
    let nm12 = granted(b"NM12", 640, 360, &[(640, 640 * 360), (704, 704 * 180)]);
    assert_eq!([0, 1, 2].map(|plane| nm12.complete(plane)), [640 * 360, 704 * 179 + 640, 0]);
    let ym16 = granted(b"YM16", 640, 360, &[(640, 640 * 360), (320, 320 * 360), (320, 320 * 360)]);
    assert_eq!([0, 1, 2].map(|plane| ym16.complete(plane)), [640 * 360, 320 * 360, 320 * 360]);
}

#[test]
fn a_format_without_a_row_needs_the_lines_of_its_first_plane() {
    let unknown = granted(b"?!?!", 640, 360, &[(2000, 1_440_000)]);
    assert!(!unknown.compressed);
    assert_eq!(unknown.complete(0), 2000 * 360);
    // Without a stride, or with the driver's flag, nothing is known.
    assert_eq!(granted(b"?!?!", 640, 360, &[(0, 1_440_000)]).complete(0), 0);
    assert_eq!(Format { compressed: true, ..unknown }.complete(0), 0);
    // Some drivers grant a stride for JPEG.
    assert_eq!(granted(b"MJPG", 1280, 720, &[(2560, 1_843_200)]).complete(0), 0);
}

#[test]
fn absurd_sizes_overflow_nothing() {
    for row in table::TABLE {
        let format = granted(&row.fourcc.0, u32::MAX, u32::MAX, &[(u32::MAX, u32::MAX)]);
        assert!(format.complete(0) == if row.is_compressed() { 0 } else { u32::MAX }, "{format}");
        assert_eq!(components(&format), None);
    }
}
