//! A file, FIFO, device or standard output to which whole records are written: all of one, or nothing of it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::fs::{CWD, Mode, OFlags, RenameFlags, fcntl_getfl, fcntl_setfl, renameat_with};
use rustix::io::Errno;

use crate::config::Output;

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Output::Stdout => f.write_str("-"),
            Output::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Gives a regular file with something in it another name, if `output` is one: `clip.y4m` becomes `clip-1.y4m`, or with the next
/// number that is free.
pub(super) fn keep(output: &Output) -> anyhow::Result<()> {
    let Output::Path(path) = output else { return Ok(()) };
    if !std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0) {
        return Ok(());
    }
    let stem = path.file_stem().unwrap_or_default();
    let extension = path.extension();
    for number in 1.. {
        let mut name = stem.to_owned();
        name.push(format!("-{number}"));
        extension.iter().for_each(|extension| {
            name.push(".");
            name.push(extension);
        });
        let kept = path.with_file_name(name);
        match renameat_with(CWD, path, CWD, &kept, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => {}
            renamed => {
                renamed.with_context(|| format!("cannot keep {} as {}", path.display(), kept.display()))?;
                log::info!("{} is now {}", path.display(), kept.display());
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Where the records of one sink go.
pub(super) struct Target {
    kind: Kind,
    /// Bytes of whole records written so far.
    written: u64,
}

enum Kind {
    /// A pipe, a terminal or a device.
    Stdout(File),
    /// What was written of a record that failed can be taken back: to where the first one began, and what was written.
    Regular { file: File, start: u64 },
    /// A FIFO is opened when there is something to write, and anew when its reader went.
    Fifo(PathBuf, Option<File>),
    /// A device such as /dev/null.
    Other(File),
}

impl Target {
    /// Opens `output`. A regular file is emptied; standard output is written from where it is.
    pub(super) fn open(output: &Output) -> anyhow::Result<Self> {
        let kind = match output {
            Output::Stdout => {
                // A descriptor that is closed by nobody else and buffered by nobody.
                let mut file: File = io::stdout().as_fd().try_clone_to_owned()?.into();
                if file.metadata()?.is_file() {
                    let appends = fcntl_getfl(&file)?.contains(OFlags::APPEND);
                    let start = file.seek(if appends { SeekFrom::End(0) } else { SeekFrom::Current(0) })?;
                    Kind::Regular { file, start }
                } else {
                    Kind::Stdout(file)
                }
            }
            Output::Path(path) => {
                let describe = || format!("cannot write to {}", path.display());
                if std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) {
                    Kind::Fifo(path.clone(), None)
                } else {
                    let file =
                        OpenOptions::new().write(true).create(true).truncate(true).open(path).with_context(describe)?;
                    let is_regular = file.metadata().with_context(describe)?.is_file();
                    if is_regular { Kind::Regular { file, start: 0 } } else { Kind::Other(file) }
                }
            }
        };
        Ok(Target { kind, written: 0 })
    }

    /// Whether nothing was written yet, so that a header is due: at the start, and for each new reader of a FIFO.
    pub(super) fn is_at_start(&self) -> bool {
        self.written == 0
    }

    /// Writes a record that lies in parts: one system call where the kernel takes it whole.
    pub(super) fn write(&mut self, parts: &mut [IoSlice<'_>]) -> io::Result<u64> {
        let bytes = parts.iter().map(|part| part.len() as u64).sum();
        let result = self.kind.file().and_then(|mut file| write_all(&mut file, parts));
        match (result, &mut self.kind) {
            (Ok(()), _) => {
                self.written += bytes;
                Ok(bytes)
            }
            (Err(error), Kind::Regular { file, start }) => {
                // A file that ends with half a frame would put all later ones out of step.
                let end = *start + self.written;
                let cut = file.set_len(end);
                file.seek(SeekFrom::Start(end)).and(cut)?;
                Err(error)
            }
            (Err(error), Kind::Fifo(_, file)) => {
                *file = None;
                self.written = 0;
                Err(error)
            }
            (Err(error), Kind::Stdout(_)) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
            (Err(error), _) => Err(error),
        }
    }
}

impl Kind {
    fn file(&mut self) -> io::Result<&File> {
        match self {
            Kind::Stdout(file) | Kind::Regular { file, .. } | Kind::Other(file) => Ok(file),
            Kind::Fifo(path, file) => match file {
                Some(file) => Ok(file),
                None => Ok(file.insert(open_fifo(path)?)),
            },
        }
    }
}

/// Opens a FIFO that has a reader. Waiting for one here would be waiting with the camera's buffers in hand.
fn open_fifo(path: &Path) -> io::Result<File> {
    let fifo = rustix::fs::open(path, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
    let fifo = fifo.map_err(|errno| match errno {
        Errno::NXIO => io::Error::new(io::ErrorKind::NotConnected, "nobody reads the FIFO"),
        _ => errno.into(),
    })?;
    fcntl_setfl(&fifo, fcntl_getfl(&fifo)? - OFlags::NONBLOCK)?;
    Ok(fifo.into())
}

fn write_all(file: &mut &File, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
    // Drops empty parts, for which a write would answer 0 as a full device does.
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match file.write_vectored(parts) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut parts, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Standard output that another program made non-blocking (ssh, a shell's pipe): wait until it takes more.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                use rustix::event::{PollFd, PollFlags, poll};
                poll(&mut [PollFd::new(file, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The reader of standard output went away: nobody will read any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads standard output any more")]
pub(super) struct ReaderGone;

impl From<ReaderGone> for io::Error {
    fn from(gone: ReaderGone) -> Self {
        io::Error::new(io::ErrorKind::BrokenPipe, gone)
    }
}

impl ReaderGone {
    /// Whether `error` says so.
    pub(super) fn is_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<ReaderGone>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::OpenOptionsExt;

    #[test]
    fn a_regular_file_holds_whole_records() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("frames.raw");
        fs::write(&path, "what was there before").unwrap();
        let mut target = Target::open(&Output::Path(path.clone())).unwrap();
        assert!(target.is_at_start());
        target.write(&mut [IoSlice::new(b"one "), IoSlice::new(b"record,")]).unwrap();
        assert!(!target.is_at_start());
        assert_eq!(target.write(&mut [IoSlice::new(b"")]).unwrap(), 0);
        target.write(&mut [IoSlice::new(b"another")]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one record,another");
    }

    #[test]
    fn a_full_device_is_an_error() {
        let mut target = Target::open(&Output::Path("/dev/full".into())).unwrap();
        let error = target.write(&mut [IoSlice::new(b"frame")]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(!ReaderGone::is_in(&error));
    }

    #[test]
    fn a_fifo_is_not_waited_for_and_each_reader_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, Mode::RWXU, 0).unwrap();
        let mut target = Target::open(&Output::Path(path.clone())).unwrap();
        let error = target.write(&mut [IoSlice::new(b"frame")]).unwrap_err();
        assert_eq!(error.to_string(), "nobody reads the FIFO");
        for _ in 0..2 {
            let reader =
                OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(&path).unwrap();
            assert!(target.is_at_start());
            target.write(&mut [IoSlice::new(b"frame")]).unwrap();
            assert!(!target.is_at_start());
            drop(reader);
            assert_eq!(target.write(&mut [IoSlice::new(b"frame")]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        }
    }

    #[test]
    fn an_output_that_cannot_be_made_is_named() {
        let error = Target::open(&Output::Path("/nonexistent/frames.raw".into())).err().unwrap();
        assert!(format!("{error:#}").contains("cannot write to /nonexistent/frames.raw: No such file"), "{error:#}");
    }
}
