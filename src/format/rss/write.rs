//! The other way: RSS 2.0, with Dublin Core, Media RSS, slash and Atom where they have a place for
//! what RSS has none for. <https://www.rssboard.org/rss-specification>,
//! <https://www.rssboard.org/rss-profile>

use std::io;

use crate::format::markup::Markup;
use crate::format::names::{Feeds, entry_id};
use crate::format::{ABOUT, Merged, media};
use crate::item::{DateOrigin, Extra, Story};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
    <rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" \
    xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\" \
    xmlns:slash=\"http://purl.org/rss/1.0/modules/slash/\">\n<channel>\n";

/// Writes the merged feed as RSS, an element a line.
///
/// A channel must have a link, and an output does not know where it will be read: it is that of
/// the generator. Nothing in it changes when nothing new happened: `lastBuildDate` is the date of
/// the newest story, and missing where there never was one.
pub fn write(merged: &Merged<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let feeds = Feeds::of(merged);
    let mut xml = Markup::new(out);
    xml.raw(HEAD)?;
    xml.text("title", merged.title)?;
    xml.text("link", ABOUT)?;
    let count = merged.sources.len();
    let s = if count == 1 { "" } else { "s" };
    xml.text("description", &format!("News of {count} source{s}, put together by newsagg"))?;
    xml.text_if("lastBuildDate", merged.newest.map(|date| date.rfc_822()).as_deref())?;
    xml.text("generator", concat!("newsagg ", env!("CARGO_PKG_VERSION")))?;
    xml.text("docs", "https://www.rssboard.org/rss-specification")?;
    merged.stories.each(&mut |story| {
        let id = entry_id(&story.source, &story.item.id, false);
        item(&mut xml, &id, story, feeds.get(&story.source))
    })?;
    xml.raw("</channel>\n</rss>\n")
}

fn item(xml: &mut Markup<'_>, id: &str, story: &Story, feed: Option<&str>) -> io::Result<()> {
    let item = &story.item;
    let extra = item.rare();
    xml.raw("<item>\n")?;
    // One of the two must be there.
    if !item.title.is_empty() || item.summary.is_none() {
        xml.text("title", &title(&item.title))?;
    }
    let url = item.url.as_deref();
    let link = item.external_url.as_deref().or(url);
    xml.text_if("link", link)?;
    xml.text_if("description", item.summary.as_deref().map(html).as_deref())?;
    let is_link = if link == Some(id) || url == Some(id) { "true" } else { "false" };
    xml.element("guid", &[("isPermaLink", Some(is_link))], Some(id))?;
    xml.text_if("pubDate", story.date().map(|date| date.rfc_822()).as_deref())?;
    let updated = item.updated.filter(|_| story.date_origin != DateOrigin::Clamped);
    xml.text_if("atom:updated", updated.map(|date| date.to_string()).as_deref())?;
    // RSS's own `author` is an address.
    item.authors.iter().try_for_each(|name| xml.text("dc:creator", name))?;
    item.tags.iter().try_for_each(|tag| xml.text("category", tag))?;
    xml.text_if("comments", url.filter(|_| item.external_url.is_some()))?;
    xml.text_if("slash:comments", extra.comments.map(|count| count.to_string()).as_deref())?;
    xml.text_if("dc:language", extra.language.as_deref())?;
    attachments(xml, extra)?;
    match feed {
        feed @ Some(_) => xml.element("source", &[("url", feed)], Some(&story.source))?,
        // `source` must have the address of a feed.
        None => xml.text_if("dc:source", Some(&*story.source).filter(|name| !name.is_empty()))?,
    }
    xml.raw("</item>\n")
}

/// Plain text as the HTML that a `description` is.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A title that is the same whether it is read as HTML, as most readers do, or as text (RSS
/// profile, `title`), wherever that can be; where it cannot, it is no markup for anybody.
fn title(title: &str) -> String {
    let mut safe = String::with_capacity(title.len());
    for (at, letter) in title.char_indices() {
        match letter {
            '<' => safe += "&lt;",
            '&' if is_reference(&title[at + 1..]) => safe += "&amp;",
            letter => safe.push(letter),
        }
    }
    safe
}

/// Whether this, after `&`, is a reference to a character.
fn is_reference(rest: &str) -> bool {
    let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#');
    let length = length.count();
    length > 0 && rest[length..].starts_with(';')
}

/// An item has one enclosure at most (RSS profile, `enclosure`), and that must say its length.
fn attachments(xml: &mut Markup<'_>, extra: &Extra) -> io::Result<()> {
    media::thumbnail(xml, extra)?;
    for (index, attachment) in extra.attachments.iter().enumerate() {
        let told = index == 0 && attachment.size.is_some() && attachment.duration.is_none();
        if !told {
            media::content(xml, attachment)?;
        }
        if index == 0 {
            // As the profile has it where nobody knows.
            let length = attachment.size.unwrap_or(0).to_string();
            let (url, kind) = (Some(&*attachment.url), Some(&*attachment.mime_type));
            xml.empty("enclosure", &[("url", url), ("length", Some(&length)), ("type", kind)])?;
        }
    }
    Ok(())
}
