//! Interlaced pictures: both fields of each are in the figures, and every output says what they are or refuses.

use super::program::run_picam;
use super::summary::{frame_log, gaps};
use super::vivid::{Control, HD_1080I25, HDMI, S_VIDEO, SELECTED_TIMINGS, Vivid};
use std::fs;
use tempfile::tempdir;

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn fields_that_come_one_at_a_time_are_all_counted() {
    let vivid = Vivid::camera();
    vivid.select_input(HDMI);
    vivid.set(Control::DvTimings, HD_1080I25);
    vivid.set(Control::DvTimingsSignalMode, SELECTED_TIMINGS);
    let directory = tempdir().unwrap();
    let (log, y4m) = (directory.path().join("frames.csv"), directory.path().join("frames.y4m"));
    let arguments = format!(
        "run --size 960x270 --json --allow-skips --count 200 --frame-log {} --y4m {}",
        log.display(),
        y4m.display()
    );
    let ended = run_picam(&arguments).with_status(0).said(&[
        "the signal is 1920x1080 at 25 fps",
        "fields come one at a time",
        "field alternate",
        "comes as fields (alternate)",
    ]);
    let total = ended.total();

    assert_eq!((total.text("/format/field"), total.size()), ("alternate", (960, 270)));
    let frames = frame_log(&log);
    assert_eq!((total.delivered(), frames.len()), (200, 200));
    // Two fields have one number. As many as are missing, at the ends of the log apart, are lost.
    let pictures = u64::from(frames[199].sequence - frames[0].sequence) + 1;
    assert!((2 * pictures - 2..=2 * pictures).contains(&total.numbered()), "{pictures} pictures: {total:?}");
    assert_eq!(total.numbered(), 200 + total.lost());
    assert!(
        frames.windows(2).all(|two| two[0].field != two[1].field || two[0].sequence < two[1].sequence),
        "{frames:?}"
    );
    assert!(frames.iter().all(|frame| ["top", "bottom"].contains(&frame.field.as_str())), "{frames:?}");
    // 25 pictures a second.
    assert!((total.fps() - 50.0).abs() < 0.1, "{total:?}");
    assert_eq!(total.sink("y4m").skipped_by("refused"), 200);
}

#[test]
#[ignore = "needs vivid: run by tests/drivers/run"]
fn interlaced_pictures_are_marked_as_such() {
    let _vivid = Vivid::camera();
    let directory = tempdir().unwrap();
    let (log, y4m) = (directory.path().join("frames.csv"), directory.path().join("frames.y4m"));
    // The top field is older in PAL, the bottom field in NTSC.
    for (standard, height, field, header) in
        [("pal", 576, "interlaced_tb", "F25000:1000 It "), ("ntsc", 480, "interlaced_bt", "F30000:1001 Ib ")]
    {
        let arguments = format!(
            "run --input {S_VIDEO} --standard {standard} --size 720x{height} --json --allow-skips --count 10 \
             --frame-log {} --y4m {}",
            log.display(),
            y4m.display()
        );
        let ended = run_picam(&arguments).with_status(0).said(&["interlaced: each has two fields, line by line"]);
        let total = ended.total();

        assert_eq!((total.text("/format/field"), total.size()), (field, (720, height)));
        let frames = frame_log(&log);
        assert_eq!((total.delivered(), total.lost()), (10, gaps(&frames)));
        assert!(frames.iter().all(|frame| frame.field == "interlaced"), "{frames:?}");
        let video = fs::read(&y4m).unwrap();
        let header = format!("YUV4MPEG2 W720 H{height} {header}");
        assert!(video.starts_with(header.as_bytes()), "{}", String::from_utf8_lossy(&video[..80]));
    }
}
