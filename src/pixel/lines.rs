//! Taking lines of samples apart: a line of a frame in, a line of each component out.
//!
//! Every byte of every frame comes through here, so each function is one plain loop over slices, which the compiler
//! makes fast. What a line has beyond the output is padding; output that the line does not reach stays as it was.

/// A line as it is.
pub(crate) fn copy(line: &[u8], out: &mut [u8]) {
    if let Some(samples) = line.get(..out.len()) {
        out.copy_from_slice(samples);
    }
}

/// Samples that [`halves`] takes of each component: a vector register's.
const BLOCK: usize = 16;

/// Samples of two components by turns.
pub(crate) fn pairs(line: &[u8], first: &mut [u8], second: &mut [u8]) {
    let blocks = line.chunks_exact(2 * BLOCK).zip(first.chunks_exact_mut(BLOCK)).zip(second.chunks_exact_mut(BLOCK));
    let done = blocks.len() * BLOCK;
    blocks.for_each(|((line, first), second)| halves(line, first, second));
    for ((pair, first), second) in line.chunks_exact(2).zip(first).zip(second).skip(done) {
        *first = pair[0];
        *second = pair[1];
    }
}

/// 4:2:2 in one plane: four bytes for two pixels, with luma in bytes `LUMA` and `LUMA` + 2, Cb before Cr in the others.
pub(crate) fn packed<const LUMA: usize>(line: &[u8], y: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
    let blocks = line.chunks_exact(4 * BLOCK).zip(y.chunks_exact_mut(2 * BLOCK));
    let blocks = blocks.zip(cb.chunks_exact_mut(BLOCK)).zip(cr.chunks_exact_mut(BLOCK));
    let done = blocks.len() * BLOCK;
    for (((line, y), cb), cr) in blocks {
        let mut chroma = [0; 2 * BLOCK];
        let lines = line.chunks_exact(2 * BLOCK).zip(y.chunks_exact_mut(BLOCK)).zip(chroma.chunks_exact_mut(BLOCK));
        lines.for_each(|((line, y), chroma)| if LUMA == 0 { halves(line, y, chroma) } else { halves(line, chroma, y) });
        halves(&chroma, cb, cr);
    }
    let rest = line.chunks_exact(4).zip(y.chunks_exact_mut(2)).zip(&mut *cb).zip(&mut *cr);
    for (((bytes, y), cb), cr) in rest.skip(done) {
        y[0] = bytes[LUMA];
        y[1] = bytes[LUMA + 2];
        *cb = bytes[1 - LUMA];
        *cr = bytes[3 - LUMA];
    }
    // The last pixel of an odd width has nobody to share its chroma with, and Cr may be missing.
    let pairs = y.len() / 2;
    let last = line.get(pairs * 4..).unwrap_or_default();
    for (out, byte) in [(y.get_mut(pairs * 2), LUMA), (cb.get_mut(pairs), 1 - LUMA), (cr.get_mut(pairs), 3 - LUMA)] {
        if let (Some(out), Some(sample)) = (out, last.get(byte)) {
            *out = *sample;
        }
    }
}

/// Every other byte of a block to `low`, those between to `high`: as words of 16 bits, which is what makes LLVM take vector
/// instructions for it, a quarter of the time that single bytes take.
#[inline(always)]
fn halves(line: &[u8], low: &mut [u8], high: &mut [u8]) {
    let mut words = [0; BLOCK];
    for (word, pair) in words.iter_mut().zip(line.chunks_exact(2)) {
        *word = u16::from_le_bytes([pair[0], pair[1]]);
    }
    low.copy_from_slice(&words.map(|word| word as u8));
    high.copy_from_slice(&words.map(|word| (word >> 8) as u8));
}

/// 24 bits to BT.601 luma and chroma of limited range; `FULL_RANGE` is what R, G and B have.
pub(crate) fn rgb<const FULL_RANGE: bool, const RED: usize>(line: &[u8], y: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
    let [to_y, to_cb, to_cr] = const { if FULL_RANGE { FULL_TO_LIMITED } else { LIMITED_TO_LIMITED } };
    for (((pixel, y), cb), cr) in line.chunks_exact(3).zip(y).zip(cb).zip(cr) {
        let [r, g, b] = [pixel[RED], pixel[1], pixel[2 - RED]].map(i32::from);
        let component = |[of_r, of_g, of_b, offset]: [i32; 4]| (of_r * r + of_g * g + of_b * b + offset) >> 16;
        *y = component(to_y) as u8;
        // RGB outside its limited range leads out of the byte.
        *cb = component(to_cb).clamp(0, 255) as u8;
        *cr = component(to_cr).clamp(0, 255) as u8;
    }
}

/// Factors of R, G and B and the offset, in 1/65536; the half is for rounding.
type Matrix = [[i32; 4]; 3];

