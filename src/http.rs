//! The live picture over HTTP, for whoever watches: the sink `--http`.
//!
//! ```text
//! capture ──offer──▶ slot (the newest frame) ──▶ server thread ──▶ sockets
//! ```
//!
//! [`Http`] is what capture sees: it leaves the newest frame in a slot, and only while somebody watches. The [`server`] is one
//! thread for all else; `pictures` makes JPEG of frames, `connection` is one client, `access` decides who may be one, `verifier`
//! hashes passwords for it, `request` and
//! `response` speak HTTP, `multipart` is the stream's form, `status` and `metrics` tell how it goes, `notices` what else is wrong.

mod access;
mod connection;
mod metrics;
mod multipart;
mod notices;
mod pictures;
mod request;
mod response;
mod server;
mod socket;
mod status;
mod verifier;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub(crate) use access::{MOST_ROUNDS, is_password_hash};
pub(crate) use status::Board;

use crate::clock::Clock;
use crate::config::HttpConfig;
use crate::frame::Frame;
use crate::sink::{Counts, Outlet, SinkCounts, lease_limit};
use crate::source::StreamInfo;
use crate::threads;

/// How long the server is waited for at the end.
const END: Duration = Duration::from_secs(2);

/// The sink as the capture loop sees it.
pub(crate) struct Http {
    name: String,
    /// How many sinks hold frames.
    holders: usize,
    takes_corrupt: bool,
    shared: Arc<Shared>,
}

/// What capture and the server have in common.
struct Shared {
    slot: Mutex<Slot>,
    /// Told when the server has ended.
    ended: Condvar,
    /// Whether somebody watches: nobody's frames cost no lock.
    watched: AtomicBool,
    /// Whether the server's thread has ended.
    is_gone: AtomicBool,
    /// When the last frame was dequeued, in microseconds of CLOCK_MONOTONIC.
    last_frame: AtomicU64,
    /// An eventfd that wakes the server.
    wake: OwnedFd,
    counts: Counts,
    board: Mutex<Option<Arc<Board>>>,
}

/// What the server is to do next, the newest of each.
#[derive(Default)]
struct Slot {
    started: Option<StreamInfo>,
    waiting: Option<String>,
    frame: Option<Frame>,
    /// The frame here, and the one being sent.
    held: usize,
    limit: usize,
    /// The stream's buffers.
    buffers: u32,
    /// Whether the server waits, and is to be woken.
    sleeping: bool,
    ending: bool,
    /// The server ended without being asked to.
    failed: bool,
    /// Nobody waits for the server any more: what it still holds was counted as skipped.
    abandoned: bool,
}

/// What the server has to do.
enum Work {
    Started(StreamInfo),
    Waiting(String),
    Frame(Frame),
    Nothing,
    End,
}

/// What came of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// At least one client got it, or begins to.
    Written,
    /// Nobody wanted it.
    Unwatched,
    /// Everybody was busy with an earlier one.
    Slow,
    /// It is no picture.
    Failed,
    /// No picture can be made of the stream's format.
    Refused,
}

impl Outcome {
    /// Of a frame that so many clients got. Those who went away before it have not watched it.
    fn of(got: usize) -> Self {
        if got > 0 { Outcome::Written } else { Outcome::Unwatched }
    }
}

impl Http {
    /// Takes connections from now on. `holders` is the number of sinks that hold frames.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub(crate) fn start(
        config: &HttpConfig,
        holders: usize,
        takes_corrupt: bool,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let listener = listen(config.listen).map_err(|error| cannot_serve(config.listen, &error))?;
        descriptors(config.max_connections)?;
        // Port 0 has become one.
        let address = listener.local_addr()?;
        let config = HttpConfig { listen: address, ..config.clone() };
        let shared = Arc::new(Shared::new()?);
        let server = server::Server::new(config, Arc::clone(&shared), listener, clock)?;
        let after = Arc::clone(&shared);
        threads::spawn("http", 256 * 1024, move || server.run(), move |_| after.finish())?;
        log::info!("watch at http://{}/", reachable(address));
        Ok(Http { name: format!("http {address}"), holders, takes_corrupt, shared })
    }
}

