//! Where a frame's component planes lie in its memory.

use super::PixelFormat;
use crate::format::Format;

/// Far above any camera's width and height, far below what overflows.
const LARGEST: u32 = 1 << 16;

/// One plane of a frame, in bytes, by what the driver granted. Nothing says yet that its buffers are that large.
struct Region {
    /// The memory plane.
    buffer: usize,
    offset: u64,
    stride: u64,
    line: u64,
    lines: u64,
}

impl Region {
    /// Where the plane's last line ends, without its padding.
    fn end(&self) -> u64 {
        let before = self.stride.saturating_mul(self.lines.saturating_sub(1));
        self.offset.saturating_add(before).saturating_add(self.line)
    }
}

/// The planes of a frame. A driver that says no stride, or one too small, has lines without padding.
fn regions(row: &'static PixelFormat, format: &Format) -> impl Iterator<Item = Region> {
    let (width, height) = (format.size.width, format.size.height);
    let granted = |buffer: usize| format.planes.get(buffer).map_or(0, |plane| u64::from(plane.bytesperline));
    let separate = format.planes.len() > 1;
    let first = row.planes.first().copied();
    let mut offset = 0_u64;
    row.planes.iter().enumerate().map(move |(index, plane)| {
        let (line, lines) = (plane.line(width), plane.height(height));
        if separate {
            return Region { buffer: index, offset: 0, stride: granted(index).max(line), line, lines };
        }
        // V4L2 says the first plane's stride alone; those of the others are in proportion to it.
        let stride = first.map_or(0, |first| {
            let [bytes, pixels] = [u64::from(plane.bytes), u64::from(plane.pixels)];
            (granted(0) * bytes * u64::from(first.pixels)).div_ceil(pixels * u64::from(first.bytes))
        });
        let region = Region { buffer: 0, offset, stride: stride.max(line), line, lines };
        offset = offset.saturating_add(region.stride.saturating_mul(lines));
        region
    })
}

/// The bytes that memory plane `buffer` of a frame must hold for every line of the picture to be there, or 0 if nothing
/// says so (compressed formats). The last line's padding is not asked for.
pub(crate) fn complete(format: &Format, buffer: usize) -> u32 {
    let Some(granted) = format.planes.get(buffer) else { return 0 };
    let needed = match PixelFormat::of(format.fourcc) {
        _ if format.compressed => None,
        Some(row) => regions(row, format).filter(|region| region.buffer == buffer).map(|region| region.end()).max(),
        // A format that the table lacks has the lines of its first plane at least, and whatever a line is, it is in the stride.
        None if buffer == 0 => Some(u64::from(granted.bytesperline) * u64::from(format.size.height)),
        None => None,
    };
    u32::try_from(needed.unwrap_or(0)).unwrap_or(u32::MAX).min(granted.sizeimage)
}

/// Where the components are in a frame of `format`; `None` if its samples cannot be read, or its buffers are too small to
/// hold the picture.
pub(crate) fn components(format: &Format) -> Option<[Component; 3]> {
    let row = PixelFormat::of(format.fourcc).filter(|row| row.layout.is_some())?;
    if !(1..=LARGEST).contains(&format.size.width) || !(1..=LARGEST).contains(&format.size.height) {
        return None;
    }
    let mut components = [Component::default(); 3];
    let mut slots = components.iter_mut();
    for region in regions(row, format) {
        if region.end() > u64::from(format.planes.get(region.buffer)?.sizeimage) {
            return None;
        }
        let [offset, stride, line, lines] = [region.offset, region.stride, region.line, region.lines]
            .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        *slots.next()? = Component { buffer: region.buffer, offset, stride, line, lines };
    }
    Some(components)
}

/// Where one or more components of a frame lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Component {
    /// The memory plane.
    buffer: usize,
    /// Bytes from the start of the memory plane.
    offset: usize,
    /// Bytes from the start of a line to the start of the next.
    stride: usize,
    /// Bytes of a line's samples, without padding.
    line: usize,
    lines: usize,
}

impl Component {
    /// Whether `planes` have every line of the component; an unused component has them.
    pub(crate) fn is_whole(&self, planes: &[&[u8]; 3]) -> bool {
        self.lines == 0 || self.line(planes, self.lines - 1).len() >= self.line
    }

    /// Line `number` of the component, with its padding; as much as `planes` have of it.
    pub(crate) fn line<'a>(&self, planes: &[&'a [u8]; 3], number: usize) -> &'a [u8] {
        let start = self.offset + number * self.stride;
        let data = planes.get(self.buffer).and_then(|data| data.get(start..)).unwrap_or_default();
        data.get(..self.stride).unwrap_or(data)
    }

    /// The lines of the component that `planes` have, top to bottom, as far as they are complete; with their padding.
    pub(crate) fn lines<'a>(&self, planes: &[&'a [u8]; 3]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let Component { buffer, offset, stride, line, .. } = *self;
        let data = planes.get(buffer).and_then(|data| data.get(offset..)).unwrap_or_default();
        data.chunks(stride.max(1)).take_while(move |chunk| chunk.len() >= line)
    }
}
