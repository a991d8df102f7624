//! NewsAPI: the top headlines, and a search in everything.
//! <https://newsapi.org/docs/endpoints/top-headlines>, <https://newsapi.org/docs/endpoints/everything>

use std::time::Duration;

use serde::Deserialize;

use crate::failure::{Failure, Stage};
use crate::http::{Document, Request, Secret, Url};
use crate::item::{Item, MAX_LIST, MAX_SUMMARY, MAX_TITLE, Text};
use crate::json;
use crate::source::{Page, Quota, Source, Window, account, endpoint, not_json, said, unreadable};
use crate::text::{from_html, from_plain, link};
use crate::time::parse_date;

/// Where the service is.
pub const BASE_URL: &str = "https://newsapi.org";

/// What a developer key allows, as the service's error `rateLimited` says it.
pub const WINDOWS: [Window; 2] = [
    Window { count: 100, per: Duration::from_secs(24 * 60 * 60) },
    Window { count: 50, per: Duration::from_secs(12 * 60 * 60) },
];

/// Where NewsAPI is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Endpoint {
    /// What is on the front pages.
    #[default]
    Headlines,
    /// All articles of the last weeks, the newest first. It knows neither countries nor categories.
    Everything,
}

/// One selection of articles.
#[derive(Clone, Debug)]
pub struct NewsApi {
    /// [`BASE_URL`], a mirror, or a test server.
    pub base_url: Url,
    /// The API key; sent as a header.
    pub key: Secret,
    /// Where to look.
    pub endpoint: Endpoint,
    /// Two-letter ISO 3166-1 code: `us`. The service refuses it together with `sources`.
    pub country: Option<String>,
    /// `business`, `entertainment`, `general`, `health`, `science`, `sports`, `technology`.
    pub category: Option<String>,
    /// Search terms.
    pub query: Option<String>,
    /// Source ids. The service refuses them together with `country` and `category`.
    pub sources: Vec<String>,
    /// Hosts of publishers; only used by a search in everything.
    pub domains: Vec<String>,
    /// Two-letter ISO 639-1 code; only used by a search in everything.
    pub language: Option<String>,
    /// How many articles to ask for, 1 to 100.
    pub page_size: Option<u32>,
}

impl Source for NewsApi {
    fn kind(&self) -> &'static str {
        "newsapi"
    }

    fn plan(&self) -> Vec<Request> {
        let (path, sort) = match self.endpoint {
            Endpoint::Headlines => ("v2/top-headlines", None),
            Endpoint::Everything => ("v2/everything", Some("publishedAt".to_owned())),
        };
        let mut url = endpoint(&self.base_url, path);
        let joined = |list: &[String]| (!list.is_empty()).then(|| list.join(","));
        let (sources, domains) = (joined(&self.sources), joined(&self.domains));
        let page_size = self.page_size.map(|size| size.to_string());
        let told = [
            ("country", &self.country),
            ("category", &self.category),
            ("q", &self.query),
            ("sources", &sources),
            ("domains", &domains),
            ("language", &self.language),
            ("sortBy", &sort),
            ("pageSize", &page_size),
        ];
        for (name, value) in told {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        vec![Request::get(url).with("x-api-key", &self.key.0, true)]
    }

    fn read(&self, _request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        let answer: Answer = json::from_slice(document.body).map_err(not_json)?;
        if answer.status.as_deref() == Some("error") {
            let cause = answer.error(&self.key);
            let cause = cause.unwrap_or_else(|| "an error without a message".into());
            return Err(Failure::new(Stage::Service, cause));
        }
        if !answer.articles.is_array {
            return Err(unreadable("no answer of NewsAPI: `articles` is missing"));
        }
        let skipped = answer.articles.skipped;
        let mut page = Page { format: "newsapi".into(), skipped, ..Page::default() };
        for article in answer.articles.items {
            match article.item() {
                Some(item) => page.items.push(item),
                None => page.skipped += 1,
            }
        }
        Ok(page)
    }

    fn explain(&self, _status: u16, body: &[u8]) -> Option<String> {
        json::from_slice::<Answer>(body).ok()?.error(&self.key)
    }

    fn quota(&self) -> Quota {
        Quota { account: account("newsapi", &self.key), windows: WINDOWS.to_vec() }
    }
}

/// Articles, or an error. <https://newsapi.org/docs/errors>
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    #[serde(deserialize_with = "json::text")]
    status: Option<String>,
    #[serde(deserialize_with = "json::text")]
    code: Option<String>,
    #[serde(deserialize_with = "json::text")]
    message: Option<String>,
    articles: json::List<Article>,
}

