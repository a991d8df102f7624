//! Suggestions for mistyped words, and lists of words as text.

/// Longer words are not compared: they are no typos, and the distance costs their length squared.
const MAX_WORD: usize = 64;

/// Returns the candidate with the fewest changes from `word`, if they are few enough to be a slip.
/// The case of letters does not count, and a beginning (`hacker` for `hackernews`) is one change.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let changes = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let allowed = match length.min(candidate.chars().count()) {
            0..=1 => 0,
            2..=4 => 1,
            5..=8 => 2,
            _ => 3,
        };
        let is_beginning = length >= 3 && candidate != word && candidate.starts_with(&word);
        let changes = if is_beginning { 1 } else { strsim::osa_distance(&word, &candidate) };
        (changes <= allowed).then_some(changes)
    };
    let near = candidates.into_iter().filter(|_| length <= MAX_WORD);
    near.filter_map(|candidate| Some((changes(candidate)?, candidate)))
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, candidate)| candidate)
}

/// Joins words as in `` `a`, `b` or `c` ``, each between two of `quote`.
pub fn either<'a>(words: impl IntoIterator<Item = &'a str>, quote: char) -> String {
    let words: Vec<String> =
        words.into_iter().map(|word| format!("{quote}{word}{quote}")).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_another_word_does_not() {
        let keys = ["limit", "list", "timeout", "hackernews", "url"];
        for (typed, meant) in [
            ("limt", Some("limit")),
            ("Limit", Some("limit")),
            ("tiemout", Some("timeout")),
            ("hacker", Some("hackernews")),
            ("ulr", Some("url")),
            ("colour", None),
            ("x", None),
            ("", None),
            (&"limit".repeat(20), None),
        ] {
            assert_eq!(nearest(typed, keys), meant, "{typed}");
        }
    }
}
