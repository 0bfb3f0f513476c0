//! A frame to all who watch: encoded once for each quality asked for, or the camera's own JPEG as it is.

use std::time::Duration;

use super::super::Outcome;
use super::super::connection::{Connection, State};
use super::super::multipart::{self, Sent, Taken};
use super::super::pictures::{Picture, Pictures};
use super::super::response::{Status, is_set};
use super::{ANSWER_TIME, Camera, Server, TICK};
use crate::format::Need;
use crate::frame::Frame;
use crate::jpeg;
use crate::source::StreamInfo;

/// How long no picture can be made of any frame before that is shown, if five frames do not take longer.
const FAILING: Duration = Duration::from_secs(3);

impl Server {
    pub(super) fn started(&mut self, stream: &StreamInfo) {
        self.size = stream.format.size;
        self.interval = stream.interval();
        self.failing_since = None;
        self.is_starting = false;
        match jpeg::is_to_be_had(&stream.format) {
            Ok(()) => self.camera = Camera::Capturing,
            Err(reason) => {
                let reason = stream.refusal(&reason, Need::Picture);
                self.repeated.error(format!("http {}: {reason}", self.config.listen));
                self.wait_for_camera(reason);
            }
        }
    }

    pub(super) fn wait_for_camera(&mut self, reason: String) {
        self.is_starting = false;
        self.shows_a_still(Camera::Waiting { reason, still: None });
    }

    /// From now on there is no picture, and one that tells why.
    fn shows_a_still(&mut self, camera: Camera) {
        self.camera = camera;
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
                    // Where frames come, one of them may be a picture.
                    State::Snapshot { .. } => matches!(self.camera, Camera::Waiting { .. }) && !self.is_starting,
                    _ => false,
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
        let (Camera::Waiting { reason, still } | Camera::Failing { reason, still }) = &mut self.camera else {
            return None;
        };
        let (pictures, size) = (&mut self.pictures, self.size);
        Some(Picture::Encoded(still.get_or_insert_with(|| pictures.still(size, reason)).clone()))
    }

