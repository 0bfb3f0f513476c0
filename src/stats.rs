//! Accounting: every frame that the driver numbered is delivered, lost or corrupt, and the figures say how it went.
//!
//! ```text
//! numbered = delivered + lost + corrupt
//! ```
//!
//! Each frame's sequence number tells how many the driver numbered since the frame before. Numbering begins with the first
//! dequeued frame of a stream, as not every driver starts at 0. Nothing here allocates once made.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::format::Rate;
use crate::frame::Metadata;
use crate::v4l2::buffers::MAX_BUFFERS;

/// How many frames came to what end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameCounts {
    /// Frames the driver numbered.
    pub numbered: u64,
    /// Frames dequeued whole and unflagged.
    pub delivered: u64,
    /// Frames missing from the driver's sequence: lost before they could be dequeued.
    pub lost: u64,
    /// Frames flagged `V4L2_BUF_FLAG_ERROR`, or shorter than their format.
    pub corrupt: u64,
}

/// The distribution of a time, in microseconds with two significant digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Distribution {
    /// Half are no longer.
    pub p50: u64,
    /// 95 of 100 are no longer.
    pub p95: u64,
    /// 99 of 100 are no longer.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

/// The distribution of the queue depth, in buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct QueueDepth {
    /// The least.
    pub min: u32,
    /// The median.
    pub p50: u32,
    /// The most.
    pub max: u32,
}

/// What happened in a span of time: since the start, or since the last summary.
#[derive(Clone, Debug)]
pub struct Stats {
    frames: FrameCounts,
    bytes: u64,
    restarts: u64,
    jitter: Times,
    interval: Times,
    latency: Times,
    depths: [u64; MAX_BUFFERS as usize + 1],
    /// Delivered frames that had another one of their stream before them, and the time between those.
    intervals: u64,
    time: Duration,
}

impl Default for Stats {
    fn default() -> Self {
        Stats {
            frames: FrameCounts::default(),
            bytes: 0,
            restarts: 0,
            jitter: Times::new(),
            interval: Times::new(),
            latency: Times::new(),
            depths: [0; MAX_BUFFERS as usize + 1],
            intervals: 0,
            time: Duration::ZERO,
        }
    }
}

impl Stats {
    /// How many frames came to what end.
    pub fn frames(&self) -> FrameCounts {
        self.frames
    }

    /// Bytes of the delivered frames.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Streams that were started after the first.
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Delivered frames per second while a stream ran, by dequeue time; `None` with fewer than two.
    pub fn fps(&self) -> Option<f64> {
        (!self.time.is_zero()).then(|| self.intervals as f64 / self.time.as_secs_f64())
    }

    /// How far the time between the driver's timestamps is from the frame interval.
    pub fn jitter(&self) -> Option<Distribution> {
        self.jitter.distribution()
    }

    /// From the driver's timestamp to the dequeue; `None` where the driver stamps with another clock.
    pub fn latency(&self) -> Option<Distribution> {
        self.latency.distribution()
    }

    /// The times between the driver's timestamps of frames in sequence, in [`Accounting::total`].
    pub(crate) fn interval_times(&self) -> &Times {
        &self.interval
    }

    /// The times of [`Stats::latency`].
    pub(crate) fn latency_times(&self) -> &Times {
        &self.latency
    }

    /// Buffers left with the driver at each dequeue.
    pub fn queue_depth(&self) -> Option<QueueDepth> {
        let all: u64 = self.depths.iter().sum();
        let depth_of = |nth: u64| {
            let mut seen = 0;
            self.depths.iter().position(|count| {
                seen += count;
                seen > nth
            })
        };
        let (min, p50, max) = (depth_of(0)?, depth_of((all - 1) / 2)?, depth_of(all - 1)?);
        Some(QueueDepth { min: min as u32, p50: p50 as u32, max: max as u32 })
    }

    /// Starts a new span where this one ends.
    fn restart(&mut self) {
        self.frames = FrameCounts::default();
        self.bytes = 0;
        self.restarts = 0;
        self.jitter.reset();
        self.interval.reset();
        self.latency.reset();
        self.depths.fill(0);
        self.intervals = 0;
        self.time = Duration::ZERO;
    }
}

