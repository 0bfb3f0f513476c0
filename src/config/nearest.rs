//! Which known name a mistyped one probably means.

/// The one of `known` that is nearest to `name`; `None` where none is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // A longer name than this is no slip of the finger, and need not be compared.
    const LONGEST: usize = 64;
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let allowed = length.max(3) / 3;
    known
        .iter()
        .map(|known| (distance(name, known), *known))
        .filter(|(edits, _)| *edits <= allowed)
        .min()
        .map(|best| best.1)
}

/// Characters to insert, remove or replace to make `b` of `a` (Levenshtein), `_` and `-` and the case being the same.
fn distance(a: &str, b: &str) -> usize {
    let folded = |c: char| if c == '_' { '-' } else { c.to_ascii_lowercase() };
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (line, a) in a.chars().map(folded).enumerate() {
        // `row` holds the distances of a's beginning to each beginning of b; `diagonal` the one above and to the left.
        let mut diagonal = line;
        let mut left = line + 1;
        let mut cells = row.iter_mut();
        if let Some(first) = cells.next() {
            *first = left;
        }
        for (cell, b) in cells.zip(b.chars().map(folded)) {
            let above = *cell;
            left = (diagonal + usize::from(a != b)).min(above + 1).min(left + 1);
            *cell = left;
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        for (a, b, edits) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("on_Error", "on-error", 0)]
        {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }

    #[test]
    fn only_a_slip_of_the_finger_has_a_nearest_name() {
        let known = ["device", "format", "size", "fps", "buffers", "keep-corrupt"];
        for (name, meant) in [
            ("devise", Some("device")),
            ("buffer", Some("buffers")),
            ("keep_corrupt", Some("keep-corrupt")),
            ("Size", Some("size")),
            ("fp", Some("fps")),
            ("brightness", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, &known), meant, "{name}");
        }
        assert_eq!(nearest(&"buffers".repeat(100_000), &known), None);
    }
}
