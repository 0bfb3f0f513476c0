//! The files that make a configuration, each over the one before it: the configuration file, and an overriding one such as
//! that on a card's boot partition, which whoever flashed the card can edit on any PC.
//!
//! A mistake in the configuration file is an error: somebody sits before it who can mend it. The overriding file's author
//! may be anywhere, so a mistake there never keeps picam from capturing: it is told, and the file as it last was without
//! one is used, of which a copy is kept. So it is where the file is missing because its partition is not mounted, or is empty
//! after a power cut; only a file that was removed takes its copy along. Only the camera knows whether it does what the file asks of it: where it refuses,
//! there is what to capture by instead.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{CaptureConfig, Config, ConfigError, Mistake, Settings, file};

/// The files' paths; by default there is none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Where the overriding file may be: the first of these that exists is it.
    pub overrides: Vec<PathBuf>,
    /// The directory in which the last good copy of the overriding file is kept; `None`: no copy is.
    pub state: Option<PathBuf>,
}

/// What the files say.
#[derive(Debug, PartialEq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What is wrong with the overriding file, and what is used in its stead; a line each.
    pub warnings: Vec<String>,
    /// What to capture by where the camera refuses what the overriding file asks of it; `None`: that asks nothing of it.
    pub fallback: Option<Fallback>,
}

/// What to capture by without the overriding file.
#[derive(Clone, Debug, PartialEq)]
pub struct Fallback {
    /// The camera, and what is asked of it.
    pub capture: CaptureConfig,
    /// The overriding file, which is to be mended.
    pub file: PathBuf,
}

impl Files {
    /// The files of the system service, which are named in its unit and its init script as well.
    pub fn of_the_service() -> Self {
        Files {
            config: Some("/etc/picam.toml".into()),
            // Raspberry Pi OS mounts the boot partition on the first, other images on the second.
            overrides: vec!["/boot/firmware/picam.toml".into(), "/boot/picam.toml".into()],
            state: None,
        }
    }

    /// The configuration that these files are with `flags` over them.
    ///
    /// # Errors
    /// All mistakes in the configuration file, or all that is wrong with it and the flags together.
    pub fn load(&self, flags: &Settings) -> Result<Loaded, ConfigError> {
        self.load_with(flags, is_mount_point)
    }

    fn load_with(&self, flags: &Settings, is_mounted: impl Fn(&Path) -> bool) -> Result<Loaded, ConfigError> {
        let base = self.config.as_deref().map(file::read).transpose().map_err(ConfigError::File)?.unwrap_or_default();
        let config = Config::new(base.clone().merge(flags.clone()))?;
        let copy = self.last_good().and_then(|copy| Copy::read(copy).ok());
        let present = self.overriding();
        // A file whose partition is gone is not a file that somebody removed.
        let missing = copy.as_ref().and_then(|copy| copy.on_a_partition.as_deref());
        let missing =
            missing.filter(|path| self.overrides.iter().any(|own| own == path) && !is_mounted(directory(path)));
        let Some(path) = present.or(missing) else {
            // Gone on purpose: what it said is not to come back with the next mistake.
            let _ = self.last_good().map(fs::remove_file);
            return Ok(Loaded { config, warnings: Vec::new(), fallback: None });
        };
        let fallback = |over: &Config| {
            let differs = over.capture != config.capture;
            differs.then(|| Fallback { capture: config.capture.clone(), file: path.to_owned() })
        };
        let over = |path: &Path, bytes: &[u8]| {
            let layers = |settings: &Settings| base.clone().merge(settings.clone()).merge(flags.clone());
            file::parse(path, bytes, layers).map(|(_, config)| config)
        };
        let read = match present {
            None => Err(vec![about(path, format!("nothing is mounted at {}", directory(path).display()))]),
            Some(_) => file::bytes(path).and_then(|bytes| match (&copy, bytes.trim_ascii()) {
                (Some(_), b"") => Err(vec![about(path, "is empty, as after a power cut".to_owned())]),
                _ => over(path, &bytes).map(|over| (over, bytes)),
            }),
        };
        let mistakes = match read {
            Ok((over, bytes)) => {
                let is_mounted = is_mounted(directory(path));
                let kept = self.last_good().map_or(Ok(()), |copy| keep(&copy, path, is_mounted, &bytes));
                let warning = |error| format!("{}: its last good copy cannot be kept: {error}", path.display());
                let warnings = kept.map_err(warning).err().into_iter().collect();
                return Ok(Loaded { fallback: fallback(&over), config: over, warnings });
            }
            Err(mistakes) => mistakes,
        };
        let mut warnings: Vec<_> = mistakes.iter().map(Mistake::to_string).collect();
        let last_good = copy.as_ref().and_then(|copy| Some((over(&copy.path, &copy.bytes).ok()?, &copy.path)));
        let used = match &last_good {
            Some((_, copy)) => format!("as it last was without a mistake, {}", copy.display()),
            None => "without a line of it".to_owned(),
        };
        warnings.push(format!("{}: capturing {used}; mend it and start picam again", path.display()));
        let fallback = last_good.as_ref().and_then(|(over, _)| fallback(over));
        Ok(Loaded { config: last_good.map_or(config, |(over, _)| over), warnings, fallback })
    }

