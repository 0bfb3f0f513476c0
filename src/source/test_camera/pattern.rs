//! The test camera's picture: colour bars that move with each frame, with the frame's number and time over them.
//!
//! All lines of bars are the same line, drawn once and longer than the picture is wide: each frame copies it from
//! another start. Bars are 75% of full intensity, BT.601: limited range as luma and chroma, full range as RGB. Drawing
//! allocates nothing.

use std::time::Duration;

use super::glyphs::{self, COLUMNS, Label, ROWS};
use crate::format::{Format, FourCC, PlaneFormat, Size};
use crate::pixel::{Arrangement, Chroma, Layout, PixelFormat};

/// The formats that can be drawn, the default one first: those whose samples picam can read, in one buffer.
pub(super) fn formats() -> impl Iterator<Item = &'static PixelFormat> {
    PixelFormat::readable().filter(|row| !row.separate)
}

pub(super) const SMALLEST: Size = Size { width: 16, height: 16 };
pub(super) const LARGEST: Size = Size { width: 4096, height: 4096 };

/// The components of two pixels side by side, a string a plane: [`Colour::component`]'s letters.
fn letters(row: &PixelFormat) -> &'static [&'static [u8]] {
    let Some(Layout { arrangement, swapped, chroma }) = row.layout else { return &[] };
    match (arrangement, swapped, chroma) {
        (Arrangement::Yuyv, false, _) => &[b"yuyv"],
        (Arrangement::Yuyv, true, _) => &[b"yvyu"],
        (Arrangement::Uyvy, false, _) => &[b"uyvy"],
        (Arrangement::Uyvy, true, _) => &[b"vyuy"],
        (Arrangement::SemiPlanar, false, Chroma::C444) => &[b"yy", b"uvuv"],
        (Arrangement::SemiPlanar, true, Chroma::C444) => &[b"yy", b"vuvu"],
        (Arrangement::SemiPlanar, false, _) => &[b"yy", b"uv"],
        (Arrangement::SemiPlanar, true, _) => &[b"yy", b"vu"],
        (Arrangement::Planar, false, Chroma::C444) => &[b"yy", b"uu", b"vv"],
        (Arrangement::Planar, true, Chroma::C444) => &[b"yy", b"vv", b"uu"],
        (Arrangement::Planar, false, _) => &[b"yy", b"u", b"v"],
        (Arrangement::Planar, true, _) => &[b"yy", b"v", b"u"],
        (Arrangement::Grey, ..) => &[b"yy"],
        (Arrangement::Rgb, ..) => &[b"rgbrgb"],
        (Arrangement::Bgr, ..) => &[b"bgrbgr"],
    }
}

/// The nearest size there is: no half chroma samples, as in any driver.
fn nearest(row: &PixelFormat, wanted: Size) -> Size {
    let chroma = row.layout.map_or(Chroma::Mono, |layout| layout.chroma);
    let by_columns = matches!(chroma, Chroma::C420 | Chroma::C422);
    let by_lines = chroma == Chroma::C420;
    let nearest = |wanted: u32, smallest, largest, shared| wanted.clamp(smallest, largest) & !u32::from(shared);
    Size {
        width: nearest(wanted.width, SMALLEST.width, LARGEST.width, by_columns),
        height: nearest(wanted.height, SMALLEST.height, LARGEST.height, by_lines),
    }
}

/// A colour as luma and chroma of limited range, and as red, green and blue.
struct Colour {
    yuv: [u8; 3],
    rgb: [u8; 3],
}

impl Colour {
    fn component(&self, letter: u8) -> u8 {
        match letter {
            b'y' => self.yuv[0],
            b'u' => self.yuv[1],
            b'v' => self.yuv[2],
            b'r' => self.rgb[0],
            b'g' => self.rgb[1],
            _ => self.rgb[2],
        }
    }
}

