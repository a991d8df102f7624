//! The Guardian's content API. <https://open-platform.theguardian.com/documentation/>

use std::time::Duration;

use serde::Deserialize;

use crate::failure::{Failure, Stage};
use crate::http::{Document, Request, Secret, Url};
use crate::item::{Item, MAX_LIST, MAX_SUMMARY, MAX_TITLE, Text};
use crate::json;
use crate::source::{Page, Quota, Source, Window, account, endpoint, said, unreadable};
use crate::text::{from_html, from_plain, link};
use crate::time::parse_date;

/// Where the service is.
pub const BASE_URL: &str = "https://content.guardianapis.com";

/// What a developer key allows. <https://open-platform.theguardian.com/access/>
pub const WINDOWS: [Window; 2] = [
    Window { count: 1, per: Duration::from_secs(1) },
    Window { count: 500, per: Duration::from_secs(24 * 60 * 60) },
];

/// One search of the Guardian's content.
#[derive(Clone, Debug)]
pub struct Guardian {
    /// [`BASE_URL`], a mirror, or a test server.
    pub base_url: Url,
    /// The API key; sent as a header.
    pub key: Secret,
    /// Section id: `technology`.
    pub section: Option<String>,
    /// Search terms.
    pub query: Option<String>,
    /// Tag id: `technology/apple`.
    pub tag: Option<String>,
    /// How many results to ask for, 1 to 50 by the service's rules (200 with some keys).
    pub page_size: Option<u32>,
}

impl Source for Guardian {
    fn kind(&self) -> &'static str {
        "guardian"
    }

    fn plan(&self) -> Vec<Request> {
        let mut url = endpoint(&self.base_url, "search");
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("order-by", "newest");
        pairs.append_pair("show-fields", "trailText,byline,thumbnail,lastModified");
        pairs.append_pair("show-tags", "contributor");
        let told = [("section", &self.section), ("tag", &self.tag), ("q", &self.query)];
        for (name, value) in told {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
        if let Some(size) = self.page_size {
            pairs.append_pair("page-size", &size.to_string());
        }
        drop(pairs);
        vec![Request::get(url).with("api-key", &self.key.0, true)]
    }

    fn read(&self, _request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        let envelope: Envelope = json::from_slice(document.body).map_err(unreadable)?;
        let Some(response) = envelope.response else {
            if let Some(message) = &envelope.message {
                return Err(Failure::new(Stage::Service, said(message, &self.key)));
            }
            let content: Content = json::from_slice(document.body).map_err(unreadable)?;
            return content.alone();
        };
        if response.status.as_deref() == Some("error") {
            let message = response.message.as_deref().unwrap_or("an error without a message");
            return Err(Failure::new(Stage::Service, said(message, &self.key)));
        }
        Ok(response.page())
    }

    fn explain(&self, status: u16, body: &[u8]) -> Option<String> {
        let envelope: Envelope = json::from_slice(body).ok()?;
        // The API itself answers within `response`, the gateway that checks keys does not.
        let inner = envelope.response.and_then(|response| response.message);
        let message = said(&inner.or(envelope.message)?, &self.key);
        let remedy = match status {
            401 | 403 if self.key.0.is_empty() => "; this source needs a `key`",
            401 | 403 => "; check the `key` of this source",
            429 => "; the key's quota is used up",
            _ => "",
        };
        Some(format!("{message}{remedy}"))
    }

    fn quota(&self) -> Quota {
        Quota { account: account("guardian", &self.key), windows: WINDOWS.to_vec() }
    }
}

/// What every answer of the API is wrapped in; the gateway before it says only `message`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Envelope {
    #[serde(deserialize_with = "json::object")]
    response: Option<Response>,
    #[serde(deserialize_with = "json::text")]
    message: Option<String>,
}

/// The answer of a search, a section, a tag, or a single item.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response {
    #[serde(deserialize_with = "json::text")]
    status: Option<String>,
    #[serde(deserialize_with = "json::text")]
    message: Option<String>,
    results: json::List<Content>,
    #[serde(deserialize_with = "json::object")]
    content: Option<Content>,
    #[serde(rename = "leadContent")]
    lead_content: json::List<Content>,
    #[serde(rename = "editorsPicks")]
    editors_picks: json::List<Content>,
    #[serde(rename = "mostViewed")]
    most_viewed: json::List<Content>,
}

