//! What there is to ask for, and the answers.

use std::net::IpAddr;
use std::time::Duration;

use super::super::access::Verdict;
use super::super::connection::{Body, Connection, State, Viewer};
use super::super::multipart;
use super::super::request::Request;
use super::super::response::{Response, Status};
use super::super::verifier::{Attempt, Verifier};
use super::super::{metrics, notices, status};
use super::{Camera, PASSWORD_TIME, QUALITIES, SNAPSHOT_TIME, STALL_TIME, Server};
use crate::format::Rate;

/// The page: all of it.
const PAGE: &str = include_str!("../page.html");
/// How often wrong secrets of one address are logged: a log on an SD card is not for guessers to fill.
const FAILURES_TELL: Duration = Duration::from_secs(60);
/// Of how many addresses in that time.
const MOST_TOLD: usize = 64;
/// How old the last frame may be where frames flow, if five do not take longer.
const FLOWS: Duration = Duration::from_secs(3);

const ALLOW: &str = "Allow: GET, HEAD, OPTIONS";

/// What a path stands for.
#[derive(Clone, Copy, PartialEq)]
enum Route {
    Page,
    Stream,
    Snapshot,
    Status,
    Metrics,
    Health,
    Ready,
}

impl Route {
    fn of(request: &Request) -> Option<Route> {
        // mjpg-streamer's names, which many programs know by heart.
        match request.query("action") {
            // With the number of the only input.
            Some("stream" | "stream_0") => return Some(Route::Stream),
            Some("snapshot" | "snapshot_0") => return Some(Route::Snapshot),
            _ => {}
        }
        match request.path.as_str() {
            "/" | "/index.html" => Some(Route::Page),
            "/stream" | "/stream.mjpg" => Some(Route::Stream),
            "/snapshot" | "/snapshot.jpg" => Some(Route::Snapshot),
            "/status.json" => Some(Route::Status),
            "/metrics" => Some(Route::Metrics),
            "/healthz" => Some(Route::Health),
            "/readyz" => Some(Route::Ready),
            _ => None,
        }
    }
}

impl Server {
    /// Answers a request, or sees to it that it will be.
    pub(super) fn answer(&mut self, connection: &mut Connection, request: &Request, now: Duration) {
        let answered = self.route(connection, request, now);
        self.finish(connection, request, answered, now);
    }

    fn finish(
        &mut self,
        connection: &mut Connection,
        request: &Request,
        answered: Result<(), Response>,
        now: Duration,
    ) {
        if let Err(response) = answered {
            self.reply(connection, response, request.keep_alive, Some(request), now);
        }
    }

    /// Answers the requests whose passwords are hashed by now.
    pub(super) fn verified(&mut self) {
        let done = self.verifier.as_ref().map(Verifier::take).unwrap_or_default();
        let now = self.clock.monotonic();
        for (attempt, is_right) in done {
            let is_its = |connection: &Option<Connection>| {
                let state = connection.as_ref().map(|connection| &connection.state);
                matches!(state, Some(State::Password { ticket, .. }) if *ticket == attempt.ticket)
            };
            let index = self.connections.iter().position(is_its);
            let verdict = self.access.learn(attempt, is_right);
            // Its client may be gone by now.
            let Some(index) = index else { continue };
            self.with(index, |server, connection| {
                let State::Password { request, .. } = std::mem::replace(&mut connection.state, State::Request) else {
                    return false;
                };
                let admitted = server.admit_request(connection, &request, verdict, now);
                let answered = admitted.and_then(|()| server.serve_route(connection, &request, now));
                server.finish(connection, &request, answered, now);
                server.serve(connection, now)
            });
        }
    }

    /// `Err` is an answer that is whole.
    fn route(&mut self, connection: &mut Connection, request: &Request, now: Duration) -> Result<(), Response> {
        if request.is_misdirected {
            return Err(Response::text(Status::BAD_REQUEST, "a request should have one Host"));
        }
        match request.method.as_str() {
            "GET" | "HEAD" => {}
            // What a browser asks before it lets another origin's page send a token along.
            "OPTIONS" => return Err(Response::new(Status::NO_CONTENT, "", "").with(ALLOW)),
            _ => return Err(Response::text(Status::METHOD_NOT_ALLOWED, "only GET and HEAD").with(ALLOW)),
        }
        match Route::of(request) {
            // Whether it lives is no secret, and who asks has no token: a supervisor, a load balancer.
            Some(Route::Health) => return Err(Response::text(Status::OK, "ok")),
            Some(Route::Ready) => return Err(self.ready(now)),
            _ => {}
        }
        match self.access.check(request, connection.peer, now) {
            Verdict::Unknown(password) => self.verify(connection, request, password, now),
            verdict => {
                self.admit_request(connection, request, verdict, now)?;
                self.serve_route(connection, request, now)
            }
        }
    }

