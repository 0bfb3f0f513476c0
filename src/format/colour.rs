//! What the values of samples mean, in V4L2's terms.

use std::fmt;

/// How luma and chroma were made of red, green and blue (`v4l2_ycbcr_encoding`, defaults resolved).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// BT.601: standard definition, webcams, JPEG.
    #[default]
    Bt601,
    /// BT.709: high definition.
    Bt709,
    /// BT.2020 of non-constant luminance. The constant one is taken for it: what differs is small, and no camera is known that has it.
    Bt2020,
    /// SMPTE 240M: early high definition.
    Smpte240m,
}

impl Encoding {
    /// The parts of red and blue in luma.
    pub(crate) const fn red_and_blue(self) -> (f64, f64) {
        match self {
            Encoding::Bt601 => (0.299, 0.114),
            Encoding::Bt709 => (0.2126, 0.0722),
            Encoding::Bt2020 => (0.2627, 0.0593),
            Encoding::Smpte240m => (0.212, 0.087),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoding::Bt601 => "bt601",
            Encoding::Bt709 => "bt709",
            Encoding::Bt2020 => "bt2020",
            Encoding::Smpte240m => "smpte240m",
        })
    }
}

/// How a sample's value grows with the light (`v4l2_xfer_func`, defaults resolved).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transfer {
    /// BT.709: television.
    Bt709,
    /// sRGB: webcams, JPEG, displays.
    #[default]
    Srgb,
    /// opRGB, also known as AdobeRGB.
    OpRgb,
    /// SMPTE 240M.
    Smpte240m,
    /// In proportion: sensors' own samples.
    Linear,
    /// DCI-P3.
    DciP3,
    /// SMPTE 2084, also known as PQ: high dynamic range.
    Smpte2084,
}

impl fmt::Display for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transfer::Bt709 => "bt709",
            Transfer::Srgb => "srgb",
            Transfer::OpRgb => "oprgb",
            Transfer::Smpte240m => "smpte240m",
            Transfer::Linear => "linear",
            Transfer::DciP3 => "dci-p3",
            Transfer::Smpte2084 => "smpte2084",
        })
    }
}
