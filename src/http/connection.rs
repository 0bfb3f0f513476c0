//! One client's connection: what it asked, and what is on its way to it. Nothing here waits.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::multipart::Taken;
use super::request::{LONGEST, Request};
use super::socket;

/// What a connection is in the middle of.
#[derive(Debug)]
pub(super) enum State {
    /// Reading a request, or waiting for one.
    Request,
    /// Waiting until this request's password is hashed.
    Password { ticket: u64, request: Box<Request> },
    /// Sending an answer, after which it is closed or used again.
    Answer { close: bool },
    /// Waiting for the next frame, to send that one.
    Snapshot { quality: u8, head: String, keep_alive: bool },
    /// Watching.
    Stream(Viewer),
    /// Everything was sent; what still comes is not read, and closing at once could take back what is on its way.
    Closing,
}

/// Bytes of a stream's name.
const LONGEST_NAME: usize = 64;

/// Someone who watches.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) quality: u8,
    /// The least time between two pictures.
    pub(super) interval: Option<Duration>,
    /// When the next one is due, on the driver's clock.
    due: Duration,
    /// When the picture that tells why there is none is due, on CLOCK_MONOTONIC.
    pub(super) still_due: Duration,
    /// What the page calls its stream, to ask how that goes.
    pub(super) name: Option<String>,
    /// Pictures that it was given.
    pub(super) pictures: u64,
}

impl Viewer {
    pub(super) fn new(quality: u8, interval: Option<Duration>, name: Option<&str>) -> Self {
        let name = name.filter(|name| name.len() <= LONGEST_NAME).map(str::to_owned);
        Viewer { quality, interval, due: Duration::ZERO, still_due: Duration::ZERO, name, pictures: 0 }
    }

    /// Whether it is to get a frame of this time.
    pub(super) fn is_due(&self, time: Duration) -> bool {
        let Some(interval) = self.interval else { return true };
        // A driver that counts time from anew is not waited for.
        time + tolerance(interval) >= self.due || self.due > time + interval * 2
    }

    /// It got a frame of this time.
    pub(super) fn got(&mut self, time: Duration) {
        let Some(interval) = self.interval else { return };
        // From when it was due, so that the rate holds on average; but no catching up after a pause.
        let due = self.due + interval;
        let is_near = due > time && due <= time + interval + tolerance(interval);
        self.due = if is_near { due } else { time + interval };
    }
}

/// How much too early a frame may be: no camera's clock is even.
fn tolerance(interval: Duration) -> Duration {
    (interval / 4).min(Duration::from_millis(10))
}

/// What is being sent: a head, a body and a tail, of which so many bytes are gone.
#[derive(Debug, Default)]
struct Output {
    head: Vec<u8>,
    body: Body,
    tail: &'static [u8],
    sent: usize,
    taken: Option<Taken>,
}

/// A body, possibly one that is sent to many.
#[derive(Debug, Default)]
pub(super) enum Body {
    #[default]
    None,
    Own(Vec<u8>),
    Shared(Arc<Vec<u8>>),
}

impl Body {
    fn bytes(&self) -> &[u8] {
        match self {
            Body::None => &[],
            Body::Own(bytes) => bytes,
            Body::Shared(bytes) => bytes,
        }
    }
}

/// What came of reading.
pub(super) enum Received {
    /// So many bytes more.
    Bytes,
    /// Nothing for now.
    Nothing,
    /// More than a request can have.
    TooMuch,
    /// The client sends nothing more, and may be gone.
    End,
}

