//! What comes out of the encoders, seen by a decoder that is not ours.

use super::mjpeg::parts;
use super::picture::Picture;
use super::*;
use crate::format::{Encoding, FourCC, PlaneFormat, Size};

/// Both encoders; where the system has no libjpeg-turbo, ours alone.
fn encoders() -> Vec<Encoder> {
    [Encoder::new(), Encoder::without_library()].into()
}

fn format(fourcc: &[u8; 4], size: Size, planes: &[(u32, u32)], full_range: bool) -> Format {
    let planes = planes.iter().map(|(stride, lines)| PlaneFormat { bytesperline: *stride, sizeimage: stride * lines });
    Format { full_range, ..Format::new(FourCC(*fourcc), size, planes.collect()) }
}

fn jpeg_format(size: Size) -> Format {
    format(b"MJPG", size, &[(0, 0)], true)
}

/// Bars of colour: red, green and blue in full range of the pixel there.
fn bars(x: u32, size: Size) -> [u8; 3] {
    const COLOURS: [[u8; 3]; 6] =
        [[200, 30, 30], [30, 180, 60], [40, 60, 220], [230, 230, 230], [20, 20, 20], [200, 200, 40]];
    COLOURS[(x * 6 / size.width) as usize]
}

/// BT.601, as floating point has it.
fn ycbcr(rgb: [u8; 3], full_range: bool) -> [u8; 3] {
    encoded(rgb, Encoding::Bt601, full_range)
}

fn encoded(rgb: [u8; 3], encoding: Encoding, full_range: bool) -> [u8; 3] {
    let [r, g, b] = rgb.map(f64::from);
    let (red, blue) = encoding.red_and_blue();
    let y = red * r + (1.0 - red - blue) * g + blue * b;
    let [cb, cr] = [(b - y) / (2.0 * (1.0 - blue)), (r - y) / (2.0 * (1.0 - red))];
    let (black, luma, chroma) = if full_range { (0.0, 1.0, 1.0) } else { (16.0, 219.0 / 255.0, 224.0 / 255.0) };
    [black + y * luma, 128.0 + cb * chroma, 128.0 + cr * chroma].map(|value| value.round() as u8)
}

/// The bars as a frame of a pixel format, each line with four bytes of padding.
fn frame(fourcc: &[u8; 4], size: Size, full_range: bool) -> (Format, Vec<Vec<u8>>) {
    let Size { width, height } = size;
    let sample = |x: u32| ycbcr(bars(x.min(width - 1), size), full_range);
    // Chroma is that of the left one of two pixels.
    let half = width.div_ceil(2);
    let line = |bytes: Vec<u8>| [bytes, vec![0x55; 4]].concat();
    // As long as a line of chroma by turns.
    let luma = line((0..2 * half).map(|x| sample(x)[0]).collect());
    let chroma = |component: usize| (0..half).map(move |x| sample(2 * x)[component]);
    let packed = |order: [usize; 4]| {
        line(
            (0..half)
                .flat_map(|x| {
                    let [[y0, cb, cr], [y1, ..]] = [sample(2 * x), sample(2 * x + 1)];
                    order.map(|place| [y0, cb, y1, cr][place])
                })
                .collect(),
        )
    };
    let times = |line: &[u8], lines: u32| line.repeat(lines as usize);
    let lines_of_chroma = height.div_ceil(2);
    let interleaved = |first, second| line(chroma(first).zip(chroma(second)).flat_map(|(a, b)| [a, b]).collect());
    let planes: Vec<Vec<u8>> = match fourcc {
        b"YUYV" => vec![times(&packed([0, 1, 2, 3]), height)],
        b"YVYU" => vec![times(&packed([0, 3, 2, 1]), height)],
        b"UYVY" => vec![times(&packed([1, 0, 3, 2]), height)],
        b"VYUY" => vec![times(&packed([3, 0, 1, 2]), height)],
        b"NM12" => vec![times(&luma, height), times(&interleaved(1, 2), lines_of_chroma)],
        b"NV12" => vec![[times(&luma, height), times(&interleaved(1, 2), lines_of_chroma)].concat()],
        b"NV21" => vec![[times(&luma, height), times(&interleaved(2, 1), lines_of_chroma)].concat()],
        b"YU12" | b"YV12" => {
            let order = if fourcc == b"YU12" { [1, 2] } else { [2, 1] };
            let [first, second] = order.map(|component| {
                // Half of the luma's stride.
                let mut bytes: Vec<u8> = chroma(component).collect();
                bytes.resize(luma.len().div_ceil(2), 0x55);
                times(&bytes, lines_of_chroma)
            });
            vec![[times(&luma, height), first, second].concat()]
        }
        b"RGB3" => vec![times(&line((0..width).flat_map(|x| bars(x, size)).collect()), height)],
        b"BGR3" => vec![times(&line((0..width).flat_map(|x| bars(x, size)).rev().collect()), height)],
        b"GREY" => vec![times(&line((0..width).map(|x| sample(x)[0]).collect()), height)],
        _ => panic!("{fourcc:?}"),
    };
    let described: Vec<_> = planes
        .iter()
        .map(|plane| {
            let stride = match fourcc {
                b"NV12" | b"NV21" | b"YU12" | b"YV12" => luma.len(),
                _ if plane.len() == planes[0].len() => plane.len() / height as usize,
                _ => plane.len() / lines_of_chroma as usize,
            };
            (stride as u32, (plane.len() as u32).div_ceil(stride as u32))
        })
        .collect();
    (format(fourcc, size, &described, full_range), planes)
}

