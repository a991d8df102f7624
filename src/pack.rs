//! An item as one run of bytes, and back.
//!
//! Lengths and numbers are LEB128; what is absent costs a bit. The state directory keeps items like
//! this: a new field takes a new bit, and what a bit means never changes.

use crate::item::{Attachment, Extra, Item, Text};
use crate::time::Timestamp;

const URL: u64 = 1;
const EXTERNAL_URL: u64 = 1 << 1;
const SUMMARY: u64 = 1 << 2;
const PUBLISHED: u64 = 1 << 3;
const UPDATED: u64 = 1 << 4;
const AUTHORS: u64 = 1 << 5;
const TAGS: u64 = 1 << 6;
const IMAGE: u64 = 1 << 7;
const LANGUAGE: u64 = 1 << 8;
const SCORE: u64 = 1 << 9;
const COMMENTS: u64 = 1 << 10;
const ATTACHMENTS: u64 = 1 << 11;
const EXTRA: u64 = 1 << 12;
/// The link is the id, as in most feeds.
const URL_IS_ID: u64 = 1 << 13;

/// Writes `item` behind what is in `out`.
pub fn pack(item: &Item, out: &mut Vec<u8>) {
    let extra = item.rare();
    let url_is_id = item.url.as_ref() == Some(&item.id);
    let flags = [
        (item.url.is_some() && !url_is_id, URL),
        (url_is_id, URL_IS_ID),
        (item.external_url.is_some(), EXTERNAL_URL),
        (item.summary.is_some(), SUMMARY),
        (item.published.is_some(), PUBLISHED),
        (item.updated.is_some(), UPDATED),
        (!item.authors.is_empty(), AUTHORS),
        (!item.tags.is_empty(), TAGS),
        (item.extra.is_some(), EXTRA),
        (extra.image.is_some(), IMAGE),
        (extra.language.is_some(), LANGUAGE),
        (extra.score.is_some(), SCORE),
        (extra.comments.is_some(), COMMENTS),
        (!extra.attachments.is_empty(), ATTACHMENTS),
    ];
    number(flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum(), out);
    string(&item.id, out);
    string(&item.title, out);
    let url = item.url.as_ref().filter(|_| !url_is_id);
    for text in [url, item.external_url.as_ref(), item.summary.as_ref()].into_iter().flatten() {
        string(text, out);
    }
    for date in [item.published, item.updated].into_iter().flatten() {
        number(zigzag(date.unix()), out);
    }
    for list in [&item.authors, &item.tags].into_iter().filter(|list| !list.is_empty()) {
        number(list.len() as u64, out);
        list.iter().for_each(|text| string(text, out));
    }
    for text in [&extra.image, &extra.language].into_iter().flatten() {
        string(text, out);
    }
    if let Some(score) = extra.score {
        number(zigzag(score), out);
    }
    if let Some(comments) = extra.comments {
        number(comments, out);
    }
    if !extra.attachments.is_empty() {
        number(extra.attachments.len() as u64, out);
        extra.attachments.iter().for_each(|attachment| pack_attachment(attachment, out));
    }
}

fn pack_attachment(attachment: &Attachment, out: &mut Vec<u8>) {
    string(&attachment.url, out);
    string(&attachment.mime_type, out);
    for told in [attachment.size, attachment.duration] {
        number(told.map_or(0, |n| n.saturating_add(1)), out);
    }
}

/// Reads what [`pack`] wrote; `None` if it is something else.
pub fn unpack(bytes: &[u8]) -> Option<Item> {
    let mut reader = Reader(bytes);
    let flags = reader.number()?;
    let has = |flag: u64| flags & flag != 0;
    let mut item = Item { id: reader.string()?, title: reader.string()?, ..Item::default() };
    item.url = if has(URL_IS_ID) { Some(item.id.clone()) } else { reader.string_if(has(URL))? };
    item.external_url = reader.string_if(has(EXTERNAL_URL))?;
    item.summary = reader.string_if(has(SUMMARY))?;
    item.published = reader.date_if(has(PUBLISHED))?;
    item.updated = reader.date_if(has(UPDATED))?;
    item.authors = reader.list_if(has(AUTHORS))?;
    item.tags = reader.list_if(has(TAGS))?;
    if has(EXTRA) {
        item.extra = Some(Box::new(Extra {
            image: reader.string_if(has(IMAGE))?,
            language: reader.string_if(has(LANGUAGE))?,
            score: if has(SCORE) { Some(unzigzag(reader.number()?)) } else { None },
            comments: if has(COMMENTS) { Some(reader.number()?) } else { None },
            attachments: if has(ATTACHMENTS) { reader.attachments()? } else { Vec::new() },
        }));
    }
    reader.0.is_empty().then_some(item)
}

