//! What holds of the walk over a camera's JPEG whatever the camera sends: for the fuzzer, and for `tests/mjpeg.rs`.

use picam::jpeg::mjpeg::{Parts, parts};

pub fn walk(data: &[u8]) {
    let Ok(Parts { head, huffman, tail, end }) = parts(data) else { return };
    let start = head.as_ptr().addr() - data.as_ptr().addr();
    let length = start + head.len() + tail.len();
    assert!(data[start..].starts_with(head) && data[start + head.len()..].starts_with(tail), "what goes out came in");
    assert!(head.starts_with(&[0xff, 0xd8]), "from SOI");
    assert!(tail.is_empty() == huffman.is_empty(), "it is in two parts for the tables only");
    if end.is_empty() {
        assert!(data[..length].ends_with(&[0xff, 0xd9]), "to EOI");
        assert!(parts(&data[..length - 1]).is_ok_and(|parts| !parts.end.is_empty()), "no less is whole");
        assert_eq!(parts(&data[..length]), parts(data), "what follows does not matter");
    }
    let joined = [head, huffman, tail, end].concat();
    assert_eq!(parts(&joined), Ok(Parts { head: &joined, ..Parts::default() }), "what goes out is whole");
}
