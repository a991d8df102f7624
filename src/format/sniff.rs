//! What a document is, by its root element.

use crate::format::{Feed, atom, jsonfeed, rss};
use crate::http::Url;
use crate::text;
use crate::xml::{Ns, Tag, TooDeep, Xml};

/// No more start tags than this may stand before the root: what a server's error messages bring.
const MAX_JUNK: usize = 200;
/// No more start tags of a page are searched for its title and its feed.
const MAX_HEAD: usize = 2_000;

/// Reads a feed of any format.
pub(super) fn read(document: &str, base: Option<&Url>) -> Result<Feed, String> {
    let start =
        document.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    match start.as_bytes().first() {
        None => return Err("an empty document".into()),
        Some(b'{') => return jsonfeed::read(start, base),
        Some(b'[') => return Err("JSON, but not a JSON Feed: an array".into()),
        _ => {}
    }
    let mut xml = Xml::new(start, base);
    for _ in 0..MAX_JUNK {
        let Some(tag) = xml.descendant(0)? else { break };
        let feed = match root(&tag, xml.depth()) {
            Root::Rss => rss::read(&mut xml, &tag)?,
            Root::Atom => atom::read(&mut xml, &tag)?,
            Root::Entry => atom::read_entry(&mut xml, &tag)?,
            Root::Html => return Err(page(start, base)),
            Root::Other => continue,
        };
        if feed.partial && feed.items.is_empty() && feed.title.is_empty() {
            return Err(format!("{}, but cut off before anything was said", feed.format));
        }
        return Ok(feed);
    }
    Err(instead(start, base))
}

enum Root {
    Rss,
    Atom,
    Entry,
    Html,
    Other,
}

fn root(tag: &Tag<'_>, depth: usize) -> Root {
    let mut buffer = [0; 24];
    match (tag.ns, tag.lower(&mut buffer)) {
        (_, "rss" | "rdf") => Root::Rss,
        // Alone, and not within something unknown.
        (_, "channel") if depth == 1 => Root::Rss,
        (_, "feed") => Root::Atom,
        (Ns::Atom, "entry") => Root::Entry,
        (_, "html") => Root::Html,
        _ => Root::Other,
    }
}

/// What a document without a feed's root is, for people.
fn instead(document: &str, base: Option<&Url>) -> String {
    let mut xml = Xml::new(document, None);
    let head = document.get(..15).unwrap_or_default().to_ascii_lowercase();
    match xml.descendant(0) {
        Ok(Some(tag)) if tag.name.eq_ignore_ascii_case("opml") => {
            "an OPML list of feeds, not a feed; `newsagg import` makes sources of it".into()
        }
        Ok(Some(tag)) => {
            let html = ["head", "body", "title", "meta", "p", "h1", "div", "script", "center"];
            if head.starts_with("<!doctype html")
                || html.iter().any(|n| tag.name.eq_ignore_ascii_case(n))
            {
                page(document, base)
            } else {
                format!(
                    "XML, but not a feed: its first element is `{}`",
                    text::printable(tag.name, 60)
                )
            }
        }
        _ if head.starts_with("<!doctype html") => page(document, base),
        _ => format!(
            "not a feed; it begins with \"{}\"",
            text::printable(document.get(..200).unwrap_or(document), 60)
        ),
    }
}

/// A page's title, and the feed that it names.
fn page(document: &str, base: Option<&Url>) -> String {
    let mut said = String::from("an HTML page, not a feed");
    let (title, feed) = head(document, base).unwrap_or_default();
    if let Some(title) = title.filter(|title| !title.is_empty()) {
        said += &format!("; its title is \"{title}\"");
    }
    if let Some(feed) = feed {
        said += &format!("; it names this feed: {feed}");
    }
    said
}

type Head = (Option<String>, Option<crate::item::Text>);

fn head(document: &str, base: Option<&Url>) -> Result<Head, TooDeep> {
    let (mut title, mut feed) = (None, None);
    let mut xml = Xml::new(document, base);
    for _ in 0..MAX_HEAD {
        let Some(tag) = xml.descendant(0)? else { break };
        let mut buffer = [0; 24];
        match tag.lower(&mut buffer) {
            "title" if title.is_none() => {
                title = Some(text::printable(&xml.body()?.text(), 100));
            }
            "link" if feed.is_none() && is_feed(&tag) => {
                feed = tag.attribute("href").and_then(|href| text::link(&href, base));
            }
            "body" => break,
            _ => {}
        }
    }
    Ok((title, feed))
}

/// <https://www.rssboard.org/rss-autodiscovery>
fn is_feed(tag: &Tag<'_>) -> bool {
    let kind = tag.attribute("type").unwrap_or_default().to_ascii_lowercase();
    ["rss+xml", "atom+xml", "feed+json"].iter().any(|feed| kind.contains(feed))
        && tag.attribute("rel").is_some_and(|rel| rel.to_ascii_lowercase().contains("alternate"))
}