/// Peak signal-to-noise ratio in dB of pixels that are not beside another bar: there chroma is between the two.
fn psnr(picture: &Picture, expected: impl Fn(u32) -> [u8; 3], size: Size) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (index, pixel) in picture.rgb.chunks_exact(3).enumerate() {
        let x = index as u32 % size.width;
        let near = x.saturating_sub(2)..=(x + 2).min(size.width - 1);
        if near.clone().any(|near| expected(near) != expected(x)) {
            continue;
        }
        sum += pixel.iter().zip(expected(x)).map(|(a, b)| f64::from(a.abs_diff(b)).powi(2)).sum::<f64>();
        count += 3.0;
    }
    10.0 * (255.0_f64.powi(2) / (sum / count).max(0.01)).log10()
}

#[test]
fn every_format_gives_the_picture_that_it_holds() {
    let formats: [&[u8; 4]; 12] =
        [b"YUYV", b"YVYU", b"UYVY", b"VYUY", b"NV12", b"NV21", b"NM12", b"YU12", b"YV12", b"RGB3", b"BGR3", b"GREY"];
    for fourcc in formats {
        for (width, height, full_range) in
            [(192, 48, false), (192, 48, true), (131, 37, false), (97, 16, true), (60, 1, false)]
        {
            let size = Size { width, height };
            // RGB of limited range would be other colours.
            let full_range = full_range || matches!(fourcc, b"RGB3" | b"BGR3");
            let (format, planes) = frame(fourcc, size, full_range);
            let planes: Vec<&[u8]> = planes.iter().map(Vec::as_slice).collect();
            // The frame itself, without a JPEG between: that it is right.
            let expected = |x: u32| match fourcc {
                b"GREY" => [ycbcr(bars(x, size), true)[0]; 3],
                b"BGR3" => bars(width - 1 - x, size),
                _ => bars(x, size),
            };
            let shown = Picture::of(&format, &planes).unwrap();
            assert!(psnr(&shown, expected, size) > 38.0, "{format}: {}", psnr(&shown, expected, size));
            for mut encoder in encoders() {
                let mut out = Vec::new();
                encoder.encode(&format, &planes, 95, &mut out).unwrap();
                let whole = parts(&out).unwrap();
                assert_eq!((whole.head.len(), whole.len()), (out.len(), out.len()), "nothing is missing");
                let decoded = Picture::of(&jpeg_format(size), &[&out]).unwrap();
                assert_eq!(decoded.size, size);
                let psnr = psnr(&decoded, expected, size);
                assert!(psnr > 30.0, "{format} by {}: {psnr:.1} dB", encoder.name());
            }
        }
    }
}

