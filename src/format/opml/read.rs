//! OPML 1.0, 1.1 and 2.0, and lists that are nearly that.

use super::tags;
use crate::format::sniff;
use crate::item::{MAX_TITLE, Text};
use crate::xml::{Tag, Xml};
use crate::{decode, text};

/// No more outlines of a list are read: it would not fit into a config.
pub const MAX_OUTLINES: usize = 20_000;

/// A subscription list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    /// `opml 2.0`; `opml` where no version is told.
    pub format: Text,
    /// Plain text; may be empty.
    pub title: Text,
    /// In document order; folders are none of them.
    pub outlines: Vec<Outline>,
    /// Every folder, with the one that it is in: an index into this.
    folders: Vec<(Text, Option<usize>)>,
    /// Why there may have been more, and in which line: the document is cut off, or too much.
    pub damage: Option<(usize, String)>,
}

/// An entry of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// Where it begins, from 1.
    pub line: usize,
    /// Its `title`, else its `text`: plain text, may be empty.
    pub title: Text,
    /// `newsagg:name`, as it stands: what it is called in the config that it comes from.
    pub name: Option<Text>,
    /// `xmlUrl`, as it stands but for white space around it; `None` for what is no feed.
    pub url: Option<Text>,
    /// `url`, of what is no feed.
    pub link: Option<Text>,
    /// `type`, in lower case.
    pub kind: String,
    /// `category`: plain text.
    pub categories: Vec<String>,
    /// It, or what it is in, is marked as a comment.
    pub commented: bool,
    /// The folder that it is in.
    folder: Option<usize>,
}

impl List {
    /// The folders that an outline is in, the outermost first, and then its categories.
    pub fn tags(&self, outline: &Outline) -> Vec<String> {
        let mut tags = Vec::new();
        let mut folder = outline.folder.and_then(|index| self.folders.get(index));
        while let Some((name, outer)) = folder {
            tags.push(String::from(&**name));
            folder = outer.and_then(|index| self.folders.get(index));
        }
        tags.reverse();
        tags.extend(outline.categories.iter().cloned());
        tags.retain(|tag| !tag.is_empty());
        tags
    }
}

/// Reads a list. What is broken is mended, and what is cut off is read as far as it goes.
///
/// # Errors
/// What the document is instead, for people.
pub fn read(body: &[u8]) -> Result<List, String> {
    let document = decode::decode(body, None);
    let mut reader = Reader::new(&document);
    if let Err(why) = reader.run() {
        reader.list.damage = Some((reader.line(), why));
    }
    reader.close(0);
    // A list in something else is for somebody else.
    match reader.list.format.is_empty() {
        true => Err(instead(&document)),
        false => Ok(reader.list),
    }
}

/// What a document without OPML's root is, for people.
fn instead(document: &str) -> String {
    match sniff::read(document, None) {
        Ok(feed) => format!("no OPML, but a feed ({}): it can be a source itself", feed.format),
        Err(why) => format!("no OPML: {why}"),
    }
}

/// An outline whose end has not come.
struct Open {
    depth: usize,
    /// Until something is found in it, it may be an entry: the folder that it would be.
    entry: Option<Outline>,
    folder: Option<usize>,
    commented: bool,
}

struct Reader<'a> {
    xml: Xml<'a>,
    list: List,
    open: Vec<Open>,
    document: &'a str,
    /// Line breaks are counted up to here, and so many there are.
    counted: (usize, usize),
}

