//! The configuration file: TOML to [`Settings`], with line and reason of every mistake.
//!
//! A file is read as a whole: whatever is wrong with it is told in one go, except that a file which is not TOML has only
//! the place where it stops being so. Any bytes at all give settings or mistakes, never a panic.

use std::borrow::Cow;
use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::ops::{Range, RangeInclusive};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::http::{self, CONNECTIONS, QUALITY};
use super::settings::{BUFFERS, COUNT, INPUT, VERBOSE, out_of_range, truth};
use super::{Config, ConfigError, HttpSettings, KEYS, Mistake, Place, Problem, Secret, Settings, duration, syntax};
use crate::nearest::nearest;
use crate::terminal;

/// Longer than any configuration: what is longer was not meant to be one.
pub(super) const LONGEST: u64 = 1 << 20;

/// A file's settings, which by themselves are a valid configuration.
pub fn read(path: &Path) -> Result<Settings, Vec<Mistake>> {
    parse(path, &bytes(path)?, Settings::clone).map(|(settings, _)| settings)
}

/// A file as it is, up to 1 MiB.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Vec<Mistake>> {
    let whole = |reason: String| vec![Mistake { file: path.to_owned(), place: None, key: None, reason }];
    let cannot = |error: std::io::Error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::NotFound => ": is its name right?",
            std::io::ErrorKind::PermissionDenied => ": let this user read it (chmod, chown)",
            std::io::ErrorKind::IsADirectory => ": name the file in it",
            _ => "",
        };
        whole(terminal::plain(&format!("cannot be read: {error}{remedy}")).into_owned())
    };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() as u64 > LONGEST {
        return Err(whole("is larger than 1 MiB: not a configuration".to_owned()));
    }
    Ok(bytes)
}

/// Reads a file's text: its own settings, and the configuration that these are together with what `layers` puts below and
/// above them. `path` is only for the mistakes.
pub(super) fn parse(
    path: &Path,
    bytes: &[u8],
    layers: impl FnOnce(&Settings) -> Settings,
) -> Result<(Settings, Config), Vec<Mistake>> {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::new(path, &text);
    if let Err(error) = std::str::from_utf8(bytes) {
        reader.mistake(error.valid_up_to(), None, "is not UTF-8: save it with that encoding".to_owned());
        return Err(reader.mistakes);
    }
    let table = match DeTable::parse(&text) {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            match syntax::explain(&text, at, error.message()) {
                Some((key, reason)) => reader.mistake(at, Some(key), reason),
                None => reader.mistake(at, None, error.message().to_owned()),
            }
            return Err(reader.mistakes);
        }
    };
    let settings = reader.settings(table.get_ref());
    // The rest is checked too, so that one look tells all there is to mend.
    let config = Config::new(layers(&settings));
    if let Err(ConfigError::Settings(problems)) = &config {
        for Problem { key, reason } in problems {
            match find(table.get_ref(), key) {
                Some(value) => reader.mistake(value.span().start, Some((*key).to_owned()), reason.clone()),
                // Another layer's, which goes together with it but not with this one.
                None => reader.mistakes.push(Mistake {
                    file: path.to_owned(),
                    place: None,
                    key: Some((*key).to_owned()),
                    reason: reason.clone(),
                }),
            }
        }
    }
    match config {
        Ok(config) if reader.mistakes.is_empty() => Ok((settings, config)),
        _ => {
            reader.mistakes.sort_by_key(|mistake| mistake.place);
            Err(reader.mistakes)
        }
    }
}

type Value<'i> = Spanned<DeValue<'i>>;

/// Turns a TOML document into settings and keeps the mistakes.
struct Reader<'i> {
    path: &'i Path,
    text: &'i str,
    /// Where each line starts.
    lines: Vec<usize>,
    mistakes: Vec<Mistake>,
}

impl<'i> Reader<'i> {
    fn new(path: &'i Path, text: &'i str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Reader { path, text, lines, mistakes: Vec::new() }
    }

