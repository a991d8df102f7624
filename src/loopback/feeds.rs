//! The embedded web's feeds: those of its publishers, and synthetic ones of any size.

use std::borrow::Cow;
use std::fmt::Write;

use super::site::Dated;
use super::stories::Publisher;
use crate::backoff::scramble;
use crate::time::Timestamp;

/// How large a synthetic feed is when nobody says.
pub(super) const DEFAULT_BYTES: usize = 40_000;

/// No synthetic feed is larger.
const MAX_BYTES: usize = 64 << 20;

/// A synthetic feed has an item for about this many bytes.
const BYTES_PER_ITEM: usize = 1_000;

/// The feed of a publisher in the format that its file name says, newest first.
pub(super) fn publish(publisher: &Publisher<'_>, stories: &[&Dated]) -> (&'static str, String) {
    let items = stories.iter().map(|story| Entry {
        title: story.tale.title.into(),
        link: &story.link,
        summary: story.tale.summary.into(),
        author: story.tale.author,
        section: story.tale.section,
        at: story.at,
    });
    let feed = Head { title: publisher.name, home: &format!("https://{}/", publisher.host) };
    match publisher.feed.rsplit('.').next() {
        Some("atom") => ("application/atom+xml; charset=utf-8", atom(&feed, items)),
        Some("json") => ("application/feed+json; charset=utf-8", json(&feed, items)),
        _ => ("application/rss+xml; charset=utf-8", rss(&feed, items)),
    }
}

/// About `bytes` of RSS (even numbers) or Atom (odd ones); the same arguments give the same feed.
pub(super) fn synthetic(number: u64, bytes: usize, now: Timestamp) -> (&'static str, String) {
    let bytes = bytes.min(MAX_BYTES);
    let count = (bytes / BYTES_PER_ITEM).max(1);
    // Beside its text an item has about this much markup.
    let text_bytes = (bytes / count).saturating_sub(if number % 2 == 0 { 390 } else { 400 });
    let links: Vec<String> = (0..count)
        .map(|i| {
            format!("https://feed-{number}.example/{i}/{:x}", scramble(number << 20 | i as u64))
        })
        .collect();
    let items = links.iter().zip(0u64..).map(|(link, i)| Entry {
        title: format!("Story {i} of feed {number}: {}", words(number ^ i << 32, 40)).into(),
        link,
        summary: words(number << 32 | i, text_bytes).into(),
        author: "Ada Example",
        section: "Synthetic",
        at: Timestamp::from_unix(now.unix() - (i * 600 + number % 600) as i64)
            .unwrap_or(Timestamp::EPOCH),
    });
    let title = format!("Feed {number}");
    let home = format!("https://feed-{number}.example/");
    let feed = Head { title: &title, home: &home };
    match number % 2 {
        0 => ("application/rss+xml; charset=utf-8", rss(&feed, items)),
        _ => ("application/atom+xml; charset=utf-8", atom(&feed, items)),
    }
}

struct Head<'a> {
    title: &'a str,
    home: &'a str,
}

struct Entry<'a> {
    title: Cow<'a, str>,
    link: &'a str,
    summary: Cow<'a, str>,
    author: &'a str,
    section: &'a str,
    at: Timestamp,
}

/// RSS 2.0, its descriptions twice escaped, as most publishers do.
fn rss<'a>(feed: &Head<'_>, items: impl Iterator<Item = Entry<'a>>) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel>\n<title>{}</title>\n\
         <link>{}</link>\n<description>{0}</description>\n",
        xml(feed.title),
        feed.home
    );
    for item in items {
        let _ = write!(
            out,
            "<item>\n<title>{}</title>\n<link>{}</link>\n<guid isPermaLink=\"true\">{}</guid>\n\
             <pubDate>{}</pubDate>\n<dc:creator>{}</dc:creator>\n<category>{}</category>\n\
             <description>{}</description>\n</item>\n",
            xml(&item.title),
            xml(item.link),
            xml(item.link),
            item.at.rfc_822(),
            xml(item.author),
            xml(item.section),
            xml(&format!("<p>{}</p>", markup(&item.summary)))
        );
    }
    out + "</channel></rss>\n"
}

