//! What a picture looks like in memory: FourCC, size, frame rate, and the [`Format`] a driver granted.
//!
//! Everything here is plain data in V4L2's own terms (`struct v4l2_pix_format`, `struct v4l2_pix_format_mplane`).
//! Sizes in bytes come from the driver's answer, never from `width * 2`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::pixel::{self, Model, PixelFormat};

/// A four-character code that names a pixel format, as in `V4L2_PIX_FMT_*`.
///
/// ```
/// let fourcc: picam::format::FourCC = "YUYV".parse().unwrap();
/// assert_eq!(fourcc.to_string(), "YUYV");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FourCC(pub [u8; 4]);

impl FourCC {
    /// 4:2:2 in one plane: Y0 Cb Y1 Cr. What USB cameras offer uncompressed.
    pub const YUYV: FourCC = FourCC(*b"YUYV");
    /// 4:2:2 in one plane: Cb Y0 Cr Y1.
    pub const UYVY: FourCC = FourCC(*b"UYVY");
    /// 4:2:2 in one plane: Y0 Cr Y1 Cb.
    pub const YVYU: FourCC = FourCC(*b"YVYU");
    /// 4:2:0, luma plane and interleaved CbCr plane in one buffer.
    pub const NV12: FourCC = FourCC(*b"NV12");
    /// 4:2:0, luma plane and interleaved CrCb plane in one buffer.
    pub const NV21: FourCC = FourCC(*b"NV21");
    /// 4:2:0, three planes Y, Cb, Cr in one buffer.
    pub const YU12: FourCC = FourCC(*b"YU12");
    /// 4:2:0, three planes Y, Cr, Cb in one buffer.
    pub const YV12: FourCC = FourCC(*b"YV12");
    /// 24 bits: R, G, B.
    pub const RGB3: FourCC = FourCC(*b"RGB3");
    /// 24 bits: B, G, R.
    pub const BGR3: FourCC = FourCC(*b"BGR3");
    /// 8 bits of luma.
    pub const GREY: FourCC = FourCC(*b"GREY");
    /// Motion JPEG: each frame is one JPEG.
    pub const MJPG: FourCC = FourCC(*b"MJPG");
    /// JPEG, as some drivers call the same thing.
    pub const JPEG: FourCC = FourCC(*b"JPEG");

    /// Whether each frame is a JPEG as it comes.
    pub fn is_jpeg(self) -> bool {
        PixelFormat::of(self).is_some_and(|row| row.model == Model::Jpeg)
    }
}

impl fmt::Display for FourCC {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bit 31 marks the big-endian variant of a format (v4l2_fourcc_be), and is written as the kernel writes it.
        let big_endian = self.0[3] & 0x80 != 0;
        for byte in [self.0[0], self.0[1], self.0[2], self.0[3] & 0x7f] {
            if (byte.is_ascii_graphic() && byte != b'\\') || byte == b' ' {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        if big_endian { f.write_str("-BE") } else { Ok(()) }
    }
}

impl fmt::Debug for FourCC {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FourCC({self})")
    }
}

impl FromStr for FourCC {
    type Err = String;

    /// What [`FourCC`]'s `Display` writes; shorter names are padded with spaces (`Y16`), names of known formats may be in lower
    /// case (`yuyv`), and the everyday names `MJPEG` and `YUY2` are understood.
    fn from_str(s: &str) -> Result<Self, String> {
        let error = || format!("\"{s}\" is not a FourCC: one to four ASCII characters such as YUYV or MJPG");
        let (name, big_endian) = match s.strip_suffix("-BE") {
            Some(name) => (name, true),
            None => (s, false),
        };
        let name = match name.to_ascii_uppercase().as_str() {
            "MJPEG" => "MJPG",
            "YUY2" => "YUYV",
            _ => name,
        };
        let bytes = unescape(name).filter(|bytes| !bytes.is_empty()).ok_or_else(error)?;
        let mut code = [b' '; 4];
        code.get_mut(..bytes.len()).ok_or_else(error)?.copy_from_slice(&bytes);
        if big_endian {
            code[3] |= 0x80;
        }
        // Case is meaningful in V4L2 ("pBAA", "dvsd"), so another case is taken only for what is no name as it stands.
        let upper = FourCC(code.map(|byte| byte.to_ascii_uppercase()));
        let is_meant = PixelFormat::of(FourCC(code)).is_none() && PixelFormat::of(upper).is_some();
        Ok(if is_meant { upper } else { FourCC(code) })
    }
}

