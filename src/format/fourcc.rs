//! The names of pixel formats.

use std::fmt;
use std::str::FromStr;

use crate::pixel::{Model, PixelFormat};

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
        let error = || {
            let usual = ["YUYV", "UYVY", "MJPG", "NV12", "YU12", "RGB3", "GREY"];
            let meant = crate::nearest::nearest(s, &usual).map(|meant| format!(": did you mean {meant}?"));
            let form = "one to four ASCII characters such as YUYV or MJPG";
            format!("\"{s}\" is not a FourCC, {form}{}", meant.unwrap_or_default())
        };
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
}
