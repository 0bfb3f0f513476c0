//! Accounting: every frame that the driver numbered is delivered, lost or corrupt, and the figures say how it went.
//!
//! ```text
//! numbered = delivered + lost + corrupt
//! ```
//!
//! Each frame's sequence number tells how many the driver numbered since the frame before. Numbering begins with the first
//! dequeued frame of a stream, as not every driver starts at 0. Where a picture's two fields come one at a time, they have one
//! number, and each is a frame. Nothing here allocates once made.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::format::{Field, Rate};
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
    /// Frames flagged `V4L2_BUF_FLAG_ERROR`, empty, or shorter or longer than their format allows.
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

    /// How far the time between the driver's timestamps (between dequeues, where those do not tell the time) is from the frame
    /// interval.
    pub fn jitter(&self) -> Option<Distribution> {
        self.jitter.distribution()
    }

    /// From the driver's timestamp to the dequeue; `None` where the driver stamps with another clock, or its timestamps do not
    /// tell the time.
    pub fn latency(&self) -> Option<Distribution> {
        self.latency.distribution()
    }

    /// The times between frames in sequence, measured as for [`Stats::jitter`]; only in [`Accounting::total`].
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
        // A driver's timestamps can be anything.
        self.sum = self.sum.saturating_add(time);
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
    fields: Option<Fields>,
    last: Option<Last>,
    /// When the stream's last delivered frame was dequeued.
    last_delivered: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    sequence: u32,
    field: Field,
    time: Duration,
    stuck: bool,
    interval: Option<Duration>,
}

/// Where fields come one at a time: the two of a picture have one sequence number.
#[derive(Clone, Copy, Debug, Default)]
struct Fields {
    /// Which of the two is older, once two of one picture were seen. Before that each field counts as having a number of its own,
    /// as with drivers that number fields.
    bottom_first: Option<bool>,
}

impl Fields {
    /// How many fields after the last one this one is; `None` if it is not after it.
    fn step(&mut self, last: Last, frame: &Metadata) -> Option<u32> {
        let numbers = frame.sequence.wrapping_sub(last.sequence) as i32;
        let is_one = |field| matches!(field, Field::Top | Field::Bottom);
        if numbers == 0 && last.field != frame.field {
            // Of one picture the last field is the older one.
            self.bottom_first = Some(last.field == Field::Bottom);
        }
        if self.bottom_first.is_none() || !is_one(frame.field) || !is_one(last.field) {
            return u32::try_from(numbers).ok().filter(|step| *step > 0);
        }
        let newer = |field| i64::from((field == Field::Bottom) != self.bottom_first.unwrap_or_default());
        let step = i64::from(numbers) * 2 + newer(frame.field) - newer(last.field);
        u32::try_from(step).ok().filter(|step| *step > 0)
    }
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
    pub(crate) fn stream_started(&mut self, rate: Option<Rate>, field: Field) {
        if self.streams > 0 {
            self.spans().for_each(|stats| stats.restarts += 1);
        }
        self.streams += 1;
        self.rate = rate;
        self.fields = (field == Field::Alternate).then(Fields::default);
        self.last = None;
        self.last_delivered = None;
    }

    /// A frame was dequeued.
    pub(crate) fn frame(&mut self, frame: &Metadata) {
        // Numbers that do not rise (a driver that counts anew, or not at all) begin a new run in which nothing is lost.
        let step = self.last.and_then(|last| match &mut self.fields {
            Some(fields) => fields.step(last, frame),
            None => Some(frame.sequence.wrapping_sub(last.sequence)).filter(|step| (1..1 << 31).contains(step)),
        });
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
        let (sequence, field) = (frame.sequence, frame.field);
        self.last = Some(Last { sequence, field, time: frame.time(), stuck: frame.stuck, interval });
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
mod tests;
