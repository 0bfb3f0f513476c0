//! The server: one thread that waits for frames and clients together, encodes a frame once, and gives it to all who watch.
//!
//! No socket is ever waited for: a client that is not ready for a frame skips it. So nobody's slowness is another's, and
//! capture's only cost is to leave a frame in a slot (see the [module above](super)).

mod answer;
mod clients;
mod publish;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;

use super::access::Access;
use super::connection::{Connection, State};
use super::pictures::Pictures;
use super::request::Request;
use super::response::{Response, Status};
use super::status::{Serving, Watching};
use super::verifier::Verifier;
use super::{Shared, Work};
use crate::clock::Clock;
use crate::config::HttpConfig;
use crate::format::Size;
use crate::repeated::Repeated;
use crate::source::patience;
use crate::stats::Times;
use crate::stop::timespec;

/// How long a client may take to say what it wants, and how long it may say nothing between two requests.
const REQUEST_TIME: Duration = Duration::from_secs(10);
/// How long a client may take to receive an answer.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// How long one that watches may take nothing at all: a phone that sleeps for a moment goes on where it was.
const STALL_TIME: Duration = Duration::from_secs(120);
/// How long a password waits for its turn to be hashed.
const PASSWORD_TIME: Duration = Duration::from_secs(5);
/// How long a snapshot waits for a frame, where five do not take longer.
const SNAPSHOT_TIME: Duration = Duration::from_secs(5);
/// How long the page shows a picture that stands still before it asks for the stream again, where five do not take longer.
const PAGE_TIME: Duration = Duration::from_secs(5);
/// How long a closing connection may go on.
const CLOSING_TIME: Duration = Duration::from_secs(2);
/// How often deadlines are looked at, and the picture that tells why there is none is sent again.
const TICK: Duration = Duration::from_secs(1);
/// Connections taken at one time, before it is others' turn.
const ACCEPTS: usize = 16;
/// Qualities encoded of one frame; who asks for one more gets the nearest.
const QUALITIES: usize = 3;
/// The picture's size while no camera has said one.
const STILL: Size = Size { width: 640, height: 360 };

/// What is told of a connection: both directions once and for all, by edge, so that no frame costs a change of it.
const FLAGS: EventFlags = EventFlags::IN.union(EventFlags::OUT).union(EventFlags::RDHUP).union(EventFlags::ET);

const LISTENER: u64 = u64::MAX;
const WAKE: u64 = u64::MAX - 1;

/// Where the pictures come from at present.
enum Camera {
    /// From nowhere, for this reason.
    Waiting { reason: String, still: Option<Arc<Vec<u8>>> },
    /// From the stream.
    Capturing,
    /// From the stream, of whose frames no picture can be made, for this reason; each is tried.
    Failing { reason: String, still: Option<Arc<Vec<u8>>> },
}

pub(super) struct Server {
    config: HttpConfig,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    listener: TcpListener,
    epoll: OwnedFd,
    connections: Vec<Option<Connection>>,
    access: Access,
    /// What hashes passwords, where there is one.
    verifier: Option<Verifier>,
    /// Of the last request whose password it got.
    ticket: u64,
    camera: Camera,
    /// Whether nothing was heard of the camera yet: it may be there in a moment.
    is_starting: bool,
    /// Since when no picture could be made of a frame.
    failing_since: Option<Duration>,
    /// The size of the stream, or of the last one.
    size: Size,
    /// Its frame interval; zero: unknown.
    interval: Duration,
    pictures: Pictures,
    encoded: u64,
    truncated: u64,
    skipped: u64,
    latency: Times,
    /// The last second's, and the one before it, which is what is shown.
    recent_latency: [Times; 2],
    requests: BTreeMap<u16, u64>,
    /// Whose wrong secrets were logged, and when.
    failures_told: Vec<(IpAddr, Duration)>,
    next_tick: Duration,
    repeated: Repeated,
    /// Reused, so that a frame costs no allocation.
    targets: Vec<(u8, usize)>,
    head: String,
}