/// The bytes of a name in which those that cannot be printed are written `\x1f`; `None` if it is not one.
fn unescape(mut name: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(4);
    while let Some(first) = name.bytes().next() {
        if let Some(digits) = name.strip_prefix("\\x").and_then(|rest| rest.get(..2)) {
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            name = name.get(4..)?;
        } else if first.is_ascii_graphic() || first == b' ' {
            bytes.push(first);
            name = name.get(1..)?;
        } else {
            return None;
        }
    }
    Some(bytes)
}

impl From<u32> for FourCC {
    fn from(code: u32) -> Self {
        FourCC(code.to_le_bytes())
    }
}

impl From<FourCC> for u32 {
    fn from(fourcc: FourCC) -> Self {
        u32::from_le_bytes(fourcc.0)
    }
}

/// What outputs can use of a frame; each level includes the ones before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Its bytes, whatever they are.
    #[default]
    Bytes,
    /// A picture: samples, or a JPEG.
    Picture,
    /// Samples of luma and chroma, or red, green and blue.
    Samples,
}

impl Need {
    /// Whether frames of this format can be used.
    pub fn is_met_by(self, fourcc: FourCC) -> bool {
        let row = PixelFormat::of(fourcc);
        let has_samples = row.is_some_and(|row| row.layout.is_some());
        match self {
            Need::Bytes => true,
            Need::Picture => has_samples || fourcc.is_jpeg(),
            Need::Samples => has_samples,
        }
    }
}

/// Width and height in pixels, written `1280x720`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Size {
    /// Pixels in a line.
    pub width: u32,
    /// Lines in a frame.
    pub height: u32,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        let parsed = s.split_once(['x', 'X']).and_then(|(w, h)| Some((w.parse::<u32>().ok()?, h.parse::<u32>().ok()?)));
        match parsed {
            Some((width @ 1..=65536, height @ 1..=65536)) => Ok(Size { width, height }),
            _ => Err(format!("\"{s}\" is not a size: WIDTHxHEIGHT in pixels, each 1 to 65536, such as 1280x720")),
        }
    }
}

/// Frames per second as the exact fraction that V4L2 and USB use: 30 is 30/1, NTSC is 30000/1001.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Frames.
    pub numerator: u32,
    /// Seconds.
    pub denominator: u32,
}

impl Rate {
    /// Frames per second.
    pub fn fps(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// Time from one frame to the next.
    pub fn interval(self) -> Duration {
        Duration::from_nanos(u64::from(self.denominator) * 1_000_000_000 / u64::from(self.numerator.max(1)))
    }

    /// The rate of which `seconds` is the frame interval (`v4l2_captureparm.timeperframe`); `None` when it is not one.
    pub(crate) fn from_interval(numerator: u32, denominator: u32) -> Option<Self> {
        (numerator > 0 && denominator > 0).then_some(Rate { numerator: denominator, denominator: numerator })
    }

    /// Whether both are the same rate to a part in ten thousand: a driver that counts in 100 ns (USB) cannot say 30 fps exactly.
    pub(crate) fn is_close_to(self, other: Rate) -> bool {
        (self.fps() - other.fps()).abs() <= other.fps() * 1e-4
    }
}

impl PartialEq for Rate {
    fn eq(&self, other: &Self) -> bool {
        u64::from(self.numerator) * u64::from(other.denominator)
            == u64::from(other.numerator) * u64::from(self.denominator)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.3}", self.fps());
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl FromStr for Rate {
    type Err = String;

    /// `30`, `29.97` (taken as 30000/1001, as are 59.94 and 23.976), `12.5` or `30000/1001`.
    fn from_str(s: &str) -> Result<Self, String> {
        let error = || format!("\"{s}\" is not a frame rate: frames per second such as 30, 29.97 or 30000/1001");
        let (numerator, denominator) = match s.split_once('/') {
            Some((n, d)) => (n.parse().map_err(|_| error())?, d.parse().map_err(|_| error())?),
            None => {
                let fps: f64 = s.parse().map_err(|_| error())?;
                if !(0.001..=10_000.0).contains(&fps) {
                    return Err(error());
                }
                let ntsc = (fps.ceil() * 1000.0) / 1001.0;
                if fps.fract() != 0.0 && (fps - ntsc).abs() < 0.005 {
                    (fps.ceil() as u32 * 1000, 1001)
                } else if fps.fract() == 0.0 {
                    (fps as u32, 1)
                } else {
                    ((fps * 1000.0).round() as u32, 1000)
                }
            }
        };
        if numerator == 0
            || denominator == 0
            || !(0.001..=10_000.0).contains(&(f64::from(numerator) / f64::from(denominator)))
        {
            return Err(error());
        }
        Ok(Rate { numerator, denominator })
    }
}

/// One memory plane of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneFormat {
    /// Bytes from the start of a line to the start of the next (the stride); 0 for compressed formats.
    pub bytesperline: u32,
    /// The most bytes a frame can take in this plane.
    pub sizeimage: u32,
}

/// What the driver granted: `v4l2_pix_format` or `v4l2_pix_format_mplane`, without what nobody needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// The pixel format.
    pub fourcc: FourCC,
    /// Width and height in pixels.
    pub size: Size,
    /// The memory planes: one for single-planar formats, up to `VIDEO_MAX_PLANES` otherwise. Never empty.
    pub planes: Vec<PlaneFormat>,
    /// Whether frames differ in length: by the driver's list of formats, where that has it (`V4L2_FMT_FLAG_COMPRESSED`).
    pub compressed: bool,
    /// Whether samples use the full range 0..=255 rather than 16..=235/240 (`v4l2_quantization`, defaults resolved).
    pub full_range: bool,
    /// Whether the picture's two fields come interleaved or one at a time (`v4l2_field` other than NONE or ANY).
    pub interlaced: bool,
}

