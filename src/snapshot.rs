//! `picam snapshot`: one picture to a file.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;

use crate::capture::{Capture, Event};
use crate::config::{CaptureConfig, Output};
use crate::device::DeviceError;
use crate::format::Need;
use crate::frame::Frame;
use crate::jpeg::picture::Picture;
use crate::jpeg::{self, Encoder, mjpeg};
use crate::nearest::nearest;
use crate::sink;
use crate::stop::Stop;
use crate::terminal;

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
    fn of(file: &Output) -> Result<Self, String> {
        let Output::Path(path) = file else { return Ok(Kind::Jpeg) };
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => Ok(Kind::Jpeg),
            "png" => Ok(Kind::Png),
            "ppm" => Ok(Kind::Ppm),
            _ => {
                let name = path.display();
                let meant = nearest(&extension.to_ascii_lowercase(), &["jpg", "jpeg", "png", "ppm"]);
                let meant = meant.map(|meant| format!(": did you mean {}?", path.with_extension(meant).display()));
                Err(format!(
                    "{name} ends in neither .jpg, .png nor .ppm, one of which says what to write{}",
                    meant.unwrap_or_default()
                ))
            }
        }
    }
}

/// Whether a picture can be written to a file of this name.
///
/// # Errors
/// What its name should be.
pub(crate) fn check_name(file: &Path) -> Result<(), String> {
    Kind::of(&Output::new(file)).map(drop)
}

/// Takes a picture after `warmup` frames and writes it to `file`, which is whole or not there. `quality` is of JPEGs that the
/// camera does not make itself.
///
/// # Errors
/// A name that does not say what to write, a camera that cannot be used (see [`Capture`]), frames that no picture can be made
/// of, or a file that cannot be written.
pub fn snapshot(config: CaptureConfig, stop: Stop, file: &Path, warmup: u32, quality: u8) -> anyhow::Result<()> {
    let file = Output::new(file);
    let kind = Kind::of(&file).map_err(anyhow::Error::msg)?;
    refuse_terminal(&file)?;
    let config = CaptureConfig { need: Need::Picture, keep_corrupt: false, ..config };
    let bytes = take(&mut Capture::new(config, stop), kind, warmup, quality)?;
    write(&file, &bytes).map_err(|error| match &file {
        Output::Path(path) => sink::cannot(path, error),
        Output::Stdout => anyhow::Error::new(error).context("cannot write to standard output"),
    })
}

