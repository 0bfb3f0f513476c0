//! Frames as JPEG, in memory that is used again once nobody sends it any more.

use std::sync::Arc;

use crate::format::Size;
use crate::frame::Frame;
use crate::jpeg::mjpeg::{self, Parts};
use crate::jpeg::{Encoder, still};
use crate::v4l2::buffers::MAX_PLANES;

/// Buffers kept for the next pictures: as many as are made of a frame, and those that slow clients still read.
const SPARE: usize = 6;

/// A picture on its way to several clients.
pub(super) enum Picture<'a> {
    Encoded(Arc<Vec<u8>>),
    /// The camera's own, in the driver's memory; and a copy of it once a client could not take it at once.
    Passed {
        parts: Parts<'a>,
        copy: Option<Arc<Vec<u8>>>,
    },
}

impl Picture<'_> {
    pub(super) fn pieces(&self) -> [&[u8]; 4] {
        match self {
            Picture::Encoded(bytes) => [bytes, &[], &[], &[]],
            Picture::Passed { parts, .. } => parts.pieces(),
        }
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> usize {
        self.pieces().iter().map(|piece| piece.len()).sum()
    }

    /// The picture in memory that a slow client can keep: the camera gets its buffer back.
    pub(super) fn keep(&mut self, pictures: &mut Pictures) -> Arc<Vec<u8>> {
        match self {
            Picture::Encoded(bytes) => Arc::clone(bytes),
            Picture::Passed { parts, copy } => Arc::clone(copy.get_or_insert_with(|| pictures.copy(parts))),
        }
    }
}

pub(super) struct Pictures {
    /// Made for the first picture: who passes on a camera's own needs none.
    encoder: Option<Encoder>,
    spare: Vec<Arc<Vec<u8>>>,
}

impl Pictures {
    pub(super) fn new() -> Self {
        Pictures { encoder: None, spare: Vec::new() }
    }

    /// The encoder's name; `None`: nothing was encoded yet.
    pub(super) fn encoder(&self) -> Option<&'static str> {
        self.encoder.as_ref().map(Encoder::name)
    }

    /// A frame as JPEG.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub(super) fn encode(&mut self, frame: &Frame, quality: u8) -> Result<Arc<Vec<u8>>, String> {
        let mut planes: [&[u8]; MAX_PLANES] = [&[]; MAX_PLANES];
        let count = planes.iter_mut().zip(frame.planes()).map(|(slot, plane)| *slot = plane).count();
        let planes = planes.get(..count).unwrap_or_default();
        let mut result = Ok(());
        let encoder = self.encoder.get_or_insert_default();
        let picture = fill(&mut self.spare, |out| {
            result = encoder.encode(frame.format(), planes, quality, out).map_err(|error| error.to_string());
        });
        result.map(|()| picture)
    }

    fn copy(&mut self, parts: &Parts<'_>) -> Arc<Vec<u8>> {
        fill(&mut self.spare, |out| {
            out.clear();
            parts.pieces().iter().for_each(|piece| out.extend_from_slice(piece));
        })
    }

    /// A camera's JPEG as it is to be sent.
    ///
    /// # Errors
    /// What is missing of it.
    pub(super) fn pass(frame: &Frame) -> Result<Parts<'_>, String> {
        mjpeg::parts(frame.data()).map_err(|error| error.to_string())
    }

    /// A picture with the reason why there is none.
    pub(super) fn still(&mut self, size: Size, reason: &str) -> Arc<Vec<u8>> {
        let encoder = self.encoder.get_or_insert_default();
        fill(&mut self.spare, |out| {
            if let Err(error) = still::still(encoder, size, &["no picture", reason], out) {
                log::error!("cannot make the picture that tells \"{reason}\": {error}");
            }
        })
    }
}

/// Fills a buffer that nobody else has.
fn fill(spare: &mut Vec<Arc<Vec<u8>>>, write: impl FnOnce(&mut Vec<u8>)) -> Arc<Vec<u8>> {
    if let Some(free) = spare.iter_mut().find_map(|spare| Arc::get_mut(spare).is_some().then_some(spare)) {
        if let Some(bytes) = Arc::get_mut(free) {
            write(bytes);
        }
        return Arc::clone(free);
    }
    let mut bytes = Vec::new();
    write(&mut bytes);
    let picture = Arc::new(bytes);
    if spare.len() < SPARE {
        spare.push(Arc::clone(&picture));
    }
    picture
}
