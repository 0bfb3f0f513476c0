//! Formats, frame sizes and frame intervals: what a device offers, what is set, what is granted.

use std::io;
use std::os::fd::BorrowedFd;

use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::v4l_sys as sys;
use v4l::v4l2::vidioc;

use super::colour::Colour;
use super::{Abi, BufferType, call, enumerate, text};
use crate::format::{Field, Format, FourCC, PlaneFormat, Rate, Size};
use crate::v4l2::buffers::MAX_PLANES;

/// What VIDIOC_ENUM_FMT says about a format.
#[derive(Clone, Debug)]
pub(crate) struct FormatDescription {
    pub(crate) fourcc: FourCC,
    pub(crate) description: String,
    pub(crate) compressed: bool,
}

/// All formats of the queue.
pub(crate) fn formats(device: BorrowedFd<'_>, buffer_type: BufferType) -> io::Result<Vec<FormatDescription>> {
    enumerate(|index| {
        let mut format = sys::v4l2_fmtdesc::zeroed();
        format.index = index;
        format.type_ = buffer_type.raw();
        // SAFETY: VIDIOC_ENUM_FMT takes a v4l2_fmtdesc, which holds no pointer.
        unsafe { call(device, vidioc::VIDIOC_ENUM_FMT, &mut format) }?;
        Ok(FormatDescription {
            fourcc: format.pixelformat.into(),
            description: text(&format.description),
            compressed: format.flags & sys::V4L2_FMT_FLAG_COMPRESSED != 0,
        })
    })
}

/// The frame sizes of a format (VIDIOC_ENUM_FRAMESIZES): discrete ones, or one range.
pub(crate) fn frame_sizes(device: BorrowedFd<'_>, fourcc: FourCC) -> io::Result<Vec<FrameSizeEnum>> {
    enumerate(|index| {
        let mut size = sys::v4l2_frmsizeenum::zeroed();
        size.index = index;
        size.pixel_format = fourcc.into();
        // SAFETY: VIDIOC_ENUM_FRAMESIZES takes a v4l2_frmsizeenum, which holds no pointer.
        unsafe { call(device, vidioc::VIDIOC_ENUM_FRAMESIZES, &mut size) }?;
        FrameSizeEnum::try_from(size).map_err(io::Error::other)
    })
}

/// The frame intervals of a format and size (VIDIOC_ENUM_FRAMEINTERVALS), in seconds: discrete ones, or one range.
pub(crate) fn frame_intervals(
    device: BorrowedFd<'_>,
    fourcc: FourCC,
    size: Size,
) -> io::Result<Vec<FrameIntervalEnum>> {
    enumerate(|index| {
        let mut interval = sys::v4l2_frmivalenum::zeroed();
        interval.index = index;
        interval.pixel_format = fourcc.into();
        interval.width = size.width;
        interval.height = size.height;
        // SAFETY: VIDIOC_ENUM_FRAMEINTERVALS takes a v4l2_frmivalenum, which holds no pointer.
        unsafe { call(device, vidioc::VIDIOC_ENUM_FRAMEINTERVALS, &mut interval) }?;
        FrameIntervalEnum::try_from(interval).map_err(io::Error::other)
    })
}

/// Asks for a format (VIDIOC_S_FMT) and answers what the driver made of it.
pub(crate) fn set_format(
    device: BorrowedFd<'_>,
    buffer_type: BufferType,
    fourcc: FourCC,
    size: Size,
) -> io::Result<Format> {
    let mut format = sys::v4l2_format::zeroed();
    format.type_ = buffer_type.raw();
    let field = sys::v4l2_field_V4L2_FIELD_ANY;
    match buffer_type {
        BufferType::SinglePlanar => {
            format.fmt.pix = sys::v4l2_pix_format {
                width: size.width,
                height: size.height,
                pixelformat: fourcc.into(),
                field,
                // SAFETY: all-zero bytes are a valid v4l2_pix_format, a C struct of integers.
                ..unsafe { std::mem::zeroed() }
            };
        }
        BufferType::MultiPlanar => {
            format.fmt.pix_mp = sys::v4l2_pix_format_mplane {
                width: size.width,
                height: size.height,
                pixelformat: fourcc.into(),
                field,
                // SAFETY: all-zero bytes are a valid v4l2_pix_format_mplane, a C struct of integers.
                ..unsafe { std::mem::zeroed() }
            };
        }
    }
    // SAFETY: VIDIOC_S_FMT takes a v4l2_format, in which the kernel follows no pointer for these types.
    unsafe { call(device, vidioc::VIDIOC_S_FMT, &mut format) }?;
    read(&format, buffer_type)
}

