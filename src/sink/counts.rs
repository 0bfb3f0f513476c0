//! What came of the items offered to a sink: counted by its thread, read by capture's.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;

/// What came of the items offered to a sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SinkCounts {
    /// Written whole.
    pub written: u64,
    /// Not written, for one of the reasons.
    pub skipped: u64,
    /// Still in its queue.
    pub pending: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Skipped, by reason.
    pub skipped_by: SkippedBy,
}

impl SinkCounts {
    /// Items that were skipped, and are missing: nobody misses what nobody watched.
    pub(crate) fn missed(&self) -> u64 {
        self.skipped - self.skipped_by.unwatched
    }
}

/// Why items were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SkippedBy {
    /// The sink was still busy with those before, or at the end did not finish in time.
    pub slow: u64,
    /// The camera had no other buffer left: it gets this one rather than the sink.
    pub no_buffer: u64,
    /// Writing failed, as on a full disk.
    pub failed: u64,
    /// The sink cannot take the stream's format.
    pub refused: u64,
    /// Nobody watched.
    pub unwatched: u64,
}

impl SkippedBy {
    /// Each reason with its count.
    pub(crate) fn each(&self) -> [(&'static str, u64); 5] {
        let SkippedBy { slow, no_buffer, failed, refused, unwatched } = *self;
        [("slow", slow), ("no_buffer", no_buffer), ("failed", failed), ("refused", refused), ("unwatched", unwatched)]
    }

    /// All of them together.
    pub(crate) fn all(&self) -> u64 {
        self.each().iter().map(|(_, count)| count).sum()
    }
}

/// The same while it goes on.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) written: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) slow: AtomicU64,
    pub(crate) no_buffer: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) unwatched: AtomicU64,
}

impl Counts {
    /// As they are now, with so many items pending. Whoever calls this holds the lock under which an item goes from pending to
    /// one of the counts, or the sum would be off by it.
    pub(crate) fn with_pending(&self, pending: usize) -> SinkCounts {
        let skipped_by = SkippedBy {
            slow: self.slow.load(Relaxed),
            no_buffer: self.no_buffer.load(Relaxed),
            failed: self.failed.load(Relaxed),
            refused: self.refused.load(Relaxed),
            unwatched: self.unwatched.load(Relaxed),
        };
        SinkCounts {
            written: self.written.load(Relaxed),
            skipped: skipped_by.all(),
            pending: pending as u64,
            bytes: self.bytes.load(Relaxed),
            skipped_by,
        }
    }
}
