//! What can be wrong with a configuration, told so that a person can mend it.

use std::fmt;
use std::path::PathBuf;

/// Why there is no [`Config`](super::Config).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// All that is wrong with the configuration file; never empty.
    #[error("{}", lines(.0))]
    File(Vec<Mistake>),
    /// All that is wrong with the settings, flags and file together; never empty.
    #[error("{}", lines(.0))]
    Settings(Vec<Problem>),
}

/// A setting that cannot be used, by itself or beside another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the setting: the flag's and the file's are the same.
    pub key: &'static str,
    /// What is wrong with it, and the remedy where it is not obvious.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, Printable(&self.reason))
    }
}

/// A mistake in a configuration file, shown as `picam.toml:12: buffers: 64 is out of range 1 to 32`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// Where in the file; `None`: the file as a whole.
    pub place: Option<Place>,
    /// The key, `set.NAME` for a control; `None`: where the file is not TOML.
    pub key: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// Where in a text, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        match (&self.place, &self.key) {
            (Some(place), Some(key)) => write!(f, "{}: {}:", place.line, Printable(key))?,
            // No key that says where in the line.
            (Some(place), None) => write!(f, "{}:{}:", place.line, place.column)?,
            (None, Some(key)) => write!(f, " {}:", Printable(key))?,
            (None, None) => {}
        }
        write!(f, " {}", Printable(&self.reason))
    }
}

/// Text from a file on its way to a terminal: control characters are escaped.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(
            |c| {
                if c.is_control() { write!(f, "{}", c.escape_default()) } else { write!(f, "{c}") }
            },
        )
    }
}

fn lines<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_shown_with_all_that_is_known_of_it() {
        let place = Some(Place { line: 12, column: 3 });
        let key = Some("buffers".to_owned());
        for (place, key, shown) in [
            (place, key.clone(), "picam.toml:12: buffers: no\\u{1b}"),
            (place, None, "picam.toml:12:3: no\\u{1b}"),
            (None, key, "picam.toml: buffers: no\\u{1b}"),
            (None, None, "picam.toml: no\\u{1b}"),
        ] {
            let mistake = Mistake { file: "picam.toml".into(), place, key, reason: "no\u{1b}".into() };
            assert_eq!(mistake.to_string(), shown);
        }
    }
}
