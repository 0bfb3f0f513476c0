//! The loop against a scripted source: restarts, waiting, giving up.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use super::*;
use crate::clock::Simulated;
use crate::format::{Format, FourCC, PlaneFormat, Rate, Size};
use crate::frame::{Metadata, Payload};
use crate::source::test_camera::Fault;
use crate::v4l2::buffers::{MAX_PLANES, Pool};

/// What a source does at one dequeue, or what comes of opening it.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Frame(u32),
    Changed,
    /// Time passes.
    Pass(Duration),
    /// The input has a signal from now on, or has none.
    Signal(bool),
    Lost,
    Silent,
}

struct Scripted {
    info: StreamInfo,
    pool: Arc<Pool>,
    clock: Arc<Simulated>,
    has_signal: bool,
    steps: VecDeque<Step>,
}

fn camera(path: &str) -> Identity {
    Identity {
        path: path.into(),
        card: "scripted".into(),
        driver: "script".into(),
        bus_info: "desk".into(),
        usb: None,
        index: 0,
    }
}

impl Scripted {
    fn new(steps: &[Step], clock: Arc<Simulated>) -> Self {
        let format = Arc::new(Format::new(
            FourCC::GREY,
            Size { width: 16, height: 16 },
            vec![PlaneFormat { bytesperline: 16, sizeimage: 256 }],
        ));
        let info = StreamInfo { camera: camera("/dev/video0"), ..StreamInfo::of(Arc::clone(&format), 2) };
        let pool = Pool::in_software(2, format).unwrap();
        Scripted { info, pool, clock, has_signal: true, steps: steps.iter().cloned().collect() }
    }
}

impl Source for Scripted {
    fn info(&self) -> &StreamInfo {
        &self.info
    }

    fn queue_depth(&self) -> u32 {
        self.pool.queue_depth()
    }

    fn lacks_signal(&mut self) -> Option<DeviceError> {
        let source = rustix::io::Errno::NOLINK.into();
        (!self.has_signal).then(|| DeviceError::NoSignal { device: "/dev/video0".into(), reason: "no signal", source })
    }

    fn dequeue(&mut self, until: Duration, stop: &Stop) -> Result<Dequeued, DeviceError> {
        match self.steps.pop_front() {
            Some(Step::Frame(sequence)) => {
                let lease = self.pool.produce(|_| {}).unwrap();
                let mut payloads = [Payload::default(); MAX_PLANES];
                payloads[0].length = 256;
                let metadata = Metadata { sequence, dequeued: self.clock.monotonic(), ..Metadata::default() };
                Ok(Dequeued::Frame(Frame::new(metadata, payloads, lease)))
            }
            Some(Step::Pass(time)) => {
                self.clock.advance(time);
                Ok(Dequeued::NotYet)
            }
            Some(Step::Signal(has)) => {
                self.has_signal = has;
                Ok(Dequeued::NotYet)
            }
            Some(Step::Changed) => Ok(Dequeued::Changed),
            Some(Step::Lost) => Err(lost()),
            Some(Step::Silent) | None => {
                self.clock.wait(stop, until.saturating_sub(self.clock.monotonic()));
                Ok(Dequeued::NotYet)
            }
        }
    }
}

fn lost() -> DeviceError {
    DeviceError::Lost { device: "/dev/video0".into(), source: io::Error::from(rustix::io::Errno::NODEV) }
}

fn absent() -> DeviceError {
    DeviceError::NoCamera { selector: "auto".into(), seen: Vec::new() }
}

pub(crate) type Opened = Arc<Mutex<Vec<Option<Identity>>>>;

/// The timeout of the captures here.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A capture that opens `openings` one after the other, on a clock of its own, and a record of which camera was asked for.
pub(crate) fn capture(openings: Vec<Result<Vec<Step>, DeviceError>>, on_error: OnError) -> (Capture, Stop, Opened) {
    let clock = Simulated::new();
    let time = Arc::clone(&clock);
    let stop = Stop::new().unwrap();
    let opened = Opened::default();
    let record = Arc::clone(&opened);
    let mut openings = VecDeque::from(openings);
    let open = Box::new(move |last: Option<&Identity>| -> Result<Box<dyn Source>, DeviceError> {
        record.lock().unwrap().push(last.cloned());
        let steps = openings.pop_front().unwrap_or_else(|| Err(absent()))?;
        Ok(Box::new(Scripted::new(&steps, Arc::clone(&time))))
    });
    let capture = Capture::with(open, TIMEOUT, on_error, stop.clone(), Watch::Nothing, clock);
    (capture, stop, opened)
}

