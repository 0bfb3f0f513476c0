//! Agreeing with the driver: input and DV timings, format, rate, controls. What the driver granted is what counts; where
//! it differs from what was asked, that is said.

use std::io;
use std::sync::Arc;

use rustix::io::Errno;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;

use super::controls;
use super::discover::Device;
use super::error::DeviceError;
use crate::config::CaptureConfig;
use crate::format::{Field, Format, FourCC, Need, Rate, Size};
use crate::repeated::Repeated;
use crate::v4l2::ioctl::{self, FormatDescription};

/// What the driver granted.
pub(crate) struct Granted {
    pub(crate) format: Format,
    /// The formats that there are to ask for.
    pub(crate) offered: Arc<[FourCC]>,
    /// Of frames, which may be fields.
    pub(crate) rate: Option<Rate>,
    /// How it differs from what was asked, a sentence each.
    pub(crate) differences: Vec<String>,
    /// What stands in the way of a better rate, and what would serve.
    pub(crate) advice: Option<String>,
}

/// Asks `device` for what `config` wants.
pub(crate) fn negotiate(device: &Device, config: &CaptureConfig, repeated: &Repeated) -> Result<Granted, DeviceError> {
    select_input(device, config, repeated)?;
    let formats = ioctl::formats(device.fd(), device.buffer_type)
        .map_err(|e| device.failed("list its formats (VIDIOC_ENUM_FMT)", e))?;
    let format = set_format(device, config, &formats)?;
    let mut differences = format_differences(config, config.size, &format);
    let rate = set_rate(device, config)?;
    if let Some(wanted) = config.rate {
        match rate {
            Some(granted) if granted.is_close_to(wanted) => {}
            Some(granted) => differences.push(format!("{granted} fps, not {wanted}")),
            None => differences.push(format!("a rate of its own, not {wanted} fps")),
        }
    }
    let advice = bandwidth_advice(device, config, &formats, &format, rate);
    differences.extend(controls::set_all(device, &config.controls)?);
    if config.strict && !differences.is_empty() {
        let problem = format!("grants {}", differences.join(", and "));
        return Err(DeviceError::Refused { device: device.name(), problem, offers: offers(device, config, &formats) });
    }
    let offered = formats.iter().map(|format| format.fourcc).collect();
    // The driver's rate is that of pictures, and of these there are two frames each.
    let rate = if format.field == Field::Alternate { rate.map(Rate::doubled) } else { rate };
    Ok(Granted { format, offered, rate, differences, advice })
}

fn select_input(device: &Device, config: &CaptureConfig, repeated: &Repeated) -> Result<(), DeviceError> {
    let inputs = ioctl::inputs(device.fd()).map_err(|e| device.failed("list its inputs (VIDIOC_ENUMINPUT)", e))?;
    if let Some(wanted) = config.input {
        if wanted as usize >= inputs.len() {
            let offers = inputs.iter().enumerate().map(|(index, input)| format!("{index} ({})", input.name)).collect();
            return Err(DeviceError::Refused {
                device: device.name(),
                problem: format!("has no input {wanted}"),
                offers,
            });
        }
        ioctl::set_input(device.fd(), wanted).map_err(|e| device.failed("select its input (VIDIOC_S_INPUT)", e))?;
    }
    let current = ioctl::input(device.fd()).unwrap_or(0);
    // Before the signal is looked at, so that no change goes unseen. The event's id is the input's number; drivers that do
    // not number theirs say 0, and one without events is an ordinary one.
    for input in [0, current] {
        let _ = ioctl::subscribe_source_change(device.fd(), input);
    }
    match inputs.get(current as usize) {
        Some(input) if input.has_dv_timings => follow_signal(device, repeated),
        _ => Ok(()),
    }
}