/// Times in microseconds, with two significant digits.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    histogram: Histogram<u32>,
    sum: Duration,
}

impl Times {
    /// From 1 µs to a minute: longer counts as a minute.
    pub(crate) fn new() -> Self {
        #[allow(clippy::expect_used, reason = "constants, within the limits that hdrhistogram documents")]
        let histogram = Histogram::new_with_bounds(1, 60_000_000, 2).expect("valid bounds");
        Times { histogram, sum: Duration::ZERO }
    }

    pub(crate) fn record(&mut self, time: Duration) {
        self.histogram.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        self.sum += time;
    }

    pub(crate) fn distribution(&self) -> Option<Distribution> {
        let times = &self.histogram;
        let at = |quantile| times.value_at_quantile(quantile).min(times.max());
        (!times.is_empty()).then(|| Distribution { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: times.max() })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// How many are no longer than `us` microseconds.
    pub(crate) fn count_up_to(&self, us: u64) -> u64 {
        self.histogram.count_between(0, us)
    }

    /// All of them together.
    pub(crate) fn sum(&self) -> Duration {
        self.sum
    }

    pub(crate) fn reset(&mut self) {
        self.histogram.reset();
        self.sum = Duration::ZERO;
    }
}

/// Keeps the books of a capture: in all, since the last summary, and for the last second.
#[derive(Debug, Default)]
pub struct Accounting {
    total: Stats,
    recent: Stats,
    /// Only for those who ask for it.
    second: Option<Stats>,
    streams: u64,
    rate: Option<Rate>,
    last: Option<Last>,
    /// When the stream's last delivered frame was dequeued.
    last_delivered: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    sequence: u32,
    time: Duration,
    stuck: bool,
    interval: Option<Duration>,
}

impl Accounting {
    /// The figures since the start.
    pub fn total(&self) -> &Stats {
        &self.total
    }

    /// The figures since the last call of [`Accounting::next_span`].
    pub fn recent(&self) -> &Stats {
        &self.recent
    }

    /// Begins a new span for [`Accounting::recent`].
    pub fn next_span(&mut self) {
        self.recent.restart();
    }

    /// The figures since the last call of [`Accounting::next_second`], or since the start if there was none.
    pub(crate) fn second(&self) -> &Stats {
        self.second.as_ref().unwrap_or(&self.total)
    }

    /// Begins a new span for [`Accounting::second`].
    pub(crate) fn next_second(&mut self) {
        self.second.get_or_insert_default().restart();
    }

    fn spans(&mut self) -> impl Iterator<Item = &mut Stats> {
        [&mut self.total, &mut self.recent].into_iter().chain(&mut self.second)
    }

    /// A stream started: its driver numbers from anew.
    pub(crate) fn stream_started(&mut self, rate: Option<Rate>) {
        if self.streams > 0 {
            self.spans().for_each(|stats| stats.restarts += 1);
        }
        self.streams += 1;
        self.rate = rate;
        self.last = None;
        self.last_delivered = None;
    }

