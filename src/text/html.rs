//! HTML without its markup, in one pass and linear time.

use memchr::{memchr, memchr3};

use super::Line;
use super::entity;

/// A name in lower case, of at most eight bytes, as one number: compared at once. Zero for a longer
/// one, which is none that matters.
const fn packed(name: &[u8]) -> u64 {
    let (mut number, mut at) = (0, 0);
    while at < name.len() {
        number = number << 8 | (name[at] | 0x20) as u64;
        at += 1;
    }
    if name.len() > 8 { 0 } else { number }
}

/// Whether a [`packed`] name is one of these.
macro_rules! is_one_of {
    ($name:expr, $($known:ident)*) => {{
        $(const $known: u64 = packed(stringify!($known).as_bytes());)*
        matches!($name, $($known)|*)
    }};
}

/// Elements within a line; every other tag separates words.
#[allow(non_upper_case_globals)]
fn is_inline(name: u64) -> bool {
    is_one_of!(name, a b i q s u em tt bdi bdo big del dfn ins kbd sub sup var wbr abbr cite code
        font mark nobr samp span time small strike strong acronym)
}

/// Void elements that need no attributes.
#[allow(non_upper_case_globals)]
fn is_break(name: u64) -> bool {
    is_one_of!(name, br hr wbr)
}

/// Void elements that are nothing without attributes: a title that names one speaks of it.
#[allow(non_upper_case_globals)]
fn is_void(name: u64) -> bool {
    is_one_of!(name, area base col embed img input link meta param source track)
}

/// Elements whose content is no text.
#[allow(non_upper_case_globals)]
fn is_silent(name: u64) -> bool {
    is_one_of!(name, script style template noscript iframe object svg title)
}

/// Writes the text of `html` to `line`, until that is full.
pub(super) fn strip(html: &str, line: &mut Line) {
    scan(html, None, line);
}

/// The same where only what evidently is markup counts as such.
pub(super) fn strip_evident(text: &str, line: &mut Line) {
    scan(text, Some(closed_names(text)), line);
}

fn scan(html: &str, closed: Option<Vec<u64>>, line: &mut Line) {
    let mut scan = Scan { html, at: 0, no_end: [false; 4], ended: false, closed };
    while scan.at < html.len() && !line.full() {
        scan.at = line.push_up_to::<true>(html, scan.at);
        match html.as_bytes().get(scan.at) {
            Some(b'<') => scan.tag(line),
            Some(b'&') => scan.at += 1 + entity::resolve(&html[scan.at + 1..], line),
            _ => {}
        }
    }
}

/// A place in a document, and which ends are known not to come any more: looking for one of them
/// again and again would make the time quadratic.
struct Scan<'a> {
    html: &'a str,
    at: usize,
    no_end: [bool; 4],
    /// A tag ended already.
    ended: bool,
    /// The [`packed`] names that have an end tag, where other tags may be text.
    closed: Option<Vec<u64>>,
}

/// The ends that are looked for.
#[derive(Clone, Copy)]
enum End {
    Tag,
    QuotedTag,
    Comment,
    Silent,
}

