//! The other way: RFC 4287, with threading (RFC 4685) and Media RSS where they have a place for
//! what Atom has none for.

use std::io;

use crate::format::markup::Markup;
use crate::format::media;
use crate::format::names::{Feeds, entry_id, urn};
use crate::format::{ABOUT, Merged};
use crate::item::{DateOrigin, Story};
use crate::time::Timestamp;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
    <feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:thr=\"http://purl.org/syndication/thread/1.0\" \
    xmlns:media=\"http://search.yahoo.com/mrss/\">\n";

/// Writes the merged feed as Atom, an element a line.
///
/// Nothing in it changes when nothing new happened: `updated` is the date of the newest story, and
/// the beginning of 1970 where there never was one. The feed's id is made of its title, the only
/// thing that an output keeps when it moves to another file, host or set of sources.
pub fn write(merged: &Merged<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let feeds = Feeds::of(merged);
    let mut xml = Markup::new(out);
    xml.raw(HEAD)?;
    xml.text("id", &urn(&["feed", merged.title]))?;
    xml.text("title", merged.title)?;
    xml.text("updated", &merged.newest.unwrap_or(Timestamp::EPOCH).to_string())?;
    // RFC 4287 §4.1.1 wants one wherever an entry might have none of its own.
    author(&mut xml, merged.title)?;
    let version = Some(env!("CARGO_PKG_VERSION"));
    xml.element("generator", &[("uri", Some(ABOUT)), ("version", version)], Some("newsagg"))?;
    merged.stories.each(&mut |story| {
        let id = entry_id(&story.source, &story.item.id, false);
        entry(&mut xml, &id, story, feeds.get(&story.source))
    })?;
    xml.raw("</feed>\n")
}

fn entry(xml: &mut Markup<'_>, id: &str, story: &Story, feed: Option<&str>) -> io::Result<()> {
    let item = &story.item;
    let extra = item.rare();
    // Anything but a language tag would make the document invalid.
    match extra.language.as_deref().filter(|language| is_language(language)) {
        Some(language) => xml.raw(&["<entry xml:lang=\"", language, "\">\n"].concat())?,
        None => xml.raw("<entry>\n")?,
    }
    xml.text("id", id)?;
    xml.text("title", &item.title)?;
    links(xml, story)?;
    let date = story.date();
    xml.text_if("published", date.map(|date| date.to_string()).as_deref())?;
    let updated = item.updated.filter(|_| story.date_origin != DateOrigin::Clamped).or(date);
    xml.text("updated", &updated.unwrap_or(Timestamp::EPOCH).to_string())?;
    item.authors.iter().try_for_each(|name| author(xml, name))?;
    item.tags.iter().try_for_each(|tag| xml.empty("category", &[("term", Some(tag))]))?;
    xml.text_if("summary", item.summary.as_deref())?;
    xml.text_if("thr:total", extra.comments.map(|count| count.to_string()).as_deref())?;
    media::thumbnail(xml, extra)?;
    for attachment in &extra.attachments {
        // A link has no place for how long something plays.
        if attachment.duration.is_some() {
            media::content(xml, attachment)?;
        }
        let size = attachment.size.map(|size| size.to_string());
        let (rel, url) = (Some("enclosure"), Some(&*attachment.url));
        let kind = Some(&*attachment.mime_type).filter(|kind| is_media_type(kind));
        xml.empty(
            "link",
            &[("rel", rel), ("type", kind), ("length", size.as_deref()), ("href", url)],
        )?;
    }
    if !story.source.is_empty() {
        from(xml, story, feed)?;
    }
    xml.raw("</entry>\n")
}

/// The story's own page or discussion, what it links to, and where else it is.
fn links(xml: &mut Markup<'_>, story: &Story) -> io::Result<()> {
    let mut link = |rel, title, href: Option<&str>| match href {
        None => Ok(()),
        href => xml.empty("link", &[("rel", Some(rel)), ("title", title), ("href", href)]),
    };
    let (url, external) = (story.item.url.as_deref(), story.item.external_url.as_deref());
    link("alternate", None, url.or(external))?;
    link("related", None, external.filter(|_| url.is_some()))?;
    story.also.iter().try_for_each(|also| link("related", Some(&also.source), also.url.as_deref()))
}

/// RFC 4287 §4.2.11. Whoever wrote a story that names nobody is who wrote its source.
fn from(xml: &mut Markup<'_>, story: &Story, feed: Option<&str>) -> io::Result<()> {
    let name = &*story.source;
    xml.raw("<source>\n")?;
    let id = feed.map_or_else(|| urn(&["source", name]), str::to_owned);
    xml.text("id", &id)?;
    xml.text("title", name)?;
    if feed.is_some() {
        xml.empty("link", &[("rel", Some("self")), ("href", feed)])?;
    }
    if story.item.authors.is_empty() {
        author(xml, name)?;
    }
    xml.raw("</source>\n")
}

fn author(xml: &mut Markup<'_>, name: &str) -> io::Result<()> {
    xml.raw("<author>\n")?;
    xml.text("name", name)?;
    xml.raw("</author>\n")
}

/// As `xml:lang` is in RFC 4287's own schema (§2, appendix B).
fn is_language(tag: &str) -> bool {
    tag.split('-').enumerate().all(|(n, part)| {
        let letters = |byte: u8| byte.is_ascii_alphabetic() || (n > 0 && byte.is_ascii_digit());
        (1..=8).contains(&part.len()) && part.bytes().all(letters)
    })
}

/// As `type` is there: something, a slash, something.
fn is_media_type(kind: &str) -> bool {
    kind.split_once('/').is_some_and(|(major, minor)| !major.is_empty() && !minor.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_schema_takes_for_a_language_is_one() {
        for (tag, is) in [
            ("en", true),
            ("de-CH-1996", true),
            ("x-klingon", true),
            ("", false),
            ("e1", false),
            ("en-", false),
            ("englishish", false),
            ("en_GB", false),
            ("en\" onload=\"x", false),
        ] {
            assert_eq!(is_language(tag), is, "{tag}");
        }
    }

    #[test]
    fn only_what_the_schema_takes_for_a_media_type_is_one() {
        for (kind, is) in [("audio/mpeg", true), ("image/*", true), ("mp3", false), ("/x", false)] {
            assert_eq!(is_media_type(kind), is, "{kind}");
        }
    }
}
