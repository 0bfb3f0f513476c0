//! The books of a sink: whatever it does, offered = written + skipped + pending.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::format::{Format, FourCC, PlaneFormat, Size};
use crate::frame::Payload;
use crate::v4l2::buffers::{MAX_PLANES, Pool};

fn format() -> Arc<Format> {
    Arc::new(Format::new(
        FourCC::GREY,
        Size { width: 16, height: 16 },
        vec![PlaneFormat { bytesperline: 16, sizeimage: 256 }],
    ))
}

fn frame(pool: &Arc<Pool>, corrupt: bool) -> Option<Frame> {
    let lease = pool.produce(|_| {})?;
    let mut payloads = [Payload::default(); MAX_PLANES];
    payloads[0].length = 256;
    let metadata = Metadata { queue_depth: pool.queue_depth(), corrupt, ..Metadata::default() };
    Some(Frame::new(metadata, payloads, lease))
}

/// Does at each write what it is told.
struct Told {
    orders: Receiver<io::Result<u64>>,
    refuses: bool,
}

impl Sink for Told {
    type Item = Frame;
    const HOLDS_BACK: bool = false;

    fn start(&mut self, _: &StreamInfo) -> Result<(), String> {
        if self.refuses { Err("not this format".to_owned()) } else { Ok(()) }
    }

    fn write(&mut self, _: &Frame) -> io::Result<u64> {
        self.orders.recv().unwrap_or(Ok(0))
    }
}

/// Dies at the first write.
struct Dies;

impl Sink for Dies {
    type Item = Frame;
    const HOLDS_BACK: bool = false;

    fn start(&mut self, _: &StreamInfo) -> Result<(), String> {
        Ok(())
    }

    fn write(&mut self, _: &Frame) -> io::Result<u64> {
        panic!("as it should")
    }
}

#[test]
fn a_sink_that_dies_keeps_no_buffer_and_is_a_failure() {
    let sink = SinkThread::start("dies".to_owned(), Dies, 1, false).unwrap();
    sink.start(&StreamInfo::of(format(), 4));
    let pool = Pool::in_software(4, format()).unwrap();
    let mut offered = 0;
    let mut offer = || {
        sink.offer(&frame(&pool, false).unwrap());
        offered += 1;
    };
    (0..2).for_each(|_| offer());
    crate::clock::until("its end", || sink.has_failed().then_some(()));
    (0..3).for_each(|_| offer());
    assert!(pool.all_returned() && sink.is_closed());
    let counts = end(&sink);
    assert_eq!((counts.pending, counts.written, counts.skipped_by.failed), (0, 0, offered));
}

fn told(buffers: u32, refuses: bool) -> (SinkThread<Frame>, Sender<io::Result<u64>>, Arc<Pool>) {
    let (orders, receiver) = channel();
    let sink = SinkThread::start("told".to_owned(), Told { orders: receiver, refuses }, 1, false).unwrap();
    sink.start(&StreamInfo::of(format(), buffers));
    (sink, orders, Pool::in_software(buffers, format()).unwrap())
}

fn end<T: Item>(sink: &SinkThread<T>) -> SinkCounts {
    sink.end();
    sink.join(Instant::now() + Duration::from_secs(10));
    sink.counts()
}

#[test]
fn a_slow_sink_skips_and_leaves_buffers_to_the_driver() {
    let (sink, orders, pool) = told(4, false);
    let mut offered = 0;
    for _ in 0..20 {
        let frame = frame(&pool, false).expect("the driver always has a buffer");
        sink.offer(&frame);
        offered += 1;
    }
    let counts = sink.counts();
    assert_eq!((counts.pending, counts.skipped_by.slow), (2, 18), "one being written, one waiting");
    (0..2).for_each(|_| orders.send(Ok(256)).unwrap());
    let counts = end(&sink);
    assert_eq!((counts.written, counts.bytes, counts.pending), (2, 512, 0));
    assert_eq!(counts.written + counts.skipped, offered);
    assert!(pool.all_returned());
}

