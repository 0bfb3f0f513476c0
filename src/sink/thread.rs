//! A sink's thread, its bounded queue, and the count of what came of every item.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::output::NoReader;
use super::{Counts, Outlet, Patience, Sink, SinkCounts, lease_limit};
use crate::clock::System;
use crate::frame::{Frame, Metadata};
use crate::repeated::Repeated;
use crate::source::StreamInfo;
use crate::threads::{self, End};
use crate::v4l2::buffers::MAX_BUFFERS;

/// How much metadata may wait for a slow disk: half a minute of it at 30 fps.
const METADATA_QUEUE: usize = 1024;
/// How long records may be held back.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);
/// How long a sink leaves a full or failing disk in peace.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// What a sink takes out of a frame.
pub(super) trait Item: Send + Sized + 'static {
    fn of(frame: &Frame) -> Self;
    /// How many a sink may hold, waiting or being written, where `holders` sinks share a stream of `buffers`.
    fn limit(buffers: usize, holders: usize) -> usize;
    /// Whether taking it keeps a buffer from the camera.
    const HOLDS_BUFFER: bool;
}

impl Item for Frame {
    const HOLDS_BUFFER: bool = true;

    fn of(frame: &Frame) -> Self {
        frame.clone()
    }

    fn limit(buffers: usize, holders: usize) -> usize {
        lease_limit(buffers, holders)
    }
}

impl Item for Metadata {
    const HOLDS_BUFFER: bool = false;

    fn of(frame: &Frame) -> Self {
        *frame.metadata()
    }

    fn limit(_: usize, _: usize) -> usize {
        METADATA_QUEUE
    }
}

/// A sink on a thread of its own.
pub(super) struct SinkThread<T> {
    name: String,
    takes_corrupt: bool,
    holders: usize,
    patience: Patience,
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    queue: Mutex<Queue<T>>,
    /// Told when there is something to do, when the thread waits for it.
    work: Condvar,
    /// Told when the thread has ended.
    ended: Condvar,
    counts: Counts,
    closed: AtomicBool,
}

struct Queue<T> {
    messages: VecDeque<Message<T>>,
    /// Items in `messages`, and the one being written.
    held: usize,
    limit: usize,
    /// The stream's buffers.
    buffers: usize,
    waiting: bool,
    ending: bool,
    ended: bool,
    /// The thread died.
    failed: bool,
    /// A skipped item was told of.
    warned: bool,
    /// Nobody waits for the thread any more: what it still holds was counted as skipped.
    abandoned: bool,
}

enum Message<T> {
    Start(StreamInfo),
    Item(T),
}

impl<T> Shared<T> {
    /// The thread has ended. What a dead one held goes back to the camera, and counts as failed, as all that comes does.
    fn finish(&self, end: End) {
        let mut queue = self.queue();
        queue.ended = true;
        if end == End::Panicked {
            queue.failed = true;
            self.closed.store(true, Relaxed);
            if !queue.abandoned {
                queue.abandoned = true;
                self.counts.failed.fetch_add(std::mem::take(&mut queue.held) as u64, Relaxed);
            }
        }
        let messages = std::mem::take(&mut queue.messages);
        drop(queue);
        drop(messages);
        self.ended.notify_all();
    }

    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        // A sink that panicked left the queue as it was between two statements; the counts stay right.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Item> SinkThread<T> {
    pub(super) fn start(
        name: String,
        sink: impl Sink<Item = T>,
        holders: usize,
        takes_corrupt: bool,
    ) -> io::Result<Self> {
        let queue = Queue {
            messages: VecDeque::with_capacity(T::limit(MAX_BUFFERS as usize, 1) + 2),
            held: 0,
            limit: 0,
            buffers: 0,
            waiting: false,
            ending: false,
            ended: false,
            failed: false,
            warned: false,
            abandoned: false,
        };
        let patience = sink.patience();
        let shared = Arc::new(Shared {
            queue: Mutex::new(queue),
            work: Condvar::new(),
            ended: Condvar::new(),
            counts: Counts::default(),
            closed: AtomicBool::new(false),
        });
        let worker = Worker {
            name: name.clone(),
            sink,
            shared: Arc::clone(&shared),
            repeated: Repeated::new(Arc::new(System)),
            refused: true,
            troubled: None,
            is_unread: false,
            held_back: None,
        };
        let after = Arc::clone(&shared);
        threads::spawn("sink", 256 * 1024, move || worker.run(), move |end| after.finish(end))?;
        Ok(SinkThread { name, takes_corrupt, holders, patience, shared })
    }