/// The first picture after `warmup` frames.
fn take(capture: &mut Capture, kind: Kind, warmup: u32, quality: u8) -> anyhow::Result<Vec<u8>> {
    let (mut passed, mut failed) = (0, 0);
    let mut logged = HashSet::new();
    loop {
        match capture.next(Duration::MAX)? {
            Event::Frame(frame) if frame.metadata().corrupt => {}
            Event::Frame(_) if passed < warmup => passed += 1,
            // One that is no picture, as cameras make now and then, is not the last.
            Event::Frame(frame) => match picture(&frame, kind, quality) {
                Ok(bytes) => return Ok(bytes),
                Err(error) if failed == FAILURES => return Err(error.context("the camera's frames are no pictures")),
                Err(error) => {
                    log::debug!("frame {}: {error:#}", frame.metadata().sequence);
                    failed += 1;
                }
            },
            Event::Started(stream) => {
                log::debug!("{}: {}", stream.camera, stream.format);
                let differences =
                    stream.differences.iter().map(|difference| format!("{}: {difference}", stream.camera));
                for difference in differences.filter(|difference| logged.insert(difference.clone())) {
                    log::warn!("{difference}");
                }
                if let Err(reason) = jpeg::is_to_be_had(&stream.format) {
                    bail!(stream.refusal(&reason, Need::Picture));
                }
            }
            // Nobody who waits for a picture can put that right.
            Event::Waiting(reason @ (DeviceError::NoSignal { .. } | DeviceError::Damaged { .. })) => {
                return Err(reason.into());
            }
            Event::Waiting(reason) => log::warn!("{:#}; waiting", anyhow::Error::new(reason)),
            Event::Idle | Event::Resumed => {}
            Event::Stopped => {
                terminal::interrupted();
                bail!("stopped before there was a picture")
            }
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

/// A picture on a terminal is noise.
fn refuse_terminal(file: &Output) -> anyhow::Result<()> {
    let is_terminal = match file {
        Output::Stdout => {
            terminal::stdout_is_open()?;
            io::stdout().is_terminal()
        }
        Output::Path(path) => {
            let is_file = fs::metadata(path).is_ok_and(|found| !found.file_type().is_char_device());
            !is_file && File::options().write(true).open(path).is_ok_and(|file| file.is_terminal())
        }
    };
    if is_terminal {
        bail!("{file} is a terminal: give the picture to a program (picam snapshot - | display) or a file");
    }
    Ok(())
}

/// Writes a file that is whole or not there; what was there before stays until then. Where the name is a symbolic link, it is
/// the file at its end. Standard output, FIFOs and devices are written as they are.
fn write(file: &Output, bytes: &[u8]) -> io::Result<()> {
    let Output::Path(path) = file else {
        let mut stdout = io::stdout().lock();
        return stdout.write_all(bytes).and_then(|()| stdout.flush());
    };
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return File::options().write(true).open(path)?.write_all(bytes);
    }
    let path = sink::behind_links(path);
    let (new, mut file) = beside(&path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, &path));
    written.inspect_err(|_| _ = fs::remove_file(&new))
}

/// A new file in the same directory. Its name is random: as PID 1, every picam has the same number, and one that was killed has
/// left its file.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let mut random = [0; 8];
        rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{:016x}", u64::from_ne_bytes(random)));
        let new = path.with_file_name(name);
        match File::create_new(&new) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return Ok((new, created?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::tests::of_test_camera;
    use crate::format::Rate;
    use crate::source::test_camera::Fault;

    #[test]
    fn what_a_killed_one_left_does_not_matter_and_links_stay() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("disk")).unwrap();
        // What one that is killed leaves, by the number that all have as PID 1.
        fs::write(at(&format!("disk/a.jpg.{}", std::process::id())), "half").unwrap();
        std::os::unix::fs::symlink(at("disk/a.jpg"), at("a.jpg")).unwrap();
        for picture in ["first", "second"] {
            write(&Output::Path(at("a.jpg")), picture.as_bytes()).unwrap();
            assert!(at("a.jpg").is_symlink());
            assert_eq!(fs::read_to_string(at("disk/a.jpg")).unwrap(), picture);
        }
        assert_eq!(fs::read_dir(at("disk")).unwrap().count(), 2, "nothing else is left");
    }

    #[test]
    fn a_name_that_says_nothing_is_refused_with_those_that_do() {
        let refusal = |name: &str| check_name(Path::new(name)).unwrap_err();
        assert!(refusal("a.webp").contains("a.webp ends in neither .jpg, .png nor .ppm"));
        assert!(refusal("a.pngg").ends_with("did you mean a.png?"));
        assert!(["-", "a.JPG", "a.jpeg", "a.png", "a.ppm"].iter().all(|name| check_name(Path::new(name)).is_ok()));
    }

    #[test]
    fn a_camera_without_a_whole_frame_ends_it_with_the_reason() {
        let rate = Rate { numerator: 30, denominator: 1 };
        let (mut capture, _) = of_test_camera(rate, (0..1000).map(|number| (number, Fault::Short)).collect());
        let error = take(&mut capture, Kind::Ppm, 0, 80).unwrap_err();
        let expected =
            "test (picam test camera): no whole frame for 5.0 s: the last has 170 bytes, and YUYV 16x16 takes 512";
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(error.downcast_ref::<DeviceError>().is_some(), "which makes the exit status");

        let (mut capture, _) = of_test_camera(rate, vec![(0, Fault::Short), (1, Fault::Empty), (2, Fault::Error)]);
        assert!(take(&mut capture, Kind::Ppm, 0, 80).unwrap().starts_with(b"P6"), "the fourth is whole");
    }
}