#[test]
fn the_cameras_last_buffer_is_not_for_a_sink() {
    let (sink, orders, pool) = told(2, false);
    let kept = frame(&pool, false).unwrap();
    let last = frame(&pool, false).unwrap();
    assert_eq!(last.metadata().queue_depth, 0);
    sink.offer(&last);
    sink.offer(&kept);
    drop((last, kept));
    orders.send(Ok(1)).unwrap();
    let counts = end(&sink);
    assert_eq!((counts.skipped_by.no_buffer, counts.written), (1, 1));
}

#[test]
fn failures_are_counted_and_the_disk_is_left_in_peace_for_a_moment() {
    let (sink, orders, pool) = told(8, false);
    orders.send(Err(io::Error::from(io::ErrorKind::StorageFull))).unwrap();
    for _ in 0..5 {
        sink.offer(&frame(&pool, false).unwrap());
    }
    // Only one order was given: had it tried again, it would wait for another.
    drop(orders);
    let counts = end(&sink);
    assert_eq!((counts.skipped_by.failed, counts.written), (5, 0));
    assert!(!sink.is_closed());
}

#[test]
fn a_reader_that_went_closes_the_sink() {
    let (sink, orders, pool) = told(4, false);
    orders.send(Err(NoReader::AnyMore.into())).unwrap();
    (0..2).for_each(|_| sink.offer(&frame(&pool, false).unwrap()));
    let counts = end(&sink);
    assert!(sink.is_closed());
    assert_eq!(counts.skipped_by.unwatched, 2, "nobody misses them");
}

#[test]
fn a_fifo_without_a_reader_is_no_failure_and_is_tried_with_each_frame() {
    let (sink, orders, pool) = told(8, false);
    for order in [Err(NoReader::Yet.into()), Err(NoReader::Yet.into()), Ok(256)] {
        orders.send(order).unwrap();
    }
    (0..3).for_each(|_| sink.offer(&frame(&pool, false).unwrap()));
    let counts = end(&sink);
    assert_eq!((counts.skipped_by.unwatched, counts.skipped, counts.written), (2, 2, 1));
    assert!(!sink.is_closed());
}

#[test]
fn a_skip_is_told_with_what_helps() {
    let warning = skip_warning::<Frame>("raw -", 4);
    assert!(warning.starts_with("raw -: too slow") && warning.contains("--buffers, now 4, at most 32"), "{warning}");
    assert!(!skip_warning::<Frame>("raw -", 32).contains("--buffers"));
    assert!(!skip_warning::<Metadata>("frames", 4).contains("--buffers"), "it holds none");
}

#[test]
fn a_refused_format_and_corrupt_frames_are_not_written() {
    let (sink, _orders, pool) = told(4, true);
    sink.offer(&frame(&pool, true).unwrap());
    sink.offer(&frame(&pool, false).unwrap());
    let counts = end(&sink);
    assert_eq!((counts.skipped_by.refused, counts.skipped), (1, 1), "the corrupt one was none of its business");
}

#[test]
fn a_sink_that_does_not_end_is_left_behind_with_its_frames_counted() {
    let (sink, _orders, pool) = told(4, false);
    sink.offer(&frame(&pool, false).unwrap());
    sink.offer(&frame(&pool, false).unwrap());
    sink.end();
    // As if it had been waited for until now.
    sink.join(Instant::now() - Duration::from_secs(60));
    let counts = sink.counts();
    assert_eq!((counts.written, counts.skipped_by.slow, counts.pending), (0, 2, 0));
}

/// Holds back what it is given and fails to write it out.
struct Forgetful;

impl Sink for Forgetful {
    type Item = Metadata;
    const HOLDS_BACK: bool = true;

    fn start(&mut self, _: &StreamInfo) -> Result<(), String> {
        Ok(())
    }

    fn write(&mut self, _: &Metadata) -> io::Result<u64> {
        Ok(10)
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }
}

#[test]
fn what_was_held_back_and_never_written_counts_as_failed() {
    let sink = SinkThread::start("forgetful".to_owned(), Forgetful, 0, true).unwrap();
    let pool = Pool::in_software(4, format()).unwrap();
    sink.start(&StreamInfo::of(format(), 4));
    (0..3).for_each(|_| sink.offer(&frame(&pool, true).unwrap()));
    let counts = end(&sink);
    assert_eq!((counts.written, counts.bytes, counts.skipped_by.failed), (0, 0, 3));
}
