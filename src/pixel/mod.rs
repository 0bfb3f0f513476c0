//! Pixel formats: how each of them lies in memory, in one table.
//!
//! [`table`] has a row for each format whose memory picam knows. [`planes`] finds a frame's component planes with the strides
//! that the driver granted. [`lines`] takes a line of samples apart, and [`bt601`] converts luma and chroma of another encoding.
//! The frame check, Y4M, JPEG and the test camera all go by these rows. A format without a row is captured too: of its frames
//! only the first plane's lines can be checked.

mod bt601;
pub(crate) mod lines;
mod planes;
mod table;

use crate::format::FourCC;

pub(crate) use bt601::ToBt601;
pub(crate) use planes::{Component, complete, components};

/// What V4L2's documentation says about a format's memory: a row of the table.
#[derive(Debug)]
pub(crate) struct PixelFormat {
    pub(crate) fourcc: FourCC,
    pub(crate) model: Model,
    /// In the order in which they lie in memory; none if the format is compressed.
    pub(crate) planes: &'static [Plane],
    /// Each plane is in a buffer of its own, which only drivers with the multi-planar API offer.
    pub(crate) separate: bool,
    /// How to take the samples apart; `None` for formats that picam only passes on.
    pub(crate) layout: Option<Layout>,
}

/// What the samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// Luma and chroma.
    Yuv,
    /// Luma alone.
    Grey,
    /// Red, green and blue, or hue, saturation and value.
    Rgb,
    /// A sensor's own samples, one colour a pixel.
    Bayer,
    /// Depth, a palette's indices, chroma alone.
    Other,
    /// Each frame is a JPEG.
    Jpeg,
    /// Another compressed format.
    Compressed,
}

/// A plane of components: a group of `pixels` pixels takes `bytes` bytes, and `lines` lines of the picture share one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plane {
    pub(crate) bytes: u8,
    pub(crate) pixels: u8,
    pub(crate) lines: u8,
}

impl Plane {
    /// Bytes of a line of `width` pixels, without padding.
    pub(crate) fn line(self, width: u32) -> u64 {
        u64::from(width).div_ceil(u64::from(self.pixels)) * u64::from(self.bytes)
    }

    /// Lines of a picture of `height` lines.
    pub(crate) fn height(self, height: u32) -> u64 {
        u64::from(height).div_ceil(u64::from(self.lines))
    }
}

/// How to read the samples of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) arrangement: Arrangement,
    /// Cr comes before Cb.
    pub(crate) swapped: bool,
    pub(crate) chroma: Chroma,
}

/// How the components of a pixel format are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrangement {
    /// One plane: Y0 Cb Y1 Cr.
    Yuyv,
    /// One plane: Cb Y0 Cr Y1.
    Uyvy,
    /// A plane of luma and one of Cb and Cr interleaved.
    SemiPlanar,
    /// A plane each of luma, Cb and Cr.
    Planar,
    /// Luma only.
    Grey,
    /// One plane: R G B.
    Rgb,
    /// One plane: B G R.
    Bgr,
}

impl Arrangement {
    /// Whether the samples are red, green and blue, which are converted to luma and chroma of limited range.
    pub(crate) fn is_rgb(self) -> bool {
        matches!(self, Arrangement::Rgb | Arrangement::Bgr)
    }
}

/// How many samples of chroma there are to those of luma, once the components are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chroma {
    Mono,
    /// Half the samples in a line, half the lines; V4L2 sites them between the four pixels that share them, as JPEG.
    C420,
    /// Half the samples in a line.
    C422,
    C444,
}

impl Chroma {
    /// Samples in a line and lines of one chroma plane.
    pub(crate) fn size(self, width: usize, height: usize) -> (usize, usize) {
        match self {
            Chroma::Mono => (0, 0),
            Chroma::C420 => (width.div_ceil(2), height.div_ceil(2)),
            Chroma::C422 => (width.div_ceil(2), height),
            Chroma::C444 => (width, height),
        }
    }
}

impl PixelFormat {
    /// The row of a format; `None` if the table lacks it.
    pub(crate) fn of(fourcc: FourCC) -> Option<&'static PixelFormat> {
        table::TABLE.iter().find(|row| row.fourcc == fourcc)
    }

    /// The table's first row.
    pub(crate) fn yuyv() -> &'static PixelFormat {
        &table::TABLE[0]
    }

    /// The formats whose samples can be read.
    pub(crate) fn readable() -> impl Iterator<Item = &'static PixelFormat> {
        table::TABLE.iter().filter(|row| row.layout.is_some())
    }

    pub(crate) fn is_compressed(&self) -> bool {
        matches!(self.model, Model::Jpeg | Model::Compressed)
    }

    /// Whether the samples of this format are of full range if the driver does not say: by V4L2_MAP_QUANTIZATION_DEFAULT, but
    /// for luma alone, of which cameras, and vivid, use all.
    pub(crate) fn is_full_range(&self) -> bool {
        matches!(self.model, Model::Rgb | Model::Grey | Model::Jpeg)
    }
}

#[cfg(test)]
mod tests;