pub(super) struct Connection {
    socket: TcpStream,
    pub(super) address: IpAddr,
    /// What it is counted and limited by: the address, or its network.
    pub(super) peer: IpAddr,
    /// What epoll calls it.
    pub(super) token: u64,
    pub(super) state: State,
    /// When, on CLOCK_MONOTONIC, its patience or ours is at an end.
    pub(super) deadline: Duration,
    /// What was received of requests that were not answered yet.
    pub(super) input: Vec<u8>,
    output: Output,
    /// Whether the client sends nothing more.
    pub(super) is_half_closed: bool,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, address: IpAddr, peer: IpAddr, deadline: Duration) -> Self {
        Connection {
            socket,
            address,
            peer,
            token: 0,
            state: State::Request,
            deadline,
            input: Vec::new(),
            output: Output::default(),
            is_half_closed: false,
        }
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Whether all that was given to it is with the kernel.
    pub(super) fn is_idle(&self) -> bool {
        let Output { head, body, tail, sent, .. } = &self.output;
        *sent == head.len() + body.bytes().len() + tail.len()
    }

    /// Whether a new picture would be on its way at once, rather than behind an older one.
    pub(super) fn is_ready(&self) -> bool {
        self.is_idle() && socket::unsent(&self.socket) == 0
    }

    /// The client sends nothing more; whether it may receive what is sent to it nevertheless.
    pub(super) fn half_close(&mut self) -> bool {
        self.is_half_closed = true;
        // A read answers the end after a reset, too.
        let mut reset = [PollFd::new(&self.socket, PollFlags::empty())];
        let asked = poll(&mut reset, Some(&Timespec::default()));
        asked.is_ok() && !reset[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
    }

    /// Has this to send next; [`Connection::flush`] does.
    pub(super) fn send(&mut self, head: &str, body: Body) {
        let mut buffer = std::mem::take(&mut self.output.head);
        buffer.clear();
        buffer.extend_from_slice(head.as_bytes());
        self.output = Output { head: buffer, body, ..Output::default() };
    }

    /// Sends a picture in `pieces`, as much of it as goes at once, without a copy: the bytes that went. What did not go is to be
    /// given to [`Connection::keep`].
    ///
    /// # Errors
    /// The client is gone.
    pub(super) fn send_part(&mut self, head: &str, pieces: [&[u8]; 4], tail: &[u8]) -> io::Result<usize> {
        let [first, second, third, fourth] = pieces;
        write(&self.socket, &[head.as_bytes(), first, second, third, fourth, tail].map(IoSlice::new))
    }

    /// Keeps a picture of which so many bytes were sent; [`Connection::flush`] goes on with it, and tells when it is done
    /// that this one is.
    pub(super) fn keep(
        &mut self,
        head: &str,
        body: Arc<Vec<u8>>,
        tail: &'static [u8],
        sent: usize,
        taken: Option<Taken>,
    ) {
        self.send(head, Body::Shared(body));
        self.output.tail = tail;
        self.output.sent = sent;
        self.output.taken = taken;
    }

    /// Sends what is left, as far as it goes: the bytes that went, and when a picture with that went out whole, which.
    ///
    /// # Errors
    /// The client is gone.
    pub(super) fn flush(&mut self) -> io::Result<(usize, Option<Taken>)> {
        let mut total = 0;
        while !self.is_idle() {
            let Output { head, body, tail, sent, .. } = &mut self.output;
            let mut skip = *sent;
            let slices = [head.as_slice(), body.bytes(), tail].map(|piece| {
                let gone = skip.min(piece.len());
                skip -= gone;
                IoSlice::new(piece.get(gone..).unwrap_or_default())
            });
            let count = write(&self.socket, &slices)?;
            if count == 0 {
                return Ok((total, None));
            }
            *sent += count;
            total += count;
        }
        let taken = self.output.taken;
        self.send("", Body::None);
        Ok((total, taken))
    }

    /// Reads what has come, up to a request's length.
    pub(super) fn receive(&mut self) -> Received {
        let before = self.input.len();
        if before >= LONGEST {
            return Received::TooMuch;
        }
        self.input.resize(LONGEST, 0);
        let read = loop {
            match (&self.socket).read(self.input.get_mut(before..).unwrap_or_default()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.input.truncate(before + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => Received::End,
            Ok(_) => Received::Bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Received::Nothing,
            Err(_) => Received::End,
        }
    }

    /// Nothing more is sent.
    pub(super) fn shut(&self) {
        // It may be shut from the other side already.
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
    }
}

/// How many bytes went at once; 0: none do for now.
fn write(mut socket: &TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    loop {
        match socket.write_vectored(slices) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_gets_the_rate_it_asked_for() {
        for (camera, asked, expected) in
            [(30.0, 20.0, 20.0), (30.0, 30.0, 30.0), (30.0, 60.0, 30.0), (30.0, 1.0, 1.0), (25.0, 10.0, 10.0)]
        {
            let mut viewer = Viewer::new(80, Some(Duration::from_secs_f64(1.0 / asked)), None);
            let mut got = 0;
            for frame in 0..(camera * 20.0) as u32 {
                // As evenly as cameras are: a millisecond early or late.
                let jitter = 0.001 * f64::from(frame % 3) - 0.001;
                let timestamp = Duration::from_secs_f64(1000.0 + f64::from(frame) / camera + jitter);
                if viewer.is_due(timestamp) {
                    viewer.got(timestamp);
                    got += 1;
                }
            }
            let fps = f64::from(got) / 20.0;
            assert!((fps - expected).abs() <= 0.1, "{asked} of {camera}: {fps}");
        }
    }

    #[test]
    fn a_viewer_does_not_wait_for_a_clock_that_begins_anew() {
        let mut viewer = Viewer::new(80, Some(Duration::from_millis(100)), None);
        viewer.got(Duration::from_secs(1000));
        assert!(!viewer.is_due(Duration::from_millis(1_000_050)));
        assert!(viewer.is_due(Duration::from_secs(5)));
    }
}
