//! One entry while it is being read, and the elements that RSS and Atom share: Dublin Core,
//! Media RSS, iTunes, slash, threading.
//!
//! Several elements may tell the same thing. Each offer has a rank, and the lowest rank wins;
//! among equals the first, but of RSS links and dates the last, as most readers have it. Only what wins is decoded: `content:encoded` costs nothing where
//! there is a `description`.

use std::borrow::Cow;

use crate::format::content::Content;
use crate::http::Url;
use crate::item::{Item, MAX_LIST, MAX_SUMMARY, MAX_TITLE, Text};
use crate::text;
use crate::time::{Timestamp, parse_date, weigh_date};
use crate::xml::{Ns, Tag, TooDeep, Xml};

mod media;

/// Longer names of entries are kept as their hash.
const MAX_ID: usize = 500;

/// The rank of a date that no standard has written so, where a standard is asked for: a date of the
/// last change that keeps to it is shown rather than such a date of publication, as most readers do.
const GUESSED: u8 = 8;

/// The best offer so far.
#[derive(Debug)]
struct Best<T>(Option<(u8, T)>);

impl<T> Default for Best<T> {
    fn default() -> Best<T> {
        Best(None)
    }
}

impl<T> Best<T> {
    fn wants(&self, rank: u8) -> bool {
        self.0.as_ref().is_none_or(|(best, _)| rank < *best)
    }

    /// Whether an offer of this rank would at least be as good.
    fn takes(&self, rank: u8) -> bool {
        self.0.as_ref().is_none_or(|(best, _)| rank <= *best)
    }

    fn offer(&mut self, rank: u8, value: T) {
        if self.wants(rank) {
            self.replace(rank, value);
        }
    }

    fn replace(&mut self, rank: u8, value: T) {
        self.0 = Some((rank, value));
    }

    fn take(&mut self) -> Option<T> {
        self.0.take().map(|(_, value)| value)
    }
}

/// An entry while it is being read.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    id: Best<Cow<'a, str>>,
    title: Best<Content<'a>>,
    link: Best<Text>,
    summary: Best<Content<'a>>,
    published: Best<Timestamp>,
    updated: Best<Timestamp>,
    author_rank: u8,
    discussion: Option<Text>,
    /// Where there is no link, the id is one if it is an address.
    pub id_is_link: bool,
    /// How large the picture is that was chosen.
    area: u64,
    /// Seconds.
    duration: Option<u64>,
    item: Item,
}

impl<'a> Draft<'a> {
    pub fn id(&mut self, rank: u8, id: Cow<'a, str>) {
        if !id.trim().is_empty() {
            self.id.offer(rank, id);
        }
    }

    pub fn title(&mut self, rank: u8, content: Content<'a>) {
        if !content.body.is_blank() {
            self.title.offer(rank, content);
        }
    }

    pub fn summary(&mut self, rank: u8, content: Content<'a>) {
        if !content.body.is_blank() {
            self.summary.offer(rank, content);
        }
    }

    /// The first of its rank.
    pub fn link(&mut self, rank: u8, href: &str, base: Option<&Url>) {
        if self.link.wants(rank) {
            self.last_link(rank, href, base);
        }
    }

    /// The last of its rank.
    pub fn last_link(&mut self, rank: u8, href: &str, base: Option<&Url>) {
        if self.link.takes(rank) {
            if let Some(link) = text::link(href.trim(), base) {
                self.link.replace(rank, link);
            }
        }
    }

    pub fn published(&mut self, rank: u8, date: &str) {
        if self.published.takes(rank) {
            if let Some(date) = parse_date(date) {
                self.published.replace(rank, date);
            }
        }
    }

    pub fn updated(&mut self, rank: u8, date: &str) {
        if self.updated.takes(rank) {
            if let Some(date) = parse_date(date) {
                self.updated.replace(rank, date);
            }
        }
    }

    /// As [`Draft::published`], by RFC 4287 §3.3.
    pub fn standard_published(&mut self, rank: u8, date: &str) {
        standard(&mut self.published, rank, date);
    }

    /// As [`Draft::updated`], by RFC 4287 §3.3.
    pub fn standard_updated(&mut self, rank: u8, date: &str) {
        standard(&mut self.updated, rank, date);
    }