/// Descriptors that picam needs beside its connections: files, sinks, the camera, buffers.
const OWN_DESCRIPTORS: u64 = 64;

/// Sees to it that there are descriptors for so many connections.
fn descriptors(connections: u32) -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let needed = u64::from(connections) + OWN_DESCRIPTORS;
    let is_enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    if is_enough(limit.current) {
        return Ok(());
    }
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum: limit.maximum });
    anyhow::ensure!(
        is_enough(limit.maximum) && raised.is_ok(),
        "max-connections = {connections} needs {needed} open files, and {} are allowed: raise that limit (`ulimit -n`, \
         LimitNOFILE=), or lower max-connections in [http]",
        limit.maximum.or(limit.current).unwrap_or_default()
    );
    Ok(())
}

/// What a browser needs for an address to take connections at: where that is all of them, the one by which this machine reaches
/// others. Before there is a network, this machine's own.
fn reachable(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    // Of a datagram socket, connecting asks the routing table, and sends nothing. The address is one of documents' (RFC 5737).
    let own = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    SocketAddr::new(own.map_or(Ipv4Addr::LOCALHOST.into(), |own| own.ip()), address.port())
}

/// A socket that listens, at an address that the machine need not have yet: at boot the network comes later.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    match address {
        SocketAddr::V4(_) => sockopt::set_ip_freebind(&socket, true)?,
        SocketAddr::V6(_) => sockopt::set_ipv6_freebind(&socket, true)?,
    }
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, 128)?;
    Ok(TcpListener::from(socket))
}

/// Why nothing can be served at an address, with what helps.
fn cannot_serve(address: SocketAddr, error: &io::Error) -> anyhow::Error {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are root's: --http takes another one, or let picam have this one \
             (AmbientCapabilities=CAP_NET_BIND_SERVICE in its unit)"
        }
        io::ErrorKind::AddrInUse => {
            "another program serves there (`ss -ltnp` names it): end it, or give --http another port"
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address: `ip address` shows those it has",
        io::ErrorKind::Unsupported => "this machine has no such kind of address: --http takes one of IPv4",
        _ => "--http takes another address and port",
    };
    anyhow::Error::msg(format!("cannot serve at {address}: {error}: {remedy}"))
}

impl Shared {
    /// The server's thread has ended: nobody is served any more. What it held goes back to the camera.
    fn finish(&self) {
        let mut slot = self.slot();
        self.set_watched(false);
        self.is_gone.store(true, Relaxed);
        slot.failed = !slot.ending;
        let frame = slot.frame.take();
        if slot.failed && !slot.abandoned {
            slot.abandoned = true;
            self.counts.failed.fetch_add(std::mem::take(&mut slot.held) as u64, Relaxed);
        }
        drop(slot);
        drop(frame);
        self.ended.notify_all();
    }

