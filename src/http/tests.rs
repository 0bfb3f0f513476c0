//! The server as its clients see it, with frames made for the purpose.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::*;
use crate::config::Secret;
use crate::format::{Format, FourCC, PlaneFormat, Size};
use crate::frame::{Metadata, Payload};
use crate::jpeg::Encoder;
use crate::v4l2::buffers::{MAX_PLANES, Pool};

const SIZE: Size = Size { width: 64, height: 48 };

/// A camera, its sink, and the address to watch at.
struct Setup {
    http: Http,
    address: SocketAddr,
    pool: Arc<Pool>,
    sequence: u32,
}

fn format(fourcc: FourCC, size: Size) -> Arc<Format> {
    let bytesperline = if fourcc == FourCC::MJPG { 0 } else { size.width * 2 };
    let planes = vec![PlaneFormat { bytesperline, sizeimage: size.width * size.height * 2 }];
    Arc::new(Format { fourcc, size, planes, full_range: false, interlaced: false })
}

fn stream_of(format: &Arc<Format>) -> StreamInfo {
    let camera = crate::device::Identity {
        path: "test".into(),
        card: String::new(),
        driver: String::new(),
        bus_info: String::new(),
        usb: None,
        index: 0,
    };
    StreamInfo { camera, format: Arc::clone(format), rate: None, buffers: 4 }
}

impl Setup {
    /// A server without a camera yet.
    fn without_camera(change: impl FnOnce(&mut HttpConfig)) -> Self {
        let mut config = HttpConfig::at("127.0.0.1:0".parse().unwrap());
        change(&mut config);
        let http = Http::start(&config, 1, false).unwrap();
        let address = http.name().strip_prefix("http ").unwrap().parse().unwrap();
        Setup { http, address, pool: Pool::in_software(4, format(FourCC::YUYV, SIZE)).unwrap(), sequence: 0 }
    }

    fn with_camera(fourcc: FourCC, size: Size, change: impl FnOnce(&mut HttpConfig)) -> Self {
        let mut setup = Self::without_camera(change);
        let format = format(fourcc, size);
        setup.http.start(&stream_of(&format));
        setup.pool = Pool::in_software(4, format).unwrap();
        setup
    }

    /// The camera takes a frame; how many it took.
    fn frame(&mut self, fill: impl FnOnce(&mut [u8]) -> usize) -> u32 {
        let end = Instant::now() + Duration::from_secs(10);
        let mut length = 0;
        let mut fill = Some(fill);
        let lease = loop {
            // Nobody but the sink holds one, and that is quick about it.
            let lease = self.pool.produce(|buffer| length = fill.take().map_or(length, |fill| fill(buffer)));
            match lease {
                Some(lease) => break lease,
                None => assert!(Instant::now() < end, "the buffers come back"),
            }
        };
        let mut payloads = [Payload::default(); MAX_PLANES];
        payloads[0].length = length as u32;
        self.sequence += 1;
        let now = crate::v4l2::clock::monotonic();
        let metadata = Metadata {
            sequence: self.sequence,
            timestamp: now,
            dequeued: now,
            queue_depth: self.pool.queue_depth(),
            flags: v4l::v4l_sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC,
            ..Metadata::default()
        };
        self.http.offer(&Frame::new(metadata, payloads, lease));
        self.sequence
    }

    fn grey(&mut self) -> u32 {
        self.frame(|buffer| {
            buffer.fill(128);
            buffer.len()
        })
    }

    /// Waits for the sink to be done with what it has.
    fn settle(&self) -> SinkCounts {
        let end = Instant::now() + Duration::from_secs(10);
        while self.http.counts().pending > 0 {
            assert!(Instant::now() < end, "{:?}", self.http.counts());
            std::thread::sleep(Duration::from_millis(1));
        }
        self.http.counts()
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket
    }

    fn get(&self, target: &str, headers: &str) -> Answer {
        let mut socket = self.connect();
        write!(socket, "GET {target} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n").unwrap();
        Answer::read(&mut BufReader::new(socket))
    }

