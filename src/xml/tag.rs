//! Tags: where they end, what they are called, what they say.

use std::borrow::Cow;

use memchr::memchr;

use super::{Ns, unescape};

/// No more attributes of one tag are looked at.
pub const MAX_ATTRIBUTES: usize = 64;

/// A start tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tag<'a> {
    /// The namespace of the element.
    pub ns: Ns,
    /// The name without prefix, as written.
    pub name: &'a str,
    /// Everything between `<` and `>` but the final `/`.
    pub(super) inner: &'a str,
    /// The length of the name with its prefix.
    pub(super) name_len: usize,
}

impl<'a> Tag<'a> {
    /// The value of an attribute, decoded. A name without prefix also finds the attribute with
    /// one (`about`: `rdf:about`), if there is no better one.
    pub fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        let [value] = self.attributes([name]);
        value
    }

    /// The values of several attributes, as [`Tag::attribute`] finds them, in one go.
    pub fn attributes<const N: usize>(&self, names: [&str; N]) -> [Option<Cow<'a, str>>; N] {
        let mut found = [Found::default(); N];
        if self.inner.len() > self.name_len {
            self.find(&names, &mut found);
        }
        found.map(|found| found.named.or(found.prefixed).map(unescape))
    }

    fn find(&self, names: &[&str], found: &mut [Found<'a>]) {
        for (key, raw) in attributes(self.inner, self.name_len) {
            for (name, found) in names.iter().zip(&mut *found) {
                // The last letters decide, mostly.
                let begin = key.len().wrapping_sub(name.len());
                if !key.get(begin..).is_some_and(|end| end.eq_ignore_ascii_case(name)) {
                    continue;
                }
                if begin == 0 {
                    found.named.get_or_insert(raw);
                } else if key.as_bytes()[begin - 1] == b':' && !key.starts_with("xmlns") {
                    found.prefixed.get_or_insert(raw);
                }
            }
        }
    }

    /// The name in lower case, to match on. Empty if it is longer than any name that matters.
    pub fn lower<'b>(&self, buffer: &'b mut [u8; 24]) -> &'b str
    where
        'a: 'b,
    {
        if !self.name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.name;
        }
        let Some(lower) = buffer.get_mut(..self.name.len()) else { return "" };
        lower.copy_from_slice(self.name.as_bytes());
        lower.make_ascii_lowercase();
        std::str::from_utf8(lower).unwrap_or_default()
    }
}

/// The raw value of an attribute with just this name, and of one with a prefix before it.
#[derive(Clone, Copy, Default)]
struct Found<'a> {
    named: Option<&'a str>,
    prefixed: Option<&'a str>,
}

/// Prefix and local name; the prefix is empty where there is none.
pub(super) fn split(name: &str) -> (&str, &str) {
    // Names are so short that a search by machine words takes longer.
    match name.bytes().position(|byte| byte == b':') {
        Some(colon) => (&name[..colon], &name[colon + 1..]),
        None => ("", name),
    }
}

/// How long the name is that `tag` begins with, prefix included.
pub(super) fn name_len(tag: &[u8]) -> usize {
    let end = |byte: &u8| matches!(byte, b'>' | b'/' | b'<') || byte.is_ascii_whitespace();
    tag.iter().position(end).unwrap_or(tag.len())
}

/// The attributes of a tag: names with prefix and raw values. A name without `=` has an empty one, a
/// value without quotes ends with white space, and one whose quote never closes with the tag.
pub(super) fn attributes(inner: &str, name_len: usize) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = &inner[name_len..];
    let next = move || {
        let end = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'/');
        let (key, after) = cut(cut(rest, |byte| !end(byte)).1, end);
        let value = after.trim_ascii_start().strip_prefix('=').map(str::trim_ascii_start);
        let (value, after) = match (value, value.and_then(|value| value.as_bytes().first())) {
            (None, _) => ("", after),
            (Some(value), Some(&quote @ (b'"' | b'\''))) => {
                let value = &value[1..];
                match memchr(quote, value.as_bytes()) {
                    Some(end) => (&value[..end], &value[end + 1..]),
                    None => (value, ""),
                }
            }
            (Some(value), _) => cut(value, |byte| byte.is_ascii_whitespace()),
        };
        rest = after;
        (!key.is_empty()).then_some((key, value))
    };
    std::iter::from_fn(next).take(MAX_ATTRIBUTES)
}

/// Before and after the first byte that ends it, before or behind which is ASCII.
fn cut(text: &str, end: impl Fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(end).unwrap_or(text.len()))
}

/// Whether `xml` stands in the attributes at all: few tags declare anything.
pub(super) fn has_xml(mut attributes: &[u8]) -> bool {
    while let Some(x) = memchr(b'x', attributes) {
        attributes = &attributes[x + 1..];
        if let [b'm', b'l', ..] = attributes {
            return true;
        }
    }
    false
}

/// No `>` up to the end of the document.
pub(super) struct Unclosed;

/// The index of the `>` that ends the tag at the beginning of `tag`, looked for from `at` on; `None`
/// if another `<` comes first, so that this one begins no tag. Within quoted values both are text,
/// unless quotes are not to be trusted.
pub(super) fn tag_end(tag: &[u8], mut at: usize, quotes: bool) -> Result<Option<usize>, Unclosed> {
    // A name may end with it, if it ends with the quote that follows.
    let mut after_equals = at > 0 && tag[at - 1] == b'=';
    while let Some(&byte) = tag.get(at) {
        match byte {
            b'>' => return Ok(Some(at)),
            b'<' => return Ok(None),
            b'"' | b'\'' if quotes && after_equals => {
                at += 1 + memchr(byte, &tag[at + 1..]).ok_or(Unclosed)?;
                after_equals = false;
            }
            b'=' => after_equals = true,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => after_equals = false,
        }
        at += 1;
    }
    Err(Unclosed)
}

/// HTML's elements without end tag, which unescaped markup brings along.
/// <https://html.spec.whatwg.org/multipage/syntax.html#void-elements>
pub(super) fn is_void(name: &str) -> bool {
    ["br", "hr", "img", "wbr", "input", "embed", "area", "col", "param"]
        .iter()
        .any(|void| void.eq_ignore_ascii_case(name))
}
