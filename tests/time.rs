//! Time is injected: what decides by time takes a `Clock`, and its tests a simulated one. Nothing else may sleep or look at the
//! clock; those that do are listed here, with the reason.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Files, or directories, that may.
const MAY: [(&str, &str); 10] = [
    ("src/clock.rs", "the clock, and `until` for what other threads do"),
    ("src/run.rs", "the end's deadline, for condition variables, which wait by Instant"),
    ("src/http.rs", "as above"),
    ("src/http/tests.rs", "as above"),
    ("src/sink/thread.rs", "as above"),
    ("src/sink/thread/tests.rs", "as above"),
    ("src/source/wait.rs", "a timer of the kernel's, which goes by the kernel's clock"),
    ("tests/program.rs", "what a second of waiting costs the processor, which has to pass"),
    ("tests/drivers", "real drivers, which deliver in real time"),
    ("tests/time.rs", "the words below"),
];

const WORDS: [&str; 6] =
    ["sleep(", "Instant::now", "SystemTime::now", ".elapsed()", "clock::monotonic;", "wait_timeout("];

#[test]
fn only_the_clock_knows_the_time() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = BTreeSet::new();
    let mut unlisted = Vec::new();
    for path in ["src", "tests"].iter().flat_map(|directory| sources(&root.join(directory))) {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root).unwrap();
        for (number, line) in text.lines().enumerate() {
            // A clock's own.
            let line = line.replace("clock.sleep(", "").replace("fn sleep(", "");
            if !WORDS.iter().any(|word| line.contains(word)) {
                continue;
            }
            match MAY.iter().find(|(listed, _)| name.starts_with(listed)) {
                Some((listed, _)) => _ = used.insert(*listed),
                None => unlisted.push(format!("{}:{}: {}", name.display(), number + 1, line.trim())),
            }
        }
    }
    assert!(unlisted.is_empty(), "take a Clock, or say in tests/time.rs why not:\n{}", unlisted.join("\n"));
    let unused: Vec<_> = MAY.iter().filter(|(listed, _)| !used.contains(listed)).collect();
    assert!(unused.is_empty(), "no longer needed: {unused:?}");
}

/// The Rust files below a directory.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