impl Scan<'_> {
    /// At a `<`: skips what is markup, writes what is not.
    fn tag(&mut self, line: &mut Line) {
        let rest = &self.html.as_bytes()[self.at + 1..];
        let closing = rest.first() == Some(&b'/');
        match rest.get(usize::from(closing)) {
            Some(byte) if byte.is_ascii_alphabetic() && self.is_evident(closing) => {
                self.element(line, closing);
            }
            Some(b'!' | b'?') if self.is_evident_declaration() => self.declaration(line),
            _ => {
                line.push('<');
                self.at += 1;
            }
        }
    }

    /// Whether the tag here is one, where that is not certain.
    fn is_evident(&self, closing: bool) -> bool {
        let Some(closed) = &self.closed else { return true };
        let rest = &self.html.as_bytes()[self.at + 1 + usize::from(closing)..];
        let (name, after) = rest.split_at(name_len(rest));
        if closing || closed.contains(&packed(name)) {
            return !closing || after.trim_ascii_start().starts_with(b">");
        }
        // A single capital is a parameter of a type: `Vec<U>`.
        if let [b'A'..=b'Z'] = name {
            return false;
        }
        let name = packed(name);
        match form(after) {
            Form::Bare => is_inline(name) || is_break(name),
            Form::Attributes => is_inline(name) || is_break(name) || is_void(name),
            Form::None => false,
        }
    }

    /// Whether the comment or section here ends, where that is not certain.
    fn is_evident_declaration(&self) -> bool {
        let rest = &self.html[self.at..];
        self.closed.is_none()
            || rest.starts_with("<![CDATA[")
            || (rest.starts_with("<!--") && rest.contains("-->"))
    }

    fn element(&mut self, line: &mut Line, closing: bool) {
        let begin = self.at + 1 + usize::from(closing);
        let rest = &self.html[begin..];
        let length = name_len(rest.as_bytes());
        let name = packed(&rest.as_bytes()[..length]);
        let end = match rest.as_bytes().get(length) {
            Some(b'>') => Some(begin + length),
            _ => self.find(End::QuotedTag, begin).or_else(|| self.find(End::Tag, begin)),
        };
        let Some(end) = end else {
            // Cut off in the middle of a tag: the rest is no text. But where no tag ended before and
            // nothing but a name follows, nobody meant a tag: `A<B`.
            let name_only = rest[length..].trim_ascii().is_empty();
            if !closing && name_only && !self.ended {
                line.push_str(&self.html[self.at..]);
            }
            self.at = self.html.len();
            return;
        };
        if !is_inline(name) {
            line.push_space();
        }
        self.at = end + 1;
        self.ended = true;
        let empty = self.html.as_bytes()[end - 1] == b'/';
        if !closing && !empty && is_silent(name) {
            self.at = self.find_close(&rest.as_bytes()[..length]).unwrap_or(self.at);
        }
    }

    fn declaration(&mut self, line: &mut Line) {
        let rest = &self.html[self.at..];
        if let Some(text) = rest.strip_prefix("<![CDATA[") {
            let (inside, skip) = match text.split_once("]]>") {
                Some((inside, _)) => (inside, inside.len() + 12),
                None => (text, rest.len()),
            };
            line.push_str(inside);
            self.at += skip;
            return;
        }
        let end = match rest.starts_with("<!--") {
            true => self.find(End::Comment, self.at + 4).map(|at| at + 3),
            false => None,
        };
        let end = end.or_else(|| self.find(End::Tag, self.at).map(|at| at + 1));
        self.at = end.unwrap_or(self.html.len());
    }

    /// Where the end is, from `from` on.
    fn find(&mut self, end: End, from: usize) -> Option<usize> {
        if self.no_end[end as usize] {
            return None;
        }
        let rest = self.html.get(from..)?;
        let found = match end {
            End::Tag => memchr(b'>', rest.as_bytes()),
            End::QuotedTag => quoted_end(rest),
            End::Comment => rest.find("-->"),
            End::Silent => None,
        };
        self.no_end[end as usize] = found.is_none();
        found.map(|at| from + at)
    }

    /// Where the closing tag of a silent element begins.
    fn find_close(&mut self, name: &[u8]) -> Option<usize> {
        if self.no_end[End::Silent as usize] {
            return None;
        }
        let bytes = self.html.as_bytes();
        let mut at = self.at;
        while let Some(next) = self.html[at..].find("</") {
            at += next;
            let word = bytes.get(at + 2..at + 2 + name.len());
            if word.is_some_and(|word| word.eq_ignore_ascii_case(name)) {
                return Some(at);
            }
            at += 2;
        }
        self.no_end[End::Silent as usize] = true;
        None
    }
}

/// How a start tag goes on behind its name.
#[derive(PartialEq)]
enum Form {
    Bare,
    Attributes,
    /// It is no tag.
    None,
}

fn form(after: &[u8]) -> Form {
    let inside = after.trim_ascii_start();
    if inside.starts_with(b">") || inside.starts_with(b"/>") {
        return Form::Bare;
    }
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':');
    let length = inside.iter().position(|byte| !name(byte)).unwrap_or(inside.len());
    let assigned = inside[length..].trim_ascii_start().starts_with(b"=");
    let parted = inside.len() < after.len();
    if parted && length > 0 && assigned { Form::Attributes } else { Form::None }
}

/// No more different names are looked for among those that are closed.
const MAX_CLOSED: usize = 32;

