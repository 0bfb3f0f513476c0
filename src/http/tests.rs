//! The server as its clients see it, with frames made for the purpose.

mod pictures;
mod requests;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::*;
use crate::capture::timestamps::Timestamps;
use crate::clock::{Simulated, until};
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
    clock: Arc<Simulated>,
    /// Where the driver's timestamps stand still.
    stands_at: Option<Duration>,
    timestamps: Timestamps,
    sequence: u32,
}

fn format(fourcc: FourCC, size: Size) -> Arc<Format> {
    let bytesperline = if fourcc == FourCC::MJPG { 0 } else { size.width * 2 };
    let planes = vec![PlaneFormat { bytesperline, sizeimage: size.width * size.height * 2 }];
    Arc::new(Format::new(fourcc, size, planes))
}

impl Setup {
    /// A server without a camera yet.
    fn without_camera(change: impl FnOnce(&mut HttpConfig)) -> Self {
        let mut config = HttpConfig::at("127.0.0.1:0".parse().unwrap());
        change(&mut config);
        let clock = Simulated::new();
        let http = Http::start(&config, 1, false, Arc::<Simulated>::clone(&clock)).unwrap();
        let address = http.name().strip_prefix("http ").unwrap().parse().unwrap();
        let pool = Pool::in_software(4, format(FourCC::YUYV, SIZE)).unwrap();
        Setup { http, address, pool, clock, stands_at: None, timestamps: Timestamps::default(), sequence: 0 }
    }

    fn with_camera(fourcc: FourCC, size: Size, change: impl FnOnce(&mut HttpConfig)) -> Self {
        let mut setup = Self::without_camera(change);
        let format = format(fourcc, size);
        setup.http.start(&StreamInfo::of(Arc::clone(&format), 4));
        setup.pool = Pool::in_software(4, format).unwrap();
        setup
    }

    /// The camera takes a frame; how many it took.
    fn frame(&mut self, fill: impl FnOnce(&mut [u8]) -> usize) -> u32 {
        let mut length = 0;
        let mut fill = Some(fill);
        // Nobody but the sink holds one, and that is quick about it.
        let lease = until("a buffer that is back", || {
            self.pool.produce(|buffer| length = fill.take().map_or(length, |fill| fill(buffer)))
        });
        let mut payloads = [Payload::default(); MAX_PLANES];
        payloads[0].length = length as u32;
        self.sequence += 1;
        let now = self.clock.monotonic();
        let metadata = Metadata {
            sequence: self.sequence,
            timestamp: self.stands_at.unwrap_or(now),
            dequeued: now,
            queue_depth: self.pool.queue_depth(),
            flags: v4l::v4l_sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC,
            ..Metadata::default()
        };
        let mut frame = Frame::new(metadata, payloads, lease);
        if self.stands_at.is_some() && self.timestamps.are_stuck_at(&metadata) {
            frame.set_stuck();
        }
        self.http.offer(&frame);
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
        until("the end of the sink's work", || Some(self.http.counts()).filter(|counts| counts.pending == 0))
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket
    }

    fn get(&self, target: &str, headers: &str) -> Answer {
        let mut socket = self.connect();
        let host = if headers.contains("Host:") { "" } else { "Host: localhost\r\n" };
        // At once: after a refusal there is nobody for the second half.
        let request = format!("GET {target} HTTP/1.1\r\n{host}Connection: close\r\n{headers}\r\n");
        socket.write_all(request.as_bytes()).unwrap();
        Answer::read(&mut BufReader::new(socket))
    }

    fn watch(&self, query: &str) -> Viewer {
        let mut socket = self.connect();
        write!(socket, "GET /stream?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut reader = BufReader::new(socket);
        let head = read_head(&mut reader);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("boundary=picam\r\n"), "{head}");
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert_eq!(line, multipart::BEGIN);
        // From the head's arrival on it is one of those who watch; the flag that says so follows.
        self.is_watched();
        Viewer { reader }
    }

    /// Waits until capture knows that somebody watches.
    fn is_watched(&self) {
        until("a client that watches", || self.http.shared.watched.load(Relaxed).then_some(()));
    }

    fn serving(&self) -> serde_json::Value {
        self.status("")
    }

    /// What is served of how serving goes.
    fn status(&self, query: &str) -> serde_json::Value {
        let answer = self.get(&format!("/status.json?{query}"), "");
        serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap()["http"].clone()
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
    /// The next part's head.
    fn head(&mut self) -> String {
        self.next().0
    }

    /// The next part: its sequence number, if it is a camera's picture, and the picture.
    fn part(&mut self) -> (Option<u32>, Vec<u8>) {
        let (head, body) = self.next();
        (field(&head, "X-Sequence").map(|sequence| sequence.parse().unwrap()), body)
    }

    fn next(&mut self) -> (String, Vec<u8>) {
        let Answer { head, body } = Answer::read(&mut self.reader);
        assert!(head.starts_with("Content-Type: image/jpeg\r\n"), "{head}");
        let mut end = vec![0; multipart::END.len()];
        self.reader.read_exact(&mut end).unwrap();
        assert_eq!(end, multipart::END);
        (head, body)
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