/// The format that is set (VIDIOC_G_FMT).
pub(crate) fn format(device: BorrowedFd<'_>, buffer_type: BufferType) -> io::Result<Format> {
    let mut format = sys::v4l2_format::zeroed();
    format.type_ = buffer_type.raw();
    // SAFETY: VIDIOC_G_FMT takes a v4l2_format, in which the kernel follows no pointer for these types.
    unsafe { call(device, vidioc::VIDIOC_G_FMT, &mut format) }?;
    read(&format, buffer_type)
}

fn read(format: &sys::v4l2_format, buffer_type: BufferType) -> io::Result<Format> {
    let answer = match buffer_type {
        BufferType::SinglePlanar => {
            // SAFETY: for this type the kernel fills in `pix`, a struct of integers.
            let pix = unsafe { format.fmt.pix };
            let planes = vec![PlaneFormat { bytesperline: pix.bytesperline, sizeimage: pix.sizeimage }];
            let format = Format::new(pix.pixelformat.into(), Size { width: pix.width, height: pix.height }, planes);
            // SAFETY: a union of two enums; any bits are a valid u32.
            let encoding = unsafe { pix.__bindgen_anon_1.ycbcr_enc };
            let colour = Colour {
                colorspace: pix.colorspace,
                encoding,
                transfer: pix.xfer_func,
                quantization: pix.quantization,
            };
            Format { field: field(pix.field), ..colour.of(format) }
        }
        BufferType::MultiPlanar => {
            // SAFETY: for this type the kernel fills in `pix_mp`, a packed struct of integers that is read by value.
            let pix = unsafe { format.fmt.pix_mp };
            let planes = pix.plane_fmt;
            let planes = planes.iter().take(usize::from(pix.num_planes).min(MAX_PLANES));
            let planes =
                planes.map(|plane| PlaneFormat { bytesperline: plane.bytesperline, sizeimage: plane.sizeimage });
            let size = Size { width: pix.width, height: pix.height };
            let format = Format::new(pix.pixelformat.into(), size, planes.collect());
            // SAFETY: a union of two bytes; any bits are a valid u8.
            let encoding = unsafe { pix.__bindgen_anon_1.ycbcr_enc };
            let [encoding, transfer, quantization] = [encoding, pix.xfer_func, pix.quantization].map(u32::from);
            let colour = Colour { colorspace: pix.colorspace, encoding, transfer, quantization };
            Format { field: field(pix.field), ..colour.of(format) }
        }
    };
    if answer.planes.is_empty() || answer.size.width == 0 || answer.size.height == 0 {
        return Err(io::Error::other(format!("the driver granted {answer} with {} planes", answer.planes.len())));
    }
    Ok(answer)
}

/// A driver must not answer V4L2_FIELD_ANY; where one does it is a webcam's, which knows no fields.
pub(super) fn field(field: u32) -> Field {
    match field {
        sys::v4l2_field_V4L2_FIELD_TOP => Field::Top,
        sys::v4l2_field_V4L2_FIELD_BOTTOM => Field::Bottom,
        sys::v4l2_field_V4L2_FIELD_INTERLACED => Field::Interlaced,
        sys::v4l2_field_V4L2_FIELD_SEQ_TB => Field::SeqTb,
        sys::v4l2_field_V4L2_FIELD_SEQ_BT => Field::SeqBt,
        sys::v4l2_field_V4L2_FIELD_ALTERNATE => Field::Alternate,
        sys::v4l2_field_V4L2_FIELD_INTERLACED_TB => Field::InterlacedTb,
        sys::v4l2_field_V4L2_FIELD_INTERLACED_BT => Field::InterlacedBt,
        _ => Field::None,
    }
}

/// The frame rate in use (VIDIOC_G_PARM); `None` where the driver does not tell.
pub(crate) fn rate(device: BorrowedFd<'_>, buffer_type: BufferType) -> io::Result<Option<Rate>> {
    let mut parameters = sys::v4l2_streamparm::zeroed();
    parameters.type_ = buffer_type.raw();
    // SAFETY: VIDIOC_G_PARM takes a v4l2_streamparm, which holds no pointer.
    unsafe { call(device, vidioc::VIDIOC_G_PARM, &mut parameters) }?;
    // SAFETY: for a capture type the kernel fills in `capture`, a struct of integers.
    let interval = unsafe { parameters.parm.capture.timeperframe };
    Ok(Rate::from_interval(interval.numerator, interval.denominator))
}

/// Asks for a frame rate (VIDIOC_S_PARM); what the driver made of it is to be read back.
pub(crate) fn set_rate(device: BorrowedFd<'_>, buffer_type: BufferType, rate: Rate) -> io::Result<()> {
    let mut parameters = sys::v4l2_streamparm::zeroed();
    parameters.type_ = buffer_type.raw();
    parameters.parm.capture.timeperframe = sys::v4l2_fract { numerator: rate.denominator, denominator: rate.numerator };
    // SAFETY: VIDIOC_S_PARM takes a v4l2_streamparm, which holds no pointer.
    unsafe { call(device, vidioc::VIDIOC_S_PARM, &mut parameters) }
}