    /// Has a request's password hashed; [`Server::verified`] goes on with it.
    fn verify(
        &mut self,
        connection: &mut Connection,
        request: &Request,
        password: Vec<u8>,
        now: Duration,
    ) -> Result<(), Response> {
        self.ticket += 1;
        let attempt = Attempt { ticket: self.ticket, peer: connection.peer, password };
        if !self.verifier.as_ref().is_some_and(|verifier| verifier.ask(attempt)) {
            return Err(Response::text(Status::UNAVAILABLE, "too many passwords wait to be looked at"));
        }
        connection.state = State::Password { ticket: self.ticket, request: Box::new(request.clone()) };
        connection.deadline = now + PASSWORD_TIME;
        Ok(())
    }

    /// What an admitted request gets.
    fn serve_route(&mut self, connection: &mut Connection, request: &Request, now: Duration) -> Result<(), Response> {
        match Route::of(request) {
            Some(Route::Page) => Err(match self.access.set_cookie(request) {
                Some(cookie) => page().with(&cookie),
                None => page(),
            }),
            Some(Route::Status) => {
                let json = status::json(
                    self.shared.board().as_deref(),
                    &self.serving(request, now),
                    &notices::read(&self.config.notices),
                );
                Err(Response::new(Status::OK, "application/json", json))
            }
            Some(Route::Metrics) => {
                let board = self.shared.board();
                let style = metrics::Style::accepted(request.accept.as_deref());
                let text =
                    metrics::text(style, board.as_deref(), &self.serving(request, now), &self.latency, &self.requests);
                Err(Response::new(Status::OK, style.media_type(), text))
            }
            Some(Route::Stream) => self.stream(connection, request, now),
            Some(Route::Snapshot) => self.snapshot(connection, request, now),
            Some(Route::Health | Route::Ready) | None => Err(Response::text(
                Status::NOT_FOUND,
                format_args!(
                    "{} is not here: there are /, /stream, /snapshot, /status.json, /metrics, /healthz and /readyz",
                    request.path.escape_default()
                ),
            )),
        }
    }

    /// `Err` is the answer to who is not let in.
    fn admit_request(
        &mut self,
        connection: &Connection,
        request: &Request,
        verdict: Verdict,
        now: Duration,
    ) -> Result<(), Response> {
        match verdict {
            Verdict::Granted => Ok(()),
            Verdict::Missing | Verdict::Wrong | Verdict::Unknown(_) => {
                if verdict == Verdict::Wrong {
                    self.tell_failure(connection.address, now);
                }
                let line = "give the token: /?token=TOKEN, a bearer token, or as the password of any user";
                let mut response = Response::text(Status::UNAUTHORIZED, line);
                if !request.is_of_page {
                    response = response.with("WWW-Authenticate: Basic realm=\"picam\", charset=\"UTF-8\"");
                }
                Err(response.with("WWW-Authenticate: Bearer realm=\"picam\""))
            }
            Verdict::TooManyGuesses => {
                self.tell_failure(connection.address, now);
                Err(Response::text(Status::TOO_MANY_REQUESTS, "too many wrong passwords").with("Retry-After: 1"))
            }
            Verdict::ForeignHost => Err(Response::text(
                Status::FORBIDDEN,
                "this server is for this machine only, as http://localhost: behind a proxy, set token, password-hash or \
                 allow-anonymous in [http] of picam.toml",
            )),
        }
    }

    /// Logs a wrong secret, once a minute for each address; tools such as fail2ban read this line.
    fn tell_failure(&mut self, address: IpAddr, now: Duration) {
        self.failures_told.retain(|(_, told)| now.saturating_sub(*told) < FAILURES_TELL);
        let is_told = self.failures_told.iter().any(|(told, _)| *told == address);
        if !is_told && self.failures_told.len() < MOST_TOLD {
            self.failures_told.push((address, now));
            log::warn!("http {}: authentication failure from {address}", self.config.listen);
        }
    }

