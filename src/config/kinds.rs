//! What kinds of sources there are, and what each reads of its table.

use std::sync::Arc;

use toml::de::DeValue;

use super::keys::{Keys, Read, Wrong};
use super::suggest::nearest;
use super::values;
use crate::http::Url;
use crate::source::Source;
use crate::source::feed::FeedSource;
use crate::source::guardian::{self, Guardian};
use crate::source::hackernews::{self, Api, HackerNews, List, LiveHackerNews, algolia};

mod github;
mod json;
mod newsapi;
mod reddit;
mod stream;

pub(super) use github::is_repo;
pub(super) use newsapi::CATEGORIES;
pub(super) use reddit::is_subreddit;

/// The most stories that Hacker News has in a list.
const MAX_HN: usize = 500;
/// The most articles in one answer of the Guardian.
const MAX_GUARDIAN_PAGE: u64 = 200;

/// A kind of source and the keys that it alone reads.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) keys: &'static [&'static str],
    /// What people call it who do not know its name.
    also: &'static [&'static str],
    pub(super) read: fn(&Keys<'_>, Option<usize>) -> Built,
}

/// `None` where something is wrong.
pub(super) type Built = Option<Arc<dyn Source>>;

pub(super) static KINDS: [Kind; 8] = [
    Kind {
        name: "newsapi",
        keys: &[
            "key",
            "country",
            "category",
            "query",
            "sources",
            "domains",
            "language",
            "endpoint",
            "page_size",
            "base_url",
        ],
        also: &["news"],
        read: newsapi::read,
    },
    Kind {
        name: "guardian",
        keys: &["key", "section", "query", "tag", "page_size", "base_url"],
        also: &["theguardian"],
        read: read_guardian,
    },
    Kind {
        name: "hackernews",
        keys: &["list", "api", "live", "base_url"],
        also: &["hn", "ycombinator"],
        read: read_hackernews,
    },
    Kind {
        name: "reddit",
        keys: &["subreddit", "list", "client_id", "client_secret", "base_url"],
        also: &["subreddit"],
        read: reddit::read,
    },
    Kind {
        name: "github",
        keys: &["repo", "search", "user", "org", "what", "token", "base_url"],
        also: &["gh"],
        read: github::read,
    },
    Kind {
        name: "feed",
        keys: &["url", "fallback"],
        also: &["rss", "atom", "rdf", "xml", "jsonfeed"],
        read: read_feed,
    },
    Kind {
        name: "json",
        keys: &[
            "url",
            "fallback",
            "items",
            "title",
            "link",
            "date",
            "id",
            "author",
            "summary",
            "discussion",
            "score",
            "comments",
            "image",
        ],
        also: &["api"],
        read: json::read,
    },
    Kind {
        name: "stream",
        keys: &[
            "url",
            "events",
            "idle",
            "listen",
            "title",
            "link",
            "date",
            "id",
            "author",
            "summary",
            "discussion",
            "score",
            "comments",
            "image",
        ],
        also: &["sse"],
        read: stream::read,
    },
];

/// Every kind with the keys that it alone reads.
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    KINDS.iter().map(|kind| (kind.name, kind.keys))
}

pub(super) fn is_kind_key(key: &str) -> bool {
    KINDS.iter().any(|kind| kind.keys.contains(&key))
}

pub(super) fn read_kind(value: &DeValue<'_>) -> Result<&'static Kind, Wrong> {
    let text = value.as_str().unwrap_or_default();
    KINDS.iter().find(|kind| kind.name == text).ok_or_else(|| {
        let lower = text.to_lowercase();
        let alias = KINDS.iter().find(|kind| kind.also.contains(&lower.as_str()));
        let names = || KINDS.iter().map(|kind| kind.name);
        let meant = alias.map(|kind| kind.name).or_else(|| nearest(text, names()));
        Wrong {
            expected: format!("one of {}", names().collect::<Vec<_>>().join(", ")),
            meant: meant.map(str::to_owned),
        }
    })
}

/// `base_url`, or the service's own.
fn base_url(keys: &Keys<'_>, own: &str) -> Option<Url> {
    if keys.has("base_url") {
        return keys.get("base_url", values::url);
    }
    Url::parse(own).ok()
}

/// How many articles to ask for.
fn page_size(keys: &Keys<'_>, read: Read<u64>) -> Option<u32> {
    keys.get("page_size", read).and_then(|size| size.try_into().ok())
}

fn read_guardian(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let key = keys.require_secret("key");
    let base_url = base_url(keys, guardian::BASE_URL);
    let section = any_of(keys, "section", "[\"technology\"]");
    let query = keys.get("query", values::word);
    let tag = any_of(keys, "tag", "[\"technology/apple\"]");
    let page_size = page_size(keys, |value| values::integer(value, 1, MAX_GUARDIAN_PAGE));
    let (base_url, key) = (base_url?, key?);
    Some(Arc::new(Guardian { base_url, key, section, query, tag, page_size }))
}

/// A word, or a list of them, any of which will do: the service has `|` between these.
fn any_of(keys: &Keys<'_>, key: &str, example: &str) -> Option<String> {
    if keys.raw(key).is_some_and(|value| value.get_ref().is_array()) {
        let words = keys.list(key, example, values::word);
        return (!words.is_empty()).then(|| words.join("|"));
    }
    keys.get(key, values::word)
}

/// The lists of Hacker News.
pub(super) const LISTS: [(&str, List); 6] = [
    ("top", List::Top),
    ("new", List::New),
    ("best", List::Best),
    ("ask", List::Ask),
    ("show", List::Show),
    ("job", List::Job),
];

/// Who may be asked for a list of Hacker News.
const APIS: [(&str, Api); 3] =
    [("both", Api::Both), ("firebase", Api::Firebase), ("algolia", Api::Algolia)];

fn read_hackernews(keys: &Keys<'_>, limit: Option<usize>) -> Built {
    let list = keys.get("list", |value| values::choice(value, &LISTS)).unwrap_or_default();
    let limit = limit.unwrap_or(hackernews::DEFAULT_LIMIT).min(MAX_HN);
    let api = keys.get("api", |value| values::choice(value, &APIS)).unwrap_or_default();
    let own = if api == Api::Algolia { algolia::BASE_URL } else { hackernews::BASE_URL };
    let live = keys.get("live", values::boolean).unwrap_or(false);
    if live && api == Api::Algolia {
        let problem = "listens to Firebase, which `api` does not let it ask; leave one of them out";
        keys.sheet.error(keys.place("live"), format!("`live` in {} {problem}", keys.title));
    }
    let source = HackerNews { api, base_url: base_url(keys, own)?, list, limit };
    Some(if live { Arc::new(LiveHackerNews(source)) } else { Arc::new(source) })
}

fn read_feed(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let fallback = keys.list("fallback", "[\"https://…\"]", values::url);
    Some(Arc::new(FeedSource { url: Some(keys.require("url", values::url)?), fallback }))
}

#[cfg(test)]
mod tests;
