use super::*;
use proptest::prelude::*;
use v4l::v4l_sys as sys;

const MONOTONIC: u32 = sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;

fn frame(sequence: u32, at_ms: u64, corrupt: bool) -> Metadata {
    let timestamp = Duration::from_millis(1_000_000 + at_ms);
    let dequeued = timestamp + Duration::from_micros(700);
    Metadata {
        sequence,
        timestamp,
        dequeued,
        bytesused: 100,
        flags: MONOTONIC,
        queue_depth: 3,
        corrupt,
        ..Metadata::default()
    }
}

fn fps(fps: u32) -> Option<Rate> {
    Some(Rate { numerator: fps, denominator: 1 })
}

#[test]
fn gaps_are_lost_and_flags_are_corrupt() {
    let mut accounting = Accounting::default();
    accounting.stream_started(fps(100), Field::None);
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
    accounting.stream_started(None, Field::None);
    for sequence in [u32::MAX - 1, u32::MAX, 0, 2] {
        accounting.frame(&frame(sequence, 0, false));
    }
    assert_eq!(accounting.total().frames(), FrameCounts { numbered: 5, delivered: 4, lost: 1, corrupt: 0 });
}

#[test]
fn a_driver_that_counts_anew_or_not_at_all_loses_nothing() {
    let mut accounting = Accounting::default();
    accounting.stream_started(None, Field::None);
    for sequence in [100, 101, 0, 1, 1, 1] {
        accounting.frame(&frame(sequence, 0, false));
    }
    assert_eq!(accounting.total().frames(), FrameCounts { numbered: 6, delivered: 6, lost: 0, corrupt: 0 });
}

#[test]
fn jitter_is_measured_against_the_granted_rate_or_the_interval_before() {
    for (rate, expected) in [(fps(100), 2000), (None, 3000)] {
        let mut accounting = Accounting::default();
        accounting.stream_started(rate, Field::None);
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
        accounting.stream_started(fps(100), Field::None);
        (0..11).for_each(|n| accounting.frame(&frame(n, hour * 3_600_000 + u64::from(n) * 10, false)));
    }
    assert!((accounting.total().fps().unwrap() - 100.0).abs() < 0.01);
}

#[test]
fn timestamps_that_stand_still_give_no_latency_and_jitter_by_the_dequeues() {
    let mut accounting = Accounting::default();
    accounting.stream_started(fps(100), Field::None);
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
    accounting.stream_started(None, Field::None);
    accounting.frame(&Metadata { flags: 0, ..frame(0, 0, false) });
    assert_eq!(accounting.total().latency(), None);
}

#[test]
fn a_span_ends_and_the_total_goes_on() {
    let mut accounting = Accounting::default();
    accounting.stream_started(fps(100), Field::None);
    (0..10).for_each(|n| accounting.frame(&frame(n, u64::from(n) * 10, false)));
    accounting.next_span();
    assert_eq!(accounting.recent().fps(), None);
    (12..22).for_each(|n| accounting.frame(&frame(n, u64::from(n) * 10, false)));
    let (total, recent) = (accounting.total(), accounting.recent());
    assert_eq!(recent.frames(), FrameCounts { numbered: 12, delivered: 10, lost: 2, corrupt: 0 });
    assert_eq!(total.frames(), FrameCounts { numbered: 22, delivered: 20, lost: 2, corrupt: 0 });
    assert!((recent.fps().unwrap() - 10.0 / 0.12).abs() < 0.1);
}

#[test]
fn timestamps_at_both_ends_of_time_are_only_odd() {
    let mut accounting = Accounting::default();
    let slowest = Rate { numerator: 1, denominator: u32::MAX };
    for rate in [None, fps(30), Some(slowest)] {
        accounting.stream_started(rate, Field::None);
        for (sequence, seconds) in [0, i64::MAX as u64, 0, i64::MAX as u64, u64::MAX, 0, u64::MAX].iter().enumerate() {
            let timestamp = Duration::new(*seconds, 999_999_999);
            let sequence = sequence as u32 * 500_000_000;
            accounting.frame(&Metadata { timestamp, ..frame(sequence, 0, false) });
            accounting.frame(&Metadata { timestamp: Duration::ZERO, ..frame(sequence + 1, 0, false) });
        }
    }
    assert!(accounting.total().jitter().is_some());
}

/// The two fields of a picture in each order, the older one first.
const ORDERS: [[Field; 2]; 2] = [[Field::Top, Field::Bottom], [Field::Bottom, Field::Top]];

