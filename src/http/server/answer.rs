//! What there is to ask for, and the answers.

use std::time::Duration;

use super::super::access::Verdict;
use super::super::connection::{Body, Connection, State, Viewer};
use super::super::multipart;
use super::super::request::Request;
use super::super::response::{Response, Status};
use super::super::{metrics, notices, status};
use super::{Camera, QUALITIES, SNAPSHOT_TIME, STALL_TIME, Server};
use crate::format::Rate;

/// The page: all of it.
const PAGE: &str = include_str!("../page.html");
/// How often wrong passwords are logged: a log on an SD card is not for guessers to fill.
const GUESSES_TELL: Duration = Duration::from_secs(60);
/// How old the last frame may be where frames flow, if five do not take longer.
const FLOWS: Duration = Duration::from_secs(3);

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
            Some("stream") => return Some(Route::Stream),
            Some("snapshot") => return Some(Route::Snapshot),
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
        match self.route(connection, request, now) {
            Ok(()) => {}
            Err(response) => self.reply(connection, response, request.keep_alive, Some(request), now),
        }
    }

    /// `Err` is an answer that is whole.
    fn route(&mut self, connection: &mut Connection, request: &Request, now: Duration) -> Result<(), Response> {
        match request.method.as_str() {
            "GET" | "HEAD" => {}
            // What a browser asks before it lets another origin's page send a token along.
            "OPTIONS" => return Err(Response::new(Status::NO_CONTENT, "", "")),
            _ => return Err(Response::text(Status::METHOD_NOT_ALLOWED, "only GET and HEAD").with("Allow: GET, HEAD")),
        }
        let route = Route::of(request);
        match route {
            // Whether it lives is no secret, and who asks has no token: a supervisor, a load balancer.
            Some(Route::Health) => return Err(Response::text(Status::OK, "ok")),
            Some(Route::Ready) => return Err(self.ready(now)),
            _ => self.admit_request(connection, request, now)?,
        }
        match route {
            Some(Route::Page) => Err(page()),
            Some(Route::Status) => {
                let json = status::json(
                    self.shared.board().as_deref(),
                    &self.serving(now),
                    &notices::read(&self.config.notices),
                );
                Err(Response::new(Status::OK, "application/json", json))
            }
            Some(Route::Metrics) => {
                let board = self.shared.board();
                let text = metrics::text(board.as_deref(), &self.serving(now), &self.latency, &self.requests);
                Err(Response::new(Status::OK, metrics::TYPE, text))
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

    fn admit_request(&mut self, connection: &Connection, request: &Request, now: Duration) -> Result<(), Response> {
        match self.access.check(request, connection.peer, now) {
            Verdict::Granted => Ok(()),
            Verdict::Denied => {
                log::debug!("{}: no or a wrong token or password", connection.peer);
                let line = "give the token: /?token=TOKEN, a bearer token, or as the password of any user";
                Err(Response::text(Status::UNAUTHORIZED, line)
                    .with("WWW-Authenticate: Basic realm=\"picam\", charset=\"UTF-8\"")
                    .with("WWW-Authenticate: Bearer realm=\"picam\""))
            }
            Verdict::TooManyGuesses => {
                if now >= self.guesses_told {
                    self.guesses_told = now + GUESSES_TELL;
                    log::warn!("http {}: many wrong passwords, the last from {}", self.config.listen, connection.peer);
                }
                Err(Response::text(Status::TOO_MANY_REQUESTS, "too many wrong passwords").with("Retry-After: 1"))
            }
            Verdict::ForeignHost => Err(Response::text(
                Status::FORBIDDEN,
                "this server is for this machine only, as http://localhost: behind a proxy, set token, password-hash or \
                 allow-anonymous in [http] of picam.toml",
            )),
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
            connection.state = State::Stream(Viewer::new(quality, interval));
        }
        connection.send(&head, Body::None);
        connection.deadline = now + STALL_TIME;
        self.head = head;
        // Where there is no camera, the next tick shows that.
        if matches!(self.camera, Camera::Waiting { .. }) {
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
        let quality = match request.query("quality").map(str::parse::<u8>) {
            None => return Ok(self.config.quality),
            Some(Ok(quality @ 1..=100)) => quality.min(most),
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
