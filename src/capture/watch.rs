//! Waiting for something to happen in /dev: a node made (plugged in) or its permissions set (udev), told by inotify; with a
//! slow poll as a safety net where inotify says nothing, as on a /dev that another namespace fills.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use crate::stop::{Stop, timespec};

/// How often is looked when nothing tells to.
pub(super) const SAFETY_POLL: Duration = Duration::from_secs(3);

/// A burst of events (udev sets owner, mode and links of several nodes) is let pass before anything is done.
const SETTLE: Duration = Duration::from_millis(50);

pub(super) struct Watch(Option<OwnedFd>);

impl Watch {
    /// A watch that never sees anything.
    pub(super) fn nothing() -> Self {
        Watch(None)
    }

    /// Watches `directory` for new nodes and changed permissions.
    pub(super) fn directory(directory: &Path) -> Self {
        let watch = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).and_then(|inotify| {
            inotify::add_watch(&inotify, directory, WatchFlags::CREATE | WatchFlags::ATTRIB | WatchFlags::MOVED_TO)?;
            Ok(inotify)
        });
        match watch {
            Ok(inotify) => Watch(Some(inotify)),
            Err(errno) => {
                log::debug!("cannot watch {} ({errno}): looking every {SAFETY_POLL:?}", directory.display());
                Watch(None)
            }
        }
    }

    /// Waits for `timeout` or until something happened; whether it is worth to look now. Never after `stop`.
    pub(super) fn wait(&self, timeout: Duration, stop: &Stop) -> bool {
        let Some(inotify) = &self.0 else {
            stop.wait(timeout);
            return false;
        };
        let mut events = [PollFd::new(inotify, PollFlags::IN), PollFd::from_borrowed_fd(stop.as_fd(), PollFlags::IN)];
        let _ = poll(&mut events, Some(&timespec(timeout)));
        if events[1].revents().contains(PollFlags::IN) {
            return false;
        }
        if !events[0].revents().is_empty() && !stop.wait(SETTLE) {
            self.drain();
            return true;
        }
        false
    }

    fn drain(&self) {
        let mut buffer = [0; 4096];
        if let Some(inotify) = &self.0 {
            while rustix::io::read(inotify, &mut buffer).is_ok_and(|read| read > 0) {}
        }
    }
}
