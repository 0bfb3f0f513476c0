//! YUV4MPEG2: uncompressed video that players and encoders read without being told what it is.
//!
//! A stream has one header line, which names size, rate and chroma, then frames: `FRAME` and the planes Y, Cb, Cr
//! without padding. [`Y4mEncoder`] makes both from what the camera granted, [`Y4m`] writes them, each frame at once.
//! Most cameras do not have their components in planes, so unlike raw frames these are copied once, and taken apart on
//! the way.

use std::io::{self, IoSlice};
use std::slice::ChunksExactMut;

use super::output::Target;
use super::{Patience, Sink};
use crate::format::{Encoding, Field, Format, Need, Rate};
use crate::frame::Frame;
use crate::pixel::{Arrangement, Chroma, Component, Layout, PixelFormat, components, lines};
use crate::source::StreamInfo;

/// The sink: one stream in a file, a pipe or a FIFO.
pub(super) struct Y4m {
    target: Target,
    encoder: Option<Y4mEncoder>,
    rate: Option<Rate>,
}

impl Y4m {
    pub(super) fn new(target: Target) -> Self {
        Y4m { target, encoder: None, rate: None }
    }
}

impl Sink for Y4m {
    type Item = Frame;
    const HOLDS_BACK: bool = false;

    fn start(&mut self, stream: &StreamInfo) -> Result<(), String> {
        let refusal = |reason: String| stream.refusal(&reason, Need::Samples) + "; --raw writes it as it is";
        let encoder = Y4mEncoder::new(&stream.format).map_err(refusal)?;
        match &self.encoder {
            // A header is written once. Another rate is no reason to end there: real cameras keep none exactly.
            Some(before) if !self.target.is_at_start() && before.header(None) != encoder.header(None) => {
                Err(format!("a y4m stream of {} cannot go on with {}", before.format, stream.format))
            }
            _ => {
                self.encoder = Some(encoder);
                self.rate = stream.rate;
                Ok(())
            }
        }
    }

    fn write(&mut self, frame: &Frame) -> io::Result<u64> {
        let Some(encoder) = &mut self.encoder else { return Err(io::ErrorKind::InvalidInput.into()) };
        // At the start, and for each new reader of a FIFO.
        let header = if self.target.begin()? { encoder.header(self.rate) } else { String::new() };
        self.target.write(&mut [IoSlice::new(header.as_bytes()), IoSlice::new(encoder.encode(frame))])
    }

    fn patience(&self) -> Patience {
        self.target.patience()
    }
}

/// What comes before each frame's planes.
const FRAME: &[u8] = b"FRAME\n";

/// Makes the frames of one format YUV4MPEG2's.
struct Y4mEncoder {
    format: Format,
    layout: Layout,
    components: [Component; 3],
    /// One frame of the stream, written over by the next.
    frame: Vec<u8>,
}

impl Y4mEncoder {
    /// For frames of `format`. The error says why they cannot be written.
    fn new(format: &Format) -> Result<Self, String> {
        let fourcc = format.fourcc;
        let Some(layout) = PixelFormat::of(fourcc).and_then(|row| row.layout) else {
            let reason = if format.compressed { "is compressed, and YUV4MPEG2 is not" } else { "is not known to it" };
            return Err(format!("{fourcc} {reason}"));
        };
        if let Field::Alternate | Field::SeqTb | Field::SeqBt = format.field {
            return Err(format!("{format} comes as fields ({}), and YUV4MPEG2 has whole pictures", format.field));
        }
        let too_large = || format!("{format} does not fit the {} bytes of its buffers", format.sizeimage());
        let components = components(format).ok_or_else(too_large)?;
        let mut encoder = Y4mEncoder { format: format.clone(), layout, components, frame: Vec::new() };
        encoder.allocate().ok_or_else(too_large)?;
        Ok(encoder)
    }

    /// A frame of black: what is seen where the first frame has less than all lines.
    fn allocate(&mut self) -> Option<()> {
        let [width, height] = self.size();
        let (chroma_width, chroma_height) = self.layout.chroma.size(width, height);
        let luma = width.checked_mul(height)?;
        let chroma = chroma_width.checked_mul(chroma_height)?.checked_mul(2)?;
        let bytes = FRAME.len().checked_add(luma)?.checked_add(chroma)?;
        self.frame.try_reserve_exact(bytes).ok()?;
        self.frame.extend_from_slice(FRAME);
        self.frame.resize(FRAME.len() + luma, if self.is_full_range() { 0 } else { 16 });
        self.frame.resize(bytes, 128);
        Some(())
    }

