//! Character references (<https://html.spec.whatwg.org/#character-reference-state>).

use htmlize::{ENTITIES, ENTITY_MAX_LENGTH};

use super::Line;

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
    let bytes = rest.as_bytes();
    let (radix, begin) = match bytes.get(1) {
        Some(b'x' | b'X') => (16, 2),
        _ => (10, 1),
    };
    let digits = bytes[begin..].iter().take_while(|b| char::from(**b).is_digit(radix)).count();
    if digits == 0 {
        return None;
    }
    let end = begin + digits;
    let code = u32::from_str_radix(&rest[begin..end], radix).unwrap_or(u32::MAX);
    line.push(scalar(code));
    Some(end + usize::from(bytes.get(end) == Some(&b';')))
}

/// The character of a numeric reference; U+FFFD for what is none.
pub(crate) fn scalar(code: u32) -> char {
    match code {
        0 => char::REPLACEMENT_CHARACTER,
        0x80..=0x9f => WINDOWS_1252[code as usize - 0x80],
        _ => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

/// A name without a semicolon counts only where no letter, digit or `=` follows, as in attributes:
/// `&copy=1` in a link is a parameter, `&ampere` is a word.
fn named(rest: &str, line: &mut Line) -> Option<usize> {
    let bytes = rest.as_bytes();
    let length = bytes.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(bytes.len());
    let length = match bytes.get(length) {
        Some(b';') => length + 1,
        Some(b'=') => return None,
        _ => length,
    };
    line.push_str(lookup(&rest[..length])?);
    Some(length)
}

/// The text of a named reference, `amp;` or `amp`.
fn lookup(name: &str) -> Option<&'static str> {
    // Most references are these.
    match name {
        "amp;" => return Some("&"),
        "lt;" => return Some("<"),
        "gt;" => return Some(">"),
        "quot;" => return Some("\""),
        "nbsp;" => return Some(" "),
        _ => {}
    }
    let mut key = [b'&'; ENTITY_MAX_LENGTH];
    let key = key.get_mut(..=name.len())?;
    key[1..].copy_from_slice(name.as_bytes());
    std::str::from_utf8(ENTITIES.get(key)?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::from_html;

    #[test]
    fn references_are_resolved_and_a_lone_ampersand_stays() {
        for (html, text) in [
            ("a &amp; b &lt;c&gt; &quot;d&quot; &apos;", "a & b <c> \"d\" '"),
            ("&eacute;&#233;&#xE9;&#XE9;", "éééé"),
            ("&#146;&#8217;&#x92;", "’’’"),
            ("AT&T & Q&A &nosuch; &;&#;&#x;", "AT&T & Q&A &nosuch; &;&#;&#x;"),
            ("&#0;&#x1b;&#xD800;&#99999999999;", "\u{fffd}\u{fffd}\u{fffd}"),
            ("&#0", "\u{fffd}"),
            ("&copy 2026 &hellip;&nbsp;x", "© 2026 … x"),
            (
                "?a=1&copy=2&amp=3&copyx &ampere &hellip x",
                "?a=1&copy=2&amp=3&copyx &ampere &hellip x",
            ),
            ("&thetasym;&Tab;&CounterClockwiseContourIntegral;", "ϑ ∳"),
            (&format!("&{};", "a".repeat(40)), &format!("&{};", "a".repeat(40))),
        ] {
            assert_eq!(&*from_html(html, 100), text, "{html}");
        }
    }
}
