//! Who gets which picture, and what that costs whom.

use super::*;

#[test]
fn nothing_is_encoded_when_nobody_watches() {
    let mut setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    (0..10).for_each(|_| _ = setup.grey());
    let counts = setup.settle();
    assert_eq!((counts.written, counts.skipped_by.unwatched, counts.bytes), (0, 10, 0));
    assert_eq!(setup.serving()["encoded"], 0);
}

#[test]
fn a_frame_is_encoded_once_however_many_watch() {
    let mut setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    let mut viewers: Vec<_> = (0..8).map(|_| setup.watch("")).collect();
    for _ in 0..20 {
        let sequence = setup.grey();
        for viewer in &mut viewers {
            let (got, picture) = viewer.part();
            assert_eq!(got, Some(sequence));
            assert!(is_jpeg(&picture));
        }
    }
    let counts = setup.settle();
    assert_eq!((counts.written, counts.skipped), (20, 0));
    let serving = setup.serving();
    assert_eq!((serving["encoded"].as_u64(), serving["clients"].as_u64()), (Some(20), Some(8)));
}

#[test]
fn who_does_not_read_costs_nobody_a_frame_and_gets_the_newest_afterwards() {
    let size = Size { width: 640, height: 480 };
    let mut setup = Setup::with_camera(FourCC::YUYV, size, |_| {});
    let noise = |seed: u32| {
        move |buffer: &mut [u8]| {
            let mut state = seed;
            buffer.iter_mut().for_each(|byte| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (state >> 24) as u8;
            });
            buffer.len()
        }
    };
    let mut asleep = setup.watch("quality=95");
    let mut awake = setup.watch("quality=95");
    let (mut sent, mut bytes) = (0, 0);
    // More than its socket and ours can hold.
    while setup.serving()["skipped"].as_u64() < Some(20) {
        let sequence = setup.frame(noise(sent));
        let (got, picture) = awake.part();
        assert_eq!(got, Some(sequence), "nobody else loses a frame");
        sent += 1;
        bytes += picture.len();
        assert!(bytes < 200_000_000, "the sockets hold no more than that");
    }
    let mut last = None;
    while last != Some(setup.sequence) {
        let sequence = setup.frame(noise(sent));
        sent += 1;
        // It reads what was on its way to it, and then the newest: what lies between it never gets.
        let got = asleep.part().0.unwrap();
        assert!(last.is_none_or(|last| got > last));
        assert_eq!(awake.part().0, Some(sequence));
        if last.is_some_and(|last| got > last + 20) {
            break;
        }
        last = Some(got);
    }
    assert!(setup.settle().skipped_by.slow == 0, "there was always one who got the frame");
}

#[test]
fn a_picture_that_takes_longer_than_a_frame_keeps_no_other_client_waiting() {
    let mut setup = Setup::with_camera(FourCC::YUYV, Size { width: 640, height: 360 }, |_| {});
    let mut viewer = setup.watch("");
    let address = setup.address;
    let asked = std::thread::spawn(move || {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        socket.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
        Answer::read(&mut BufReader::new(socket)).status()
    });
    std::thread::spawn(move || {
        while viewer.reader.fill_buf().is_ok_and(|bytes| !bytes.is_empty()) {
            viewer.part();
        }
    });
    // A frame is in the slot whenever the server looks.
    while !asked.is_finished() {
        setup.frame(|buffer| buffer.len());
    }
    assert_eq!(asked.join().unwrap(), 200);
}

#[test]
fn clients_choose_rate_and_quality_within_limits() {
    let mut setup = Setup::with_camera(FourCC::YUYV, Size { width: 320, height: 240 }, |config| {
        config.max_quality = 90;
        config.max_fps = "100".parse().ok();
    });
    let fill = |buffer: &mut [u8]| {
        (0..buffer.len()).for_each(|at| buffer[at] = (at * at % 253) as u8);
        buffer.len()
    };
    let mut pictures = Vec::new();
    for query in ["quality=10", "quality=90", "quality=200"] {
        let mut viewer = setup.watch(query);
        setup.frame(fill);
        pictures.push(viewer.part().1.len());
    }
    assert!(pictures[0] * 2 < pictures[1], "{pictures:?}");
    assert_eq!(pictures[1], pictures[2], "no more than max-quality");
    for bad in ["quality=0", "quality=-1", "quality=good", "fps=0", "fps=fast"] {
        assert_eq!(setup.get(&format!("/stream?{bad}"), "").status(), 400, "{bad}");
    }

    let mut viewer = setup.watch("fps=20");
    let reader = std::thread::spawn(move || {
        let mut sequences = Vec::new();
        while !viewer.reader.fill_buf().unwrap().is_empty() {
            sequences.extend(viewer.part().0);
        }
        sequences
    });
    let first = setup.sequence + 1;
    for _ in 0..40 {
        setup.frame(fill);
        setup.settle();
        setup.clock.advance(Duration::from_millis(10));
    }
    drop(setup);
    let sequences = reader.join().unwrap();
    // One may be 10 ms early, and the rate holds nevertheless.
    let expected: Vec<_> = [0, 4, 9, 14, 19, 24, 29, 34, 39].iter().map(|nth| first + nth).collect();
    assert_eq!(sequences, expected);
}