/// Content, and also tags, sections and editions, which share its first fields.
/// <https://open-platform.theguardian.com/documentation/item>
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Content {
    #[serde(deserialize_with = "json::text")]
    id: Option<String>,
    #[serde(deserialize_with = "json::text")]
    web_title: Option<String>,
    #[serde(deserialize_with = "json::text")]
    web_url: Option<String>,
    #[serde(deserialize_with = "json::text")]
    web_publication_date: Option<String>,
    #[serde(deserialize_with = "json::text")]
    section_name: Option<String>,
    #[serde(deserialize_with = "json::object")]
    fields: Option<Fields>,
    tags: json::List<Tag>,
}

/// What `show-fields` adds.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Fields {
    #[serde(deserialize_with = "json::text")]
    headline: Option<String>,
    #[serde(deserialize_with = "json::text")]
    trail_text: Option<String>,
    #[serde(deserialize_with = "json::text")]
    byline: Option<String>,
    #[serde(deserialize_with = "json::text")]
    thumbnail: Option<String>,
    #[serde(deserialize_with = "json::text")]
    last_modified: Option<String>,
}

/// What `show-tags` adds.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Tag {
    #[serde(rename = "type", deserialize_with = "json::text")]
    kind: Option<String>,
    #[serde(deserialize_with = "json::text")]
    web_title: Option<String>,
}

impl Response {
    /// The results; without any, the single item; without that, what a front page shows.
    fn page(self) -> Page {
        let chosen = match self.content {
            _ if self.results.is_array => self.results,
            Some(content) => json::List { items: vec![content], ..json::List::default() },
            None => [self.lead_content, self.editors_picks, self.most_viewed]
                .into_iter()
                .find(|list| !list.items.is_empty())
                .unwrap_or_default(),
        };
        let mut page = Page { skipped: chosen.skipped, ..empty_page() };
        for content in chosen.items {
            match content.item() {
                Some(item) => page.items.push(item),
                None => page.skipped += 1,
            }
        }
        page
    }
}

fn empty_page() -> Page {
    Page { format: "guardian".into(), ..Page::default() }
}

impl Content {
    /// The page of a piece of content that somebody took out of its envelope.
    fn alone(&self) -> Result<Page, Failure> {
        match self.item() {
            Some(item) => Ok(Page { items: vec![item], ..empty_page() }),
            None if self.id.is_some() => Ok(Page { skipped: 1, ..empty_page() }),
            None => Err(unreadable("no answer of the Guardian: `response` is missing")),
        }
    }

    /// `None` without a title: packages, atoms, entities.
    fn item(&self) -> Option<Item> {
        let fields = self.fields.as_ref();
        let title = plain(&self.web_title).or_else(|| html(&fields?.headline, MAX_TITLE))?;
        let url = self.web_url.as_deref().and_then(|url| link(url, None));
        let mut item = Item {
            id: plain(&self.id).or_else(|| url.clone()).unwrap_or_else(|| title.clone()),
            title,
            url,
            published: self.web_publication_date.as_deref().and_then(parse_date),
            updated: fields.and_then(|fields| parse_date(fields.last_modified.as_deref()?)),
            authors: self.authors(),
            summary: fields.and_then(|fields| html(&fields.trail_text, MAX_SUMMARY)),
            tags: self.subjects(),
            ..Item::default()
        };
        if let Some(image) = fields.and_then(|fields| link(fields.thumbnail.as_deref()?, None)) {
            item.extra().image = Some(image);
        }
        Some(item)
    }

    /// The tags name people one by one; the byline is prose: `Jane Doe in Paris and John Roe`.
    fn authors(&self) -> Vec<Text> {
        let people = self.tagged("contributor");
        match self.fields.as_ref().and_then(|fields| html(&fields.byline, MAX_TITLE)) {
            Some(byline) if people.is_empty() => vec![byline],
            _ => people,
        }
    }

    fn subjects(&self) -> Vec<Text> {
        let mut subjects: Vec<Text> = plain(&self.section_name).into_iter().collect();
        subjects.extend(self.tagged("keyword"));
        subjects.truncate(MAX_LIST);
        subjects
    }

    fn tagged(&self, kind: &str) -> Vec<Text> {
        let tags = self.tags.items.iter().filter(|tag| tag.kind.as_deref() == Some(kind));
        tags.filter_map(|tag| plain(&tag.web_title)).take(MAX_LIST).collect()
    }
}

fn plain(text: &Option<String>) -> Option<Text> {
    text.as_deref().map(|text| from_plain(text, MAX_TITLE)).filter(|text| !text.is_empty())
}

fn html(text: &Option<String>, max: usize) -> Option<Text> {
    text.as_deref().map(|text| from_html(text, max)).filter(|text| !text.is_empty())
}