/// Atom (RFC 4287), with relative links against `xml:base`.
fn atom<'a>(feed: &Head<'_>, items: impl Iterator<Item = Entry<'a>>) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" \
         xml:base=\"{home}\">\n<title>{}</title>\n<id>{home}</id>\n<link href=\"{home}\"/>\n",
        xml(feed.title),
        home = feed.home
    );
    let mut first = true;
    for item in items {
        if std::mem::take(&mut first) {
            let _ = writeln!(out, "<updated>{}</updated>", item.at);
        }
        let _ = write!(
            out,
            "<entry>\n<title type=\"text\">{}</title>\n<link rel=\"alternate\" href=\"{}\"/>\n\
             <id>{}</id>\n<published>{at}</published>\n<updated>{at}</updated>\n\
             <author><name>{}</name></author>\n<category term=\"{}\"/>\n\
             <summary type=\"html\">{}</summary>\n</entry>\n",
            xml(&item.title),
            xml(item.link.strip_prefix(feed.home).unwrap_or(item.link)),
            xml(item.link),
            xml(item.author),
            xml(item.section),
            xml(&markup(&item.summary)),
            at = item.at
        );
    }
    out + "</feed>\n"
}

/// JSON Feed 1.1.
fn json<'a>(feed: &Head<'_>, items: impl Iterator<Item = Entry<'a>>) -> String {
    let items: Vec<String> = items
        .map(|item| {
            format!(
                "{{\"id\": {link}, \"url\": {link}, \"title\": {}, \"content_html\": {}, \
                 \"date_published\": \"{}\", \"authors\": [{{\"name\": {}}}], \"tags\": [{}]}}",
                quoted(&item.title),
                quoted(&markup(&item.summary)),
                item.at,
                quoted(item.author),
                quoted(item.section),
                link = quoted(item.link),
            )
        })
        .collect();
    format!(
        "{{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": {}, \
         \"home_page_url\": {}, \"items\": [\n{}\n]}}\n",
        quoted(feed.title),
        quoted(feed.home),
        items.join(",\n")
    )
}

/// Text for an element or attribute.
pub(super) fn xml(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return text.into();
    }
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .into()
}

/// Summaries are HTML with some bare ampersands: those become entities.
pub(super) fn markup(text: &str) -> Cow<'_, str> {
    if text.contains("& ") { text.replace("& ", "&amp; ").into() } else { text.into() }
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    let json = serde_json::to_vec(&text).unwrap_or_else(|_| b"\"\"".to_vec());
    String::from_utf8_lossy(&json).into_owned()
}

/// `2026/11/21`.
pub(super) fn date_path(at: Timestamp) -> String {
    at.to_string()[..10].replace('-', "/")
}

/// About `bytes` of words that mean nothing.
fn words(seed: u64, bytes: usize) -> String {
    const WORDS: [&str; 32] = [
        "harbour", "lantern", "quiet", "meadow", "signal", "copper", "winter", "ledger", "river",
        "orchard", "paper", "engine", "morning", "the", "of", "and", "a", "under", "between",
        "slow", "bright", "northern", "station", "window", "garden", "letter", "stone", "bridge",
        "cloud", "market", "thread", "kettle",
    ];
    let mut text = String::with_capacity(bytes + 8);
    let mut draw = scramble(seed);
    while text.len() < bytes {
        for _ in 0..12 {
            text += WORDS[(draw & 31) as usize];
            text.push(' ');
            draw >>= 5;
        }
        draw = scramble(draw ^ seed ^ text.len() as u64);
    }
    text.truncate(bytes);
    text.truncate(text.trim_end().len());
    text
}
