//! Any bytes give settings or mistakes: what the reader promises, asked with made-up files.

use super::*;
use proptest::prelude::*;

/// Lines that are often TOML and sometimes a configuration.
fn toml_like() -> impl Strategy<Value = String> {
    let words = |words: &'static [&'static str]| proptest::sample::select(words).prop_map(str::to_owned);
    let key = prop_oneof![4 => words(&KEYS), 1 => "[a-z.\"]{0,8}"];
    let value = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        any::<bool>().prop_map(|on| on.to_string()),
        r#""[ !#-\[\]-~]{0,12}""#,
        r#"\[("[a-z.-]{0,6}",?){0,3}\]"#,
        r"\{[a-z]{1,4} = [0-9]{1,3}\}",
        words(&["\"-\"", "\"test:1x1\"", "\"YUYV,MJPG\"", "\"5s\"", "\"wait\"", "1", "0", "\"\"\"", "'''"]),
    ];
    let line = prop_oneof![
        8 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => Just("[set]".to_owned()),
        1 => r"\PC{0,12}",
    ];
    proptest::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

fn parse(path: &Path, bytes: &[u8]) -> Result<(Settings, Config), Vec<Mistake>> {
    super::parse(path, bytes, Settings::clone)
}

fn holds(bytes: &[u8]) -> Result<(), TestCaseError> {
    match parse(Path::new("picam.toml"), bytes) {
        Ok((settings, config)) => prop_assert_eq!(Config::new(settings), Ok(config)),
        Err(mistakes) => {
            prop_assert!(!mistakes.is_empty());
            prop_assert!(mistakes.is_sorted_by_key(|mistake| mistake.place));
            let lines = bytes.split(|byte| *byte == b'\n').count();
            for mistake in mistakes {
                let place = mistake.place.expect("a place");
                prop_assert!((1..=lines).contains(&place.line) && place.column >= 1, "{mistake:?}");
                prop_assert!(!mistake.to_string().contains(char::is_control), "{mistake}");
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_give_settings_or_mistakes(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        holds(&bytes)?;
    }

    #[test]
    fn any_text_gives_settings_or_mistakes(text in r"\PC*") {
        holds(text.as_bytes())?;
    }

    #[test]
    fn anything_like_toml_gives_settings_or_mistakes(text in toml_like()) {
        holds(text.as_bytes())?;
    }
}

#[test]
fn depth_and_length_are_bounded() {
    for text in ["[".repeat(100_000), "a.".repeat(100_000), format!("set = {}", "{a=".repeat(50_000))] {
        assert!(parse(Path::new("deep.toml"), text.as_bytes()).is_err());
    }
    let unknown: String = (0..50_000).map(|n| format!("key{n} = 1\n")).collect();
    assert_eq!(parse(Path::new("long.toml"), unknown.as_bytes()).unwrap_err().len(), 50_000);
}

#[test]
fn a_byte_order_mark_and_dos_line_ends_are_taken() {
    let (settings, _) = parse(Path::new("dos.toml"), b"\xef\xbb\xbfbuffers = 8\r\ncount = 3\r\n").unwrap();
    assert_eq!((settings.buffers, settings.count), (Some(8), Some(3)));
}

#[test]
fn controls_keep_the_files_order() {
    let (settings, _) = parse(Path::new("set.toml"), b"[set]\nz = 0x10\na = true\nm = \"50 Hz\"").unwrap();
    let pairs: Vec<_> = settings.set.iter().map(|(control, value)| (control.as_str(), value.as_str())).collect();
    assert_eq!(pairs, [("z", "16"), ("a", "true"), ("m", "50 Hz")]);
}
