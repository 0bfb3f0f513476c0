//! A camera's JPEG made whole: what it lacks is put in, what is around it is cut off, and what is no picture is refused.
//!
//! Webcams leave out the Huffman tables that all of them share (as AVI's Motion JPEG does), or EOI; they put bytes of their own
//! before SOI, and fill their buffers up behind EOI. What libjpeg decodes goes out. A frame that USB had no room for looks as
//! one without EOI does, and is shown as far as it goes; where the driver knows, it has the ERROR flag.
//!
//! Only markers are looked at: the picture's data is passed over at the speed of a search for 0xff.

use memchr::{memchr, memmem};
use thiserror::Error;

use super::tables::HUFFMAN_SEGMENT;

/// A camera's JPEG as it goes out: slices to be written one after another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts<'a> {
    /// From SOI to where the Huffman tables belong.
    pub head: &'a [u8],
    /// The Huffman tables if the camera left any out, else empty.
    pub huffman: &'static [u8],
    /// The rest.
    pub tail: &'a [u8],
    /// EOI if the camera left it out, else empty.
    pub end: &'static [u8],
}

impl<'a> Parts<'a> {
    /// One after the other.
    pub fn pieces(&self) -> [&'a [u8]; 4] {
        [self.head, self.huffman, self.tail, self.end]
    }

    /// Bytes of all together.
    #[expect(clippy::len_without_is_empty, reason = "no JPEG is empty")]
    pub fn len(&self) -> usize {
        self.pieces().iter().map(|piece| piece.len()).sum()
    }
}

/// Why a frame is no JPEG that can be decoded.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NotAJpeg {
    /// Something else, or nothing.
    #[error("there is no start of a JPEG in it")]
    NoStart,
    /// It ends in its headers.
    #[error("it ends before the picture's data")]
    NoPicture,
    /// A marker that has no business where it is, or a segment that is too short for what it says.
    // Without them in the text: each damaged frame has others, and one message is enough.
    #[error("one of its markers makes no sense where it is")]
    Damaged {
        /// The byte after 0xff.
        marker: u8,
        /// Where it is, counted from 0.
        at: usize,
    },
}

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DHT: u8 = 0xc4;
static END: [u8; 2] = [0xff, EOI];

/// Walks over a JPEG from SOI to EOI, or to the end. Segments, and with them thumbnails, are passed over by their length;
/// stuffed zeros, fill bytes, restart markers and what else lies between segments by the search for the next marker, as decoders
/// do.
///
/// # Errors
///
/// [`NotAJpeg`] if the data does not hold a JPEG with at least the begin of a picture.
pub fn parts(data: &[u8]) -> Result<Parts<'_>, NotAJpeg> {
    let start = match data {
        [0xff, SOI, ..] => 0,
        _ => memmem::find(data, &[0xff, SOI, 0xff]).ok_or(NotAJpeg::NoStart)?,
    };
    let mut next = start + 2;
    let mut has_size = false;
    let mut is_arithmetic = false;
    let mut has_picture = false;
    let mut defined = Tables(0);
    let mut has_gap = false;
    // Before the camera's own tables, which are then the ones that count.
    let mut tables_at = None;
    let (length, end): (_, &'static [u8]) = loop {
        let Some((marker, at)) = marker(data, next) else { break (data.len(), &END) };
        let damaged = NotAJpeg::Damaged { marker, at };
        match marker {
            EOI => break (at + 1, &[]),
            // SOF0 to SOF2, SOF9 and SOF10, DHT, DAC, SOS, DQT, DNL, DRI, APPn, COM: what libjpeg reads.
            0xc0..=0xc2 | 0xc9 | 0xca | DHT | 0xcc | SOS | 0xdb..=0xdd | 0xe0..=0xef | 0xfe => {}
            // The next picture: this one has no EOI.
            SOI if has_picture => break (at - 1, &END),
            // Damage in the picture's data: decoders go on behind it.
            _ if has_picture => {
                next = at + 1;
                continue;
            }
            _ => return Err(damaged),
        }
        let Some(segment) = segment(data, at + 1) else { break (at - 1, &END) };
        let segment = segment.ok_or(damaged)?;
        match marker {
            DHT => {
                tables_at = tables_at.or(Some(at - 1));
                defined.define(segment).ok_or(damaged)?;
            }
            SOS if !has_size => return Err(damaged),
            SOS => {
                tables_at = tables_at.or(Some(at - 1));
                // Tables that come later are not this scan's.
                if !has_picture && !is_arithmetic {
                    let missing = Tables::of_scan(segment).ok_or(damaged)?.without(defined);
                    has_gap = missing != Tables(0);
                    if missing.without(Tables::STANDARD) != Tables(0) {
                        return Err(damaged);
                    }
                }
                has_picture = true;
            }
            0xc0..=0xc2 | 0xc9 | 0xca => {
                has_size = true;
                is_arithmetic = marker >= 0xc9;
            }
            _ => {}
        }
        next = at + 3 + segment.len();
    };
    if !has_picture {
        return Err(NotAJpeg::NoPicture);
    }
    let jpeg = data.get(start..length).unwrap_or_default();
    Ok(match tables_at.filter(|_| has_gap) {
        Some(tables_at) => {
            let (head, tail) = jpeg.split_at_checked(tables_at - start).unwrap_or_default();
            Parts { head, huffman: &HUFFMAN_SEGMENT, tail, end }
        }
        None => Parts { head: jpeg, end, ..Parts::default() },
    })
}

