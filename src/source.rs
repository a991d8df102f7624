//! Where news comes from.

use std::fmt;
use std::time::Duration;

use crate::failure::{Failure, Stage};
use crate::http::{Document, Request};
use crate::item::{Item, Text};

pub mod feed;
pub mod guardian;
pub mod hackernews;
pub mod newsapi;

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
    /// Requests that the answer calls for.
    pub more: Vec<Request>,
    /// The document ended early: its whole items are here, its validators are not to be kept.
    pub partial: bool,
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

    /// Where to ask instead when a request failed for good: in order, each once.
    fn fallback(&self, _request: &Request) -> Option<Request> {
        None
    }

    /// What the service says about an answer with another status, in its own error envelope.
    fn explain(&self, _status: u16, _body: &[u8]) -> Option<String> {
        None
    }

    /// The limits its publisher sets.
    fn quota(&self) -> Quota {
        Quota::default()
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
