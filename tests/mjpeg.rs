//! The walk over a camera's JPEG: what real ones lack, what is behind them, and whatever else may come.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../fuzz/walk.rs"]
mod walk;

use picam::format::{Format, FourCC, PlaneFormat, Size};
use picam::jpeg::Encoder;
use picam::jpeg::mjpeg::{NotAJpeg, Parts, parts};
use picam::jpeg::picture::Picture;
use proptest::prelude::*;
use walk::walk;

const SIZE: Size = Size { width: 48, height: 40 };

fn format(fourcc: FourCC, bytesperline: u32) -> Format {
    let planes = vec![PlaneFormat { bytesperline, sizeimage: SIZE.width * SIZE.height * 2 }];
    Format::new(fourcc, SIZE, planes)
}

/// A JPEG with something of everything in it.
fn jpeg() -> Vec<u8> {
    let mut seed = 1_u32;
    let mut noise = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    let frame: Vec<u8> = (0..SIZE.width * SIZE.height * 2).map(&mut noise).collect();
    let mut jpeg = Vec::new();
    Encoder::without_library().encode(&format(FourCC::YUYV, SIZE.width * 2), &[&frame], 70, &mut jpeg).unwrap();
    jpeg
}

fn decode(jpeg: &[u8]) -> Vec<u8> {
    Picture::of(&format(FourCC::MJPG, 0), &[jpeg]).unwrap().rgb
}

/// Where a segment begins, and where it ends.
fn segment(jpeg: &[u8], marker: u8) -> (usize, usize) {
    let at = jpeg.windows(2).position(|window| window == [0xff, marker]).unwrap();
    (at, at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]])))
}

fn without_tables() -> Vec<u8> {
    let mut jpeg = jpeg();
    let (start, end) = segment(&jpeg, 0xc4);
    jpeg.drain(start..end);
    jpeg
}

#[test]
fn a_whole_jpeg_goes_out_as_it_is() {
    let jpeg = jpeg();
    let found = parts(&jpeg).unwrap();
    assert_eq!(found, Parts { head: &jpeg, ..Parts::default() });
    assert_eq!((found.head.as_ptr(), found.len()), (jpeg.as_ptr(), jpeg.len()));
}

#[test]
fn a_missing_huffman_table_is_put_in() {
    let bare = without_tables();
    let Parts { head, huffman, tail, .. } = parts(&bare).unwrap();
    assert_eq!([head, tail].concat(), bare);
    assert!(tail.starts_with(&[0xff, 0xda]), "before the scan");
    let (start, end) = segment(&jpeg(), 0xc4);
    assert_eq!(huffman, &jpeg()[start..end]);
    // Picture::of() does the same again.
    assert_eq!(decode(&[head, huffman, tail].concat()), decode(&jpeg()));
    assert_eq!(decode(&bare), decode(&jpeg()));
}

#[test]
fn a_camera_that_defines_some_tables_gets_the_others_before_its_own() {
    let whole = jpeg();
    let (start, end) = segment(&whole, 0xc4);
    // DC of luma is 28 bytes, and comes first.
    let mut some = whole[..start].to_vec();
    some.extend_from_slice(&[0xff, 0xc4, 0, 2 + 29]);
    some.extend_from_slice(&whole[start + 4..start + 4 + 29]);
    some.extend_from_slice(&whole[end..]);
    let Parts { head, huffman, tail, .. } = parts(&some).unwrap();
    assert_eq!((head.len(), huffman.len()), (start, end - start));
    assert_eq!(decode(&[head, huffman, tail].concat()), decode(&whole));
}

#[test]
fn what_follows_is_cut_off() {
    let whole = jpeg();
    for padding in [&[0; 1000][..], &[0xff; 7], &[0xff, 0xd9], &[0xff], &whole, &whole[whole.len() / 2..]] {
        for jpeg in [whole.clone(), without_tables()] {
            let padded = [&jpeg, padding].concat();
            let Parts { head, tail, .. } = parts(&padded).unwrap();
            assert_eq!(head.len() + tail.len(), jpeg.len());
        }
    }
}

