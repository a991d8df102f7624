//! Which sources a list comes to, and what cannot be one.

use std::collections::BTreeMap;

use crate::config::without_feed;
use crate::config::{Entry, MAX_NAME, feed_url, is_name};
use crate::format::opml::{List, Outline};
use crate::http::{Url, place};
use crate::text::printable;

/// A source gets no more tags than this.
pub const MAX_TAGS: usize = 32;
/// No more lines are said about what is left out or odd; the rest is counted.
pub const MAX_TOLD: usize = 100;
/// Of what somebody else wrote no more than this is part of a message.
const MAX_SHOWN: usize = 60;

/// What came of a list.
#[derive(Debug, Default)]
pub struct Imported {
    /// A table for each feed, in the order of the list.
    pub toml: String,
    /// How many of them there are.
    pub count: usize,
    /// What was left out or is odd, by line.
    notes: Vec<(usize, String)>,
    /// Notes beyond [`MAX_TOLD`].
    more: usize,
}

/// A source, and where the list has it again: line and title.
struct Source {
    entry: Entry,
    again: Vec<(usize, String)>,
}

/// Makes sources of the feeds in a list: each address once, with the tags of every place where it
/// stands; names that no two have.
pub fn sources(list: &List) -> Imported {
    let mut imported = Imported::default();
    let mut sources: Vec<Source> = Vec::new();
    let mut places: BTreeMap<u64, usize> = BTreeMap::new();
    let mut names = Names::default();
    for outline in &list.outlines {
        let (text, url) = match address(outline) {
            Ok((text, url, odd)) => {
                odd.into_iter().for_each(|odd| imported.note(outline.line, odd));
                (text, url)
            }
            Err(why) => {
                imported.note(outline.line, format!("{} is left out: {why}", called(outline)));
                continue;
            }
        };
        let new = sources.len();
        let at = *places.entry(place(&url)).or_insert(new);
        if at == new {
            let name = names.unique(&name(outline, &url));
            let entry = Entry { name, url: text, tags: Vec::new() };
            sources.push(Source { entry, again: Vec::new() });
        } else {
            let title = printable(&outline.title, MAX_SHOWN);
            sources[at].again.push((outline.line, title));
        }
        if !add(list.tags(outline), &mut sources[at].entry.tags) {
            let what = called(outline);
            imported.note(
                outline.line,
                format!("{what} has more than {MAX_TAGS} tags: the others are left out"),
            );
        }
    }
    if let Some((line, why)) = &list.damage {
        imported.note(*line, format!("{why}: there may have been more feeds"));
    }
    imported.count = sources.len();
    sources.iter().enumerate().for_each(|(n, source)| write(n, source, &mut imported.toml));
    imported
}

fn write(number: usize, source: &Source, toml: &mut String) {
    if number > 0 {
        toml.push('\n');
    }
    source.entry.write(toml);
    for (line, title) in &source.again {
        let title = if title.is_empty() { String::new() } else { format!(": {title}") };
        *toml += &format!("# the same feed again in line {line}{title}\n");
    }
}

/// What is asked for, as it is written and as it is understood, and what is odd about it.
fn address(outline: &Outline) -> Result<(String, Url, Option<String>), String> {
    let shown = |text: &str| printable(text, MAX_SHOWN);
    if outline.commented {
        return Err("it is marked as a comment".into());
    }
    let Some(written) = outline.url.as_deref() else {
        return Err(match outline.link.as_deref() {
            Some(link) => format!("it has no xmlUrl, but a url: \"{}\"", shown(link)),
            None => "it has no xmlUrl".into(),
        });
    };
    // Liferea's word for a list within a list.
    if outline.kind == "source" {
        return Err(format!("it is another list: \"{}\"", shown(written)));
    }
    let meant = without_feed(written);
    let url = feed_url(meant.as_deref().unwrap_or(written));
    let url = url
        .map_err(|expected| format!("its xmlUrl must be {expected}, not \"{}\"", shown(written)))?;
    let odd = meant.as_ref().map(|meant| {
        format!("{}: \"{}\" is taken for {}", called(outline), shown(written), shown(meant))
    });
    Ok((meant.unwrap_or_else(|| written.to_owned()), url, odd))
}

/// What a source would like to be called.
fn name(outline: &Outline, url: &Url) -> String {
    if let Some(name) = outline.name.as_deref().filter(|name| is_name(name)) {
        return name.to_owned();
    }
    let title = printable(&outline.title, MAX_NAME);
    let host = || printable(url.host_str().unwrap_or_default(), MAX_NAME);
    if is_name(&title) { title } else { host() }
}

/// An entry in a message.
fn called(outline: &Outline) -> String {
    let title = printable(&outline.title, MAX_SHOWN);
    if title.is_empty() { "an outline without a title".into() } else { format!("\"{title}\"") }
}

/// Adds the tags that are not there yet. False if there are too many.
fn add(tags: Vec<String>, to: &mut Vec<String>) -> bool {
    for tag in tags {
        let tag = if is_name(&tag) { tag } else { printable(&tag, MAX_NAME) };
        if !is_name(&tag) || to.contains(&tag) {
            continue;
        }
        if to.len() == MAX_TAGS {
            return false;
        }
        to.push(tag);
    }
    true
}

/// The names that are taken, each with the number to try next.
#[derive(Default)]
struct Names(BTreeMap<String, usize>);

impl Names {
    /// The name, or the first of `name-2`, `name-3`, … that nobody has.
    fn unique(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        let mut number = self.0.get(name).copied().unwrap_or(1);
        while self.0.contains_key(&free) {
            number += 1;
            let end = format!("-{number}");
            free = name.chars().take(MAX_NAME - end.len()).chain(end.chars()).collect();
        }
        self.0.insert(name.to_owned(), number);
        self.0.entry(free.clone()).or_insert(1);
        free
    }
}

