//! The sizes and rates that a format comes at, as far as the driver says.

use std::fmt;

use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;

use super::discover::Device;
use crate::format::{FourCC, Rate, Size};
use crate::v4l2::ioctl;

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

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// The sizes and rates of a format, as far as the driver reports them.
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
pub(crate) fn fastest_at(device: &Device, fourcc: FourCC, size: Size) -> Option<Rate> {
    rates(device, fourcc, size).fastest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(fps: u32) -> Rate {
        Rate { numerator: fps, denominator: 1 }
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