/// Sets the timings of what is plugged in, without which an HDMI input delivers nothing or the wrong picture.
fn follow_signal(device: &Device, repeated: &Repeated) -> Result<(), DeviceError> {
    let timings = match ioctl::query_dv_timings(device.fd()) {
        Ok(timings) => timings,
        Err(source) => {
            let reason = match Errno::from_io_error(&source) {
                Some(Errno::NOLINK) => "no signal",
                Some(Errno::NOLCK) => "the signal is not stable",
                Some(Errno::RANGE) => "the signal is out of range",
                // A driver that cannot tell keeps the timings that are set.
                Some(Errno::NODATA | Errno::NOTTY | Errno::INVAL) => return Ok(()),
                _ => return Err(device.failed("look for a signal (VIDIOC_QUERY_DV_TIMINGS)", source)),
            };
            return Err(DeviceError::NoSignal { device: device.name(), reason, source });
        }
    };
    let (size, rate) = timings.picture();
    let rate = rate.map(|rate| format!(" at {rate} fps")).unwrap_or_default();
    // At each try to start the stream.
    repeated.info(format!("{}: the signal is {size}{rate}", device.name()));
    ioctl::set_dv_timings(device.fd(), &timings)
        .map_err(|e| device.failed("follow the signal (VIDIOC_S_DV_TIMINGS)", e))
}

fn set_format(device: &Device, config: &CaptureConfig, formats: &[FormatDescription]) -> Result<Format, DeviceError> {
    let offered: Vec<_> = formats.iter().map(|format| format.fourcc).collect();
    let fourcc = choose(&config.formats, &offered, config.need);
    let format = ioctl::set_format(device.fd(), device.buffer_type, fourcc, config.size).map_err(|source| {
        match Errno::from_io_error(&source) {
            Some(Errno::INVAL) => DeviceError::Refused {
                device: device.name(),
                problem: format!("refuses {fourcc} {}", config.size),
                offers: offers(device, config, formats),
            },
            _ => device.failed("set the format (VIDIOC_S_FMT)", source),
        }
    })?;
    // The driver knows best which formats are compressed: there are more than the table can have.
    let listed = formats.iter().find(|listed| listed.fourcc == format.fourcc).map(|listed| listed.compressed);
    Ok(Format {
        compressed: listed.unwrap_or(format.compressed),
        field: match format.field {
            // Of V4L2_FIELD_INTERLACED the bottom field is older in standards of 525 lines, and the top field in all others.
            Field::Interlaced if ioctl::has_525_lines(device.fd()) == Some(true) => Field::InterlacedBt,
            Field::Interlaced => Field::InterlacedTb,
            field => field,
        },
        ..format
    })
}

/// The format to ask for: of those `asked` for the first that the camera offers and the outputs can use, or else that it
/// offers; of the camera's own the first that the outputs can use. What a driver makes of one it does not offer is its own
/// affair, and for outputs that take any bytes as good as another.
pub(crate) fn choose(asked: &[FourCC], offered: &[FourCC], need: Need) -> FourCC {
    let usable = |fourcc: &&FourCC| need.is_met_by(**fourcc);
    let mut granted = asked.iter().filter(|fourcc| offered.contains(fourcc));
    let own = || offered.iter().filter(|_| need != Need::Bytes).find(usable);
    let chosen = granted.clone().find(usable).or_else(|| granted.next()).or_else(own).or(asked.first());
    chosen.copied().unwrap_or(FourCC::YUYV)
}

/// How the granted format differs from the formats and the size that were asked for.
pub(crate) fn format_differences(config: &CaptureConfig, size: Size, granted: &Format) -> Vec<String> {
    let mut differences = Vec::new();
    if !config.formats.contains(&granted.fourcc) {
        let wanted: Vec<_> = config.formats.iter().map(FourCC::to_string).collect();
        differences.push(format!("{}, not {}", granted.fourcc, wanted.join(" or ")));
    }
    if granted.size != size {
        differences.push(format!("{}, not {size}", granted.size));
    }
    differences
}