    fn settings(&mut self, table: &DeTable<'i>) -> Settings {
        let mut settings = Settings::default();
        for (name, value) in in_order(table) {
            let key = name.get_ref().as_ref();
            match key {
                "device" => settings.device = self.string(key, value, str::parse),
                "format" => settings.format = self.list(key, value, str::parse),
                "size" => settings.size = self.string(key, value, str::parse),
                "fps" => settings.fps = self.number(key, value, str::parse),
                "buffers" => settings.buffers = self.integer(key, value, BUFFERS),
                "input" => settings.input = self.integer(key, value, INPUT),
                "standard" => settings.standard = self.string(key, value, str::parse),
                "set" => settings.set = self.controls(value),
                "strict" => settings.strict = self.boolean(key, value),
                "keep-existing" => settings.keep_existing = self.boolean(key, value),
                "keep-corrupt" => settings.keep_corrupt = self.boolean(key, value),
                "allow-skips" => settings.allow_skips = self.boolean(key, value),
                "timeout" => settings.timeout = self.number(key, value, duration::read),
                "on-error" => settings.on_error = self.string(key, value, str::parse),
                "frames" => settings.frames = self.boolean(key, value),
                "raw" => settings.raw = self.list(key, value, str::parse),
                "y4m" => settings.y4m = self.list(key, value, str::parse),
                "frame-log" => settings.frame_log = self.list(key, value, str::parse),
                "frame-log-format" => settings.frame_log_format = self.string(key, value, str::parse),
                "http" => settings.http = self.http(value),
                "count" => settings.count = self.integer(key, value, COUNT),
                "duration" => settings.duration = self.number(key, value, duration::read),
                "stats-interval" => settings.stats_interval = self.number(key, value, duration::read),
                "json" => settings.json = self.boolean(key, value),
                "quiet" => settings.quiet = self.boolean(key, value),
                "verbose" => settings.verbose = self.integer(key, value, VERBOSE),
                _ => self.unknown(name, key, &KEYS),
            }
        }
        settings
    }

    /// `[http]`, or only the address.
    fn http(&mut self, value: &Value<'i>) -> HttpSettings {
        let mut http = HttpSettings::default();
        let table = match value.get_ref() {
            DeValue::Table(table) => table,
            DeValue::String(_) | DeValue::Integer(_) => {
                http.listen = self.number("http", value, str::parse);
                return http;
            }
            _ => {
                self.wrong_type("http", value, "a table: [http], and below it listen and the like");
                return http;
            }
        };
        let secret = |text: &str| Ok(Secret(text.to_owned()));
        for (name, value) in in_order(table) {
            let key = &format!("http.{}", name.get_ref());
            match name.get_ref().as_ref() {
                "listen" => http.listen = self.number(key, value, str::parse),
                "token" => http.token = self.string(key, value, secret),
                "token-file" => http.token_file = self.string(key, value, |text| Ok(text.into())),
                "password-hash" => http.password_hash = self.string(key, value, secret),
                "allow-anonymous" => http.allow_anonymous = self.boolean(key, value),
                "quality" => http.quality = self.integer(key, value, QUALITY),
                "max-quality" => http.max_quality = self.integer(key, value, QUALITY),
                "max-fps" => http.max_fps = self.number(key, value, str::parse),
                "max-connections" => http.max_connections = self.integer(key, value, CONNECTIONS),
                "max-connections-per-address" => {
                    http.max_connections_per_address = self.integer(key, value, CONNECTIONS);
                }
                "host-names" => http.host_names = self.list(key, value, |text| Ok(text.to_owned())),
                "allow-origin" => http.allow_origin = self.list(key, value, |text| Ok(text.to_owned())),
                "notices" => http.notices = self.string(key, value, |text| Ok(text.into())),
                _ => self.unknown(name, key, &http::KEYS),
            }
        }
        http
    }

