//! RSS 0.90, 0.91, 0.92, 1.0 (RDF) and 2.0, read.
//!
//! <https://www.rssboard.org/rss-specification>, <https://web.resource.org/rss/1.0/spec>,
//! <https://www.rssboard.org/rss-0-9-0>

use crate::format::content::Content;
use crate::format::elements::Draft;
use crate::format::pace::Wish;
use crate::format::{Feed, atom};
use crate::item::{Item, MAX_TITLE, Text};
use crate::xml::{Ns, Tag, TooDeep, Xml};

mod write;

pub use write::write;

/// Reads the rest of a document whose root `rss`, `rdf:RDF` or `channel` was just opened.
pub(super) fn read(xml: &mut Xml<'_>, root: &Tag<'_>) -> Result<Feed, TooDeep> {
    let mut feed = Feed { format: version(root).into(), ..Feed::default() };
    let mut dc_title = Text::default();
    let mut wish = Wish::default();
    let depth = xml.depth();
    // The depth of the element whose title is the feed's, while it is open.
    let mut channel = root.name.eq_ignore_ascii_case("channel").then_some(depth);
    while let Some(tag) = xml.descendant(depth)? {
        // RSS 1.0: `image` and `textinput` stand beside the channel, and have titles, too.
        channel = channel.filter(|&channel| xml.depth() > channel);
        let in_channel = channel == Some(xml.depth() - 1);
        let mut buffer = [0; 24];
        match (tag.ns, tag.lower(&mut buffer)) {
            (Ns::Core | Ns::Atom | Ns::Rdf, "item" | "entry") => {
                let at = xml.depth();
                let item = item(xml, &tag)?;
                feed.push(item, xml.depth() < at);
            }
            (Ns::Core | Ns::Atom | Ns::Rdf, "channel") if channel.is_none() => {
                channel = Some(xml.depth());
            }
            (Ns::Core | Ns::Atom, "title") if in_channel => {
                let title = Content::maybe_html(xml.body()?).plain_text(MAX_TITLE);
                if feed.title.is_empty() {
                    feed.title = title;
                }
            }
            (Ns::Dc, "title") if in_channel => {
                dc_title = Content::maybe_html(xml.body()?).plain_text(MAX_TITLE);
            }
            (Ns::Other, _) => xml.skip()?,
            (ns, name) => wish.element(xml, ns, name, in_channel)?,
        }
    }
    feed.pace = wish.pace();
    if feed.title.is_empty() {
        feed.title = dc_title;
    }
    feed.bound();
    feed.partial |= xml.is_cut();
    Ok(feed)
}

fn version(root: &Tag<'_>) -> String {
    if root.name.eq_ignore_ascii_case("rdf") {
        return "rss 1.0".into();
    }
    match root.attribute("version").as_deref().map(str::trim) {
        Some(version) if !version.is_empty() && version.len() <= 8 => {
            format!("rss {}", crate::text::printable(version, 8))
        }
        _ => "rss".into(),
    }
}

/// Reads an item whose start tag was just read. `None` if it says nothing.
pub(super) fn item<'a>(xml: &mut Xml<'a>, start: &Tag<'a>) -> Result<Option<Item>, TooDeep> {
    let mut draft = Draft::default();
    if let Some(about) = start.attribute("about") {
        draft.link(9, &about, xml.base());
        draft.id(3, about);
    }
    let depth = xml.depth();
    while let Some(tag) = xml.child(depth)? {
        if tag.ns == Ns::Atom {
            atom::element(&mut draft, xml, &tag)?;
        } else if tag.ns != Ns::Core || !element(&mut draft, xml, &tag)? {
            draft.shared(xml, &tag)?;
        }
    }
    Ok(draft.finish())
}

/// The elements of RSS itself; `Ok(false)` if this is none of them.
fn element<'a>(draft: &mut Draft<'a>, xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<bool, TooDeep> {
    let mut buffer = [0; 24];
    match tag.lower(&mut buffer).as_bytes() {
        b"title" => draft.title(0, Content::maybe_html(xml.body()?)),
        b"description" => draft.summary(0, Content::html(xml.body()?)),
        b"link" => link(draft, xml, tag)?,
        b"guid" => guid(draft, xml, tag)?,
        b"pubdate" => draft.published(0, &xml.body()?.text()),
        b"author" => draft.person(2, xml, true)?,
        b"comments" => {
            let base = xml.base().cloned();
            draft.discussion(&xml.body()?.text(), base.as_ref());
        }
        b"category" => draft.tag(&xml.body()?.html()),
        b"enclosure" => draft.attachment(tag, "url", "length", xml.base()),
        b"image" => image(draft, xml)?,
        // Not RSS, but seen in it without a namespace.
        b"date" | b"published" | b"issued" | b"created" => draft.published(5, &xml.body()?.text()),
        b"updated" | b"modified" | b"lastbuilddate" => draft.updated(3, &xml.body()?.text()),
        b"summary" | b"abstract" => draft.summary(1, atom::content(xml, tag)?),
        b"content" | b"body" | b"fullitem" => draft.summary(4, atom::content(xml, tag)?),
        b"id" => draft.id(1, xml.body()?.text()),
        _ => return Ok(false),
    }
    Ok(true)
}

/// The URL stands within the element; some write it as Atom does.
fn link<'a>(draft: &mut Draft<'a>, xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<(), TooDeep> {
    if tag.attribute("href").is_some() {
        atom::link(draft, xml, tag);
    }
    let base = xml.base().cloned();
    let body = xml.body()?;
    if !body.is_blank() {
        draft.last_link(0, &body.text(), base.as_ref());
    }
    Ok(())
}

/// RSS has pictures of channels only, but some have the same, or only its URL, in items.
fn image<'a>(draft: &mut Draft<'a>, xml: &mut Xml<'a>) -> Result<(), TooDeep> {
    let base = xml.base().cloned();
    let body = xml.body()?;
    let inside = body.html();
    let mut within = Xml::new(&inside, None);
    while let Some(tag) = within.descendant(0)? {
        if tag.name.eq_ignore_ascii_case("url") {
            draft.image(&within.body()?.text(), base.as_ref());
        }
    }
    if !inside.contains('<') {
        draft.image(&inside, base.as_ref());
    }
    Ok(())
}

/// A `guid` is a link unless it says that it is none.
fn guid<'a>(draft: &mut Draft<'a>, xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<(), TooDeep> {
    let is_link =
        !tag.attribute("isPermaLink").is_some_and(|is| is.trim().eq_ignore_ascii_case("false"));
    let id = xml.body()?.text();
    // Relative ones are no links: most are numbers.
    if is_link && id.trim_start().starts_with("http") {
        draft.link(5, &id, None);
    }
    draft.id(0, id);
    Ok(())
}
