//! Atom 1.0 and 0.3, read.
//!
//! RFC 4287; <https://validator.w3.org/feed/docs/atom.html>,
//! <https://web.archive.org/web/2006/http://www.atomenabled.org/developers/syndication/atom-format-spec.php>

use crate::format::content::{Content, Mode};
use crate::format::elements::Draft;
use crate::format::pace::Wish;
use crate::format::{Feed, rss};
use crate::item::{Item, MAX_TITLE, Text};
use crate::xml::{Ns, Tag, TooDeep, Xml};

mod write;

pub use write::write;

/// Reads the rest of a document whose root `feed` was just opened.
pub(super) fn read(xml: &mut Xml<'_>, root: &Tag<'_>) -> Result<Feed, TooDeep> {
    let version = match root.attribute("version").as_deref().map(str::trim) {
        Some("0.1" | "0.2" | "0.3") => "atom 0.3",
        _ => "atom 1.0",
    };
    let mut feed = Feed { format: version.into(), ..Feed::default() };
    let language = root.attribute("xml:lang");
    // RFC 4287 §4.2.1: who wrote the feed wrote the entries that name nobody.
    let mut authors: Vec<Text> = Vec::new();
    let mut wish = Wish::default();
    let depth = xml.depth();
    while let Some(tag) = xml.descendant(depth)? {
        let mut buffer = [0; 24];
        match (tag.ns, tag.lower(&mut buffer)) {
            (Ns::Core | Ns::Atom, "entry") => {
                let at = xml.depth();
                let item = entry(xml, &tag, language.as_deref())?;
                feed.push(item, xml.depth() < at);
            }
            (Ns::Core, "item") => {
                let at = xml.depth();
                let item = rss::item(xml, &tag)?;
                feed.push(item, xml.depth() < at);
            }
            (Ns::Core | Ns::Atom, "title") if xml.depth() == depth + 1 && feed.title.is_empty() => {
                feed.title = content(xml, &tag)?.plain_text(MAX_TITLE);
            }
            (Ns::Core | Ns::Atom, "author") if xml.depth() == depth + 1 => {
                let mut draft = Draft::default();
                draft.person(0, xml, false)?;
                authors.extend(draft.into_authors());
            }
            (Ns::Other, _) => xml.skip()?,
            (ns, name) => wish.element(xml, ns, name, xml.depth() == depth + 1)?,
        }
    }
    feed.pace = wish.pace();
    for item in feed.items.iter_mut().filter(|item| item.authors.is_empty()) {
        item.authors.clone_from(&authors);
    }
    feed.bound();
    feed.partial |= xml.is_cut();
    Ok(feed)
}

/// Reads a document whose root `entry` was just opened (RFC 4287 §2): a feed of one.
pub(super) fn read_entry(xml: &mut Xml<'_>, root: &Tag<'_>) -> Result<Feed, TooDeep> {
    let mut feed = Feed { format: "atom 1.0".into(), ..Feed::default() };
    let at = xml.depth();
    let item = entry(xml, root, None)?;
    feed.push(item, xml.depth() < at);
    feed.partial = xml.is_cut();
    Ok(feed)
}

/// Reads an entry whose start tag was just read, in a feed of this language.
fn entry(
    xml: &mut Xml<'_>,
    start: &Tag<'_>,
    language: Option<&str>,
) -> Result<Option<Item>, TooDeep> {
    let mut draft = Draft::default();
    if let Some(own) = start.attribute("xml:lang").filter(|own| Some(&**own) != language) {
        draft.language(&own);
    }
    let depth = xml.depth();
    while let Some(tag) = xml.child(depth)? {
        if !matches!(tag.ns, Ns::Core | Ns::Atom) || !element(&mut draft, xml, &tag)? {
            draft.shared(xml, &tag)?;
        }
    }
    Ok(draft.finish())
}

/// The elements of an entry; `Ok(false)` if this is none of them.
pub(super) fn element<'a>(
    draft: &mut Draft<'a>,
    xml: &mut Xml<'a>,
    tag: &Tag<'a>,
) -> Result<bool, TooDeep> {
    let mut buffer = [0; 24];
    match tag.lower(&mut buffer) {
        "title" => draft.title(1, content(xml, tag)?),
        "summary" => draft.summary(1, content(xml, tag)?),
        "content" if tag.attribute("src").is_none() => draft.summary(4, content(xml, tag)?),
        "link" if tag.attribute("href").is_none() => {
            // Some write it as RSS does.
            let base = xml.base().cloned();
            draft.link(4, xml.body()?.text().trim(), base.as_ref());
        }
        "link" => link(draft, xml, tag),
        "id" => {
            draft.id_is_link = true;
            draft.id(1, xml.body()?.text());
        }
        "published" | "issued" => draft.standard_published(1, &xml.body()?.text()),
        // Atom 0.3, where it says when the file was made.
        "created" => draft.published(2, &xml.body()?.text()),
        "updated" => draft.standard_updated(0, &xml.body()?.text()),
        "modified" => draft.standard_updated(1, &xml.body()?.text()),
        "author" => draft.person(0, xml, false)?,
        "source" => source(draft, xml)?,
        "category" => category(draft, tag),
        _ => return Ok(false),
    }
    Ok(true)
}

