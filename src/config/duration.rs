//! Durations as a person writes them: `5s`, `500ms`, `2m`, `1h`, `1.5s`, or a bare number of seconds.
//!
//! What is read is never longer than a year, so that adding it to the present time cannot overflow.

use std::time::Duration;

/// A year.
const LONGEST: f64 = 365.0 * 24.0 * 3600.0;

/// Reads a duration: a number and a unit, or a number of seconds.
///
/// ```
/// use picam::config::duration;
/// assert_eq!(duration::read("500ms"), Ok(std::time::Duration::from_millis(500)));
/// ```
pub fn read(text: &str) -> Result<Duration, String> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "" | "s" => Some(1.0),
        "ms" => Some(0.001),
        "m" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    };
    let (Ok(number), Some(seconds)) = (number.parse::<f64>(), seconds) else {
        return Err(format!("\"{text}\" is not a duration: a number with ms, s, m or h, such as 500ms or 5s"));
    };
    Duration::try_from_secs_f64(number * seconds)
        .ok()
        .filter(|duration| duration.as_secs_f64() <= LONGEST)
        .ok_or_else(|| format!("\"{text}\" is longer than a year"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_bare_seconds_are_read_exactly() {
        for (text, milliseconds) in [
            ("5s", 5000),
            ("500ms", 500),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("10", 10_000),
            ("0", 0),
            ("1.5s", 1500),
            ("0.1", 100),
            (".25s", 250),
            ("29.97ms", 29),
            ("8760h", 31_536_000_000),
        ] {
            assert_eq!(read(text).unwrap().as_millis(), milliseconds, "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_the_units() {
        for text in
            ["", "s", ".", "1.2.3s", "-1s", "+1s", "1e3", "5 s", "5sec", "5S", "5µs", "NaN", "inf", "1h30m", "٣s"]
        {
            let error = read(text).unwrap_err();
            assert!(error.contains("ms, s, m or h"), "{text}: {error}");
        }
        for text in ["8761h", "99999999999999999999999999999999999999h"] {
            assert!(read(text).unwrap_err().contains("longer than a year"), "{text}");
        }
    }
}