/// The next marker that ends data or begins a segment, and where its code is.
fn marker(data: &[u8], mut from: usize) -> Option<(u8, usize)> {
    loop {
        from += memchr(0xff, data.get(from..)?)? + 1;
        match *data.get(from)? {
            // Another fill byte, of which there may be any number: the search finds it again.
            0xff => {}
            // A stuffed zero, TEM, RSTn.
            0x00 | 0x01 | 0xd0..=0xd7 => from += 1,
            code => return Some((code, from)),
        }
    }
}

/// The segment whose length is at `at`, without it; `None` if the data ends first, `Some(None)` if the length cannot be.
fn segment(data: &[u8], at: usize) -> Option<Option<&[u8]>> {
    let rest = data.get(at..)?;
    let (length, rest) = rest.split_first_chunk()?;
    match usize::from(u16::from_be_bytes(*length)).checked_sub(2) {
        Some(length) => rest.get(..length).map(Some),
        None => Some(None),
    }
}

/// A set of Huffman tables: a bit each for DC 0 to 3, then AC 0 to 3.
#[derive(Clone, Copy, PartialEq)]
struct Tables(u8);

impl Tables {
    /// Those of [`HUFFMAN_SEGMENT`].
    const STANDARD: Tables = Tables(0b0011_0011);

    /// Adds those that a DHT segment defines; `None` if it is damaged.
    fn define(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((class_and_id, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            self.0 |= Self::bit(class_and_id >> 4, class_and_id & 15)?;
            segment = rest.get(counts.iter().map(|count| usize::from(*count)).sum()..)?;
        }
        Some(())
    }

    /// Those that a SOS segment needs; `None` if it is damaged.
    fn of_scan(segment: &[u8]) -> Option<Self> {
        let (components, rest) = segment.split_first()?;
        let components = rest.get(..usize::from(*components) * 2)?.chunks_exact(2);
        let mut bits =
            components.map(|component| Some(Self::bit(0, component[1] >> 4)? | Self::bit(1, component[1] & 15)?));
        bits.try_fold(0, |all, bits| Some(all | bits?)).map(Tables)
    }

    fn bit(class: u8, id: u8) -> Option<u8> {
        (class < 2 && id < 4).then(|| 1 << (class * 4 + id))
    }

    fn without(self, others: Tables) -> Self {
        Tables(self.0 & !others.0)
    }
}