    fn stream(&mut self, connection: &mut Connection, request: &Request, now: Duration) -> Result<(), Response> {
        let quality = self.quality(request)?;
        let interval = self.interval(request)?;
        *self.requests.entry(Status::OK.0).or_default() += 1;
        let mut head = std::mem::take(&mut self.head);
        head.clear();
        Status::OK.write(&mut head);
        self.head_for(Some(request), false).write(&mut head);
        head.push_str("Content-Type: ");
        head.push_str(multipart::TYPE);
        // nginx would wait until it has a buffer full.
        head.push_str("\r\nX-Accel-Buffering: no\r\n\r\n");
        if request.method == "HEAD" {
            connection.state = State::Answer { close: true };
        } else {
            head.push_str(multipart::BEGIN);
            connection.state = State::Stream(Viewer::new(quality, interval, request.query("viewer")));
        }
        connection.send(&head, Body::None);
        connection.deadline = now + STALL_TIME;
        self.head = head;
        // Where there is no picture, the next tick shows that.
        if !matches!(self.camera, Camera::Capturing) {
            self.next_tick = now;
        }
        Ok(())
    }

    fn snapshot(&mut self, connection: &mut Connection, request: &Request, now: Duration) -> Result<(), Response> {
        let quality = self.quality(request)?;
        if request.method == "HEAD" {
            let camera = matches!(self.camera, Camera::Capturing);
            return Err(Response::new(if camera { Status::OK } else { Status::UNAVAILABLE }, "image/jpeg", ""));
        }
        let mut head = String::new();
        self.head_for(Some(request), request.keep_alive).write(&mut head);
        connection.state = State::Snapshot { quality, head, keep_alive: request.keep_alive };
        connection.deadline = now + self.patience(SNAPSHOT_TIME);
        if matches!(self.camera, Camera::Waiting { .. }) {
            self.next_tick = now;
        }
        Ok(())
    }

    /// The quality that a client gets: what it asks for, as far as it may.
    fn quality(&self, request: &Request) -> Result<u8, Response> {
        let most = self.config.max_quality;
        let quality = match request.query("quality").map(str::parse::<u32>) {
            None => return Ok(self.config.quality),
            Some(Ok(quality @ 1..)) => u8::try_from(quality).unwrap_or(most).min(most),
            Some(_) => return Err(Response::text(Status::BAD_REQUEST, format_args!("quality: 1 to {most}"))),
        };
        let mut used: Vec<u8> = vec![self.config.quality];
        let asked = self.connections.iter().flatten().filter_map(|connection| match &connection.state {
            State::Stream(viewer) => Some(viewer.quality),
            State::Snapshot { quality, .. } => Some(*quality),
            _ => None,
        });
        used.extend(asked);
        used.sort_unstable();
        used.dedup();
        let nearest = used.iter().copied().min_by_key(|used| used.abs_diff(quality));
        Ok(nearest.filter(|_| used.len() >= QUALITIES).unwrap_or(quality))
    }

    /// The least time between two pictures that a client gets.
    fn interval(&self, request: &Request) -> Result<Option<Duration>, Response> {
        let most = self.config.max_fps.map(Rate::interval);
        match request.query("fps").map(str::parse::<Rate>) {
            None => Ok(most),
            Some(Ok(rate)) => Ok(Some(rate.interval().max(most.unwrap_or_default()))),
            Some(Err(reason)) => Err(Response::text(Status::BAD_REQUEST, format_args!("fps: {reason}"))),
        }
    }

    /// Whether frames flow.
    fn ready(&self, now: Duration) -> Response {
        let flows = self.shared.last_frame().is_some_and(|last| now.saturating_sub(last) < self.patience(FLOWS));
        match &self.camera {
            Camera::Capturing if flows => Response::text(Status::OK, "frames flow"),
            _ => Response::text(Status::UNAVAILABLE, "no frames"),
        }
    }
}

/// The page, whose script and style are the only ones that the browser is to run.
fn page() -> Response {
    let mut bytes = [0; 16];
    if rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::NONBLOCK).is_err() {
        return Response::text(Status::UNAVAILABLE, "the machine has no random numbers yet");
    }
    let nonce = format!("{:032x}", u128::from_ne_bytes(bytes));
    let policy = format!(
        "Content-Security-Policy: default-src 'none'; img-src 'self' data:; style-src 'nonce-{nonce}'; script-src \
         'nonce-{nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    );
    Response::new(Status::OK, "text/html; charset=utf-8", PAGE.replace("{nonce}", &nonce)).with(&policy)
}
