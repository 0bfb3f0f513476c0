//! What to type instead: usage errors whose cause clap cannot know.

use std::path::Path;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use super::Cli;
use crate::config::settings::truth;
use crate::device::Selector;

/// The same error, or one that names the cause and what was probably meant.
pub(super) fn explain(error: Error) -> Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    if error.kind() == ErrorKind::InvalidValue {
        let takes_truth = matches!(error.get(ContextKind::ValidValue), Some(ContextValue::Strings(words)) if words == &["true", "false"]);
        return match (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue)) {
            (Some(flag), Some(word)) if takes_truth => {
                let meant = truth(&word).map(|meant| format!(": did you mean {meant}?")).unwrap_or_default();
                let message = format!("invalid value for '{flag}': \"{word}\" is neither true nor false{meant}");
                Cli::command().error(ErrorKind::InvalidValue, message)
            }
            _ => error,
        };
    }
    if error.kind() != ErrorKind::InvalidSubcommand || error.get(ContextKind::SuggestedSubcommand).is_some() {
        return error;
    }
    let Some(word) = text(ContextKind::InvalidSubcommand) else { return error };
    let meant = match meant(&word) {
        Some(meant) => format!("did you mean picam {meant}?"),
        None => "the commands are run, snapshot, list, check and help".to_owned(),
    };
    Cli::command().error(ErrorKind::InvalidSubcommand, format!("\"{word}\" is no command: {meant}"))
}

/// What a word that is no command stands for: a configuration file, a picture, a recording or a camera.
fn meant(word: &str) -> Option<String> {
    let path = Path::new(word);
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    match extension.as_deref().and_then(|extension| extension.to_str()) {
        Some("toml") => return Some(format!("--config {word}")),
        Some("jpg" | "jpeg" | "png" | "ppm") => return Some(format!("snapshot {word}")),
        Some("y4m") => return Some(format!("--y4m {word}")),
        Some("raw" | "yuv" | "mjpg") => return Some(format!("--raw {word}")),
        Some("csv" | "jsonl") => return Some(format!("--frame-log {word}")),
        _ => {}
    }
    match word.parse::<Selector>() {
        Ok(_) => Some(format!("--device {word}")),
        Err(reason) => {
            let (_, meant) = reason.split_once("did you mean ")?;
            Some(format!("--device {}", meant.trim_end_matches('?')))
        }
    }
}
