//! The pictures that the webcam sends: each carries its number, so that a test can tell every frame from every other.

use super::{Encoding, Mode};

/// The frame `number` in a mode's encoding. Numbers start at 0 with each stream on, as uvcvideo's sequences do.
pub fn encode(mode: &Mode, number: u32) -> Vec<u8> {
    match mode.encoding {
        Encoding::Yuyv => yuyv(mode, number),
        Encoding::Mjpeg => jpeg(mode, number),
    }
}

/// A grey of the number's own, its first four bytes the number itself.
fn yuyv(mode: &Mode, number: u32) -> Vec<u8> {
    let mut bytes = [grey(number), 128].repeat(mode.frame_max() as usize / 2);
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// The number of a YUYV frame, if every one of its bytes is what [`yuyv`] made.
pub fn yuyv_number(frame: &[u8]) -> Option<u32> {
    let (number, rest) = frame.split_first_chunk::<4>()?;
    let number = u32::from_le_bytes(*number);
    rest.chunks_exact(2).all(|pixel| pixel == [grey(number), 128]).then_some(number)
}

/// Within the luma range of video, 16 to 235.
fn grey(number: u32) -> u8 {
    16 + (number % 220) as u8
}

const NUMBER_LABEL: &[u8] = b"frame ";

/// A baseline JPEG (ITU-T T.81) of one plain grey: valid for every decoder, and small.
///
/// Its two Huffman tables have one code each, the bit 0: "no difference to the last block" and "end of block". So each
/// block is two bits, each 16x8 MCU of 4:2:2 one zero byte. A comment holds the frame's number.
fn jpeg(mode: &Mode, number: u32) -> Vec<u8> {
    let [height, width] = [mode.height.to_be_bytes(), mode.width.to_be_bytes()];
    let mut bytes = vec![0xff, 0xd8]; // start of image
    segment(&mut bytes, 0xfe, &[NUMBER_LABEL, &number.to_be_bytes()].concat()); // comment
    segment(&mut bytes, 0xdb, &[&[0_u8] as &[u8], &[16; 64]].concat()); // one quantisation table
    let components = [1, 0x21, 0, 2, 0x11, 0, 3, 0x11, 0]; // Y twice as wide as Cb and Cr
    segment(&mut bytes, 0xc0, &[&[8], &height[..], &width[..], &[3], &components].concat()); // start of frame
    for class in [0x00, 0x10] {
        let mut table = [0; 18];
        (table[0], table[1]) = (class, 1); // one code of one bit, for the symbol 0
        segment(&mut bytes, 0xc4, &table);
    }
    segment(&mut bytes, 0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]); // start of scan
    bytes.resize(bytes.len() + usize::from(mode.width).div_ceil(16) * usize::from(mode.height).div_ceil(8), 0);
    bytes.extend([0xff, 0xd9]); // end of image
    bytes
}

fn segment(bytes: &mut Vec<u8>, marker: u8, body: &[u8]) {
    bytes.extend([0xff, marker]);
    bytes.extend((2 + body.len() as u16).to_be_bytes());
    bytes.extend_from_slice(body);
}

/// The number of a whole JPEG frame: from its comment, if it is as long as [`jpeg`] makes it and ends as a JPEG does.
pub fn jpeg_number(frame: &[u8]) -> Option<u32> {
    let comment = frame.strip_prefix(&[0xff, 0xd8, 0xff, 0xfe, 0, 12])?;
    let number = comment.strip_prefix(NUMBER_LABEL)?.first_chunk::<4>()?;
    frame.ends_with(&[0xff, 0xd9]).then_some(u32::from_be_bytes(*number))
}
