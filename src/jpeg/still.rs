//! A picture of words, for where the camera's would be: why there is none.

use font8x8::legacy::BASIC_LEGACY;

use super::{EncodeError, Encoder};
use crate::format::{Format, FourCC, PlaneFormat, Size};

/// Pixels of a character from left to right and from top to bottom, before they are made larger.
const CELL: usize = 8;
/// Characters that the first line should have room for.
const COLUMNS: usize = 40;
/// Pixels across at most, and down at most.
const LARGEST: u32 = 4096;
const GROUND: u8 = 32;
const INK: u8 = 224;

/// Makes a JPEG of `size`, or of 4096 pixels where a side is longer, with `lines` of text in its middle, each as long as it
/// takes: what is no ASCII is a question mark.
///
/// # Errors
///
/// A size without pixels, or what libjpeg-turbo reports.
pub fn still(encoder: &mut Encoder, size: Size, lines: &[&str], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let size = bounded(size);
    let [width, height] = [size.width as usize, size.height as usize];
    let scale = (width / (CELL * COLUMNS)).max(1);
    let cell = CELL * scale;
    let columns = (width / cell).saturating_sub(2).max(1);
    let wrapped: Vec<String> = lines.iter().flat_map(|line| wrap(line, columns)).collect();
    // Half a line between two.
    let step = cell + cell / 2;
    let top = height.saturating_sub(wrapped.len() * step) / 2;

    let mut picture = vec![GROUND; width * height];
    for (number, line) in wrapped.iter().enumerate() {
        let left = width.saturating_sub(line.len() * cell) / 2;
        for (column, character) in line.bytes().enumerate() {
            let glyph = BASIC_LEGACY.get(usize::from(character)).unwrap_or(&BASIC_LEGACY[usize::from(b'?')]);
            for row in 0..cell {
                let y = top + number * step + row;
                for place in (0..cell).filter(|place| glyph[row / scale] >> (place / scale) & 1 == 1) {
                    let x = left + column * cell + place;
                    if let Some(pixel) = picture.get_mut(y * width + x).filter(|_| x < width) {
                        *pixel = INK;
                    }
                }
            }
        }
    }
    let planes = vec![PlaneFormat { bytesperline: size.width, sizeimage: size.width.saturating_mul(size.height) }];
    let format = Format { full_range: true, ..Format::new(FourCC::GREY, size, planes) };
    encoder.encode(&format, &[&picture], 80, out)
}

/// The size itself, or of one that is too large the part that words need: a device says what it likes, and a picture of words
/// is not worth gigabytes.
fn bounded(size: Size) -> Size {
    Size { width: size.width.min(LARGEST), height: size.height.min(LARGEST) }
}

/// A text in lines of at most so many characters, broken between words where it can be.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let ascii = |c: char| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' };
    let text: String = text.chars().map(ascii).collect();
    let mut lines = vec![String::new()];
    for mut word in text.split_whitespace() {
        loop {
            let line = match lines.last_mut() {
                Some(line) if line.is_empty() || line.len() + 1 + word.len() <= columns => line,
                _ => {
                    lines.push(String::new());
                    continue;
                }
            };
            if !line.is_empty() {
                line.push(' ');
            }
            // ASCII can be split anywhere.
            let (fits, rest) = word.split_at(word.len().min(columns));
            line.push_str(fits);
            if rest.is_empty() {
                break;
            }
            word = rest;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::picture::Picture;

    #[test]
    fn text_is_broken_between_words_and_long_words_anywhere() {
        assert_eq!(wrap("no camera found: plug one in", 12), ["no camera", "found: plug", "one in"]);
        assert_eq!(wrap("a 0123456789", 4), ["a", "0123", "4567", "89"]);
        assert_eq!(wrap("\u{1b}Größe", 10), ["?Gr??e"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn a_size_without_bounds_takes_no_memory_without_bounds() {
        let mut out = Vec::new();
        let size = Size { width: u32::MAX, height: 65535 };
        still(&mut Encoder::new(), size, &["no picture"], &mut out).unwrap();
        let picture = Picture::of(&Format::new(FourCC::MJPG, size, Vec::new()), &[&out]).unwrap();
        assert_eq!(picture.size, Size { width: LARGEST, height: LARGEST });
    }

    #[test]
    fn words_are_light_on_dark_and_in_the_middle() {
        let mut encoder = Encoder::new();
        for (width, height) in [(640, 360), (1281, 721), (64, 48), (8, 8), (1, 1)] {
            let mut out = Vec::new();
            still(&mut encoder, Size { width, height }, &["no picture", "the camera is gone"], &mut out).unwrap();
            let format =
                Format::new(FourCC::MJPG, Size { width, height }, vec![PlaneFormat { bytesperline: 0, sizeimage: 0 }]);
            let picture = Picture::of(&format, &[&out]).unwrap();
            let bright = |y: usize| {
                picture
                    .rgb
                    .chunks_exact(width as usize * 3)
                    .nth(y)
                    .unwrap()
                    .iter()
                    .filter(|value| **value > 150)
                    .count()
            };
            if width > 60 {
                let middle = height as usize / 2;
                let ink: usize = (middle - 8..middle + 8).map(bright).sum();
                assert!(ink > 60 && bright(0) == 0 && bright(height as usize - 1) == 0, "{width}x{height}: {ink}");
            }
        }
    }
}