    /// Gives a frame to those who are to have it.
    pub(super) fn publish(&mut self, frame: &Frame) -> Outcome {
        if matches!(self.camera, Camera::Waiting { .. }) {
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
        let outcome = match made {
            Ok(outcome) => {
                if outcome == Outcome::Written {
                    self.failing_since = None;
                    self.camera = Camera::Capturing;
                }
                outcome
            }
            Err(reason) => {
                self.tell(&format!("{reason}; such frames are not shown"));
                self.is_no_picture(reason, &targets);
                Outcome::Failed
            }
        };
        self.targets = targets;
        outcome
    }

    /// No picture can be made of a frame. Where that lasts, those who watch are shown why, and who asked for one picture is told.
    fn is_no_picture(&mut self, reason: String, targets: &[(u8, usize)]) {
        let now = self.clock.monotonic();
        let since = *self.failing_since.get_or_insert(now);
        if matches!(self.camera, Camera::Capturing) && now.saturating_sub(since) >= self.patience(FAILING) {
            let reason = format!("no picture can be made of the frames: {reason}");
            self.shows_a_still(Camera::Failing { reason, still: None });
        }
        for (_, index) in targets {
            let connection = self.connections.get(*index).and_then(Option::as_ref);
            if connection.is_some_and(|connection| matches!(connection.state, State::Snapshot { .. })) {
                let Some(mut still) = self.still() else { return };
                self.give(*index, &mut still, None, now);
            }
        }
    }

    /// The camera's own JPEG goes from the driver's memory into the sockets.
    fn pass(&mut self, frame: &Frame, taken: Taken, targets: &[(u8, usize)]) -> Result<Outcome, String> {
        let parts = Pictures::pass(frame);
        self.truncated += u64::from(!parts.as_ref().is_ok_and(|parts| parts.end.is_empty()));
        let parts = parts?;
        let mut picture = Picture::Passed { parts, copy: None };
        Ok(Outcome::of(self.give_all(targets, &mut picture, taken)))
    }

    fn encode(&mut self, frame: &Frame, taken: Taken, targets: &mut [(u8, usize)]) -> Result<Outcome, String> {
        targets.sort_unstable();
        let mut got = 0;
        for group in targets.chunk_by(|a, b| a.0 == b.0) {
            let quality = group.first().map_or(self.config.quality, |(quality, _)| *quality);
            let mut picture = match self.pictures.encode(frame, quality) {
                Ok(picture) => Picture::Encoded(picture),
                // Others have the frame, in another quality.
                Err(reason) if got > 0 => {
                    self.tell(&reason);
                    continue;
                }
                Err(reason) => return Err(reason),
            };
            self.encoded += 1;
            got += self.give_all(group, &mut picture, taken);
        }
        Ok(Outcome::of(got))
    }

    /// Gives a picture to those who wait for one; how many got it, or begin to.
    fn give_all(&mut self, targets: &[(u8, usize)], picture: &mut Picture<'_>, taken: Taken) -> usize {
        let mut got = 0;
        for (_, index) in targets {
            let now = self.clock.monotonic();
            got += usize::from(self.give(*index, picture, Some(taken), now));
        }
        got
    }

    /// Gives a picture to a connection that waits for one; whether that took it.
    fn give(&mut self, index: usize, picture: &mut Picture<'_>, taken: Option<Taken>, now: Duration) -> bool {
        let mut took = false;
        self.with(index, |server, connection| {
            let stays = server.send(connection, picture, taken, now);
            took = stays.is_some();
            stays.unwrap_or(false)
        });
        took
    }

    /// Sends a picture, as a part or as the answer; whether the connection stays open, and `None` where it is broken.
    fn send(
        &mut self,
        connection: &mut Connection,
        picture: &mut Picture<'_>,
        taken: Option<Taken>,
        now: Duration,
    ) -> Option<bool> {
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
            State::Stream(viewer) => {
                viewer.pictures += 1;
                match taken {
                    Some(taken) => viewer.got(taken.time),
                    None => viewer.still_due = now + TICK,
                }
            }
            _ => {}
        }
        let time_of_day = Some(self.clock.time_of_day()).filter(is_set);
        multipart::headers(&mut head, picture.len(), taken, Sent { now, time_of_day });
        let tail = if is_answer { &[] } else { multipart::END };
        let whole = head.len() + picture.len() + tail.len();
        let sent = connection.send_part(&head, picture.pieces(), tail);
        let stays = match sent {
            Ok(sent) => {
                if sent < whole {
                    connection.keep(&head, picture.keep(&mut self.pictures), tail, sent, taken);
                }
                self.sent(connection, sent, taken.filter(|_| sent == whole), now);
                Some(!is_answer || self.serve(connection, now))
            }
            Err(error) => {
                log::debug!("{}: {error}", connection.peer);
                None
            }
        };
        self.head = head;
        stays
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;

    use super::super::super::Shared;
    use super::*;
    use crate::clock::Simulated;
    use crate::config::HttpConfig;
    use crate::format::{Format, FourCC, PlaneFormat, Size};
    use crate::frame::{Metadata, Payload};
    use crate::v4l2::buffers::{MAX_PLANES, Pool};

    /// What comes of a frame that one client waits for.
    fn outcome(client_is_there: bool) -> Outcome {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let _client = TcpStream::connect(address).unwrap();
        let (socket, peer) = listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        let shared = Arc::new(Shared::new().unwrap());
        let mut server = Server::new(HttpConfig::at(address), shared, listener, Simulated::new()).unwrap();
        server.camera = Camera::Capturing;
        let mut connection = Connection::new(socket, peer.ip(), peer.ip(), Duration::MAX);
        connection.state = State::Snapshot { quality: 80, head: String::new(), keep_alive: true };
        if !client_is_there {
            connection.shut();
        }
        server.connections.push(Some(connection));

        let plane = PlaneFormat { bytesperline: 16, sizeimage: 256 };
        let format = Format::new(FourCC::GREY, Size { width: 16, height: 16 }, vec![plane]);
        let lease = Pool::in_software(1, Arc::new(format)).unwrap().produce(|_| {}).unwrap();
        let mut payloads = [Payload::default(); MAX_PLANES];
        payloads[0].length = 256;
        server.publish(&Frame::new(Metadata::default(), payloads, lease))
    }

    #[test]
    fn a_frame_that_nobody_took_is_not_written() {
        assert_eq!(outcome(true), Outcome::Written);
        assert_eq!(outcome(false), Outcome::Unwatched);
    }
}