impl<'a> Reader<'a> {
    fn new(document: &'a str) -> Reader<'a> {
        Reader {
            xml: Xml::new(document, None),
            list: List::default(),
            open: Vec::new(),
            document,
            counted: (0, 0),
        }
    }

    /// The line of the last tag, from 1.
    fn line(&mut self) -> usize {
        let (from, breaks) = self.counted;
        let to = self.xml.began().max(from);
        let new = self.document.as_bytes()[from..to].iter().filter(|byte| **byte == b'\n').count();
        self.counted = (to, breaks + new);
        breaks + new + 1
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(tag) = self.xml.descendant(0)? {
            let mut buffer = [0; 24];
            match tag.lower(&mut buffer) {
                "opml" if self.list.format.is_empty() => {
                    let version = tag.attribute("version").unwrap_or_default();
                    let version = text::printable(&version, 8);
                    self.list.format = ["opml ", &version].concat().trim_end().into();
                }
                "title" if self.list.title.is_empty() && self.list.outlines.is_empty() => {
                    let body = self.xml.body()?;
                    self.list.title = text::from_maybe_html(&body.html(), MAX_TITLE);
                }
                "outline" if !self.list.format.is_empty() => self.outline(&tag)?,
                _ => {}
            }
        }
        match self.xml.is_cut() {
            true => Err("the document ends in the middle".into()),
            false => Ok(()),
        }
    }

    fn outline(&mut self, tag: &Tag<'a>) -> Result<(), String> {
        let depth = self.xml.depth();
        self.close(depth);
        let (folder, commented) = self.enter();
        let mut outline = entry(tag);
        outline.line = self.line();
        outline.folder = folder;
        outline.commented |= commented;
        if self.list.outlines.len() >= MAX_OUTLINES {
            return Err(format!("a list of more than {MAX_OUTLINES} entries"));
        }
        let commented = outline.commented;
        let entry = match outline.url {
            // What follows within a feed is where the feed is: its end tag was forgotten.
            Some(_) => {
                self.list.outlines.push(outline);
                None
            }
            None => Some(outline),
        };
        self.open.push(Open { depth, entry, folder, commented });
        Ok(())
    }

    /// Something is in the innermost open outline. Which folder that is, and whether it is a comment.
    fn enter(&mut self) -> (Option<usize>, bool) {
        let Some(open) = self.open.last_mut() else { return (None, false) };
        if let Some(entry) = open.entry.take() {
            self.list.folders.push((entry.title, open.folder));
            open.folder = Some(self.list.folders.len() - 1);
        }
        (open.folder, open.commented)
    }

    /// All outlines from this depth on have ended.
    fn close(&mut self, depth: usize) {
        while self.open.last().is_some_and(|open| open.depth >= depth) {
            let entry = self.open.pop().and_then(|open| open.entry);
            self.list.outlines.extend(entry);
        }
    }
}

/// An outline by its attributes.
fn entry(tag: &Tag<'_>) -> Outline {
    let title = |name| tag.attribute(name).map(|text| text::from_maybe_html(&text, MAX_TITLE));
    let link = |name| {
        let value = tag.attribute(name)?;
        Some(Text::from(value.trim())).filter(|url| !url.is_empty())
    };
    let category = tag.attribute("category").unwrap_or_default();
    Outline {
        title: title("title")
            .filter(|title| !title.is_empty())
            .or(title("text"))
            .unwrap_or_default(),
        name: tag.attribute("newsagg:name").map(Text::from),
        url: link("xmlUrl"),
        link: link("url"),
        kind: tag.attribute("type").unwrap_or_default().trim().to_ascii_lowercase(),
        categories: tags::split(&category, MAX_TITLE).collect(),
        commented: tag
            .attribute("isComment")
            .is_some_and(|is| is.trim().eq_ignore_ascii_case("true")),
        ..Outline::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::MAX_DEPTH;

    fn of(document: &str) -> List {
        read(document.as_bytes()).unwrap()
    }

    fn titles(list: &List) -> Vec<(usize, &str)> {
        list.outlines.iter().map(|outline| (outline.line, &*outline.title)).collect()
    }

    #[test]
    fn folders_and_categories_are_tags_and_feeds_are_no_folders() {
        let list = of(
            "<?xml version='1.0'?>\n<OPML Version='1.1'><head><title>My\n list</title></head><body>\n\
            <Outline TEXT='News'>\n\
            <outline text='x' Title='A' XMLURL=' http://a.test/ ' category='/p/q,r'>\n\
            <outline text='B' xmlUrl='http://b.test/'></outline>\n\
            <outline text='Inner' isComment='true'><outline text='C' xmlUrl='http://c.test/'/></outline></outline>\n\
            <outline text='D' xmlUrl=''/></outline><outline text='E'/>\n</body></OPML>",
        );
        assert_eq!((&*list.format, &*list.title), ("opml 1.1", "My list"));
        assert_eq!(titles(&list), [(5, "A"), (6, "B"), (7, "C"), (8, "D"), (8, "E")]);
        let tags: Vec<String> =
            list.outlines.iter().map(|outline| list.tags(outline).join(" ")).collect();
        assert_eq!(tags, ["News p q r", "News", "News Inner", "News", ""]);
        assert_eq!(list.outlines[0].url.as_deref(), Some("http://a.test/"));
        let commented: Vec<bool> = list.outlines.iter().map(|outline| outline.commented).collect();
        assert_eq!(commented, [false, false, true, false, false]);
        assert_eq!(list.damage, None);
    }

    #[test]
    fn what_is_damaged_is_read_as_far_as_it_goes_and_the_place_is_told() {
        let list = of("<opml><body>\n<outline text='R&D <b>' xmlUrl='http://a.test/?x=1&y=2'/>\n\
            <outline text='é &eacute; &amp;amp;' xmlUrl='http://b.test/'/>\n<outline text='half' xmlU");
        assert_eq!(titles(&list), [(2, "R&D"), (3, "é é &")]);
        assert_eq!(list.outlines[0].url.as_deref(), Some("http://a.test/?x=1&y=2"));
        assert_eq!(list.damage, Some((4, "the document ends in the middle".into())));
        let deep = "<outline text='f'>".repeat(MAX_DEPTH);
        let list = of(&format!("<opml>\n<outline text='a' xmlUrl='http://a.test'/>\n{deep}"));
        assert_eq!(list.outlines[0].line, 2);
        let (line, why) = list.damage.unwrap();
        assert!(
            line == 3 && why == format!("elements are nested deeper than {MAX_DEPTH}"),
            "{why}"
        );
    }

    #[test]
    fn other_charsets_are_read() {
        let latin =
            b"<?xml version='1.0' encoding='ISO-8859-1'?><opml><outline text='caf\xe9'/></opml>";
        assert_eq!(titles(&read(latin).unwrap()), [(1, "café")]);
        let utf_16: Vec<u8> = "\u{feff}<opml><outline text='日本'/></opml>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(titles(&read(&utf_16).unwrap()), [(1, "日本")]);
    }

    #[test]
    fn a_list_longer_than_any_config_is_cut() {
        let list =
            of(&format!("<opml>{}</opml>", "<outline xmlUrl='x'/>\n".repeat(MAX_OUTLINES + 1)));
        assert_eq!(list.outlines.len(), MAX_OUTLINES);
        let why = format!("a list of more than {MAX_OUTLINES} entries");
        assert_eq!(list.damage, Some((MAX_OUTLINES + 1, why)));
        // Entries that are only found to be some when they end.
        let list =
            of(&format!("<opml>{}</opml>", "<outline text='x'/>\n".repeat(MAX_OUTLINES + 1)));
        assert_eq!(list.outlines.len(), MAX_OUTLINES);
    }

    #[test]
    fn what_is_no_list_is_said_to_be_what_it_is() {
        for (document, said) in [
            ("", "no OPML: an empty document"),
            (
                "<html><title>Log in</title>",
                "no OPML: an HTML page, not a feed; its title is \"Log in\"",
            ),
            (
                "<rss version='2.0'><channel><title>x</title></channel></rss>",
                "no OPML, but a feed (rss 2.0): it can be a source itself",
            ),
            (
                "<not-opml><outline xmlUrl='http://a.test'/></not-opml>",
                "no OPML: XML, but not a feed: its first element is `not-opml`",
            ),
        ] {
            assert_eq!(read(document.as_bytes()), Err(said.into()), "{document}");
        }
    }
}
