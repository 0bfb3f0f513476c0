//! Telling systemd how it goes (sd_notify): READY, STATUS, WATCHDOG, STOPPING. Without systemd all of it does nothing.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::capture::Health;

/// The service manager that started us, if any.
#[derive(Debug)]
pub(crate) struct Notify {
    /// Whether there is a service manager to tell.
    pub(crate) is_heard: bool,
    ready: bool,
    watchdog: Option<Watchdog>,
}

#[derive(Debug)]
struct Watchdog {
    interval: Duration,
    due: Duration,
}

impl Notify {
    /// Finds out whether a watchdog waits for us.
    pub(crate) fn new(now: Duration) -> Self {
        // Twice as often as asked, as sd_watchdog_enabled(3) recommends.
        let watchdog = sd_notify::watchdog_enabled().map(|limit| Watchdog { interval: limit / 2, due: now });
        Notify { is_heard: std::env::var_os("NOTIFY_SOCKET").is_some(), ready: false, watchdog }
    }

    /// The configuration holds, and the camera is captured from or waited for: the unit has started.
    pub(crate) fn ready(&mut self) {
        if !std::mem::replace(&mut self.ready, true) {
            send(&[NotifyState::Ready]);
        }
    }

    /// How it goes, for `systemctl status`.
    pub(crate) fn status(&self, text: &str) {
        send(&[NotifyState::Status(text)]);
    }

    /// Feeds the watchdog when that is due, unless there is a camera that does not deliver: a restart of the unit is then
    /// what may help.
    pub(crate) fn watchdog(&mut self, now: Duration, health: Health) {
        if let Some(watchdog) = self.watchdog.as_mut().filter(|watchdog| now >= watchdog.due) {
            if health != Health::Failing {
                send(&[NotifyState::Watchdog]);
            }
            watchdog.due = now + watchdog.interval;
        }
    }

    /// When the watchdog is to be fed next.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.watchdog.as_ref().map(|watchdog| watchdog.due)
    }

    /// The end has begun.
    pub(crate) fn stopping(&self) {
        send(&[NotifyState::Stopping]);
    }
}

fn send(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        log::debug!("cannot notify the service manager: {error}");
    }
}
