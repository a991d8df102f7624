//! Runs of text that need no change: most of what is read.

/// The beginning of a text that can be taken as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Run {
    /// Bytes; none if the very first needs a closer look.
    pub length: usize,
    /// Characters.
    pub letters: usize,
}

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// The longest beginning of printable characters with no more than single spaces between them, the
/// first of which is none; in HTML it ends before a `<` or `&`, too. Eight bytes at once, and the
/// [`ordinary`] letters among them.
pub(super) fn plain<const HTML: bool>(bytes: &[u8]) -> Run {
    let (mut at, mut letters) = (0, 0);
    // In the lowest byte: whether the one before is a space.
    let mut after_space = 0x80;
    loop {
        let word = match bytes.get(at..).and_then(<[u8]>::first_chunk) {
            Some(eight) => u64::from_le_bytes(*eight),
            None => last_word(bytes, at),
        };
        let low = word & !HIGH;
        // The high bit of each byte that is none of ' '..='~', and of each space.
        let other = (word | !(low + ONES * 0x60) | (low + ONES)) & HIGH;
        let spaces = !((low ^ (ONES * 0x20)) + (ONES * 0x7f)) & HIGH;
        let mut stop = other | (spaces & (spaces << 8 | after_space));
        if HTML {
            let angles = (low ^ (ONES * 0x3c)) + ONES * 0x7f;
            let ampersands = (low ^ (ONES * 0x26)) + ONES * 0x7f;
            stop |= !(angles & ampersands) & HIGH;
        }
        if stop == 0 {
            after_space = spaces >> 56;
            at += 8;
            letters += 8;
            continue;
        }
        let before = (stop.trailing_zeros() / 8) as usize;
        at += before;
        letters += before;
        match ordinary(bytes.get(at..).unwrap_or_default()) {
            0 => return Run { length: at, letters },
            length => at += length,
        }
        letters += 1;
        after_space = 0;
    }
}

/// Whether the whole of a text can be taken as it stands.
pub(super) fn is_plain<const HTML: bool>(text: &str, max: usize) -> bool {
    // A long one would be looked at twice.
    text.len() <= 256 && {
        let run = plain::<HTML>(text.as_bytes());
        run.length == text.len() && run.letters <= max && !text.ends_with(' ')
    }
}

/// Less than eight bytes from `at` on, the first one lowest; zeros beyond the end.
fn last_word(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    match bytes.last_chunk() {
        Some(_) if rest.is_empty() => 0,
        Some(eight) => u64::from_le_bytes(*eight) >> (64 - 8 * rest.len()),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The length of the letter outside ASCII that `text` begins with, if it needs no closer look: it
/// is no white space, and nothing that [`unwanted`](super::unwanted) may be. By the bytes of UTF-8,
/// whole blocks at a time; which of the letters left out are harmless is seen one by one.
fn ordinary(text: &[u8]) -> usize {
    match *text {
        [0xc2, 0xa1..=0xac | 0xae..=0xbf, ..] => 2,
        [0xc3..=0xd7 | 0xd9..=0xdf, _, ..] => 2,
        // Not U+061C, an Arabic mark of direction.
        [0xd8, second, ..] if second != 0x9c => 2,
        // Dashes, quotes, ellipsis: U+2010 to U+2027.
        [0xe2, 0x80, 0x90..=0xa7, ..] => 3,
        [0xe2, 0x82..=0xbf, _, ..] => 3,
        // Not U+1680, U+180E and what is near them.
        [0xe1, second, _, ..] if second != 0x9a && second != 0xa0 => 3,
        [0xe3, 0x81..=0xbf, _, ..] => 3,
        [0xe0 | 0xe4..=0xee, _, _, ..] => 3,
        [0xf0..=0xf2, _, _, _, ..] => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::unwanted;
    use super::*;

    #[test]
    fn an_ordinary_letter_is_neither_space_nor_unwanted() {
        let mut ordinary_ones = 0;
        for letter in '\u{80}'..=char::MAX {
            let mut buffer = [0; 4];
            let text = letter.encode_utf8(&mut buffer);
            match ordinary(text.as_bytes()) {
                0 => {}
                length => {
                    assert_eq!(length, text.len(), "{letter:?}");
                    assert!(!letter.is_whitespace() && !unwanted(letter), "{letter:?}");
                    ordinary_ones += 1;
                }
            }
        }
        assert!(ordinary_ones > 200_000, "{ordinary_ones}");
        for letter in "éß–’…“ЖفהकกあアⅣ漢한👍𝒳".chars() {
            let mut buffer = [0; 4];
            assert!(ordinary(letter.encode_utf8(&mut buffer).as_bytes()) > 0, "{letter}");
        }
    }

    #[test]
    fn a_run_ends_where_a_byte_by_byte_search_ends_it() {
        let pieces =
            ["a", " ", "!", "~", "\u{7f}", "\n", "é", "…", "\u{a0}", "👍", "words and", "\u{1}"];
        let mut long = 0;
        for seed in 0..50_000_u64 {
            let mut luck = seed;
            let mut text = String::new();
            for _ in 0..seed % 24 {
                luck = luck.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                text.push_str(pieces[(luck >> 33) as usize % pieces.len()]);
            }
            let mut slowly = Run::default();
            let mut before = ' ';
            for letter in text.chars() {
                let taken =
                    matches!(letter, ' '..='~') || !letter.is_ascii() && !letter.is_whitespace();
                if !taken || (letter == ' ' && before == ' ') {
                    break;
                }
                slowly =
                    Run { length: slowly.length + letter.len_utf8(), letters: slowly.letters + 1 };
                before = letter;
            }
            assert_eq!(plain::<false>(text.as_bytes()), slowly, "{text:?}");
            long += usize::from(slowly.length > 16);
            // The same up to a `<` or `&`, whatever comes behind it.
            for mark in ["<", "&", "<b>x", "& y"] {
                let html = plain::<true>(format!("{text}{mark}").as_bytes());
                assert_eq!(html, slowly, "{text:?}{mark}");
            }
        }
        assert!(long > 1_000, "{long}");
    }
}