#[test]
fn a_jpeg_without_its_end_is_ended_where_it_breaks_off() {
    for jpeg in [jpeg(), without_tables()] {
        let (_, scan) = segment(&jpeg, 0xda);
        for length in 0..jpeg.len() {
            let found = parts(&jpeg[..length]);
            match length {
                0..2 => assert_eq!(found, Err(NotAJpeg::NoStart)),
                _ if length < scan => assert_eq!(found, Err(NotAJpeg::NoPicture), "{length}"),
                _ => {
                    let Parts { head, tail, end, .. } = found.unwrap();
                    assert_eq!((head.len() + tail.len(), end), (length, &[0xff, 0xd9][..]));
                }
            }
        }
        // All of the picture, of which EOI alone is missing; and then as it comes with padding and with the next one.
        let data = &jpeg[..jpeg.len() - 2];
        for data in [data.to_vec(), [data, &[0; 100]].concat(), [data, &jpeg].concat()] {
            let picture = parts(&data).unwrap();
            assert_eq!(picture.end, [0xff, 0xd9]);
            assert_eq!(decode(&picture.pieces().concat()), decode(&jpeg));
            assert_eq!(decode(&data), decode(&jpeg));
        }
    }
    // What is there of a picture is shown, and a later segment that breaks off is left out.
    let whole = jpeg();
    assert_eq!(decode(&whole[..whole.len() * 3 / 4]).len(), decode(&whole).len());
    let broken = [&whole[..whole.len() - 2], &[0xff, 0xfe, 0, 100, 1, 2, 3]].concat();
    assert_eq!(parts(&broken).unwrap().head.len(), whole.len() - 2);
}

#[test]
fn what_comes_before_the_start_is_cut_off() {
    for before in [&b"\0\0\0\0"[..], b"\xff", b"\xff\xff", b"UVC header \xff\xd9 of its own"] {
        for jpeg in [jpeg(), without_tables()] {
            let data = [before, &jpeg].concat();
            let Parts { head, tail, .. } = parts(&data).unwrap();
            assert_eq!([head, tail].concat(), jpeg, "{before:?}");
            assert_eq!(decode(&data), decode(&jpeg));
        }
    }
}

#[test]
fn unusual_markers_go_out_as_they_came() {
    let whole = jpeg();
    let (size, _) = segment(&whole, 0xc0);
    let (scan, data) = segment(&whole, 0xda);
    let insert = |at: usize, bytes: &[u8]| [&whole[..at], bytes, &whole[at..]].concat();
    // Arithmetic conditioning, TEM, a number of lines; a marker that is reserved, of damage, in the picture's data.
    let middle = data + (whole.len() - data) / 2;
    for (at, bytes) in [
        (scan, &[0xff, 0xcc, 0, 4, 0, 16][..]),
        (scan, &[0xff, 0x01]),
        (size, &[0xff, 0xdc, 0, 4, 0, 40]),
        (middle, &[0xff, 0x5e]),
        (middle, &[0xff, 0xf3, 0xff, 0xff]),
        (middle, &[0xff, 0xc3, 0, 1]),
    ] {
        let jpeg = insert(at, bytes);
        assert_eq!(parts(&jpeg), Ok(Parts { head: &jpeg, ..Parts::default() }), "{bytes:x?}");
    }
    // An arithmetic coder's JPEG has no Huffman tables, and needs none.
    let mut arithmetic = without_tables();
    let (size, _) = segment(&arithmetic, 0xc0);
    arithmetic[size + 1] = 0xc9;
    assert_eq!(parts(&arithmetic), Ok(Parts { head: &arithmetic, ..Parts::default() }));
}

#[test]
fn what_decoders_pass_over_is_passed_over() {
    let whole = jpeg();
    let (scan, _) = segment(&whole, 0xda);
    let (size, _) = segment(&whole, 0xc0);
    let insert = |at: usize, bytes: &[u8]| [&whole[..at], bytes, &whole[at..]].concat();
    // A thumbnail with a JPEG's markers in it, fill bytes, bytes between segments, a comment.
    let thumbnail = [&[0xff, 0xe1, 0, 10][..], &[0xff, 0xd8, 0xff, 0xda, 0xff, 0xd9, 0, 0]].concat();
    let end = whole.len() - 2;
    for (at, bytes) in [
        (size, &thumbnail[..]),
        (scan, &[0xff; 5]),
        (end, &[0xff; 2]),
        (size, &[1, 2, 3]),
        (scan, &[0xff, 0xfe, 0, 5, 0xff, 0xd9, 0xff]),
        // DRI: no restarts.
        (size, &[0xff, 0xdd, 0, 4, 0, 0]),
    ] {
        let jpeg = insert(at, bytes);
        assert_eq!(parts(&jpeg).map(|parts| parts.len()), Ok(jpeg.len()), "{bytes:?}");
        if bytes != [1, 2, 3] {
            assert_eq!(decode(&jpeg), decode(&whole), "{bytes:?}");
        }
    }
    // Restart markers, and a stuffed zero, in the picture's data.
    let data = insert(end, &[0x12, 0xff, 0, 0xff, 0xd0, 0x34, 0xff, 0xd7, 0xff, 0xff, 0xd1, 0x56]);
    assert_eq!(parts(&data).unwrap().len(), data.len());
}