impl Server {
    pub(super) fn new(
        config: HttpConfig,
        shared: Arc<Shared>,
        listener: TcpListener,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        // By edge: so it need not be read.
        epoll::add(&epoll, &shared.wake, EventData::new_u64(WAKE), EventFlags::IN | EventFlags::ET)?;
        let hash = config.password_hash.as_ref().map(|hash| hash.0.clone());
        Ok(Server {
            access: Access::new(&config),
            verifier: hash.map(|hash| Verifier::start(hash, Arc::clone(&shared))).transpose()?,
            ticket: 0,
            is_starting: true,
            camera: Camera::Waiting { reason: "picam has just started".to_owned(), still: None },
            failing_since: None,
            size: STILL,
            interval: Duration::ZERO,
            connections: Vec::new(),
            pictures: Pictures::new(),
            encoded: 0,
            truncated: 0,
            skipped: 0,
            latency: Times::new(),
            recent_latency: [Times::new(), Times::new()],
            requests: BTreeMap::new(),
            failures_told: Vec::new(),
            next_tick: Duration::ZERO,
            repeated: Repeated::new(Arc::clone(&clock)),
            targets: Vec::new(),
            head: String::new(),
            config,
            clock,
            shared,
            listener,
            epoll,
        })
    }

    /// Serves until the end is asked for.
    pub(super) fn run(mut self) {
        let mut events = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 64];
        let mut has_slept = true;
        loop {
            let attended = match self.shared.take() {
                Work::Frame(frame) => {
                    let outcome = self.publish(&frame);
                    // The lease goes before the count: a buffer is back before its frame counts as done.
                    drop(frame);
                    self.shared.done(outcome);
                    // Where pictures are made more slowly than frames come there always is another: clients do not wait for
                    // an end of that.
                    let is_behind = !std::mem::take(&mut has_slept);
                    if is_behind { self.attend(&mut events, Some(Duration::ZERO)) } else { Ok(()) }
                }
                Work::Started(stream) => {
                    self.started(&stream);
                    Ok(())
                }
                Work::Waiting(reason) => {
                    self.wait_for_camera(reason);
                    Ok(())
                }
                Work::End => return,
                Work::Nothing => {
                    has_slept = true;
                    let is_idle = self.connections.iter().all(Option::is_none);
                    self.attend(&mut events, (!is_idle).then(|| self.next_tick.saturating_sub(self.clock.monotonic())))
                }
            };
            if let Err(error) = attended {
                log::error!("http {}: cannot wait for clients: {error}; serving ends", self.config.listen);
                return;
            }
            let now = self.clock.monotonic();
            if now >= self.next_tick {
                self.tick(now);
            }
            let watches =
                |connection: &Connection| matches!(connection.state, State::Stream(_) | State::Snapshot { .. });
            self.shared.set_watched(self.connections.iter().flatten().any(watches));
        }
    }

    /// Waits for clients and frames, no longer than so, and sees to those clients that have something.
    fn attend(&mut self, events: &mut [epoll::Event], patience: Option<Duration>) -> io::Result<()> {
        match epoll::wait(&self.epoll, &mut *events, patience.map(timespec).as_ref()) {
            Ok(count) => events.iter().take(count).for_each(|event| self.handle(event.data.u64())),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn handle(&mut self, token: u64) {
        match token {
            WAKE => self.verified(),
            LISTENER => self.accept(),
            index => self.advance(index as usize, self.clock.monotonic()),
        }
    }

    fn accept(&mut self) {
        // Those beyond are told of again: the listener is not by edge.
        for _ in 0..ACCEPTS {
            match self.listener.accept() {
                Ok((socket, peer)) => {
                    if let Err(error) = self.admit(socket, peer.ip().to_canonical()) {
                        log::debug!("{peer}: {error}");
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(error) => {
                    // Out of descriptors or memory: the connection stays in the queue, and is asked for again at once.
                    self.tell(&format!("cannot take a connection: {error}"));
                    self.clock.sleep(Duration::from_millis(5));
                    return;
                }
            }
        }
    }

    fn admit(&mut self, socket: TcpStream, address: IpAddr) -> io::Result<()> {
        let peer = network(address);
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        let now = self.clock.monotonic();
        let open = |of: &dyn Fn(&Connection) -> bool| {
            let connections = self.connections.iter().flatten();
            connections.filter(|connection| of(connection)).count()
        };
        let is_greedy = open(&|connection| connection.peer == peer) >= self.config.max_connections_per_address as usize;
        let is_full = open(&|_| true) >= self.config.max_connections as usize;
        let mut connection = Connection::new(socket, address, peer, now + REQUEST_TIME);
        if is_greedy || is_full && !self.evict() {
            let of_whom = if is_greedy { "from this address" } else { "in all" };
            let line = format!("too many connections {of_whom}: see max-connections in picam.toml");
            let response = Response::text(Status::UNAVAILABLE, line).with("Retry-After: 5");
            self.reply(&mut connection, response, false, None, now);
            // What does not go at once is not worth a place.
            let _ = connection.flush();
            connection.shut();
            return Ok(());
        }
        let index = match self.connections.iter().position(Option::is_none) {
            Some(free) => free,
            None => {
                self.connections.push(None);
                self.connections.len() - 1
            }
        };
        connection.token = index as u64;
        epoll::add(&self.epoll, connection.socket(), EventData::new_u64(connection.token), FLAGS)?;
        if let Some(slot) = self.connections.get_mut(index) {
            *slot = Some(connection);
        }
        Ok(())
    }

    /// Closes the connection that has waited longest for a request, or else to take its answer, so that one that has
    /// something to say finds a place.
    fn evict(&mut self) -> bool {
        let idle = self.connections.iter_mut().filter_map(|slot| {
            let connection = slot.as_ref()?;
            let rank = match connection.state {
                State::Request | State::Closing => 0,
                State::Answer { .. } => 1,
                State::Password { .. } => 2,
                State::Snapshot { .. } | State::Stream(_) => return None,
            };
            Some(((rank, connection.deadline), slot))
        });
        idle.min_by_key(|(rank, _)| *rank).is_some_and(|(_, slot)| slot.take().is_some())
    }

    /// Once a second: what took too long ends.
    fn tick(&mut self, now: Duration) {
        // While nobody is connected no tick comes: what was measured before that is not the last second's.
        if self.has_idled(now) {
            self.recent_latency[0].reset();
        }
        self.next_tick = now + TICK;
        self.recent_latency.swap(0, 1);
        self.recent_latency[0].reset();
        for index in 0..self.connections.len() {
            self.with(index, |server, connection| now < connection.deadline || server.expire(connection, now));
        }
        self.show_still(now);
    }

    /// Its time is up; whether the connection stays open nevertheless.
    fn expire(&mut self, connection: &mut Connection, now: Duration) -> bool {
        match connection.state {
            // One that nothing is sent to, for a rate of its own, may be there; one that says nothing more may be gone.
            State::Stream(_) => connection.is_ready() && !connection.is_half_closed,
            State::Snapshot { keep_alive, .. } => {
                let line = format!("no frame came within {:?}", self.patience(SNAPSHOT_TIME));
                self.reply(connection, Response::text(Status::UNAVAILABLE, line), keep_alive, None, now);
                self.serve(connection, now)
            }
            State::Password { ref request, .. } => {
                let (line, keep_alive) = ("too many passwords are being looked at", request.keep_alive);
                let response = Response::text(Status::TOO_MANY_REQUESTS, line).with("Retry-After: 1");
                self.reply(connection, response, keep_alive, None, now);
                self.serve(connection, now)
            }
            State::Request if !connection.input.is_empty() => {
                let line = format!("the request was not whole within {REQUEST_TIME:?}");
                self.refuse(connection, Response::text(Status::TIMEOUT, line), now);
                self.serve(connection, now)
            }
            State::Request | State::Answer { .. } | State::Closing => false,
        }
    }

    /// How long the stream's frames may stay away.
    fn patience(&self, setting: Duration) -> Duration {
        patience(setting, self.interval)
    }

    /// Logs what may be the same for many frames.
    fn tell(&self, line: &str) {
        self.repeated.warn(format!("http {}: {line}", self.config.listen));
    }

    /// Whether more than a second went by without a tick.
    fn has_idled(&self, now: Duration) -> bool {
        now >= self.next_tick + TICK
    }

    /// How serving goes, and how the stream does that the request names.
    fn serving(&self, request: &Request, now: Duration) -> Serving {
        let watches = |connection: &&Connection| matches!(connection.state, State::Stream(_));
        let name = request.query("viewer");
        let viewer = self.connections.iter().flatten().find_map(|connection| match &connection.state {
            State::Stream(viewer) if viewer.name.is_some() && viewer.name.as_deref() == name => Some(viewer),
            _ => None,
        });
        let viewer = viewer.map(|viewer| Watching {
            pictures: viewer.pictures,
            patience_s: patience(PAGE_TIME, self.interval.max(viewer.interval.unwrap_or_default())).as_secs_f64(),
        });
        Serving {
            viewer,
            clients: self.connections.iter().flatten().filter(watches).count(),
            connections: self.connections.iter().flatten().count(),
            max_connections: self.config.max_connections,
            encoder: self.pictures.encoder(),
            encoded: self.encoded,
            truncated: self.truncated,
            skipped: self.skipped,
            latency_us: self.recent_latency[1].distribution().filter(|_| !self.has_idled(now)),
        }
    }
}

/// Whose connections are counted together: an address's, or those of the network of 64 bits that one host has in IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if !v6.is_loopback() && !v6.is_unicast_link_local() => {
            IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into())
        }
        other => other,
    }
}
