//! JSON Feed 1.1 with the extension `_newsagg` (`interface.md` §4).

use std::io;

use serde::{Serialize, Serializer};

use crate::format::{ABOUT, Merged, SourceHealth};
use crate::item::{self, DateOrigin, Story, Text};
use crate::time::Timestamp;

const VERSION: &str = "https://jsonfeed.org/version/1.1";

/// Writes the merged feed as JSON Feed 1.1 with the extension `_newsagg`: one line for the feed and
/// one for each item, so that `diff` and line tools show what is new.
pub fn write(merged: &Merged<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let sources: Vec<Source<'_>> = merged.sources.iter().map(Source::from).collect();
    let head = Head {
        version: VERSION,
        title: merged.title,
        extension: FeedExtension { about: ABOUT, sources: &sources },
    };
    // The closing brace of the feed comes after its items.
    let mut line = serde_json::to_vec(&head)?;
    line.pop();
    out.write_all(&line)?;
    out.write_all(b",\"items\":[")?;
    let mut between = b"\n".as_slice();
    merged.stories.each(&mut |story| {
        line.clear();
        line.extend_from_slice(between);
        item(story, &mut line)?;
        between = b",\n";
        out.write_all(&line)
    })?;
    out.write_all(b"\n]}\n")
}

/// Writes a story as an item of JSON Feed: the object that `jsonl` and `parse` write, too.
pub fn item(story: &Story, out: &mut dyn io::Write) -> io::Result<()> {
    Ok(serde_json::to_writer(out, &Item::from(story))?)
}

/// An item of JSON Feed 1.1, in the order of its keys.
#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
    /// The specification wants one of `content_html` and `content_text` in every item.
    content_text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_published: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_modified: Option<Timestamp>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "authors")]
    authors: &'a [Text],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [Text],
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "attachments")]
    attachments: &'a [item::Attachment],
    #[serde(rename = "_newsagg")]
    extension: ItemExtension<'a>,
}

#[derive(Serialize)]
struct ItemExtension<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen: Option<Timestamp>,
    date_origin: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "also")]
    also: &'a [item::Also],
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comments: Option<u64>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Attachment<'a> {
    url: &'a str,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_in_seconds: Option<u64>,
}

#[derive(Serialize)]
struct Also<'a> {
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

impl<'a> From<&'a Story> for Item<'a> {
    fn from(story: &'a Story) -> Item<'a> {
        let item = &story.item;
        let extra = item.rare();
        Item {
            id: &item.id,
            url: item.url.as_deref(),
            external_url: item.external_url.as_deref(),
            title: &item.title,
            content_text: item.summary.as_deref().unwrap_or_default(),
            image: extra.image.as_deref(),
            date_published: story.date(),
            date_modified: item.updated,
            authors: &item.authors,
            tags: &item.tags,
            language: extra.language.as_deref(),
            attachments: &extra.attachments,
            extension: ItemExtension {
                source: &story.source,
                first_seen: story.first_seen,
                date_origin: match story.date_origin {
                    DateOrigin::Feed => "feed",
                    DateOrigin::FirstSeen => "first_seen",
                    DateOrigin::Clamped => "clamped",
                },
                also: &story.also,
                score: extra.score,
                comments: extra.comments,
            },
        }
    }
}

fn authors<S: Serializer>(names: &[Text], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(names.iter().map(|name| Author { name }))
}

fn attachments<S: Serializer>(list: &[item::Attachment], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(list.iter().map(|attachment| Attachment {
        url: &attachment.url,
        mime_type: &attachment.mime_type,
        size_in_bytes: attachment.size,
        duration_in_seconds: attachment.duration,
    }))
}

fn also<S: Serializer>(others: &[item::Also], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        others.iter().map(|other| Also { source: &other.source, url: other.url.as_deref() }),
    )
}

#[derive(Serialize)]
struct Head<'a> {
    version: &'static str,
    title: &'a str,
    #[serde(rename = "_newsagg")]
    extension: FeedExtension<'a>,
}

#[derive(Serialize)]
struct FeedExtension<'a> {
    about: &'static str,
    sources: &'a [Source<'a>],
}

#[derive(Serialize)]
struct Source<'a> {
    name: &'a str,
    kind: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> From<&'a SourceHealth> for Source<'a> {
    fn from(health: &'a SourceHealth) -> Source<'a> {
        Source {
            name: &health.name,
            kind: health.kind,
            state: health.state.name(),
            since: health.since.map(|since| since.to_string()),
            error: health.error.as_deref(),
        }
    }
}
