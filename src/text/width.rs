//! How many columns text takes on a terminal, and how it is folded into lines of so many.
//!
//! Terminals do not agree about sequences: of a family joined by U+200D one draws a single picture,
//! another each of its members. Counted is what the widest of them takes, so that no line is longer
//! than its terminal; what belongs together is never parted.

use textwrap::core::{Word, display_width};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};
use unicode_width::UnicodeWidthChar;

/// What stands where something is missing.
const MARK: char = '…';

/// Columns that a character takes by itself: none for marks and controls, two for the wide ones of East
/// Asia and for pictures (UAX #11, UTS #51).
fn columns(letter: char) -> usize {
    letter.width().unwrap_or(0)
}

/// Asks for a picture where the character before it may also be drawn as text.
const PICTURE: char = '\u{fe0f}';
/// Joins pictures.
const JOINER: char = '\u{200d}';

/// What belongs together on a terminal, one after the other: where each ends, and its columns.
fn clusters(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut letters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = letters.next()?;
        let (mut width, mut end, mut last) = (columns(first), start + first.len_utf8(), first);
        let mut flag = is_flag(first);
        while let Some((at, next)) = letters.next_if(|(_, next)| joins(last, *next, flag)) {
            // Here the terminals differ by one.
            width += if next == PICTURE && width == 1 { 1 } else { columns(next) };
            flag = false;
            (end, last) = (at + next.len_utf8(), next);
        }
        Some((end, width))
    })
}

/// Whether a character belongs to the one before it; two letters of a flag belong together.
fn joins(last: char, next: char, flag: bool) -> bool {
    columns(next) == 0
        || last == JOINER
        || matches!(next, '\u{1f3fb}'..='\u{1f3ff}')
        || (flag && is_flag(next))
}

fn is_flag(letter: char) -> bool {
    matches!(letter, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Columns that a text takes at most.
pub fn width(text: &str) -> usize {
    clusters(text).map(|(_, width)| width).sum()
}

/// As much of a text as fits into so many columns, with `…` where something is missing.
pub fn cut(text: &str, max: usize) -> String {
    if width(text) <= max {
        return text.into();
    }
    let kept = &text[..fitting(text, max.saturating_sub(1))];
    let mut kept = String::from(kept.trim_end());
    if max > 0 {
        kept.push(MARK);
    }
    kept
}

/// How many bytes of a text fit into so many columns.
fn fitting(text: &str, max: usize) -> usize {
    let mut column = 0;
    let fits = clusters(text).take_while(|(_, width)| {
        column += width;
        column <= max
    });
    fits.last().map_or(0, |(end, _)| end)
}

/// A text in lines of so many columns, at most so many; what has no room ends in `…`. A line ends after a
/// word or a wide character; a word that is longer than a line is parted.
pub fn fold(text: &str, max: usize, lines: usize) -> Vec<String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Vec::new();
    }
    // textwrap counts one column for a character that is drawn as a picture of two: half the columns are
    // enough for any number of them.
    let wider = width(rest) - display_width(rest);
    let options = Options::new(max.saturating_sub(wider).max(max / 2).max(1))
        .word_separator(WordSeparator::Custom(words))
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let mut folded = Vec::new();
    for line in textwrap::wrap(rest, options) {
        if folded.len() + 1 == lines {
            folded.push(cut(rest, max));
            break;
        }
        rest = rest[line.len()..].trim_start();
        folded.push(line.into_owned());
    }
    folded
}

/// The parts of a text between which a line may end.
fn words(text: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let (mut start, mut at) = (0, 0);
    Box::new(clusters(text).filter_map(move |(end, _)| {
        let (cluster, rest) = (&text[at..end], &text[end..]);
        at = end;
        let ends = match rest.chars().next() {
            None => true,
            Some(' ') => false,
            Some(next) => cluster == " " || may_end(cluster, next),
        };
        ends.then(|| Word::from(&text[std::mem::replace(&mut start, end)..end]))
    }))
}

/// Whether a line may end between these without a space: ideographs are not parted from the sign
/// that closes them (UAX #14, classes ID and CL).
fn may_end(before: &str, after: char) -> bool {
    let wide = before.chars().next().is_some_and(|letter| columns(letter) == 2);
    wide && !"、。，．！？：；」』）］｝〉》】ー々ゝゞ…".contains(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLES: [(&str, usize); 14] = [
        ("", 0),
        ("abc", 3),
        ("日本語", 6),
        ("ｶﾅ", 2),
        ("e\u{301}\u{301}x", 2),
        ("👍🏽", 4),
        ("🇨🇭🇬🇷", 4),
        ("🇨🇭🇬", 3),
        ("❤", 1),
        ("❤\u{fe0f}", 2),
        ("1\u{fe0f}\u{20e3}", 2),
        ("👩\u{200d}🚀", 4),
        ("한국어", 6),
        ("می\u{200c}خواهم", 7),
    ];

    #[test]
    fn sequences_take_what_the_widest_terminal_gives_them() {
        for (text, wanted) in SAMPLES {
            assert_eq!(width(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_text_is_cut_by_columns_and_never_within_a_sequence() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 5), "abcd…");
        assert_eq!(cut("ab cdef", 4), "ab…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abe\u{301}", 3), "abe\u{301}");
        assert_eq!(cut("abe\u{301}de", 4), "abe\u{301}…");
        assert_eq!(cut("🇨🇭🇬🇷🇨🇭", 4), "🇨🇭…");
        assert_eq!(cut("👩\u{200d}🚀👩\u{200d}🚀", 6), "👩\u{200d}🚀…");
        assert_eq!(cut("a👍🏽b", 4), "a…");
        assert_eq!(cut("abc", 1), "…");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn lines_are_folded_between_words_and_nothing_is_lost() {
        assert_eq!(fold("one two three", 7, 9), ["one two", "three"]);
        assert_eq!(fold("one two three", 8, 9), ["one two", "three"]);
        assert_eq!(fold("onetwothree", 4, 9), ["onet", "woth", "ree"]);
        assert_eq!(fold("one two three", 7, 1), ["one tw…"]);
        assert_eq!(fold("one two three four", 7, 2), ["one two", "three…"]);
        assert_eq!(fold("日本語の見出し。長い", 6, 9), ["日本語", "の見出", "し。長", "い"]);
        assert_eq!(fold("日本語。の", 6, 9), ["日本", "語。の"]);
        assert_eq!(fold("a 日本", 3, 9), ["a", "日", "本"]);
        assert_eq!(fold("日", 1, 2), ["日"]);
        assert_eq!(fold("", 5, 2), [""; 0]);
        let text = "日本 e\u{301}\u{301} 👩\u{200d}🚀🇨🇭 wide and narrow ❤\u{fe0f} words";
        for max in 4..50 {
            let lines = fold(text, max, 99);
            assert!(lines.iter().all(|line| width(line) <= max), "{max}: {lines:?}");
            let all = lines.concat().replace(' ', "");
            assert_eq!(all, text.replace(' ', ""), "{max}");
        }
        for max in 1..4 {
            assert!(fold(text, max, 99).len() <= 99);
        }
    }
}
