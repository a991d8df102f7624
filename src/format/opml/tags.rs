//! Tags as the value of `category`: separated by commas, each a path of names with slashes. What
//! OPML has no way to write in a name is written as in a URL.

use crate::text;

/// One value for all the tags; empty without any.
pub(super) fn joined(tags: &[String]) -> String {
    let mut all = String::new();
    for tag in tags {
        if !all.is_empty() {
            all.push(',');
        }
        // White space that would be folded, marks that would be dropped.
        let strict = *text::from_html(tag, usize::MAX) != **tag;
        for letter in tag.chars() {
            match letter {
                ',' | '/' | '%' => hex(letter, &mut all),
                _ if strict && !letter.is_ascii_alphanumeric() => hex(letter, &mut all),
                _ => all.push(letter),
            }
        }
    }
    all
}

fn hex(letter: char, into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
        into.push('%');
        into.extend([byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)])));
    }
}

/// The names in a `category`, in its order: each part of a path is one.
pub(super) fn split(category: &str, max: usize) -> impl Iterator<Item = String> {
    let names = category.split([',', '/']).map(move |name| {
        let plain = text::from_html(name, max);
        decoded(&plain).unwrap_or_else(|| plain.into())
    });
    names.filter(|name| !name.trim().is_empty())
}

/// `None` where nothing was written as in a URL, or nothing that a tag may be.
fn decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| byte == b'%').and_then(|two| {
            let two = std::str::from_utf8(two).ok()?;
            two.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(two)
        });
        match code.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(code) => {
                bytes.push(code);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_back_as_they_were() {
        let tags =
            ["a", "b c", "d,e/f", "100%", "100%25", "%2C", " g  h ", "é\u{200e}", "<i>&amp;"];
        let tags = tags.map(str::to_owned);
        let back: Vec<String> = split(&joined(&tags), 200).collect();
        assert_eq!(back, tags);
        assert_eq!(joined(&[]), "");
    }

    #[test]
    fn what_others_write_is_names_and_paths_of_names() {
        for (category, tags) in [
            ("/Boston/Weather, Tourism,,/", &["Boston", "Weather", "Tourism"][..]),
            ("100% wool", &["100% wool"]),
            ("%ff", &["%ff"]),
            ("a%0Ab", &["a%0Ab"]),
            ("R&amp;D  team", &["R&D team"]),
            ("%2", &["%2"]),
        ] {
            assert_eq!(split(category, 200).collect::<Vec<_>>(), tags, "{category}");
        }
    }
}
