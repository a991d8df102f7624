//! Where news comes from.

use std::fmt;
use std::time::Duration;

use crate::failure::{Failure, Stage};
use crate::format::{Feed, Pace};
use crate::http::{Document, Request, Secret, Url};
use crate::item::{Item, Text};
use crate::text;

pub mod feed;
pub mod github;
pub mod grant;
pub mod guardian;
pub mod hackernews;
pub mod json;
pub mod known;
pub mod live;
pub mod newsapi;
pub mod reddit;
pub mod stream;

use grant::Grant;

/// What one answer holds: items, and requests for what it only mentions.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What was read: `rss 2.0`, `newsapi`, ….
    pub format: Text,
    /// What the answer calls itself; may be empty.
    pub title: Text,
    /// In the order of the answer.
    pub items: Vec<Item>,
    /// Entries that were recognised and left out: deleted, removed, only an id to ask for.
    pub skipped: usize,
    /// Of these, the oldest of more than [`crate::item::MAX_ITEMS`].
    pub left_out: usize,
    /// Requests that the answer calls for.
    pub more: Vec<Request>,
    /// The document ended early: its whole items are here, its validators are not to be kept.
    pub partial: bool,
    /// How often its publisher wants to be asked.
    pub pace: Pace,
}

impl From<Feed> for Page {
    fn from(feed: Feed) -> Page {
        Page {
            format: feed.format,
            title: feed.title,
            items: feed.items,
            skipped: feed.skipped,
            left_out: feed.left_out,
            more: Vec::new(),
            partial: feed.partial,
            pace: feed.pace,
        }
    }
}

/// A service, described without touching the network.
///
/// Neither `plan` nor `read` is async: a source cannot wait, so it cannot hold up a worker.
pub trait Source: fmt::Debug + Send + Sync {
    /// The kind's name in the config.
    fn kind(&self) -> &'static str;

    /// The requests that begin a round.
    fn plan(&self) -> Vec<Request>;

    /// Reads one answer with a 2xx status.
    fn read(&self, request: &Request, document: &Document<'_>) -> Result<Page, Failure>;

    /// What the config says of how answers are read, where it says it. What was read otherwise is
    /// asked for anew, and whole.
    fn reading(&self) -> String {
        String::new()
    }

    /// Where to ask instead when a request failed for good: in order, each once.
    fn fallback(&self, _request: &Request) -> Option<Request> {
        None
    }

    /// What the service says about an answer with another status, in its own error envelope.
    fn explain(&self, _status: u16, _body: &[u8]) -> Option<String> {
        None
    }

    /// How it gets the token that all its requests carry, if they carry one. The round asks for it,
    /// keeps it and renews it.
    fn grant(&self) -> Option<Grant> {
        None
    }

    /// The limits its publisher sets.
    fn quota(&self) -> Quota {
        Quota::default()
    }

    /// The same service as a stream of events, where it is one.
    fn live(&self) -> Option<&dyn live::Live> {
        None
    }

    /// How many requests to one host at once, if the source knows better than the config.
    fn per_host(&self) -> Option<usize> {
        None
    }
}

/// The limits of one service for one key. Sliding windows; all hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quota {
    /// What is counted together: the service and (hashed) the key. Empty means: by host.
    pub account: String,
    /// At most `count` requests in any `per`.
    pub windows: Vec<Window>,
}

/// At most `count` requests within any span of `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many.
    pub count: u32,
    /// In how long.
    pub per: Duration,
}

/// A failure to read a document.
pub(crate) fn unreadable(cause: impl Into<String>) -> Failure {
    Failure::new(Stage::Read, cause)
}

/// The failure of an API's answer that is no JSON; `error` says where.
pub(crate) fn not_json(error: String) -> Failure {
    unreadable(format!("the answer is not the JSON it should be: {error}"))
}

/// No service's own words take more of an error message than this many characters.
const MAX_SAID: usize = 200;

/// A service's own words, safe to print, without the full stop, and without the key should the
/// service echo it.
pub(crate) fn said(message: &str, key: &Secret) -> String {
    let message = match key.0.as_str() {
        "" => text::printable(message, MAX_SAID),
        key => text::printable(&message.replace(key, "(key)"), MAX_SAID),
    };
    message.trim_end_matches(['.', ' ']).to_owned()
}

/// The URL of `path` (no slash in front) beneath a base that may have a path of its own, with or
/// without a slash at its end.
pub(crate) fn endpoint(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_fragment(None);
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// What a quota is counted under: the service, and of its key the first eight bytes of a SHA-256,
/// from which nobody gets the key back.
pub(crate) fn account(service: &str, key: &Secret) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, key.0.as_bytes());
    let start = digest.as_ref().iter().take(8);
    start.fold(format!("{service}:"), |account, byte| format!("{account}{byte:02x}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_keeps_the_path_and_query_of_its_base() {
        let cases = [
            ("https://a.example", "https://a.example/v2/x"),
            ("https://a.example/", "https://a.example/v2/x"),
            ("http://127.0.0.1:8080/newsapi", "http://127.0.0.1:8080/newsapi/v2/x"),
            ("http://127.0.0.1:8080/newsapi/", "http://127.0.0.1:8080/newsapi/v2/x"),
            ("http://a.example/p?token=1#f", "http://a.example/p/v2/x?token=1"),
        ];
        for (base, url) in cases {
            assert_eq!(endpoint(&Url::parse(base).unwrap(), "v2/x").as_str(), url);
        }
    }

    #[test]
    fn an_account_tells_keys_apart_without_telling_them() {
        // The start of SHA-256("test"), as coreutils' sha256sum prints it.
        assert_eq!(account("s", &Secret("test".into())), "s:9f86d081884c7d65");
        assert_ne!(account("s", &Secret("a".into())), account("s", &Secret("b".into())));
    }

    #[test]
    fn a_service_that_echoes_the_key_is_not_quoted_with_it() {
        let key = Secret("hunter2".into());
        assert_eq!(said("no such key: hunter2.", &key), "no such key: (key)");
    }
}
