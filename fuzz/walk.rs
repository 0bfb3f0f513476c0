//! What holds of the walk over a camera's JPEG whatever the camera sends: for the fuzzer, and for `tests/mjpeg.rs`.

use picam::jpeg::mjpeg::{Parts, parts};

pub fn walk(data: &[u8]) {
    let Ok(Parts { head, huffman, tail }) = parts(data) else { return };
    let length = head.len() + tail.len();
    assert!(data.starts_with(head) && data[head.len()..].starts_with(tail), "what goes out is what came in");
    assert!(head.starts_with(&[0xff, 0xd8]) && data[..length].ends_with(&[0xff, 0xd9]), "from SOI to EOI");
    assert!(tail.is_empty() == huffman.is_empty(), "it is in two parts for the tables only");

    assert!(parts(&data[..length - 1]).is_err(), "no less is whole");
    assert_eq!(parts(&data[..length]), parts(data), "what follows does not matter");
    let joined = [head, huffman, tail].concat();
    assert_eq!(parts(&joined), Ok(Parts { head: &joined, huffman: &[], tail: &[] }), "what goes out is whole");
}
