//! Links that can be followed: absolute, `http` or `https`.

use crate::http::Url;
use crate::item::Text;

/// No link is longer; browsers and servers give up earlier.
const MAX_LINK: usize = 8 * 1024;

/// An absolute `http` or `https` URL without credentials, joined to `base`, or nothing.
pub fn link(href: &str, base: Option<&Url>) -> Option<Text> {
    let href = href.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    if href.len() > MAX_LINK || href.is_empty() {
        return None;
    }
    if is_normal(href) {
        return Some(href.into());
    }
    let mut url = match base {
        Some(base) => base.join(href).ok()?,
        None => Url::parse(href).ok()?,
    };
    if !href.contains('?') {
        // A place in the feed itself: the query of its URL is the user's, and may hold a key.
        url.set_query(None);
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
    }
    Some(url.as_str().into())
}

/// Whether the URL parser would give back this very text, but perhaps for capitals in the host,
/// which mean nothing (RFC 3986 §3.2.2) and are shown as their publisher writes them: most links in feeds are written so, and
/// parsing each is a fifth of the time that reading a feed takes.
fn is_normal(href: &str) -> bool {
    let Some(rest) = href.strip_prefix("https://").or_else(|| href.strip_prefix("http://")) else {
        return false;
    };
    let bytes = rest.as_bytes();
    let (mut at, mut label) = (0, 0);
    loop {
        match bytes.get(at) {
            Some(b'.' | b'/') if !is_label(&bytes[label..at]) => return false,
            Some(b'/') => break,
            Some(b'.') => label = at + 1,
            Some(byte) if byte.is_ascii_alphanumeric() || *byte == b'-' => {}
            _ => return false,
        }
        at += 1;
    }
    // The last label must be a word: `1.2.3.4` and `0x7f.1` are addresses, and written anew.
    bytes[label..at].iter().all(u8::is_ascii_alphabetic) && is_path(&bytes[at..])
}

fn is_label(label: &[u8]) -> bool {
    let punycode = label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"));
    !matches!(label, [] | [b'-', ..]) && !punycode
}

/// Without `/.`, and without an escape of `.`, which may mean the same.
fn is_path(path: &[u8]) -> bool {
    let (mut before, mut escapes) = (0, false);
    for byte in path {
        if !SAFE[usize::from(*byte)] || (before == b'/' && *byte == b'.') {
            return false;
        }
        escapes |= *byte == b'%';
        before = *byte;
    }
    !escapes || !path.windows(3).any(|three| three.eq_ignore_ascii_case(b"%2e"))
}

/// Bytes of a path, query or fragment that the URL parser leaves as they are.
const SAFE: [bool; 256] = {
    const MARKS: &[u8] = b"/-_.~!$&()*+,;=:@%?#";
    let mut safe = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        safe[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut mark = 0;
    while mark < MARKS.len() {
        safe[MARKS[mark] as usize] = true;
        mark += 1;
    }
    safe
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The names are those of UTS 46, which the URL Standard asks for.
    #[test]
    fn a_host_outside_ascii_has_one_name_however_it_is_written() {
        for (host, name) in [
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("BÜCHER.example", Some("xn--bcher-kva.example")),
            ("bu\u{308}cher.example", Some("xn--bcher-kva.example")),
            ("xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("b%C3%BCcher.example", Some("xn--bcher-kva.example")),
            ("bü\u{ad}cher。example", Some("xn--bcher-kva.example")),
            ("straße.example", Some("xn--strae-oqa.example")),
            ("ΒΌΛΟς.example", Some("xn--nxasmm1c.example")),
            ("µtorrent.example", Some("xn--torrent-jof.example")),
            ("\u{1112}\u{1161}\u{11ab}국.example", Some("xn--3e0b707e.example")),
            ("e\u{302}\u{323}.example", Some("xn--qlg.example")),
            ("ｂｂｃ．example", Some("bbc.example")),
            ("a\u{202e}b.example", None),
            ("a\u{e000}b.example", None),
            ("\u{301}a.example", None),
            ("президент.рф", Some("xn--d1abbgf6aiiy.xn--p1ai")),
            ("ПРЕЗИДЕНТ.РФ", Some("xn--d1abbgf6aiiy.xn--p1ai")),
            ("はじめよう.みんな", Some("xn--p8j9a0d9c9a.xn--q9jyb4c")),
        ] {
            let url = link(&format!("https://{host}/"), None);
            let name = name.map(|name| format!("https://{name}/"));
            assert_eq!(url.as_deref(), name.as_deref(), "{host}");
        }
    }

    #[test]
    fn links_are_absolute_and_lead_to_the_web_or_are_none() {
        let base = Url::parse("https://example.org/a/feed.xml").unwrap();
        for (href, absolute) in [
            ("b", Some("https://example.org/a/b")),
            ("/b?x=1#y", Some("https://example.org/b?x=1#y")),
            ("//other.example/c", Some("https://other.example/c")),
            (" http://other.example/ä b\n", Some("http://other.example/%C3%A4%20b")),
            ("HTTP://Other.Example", Some("http://other.example/")),
            ("https://me:secret@example.org/x", Some("https://example.org/x")),
            ("javascript:alert(1)", None),
            ("java\nscript:alert(1)", None),
            ("data:text/html,x", None),
            ("file:///etc/passwd", None),
            ("mailto:me@example.org", None),
            ("http://", None),
            ("", None),
        ] {
            assert_eq!(link(href, Some(&base)).as_deref(), absolute, "{href}");
        }
        assert_eq!(link("b", None), None);
        let keyed = Url::parse("https://example.org/feed?key=secret").unwrap();
        assert_eq!(link("#b", Some(&keyed)).as_deref(), Some("https://example.org/feed#b"));
        assert_eq!(link("https:", Some(&keyed)).as_deref(), Some("https://example.org/feed"));
        assert_eq!(link("?b", Some(&keyed)).as_deref(), Some("https://example.org/feed?b"));
    }

    #[test]
    fn the_short_way_gives_what_the_parser_would() {
        let pieces = [
            "http://",
            "https://",
            "a",
            "b-c",
            "1",
            "www.",
            ".",
            "/",
            "?",
            "#",
            "x=1&y=%20",
            "%2E",
            "..",
            "é",
            " ",
            "\"",
            "'",
            "^",
            "{",
            "|",
            ":80",
            ":443",
            "@",
            "xn--",
            "A",
            "-",
            "\\",
            "[",
            "~",
            "com",
        ];
        let mut short = 0;
        for seed in 0..200_000_u64 {
            let mut luck = seed;
            let mut text = String::from("https://e.com/");
            if seed % 2 == 0 {
                text = "http://".into();
            }
            for _ in 0..seed % 7 {
                luck = luck.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                text.push_str(pieces[(luck >> 33) as usize % pieces.len()]);
            }
            if is_normal(&text) {
                short += 1;
                let parsed = Url::parse(&text).expect("what is normal is a URL");
                let host = text.split('/').nth(2).expect("it has a host");
                let told = text.replacen(host, &host.to_ascii_lowercase(), 1);
                assert_eq!(parsed.as_str(), told, "seed {seed}");
            }
        }
        assert!(short > 10_000, "{short}");
    }
}
