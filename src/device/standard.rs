//! The TV standard of an analogue input: `--standard`.

use std::fmt;
use std::str::FromStr;

use v4l::v4l_sys as sys;

use crate::nearest::nearest;

/// A TV standard, or any of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standard {
    name: &'static str,
    bits: u32,
}

/// The families first: `pal` is what a person means by it.
const STANDARDS: [(&str, u32); 25] = [
    ("pal", sys::V4L2_STD_PAL),
    ("ntsc", sys::V4L2_STD_NTSC),
    ("secam", sys::V4L2_STD_SECAM),
    ("pal-b", sys::V4L2_STD_PAL_B),
    ("pal-b1", sys::V4L2_STD_PAL_B1),
    ("pal-g", sys::V4L2_STD_PAL_G),
    ("pal-h", sys::V4L2_STD_PAL_H),
    ("pal-i", sys::V4L2_STD_PAL_I),
    ("pal-d", sys::V4L2_STD_PAL_D),
    ("pal-d1", sys::V4L2_STD_PAL_D1),
    ("pal-k", sys::V4L2_STD_PAL_K),
    ("pal-m", sys::V4L2_STD_PAL_M),
    ("pal-n", sys::V4L2_STD_PAL_N),
    ("pal-nc", sys::V4L2_STD_PAL_Nc),
    ("pal-60", sys::V4L2_STD_PAL_60),
    ("ntsc-m", sys::V4L2_STD_NTSC_M),
    ("ntsc-m-jp", sys::V4L2_STD_NTSC_M_JP),
    ("ntsc-m-kr", sys::V4L2_STD_NTSC_M_KR),
    ("ntsc-443", sys::V4L2_STD_NTSC_443),
    ("secam-b", sys::V4L2_STD_SECAM_B),
    ("secam-d", sys::V4L2_STD_SECAM_D),
    ("secam-g", sys::V4L2_STD_SECAM_G),
    ("secam-h", sys::V4L2_STD_SECAM_H),
    ("secam-k", sys::V4L2_STD_SECAM_K),
    ("secam-l", sys::V4L2_STD_SECAM_L),
];

impl Standard {
    /// `V4L2_STD_*`: the standard's bit, or those of its family.
    pub(crate) fn bits(self) -> u64 {
        u64::from(self.bits)
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for Standard {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        let wanted = s.to_ascii_lowercase();
        let known = STANDARDS.iter().find(|(name, _)| *name == wanted);
        known.map(|&(name, bits)| Standard { name, bits }).ok_or_else(|| {
            let meant = nearest(s, &STANDARDS.map(|(name, _)| name));
            let meant = meant.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
            format!(
                "\"{s}\" is no TV standard: pal, ntsc or secam, or one of a family, such as pal-b, pal-60 or ntsc-m-jp{meant}"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standards_are_read_and_written_back() {
        for (name, bits) in STANDARDS {
            let standard: Standard = name.to_uppercase().parse().unwrap();
            assert_eq!((standard.to_string().as_str(), standard.bits()), (name, u64::from(bits)));
        }
        assert_eq!("pal".parse::<Standard>().unwrap().bits(), 0xff);
        let error = "palm-b".parse::<Standard>().unwrap_err();
        assert!("ntcs".parse::<Standard>().unwrap_err().contains("did you mean ntsc?"));
        assert!(error.contains("\"palm-b\"") && error.contains("pal, ntsc or secam"), "{error}");
    }
}
