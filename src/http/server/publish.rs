//! A frame to all who watch: encoded once for each quality asked for, or the camera's own JPEG as it is.

use std::time::Duration;

use super::super::Outcome;
use super::super::connection::{Connection, State};
use super::super::multipart::{self, Taken};
use super::super::pictures::{Picture, Pictures};
use super::super::response::Status;
use super::{ANSWER_TIME, Camera, Server, TICK};
use crate::frame::Frame;
use crate::jpeg;
use crate::source::StreamInfo;

impl Server {
    pub(super) fn started(&mut self, stream: &StreamInfo) {
        self.size = stream.format.size;
        self.interval = stream.interval();
        self.told = false;
        match jpeg::is_to_be_had(stream) {
            Ok(()) => self.camera = Camera::Capturing,
            Err(reason) => {
                log::error!("http {}: {reason}", self.config.listen);
                self.wait_for_camera(reason);
            }
        }
    }

    pub(super) fn wait_for_camera(&mut self, reason: String) {
        self.camera = Camera::Waiting { reason, still: None };
        for connection in self.connections.iter_mut().flatten() {
            if let State::Stream(viewer) = &mut connection.state {
                viewer.still_due = Duration::ZERO;
            }
        }
        self.show_still(self.clock.monotonic());
    }

    /// Shows everybody why there is no picture, unless there is one.
    pub(super) fn show_still(&mut self, now: Duration) {
        for index in 0..self.connections.len() {
            let waits = self.connections.get(index).and_then(Option::as_ref).is_some_and(|connection| {
                let is_due = match &connection.state {
                    State::Stream(viewer) => now >= viewer.still_due,
                    state => matches!(state, State::Snapshot { .. }),
                };
                is_due && connection.is_ready()
            });
            if !waits {
                continue;
            }
            let Some(mut still) = self.still() else { return };
            self.give(index, &mut still, None, now);
        }
    }

    /// The picture that tells why there is none; `None` while there is one.
    fn still(&mut self) -> Option<Picture<'static>> {
        let Camera::Waiting { reason, still } = &mut self.camera else { return None };
        let (pictures, size) = (&mut self.pictures, self.size);
        Some(Picture::Encoded(still.get_or_insert_with(|| pictures.still(size, reason)).clone()))
    }

    /// Gives a frame to those who are to have it.
    pub(super) fn publish(&mut self, frame: &Frame) -> Outcome {
        if !matches!(self.camera, Camera::Capturing) {
            return Outcome::Refused;
        }
        let taken = Taken::from(frame.metadata());
        let mut targets = std::mem::take(&mut self.targets);
        targets.clear();
        let mut late = 0;
        for (index, connection) in self.connections.iter().enumerate() {
            let Some(connection) = connection else { continue };
            match &connection.state {
                State::Stream(viewer) if viewer.is_due(taken.time) => {
                    if connection.is_ready() {
                        targets.push((viewer.quality, index))
                    } else {
                        late += 1
                    }
                }
                State::Snapshot { quality, .. } => targets.push((*quality, index)),
                _ => {}
            }
        }
        self.skipped += late;
        let made = match (targets.is_empty(), late) {
            (true, 0) => Ok(Outcome::Unwatched),
            (true, _) => Ok(Outcome::Slow),
            (false, _) if frame.format().fourcc.is_jpeg() => self.pass(frame, taken, &targets),
            (false, _) => self.encode(frame, taken, &mut targets),
        };
        self.targets = targets;
        made.unwrap_or_else(|reason| {
            self.tell(&format!("frame {}: {reason}; such frames are not shown", taken.sequence));
            Outcome::Failed
        })
    }

    /// The camera's own JPEG goes from the driver's memory into the sockets.
    fn pass(&mut self, frame: &Frame, taken: Taken, targets: &[(u8, usize)]) -> Result<Outcome, String> {
        let parts = Pictures::pass(frame);
        self.truncated += u64::from(!parts.as_ref().is_ok_and(|parts| parts.end.is_empty()));
        let parts = parts?;
        let mut picture = Picture::Passed { parts, copy: None };
        targets.iter().for_each(|(_, index)| self.give(*index, &mut picture, Some(taken), self.clock.monotonic()));
        Ok(Outcome::Written)
    }

    fn encode(&mut self, frame: &Frame, taken: Taken, targets: &mut [(u8, usize)]) -> Result<Outcome, String> {
        targets.sort_unstable();
        for group in targets.chunk_by(|a, b| a.0 == b.0) {
            let quality = group.first().map_or(self.config.quality, |(quality, _)| *quality);
            let mut picture = Picture::Encoded(self.pictures.encode(frame, quality)?);
            self.encoded += 1;
            group.iter().for_each(|(_, index)| self.give(*index, &mut picture, Some(taken), self.clock.monotonic()));
        }
        Ok(Outcome::Written)
    }

    /// Gives a picture to a connection that waits for one.
    fn give(&mut self, index: usize, picture: &mut Picture<'_>, taken: Option<Taken>, now: Duration) {
        self.with(index, |server, connection| server.send(connection, picture, taken, now));
    }

    /// Sends a picture, as a part or as the answer; whether the connection stays open.
    fn send(
        &mut self,
        connection: &mut Connection,
        picture: &mut Picture<'_>,
        taken: Option<Taken>,
        now: Duration,
    ) -> bool {
        let mut head = std::mem::take(&mut self.head);
        head.clear();
        let is_answer = matches!(connection.state, State::Snapshot { .. });
        match &mut connection.state {
            State::Snapshot { head: own, keep_alive, .. } => {
                // What tells why there is no picture is a picture, too, for those who show nothing else.
                let status = if taken.is_some() { Status::OK } else { Status::UNAVAILABLE };
                *self.requests.entry(status.0).or_default() += 1;
                status.write(&mut head);
                head.push_str(own);
                connection.state = State::Answer { close: !*keep_alive };
                connection.deadline = now + ANSWER_TIME;
            }
            State::Stream(viewer) => match taken {
                Some(taken) => viewer.got(taken.time),
                None => viewer.still_due = now + TICK,
            },
            _ => {}
        }
        multipart::headers(&mut head, picture.len(), taken, now);
        let tail = if is_answer { &[] } else { multipart::END };
        let whole = head.len() + picture.len() + tail.len();
        let sent = connection.send_part(&head, picture.pieces(), tail);
        let stays = match sent {
            Ok(sent) => {
                if sent < whole {
                    connection.keep(&head, picture.keep(&mut self.pictures), tail, sent, taken);
                }
                self.sent(connection, sent, taken.filter(|_| sent == whole), now);
                !is_answer || self.serve(connection, now)
            }
            Err(error) => {
                log::debug!("{}: {error}", connection.peer);
                false
            }
        };
        self.head = head;
        stays
    }
}
