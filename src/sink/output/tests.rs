//! Whole records, whatever happens to whom.

use super::*;
use std::fs;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::{FileType, Mode};

fn open(path: &Path) -> Target {
    Target::open(&Output::Path(path.to_owned())).unwrap()
}

fn record(target: &mut Target, bytes: &[u8]) -> io::Result<bool> {
    let first = target.begin()?;
    target.write(&mut [IoSlice::new(bytes)]).map(|_| first)
}

#[test]
fn a_file_keeps_what_it_holds_until_the_first_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("frames.raw");
    fs::write(&path, "what was there before").unwrap();
    let mut target = open(&path);
    assert_eq!(fs::read(&path).unwrap(), b"what was there before");
    assert!(target.is_at_start());
    target.write(&mut [IoSlice::new(b"one "), IoSlice::new(b"record,")]).unwrap();
    assert!(!target.is_at_start());
    assert_eq!(target.write(&mut [IoSlice::new(b"")]).unwrap(), 0);
    target.write(&mut [IoSlice::new(b"another")]).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one record,another");
}

#[test]
fn two_never_write_to_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("frames.raw");
    let first = open(&path);
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for name in [&path, &link] {
        let error = Target::open(&Output::Path(name.clone())).err().unwrap().to_string();
        assert!(error.contains("is writing to it: name another file"), "{error}");
    }
    drop(first);
    open(&path);
}

#[test]
fn a_full_device_is_an_error() {
    let error = record(&mut open(Path::new("/dev/full")), b"frame").unwrap_err();
    assert_eq!((error.kind(), NoReader::of(&error)), (io::ErrorKind::StorageFull, None));
}

/// A file that takes 3 bytes and then fails: what was written is there to be taken back.
fn fails_after_three(file: File, kind: impl Fn(File) -> Kind) -> io::Error {
    let mut target = Target { kind: kind(file.try_clone().unwrap()), written: 0 };
    let mut file = &file;
    file.write_all(b"tor").unwrap();
    target.failed(io::ErrorKind::StorageFull.into(), 3)
}

#[test]
fn a_torn_record_is_taken_back_and_another_writers_data_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let shared = |start| move |file| Kind::Shared { file, start };
    let append = || OpenOptions::new().append(true).create(true).open(&path).unwrap();

    fs::write(&path, "before,").unwrap();
    fails_after_three(append(), shared(7));
    assert_eq!(fs::read(&path).unwrap(), b"before,");

    // Another program's line came in between.
    fs::write(&path, "before,a line,").unwrap();
    fails_after_three(append(), shared(7));
    assert_eq!(fs::read(&path).unwrap(), b"before,a line,tor");
}

fn fifo(directory: &tempfile::TempDir) -> PathBuf {
    let path = directory.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
    path
}

fn reader(path: &Path) -> File {
    OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path).unwrap()
}

#[test]
fn a_fifo_is_not_waited_for_and_each_reader_begins_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = fifo(&directory);
    let mut target = open(&path);
    let error = record(&mut target, b"frame").unwrap_err();
    assert_eq!(NoReader::of(&error), Some(NoReader::Yet));
    for _ in 0..2 {
        let reader = reader(&path);
        assert!(record(&mut target, b"frame").unwrap());
        assert!(!record(&mut target, b"frame").unwrap());
        drop(reader);
        let error = record(&mut target, b"frame").unwrap_err();
        assert_eq!(NoReader::of(&error), Some(NoReader::Yet));
    }
}

#[test]
fn after_a_reader_that_left_a_fifo_is_at_its_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = fifo(&directory);
    let mut target = open(&path);
    let reader = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(&path).unwrap();
    assert!(record(&mut target, b"frame").unwrap());
    assert!(!target.is_at_start());
    drop(reader);
    assert!(target.begin().is_err() && target.is_at_start(), "so that the next one may be of another format");
}

#[test]
fn a_fifos_next_reader_gets_nothing_of_the_last_ones_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = fifo(&directory);
    let mut target = open(&path);
    let first = reader(&path);
    record(&mut target, b"a record, of which the first reader takes nothing").unwrap();
    // The second is there before the first one's end is noticed: no write ever fails.
    let mut second = reader(&path);
    drop(first);
    assert!(record(&mut target, b"header, record").unwrap());
    let mut buffer = [0; 100];
    let read = second.read(&mut buffer).unwrap();
    assert_eq!(&buffer[..read], b"header, record");
}

#[test]
fn an_output_that_cannot_be_made_is_named_with_the_remedy() {
    let error = Target::open(&Output::Path("/nonexistent/frames.raw".into())).err().unwrap().to_string();
    assert!(error.starts_with("cannot write to /nonexistent/frames.raw: No such file or directory"), "{error}");
    assert!(error.ends_with(": make its directory first"), "{error}");
}

#[test]
fn what_a_link_leads_to_is_kept_and_not_the_link() {
    let directory = tempfile::tempdir().unwrap();
    let disk = directory.path().join("disk");
    fs::create_dir(&disk).unwrap();
    fs::write(disk.join("clip.raw"), "the last recording").unwrap();
    let link = directory.path().join("clip.raw");
    std::os::unix::fs::symlink(disk.join("clip.raw"), &link).unwrap();
    let mut target = open(&link);
    target.keep().unwrap();
    record(&mut target, b"the new one").unwrap();
    assert!(link.is_symlink());
    assert_eq!(fs::read(disk.join("clip.raw")).unwrap(), b"the new one");
    assert_eq!(fs::read(disk.join("clip-1.raw")).unwrap(), b"the last recording");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}
