//! Raw frames: the data as the driver made it, one frame after the other, the planes of a frame in order.

use std::io::{self, IoSlice};

use super::output::Target;
use super::{Patience, Sink};
use crate::frame::Frame;
use crate::source::StreamInfo;
use crate::v4l2::buffers::MAX_PLANES;

pub(super) struct Raw {
    target: Target,
    format: Option<String>,
}

impl Raw {
    pub(super) fn new(target: Target) -> Self {
        Raw { target, format: None }
    }
}

impl Sink for Raw {
    type Item = Frame;
    const HOLDS_BACK: bool = false;

    fn start(&mut self, stream: &StreamInfo) -> Result<(), String> {
        let format = stream.format.to_string();
        match self.format.replace(format.clone()) {
            Some(before) if before != format && !self.target.is_at_start() => {
                log::warn!("raw: the frames are {format} from here on, and were {before}");
            }
            _ => {}
        }
        Ok(())
    }

    fn write(&mut self, frame: &Frame) -> io::Result<u64> {
        self.target.begin()?;
        let mut parts = [IoSlice::new(&[]); MAX_PLANES];
        let planes = frame.planes();
        let count = planes.len().min(MAX_PLANES);
        parts.iter_mut().zip(planes).for_each(|(part, plane)| *part = IoSlice::new(plane));
        self.target.write(&mut parts[..count])
    }

    fn patience(&self) -> Patience {
        self.target.patience()
    }
}