fn set_rate(device: &Device, config: &CaptureConfig) -> Result<Option<Rate>, DeviceError> {
    // Drivers of sensors whose rate is a matter of controls, and of signals that have their own, know neither request.
    let unknown = |error: &io::Error| matches!(Errno::from_io_error(error), Some(Errno::NOTTY | Errno::INVAL));
    if let Some(rate) = config.rate {
        match ioctl::set_rate(device.fd(), device.buffer_type, rate) {
            Err(error) if !unknown(&error) => return Err(device.failed("set the rate (VIDIOC_S_PARM)", error)),
            _ => {}
        }
    }
    match ioctl::rate(device.fd(), device.buffer_type) {
        Ok(rate) => Ok(rate),
        Err(error) if unknown(&error) => Ok(None),
        Err(error) => Err(device.failed("ask for the rate (VIDIOC_G_PARM)", error)),
    }
}

/// What the device can do in place of what was asked: "YUYV 640x480 (30, 25 fps)" for each mode of the formats that were asked
/// for (of its first few where none of them is there), and the names of the others.
fn offers(device: &Device, config: &CaptureConfig, formats: &[FormatDescription]) -> Vec<String> {
    let asked = |format: &&FormatDescription| config.formats.contains(&format.fourcc);
    let (mut told, mut others): (Vec<_>, Vec<_>) = formats.iter().partition(asked);
    if told.is_empty() {
        told = others.drain(..others.len().min(3)).collect();
    }
    let of_format = |format: &&FormatDescription| {
        let fourcc = format.fourcc;
        let modes = modes(device, fourcc).into_iter().map(move |mode| format!("{fourcc} {mode}"));
        modes.collect::<Vec<_>>()
    };
    let mut offers: Vec<_> = told.iter().flat_map(of_format).collect();
    if !others.is_empty() {
        let names: Vec<_> = others.iter().map(|format| format.fourcc.to_string()).collect();
        offers.push(format!("other formats: {}", names.join(" ")));
    }
    offers
}

/// A frame size of a format and the rates it comes at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mode {
    /// One size, fastest rate first; no rates where the driver does not tell them.
    Discrete(Size, Rates),
    /// Sizes from one to another in steps of pixels (width, height).
    Stepwise { minimum: Size, maximum: Size, step: Size, rates: Rates },
}

/// The rates of a size.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rates {
    Discrete(Vec<Rate>),
    /// Any rate from the slowest to the fastest.
    Range(Rate, Rate),
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Mode::Discrete(size, rates) => write!(f, "{size}{rates}"),
            Mode::Stepwise { minimum, maximum, step, rates } if step.width == 1 && step.height == 1 => {
                write!(f, "{minimum} to {maximum}{rates}")
            }
            Mode::Stepwise { minimum, maximum, step, rates } => {
                write!(f, "{minimum} to {maximum} in steps of {step}{rates}")
            }
        }
    }
}

impl std::fmt::Display for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Rates::Discrete(rates) if rates.is_empty() => Ok(()),
            Rates::Discrete(rates) => {
                let rates: Vec<_> = rates.iter().map(Rate::to_string).collect();
                write!(f, " ({} fps)", rates.join(", "))
            }
            Rates::Range(slowest, fastest) => write!(f, " ({slowest} to {fastest} fps)"),
        }
    }
}

impl Rates {
    fn fastest(&self) -> Option<Rate> {
        match self {
            Rates::Discrete(rates) => rates.iter().copied().max_by(|a, b| a.fps().total_cmp(&b.fps())),
            Rates::Range(_, fastest) => Some(*fastest),
        }
    }
}