    fn new() -> io::Result<Self> {
        Ok(Shared {
            slot: Mutex::default(),
            ended: Condvar::new(),
            watched: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
            last_frame: AtomicU64::new(0),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            counts: Counts::default(),
            board: Mutex::default(),
        })
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the slot, and wakes the server where that waits.
    fn tell(&self, change: impl FnOnce(&mut Slot)) {
        let mut slot = self.slot();
        change(&mut slot);
        if std::mem::take(&mut slot.sleeping) {
            drop(slot);
            self.wake();
        }
    }

    /// Wakes the server.
    fn wake(&self) {
        // It is never full: that would take 2^64 wakes.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    /// What there is to do. After [`Work::Nothing`] the server sleeps, until it is woken.
    fn take(&self) -> Work {
        let mut slot = self.slot();
        slot.sleeping = false;
        if slot.ending {
            return Work::End;
        }
        if let Some(reason) = slot.waiting.take() {
            return Work::Waiting(reason);
        }
        if let Some(stream) = slot.started.take() {
            return Work::Started(stream);
        }
        if let Some(frame) = slot.frame.take() {
            return Work::Frame(frame);
        }
        slot.sleeping = true;
        Work::Nothing
    }

    /// A frame that was taken is done with.
    fn done(&self, outcome: Outcome) {
        let mut slot = self.slot();
        if slot.abandoned {
            return;
        }
        slot.held -= 1;
        let counts = &self.counts;
        let count = match outcome {
            Outcome::Written => &counts.written,
            Outcome::Unwatched => &counts.unwatched,
            Outcome::Slow => &counts.slow,
            Outcome::Failed => &counts.failed,
            Outcome::Refused => &counts.refused,
        };
        count.fetch_add(1, Relaxed);
    }

    fn set_watched(&self, watched: bool) {
        self.watched.store(watched, Relaxed);
    }

    fn count_bytes(&self, bytes: u64) {
        self.counts.bytes.fetch_add(bytes, Relaxed);
    }

    /// When the stream's last frame was dequeued; `None`: it has had none.
    fn last_frame(&self) -> Option<Duration> {
        Some(self.last_frame.load(Relaxed)).filter(|micros| *micros > 0).map(Duration::from_micros)
    }

    fn board(&self) -> Option<Arc<Board>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Outlet for Http {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&self, stream: &StreamInfo) {
        self.shared.last_frame.store(0, Relaxed);
        self.shared.tell(|slot| {
            slot.waiting = None;
            slot.started = Some(stream.clone());
            slot.buffers = stream.buffers;
            slot.limit = lease_limit(stream.buffers as usize, self.holders);
        });
    }

    fn waiting(&self, reason: &str) {
        self.shared.tell(|slot| {
            slot.started = None;
            slot.waiting = Some(reason.to_owned());
        });
    }

    fn resume(&self, stream: &StreamInfo) {
        self.start(stream);
    }

    fn offer(&self, frame: &Frame) {
        let metadata = frame.metadata();
        if metadata.corrupt && !self.takes_corrupt {
            return;
        }
        let shared = &self.shared;
        shared.last_frame.store(u64::try_from(metadata.dequeued.as_micros()).unwrap_or(u64::MAX), Relaxed);
        if !shared.watched.load(Relaxed) {
            shared.counts.unwatched.fetch_add(1, Relaxed);
            return;
        }
        // Dropped when the lock is free again: dropping it is a system call.
        let mut older = None;
        shared.tell(|slot| {
            // It ended since.
            if slot.failed {
                shared.counts.failed.fetch_add(1, Relaxed);
                return;
            }
            if slot.frame.is_none() {
                if metadata.queue_depth == 0 && slot.buffers > 1 {
                    shared.counts.no_buffer.fetch_add(1, Relaxed);
                    return;
                }
                if slot.held >= slot.limit {
                    shared.counts.slow.fetch_add(1, Relaxed);
                    return;
                }
                slot.held += 1;
            } else {
                // The older one's buffer goes back to the camera: this one needs no other.
                shared.counts.slow.fetch_add(1, Relaxed);
            }
            older = slot.frame.replace(frame.clone());
        });
    }

    fn observe(&self, board: Board) {
        *self.shared.board.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(board));
    }

    fn observes(&self) -> bool {
        true
    }

    /// Nobody is served any more: the server's thread failed.
    fn is_closed(&self) -> bool {
        self.shared.is_gone.load(Relaxed)
    }

    fn has_failed(&self) -> bool {
        self.shared.slot().failed
    }

    fn counts(&self) -> SinkCounts {
        let slot = self.shared.slot();
        self.shared.counts.with_pending(slot.held)
    }

    fn end(&self) {
        self.shared.tell(|slot| slot.ending = true);
    }

    /// What viewers miss is no recording's.
    fn records(&self) -> bool {
        false
    }

    fn join(&self, began: Instant) {
        let mut slot = self.shared.slot();
        while !self.shared.is_gone.load(Relaxed) {
            let left = END.saturating_sub(began.elapsed());
            if left.is_zero() {
                break;
            }
            slot = self.shared.ended.wait_timeout(slot, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let older = slot.frame.take();
        slot.abandoned = true;
        self.shared.counts.slow.fetch_add(std::mem::take(&mut slot.held) as u64, Relaxed);
        drop(slot);
        drop(older);
    }
}

#[cfg(test)]
mod tests;
