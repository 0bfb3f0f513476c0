//! A frame as the red, green and blue of each pixel, for files of pictures.

use std::io::{self, Write};

use thiserror::Error;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::mjpeg::{self, NotAJpeg};
use super::stripes::{self, LINES, Planes, Reader};
use super::{EncodeError, Encoder};
use crate::format::{Format, FourCC, Size};

/// Why a frame is no picture.
#[derive(Debug, Error)]
pub enum PictureError {
    /// Its format is not known, or it is short.
    #[error(transparent)]
    Samples(#[from] EncodeError),
    /// The camera's frame is no JPEG.
    #[error(transparent)]
    NotAJpeg(#[from] NotAJpeg),
    /// The camera's JPEG cannot be decoded.
    #[error("the camera's JPEG cannot be decoded: {0}")]
    Jpeg(#[from] DecodeErrors),
    /// The camera's JPEG says that it is larger than a camera's picture.
    #[error("the camera's JPEG says that it has {pixels} pixels: more than {MOST_PIXELS} are not decoded")]
    TooLarge {
        /// Its width times its height.
        pixels: usize,
    },
}

/// Pixels of the largest sensor for a Raspberry Pi, and half as many again.
const MOST_PIXELS: usize = 100_000_000;

/// Lines of pixels, each three bytes: red, green, blue, of full range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Width and height in pixels.
    pub size: Size,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// The picture that a frame is. Chroma is that of 4:2:0, except of a camera's JPEG and of RGB in full range.
    ///
    /// # Errors
    ///
    /// If the frame is short, no JPEG or a JPEG of too many pixels, or of a format that is not known.
    pub fn of(format: &Format, planes: &[&[u8]]) -> Result<Self, PictureError> {
        if format.fourcc.is_jpeg() {
            return Self::decode(planes.first().copied().unwrap_or_default());
        }
        match format.fourcc {
            FourCC::RGB3 if format.full_range => Self::copy(format, planes, |pixel| pixel),
            FourCC::BGR3 if format.full_range => Self::copy(format, planes, |[blue, green, red]| [red, green, blue]),
            _ => Self::convert(format, planes),
        }
    }

    fn decode(jpeg: &[u8]) -> Result<Self, PictureError> {
        let whole = mjpeg::parts(jpeg)?.pieces().concat();
        let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(whole), options);
        // A few bytes can ask for gigabytes.
        decoder.decode_headers()?;
        let pixels = decoder.dimensions().map_or(0, |(width, height)| width.saturating_mul(height));
        if pixels > MOST_PIXELS {
            return Err(PictureError::TooLarge { pixels });
        }
        let rgb = decoder.decode()?;
        let (width, height) = decoder.dimensions().unwrap_or_default();
        Ok(Picture { size: Size { width: width as u32, height: height as u32 }, rgb })
    }

    fn copy(format: &Format, planes: &[&[u8]], order: impl Fn([u8; 3]) -> [u8; 3]) -> Result<Self, PictureError> {
        let [width, height] = [format.size.width as usize, format.size.height as usize];
        let stride = (format.bytesperline() as usize).max(width * 3);
        let plane = planes.first().copied().unwrap_or_default();
        // No more than there is: the size is what a device says.
        let mut rgb = Vec::with_capacity(plane.len());
        let lines = plane.chunks(stride).take(height);
        for line in lines.filter_map(|line| line.get(..width * 3)) {
            rgb.extend(line.chunks_exact(3).flat_map(|pixel| order([pixel[0], pixel[1], pixel[2]])));
        }
        if rgb.len() < (width * 3).saturating_mul(height) {
            return Err(EncodeError::Short.into());
        }
        Ok(Picture { size: format.size, rgb })
    }

    fn convert(format: &Format, planes: &[&[u8]]) -> Result<Self, PictureError> {
        Encoder::accepts(format).map_err(EncodeError::Format)?;
        let mut reader = Reader::new(format).ok_or(EncodeError::Short)?;
        let planes = std::array::from_fn(|plane| planes.get(plane).copied().unwrap_or_default());
        reader.check(&planes)?;
        let [width, height] = [format.size.width as usize, format.size.height as usize];
        let stride = stripes::stride(width);
        let to_rgb = if reader.is_full_range() { FULL } else { LIMITED };
        let mut y = vec![0; stride * LINES];
        let [mut cb, mut cr] = [vec![128; y.len() / 4], vec![128; y.len() / 4]];
        let mut rgb = Vec::with_capacity(width * height * 3);
        for first in (0..height).step_by(LINES) {
            let [cb_out, cr_out] = if reader.is_grey() { [&mut [][..], &mut []] } else { [&mut cb[..], &mut cr] };
            reader.stripe(&planes, first, &mut Planes { y: &mut y, cb: cb_out, cr: cr_out });
            for (index, line) in y.chunks_exact(stride).take(height - first).enumerate() {
                let chroma = index / 2 * stride / 2..(index / 2 + 1) * stride / 2;
                let pairs = cb[chroma.clone()].iter().zip(&cr[chroma]);
                let pixels = line
                    .chunks_exact(2)
                    .zip(pairs)
                    .flat_map(|(luma, (cb, cr))| [luma[0], luma[1]].map(|luma| to_rgb.pixel(luma, *cb, *cr)));
                rgb.extend(pixels.take(width).flatten());
            }
        }
        Ok(Picture { size: format.size, rgb })
    }

    /// Writes a PNG.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn write_png(&self, out: impl Write) -> io::Result<()> {
        let mut encoder = png::Encoder::new(out, self.size.width, self.size.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&self.rgb));
        written.map_err(io::Error::other)
    }

    /// Writes a PPM (`P6`).
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn write_ppm(&self, mut out: impl Write) -> io::Result<()> {
        write!(out, "P6\n{} {}\n255\n", self.size.width, self.size.height)?;
        out.write_all(&self.rgb)
    }
}