/// The sizes and rates of a format, as far as the driver tells.
pub(crate) fn modes(device: &Device, fourcc: FourCC) -> Vec<Mode> {
    let sizes = ioctl::frame_sizes(device.fd(), fourcc).unwrap_or_default();
    let mode = |size| match size {
        FrameSizeEnum::Discrete(size) => {
            let size = Size { width: size.width, height: size.height };
            Mode::Discrete(size, rates(device, fourcc, size))
        }
        FrameSizeEnum::Stepwise(range) => {
            let maximum = Size { width: range.max_width, height: range.max_height };
            Mode::Stepwise {
                minimum: Size { width: range.min_width, height: range.min_height },
                maximum,
                step: Size { width: range.step_width, height: range.step_height },
                rates: rates(device, fourcc, maximum),
            }
        }
    };
    sizes.into_iter().map(mode).collect()
}

fn rates(device: &Device, fourcc: FourCC, size: Size) -> Rates {
    let mut discrete = Vec::new();
    for interval in ioctl::frame_intervals(device.fd(), fourcc, size).unwrap_or_default() {
        match interval {
            FrameIntervalEnum::Discrete(interval) => {
                discrete.extend(Rate::from_interval(interval.numerator, interval.denominator));
            }
            FrameIntervalEnum::Stepwise(range) => {
                let rate = |f: v4l::Fraction| Rate::from_interval(f.numerator, f.denominator);
                if let (Some(slowest), Some(fastest)) = (rate(range.max), rate(range.min)) {
                    return Rates::Range(slowest, fastest);
                }
            }
        }
    }
    discrete.sort_by(|a, b| b.fps().total_cmp(&a.fps()));
    Rates::Discrete(discrete)
}

/// The fastest rate a format offers at exactly this size.
fn fastest_at(device: &Device, fourcc: FourCC, size: Size) -> Option<Rate> {
    let rates = rates(device, fourcc, size);
    rates.fastest()
}

/// What a USB 2.0 high-speed isochronous endpoint carries at most: 8000 microframes of 3 packets of 1024 bytes a second.
const USB2_BYTES_PER_SECOND: f64 = 8000.0 * 3.0 * 1024.0;

/// Where USB 2 is what keeps an uncompressed format slow: says so, and which format would serve.
fn bandwidth_advice(
    device: &Device,
    config: &CaptureConfig,
    formats: &[FormatDescription],
    granted: &Format,
    rate: Option<Rate>,
) -> Option<String> {
    let on_usb2 = device.identity.usb.is_some() && device.usb_speed.is_none_or(|speed| speed <= 480);
    if !on_usb2 || granted.compressed {
        return None;
    }
    let compressed = formats.iter().filter(|format| format.compressed);
    let faster = compressed
        .filter_map(|format| Some((format.fourcc, fastest_at(device, format.fourcc, granted.size)?)))
        .max_by(|(_, a), (_, b)| a.fps().total_cmp(&b.fps()));
    usb2_limit(granted, config.rate, rate?, faster)
}