#[test]
fn a_cameras_jpeg_goes_out_untouched_and_what_it_lacks_is_put_in() {
    let mut setup = Setup::with_camera(FourCC::MJPG, Size { width: 320, height: 240 }, |_| {});
    let picture = jpeg(Size { width: 320, height: 240 });
    let put = |bytes: &[u8]| {
        let bytes = bytes.to_vec();
        move |buffer: &mut [u8]| {
            buffer[..bytes.len()].copy_from_slice(&bytes);
            bytes.len()
        }
    };
    let mut viewer = setup.watch("");
    let first = setup.frame(put(&picture));
    assert_eq!(viewer.part(), (Some(first), picture.clone()));
    // Without its end, as far as it goes; and without anything of the picture.
    let half = &picture[..picture.len() / 2];
    let second = setup.frame(put(half));
    assert_eq!(viewer.part(), (Some(second), [half, &[0xff, 0xd9]].concat()));
    setup.frame(put(&picture[..100]));
    setup.settle();
    let padded = [picture.as_slice(), &[0; 100]].concat();
    let third = setup.frame(put(&padded));
    assert_eq!(viewer.part(), (Some(third), picture.clone()), "without what is behind it");
    // Without its Huffman tables, as webcams send them.
    let table = picture.windows(2).position(|bytes| bytes == [0xff, 0xc4]).unwrap();
    let mut bare = picture[..table].to_vec();
    let mut rest = &picture[table..];
    while rest.starts_with(&[0xff, 0xc4]) {
        rest = &rest[2 + usize::from(u16::from_be_bytes([rest[2], rest[3]]))..];
    }
    bare.extend(rest);
    setup.frame(put(&bare));
    let (_, mended) = viewer.part();
    assert!(mended.len() > bare.len() && mended.windows(2).any(|bytes| bytes == [0xff, 0xc4]));
    let counts = setup.settle();
    assert_eq!((counts.written, counts.skipped_by.failed), (4, 1));
    let serving = setup.serving();
    assert_eq!((serving["encoded"].as_u64(), serving["truncated"].as_u64()), (Some(0), Some(2)));
}

#[test]
fn without_a_camera_the_stream_shows_the_reason_and_goes_on_when_it_is_back() {
    let setup = Setup::without_camera(|_| {});
    let mut viewer = setup.watch("");
    let (sequence, still) = viewer.part();
    assert!(sequence.is_none() && is_jpeg(&still));
    setup.http.waiting("no camera found");
    // The first one is shown once a second, and may be once more.
    let reason = loop {
        let (sequence, reason) = viewer.part();
        assert!(sequence.is_none() && is_jpeg(&reason));
        if reason != still {
            break reason;
        }
    };
    let snapshot = setup.get("/snapshot", "");
    assert_eq!((snapshot.status(), &snapshot.body), (503, &reason));
    assert_eq!(setup.get("/readyz", "").status(), 503);
    assert_eq!(setup.get("/healthz", "").status(), 200);

    let format = format(FourCC::YUYV, SIZE);
    setup.http.start(&StreamInfo::of(Arc::clone(&format), 4));
    let mut setup = setup;
    setup.pool = Pool::in_software(4, format).unwrap();
    loop {
        setup.grey();
        if viewer.part().0.is_some() {
            break;
        }
    }
    assert_eq!(setup.get("/readyz", "").status(), 200);
}

#[test]
fn a_format_that_cannot_be_shown_is_told() {
    let mut setup = Setup::with_camera(FourCC(*b"H264"), SIZE, |_| {});
    let mut viewer = setup.watch("");
    assert!(viewer.part().0.is_none());
    setup.grey();
    assert_eq!(setup.settle().skipped_by.refused, 1);
}