/// BT.601 in 65536ths (ITU-R BT.601-7, section 2.5; JFIF 1.02 for the full range).
struct ToRgb {
    black: i32,
    luma: i32,
    cr_to_red: i32,
    cb_to_green: i32,
    cr_to_green: i32,
    cb_to_blue: i32,
}

const FULL: ToRgb = ToRgb::new(0, 255.0, 255.0);
const LIMITED: ToRgb = ToRgb::new(16, 219.0, 224.0);

impl ToRgb {
    const fn new(black: i32, luma: f64, chroma: f64) -> Self {
        ToRgb {
            black,
            luma: (65536.0 * 255.0 / luma) as i32,
            cr_to_red: (65536.0 * 1.402 * 255.0 / chroma) as i32,
            cb_to_green: (65536.0 * 0.344_136 * 255.0 / chroma) as i32,
            cr_to_green: (65536.0 * 0.714_136 * 255.0 / chroma) as i32,
            cb_to_blue: (65536.0 * 1.772 * 255.0 / chroma) as i32,
        }
    }

    fn pixel(&self, y: u8, cb: u8, cr: u8) -> [u8; 3] {
        let luma = (i32::from(y) - self.black) * self.luma + 32768;
        let [cb, cr] = [cb, cr].map(|chroma| i32::from(chroma) - 128);
        [luma + cr * self.cr_to_red, luma - cb * self.cb_to_green - cr * self.cr_to_green, luma + cb * self.cb_to_blue]
            .map(|value| (value >> 16).clamp(0, 255) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::PlaneFormat;

    fn format(fourcc: FourCC, width: u32, height: u32, bytesperline: u32, full_range: bool) -> Format {
        let planes = vec![PlaneFormat { bytesperline, sizeimage: bytesperline * height * 3 }];
        Format { full_range, ..Format::new(fourcc, Size { width, height }, planes) }
    }

    /// Red, green, blue, white and black as BT.601 has them in limited range.
    const BARS: [([u8; 3], [u8; 3]); 5] = [
        ([255, 0, 0], [81, 90, 240]),
        ([0, 255, 0], [145, 54, 34]),
        ([0, 0, 255], [41, 240, 110]),
        ([255, 255, 255], [235, 128, 128]),
        ([0, 0, 0], [16, 128, 128]),
    ];

    #[test]
    fn a_small_file_that_asks_for_much_memory_is_refused() {
        let grey = format(FourCC::GREY, 16, 16, 16, true);
        let mut jpeg = Vec::new();
        Encoder::new().encode(&grey, &[&[128; 256]], 80, &mut jpeg).unwrap();
        let start = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
        // Height and width, behind the marker, the length and the precision.
        jpeg[start + 5..start + 9].copy_from_slice(&[0x3e, 0x80, 0x3e, 0x80]);
        let error = Picture::of(&format(FourCC::MJPG, 16, 16, 0, true), &[&jpeg]).unwrap_err();
        assert!(error.to_string().contains("256000000 pixels"), "{error}");
    }

    #[test]
    fn colours_are_what_bt_601_says() {
        for (rgb, [y, cb, cr]) in BARS {
            for (fourcc, unit, bytesperline) in
                [(FourCC::YUYV, vec![y, cb, y, cr], 10), (FourCC::UYVY, vec![cb, y, cr, y], 10)]
            {
                // Three pixels in a line: the last pair has one.
                let line: Vec<u8> = unit.iter().cycle().take(8).copied().chain([99, 99]).collect();
                let picture = Picture::of(&format(fourcc, 3, 5, bytesperline, false), &[&line.repeat(5)]).unwrap();
                assert_eq!(picture.rgb.len(), 3 * 5 * 3);
                for (found, expected) in picture.rgb.iter().zip(rgb.iter().cycle()) {
                    assert!(found.abs_diff(*expected) <= 3, "{fourcc}: {found} for {expected}");
                }
            }
            let bgr = [rgb[2], rgb[1], rgb[0]].repeat(4);
            assert_eq!(Picture::of(&format(FourCC::BGR3, 2, 2, 6, true), &[&bgr]).unwrap().rgb, rgb.repeat(4));
        }
        let grey = Picture::of(&format(FourCC::GREY, 2, 1, 2, true), &[&[0, 255]]).unwrap();
        assert_eq!(grey.rgb, [0, 0, 0, 255, 255, 255]);
    }

    #[test]
    fn a_short_frame_is_no_picture() {
        for fourcc in [FourCC::YUYV, FourCC::RGB3, FourCC::MJPG] {
            assert!(Picture::of(&format(fourcc, 16, 16, 48, false), &[&[0; 100]]).is_err(), "{fourcc}");
        }
    }

    #[test]
    fn files_hold_what_the_picture_does() {
        let picture = Picture { size: Size { width: 2, height: 1 }, rgb: vec![1, 2, 3, 4, 5, 6] };
        let mut ppm = Vec::new();
        picture.write_ppm(&mut ppm).unwrap();
        assert_eq!(ppm, b"P6\n2 1\n255\n\x01\x02\x03\x04\x05\x06");
        let mut file = Vec::new();
        picture.write_png(&mut file).unwrap();
        let mut reader = png::Decoder::new(io::Cursor::new(file)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut bytes).unwrap();
        assert_eq!(bytes, picture.rgb);
    }
}
