//! Agreeing with the driver: input, TV standard and DV timings, format, rate, controls. What the driver granted is what
//! counts, and it is read back after all that can change it.
//!
//! A setting that fails, with whatever error, is left out: it is a [`Difference`] as what the driver grants otherwise. Whether
//! the camera itself is busy or gone is for the requests to find out without which there is no stream.

use std::sync::Arc;

use rustix::io::Errno;

use super::controls;
use super::difference::Difference;
use super::discover::Device;
use super::error::{DeviceError, reason};
use super::modes::{fastest_at, modes};
use super::standard::Standard;
use crate::config::CaptureConfig;
use crate::format::{Field, Format, FourCC, Need, Rate, Size};
use crate::repeated::Repeated;
use crate::v4l2::ioctl::{self, FormatDescription, Input};

/// What the driver granted.
pub(crate) struct Granted {
    pub(crate) format: Format,
    /// The formats that there are to ask for.
    pub(crate) offered: Arc<[FourCC]>,
    /// Of frames, which may be fields.
    pub(crate) rate: Option<Rate>,
    pub(crate) differences: Vec<Difference>,
    /// What stands in the way of a better rate, and what would serve; under `--strict` it is no reason to refuse.
    pub(crate) advice: Option<Difference>,
}

/// Asks `device` for what `config` wants.
pub(crate) fn negotiate(device: &Device, config: &CaptureConfig, repeated: &Repeated) -> Result<Granted, DeviceError> {
    let mut differences = Vec::new();
    let input = select_input(device, config.input, &mut differences);
    if let Some(standard) = &config.standard {
        differences.extend(set_standard(device, standard));
    }
    if input.is_some_and(|input| input.has_dv_timings) {
        follow_signal(device, repeated, &mut differences)?;
    }
    let formats = ioctl::formats(device.fd(), device.buffer_type).unwrap_or_else(|error| {
        log::debug!("{}: cannot list its formats (VIDIOC_ENUM_FMT): {error}", device.name());
        Vec::new()
    });
    let (mut format, mut failure) = set_format(device, config, &formats)?;
    let mut rate_failure = set_rate(device, config.rate);
    let failed_controls = controls::set_all(device, &config.controls);
    // A control can change the format (a scaler, a rotation), and the next one the range of this: ask for it again.
    if ioctl::format(device.fd(), device.buffer_type).is_ok_and(|now| now != format) {
        (_, failure) = set_format(device, config, &formats)?;
        rate_failure = set_rate(device, config.rate);
    }
    // And a rate can change it too. A driver without this request has what it answered to the last one.
    format = ioctl::format(device.fd(), device.buffer_type).unwrap_or(format);
    // The driver knows best which formats are compressed: there are more than the table can have.
    if let Some(listed) = formats.iter().find(|listed| listed.fourcc == format.fourcc) {
        format.compressed = listed.compressed;
    }
    format.field = match format.field {
        // Of V4L2_FIELD_INTERLACED the bottom field is older in standards of 525 lines, and the top field in all others.
        Field::Interlaced if ioctl::has_525_lines(device.fd()) == Some(true) => Field::InterlacedBt,
        Field::Interlaced => Field::InterlacedTb,
        field => field,
    };
    let rate = ioctl::rate(device.fd(), device.buffer_type).unwrap_or_else(|error| {
        log::debug!("{}: does not say its rate (VIDIOC_G_PARM): {error}", device.name());
        None
    });

    differences.extend(failure);
    differences.extend(format_differences(config, config.size, &format));
    match (config.rate, rate) {
        (Some(wanted), Some(granted)) if granted.is_close_to(wanted) => {}
        (Some(_), _) if rate_failure.is_some() => differences.extend(rate_failure),
        (Some(wanted), Some(granted)) => {
            differences.push(Difference::granted("fps", format_args!("{granted} fps, not {wanted}")));
        }
        (Some(wanted), None) => {
            differences.push(Difference::granted("fps", format_args!("a rate of its own, not {wanted} fps")));
        }
        (None, _) => {}
    }
    differences.extend(failed_controls);
    let advice = bandwidth_advice(device, config, &formats, &format, rate).map(|text| Difference {
        setting: "fps".to_owned(),
        text,
        failed: false,
    });
    let offered = formats.iter().map(|format| format.fourcc).collect();
    // The driver's rate is that of pictures, and of these there are two frames each.
    let rate = if format.field == Field::Alternate { rate.map(Rate::doubled) } else { rate };
    Ok(Granted { format, offered, rate, differences, advice })
}

/// The error under `--strict`, where a difference is one.
pub(crate) fn refused(device: &Device, config: &CaptureConfig, differences: &[Difference]) -> DeviceError {
    let problem = differences.iter().map(|difference| difference.text.as_str()).collect::<Vec<_>>().join("; ");
    let is_of_mode = |difference: &Difference| matches!(difference.setting.as_str(), "format" | "size" | "fps");
    let offers = match ioctl::formats(device.fd(), device.buffer_type) {
        Ok(formats) if differences.iter().any(is_of_mode) => offers(device, config, &formats),
        _ => Vec::new(),
    };
    DeviceError::Refused { device: device.name(), problem, offers }
}

