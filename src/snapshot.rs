//! `picam snapshot`: one picture to a file.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::capture::{Capture, Event};
use crate::config::{CaptureConfig, Output};
use crate::format::Need;
use crate::frame::Frame;
use crate::jpeg::picture::Picture;
use crate::jpeg::{self, Encoder, mjpeg};
use crate::stop::Stop;

/// Frames that may be no picture before that is told.
const FAILURES: u32 = 30;

/// What a picture's file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Jpeg,
    Png,
    Ppm,
}

impl Kind {
    fn of(file: &Output) -> anyhow::Result<Self> {
        let Output::Path(path) = file else { return Ok(Kind::Jpeg) };
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => Ok(Kind::Jpeg),
            "png" => Ok(Kind::Png),
            "ppm" => Ok(Kind::Ppm),
            _ => bail!("{}: what kind of picture? The name should end in .jpg, .png or .ppm", path.display()),
        }
    }
}

/// Takes a picture after `warmup` frames and writes it to `file`, which is whole or not there. `quality` is of JPEGs that the
/// camera does not make itself.
///
/// # Errors
/// A name that does not say what to write, a camera that cannot be used (see [`Capture`]), frames that no picture can be made
/// of, or a file that cannot be written.
pub fn snapshot(config: CaptureConfig, stop: Stop, file: &Path, warmup: u32, quality: u8) -> anyhow::Result<()> {
    let file = Output::new(file);
    let kind = Kind::of(&file)?;
    let mut capture = Capture::new(CaptureConfig { need: Need::Picture, ..config }, stop);
    let (mut passed, mut failed) = (0, 0);
    loop {
        match capture.next(Duration::MAX)? {
            Event::Frame(frame) if frame.metadata().corrupt => {}
            Event::Frame(_) if passed < warmup => passed += 1,
            // One that is no picture, as cameras make now and then, is not the last.
            Event::Frame(frame) => match picture(&frame, kind, quality) {
                Ok(bytes) => return write(&file, &bytes).with_context(|| format!("cannot write {file}")),
                Err(error) if failed == FAILURES => return Err(error.context("the camera's frames are no pictures")),
                Err(error) => {
                    log::debug!("frame {}: {error:#}", frame.metadata().sequence);
                    failed += 1;
                }
            },
            Event::Started(stream) => {
                log::debug!("{}: {}", stream.camera, stream.format);
                jpeg::is_to_be_had(&stream).map_err(anyhow::Error::msg)?;
            }
            Event::Waiting(reason) => log::warn!("{:#}; waiting", anyhow::Error::new(reason)),
            Event::Idle => {}
            Event::Stopped => bail!("stopped before there was a picture"),
        }
    }
}

/// The frame as the file is to be.
fn picture(frame: &Frame, kind: Kind, quality: u8) -> anyhow::Result<Vec<u8>> {
    let planes: Vec<_> = frame.planes().collect();
    let mut bytes = Vec::new();
    match kind {
        Kind::Jpeg if frame.format().fourcc.is_jpeg() => {
            bytes = mjpeg::parts(frame.data())?.pieces().concat();
        }
        Kind::Jpeg => Encoder::new().encode(frame.format(), &planes, quality, &mut bytes)?,
        Kind::Png => Picture::of(frame.format(), &planes)?.write_png(&mut bytes)?,
        Kind::Ppm => Picture::of(frame.format(), &planes)?.write_ppm(&mut bytes)?,
    }
    Ok(bytes)
}

/// Writes a file that is whole or not there; what was there before stays until then. Standard output, FIFOs and devices are
/// written as they are.
fn write(file: &Output, bytes: &[u8]) -> io::Result<()> {
    let Output::Path(path) = file else {
        let mut stdout = io::stdout().lock();
        return stdout.write_all(bytes).and_then(|()| stdout.flush());
    };
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return File::options().write(true).open(path)?.write_all(bytes);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let new = path.with_file_name(name);
    let mut file = File::create_new(&new)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, path));
    written.inspect_err(|_| _ = fs::remove_file(&new))
}
