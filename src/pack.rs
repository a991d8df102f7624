//! An item as one run of bytes, and back: what lies on a shelf and in the journal.
//!
//! The bytes are those of postcard's
//! [wire format](https://postcard.jamesmunns.com/wire-format): the fields in their order, without
//! names. A field that is added, removed or moved needs a new version of the journal.

use serde::{Deserialize, Serialize};

use crate::item::{Extra, Item, Text};
use crate::time::Timestamp;

/// The first fields of a packed item: what sorts, joins and filters it, where it lies.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Outline<'a> {
    /// [`Item::id`].
    pub id: &'a str,
    /// [`Item::title`].
    pub title: &'a str,
    url: Link<'a>,
    external_url: Option<&'a str>,
    published: Option<i64>,
    updated: Option<i64>,
}

/// [`Item::url`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum Link<'a> {
    None,
    /// The link is the id, as in most feeds.
    Id,
    Other(&'a str),
}

/// The fields behind the outline: authors, summary, tags and what few items have.
type Rest = (Vec<Text>, Option<Text>, Vec<Text>, Option<Box<Extra>>);

impl<'a> Outline<'a> {
    fn of(item: &'a Item) -> Outline<'a> {
        let url = match item.url.as_deref() {
            None => Link::None,
            Some(url) if *url == *item.id => Link::Id,
            Some(url) => Link::Other(url),
        };
        Outline {
            id: &item.id,
            title: &item.title,
            url,
            external_url: item.external_url.as_deref(),
            published: item.published.map(Timestamp::unix),
            updated: item.updated.map(Timestamp::unix),
        }
    }

    /// [`Item::url`].
    pub fn url(&self) -> Option<&'a str> {
        match self.url {
            Link::None => None,
            Link::Id => Some(self.id),
            Link::Other(url) => Some(url),
        }
    }

    /// [`Item::external_url`], else [`Item::url`].
    pub fn link(&self) -> Option<&'a str> {
        self.external_url.or(self.url())
    }

    /// [`Item::published`], else [`Item::updated`].
    pub fn date(&self) -> Option<Timestamp> {
        self.published.or(self.updated).and_then(Timestamp::from_unix)
    }
}

/// Writes `item` behind what is in `out`.
pub fn pack(item: &Item, out: &mut Vec<u8>) {
    let fields = (Outline::of(item), &item.authors, &item.summary, &item.tags, &item.extra);
    // Only a list of unknown length or a full buffer is an error, and there is neither.
    let _ = postcard::to_io(&fields, out);
}

/// Reads what [`pack`] wrote; `None` if it is something else.
pub fn unpack(bytes: &[u8]) -> Option<Item> {
    let (outline, rest) = postcard::take_from_bytes::<Outline<'_>>(bytes).ok()?;
    let ((authors, summary, tags, extra), rest) = postcard::take_from_bytes::<Rest>(rest).ok()?;
    let date = |seconds: Option<i64>| match seconds {
        Some(seconds) => Timestamp::from_unix(seconds).map(Some),
        None => Some(None),
    };
    let item = Item {
        id: outline.id.into(),
        derived_id: false,
        title: outline.title.into(),
        url: outline.url().map(Text::from),
        external_url: outline.external_url.map(Text::from),
        published: date(outline.published)?,
        updated: date(outline.updated)?,
        authors,
        summary,
        tags,
        extra,
    };
    rest.is_empty().then_some(item)
}

/// Reads the first fields of what [`pack`] wrote; `None` if it is something else.
pub fn outline(bytes: &[u8]) -> Option<Outline<'_>> {
    postcard::take_from_bytes(bytes).ok().map(|(outline, _)| outline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Attachment;

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
                derived_id: false,
            };
            let mut bytes = Vec::new();
            pack(&item, &mut bytes);
            assert_eq!(unpack(&bytes).as_ref(), Some(&item), "seed {seed}");
            let outline = outline(&bytes).unwrap();
            assert_eq!((outline.id, outline.title), (&*item.id, &*item.title), "seed {seed}");
            assert_eq!(outline.url(), item.url.as_deref(), "seed {seed}");
            assert_eq!(outline.link(), item.external_url.as_deref().or(item.url.as_deref()));
            assert_eq!(outline.date(), item.published.or(item.updated), "seed {seed}");
            assert_eq!(unpack(&bytes[..bytes.len() - 1]), None, "seed {seed}: cut");
        }
    }
}