/// The next event that is not idle.
fn next(capture: &mut Capture) -> Result<Event, DeviceError> {
    let end = capture.clock.monotonic() + Duration::from_secs(60);
    while capture.clock.monotonic() < end {
        match capture.next(Duration::from_millis(10))? {
            Event::Idle => {}
            event => return Ok(event),
        }
    }
    panic!("nothing happened");
}

#[test]
fn a_lost_camera_is_waited_for_and_is_the_one_that_is_opened_again() {
    let first = vec![Step::Frame(0), Step::Frame(1), Step::Lost];
    let (mut capture, _, opened) = capture(vec![Ok(first), Ok(vec![Step::Frame(0)])], OnError::Wait);
    assert!(matches!(next(&mut capture), Ok(Event::Started(_))));
    assert!(matches!(next(&mut capture), Ok(Event::Frame(_))));
    assert!(matches!(next(&mut capture), Ok(Event::Frame(_))));
    assert!(matches!(next(&mut capture), Ok(Event::Waiting(DeviceError::Lost { .. }))));
    assert_eq!(capture.health(), Health::Waiting);
    assert!(matches!(next(&mut capture), Ok(Event::Started(_))));
    assert!(matches!(next(&mut capture), Ok(Event::Frame(_))));
    let total = capture.accounting().total();
    assert_eq!((total.frames().numbered, total.frames().lost, total.restarts()), (3, 0, 1));
    assert_eq!(*opened.lock().unwrap(), [None, Some(camera("/dev/video0"))]);
}

#[test]
fn a_silent_driver_is_restarted_and_that_is_not_healthy_until_frames_flow() {
    let (mut capture, _, _) =
        capture(vec![Ok(vec![Step::Frame(0), Step::Silent]), Ok(vec![Step::Silent, Step::Frame(0)])], OnError::Wait);
    assert!(matches!(next(&mut capture), Ok(Event::Started(_))));
    assert!(matches!(next(&mut capture), Ok(Event::Frame(_))));
    assert_eq!(capture.health(), Health::Capturing);
    // However long its caller would wait, the timeout is the timeout.
    let before = capture.clock.monotonic();
    while !matches!(capture.next(Duration::MAX), Ok(Event::Waiting(DeviceError::Stalled { queue_depth: 2, .. }))) {}
    assert_eq!(capture.clock.monotonic() - before, TIMEOUT);
    assert!(matches!(next(&mut capture), Ok(Event::Started(_))));
    assert_eq!(capture.health(), Health::Failing);
    assert!(matches!(next(&mut capture), Ok(Event::Frame(_))));
    assert_eq!(capture.health(), Health::Capturing);
}

#[test]
fn a_changed_source_starts_anew_at_once() {
    let (mut capture, _, opened) = capture(
        vec![Ok(vec![Step::Frame(0), Step::Pass(RETRY), Step::Changed]), Ok(vec![Step::Frame(0)])],
        OnError::Exit,
    );
    let before = capture.clock.monotonic();
    for _ in 0..4 {
        next(&mut capture).unwrap();
    }
    assert_eq!(capture.clock.monotonic() - before, RETRY);
    assert_eq!((opened.lock().unwrap().len(), capture.accounting().total().restarts()), (2, 1));
}

/// An event, without the lease that a frame holds.
#[derive(Debug)]
enum Seen {
    Started,
    Frame(Metadata),
    Waiting(DeviceError),
    Resumed,
}

/// What the capture does in `seconds`: its events but for the idle ones, and how often the camera was opened.
fn run(capture: &mut Capture, opened: &Opened, seconds: u64) -> (Vec<Seen>, usize) {
    let before = opened.lock().unwrap().len();
    let end = capture.clock.monotonic() + Duration::from_secs(seconds);
    let mut events = Vec::new();
    while capture.clock.monotonic() < end {
        match capture.next_until(end).unwrap() {
            Event::Started(_) => events.push(Seen::Started),
            Event::Frame(frame) => events.push(Seen::Frame(*frame.metadata())),
            Event::Waiting(reason) => events.push(Seen::Waiting(reason)),
            Event::Resumed => events.push(Seen::Resumed),
            Event::Idle | Event::Stopped => {}
        }
    }
    (events, opened.lock().unwrap().len() - before)
}

