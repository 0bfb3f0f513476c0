//! JPEG: what browsers, players and people take for a picture.
//!
//! [`Encoder`] makes one of a frame's samples; they are taken apart (`stripes`) and go into the encoder as planes of luma and
//! chroma at 4:2:0. That is libjpeg-turbo where the system has it (`turbo`), and otherwise `baseline`, which is
//! always there, and takes 5 % longer where that was measured (x86_64, `benches/encode/run`). [`mjpeg`] makes a camera's own JPEG whole.
//!
//! A JPEG's samples are of full range, those of most cameras are not: they are scaled, so that black is black in every
//! viewer.

mod baseline;
mod bits;
mod dct;
pub mod mjpeg;
pub mod picture;
pub mod still;
mod stripes;
mod tables;
#[allow(unsafe_code, reason = "calls of libjpeg-turbo")]
mod turbo;

use thiserror::Error;

use self::baseline::Baseline;
use self::stripes::Reader;
use self::turbo::Turbo;
use crate::format::Format;

/// A JPEG's width and height are 16 bits.
const LARGEST: u32 = u16::MAX as u32;

/// Why a frame was not encoded.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// What [`Encoder::accepts`] says.
    #[error("{0}")]
    Format(String),
    /// The frame has fewer lines than its format says.
    #[error("the frame is shorter than its format")]
    Short,
    /// What libjpeg-turbo says.
    #[error("libjpeg-turbo: {0}")]
    Library(String),
}

/// Whether there is a JPEG of a frame of this format: its own, or one that an [`Encoder`] makes.
///
/// # Errors
///
/// The reason in words.
pub fn is_to_be_had(format: &Format) -> Result<(), String> {
    if format.fourcc.is_jpeg() { Ok(()) } else { Encoder::accepts(format) }
}

/// Makes JPEGs of frames; one thread uses it. Keeps its planes and tables from frame to frame: once it has made one of a
/// format, it allocates nothing.
#[derive(Debug)]
pub struct Encoder {
    reader: Option<(Format, Reader)>,
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    Turbo(Turbo),
    Baseline(Box<Baseline>),
}

impl Default for Encoder {
    fn default() -> Self {
        Encoder::new()
    }
}

impl Encoder {
    /// libjpeg-turbo where the system has it, otherwise [`Encoder::without_library`].
    pub fn new() -> Self {
        match Turbo::new() {
            Some(turbo) => Encoder { reader: None, backend: Backend::Turbo(turbo) },
            None => Self::without_library(),
        }
    }

    /// The encoder that needs no library.
    pub fn without_library() -> Self {
        Encoder { reader: None, backend: Backend::Baseline(Box::default()) }
    }

    /// Who does the work: `libjpeg-turbo` or `built-in`.
    pub fn name(&self) -> &'static str {
        match self.backend {
            Backend::Turbo(_) => "libjpeg-turbo",
            Backend::Baseline(_) => "built-in",
        }
    }

    /// Whether frames of this format can be encoded.
    ///
    /// # Errors
    ///
    /// The reason in words.
    pub fn accepts(format: &Format) -> Result<(), String> {
        let fourcc = format.fourcc;
        if fourcc.is_jpeg() {
            Err(format!("{fourcc} is JPEG already, and goes out as it is"))
        } else if format.size.width > LARGEST || format.size.height > LARGEST {
            Err(format!("{format} is larger than a JPEG can be, {LARGEST} pixels across and down"))
        } else if Reader::new(format).is_some() {
            Ok(())
        } else {
            Err(format!("{format} cannot be made a JPEG"))
        }
    }

    /// Makes a JPEG of `quality` 1 to 100 in place of what `out` held. `planes` are the frame's
    /// ([`Frame::planes`](crate::frame::Frame::planes)).
    ///
    /// # Errors
    ///
    /// If the format is not [accepted](Encoder::accepts) or the frame is short; `out` is empty then.
    pub fn encode(
        &mut self,
        format: &Format,
        planes: &[&[u8]],
        quality: u8,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        out.clear();
        let planes = std::array::from_fn(|plane| planes.get(plane).copied().unwrap_or_default());
        let reader = match &mut self.reader {
            Some((known, reader)) if known == format => reader,
            other => {
                Self::accepts(format).map_err(EncodeError::Format)?;
                let reader = Reader::new(format).ok_or(EncodeError::Short)?;
                &mut other.insert((format.clone(), reader)).1
            }
        };
        reader.check(&planes)?;
        let quality = quality.clamp(1, 100);
        match &mut self.backend {
            Backend::Turbo(turbo) => turbo.encode(reader, format.size, &planes, quality, out),
            Backend::Baseline(baseline) => {
                baseline.encode(reader, format.size, &planes, quality, out);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
