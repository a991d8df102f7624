//! What kinds of sources there are, and what each reads of its table.

use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::keys::{Keys, Wrong};
use super::schema::DefaultValue::{False, Required, Text, Words};
use super::schema::{Key, NONE, SECRET, STRING, Tables, Takes, URL, keys};
use super::secret::Vault;
use super::sheet::Sheet;
use super::sources::known;
use super::suggest::nearest;
use super::values;
use crate::http::Url;
use crate::merge::identity::IdBy;
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

/// A kind of source, as it is declared.
#[derive(Debug)]
pub struct Kind {
    /// As the config says it.
    pub name: &'static str,
    /// What it reads.
    pub text: &'static str,
    /// The keys that it alone reads.
    pub keys: Tables,
    /// What people call it who do not know its name.
    also: &'static [&'static str],
    /// A table of this kind with no more in it than is needed, for `newsagg parse`, which has no config. `None` for a
    /// kind that reads nothing without one.
    pub least: Option<&'static str>,
    pub(super) read: fn(&Keys<'_>, Option<usize>) -> Built,
}

/// `None` where something is wrong.
pub(super) type Built = Option<Arc<dyn Source>>;

/// Every kind.
pub static KINDS: [Kind; 8] = [
    Kind {
        name: "feed",
        text: "RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1.0 and 1.1, detected automatically.",
        keys: &[FEED],
        also: &["rss", "atom", "rdf", "xml", "jsonfeed"],
        least: Some("url = \"http://localhost/\""),
        read: read_feed,
    },
    Kind {
        name: "newsapi",
        text: "NewsAPI: the top headlines, or a search in everything.",
        keys: &[newsapi::KEYS],
        also: &["news"],
        least: Some("key = { env = \"KEY\" }\ncountry = \"us\""),
        read: newsapi::read,
    },
    Kind {
        name: "guardian",
        text: "The Guardian's open platform, newest first.",
        keys: &[GUARDIAN],
        also: &["theguardian"],
        least: Some("key = { env = \"KEY\" }"),
        read: read_guardian,
    },
    Kind {
        name: "hackernews",
        text: "Hacker News, by its own interface or by that of Algolia.",
        keys: &[HACKERNEWS],
        also: &["hn", "ycombinator"],
        least: Some(""),
        read: read_hackernews,
    },
    Kind {
        name: "reddit",
        text: "A subreddit, by its feed or with a client id and secret by the API.",
        keys: &[reddit::KEYS],
        also: &["subreddit"],
        least: Some("subreddit = \"rust\""),
        read: reddit::read,
    },
    Kind {
        name: "github",
        text: "GitHub: releases, tags, issues and pull requests or events of a repository; what a search finds; what a \
               user or an organisation does in public.",
        keys: &[github::KEYS],
        also: &["gh"],
        least: Some("repo = \"owner/name\""),
        read: github::read,
    },
    Kind {
        name: "json",
        text: "Any interface that answers with JSON, by JSON Pointers.",
        keys: &[json::KEYS, json::FIELDS],
        also: &["api"],
        least: None,
        read: json::read,
    },
    Kind {
        name: "stream",
        text: "Server-Sent Events, each of which is a story.",
        keys: &[stream::KEYS, json::FIELDS],
        also: &["sse"],
        least: Some("url = \"http://localhost/\""),
        read: stream::read,
    },
];

/// The names of all kinds.
pub(super) fn names() -> Vec<&'static str> {
    KINDS.iter().map(|kind| kind.name).collect()
}

/// A source of this kind that reads, but has nobody to ask; `None` for a kind that needs a config for it.
pub fn reader(kind: &str) -> Option<Arc<dyn Source>> {
    let kind = KINDS.iter().find(|known| known.name == kind)?;
    build(kind, kind.least?, &Vault::sealed(vec![Some(1)])).ok()
}

/// The source of this kind that a table makes.
///
/// # Errors
/// The first thing that is wrong with the table.
pub(super) fn build(
    kind: &'static Kind,
    toml: &str,
    vault: &Vault,
) -> Result<Arc<dyn Source>, String> {
    let (path, table) = (Path::new(""), DeTable::parse(toml).map_err(|error| error.to_string())?);
    let sheet = Sheet::new(path, toml, vault);
    let keys = Keys::new(&sheet, table.get_ref(), 0, kind.name.into(), known(Some(kind)));
    let built = (kind.read)(&keys, None);
    let (errors, _) = sheet.finish();
    let problem = errors.into_iter().next().map(|problem| problem.message);
    built.ok_or_else(|| problem.unwrap_or_default())
}