fn failed(attempt: &str) -> DeviceError {
    let source = io::Error::from(rustix::io::Errno::IO);
    DeviceError::Failed { device: "/dev/video0".into(), attempt: attempt.into(), source }
}

#[test]
fn streams_that_live_for_a_moment_back_off() {
    for end in [Step::Changed, Step::Lost] {
        let openings = (0..99).map(|_| Ok(vec![Step::Frame(0), Step::Pass(Duration::from_millis(10)), end.clone()]));
        let (mut capture, _, opened) = capture(openings.collect(), OnError::Wait);
        // After 1, 2, 4, 8, 16, 30 and 30 seconds.
        assert_eq!(run(&mut capture, &opened, 95).1, 8, "{end:?}");
    }
}

#[test]
fn a_camera_that_cannot_be_started_backs_off_and_is_no_driver_that_hangs() {
    let full = || DeviceError::Bandwidth { device: "/dev/video0".into(), source: io::Error::other("full") };
    for error in [&|| failed("start the stream"), &full as &dyn Fn() -> DeviceError] {
        let (mut capture, _, opened) = capture((0..99).map(|_| Err(error())).collect(), OnError::Wait);
        for _ in 0..95 {
            let (events, _) = run(&mut capture, &opened, 1);
            assert!(events.len() <= 1);
            assert_eq!(capture.health(), Health::Waiting, "the watchdog is fed");
        }
        assert_eq!(opened.lock().unwrap().len(), 8);
    }
}

#[test]
fn a_driver_that_hangs_is_failing_until_it_answers() {
    let silent = || Ok(vec![Step::Silent]);
    let (mut capture, _, opened) = capture(vec![silent(), silent(), Err(failed("open it"))], OnError::Wait);
    run(&mut capture, &opened, 4);
    assert_eq!(capture.health(), Health::Capturing);
    run(&mut capture, &opened, 7);
    assert_eq!((capture.health(), opened.lock().unwrap().len()), (Health::Failing, 2));
    // The second stream may take twice the timeout.
    run(&mut capture, &opened, 4);
    assert_eq!((capture.health(), opened.lock().unwrap().len()), (Health::Failing, 2));
    run(&mut capture, &opened, 4);
    assert_eq!((capture.health(), opened.lock().unwrap().len()), (Health::Waiting, 3));
}

/// A capture of the test camera at `rate`, with faults.
pub(crate) fn of_test_camera(rate: Rate, faults: Vec<(u64, Fault)>) -> (Capture, Opened) {
    let (clock, stop, opened) = (Simulated::new(), Stop::new().unwrap(), Opened::default());
    let (time, record) = (Arc::clone(&clock), Arc::clone(&opened));
    let config = CaptureConfig { size: Size { width: 16, height: 16 }, ..CaptureConfig::default() };
    let open = Box::new(move |last: Option<&Identity>| -> Result<Box<dyn Source>, DeviceError> {
        record.lock().unwrap().push(last.cloned());
        let camera = TestCamera::open(None, Some(rate), &config, Arc::<Simulated>::clone(&time))?;
        Ok(Box::new(camera.with_faults(faults.iter().copied())))
    });
    (Capture::with(open, TIMEOUT, OnError::Wait, stop, Watch::Nothing, clock), opened)
}

#[test]
fn a_camera_of_a_frame_in_ten_seconds_is_not_started_anew() {
    let (mut capture, opened) = of_test_camera(Rate { numerator: 1, denominator: 10 }, vec![]);
    let mut frames = 0;
    for _ in 0..60 {
        let (events, _) = run(&mut capture, &opened, 1);
        frames += events.iter().filter(|event| matches!(event, Seen::Frame(_))).count();
        assert_eq!(capture.health(), Health::Capturing);
    }
    let total = capture.accounting().total();
    assert_eq!((frames, total.frames().lost, total.restarts()), (7, 0, 0), "at 0, 10, … 60 s");
}

#[test]
fn a_slow_camera_that_hangs_has_five_frames_more_before_the_watchdog_bites() {
    let (mut capture, opened) = of_test_camera(Rate { numerator: 1, denominator: 10 }, vec![(0, Fault::Stall)]);
    run(&mut capture, &opened, 50 + 49);
    assert_eq!((capture.health(), opened.lock().unwrap().len()), (Health::Capturing, 2));
    run(&mut capture, &opened, 2);
    assert_eq!(capture.health(), Health::Failing);
}

