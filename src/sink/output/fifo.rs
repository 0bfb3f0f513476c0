//! A named pipe (FIFO): each reader starts at a record, after a header where there is one.
//!
//! Once opened it stays open: a reader that comes while another one goes would otherwise read the end of the stream.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;

use super::NoReader;

pub(super) struct Fifo {
    path: PathBuf,
    file: Option<File>,
    /// The reader that there is has got nothing yet.
    is_new: bool,
    /// Tells that a reader closed it. Another one may have opened it since, and a write would go to that one in the middle
    /// of a stream; `None` where the kernel has no watch left.
    watch: Option<OwnedFd>,
}

impl Fifo {
    pub(super) fn new(path: &Path) -> Self {
        let watch = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).and_then(|watch| {
            inotify::add_watch(&watch, path, WatchFlags::CLOSE_NOWRITE)?;
            Ok(watch)
        });
        Fifo { path: path.to_owned(), file: None, is_new: true, watch: watch.ok() }
    }

    pub(super) fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    /// Whether the reader that there is has got nothing yet. Waiting for one here would be waiting with the camera's buffers in
    /// hand.
    pub(super) fn begins(&mut self) -> io::Result<bool> {
        if self.reader_left() {
            self.forget();
        }
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(open(&self.path)?),
        };
        let mut events = [PollFd::new(file, PollFlags::empty())];
        poll(&mut events, Some(&Timespec::default()))?;
        if events[0].revents().contains(PollFlags::ERR) {
            // Once: without a reader nothing new is in it.
            if !self.is_new {
                self.forget();
            }
            return Err(NoReader::Yet.into());
        }
        Ok(std::mem::take(&mut self.is_new))
    }

    /// The reader went: nothing of its record is to be left for the next one.
    pub(super) fn forget(&mut self) {
        self.is_new = true;
        let Some(file) = &self.file else { return };
        // The same pipe, though its name may by now be another's.
        let own = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let mut options = OpenOptions::new();
        if let Ok(mut rest) = options.read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(own) {
            let mut buffer = [0; 4096];
            while rest.read(&mut buffer).is_ok_and(|read| read > 0) {}
        }
        // That was a reader, too, of whom nothing is to be told.
        self.reader_left();
    }

    /// Whether a reader closed it since this was last asked.
    fn reader_left(&self) -> bool {
        let Some(watch) = &self.watch else { return false };
        let mut buffer = [0; 1024];
        let mut left = false;
        while rustix::io::read(watch, &mut buffer).is_ok_and(|read| read > 0) {
            left = true;
        }
        left
    }
}

/// Opens a FIFO that has a reader.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::NXIO => NoReader::Yet.into(),
        _ => io::Error::from(errno),
    })?;
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file.into())
}
