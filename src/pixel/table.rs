//! The rows, by V4L2's documentation ("Image Formats") and the kernel's own table (`v4l2_format_info()`).
//!
//! Tiled formats are left out: their sizes depend on how the driver aligns tiles. So are compressed ones that nobody asks
//! for by name: the driver's list of formats has a flag for them.

use super::Arrangement::{Bgr, Grey, Planar, Rgb, SemiPlanar, Uyvy, Yuyv};
use super::Chroma::{C420, C422, C444, Mono};
use super::{Arrangement, Chroma, Layout, Model, PixelFormat, Plane};
use crate::format::FourCC;

const fn plane(bytes: u8, pixels: u8, lines: u8) -> Plane {
    Plane { bytes, pixels, lines }
}

/// One plane of so many bytes a pixel.
const BYTES: [&[Plane]; 9] = [
    &[],
    &[plane(1, 1, 1)],
    &[plane(2, 1, 1)],
    &[plane(3, 1, 1)],
    &[plane(4, 1, 1)],
    &[],
    &[plane(6, 1, 1)],
    &[],
    &[plane(8, 1, 1)],
];
/// MIPI's packing of 10, 12 and 14 bits, and IPU3's of 10.
const MIPI10: &[Plane] = &[plane(5, 4, 1)];
const MIPI12: &[Plane] = &[plane(3, 2, 1)];
const MIPI14: &[Plane] = &[plane(7, 4, 1)];
const IPU3: &[Plane] = &[plane(32, 25, 1)];
/// Luma, then Cb and Cr interleaved.
const SEMI420: &[Plane] = &[plane(1, 1, 1), plane(2, 2, 2)];
const SEMI422: &[Plane] = &[plane(1, 1, 1), plane(2, 2, 1)];
const SEMI444: &[Plane] = &[plane(1, 1, 1), plane(2, 1, 1)];
/// The same with two bytes a sample, and with four samples in five bytes.
const SEMI420_16: &[Plane] = &[plane(2, 1, 1), plane(4, 2, 2)];
const SEMI420_10: &[Plane] = &[plane(5, 4, 1), plane(5, 4, 2)];
const SEMI422_10: &[Plane] = &[plane(5, 4, 1), plane(5, 4, 1)];
/// Luma, Cb, Cr.
const PLANAR410: &[Plane] = &[plane(1, 1, 1), plane(1, 4, 4), plane(1, 4, 4)];
const PLANAR411: &[Plane] = &[plane(1, 1, 1), plane(1, 4, 1), plane(1, 4, 1)];
const PLANAR420: &[Plane] = &[plane(1, 1, 1), plane(1, 2, 2), plane(1, 2, 2)];
const PLANAR422: &[Plane] = &[plane(1, 1, 1), plane(1, 2, 1), plane(1, 2, 1)];
const PLANAR444: &[Plane] = &[plane(1, 1, 1), plane(1, 1, 1), plane(1, 1, 1)];

/// A format whose samples can be read.
const fn read(
    code: &[u8; 4],
    model: Model,
    planes: &'static [Plane],
    arrangement: Arrangement,
    swapped: bool,
    chroma: Chroma,
) -> PixelFormat {
    let layout = Some(Layout { arrangement, swapped, chroma });
    PixelFormat { fourcc: FourCC(*code), model, planes, separate: false, layout }
}

/// The same with a buffer for each plane.
const fn each(
    code: &[u8; 4],
    planes: &'static [Plane],
    arrangement: Arrangement,
    swapped: bool,
    chroma: Chroma,
) -> PixelFormat {
    PixelFormat { separate: true, ..read(code, Model::Yuv, planes, arrangement, swapped, chroma) }
}

/// A format that is passed on as it is.
const fn pass(code: &[u8; 4], model: Model, planes: &'static [Plane]) -> PixelFormat {
    PixelFormat { fourcc: FourCC(*code), model, planes, separate: false, layout: None }
}