/// RFC 4287 §4.2.11: who wrote the source wrote the entry, if that names nobody.
fn source<'a>(draft: &mut Draft<'a>, xml: &mut Xml<'a>) -> Result<(), TooDeep> {
    let depth = xml.depth();
    while let Some(tag) = xml.child(depth)? {
        if tag.name.eq_ignore_ascii_case("author") {
            draft.person(5, xml, false)?;
        }
    }
    Ok(())
}

fn category(draft: &mut Draft<'_>, tag: &Tag<'_>) {
    let [label, term] = tag.attributes(["label", "term"]);
    if let Some(label) = label.filter(|label| !label.trim().is_empty()).or(term) {
        draft.tag(&label);
    }
}

/// RFC 4287 §4.2.7. A page to read is better than a page of another type, and nothing but
/// `alternate` is a page.
pub(super) fn link(draft: &mut Draft<'_>, xml: &Xml<'_>, tag: &Tag<'_>) {
    let [href, rel, mime_type, count] = tag.attributes(["href", "rel", "type", "count"]);
    let Some(href) = href else { return };
    let rel = rel.unwrap_or_default();
    let rel = rel.trim();
    // RFC 4287 §4.2.7.2: a relation may be written as the registry's IRI.
    let rel = rel.strip_prefix("http://www.iana.org/assignments/relation/").unwrap_or(rel);
    let rel = rel.to_ascii_lowercase();
    match &*rel {
        // RFC 3986 §4.4: the very document whose URL the element declares.
        "" | "alternate" if href.trim().is_empty() => {
            if let Some(declared) = xml.declared_base() {
                draft.link(3, declared.as_str(), None);
            }
        }
        "" | "alternate" => {
            let mime_type = mime_type.unwrap_or_default();
            let html = mime_type.is_empty() || mime_type.contains("html");
            let rank = match (html, mime_type.is_empty()) {
                (true, false) => 1,
                (true, true) => 2,
                (false, _) => 3,
            };
            draft.link(rank, &href, xml.base());
        }
        "enclosure" => draft.attachment(tag, "href", "length", xml.base()),
        // RFC 4685 §4: `thr:count`.
        "replies" => draft.comments(&count.unwrap_or_default()),
        _ => {}
    }
}

/// A text construct (RFC 4287 §3.1) or content (§4.1.3), in Atom 0.3 with `mode`.
pub(super) fn content<'a>(xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<Content<'a>, TooDeep> {
    let [told, mode] = tag.attributes(["type", "mode"]);
    let told = told.unwrap_or_default();
    let told = told.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let by_type = match &*told {
        "" | "text" | "text/plain" => Mode::Plain,
        "html" | "text/html" => Mode::Html,
        "xhtml" => Mode::Xhtml,
        other if other.ends_with("xml") => Mode::Xhtml,
        // RFC 4287 §4.1.3.3: any other media type is Base64.
        other if other.contains('/') && !other.starts_with("text/") => Mode::Base64,
        _ => Mode::Html,
    };
    let mode = match mode.as_deref().map(str::trim) {
        Some("base64") => Mode::Base64,
        Some("escaped") if by_type == Mode::Xhtml => Mode::Html,
        Some("xml") if by_type == Mode::Html => Mode::Xhtml,
        _ => by_type,
    };
    Ok(Content { body: xml.body()?, mode })
}

#[cfg(test)]
mod tests {
    use crate::format::{Feed, read};
    use crate::http::Document;

    fn entry(inside: &str) -> Feed {
        let text = format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id>{inside}</entry></feed>"
        );
        read(&Document { url: None, content_type: None, body: text.as_bytes() }).unwrap()
    }

    #[test]
    fn a_date_that_keeps_to_the_standard_goes_before_one_that_does_not() {
        for (published, updated, shown) in [
            (
                "2026-11-20 T 06:00:00Z",
                "2026-11-21T06:00:00Z",
                [None, Some("2026-11-21T06:00:00Z")],
            ),
            (
                "2026-11-20 T 06:00:00Z",
                "11/21/2026",
                [Some("2026-11-20T06:00:00Z"), Some("2026-11-21T00:00:00Z")],
            ),
            ("2026-11-20 T 06:00:00Z", "", [Some("2026-11-20T06:00:00Z"), None]),
            (
                "Fri, 20 Nov 2026 06:00 GMT",
                "2026-11-21T06:00:00Z",
                [Some("2026-11-20T06:00:00Z"), Some("2026-11-21T06:00:00Z")],
            ),
        ] {
            let feed =
                entry(&format!("<published>{published}</published><updated>{updated}</updated>"));
            let item = &feed.items[0];
            let dates =
                [item.published, item.updated].map(|date| date.map(|date| date.to_string()));
            assert_eq!(dates, shown.map(|date| date.map(str::to_owned)), "{published} {updated}");
        }
    }

    #[test]
    fn an_empty_link_is_the_base_that_was_declared() {
        let url = |inside: &str| entry(inside).items[0].url.clone();
        assert_eq!(
            url("<link href='' xml:base='http://a.example/b'/>").as_deref(),
            Some("http://a.example/b")
        );
        assert_eq!(
            url("<link href='' xml:base='http://a.example/b'/><link href='http://c.example/'/>")
                .as_deref(),
            Some("http://c.example/")
        );
        assert_eq!(url("<link href=''/>"), None);
        assert_eq!(url("<link href='' rel='self' xml:base='http://a.example/b'/>"), None);
    }
}
