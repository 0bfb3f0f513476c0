//! Whether the program was started with its standard output closed (`>&-`). Rust opens /dev/null in its place before `main`
//! begins, so that what is written there would go nowhere and count as written.
#![allow(unsafe_code, reason = "the one way to run before Rust's own start")]

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether standard output goes anywhere.
///
/// # Errors
/// Where it was closed when the program started.
pub fn stdout_is_open() -> anyhow::Result<()> {
    if CLOSED.load(Relaxed) {
        anyhow::bail!(
            "standard output is closed, and what would be written there would be lost: give a file or a program"
        );
    }
    Ok(())
}

extern "C" fn look() {
    CLOSED.store(rustix::io::fcntl_getfd(rustix::stdio::stdout()) == Err(rustix::io::Errno::BADF), Relaxed);
}

// SAFETY: the C library calls each pointer in this section once, before `main`; `look` is a function of C's convention that
// needs nothing of Rust's start: one system call and one store.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;