    /// The stream's first line. Players take an unknown rate (0:0) for 25.
    fn header(&self, rate: Option<Rate>) -> String {
        let [width, height] = self.size();
        let (frames, seconds) = rate.map_or((0, 0), |rate| (rate.numerator, rate.denominator));
        let (interlacing, aspect) = match self.format.field {
            Field::InterlacedTb => ('t', "0:0"),
            Field::InterlacedBt => ('b', "0:0"),
            Field::Interlaced => ('?', "0:0"),
            // A pixel is as high as two lines.
            Field::Top | Field::Bottom => ('p', "1:2"),
            _ => ('p', "0:0"),
        };
        let chroma = match self.layout.chroma {
            Chroma::Mono => "mono",
            // Sited between the four pixels that share it, as V4L2's is.
            Chroma::C420 => "420jpeg",
            Chroma::C422 => "422",
            Chroma::C444 => "444",
        };
        let range = if self.is_full_range() { "FULL" } else { "LIMITED" };
        // The range is ffmpeg's; for the others there is no usual tag. RGB is converted to BT.601.
        let is_rgb = self.layout.arrangement.is_rgb();
        let encoding = if is_rgb { Encoding::Bt601 } else { self.format.encoding };
        let [encoding, transfer] =
            [encoding.to_string(), self.format.transfer.to_string()].map(|name| name.to_uppercase());
        format!(
            "YUV4MPEG2 W{width} H{height} F{frames}:{seconds} I{interlacing} A{aspect} C{chroma} XCOLORRANGE={range} \
             XMATRIX={encoding} XTRANSFER={transfer}\n"
        )
    }

    /// One frame of the stream, to be written at once. A frame that is too short keeps the missing lines of the last.
    fn encode(&mut self, frame: &Frame) -> &[u8] {
        let mut planes = frame.planes();
        self.encode_planes(std::array::from_fn(|_| planes.next().unwrap_or_default()))
    }

    fn encode_planes(&mut self, planes: [&[u8]; 3]) -> &[u8] {
        let [width, height] = self.size();
        let (chroma_width, chroma_height) = self.layout.chroma.size(width, height);
        let samples = self.frame.get_mut(FRAME.len()..).unwrap_or_default();
        let (y, chroma) = samples.split_at_mut_checked(width * height).unwrap_or_default();
        let (cb, cr) = chroma.split_at_mut_checked(chroma_width * chroma_height).unwrap_or_default();
        let y = y.chunks_exact_mut(width);
        // Mono has no chroma, and no line of it.
        let [cb, cr] = [cb, cr].map(|plane| plane.chunks_exact_mut(chroma_width.max(1)));
        let (cb, cr) = if self.layout.swapped { (cr, cb) } else { (cb, cr) };
        let [first, second, third] = self.components.map(|component| component.lines(&planes));
        let rgb_is_full_range = self.format.full_range;

        let copy = |(line, out): (&[u8], &mut [u8])| lines::copy(line, out);
        match self.layout.arrangement {
            Arrangement::Yuyv => each_line(first, [y, cb, cr], lines::packed::<0>),
            Arrangement::Uyvy => each_line(first, [y, cb, cr], lines::packed::<1>),
            Arrangement::Rgb if rgb_is_full_range => each_line(first, [y, cb, cr], lines::rgb::<true, 0>),
            Arrangement::Rgb => each_line(first, [y, cb, cr], lines::rgb::<false, 0>),
            Arrangement::Bgr if rgb_is_full_range => each_line(first, [y, cb, cr], lines::rgb::<true, 2>),
            Arrangement::Bgr => each_line(first, [y, cb, cr], lines::rgb::<false, 2>),
            Arrangement::SemiPlanar => {
                first.zip(y).for_each(copy);
                second.zip(cb).zip(cr).for_each(|((line, cb), cr)| lines::pairs(line, cb, cr));
            }
            Arrangement::Planar => {
                first.zip(y).for_each(copy);
                second.zip(cb).for_each(copy);
                third.zip(cr).for_each(copy);
            }
            Arrangement::Grey => first.zip(y).for_each(copy),
        }
        &self.frame
    }

    fn size(&self) -> [usize; 2] {
        [self.format.size.width as usize, self.format.size.height as usize]
    }

    /// RGB is converted to limited range, whatever it has itself.
    fn is_full_range(&self) -> bool {
        self.format.full_range && !self.layout.arrangement.is_rgb()
    }
}

/// Takes apart lines that hold all components.
fn each_line<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    [y, cb, cr]: [ChunksExactMut<'_, u8>; 3],
    convert: impl Fn(&[u8], &mut [u8], &mut [u8], &mut [u8]),
) {
    lines.zip(y).zip(cb).zip(cr).for_each(|(((line, y), cb), cr)| convert(line, y, cb, cr));
}

#[cfg(test)]
mod tests;
