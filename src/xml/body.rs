//! What is within an element, decoded when somebody wants it.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::{Token, Xml};
use crate::text::surrogates;

/// The inside of an element, still as it stands in the document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Body<'a> {
    inner: &'a str,
    kind: Kind<'a>,
    /// Where decoding may stop.
    max: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind<'a> {
    /// Text and references.
    Text,
    /// One CDATA section with nothing but white space around.
    CData(&'a str),
    /// Markup, comments, several sections.
    Mixed,
}

impl<'a> Body<'a> {
    pub(super) fn new(
        inner: &'a str,
        cdata: Option<&'a str>,
        text: bool,
        markup: bool,
    ) -> Body<'a> {
        let kind = match cdata {
            None if !markup => Kind::Text,
            Some(cdata) if !markup && !text => Kind::CData(cdata),
            _ => Kind::Mixed,
        };
        Body { inner, kind, max: usize::MAX }
    }

    /// Whether there is nothing in it but white space.
    pub fn is_blank(&self) -> bool {
        match self.kind {
            Kind::CData(text) => super::is_blank(text),
            _ => super::is_blank(self.inner),
        }
    }

    /// Nothing beyond the first `max` bytes, so that what follows need not be decoded.
    pub fn cut(self, max: usize) -> Body<'a> {
        let kind = match self.kind {
            Kind::CData(text) => Kind::CData(prefix(text, max)),
            kind => kind,
        };
        // Of mixed ones nobody knows yet how much is comments.
        let inner = if kind == Kind::Mixed { self.inner } else { prefix(self.inner, max) };
        Body { inner, kind, max }
    }

    /// The text with one level of references resolved and unescaped tags left in: HTML, where
    /// the element holds escaped HTML (RSS, Atom's `type="html"`).
    pub fn html(&self) -> Cow<'a, str> {
        match self.kind {
            Kind::Text => unescape(self.inner),
            Kind::CData(text) => Cow::Borrowed(text),
            Kind::Mixed => Cow::Owned(self.pieces(true)),
        }
    }

    /// The text alone: references resolved, tags dropped.
    pub fn text(&self) -> Cow<'a, str> {
        match self.kind {
            Kind::Text => unescape(self.inner),
            Kind::CData(text) => Cow::Borrowed(text),
            Kind::Mixed => Cow::Owned(self.pieces(false)),
        }
    }

    /// Markup that was not escaped (Atom's `type="xhtml"`): HTML as it stands.
    pub fn xhtml(&self) -> Cow<'a, str> {
        match self.kind {
            Kind::CData(text) => Cow::Borrowed(text),
            Kind::Mixed if memmem::find(self.inner.as_bytes(), b"<![CDATA[").is_some() => {
                Cow::Owned(self.pieces(true))
            }
            _ => Cow::Borrowed(self.inner),
        }
    }

    fn pieces(&self, tags: bool) -> String {
        let mut out = String::with_capacity(self.inner.len().min(self.max));
        let mut xml = Xml::new(self.inner, None);
        xml.in_body = true;
        // Too deep cannot be: whoever made this body has been through.
        while let Ok(token) = xml.next() {
            match token {
                Token::Text(text) => out.push_str(&unescape(text)),
                Token::CData(text) => out.push_str(text),
                Token::Start(_) | Token::End if tags => {
                    out.push_str(&self.inner[xml.began..xml.at])
                }
                Token::Start(_) | Token::End => {}
                Token::Eof => break,
            }
            if out.len() >= self.max {
                break;
            }
        }
        out
    }
}

/// The first `max` bytes or a few less: whole characters.
fn prefix(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// No reference is longer than this between `&` and `;`.
const MAX_REFERENCE: usize = 12;

/// Resolves XML's five names and numeric references (XML 1.0 §4.1, §4.6). Names of HTML are left
/// to those who read the result as HTML, and so is whatever is not a reference.
pub fn unescape(raw: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'&', raw.as_bytes()) else { return Cow::Borrowed(raw) };
    let mut out = String::with_capacity(raw.len());
    let (mut rest, mut next) = (raw, Some(first));
    while let Some(amp) = next {
        out.push_str(&rest[..amp]);
        rest = &rest[amp..];
        let (char, length) = reference(rest.as_bytes()).unwrap_or(('&', 1));
        out.push(char);
        rest = &rest[length..];
        next = memchr(b'&', rest.as_bytes());
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character that the reference at the beginning of `raw` stands for, and its length.
fn reference(raw: &[u8]) -> Option<(char, usize)> {
    match raw {
        [_, b'l', b't', b';', ..] => return Some(('<', 4)),
        [_, b'g', b't', b';', ..] => return Some(('>', 4)),
        [_, b'a', b'm', b'p', b';', ..] => return Some(('&', 5)),
        [_, b'q', b'u', b'o', b't', b';', ..] => return Some(('"', 6)),
        _ => {}
    }
    let (name, length) = name(raw)?;
    match name {
        b"apos" => Some(('\'', length)),
        [b'#', ..] => {
            let value = number(name)?;
            let low = self::name(&raw[length..]);
            let pair =
                low.and_then(|(low, more)| Some((surrogates(value, number(low)?)?, length + more)));
            if pair.is_some() {
                return pair;
            }
            // HTML reads 0x80 to 0x9F as Windows-1252, and XML as controls.
            let char = char::from_u32(value);
            let char = char.filter(|char| !matches!(char, '\0' | '\u{80}'..='\u{9f}'))?;
            Some((char, length))
        }
        _ => None,
    }
}

/// What stands between the `&` and the `;` of a reference, and the length of the whole.
fn name(raw: &[u8]) -> Option<(&[u8], usize)> {
    let window = raw.strip_prefix(b"&")?;
    let window = &window[..window.len().min(MAX_REFERENCE)];
    let end = window.iter().position(|&byte| byte == b';')?;
    Some((&window[..end], end + 2))
}

/// The number in the name of a numeric reference.
fn number(name: &[u8]) -> Option<u32> {
    let (digits, radix) = match name {
        [b'#', b'x' | b'X', digits @ ..] => (digits, 16),
        [b'#', digits @ ..] => (digits, 10),
        _ => return None,
    };
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}