#[test]
fn nonsense_is_told_from_truncation() {
    let whole = jpeg();
    let (size, _) = segment(&whole, 0xc0);
    let (scan, _) = segment(&whole, 0xda);
    let (tables, _) = segment(&whole, 0xc4);
    for (at, byte, marker) in [
        // Lossless, a length of one, a scan before the size, more symbols than there are.
        (size + 1, 0xc3, 0xc3),
        (scan + 3, 1, 0xda),
        (size + 1, 0xe5, 0xda),
        (tables + 10, 255, 0xc4),
        (tables + 4, 0x24, 0xc4),
    ] {
        let mut damaged = whole.clone();
        damaged[at] = byte;
        let Err(NotAJpeg::Damaged { marker: found, .. }) = parts(&damaged) else {
            panic!("{at}: {:?}", parts(&damaged))
        };
        assert_eq!(found, marker, "{at}");
    }
    for other in [&b""[..], b"\xff", b"\xff\xd9\xff\xd8", b"\0\0\0\0", b"GIF89a"] {
        assert_eq!(parts(other), Err(NotAJpeg::NoStart), "{other:?}");
    }
    assert_eq!(parts(b"\xff\xd8\xff\xd9"), Err(NotAJpeg::NoPicture));
}

proptest! {
    #[test]
    fn any_bytes_at_all(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        walk(&data);
        walk(&[&[0xff, 0xd8][..], &data].concat());
    }

    /// Markers come often, so that some of these get far.
    #[test]
    fn anything_that_looks_like_segments(
        segments in proptest::collection::vec((0xc0_u8..=0xff, proptest::collection::vec(any::<u8>(), 0..40)), 0..12),
    ) {
        let mut data = vec![0xff, 0xd8];
        for (marker, bytes) in segments {
            data.extend_from_slice(&[0xff, marker, 0, bytes.len() as u8 + 2]);
            data.extend_from_slice(&bytes);
        }
        walk(&data);
    }

    #[test]
    fn damaged_jpegs(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
        bare in any::<bool>(),
    ) {
        let mut data = if bare { without_tables() } else { jpeg() };
        for (at, byte) in changes {
            let at = at.index(data.len());
            data[at] = byte;
        }
        walk(&data);
        data.truncate(cut.index(data.len()));
        walk(&data);
    }
}

/// Many more than a property test has, as a fuzzer does it: each is one before it with a change.
#[test]
fn fifty_thousand_mutations() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below.max(1) as u64) as usize
    };
    let originals = [jpeg(), without_tables()];
    let mut data = originals[0].clone();
    let mut whole = 0;
    for round in 0..50_000 {
        // Headers are where it matters.
        let at = if random(2) == 0 { random(700.min(data.len())) } else { random(data.len()) };
        match random(6) {
            0 => data.truncate(at),
            1 => data.insert(at, [0xff, 0xd9, 0xda, 0xc4, 0x00][random(5)]),
            2 if at < data.len() => drop(data.remove(at)),
            3 if at < data.len() => data[at] ^= 1 << random(8),
            4 if at < data.len() => data[at] = [0xff, 0xd8, 0xd9, 0xda, 0xc4, 0x00][random(6)],
            _ => {}
        }
        walk(&data);
        whole += usize::from(parts(&data).is_ok());
        if round % 8 == 7 {
            data.clone_from(&originals[random(2)]);
        }
    }
    assert!(whole > 1000, "{whole}: most do not get beyond the headers");
}
