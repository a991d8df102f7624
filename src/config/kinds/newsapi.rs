//! `kind = "newsapi"`.

use std::sync::Arc;

use toml::de::DeValue;

use super::super::keys::{Keys, Wrong};
use super::super::schema::DefaultValue::{Required, Text, Words};
use super::super::schema::{Key, NONE, SECRET, STRING, STRINGS, Takes, URL, keys};
use super::super::suggest::either;
use super::super::values;
use super::Built;
use crate::source::newsapi::{self, Endpoint, NewsApi};

/// The most articles in one answer of NewsAPI.
const MAX_PAGE: u64 = 100;
/// <https://newsapi.org/docs/endpoints/top-headlines>
pub(in crate::config) const CATEGORIES: [&str; 7] =
    ["business", "entertainment", "general", "health", "science", "sports", "technology"];

fn category(value: &DeValue<'_>) -> Result<String, Wrong> {
    values::choice(value, &CATEGORIES.map(|name| (name, name))).map(str::to_owned)
}

/// Where NewsAPI may be asked.
const ENDPOINTS: [(&str, Endpoint); 2] =
    [("top-headlines", Endpoint::Headlines), ("everything", Endpoint::Everything)];

pub(super) static KEYS: &[Key] = keys! {
    /// From https://newsapi.org/register .
    "key": SECRET, Required;
    /// Where it is asked. `everything` is all articles of the last weeks, the newest first; with a developer's key they
    /// come a day late.
    "endpoint": Takes::Choice(|| values::names(&ENDPOINTS)), Text("top-headlines");
    /// A code of two letters, such as `"us"`; of the headlines.
    "country": STRING, NONE;
    /// A subject; of the headlines.
    "category": Takes::Choice(|| CATEGORIES.to_vec()), NONE;
    /// Words to search for.
    "query": STRING, NONE;
    /// Identifiers of the service, such as `["bbc-news"]`.
    "sources": STRINGS, NONE;
    /// Hosts of publishers, such as `["bbc.co.uk"]`; of everything.
    "domains": STRINGS, NONE;
    /// A code of two letters; of everything.
    "language": STRING, Words("all");
    /// How many articles to ask for.
    "page_size": Takes::Number(1, MAX_PAGE), Words("the service's own: 20, of everything 100");
    /// A mirror, a proxy, a test server.
    "base_url": URL, Text(newsapi::BASE_URL);
};

pub(in crate::config) fn read(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let endpoint = keys.choice("endpoint", &ENDPOINTS);
    check(keys, endpoint.unwrap_or_default());
    let sources = keys.list("sources", "[\"bbc-news\"]", values::word);
    let domains = keys.list("domains", "[\"bbc.co.uk\"]", values::word);
    let key = keys.secret("key");
    let base_url = keys.value("base_url", values::url);
    let country = keys.get("country", values::two_letters);
    let category = keys.get("category", category);
    let query = keys.get("query", values::word);
    let language = keys.get("language", values::two_letters);
    let page_size = keys.number("page_size");
    let (base_url, key) = (base_url?, key?);
    Some(Arc::new(NewsApi {
        base_url,
        key,
        endpoint: endpoint.unwrap_or_default(),
        country,
        category,
        query,
        sources,
        domains,
        language,
        page_size,
    }))
}

/// What the service would refuse, or take no notice of.
fn check(keys: &Keys<'_>, endpoint: Endpoint) {
    let (narrow, foreign, why): (&[&str], &[&str], _) = match endpoint {
        Endpoint::Headlines => {
            let why = "which only a search in everything knows; set `endpoint = \"everything\"`";
            (&["country", "category", "query", "sources"], &["domains", "language"], why)
        }
        Endpoint::Everything => {
            let why = "which only the headlines know";
            (&["query", "sources", "domains"], &["country", "category"], why)
        }
    };
    for key in foreign.iter().filter(|key| keys.has(key)) {
        let message = format!("{} has `{key}`, {why}", keys.title);
        match endpoint {
            Endpoint::Headlines => keys.sheet.warn(keys.place(key), message),
            Endpoint::Everything => keys.sheet.error(keys.place(key), message),
        }
    }
    if keys.has("sources") && endpoint == Endpoint::Headlines {
        for other in ["country", "category"].into_iter().filter(|other| keys.has(other)) {
            let message = format!(
                "`{other}` in {} cannot stand together with `sources`: NewsAPI refuses both",
                keys.title
            );
            keys.sheet.error(keys.place(other), message);
        }
    } else if !narrow.iter().any(|key| keys.has(key)) {
        let message = format!(
            "{} asks for everything, which NewsAPI refuses; set {}",
            keys.title,
            either(narrow.iter().copied(), '`')
        );
        keys.sheet.warn(keys.at, message);
    }
}
