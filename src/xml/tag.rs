//! Tags: where they end, what they are called, what they say.

use std::borrow::Cow;

use memchr::memchr;
use quick_xml::events::attributes::Attributes;

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
        if self.inner.len() == self.name_len {
            return None;
        }
        let mut second = None;
        for (key, raw) in attributes(self.inner, self.name_len) {
            if key.eq_ignore_ascii_case(name) {
                return Some(unescape(raw));
            }
            if second.is_none() && key.len() > name.len() && !key.starts_with("xmlns") {
                let (prefix, local) = split(key);
                if !prefix.is_empty() && local.eq_ignore_ascii_case(name) {
                    second = Some(raw);
                }
            }
        }
        second.map(unescape)
    }

    /// The name in lower case, to match on. Empty if it is longer than any name that matters.
    pub fn lower<'b>(&self, buffer: &'b mut [u8; 24]) -> &'b str {
        let Some(lower) = buffer.get_mut(..self.name.len()) else { return "" };
        lower.copy_from_slice(self.name.as_bytes());
        lower.make_ascii_lowercase();
        std::str::from_utf8(lower).unwrap_or_default()
    }
}

/// Prefix and local name; the prefix is empty where there is none.
pub(super) fn split(name: &str) -> (&str, &str) {
    // Names are so short that a search by machine words takes longer.
    match name.bytes().position(|byte| byte == b':') {
        Some(colon) => (&name[..colon], &name[colon + 1..]),
        None => ("", name),
    }
}

/// The attributes of a tag: names with prefix and raw values, bad ones left out.
pub(super) fn attributes(inner: &str, name_len: usize) -> impl Iterator<Item = (&str, &str)> {
    let mut attributes = Attributes::html(inner, name_len);
    attributes.with_checks(false);
    attributes.take(MAX_ATTRIBUTES).filter_map(Result::ok).filter_map(|attribute| {
        let Cow::Borrowed(value) = attribute.value else { return None };
        let key = std::str::from_utf8(attribute.key.into_inner()).ok()?;
        Some((key, std::str::from_utf8(value).ok()?))
    })
}

/// Whether `xml` stands in the attributes at all: few tags declare anything.
pub(super) fn has_xml(mut attributes: &[u8]) -> bool {
    while let Some(x) = memchr(b'x', attributes) {
        attributes = &attributes[x + 1..];
        if attributes.starts_with(b"ml") {
            return true;
        }
    }
    false
}

/// No `>` up to the end of the document.
pub(super) struct Unclosed;

/// The index of the `>` that ends the tag at the beginning of `tag`; `None` if another `<` comes
/// first, so that this one begins no tag. Within quoted values both are text, unless quotes
/// are not to be trusted.
pub(super) fn tag_end(tag: &[u8], quotes: bool) -> Result<Option<usize>, Unclosed> {
    let (mut at, mut after_equals) = (1, false);
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