    fn watch(&self, query: &str) -> Viewer {
        let mut socket = self.connect();
        write!(socket, "GET /stream?{query} HTTP/1.1\r\n\r\n").unwrap();
        let mut reader = BufReader::new(socket);
        let head = read_head(&mut reader);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("boundary=picam\r\n"), "{head}");
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert_eq!(line, multipart::BEGIN);
        // From the head's arrival on it is one of those who watch; the flag that says so follows.
        let end = Instant::now() + Duration::from_secs(10);
        while !self.http.shared.watched.load(Relaxed) {
            assert!(Instant::now() < end);
            std::thread::sleep(Duration::from_millis(1));
        }
        Viewer { reader }
    }

    fn serving(&self) -> serde_json::Value {
        serde_json::from_slice::<serde_json::Value>(&self.get("/status.json", "").body).unwrap()["http"].clone()
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        self.http.end();
        self.http.join(Instant::now() + Duration::from_secs(10));
    }
}

struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn read(reader: &mut impl BufRead) -> Self {
        let head = read_head(reader);
        let length = field(&head, "Content-Length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        Answer { head, body }
    }

    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

fn read_head(reader: &mut impl BufRead) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "an end after {head:?}");
    }
    head
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

struct Viewer {
    reader: BufReader<TcpStream>,
}

impl Viewer {
    /// The next part: its sequence number, if it is a camera's picture, and the picture.
    fn part(&mut self) -> (Option<u32>, Vec<u8>) {
        let Answer { head, body } = Answer::read(&mut self.reader);
        assert!(head.starts_with("Content-Type: image/jpeg\r\n"), "{head}");
        let mut end = vec![0; multipart::END.len()];
        self.reader.read_exact(&mut end).unwrap();
        assert_eq!(end, multipart::END);
        (field(&head, "X-Sequence").map(|sequence| sequence.parse().unwrap()), body)
    }
}

fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9])
}

