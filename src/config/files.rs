//! The files that make a configuration, each over the one before it: the configuration file, and an overriding one such as
//! that on a card's boot partition, which whoever flashed the card can edit on any PC.
//!
//! A mistake in the configuration file is an error: somebody sits before it who can mend it. The overriding file's author
//! may be anywhere, so a mistake there never keeps picam from capturing: it is told, and the file as it last was without
//! one is used, of which a copy is kept. Only the camera knows whether it does what the file asks of it: where it refuses,
//! there is what to capture by instead.

use std::fs::{self, File};
use std::io::{self, Write};
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
        let base = self.config.as_deref().map(file::read).transpose().map_err(ConfigError::File)?.unwrap_or_default();
        let config = Config::new(base.clone().merge(flags.clone()))?;
        let Some(path) = self.overriding() else {
            // Gone on purpose: what it said is not to come back with the next mistake.
            let _ = self.last_good().map(fs::remove_file);
            return Ok(Loaded { config, warnings: Vec::new(), fallback: None });
        };
        let fallback = |over: &Config| {
            let differs = over.capture != config.capture;
            differs.then(|| Fallback { capture: config.capture.clone(), file: path.to_owned() })
        };
        let over = |path: &Path| {
            let bytes = file::bytes(path)?;
            let layers = |settings: &Settings| base.clone().merge(settings.clone()).merge(flags.clone());
            file::parse(path, &bytes, layers).map(|(_, config)| (config, bytes))
        };
        let mistakes = match over(path) {
            Ok((over, bytes)) => {
                let kept = self.last_good().map_or(Ok(()), |copy| keep(&copy, &bytes));
                let warning = |error| format!("{}: its last good copy cannot be kept: {error}", path.display());
                let warnings = kept.map_err(warning).err().into_iter().collect();
                return Ok(Loaded { fallback: fallback(&over), config: over, warnings });
            }
            Err(mistakes) => mistakes,
        };
        let mut warnings: Vec<_> = mistakes.iter().map(Mistake::to_string).collect();
        let last_good = self.last_good().and_then(|copy| Some((over(&copy).ok()?.0, copy)));
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

/// Keeps a copy, whole or not at all, and writes to the card only what is new.
fn keep(copy: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(copy).is_ok_and(|kept| kept == bytes) {
        return Ok(());
    }
    let new = copy.with_extension("toml.new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, copy)?;
    // The rename, too, is to outlive a power cut.
    File::open(copy.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests;