#[test]
fn a_stall_at_30_fps_is_found_in_five_seconds() {
    let (mut capture, opened) = of_test_camera(Rate { numerator: 30, denominator: 1 }, vec![(3, Fault::Stall)]);
    let (events, _) = run(&mut capture, &opened, 5);
    assert!(matches!(events[..], [Seen::Started, Seen::Frame(_), Seen::Frame(_), Seen::Frame(_)]));
    let (events, _) = run(&mut capture, &opened, 1);
    assert!(matches!(events[0], Seen::Waiting(DeviceError::Stalled { waited: TIMEOUT, .. })), "{events:?}");
}

#[test]
fn a_stream_that_ends_before_its_first_frame_is_not_opened_in_circles() {
    let (mut capture, _, opened) = capture(vec![Ok(vec![Step::Changed]), Ok(vec![Step::Changed])], OnError::Wait);
    assert!(matches!(next(&mut capture), Ok(Event::Started(_))));
    for _ in 0..10 {
        assert!(matches!(capture.next(Duration::from_millis(10)), Ok(Event::Idle)));
    }
    assert_eq!(opened.lock().unwrap().len(), 1);
}

#[test]
fn a_caller_that_does_not_wait_does_not_open_in_circles() {
    let (mut capture, _, opened) = capture(vec![], OnError::Wait);
    for _ in 0..100 {
        capture.next(Duration::ZERO).unwrap();
    }
    assert_eq!(opened.lock().unwrap().len(), 1);
}

#[test]
fn the_reason_for_waiting_is_told_once() {
    let busy = || DeviceError::Busy { device: "/dev/video0".into(), holders: vec![], source: io::Error::other("busy") };
    let (mut capture, stop, opened) = capture(vec![Err(busy()), Err(busy()), Err(absent())], OnError::Wait);
    assert!(matches!(next(&mut capture), Ok(Event::Waiting(DeviceError::Busy { .. }))));
    assert!(matches!(next(&mut capture), Ok(Event::Waiting(DeviceError::NoCamera { .. }))));
    assert_eq!(opened.lock().unwrap().len(), 3);
    stop.stop();
    assert!(matches!(next(&mut capture), Ok(Event::Stopped)));
}

#[test]
fn a_new_nodes_permission_is_waited_for_in_silence_but_not_for_long() {
    let denied = || Err(DeviceError::Permission { path: "/dev/video0".into(), source: io::Error::other("denied") });
    let (mut capture, _, _) = capture(vec![denied(), Ok(vec![Step::Lost]), denied(), denied()], OnError::Wait);
    assert!(matches!(next(&mut capture), Ok(Event::Started(_))));
    assert!(matches!(next(&mut capture), Ok(Event::Waiting(DeviceError::Lost { .. }))));
    let before = capture.clock.monotonic();
    assert!(matches!(next(&mut capture), Ok(Event::Waiting(DeviceError::Permission { .. }))));
    assert!(capture.clock.monotonic() - before >= UDEV);
}

#[test]
fn what_waiting_cannot_mend_is_an_error_and_everything_is_with_exit() {
    let refused = || DeviceError::Refused { device: "x".into(), problem: "grants less".into(), offers: vec![] };
    let (mut waiting, _, _) = capture(vec![Err(refused())], OnError::Wait);
    assert!(matches!(next(&mut waiting), Err(DeviceError::Refused { .. })));
    let (mut exiting, _, _) = capture(vec![Err(absent())], OnError::Exit);
    assert!(matches!(next(&mut exiting), Err(DeviceError::NoCamera { .. })));
    let (mut exiting, _, _) = capture(vec![Ok(vec![Step::Frame(0), Step::Lost])], OnError::Exit);
    assert!(matches!(next(&mut exiting), Ok(Event::Started(_))));
    assert!(matches!(next(&mut exiting), Ok(Event::Frame(_))));
    assert!(matches!(next(&mut exiting), Err(DeviceError::Lost { .. })));
}

#[test]
fn a_frame_outlives_its_stream_and_the_capture() {
    let (mut capture, _, _) = capture(vec![Ok(vec![Step::Frame(0), Step::Lost])], OnError::Wait);
    next(&mut capture).unwrap();
    let Ok(Event::Frame(frame)) = next(&mut capture) else { panic!("no frame") };
    next(&mut capture).unwrap();
    drop(capture);
    assert_eq!(frame.data().len(), 256);
}

