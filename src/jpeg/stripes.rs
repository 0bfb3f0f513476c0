//! A frame's samples, sixteen lines at a time, as planes of Y, Cb and Cr at 4:2:0, encoded by BT.601.
//!
//! Two lines of chroma are averaged where a format has as many as of luma. Lines are padded to whole blocks with their last
//! sample, and the last stripe to sixteen lines with its last line, which costs fewer bits than anything else.

use super::EncodeError;
use crate::format::Format;
use crate::pixel::{Arrangement, Chroma, Component, Layout, PixelFormat, ToBt601, components, lines};

/// Lines of luma in a stripe.
pub(super) const LINES: usize = 16;

/// Where stripes go: lines of luma, and half as many lines of Cb and Cr of half the length; none for grey.
pub(super) struct Planes<'a> {
    pub(super) y: &'a mut [u8],
    pub(super) cb: &'a mut [u8],
    pub(super) cr: &'a mut [u8],
}

/// Bytes of a line of luma in a stripe: whole pairs of blocks.
pub(super) fn stride(width: usize) -> usize {
    width.next_multiple_of(LINES)
}

/// How the frames of one format are read.
#[derive(Debug)]
pub(super) struct Reader {
    layout: Layout,
    components: [Component; 3],
    width: usize,
    height: usize,
    full_range: bool,
    /// For luma and chroma of another encoding.
    to_bt601: Option<ToBt601>,
    /// Two lines of chroma, Cb and Cr of each, before they become one.
    between: [[Vec<u8>; 2]; 2],
}

impl Reader {
    /// `None` for a format that is not known, or whose buffers are too small for it.
    pub(super) fn new(format: &Format) -> Option<Self> {
        let layout = PixelFormat::of(format.fourcc)?.layout?;
        let components = components(format)?;
        let [width, height] = [format.size.width as usize, format.size.height as usize];
        let (chroma_width, _) = layout.chroma.size(width, height);
        let between = std::array::from_fn(|_| std::array::from_fn(|_| vec![128; chroma_width]));
        let full_range = format.full_range;
        let has_encoding = layout.chroma != Chroma::Mono && !layout.arrangement.is_rgb();
        let to_bt601 = ToBt601::of(format.encoding, full_range).filter(|_| has_encoding);
        Some(Reader { layout, components, width, height, full_range, to_bt601, between })
    }

    pub(super) fn is_grey(&self) -> bool {
        self.layout.chroma == Chroma::Mono
    }

    /// Whether the samples that come out are of full range. RGB becomes limited range.
    pub(super) fn is_full_range(&self) -> bool {
        self.full_range && !self.layout.arrangement.is_rgb()
    }

    /// That every line of the picture is there.
    pub(super) fn check(&self, planes: &[&[u8]; 3]) -> Result<(), EncodeError> {
        let is_whole = self.components.iter().all(|component| component.is_whole(planes));
        is_whole.then_some(()).ok_or(EncodeError::Short)
    }

    /// Reads the stripe whose first line is `first`; what is read was [checked](Reader::check).
    pub(super) fn stripe(&mut self, planes: &[&[u8]; 3], first: usize, out: &mut Planes<'_>) {
        let stride = stride(self.width);
        for (index, y) in out.y.chunks_exact_mut(2 * stride).enumerate() {
            let range = index * stride / 2..(index + 1) * stride / 2;
            let [cb, cr] = [&mut *out.cb, &mut *out.cr].map(|plane| plane.get_mut(range.clone()).unwrap_or_default());
            self.two_lines(planes, first + 2 * index, y, cb, cr);
        }
    }

