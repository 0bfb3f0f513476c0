//! Which known name a mistyped one probably means.

/// The one of `known` that is nearest to `name` (`_` and `-` and the case being the same); `None` where none is near enough to be
/// meant.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // A longer name than this is no slip of the finger, and need not be compared.
    const LONGEST: usize = 64;
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let allowed = length.max(3) / 3;
    let name = folded(name);
    known
        .iter()
        // Two letters that changed places are one slip.
        .map(|known| (strsim::osa_distance(&name, &folded(known)), *known))
        .filter(|(edits, _)| *edits <= allowed)
        .min()
        .map(|best| best.1)
}

fn folded(name: &str) -> String {
    name.replace('_', "-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_slip_of_the_finger_has_a_nearest_name() {
        let known = ["device", "format", "size", "fps", "buffers", "keep-corrupt", "test"];
        for (name, meant) in [
            ("devise", Some("device")),
            ("buffer", Some("buffers")),
            ("keep_corrupt", Some("keep-corrupt")),
            ("Size", Some("size")),
            ("fp", Some("fps")),
            ("tset", Some("test")),
            ("brightness", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, &known), meant, "{name}");
        }
        assert_eq!(nearest(&"buffers".repeat(100_000), &known), None);
    }
}
