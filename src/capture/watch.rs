//! Waiting for something to happen in /dev: a node made (plugged in) or its permissions set (udev), told by inotify; with a
//! slow poll as a safety net where inotify says nothing, as on a /dev that another namespace fills.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use crate::clock::Clock;
use crate::stop::{Stop, timespec};

/// How often is looked when nothing tells to.
pub(super) const SAFETY_POLL: Duration = Duration::from_secs(3);

/// A burst of events (udev sets owner, mode and links of several nodes) is let pass before anything is done.
const SETTLE: Duration = Duration::from_millis(50);

pub(super) enum Watch {
    /// Nothing is watched.
    Nothing,
    /// To be watched from the first wait on: a camera that is there needs no watch, and closing one takes the kernel 10 ms.
    Directory(PathBuf),
    Inotify(OwnedFd),
}

impl Watch {
    /// Waits for `timeout` or until something happened; whether it is worth to look now. Never after `stop`.
    pub(super) fn wait(&mut self, timeout: Duration, stop: &Stop, clock: &dyn Clock) -> bool {
        match self {
            Watch::Nothing => {
                clock.wait(stop, timeout);
                false
            }
            Watch::Directory(directory) => {
                *self = watch(directory);
                // What happened before the watch was there went unseen.
                !stop.is_stopped()
            }
            Watch::Inotify(inotify) => {
                let mut events =
                    [PollFd::new(inotify, PollFlags::IN), PollFd::from_borrowed_fd(stop.as_fd(), PollFlags::IN)];
                let _ = poll(&mut events, Some(&timespec(timeout)));
                let (happened, stopped) = (!events[0].revents().is_empty(), !events[1].revents().is_empty());
                if stopped || !happened || clock.wait(stop, SETTLE) {
                    return false;
                }
                drain(inotify);
                true
            }
        }
    }
}

/// Watches `directory` for new nodes and changed permissions.
fn watch(directory: &Path) -> Watch {
    let watch = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).and_then(|inotify| {
        inotify::add_watch(&inotify, directory, WatchFlags::CREATE | WatchFlags::ATTRIB | WatchFlags::MOVED_TO)?;
        Ok(inotify)
    });
    match watch {
        Ok(inotify) => Watch::Inotify(inotify),
        Err(errno) => {
            log::debug!("cannot watch {} ({errno}): looking every {SAFETY_POLL:?}", directory.display());
            Watch::Nothing
        }
    }
}

fn drain(inotify: &OwnedFd) {
    let mut buffer = [0; 4096];
    while rustix::io::read(inotify, &mut buffer).is_ok_and(|read| read > 0) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Simulated, System};

    #[test]
    fn a_new_node_ends_the_wait() {
        let directory = tempfile::tempdir().unwrap();
        let stop = Stop::new().unwrap();
        let mut watch = Watch::Directory(directory.path().to_owned());
        assert!(watch.wait(Duration::ZERO, &stop, &System), "what happened before is looked at");
        assert!(!watch.wait(Duration::from_millis(10), &stop, &System), "and then nothing did");
        std::fs::write(directory.path().join("video0"), "").unwrap();
        assert!(watch.wait(Duration::from_secs(60), &stop, &System));
        assert!(!watch.wait(Duration::from_millis(10), &stop, &System), "once");
        stop.stop();
        assert!(!watch.wait(Duration::from_secs(60), &stop, &System));
    }

    #[test]
    fn what_cannot_be_watched_is_looked_at_slowly() {
        let stop = Stop::new().unwrap();
        let mut watch = Watch::Directory("/nonexistent".into());
        watch.wait(Duration::ZERO, &stop, &System);
        assert!(matches!(watch, Watch::Nothing));
        let clock = Simulated::new();
        let before = clock.monotonic();
        assert!(!watch.wait(SAFETY_POLL, &stop, &*clock));
        assert_eq!(clock.monotonic() - before, SAFETY_POLL);
    }
}
