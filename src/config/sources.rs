//! `[[source]]`: one table, read by its kind.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::{FETCH_KEYS, OUTPUT_KEYS, read_options, set};
use super::keys::{Keys, Stray, Wrong};
use super::nearest::{either, nearest};
use super::sheet::{Sheet, shown};
use super::{Fetch, Place, Schedule, SourceConfig, values};
use crate::http::{Header, Url};
use crate::source::feed::FeedSource;
use crate::source::guardian::{self, Guardian};
use crate::source::hackernews::{self, HackerNews, List};
use crate::source::newsapi::{self, NewsApi};
use crate::source::{Source, Window};

/// The most stories that Hacker News has in a list.
const MAX_HN: usize = 500;
/// How many stories of Hacker News are asked for unless `limit` says otherwise.
pub(super) const HN_LIMIT: usize = 30;
/// The most articles in one answer of NewsAPI.
const MAX_NEWSAPI_PAGE: u64 = 100;
/// The most articles in one answer of the Guardian.
const MAX_GUARDIAN_PAGE: u64 = 200;

/// The keys of every kind.
pub(super) const SOURCE_KEYS: [&str; 16] = [
    "name",
    "kind",
    "limit",
    "include",
    "exclude",
    "tags",
    "quota",
    "every",
    "headers",
    "timeout",
    "connect_timeout",
    "retries",
    "max_body",
    "user_agent",
    "proxy",
    "per_host",
];

/// A kind of source and the keys that it alone reads.
struct Kind {
    name: &'static str,
    keys: &'static [&'static str],
    /// What people call it who do not know its name.
    also: &'static [&'static str],
    read: fn(&Keys<'_>, Option<usize>) -> Built,
}

/// `None` for a later version's kind, and where something is wrong.
type Built = Option<Arc<dyn Source>>;

static KINDS: [Kind; 8] = [
    Kind {
        name: "newsapi",
        keys: &[
            "key",
            "country",
            "category",
            "query",
            "sources",
            "language",
            "page_size",
            "base_url",
        ],
        also: &["news"],
        read: read_newsapi,
    },
    Kind {
        name: "guardian",
        keys: &["key", "section", "query", "tag", "page_size", "base_url"],
        also: &["theguardian"],
        read: read_guardian,
    },
    Kind {
        name: "hackernews",
        keys: &["list", "base_url"],
        also: &["hn", "ycombinator"],
        read: read_hackernews,
    },
    Kind {
        name: "reddit",
        keys: &["subreddit", "client_id", "client_secret", "base_url"],
        also: &["subreddit"],
        read: read_reddit,
    },
    Kind {
        name: "github",
        keys: &["repo", "search", "token", "base_url"],
        also: &["gh"],
        read: read_github,
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
        ],
        also: &["api"],
        read: read_json,
    },
    Kind { name: "stream", keys: &["url"], also: &["sse"], read: read_stream },
];

/// Kinds that a later version reads.
const LATER: [&str; 4] = ["reddit", "github", "json", "stream"];

pub(super) fn is_kind_key(key: &str) -> bool {
    KINDS.iter().any(|kind| kind.keys.contains(&key))
}

/// One source; `None` if it has no usable name. `number` counts from 1.
pub(super) fn read<'a>(
    sheet: &'a Sheet<'a>,
    table: &'a DeTable<'a>,
    at: usize,
    number: usize,
    fetch: &Fetch,
    schedule: &Schedule,
) -> Option<SourceConfig> {
    let title = match table.get("name").and_then(|name| name.get_ref().as_str()) {
        Some(name) => format!("[[source]] \"{}\"", shown(name)),
        None => format!("[[source]] {number}"),
    };
    let keys = Keys::new(sheet, table, at, title);
    let kind = keys.raw("kind").and_then(|_| keys.get("kind", read_kind));
    keys.check_names(|key| stray(key, kind));
    if !keys.has("kind") {
        keys.missing("kind");
    }
    let name = keys.require("name", values::name);
    let limit = keys.get("limit", values::count);
    let source = kind.and_then(|kind| (kind.read)(&keys, limit));
    let later = kind.is_some_and(|kind| LATER.contains(&kind.name));
    let place = if later { Place::Later } else { Place::Network };
    let kind_name = kind.map_or("feed", |kind| kind.name);
    let mut config = SourceConfig::new(name.unwrap_or_default(), kind_name, place, source, fetch);
    config.every = keys.get("every", values::duration).unwrap_or(schedule.every);
    config.limit = limit;
    set(&mut config.timeout, keys.get("timeout", values::duration));
    set(&mut config.retries, keys.get("retries", values::retries));
    config.per_host = keys.get("per_host", values::workers);
    read_options(&keys, &mut config.options);
    config.include = keys.list("include", "[\"regex\"]", values::regex);
    config.exclude = keys.list("exclude", "[\"regex\"]", values::regex);
    config.tags = read_tags(&keys, kind_name);
    config.quota = keys.list::<Window>("quota", "[\"100/24h\"]", values::window);
    config.headers = read_headers(&keys);
    (!config.name.is_empty()).then_some(config)
}