/// Selects the input that is `wanted`, and returns the one in use, if the driver reports it.
fn select_input(device: &Device, wanted: Option<u32>, differences: &mut Vec<Difference>) -> Option<Input> {
    let inputs = ioctl::inputs(device.fd()).unwrap_or_else(|error| {
        log::debug!("{}: cannot list its inputs (VIDIOC_ENUMINPUT): {error}", device.name());
        Vec::new()
    });
    if let Some(wanted) = wanted {
        let selected = ioctl::set_input(device.fd(), wanted);
        let current = ioctl::input(device.fd());
        let why = match (selected, current) {
            (Err(error), _) => Some(format!("{} (VIDIOC_S_INPUT)", reason(&error))),
            (Ok(()), Ok(current)) if current != wanted => Some(format!("the driver stays at {current}")),
            (Ok(()), _) => None,
        };
        if let Some(why) = why {
            let names = inputs.iter().map(|input| format!("{} ({})", input.index, input.name));
            let offers = list("it has", names.collect());
            differences.push(Difference::failed("input", format!("input {wanted} cannot be selected: {why}{offers}")));
        }
    }
    let current = ioctl::input(device.fd()).unwrap_or(0);
    // Before the signal is looked at, so that no change goes unseen. The event's id is the input's number; drivers that do
    // not number theirs say 0, and one without events is an ordinary one.
    for input in [0, current] {
        let _ = ioctl::subscribe_source_change(device.fd(), input);
    }
    inputs.into_iter().find(|input| input.index == current)
}

/// `; WORDS a, b`, or nothing of an empty list.
pub(super) fn list(words: &str, items: Vec<String>) -> String {
    if items.is_empty() { String::new() } else { format!("; {words} {}", items.join(", ")) }
}

/// Selects a TV standard, before which an analogue input has neither the right size nor the right rate.
fn set_standard(device: &Device, wanted: &Standard) -> Option<Difference> {
    let set = ioctl::set_standard(device.fd(), wanted.bits());
    let why = match (set, ioctl::standard(device.fd())) {
        (Err(error), _) => format!("{} (VIDIOC_S_STD)", reason(&error)),
        (Ok(()), Ok(current)) if current & wanted.bits() == 0 => "the driver stays at another".to_owned(),
        (Ok(()), _) => return None,
    };
    let offers = list("this input takes", ioctl::standards(device.fd()).unwrap_or_default());
    Some(Difference::failed("standard", format!("standard {wanted} cannot be selected: {why}{offers}")))
}

/// Sets the timings of what is plugged in, without which an HDMI input delivers nothing or the wrong picture.
fn follow_signal(device: &Device, repeated: &Repeated, differences: &mut Vec<Difference>) -> Result<(), DeviceError> {
    let timings = match ioctl::query_dv_timings(device.fd()) {
        Ok(timings) => timings,
        Err(source) => {
            // These three are what the request has to say of a signal; a driver that cannot say keeps the timings it has.
            let reason = match Errno::from_io_error(&source) {
                Some(Errno::NOLINK) => "no signal",
                Some(Errno::NOLCK) => "the signal is not stable",
                Some(Errno::RANGE) => "the signal is out of range",
                _ => {
                    log::debug!("{}: does not say its signal (VIDIOC_QUERY_DV_TIMINGS): {source}", device.name());
                    return Ok(());
                }
            };
            return Err(DeviceError::NoSignal { device: device.name(), reason, source });
        }
    };
    let (size, rate) = timings.picture();
    let rate = rate.map(|rate| format!(" at {rate} fps")).unwrap_or_default();
    // At each try to start the stream.
    repeated.info(format!("{}: the signal is {size}{rate}", device.name()));
    if let Err(error) = ioctl::set_dv_timings(device.fd(), &timings) {
        let problem = format!("the signal's {size}{rate} cannot be followed: {} (VIDIOC_S_DV_TIMINGS)", reason(&error));
        differences.push(Difference::failed("input", problem));
    }
    Ok(())
}

/// Sets the format, and answers the one that the driver made of it; where it makes none, the one that is set.
fn set_format(
    device: &Device,
    config: &CaptureConfig,
    formats: &[FormatDescription],
) -> Result<(Format, Option<Difference>), DeviceError> {
    let offered: Vec<_> = formats.iter().map(|format| format.fourcc).collect();
    let fourcc = choose(&config.formats, &offered, config.need);
    let error = match ioctl::set_format(device.fd(), device.buffer_type, fourcc, config.size) {
        Ok(format) => return Ok((format, None)),
        Err(error) => error,
    };
    match ioctl::format(device.fd(), device.buffer_type) {
        Ok(format) => {
            let problem = format!("format {fourcc} {} cannot be set: {} (VIDIOC_S_FMT)", config.size, reason(&error));
            Ok((format, Some(Difference::failed("format", problem))))
        }
        Err(_) => Err(device.failed("set the format (VIDIOC_S_FMT)", error)),
    }
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
pub(crate) fn format_differences(config: &CaptureConfig, size: Size, granted: &Format) -> Vec<Difference> {
    let mut differences = Vec::new();
    if !config.formats.contains(&granted.fourcc) {
        let wanted: Vec<_> = config.formats.iter().map(FourCC::to_string).collect();
        let instead = format!("{}, not {}", granted.fourcc, wanted.join(" or "));
        differences.push(Difference::granted("format", instead));
    }
    if granted.size != size {
        differences.push(Difference::granted("size", format_args!("{}, not {size}", granted.size)));
    }
    differences
}

/// Asks for a rate, and answers why that failed.
fn set_rate(device: &Device, wanted: Option<Rate>) -> Option<Difference> {
    let wanted = wanted?;
    let error = ioctl::set_rate(device.fd(), device.buffer_type, wanted).err()?;
    Some(Difference::failed("fps", format!("{wanted} fps cannot be set: {} (VIDIOC_S_PARM)", reason(&error))))
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
        let of_size = format_differences(&config, config.size, &yuyv(640, 480));
        assert_eq!(of_size, [Difference::granted("size", "640x480, not 1280x720")]);
        let mjpg = Format { fourcc: FourCC::MJPG, ..yuyv(1280, 720) };
        let of_format = format_differences(&config, config.size, &mjpg);
        assert_eq!(of_format, [Difference::granted("format", "MJPG, not YUYV")]);
    }
}
