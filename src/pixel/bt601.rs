//! Luma and chroma of another encoding converted to BT.601's, which is JPEG's.

use crate::format::Encoding;

/// How much of (Cb, Cr) goes into each component, in 1/65536. Luma is added to what there is.
#[derive(Debug)]
pub(crate) struct ToBt601 {
    y: [i32; 2],
    cb: [i32; 2],
    cr: [i32; 2],
}

impl ToBt601 {
    /// `None` for BT.601 itself.
    pub(crate) fn of(encoding: Encoding, full_range: bool) -> Option<Self> {
        if encoding == Encoding::Bt601 {
            return None;
        }
        // Red, green and blue of Cb and Cr alone, Y being 0; and from them BT.601's, as it defines them.
        let ((red, blue), (red_601, blue_601)) = (encoding.red_and_blue(), Encoding::Bt601.red_and_blue());
        let of = |cb: f64, cr: f64| {
            let (r, b) = (2.0 * (1.0 - red) * cr, 2.0 * (1.0 - blue) * cb);
            let g = -(red * r + blue * b) / (1.0 - red - blue);
            let y = red_601 * r + (1.0 - red_601 - blue_601) * g + blue_601 * b;
            [y, (b - y) / (2.0 * (1.0 - blue_601)), (r - y) / (2.0 * (1.0 - red_601))]
        };
        let ([y_of_cb, cb_of_cb, cr_of_cb], [y_of_cr, cb_of_cr, cr_of_cr]) = (of(1.0, 0.0), of(0.0, 1.0));
        // Luma of limited range has 219 steps where chroma has 224.
        let luma = if full_range { 1.0 } else { 219.0 / 224.0 };
        let fixed = |factors: [f64; 2]| factors.map(|factor| (factor * 65_536.0).round() as i32);
        Some(ToBt601 {
            y: fixed([y_of_cb * luma, y_of_cr * luma]),
            cb: fixed([cb_of_cb, cb_of_cr]),
            cr: fixed([cr_of_cb, cr_of_cr]),
        })
    }

    /// Converts two lines of luma, one after the other in `y`, and the line of chroma that they share.
    pub(crate) fn convert(&self, y: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
        let (first, second) = y.split_at_mut(y.len() / 2);
        let luma = first.chunks_exact_mut(2).zip(second.chunks_exact_mut(2));
        for (((first, second), cb), cr) in luma.zip(cb).zip(cr) {
            let chroma = [i32::from(*cb) - 128, i32::from(*cr) - 128];
            let sum = |factors: [i32; 2]| (factors[0] * chroma[0] + factors[1] * chroma[1] + (1 << 15)) >> 16;
            let added = |sample: i32, factors| (sample + sum(factors)).clamp(0, 255) as u8;
            first.iter_mut().chain(second).for_each(|luma| *luma = added(i32::from(*luma), self.y));
            (*cb, *cr) = (added(128, self.cb), added(128, self.cr));
        }
    }
}
