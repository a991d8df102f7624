//! What entries and sources are known again by, wherever the document is read: an entry's own id
//! where that says to everybody what it is, else a name made of its source's and its own.

use std::borrow::Cow;

use crate::format::{Merged, SourceHealth};
use crate::http::digest;

/// Where the feeds of a document are.
pub(super) struct Feeds<'a> {
    /// Sources and where their feeds are, by name.
    feeds: Vec<(&'a str, &'a str)>,
}

impl<'a> Feeds<'a> {
    /// Of the sources of a document.
    pub fn of(merged: &Merged<'a>) -> Feeds<'a> {
        let feed = |source: &'a SourceHealth| Some((&*source.name, source.feed.as_deref()?));
        let mut feeds: Vec<_> = merged.sources.iter().filter_map(feed).collect();
        feeds.sort();
        Feeds { feeds }
    }

    /// Where the feed of a source is, if it is one.
    pub fn get(&self, source: &str) -> Option<&'a str> {
        let at = self.feeds.binary_search_by(|(name, _)| (*name).cmp(source)).ok()?;
        self.feeds.get(at).map(|(_, feed)| *feed)
    }
}

/// The id under which an item is published that its source calls `id`: that id where it says to everybody what it is and is
/// not `taken` by an item of another source, else a name made of the source's and the item's. What it returns is returned
/// again.
pub fn entry_id<'a>(source: &str, id: &'a str, taken: bool) -> Cow<'a, str> {
    match is_global(id) && !taken {
        true => Cow::Borrowed(id),
        false => Cow::Owned(urn(&["entry", source, id])),
    }
}

/// A name for what has these names: the same on every machine, in every version. A UUID of
/// version 8 (RFC 9562 §5.8), since a `tag:` would need a domain that stays ours.
pub(super) fn urn(names: &[&str]) -> String {
    let mut text = Vec::with_capacity(128);
    let mut half = |salt: &str| {
        text.clear();
        text.extend_from_slice(salt.as_bytes());
        for name in names {
            text.push(0);
            text.extend_from_slice(name.as_bytes());
        }
        digest(&text)
    };
    let (high, low) = (half("newsagg"), half("ggaswen"));
    let high = (high & !0xf000) | 0x8000;
    let low = (low >> 2) | (0b10 << 62);
    let (first, second, third) = (high >> 32, high >> 16 & 0xffff, high & 0xffff);
    let (fourth, last) = (low >> 48, low & 0xffff_ffff_ffff);
    format!("urn:uuid:{first:08x}-{second:04x}-{third:04x}-{fourth:04x}-{last:012x}")
}

/// Whether an id is an IRI (RFC 3987 §2.2) of a scheme whose names are unique in the world.
/// `hash:…` and `post:1` look like one and are not.
fn is_global(id: &str) -> bool {
    let scheme = id.split(':').next().unwrap_or_default();
    let rest = id.get(scheme.len() + 1..).unwrap_or_default();
    let named = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => rest
            .strip_prefix("//")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '[')),
        // RFC 4151 §2.1: who named it, and since when.
        "tag" => rest.split(':').next().is_some_and(|who| who.contains(',')) && rest.contains(':'),
        // RFC 8141 §2: of which kind, and what.
        "urn" => {
            rest.split_once(':').is_some_and(|(kind, name)| kind.len() > 1 && !name.is_empty())
        }
        _ => false,
    };
    let mut after = rest.split('%').skip(1);
    let hex = |two: &str| two.len() == 2 && two.bytes().all(|byte| byte.is_ascii_hexdigit());
    named
        && id.chars().all(is_iri_letter)
        && after.all(|rest| rest.get(..2).is_some_and(hex))
        && rest.matches('#').count() <= 1
}

/// RFC 3987 §2.2: what may stand in an IRI.
fn is_iri_letter(letter: char) -> bool {
    match letter {
        '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | ' ' => false,
        '\0'..='\x7f' => !letter.is_control(),
        '\u{a0}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ffef}' => {
            !letter.is_whitespace() && !crate::text::unwanted(letter)
        }
        '\u{10000}'..='\u{dffff}' => u32::from(letter) & 0xffff < 0xfffe,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_if_it_says_to_everybody_what_it_is() {
        for id in [
            "https://a.example/%E6%97%A5?x=1#y",
            "http://a.example",
            "https://日本.example/話",
            "tag:a.example,2026:x",
            "urn:uuid:0",
            "URN:isbn:1",
        ] {
            assert_eq!(entry_id("s", id, false), id);
            assert!(entry_id("s", id, true).starts_with("urn:uuid:"), "{id}");
        }
        for id in [
            "4711",
            "hash:00ff",
            "post:1",
            "https:",
            "https:///x",
            "tag:x",
            "urn:x",
            "https://a.example/a b",
            "https://a.example/%zz",
            "https://a.example/a#b#c",
            "https://a.example/<b>",
            "https://a.example/\u{202e}",
        ] {
            let urn = entry_id("s", id, false);
            assert!(urn.starts_with("urn:uuid:"), "{id}");
            assert_eq!(entry_id("t", &urn, false), urn);
        }
    }

    #[test]
    fn a_name_is_the_same_in_every_document_and_version() {
        let id = entry_id("hn", "4711", false);
        assert_eq!(id, "urn:uuid:1ecb5f6c-edf5-83b1-a2b3-edf7d781cbc3");
        assert_ne!(entry_id("hn", "1", false), entry_id("h", "n1", false));
    }
}
