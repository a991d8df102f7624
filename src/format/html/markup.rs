//! Text and links as HTML.

use std::io::{self, Write};

use crate::text::printable;

/// So many bytes a link may have; a longer one is left out.
const MAX_LINK: usize = 2_048;

/// What the page's own links say: nobody is told where a reader comes from.
const REL: &str = "rel=\"noopener noreferrer\"";

/// Counts what is written.
#[derive(Debug, Default)]
pub(super) struct Counter {
    pub bytes: usize,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Text in an element or a quoted attribute, at most `max` characters of it.
pub(super) fn text(text: &str, max: usize, out: &mut dyn Write) -> io::Result<()> {
    // Clean by contract; what reaches a browser is looked at twice.
    escaped(&printable(text, max), out)
}

/// The characters that mean something in an element or in double quotes.
fn escaped(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let special = |letter| matches!(letter, '&' | '<' | '>' | '"');
    let mut rest = text;
    while let Some(at) = rest.find(special) {
        out.write_all(&rest.as_bytes()[..at])?;
        out.write_all(match rest.as_bytes()[at] {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            _ => b"&quot;",
        })?;
        rest = &rest[at + 1..];
    }
    out.write_all(rest.as_bytes())
}

/// The start of a link to another site; false, and nothing written, where that is no page on the web.
pub(super) fn link(url: Option<&str>, out: &mut dyn Write) -> io::Result<bool> {
    let Some(url) = url.filter(|url| is_web(url)) else { return Ok(false) };
    out.write_all(b"<a href=\"")?;
    escaped(url, out)?;
    write!(out, "\" {REL}>")?;
    Ok(true)
}

/// Whether it is an absolute `http` or `https` URL without anything that is none of a URL's.
fn is_web(url: &str) -> bool {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| url.starts_with(scheme));
    // Of these a URL has none: they are told in percents (RFC 3986 §2).
    let clean = |letter: char| {
        !letter.is_control() && !letter.is_whitespace() && !matches!(letter, '"' | '<' | '>' | '`')
    };
    scheme.is_some_and(|scheme| url.len() > scheme.len())
        && url.len() <= MAX_LINK
        && url.chars().all(clean)
}

/// The host of a link, without `www.`.
pub(super) fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let host = host.split(':').next()?;
    Some(host.strip_prefix("www.").unwrap_or(host)).filter(|host| !host.is_empty())
}

/// The language and the direction of a text where they may differ from the page's, as attributes.
pub(super) fn tongue(text: &str, language: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    if let Some(language) = language.filter(|language| is_tag(language)) {
        write!(out, " lang={language}")?;
    }
    if text.chars().any(is_leftward) {
        out.write_all(b" dir=auto")?;
    }
    Ok(())
}

/// Whether it looks like a language tag: `en`, `pt-BR`, `zh-Hant-TW` (RFC 5646 §2.1).
fn is_tag(language: &str) -> bool {
    let part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let first = language.split('-').next().unwrap_or_default();
    let letters = first.bytes().all(|byte| byte.is_ascii_alphabetic());
    letters
        && (2..=3).contains(&first.len())
        && language.len() <= 35
        && language.split('-').all(part)
}

/// Letters of Hebrew, Arabic and their neighbours, by blocks (UAX #9, classes R and AL).
fn is_leftward(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// As much of a text as `max` characters show, cut between words where there are any.
pub(super) fn shorten(text: &str, max: usize) -> (&str, bool) {
    let Some((end, _)) = text.char_indices().nth(max) else { return (text, false) };
    let cut = &text[..end];
    let words = cut.rsplit_once(' ').map_or(cut, |(words, _)| words);
    // Where words are not parted by spaces the last one would take most of it along.
    let kept = if words.len() * 2 < cut.len() { cut } else { words };
    (kept.trim_end_matches([' ', ',', ';', ':', '.', '…']), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_text_is_markup() {
        let found = said(|out| text("<script>a & b</script> \"'\u{1b}[31m\u{202e}x", 99, out));
        assert_eq!(found, "&lt;script&gt;a &amp; b&lt;/script&gt; &quot;'x");
        assert_eq!(said(|out| text("abcdef", 3, out)), "ab…");
    }

    #[test]
    fn a_link_leads_to_a_page_on_the_web_or_is_none() {
        let start = |url: &str| said(|out| link(Some(url), out).map(drop));
        assert_eq!(
            start("https://a.example/?a=1&b='"),
            "<a href=\"https://a.example/?a=1&amp;b='\" rel=\"noopener noreferrer\">"
        );
        for url in [
            "javascript:alert(1)",
            "//evil.example",
            "https://",
            "data:,x",
            "https://a/\"",
            "https://a/<",
            "https://a/>",
            "https://a b",
            "file:///x",
        ] {
            assert_eq!(start(url), "", "{url}");
        }
        let longest = format!("https://{}", "x".repeat(MAX_LINK - 8));
        assert_ne!(start(&longest), "");
        assert_eq!(start(&format!("{longest}x")), "");
    }

    #[test]
    fn a_host_is_told_without_its_decoration() {
        for (url, wanted) in [
            ("https://www.a.example/x", Some("a.example")),
            ("http://user@b.example:8080?x", Some("b.example")),
            ("https:///x", None),
            ("x", None),
        ] {
            assert_eq!(host(url), wanted, "{url}");
        }
    }

    #[test]
    fn language_and_direction_are_told_where_they_differ() {
        let told = |text: &str, language| said(|out| tongue(text, language, out));
        assert_eq!(told("plain", None), "");
        assert_eq!(told("Wort", Some("de-CH")), " lang=de-CH");
        assert_eq!(told("خبر", Some("ar")), " lang=ar dir=auto");
        assert_eq!(told("שלום", None), " dir=auto");
        for bad in ["", "e", "en us", "en\" onload=x", "-", "12", "abcdefghi-x"] {
            assert_eq!(told("plain", Some(bad)), "", "{bad}");
        }
    }

    #[test]
    fn a_text_is_cut_between_words() {
        assert_eq!(shorten("one two three", 13), ("one two three", false));
        assert_eq!(shorten("one two three", 9), ("one two", true));
        assert_eq!(shorten("one, two three", 6), ("one", true));
        assert_eq!(shorten("日本語の見出し", 3), ("日本語", true));
        assert_eq!(shorten("a 日本語の見出し", 4), ("a 日本", true));
    }
}