    /// Reads two lines of luma, of which the first is `number`, and one of chroma.
    fn two_lines(&mut self, planes: &[&[u8]; 3], number: usize, y: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
        let width = self.width;
        let (chroma_width, chroma_height) = self.layout.chroma.size(width, self.height);
        let [luma, second, third] = self.components;
        let line_of_luma = |number: usize| luma.line(planes, number.min(self.height - 1));
        let line_of = |component: Component, number: usize| component.line(planes, number.min(chroma_height - 1));
        let (cb_out, cr_out) = if self.layout.swapped { (&mut *cr, &mut *cb) } else { (&mut *cb, &mut *cr) };
        let out_width = width.div_ceil(2);
        let halves = y.len() / 2;

        for ((index, y), [cb_between, cr_between]) in y.chunks_exact_mut(halves).enumerate().zip(&mut self.between) {
            let number = number + index;
            let line = line_of_luma(number);
            let y = &mut y[..width];
            match self.layout.arrangement {
                Arrangement::Yuyv => lines::packed::<0>(line, y, cb_between, cr_between),
                Arrangement::Uyvy => lines::packed::<1>(line, y, cb_between, cr_between),
                Arrangement::Rgb if self.full_range => lines::rgb::<true, 0>(line, y, cb_between, cr_between),
                Arrangement::Rgb => lines::rgb::<false, 0>(line, y, cb_between, cr_between),
                Arrangement::Bgr if self.full_range => lines::rgb::<true, 2>(line, y, cb_between, cr_between),
                Arrangement::Bgr => lines::rgb::<false, 2>(line, y, cb_between, cr_between),
                Arrangement::Grey => lines::copy(line, y),
                Arrangement::SemiPlanar => {
                    lines::copy(line, y);
                    if self.layout.chroma != Chroma::C420 {
                        lines::pairs(line_of(second, number), cb_between, cr_between);
                    } else if index == 0 {
                        let [cb, cr] = [&mut *cb_out, &mut *cr_out].map(|out| &mut out[..out_width]);
                        lines::pairs(line_of(second, number / 2), cb, cr);
                    }
                }
                Arrangement::Planar => {
                    lines::copy(line, y);
                    if self.layout.chroma != Chroma::C420 {
                        lines::copy(line_of(second, number), cb_between);
                        lines::copy(line_of(third, number), cr_between);
                    } else if index == 0 {
                        lines::copy(line_of(second, number / 2), &mut cb_out[..out_width]);
                        lines::copy(line_of(third, number / 2), &mut cr_out[..out_width]);
                    }
                }
            }
        }

        let [[cb_first, cr_first], [cb_second, cr_second]] = &self.between;
        for (out, first, second) in [(cb_out, cb_first, cb_second), (cr_out, cr_first, cr_second)] {
            match self.layout.chroma {
                Chroma::C422 => average_of_two(first, second, &mut out[..chroma_width]),
                Chroma::C444 => average_of_four(first, second, &mut out[..out_width]),
                Chroma::Mono | Chroma::C420 => {}
            }
        }
        y.chunks_exact_mut(halves).for_each(|line| pad(line, width));
        [&mut *cb, &mut *cr].into_iter().for_each(|line| pad(line, out_width));
        if let Some(to_bt601) = &self.to_bt601 {
            to_bt601.convert(y, cb, cr);
        }
    }
}

/// Repeats the last sample to the end of the line.
fn pad(line: &mut [u8], width: usize) {
    if let Some((samples, padding)) = line.split_at_mut_checked(width) {
        padding.fill(samples.last().copied().unwrap_or_default());
    }
}

fn average_of_two(first: &[u8], second: &[u8], out: &mut [u8]) {
    for ((out, first), second) in out.iter_mut().zip(first).zip(second) {
        *out = (u16::from(*first) + u16::from(*second)).div_ceil(2) as u8;
    }
}

/// Of each pair of samples in both lines; the last one of an odd width is alone.
fn average_of_four(first: &[u8], second: &[u8], out: &mut [u8]) {
    let pairs = first.chunks_exact(2).zip(second.chunks_exact(2));
    for (out, (first, second)) in out.iter_mut().zip(pairs) {
        let sum: u16 = [first[0], first[1], second[0], second[1]].map(u16::from).iter().sum();
        *out = ((sum + 2) / 4) as u8;
    }
    if let ([.., first], [.., second], [.., out], true) = (first, second, out, first.len() % 2 == 1) {
        *out = (u16::from(*first) + u16::from(*second)).div_ceil(2) as u8;
    }
}
