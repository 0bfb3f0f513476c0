//! What a picture looks like in memory: FourCC, size, frame rate, and the [`Format`] a driver granted.
//!
//! Everything here is plain data in V4L2's own terms (`struct v4l2_pix_format`, `struct v4l2_pix_format_mplane`).
//! Sizes in bytes come from the driver's answer, never from `width * 2`.

mod colour;
mod field;
mod fourcc;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use self::colour::{Encoding, Transfer};
pub use self::field::Field;
pub use self::fourcc::FourCC;
use crate::pixel::{self, PixelFormat};

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

    /// The rate whose frame interval is `numerator / denominator` seconds (`v4l2_captureparm.timeperframe`); `None` when that is
    /// no interval.
    pub(crate) fn from_interval(numerator: u32, denominator: u32) -> Option<Self> {
        (numerator > 0 && denominator > 0).then_some(Rate { numerator: denominator, denominator: numerator })
    }

    /// Twice as many frames: a picture's two fields, each a frame.
    pub(crate) fn doubled(self) -> Self {
        match self.numerator.checked_mul(2) {
            Some(numerator) => Rate { numerator, ..self },
            None => Rate { denominator: (self.denominator / 2).max(1), ..self },
        }
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
        let error = || {
            // "30fps" and "30 Hz", as people say it.
            let number = s.trim_end_matches(|c: char| !c.is_ascii_digit());
            let meant = (number != s && number.parse::<f64>().is_ok()).then(|| format!(": did you mean {number}?"));
            let form = "0.001 to 10000 frames per second, such as 30, 29.97 or 30000/1001";
            format!("\"{s}\" is not a frame rate, {form}{}", meant.unwrap_or_default())
        };
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
    /// How luma and chroma were made of red, green and blue.
    pub encoding: Encoding,
    /// How a sample's value grows with the light.
    pub transfer: Transfer,
    /// Whether samples use the full range 0..=255 rather than 16..=235/240 (`v4l2_quantization`, defaults resolved).
    pub full_range: bool,
    /// Which lines of a picture a buffer holds.
    pub field: Field,
}

impl Format {
    /// A format with what its name implies: compressed or not, and the usual meaning of its samples.
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
            encoding: Encoding::default(),
            transfer: Transfer::default(),
            full_range: row.is_some_and(PixelFormat::is_full_range),
            field: Field::None,
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
