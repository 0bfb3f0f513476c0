//! Huffman coding: coefficients to bits.

use super::dct::Block;
use super::tables::Huffman;

/// The code of each symbol; and, as most coefficients are small, those of `-8..8` after 0 to 15 zeros with the bits that
/// follow the code.
pub(super) struct Codes {
    symbols: [Code; 256],
    small: [Code; 256],
}

/// The lowest five bits are its length, which is at most 27, the others the code.
type Code = u32;

const fn code(bits: u32, length: u32) -> Code {
    bits << 5 | length
}

impl Codes {
    pub(super) const fn new(table: &Huffman) -> Self {
        let mut symbols = [0; 256];
        let (mut next, mut index, mut length) = (0, 0, 1);
        while length <= 16 {
            let mut left = table.counts[length - 1];
            while left > 0 {
                symbols[table.symbols[index] as usize] = code(next, length as u32);
                (next, index, left) = (next + 1, index + 1, left - 1);
            }
            (next, length) = (next << 1, length + 1);
        }
        let mut small = [0; 256];
        index = 0;
        while index < small.len() {
            small[index] = followed(&symbols, index as u32 / 16, index as i32 % 16 - 8);
            index += 1;
        }
        Codes { symbols, small }
    }

    /// Bits and how many they are.
    #[inline(always)]
    fn symbol(&self, symbol: u8) -> (u64, u32) {
        split(self.symbols[usize::from(symbol)])
    }

    /// The same of a value, at most 11 bits, after up to 15 `zeros`.
    #[inline(always)]
    fn of(&self, zeros: u32, value: i32) -> (u64, u32) {
        let place = (value + 8) as u32;
        split(if place < 16 {
            self.small[(zeros * 16 + place) as usize % 256]
        } else {
            followed(&self.symbols, zeros, value)
        })
    }
}

#[inline(always)]
fn split(code: Code) -> (u64, u32) {
    (u64::from(code >> 5), code % 32)
}

/// A value as a JPEG has it: its number of bits is coded, the bits follow; negative ones are less one.
const fn followed(symbols: &[Code; 256], zeros: u32, value: i32) -> Code {
    let sign = value >> 31;
    let more = i32::BITS - ((value ^ sign) - sign).leading_zeros();
    let symbol = symbols[(zeros << 4 | more) as usize % 256];
    let bits = (value + sign) as u32 & ((1 << more) - 1);
    code(symbol >> 5 << more | bits, symbol % 32 + more)
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

    /// Writes a block's coefficients. `previous` is the component's DC coefficient before this block's.
    #[inline(always)]
    pub(super) fn block(&mut self, coefficients: &Block, previous: &mut i16, dc: &Codes, ac: &Codes) {
        let first = coefficients.dc();
        let (bits, length) = dc.of(0, i32::from(first) - i32::from(*previous));
        *previous = first;
        self.put(bits, length);

        let mut left = coefficients.nonzero();
        let mut next = 1;
        while left != 0 {
            let index = left.trailing_zeros();
            left &= left - 1;
            let mut zeros = index - next;
            next = index + 1;
            while zeros > 15 {
                let (bits, length) = ac.symbol(ZEROS);
                self.put(bits, length);
                zeros -= 16;
            }
            let (bits, length) = ac.of(zeros, i32::from(coefficients.get(index)));
            self.put(bits, length);
        }
        if next <= 63 {
            let (bits, length) = ac.symbol(END_OF_BLOCK);
            self.put(bits, length);
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
            stuff(self.out, &bytes);
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
            stuff(self.out, bytes.get(..length as usize / 8).unwrap_or_default());
        }
    }
}

/// Not of [`BitWriter`], whose bits then need not be in memory.
#[cold]
fn stuff(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        out.push(*byte);
        if *byte == 0xff {
            out.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables::{AC_LUMA, DC_LUMA};
    use super::*;

    fn text((bits, length): (u64, u32)) -> String {
        format!("{bits:0length$b}", length = length as usize)
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        let (dc, ac) = (Codes::new(&DC_LUMA), Codes::new(&AC_LUMA));
        // ITU-T T.81, tables K.3 and K.5; then the bits of table F.1.
        assert_eq!(text(dc.of(0, 0)), "00");
        assert_eq!(text(dc.of(0, -1)), "0100");
        assert_eq!(text(dc.of(0, 2047)), format!("111111110{:b}", 2047));
        assert_eq!(text(ac.symbol(END_OF_BLOCK)), "1010");
        assert_eq!(text(ac.symbol(ZEROS)), "11111111001");
        assert_eq!(text(ac.of(1, -5)), "1111001010");
        assert_eq!(text(ac.of(15, -1023)), format!("1111111111111110{:010b}", 0));
    }

    #[test]
    fn small_values_are_coded_as_others_are() {
        let ac = Codes::new(&AC_LUMA);
        for zeros in 0..16 {
            for value in (-40..40_i32).filter(|value| *value != 0) {
                let more = u32::BITS - value.unsigned_abs().leading_zeros();
                let (code, length) = ac.symbol((zeros << 4 | more) as u8);
                let bits = if value > 0 { value } else { value + (1 << more) - 1 };
                assert_eq!(ac.of(zeros, value), (code << more | bits as u64, length + more), "{value} after {zeros}");
            }
        }
    }

    #[test]
    fn a_zero_follows_each_0xff() {
        let mut out = Vec::new();
        let mut bits = BitWriter::new(&mut out);
        let bytes =
            [0xff, 0x00, 0xfe, 0x80, 0xff, 0xff, 0x7f, 0x01, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0xff];
        bytes.iter().for_each(|byte| bits.put(*byte, 8));
        bits.put(0b010, 3);
        bits.finish();
        let stuffed =
            bytes.iter().flat_map(|byte| [*byte as u8, 0].into_iter().take(if *byte == 0xff { 2 } else { 1 }));
        assert_eq!(out, stuffed.chain([0b0101_1111]).collect::<Vec<_>>());
    }
}
