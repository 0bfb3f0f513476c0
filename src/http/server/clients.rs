//! One client after the other: reading what it asks, sending what it is to get.

use std::time::Duration;

use rustix::event::epoll::{self, EventData};

use super::super::connection::{Body, Connection, Received, State};
use super::super::multipart::Taken;
use super::super::request::{LONGEST, Request};
use super::super::response::{Head, Response, Status};
use super::{ANSWER_TIME, CLOSING_TIME, FLAGS, REQUEST_TIME, STALL_TIME, Server};

impl Server {
    /// Goes on with a connection as far as it goes.
    pub(super) fn advance(&mut self, index: usize, now: Duration) {
        self.with(index, |server, connection| server.serve(connection, now));
    }

    /// Does something with a connection, if it is there; `work` answers whether it stays open.
    pub(super) fn with(&mut self, index: usize, work: impl FnOnce(&mut Self, &mut Connection) -> bool) {
        // Taken out while it is worked with; closed by not being put back.
        let Some(mut connection) = self.connections.get_mut(index).and_then(Option::take) else { return };
        if work(self, &mut connection) {
            if let Some(slot) = self.connections.get_mut(index) {
                *slot = Some(connection);
            }
        }
    }

    /// Whether the connection stays open.
    pub(super) fn serve(&mut self, connection: &mut Connection, now: Duration) -> bool {
        let mut answered = false;
        loop {
            if !self.flush(connection, now) {
                return false;
            }
            if !connection.is_idle() {
                return true;
            }
            match connection.state {
                State::Answer { close: true } => {
                    connection.shut();
                    connection.state = State::Closing;
                    connection.deadline = now + CLOSING_TIME;
                }
                State::Answer { close: false } => {
                    connection.state = State::Request;
                    connection.deadline = now + REQUEST_TIME;
                }
                State::Request => match Request::parse(&connection.input) {
                    Ok(Some(_)) if answered => return self.come_again(connection),
                    Ok(Some((request, length))) => {
                        answered = true;
                        connection.input.drain(..length);
                        self.answer(connection, &request, now);
                    }
                    Ok(None) => match connection.receive() {
                        Received::Bytes => {}
                        Received::Nothing => return true,
                        Received::End => return false,
                        Received::TooMuch => {
                            let line = "a request of more than 8 KiB is not for a camera";
                            self.refuse(connection, Response::text(Status::TOO_LARGE, line), now);
                        }
                    },
                    Err(httparse::Error::TooManyHeaders) => {
                        self.refuse(connection, Response::text(Status::TOO_LARGE, "too many headers"), now);
                    }
                    Err(error) => {
                        let line = format!("not an HTTP request: {error}");
                        self.refuse(connection, Response::text(Status::BAD_REQUEST, line), now);
                    }
                },
                State::Snapshot { .. } | State::Password { .. } => match connection.receive() {
                    Received::Bytes => {}
                    // Who has said all there is to say (`printf ... | nc`) still reads.
                    Received::Nothing | Received::End => return true,
                    Received::TooMuch => return false,
                },
                // Nothing is expected of it any more, and what comes nevertheless is not kept.
                State::Stream(_) | State::Closing => {
                    connection.input.clear();
                    match connection.receive() {
                        Received::Nothing => return true,
                        // As with a snapshot: who has gone altogether is noticed at once after a reset, or by what is sent next.
                        Received::End => {
                            return matches!(connection.state, State::Stream(_)) && connection.half_close();
                        }
                        Received::Bytes if connection.input.len() < LONGEST => {}
                        _ => return false,
                    }
                }
            }
        }
    }

    /// One answer a turn: requests without end are no reason to leave others without. The edge that brought them is gone; a
    /// change of what is asked for makes another.
    fn come_again(&self, connection: &Connection) -> bool {
        epoll::modify(&self.epoll, connection.socket(), EventData::new_u64(connection.token), FLAGS).is_ok()
    }

    /// Sends what the connection still has to send; whether it stays open.
    fn flush(&mut self, connection: &mut Connection, now: Duration) -> bool {
        if connection.is_idle() {
            return true;
        }
        match connection.flush() {
            Ok((sent, taken)) => {
                self.sent(connection, sent, taken, now);
                true
            }
            Err(error) => {
                log::debug!("{}: {error}", connection.peer);
                false
            }
        }
    }

    /// Counts bytes that went, and the picture that went with the last of them.
    pub(super) fn sent(&mut self, connection: &mut Connection, bytes: usize, whole: Option<Taken>, now: Duration) {
        if bytes > 0 && matches!(connection.state, State::Stream(_)) {
            connection.deadline = now + STALL_TIME;
        }
        self.shared.count_bytes(bytes as u64);
        if let Some(taken) = whole.filter(|taken| taken.is_monotonic) {
            let latency = self.clock.monotonic().saturating_sub(taken.timestamp);
            self.latency.record(latency);
            self.recent_latency[0].record(latency);
        }
    }

    /// Answers with an error after which nothing of the connection can be trusted.
    pub(super) fn refuse(&mut self, connection: &mut Connection, response: Response, now: Duration) {
        connection.input.clear();
        self.reply(connection, response, false, None, now);
    }

    pub(super) fn reply(
        &mut self,
        connection: &mut Connection,
        response: Response,
        keep_alive: bool,
        request: Option<&Request>,
        now: Duration,
    ) {
        *self.requests.entry(response.status.0).or_default() += 1;
        let mut head = std::mem::take(&mut self.head);
        head.clear();
        response.status.write(&mut head);
        self.head_for(request, keep_alive).write(&mut head);
        head.push_str(&response.headers);
        if response.status == Status::UNAVAILABLE && !response.headers.contains("Retry-After") {
            head.push_str("Retry-After: 1\r\n");
        }
        let Response { status, content_type, body, .. } = &response;
        let is_head = request.is_some_and(|request| request.method == "HEAD");
        if *status != Status::NO_CONTENT {
            head.push_str(&format!("Content-Type: {content_type}\r\n"));
            // The length of what is made only for who wants more than its head is not known.
            if !is_head || !body.is_empty() {
                head.push_str(&format!("Content-Length: {}\r\n", body.len()));
            }
        }
        head.push_str("\r\n");
        connection.send(&head, if is_head { Body::None } else { Body::Own(response.body) });
        self.head = head;
        connection.state = State::Answer { close: !keep_alive };
        connection.deadline = now + ANSWER_TIME;
    }

    pub(super) fn head_for<'a>(&'a self, request: Option<&'a Request>, keep_alive: bool) -> Head<'a> {
        Head { date: self.clock.time_of_day(), keep_alive, allow_origin: &self.config.allow_origin, request }
    }
}