#[test]
fn each_of_a_picture_s_two_fields_counts() {
    for order in ORDERS {
        let mut accounting = Accounting::default();
        accounting.stream_started(fps(100), Field::Alternate);
        // Both fields of 7; the newer one of 8; neither of 9; the older one of 10; both of 11, in the driver's buffers.
        for (sequence, index) in [(7, 0), (7, 1), (8, 1), (10, 0), (11, 0), (11, 1)] {
            let nth = u64::from(sequence) * 2 + index as u64;
            accounting.frame(&Metadata { field: order[index], ..frame(sequence, nth * 10, false) });
        }
        let expected = FrameCounts { numbered: 10, delivered: 6, lost: 4, corrupt: 0 };
        assert_eq!(accounting.total().frames(), expected, "{order:?}");
        assert_eq!(accounting.total().jitter().unwrap().max, 0, "each comes when it is due");
    }
}

#[test]
fn a_driver_may_number_fields_or_not_say_which_one_it_is() {
    for fields in [[Field::Top, Field::Bottom], [Field::Bottom, Field::Top], [Field::Alternate; 2], [Field::None; 2]] {
        let mut accounting = Accounting::default();
        accounting.stream_started(None, Field::Alternate);
        for sequence in 0..10 {
            accounting.frame(&Metadata { field: fields[sequence as usize % 2], ..frame(sequence, 0, false) });
        }
        let expected = FrameCounts { numbered: 10, delivered: 10, lost: 0, corrupt: 0 };
        assert_eq!(accounting.total().frames(), expected, "{fields:?}");
    }
}

#[test]
fn the_first_field_may_be_the_newer_one_of_its_picture() {
    for order in ORDERS {
        let mut accounting = Accounting::default();
        accounting.stream_started(None, Field::Alternate);
        for (sequence, index) in [(u32::MAX, 1), (0, 0), (0, 1), (1, 0)] {
            accounting.frame(&Metadata { field: order[index], ..frame(sequence, 0, false) });
        }
        assert_eq!(accounting.total().frames(), FrameCounts { numbered: 4, delivered: 4, lost: 0, corrupt: 0 });
    }
}

proptest! {
    /// Pictures of each field order of which some buffers are lost: what is delivered and what is lost is what there was.
    #[test]
    fn fields_add_up(first in any::<u32>(), has_corrupt in any::<bool>(), bottom_first in any::<bool>(), taken in prop::collection::vec(any::<bool>(), 1..80)) {
        let order = ORDERS[usize::from(bottom_first)];
        for field in [Field::Alternate, Field::Top, Field::Bottom, Field::SeqTb, Field::SeqBt, Field::InterlacedTb, Field::InterlacedBt] {
            let alternates = field == Field::Alternate;
            let mut accounting = Accounting::default();
            accounting.stream_started(None, field);
            // The first picture is whole, by which the order is known.
            let buffers: Vec<_> = [true, true].iter().chain(&taken).enumerate().filter(|(_, taken)| **taken).collect();
            for (position, _) in &buffers {
                let (picture, field) = if alternates { (position / 2, order[position % 2]) } else { (*position, field) };
                let sequence = first.wrapping_add(picture as u32);
                accounting.frame(&Metadata { field, ..frame(sequence, 0, has_corrupt && position % 3 == 0) });
            }
            let FrameCounts { numbered, delivered, lost, corrupt } = accounting.total().frames();
            prop_assert_eq!(numbered, delivered + lost + corrupt);
            prop_assert_eq!(delivered + corrupt, buffers.len() as u64);
            prop_assert_eq!(numbered, buffers[buffers.len() - 1].0 as u64 + 1);
        }
    }

    /// Streams of any numbers, gaps, wraps and flags: the books balance, and agree with what was put in.
    #[test]
    fn the_books_balance(streams in prop::collection::vec((any::<u32>(), prop::collection::vec((0_u32..50, any::<bool>()), 0..60)), 0..6)) {
        let mut accounting = Accounting::default();
        let (mut numbered, mut lost, mut corrupt, mut delivered) = (0, 0, 0, 0);
        for (first, frames) in &streams {
            accounting.stream_started(None, Field::None);
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
        accounting.stream_started(None, Field::None);
        sequences.iter().for_each(|n| accounting.frame(&frame(*n, 0, n % 3 == 0)));
        let counts = accounting.total().frames();
        prop_assert_eq!(counts.numbered, counts.delivered + counts.lost + counts.corrupt);
        prop_assert_eq!(counts.delivered + counts.corrupt, sequences.len() as u64);
    }
}