    /// Authors of a better rank replace those of a worse one.
    pub fn author(&mut self, rank: u8, name: &str) {
        if !self.item.authors.is_empty() && rank != self.author_rank {
            if rank > self.author_rank {
                return;
            }
            self.item.authors.clear();
        }
        self.author_rank = rank;
        let name = person_name(name);
        let authors = &mut self.item.authors;
        if !name.is_empty() && authors.len() < MAX_LIST && !authors.contains(&name) {
            authors.push(name);
        }
    }

    /// An author whose start tag was just read: the `name` within it, as Atom has it, else its text. `address`: a text
    /// with elements in it, but no name, is better than nothing.
    pub fn person(&mut self, rank: u8, xml: &mut Xml<'a>, address: bool) -> Result<(), TooDeep> {
        let body = xml.body()?;
        let inside = body.xhtml();
        let markup = inside.contains('<');
        let mut within = Xml::new(if markup { &inside } else { "" }, None);
        let mut named = false;
        while let Some(tag) = within.descendant(0)? {
            if tag.name.eq_ignore_ascii_case("name") {
                self.author(rank, &within.body()?.html());
                named = true;
            }
        }
        if !named && (address || !markup) {
            self.author(rank, &body.html());
        }
        Ok(())
    }

    /// The address of the discussion; some write how many comments there are.
    pub fn discussion(&mut self, href: &str, base: Option<&Url>) {
        match href.trim() {
            count if count.bytes().all(|byte| byte.is_ascii_digit()) => self.comments(count),
            href => self.discussion = text::link(href, base),
        }
    }

    pub fn tag(&mut self, tag: &str) {
        let tag = text::from_maybe_html(tag, MAX_TITLE);
        let tags = &mut self.item.tags;
        if !tag.is_empty() && tags.len() < MAX_LIST && !tags.contains(&tag) {
            tags.push(tag);
        }
    }

    pub fn language(&mut self, language: &str) {
        let language = language.trim();
        if !language.is_empty() && language.len() <= 35 {
            self.item.extra().language = Some(text::from_plain(language, 35));
        }
    }

    /// The largest of all counts: RFC 4685 has one for each place of replies, and one of all.
    pub fn comments(&mut self, count: &str) {
        if let Ok(count) = count.trim().parse() {
            let comments = &mut self.item.extra().comments;
            *comments = (*comments).max(Some(count));
        }
    }

    /// A picture of a size that nobody tells.
    pub fn image(&mut self, href: &str, base: Option<&Url>) {
        self.picture(href, media::UNTOLD_AREA, base);
    }

    /// The largest picture counts, and of equals the first.
    fn picture(&mut self, href: &str, area: u64, base: Option<&Url>) {
        if area > self.area {
            if let Some(link) = text::link(href, base) {
                self.item.extra().image = Some(link);
                self.area = area;
            }
        }
    }

