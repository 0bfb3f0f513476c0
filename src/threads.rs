//! Threads whose end is noticed, however it comes: nobody waits for one that is gone, and nothing stays with it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};

/// How a thread ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Returned,
    /// By a panic, which is a mistake in picam.
    Panicked,
}

/// Runs `work` on a thread of this name and stack size in bytes, and `after` at its end. What `work` owned is gone by then.
///
/// # Errors
/// The system has no thread left.
pub(crate) fn spawn(
    name: &str,
    stack: usize,
    work: impl FnOnce() + Send + 'static,
    after: impl FnOnce(End) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let called = name.to_owned();
    Builder::new().name(name.to_owned()).stack_size(stack).spawn(move || {
        // What is shared with it is behind locks that bear being left in the middle, and is not used by a dead thread again.
        let end = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(()) => End::Returned,
            Err(_) => {
                log::error!("the thread {called} failed: a mistake in picam, please report it with the lines above");
                End::Panicked
            }
        };
        after(end);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn either_end_is_told_after_what_it_owned_is_gone() {
        struct Owned(mpsc::Sender<&'static str>);
        impl Drop for Owned {
            fn drop(&mut self) {
                self.0.send("dropped").unwrap();
            }
        }
        for (panics, end) in [(false, "Returned"), (true, "Panicked")] {
            let (sender, receiver) = mpsc::channel();
            let (owned, told) = (Owned(sender.clone()), sender);
            let work = move || {
                let _owned = owned;
                assert!(!panics, "as asked");
            };
            let after = move |end| told.send(if end == End::Returned { "Returned" } else { "Panicked" }).unwrap();
            spawn("test", 64 * 1024, work, after).unwrap().join().unwrap();
            assert_eq!(receiver.iter().collect::<Vec<_>>(), ["dropped", end]);
        }
    }
}
