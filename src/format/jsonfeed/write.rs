//! JSON Feed 1.1 with the extension `_newsagg` (`interface.md` §4).

use std::io;

use serde::Serialize;

use crate::format::{ABOUT, Merged, SourceHealth};
use crate::item::{Attachment, DateOrigin, Story, Text};
use crate::json;

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
    let mut text = json::to_vec(&head)?;
    // The head's closing brace comes after the items.
    text.pop();
    out.write_all(&text)?;
    out.write_all(b",\"items\":[")?;
    let mut between: &[u8] = b"\n";
    merged.stories.each(&mut |story| {
        out.write_all(std::mem::replace(&mut between, b",\n"))?;
        Ok(serde_json::to_writer(&mut *out, &item(story))?)
    })?;
    out.write_all(b"\n]}\n")
}

/// A story as an item of JSON Feed: the object that `jsonl` and `parse` write too.
pub fn item(story: &Story) -> impl Serialize + '_ {
    let item = &story.item;
    let extra = item.rare();
    Item {
        id: &item.id,
        url: item.url.as_deref(),
        external_url: item.external_url.as_deref(),
        title: Some(&*item.title).filter(|title| !title.is_empty()),
        // The specification wants one of `content_html` and `content_text` in every item.
        content_text: item.summary.as_deref().unwrap_or_default(),
        image: extra.image.as_deref(),
        date_published: story.date().map(|date| date.to_string()),
        date_modified: item.updated.map(|date| date.to_string()),
        authors: item.authors.iter().map(|name| Author { name }).collect(),
        tags: &item.tags,
        language: extra.language.as_deref(),
        attachments: extra.attachments.iter().map(Enclosure::from).collect(),
        extension: Extension {
            source: &story.source,
            first_seen: story.first_seen.map(|date| date.to_string()),
            date_origin: match story.date_origin {
                DateOrigin::Feed => "feed",
                DateOrigin::FirstSeen => "first_seen",
                DateOrigin::Clamped => "clamped",
            },
            also: story
                .also
                .iter()
                .map(|also| Elsewhere { source: &also.source, url: also.url.as_deref() })
                .collect(),
            score: extra.score,
            comments: extra.comments,
        },
    }
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

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    content_text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_published: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_modified: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "<[Text]>::is_empty")]
    tags: &'a [Text],
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Enclosure<'a>>,
    #[serde(rename = "_newsagg")]
    extension: Extension<'a>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Enclosure<'a> {
    url: &'a str,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_in_seconds: Option<u64>,
}

impl<'a> From<&'a Attachment> for Enclosure<'a> {
    fn from(attachment: &'a Attachment) -> Enclosure<'a> {
        Enclosure {
            url: &attachment.url,
            mime_type: &attachment.mime_type,
            size_in_bytes: attachment.size,
            duration_in_seconds: attachment.duration,
        }
    }
}

#[derive(Serialize)]
struct Extension<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen: Option<String>,
    date_origin: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<Elsewhere<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comments: Option<u64>,
}

#[derive(Serialize)]
struct Elsewhere<'a> {
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}
