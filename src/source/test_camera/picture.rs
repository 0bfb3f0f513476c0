//! What the test camera delivers: the pattern as it is drawn, or a JPEG of it.

use std::time::Duration;

use super::pattern::{self, Pattern};
use crate::format::{Format, FourCC, PlaneFormat, Size};
use crate::jpeg::Encoder;
use crate::pixel::PixelFormat;

/// The formats that the camera offers, the default one first.
pub(super) fn formats() -> impl Iterator<Item = FourCC> {
    pattern::formats().map(|row| row.fourcc).chain([FourCC::MJPG])
}

/// Bytes that a JPEG has beside its picture's data, generously: the smallest pictures have more of them than of data.
const HEADERS: u32 = 1024;

/// Makes the frames of one format and size.
pub(super) struct Picture {
    pattern: Pattern,
    compressed: Option<Compressed>,
}

struct Compressed {
    encoder: Encoder,
    /// What is drawn before it is compressed.
    format: Format,
    samples: Vec<u8>,
    jpeg: Vec<u8>,
}

impl Picture {
    /// Of the first format that the camera has, if it does not have `fourcc`; `wanted` is taken to the nearest size there is.
    pub(super) fn new(fourcc: FourCC, wanted: Size) -> Self {
        let row = pattern::formats().find(|row| row.fourcc == fourcc).unwrap_or(PixelFormat::yuyv());
        let pattern = Pattern::new(row, wanted);
        let compressed = (fourcc == FourCC::MJPG).then(|| {
            let format = pattern.format();
            let samples = vec![0; usize::try_from(format.sizeimage()).unwrap_or_default()];
            Compressed { encoder: Encoder::new(), format, samples, jpeg: Vec::new() }
        });
        Picture { pattern, compressed }
    }

    pub(super) fn format(&self) -> Format {
        let drawn = self.pattern.format();
        if self.compressed.is_none() {
            return drawn;
        }
        let sizeimage = u32::try_from(drawn.sizeimage()).unwrap_or(u32::MAX).saturating_add(HEADERS);
        Format::new(FourCC::MJPG, drawn.size, vec![PlaneFormat { bytesperline: 0, sizeimage }])
    }

    /// Draws frame `number`, which shows the time of day of `since_epoch`; how many bytes it has.
    pub(super) fn draw(&mut self, buffer: &mut [u8], number: u32, since_epoch: Duration) -> usize {
        let Some(Compressed { encoder, format, samples, jpeg }) = &mut self.compressed else {
            self.pattern.draw(buffer, number, since_epoch);
            return buffer.len();
        };
        self.pattern.draw(samples, number, since_epoch);
        if let Err(error) = encoder.encode(format, &[samples], 80, jpeg) {
            log::error!("the test camera's frame {number}: {error}");
        }
        let length = jpeg.len().min(buffer.len());
        buffer[..length].copy_from_slice(&jpeg[..length]);
        length
    }
}