impl Answer {
    /// The code, the first sentence of what the service says, and what to do about it.
    fn error(&self, key: &Secret) -> Option<String> {
        let message = self.message.as_deref().unwrap_or_default();
        let message = message.split(". ").next().unwrap_or_default();
        let mut parts = Vec::new();
        parts.extend(self.code.as_deref().map(|code| said(code, key)));
        parts.push(said(message, key));
        parts.retain(|part| !part.is_empty());
        if parts.is_empty() {
            return None;
        }
        let remedy = match self.code.as_deref().unwrap_or_default() {
            "apiKeyMissing" => "; this source needs a `key`",
            "apiKeyInvalid" | "apiKeyDisabled" => "; check the `key` of this source",
            "apiKeyExhausted" | "rateLimited" => "; the key's quota is used up",
            "parametersMissing" => {
                "; give `query` or `sources`, or for the headlines `country` or `category`"
            }
            "sourcesTooMany" => "; split `sources` into several [[source]] entries",
            "maximumResultsReached" => "; ask for fewer with `page_size`",
            _ => "",
        };
        Some(parts.join(": ") + remedy)
    }
}

/// One article; most fields may be null or empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Article {
    #[serde(deserialize_with = "json::object")]
    source: Option<Publisher>,
    #[serde(deserialize_with = "json::text")]
    author: Option<String>,
    #[serde(deserialize_with = "json::text")]
    title: Option<String>,
    #[serde(deserialize_with = "json::text")]
    description: Option<String>,
    #[serde(deserialize_with = "json::text")]
    url: Option<String>,
    #[serde(deserialize_with = "json::text")]
    url_to_image: Option<String>,
    #[serde(deserialize_with = "json::text")]
    published_at: Option<String>,
    #[serde(deserialize_with = "json::text")]
    content: Option<String>,
}

/// Who published an article.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Publisher {
    #[serde(deserialize_with = "json::text")]
    name: Option<String>,
}

/// What stands in every field of an article that was withdrawn.
const REMOVED: &str = "[Removed]";

impl Article {
    /// `None` for what was withdrawn, and for what has neither a title nor a summary.
    fn item(&self) -> Option<Item> {
        let title = from_plain(self.title.as_deref().unwrap_or_default(), MAX_TITLE);
        let url = self.url.as_deref().and_then(|url| link(url, None));
        if &*title == REMOVED || url.as_deref().is_some_and(is_removed) {
            return None;
        }
        let summary = self.summary();
        if title.is_empty() && summary.is_none() {
            return None;
        }
        let publisher = self.source.as_ref().and_then(|source| source.name.as_deref());
        let publisher = publisher.map(|name| from_plain(name, MAX_TITLE)).filter(|n| !n.is_empty());
        let mut item = Item {
            id: url.clone().or_else(|| Some(title.clone()).filter(|title| !title.is_empty()))?,
            title,
            url,
            published: self.published_at.as_deref().and_then(parse_date),
            authors: authors(self.author.as_deref().unwrap_or_default(), publisher.as_deref()),
            summary,
            // The one place an item has for who published it.
            tags: publisher.into_iter().collect(),
            ..Item::default()
        };
        if let Some(image) = self.url_to_image.as_deref().and_then(|url| link(url, None)) {
            item.extra().image = Some(image);
        }
        Some(item)
    }

    /// The description, or the first words of the content without `[+1234 chars]`.
    fn summary(&self) -> Option<Text> {
        let content = self.content.as_deref().map(|content| match content.rfind("[+") {
            Some(at) if content.ends_with("chars]") => &content[..at],
            _ => content,
        });
        let texts = [self.description.as_deref(), content].into_iter().flatten();
        texts.map(|text| from_html(text, MAX_SUMMARY)).find(|text| !text.is_empty())
    }
}

fn is_removed(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.host_str() == Some("removed.com"))
}

/// The people in `Jane Doe, John Roe`, which may also hold addresses, the publisher, or the same
/// name twice.
fn authors(told: &str, publisher: Option<&str>) -> Vec<Text> {
    let mut authors: Vec<Text> = Vec::new();
    for part in told.split([',', ';']) {
        let Some(name) = person(part) else { continue };
        let is_publisher = publisher.is_some_and(|publisher| publisher.eq_ignore_ascii_case(&name));
        if !is_publisher && !authors.contains(&name) && authors.len() < MAX_LIST {
            authors.push(name);
        }
    }
    authors
}

/// A name, also the one in `jane@paper.example (Jane Doe)`; no URL, no address, no markup.
fn person(part: &str) -> Option<Text> {
    let is_address = |text: &str| text.contains('@') && text.contains('.');
    let part = match part.split_once('(') {
        Some((address, name)) if is_address(address) => name.trim_end().trim_end_matches(')'),
        _ => part,
    };
    let odd = part.contains("://") || part.contains(['{', '[', '<']) || is_address(part);
    let name = from_plain(part, MAX_TITLE);
    (!odd && !name.is_empty()).then_some(name)
}