static BARS: [Colour; 8] = [
    Colour { yuv: [180, 128, 128], rgb: [191, 191, 191] },
    Colour { yuv: [162, 44, 142], rgb: [191, 191, 0] },
    Colour { yuv: [131, 156, 44], rgb: [0, 191, 191] },
    Colour { yuv: [112, 72, 58], rgb: [0, 191, 0] },
    Colour { yuv: [84, 184, 198], rgb: [191, 0, 191] },
    Colour { yuv: [65, 100, 212], rgb: [191, 0, 0] },
    Colour { yuv: [35, 212, 114], rgb: [0, 0, 191] },
    Colour { yuv: [16, 128, 128], rgb: [0, 0, 0] },
];
const DARK: Colour = Colour { yuv: [16, 128, 128], rgb: [0, 0, 0] };
const LIGHT: Colour = Colour { yuv: [235, 128, 128], rgb: [255, 255, 255] };

/// Pairs of pixels that the bars move to the left from one frame to the next.
const STEP: u64 = 2;

/// Draws the frames of one format and size.
pub(super) struct Pattern {
    fourcc: FourCC,
    is_rgb: bool,
    size: Size,
    planes: Box<[Plane]>,
    /// Pairs of pixels after which the bars repeat.
    period: u64,
}

/// One colour plane. All that is horizontal counts in pairs of pixels, which every format can split a line into.
struct Plane {
    /// Bytes of a pair of pixels.
    pair: usize,
    bytesperline: usize,
    lines: usize,
    /// A line of bars, long enough to start anywhere in the first period.
    bars: Box<[u8]>,
    label: Option<LabelPlane>,
}

/// The label's place in one plane, and its cells.
struct LabelPlane {
    /// Bytes from the start of a line.
    left: usize,
    /// Lines from the top.
    top: usize,
    /// Lines of a row of cells.
    lines: usize,
    /// A light cell's part of a line.
    light: Box<[u8]>,
    dark: Box<[u8]>,
    /// A line of the label, drawn anew for each row.
    line: Box<[u8]>,
}

impl Pattern {
    /// `wanted` is taken to the nearest size there is.
    pub(super) fn new(row: &PixelFormat, wanted: Size) -> Self {
        let size = nearest(row, wanted);
        let bar = (size.width as usize).div_ceil(2 * BARS.len());
        let planes = letters(row).iter().zip(row.planes);
        let planes = planes.map(|(letters, plane)| Plane::new(letters, size, bar, usize::from(plane.lines)));
        let is_rgb = row.layout.is_some_and(|layout| layout.arrangement.is_rgb());
        Pattern { fourcc: row.fourcc, is_rgb, size, planes: planes.collect(), period: (bar * BARS.len()) as u64 }
    }

    /// The format that is drawn.
    pub(super) fn format(&self) -> Format {
        let bytes: usize = self.planes.iter().map(|plane| plane.bytesperline * plane.lines).sum();
        let bytesperline = self.planes.first().map_or(0, |plane| plane.bytesperline) as u32;
        let format = Format::new(self.fourcc, self.size, vec![PlaneFormat { bytesperline, sizeimage: bytes as u32 }]);
        Format { full_range: self.is_rgb, ..format }
    }

    /// Draws frame `number`, which shows the time of day of `since_epoch`.
    pub(super) fn draw(&mut self, buffer: &mut [u8], number: u32, since_epoch: Duration) {
        let start = (u64::from(number) * STEP % self.period) as usize;
        let label = glyphs::label(number, since_epoch);
        let mut rest = buffer;
        for plane in &mut self.planes {
            let Some((lines, after)) = rest.split_at_mut_checked(plane.bytesperline * plane.lines) else { return };
            plane.draw(lines, start, &label);
            rest = after;
        }
    }
}

impl Plane {
    /// `letters` are the components of a pair of pixels, `bar` is the width of a bar in pairs, and `shared_by` the
    /// number of the picture's lines that share one of the plane's.
    fn new(letters: &[u8], size: Size, bar: usize, shared_by: usize) -> Self {
        let pair = |colour: &Colour| letters.iter().map(|letter| colour.component(*letter)).collect::<Vec<_>>();
        let [width, height] = [size.width as usize, size.height as usize];
        let period: Vec<u8> = BARS.iter().flat_map(|colour| pair(colour).repeat(bar)).collect();
        // Two periods: as wide as the picture at least, from every start within the first.
        let bars = period.repeat(2).into();
        let label = label_scale(size).map(|scale| LabelPlane {
            left: (width - COLUMNS * scale) / 4 * letters.len(),
            top: (height - ROWS * scale) / 4 * 2 / shared_by,
            lines: scale / shared_by,
            light: pair(&LIGHT).repeat(scale / 2).into(),
            dark: pair(&DARK).repeat(scale / 2).into(),
            line: vec![0; COLUMNS * scale / 2 * letters.len()].into(),
        });
        Plane { pair: letters.len(), bytesperline: width * letters.len() / 2, lines: height / shared_by, bars, label }
    }