/// What sorts, joins and filters an item, without taking it apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glance<'a> {
    /// [`Item::id`].
    pub id: &'a str,
    /// [`Item::title`].
    pub title: &'a str,
    /// [`Item::external_url`], else [`Item::url`].
    pub link: Option<&'a str>,
    /// [`Item::published`], else [`Item::updated`].
    pub date: Option<Timestamp>,
}

/// Looks at what [`pack`] wrote; `None` if it is something else.
pub fn glance(bytes: &[u8]) -> Option<Glance<'_>> {
    let mut reader = Reader(bytes);
    let flags = reader.number()?;
    let has = |flag: u64| flags & flag != 0;
    let (id, title) = (reader.text()?, reader.text()?);
    let own = if has(URL) { Some(reader.text()?) } else { has(URL_IS_ID).then_some(id) };
    let external = if has(EXTERNAL_URL) { Some(reader.text()?) } else { None };
    if has(SUMMARY) {
        reader.text()?;
    }
    let published = reader.date_if(has(PUBLISHED))?;
    let date = if published.is_some() { published } else { reader.date_if(has(UPDATED))? };
    Some(Glance { id, title, link: external.or(own), date })
}

/// Writes an unsigned LEB128 number.
pub fn number(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Writes a text behind its length.
pub fn string(text: &str, out: &mut Vec<u8>) {
    number(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// Small numbers of either sign as small numbers.
pub fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)) as u64
}

/// What [`zigzag`] did, undone.
pub fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

/// Reads what [`number`] and [`string`] wrote, from the front; `None` is something else.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next number.
    pub fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    /// The next text, where it lies.
    pub fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    /// The next text.
    pub fn string(&mut self) -> Option<Text> {
        self.text().map(Text::from)
    }

    fn string_if(&mut self, there: bool) -> Option<Option<Text>> {
        if there { self.string().map(Some) } else { Some(None) }
    }

    fn date_if(&mut self, there: bool) -> Option<Option<Timestamp>> {
        if there { Timestamp::from_unix(unzigzag(self.number()?)).map(Some) } else { Some(None) }
    }

    fn list_if(&mut self, there: bool) -> Option<Vec<Text>> {
        if !there {
            return Some(Vec::new());
        }
        let count = self.number()?;
        (0..count).map(|_| self.string()).collect()
    }

    fn attachments(&mut self) -> Option<Vec<Attachment>> {
        let count = self.number()?;
        (0..count)
            .map(|_| {
                let (url, mime_type) = (self.string()?, self.string()?);
                let (size, duration) = (self.number()?, self.number()?);
                let told = |n: u64| n.checked_sub(1);
                Some(Attachment { url, mime_type, size: told(size), duration: told(duration) })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_comes_back_as_it_was() {
        for seed in 0..2000_u64 {
            let mut luck = seed;
            let mut next = |n: u64| {
                luck = crate::backoff::scramble(luck);
                luck % n
            };
            let mut text = || Text::from("é ü x".repeat(next(60) as usize).as_str());
            let [id, title, url, other] = [text(), text(), text(), text()];
            let list = vec![text(); next(3) as usize];
            let date = Timestamp::from_unix(next(4_000_000_000) as i64 - 2_000_000_000);
            let attachment = Attachment {
                url: url.clone(),
                mime_type: other.clone(),
                size: (next(2) == 0).then(|| next(u64::MAX - 1)),
                duration: (next(2) == 0).then(|| next(3)),
            };
            let extra = Extra {
                image: (next(2) == 0).then(|| url.clone()),
                language: (next(2) == 0).then(|| "de".into()),
                attachments: vec![attachment; next(3) as usize],
                score: (next(2) == 0).then(|| next(100) as i64 - 50),
                comments: (next(2) == 0).then(|| next(u64::MAX)),
            };
            let item = Item {
                url: match next(3) {
                    0 => None,
                    1 => Some(id.clone()),
                    _ => Some(url.clone()),
                },
                external_url: (next(2) == 0).then(|| other.clone()),
                published: date.filter(|_| next(2) == 0),
                updated: date.filter(|_| next(2) == 0),
                authors: list.clone(),
                summary: (next(2) == 0).then_some(other),
                tags: if next(2) == 0 { list } else { Vec::new() },
                extra: (next(2) == 0).then(|| Box::new(extra)),
                id,
                title,
            };
            let mut bytes = Vec::new();
            pack(&item, &mut bytes);
            assert_eq!(unpack(&bytes).as_ref(), Some(&item), "seed {seed}");
            let glance = glance(&bytes).unwrap();
            assert_eq!((glance.id, glance.title), (&*item.id, &*item.title), "seed {seed}");
            assert_eq!(glance.link, item.external_url.as_deref().or(item.url.as_deref()));
            assert_eq!(glance.date, item.published.or(item.updated), "seed {seed}");
            assert_eq!(unpack(&bytes[..bytes.len() - 1]), None, "seed {seed}: cut");
        }
    }
}
