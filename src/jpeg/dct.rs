//! From eight lines of eight samples to quantized coefficients.
//!
//! Every pixel comes through here, so all of it is loops over whole lines of eight words of 16 bits, which the compiler turns
//! into the vector instructions that every x86_64 (SSE2) and every aarch64 (NEON) has.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::tables::ZIGZAG;

/// Samples to a line, lines to a block.
pub(super) const SIDE: usize = 8;
const BLOCK: usize = SIDE * SIDE;

/// What each coefficient of Arai, Agui and Nakajima's transform is larger by, in each direction, than the transform's: this
/// is undone in the same multiplication that quantizes.
const SCALES: [f64; SIDE] = {
    const COS_1: f64 = 0.980_785_280_403_230_4;
    const COS_2: f64 = 0.923_879_532_511_286_7;
    const COS_3: f64 = 0.831_469_612_302_545_2;
    const SIN_1: f64 = 0.195_090_322_016_128_3;
    const SIN_2: f64 = 0.382_683_432_365_089_8;
    const SIN_3: f64 = 0.555_570_233_019_602_2;
    [1.0, SQRT_2 * COS_1, SQRT_2 * COS_2, SQRT_2 * COS_3, 1.0, SQRT_2 * SIN_3, SQRT_2 * SIN_2, SQRT_2 * SIN_1]
};

/// Bits of fraction that samples get before the first transform.
const FRACTION: u32 = 4;

/// Those that each line loses before the second: as few as leave room for its largest coefficients, which are up to 10 times
/// what they are of.
const DOWN: [u32; SIDE] = [3, 3, 3, 3, 3, 2, 2, 1];

/// For each place in a JPEG's sequence of coefficients its place in the transposed block.
static PLACES: [u8; BLOCK] = {
    let mut places = [0; BLOCK];
    let mut index = 0;
    while index < BLOCK {
        let place = ZIGZAG[index] as usize;
        places[index] = (place % SIDE * SIDE + place / SIDE) as u8;
        index += 1;
    }
    places
};

/// Which of a JPEG's sequence of coefficients are meant by four bits of those in [`Block::nonzero`]: by the bits' place, then
/// by which of them are set.
static SEQUENCES: [[u64; 16]; 16] = {
    let mut sequences = [[0; 16]; 16];
    let mut index = 0;
    while index < BLOCK {
        let bit = ZIGZAG[index] as usize;
        let mut nibble = 0;
        while nibble < 16 {
            if nibble >> (bit % 4) & 1 == 1 {
                sequences[bit / 4][nibble] |= 1 << index;
            }
            nibble += 1;
        }
        index += 1;
    }
    sequences
};

/// A block of words, on a vector's boundary: samples, and then what becomes of them.
#[derive(Clone, Copy, Debug)]
#[repr(align(16))]
pub(super) struct Block([i16; BLOCK]);

impl Block {
    pub(super) const EMPTY: Block = Block([0; BLOCK]);

    /// The first coefficient, which is the block's average.
    #[inline(always)]
    pub(super) fn dc(&self) -> i16 {
        self.0[0]
    }

    /// A coefficient by its place in a JPEG's sequence, 0 to 63.
    #[inline(always)]
    pub(super) fn get(&self, index: u32) -> i16 {
        self.0[usize::from(PLACES[index as usize % BLOCK]) % BLOCK]
    }

    /// A bit for each coefficient that is not zero, the first of a JPEG's sequence lowest; without the very first.
    #[inline(always)]
    pub(super) fn nonzero(&self) -> u64 {
        let mut bytes = [0; BLOCK];
        for (byte, coefficient) in bytes.iter_mut().zip(&self.0) {
            *byte = u8::from(*coefficient != 0);
        }
        // A byte for each column of the transposed block, a bit in it for each line: the block line by line.
        let mut bits = 0;
        for (line, bytes) in bytes.chunks_exact(SIDE).enumerate() {
            bits |= u64::from_le_bytes(bytes.try_into().unwrap_or_default()) << line;
        }
        bits &= !1;
        if bits == 0 {
            return 0;
        }
        let sequences = SEQUENCES.iter().enumerate();
        sequences.fold(0, |found, (nibble, sequence)| found | sequence[(bits >> (4 * nibble)) as usize % 16])
    }
}