#[test]
fn a_snapshot_is_the_next_frame() {
    let mut setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    for target in ["/snapshot", "/?action=snapshot_0", "/snapshot.jpg?quality=50"] {
        let mut socket = setup.connect();
        write!(
            socket,
            "GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        .unwrap();
        setup.is_watched();
        let sequence = setup.grey();
        let mut reader = BufReader::new(socket);
        let answer = Answer::read(&mut reader);
        assert_eq!(answer.status(), 200);
        assert_eq!(field(&answer.head, "X-Sequence"), Some(sequence.to_string().as_str()));
        assert!(field(&answer.head, "X-Timestamp").is_some() && field(&answer.head, "X-Latency").is_some());
        assert!(is_jpeg(&answer.body));
        // The connection goes on with what was asked next.
        assert_eq!(Answer::read(&mut reader).body, b"ok\n");
        setup.settle();
    }
}

#[test]
fn who_has_said_all_there_is_to_say_still_gets_the_picture() {
    let mut setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    let mut socket = setup.connect();
    write!(socket, "GET /snapshot HTTP/1.0\r\n\r\n").unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    setup.is_watched();
    setup.grey();
    assert_eq!(Answer::read(&mut BufReader::new(socket)).status(), 200);

    let mut viewer = setup.watch("");
    viewer.reader.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
    for _ in 0..3 {
        let sequence = setup.grey();
        assert_eq!(viewer.part().0, Some(sequence));
    }
}

#[test]
fn a_viewer_that_resets_its_connection_loses_its_place_at_once() {
    let mut setup = Setup::with_camera(FourCC::YUYV, Size { width: 640, height: 480 }, |_| {});
    let viewer = setup.watch("quality=95");
    let mut state = 0_u32;
    // Until its socket and ours are full.
    while setup.serving()["skipped"].as_u64() < Some(3) {
        setup.frame(|buffer| {
            for byte in buffer.iter_mut() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (state >> 24) as u8;
            }
            buffer.len()
        });
        setup.settle();
    }
    sockopt::set_socket_linger(viewer.reader.get_ref(), Some(Duration::ZERO)).unwrap();
    drop(viewer);
    until("nobody who watches", || (setup.serving()["clients"] == 0).then_some(()));
}

#[test]
fn a_snapshot_right_after_the_start_waits_for_the_first_frame() {
    let mut setup = Setup::without_camera(|_| {});
    let mut socket = setup.connect();
    write!(socket, "GET /snapshot HTTP/1.0\r\n\r\n").unwrap();
    setup.is_watched();
    setup.clock.advance(Duration::from_secs(3));
    // Its tick is over when this is answered.
    (0..2).for_each(|_| assert_eq!(setup.get("/healthz", "").status(), 200));
    setup.http.start(&StreamInfo::of(format(FourCC::YUYV, SIZE), 4));
    setup.grey();
    assert_eq!(Answer::read(&mut BufReader::new(socket)).status(), 200);
    // A camera that is known to be absent is not waited for.
    let setup = Setup::without_camera(|_| {});
    setup.http.waiting("it is unplugged");
    until("the word of it", || (setup.get("/snapshot", "").status() == 503).then_some(()));
}

/// A stream of a frame in so many seconds.
fn stream(seconds: u32) -> StreamInfo {
    let rate = Some(crate::format::Rate { numerator: 1, denominator: seconds });
    StreamInfo { rate, ..StreamInfo::of(format(FourCC::YUYV, SIZE), 4) }
}

#[test]
fn a_slow_camera_is_ready_and_its_snapshots_wait_for_it() {
    for (interval, flows, snapshot) in [(10, 50, 50), (1, 5, 5)] {
        let mut setup = Setup::without_camera(|_| {});
        setup.http.start(&stream(interval));
        setup.grey();
        setup.clock.advance(Duration::from_secs(flows - 1));
        assert_eq!(setup.get("/readyz", "").status(), 200);
        setup.clock.advance(Duration::from_secs(1));
        assert_eq!(setup.get("/readyz", "").status(), 503);

        for (wait, status) in [(snapshot - 1, 200), (snapshot, 503)] {
            until("that nobody watches", || (!setup.http.shared.watched.load(Relaxed)).then_some(()));
            let mut socket = setup.connect();
            write!(socket, "GET /snapshot HTTP/1.0\r\n\r\n").unwrap();
            setup.is_watched();
            setup.clock.advance(Duration::from_secs(wait));
            // The server looks at its deadlines whenever something wakes it, and before the second of these.
            (0..2).for_each(|_| assert_eq!(setup.get("/healthz", "").status(), 200));
            setup.grey();
            assert_eq!(Answer::read(&mut BufReader::new(socket)).status(), status, "{interval} s, after {wait} s");
            setup.settle();
        }
    }
    let setup = Setup::without_camera(|config| config.max_fps = "0.25".parse().ok());
    let patience = |name: &str| setup.status(&format!("viewer={name}"))["viewer"]["patience_s"].clone();
    let _viewers = [setup.watch("viewer=a"), setup.watch("viewer=b&fps=0.1"), setup.watch("viewer=c&fps=30")];
    assert_eq!(
        (patience("a"), patience("b"), patience("c")),
        (20.0.into(), 50.0.into(), 20.0.into()),
        "as each asked, up to max-fps"
    );
    setup.http.start(&stream(10));
    until("the stream's", || (patience("a") == 50.0).then_some(()));
}

