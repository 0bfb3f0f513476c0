//! The thread that hashes passwords: some milliseconds each, for which nobody's picture has to wait.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use sha_crypt::{PasswordVerifier, ShaCrypt};

use super::Shared;
use crate::threads;

/// Passwords that wait: of one address, and in all.
const MOST_OF_ONE: usize = 32;
const MOST_WAITING: usize = 256;

/// A password that is to be looked at, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    /// Which request's.
    pub(super) ticket: u64,
    pub(super) peer: IpAddr,
    pub(super) password: Vec<u8>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Attempt>,
    /// Whose turn it was, the last one last.
    served: Vec<IpAddr>,
    /// With whether it was right.
    done: Vec<(Attempt, bool)>,
    is_ending: bool,
}

struct Desk {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Desk {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its thread ends when it is dropped.
pub(super) struct Verifier(Arc<Desk>);

impl Verifier {
    /// Compares with this hash, and wakes the server for each that is done.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn start(hash: String, shared: Arc<Shared>) -> io::Result<Self> {
        let desk = Arc::new(Desk { queue: Mutex::default(), changed: Condvar::new() });
        let own = Arc::clone(&desk);
        let after = Arc::clone(&desk);
        let work = move || {
            // A third of what the others get where all are busy: guesses cost no pictures, and the owner's turn comes
            // nevertheless. On Linux, process 0 is this thread.
            let _ = rustix::process::setpriority_process(None, 5);
            while let Some(attempt) = next(&own) {
                let is_right = ShaCrypt::default().verify_password(&attempt.password, hash.as_str()).is_ok();
                own.queue().done.push((attempt, is_right));
                shared.wake();
            }
        };
        threads::spawn("password", 128 * 1024, work, move |_| after.queue().is_ending = true)?;
        Ok(Verifier(desk))
    }

    /// Has this looked at; whether there is room for it.
    pub(super) fn ask(&self, attempt: Attempt) -> bool {
        let mut queue = self.0.queue();
        let of_peer = queue.waiting.iter().filter(|waiting| waiting.peer == attempt.peer).count();
        let has_room = !queue.is_ending && of_peer < MOST_OF_ONE && queue.waiting.len() < MOST_WAITING;
        if has_room {
            queue.waiting.push_back(attempt);
            self.0.changed.notify_one();
        }
        has_room
    }

    /// What is done since the last time.
    pub(super) fn take(&self) -> Vec<(Attempt, bool)> {
        std::mem::take(&mut self.0.queue().done)
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.0.queue().is_ending = true;
        self.0.changed.notify_one();
    }
}

/// The next one: of the address whose turn was longest ago, so that one that guesses leaves others theirs. `None`: the end.
fn next(desk: &Desk) -> Option<Attempt> {
    let mut queue = desk.queue();
    loop {
        if queue.is_ending {
            return None;
        }
        let Queue { waiting, served, .. } = &mut *queue;
        let turn =
            |attempt: &Attempt| served.iter().position(|peer| *peer == attempt.peer).map_or(0, |place| place + 1);
        let longest_ago = (0..waiting.len()).min_by_key(|index| waiting.get(*index).map(turn));
        if let Some(attempt) = longest_ago.and_then(|index| waiting.remove(index)) {
            served.retain(|peer| *peer != attempt.peer);
            served.push(attempt.peer);
            if served.len() > MOST_WAITING {
                served.remove(0);
            }
            return Some(attempt);
        }
        queue = desk.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_take_turns() {
        let desk = Desk { queue: Mutex::default(), changed: Condvar::new() };
        let attempt = |ticket, host| Attempt { ticket, peer: IpAddr::from([10, 0, 0, host]), password: b"a".to_vec() };
        let order = [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 3)];
        desk.queue().waiting.extend(order.map(|(ticket, host)| attempt(ticket, host)));
        let served: Vec<_> = order.iter().map(|_| next(&desk).unwrap().ticket).collect();
        assert_eq!(served, [1, 4, 6, 2, 5, 3]);
    }
}