    /// The elements that any feed may borrow. `Ok(false)` if this is none of them.
    pub fn shared(&mut self, xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<bool, TooDeep> {
        let mut buffer = [0; 24];
        let name = tag.lower(&mut buffer);
        match (tag.ns, name) {
            (Ns::Dc, "title") => self.title(2, Content::maybe_html(xml.body()?)),
            (Ns::Dc, "creator") => self.person(1, xml, true)?,
            (Ns::Dc, "author" | "contributor") => self.person(4, xml, true)?,
            (Ns::Dc, "subject") => self.tag(&xml.body()?.html()),
            (Ns::Dc, "date") => self.published(3, &xml.body()?.text()),
            (Ns::Dc, "description") => self.summary(3, Content::html(xml.body()?)),
            (Ns::Dc, "identifier") => self.id(4, xml.body()?.text()),
            (Ns::Dc, "language") => self.language(&xml.body()?.text()),
            (Ns::DcTerms, "issued" | "created" | "available") => {
                self.published(2, &xml.body()?.text());
            }
            (Ns::DcTerms, "date") => self.published(4, &xml.body()?.text()),
            (Ns::DcTerms, "modified") => self.updated(2, &xml.body()?.text()),
            (Ns::Content, "encoded") => self.summary(4, Content::html(xml.body()?)),
            (Ns::Itunes, "author") => self.author(3, &xml.body()?.html()),
            (Ns::Itunes, "summary") => self.summary(5, Content::html(xml.body()?)),
            (Ns::Itunes, "subtitle") => self.summary(6, Content::html(xml.body()?)),
            (Ns::Itunes, "title") => self.title(4, Content::maybe_html(xml.body()?)),
            (Ns::Itunes | Ns::Podcast, "image") => {
                if let Some(href) = tag.attribute("href") {
                    self.image(&href, xml.base());
                }
            }
            (Ns::Itunes, "duration") => self.duration = media::seconds(&xml.body()?.text()),
            (Ns::Podcast, "alternateenclosure") => self.alternate(xml, tag)?,
            (Ns::Slash, "comments") | (Ns::Thread, "total") => self.comments(&xml.body()?.text()),
            (Ns::Media, _) => self.media(xml, *tag)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Only the authors, where nothing else was read.
    pub fn into_authors(self) -> Vec<Text> {
        self.item.authors
    }

    /// The item. `None` if nothing of it can be shown.
    pub fn finish(mut self) -> Option<Item> {
        let mut item = std::mem::take(&mut self.item);
        if let Some(title) = self.title.take() {
            item.title = title.plain_text(MAX_TITLE);
        }
        item.summary = self
            .summary
            .take()
            .map(|summary| summary.plain_text(MAX_SUMMARY))
            .filter(|summary| !summary.is_empty());
        media::played(&mut item, self.duration);
        item.url = self.link.take();
        let id = self.id.take();
        if let (None, Some(id), true) = (&item.url, &id, self.id_is_link) {
            item.url = id.trim_start().starts_with("http").then(|| text::link(id, None)).flatten();
        }
        let changed = self.updated.0.is_some_and(|(rank, _)| rank < GUESSED);
        item.updated = self.updated.take();
        item.published = match self.published.0 {
            Some((GUESSED, _)) if changed => None,
            published => published.map(|(_, date)| date),
        };
        item.id = match id {
            Some(id) => bounded_id(&id),
            None => "".into(),
        };
        let discussion = self.discussion.take();
        complete(item).map(|item| discussed(item, discussion))
    }
}

fn standard(best: &mut Best<Timestamp>, rank: u8, date: &str) {
    if let Some((date, standard)) = weigh_date(date) {
        let rank = if standard { rank } else { GUESSED };
        if best.takes(rank) {
            best.replace(rank, date);
        }
    }
}

/// Gives an item without an id one that stays the same: its link, else a hash of what it says.
/// `None` if it says nothing.
pub(crate) fn complete(mut item: Item) -> Option<Item> {
    if !item.id.is_empty() {
        return Some(item);
    }
    if item == Item::default() {
        return None;
    }
    item.derived_id = true;
    if let Some(url) = &item.url {
        item.id = bounded_id(url);
    } else {
        let date = item.published.or(item.updated).map(Timestamp::unix).unwrap_or_default();
        let summary = item.summary.as_deref().unwrap_or_default();
        item.id = hashed([&*item.title, summary, &date.to_string()]);
    }
    Some(item)
}

/// An id as it is told, white space folded, or its hash if it is longer than [`MAX_ID`].
pub(crate) fn bounded_id(id: &str) -> Text {
    if id.len() > MAX_ID { hashed([id]) } else { text::from_plain(id, MAX_ID) }
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
/// <http://www.isthe.com/chongo/tech/comp/fnv/>
pub(crate) fn hashed<'t>(parts: impl IntoIterator<Item = &'t str>) -> Text {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("hash:{hash:016x}").into()
}

/// Shows the page of the discussion, and the link as what it leads to; a discussion on the same page is no other.
fn discussed(mut item: Item, discussion: Option<Text>) -> Item {
    match (&item.url, discussion) {
        (Some(url), Some(discussion)) if !is_same_page(url, &discussion) => {
            item.external_url = item.url.replace(discussion);
        }
        (None, Some(discussion)) => item.url = Some(discussion),
        _ => {}
    }
    item
}

/// Whether two addresses differ in nothing but scheme, `www.`, a slash at the end and the place on the page; a place
/// on a page without a query is one on the page with any: links often have one that tells where readers come from.
fn is_same_page(link: &str, discussion: &str) -> bool {
    let page = |address: &str| -> Option<(String, Option<String>, bool)> {
        let url = Url::parse(address).ok()?;
        let host = url.host_str()?;
        let host = host.strip_prefix("www.").unwrap_or(host);
        let place = format!("{host}:{:?}{}", url.port(), url.path().trim_end_matches('/'));
        Some((place, url.query().map(str::to_owned), url.fragment().is_some()))
    };
    let (Some(link), Some(discussion)) = (page(link), page(discussion)) else { return false };
    link.0 == discussion.0 && (link.1 == discussion.1 || discussion.1.is_none() && discussion.2)
}

/// The name of a person, plain: without an address, and without quotes around all of it.
pub(crate) fn person_name(told: &str) -> Text {
    let name = text::from_maybe_html(person(told), MAX_TITLE);
    for (open, close) in [('"', '"'), ('\'', '\''), ('“', '”'), ('„', '“'), ('«', '»')] {
        let inside = name.strip_prefix(open).and_then(|name| name.strip_suffix(close));
        let Some(inside) = inside.map(str::trim) else { continue };
        let quotes = inside.matches([open, close]).count();
        if !inside.is_empty() && quotes == inside.matches("\\\"").count() {
            return inside.replace("\\\"", "\"").into();
        }
    }
    name
}

/// The name in `a@b.c (Name)` and `Name <a@b.c>`; whatever has no name is returned as it is.
fn person(text: &str) -> &str {
    let text = text.trim();
    if let Some((before, name)) = text.split_once('(') {
        let name = name.trim_end().trim_end_matches(')').trim();
        if before.contains('@') && !name.is_empty() {
            return name;
        }
    }
    if let Some((name, rest)) = text.split_once(['<', '(']) {
        if rest.contains('@') && !name.trim().is_empty() && !name.contains('@') {
            return name.trim();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_are_names_and_not_addresses() {
        for (told, name) in [
            ("a@b.example (Ann Lee)", "Ann Lee"),
            ("Ann Lee <a@b.example>", "Ann Lee"),
            ("Ann Lee (a@b.example)", "Ann Lee"),
            ("Ann (the second)", "Ann (the second)"),
            ("a@b.example", "a@b.example"),
            ("a@b.example ()", "a@b.example ()"),
        ] {
            assert_eq!(person(told), name, "{told}");
        }
    }

    #[test]
    fn quotes_around_a_name_are_no_part_of_it() {
        for (told, name) in [
            ("\"Eva D\" <e@d.example>", "Eva D"),
            ("e@d.example (\"Eva D\")", "Eva D"),
            ("&quot;Eva D&quot;", "Eva D"),
            ("'Eva D' <e@d.example>", "Eva D"),
            ("“Eva D”", "Eva D"),
            ("\"D, Eva\" <e@d.example>", "D, Eva"),
            ("\"Eva \\\"E\\\" D\" <e@d.example>", "Eva \"E\" D"),
            ("Eva \"E\" D", "Eva \"E\" D"),
            ("\"Weird Al\" Y", "\"Weird Al\" Y"),
            ("\"A\" and \"B\"", "\"A\" and \"B\""),
            ("\"\"", "\"\""),
            ("\"", "\""),
        ] {
            assert_eq!(&*person_name(told), name, "{told}");
        }
    }

    #[test]
    fn a_discussion_on_the_page_itself_is_no_other_page() {
        let link = "https://a.example/p/1/";
        for discussion in
            ["https://a.example/p/1/#respond", "http://www.a.example/p/1", "https://a.example/p/1/"]
        {
            assert!(is_same_page(link, discussion), "{discussion}");
        }
        assert!(is_same_page("https://a.example/p?utm_source=x", "https://a.example/p#comments"));
        for discussion in [
            "https://a.example/p/1/comments",
            "https://b.example/p/1/",
            "https://a.example/p/1/?c=1",
        ] {
            assert!(!is_same_page(link, discussion), "{discussion}");
        }
    }

    #[test]
    fn hashes_tell_where_a_part_ends() {
        assert_ne!(hashed(["ab", "c"]), hashed(["a", "bc"]));
        assert_eq!(&*hashed(["a"]), &*hashed(["a"]));
    }
}