/// Makes coefficients of samples, which are lost: scaled and transposed ones, as [`Quantizer::quantize`] takes them. Each step
/// is done for all blocks before the next, so that no processor waits for a word that is still on its way to memory as part
/// of a vector.
#[inline(always)]
pub(super) fn transform<const BLOCKS: usize>(samples: &mut [Block; BLOCKS], coefficients: &mut [Block; BLOCKS]) {
    samples.iter_mut().for_each(|block| columns(block, DOWN));
    // Each time the bits of a word's place, three of the line and three of the column, go around by one.
    interleave(samples, coefficients);
    interleave(coefficients, samples);
    interleave(samples, coefficients);
    coefficients.iter_mut().for_each(|block| columns(block, [0; SIDE]));
}

/// How the samples of a component become coefficients.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantizer {
    /// The sample that becomes 0.
    centre: i16,
    /// Of each place in the transposed block.
    factors: [f32; BLOCK],
}

impl Quantizer {
    /// Divides by `divisors`, line by line. Samples are taken as `(sample - centre) * scale`.
    pub(super) fn new(divisors: &[u8; BLOCK], centre: f64, scale: f64) -> Self {
        let factor = |place: usize| {
            let (line, column) = (place % SIDE, place / SIDE);
            let one = f64::from(8 << (FRACTION - DOWN[line])) * SCALES[line] * SCALES[column];
            (scale / (f64::from(divisors[line * SIDE + column]) * one)) as f32
        };
        let centre = (centre * f64::from(1 << FRACTION)).round() as i16;
        Quantizer { centre, factors: std::array::from_fn(factor) }
    }

    /// Reads the block that starts at `samples`, whose lines are `stride` apart.
    #[inline(always)]
    pub(super) fn read(&self, samples: &[u8], stride: usize, block: &mut Block) {
        let mut bytes = [0; BLOCK];
        for (line, out) in bytes.chunks_exact_mut(SIDE).enumerate() {
            out.copy_from_slice(&samples[line * stride..][..SIDE]);
        }
        for (word, byte) in block.0.iter_mut().zip(&bytes) {
            *word = (i16::from(*byte) << FRACTION) - self.centre;
        }
    }

    /// Quantizes the coefficients of a [transformed](transform) block.
    #[inline(always)]
    pub(super) fn quantize(&self, block: &mut Block) {
        for (coefficient, factor) in block.0.iter_mut().zip(&self.factors) {
            *coefficient = round(f32::from(*coefficient) * factor).clamp(-1023, 1023);
        }
    }
}

/// To the nearest integer, without the call or the branch that `round` is where SSE4.1 is missing: what is left of a fraction
/// beside 2^23 is none, and the lowest bits are the integer.
#[inline(always)]
fn round(value: f32) -> i16 {
    const SHIFT: f32 = (1 << 23) as f32 * 1.5;
    (value + SHIFT).to_bits() as i16
}

/// Half of each block with its other half. Of iterators over them the LLVM of Rust 1.85 does not make vector instructions.
#[inline(always)]
fn interleave(blocks: &[Block], out: &mut [Block]) {
    for (block, out) in blocks.iter().zip(out) {
        for index in 0..BLOCK / 2 {
            out.0[2 * index] = block.0[index];
            out.0[2 * index + 1] = block.0[BLOCK / 2 + index];
        }
    }
}

/// The transform of each column by Arai, Agui and Nakajima, in five multiplications for eight samples. Lines lose `down` bits
/// of fraction.
#[inline(always)]
fn columns(block: &mut Block, down: [u32; SIDE]) {
    const SIN_2: i32 = fraction(0.382_683_432_365_089_8);
    const COS_4: i32 = fraction(FRAC_1_SQRT_2 - 1.0);
    const DIFFERENCE: i32 = fraction(0.541_196_100_146_197 - 1.0);
    const SUM: i32 = fraction(1.306_562_964_876_376_5 - 1.0);
    for column in 0..SIDE {
        let [s0, s1, s2, s3, s4, s5, s6, s7]: [i16; SIDE] = std::array::from_fn(|line| block.0[line * SIDE + column]);
        let (a0, a1, a2, a3) = (s0 + s7, s1 + s6, s2 + s5, s3 + s4);
        let (d0, d1, d2, d3) = (s0 - s7, s1 - s6, s2 - s5, s3 - s4);

        let (even_0, even_1, even_2, even_3) = (a0 + a3, a1 + a2, a1 - a2, a0 - a3);
        let sum = even_2 + even_3;
        let turned = sum + part(sum, COS_4);

        let (odd_0, odd_1, odd_2) = (d3 + d2, d2 + d1, d1 + d0);
        let both = part(odd_0 - odd_2, SIN_2);
        let low = odd_0 + part(odd_0, DIFFERENCE) + both;
        let high = odd_2 + part(odd_2, SUM) + both;
        let middle = odd_1 + part(odd_1, COS_4);
        let (sum, difference) = (d0 + middle, d0 - middle);

        let coefficients = [
            even_0 + even_1,
            sum + high,
            even_3 + turned,
            difference - low,
            even_0 - even_1,
            difference + low,
            even_3 - turned,
            sum - high,
        ];
        for (line, (coefficient, down)) in coefficients.into_iter().zip(down).enumerate() {
            block.0[line * SIDE + column] = (coefficient + (1 << down >> 1)) >> down;
        }
    }
}

