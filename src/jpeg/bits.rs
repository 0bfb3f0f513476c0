//! Huffman coding: coefficients to bits.

use super::tables::Huffman;

/// The code of each symbol.
pub(super) struct Codes([Code; 256]);

#[derive(Clone, Copy, Default)]
struct Code {
    bits: u16,
    length: u8,
}

impl Codes {
    pub(super) const fn new(table: &Huffman) -> Self {
        let mut codes = [Code { bits: 0, length: 0 }; 256];
        let (mut next, mut symbol, mut length) = (0, 0, 1);
        while length <= 16 {
            let mut left = table.counts[length - 1];
            while left > 0 {
                codes[table.symbols[symbol] as usize] = Code { bits: next, length: length as u8 };
                (next, symbol, left) = (next.wrapping_add(1), symbol + 1, left - 1);
            }
            (next, length) = (next << 1, length + 1);
        }
        Codes(codes)
    }

    #[inline(always)]
    fn of(&self, symbol: u8) -> (u64, u32) {
        let Code { bits, length } = self.0[usize::from(symbol)];
        (u64::from(bits), u32::from(length))
    }
}

/// No coefficients are left in the block.
const END_OF_BLOCK: u8 = 0x00;
/// Sixteen zeros.
const ZEROS: u8 = 0xf0;

/// Collects bits and writes them eight bytes at a time, with the zero that follows each 0xff.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// The lowest 64 - `free` bits are not written yet; those above are old.
    bits: u64,
    free: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        BitWriter { out, bits: 0, free: u64::BITS }
    }

    /// Writes a block's coefficients, which are in a JPEG's order. `previous` is the component's DC coefficient before this
    /// block's.
    #[inline(always)]
    pub(super) fn block(&mut self, coefficients: &[i16; 64], previous: &mut i16, dc: &Codes, ac: &Codes) {
        let [first, ..] = *coefficients;
        let (bits, length) = magnitude(i32::from(first) - i32::from(*previous));
        *previous = first;
        let (code, code_length) = dc.of(length as u8);
        self.put(code << length | bits, code_length + length);

        let mut left = nonzero(coefficients) & !1;
        let mut next = 1;
        while left != 0 {
            let index = left.trailing_zeros();
            left &= left - 1;
            let mut zeros = index - next;
            next = index + 1;
            while zeros > 15 {
                let (code, length) = ac.of(ZEROS);
                self.put(code, length);
                zeros -= 16;
            }
            let (bits, length) = magnitude(i32::from(coefficients[index as usize & 63]));
            let (code, code_length) = ac.of((zeros << 4 | length) as u8);
            self.put(code << length | bits, code_length + length);
        }
        if next <= 63 {
            let (code, length) = ac.of(END_OF_BLOCK);
            self.put(code, length);
        }
    }

    /// `length` is 1 to 27, and no higher bit of `bits` is set.
    #[inline(always)]
    fn put(&mut self, bits: u64, length: u32) {
        if length <= self.free {
            self.free -= length;
            self.bits = self.bits << length | bits;
        } else {
            let over = length - self.free;
            let word = self.bits << self.free | bits >> over;
            self.write(word);
            self.bits = bits;
            self.free = u64::BITS - over;
        }
    }

    #[inline(always)]
    fn write(&mut self, word: u64) {
        const HIGH: u64 = 0x8080_8080_8080_8080;
        const LOW: u64 = 0x0101_0101_0101_0101;
        let bytes = word.to_be_bytes();
        // The highest bit of 0xff is set, and no more when one is added. That a carry finds others, too, does no harm.
        if word & HIGH & !word.wrapping_add(LOW) == 0 {
            self.out.extend_from_slice(&bytes);
        } else {
            self.stuff(&bytes);
        }
    }

    #[cold]
    fn stuff(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.out.push(*byte);
            if *byte == 0xff {
                self.out.push(0);
            }
        }
    }

    /// Fills the last byte with ones.
    pub(super) fn finish(mut self) {
        let padding = self.free % 8;
        if padding > 0 {
            self.put((1 << padding) - 1, padding);
        }
        let length = u64::BITS - self.free;
        if length > 0 {
            let bytes = (self.bits << self.free).to_be_bytes();
            self.stuff(bytes.get(..length as usize / 8).unwrap_or_default());
        }
    }
}

/// A coefficient as a JPEG has it: its number of bits is coded, the bits follow; negative ones are less one.
#[inline(always)]
fn magnitude(value: i32) -> (u64, u32) {
    let sign = value >> 31;
    let length = i32::BITS - ((value ^ sign) - sign).leading_zeros();
    ((value + sign) as u64 & ((1 << length) - 1), length)
}

/// A bit for each coefficient that is not zero.
#[inline(always)]
fn nonzero(coefficients: &[i16; 64]) -> u64 {
    let bytes = coefficients.map(|coefficient| u8::from(coefficient != 0));
    bytes.chunks_exact(8).rev().fold(0, |bits, bytes| {
        let bytes = bytes.iter().rev().fold(0, |word: u64, byte| word << 8 | u64::from(*byte));
        // Moves the lowest bit of each byte next to each other into the highest byte.
        bits << 8 | bytes.wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}
