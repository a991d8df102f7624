//! What entries and sources are known again by, wherever the document is read: an entry's own id
//! where that says to everybody what it is, else a name made of its source's and its own.

use std::borrow::Cow;
use std::io;

use crate::format::{Merged, SourceHealth};
use crate::http::digest;
use crate::item::Story;

/// The names in a document.
pub(super) struct Names<'a> {
    /// Stories, counted from the first, that may not use their own id: an older one has the same.
    taken: Vec<usize>,
    /// Sources and where their feeds are, by name.
    feeds: Vec<(&'a str, &'a str)>,
}

impl<'a> Names<'a> {
    /// Looks through the stories for ids that two sources gave.
    ///
    /// The older one keeps it, so that no entry changes its name when a newer one comes.
    pub fn of(merged: &Merged<'a>) -> io::Result<Names<'a>> {
        let mut seen: Vec<(u64, usize)> = Vec::new();
        let mut count = 0;
        merged.stories.each(&mut |story| {
            if is_global(&story.item.id) {
                seen.push((digest(story.item.id.as_bytes()), count));
            }
            count += 1;
            Ok(())
        })?;
        seen.sort();
        let same = seen.windows(2).filter(|two| two[0].0 == two[1].0);
        let mut taken: Vec<usize> = same.map(|two| two[0].1).collect();
        taken.sort();
        let feed = |source: &'a SourceHealth| Some((&*source.name, source.feed.as_deref()?));
        let mut feeds: Vec<_> = merged.sources.iter().filter_map(feed).collect();
        feeds.sort();
        Ok(Names { taken, feeds })
    }

    /// Where the feed of a source is, if it is one.
    pub fn feed(&self, source: &str) -> Option<&'a str> {
        let at = self.feeds.binary_search_by(|(name, _)| (*name).cmp(source)).ok()?;
        self.feeds.get(at).map(|(_, feed)| *feed)
    }

    /// The id of the story that is number `index`: an IRI that no other story of the document has.
    pub fn entry<'s>(&self, index: usize, story: &'s Story) -> Cow<'s, str> {
        let id = &*story.item.id;
        match is_global(id) && self.taken.binary_search(&index).is_err() {
            true => Cow::Borrowed(id),
            false => Cow::Owned(urn(&["entry", &story.source, id])),
        }
    }
}

/// A name for what has these names: the same on every machine, in every version. A UUID of
/// version 8 (RFC 9562 §5.8), since a `tag:` would need a domain that stays ours.
pub(super) fn urn(names: &[&str]) -> String {
    let name = names.join("\0");
    let [high, low] =
        ["newsagg", "ggaswen"].map(|salt| digest([salt, &name].join("\0").as_bytes()));
    let high = (high & !0xf000) | 0x8000;
    let low = (low >> 2) | (0b10 << 62);
    let (high, low) = (format!("{high:016x}"), format!("{low:016x}"));
    let parts = [&high[..8], &high[8..12], &high[12..], &low[..4], &low[4..]];
    ["urn:uuid:", &parts.join("-")].concat()
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
    use crate::item::{DateOrigin, Item};

    fn story(source: &str, id: &str) -> Story {
        Story {
            item: Item { id: id.into(), ..Item::default() },
            source: source.into(),
            first_seen: None,
            date_origin: DateOrigin::FirstSeen,
            also: Vec::new(),
        }
    }

    fn ids(stories: Vec<Story>) -> Vec<String> {
        let merged = Merged { title: "t", sources: &[], newest: None, stories: &stories };
        let names = Names::of(&merged).unwrap();
        stories.iter().enumerate().map(|(n, story)| names.entry(n, story).into_owned()).collect()
    }

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
            assert_eq!(ids(vec![story("s", id)]), [id], "{id}");
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
            assert!(ids(vec![story("s", id)])[0].starts_with("urn:uuid:"), "{id}");
        }
    }

    #[test]
    fn the_same_id_in_two_sources_is_two_ids_and_the_older_keeps_its_own() {
        let same = "https://a.example/1";
        let [b, other, a] = ids(vec![story("b", same), story("b", "1"), story("a", same)])
            .try_into()
            .expect("three ids");
        assert_eq!(a, same);
        assert!(b.starts_with("urn:uuid:") && other.starts_with("urn:uuid:"));
        assert_ne!(b, other);
        // Whatever stands around it, and in whichever version.
        assert_eq!(
            ids(vec![story("hn", "4711")]),
            ["urn:uuid:1ecb5f6c-edf5-83b1-a2b3-edf7d781cbc3"]
        );
        assert_ne!(ids(vec![story("hn", "1")]), ids(vec![story("h", "n1")]));
    }
}
