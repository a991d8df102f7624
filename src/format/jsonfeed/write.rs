//! JSON Feed 1.1 with the extension `_newsagg` (`interface.md` §4).

use std::io;

use serde::Serialize;

use crate::format::{ABOUT, Merged, SourceHealth};
use crate::item::{DateOrigin, Story};
use crate::json::{self, comma, name, number, string, text_member as text};
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
    let mut line = json::to_vec(&head)?;
    // The head's closing brace comes after the items.
    line.pop();
    line.extend_from_slice(b",\"items\":[");
    let mut between = "\n";
    merged.stories.each(&mut |story| {
        line.extend_from_slice(between.as_bytes());
        item(story, &mut line);
        between = ",\n";
        out.write_all(&line)?;
        line.clear();
        Ok(())
    })?;
    out.write_all(&line)?;
    out.write_all(b"\n]}\n")
}

/// Adds a story as an item of JSON Feed: the object that `jsonl` and `parse` write too.
pub fn item(story: &Story, out: &mut Vec<u8>) {
    let item = &story.item;
    let extra = item.rare();
    out.push(b'{');
    text(out, "id", Some(&item.id));
    text(out, "url", item.url.as_deref());
    text(out, "external_url", item.external_url.as_deref());
    text(out, "title", Some(&*item.title).filter(|title| !title.is_empty()));
    // The specification wants one of `content_html` and `content_text` in every item.
    text(out, "content_text", Some(item.summary.as_deref().unwrap_or_default()));
    text(out, "image", extra.image.as_deref());
    date(out, "date_published", story.date());
    date(out, "date_modified", item.updated);
    list(out, "authors", &item.authors, |out, author| {
        out.push(b'{');
        text(out, "name", Some(author));
        out.push(b'}');
    });
    list(out, "tags", &item.tags, |out, tag| string(out, tag));
    text(out, "language", extra.language.as_deref());
    list(out, "attachments", &extra.attachments, |out, attachment| {
        out.push(b'{');
        text(out, "url", Some(&attachment.url));
        text(out, "mime_type", Some(&attachment.mime_type));
        number(out, "size_in_bytes", attachment.size.map(|number| number.to_string()));
        number(out, "duration_in_seconds", attachment.duration.map(|number| number.to_string()));
        out.push(b'}');
    });
    name(out, "_newsagg");
    out.push(b'{');
    text(out, "source", Some(&*story.source).filter(|source| !source.is_empty()));
    date(out, "first_seen", story.first_seen);
    let origin = match story.date_origin {
        DateOrigin::Feed => "feed",
        DateOrigin::FirstSeen => "first_seen",
        DateOrigin::Clamped => "clamped",
    };
    text(out, "date_origin", Some(origin));
    list(out, "also", &story.also, |out, also| {
        out.push(b'{');
        text(out, "source", Some(&also.source));
        text(out, "url", also.url.as_deref());
        out.push(b'}');
    });
    number(out, "score", extra.score.map(|number| number.to_string()));
    number(out, "comments", extra.comments.map(|number| number.to_string()));
    out.extend_from_slice(b"}}");
}

fn date(out: &mut Vec<u8>, named: &str, date: Option<Timestamp>) {
    if let Some(date) = date {
        name(out, named);
        out.push(b'"');
        out.extend_from_slice(date.to_string().as_bytes());
        out.push(b'"');
    }
}

/// Adds a member that is an array, unless it is empty.
fn list<T>(out: &mut Vec<u8>, named: &str, all: &[T], add: fn(&mut Vec<u8>, &T)) {
    if all.is_empty() {
        return;
    }
    name(out, named);
    out.push(b'[');
    for one in all {
        comma(out);
        add(out, one);
    }
    out.push(b']');
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