fn usb2_limit(granted: &Format, asked: Option<Rate>, rate: Rate, faster: Option<(FourCC, Rate)>) -> Option<String> {
    // What was asked for; or, where nothing was, what the camera itself could do if the bus did not stand in the way.
    let wanted = asked.or(faster.map(|(_, rate)| rate))?;
    let needed = granted.sizeimage() as f64 * wanted.fps();
    if wanted.fps() <= rate.fps() * 1.01 || needed <= USB2_BYTES_PER_SECOND {
        return None;
    }
    let remedy = match faster {
        Some((fourcc, faster)) if faster.fps() > rate.fps() * 1.01 => {
            format!("; --format {fourcc} gives {faster} fps at this size")
        }
        _ => "; use a smaller size".to_owned(),
    };
    Some(format!(
        "{granted} at {wanted} fps needs {:.1} MB/s and USB 2 carries {:.1} MB/s at most, so it comes at {rate} fps{remedy}",
        needed / 1e6,
        USB2_BYTES_PER_SECOND / 1e6
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::PlaneFormat;

    fn rate(fps: u32) -> Rate {
        Rate { numerator: fps, denominator: 1 }
    }

    fn yuyv(width: u32, height: u32) -> Format {
        Format::new(
            FourCC::YUYV,
            Size { width, height },
            vec![PlaneFormat { bytesperline: width * 2, sizeimage: width * height * 2 }],
        )
    }

    #[test]
    fn usb_2_is_named_only_where_it_is_the_limit() {
        let faster = Some((FourCC::MJPG, rate(30)));
        let advice = usb2_limit(&yuyv(1280, 720), Some(rate(30)), rate(10), faster).unwrap();
        for part in ["YUYV 1280x720 at 30 fps needs 55.3 MB/s", "24.6 MB/s", "--format MJPG gives 30 fps"] {
            assert!(advice.contains(part), "{part} in {advice}");
        }
        assert!(usb2_limit(&yuyv(1280, 720), None, rate(10), faster).is_some());
        assert!(usb2_limit(&yuyv(1280, 720), Some(rate(30)), rate(10), None).unwrap().contains("smaller size"));
        assert_eq!(usb2_limit(&yuyv(1280, 720), Some(rate(10)), rate(10), faster), None, "granted");
        assert_eq!(usb2_limit(&yuyv(640, 480), Some(rate(30)), rate(15), faster), None, "18 MB/s fit: something else");
        assert_eq!(usb2_limit(&yuyv(1280, 720), None, rate(10), None), None, "nothing better to offer, nothing asked");
    }

    #[test]
    fn of_the_camera_s_formats_one_is_chosen_that_the_outputs_can_use() {
        let h264 = FourCC(*b"H264");
        let y16 = FourCC(*b"Y16 ");
        let (yuyv, mjpg, grey) = (FourCC::YUYV, FourCC::MJPG, FourCC::GREY);
        for (asked, offered, need, expected) in [
            // Neither is what was asked for.
            (&[yuyv][..], &[h264, mjpg][..], Need::Picture, mjpg),
            (&[yuyv], &[y16, grey], Need::Picture, grey),
            (&[yuyv], &[h264, mjpg, grey], Need::Samples, grey),
            // Nothing serves, or everything does: the driver decides.
            (&[yuyv], &[h264, y16], Need::Picture, yuyv),
            (&[yuyv], &[h264, mjpg], Need::Bytes, yuyv),
            // What was asked for comes first, if the outputs can use it, and also if they cannot.
            (&[yuyv], &[mjpg, yuyv], Need::Picture, yuyv),
            (&[h264, mjpg], &[h264, mjpg, yuyv], Need::Picture, mjpg),
            (&[h264], &[mjpg, h264], Need::Picture, h264),
        ] {
            assert_eq!(choose(asked, offered, need), expected, "{asked:?} of {offered:?} for {need:?}");
        }
    }

    #[test]
    fn differences_name_what_came_and_what_was_asked() {
        let config = CaptureConfig::default();
        assert!(format_differences(&config, config.size, &yuyv(1280, 720)).is_empty());
        assert_eq!(format_differences(&config, config.size, &yuyv(640, 480)), ["640x480, not 1280x720"]);
        let mjpg = Format { fourcc: FourCC::MJPG, ..yuyv(1280, 720) };
        assert_eq!(format_differences(&config, config.size, &mjpg), ["MJPG, not YUYV"]);
    }

    #[test]
    fn modes_read_as_a_person_would_say_them() {
        let size = |width, height| Size { width, height };
        let rates = Rates::Discrete(vec![rate(30), rate(15)]);
        assert_eq!(Mode::Discrete(size(640, 480), rates.clone()).to_string(), "640x480 (30, 15 fps)");
        let (minimum, maximum, step) = (size(32, 32), size(1920, 1080), size(2, 2));
        let mode = Mode::Stepwise { minimum, maximum, step, rates: Rates::Range(rate(1), rate(60)) };
        assert_eq!(mode.to_string(), "32x32 to 1920x1080 in steps of 2x2 (1 to 60 fps)");
    }
}