const HALF: i32 = 1 << 15;
const FULL_TO_LIMITED: Matrix = [
    [16_829, 33_039, 6_416, (16 << 16) + HALF],
    [-9_714, -19_070, 28_784, (128 << 16) + HALF],
    [28_784, -24_103, -4_681, (128 << 16) + HALF],
];
const LIMITED_TO_LIMITED: Matrix = [
    [19_595, 38_470, 7_471, HALF],
    [-11_311, -22_205, 33_516, (128 << 16) + HALF],
    [33_516, -28_066, -5_450, (128 << 16) + HALF],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn planes<const Y: usize, const C: usize>(
        convert: impl Fn(&mut [u8], &mut [u8], &mut [u8]),
    ) -> ([u8; Y], [u8; C], [u8; C]) {
        let (mut y, mut cb, mut cr) = ([9; Y], [9; C], [9; C]);
        convert(&mut y, &mut cb, &mut cr);
        (y, cb, cr)
    }

    #[test]
    fn packed_lines_come_apart() {
        let line = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(planes(|y, cb, cr| packed::<0>(&line, y, cb, cr)), ([1, 3, 5, 7], [2, 6], [4, 8]));
        assert_eq!(planes(|y, cb, cr| packed::<1>(&line, y, cb, cr)), ([2, 4, 6, 8], [1, 5], [3, 7]));
        // Padding is not read.
        assert_eq!(planes(|y, cb, cr| packed::<0>(&line, y, cb, cr)), ([1, 3], [2], [4]));
        // The last pixel of an odd width, with all of its bytes and with two.
        assert_eq!(planes(|y, cb, cr| packed::<0>(&line, y, cb, cr)), ([1, 3, 5], [2, 6], [4, 8]));
        assert_eq!(planes(|y, cb, cr| packed::<0>(&line[..6], y, cb, cr)), ([1, 3, 5], [2, 6], [4, 9]));
        assert_eq!(planes(|y, cb, cr| packed::<1>(&line[..6], y, cb, cr)), ([2, 4, 6], [1, 5], [3, 9]));
        assert_eq!(planes(|y, cb, cr| packed::<1>(&[], y, cb, cr)), ([9; 3], [9; 2], [9; 2]));
    }

    /// Lines that are longer than the blocks that are taken at once, and end in the middle of one.
    #[test]
    fn long_lines_come_apart_as_short_ones_do() {
        let line: Vec<u8> = (0..=255).cycle().take(4 * 67 + 2).collect();
        let (y, cb, cr) = planes::<135, 68>(|y, cb, cr| packed::<0>(&line, y, cb, cr));
        assert!((0..135).all(|n| y[n] == line[2 * n]) && (0..68).all(|n| cb[n] == line[4 * n + 1]));
        assert!((0..67).all(|n| cr[n] == line[4 * n + 3]) && cr[67] == 9);
        let (y, cb, cr) = planes::<135, 68>(|y, cb, cr| packed::<1>(&line, y, cb, cr));
        assert!((0..135).all(|n| y[n] == line[2 * n + 1]) && (0..68).all(|n| cb[n] == line[4 * n]));
        assert!((0..67).all(|n| cr[n] == line[4 * n + 2]) && cr[67] == 9);
        let (mut first, mut second) = ([9; 40], [9; 40]);
        pairs(&line[..75], &mut first, &mut second);
        assert!((0..37).all(|n| (first[n], second[n]) == (line[2 * n], line[2 * n + 1])) && second[37] == 9);
    }

    #[test]
    fn pairs_and_copies_take_what_is_there() {
        let (mut first, mut second) = ([9; 3], [9; 3]);
        pairs(&[1, 2, 3, 4, 5], &mut first, &mut second);
        assert_eq!((first, second), ([1, 3, 9], [2, 4, 9]));
        copy(&[1, 2, 3, 4], &mut first);
        copy(&[1, 2], &mut second);
        assert_eq!((first, second), ([1, 2, 3], [2, 4, 9]));
    }

    /// BT.601 by its definition.
    fn exact(rgb: [u8; 3], full_range: bool) -> [f64; 3] {
        let [r, g, b] =
            rgb.map(|part| if full_range { f64::from(part) / 255.0 } else { (f64::from(part) - 16.0) / 219.0 });
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        [16.0 + 219.0 * y, 128.0 + 224.0 * (b - y) / 1.772, 128.0 + 224.0 * (r - y) / 1.402]
    }

    #[test]
    fn rgb_is_converted_to_the_nearest_there_is() {
        let parts = (0..=255).step_by(15);
        let colours = parts.clone().flat_map(|r| parts.clone().flat_map(move |g| (0..=255).map(move |b| [r, g, b])));
        for [r, g, b] in colours {
            for (full_range, [y, cb, cr]) in [
                (true, planes(|y, cb, cr| rgb::<true, 0>(&[r, g, b], y, cb, cr))),
                (true, planes(|y, cb, cr| rgb::<true, 2>(&[b, g, r], y, cb, cr))),
                (false, planes(|y, cb, cr| rgb::<false, 0>(&[r, g, b], y, cb, cr))),
                (false, planes(|y, cb, cr| rgb::<false, 2>(&[b, g, r], y, cb, cr))),
            ]
            .map(|(full_range, (y, cb, cr))| (full_range, [y, cb, cr].map(|[sample]: [u8; 1]| f64::from(sample))))
            {
                for (got, exact) in [y, cb, cr].into_iter().zip(exact([r, g, b], full_range)) {
                    let apart = (got - exact.clamp(0.0, 255.0)).abs();
                    assert!(apart < 0.51, "{r} {g} {b}, full range {full_range}: {got} is not {exact}");
                }
            }
        }
    }
}
