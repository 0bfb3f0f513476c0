//! Another program taking leased frames from picam: prints the mean brightness of each, measured on a thread of its own.
//!
//!     cargo run --example brightness [DEVICE [FRAMES]]
//!
//! DEVICE is what `picam --device` takes, by default the built-in camera. A frame is a lease on the driver's buffer: it is moved
//! to the other thread without a copy, and dropping it there gives the buffer back to the driver. The channel is bounded, and
//! what does not fit is dropped at once: a frame that waits is a buffer that the camera lacks.

use std::sync::mpsc::{TrySendError, sync_channel};
use std::time::Duration;

use picam::capture::{Capture, Event};
use picam::config::CaptureConfig;
use picam::format::{FourCC, Size};
use picam::frame::Frame;
use picam::stop::Stop;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let device = arguments.next().unwrap_or_else(|| "test".to_owned());
    let mut left: u64 = arguments.next().map_or(Ok(10), |frames| frames.parse())?;

    let config = CaptureConfig {
        device: device.parse().map_err(anyhow::Error::msg)?,
        formats: vec![FourCC::YUYV],
        size: Size { width: 640, height: 480 },
        ..CaptureConfig::default()
    };
    let stop = Stop::new()?;
    stop.at_signals()?;
    let mut capture = Capture::new(config, stop);

    let (frames, queue) = sync_channel::<Frame>(1);
    let worker = std::thread::spawn(move || queue.iter().for_each(|frame| print_brightness(&frame)));

    while left > 0 {
        match capture.next(Duration::MAX)? {
            Event::Started(stream) => {
                println!("{} at {:?} fps from {}", stream.format, stream.rate.map(|r| r.fps()), stream.camera)
            }
            Event::Frame(frame) if frame.metadata().corrupt => println!("frame {}: corrupt", frame.metadata().sequence),
            Event::Frame(frame) => match frames.try_send(frame) {
                Ok(()) => left -= 1,
                Err(TrySendError::Full(frame)) => println!("frame {}: skipped, too busy", frame.metadata().sequence),
                Err(TrySendError::Disconnected(_)) => break,
            },
            Event::Waiting(reason) => println!("waiting: {reason}"),
            Event::Idle | Event::Resumed => {}
            Event::Stopped => break,
        }
    }
    drop(frames);
    let _ = worker.join();
    let total = capture.accounting().total().frames();
    println!(
        "{} numbered = {} delivered + {} lost + {} corrupt",
        total.numbered, total.delivered, total.lost, total.corrupt
    );
    Ok(())
}

/// The mean of Y, which is every other byte of YUYV. The lines' length is the driver's, padding included.
fn print_brightness(frame: &Frame) {
    let format = frame.format();
    let lines = frame.data().chunks(format.bytesperline().max(1) as usize).take(format.size.height as usize);
    let luma = lines.flat_map(|line| line.iter().take(format.size.width as usize * 2).step_by(2));
    let (sum, count) = luma.fold((0_u64, 0_u64), |(sum, count), y| (sum + u64::from(*y), count + 1));
    println!("frame {}: mean brightness {:.1} of 255", frame.metadata().sequence, sum as f64 / count.max(1) as f64);
}
