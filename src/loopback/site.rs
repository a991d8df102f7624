//! Which answer a path gets.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::serve::{Answer, Asked, fnv};
use super::stories::{News, Publisher, Tale};
use super::{api, feeds, reddit};
use crate::time::Timestamp;

/// Every story, with its date and address.
pub(super) struct Dated {
    pub tale: Tale<'static>,
    /// Name and host of its publisher.
    pub publisher: &'static str,
    pub host: &'static str,
    pub at: Timestamp,
    /// The canonical link.
    pub link: String,
}

/// A document with validators.
struct Kept {
    content_type: &'static str,
    body: Arc<[u8]>,
    gzip: Arc<[u8]>,
    etag: String,
    last_modified: String,
}

/// No more bytes of feeds under `/feed/` are kept; further ones are made for each who asks.
const MOST_KEPT: usize = 128 << 20;

/// Feeds under `/feed/`, by number and size.
#[derive(Default)]
struct Shelf {
    feeds: BTreeMap<String, Box<Feed>>,
    bytes: usize,
}

/// A content type and a body.
type Feed = (&'static str, Arc<[u8]>);

/// All answers that do not depend on parameters, made once.
pub(super) struct Site {
    now: Timestamp,
    feed_bytes: usize,
    news: News<'static>,
    stories: Vec<Dated>,
    kept: BTreeMap<String, Kept>,
    shelf: RefCell<Shelf>,
}

impl Site {
    pub(super) fn new(now: Timestamp, feed_bytes: usize) -> Site {
        let news = News::read();
        let stories = dated(&news, now);
        let mut kept = BTreeMap::new();
        for publisher in &news.publishers {
            let own = of(&stories, publisher);
            let (content_type, body) = feeds::publish(publisher, &own);
            let newest = own.first().map_or(now, |story| story.at);
            kept.insert(
                format!("/feeds/{}", publisher.feed),
                Kept::new(content_type, body, newest),
            );
        }
        for (path, body) in api::hacker_news(&stories, &news.discussions, now) {
            kept.insert(path, Kept::new("application/json; charset=utf-8", body, now));
        }
        Site { now, feed_bytes, news, stories, kept, shelf: RefCell::default() }
    }

    pub(super) fn answer(&self, asked: &Asked) -> Answer {
        if let Some(kept) = self.kept.get(&asked.path) {
            return kept.answer(asked);
        }
        let parts: Vec<&str> = asked.path.split('/').skip(1).collect();
        match parts[..] {
            ["newsapi", "v2", "top-headlines"] => api::newsapi(asked, &self.stories),
            ["guardian", "search"] => api::guardian(asked, &of(&self.stories, &self.news.lookout)),
            ["reddit", "api", "v1", "access_token"] => reddit::token(asked),
            ["reddit", "r", name, ".rss"] => reddit::feed(name, &self.stories),
            ["reddit", "r", name, "hot" | "new" | "rising" | "top"] => {
                let (discussion, _) = self.news.discussions[1];
                reddit::posts(asked, name, &self.stories, discussion, self.now)
            }
            ["feed", number] => {
                let size = asked.parameter("bytes").and_then(|bytes| bytes.parse().ok());
                let number = number.parse().unwrap_or(0);
                let size = size.unwrap_or(self.feed_bytes);
                let etag = format!("\"{number}-{size}\"");
                let fields = format!("etag: {etag}\r\n");
                if asked.field("if-none-match") == Some(&etag) {
                    return Answer { status: 304, fields, ..Answer::default() };
                }
                let (content_type, body) = self.feed(number, size);
                Answer { fields, ..Answer::ok(content_type, body) }
            }
            // An item that never was: Firebase says so with 200.
            ["hn", "v0", "item", _] => Answer::json(200, "null".into()),
            [""] => self.index(),
            _ => Answer::error(404),
        }
    }

    /// The feed of this number, about as large as this: made once, so that the web's own work is
    /// not taken for its clients'.
    pub(super) fn feed(&self, number: u64, size: usize) -> Feed {
        let mut shelf = self.shelf.borrow_mut();
        let name = format!("{number}/{size}");
        if let Some(feed) = shelf.feeds.get(&name) {
            return Feed::clone(feed);
        }
        let (content_type, body) = feeds::synthetic(number, size, self.now);
        let feed: Feed = (content_type, body.into_bytes().into());
        let all = shelf.bytes + feed.1.len();
        if all <= MOST_KEPT {
            shelf.bytes = all;
            shelf.feeds.insert(name, Box::new(feed.clone()));
        }
        feed
    }

    fn index(&self) -> Answer {
        let mut text = String::from(
            "/newsapi/v2/top-headlines\n/guardian/search\n/reddit/r/NAME/.rss\n/feed/N\n",
        );
        for path in self.kept.keys() {
            text += path;
            text.push('\n');
        }
        Answer::ok("text/plain; charset=utf-8", text.into_bytes())
    }
}

impl Kept {
    fn new(content_type: &'static str, body: String, at: Timestamp) -> Kept {
        Kept {
            content_type,
            etag: format!("\"{:016x}\"", fnv(body.as_bytes())),
            gzip: gzip(body.as_bytes()).into(),
            body: body.into_bytes().into(),
            last_modified: at.rfc_822(),
        }
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let Kept { etag, last_modified, .. } = self;
        let mut fields = format!("etag: {etag}\r\nlast-modified: {last_modified}\r\n");
        // RFC 9110 §13.2.2: If-None-Match goes before If-Modified-Since.
        let known = match asked.field("if-none-match") {
            Some(tags) => tags.split(',').any(|tag| tag.trim() == etag),
            None => asked.field("if-modified-since") == Some(last_modified),
        };
        if known {
            return Answer { status: 304, fields, ..Answer::default() };
        }
        let gzip = asked.field("accept-encoding").is_some_and(|codings| codings.contains("gzip"));
        let body = if gzip && self.gzip.len() > 1 && self.gzip.len() < self.body.len() {
            fields += "content-encoding: gzip\r\nvary: accept-encoding\r\n";
            &self.gzip
        } else {
            &self.body
        };
        Answer { fields, ..Answer::ok(self.content_type, body.clone()) }
    }
}

/// The stories of one publisher, newest first.
fn of<'a>(stories: &'a [Dated], publisher: &Publisher<'_>) -> Vec<&'a Dated> {
    stories.iter().filter(|story| story.host == publisher.host).collect()
}

/// Every story of every publisher, newest first, spread over about two days before `now`.
fn dated(news: &News<'static>, now: Timestamp) -> Vec<Dated> {
    let mut stories = Vec::new();
    for (p, publisher) in news.publishers.iter().chain([&news.lookout]).enumerate() {
        for (t, tale) in publisher.tales.iter().enumerate() {
            // Coprime steps: no two stories share a minute, no publisher comes in a row.
            let minutes = 4 + (p * 17 + t * 353) % 2_741;
            let ago = i64::try_from(minutes * 60).unwrap_or(0);
            let at = Timestamp::from_unix(now.unix() - ago).unwrap_or(Timestamp::EPOCH);
            let day = feeds::date_path(at);
            let Publisher { name, host, .. } = *publisher;
            let link = format!("https://{host}/{day}/{}", slug(tale.title));
            stories.push(Dated { tale: *tale, publisher: name, host, at, link });
        }
    }
    stories.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.link.cmp(&b.link)));
    stories
}

/// `A new blue, from a mushroom` as `a-new-blue-from-a-mushroom`.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for word in title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if !slug.is_empty() {
            slug.push('-');
        }
        slug += &word.to_ascii_lowercase();
    }
    slug
}

/// `bytes` compressed with gzip (RFC 1952); empty if that fails, which writing to memory never does.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes);
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}
