//! A file, FIFO, device or standard output to which whole records are written: all of one, or nothing of it.
//!
//! Opening changes nothing: a file keeps what it holds until the first record, so that a start that fails later costs
//! nobody a recording. A regular file is locked (flock), so that two programs never write to one.

mod fifo;
mod keep;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, IsTerminal, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use anyhow::bail;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FlockOperation, OFlags, fcntl_getfl, flock};
use rustix::io::{Errno, retry_on_intr};

use self::fifo::Fifo;
pub(crate) use self::keep::behind_links;
use super::Patience;
use crate::config::Output;
use crate::terminal;

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
    /// Bytes of whole records written so far.
    written: u64,
}

enum Kind {
    /// Standard output that is a pipe, a terminal or a device.
    Stdout(File),
    /// Standard output that is a regular file, written from `start`. Other programs may write to it as well.
    Shared { file: File, start: u64 },
    /// A regular file, which is ours alone.
    Regular { file: File, path: PathBuf },
    /// A named pipe.
    Fifo(Fifo),
    /// A device such as /dev/null.
    Other(File),
}

impl Target {
    /// Opens `output` and changes nothing there; standard output is written from where it is.
    pub(super) fn open(output: &Output) -> anyhow::Result<Self> {
        let kind = match output {
            Output::Stdout => {
                terminal::stdout_is_open()?;
                // A descriptor that is closed by nobody else and buffered by nobody.
                let mut file: File = io::stdout().as_fd().try_clone_to_owned()?.into();
                if file.metadata()?.is_file() {
                    let appends = fcntl_getfl(&file)?.contains(OFlags::APPEND);
                    let start = file.seek(if appends { SeekFrom::End(0) } else { SeekFrom::Current(0) })?;
                    Kind::Shared { file, start }
                } else {
                    Kind::Stdout(file)
                }
            }
            Output::Path(path) if std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) => {
                Kind::Fifo(Fifo::new(path))
            }
            Output::Path(path) => {
                let mut options = OpenOptions::new();
                let file = options.write(true).create(true).truncate(false).open(path).map_err(|e| cannot(path, e))?;
                if file.metadata().map_err(|e| cannot(path, e))?.is_file() {
                    lock(&file, path)?;
                    Kind::Regular { file, path: path.clone() }
                } else {
                    Kind::Other(file)
                }
            }
        };
        Ok(Target { kind, written: 0 })
    }

    /// Keeps what a regular file holds, under another name, and goes on with a new file.
    pub(super) fn keep(&mut self) -> anyhow::Result<()> {
        let Kind::Regular { file, path } = &mut self.kind else { return Ok(()) };
        if file.metadata().map_err(|e| cannot(path, e))?.len() > 0 {
            let path = behind_links(path);
            keep::keep(&path)?;
            *file = File::create_new(&path).map_err(|e| cannot(&path, e))?;
            lock(file, &path)?;
        }
        Ok(())
    }

    /// How long it is waited for at the end.
    pub(super) fn patience(&self) -> Patience {
        match self.kind {
            Kind::Regular { .. } | Kind::Shared { .. } => Patience::FILE,
            Kind::Stdout(_) | Kind::Fifo(_) | Kind::Other(_) => Patience::SHORT,
        }
    }

    /// Whether it is a terminal, on which pictures are noise.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(&self.kind, Kind::Stdout(file) | Kind::Other(file) if file.is_terminal())
    }

    /// Whether nothing was written yet, so that the next record may be of another kind.
    pub(super) fn is_at_start(&self) -> bool {
        self.written == 0
    }

    /// Gets ready for a record, and answers whether it is the first, which a header goes before: at the start, and for each
    /// reader of a FIFO.
    pub(super) fn begin(&mut self) -> io::Result<bool> {
        if let Kind::Fifo(fifo) = &mut self.kind {
            let begins = fifo.begins();
            // For who comes next, all begins anew: also after a reader that is gone.
            if !matches!(begins, Ok(false)) {
                self.written = 0;
            }
            begins?;
        }
        Ok(self.is_at_start())
    }

    /// Writes a record that lies in parts, after [`Target::begin`]: one system call where the kernel takes it whole.
    pub(super) fn write(&mut self, parts: &mut [IoSlice<'_>]) -> io::Result<u64> {
        let bytes: u64 = parts.iter().map(|part| part.len() as u64).sum();
        if let (0, Kind::Regular { file, .. }) = (self.written, &self.kind) {
            file.set_len(0)?;
        }
        let mut torn = 0;
        match self.kind.file().and_then(|mut file| write_all(&mut file, parts, &mut torn)) {
            Ok(()) => {
                self.written += bytes;
                Ok(bytes)
            }
            Err(error) => Err(self.failed(error, torn)),
        }
    }

    /// Takes back the `torn` bytes of a record that could not be written whole: half a frame would put all later ones out of
    /// step.
    fn failed(&mut self, error: io::Error, torn: u64) -> io::Error {
        match &mut self.kind {
            Kind::Regular { file, .. } => cut(file, self.written).err().unwrap_or(error),
            Kind::Shared { file, start } => {
                // Longer than that, and another program wrote: what would be cut is not all ours.
                let end = *start + self.written;
                let is_ours = file.metadata().is_ok_and(|found| found.len() == end + torn);
                if torn == 0 || !is_ours {
                    return error;
                }
                cut(file, end).err().unwrap_or(error)
            }
            Kind::Fifo(fifo) if error.kind() == io::ErrorKind::BrokenPipe => {
                fifo.forget();
                self.written = 0;
                NoReader::Yet.into()
            }
            Kind::Stdout(_) if error.kind() == io::ErrorKind::BrokenPipe => NoReader::AnyMore.into(),
            Kind::Fifo(_) | Kind::Stdout(_) | Kind::Other(_) => error,
        }
    }
}

