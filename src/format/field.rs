//! Fields: every other line of a picture, as television took them, one after the other.

use std::fmt;

/// Which lines of a picture a buffer holds, and in which order (`v4l2_field`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field {
    /// All lines, taken at one time.
    #[default]
    None,
    /// The top field alone: lines 0, 2, 4 ...
    Top,
    /// The bottom field alone: lines 1, 3, 5 ...
    Bottom,
    /// Both fields, line by line; which of them is older depends on the standard.
    Interlaced,
    /// The top field and below it the bottom field, which is newer.
    SeqTb,
    /// The bottom field and below it the top field, which is newer.
    SeqBt,
    /// Of a format: the fields come one at a time, two to a picture and to a sequence number.
    Alternate,
    /// Both fields, line by line; the top field is older.
    InterlacedTb,
    /// Both fields, line by line; the bottom field is older.
    InterlacedBt,
}

impl Field {
    /// What is peculiar about pictures of this kind; `None` if nothing is.
    pub(crate) fn warning(self) -> Option<&'static str> {
        Some(match self {
            Field::None => return None,
            Field::Top => "only the top field of each picture comes: half of its lines",
            Field::Bottom => "only the bottom field of each picture comes: half of its lines",
            Field::Interlaced | Field::InterlacedTb | Field::InterlacedBt => {
                "pictures are interlaced: each has two fields, line by line, taken one after the other"
            }
            Field::SeqTb | Field::SeqBt => "pictures are interlaced: each frame has two fields, one above the other",
            Field::Alternate => {
                "pictures are interlaced, and their fields come one at a time: each frame is one field, two to a picture"
            }
        })
    }
}

impl fmt::Display for Field {
    /// As v4l2-ctl has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Field::None => "none",
            Field::Top => "top",
            Field::Bottom => "bottom",
            Field::Interlaced => "interlaced",
            Field::SeqTb => "seq_tb",
            Field::SeqBt => "seq_bt",
            Field::Alternate => "alternate",
            Field::InterlacedTb => "interlaced_tb",
            Field::InterlacedBt => "interlaced_bt",
        })
    }
}
