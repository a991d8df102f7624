//! What somebody who mistyped a word may have meant.

/// Words longer than this are not typos of ours; the distance costs their length squared.
const MAX_WORD: usize = 64;

/// The candidate with the fewest changes from `word`, if they are few enough to be a slip.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_of(word, &mut candidates.into_iter())
}

fn nearest_of<'a>(word: &str, candidates: &mut dyn Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    if length > MAX_WORD {
        return None;
    }
    let mut best = None;
    for candidate in candidates {
        let lower = candidate.to_lowercase();
        let shorter = length.min(lower.chars().count());
        let allowed = match shorter {
            0..=1 => 0,
            2..=4 => 1,
            5..=8 => 2,
            _ => 3,
        };
        // `hacker` for `hackernews`: as good as one slip, if it says enough.
        let changes = match lower.strip_prefix(&word) {
            Some(rest) if length >= 3 && !rest.is_empty() => 1,
            _ => distance(&word, &lower),
        };
        if changes <= allowed && best.is_none_or(|(least, _)| changes < least) {
            best = Some((changes, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from one to the
/// other (optimal string alignment).
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().take(MAX_WORD).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let same = from[i - 1] == to[j - 1];
            let mut cost = (last[j - 1] + usize::from(!same)).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                cost = cost.min(before[j - 2] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

/// `` `a`, `b` or `c` ``, each as `quote` says it.
pub fn either<'a>(words: impl IntoIterator<Item = &'a str>, quote: char) -> String {
    either_of(&mut words.into_iter(), quote)
}

fn either_of(words: &mut dyn Iterator<Item = &str>, quote: char) -> String {
    let words: Vec<String> = words.map(|word| format!("{quote}{word}{quote}")).collect();
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
        ] {
            assert_eq!(nearest(typed, keys), meant, "{typed}");
        }
    }

    #[test]
    fn the_distance_counts_a_swap_of_neighbours_once() {
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