/// The [`packed`] names of all end tags.
fn closed_names(text: &str) -> Vec<u64> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices("</") {
        let rest = &text.as_bytes()[at + 2..];
        let name = packed(&rest[..name_len(rest)]);
        if names.len() < MAX_CLOSED && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn name_len(rest: &[u8]) -> usize {
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b':';
    rest.iter().position(|byte| !named(byte)).unwrap_or(rest.len())
}

/// No tag is longer than this; a quote that is open so long was never meant as one.
const MAX_QUOTED_TAG: usize = 16 * 1024;

/// The `>` that ends a tag, not counting those within quoted attribute values.
fn quoted_end(rest: &str) -> Option<usize> {
    let bytes = &rest.as_bytes()[..rest.len().min(MAX_QUOTED_TAG)];
    let mut at = 0;
    loop {
        at += memchr3(b'>', b'"', b'\'', &bytes[at..])?;
        if bytes[at] == b'>' {
            return Some(at);
        }
        // A quote opens only after `=`: an apostrophe elsewhere is a slip of the pen.
        let before = bytes[..at].iter().rfind(|byte| !byte.is_ascii_whitespace());
        if before == Some(&b'=') {
            at += 1 + memchr(bytes[at], &bytes[at + 1..])?;
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{from_html, from_maybe_html};

    fn plain(html: &str) -> String {
        from_html(html, 1000).into()
    }

    #[test]
    fn tags_go_and_text_stays() {
        assert_eq!(plain("<p>One <b>t</b>wo</p><p>three<br>four"), "One two three four");
        assert_eq!(plain(r#"<a title="x > y" href='q'>link</a>"#), "link");
        assert_eq!(plain("a < b and 1<2, <3"), "a < b and 1<2, <3");
        assert_eq!(plain("x<!-- hidden <b> -->y<![CDATA[z]]><!DOCTYPE html>"), "xyz");
        assert_eq!(plain("before<script>alert('<p>')</script>after"), "before after");
        assert_eq!(plain("don<a href=it's>'t</a> go"), "don't go");
        assert_eq!(plain("cut in a <a href=\"http://exa"), "cut in a");
        assert_eq!(plain("cut in <b>the</b> name of a <stro"), "cut in the name of a");
    }

    #[test]
    fn a_name_alone_is_no_tag_where_no_tag_ends() {
        assert_eq!(plain("A<B"), "A<B");
        assert_eq!(plain(" &amp; <a\n "), "& <a");
        assert_eq!(plain("a </b"), "a");
    }

    #[test]
    fn tags_end_where_a_search_byte_by_byte_finds_their_end() {
        fn slowly(rest: &str) -> Option<usize> {
            let (mut quote, mut previous) = (None, b' ');
            for (at, byte) in rest.bytes().enumerate() {
                match (quote, byte) {
                    (None, b'>') => return Some(at),
                    (None, b'"' | b'\'') if previous == b'=' => quote = Some(byte),
                    (Some(open), _) if open == byte => quote = None,
                    _ => {}
                }
                if !byte.is_ascii_whitespace() {
                    previous = byte;
                }
            }
            None
        }
        let pieces = ["a", " ", "=", "\"", "'", ">", "= ", "=\"", "='", "é", "/"];
        let mut ends = 0;
        for seed in 0..100_000_u64 {
            let mut luck = seed;
            let mut text = String::new();
            for _ in 0..seed % 12 {
                luck = luck.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                text.push_str(pieces[(luck >> 33) as usize % pieces.len()]);
            }
            assert_eq!(super::quoted_end(&text), slowly(&text), "{text:?}");
            ends += usize::from(slowly(&text).is_some());
        }
        assert!(ends > 10_000, "{ends}");
    }

    #[test]
    fn what_may_be_html_is_so_where_that_is_evident() {
        for (text, wanted) in [
            ("kernel <v6.1 affected by <x", "kernel <v6.1 affected by <x"),
            ("<dialog>, <select> & <input>", "<dialog>, <select> & <input>"),
            ("Map<K, Vec<V>> and Vec<U>", "Map<K, Vec<V>> and Vec<U>"),
            ("if a<b and c>d; #include <time.h>", "if a<b and c>d; #include <time.h>"),
            (
                "Jane <jane@example.org> <https://a.example/>",
                "Jane <jane@example.org> <https://a.example/>",
            ),
            ("The <!DOCTYPE> of <?php", "The <!DOCTYPE> of <?php"),
            ("a <!-- b", "a <!-- b"),
            ("<dialog> &amp; &lt;b&gt;", "<dialog> & <b>"),
            ("an <I>old</I> Vec<T>", "an old Vec<T>"),
            ("<p class=x>one</p><p>two</p>", "one two"),
            ("one<br>two<BR />three <b>four", "one two three four"),
            ("<img src='a>b'/> one <a href=x>two", "one two"),
            ("one</b> <!-- hidden -->two</p>", "one two"),
            ("<![CDATA[one <i>two</i>]]>", "one <i>two</i>"),
            ("<script>alert(1)</script>one", "one"),
            ("cut <a href=\"http://exa", "cut"),
        ] {
            assert_eq!(&*from_maybe_html(text, 100), wanted, "{text}");
        }
    }

    #[test]
    fn hostile_markup_takes_linear_time() {
        for piece in ["<", "<a ", "<a \"", "<!--", "<script>", "<a='", "&", "&#", "&amp", "</"] {
            for read in [from_html, from_maybe_html] {
                let text = read(&piece.repeat(400_000), 50);
                assert!(text.chars().count() <= 50, "{piece}");
            }
        }
    }
}