impl Kind {
    fn file(&self) -> io::Result<&File> {
        match self {
            Kind::Stdout(file) | Kind::Shared { file, .. } | Kind::Regular { file, .. } | Kind::Other(file) => Ok(file),
            Kind::Fifo(fifo) => fifo.file().ok_or_else(|| NoReader::Yet.into()),
        }
    }
}

/// Why a file cannot be written to, with what helps.
pub(crate) fn cannot(path: &Path, error: io::Error) -> anyhow::Error {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => ": make its directory first",
        io::ErrorKind::PermissionDenied => ": give the directory or file to this user, or name another one",
        io::ErrorKind::IsADirectory => ": name a file in it",
        io::ErrorKind::ReadOnlyFilesystem => ": name a file on another file system",
        io::ErrorKind::StorageFull => ": make room, or name a file on another file system",
        _ => "",
    };
    anyhow::Error::msg(format!("cannot write to {}: {error}{remedy}", path.display()))
}

fn lock(file: &File, path: &Path) -> anyhow::Result<()> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => bail!(
            "cannot write to {}: another program, or another output of this one, is writing to it: name another file",
            path.display()
        ),
        // A file system without locks (some of FUSE, 9p, NFS) is no reason not to record.
        Err(errno) => log::debug!("{}: cannot be locked: {errno}", path.display()),
        Ok(()) => {}
    }
    Ok(())
}

fn cut(file: &mut File, end: u64) -> io::Result<u64> {
    let cut = file.set_len(end);
    file.seek(SeekFrom::Start(end)).and_then(|end| cut.map(|()| end))
}

/// Writes all parts. Of an error, `done` has the bytes that were written before it.
fn write_all(file: &mut &File, mut parts: &mut [IoSlice<'_>], done: &mut u64) -> io::Result<()> {
    // Drops empty parts, for which a write would answer 0 as a full device does.
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match file.write_vectored(parts) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                *done += written as u64;
                IoSlice::advance_slices(&mut parts, written);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Standard output that another program made non-blocking (ssh, a shell's pipe): wait until it takes more. A
            // signal is no reason to leave half a record there.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                retry_on_intr(|| poll(&mut [PollFd::new(file, PollFlags::OUT)], None))?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Nobody reads what was to be written: no fault, and for a FIFO the usual state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoReader {
    /// A FIFO's reader may come at any time.
    #[error("nobody reads it yet")]
    Yet,
    /// The reader of standard output went away for good.
    #[error("nobody reads standard output any more")]
    AnyMore,
}

impl From<NoReader> for io::Error {
    fn from(nobody: NoReader) -> Self {
        io::Error::new(io::ErrorKind::BrokenPipe, nobody)
    }
}

impl NoReader {
    /// Whether `error` says so.
    pub(super) fn of(error: &io::Error) -> Option<NoReader> {
        error.get_ref().and_then(|inner| inner.downcast_ref()).copied()
    }
}

#[cfg(test)]
mod tests;
