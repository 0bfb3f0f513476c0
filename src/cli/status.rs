//! The exit statuses: the help, the manual page and `main` have them from here.

/// How picam ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As was asked for.
    Done = 0,
    /// For a reason that has no status of its own.
    Failure = 1,
    /// The arguments or the configuration cannot be used.
    Usage = 2,
    /// There is no such camera.
    NoDevice = 3,
    /// Another program uses the camera.
    Busy = 4,
    /// The camera does not do what was asked of it.
    Refused = 5,
    /// The camera went away, or does not deliver.
    Lost = 6,
    /// A recording misses frames.
    Incomplete = 7,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 8] = [
        Status::Done,
        Status::Failure,
        Status::Usage,
        Status::NoDevice,
        Status::Busy,
        Status::Refused,
        Status::Lost,
        Status::Incomplete,
    ];

    /// In a word or two, for the help.
    pub fn name(self) -> &'static str {
        match self {
            Status::Done => "done",
            Status::Failure => "other failure",
            Status::Usage => "usage",
            Status::NoDevice => "no camera",
            Status::Busy => "camera busy",
            Status::Refused => "setting refused",
            Status::Lost => "camera lost",
            Status::Incomplete => "incomplete recording",
        }
    }

    /// What it means, for the manual page.
    pub fn meaning(self) -> &'static str {
        match self {
            Status::Done => "Done: the end that was asked for, SIGINT, SIGTERM or SIGHUP.",
            Status::Failure => "Any other failure.",
            Status::Usage => "Usage or configuration.",
            Status::NoDevice => {
                "No device: it is not a camera; or, only with --on-error exit, it is absent or not permitted."
            }
            Status::Busy => "The device is busy. Only with --on-error exit.",
            Status::Refused => "Format, rate, input, standard or control refused. Only with --strict.",
            Status::Lost => {
                "The device was lost, or does not deliver. Only with --on-error exit, or from picam snapshot."
            }
            Status::Incomplete => {
                "A recording (--raw, --y4m, --frame-log, --frames) misses frames that were skipped; not with --allow-skips."
            }
        }
    }
}