fn read_kind(value: &DeValue<'_>) -> Result<&'static Kind, Wrong> {
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

/// Why a source of this kind (`None`: unknown) does not take the key.
fn stray(key: &str, kind: Option<&Kind>) -> Option<Stray> {
    if SOURCE_KEYS.contains(&key) {
        return None;
    }
    let Some(kind) = kind else {
        let every = KINDS.iter().flat_map(|kind| kind.keys).copied();
        return (!is_kind_key(key))
            .then(|| Stray::unknown(key, SOURCE_KEYS.into_iter().chain(every)));
    };
    if kind.keys.contains(&key) {
        return None;
    }
    let owners: Vec<&str> =
        KINDS.iter().filter(|kind| kind.keys.contains(&key)).map(|kind| kind.name).collect();
    let own = SOURCE_KEYS.into_iter().chain(kind.keys.iter().copied());
    let stray = if !owners.is_empty() {
        Stray::Belongs(format!("kind {}", either(owners, '"')))
    } else if FETCH_KEYS.contains(&key) {
        Stray::Belongs("[fetch]".into())
    } else if OUTPUT_KEYS.contains(&key) {
        Stray::Belongs("[[output]]".into())
    } else {
        Stray::unknown(key, own)
    };
    Some(stray)
}

/// In `kind = "json"` the tags may be a pointer to where the document has them.
fn read_tags(keys: &Keys<'_>, kind: &str) -> Vec<String> {
    if kind == "json" && keys.raw("tags").is_some_and(|value| value.get_ref().is_str()) {
        keys.get("tags", values::pointer);
        return Vec::new();
    }
    keys.list("tags", "[\"technology\"]", values::name)
}

/// Header fields that the transport sets itself, or that would change what a message is.
const RESERVED: [&str; 10] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "accept-encoding",
    "expect",
];

/// Header fields whose values are secrets wherever they come from.
const CONFIDENTIAL: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token"];

/// `headers = { Accept = "application/json", Authorization = { env = "TOKEN" } }`
fn read_headers(keys: &Keys<'_>) -> Vec<Header> {
    let Some(value) = keys.raw("headers") else { return Vec::new() };
    let Some(table) = value.get_ref().as_table() else {
        let message =
            format!("`headers` in {} must be a table such as {{ Accept = \"…\" }}", keys.title);
        keys.sheet.error(value.span().start, message);
        return Vec::new();
    };
    table.iter().filter_map(|(name, value)| read_header(keys, name, value)).collect()
}

fn read_header(
    keys: &Keys<'_>,
    name: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) -> Option<Header> {
    let lower = name.get_ref().to_ascii_lowercase();
    let printable = shown(&lower);
    let fail = |at: usize, message: String| {
        keys.sheet.error(at, format!("header `{printable}` in {}: {message}", keys.title));
        None
    };
    if lower.is_empty() || !lower.bytes().all(is_token) {
        return fail(name.span().start, "that is no name of a header field".into());
    }
    if RESERVED.contains(&lower.as_str()) {
        return fail(name.span().start, "newsagg sets it itself".into());
    }
    let confidential = CONFIDENTIAL.contains(&lower.as_str());
    match value.get_ref() {
        DeValue::Table(_) => keys
            .read_secret(&format!("headers.{printable}"), value)
            .map(|secret| Header { name: lower, value: secret.0, secret: true }),
        DeValue::String(text) if values::is_field_value(text) => {
            Some(Header { name: lower, value: text.to_string(), secret: confidential })
        }
        _ => fail(
            value.span().start,
            "must be a string of printable ASCII, or a secret: { env = \"NAME\" }".into(),
        ),
    }
}

/// A character of a field name (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `base_url`, or the service's own.
fn base_url(keys: &Keys<'_>, own: &str) -> Option<Url> {
    if keys.has("base_url") {
        return keys.get("base_url", values::url);
    }
    Url::parse(own).ok()
}

fn read_newsapi(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let sources = keys.list("sources", "[\"bbc-news\"]", values::word);
    let selects = ["country", "category", "query", "sources"];
    if keys.has("sources") {
        for other in ["country", "category"].into_iter().filter(|other| keys.has(other)) {
            let message = format!(
                "`{other}` in {} cannot stand together with `sources`: NewsAPI refuses both",
                keys.title
            );
            keys.sheet.error(keys.place(other), message);
        }
    } else if !selects.iter().any(|key| keys.has(key)) {
        let message = format!(
            "{} asks for everything, which NewsAPI refuses; set {}",
            keys.title,
            either(selects, '`')
        );
        keys.sheet.warn(keys.at, message);
    }
    let key = keys.require_secret("key");
    let base_url = base_url(keys, newsapi::BASE_URL);
    let country = keys.get("country", values::two_letters);
    let category = keys.get("category", category);
    let query = keys.get("query", values::word);
    let language = keys.get("language", values::two_letters);
    let page_size = page_size(keys, |value| values::integer(value, 1, MAX_NEWSAPI_PAGE));
    let (base_url, key) = (base_url?, key?);
    Some(Arc::new(NewsApi {
        base_url,
        key,
        country,
        category,
        query,
        sources,
        language,
        page_size,
    }))
}

/// How many articles to ask for.
fn page_size(keys: &Keys<'_>, read: super::keys::Read<u64>) -> Option<u32> {
    keys.get("page_size", read).and_then(|size| size.try_into().ok())
}

/// <https://newsapi.org/docs/endpoints/top-headlines>
pub(super) const CATEGORIES: [&str; 7] =
    ["business", "entertainment", "general", "health", "science", "sports", "technology"];

fn category(value: &DeValue<'_>) -> Result<String, Wrong> {
    values::choice(value, &CATEGORIES.map(|name| (name, name))).map(str::to_owned)
}

fn read_guardian(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let key = keys.require_secret("key");
    let base_url = base_url(keys, guardian::BASE_URL);
    let section = keys.get("section", values::word);
    let query = keys.get("query", values::word);
    let tag = keys.get("tag", values::word);
    let page_size = page_size(keys, |value| values::integer(value, 1, MAX_GUARDIAN_PAGE));
    let (base_url, key) = (base_url?, key?);
    Some(Arc::new(Guardian { base_url, key, section, query, tag, page_size }))
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

fn read_hackernews(keys: &Keys<'_>, limit: Option<usize>) -> Built {
    let list = keys.get("list", |value| values::choice(value, &LISTS)).unwrap_or_default();
    let limit = limit.unwrap_or(HN_LIMIT).min(MAX_HN);
    Some(Arc::new(HackerNews { base_url: base_url(keys, hackernews::BASE_URL)?, list, limit }))
}

fn read_feed(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let fallback = keys.list("fallback", "[\"https://…\"]", values::url);
    Some(Arc::new(FeedSource { url: Some(keys.require("url", values::url)?), fallback }))
}

fn read_reddit(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    keys.require("subreddit", subreddit);
    let (id, secret) = (keys.has("client_id"), keys.has("client_secret"));
    if id != secret {
        keys.missing(if id { "client_secret" } else { "client_id" });
    }
    client_id(keys);
    keys.secret("client_secret");
    keys.get("base_url", values::url);
    None
}

/// A client id is no secret, but may stand where the secret stands.
fn client_id(keys: &Keys<'_>) {
    match keys.raw("client_id").map(Spanned::get_ref) {
        Some(DeValue::Table(_)) => drop(keys.secret("client_id")),
        _ => drop(keys.get("client_id", values::word)),
    }
}

fn subreddit(value: &DeValue<'_>) -> Result<String, Wrong> {
    let name = value.as_str().filter(|name| is_subreddit(name)).map(str::to_owned);
    name.ok_or_else(|| "the name of a subreddit such as \"rust\", without r/".into())
}

/// Several may be joined: `rust+programming`.
pub(super) fn is_subreddit(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= values::MAX_NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
}

fn read_github(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    match (keys.has("repo"), keys.has("search")) {
        (true, true) => keys.sheet.error(
            keys.place("search"),
            format!("{} has both `repo` and `search`; one is asked at a time", keys.title),
        ),
        (false, false) => keys.missing("repo"),
        _ => {}
    }
    keys.get("repo", |value| {
        let repo = value.as_str().filter(|repo| is_repo(repo)).map(str::to_owned);
        repo.ok_or_else(|| "a repository as OWNER/NAME".into())
    });
    keys.get("search", values::word);
    keys.secret("token");
    keys.get("base_url", values::url);
    None
}

/// `smol-rs/smol`
pub(super) fn is_repo(repo: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    repo.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}

fn read_json(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    keys.require("url", values::url);
    keys.list("fallback", "[\"https://…\"]", values::url);
    keys.require("title", values::pointer);
    for key in ["items", "link", "date", "id", "author", "summary", "discussion"] {
        keys.get(key, values::pointer);
    }
    None
}

fn read_stream(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    keys.require("url", values::url);
    None
}
