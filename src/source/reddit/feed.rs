//! The feed of a subreddit: Atom, with what only Reddit puts into it.
//!
//! An entry is the discussion; what was posted stands in its content, after the author's own words:
//! ` submitted by /u/name [link] [comments]`.

use std::collections::BTreeMap;

use super::{absolute, is_same};
use crate::decode::decode;
use crate::failure::Failure;
use crate::format;
use crate::http::{Document, Request};
use crate::item::{Item, Text};
use crate::source::{Page, unreadable};
use crate::xml::{TooDeep, Xml, unescape};

/// What stands between the author's own words and the links.
const SIGNATURE: &str = "submitted by /u/";

/// Reads the feed.
pub(super) fn read(request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
    let feed = format::read(document).map_err(|cause| unreadable(request.conceal(&cause)))?;
    let mut items = feed.items;
    let text = decode(document.body, document.content_type);
    let targets = targets(&text).unwrap_or_default();
    for item in &mut items {
        let target = targets.get(&item.id).and_then(|target| absolute(target));
        let page = item.url.as_deref().unwrap_or_default();
        item.external_url = target.filter(|target| !is_same(target, page));
        own_words(item);
    }
    Ok(Page {
        format: feed.format,
        title: feed.title,
        items,
        skipped: feed.skipped,
        left_out: feed.left_out,
        more: Vec::new(),
        partial: feed.partial,
        pace: feed.pace,
    })
}

/// What each entry links to, by its id.
fn targets(text: &str) -> Result<BTreeMap<Text, String>, TooDeep> {
    let mut targets = BTreeMap::new();
    let mut xml = Xml::new(text, None);
    while let Some(tag) = xml.descendant(0)? {
        if tag.name != "entry" {
            continue;
        }
        let (mut id, mut target) = (None, None);
        let depth = xml.depth();
        while let Some(tag) = xml.child(depth)? {
            match tag.name {
                "id" => id = Some(Text::from(xml.body()?.text().trim())),
                "content" => target = target_in(&xml.body()?.html()),
                _ => {}
            }
        }
        if let (Some(id), Some(target)) = (id, target) {
            targets.insert(id, target);
        }
    }
    Ok(targets)
}

/// Where the last `[link]` leads: one before it stands in somebody's own words.
fn target_in(html: &str) -> Option<String> {
    let (before, _) = html.rsplit_once("\">[link]</a>")?;
    let (_, href) = before.rsplit_once("href=\"")?;
    Some(unescape(href).into_owned())
}

/// Leaves of the summary what somebody wrote, if anything.
fn own_words(item: &mut Item) {
    let Some(summary) = &item.summary else { return };
    let Some((words, signature)) = summary.rsplit_once(SIGNATURE) else { return };
    if signature.ends_with("[comments]") {
        let words = words.trim_end();
        item.summary = (!words.is_empty()).then(|| words.into());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_last_link_counts_and_its_references_are_resolved() {
        let html = "<a href=\"https://a.test/\">[link]</a> submitted by \
                    <a href=\"https://b.test/?a=1&amp;b=2\">[link]</a> <a href=\"x\">[comments]</a>";
        assert_eq!(target_in(html).as_deref(), Some("https://b.test/?a=1&b=2"));
        for none in ["", "[link]", "<a href=x>[link]</a>", "\">[link]</a>"] {
            assert_eq!(target_in(none), None, "{none}");
        }
    }

    #[test]
    fn only_a_signature_at_the_end_is_no_words_of_the_author() {
        let left = |summary: &str| {
            let mut item = Item { summary: Some(summary.into()), ..Item::default() };
            own_words(&mut item);
            item.summary
        };
        assert_eq!(left("submitted by /u/a [link] [comments]"), None);
        assert_eq!(left("mine submitted by /u/a [link] [comments]").as_deref(), Some("mine"));
        assert_eq!(
            left("it was submitted by /u/b submitted by /u/a [link] [comments]").as_deref(),
            Some("it was submitted by /u/b")
        );
        assert_eq!(
            left("submitted by /u/a, they say").as_deref(),
            Some("submitted by /u/a, they say")
        );
    }
}