    /// The files that exist, each checked over the one before it.
    ///
    /// # Errors
    /// All mistakes of the first of them that has any.
    pub fn check(&self) -> Result<Vec<&Path>, Vec<Mistake>> {
        let mut base = Settings::default();
        let mut checked = Vec::new();
        for path in self.config.as_deref().into_iter().chain(self.overriding()) {
            let (settings, _) = file::parse(path, &file::bytes(path)?, |own| base.clone().merge(own.clone()))?;
            base = base.merge(settings);
            checked.push(path);
        }
        Ok(checked)
    }

    /// The overriding file that is there, though it may not be readable.
    fn overriding(&self) -> Option<&Path> {
        let is_absent =
            |error: io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        self.overrides.iter().map(PathBuf::as_path).find(|path| !path.symlink_metadata().is_err_and(is_absent))
    }

    fn last_good(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|state| state.join("last-good.toml"))
    }
}

/// What a copy's first line begins with where its file was on a partition of its own.
const ON_A_PARTITION: &str = "# The last good copy, from a mounted partition, of ";

/// The last good copy of the overriding file.
struct Copy {
    path: PathBuf,
    /// As the file was.
    bytes: Vec<u8>,
    /// The file, if that was on a partition of its own.
    on_a_partition: Option<PathBuf>,
}

impl Copy {
    fn read(path: PathBuf) -> io::Result<Self> {
        let mut bytes = Vec::new();
        File::open(&path)?.take(2 * file::LONGEST).read_to_end(&mut bytes)?;
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let length = line.len() + 1;
        let of = std::str::from_utf8(line).ok().and_then(|line| line.strip_prefix(ON_A_PARTITION)).map(PathBuf::from);
        if of.is_some() {
            bytes.drain(..length.min(bytes.len()));
        }
        Ok(Copy { bytes, path, on_a_partition: of })
    }
}

/// Keeps a copy, whole or not at all, and writes to the card only what is new.
fn keep(copy: &Path, of: &Path, is_on_a_partition: bool, bytes: &[u8]) -> io::Result<()> {
    let head = if is_on_a_partition { format!("{ON_A_PARTITION}{}\n", of.display()) } else { String::new() };
    let bytes = [head.as_bytes(), bytes].concat();
    if fs::read(copy).is_ok_and(|kept| kept == bytes) {
        return Ok(());
    }
    let new = copy.with_extension("toml.new");
    let mut file = File::create(&new)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&new, copy)?;
    // The rename, too, is to outlive a power cut.
    File::open(directory(copy))?.sync_all()
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether another file system begins at this directory.
fn is_mount_point(directory: &Path) -> bool {
    let device = |path: &Path| path.metadata().map(|metadata| metadata.dev());
    device(directory).ok().zip(device(&directory.join("..")).ok()).is_some_and(|(own, above)| own != above)
}

/// What is wrong with a file as a whole.
fn about(path: &Path, reason: String) -> Mistake {
    Mistake { file: path.to_owned(), place: None, key: None, reason }
}

#[cfg(test)]
mod tests;
