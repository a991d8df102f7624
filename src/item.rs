//! One story, as a source tells it and as the merged feed shows it.

use std::cmp::Reverse;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A string that will not grow: sixteen bytes and its text.
pub type Text = Box<str>;

/// No title is longer than this many characters.
pub const MAX_TITLE: usize = 1_000;
/// No summary is longer than this many characters.
pub const MAX_SUMMARY: usize = 10_000;
/// No source contributes more items than this from one answer.
pub const MAX_ITEMS: usize = 1_000;
/// So many entries of a list in JSON are read, of which the newest [`MAX_ITEMS`] are kept.
pub const MAX_READ: usize = 4 * MAX_ITEMS;
/// No item keeps more authors, tags or attachments than this.
pub const MAX_LIST: usize = 32;

/// One entry of one source.
///
/// Titles, authors, summaries and tags are plain text: no markup, no control characters, no
/// bidirectional overrides, white space folded. Links are absolute `http` or `https` URLs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// Unique within its source; never empty.
    pub id: Text,
    /// The id was made of what the item says, because its publisher gave none.
    pub derived_id: bool,
    /// May be empty: Mastodon posts and photo feeds have none.
    pub title: Text,
    /// The story's own page or discussion.
    pub url: Option<Text>,
    /// What the story links to, where that is another page (Hacker News, Reddit).
    pub external_url: Option<Text>,
    /// When it was published; unknown stays unknown.
    pub published: Option<Timestamp>,
    /// When it was last changed, if that is told apart.
    pub updated: Option<Timestamp>,
    /// Names of people, not addresses.
    pub authors: Vec<Text>,
    /// The first words, or the whole text where the feed carries no summary.
    pub summary: Option<Text>,
    /// Categories as the source names them.
    pub tags: Vec<Text>,
    /// What few items have.
    pub extra: Option<Box<Extra>>,
}

/// The fields that few items have, in one allocation.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Extra {
    /// The item's picture.
    pub image: Option<Text>,
    /// A language tag (RFC 5646), where it differs from the feed's or the feed has none.
    pub language: Option<Text>,
    /// Sound, film, documents.
    pub attachments: Vec<Attachment>,
    /// Points, votes.
    pub score: Option<i64>,
    /// How many comments there are.
    pub comments: Option<u64>,
}

impl Item {
    /// The rare fields, empty ones where there are none.
    pub fn rare(&self) -> &Extra {
        static NONE: Extra = Extra {
            image: None,
            language: None,
            attachments: Vec::new(),
            score: None,
            comments: None,
        };
        self.extra.as_deref().unwrap_or(&NONE)
    }

    /// The rare fields, made when first asked for.
    pub fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }
}

/// Keeps the `most` newest items by `date`, in the order in which they are; of equals the first ones.
/// Returns how many were left out.
pub fn newest<D: Ord>(items: &mut Vec<Item>, most: usize, date: impl Fn(&Item) -> D) -> usize {
    let left_out = items.len().saturating_sub(most);
    if left_out > 0 {
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by_cached_key(|index| Reverse(date(&items[*index])));
        let mut kept = vec![false; items.len()];
        order.iter().take(most).for_each(|index| kept[*index] = true);
        let mut kept = kept.into_iter();
        items.retain(|_| kept.next().unwrap_or(false));
    }
    left_out
}

/// Keeps the newest [`MAX_ITEMS`] of what one answer lists; an item without a date is as new as can be.
/// Returns how many were left out.
pub fn bound(items: &mut Vec<Item>) -> usize {
    newest(items, MAX_ITEMS, |item| match item.published.or(item.updated) {
        Some(date) => (false, Some(date)),
        None => (true, None),
    })
}

/// An enclosure (RSS 2.0, Atom) or attachment (JSON Feed 1.1).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Attachment {
    /// An absolute `http` or `https` URL.
    pub url: Text,
    /// The media type as told, `application/octet-stream` if untold.
    pub mime_type: Text,
    /// Bytes, if told.
    pub size: Option<u64>,
    /// Seconds, if told.
    pub duration: Option<u64>,
}

/// An item in the merged feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// What the surviving source said.
    pub item: Item,
    /// The name of that source.
    pub source: Arc<str>,
    /// When newsagg first saw it; unknown only in `parse`, which remembers nothing.
    pub first_seen: Option<Timestamp>,
    /// Where the date shown comes from.
    pub date_origin: DateOrigin,
    /// The same story elsewhere.
    pub also: Vec<Also>,
}

impl Story {
    /// The date the story is shown with and sorted by.
    pub fn date(&self) -> Option<Timestamp> {
        match self.date_origin {
            DateOrigin::Feed => self.item.published.or(self.item.updated),
            DateOrigin::FirstSeen | DateOrigin::Clamped => self.first_seen,
        }
    }
}

/// Where a date comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrigin {
    /// The feed told it.
    Feed,
    /// The feed told none: the story sorts by when it was first seen.
    FirstSeen,
    /// The feed told a date in the future: the story sorts by when it was first seen.
    Clamped,
}

/// The same story in another source.
#[derive(Clone, Debug, PartialEq)]
pub struct Also {
    /// That source's name.
    pub source: Arc<str>,
    /// Its page there.
    pub url: Option<Text>,
}
