use super::*;
use crate::clock::Simulated;
use crate::jpeg::{mjpeg, picture};

const BUFFERS: u32 = 32;

fn config(rate: u32, buffers: u32) -> CaptureConfig {
    CaptureConfig {
        size: Size { width: 160, height: 120 },
        rate: Some(Rate { numerator: rate, denominator: 1 }),
        buffers,
        ..CaptureConfig::default()
    }
}

/// A camera on a clock of its own.
fn open(size: Option<Size>, rate: Option<Rate>, config: &CaptureConfig) -> Result<TestCamera, DeviceError> {
    TestCamera::open(size, rate, config, Simulated::new())
}

fn camera(rate: u32, buffers: u32) -> TestCamera {
    open(None, None, &config(rate, buffers)).unwrap()
}

fn next(camera: &mut TestCamera, stop: &Stop) -> Frame {
    match camera.dequeue(camera.clock.monotonic() + Duration::from_secs(5), stop).unwrap() {
        Dequeued::Frame(frame) => frame,
        other => panic!("no frame but {other:?}"),
    }
}

#[test]
fn each_frame_has_its_number_its_time_and_its_picture() {
    let (mut camera, stop) = (camera(20, BUFFERS), Stop::new().unwrap());
    let start = camera.cadence.start;
    for number in 0..25 {
        let frame = next(&mut camera, &stop);
        let metadata = *frame.metadata();
        assert_eq!(metadata.sequence, number);
        assert_eq!(metadata.timestamp, start + Duration::from_millis(50) * number);
        assert_eq!(metadata.dequeued, metadata.timestamp);
        assert_eq!((metadata.bytesused, frame.data().len()), (160 * 120 * 2, 160 * 120 * 2));
        assert_eq!((metadata.flags, metadata.corrupt), (0x2000, false));
        assert_eq!(metadata.queue_depth, BUFFERS - 1);
        let (drawn, time) = read_picture(&frame).unwrap();
        assert_eq!(drawn, number);
        let seconds = time.rsplit(':').next().unwrap().parse::<f64>().unwrap();
        let expected = time_of_day(metadata.timestamp, &*camera.clock).as_secs_f64() % 60.0;
        let apart = (expected - seconds).rem_euclid(60.0);
        assert!(!(0.05..=59.95).contains(&apart), "{time} is not {expected}");
    }
}

#[test]
fn a_jpeg_shows_what_the_samples_do() {
    // Small pictures have bars of a pixel or two, which no JPEG has.
    for (size, limit) in [(Size { width: 320, height: 240 }, 4), (SMALLEST, 32), (Size { width: 18, height: 17 }, 32)] {
        let [samples, jpeg] = [FourCC::YUYV, FourCC::MJPG].map(|fourcc| {
            let config = CaptureConfig { formats: vec![fourcc], size, ..config(30, BUFFERS) };
            let mut camera = open(None, None, &config).unwrap();
            next(&mut camera, &Stop::new().unwrap())
        });
        let [format, metadata] = [jpeg.format().to_string(), format!("{:?}", jpeg.metadata())];
        assert_eq!((jpeg.format().fourcc, jpeg.metadata().corrupt), (FourCC::MJPG, false), "{format} {metadata}");
        assert!(u64::from(jpeg.metadata().bytesused) < jpeg.format().sizeimage(), "{metadata}");
        assert_eq!(mjpeg::parts(jpeg.data()).unwrap().len(), jpeg.data().len());
        let [expected, found] =
            [samples, jpeg].map(|frame| picture::Picture::of(frame.format(), &[frame.data()]).unwrap());
        assert_eq!(found.size, expected.size);
        let apart: u64 = found.rgb.iter().zip(&expected.rgb).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(apart < limit * found.rgb.len() as u64, "{format}: {apart}");
    }
}

