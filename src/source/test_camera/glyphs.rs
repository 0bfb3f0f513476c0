//! The text in the test camera's picture: frame number and time of day, in a font of 5x7 cells.
//!
//! A label is a grid of cells, light or dark, that [`super::pattern`] draws as large as the picture allows. Making one
//! allocates nothing.

use std::io::Write;
use std::time::Duration;

/// Characters in a line: as many as `23:59:59.999` has.
const CHARACTERS: usize = 12;
/// Cells of a character: its own five, and one to the next.
const ADVANCE: usize = 6;
/// Cells of a character from top to bottom.
const HEIGHT: usize = 7;
/// Row of the first line; one row is the margin.
const FIRST: usize = 1;
/// Row of the second line.
const SECOND: usize = FIRST + HEIGHT + 2;

/// Cells in a row of a label: text, and a margin of one to both sides.
pub(super) const COLUMNS: usize = 1 + CHARACTERS * ADVANCE;
/// Rows of cells in a label.
pub(super) const ROWS: usize = SECOND + HEIGHT + 1;

/// Rows of cells; the most significant bit is the leftmost cell, and 1 is light.
pub(super) type Label = [u128; ROWS];

/// "#000123" and below it "12:34:56.789", the time of day that `since_epoch` is in UTC.
pub(super) fn label(number: u32, since_epoch: Duration) -> Label {
    let (seconds, millis) = (since_epoch.as_secs(), since_epoch.subsec_millis());
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let [mut above, mut below] = [[b' '; CHARACTERS]; 2];
    // A line has room for every number and time there is.
    let _ = write!(&mut above[..], "#{number:06}");
    let _ = write!(&mut below[..], "{hour:02}:{minute:02}:{second:02}.{millis:03}");
    let mut label = [0; ROWS];
    for (start, text) in [(FIRST, above), (SECOND, below)] {
        for (index, character) in text.into_iter().enumerate() {
            for (row, cells) in label.iter_mut().skip(start).zip(glyph(character)) {
                *row |= u128::from(cells) << (u128::BITS as usize - (index + 1) * ADVANCE);
            }
        }
    }
    label
}

/// Whether a row of a label is light at a column.
pub(super) fn is_light(row: u128, column: usize) -> bool {
    (row << column) >> (u128::BITS - 1) == 1
}

/// Five bits a row.
#[rustfmt::skip]
fn glyph(character: u8) -> [u8; HEIGHT] {
    match character {
        b'0' => [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
        b'1' => [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        b'2' => [0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111],
        b'3' => [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110],
        b'4' => [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
        b'5' => [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
        b'6' => [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
        b'7' => [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
        b'8' => [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
        b'9' => [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
        b'#' => [0b01010, 0b01010, 0b11111, 0b01010, 0b11111, 0b01010, 0b01010],
        b':' => [0b00000, 0b01100, 0b01100, 0b00000, 0b01100, 0b01100, 0b00000],
        b'.' => [0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b01100, 0b01100],
        _ => [0; HEIGHT],
    }
}

/// The two lines of a label, read back from its cells; `?` where there is no character of the font.
#[cfg(test)]
pub(super) fn read(label: &Label) -> [String; 2] {
    [FIRST, SECOND].map(|start| {
        let character = |index: usize| {
            let column = 1 + index * ADVANCE;
            let cells = |row: u128| (0..5).fold(0, |bits, cell| bits << 1 | u8::from(is_light(row, column + cell)));
            let seen: Vec<u8> = label[start..start + HEIGHT].iter().map(|row| cells(*row)).collect();
            b"0123456789#:. ".iter().find(|known| glyph(**known)[..] == seen).map_or('?', |known| char::from(*known))
        };
        (0..CHARACTERS).map(character).collect::<String>().trim_end().to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_reads_as_it_was_written() {
        let noon = Duration::from_millis(12 * 3_600_000 + 34 * 60_000 + 56_789);
        for (number, time, expected) in [
            (0, Duration::ZERO, ["#000000", "00:00:00.000"]),
            (123, noon, ["#000123", "12:34:56.789"]),
            (u32::MAX, Duration::from_secs(1_700_000_000), ["#4294967295", "22:13:20.000"]),
        ] {
            assert_eq!(read(&label(number, time)), expected);
        }
    }

    #[test]
    fn a_label_keeps_its_margin_and_its_columns() {
        let label = label(u32::MAX, Duration::from_secs(86_399));
        assert_eq!((label[0], label[ROWS - 1]), (0, 0));
        for row in label {
            assert!(!is_light(row, 0) && !is_light(row, COLUMNS - 1), "{row:0128b}");
            assert_eq!(row << COLUMNS, 0, "{row:0128b}");
        }
    }

    #[test]
    fn no_two_characters_look_alike() {
        let known = b"0123456789#:. ";
        for (index, a) in known.iter().enumerate() {
            assert!(known[..index].iter().all(|b| glyph(*a) != glyph(*b)), "{}", char::from(*a));
        }
    }
}
