//! A baseline JPEG of a frame, in Rust alone.
//!
//! Limited range becomes JPEG's full range at no cost: scaling samples is scaling coefficients, which the quantization does
//! anyway.

use super::bits::{BitWriter, Codes};
use super::dct::{self, Block, Quantizer};
use super::stripes::{self, LINES, Planes, Reader};
use super::tables::{self, HUFFMAN_SEGMENT, ZIGZAG};
use crate::format::Size;

static DC_LUMA: Codes = Codes::new(&tables::DC_LUMA);
static AC_LUMA: Codes = Codes::new(&tables::AC_LUMA);
static DC_CHROMA: Codes = Codes::new(&tables::DC_CHROMA);
static AC_CHROMA: Codes = Codes::new(&tables::AC_CHROMA);

/// What stays the same from frame to frame: made anew only when format or quality change.
#[derive(Debug, Default)]
pub(super) struct Baseline {
    made_for: Option<(Size, bool, bool, u8)>,
    /// All that comes before the coefficients.
    header: Vec<u8>,
    /// Of luma and chroma.
    quantizers: Option<[Quantizer; 2]>,
    y: Vec<u8>,
    cb: Vec<u8>,
    cr: Vec<u8>,
}

impl Baseline {
    /// Encodes a [checked](Reader::check) frame to the end of `out`.
    pub(super) fn encode(
        &mut self,
        reader: &mut Reader,
        size: Size,
        planes: &[&[u8]; 3],
        quality: u8,
        out: &mut Vec<u8>,
    ) {
        let grey = reader.is_grey();
        let stride = stripes::stride(size.width as usize);
        let made_for = (size, grey, reader.is_full_range(), quality);
        if self.made_for != Some(made_for) {
            let divisors = tables::quantization(quality);
            self.header.clear();
            header(&divisors, size, grey, &mut self.header);
            // Limited range: 16 is black and 235 white, chroma has 224 steps.
            let [luma, chroma] = if reader.is_full_range() {
                [(128.0, 1.0), (128.0, 1.0)]
            } else {
                [(16.0 + 128.0 * 219.0 / 255.0, 255.0 / 219.0), (128.0, 255.0 / 224.0)]
            };
            let quantizer = |divisors, (centre, scale)| Quantizer::new(divisors, centre, scale);
            self.quantizers = Some([quantizer(&divisors[0], luma), quantizer(&divisors[1], chroma)]);
            self.y.resize(stride * LINES, 0);
            let chroma = if grey { 0 } else { stride * LINES / 4 };
            self.cb.resize(chroma, 0);
            self.cr.resize(chroma, 0);
            self.made_for = Some(made_for);
        }
        let Some([luma, chroma]) = &self.quantizers else { return };

        out.extend_from_slice(&[0xff, 0xd8]);
        out.extend_from_slice(&self.header);
        let mut bits = BitWriter::new(out);
        let (mut last_y, mut last_cb, mut last_cr) = (0, 0, 0);
        // What a scan of three components goes by: four blocks of luma, and one each of chroma.
        let [mut samples, mut coefficients] = [[Block::EMPTY; 6]; 2];
        for first in (0..size.height as usize).step_by(LINES) {
            let mut stripe = Planes { y: &mut self.y, cb: &mut self.cb, cr: &mut self.cr };
            reader.stripe(planes, first, &mut stripe);
            if grey {
                // A scan of one component has only the blocks that there is something in.
                let blocks = (size.width as usize).div_ceil(8);
                for top in (0..LINES.min(size.height as usize - first)).step_by(8) {
                    for left in (0..8 * blocks).step_by(8) {
                        let [mut samples, mut coefficients] = [[Block::EMPTY]; 2];
                        luma.read(&self.y[top * stride + left..], stride, &mut samples[0]);
                        dct::transform(&mut samples, &mut coefficients);
                        luma.quantize(&mut coefficients[0]);
                        bits.block(&coefficients[0], &mut last_y, &DC_LUMA, &AC_LUMA);
                    }
                }
                continue;
            }
            for left in (0..stride).step_by(16) {
                let [y @ .., cb, cr] = &mut samples;
                for (block, corner) in y.iter_mut().zip([left, left + 8, left + 8 * stride, left + 8 * stride + 8]) {
                    luma.read(&self.y[corner..], stride, block);
                }
                chroma.read(&self.cb[left / 2..], stride / 2, cb);
                chroma.read(&self.cr[left / 2..], stride / 2, cr);
                dct::transform(&mut samples, &mut coefficients);
                let [y @ .., cb, cr] = &mut coefficients;
                y.iter_mut().for_each(|block| luma.quantize(block));
                chroma.quantize(cb);
                chroma.quantize(cr);
                y.iter().for_each(|block| bits.block(block, &mut last_y, &DC_LUMA, &AC_LUMA));
                bits.block(cb, &mut last_cb, &DC_CHROMA, &AC_CHROMA);
                bits.block(cr, &mut last_cr, &DC_CHROMA, &AC_CHROMA);
            }
        }
        bits.finish();
        out.extend_from_slice(&[0xff, 0xd9]);
    }
}

/// From SOI to SOS (ITU-T T.81, annex B; JFIF 1.01).
fn header(divisors: &[[u8; 64]; 2], size: Size, grey: bool, out: &mut Vec<u8>) {
    let zigzag = |divisors: &[u8; 64]| ZIGZAG.map(|place| divisors[usize::from(place)]);
    let [luma, chroma] = [zigzag(&divisors[0]), zigzag(&divisors[1])];
    let [height, width] = [size.height, size.width].map(|length| (length as u16).to_be_bytes());
    // Number, samples across and down, quantization table; number, Huffman tables of DC and AC.
    let (frame, scan): (&[u8], &[u8]) = if grey {
        (&[1, 1, 0x11, 0], &[1, 1, 0x00])
    } else {
        (&[3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1], &[3, 1, 0x00, 2, 0x11, 3, 0x11])
    };
    let tables: &[&[u8]] = &[&[0], &luma, &[1], &chroma];
    let mut segment = |marker: u8, parts: &[&[u8]]| {
        let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
        out.extend_from_slice(&[0xff, marker]);
        out.extend_from_slice(&(length as u16).to_be_bytes());
        parts.iter().for_each(|part| out.extend_from_slice(part));
    };
    // Version 1.01, square pixels, no thumbnail.
    segment(0xe0, &[b"JFIF\0", &[1, 1, 0, 0, 1, 0, 1, 0, 0]]);
    segment(0xdb, if grey { &tables[..2] } else { tables });
    segment(0xc0, &[&[8], &height, &width, frame]);
    segment(0xc4, &[&HUFFMAN_SEGMENT[4..]]);
    // All 64 coefficients at once.
    segment(0xda, &[scan, &[0, 63, 0]]);
}