#[test]
fn the_cadence_is_exact_for_a_day_and_beyond() {
    let second = Duration::from_secs(1);
    for (numerator, denominator) in
        [(30, 1), (30_000, 1001), (60_000, 1001), (10_000_000, 333_333), (10_000, 1), (1, 1000)]
    {
        let cadence = Cadence::new(second, Rate { numerator, denominator });
        for number in [0, 1, 2, 3, 1000, 2_589_411, 31 * 2_589_411, u64::from(u32::MAX)] {
            let due = cadence.due(number);
            let exact = number as f64 * f64::from(denominator) / f64::from(numerator);
            let apart = ((due - second).as_secs_f64() - exact).abs();
            assert!(apart < 1e-9 * exact.max(1.0), "frame {number} of {numerator}/{denominator}");
            assert_eq!(cadence.due_by(due), number + 1, "frame {number} of {numerator}/{denominator}");
            assert_eq!(
                cadence.due_by(due - Duration::from_nanos(1)),
                number,
                "frame {number} of {numerator}/{denominator}"
            );
        }
    }
    let ntsc = Cadence::new(Duration::ZERO, Rate { numerator: 30_000, denominator: 1001 });
    assert_eq!(ntsc.due(30_000 * 86_400), Duration::from_secs(1001 * 86_400));
    let nonsense = Cadence::new(Duration::MAX, Rate { numerator: 0, denominator: 0 });
    assert_eq!((nonsense.due(u64::MAX), nonsense.due_by(second)), (Duration::MAX, 0));
}

#[test]
fn frames_without_a_buffer_are_lost_by_number() {
    let (mut camera, stop) = (camera(500, 2), Stop::new().unwrap());
    let kept = [next(&mut camera, &stop), next(&mut camera, &stop)];
    assert_eq!(kept[1].metadata().queue_depth, 0);
    let until = camera.clock.monotonic() + Duration::from_millis(50);
    assert!(matches!(camera.dequeue(until, &stop).unwrap(), Dequeued::NotYet));
    let last = kept[1].metadata().sequence;
    drop(kept);
    let frame = next(&mut camera, &stop);
    let (sequence, timestamp) = (frame.metadata().sequence, frame.metadata().timestamp);
    assert_eq!(sequence, last + 25, "those of 50 ms, and the one that is due now has a buffer");
    assert_eq!(timestamp, camera.cadence.start + Duration::from_millis(2) * sequence);
    assert_eq!(read_picture(&frame).unwrap().0, sequence);
}

#[test]
fn a_late_dequeue_loses_what_the_buffers_do_not_hold() {
    let (mut camera, stop) = (camera(100, 4), Stop::new().unwrap());
    camera.lose_overdue(camera.cadence.due(3));
    assert_eq!(camera.next, 0, "frames 0 to 3 are in the four buffers");
    camera.lose_overdue(camera.cadence.due(10));
    assert_eq!(camera.next, 7);
    let frame = next(&mut camera, &stop);
    assert!(frame.metadata().sequence >= 7);
    camera.lose_overdue(camera.cadence.due(1000));
    assert_eq!(camera.next, 998, "three buffers for 998 to 1000");
}

#[test]
fn a_wait_ends_at_its_timeout_and_at_stop() {
    let slow = Rate { numerator: 1, denominator: 100 };
    let (mut camera, stop) = (open(None, Some(slow), &config(30, 4)).unwrap(), Stop::new().unwrap());
    assert_eq!(next(&mut camera, &stop).metadata().sequence, 0);
    let until = camera.clock.monotonic() + Duration::from_millis(20);
    assert!(matches!(camera.dequeue(until, &stop).unwrap(), Dequeued::NotYet));
    assert_eq!(camera.clock.monotonic(), until);
    stop.stop();
    assert!(matches!(camera.dequeue(Duration::MAX, &stop).unwrap(), Dequeued::Stopped));
    assert_eq!(camera.clock.monotonic(), until);
    assert_eq!(camera.next, 1);
}

#[test]
fn frames_outlive_the_stream() {
    let (mut camera, stop) = (camera(1000, 4), Stop::new().unwrap());
    let frame = next(&mut camera, &stop);
    drop(camera);
    assert_eq!(read_picture(&frame).unwrap().0, frame.metadata().sequence);
}

#[test]
fn the_selector_goes_before_the_configuration() {
    let asked = config(25, 7);
    let info = open(None, None, &asked).unwrap().info.clone();
    assert_eq!((info.format.size, info.rate, info.buffers), (asked.size, asked.rate, 7));
    let size = Size { width: 320, height: 240 };
    let rate = Rate { numerator: 30_000, denominator: 1001 };
    let info = open(Some(size), Some(rate), &asked).unwrap().info.clone();
    assert_eq!((info.format.size, info.rate), (size, Some(rate)));
    let info = open(None, None, &CaptureConfig { rate: None, buffers: 99, ..asked }).unwrap().info.clone();
    assert_eq!((info.rate, info.buffers), (Some(DEFAULT_RATE), 32));
}

