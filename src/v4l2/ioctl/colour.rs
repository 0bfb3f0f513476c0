//! What the driver says about the meaning of samples.
//!
//! What it leaves open follows from the colour space, as by videodev2.h's V4L2_MAP_YCBCR_ENC_DEFAULT,
//! V4L2_MAP_XFER_FUNC_DEFAULT and V4L2_MAP_QUANTIZATION_DEFAULT; luma alone is of full range unless the driver says otherwise.

use v4l::v4l_sys::{
    v4l2_colorspace_V4L2_COLORSPACE_BT2020 as SPACE_BT2020, v4l2_colorspace_V4L2_COLORSPACE_DCI_P3 as SPACE_DCI_P3,
    v4l2_colorspace_V4L2_COLORSPACE_DEFAULT as SPACE_DEFAULT, v4l2_colorspace_V4L2_COLORSPACE_JPEG as SPACE_JPEG,
    v4l2_colorspace_V4L2_COLORSPACE_OPRGB as SPACE_OPRGB, v4l2_colorspace_V4L2_COLORSPACE_RAW as SPACE_RAW,
    v4l2_colorspace_V4L2_COLORSPACE_REC709 as SPACE_REC709,
    v4l2_colorspace_V4L2_COLORSPACE_SMPTE240M as SPACE_SMPTE240M, v4l2_colorspace_V4L2_COLORSPACE_SRGB as SPACE_SRGB,
    v4l2_quantization_V4L2_QUANTIZATION_FULL_RANGE as FULL_RANGE,
    v4l2_quantization_V4L2_QUANTIZATION_LIM_RANGE as LIMITED_RANGE,
    v4l2_xfer_func_V4L2_XFER_FUNC_DCI_P3 as XFER_DCI_P3, v4l2_xfer_func_V4L2_XFER_FUNC_DEFAULT as XFER_DEFAULT,
    v4l2_xfer_func_V4L2_XFER_FUNC_NONE as XFER_NONE, v4l2_xfer_func_V4L2_XFER_FUNC_OPRGB as XFER_OPRGB,
    v4l2_xfer_func_V4L2_XFER_FUNC_SMPTE240M as XFER_SMPTE240M,
    v4l2_xfer_func_V4L2_XFER_FUNC_SMPTE2084 as XFER_SMPTE2084, v4l2_xfer_func_V4L2_XFER_FUNC_SRGB as XFER_SRGB,
    v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_709 as ENC_709, v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_BT2020 as ENC_BT2020,
    v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_BT2020_CONST_LUM as ENC_BT2020_CONST_LUM,
    v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_DEFAULT as ENC_DEFAULT,
    v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_SMPTE240M as ENC_SMPTE240M,
    v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_XV709 as ENC_XV709,
};

use crate::format::{Encoding, Format, Transfer};

/// The fields of v4l2_pix_format, and of v4l2_pix_format_mplane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Colour {
    pub(super) colorspace: u32,
    pub(super) encoding: u32,
    pub(super) transfer: u32,
    pub(super) quantization: u32,
}

impl Colour {
    /// `format` with samples of this meaning.
    pub(super) fn of(self, format: Format) -> Format {
        let is_full_range = match self.quantization {
            FULL_RANGE => true,
            LIMITED_RANGE => false,
            _ => format.full_range || self.colorspace == SPACE_JPEG,
        };
        Format { encoding: self.encoding(), transfer: self.transfer(), full_range: is_full_range, ..format }
    }

    fn encoding(self) -> Encoding {
        match (self.encoding, self.colorspace) {
            (ENC_709 | ENC_XV709, _) | (ENC_DEFAULT, SPACE_REC709 | SPACE_DCI_P3) => Encoding::Bt709,
            (ENC_BT2020 | ENC_BT2020_CONST_LUM, _) | (ENC_DEFAULT, SPACE_BT2020) => Encoding::Bt2020,
            (ENC_SMPTE240M, _) | (ENC_DEFAULT, SPACE_SMPTE240M) => Encoding::Smpte240m,
            _ => Encoding::Bt601,
        }
    }

    fn transfer(self) -> Transfer {
        match (self.transfer, self.colorspace) {
            (XFER_OPRGB, _) | (XFER_DEFAULT, SPACE_OPRGB) => Transfer::OpRgb,
            (XFER_SMPTE240M, _) | (XFER_DEFAULT, SPACE_SMPTE240M) => Transfer::Smpte240m,
            (XFER_NONE, _) | (XFER_DEFAULT, SPACE_RAW) => Transfer::Linear,
            (XFER_DCI_P3, _) | (XFER_DEFAULT, SPACE_DCI_P3) => Transfer::DciP3,
            (XFER_SMPTE2084, _) => Transfer::Smpte2084,
            // A driver that says nothing at all is taken for a webcam's.
            (XFER_SRGB, _) | (XFER_DEFAULT, SPACE_SRGB | SPACE_JPEG | SPACE_DEFAULT) => Transfer::Srgb,
            _ => Transfer::Bt709,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{FourCC, PlaneFormat, Size};

    #[test]
    fn what_the_driver_leaves_open_follows_from_the_colour_space() {
        let (yuyv, grey, rgb) = (FourCC::YUYV, FourCC::GREY, FourCC::RGB3);
        let colour =
            |colorspace, encoding, transfer, quantization| Colour { colorspace, encoding, transfer, quantization };
        for (fourcc, colour, expected) in [
            (yuyv, Colour::default(), (Encoding::Bt601, Transfer::Srgb, false)),
            (yuyv, colour(SPACE_SRGB, 0, 0, 0), (Encoding::Bt601, Transfer::Srgb, false)),
            (yuyv, colour(SPACE_JPEG, 0, 0, 0), (Encoding::Bt601, Transfer::Srgb, true)),
            (yuyv, colour(SPACE_REC709, 0, 0, 0), (Encoding::Bt709, Transfer::Bt709, false)),
            (yuyv, colour(SPACE_BT2020, 0, 0, FULL_RANGE), (Encoding::Bt2020, Transfer::Bt709, true)),
            (yuyv, colour(SPACE_SMPTE240M, 0, 0, 0), (Encoding::Smpte240m, Transfer::Smpte240m, false)),
            (yuyv, colour(SPACE_SRGB, ENC_XV709, XFER_SMPTE2084, 0), (Encoding::Bt709, Transfer::Smpte2084, false)),
            (grey, colour(SPACE_SRGB, 0, 0, 0), (Encoding::Bt601, Transfer::Srgb, true)),
            (grey, colour(SPACE_SRGB, 0, 0, LIMITED_RANGE), (Encoding::Bt601, Transfer::Srgb, false)),
            (rgb, colour(SPACE_SRGB, 0, 0, 0), (Encoding::Bt601, Transfer::Srgb, true)),
            (rgb, colour(SPACE_RAW, 0, 0, LIMITED_RANGE), (Encoding::Bt601, Transfer::Linear, false)),
        ] {
            let planes = vec![PlaneFormat { bytesperline: 16, sizeimage: 64 }];
            let format = colour.of(Format::new(fourcc, Size { width: 4, height: 4 }, planes));
            assert_eq!((format.encoding, format.transfer, format.full_range), expected, "{fourcc} {colour:?}");
        }
    }
}
