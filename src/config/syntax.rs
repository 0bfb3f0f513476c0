//! Explains mistakes in a file that is not TOML to users who do not know TOML: the key, and how its value is written.

use super::KEYS;
use super::http;
use super::settings::truth;

/// The key of the line at `at` and what is wrong with it; `None`: the parser's own `message` says it best.
pub(super) fn explain(text: &str, at: usize, message: &str) -> Option<(String, String)> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?;
    let (key, value) = line.split_once('=').unwrap_or((line, ""));
    let key = key.trim().trim_matches(['[', ']']).to_owned();
    if key.is_empty() || key.starts_with('#') {
        return None;
    }
    if message.contains("duplicate key") {
        let is_first = |(_, other): &(usize, &str)| {
            let other = other.split('=').next().unwrap_or_default().trim().trim_matches(['[', ']']);
            other == key || other.starts_with(&format!("{key}."))
        };
        let before = text.get(..start)?.lines().enumerate().find(is_first)?;
        return Some((key, format!("is there twice, first in line {}: leave one of them out", before.0 + 1)));
    }
    let value = value.split('#').next().unwrap_or_default().trim();
    let (name, _) = line.split_once('=')?;
    if at < start + name.len() + 1 {
        return None;
    }
    let reason = match value {
        "" => format!("has no value: write one behind the =, or put a # before {key}"),
        _ if value.starts_with(['"', '\'', '[', '{']) => return None,
        _ => match truth(value) {
            Some(meant) if KEYS.contains(&key.as_str()) => {
                format!("{value} is neither true nor false: did you mean {meant}?")
            }
            _ if may_be_shown(&key) => {
                format!("{value} is neither a number, true nor false, and text stands in quotes: {key} = \"{value}\"")
            }
            _ => format!(
                "what stands there is neither a number, true nor false, and text stands in quotes: {key} = \"...\""
            ),
        },
    };
    Some((key, reason))
}

/// Whether what stands behind a key is nobody's secret: messages go to logs, and to the page.
fn may_be_shown(key: &str) -> bool {
    let name = key.rsplit('.').next().unwrap_or_default();
    (KEYS.contains(&name) || http::KEYS.contains(&name)) && !["token", "password-hash"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        for (text, at, message, key, reason) in [
            ("strict = yes", 9, "", "strict", "yes is neither true nor false: did you mean true?"),
            ("a = 1\nstrict = False # no", 15, "", "strict", "False is neither true nor false: did you mean false?"),
            (
                "size = 1x2",
                7,
                "",
                "size",
                "1x2 is neither a number, true nor false, and text stands in quotes: size = \"1x2\"",
            ),
            ("fps =", 5, "", "fps", "has no value: write one behind the =, or put a # before fps"),
            ("fps = 1\nfps = 2", 8, "duplicate key", "fps", "is there twice, first in line 1: leave one of them out"),
            ("set.a = 1\n[set]", 11, "duplicate key", "set", "is there twice, first in line 1: leave one of them out"),
        ] {
            assert_eq!(explain(text, at, message), Some((key.to_owned(), reason.to_owned())), "{text}");
        }
        for secret in ["token = hunter2", "http.token = hunter2", "password-hash = hunter2", "tokne = hunter2"] {
            let (_, reason) = explain(secret, secret.len() - 2, "").unwrap();
            assert!(!reason.contains("hunter2") && reason.contains("in quotes"), "{reason}");
        }
        for (text, at) in [("[http", 5), ("device = 'test", 14), ("= 3", 0), ("buffers 3", 8), ("", 0), ("ä", 1)] {
            assert_eq!(explain(text, at, "unfinished"), None, "{text}");
        }
    }
}
