//! Where a frame's components, luma and chroma or red, green and blue, lie in its memory.

pub(crate) mod lines;

use crate::format::{Format, FourCC};

/// How the components of a pixel format are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrangement {
    /// One plane: Y0 Cb Y1 Cr.
    Yuyv,
    /// One plane: Cb Y0 Cr Y1.
    Uyvy,
    /// A plane of luma and one of Cb and Cr by turns.
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

/// How to read a pixel format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) arrangement: Arrangement,
    /// Cr comes before Cb.
    pub(crate) swapped: bool,
    pub(crate) chroma: Chroma,
}

type Known = (&'static [u8; 4], Arrangement, bool, Chroma);

/// What can be read, all components in one buffer.
const SINGLE_PLANAR: [Known; 14] = {
    use Arrangement::{Bgr, Grey, Planar, Rgb, SemiPlanar, Uyvy, Yuyv};
    use Chroma::{C420, C422, C444, Mono};
    [
        (b"YUYV", Yuyv, false, C422),
        (b"YVYU", Yuyv, true, C422),
        (b"UYVY", Uyvy, false, C422),
        (b"VYUY", Uyvy, true, C422),
        (b"NV12", SemiPlanar, false, C420),
        (b"NV21", SemiPlanar, true, C420),
        (b"NV16", SemiPlanar, false, C422),
        (b"NV61", SemiPlanar, true, C422),
        (b"YU12", Planar, false, C420),
        (b"YV12", Planar, true, C420),
        (b"422P", Planar, false, C422),
        (b"GREY", Grey, false, Mono),
        (b"RGB3", Rgb, false, C444),
        (b"BGR3", Bgr, false, C444),
    ]
};

/// The same in a buffer for each plane, which the driver chooses and nobody needs to ask for.
const MULTI_PLANAR: [Known; 8] = {
    use Arrangement::{Planar, SemiPlanar};
    use Chroma::{C420, C422};
    [
        (b"NM12", SemiPlanar, false, C420),
        (b"NM21", SemiPlanar, true, C420),
        (b"NM16", SemiPlanar, false, C422),
        (b"NM61", SemiPlanar, true, C422),
        (b"YM12", Planar, false, C420),
        (b"YM21", Planar, true, C420),
        (b"YM16", Planar, false, C422),
        (b"YM61", Planar, true, C422),
    ]
};

/// Far above any camera's width and height, far below what overflows.
const LARGEST: u32 = 1 << 16;

impl Layout {
    /// The layout of a pixel format that can be read.
    pub(crate) fn of(fourcc: FourCC) -> Option<Self> {
        let layout = SINGLE_PLANAR.iter().chain(&MULTI_PLANAR).find(|(code, ..)| **code == fourcc.0);
        layout.map(|&(_, arrangement, swapped, chroma)| Layout { arrangement, swapped, chroma })
    }

    /// The formats that can be read, for a person to choose from.
    pub(crate) fn names() -> String {
        let names: Vec<_> = SINGLE_PLANAR.iter().map(|(code, ..)| FourCC(**code).to_string()).collect();
        names.join(", ")
    }

    /// Where the components are in a frame of `format`; `None` if its buffers are too small to hold the picture.
    pub(crate) fn components(self, format: &Format) -> Option<[Component; 3]> {
        if !(1..=LARGEST).contains(&format.size.width) || !(1..=LARGEST).contains(&format.size.height) {
            return None;
        }
        let [width, height] = [format.size.width as usize, format.size.height as usize];
        let (chroma_width, chroma_height) = self.chroma.size(width, height);
        // (memory plane or the one all share, bytes of a line's samples, lines, part of the luma's stride)
        let planes: &[(usize, usize, usize, u32)] = match self.arrangement {
            Arrangement::Yuyv | Arrangement::Uyvy => &[(0, width * 2, height, 1)],
            Arrangement::Rgb | Arrangement::Bgr => &[(0, width * 3, height, 1)],
            Arrangement::Grey => &[(0, width, height, 1)],
            Arrangement::SemiPlanar => &[(0, width, height, 1), (1, chroma_width * 2, chroma_height, 1)],
            Arrangement::Planar => {
                &[(0, width, height, 1), (1, chroma_width, chroma_height, 2), (2, chroma_width, chroma_height, 2)]
            }
        };
        let mut components = [Component::default(); 3];
        let mut next = 0_u64;
        for (component, &(plane, line, lines, part)) in components.iter_mut().zip(planes) {
            // A driver that tells no stride, or one too small, has lines without padding.
            *component = if format.planes.len() > 1 {
                let stride = format.planes.get(plane)?.bytesperline.max(line as u32);
                Component { plane, offset: 0, stride: stride as usize, line }
            } else {
                let stride = format.bytesperline().div_ceil(part).max(line as u32) as usize;
                Component { plane: 0, offset: usize::try_from(next).ok()?, stride, line }
            };
            let bytes = component.stride as u64 * (lines as u64 - 1) + line as u64;
            let sizeimage = u64::from(format.planes.get(component.plane)?.sizeimage);
            if component.offset as u64 + bytes > sizeimage {
                return None;
            }
            next = component.offset as u64 + component.stride as u64 * lines as u64;
        }
        Some(components)
    }
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

/// Where one or more components of a frame lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Component {
    /// The memory plane.
    plane: usize,
    /// Bytes from the start of the plane.
    offset: usize,
    /// Bytes from the start of a line to the start of the next.
    stride: usize,
    /// Bytes of a line's samples, without padding.
    line: usize,
}

impl Component {
    /// Whether `planes` have as many `lines` of the component; an unused component has them.
    pub(crate) fn has(&self, planes: &[&[u8]; 3], lines: usize) -> bool {
        self.line == 0 || lines == 0 || self.line(planes, lines - 1).len() >= self.line
    }

    /// Line `number` of the component, with its padding; as much as `planes` have of it.
    pub(crate) fn line<'a>(&self, planes: &[&'a [u8]; 3], number: usize) -> &'a [u8] {
        let start = self.offset + number * self.stride;
        let data = planes.get(self.plane).and_then(|data| data.get(start..)).unwrap_or_default();
        data.get(..self.stride).unwrap_or(data)
    }

    /// The lines of the component that `planes` have, top to bottom, as far as they are complete; with their padding.
    pub(crate) fn lines<'a>(&self, planes: &[&'a [u8]; 3]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let Component { plane, offset, stride, line } = *self;
        let data = planes.get(plane).and_then(|data| data.get(offset..)).unwrap_or_default();
        data.chunks(stride.max(1)).take_while(move |chunk| chunk.len() >= line)
    }
}