    fn draw(&mut self, lines: &mut [u8], start: usize, label: &Label) {
        let Some(bars) = self.bars.get(start * self.pair..).and_then(|bars| bars.get(..self.bytesperline)) else {
            return;
        };
        lines.chunks_exact_mut(self.bytesperline).for_each(|line| line.copy_from_slice(bars));
        let Some(place) = &mut self.label else { return };
        let mut lines = lines.chunks_exact_mut(self.bytesperline).skip(place.top);
        for row in label {
            for (column, cell) in place.line.chunks_exact_mut(place.dark.len()).enumerate() {
                cell.copy_from_slice(if glyphs::is_light(*row, column) { &place.light } else { &place.dark });
            }
            for line in lines.by_ref().take(place.lines) {
                if let Some(part) = line.get_mut(place.left..place.left + place.line.len()) {
                    part.copy_from_slice(&place.line);
                }
            }
        }
    }
}

/// The size of a label's cell in pixels: even, as pairs of pixels share their chroma; `None` where no label fits. A
/// quarter of the width, at least, is left to the bars where that does not make the text too small to be read.
fn label_scale(size: Size) -> Option<usize> {
    let [width, height] = [size.width as usize, size.height as usize];
    let scale = (width * 3 / 4 / COLUMNS).min(height * 3 / 4 / ROWS).max(2) & !1;
    (COLUMNS * scale <= width && ROWS * scale <= height).then_some(scale)
}