    fn send(&self, mut queue: MutexGuard<'_, Queue<T>>, message: Message<T>) {
        queue.messages.push_back(message);
        // Waking a thread is a system call: only when it sleeps.
        if std::mem::take(&mut queue.waiting) {
            drop(queue);
            self.shared.work.notify_one();
        }
    }
}

impl<T: Item> Outlet for SinkThread<T> {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&self, stream: &StreamInfo) {
        let mut queue = self.shared.queue();
        queue.buffers = stream.buffers as usize;
        queue.limit = T::limit(queue.buffers, self.holders);
        // Streams that came to nothing before a blocked sink looked are not its business.
        if matches!(queue.messages.back(), Some(Message::Start(_))) {
            queue.messages.pop_back();
        }
        self.send(queue, Message::Start(stream.clone()));
    }

    fn offer(&self, frame: &Frame) {
        let metadata = frame.metadata();
        if metadata.corrupt && !self.takes_corrupt {
            return;
        }
        let counts = &self.shared.counts;
        let mut queue = self.shared.queue();
        let skipped = if queue.failed {
            &counts.failed
        } else if T::HOLDS_BUFFER && metadata.queue_depth == 0 && queue.buffers > 1 {
            &counts.no_buffer
        } else if queue.held >= queue.limit {
            &counts.slow
        } else {
            queue.held += 1;
            return self.send(queue, Message::Item(T::of(frame)));
        };
        skipped.fetch_add(1, Relaxed);
        if !queue.failed && !std::mem::replace(&mut queue.warned, true) {
            let buffers = queue.buffers;
            drop(queue);
            log::warn!("{}", skip_warning::<T>(&self.name, buffers));
        }
    }

    fn is_closed(&self) -> bool {
        self.shared.closed.load(Relaxed)
    }

    fn has_failed(&self) -> bool {
        self.shared.queue().failed
    }

    fn counts(&self) -> SinkCounts {
        let queue = self.shared.queue();
        self.shared.counts.with_pending(queue.held)
    }

    fn end(&self) {
        self.shared.queue().ending = true;
        self.shared.work.notify_one();
    }

    fn join(&self, began: Instant) {
        let Patience { items, record } = self.patience;
        let mut queue = self.shared.queue();
        while !queue.ended {
            let waited = began.elapsed();
            if !queue.abandoned && waited >= items {
                log::warn!("{}: did not finish within {items:?}, {} frames are not written", self.name, queue.held);
                queue.abandoned = true;
                queue.messages.clear();
                let held = std::mem::take(&mut queue.held) as u64;
                self.shared.counts.slow.fetch_add(held, Relaxed);
            }
            let until = if queue.abandoned { record } else { items };
            let left = until.saturating_sub(waited);
            if left.is_zero() {
                return;
            }
            queue = self.shared.ended.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// What is logged of the first item that a sink skips.
fn skip_warning<T: Item>(name: &str, buffers: usize) -> String {
    let more = match buffers {
        _ if !T::HOLDS_BUFFER => String::new(),
        now if now < MAX_BUFFERS as usize => format!("more buffers (--buffers, now {now}, at most {MAX_BUFFERS}), "),
        _ => String::new(),
    };
    format!(
        "{name}: too slow for the camera, so frames are skipped: {more}a faster disk or reader, a smaller --size or a lower --fps helps"
    )
}

struct Worker<S: Sink<Item = T>, T> {
    name: String,
    sink: S,
    shared: Arc<Shared<T>>,
    /// A camera that comes and goes, or a disk that is nearly full, changes this often.
    repeated: Repeated,
    /// The stream's format is refused (or none started yet).
    refused: bool,
    /// When writing failed last.
    troubled: Option<Instant>,
    /// Nobody reads the FIFO, as was told.
    is_unread: bool,
    /// What is held back since when: counted as written, until writing it out fails.
    held_back: Option<HeldBack>,
}

#[derive(Clone, Copy)]
enum Outcome {
    Written(u64),
    Failed,
    Refused,
    Unwatched,
}

struct HeldBack {
    since: Instant,
    items: u64,
    bytes: u64,
}

impl<S: Sink<Item = T>, T: Item> Worker<S, T> {
    fn run(mut self) {
        while let Some(message) = self.next() {
            match message {
                Message::Start(stream) => {
                    let refusal = self.sink.start(&stream).err();
                    self.refused = refusal.is_some();
                    refusal.iter().for_each(|reason| self.repeated.error(format!("{}: {reason}", self.name)));
                }
                Message::Item(item) => {
                    let outcome = self.write(&item);
                    // The lease goes before the count: a buffer is back before its frame counts as done.
                    drop(item);
                    self.count(outcome);
                }
            }
        }
        self.flush();
    }

    fn count(&mut self, outcome: Outcome) {
        {
            let mut queue = self.shared.queue();
            if queue.abandoned {
                return;
            }
            queue.held -= 1;
            let counts = &self.shared.counts;
            match outcome {
                Outcome::Written(bytes) => {
                    counts.written.fetch_add(1, Relaxed);
                    counts.bytes.fetch_add(bytes, Relaxed);
                }
                Outcome::Failed => {
                    counts.failed.fetch_add(1, Relaxed);
                }
                Outcome::Refused => {
                    counts.refused.fetch_add(1, Relaxed);
                }
                Outcome::Unwatched => {
                    counts.unwatched.fetch_add(1, Relaxed);
                }
            }
        }
        match outcome {
            Outcome::Written(bytes) if S::HOLDS_BACK => self.hold_back(bytes),
            _ => {}
        }
    }

    /// The next message; `None` when all is done. Flushes while it waits.
    fn next(&mut self) -> Option<Message<T>> {
        let shared = Arc::clone(&self.shared);
        loop {
            let flush_in = self.held_back.as_ref().map(|held| FLUSH_INTERVAL.saturating_sub(held.since.elapsed()));
            if flush_in == Some(Duration::ZERO) {
                self.flush();
                continue;
            }
            let mut queue = shared.queue();
            if let Some(message) = queue.messages.pop_front() {
                return Some(message);
            }
            if queue.ending {
                return None;
            }
            queue.waiting = true;
            match flush_in {
                None => drop(shared.work.wait(queue).unwrap_or_else(PoisonError::into_inner)),
                Some(left) => drop(shared.work.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner)),
            }
        }
    }

    fn write(&mut self, item: &T) -> Outcome {
        if self.refused {
            return Outcome::Refused;
        }
        if self.shared.closed.load(Relaxed) {
            return Outcome::Unwatched;
        }
        if self.troubled.is_some_and(|since| since.elapsed() < FAILURE_PAUSE) {
            return Outcome::Failed;
        }
        match self.sink.write(item) {
            Ok(bytes) => {
                if !S::HOLDS_BACK {
                    self.works();
                }
                Outcome::Written(bytes)
            }
            Err(error) => self.failed(&error),
        }
    }

    fn hold_back(&mut self, bytes: u64) {
        let held = self.held_back.get_or_insert_with(|| HeldBack { since: Instant::now(), items: 0, bytes: 0 });
        held.items += 1;
        held.bytes += bytes;
        if self.sink.is_flush_due() {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let Some(held) = self.held_back.take() else { return };
        match self.sink.flush() {
            Ok(()) => self.works(),
            Err(error) => {
                let outcome = self.failed(&error);
                let _guard = self.shared.queue();
                let counts = &self.shared.counts;
                counts.written.fetch_sub(held.items, Relaxed);
                counts.bytes.fetch_sub(held.bytes, Relaxed);
                let lost = if matches!(outcome, Outcome::Unwatched) { &counts.unwatched } else { &counts.failed };
                lost.fetch_add(held.items, Relaxed);
            }
        }
    }

    fn works(&mut self) {
        if self.troubled.take().is_some() || std::mem::take(&mut self.is_unread) {
            self.repeated.info(format!("{}: writing again", self.name));
        }
    }

    /// Tells of a failure, and answers what it makes of the item.
    fn failed(&mut self, error: &io::Error) -> Outcome {
        match NoReader::of(error) {
            Some(NoReader::AnyMore) => {
                log::info!("{}: {error}", self.name);
                self.shared.closed.store(true, Relaxed);
                Outcome::Unwatched
            }
            Some(NoReader::Yet) => {
                if !std::mem::replace(&mut self.is_unread, true) {
                    let name = &self.name;
                    self.repeated.info(format!("{name}: {error}: frames are left out until somebody does"));
                }
                Outcome::Unwatched
            }
            None => {
                // Once, and again when it had worked in between.
                if self.troubled.is_none() {
                    let name = &self.name;
                    self.repeated
                        .error(format!("{name}: cannot write: {error}; frames are skipped until it works again"));
                }
                self.troubled = Some(Instant::now());
                Outcome::Failed
            }
        }
    }
}

#[cfg(test)]
mod tests;