/// A JPEG such as a camera makes.
fn jpeg(size: Size) -> Vec<u8> {
    let mut bytes = Vec::new();
    let format = format(FourCC::YUYV, size);
    let picture: Vec<u8> = (0..format.sizeimage()).map(|n| (n * 7 % 251) as u8).collect();
    Encoder::new().encode(&format, &[&picture], 80, &mut bytes).unwrap();
    bytes
}

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
    let mut setup = Setup::with_camera(FourCC::YUYV, Size { width: 2560, height: 1440 }, |_| {});
    let mut viewer = setup.watch("");
    let address = setup.address;
    let asked = std::thread::spawn(move || {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
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
    for query in ["quality=10", "quality=90", "quality=100"] {
        let mut viewer = setup.watch(query);
        setup.frame(fill);
        pictures.push(viewer.part().1.len());
    }
    assert!(pictures[0] * 2 < pictures[1], "{pictures:?}");
    assert_eq!(pictures[1], pictures[2], "no more than max-quality");
    for bad in ["quality=0", "quality=101", "quality=good", "fps=0", "fps=fast"] {
        assert_eq!(setup.get(&format!("/stream?{bad}"), "").status(), 400, "{bad}");
    }

    let mut viewer = setup.watch("fps=20");
    let socket = viewer.reader.get_ref().try_clone().unwrap();
    let reader = std::thread::spawn(move || {
        let mut sequences = Vec::new();
        while !viewer.reader.fill_buf().unwrap().is_empty() {
            sequences.extend(viewer.part().0);
        }
        sequences
    });
    let started = Instant::now();
    for _ in 0..40 {
        setup.frame(fill);
        std::thread::sleep(Duration::from_millis(10));
    }
    let most = started.elapsed().as_millis() / 45 + 2;
    setup.settle();
    std::thread::sleep(Duration::from_millis(50));
    socket.shutdown(std::net::Shutdown::Both).unwrap();
    let sequences = reader.join().unwrap();
    assert!(sequences.len() >= 4 && sequences.len() as u128 <= most, "{sequences:?}, at most {most}");
}

#[test]
fn a_cameras_jpeg_goes_out_untouched_and_a_truncated_one_does_not() {
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
    setup.frame(put(&picture[..picture.len() / 2]));
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
    assert_eq!((counts.written, counts.skipped_by.failed), (3, 1));
    let serving = setup.serving();
    assert_eq!((serving["encoded"].as_u64(), serving["truncated"].as_u64()), (Some(0), Some(1)));
}

#[test]
fn without_a_camera_the_stream_shows_the_reason_and_goes_on_when_it_is_back() {
    let setup = Setup::without_camera(|_| {});
    let mut viewer = setup.watch("");
    let (sequence, still) = viewer.part();
    assert!(sequence.is_none() && is_jpeg(&still));
    setup.http.waiting("no camera found");
    let (sequence, reason) = viewer.part();
    assert!(sequence.is_none() && is_jpeg(&reason) && reason != still);
    let snapshot = setup.get("/snapshot", "");
    assert_eq!((snapshot.status(), &snapshot.body), (503, &reason));
    assert_eq!(setup.get("/readyz", "").status(), 503);
    assert_eq!(setup.get("/healthz", "").status(), 200);

    let format = format(FourCC::YUYV, SIZE);
    setup.http.start(&stream_of(&format));
    let mut setup = setup;
    setup.pool = Pool::in_software(4, format).unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        setup.grey();
        if viewer.part().0.is_some() {
            break;
        }
        assert!(Instant::now() < end);
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
    for target in ["/snapshot", "/?action=snapshot", "/snapshot.jpg?quality=50"] {
        let mut socket = setup.connect();
        write!(socket, "GET {target} HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n").unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while !setup.http.shared.watched.load(Relaxed) {
            assert!(Instant::now() < end);
        }
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
fn who_has_no_token_sees_nothing() {
    let setup =
        Setup::with_camera(FourCC::YUYV, SIZE, |config| config.token = Some(Secret("correct horse".replace(' ', "-"))));
    for target in ["/", "/stream", "/snapshot", "/?action=stream", "/status.json", "/metrics", "/nothing"] {
        let answer = setup.get(target, "");
        assert_eq!(answer.status(), 401, "{target}");
        assert!(answer.head.contains("WWW-Authenticate: Basic"));
        assert!(!String::from_utf8_lossy(&answer.body).contains("YUYV"));
    }
    assert_eq!(setup.get("/healthz", "").status(), 200);
    assert_eq!(setup.get("/?token=correct-horse", "").status(), 200);
    assert_eq!(setup.get("/metrics", "Authorization: Bearer correct-horse\r\n").status(), 200);
}

#[test]
fn methods_heads_and_origins() {
    let setup = Setup::with_camera(FourCC::YUYV, SIZE, |config| config.allow_origin = Some("https://a.example".into()));
    for (target, kind) in [
        ("/", "text/html"),
        ("/stream", "multipart/x-mixed-replace"),
        ("/snapshot", "image/jpeg"),
        ("/metrics", "application/openmetrics-text"),
    ] {
        let mut socket = setup.connect();
        write!(socket, "HEAD {target} HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(kind), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "no body: {answer}");
    }
    let mut socket = setup.connect();
    write!(socket, "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").unwrap();
    let answer = Answer::read(&mut BufReader::new(socket));
    assert_eq!(answer.status(), 405);
    assert_eq!(field(&answer.head, "Connection"), Some("close"));

    let allowed = |origin: &str| {
        let answer = setup.get("/status.json", &format!("Origin: {origin}\r\n"));
        field(&answer.head, "Access-Control-Allow-Origin").map(str::to_owned)
    };
    assert_eq!(allowed("https://a.example").as_deref(), Some("https://a.example"));
    assert_eq!(allowed("https://b.example"), None);
    let without = Setup::without_camera(|_| {}).get("/status.json", "Origin: https://a.example\r\n");
    assert!(field(&without.head, "Access-Control-Allow-Origin").is_none());
}

#[test]
fn the_page_allows_only_its_own_script() {
    let setup = Setup::without_camera(|_| {});
    let answer = setup.get("/", "");
    let page = String::from_utf8(answer.body).unwrap();
    let policy = field(&answer.head, "Content-Security-Policy").unwrap();
    let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(page.contains(&format!("<script nonce=\"{nonce}\"")) && !page.contains("{nonce}"));
    let external = ["src=\"http", "href=\"http", "url(http", "@import"];
    assert!(external.iter().all(|external| !page.contains(external)));
    assert!(policy.starts_with("default-src 'none'"));
    assert!(!String::from_utf8(setup.get("/", "").body).unwrap().contains(nonce), "another one each time");
}

#[test]
fn nonsense_is_answered_and_cut() {
    let setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    let many = "X: y\r\n".repeat(100);
    for (request, status) in [
        ("\u{1}\u{2}nonsense\r\n\r\n".to_owned(), 400),
        ("GET / SPDY/9\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(9000)), 431),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), 431),
    ] {
        let mut socket = setup.connect();
        let _ = socket.write_all(request.as_bytes());
        let mut reader = BufReader::new(socket);
        assert_eq!(Answer::read(&mut reader).status(), status, "{}", &request[..20]);
        assert_eq!(reader.read(&mut [0; 1]).unwrap_or(0), 0, "and closed");
    }
}

#[test]
fn connections_are_limited_in_all_and_by_address() {
    let setup = Setup::without_camera(|config| config.max_connections_per_address = 3);
    let held: Vec<_> = (0..3).map(|_| setup.watch("")).collect();
    let mut socket = setup.connect();
    let mut refusal = String::new();
    socket.read_to_string(&mut refusal).unwrap();
    assert!(refusal.starts_with("HTTP/1.1 503") && refusal.contains("Retry-After"), "{refusal}");
    drop(held);
    let end = Instant::now() + Duration::from_secs(10);
    while !setup.get("/healthz", "").head.starts_with("HTTP/1.1 200") {
        assert!(Instant::now() < end);
    }

    // One who only keeps a place makes room for one who has something to ask.
    let setup = Setup::without_camera(|config| config.max_connections = 3);
    let _watching = [setup.watch(""), setup.watch("")];
    let mut idle = setup.connect();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(setup.get("/healthz", "").status(), 200);
    assert_eq!(idle.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn the_end_ends_all_connections() {
    let setup = Setup::without_camera(|_| {});
    let mut viewer = setup.watch("");
    viewer.part();
    let address = setup.address;
    drop(setup);
    let mut rest = Vec::new();
    viewer.reader.read_to_end(&mut rest).unwrap_or_default();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn an_address_in_use_is_told() {
    let setup = Setup::without_camera(|_| {});
    let error = Http::start(&HttpConfig::at(setup.address), 1, false).err().unwrap();
    assert!(error.to_string().contains(&setup.address.to_string()) && error.to_string().contains("--http"));
}

#[test]
fn requests_without_end_keep_nobody_waiting() {
    let mut setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    let mut viewer = setup.watch("");
    let flood = setup.connect();
    let (mut reader, mut writer) = (flood.try_clone().unwrap(), flood.try_clone().unwrap());
    let threads = [
        std::thread::spawn(move || while writer.write_all(&b"GET /healthz HTTP/1.1\r\n\r\n".repeat(400)).is_ok() {}),
        std::thread::spawn(move || while reader.read(&mut [0; 65536]).is_ok_and(|count| count > 0) {}),
    ];
    std::thread::sleep(Duration::from_millis(200));
    for _ in 0..10 {
        let sequence = setup.grey();
        assert_eq!(viewer.part().0, Some(sequence));
    }
    assert_eq!(setup.get("/healthz", "").status(), 200);
    flood.shutdown(std::net::Shutdown::Both).unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn who_has_said_all_there_is_to_say_still_gets_the_picture() {
    let mut setup = Setup::with_camera(FourCC::YUYV, SIZE, |_| {});
    let mut socket = setup.connect();
    write!(socket, "GET /snapshot HTTP/1.0\r\n\r\n").unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    let end = Instant::now() + Duration::from_secs(2);
    while !setup.http.shared.watched.load(Relaxed) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
    setup.grey();
    assert_eq!(Answer::read(&mut BufReader::new(socket)).status(), 200);
}