#[test]
fn a_rate_is_kept_where_timestamps_stand_still() {
    let mut setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    let mut viewer = setup.watch("fps=5");
    setup.stands_at = Some(setup.clock.monotonic() - Duration::from_secs(10));
    for _ in 0..60 {
        setup.grey();
        setup.settle();
        setup.clock.advance(Duration::from_millis(33));
    }
    let written = setup.settle().written;
    assert!((9..=12).contains(&written), "{written} in two seconds");
    let latencies: Vec<_> = (0..written).map(|_| field(&viewer.head(), "X-Latency").is_some()).collect();
    assert_eq!(latencies.iter().filter(|has| **has).count(), 1, "of the first, which could not be known");
}

#[test]
fn the_latency_of_the_last_second_is_not_that_of_a_second_long_ago() {
    let mut setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    let mut viewer = setup.watch("");
    let measured = (0..10).any(|_| {
        setup.grey();
        viewer.part();
        setup.clock.advance(Duration::from_secs(1));
        !setup.serving()["latency_us"].is_null()
    });
    assert!(measured);
    // Of a second that no tick ends.
    setup.grey();
    viewer.part();
    drop(viewer);
    // That it has gone altogether the next pictures show.
    until("that nobody watches", || {
        setup.grey();
        (setup.serving()["clients"] == 0).then_some(())
    });
    // Nobody is there, so nothing is measured, and no second is counted.
    setup.clock.advance(Duration::from_secs(60));
    assert!(setup.serving()["latency_us"].is_null());
}

#[test]
fn a_newer_frame_takes_the_place_of_an_older_one_though_the_camera_has_no_buffer() {
    // As while the server is at work: it does not look into the slot.
    let shared = Arc::new(Shared::new().unwrap());
    shared.set_watched(true);
    let http = Http { name: String::new(), holders: 1, takes_corrupt: false, shared };
    let format = format(FourCC::YUYV, SIZE);
    let pool = Pool::in_software(2, Arc::clone(&format)).unwrap();
    http.start(&StreamInfo::of(format, 2));
    let frame = |sequence| {
        let lease = pool.produce(|_| {}).unwrap();
        let metadata = Metadata { sequence, queue_depth: pool.queue_depth(), ..Metadata::default() };
        let mut payloads = [Payload::default(); MAX_PLANES];
        payloads[0].length = SIZE.width * SIZE.height * 2;
        Frame::new(metadata, payloads, lease)
    };
    (1..3).for_each(|sequence| http.offer(&frame(sequence)));
    let counts = http.counts();
    assert_eq!((counts.skipped_by.slow, counts.skipped_by.no_buffer, counts.pending), (1, 0, 1));
    assert_eq!(http.shared.slot().frame.as_ref().unwrap().metadata().sequence, 2);
}

#[test]
fn a_stream_of_no_pictures_is_shown_as_such_until_one_is() {
    let mut setup = Setup::with_camera(FourCC::MJPG, SIZE, |_| {});
    let mut viewer = setup.watch("");
    let junk = |setup: &mut Setup| {
        setup.frame(|buffer| {
            buffer[..64].fill(7);
            64
        });
        setup.settle();
    };
    for _ in 0..3 {
        junk(&mut setup);
        assert_eq!(setup.get("/readyz", "").status(), 200, "one may be broken");
        setup.clock.advance(Duration::from_secs(1));
    }
    junk(&mut setup);
    let (sequence, still) = viewer.part();
    assert!(sequence.is_none() && is_jpeg(&still));
    assert_eq!(setup.get("/readyz", "").status(), 503);

    let mut socket = setup.connect();
    write!(socket, "GET /snapshot HTTP/1.0\r\n\r\n").unwrap();
    // Nothing else is asked for, so it is one of those who wait for a frame once this is answered.
    assert_eq!(setup.get("/healthz", "").status(), 200);
    junk(&mut setup);
    let answer = Answer::read(&mut BufReader::new(socket));
    assert_eq!((answer.status(), answer.body), (503, still));

    let picture = jpeg(SIZE);
    setup.frame(|buffer| {
        buffer[..picture.len()].copy_from_slice(&picture);
        picture.len()
    });
    let mut parts = std::iter::from_fn(|| Some(viewer.part()));
    assert_eq!(parts.find(|(sequence, _)| sequence.is_some()).unwrap().1, picture);
    assert_eq!(setup.get("/readyz", "").status(), 200);
}
