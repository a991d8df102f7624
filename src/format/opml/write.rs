//! The other way.

use std::io;

use super::tags;
use crate::format::Merged;
use crate::format::markup::Markup;
use crate::text;

/// The namespace of `newsagg:name`. OPML 2.0 lets attributes be added in this way.
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
    <opml version=\"2.0\" xmlns:newsagg=\"https://github.com/newsagg/newsagg\">\n<head>\n";

/// One feed in a list.
#[derive(Clone, Copy, Debug)]
pub struct Subscription<'a> {
    /// As in the config.
    pub name: &'a str,
    /// Where it is, without secrets.
    pub url: &'a str,
    /// As in the config.
    pub tags: &'a [String],
}

/// Writes the feeds among the sources of an output, in the order of the config. There is no date
/// in it: it changes with the config alone.
pub fn write(merged: &Merged<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut feeds = merged.sources.iter().filter_map(|source| {
        let url = source.feed.as_deref()?;
        Some(Subscription { name: &source.name, url, tags: &source.tags })
    });
    export(merged.title, &mut feeds, out)
}

/// Writes a list of feeds. Tags are categories and no folders: a feed with two of them stands in
/// the list once, and its place among the others is kept.
pub fn export(
    title: &str,
    feeds: &mut dyn Iterator<Item = Subscription<'_>>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut xml = Markup::faithful(out);
    xml.raw(HEAD)?;
    xml.text("title", title)?;
    xml.text("docs", "https://opml.org/spec2.opml")?;
    xml.raw("</head>\n<body>\n")?;
    for feed in feeds {
        let name = Some(feed.name);
        let category = tags::joined(feed.tags);
        xml.empty(
            "outline",
            &[
                ("type", Some("rss")),
                ("text", name),
                ("title", name),
                ("xmlUrl", Some(feed.url)),
                ("category", Some(&*category).filter(|tags| !tags.is_empty())),
                // Titles are read as HTML, and folded: where that makes another name of it.
                ("newsagg:name", name.filter(|name| *text::from_html(name, usize::MAX) != **name)),
            ],
        )?;
    }
    xml.raw("</body>\n</opml>\n")
}