#[test]
fn the_colours_of_every_encoding_and_range_are_kept() {
    let size = Size { width: 32, height: 32 };
    for encoding in [Encoding::Bt601, Encoding::Bt709, Encoding::Bt2020, Encoding::Smpte240m] {
        for full_range in [true, false] {
            for rgb in [[200, 30, 30], [30, 180, 60], [40, 60, 220], [128, 128, 128], [255, 255, 255], [0, 0, 0]] {
                let [y, cb, cr] = encoded(rgb, encoding, full_range);
                let luma = vec![y; 32 * 32];
                for (fourcc, samples, stride) in [
                    (b"YUYV", [y, cb, y, cr].repeat(16 * 32), 64),
                    (b"NV12", [&luma[..], &[cb, cr].repeat(16 * 16)].concat(), 32),
                    (b"GREY", luma.clone(), 32),
                ] {
                    let grey = fourcc == b"GREY" && rgb[0] != rgb[1];
                    let planes = [(stride, samples.len() as u32 / stride)];
                    let format = Format { encoding, ..format(fourcc, size, &planes, full_range) };
                    let mut pictures = vec![Picture::of(&format, &[&samples]).unwrap()];
                    for mut encoder in encoders() {
                        let mut out = Vec::new();
                        encoder.encode(&format, &[&samples], 100, &mut out).unwrap();
                        pictures.push(Picture::of(&jpeg_format(size), &[&out]).unwrap());
                    }
                    for pixel in pictures.iter().flat_map(|picture| picture.rgb.chunks_exact(3)).filter(|_| !grey) {
                        let far = pixel.iter().zip(rgb).any(|(found, expected)| found.abs_diff(expected) > 5);
                        assert!(!far, "{format} {encoding}, full range {full_range}: {pixel:?} is not {rgb:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn quality_is_size_and_an_encoder_takes_one_format_after_another() {
    for mut encoder in encoders() {
        let mut out = Vec::new();
        let mut length = |fourcc, width, quality| {
            let (format, mut planes) = frame(fourcc, Size { width, height: 64 }, false);
            // Something to lose.
            planes.iter_mut().flatten().enumerate().for_each(|(n, byte)| *byte = byte.wrapping_add((n * n % 23) as u8));
            let planes: Vec<&[u8]> = planes.iter().map(Vec::as_slice).collect();
            encoder.encode(&format, &planes, quality, &mut out).unwrap();
            parts(&out).unwrap();
            out.len()
        };
        let lengths = [1, 30, 80, 100].map(|quality| length(b"YUYV", 320, quality));
        assert!(lengths.is_sorted() && lengths[0] * 5 < lengths[3], "{lengths:?}");
        length(b"GREY", 160, 80);
        length(b"NV12", 640, 80);
        assert_eq!(length(b"YUYV", 320, 80), lengths[2], "nothing of the others is left");
    }
}

#[test]
fn what_cannot_be_encoded_is_told_and_leaves_nothing() {
    let (format, planes) = frame(b"YUYV", Size { width: 64, height: 48 }, false);
    for mut encoder in encoders() {
        let mut out = vec![1, 2, 3];
        let short = &planes[0][..planes[0].len() / 2];
        assert!(matches!(encoder.encode(&format, &[short], 80, &mut out), Err(EncodeError::Short)) && out.is_empty());
        assert!(matches!(encoder.encode(&format, &[], 80, &mut out), Err(EncodeError::Short)));
        let h264 = Format { fourcc: FourCC(*b"H264"), ..format.clone() };
        let error = encoder.encode(&h264, &[&planes[0]], 80, &mut out).unwrap_err().to_string();
        assert_eq!(error, "H264 64x48 cannot be made a JPEG");
    }
    assert!(Encoder::accepts(&jpeg_format(format.size)).is_err_and(|reason| reason.contains("already")));
}