    /// `[set]`: each control's value as text, whatever its type.
    fn controls(&mut self, value: &Value<'i>) -> Vec<(String, String)> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type("set", value, "a table: [set], and below it lines of CONTROL = VALUE");
            return Vec::new();
        };
        let mut controls = Vec::new();
        for (name, value) in in_order(table) {
            let control = name.get_ref().as_ref();
            let key = format!("set.{control}");
            if KEYS.contains(&control) {
                let reason = "is no control but a setting: it belongs above the line [set]".to_owned();
                self.mistake(name.span().start, Some(key), reason);
                continue;
            }
            match value.get_ref() {
                DeValue::String(_) => {
                    controls.extend(self.string(&key, value, |text| Ok((control.to_owned(), text.to_owned()))))
                }
                DeValue::Integer(_) => {
                    let integer = self.integer(&key, value, i64::MIN..=i64::MAX);
                    controls.extend(integer.map(|integer| (control.to_owned(), integer.to_string())));
                }
                DeValue::Boolean(on) => controls.push((control.to_owned(), on.to_string())),
                _ => self.wrong_type(&key, value, "a string, an integer, true or false"),
            }
        }
        controls
    }

    fn string<T>(&mut self, key: &str, value: &Value<'i>, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(key, value, "a string");
            return None;
        };
        self.text(key, value.span(), text, read)
    }

    /// A string, or a number that says the same.
    fn number<T>(&mut self, key: &str, value: &Value<'i>, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(_) => self.integer(key, value, i64::MIN..=i64::MAX)?.to_string(),
            DeValue::Float(float) => float.as_str().to_owned(),
            _ => {
                self.wrong_type(key, value, "a number or a string");
                return None;
            }
        };
        self.text(key, value.span(), &text, read)
    }

    /// A list of strings. One string is a list of itself; of `format` it is a list of what stands between its commas.
    fn list<T>(&mut self, key: &str, value: &Value<'i>, read: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        match value.get_ref() {
            DeValue::Array(array) => {
                let read: Vec<_> = array.iter().map(|element| self.string(key, element, &read)).collect();
                read.into_iter().collect()
            }
            DeValue::String(text) if key == "format" => {
                let read: Vec<_> =
                    text.split(',').map(|part| self.text(key, value.span(), part.trim(), &read)).collect();
                read.into_iter().collect()
            }
            DeValue::String(text) => self.text(key, value.span(), text, read).map(|one| vec![one]),
            _ => {
                self.wrong_type(key, value, "a string or a list of strings");
                None
            }
        }
    }

    fn integer<T>(&mut self, key: &str, value: &Value<'i>, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        let DeValue::Integer(integer) = value.get_ref() else {
            self.wrong_type(key, value, "an integer");
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|number| T::try_from(number).ok()).filter(|number| range.contains(number));
        if number.is_none() {
            self.mistake(value.span().start, Some(key.to_owned()), out_of_range(integer, &range));
        }
        number
    }

    fn boolean(&mut self, key: &str, value: &Value<'i>) -> Option<bool> {
        let on = value.get_ref().as_bool();
        match value.get_ref() {
            DeValue::Boolean(_) => {}
            // What other formats take for it.
            DeValue::String(text) if truth(text).is_some() => {
                let meant = truth(text).unwrap_or_default();
                let reason =
                    format!("takes true or false without quotes, not \"{text}\": did you mean {key} = {meant}?");
                self.mistake(value.span().start, Some(key.to_owned()), reason);
            }
            _ => self.wrong_type(key, value, "true or false"),
        }
        on
    }

    fn text<T>(
        &mut self,
        key: &str,
        at: Range<usize>,
        text: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        // What goes to the kernel as a path or a name ends at a NUL, and would be another one.
        let read = if text.contains('\0') { Err("contains a NUL character".to_owned()) } else { read(text) };
        read.map_err(|reason| self.mistake(at.start, Some(key.to_owned()), reason)).ok()
    }

    /// `key` is where it stands: `name` itself, or that in its table, which knows other keys.
    fn unknown(&mut self, name: &Spanned<Cow<'i, str>>, key: &str, known: &[&str]) {
        let hint = match nearest(name.get_ref(), known) {
            Some(known) => format!("did you mean {known}?"),
            None if known != KEYS => format!("the keys of this table are {}", known.join(", ")),
            None => "the keys are the names of the flags, see `picam --help`; controls stand below [set]".to_owned(),
        };
        self.mistake(name.span().start, Some(key.to_owned()), format!("unknown key: {hint}"));
    }

    fn wrong_type(&mut self, key: &str, value: &Value<'i>, takes: &str) {
        let article = if matches!(value.get_ref(), DeValue::Array(_) | DeValue::Integer(_)) { "an" } else { "a" };
        let reason = format!("takes {takes}, not {article} {}", value.get_ref().type_str());
        self.mistake(value.span().start, Some(key.to_owned()), reason);
    }

    fn mistake(&mut self, at: usize, key: Option<String>, reason: String) {
        let line = self.lines.partition_point(|start| *start <= at);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let column = 1 + self.text.get(start..at).map_or(0, |before| before.chars().count());
        self.mistakes.push(Mistake { file: self.path.to_owned(), place: Some(Place { line, column }), key, reason });
    }
}

/// The value of a key, or of one in a table, such as `http.token`; the table itself where it is not there.
fn find<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<&'t Value<'i>> {
    let (name, rest) = key.split_once('.').unwrap_or((key, ""));
    let value = table.get(name)?;
    Some(value.get_ref().as_table().and_then(|table| table.get(rest)).unwrap_or(value))
}

/// The entries as the file has them; the table itself is in alphabetical order.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Spanned<Cow<'i, str>>, &'t Value<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

#[cfg(test)]
mod tests;