impl Format {
    /// A format with what its name implies: compressed or not, and the usual range of its samples.
    pub fn new(fourcc: FourCC, size: Size, planes: Vec<PlaneFormat>) -> Self {
        let row = PixelFormat::of(fourcc);
        Format {
            fourcc,
            size,
            compressed: match row {
                Some(row) => row.is_compressed(),
                None => planes.first().is_none_or(|plane| plane.bytesperline == 0),
            },
            planes,
            full_range: row.is_some_and(PixelFormat::is_full_range),
            interlaced: false,
        }
    }

    /// The stride of the first plane in bytes.
    pub fn bytesperline(&self) -> u32 {
        self.planes.first().map_or(0, |plane| plane.bytesperline)
    }

    /// The most bytes a frame can take, all planes together.
    pub fn sizeimage(&self) -> u64 {
        self.planes.iter().map(|plane| u64::from(plane.sizeimage)).sum()
    }

    /// Bytes that `plane` must hold for every line of the picture to be there, or 0 if nothing says so (compressed
    /// formats): a frame with fewer is short. The last line's padding is not asked for.
    pub fn complete(&self, plane: usize) -> u32 {
        pixel::complete(self, plane)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.fourcc, self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourcc_reads_everyday_names_and_writes_the_kernels() {
        for (text, code) in
            [("YUYV", *b"YUYV"), ("yuyv", *b"YUYV"), ("mjpeg", *b"MJPG"), ("Y16", *b"Y16 "), ("pBAA", *b"pBAA")]
        {
            assert_eq!(text.parse(), Ok(FourCC(code)), "{text}");
        }
        let big_endian: FourCC = "Y16-BE".parse().unwrap();
        assert_eq!(u32::from(big_endian), u32::from_le_bytes(*b"Y16 ") | 1 << 31);
        assert_eq!(big_endian.to_string(), "Y16 -BE");
        assert_eq!(FourCC([0, 1, b'A', b'B']).to_string(), "\\x00\\x01AB");
        for bad in ["", "YUYVX", "Ü", "\\xyz", "\t"] {
            assert!(bad.parse::<FourCC>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_format_can_be_asked_for_as_it_is_listed() {
        let written =
            [*b"Y16 ", *b"Z16 ", *b"Y8I ", *b"dvsd", *b"ip3y", *b"abcd", [0, 1, b'A', b'B'], *b"\\x41", *b" \xffY\x80"];
        let codes = PixelFormat::readable().map(|row| row.fourcc).chain(written.map(FourCC));
        for code in codes.chain([u32::from(FourCC(*b"Y16 ")) | 1 << 31, 0, u32::MAX].map(FourCC::from)) {
            assert_eq!(code.to_string().parse(), Ok(code), "{code}");
        }
    }

    #[test]
    fn sizes_and_rates_are_read_exactly() {
        assert_eq!("1280x720".parse(), Ok(Size { width: 1280, height: 720 }));
        for bad in ["1280", "x720", "0x720", "1280x-1", "99999999x2"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
        for (text, numerator, denominator) in [
            ("30", 30, 1),
            ("29.97", 30000, 1001),
            ("59.94", 60000, 1001),
            ("23.976", 24000, 1001),
            ("12.5", 12500, 1000),
            ("30000/1001", 30000, 1001),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate, Rate { numerator, denominator }, "{text}");
        }
        for bad in ["0", "-1", "1/0", "NaN", "inf", "fast", "1e9"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
        assert_eq!(Rate { numerator: 30000, denominator: 1001 }.to_string(), "29.97");
        assert_eq!(Rate { numerator: 30, denominator: 1 }.to_string(), "30");
        // uvcvideo's 333333 units of 100 ns
        assert!(
            Rate { numerator: 10_000_000, denominator: 333_333 }.is_close_to(Rate { numerator: 30, denominator: 1 })
        );
    }
}