/// Number and time in a picture that was drawn in `format`; `None` where they cannot be read.
#[cfg(test)]
pub(crate) fn read(format: &Format, picture: &[u8]) -> Option<(u32, String)> {
    let letters = letters(PixelFormat::of(format.fourcc)?).first()?;
    let bright = letters.iter().position(|letter| b"yg".contains(letter))?;
    let scale = label_scale(format.size)?;
    let left = (format.size.width as usize - COLUMNS * scale) / 4 * 2;
    let top = (format.size.height as usize - ROWS * scale) / 4 * 2;
    let is_light = |column: usize, row: usize| {
        let (x, y) = (left + column * scale + scale / 2, top + row * scale + scale / 2);
        picture.get(y * format.bytesperline() as usize + x / 2 * letters.len() + bright).is_some_and(|byte| *byte > 128)
    };
    let row = |row| (0..COLUMNS).fold(0, |cells, column| cells | u128::from(is_light(column, row)) << (127 - column));
    let [number, time] = glyphs::read(&std::array::from_fn(row));
    Some((number.strip_prefix('#')?.parse().ok()?, time))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VGA: Size = Size { width: 640, height: 480 };

    fn drawn(fourcc: FourCC, size: Size, number: u32) -> (Format, Vec<u8>) {
        let mut pattern = Pattern::new(PixelFormat::of(fourcc).unwrap(), size);
        let format = pattern.format();
        let mut picture = vec![0xee; format.sizeimage() as usize];
        pattern.draw(&mut picture, number, Duration::from_millis(1_234));
        (format, picture)
    }

    #[test]
    fn bars_are_75_percent_of_bt_601() {
        for Colour { yuv, rgb } in &BARS {
            let [r, g, b] = rgb.map(|part| f64::from(part) / 255.0);
            let y = 0.299 * r + 0.587 * g + 0.114 * b;
            let exact = [16.0 + 219.0 * y, 128.0 + 224.0 * (b - y) / 1.772, 128.0 + 224.0 * (r - y) / 1.402];
            for (part, exact) in yuv.iter().zip(exact) {
                assert!((f64::from(*part) - exact).abs() < 0.75, "{yuv:?} {rgb:?}: {exact}");
            }
        }
    }

    #[test]
    fn each_format_has_its_bytes() {
        // The first line: bars of 80 pixels, yellow the second.
        for (fourcc, bytesperline, bytes, pixels, expected) in [
            (FourCC::YUYV, 1280, 614_400, 160, &[162, 44, 162, 142][..]),
            (FourCC::UYVY, 1280, 614_400, 160, &[44, 162, 142, 162]),
            (FourCC::NV12, 640, 460_800, 80, &[162, 162]),
            (FourCC::YU12, 640, 460_800, 80, &[162, 162]),
            (FourCC::RGB3, 1920, 921_600, 240, &[191, 191, 0]),
            (FourCC::BGR3, 1920, 921_600, 240, &[0, 191, 191]),
            (FourCC::GREY, 640, 307_200, 80, &[162]),
        ] {
            let (format, picture) = drawn(fourcc, VGA, 0);
            assert_eq!((format.bytesperline(), format.sizeimage()), (bytesperline, bytes), "{fourcc}");
            assert_eq!(format.complete(0), bytes as u32, "{fourcc}");
            assert_eq!(picture[pixels..][..expected.len()], *expected, "{fourcc}");
            let last = picture.len() - 1;
            assert_ne!((picture[last], picture[last - 1], picture[last - 2]), (0xee, 0xee, 0xee), "{fourcc}");
        }
        let chroma = |fourcc, offset: usize| drawn(fourcc, VGA, 0).1[640 * 480 + offset];
        assert_eq!([chroma(FourCC::NV12, 80), chroma(FourCC::NV12, 81)], [44, 142]);
        assert_eq!([chroma(FourCC::YU12, 40), chroma(FourCC::YU12, 320 * 240 + 40)], [44, 142]);
    }

    #[test]
    fn bars_move_and_come_round() {
        let line = |number| drawn(FourCC::YUYV, VGA, number).1[..1280].to_vec();
        let first = line(0);
        for number in 1..=161 {
            let mut moved = first.clone();
            moved.rotate_left(number % 160 * 8);
            assert_eq!(line(number as u32), moved, "frame {number}");
        }
        let _ = line(u32::MAX);
    }

    #[test]
    fn number_and_time_can_be_read_in_each_format_and_size() {
        for row in formats() {
            for (width, height) in [(640, 480), (160, 120), (146, 36), (322, 241), (1280, 720)] {
                for number in [0, 1, 98_765, u32::MAX] {
                    let (format, picture) = drawn(row.fourcc, Size { width, height }, number);
                    assert_eq!(read(&format, &picture), Some((number, "00:00:01.234".to_owned())), "{format}");
                }
            }
        }
    }

    #[test]
    fn the_label_has_no_colour() {
        let (_, picture) = drawn(FourCC::NV12, VGA, 77);
        let chroma = picture[640 * 480..].chunks(640);
        let colourless = chroma.filter(|line| line[200..440].iter().all(|sample| *sample == 128)).count();
        assert_eq!(colourless, ROWS * label_scale(VGA).unwrap() / 2);
    }

    #[test]
    fn sizes_are_taken_to_the_nearest_there_is() {
        for (fourcc, wanted, granted) in [
            (FourCC::YUYV, (641, 479), (640, 479)),
            (FourCC::NV12, (641, 479), (640, 478)),
            (FourCC::YU12, (17, 17), (16, 16)),
            (FourCC::RGB3, (641, 479), (641, 479)),
            (FourCC::GREY, (1, 65536), (16, 4096)),
        ] {
            let (format, picture) = drawn(fourcc, Size { width: wanted.0, height: wanted.1 }, 9);
            assert_eq!((format.size.width, format.size.height), granted, "{fourcc}");
            assert_eq!(picture.len(), format.complete(0) as usize, "{fourcc}");
            let last_line = picture.len() - format.bytesperline() as usize / 2;
            assert!(picture[last_line..].iter().all(|byte| *byte != 0xee), "{fourcc}");
        }
    }

    #[test]
    fn a_buffer_too_small_is_drawn_as_far_as_it_goes() {
        let mut pattern = Pattern::new(PixelFormat::of(FourCC::YU12).unwrap(), VGA);
        let mut luma_only = vec![0; 640 * 480 + 5];
        pattern.draw(&mut luma_only, 0, Duration::ZERO);
        assert_eq!((luma_only[80], luma_only[640 * 480]), (162, 0));
        pattern.draw(&mut [], 0, Duration::ZERO);
    }
}
