//! JSON Feed 1.0 and 1.1, read. <https://www.jsonfeed.org/version/1.1/>

use serde::Deserialize;

use crate::format::Feed;
use crate::format::elements::{bounded_id, complete, person_name};
use crate::http::Url;
use crate::item::{Attachment, Item, MAX_LIST, MAX_READ, MAX_SUMMARY, MAX_TITLE, Text};
use crate::json::{self, List};
use crate::text;
use crate::time::parse_date;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Document {
    #[serde(deserialize_with = "json::text")]
    version: Option<String>,
    #[serde(deserialize_with = "json::text")]
    title: Option<String>,
    #[serde(deserialize_with = "json::texts")]
    author: Vec<String>,
    #[serde(deserialize_with = "json::texts")]
    authors: Vec<String>,
    items: List<Entry, MAX_READ>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    #[serde(deserialize_with = "json::text")]
    id: Option<String>,
    #[serde(deserialize_with = "json::text")]
    url: Option<String>,
    #[serde(deserialize_with = "json::text")]
    external_url: Option<String>,
    #[serde(deserialize_with = "json::text")]
    title: Option<String>,
    #[serde(deserialize_with = "json::text")]
    content_html: Option<String>,
    #[serde(deserialize_with = "json::text")]
    content_text: Option<String>,
    #[serde(deserialize_with = "json::text")]
    summary: Option<String>,
    #[serde(deserialize_with = "json::text")]
    image: Option<String>,
    #[serde(deserialize_with = "json::text")]
    banner_image: Option<String>,
    #[serde(deserialize_with = "json::text")]
    date_published: Option<String>,
    #[serde(deserialize_with = "json::text")]
    date_modified: Option<String>,
    #[serde(deserialize_with = "json::text")]
    language: Option<String>,
    #[serde(deserialize_with = "json::texts")]
    author: Vec<String>,
    #[serde(deserialize_with = "json::texts")]
    authors: Vec<String>,
    #[serde(deserialize_with = "json::texts")]
    tags: Vec<String>,
    attachments: List<File>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    #[serde(deserialize_with = "json::text")]
    url: Option<String>,
    #[serde(deserialize_with = "json::text")]
    mime_type: Option<String>,
    #[serde(deserialize_with = "json::integer")]
    size_in_bytes: Option<i64>,
    #[serde(deserialize_with = "json::integer")]
    duration_in_seconds: Option<i64>,
}

/// Reads a JSON Feed; relative links in it are relative to `base`.
///
/// The error says what is wrong, or that this is JSON of another kind.
pub fn read(document: &str, base: Option<&Url>) -> Result<Feed, String> {
    let document: Document = json::from_text(document)?;
    let version = document.version.unwrap_or_default();
    if !version.contains("jsonfeed.org/version/") && !document.items.is_array {
        return Err("JSON, but not a JSON Feed: neither its `version` nor `items`".into());
    }
    let number = match version.rsplit('/').next() {
        Some("1.1") => "jsonfeed 1.1",
        _ => "jsonfeed 1.0",
    };
    let authors = names(&document.authors, &document.author);
    let mut feed = Feed {
        format: number.into(),
        title: text::from_plain(&document.title.unwrap_or_default(), MAX_TITLE),
        skipped: document.items.skipped,
        ..Feed::default()
    };
    feed.items.reserve_exact(document.items.items.len());
    for entry in document.items.items {
        match item(entry, base) {
            Some(mut item) => {
                // Version 1.1: the feed's authors are those of items that name nobody.
                if item.authors.is_empty() {
                    item.authors.clone_from(&authors);
                }
                feed.items.push(item);
            }
            None => feed.skipped += 1,
        }
    }
    feed.bound();
    Ok(feed)
}

/// Reads one item that stands alone; `id` is for one that has none of its own.
///
/// The error says what is wrong with the JSON; nothing if there is nothing that an item says.
pub fn read_item(text: &str, base: Option<&Url>, id: &str) -> Result<Option<Item>, String> {
    let mut entry: Entry = json::from_text(text)?;
    entry.id.get_or_insert_with(|| id.into());
    let item = item(entry, base);
    let says = |item: &Item| !item.title.is_empty() || item.summary.is_some() || item.url.is_some();
    Ok(item.filter(says))
}

/// `authors` of version 1.1 and `author` of version 1: objects, as they should be, or names alone.
fn names(authors: &[String], author: &[String]) -> Vec<Text> {
    let mut names: Vec<Text> = Vec::new();
    // A number is no name.
    let told = authors.iter().chain(author).filter(|name| name.parse::<f64>().is_err());
    for name in told.map(|name| person_name(name)) {
        if !name.is_empty() && names.len() < MAX_LIST && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn item(entry: Entry, base: Option<&Url>) -> Option<Item> {
    let link = |href: Option<String>| href.and_then(|href| text::link(&href, base));
    let plain = |text: Option<String>| text.map(|text| text::from_plain(&text, MAX_SUMMARY));
    let mut item = Item {
        id: bounded_id(entry.id.as_deref().unwrap_or_default().trim()),
        title: text::from_plain(&entry.title.unwrap_or_default(), MAX_TITLE),
        external_url: link(entry.external_url),
        published: entry.date_published.as_deref().and_then(parse_date),
        updated: entry.date_modified.as_deref().and_then(parse_date),
        authors: names(&entry.authors, &entry.author),
        summary: plain(entry.summary)
            .filter(|summary| !summary.is_empty())
            .or_else(|| plain(entry.content_text))
            .filter(|summary| !summary.is_empty())
            .or_else(|| entry.content_html.map(|html| text::from_html(&html, MAX_SUMMARY)))
            .filter(|summary| !summary.is_empty()),
        tags: entry.tags.iter().map(|tag| text::from_plain(tag, MAX_TITLE)).collect(),
        ..Item::default()
    };
    item.tags.retain(|tag| !tag.is_empty());
    // An id that is an address often is all the link there is.
    item.url = link(entry.url)
        .or_else(|| item.id.starts_with("http").then(|| text::link(&item.id, None)).flatten())
        .or_else(|| item.external_url.clone());
    if let Some(image) = link(entry.image.or(entry.banner_image)) {
        item.extra().image = Some(image);
    }
    if let Some(language) = entry.language.filter(|language| !language.trim().is_empty()) {
        item.extra().language = Some(text::from_plain(&language, 35));
    }
    let files = entry.attachments.items.into_iter().filter_map(|file| {
        Some(Attachment {
            url: text::link(&file.url?, base)?,
            mime_type: text::from_plain(
                file.mime_type.as_deref().unwrap_or("application/octet-stream"),
                127,
            ),
            size: file.size_in_bytes.and_then(|size| size.try_into().ok()),
            duration: file.duration_in_seconds.and_then(|seconds| seconds.try_into().ok()),
        })
    });
    let files: Vec<Attachment> = files.take(MAX_LIST).collect();
    if !files.is_empty() {
        item.extra().attachments = files;
    }
    complete(item)
}
