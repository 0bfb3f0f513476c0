//! What others on this machine have to say to who watches: that the Wi-Fi's password is wrong, that the card is damaged.
//!
//! One notice is a file in a directory: its name is the subject, and its first line is the text. Whoever takes the file
//! away takes the notice back.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Notices shown at most.
const MOST: usize = 16;
/// What is read of a notice, in bytes.
const LONGEST: u64 = 200;

/// The notices in a directory, each as `SUBJECT: TEXT`, by subject. What cannot be read is none, nor is a hidden file: it
/// may still be written.
pub(super) fn read(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort_unstable();
    files.iter().filter_map(|file| notice(file)).take(MOST).collect()
}

fn notice(file: &Path) -> Option<String> {
    let subject = file.file_name()?.to_str().filter(|name| !name.starts_with('.'))?;
    // Of a FIFO, the opening would wait for a writer.
    let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(file).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(format!("{subject}: {}", text.lines().next().unwrap_or_default().trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_a_notice() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| fs::write(directory.path().join(name), text).unwrap();
        assert_eq!(read(&directory.path().join("absent")), Vec::<String>::new());
        write("Wi-Fi", b"the password of home is wrong\nand more\n");
        write("card", b"mended \xff\n");
        write(".half", b"writt");
        write("long", "x".repeat(1000).as_bytes());
        fs::create_dir(directory.path().join("directory")).unwrap();
        let mkfifo = std::process::Command::new("mkfifo").arg(directory.path().join("fifo")).status();
        assert!(mkfifo.unwrap().success());
        let long = format!("long: {}", "x".repeat(200));
        assert_eq!(read(directory.path()), ["Wi-Fi: the password of home is wrong", "card: mended \u{fffd}", &long]);
        (0..100).for_each(|number| write(&format!("n{number}"), b"one of many"));
        assert_eq!(read(directory.path()).len(), MOST);
    }
}
