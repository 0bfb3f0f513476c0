//! Taking lines of samples apart: a line of a frame in, a line of each component out.
//!
//! Every byte of every frame comes through here, so each function is one plain loop over slices, which the compiler
//! makes fast. What a line has beyond the output is padding; output that the line does not reach stays as it was.

/// A line as it is.
pub(super) fn copy(line: &[u8], out: &mut [u8]) {
    if let Some(samples) = line.get(..out.len()) {
        out.copy_from_slice(samples);
    }
}

/// Samples of two components by turns.
pub(super) fn pairs(line: &[u8], first: &mut [u8], second: &mut [u8]) {
    for ((pair, first), second) in line.chunks_exact(2).zip(first).zip(second) {
        *first = pair[0];
        *second = pair[1];
    }
}

/// 4:2:2 in one plane: four bytes for two pixels, with luma in bytes `LUMA` and `LUMA` + 2, Cb before Cr in the others.
pub(super) fn packed<const LUMA: usize>(line: &[u8], y: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
    let pixels = line.chunks_exact(4).zip(y.chunks_exact_mut(2)).zip(&mut *cb).zip(&mut *cr);
    for (((bytes, y), cb), cr) in pixels {
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

/// 24 bits to BT.601 luma and chroma of limited range; `FULL_RANGE` is what R, G and B have.
pub(super) fn rgb<const FULL_RANGE: bool, const RED: usize>(line: &[u8], y: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
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
