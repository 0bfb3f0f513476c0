//! From eight lines of eight samples to quantized coefficients.
//!
//! Every pixel comes through here, so all of it is loops over whole lines of eight, which the compiler turns into the
//! vector instructions that every x86_64 (SSE2) and every aarch64 (NEON) has.

use std::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::tables::ZIGZAG;

/// Samples to a line, lines to a block.
pub(super) const SIDE: usize = 8;
const BLOCK: usize = SIDE * SIDE;

/// What each coefficient of Arai, Agui and Nakajima's transform is larger by, in each direction, than the transform's: this
/// is undone in the same multiplication that quantizes.
const SCALES: [f32; SIDE] =
    [1.0, 1.387_039_8, SQRT_2 * 0.923_879_5, 1.175_875_6, 1.0, 0.785_694_96, 0.541_196_1, 0.275_899_38];

/// For each place in a JPEG's sequence of coefficients its place in the transposed block.
const TRANSPOSED_ZIGZAG: [usize; BLOCK] = {
    let mut places = [0; BLOCK];
    let mut index = 0;
    while index < BLOCK {
        let place = ZIGZAG[index] as usize;
        places[index] = place % SIDE * SIDE + place / SIDE;
        index += 1;
    }
    places
};

/// How the samples of a component become coefficients.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantizer {
    /// The sample that becomes 0.
    centre: f32,
    /// Of each place in the transposed block.
    factors: [f32; BLOCK],
}

impl Quantizer {
    /// Divides by `divisors`, line by line. Samples are taken as `(sample - centre) * scale`.
    pub(super) fn new(divisors: &[u8; BLOCK], centre: f32, scale: f32) -> Self {
        let factor = |place: usize| {
            let (line, column) = (place % SIDE, place / SIDE);
            let divisor = f32::from(divisors[line * SIDE + column]) * SCALES[line] * SCALES[column] * SIDE as f32;
            scale / divisor
        };
        Quantizer { centre, factors: std::array::from_fn(factor) }
    }

    /// The coefficients of the block that starts at `samples`, whose lines are `stride` apart, in a JPEG's order.
    #[inline(always)]
    pub(super) fn coefficients(&self, samples: &[u8], stride: usize) -> [i16; BLOCK] {
        let mut block = [0.0; BLOCK];
        for (line, out) in samples.chunks(stride).zip(block.chunks_exact_mut(SIDE)) {
            // A line of known length, or it is not done in vectors.
            if let Some(line) = line.first_chunk::<SIDE>() {
                out.copy_from_slice(&line.map(|sample| f32::from(sample) - self.centre));
            }
        }
        transform(&mut block);
        let mut block = transpose(&block);
        transform(&mut block);
        let mut quantized = [0; BLOCK];
        for ((out, coefficient), factor) in quantized.iter_mut().zip(&block).zip(&self.factors) {
            *out = round(coefficient * factor).clamp(-1023, 1023);
        }
        TRANSPOSED_ZIGZAG.map(|place| quantized[place])
    }
}

/// To the nearest integer, without the call or the branch that `round` is where SSE4.1 is missing: what is left of a fraction
/// beside 2^23 is none, and the lowest bits are the integer.
#[inline(always)]
fn round(value: f32) -> i16 {
    const SHIFT: f32 = (1 << 23) as f32 * 1.5;
    (value + SHIFT).to_bits() as i16
}

/// Three times half of the block is interleaved with the other half: each time the bits of a place in it, three of the line
/// and three of the column, go around by one.
#[inline(always)]
fn transpose(block: &[f32; BLOCK]) -> [f32; BLOCK] {
    interleave(&interleave(&interleave(block)))
}

#[inline(always)]
fn interleave(block: &[f32; BLOCK]) -> [f32; BLOCK] {
    let mut out = [0.0; BLOCK];
    let (first, second) = block.split_at(BLOCK / 2);
    for ((out, first), second) in out.chunks_exact_mut(2).zip(first).zip(second) {
        out[0] = *first;
        out[1] = *second;
    }
    out
}

/// The transform of each column, by Arai, Agui and Nakajima: five multiplications for eight samples.
#[inline(always)]
fn transform(block: &mut [f32; BLOCK]) {
    const COS_6: f32 = 0.382_683_43;
    for column in 0..SIDE {
        let [s0, s1, s2, s3, s4, s5, s6, s7]: [f32; SIDE] = std::array::from_fn(|line| block[line * SIDE + column]);
        let (a0, a1, a2, a3) = (s0 + s7, s1 + s6, s2 + s5, s3 + s4);
        let (d0, d1, d2, d3) = (s0 - s7, s1 - s6, s2 - s5, s3 - s4);

        let (even_0, even_1, even_2, even_3) = (a0 + a3, a1 + a2, a1 - a2, a0 - a3);
        let turned = (even_2 + even_3) * FRAC_1_SQRT_2;

        let (odd_0, odd_1, odd_2) = (d3 + d2, d2 + d1, d1 + d0);
        let both = (odd_0 - odd_2) * COS_6;
        let (low, high) = (odd_0 * 0.541_196_1 + both, odd_2 * 1.306_563 + both);
        let middle = odd_1 * FRAC_1_SQRT_2;
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
        for (line, coefficient) in coefficients.into_iter().enumerate() {
            block[line * SIDE + column] = coefficient;
        }
    }
}
