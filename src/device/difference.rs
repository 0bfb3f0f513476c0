//! How what a camera does differs from what was asked of it.

use std::fmt;

/// One setting that is not as it was asked for: granted otherwise, or left out because it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The setting: a flag's name, or a control's as it was written.
    pub setting: String,
    /// What is the case instead, or why the setting failed: a sentence.
    pub text: String,
    /// Whether the setting failed, and is left out.
    pub failed: bool,
}

impl Difference {
    /// `setting` is granted as `instead`: what, and what was asked.
    pub(crate) fn granted(setting: &str, instead: impl fmt::Display) -> Self {
        Difference { setting: setting.to_owned(), text: format!("the driver grants {instead}"), failed: false }
    }

    /// `setting` is left out: `problem` says what failed, and why.
    pub(crate) fn failed(setting: &str, problem: String) -> Self {
        Difference { setting: setting.to_owned(), text: problem, failed: true }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.failed { f.write_str("; capturing without it") } else { Ok(()) }
    }
}
