//! Waiting for a device, a stop or a time, at the least cost a frame.
//!
//! An epoll set keeps the three descriptors registered, and a timer descriptor the time, which changes far less often than
//! frames come: poll(2) would register both anew for each frame, which costs a tenth of what a frame costs altogether.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime};

use crate::stop::{Stop, timespec};

pub(super) struct Wait {
    epoll: OwnedFd,
    timer: OwnedFd,
    /// When the timer goes off, on CLOCK_MONOTONIC.
    armed: Option<Duration>,
}

/// What ended a wait; nothing of it: the time, or an interruption.
pub(super) struct Woken {
    /// What there is to do at the device.
    pub(super) device: EventFlags,
    /// The end was asked for.
    pub(super) stop: bool,
}

const DEVICE: u64 = 0;
const STOP: u64 = 1;
const TIMER: u64 = 2;

impl Wait {
    /// Gets ready to wait for frames and events of `device`, and for `stop`.
    pub(super) fn new(device: BorrowedFd<'_>, stop: &Stop) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        epoll::add(&epoll, device, EventData::new_u64(DEVICE), EventFlags::IN | EventFlags::PRI)?;
        epoll::add(&epoll, stop, EventData::new_u64(STOP), EventFlags::IN)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN)?;
        Ok(Wait { epoll, timer, armed: None })
    }

    /// Waits for something to happen, but not after `until` (on CLOCK_MONOTONIC). It may end earlier, at a time that was
    /// given before: so times that move on with each frame do not cost a system call each.
    pub(super) fn wait(&mut self, until: Duration) -> io::Result<Woken> {
        if self.armed.is_none_or(|armed| until < armed) {
            let time = Itimerspec { it_interval: timespec(Duration::ZERO), it_value: timespec(until.max(SOONEST)) };
            timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &time)?;
            self.armed = Some(until);
        }
        let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 3];
        let count = match epoll::wait(&self.epoll, &mut events[..], None) {
            Ok(count) => count,
            Err(Errno::INTR) => 0,
            Err(errno) => return Err(errno.into()),
        };
        let mut woken = Woken { device: EventFlags::empty(), stop: false };
        for event in events.iter().take(count) {
            match event.data.u64() {
                DEVICE => woken.device = event.flags,
                STOP => woken.stop = true,
                // The next wait arms it anew, which takes the expiry with it.
                _ => self.armed = None,
            }
        }
        Ok(woken)
    }
}

/// A timer set to zero would be a timer unset.
const SOONEST: Duration = Duration::from_nanos(1);

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::clock::monotonic;

    #[test]
    fn it_ends_at_the_time_at_the_device_or_at_the_stop() {
        let (device, other_end) = rustix::pipe::pipe().unwrap();
        let stop = Stop::new().unwrap();
        let mut wait = Wait::new(device.as_fd(), &stop).unwrap();

        let until = monotonic() + Duration::from_millis(20);
        let woken = wait.wait(until).unwrap();
        assert!(monotonic() >= until && woken.device.is_empty() && !woken.stop);
        // A time that is past ends it at once, and so does none at all.
        for until in [until, Duration::ZERO] {
            assert!(wait.wait(until).unwrap().device.is_empty());
        }

        rustix::io::write(&other_end, b"frame").unwrap();
        assert!(wait.wait(monotonic() + Duration::from_secs(60)).unwrap().device.contains(EventFlags::IN));
        stop.stop();
        assert!(wait.wait(Duration::MAX).unwrap().stop);
    }

    #[test]
    fn a_later_time_does_not_arm_the_timer_anew_and_an_earlier_one_does() {
        let (device, other_end) = rustix::pipe::pipe().unwrap();
        let mut wait = Wait::new(device.as_fd(), &Stop::new().unwrap()).unwrap();
        let now = monotonic();
        let soon = now + Duration::from_millis(30);
        wait.armed = None;
        rustix::io::write(&other_end, b"frame").unwrap();
        wait.wait(soon).unwrap();
        wait.wait(soon + Duration::from_secs(5)).unwrap();
        assert_eq!(wait.armed, Some(soon));
        wait.wait(now).unwrap();
        assert!(wait.armed.is_none_or(|armed| armed == now));
    }
}
