//! Character references (<https://html.spec.whatwg.org/#character-reference-state>).

use std::cmp::Ordering;

use super::Line;

/// Every named reference of HTML and its text, a line each, sorted by name. Searched as it stands: a
/// quarter of the size that the same names have as code.
/// <https://html.spec.whatwg.org/multipage/named-characters.html>
const NAMES: &str = include_str!("entities.txt");

/// No name of a reference is longer.
const MAX_NAME: usize = 32;

/// No reference is longer, from `&` to `;`.
pub(crate) const MAX_REFERENCE: usize = MAX_NAME + 2;

/// Names that pages write without the semicolon, and that are read so by every browser.
const BARE: &[&str] = &[
    "amp", "lt", "gt", "quot", "nbsp", "copy", "reg", "laquo", "raquo", "eacute", "egrave",
    "agrave", "ccedil", "auml", "ouml", "uuml", "Auml", "Ouml", "Uuml", "szlig", "ntilde", "pound",
    "sect", "middot", "deg", "times",
];

/// What windows-1252 has where Unicode has controls: U+0080 to U+009F.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Behind a `&`: writes what it refers to, or the `&` itself. Returns how many bytes that took.
pub(super) fn resolve(rest: &str, line: &mut Line) -> usize {
    let read = match rest.as_bytes().first() {
        Some(b'#') => numeric(rest, line),
        Some(byte) if byte.is_ascii_alphabetic() => named(rest, line),
        _ => None,
    };
    read.unwrap_or_else(|| {
        line.push('&');
        0
    })
}

fn numeric(rest: &str, line: &mut Line) -> Option<usize> {
    let (code, end) = code(rest)?;
    let low = rest[end..].strip_prefix('&').and_then(self::code);
    let pair = low.and_then(|(low, more)| Some((surrogates(code, low)?, more)));
    if let Some((pair, more)) = pair {
        line.push(pair);
        return Some(end + 1 + more);
    }
    line.push(scalar(code));
    Some(end)
}

/// The character that the reference at the beginning of a text stands for, and the length of the reference. `None` for
/// what is no reference with a semicolon, and for one that stands for several characters.
pub(crate) fn reference(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix('&')?;
    if let Some((number, length)) = code(rest) {
        return Some((scalar(number), length + 1));
    }
    let end = rest.find(';')?;
    let mut letters = lookup(&rest[..end])?.chars();
    let letter = letters.next()?;
    letters.next().is_none().then_some((letter, end + 2))
}

/// The number of the numeric reference that a text continues behind its `&`, and its length.
fn code(rest: &str) -> Option<(u32, usize)> {
    let bytes = rest.as_bytes();
    let (radix, begin) = match bytes {
        [b'#', b'x' | b'X', ..] => (16, 2),
        [b'#', ..] => (10, 1),
        _ => return None,
    };
    let digits = bytes[begin..].iter().take_while(|b| char::from(**b).is_digit(radix)).count();
    if digits == 0 {
        return None;
    }
    let end = begin + digits;
    let code = u32::from_str_radix(&rest[begin..end], radix).unwrap_or(u32::MAX);
    Some((code, end + usize::from(bytes.get(end) == Some(&b';'))))
}

/// The character whose halves in UTF-16 two numeric references name, as some programs write it.
pub(crate) fn surrogates(high: u32, low: u32) -> Option<char> {
    let halves = [u16::try_from(high).ok()?, u16::try_from(low).ok()?];
    char::decode_utf16(halves).next()?.ok().filter(|c| c.len_utf16() == 2)
}

/// The character of a numeric reference; U+FFFD for what is none.
pub(crate) fn scalar(code: u32) -> char {
    match code {
        0 => char::REPLACEMENT_CHARACTER,
        0x80..=0x9f => WINDOWS_1252[code as usize - 0x80],
        _ => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

fn named(rest: &str, line: &mut Line) -> Option<usize> {
    let name = |byte: &u8| byte.is_ascii_alphanumeric();
    let length = rest.bytes().take(MAX_NAME).take_while(|b| name(b)).count();
    let word = &rest[..length];
    if rest.as_bytes().get(length) == Some(&b';') {
        line.push_str(lookup(word)?);
        return Some(length + 1);
    }
    let bare = BARE.iter().filter(|bare| word.starts_with(**bare)).max_by_key(|bare| bare.len())?;
    // `&copy=1` in a link is a parameter, `&ampere` is a word.
    if *bare != word {
        return None;
    }
    line.push_str(lookup(bare)?);
    Some(bare.len())
}

/// The text of a named reference.
pub(crate) fn lookup(name: &str) -> Option<&'static str> {
    // What everybody writes need not be looked for; bytes are told apart one by one, without a call each.
    match name.as_bytes() {
        b"amp" => return Some("&"),
        b"lt" => return Some("<"),
        b"gt" => return Some(">"),
        b"quot" => return Some("\""),
        b"nbsp" => return Some("\u{a0}"),
        b"apos" => return Some("'"),
        b"rsquo" => return Some("\u{2019}"),
        b"lsquo" => return Some("\u{2018}"),
        b"rdquo" => return Some("\u{201d}"),
        b"ldquo" => return Some("\u{201c}"),
        b"ndash" => return Some("\u{2013}"),
        b"mdash" => return Some("\u{2014}"),
        b"hellip" => return Some("\u{2026}"),
        _ => {}
    }
    let (mut from, mut to) = (0, NAMES.len());
    while from < to {
        // The line around the middle.
        let middle = (from + to) / 2;
        let begin = NAMES.as_bytes()[from..middle].iter().rposition(|byte| *byte == b'\n');
        let begin = begin.map_or(from, |at| from + at + 1);
        let end = begin + NAMES[begin..to].find('\n')?;
        let (found, text) = NAMES[begin..end].split_once(' ')?;
        match found.cmp(name) {
            Ordering::Equal => return Some(text),
            Ordering::Less => from = end + 1,
            Ordering::Greater => to = begin,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::from_html;

    #[test]
    fn every_name_of_the_table_is_found_and_no_other() {
        let mut previous = "";
        for line in super::NAMES.lines() {
            let (name, text) = line.split_once(' ').unwrap();
            assert!(previous < name, "{previous} {name}");
            assert_eq!(super::lookup(name), Some(text), "{name}");
            previous = name;
        }
        for none in ["", "A", "zzzz", "AElig ", "aelig2", "Æ"] {
            assert_eq!(super::lookup(none), None, "{none}");
        }
        assert_eq!(super::lookup("thetasym"), Some("ϑ"));
        assert_eq!(super::lookup("Tab"), None, "white space is none of its business");
    }

    #[test]
    fn references_are_resolved_and_a_lone_ampersand_stays() {
        for (html, text) in [
            ("a &amp; b &lt;c&gt; &quot;d&quot; &apos;", "a & b <c> \"d\" '"),
            ("&eacute;&#233;&#xE9;&#XE9;", "éééé"),
            ("&#146;&#8217;&#x92;", "’’’"),
            ("AT&T & Q&A &nosuch; &;&#;&#x;", "AT&T & Q&A &nosuch; &;&#;&#x;"),
            ("&#0;&#x1b;&#xD800;&#99999999999;", "\u{fffd}\u{fffd}\u{fffd}"),
            ("&#0", "\u{fffd}"),
            ("&#55357;&#56832; &#xD83D&#xde00 &#55357;&#x41; &#55357;", "😀 😀 \u{fffd}A \u{fffd}"),
            ("&copy 2026 &hellip;&nbsp;x", "© 2026 … x"),
        ] {
            assert_eq!(&*from_html(html, 100), text, "{html}");
        }
    }
}
