//! sfeed(5): nine fields separated by tabs, a line for each story.
//! <https://codemadness.org/git/sfeed/file/README.html>

use std::io;

use crate::format::{Merged, text};
use crate::item::{MAX_SUMMARY, MAX_TITLE, Story, Text};
use crate::text::printable;

/// Writes one line per story: timestamp, title, link, content, content-type, id, author,
/// enclosure, categories.
///
/// As in text, the link is that of the page that the story is about, and where there is no title
/// the summary stands for it: who chooses from these lines would see nothing. The timestamp is empty where
/// no date is known. Whoever prints a field prints it to a terminal: none holds a control character.
pub fn write(merged: &Merged<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    merged.stories.each(&mut |story| out.write_all(line(story).as_bytes()))
}

fn line(story: &Story) -> String {
    let item = &story.item;
    let summary = item.summary.as_deref().unwrap_or_default();
    let enclosure = item.rare().attachments.first().map(|attachment| &*attachment.url);
    // The separator cannot be escaped.
    let tag = |tag: &Text| printable(tag, MAX_TITLE).replace('|', "/");
    let tags: Vec<String> = item.tags.iter().map(tag).collect();
    let fields = [
        story.date().map(|date| date.unix().to_string()).unwrap_or_default(),
        text::title(story),
        text::link(story).unwrap_or_default(),
        // Backslashes are escaped here and nowhere else.
        printable(summary, MAX_SUMMARY).replace('\\', "\\\\"),
        if summary.is_empty() { String::new() } else { "plain".into() },
        printable(&item.id, MAX_TITLE),
        item.authors.first().map(|name| printable(name, MAX_TITLE)).unwrap_or_default(),
        enclosure.map(|url| printable(url, text::MAX_LINK)).unwrap_or_default(),
        tags.join("|"),
    ];
    let mut line = fields.join("\t");
    line.push('\n');
    line
}