/// A factor of less than a half as [`part`] has it.
const fn fraction(factor: f64) -> i32 {
    (factor * 65_536.0) as i32
}

/// The upper half of a product, which is one instruction for eight of them.
#[inline(always)]
fn part(value: i16, fraction: i32) -> i16 {
    ((i32::from(value) * fraction) >> 16) as i16
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    /// The transform by its definition, ITU-T T.81, A.3.3.
    fn exact(samples: &[u8; BLOCK], centre: f64, scale: f64, line: usize, column: usize) -> f64 {
        let cosine = |place: usize, wave: usize| ((2 * place + 1) as f64 * wave as f64 * PI / 16.0).cos();
        let half = |wave: usize| if wave == 0 { FRAC_1_SQRT_2 / 2.0 } else { 0.5 };
        let sum: f64 = (0..BLOCK)
            .map(|place| {
                let sample = (f64::from(samples[place]) - centre) * scale;
                sample * cosine(place / SIDE, line) * cosine(place % SIDE, column)
            })
            .sum();
        half(line) * half(column) * sum
    }

    fn coefficients(quantizer: &Quantizer, samples: &[u8; BLOCK]) -> Block {
        let [mut block, mut out] = [[Block::EMPTY]; 2];
        quantizer.read(samples, SIDE, &mut block[0]);
        transform(&mut block, &mut out);
        quantizer.quantize(&mut out[0]);
        out[0]
    }

    /// Noise, and for each wave the samples that make the most of it: nothing is wider than 16 bits.
    fn blocks() -> Vec<[u8; BLOCK]> {
        let mut seed = 1_u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        let mut blocks: Vec<_> = (0..200).map(|_| std::array::from_fn(|_| noise())).collect();
        for wave in 0..BLOCK {
            let most = |place: usize| {
                let impulse = std::array::from_fn(|other| u8::from(other == place));
                if exact(&impulse, 0.0, 1.0, wave / SIDE, wave % SIDE) > 0.0 { 255 } else { 0 }
            };
            let block: [u8; BLOCK] = std::array::from_fn(most);
            blocks.extend([block, block.map(|sample| 255 - sample)]);
        }
        blocks
    }

    #[test]
    fn coefficients_are_those_of_the_definition() {
        for (centre, scale) in [(128.0, 1.0), (16.0 + 128.0 * 219.0 / 255.0, 255.0 / 219.0), (128.0, 255.0 / 224.0)] {
            for divisor in [1, 7, 255] {
                let quantizer = Quantizer::new(&[divisor; BLOCK], centre, scale);
                for samples in blocks() {
                    let found = coefficients(&quantizer, &samples);
                    for (index, place) in ZIGZAG.iter().map(|place| usize::from(*place)).enumerate() {
                        let exact = exact(&samples, centre, scale, place / SIDE, place % SIDE) / f64::from(divisor);
                        let apart = (f64::from(found.get(index as u32)) - exact.clamp(-1023.0, 1023.0)).abs();
                        // A half for rounding to the nearest.
                        assert!(
                            apart < if divisor == 1 { 1.5 } else { 0.8 },
                            "{place} by {divisor}: {exact}, {apart} off"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_zero_is_found_in_its_place() {
        for index in 0..BLOCK as u32 {
            let mut block = Block::EMPTY;
            block.0[usize::from(PLACES[index as usize])] = -3;
            assert_eq!((block.get(index), block.nonzero()), (-3, 1 << index & !1));
            let others = block.0.map(|coefficient| coefficient + 3);
            assert_eq!(Block(others).nonzero(), !(1 << index) & !1);
        }
        assert_eq!(Block([1; BLOCK]).dc(), 1);
    }
}
