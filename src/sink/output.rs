//! A file, FIFO, device or standard output to which whole records are written: all of one, or nothing of it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;

use anyhow::Context;

use crate::config::Output;

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Output::Stdout => f.write_str("-"),
            Output::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Where the records of one sink go.
pub(super) struct Target {
    kind: Kind,
    /// The end of the last whole record.
    position: u64,
}

enum Kind {
    Stdout(File),
    /// What was written of a record that failed can be taken back.
    Regular(File),
    /// A FIFO is opened when there is something to write, as that waits for a reader; and anew when its reader went.
    Fifo(PathBuf, Option<File>),
    /// A device such as /dev/null, or a pipe by another name.
    Other(File),
}

impl Target {
    /// Opens `output`; a regular file is emptied.
    pub(super) fn open(output: &Output) -> anyhow::Result<Self> {
        let kind = match output {
            Output::Stdout => Kind::Stdout(own(std::io::stdout().as_fd())?),
            Output::Path(path) => {
                let describe = || format!("cannot write to {}", path.display());
                if std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) {
                    Kind::Fifo(path.clone(), None)
                } else {
                    let file =
                        OpenOptions::new().write(true).create(true).truncate(true).open(path).with_context(describe)?;
                    if file.metadata().with_context(describe)?.is_file() {
                        Kind::Regular(file)
                    } else {
                        Kind::Other(file)
                    }
                }
            }
        };
        Ok(Target { kind, position: 0 })
    }

    /// Whether nothing was written yet, so that a header is due: at the start, and for each new reader of a FIFO.
    pub(super) fn is_at_start(&self) -> bool {
        self.position == 0
    }

    /// Writes a record that lies in parts: one system call where the kernel takes it whole.
    pub(super) fn write(&mut self, parts: &mut [IoSlice<'_>]) -> io::Result<u64> {
        let bytes = parts.iter().map(|part| part.len() as u64).sum();
        let result = self.kind.file().and_then(|mut file| write_all(&mut file, parts));
        match (result, &mut self.kind) {
            (Ok(()), _) => {
                self.position += bytes;
                Ok(bytes)
            }
            (Err(error), Kind::Regular(file)) => {
                // A file that ends with half a frame would put all later ones out of step.
                file.set_len(self.position)?;
                file.seek(SeekFrom::Start(self.position))?;
                Err(error)
            }
            (Err(error), Kind::Fifo(_, file)) => {
                *file = None;
                self.position = 0;
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
            Kind::Stdout(file) | Kind::Regular(file) | Kind::Other(file) => Ok(file),
            Kind::Fifo(path, file) => match file {
                Some(file) => Ok(file),
                None => Ok(file.insert(OpenOptions::new().write(true).open(path)?)),
            },
        }
    }
}

/// A descriptor of standard output that is closed by nobody else and buffered by nobody.
fn own(stdout: BorrowedFd<'_>) -> io::Result<File> {
    Ok(stdout.try_clone_to_owned()?.into())
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
    fn an_output_that_cannot_be_made_is_named() {
        let error = Target::open(&Output::Path("/nonexistent/frames.raw".into())).err().unwrap();
        assert!(format!("{error:#}").contains("cannot write to /nonexistent/frames.raw: No such file"), "{error:#}");
    }
}