pub(super) fn read_kind(value: &DeValue<'_>) -> Result<&'static Kind, Wrong> {
    let text = value.as_str().unwrap_or_default();
    KINDS.iter().find(|kind| kind.name == text).ok_or_else(|| {
        let lower = text.to_lowercase();
        let alias = KINDS.iter().find(|kind| kind.also.contains(&lower.as_str()));
        let meant = alias.map(|kind| kind.name).or_else(|| nearest(text, names()));
        Wrong {
            expected: format!("one of {}", names().join(", ")),
            meant: meant.map(str::to_owned),
        }
    })
}

/// What a feed, or anything else with one address, has.
static FEED: &[Key] = keys! {
    /// Where it is. A name and a password may stand in it, as in `https://name:password@host/feed`; then the config is a
    /// secret.
    "url": URL, Required;
    /// Fetched in this order when the one before fails.
    "fallback": Takes::Type("list of URL"), NONE;
    /// What tells its items apart: `guid`, their ids as the publisher gives them; `link`; `title`; or `auto`, the ids as far
    /// as they do tell items apart, else title and link.
    "id": Takes::Choice(|| values::names(&IDS)), Text("auto");
};

/// What the items of a feed may be told apart by.
pub(super) const IDS: [(&str, IdBy); 4] =
    [("auto", IdBy::Auto), ("guid", IdBy::Guid), ("link", IdBy::Link), ("title", IdBy::Title)];

static GUARDIAN: &[Key] = keys! {
    /// From https://open-platform.theguardian.com/access/ .
    "key": SECRET, Required;
    /// A section, such as `"technology"`, or several.
    "section": Takes::Type("string or list of string"), Words("all");
    /// Words to search for; AND, OR, NOT and quotes as the service reads them.
    "query": STRING, NONE;
    /// A tag, such as `"environment/recycling"`, or several, one of which an article must have. In a string, the service
    /// reads `,` as and, `|` as or, and `-` before a tag as not. With `section`, both must hold.
    "tag": Takes::Type("string or list of string"), NONE;
    /// How many articles to ask for.
    "page_size": Takes::Number(1, MAX_GUARDIAN_PAGE), Words("the service's own, 10");
    /// A mirror, a proxy, a test server.
    "base_url": URL, Text(guardian::BASE_URL);
};

fn read_guardian(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let key = keys.secret("key");
    let base_url = keys.value("base_url", values::url);
    let section = any_of(keys, "section", "[\"technology\"]");
    let query = keys.get("query", values::word);
    let tag = any_of(keys, "tag", "[\"technology/apple\"]");
    let page_size = keys.number("page_size");
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

static HACKERNEWS: &[Key] = keys! {
    /// Which of its lists.
    "list": Takes::Choice(|| values::names(&LISTS)), Text("top");
    /// Whom to ask: `both` is Algolia when Firebase does not have the list, unless `base_url` is another's. Algolia has no
    /// list `best`: the newest stories with 200 points and more stand for it; and of `ask`, `show` and `job` it has the
    /// newest, too.
    "api": Takes::Choice(|| values::names(&APIS)), Text("both");
    /// Whether `newsagg run` also listens to the list, and fetches when a story comes up that was not among the first, at
    /// most once a minute. `once` does not listen.
    "live": Takes::Type("boolean"), False;
    /// A mirror, a proxy, a test server. With `api` `algolia`, `https://hn.algolia.com` is meant without it.
    "base_url": URL, Text(hackernews::BASE_URL);
};

fn read_hackernews(keys: &Keys<'_>, limit: Option<usize>) -> Built {
    let list = keys.choice("list", &LISTS).unwrap_or_default();
    let limit = limit.unwrap_or(hackernews::DEFAULT_LIMIT).min(MAX_HN);
    let api = keys.choice("api", &APIS).unwrap_or_default();
    let base_url = match api == Api::Algolia && !keys.has("base_url") {
        true => Url::parse(algolia::BASE_URL).ok(),
        false => keys.value("base_url", values::url),
    };
    let live = keys.value("live", values::boolean).unwrap_or_default();
    if live && api == Api::Algolia {
        let problem = "listens to Firebase, which `api` does not let it ask; leave one of them out";
        keys.sheet.error(keys.place("live"), format!("`live` in {} {problem}", keys.title));
    }
    let source = HackerNews { api, base_url: base_url?, list, limit };
    Some(if live { Arc::new(LiveHackerNews(source)) } else { Arc::new(source) })
}

fn read_feed(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let fallback = keys.list("fallback", "[\"https://…\"]", values::url);
    Some(Arc::new(FeedSource { url: Some(keys.get("url", values::url)?), fallback }))
}

#[cfg(test)]
mod tests;