#[test]
fn timestamps_that_stand_still_are_not_believed_until_the_stream_starts_anew() {
    // The scripted camera's are all the same.
    let steps = vec![Step::Frame(0), Step::Frame(1), Step::Pass(RETRY), Step::Changed];
    let (mut capture, _, opened) = capture(vec![Ok(steps.clone()), Ok(steps)], OnError::Wait);
    let (events, _) = run(&mut capture, &opened, 1);
    let stuck = |event: &Seen| match event {
        Seen::Frame(frame) => Some(frame.stuck),
        _ => None,
    };
    assert_eq!(events.iter().filter_map(stuck).collect::<Vec<_>>(), [false, true]);
    let (events, _) = run(&mut capture, &opened, 1);
    assert_eq!(events.iter().filter_map(stuck).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_stream_without_a_whole_frame_is_reported_once_goes_on_and_may_recover() {
    let thirty = Rate { numerator: 30, denominator: 1 };
    let damaged = (10..500).map(|number| (number, [Fault::Short, Fault::Error, Fault::Empty][number as usize % 3]));
    let (mut capture, opened) = of_test_camera(thirty, damaged.collect());
    run(&mut capture, &opened, 5);
    assert_eq!(capture.health(), Health::Capturing);
    let (events, _) = run(&mut capture, &opened, 7);
    let news: Vec<_> = events.iter().filter(|event| !matches!(event, Seen::Frame(_))).collect();
    assert!(matches!(news[..], [Seen::Waiting(DeviceError::Damaged { .. })]), "{news:?}");
    assert_eq!(capture.health(), Health::Waiting, "which feeds the watchdog");
    let (events, _) = run(&mut capture, &opened, 5);
    let resumed = events.iter().position(|event| matches!(event, Seen::Resumed)).unwrap();
    assert!(matches!(&events[resumed + 1], Seen::Frame(frame) if frame.sequence == 500));
    assert_eq!(capture.health(), Health::Capturing);
    let total = capture.accounting().total();
    let counts = total.frames();
    assert_eq!((counts.numbered, counts.corrupt, total.restarts()), (counts.delivered + 490, 490, 0));
}

#[test]
fn damaged_frames_among_whole_ones_are_no_news_and_none_are_where_they_are_wanted() {
    let faults = (0..1000).filter(|number| number % 100 != 0).map(|number| (number, Fault::Short));
    let (mut capture, opened) = of_test_camera(Rate { numerator: 30, denominator: 1 }, faults.collect());
    let (events, _) = run(&mut capture, &opened, 20);
    assert_eq!(events.iter().filter(|event| !matches!(event, Seen::Frame(_))).count(), 1, "the start");
    let faults = (0..1000).map(|number| (number, Fault::Short)).collect();
    let (capture, opened) = of_test_camera(Rate { numerator: 30, denominator: 1 }, faults);
    let mut capture = Capture { keeps_corrupt: true, ..capture };
    let (events, _) = run(&mut capture, &opened, 20);
    assert_eq!(events.iter().filter(|event| !matches!(event, Seen::Frame(_))).count(), 1, "the start");
}

#[test]
fn an_input_without_a_signal_is_not_capturing() {
    let second = || Step::Pass(Duration::from_secs(1));
    let steps = vec![
        Step::Signal(false),
        Step::Frame(0),
        second(),
        Step::Frame(1),
        Step::Signal(true),
        Step::Frame(2),
        second(),
    ];
    let lost = [Step::Frame(3), Step::Signal(false), second(), Step::Frame(4)];
    let (mut capture, _, opened) = capture(vec![Ok([steps, lost.to_vec()].concat())], OnError::Wait);
    let (events, _) = run(&mut capture, &opened, 4);
    let names: Vec<_> = events
        .iter()
        .map(|event| match event {
            Seen::Started => "started",
            Seen::Waiting(DeviceError::NoSignal { .. }) => "no signal",
            Seen::Resumed => "resumed",
            Seen::Frame(_) => "frame",
            Seen::Waiting(other) => panic!("{other}"),
        })
        .collect();
    // The input is asked once a second.
    assert_eq!(names, ["started", "no signal", "frame", "frame", "frame", "resumed", "frame", "no signal", "frame"]);
    assert_eq!(capture.health(), Health::Waiting);
    // Nor is a stall for lack of a signal the driver's fault.
    let (events, _) = run(&mut capture, &opened, 5);
    assert!(matches!(events[0], Seen::Waiting(DeviceError::NoSignal { .. })), "{events:?}");
    assert_eq!(capture.health(), Health::Waiting);
}