#[test]
fn the_first_format_it_has_is_granted_and_strict_refuses_the_rest() {
    let asked = |formats: &[&[u8; 4]], strict| CaptureConfig {
        formats: formats.iter().map(|code| FourCC(**code)).collect(),
        strict,
        ..config(30, 1)
    };
    for (formats, granted) in [
        (&[b"H264", b"NV12", b"YUYV"][..], FourCC::NV12),
        (&[b"GREY"], FourCC::GREY),
        (&[b"MJPG", b"NV12"], FourCC::MJPG),
        (&[b"H264", b"HEVC"], FourCC::YUYV),
        (&[], FourCC::YUYV),
    ] {
        let camera = open(None, None, &asked(formats, false)).unwrap();
        assert_eq!(camera.info().format.fourcc, granted, "{formats:?}");
    }
    let refusal = |config: &CaptureConfig| match open(None, None, config) {
        Err(error @ DeviceError::Refused { .. }) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("granted"),
    };
    let text = refusal(&asked(&[b"H264"], true));
    assert!(text.starts_with("test (picam test camera): the driver grants YUYV, not H264; it offers"), "{text}");
    assert!(text.contains("YUYV 16x16 to 4096x4096"), "{text}");
    let text = refusal(&CaptureConfig { size: Size { width: 161, height: 120 }, ..asked(&[b"YUYV"], true) });
    assert!(text.contains("grants 160x120, not 161x120"), "{text}");
    assert!(open(None, None, &asked(&[b"H264", b"UYVY"], true)).is_ok());

    let strict = |config| CaptureConfig { strict: true, ..config };
    let brightness = CaptureConfig { controls: vec![("brightness".into(), "1".into())], ..config(30, 1) };
    let input = CaptureConfig { input: Some(1), ..config(30, 1) };
    let standard = CaptureConfig { standard: Some("pal".parse().unwrap()), ..config(30, 1) };
    for (config, part) in [(brightness, "brightness"), (input, "input 1"), (standard, "pal")] {
        assert!(open(None, None, &config).is_ok(), "{part}: left out");
        let text = refusal(&strict(config));
        assert!(text.contains(part), "{text}");
    }
    assert!(open(None, None, &CaptureConfig { input: Some(0), ..config(30, 1) }).is_ok());
}

#[test]
fn faults_happen_to_the_frames_they_are_meant_for() {
    let faults = [(2, Fault::Lose), (3, Fault::Error), (5, Fault::Short), (6, Fault::Empty), (8, Fault::Unplug)];
    let (mut camera, stop) = (camera(100, BUFFERS).with_faults(faults), Stop::new().unwrap());
    let seen: Vec<_> = (0..7)
        .map(|_| {
            let metadata = *next(&mut camera, &stop).metadata();
            (metadata.sequence, metadata.bytesused, metadata.flags, metadata.corrupt)
        })
        .collect();
    let whole = 160 * 120 * 2;
    let expected = [
        (0, whole, 0x2000, false),
        (1, whole, 0x2000, false),
        (3, whole, 0x2040, true),
        (4, whole, 0x2000, false),
        (5, whole / 3, 0x2000, true),
        (6, 0, 0x2000, true),
        (7, whole, 0x2000, false),
    ];
    assert_eq!(seen, expected);
    let error = camera.dequeue(camera.clock.monotonic() + Duration::from_secs(1), &stop).unwrap_err();
    assert!(matches!(error, DeviceError::Lost { .. }), "{error}");
}

#[test]
fn a_stall_and_a_change_last() {
    let stop = Stop::new().unwrap();
    let mut stalled = camera(100, BUFFERS).with_faults([(1, Fault::Stall)]);
    let mut changed = camera(100, BUFFERS).with_faults([(0, Fault::Change)]);
    assert_eq!(next(&mut stalled, &stop).metadata().sequence, 0);
    for _ in 0..2 {
        assert!(matches!(
            stalled.dequeue(stalled.clock.monotonic() + Duration::from_millis(10), &stop).unwrap(),
            Dequeued::NotYet
        ));
        assert!(matches!(
            changed.dequeue(changed.clock.monotonic() + Duration::from_millis(10), &stop).unwrap(),
            Dequeued::Changed
        ));
    }
}
