//! `multipart/x-mixed-replace`: a part a picture, each taking the place of the one before it (RFC 2046, section 5.1).

use std::fmt::Write;
use std::time::Duration;

use crate::frame::Metadata;

/// The media type of a stream.
pub(super) const TYPE: &str = "multipart/x-mixed-replace; boundary=picam";
/// Begins the first part.
pub(super) const BEGIN: &str = "--picam\r\n";
/// Ends a part, and begins the next at once: browsers show a picture only when they have seen the end of its part.
pub(super) const END: &[u8] = b"\r\n--picam\r\n";

/// Which frame a picture is of, and when it was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Whether the timestamp is on CLOCK_MONOTONIC, so that there is an age.
    pub(super) is_monotonic: bool,
    /// When it was taken, as far as that can be known, to be compared with other frames of the stream.
    pub(super) time: Duration,
    /// The driver's timestamp.
    pub(super) timestamp: Duration,
    /// The driver's sequence number.
    pub(super) sequence: u32,
}

impl From<&Metadata> for Taken {
    fn from(metadata: &Metadata) -> Self {
        Taken {
            is_monotonic: metadata.is_monotonic(),
            time: metadata.time(),
            timestamp: metadata.timestamp,
            sequence: metadata.sequence,
        }
    }
}

/// When a picture is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// On the driver's clock.
    pub(super) now: Duration,
    /// Since 1970; `None`: nobody has set that clock.
    pub(super) time_of_day: Option<Duration>,
}

/// Writes the headers of a part, or of a single picture, of `length` bytes; `taken` is `None` for a picture that no camera took.
pub(super) fn headers(text: &mut String, length: usize, taken: Option<Taken>, Sent { now, time_of_day }: Sent) {
    // Writing to a String does not fail.
    let _ = write!(text, "Content-Type: image/jpeg\r\nContent-Length: {length}\r\n");
    if let Some(Taken { is_monotonic, timestamp, sequence, .. }) = taken {
        let _ = write!(text, "X-Timestamp: {}\r\nX-Sequence: {sequence}\r\n", Seconds(timestamp));
        if is_monotonic {
            let age = now.saturating_sub(timestamp);
            let _ = write!(text, "X-Latency: {}\r\n", Seconds(age));
            if let Some(time_of_day) = time_of_day {
                let _ = write!(text, "X-Time: {}\r\n", Seconds(time_of_day.saturating_sub(age)));
            }
        }
    }
    text.push_str("\r\n");
}

/// Seconds with all digits that V4L2's `struct timeval` has.
struct Seconds(Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:06}", self.0.as_secs(), self.0.subsec_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a client reads: each part's headers and its body, by its Content-Length.
    fn read(mut stream: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
        let mut parts = Vec::new();
        stream = stream.strip_prefix(BEGIN.as_bytes())?;
        while !stream.is_empty() {
            let end = stream.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
            let head = String::from_utf8(stream[..end].to_vec()).ok()?;
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "))?.parse().ok()?;
            stream = &stream[end + 4..];
            parts.push((head, stream.get(..length)?.to_vec()));
            stream = stream[length..].strip_prefix(END)?;
        }
        Some(parts)
    }

    proptest! {
        /// Pictures of any bytes, the boundary among them, come out as they went in.
        #[test]
        fn what_is_written_is_read(
            pictures in proptest::collection::vec(
                (prop_oneof![Just(END.to_vec()), proptest::collection::vec(any::<u8>(), 0..64)],
                 proptest::option::of((0..1u64 << 40, any::<u32>(), 0..1_000_000u64))),
                0..8,
            ),
        ) {
            let mut stream = BEGIN.as_bytes().to_vec();
            for (picture, taken) in &pictures {
                let mut text = String::new();
                let now = taken.map_or(0, |(timestamp, _, latency)| timestamp + latency);
                let taken = taken.map(|(timestamp, sequence, _)| {
                    let timestamp = Duration::from_micros(timestamp);
                    Taken { is_monotonic: true, time: timestamp, timestamp, sequence }
                });
                let time_of_day = Some(Duration::from_secs(1_800_000_000) + Duration::from_micros(now));
                headers(&mut text, picture.len(), taken, Sent { now: Duration::from_micros(now), time_of_day });
                stream.extend(text.bytes());
                stream.extend(picture);
                stream.extend(END);
            }
            let parts = read(&stream).expect("well-formed");
            prop_assert_eq!(parts.len(), pictures.len());
            for ((head, body), (picture, taken)) in parts.iter().zip(&pictures) {
                prop_assert_eq!(body, picture);
                let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                prop_assert_eq!(field("X-Sequence: "), taken.map(|(_, sequence, _)| sequence.to_string()));
                for (name, micros) in [
                    ("X-Timestamp: ", taken.map(|taken| taken.0)),
                    ("X-Latency: ", taken.map(|taken| taken.2)),
                    ("X-Time: ", taken.map(|taken| 1_800_000_000_000_000 + taken.0)),
                ] {
                    let read = field(name).map(|text| text.replace('.', "").parse::<u64>().unwrap());
                    prop_assert_eq!(read, micros);
                }
            }
        }
    }
}