/// Bit 31 of a FourCC: the big-endian variant.
const fn big_endian(code: &[u8; 4]) -> [u8; 4] {
    [code[0], code[1], code[2], code[3] | 0x80]
}

use Model::{Bayer, Compressed, Jpeg, Other, Yuv};

pub(super) static TABLE: &[PixelFormat] = &[
    // Luma and chroma in one plane.
    read(b"YUYV", Yuv, BYTES[2], Yuyv, false, C422),
    read(b"YVYU", Yuv, BYTES[2], Yuyv, true, C422),
    read(b"UYVY", Yuv, BYTES[2], Uyvy, false, C422),
    read(b"VYUY", Yuv, BYTES[2], Uyvy, true, C422),
    pass(b"YYUV", Yuv, BYTES[2]),
    pass(b"Y41P", Yuv, &[plane(12, 8, 1)]),
    pass(b"Y444", Yuv, BYTES[2]),
    pass(b"YUVO", Yuv, BYTES[2]),
    pass(b"YUVP", Yuv, BYTES[2]),
    pass(b"YUV3", Yuv, BYTES[3]),
    pass(b"YUV4", Yuv, BYTES[4]),
    pass(b"AYUV", Yuv, BYTES[4]),
    pass(b"XYUV", Yuv, BYTES[4]),
    pass(b"VUYA", Yuv, BYTES[4]),
    pass(b"VUYX", Yuv, BYTES[4]),
    pass(b"YUVA", Yuv, BYTES[4]),
    pass(b"YUVX", Yuv, BYTES[4]),
    pass(b"Y210", Yuv, BYTES[4]),
    pass(b"Y212", Yuv, BYTES[4]),
    pass(b"Y216", Yuv, BYTES[4]),
    pass(b"Y312", Yuv, BYTES[6]),
    // Luma and chroma in planes of one buffer.
    read(b"NV12", Yuv, SEMI420, SemiPlanar, false, C420),
    read(b"NV21", Yuv, SEMI420, SemiPlanar, true, C420),
    read(b"NV16", Yuv, SEMI422, SemiPlanar, false, C422),
    read(b"NV61", Yuv, SEMI422, SemiPlanar, true, C422),
    read(b"NV24", Yuv, SEMI444, SemiPlanar, false, C444),
    read(b"NV42", Yuv, SEMI444, SemiPlanar, true, C444),
    read(b"YU12", Yuv, PLANAR420, Planar, false, C420),
    read(b"YV12", Yuv, PLANAR420, Planar, true, C420),
    read(b"422P", Yuv, PLANAR422, Planar, false, C422),
    pass(b"411P", Yuv, PLANAR411),
    pass(b"YUV9", Yuv, PLANAR410),
    pass(b"YVU9", Yuv, PLANAR410),
    pass(b"M420", Yuv, SEMI420),
    pass(b"NV15", Yuv, SEMI420_10),
    pass(b"NV20", Yuv, SEMI422_10),
    pass(b"P010", Yuv, SEMI420_16),
    pass(b"P012", Yuv, SEMI420_16),
    // The same in a buffer for each plane.
    each(b"NM12", SEMI420, SemiPlanar, false, C420),
    each(b"NM21", SEMI420, SemiPlanar, true, C420),
    each(b"NM16", SEMI422, SemiPlanar, false, C422),
    each(b"NM61", SEMI422, SemiPlanar, true, C422),
    each(b"YM12", PLANAR420, Planar, false, C420),
    each(b"YM21", PLANAR420, Planar, true, C420),
    each(b"YM16", PLANAR422, Planar, false, C422),
    each(b"YM61", PLANAR422, Planar, true, C422),
    each(b"YM24", PLANAR444, Planar, false, C444),
    each(b"YM42", PLANAR444, Planar, true, C444),
    PixelFormat { separate: true, ..pass(b"PM12", Yuv, SEMI420_16) },
    // Luma alone.
    read(b"GREY", Model::Grey, BYTES[1], Grey, false, Mono),
    pass(b"Y04 ", Model::Grey, BYTES[1]),
    pass(b"Y06 ", Model::Grey, BYTES[1]),
    pass(b"Y10 ", Model::Grey, BYTES[2]),
    pass(b"Y12 ", Model::Grey, BYTES[2]),
    pass(b"Y012", Model::Grey, BYTES[2]),
    pass(b"Y14 ", Model::Grey, BYTES[2]),
    pass(b"Y16 ", Model::Grey, BYTES[2]),
    pass(&big_endian(b"Y16 "), Model::Grey, BYTES[2]),
    pass(b"Y10B", Model::Grey, MIPI10),
    pass(b"Y10P", Model::Grey, MIPI10),
    pass(b"Y12P", Model::Grey, MIPI12),
    pass(b"Y14P", Model::Grey, MIPI14),
    pass(b"ip3y", Model::Grey, IPU3),
    pass(b"Y8I ", Model::Grey, BYTES[2]),
    pass(b"Y12I", Model::Grey, BYTES[3]),
    pass(b"Y16I", Model::Grey, BYTES[4]),
    // Red, green and blue.
    read(b"RGB3", Model::Rgb, BYTES[3], Rgb, false, C444),
    read(b"BGR3", Model::Rgb, BYTES[3], Bgr, false, C444),
    pass(b"RGB1", Model::Rgb, BYTES[1]),
    pass(b"HI24", Model::Rgb, BYTES[1]),
    pass(b"R444", Model::Rgb, BYTES[2]),
    pass(b"AR12", Model::Rgb, BYTES[2]),
    pass(b"XR12", Model::Rgb, BYTES[2]),
    pass(b"RA12", Model::Rgb, BYTES[2]),
    pass(b"RX12", Model::Rgb, BYTES[2]),
    pass(b"AB12", Model::Rgb, BYTES[2]),
    pass(b"XB12", Model::Rgb, BYTES[2]),
    pass(b"GA12", Model::Rgb, BYTES[2]),
    pass(b"BX12", Model::Rgb, BYTES[2]),
    pass(b"RGBO", Model::Rgb, BYTES[2]),
    pass(b"AR15", Model::Rgb, BYTES[2]),
    pass(b"XR15", Model::Rgb, BYTES[2]),
    pass(b"RA15", Model::Rgb, BYTES[2]),
    pass(b"RX15", Model::Rgb, BYTES[2]),
    pass(b"AB15", Model::Rgb, BYTES[2]),
    pass(b"XB15", Model::Rgb, BYTES[2]),
    pass(b"BA15", Model::Rgb, BYTES[2]),
    pass(b"BX15", Model::Rgb, BYTES[2]),
    pass(b"RGBP", Model::Rgb, BYTES[2]),
    pass(b"RGBQ", Model::Rgb, BYTES[2]),
    pass(b"RGBR", Model::Rgb, BYTES[2]),
    pass(&big_endian(b"AR15"), Model::Rgb, BYTES[2]),
    pass(&big_endian(b"XR15"), Model::Rgb, BYTES[2]),
    pass(b"BGRH", Model::Rgb, BYTES[4]),
    pass(b"BGR4", Model::Rgb, BYTES[4]),
    pass(b"RGB4", Model::Rgb, BYTES[4]),
    pass(b"AR24", Model::Rgb, BYTES[4]),
    pass(b"XR24", Model::Rgb, BYTES[4]),
    pass(b"RA24", Model::Rgb, BYTES[4]),
    pass(b"RX24", Model::Rgb, BYTES[4]),
    pass(b"AB24", Model::Rgb, BYTES[4]),
    pass(b"XB24", Model::Rgb, BYTES[4]),
    pass(b"BA24", Model::Rgb, BYTES[4]),
    pass(b"BX24", Model::Rgb, BYTES[4]),
    pass(b"RX30", Model::Rgb, BYTES[4]),
    pass(b"RA30", Model::Rgb, BYTES[4]),
    pass(b"AR30", Model::Rgb, BYTES[4]),
    pass(b"B312", Model::Rgb, BYTES[6]),
    pass(b"BGR6", Model::Rgb, BYTES[6]),
    pass(b"RGB6", Model::Rgb, BYTES[6]),
    pass(b"B412", Model::Rgb, BYTES[8]),
    pass(b"HSV3", Model::Rgb, BYTES[3]),
    pass(b"HSV4", Model::Rgb, BYTES[4]),
    // A sensor's own.
    pass(b"BA81", Bayer, BYTES[1]),
    pass(b"GBRG", Bayer, BYTES[1]),
    pass(b"GRBG", Bayer, BYTES[1]),
    pass(b"RGGB", Bayer, BYTES[1]),
    pass(b"aBA8", Bayer, BYTES[1]),
    pass(b"aGA8", Bayer, BYTES[1]),
    pass(b"agA8", Bayer, BYTES[1]),
    pass(b"aRA8", Bayer, BYTES[1]),
    pass(b"bBA8", Bayer, BYTES[1]),
    pass(b"bGA8", Bayer, BYTES[1]),
    pass(b"BD10", Bayer, BYTES[1]),
    pass(b"bRA8", Bayer, BYTES[1]),
    pass(b"BG10", Bayer, BYTES[2]),
    pass(b"GB10", Bayer, BYTES[2]),
    pass(b"BA10", Bayer, BYTES[2]),
    pass(b"RG10", Bayer, BYTES[2]),
    pass(b"BG12", Bayer, BYTES[2]),
    pass(b"GB12", Bayer, BYTES[2]),
    pass(b"BA12", Bayer, BYTES[2]),
    pass(b"RG12", Bayer, BYTES[2]),
    pass(b"BG14", Bayer, BYTES[2]),
    pass(b"GB14", Bayer, BYTES[2]),
    pass(b"GR14", Bayer, BYTES[2]),
    pass(b"RG14", Bayer, BYTES[2]),
    pass(b"BYR2", Bayer, BYTES[2]),
    pass(b"GB16", Bayer, BYTES[2]),
    pass(b"GR16", Bayer, BYTES[2]),
    pass(b"RG16", Bayer, BYTES[2]),
    pass(b"pBAA", Bayer, MIPI10),
    pass(b"pGAA", Bayer, MIPI10),
    pass(b"pgAA", Bayer, MIPI10),
    pass(b"pRAA", Bayer, MIPI10),
    pass(b"pBCC", Bayer, MIPI12),
    pass(b"pGCC", Bayer, MIPI12),
    pass(b"pgCC", Bayer, MIPI12),
    pass(b"pRCC", Bayer, MIPI12),
    pass(b"pBEE", Bayer, MIPI14),
    pass(b"pGEE", Bayer, MIPI14),
    pass(b"pgEE", Bayer, MIPI14),
    pass(b"pREE", Bayer, MIPI14),
    pass(b"ip3b", Bayer, IPU3),
    pass(b"ip3g", Bayer, IPU3),
    pass(b"ip3G", Bayer, IPU3),
    pass(b"ip3r", Bayer, IPU3),
    // Depth and the like.
    pass(b"Z16 ", Other, BYTES[2]),
    pass(b"CNF4", Other, &[plane(1, 2, 1)]),
    pass(b"UV8 ", Other, BYTES[1]),
    pass(b"PAL8", Other, BYTES[1]),
    // Compressed.
    pass(b"MJPG", Jpeg, &[]),
    pass(b"JPEG", Jpeg, &[]),
    pass(b"H264", Compressed, &[]),
    pass(b"HEVC", Compressed, &[]),
    pass(b"MPG4", Compressed, &[]),
    pass(b"VP80", Compressed, &[]),
    pass(b"VP90", Compressed, &[]),
];