    /// A frame was dequeued.
    pub(crate) fn frame(&mut self, frame: &Metadata) {
        // Numbers that do not rise (a driver that counts anew, or not at all) begin a new run in which nothing is lost.
        let step =
            self.last.map(|last| frame.sequence.wrapping_sub(last.sequence)).filter(|step| (1..1 << 31).contains(step));
        let lost = step.map_or(0, |step| u64::from(step - 1));
        let timed_alike = self.last.filter(|last| last.stuck == frame.stuck);
        let interval = timed_alike.and_then(|last| frame.time().checked_sub(last.time));
        let jitter = match (interval, step, self.rate) {
            (Some(interval), Some(step), Some(rate)) => Some(interval.abs_diff(rate.interval() * step)),
            // Without a rate the interval before is the measure.
            (Some(interval), Some(1), None) => {
                self.last.and_then(|last| last.interval).map(|last| last.abs_diff(interval))
            }
            _ => None,
        };
        let latency = frame.dequeued.checked_sub(frame.timestamp).filter(|_| frame.is_monotonic());
        self.last = Some(Last { sequence: frame.sequence, time: frame.time(), stuck: frame.stuck, interval });
        let last_delivered = self.last_delivered;
        // Of the total alone, as nobody is told it of a shorter time.
        interval.filter(|_| step == Some(1)).into_iter().for_each(|interval| self.total.interval.record(interval));

        for stats in self.spans() {
            stats.frames.numbered += lost + 1;
            stats.frames.lost += lost;
            jitter.into_iter().for_each(|jitter| stats.jitter.record(jitter));
            latency.into_iter().for_each(|latency| stats.latency.record(latency));
            if let Some(count) = stats.depths.get_mut(frame.queue_depth as usize) {
                *count += 1;
            }
            if frame.corrupt {
                stats.frames.corrupt += 1;
                continue;
            }
            stats.frames.delivered += 1;
            stats.bytes += u64::from(frame.bytesused);
            if let Some(last) = last_delivered {
                stats.intervals += 1;
                stats.time += frame.dequeued.saturating_sub(last);
            }
        }
        if !frame.corrupt {
            self.last_delivered = Some(frame.dequeued);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use v4l::v4l_sys as sys;

    const MONOTONIC: u32 = sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;

    fn frame(sequence: u32, at_ms: u64, corrupt: bool) -> Metadata {
        let timestamp = Duration::from_millis(1_000_000 + at_ms);
        let dequeued = timestamp + Duration::from_micros(700);
        let whole = Metadata { bytesused: 100, flags: MONOTONIC, queue_depth: 3, ..Metadata::default() };
        Metadata { sequence, timestamp, dequeued, corrupt, ..whole }
    }

    fn fps(fps: u32) -> Option<Rate> {
        Some(Rate { numerator: fps, denominator: 1 })
    }

    #[test]
    fn gaps_are_lost_and_flags_are_corrupt() {
        let mut accounting = Accounting::default();
        accounting.stream_started(fps(100));
        for (sequence, corrupt) in [(7, false), (8, true), (11, false), (12, false)] {
            accounting.frame(&frame(sequence, u64::from(sequence) * 10, corrupt));
        }
        let total = accounting.total();
        assert_eq!(total.frames(), FrameCounts { numbered: 6, delivered: 3, lost: 2, corrupt: 1 });
        assert_eq!(total.bytes(), 300);
        assert_eq!(total.jitter().unwrap().max, 0, "a gap of three intervals is no jitter");
        assert!(total.latency().unwrap().p50.abs_diff(700) <= 7, "two digits");
        assert_eq!(total.queue_depth(), Some(QueueDepth { min: 3, p50: 3, max: 3 }));
        assert!((total.fps().unwrap() - 2.0 / 0.05).abs() < 0.01);
    }

    #[test]
    fn sequence_numbers_wrap_and_may_begin_anywhere() {
        let mut accounting = Accounting::default();
        accounting.stream_started(None);
        for sequence in [u32::MAX - 1, u32::MAX, 0, 2] {
            accounting.frame(&frame(sequence, 0, false));
        }
        assert_eq!(accounting.total().frames(), FrameCounts { numbered: 5, delivered: 4, lost: 1, corrupt: 0 });
    }

    #[test]
    fn a_driver_that_counts_anew_or_not_at_all_loses_nothing() {
        let mut accounting = Accounting::default();
        accounting.stream_started(None);
        for sequence in [100, 101, 0, 1, 1, 1] {
            accounting.frame(&frame(sequence, 0, false));
        }
        assert_eq!(accounting.total().frames(), FrameCounts { numbered: 6, delivered: 6, lost: 0, corrupt: 0 });
    }

    #[test]
    fn jitter_is_measured_against_the_granted_rate_or_the_interval_before() {
        for (rate, expected) in [(fps(100), 2000), (None, 3000)] {
            let mut accounting = Accounting::default();
            accounting.stream_started(rate);
            for (sequence, at) in [(0, 0), (1, 11), (2, 19)] {
                accounting.frame(&frame(sequence, at, false));
            }
            assert!(accounting.total().jitter().unwrap().max.abs_diff(expected) <= expected / 100, "{rate:?}");
        }
    }

    #[test]
    fn the_time_between_streams_is_no_time_of_capture() {
        let mut accounting = Accounting::default();
        for hour in 0..3 {
            accounting.stream_started(fps(100));
            (0..11).for_each(|n| accounting.frame(&frame(n, hour * 3_600_000 + u64::from(n) * 10, false)));
        }
        assert!((accounting.total().fps().unwrap() - 100.0).abs() < 0.01);
    }

    #[test]
    fn timestamps_that_stand_still_give_no_latency_and_jitter_by_the_dequeues() {
        let mut accounting = Accounting::default();
        accounting.stream_started(fps(100));
        for n in 0..100 {
            let good = frame(n, u64::from(n) * 10, false);
            accounting.frame(&Metadata { timestamp: Duration::from_secs(990), stuck: n > 0, ..good });
        }
        let total = accounting.total();
        assert_eq!(total.jitter().map(|jitter| jitter.max), Some(0));
        assert_eq!(total.latency_times().count(), 1, "of the first, which could not be known");
    }

    #[test]
    fn another_clock_gives_no_latency() {
        let mut accounting = Accounting::default();
        accounting.stream_started(None);
        accounting.frame(&Metadata { flags: 0, ..frame(0, 0, false) });
        assert_eq!(accounting.total().latency(), None);
    }

    #[test]
    fn a_span_ends_and_the_total_goes_on() {
        let mut accounting = Accounting::default();
        accounting.stream_started(fps(100));
        (0..10).for_each(|n| accounting.frame(&frame(n, u64::from(n) * 10, false)));
        accounting.next_span();
        assert_eq!(accounting.recent().fps(), None);
        (12..22).for_each(|n| accounting.frame(&frame(n, u64::from(n) * 10, false)));
        let (total, recent) = (accounting.total(), accounting.recent());
        assert_eq!(recent.frames(), FrameCounts { numbered: 12, delivered: 10, lost: 2, corrupt: 0 });
        assert_eq!(total.frames(), FrameCounts { numbered: 22, delivered: 20, lost: 2, corrupt: 0 });
        assert!((recent.fps().unwrap() - 10.0 / 0.12).abs() < 0.1);
    }

    proptest! {
        /// Streams of any numbers, gaps, wraps and flags: the books balance, and agree with what was put in.
        #[test]
        fn the_books_balance(streams in prop::collection::vec((any::<u32>(), prop::collection::vec((0_u32..50, any::<bool>()), 0..60)), 0..6)) {
            let mut accounting = Accounting::default();
            let (mut numbered, mut lost, mut corrupt, mut delivered) = (0, 0, 0, 0);
            for (first, frames) in &streams {
                accounting.stream_started(None);
                let mut sequence = *first;
                for (position, (gap, is_corrupt)) in frames.iter().enumerate() {
                    let gap = if position == 0 { 0 } else { *gap };
                    sequence = sequence.wrapping_add(gap);
                    accounting.frame(&frame(sequence, 0, *is_corrupt));
                    sequence = sequence.wrapping_add(1);
                    lost += u64::from(gap);
                    if *is_corrupt { corrupt += 1 } else { delivered += 1 }
                }
                // What the driver numbered in this stream: from its first number to its last.
                let gaps: u64 = frames.iter().skip(1).map(|(gap, _)| u64::from(*gap)).sum();
                numbered += frames.len() as u64 + gaps;
            }
            let counts = accounting.total().frames();
            prop_assert_eq!(counts, FrameCounts { numbered, delivered, lost, corrupt });
            prop_assert_eq!(counts.numbered, counts.delivered + counts.lost + counts.corrupt);
            prop_assert_eq!(accounting.recent().frames(), counts);
        }

        /// Numbers without any order, as from a driver gone mad: still balanced.
        #[test]
        fn the_books_balance_whatever_the_numbers(sequences in prop::collection::vec(any::<u32>(), 0..200)) {
            let mut accounting = Accounting::default();
            accounting.stream_started(None);
            sequences.iter().for_each(|n| accounting.frame(&frame(*n, 0, n % 3 == 0)));
            let counts = accounting.total().frames();
            prop_assert_eq!(counts.numbered, counts.delivered + counts.lost + counts.corrupt);
            prop_assert_eq!(counts.delivered + counts.corrupt, sequences.len() as u64);
        }
    }
}