impl Imported {
    fn note(&mut self, line: usize, what: String) {
        match self.notes.len() < MAX_TOLD {
            true => self.notes.push((line, what)),
            false => self.more += 1,
        }
    }

    /// What is to be said beside the sources, a line each, as compilers do.
    pub fn told(&self, file: &str) -> String {
        let file = printable(file, super::MAX_PATH);
        let mut told = String::new();
        for (line, what) in &self.notes {
            told += &format!("{file}:{line}: {what}\n");
        }
        if self.more > 0 {
            told += &format!("{file}: and {} more that are left out or odd\n", self.more);
        }
        if self.count == 0 {
            told += &format!("{file}: there is no feed in it\n");
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::opml;

    fn of(body: &str) -> Imported {
        sources(&opml::read(format!("<opml version='2.0'><body>\n{body}").as_bytes()).unwrap())
    }

    fn names(imported: &Imported) -> Vec<&str> {
        let lines = imported.toml.lines();
        lines.filter_map(|line| line.strip_prefix("name = ")).collect()
    }

    #[test]
    fn two_feeds_of_one_name_are_numbered() {
        let feed =
            |title: &str, n| format!("<outline text='{title}' xmlUrl='https://a.test/{n}'/>\n");
        let list = ["a", "a-2", "a", "a", ""].iter().enumerate();
        let imported = of(&list.map(|(n, title)| feed(title, n)).collect::<String>());
        assert_eq!(names(&imported), ["\"a\"", "\"a-2\"", "\"a-3\"", "\"a-4\"", "\"a.test\""]);
        let long = "é".repeat(MAX_NAME);
        let imported = of(&[feed(&long, 1), feed(&long, 2)].concat());
        let second = format!("\"{}-2\"", "é".repeat(MAX_NAME - 2));
        assert_eq!(names(&imported), [format!("\"{long}\""), second]);
    }

    #[test]
    fn a_feed_that_stands_twice_is_one_source_with_the_tags_of_both_places() {
        let imported = of(
            "<outline text='x'><outline text='A' xmlUrl='https://a.test/f'/></outline>\n\
            <outline text='y'><outline text='A\n=1' category='x,z' xmlUrl='https://A.test/f#top'/></outline>",
        );
        assert_eq!(
            imported.toml,
            "[[source]]\nname = \"A\"\nkind = \"feed\"\nurl = \"https://a.test/f\"\n\
            tags = [\"x\", \"y\", \"z\"]\n# the same feed again in line 3: A =1\n"
        );
    }

    #[test]
    fn what_is_no_source_is_said_with_its_line_and_its_reason() {
        let imported = of("<outline text='js' xmlUrl='javascript:alert(1)'/>\n\
            <outline text='rel' xmlUrl='/feed.xml'/>\n\
            <outline text='none'/>\n\
            <outline text='page' type='link' url='https://a.test/'/>\n\
            <outline text='off' isComment='TRUE'><outline text='in' xmlUrl='https://a.test/c'/></outline>\n\
            <outline text='lists' type='source' xmlUrl='https://a.test/l'/>\n\
            <outline xmlUrl='feed:HTTPS://a.test/1'/><outline text='two' xmlUrl='Feed://a.test/2'/>\n\
            <outline text='&#27;[31m' xmlUrl='|~/x &#x202e;'/>\n");
        assert_eq!(
            imported.told("x\u{1b}[2J.opml"),
            "x.opml:2: \"js\" is left out: its xmlUrl must be an http:// or https:// URL, not \"javascript:alert(1)\"\n\
            x.opml:3: \"rel\" is left out: its xmlUrl must be an http:// or https:// URL, not \"/feed.xml\"\n\
            x.opml:4: \"none\" is left out: it has no xmlUrl\n\
            x.opml:5: \"page\" is left out: it has no xmlUrl, but a url: \"https://a.test/\"\n\
            x.opml:6: \"in\" is left out: it is marked as a comment\n\
            x.opml:7: \"lists\" is left out: it is another list: \"https://a.test/l\"\n\
            x.opml:8: an outline without a title: \"feed:HTTPS://a.test/1\" is taken for HTTPS://a.test/1\n\
            x.opml:8: \"two\": \"Feed://a.test/2\" is taken for http://a.test/2\n\
            x.opml:9: an outline without a title is left out: its xmlUrl must be an http:// or https:// URL, not \"|~/x\"\n\
            x.opml:10: the document ends in the middle: there may have been more feeds\n"
        );
        assert_eq!(names(&imported), ["\"a.test\"", "\"two\""]);
    }

    #[test]
    fn no_more_is_said_than_can_be_read_and_no_more_tags_are_given() {
        let told = of(&"<outline text='x'/>\n".repeat(MAX_TOLD + 7)).told("x");
        assert_eq!(told.lines().count(), MAX_TOLD + 2);
        assert!(
            told.contains("\nx: and 8 more that are left out or odd\nx: there is no feed in it\n")
        );
        let tags: Vec<String> = (0..=MAX_TAGS).map(|n| format!("t{n}")).collect();
        let imported = of(&format!(
            "<outline category='{}' text='{}' xmlUrl='http://a.test'/></body></opml>",
            tags.join(","),
            "n".repeat(MAX_NAME + 1)
        ));
        assert!(imported.toml.contains("\"t31\"]\n"), "{}", imported.toml);
        assert!(imported.told("x").starts_with("x:2: \"nnn"));
        assert_eq!(names(&imported)[0].chars().count(), MAX_NAME + 2);
    }
}
