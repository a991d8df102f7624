//! HTML that is escaped as text of XML, read without unescaping it first: what publishers write.
//! Whatever is out of the ordinary is left to the long way, from there on.

use memchr::{memchr, memchr3};

use super::html::{is_inline, is_silent, name_len, packed, strip_on};
use super::{Line, Unescape, entity};

/// A longer tag is out of the ordinary.
const MAX_TAG: usize = 4 * 1024;

/// Writes the text of what `raw` is when it is unescaped.
pub(super) fn strip(raw: &str, line: &mut Line, unescape: Unescape) {
    let (mut at, mut ended) = (0, false);
    while at < raw.len() && !line.full() {
        at = line.push_up_to::<true>(raw, at);
        let rest = &raw[at..];
        let length = match rest.as_bytes() {
            b"" => break,
            [b'&', b'a', b'm', b'p', b';', ..] => reference(&rest[5..], line).map(|n| n + 5),
            [b'&', b'l', b't', b';', ..] => {
                let tag = tag(&rest.as_bytes()[4..], line);
                ended |= tag.is_some();
                tag.map(|n| n + 4)
            }
            [b'&', b'g', b't', b';', ..] => {
                line.push('>');
                Some(4)
            }
            [b'&', b'q', b'u', b'o', b't', b';', ..] => {
                line.push('"');
                Some(6)
            }
            _ => None,
        };
        match length {
            Some(length) => at += length,
            None => return strip_on(&unescape(rest), line, ended),
        }
    }
}

/// Behind a `&`, unescaped.
fn reference(rest: &str, line: &mut Line) -> Option<usize> {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let length = rest.bytes().position(|byte| !word(&byte)).unwrap_or(rest.len());
    // The rest of the reference may be escaped, too, as a number.
    let split = rest[length..].starts_with("&#");
    (!split).then(|| entity::resolve(rest, line))
}

/// Behind a `<`, unescaped: a tag of a name and quoted attributes.
fn tag(rest: &[u8], line: &mut Line) -> Option<usize> {
    let closing = rest.first() == Some(&b'/');
    let begin = usize::from(closing);
    let length = name_len(&rest[begin..]);
    let name = packed(&rest[begin..begin + length]);
    if !rest.get(begin).is_some_and(u8::is_ascii_alphabetic) || (!closing && is_silent(name)) {
        return None;
    }
    let end = end(&rest[begin + length..])?;
    if !is_inline(name) {
        line.push_space();
    }
    Some(begin + length + end)
}

/// Where the tag ends, behind its `&gt;`.
fn end(rest: &[u8]) -> Option<usize> {
    let rest = &rest[..rest.len().min(MAX_TAG)];
    let (mut at, mut quoted) = (0, false);
    loop {
        let before = memchr(b'&', &rest[at..])?;
        if memchr3(b'>', b'"', b'\'', &rest[at..at + before]).is_some() {
            return None;
        }
        at += before;
        match rest[at..] {
            [_, b'g', b't', b';', ..] if quoted => at += 4,
            [_, b'g', b't', b';', ..] => return Some(at + 4),
            [_, b'l', b't', b';', ..] => at += 4,
            [_, b'a', b'm', b'p', b';', ..] => at += 5,
            [_, b'q', b'u', b'o', b't', b';', ..] => {
                // As in HTML that is not escaped, a quote opens only after `=`.
                let opens = || rest[..at].iter().rfind(|b| !b.is_ascii_whitespace()) == Some(&b'=');
                quoted = !quoted && opens();
                at += 6;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MAX_TAG;
    use crate::text::{from_escaped_html, from_html};
    use std::borrow::Cow;

    fn unescape(raw: &str) -> Cow<'_, str> {
        let text = raw.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        Cow::Owned(text.replace("&#39;", "'").replace("&amp;", "&"))
    }

    #[test]
    fn what_is_escaped_is_read_as_what_is_not() {
        let pieces = [
            "word",
            " ",
            "\n",
            "é",
            "&lt;",
            "&lt;p",
            "&lt;/",
            "b",
            "script",
            "&gt;",
            "/&gt;",
            " a=&quot;",
            "&quot;",
            "=",
            " href=&quot;x&gt;y&amp;amp;&quot;",
            "'",
            "\"",
            ">",
            "&#39;",
            "&amp;",
            "&amp;amp;",
            "&amp;rsquo;",
            "&amp;#8217;",
            "&amp;copy",
            "&amp;no",
            ";",
            "#",
            "&lt;!--",
            "--&gt;",
            "&lt;br/&gt;",
            "&lt;em&gt;x&lt;/em&gt;",
            "&lt;![CDATA[",
            "<",
        ];
        let mut long = 0;
        for seed in 0..60_000_u64 {
            let mut luck = seed;
            let mut raw = String::new();
            for _ in 0..seed % 14 {
                luck = luck.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                raw.push_str(pieces[(luck >> 33) as usize % pieces.len()]);
            }
            let wanted = from_html(&unescape(&raw), 1000);
            assert_eq!(from_escaped_html(&raw, 1000, unescape), wanted, "{raw:?}");
            // And so much of it without the long way.
            long += wanted.len();
        }
        assert!(long > 300_000, "{long}");
    }

    #[test]
    fn what_is_ordinary_is_not_unescaped() {
        let never = |_: &str| -> Cow<'_, str> { panic!("unescaped") };
        let raw = "&lt;p class=&quot;a &gt; b&quot;&gt;Q&amp;amp;A &amp;mdash; 1 &gt; 0 &amp; AT&amp;T&lt;br /&gt;x&lt;/p&gt;";
        assert_eq!(&*from_escaped_html(raw, 99, never), "Q&A — 1 > 0 & AT&T x");
    }

    #[test]
    fn a_tag_longer_than_the_bound_goes_the_long_way() {
        for length in [MAX_TAG - 100, MAX_TAG + 100] {
            let raw = format!("a&lt;p b=&quot;{}&quot;&gt;c", "x".repeat(length));
            let went = std::panic::catch_unwind(|| {
                from_escaped_html(&raw, 99, |_| panic!("the long way"))
            });
            assert_eq!(went.is_err(), length > MAX_TAG, "{length}");
            assert_eq!(&*from_escaped_html(&raw, 99, unescape), "a c");
        }
    }

    #[test]
    fn hostile_escapes_take_linear_time() {
        for piece in
            ["&lt;", "&lt;a ", "&lt;a b=&quot;", "&lt;a &quot;", "&amp;", "&amp;a", "&lt;!--"]
        {
            let raw = piece.repeat(200_000);
            assert!(from_escaped_html(&raw, 50, unescape).chars().count() <= 50, "{piece}");
        }
    }
}
