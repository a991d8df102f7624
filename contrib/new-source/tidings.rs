//! Tidings, a service that does not exist. <https://tidings.example/api>

use std::time::Duration;

use serde::Deserialize;

use crate::failure::{Failure, Stage};
use crate::http::{Document, Request, Secret, Url};
use crate::item::{Item, MAX_SUMMARY, MAX_TITLE};
use crate::json;
use crate::source::{Page, Quota, Source, Window, account, endpoint, not_json, said, unreadable};
use crate::text::{from_html, from_plain, link};
use crate::time::parse_date;

/// Where the service is.
pub const BASE_URL: &str = "https://api.tidings.example";

/// What a key allows. <https://tidings.example/api#limits>
pub const WINDOWS: [Window; 1] = [Window { count: 60, per: Duration::from_secs(3_600) }];

/// The latest tidings on a topic.
#[derive(Clone, Debug)]
pub struct Tidings {
    /// [`BASE_URL`], a mirror, or a test server.
    pub base_url: Url,
    /// The API key; sent as a header.
    pub key: Secret,
    /// `rivers`.
    pub topic: String,
}

impl Source for Tidings {
    fn kind(&self) -> &'static str {
        "tidings"
    }

    fn plan(&self) -> Vec<Request> {
        let mut url = endpoint(&self.base_url, "v1/latest");
        url.query_pairs_mut().append_pair("topic", &self.topic);
        vec![Request::get(url).with("x-key", &self.key.0, true)]
    }

    fn read(&self, _request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        let answer: Answer = json::from_slice(document.body).map_err(not_json)?;
        if let Some(reason) = &answer.reason {
            return Err(Failure::new(Stage::Service, said(reason, &self.key)));
        }
        if !answer.tidings.is_array {
            return Err(unreadable("no answer of Tidings: `tidings` is missing"));
        }
        let skipped = answer.tidings.skipped;
        let mut page = Page { format: "tidings".into(), skipped, ..Page::default() };
        for tiding in answer.tidings.items {
            match tiding.item(document.url) {
                Some(item) => page.items.push(item),
                None => page.skipped += 1,
            }
        }
        Ok(page)
    }

    fn explain(&self, status: u16, body: &[u8]) -> Option<String> {
        let answer = json::from_slice::<Answer>(body).ok()?;
        let reason = said(&answer.reason?, &self.key);
        let remedy = if status == 401 { "; check the `key` of this source" } else { "" };
        Some(format!("{reason}{remedy}"))
    }

    fn quota(&self) -> Quota {
        Quota { account: account("tidings", &self.key), windows: WINDOWS.to_vec() }
    }
}

/// Tidings, or why there are none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    #[serde(deserialize_with = "json::text")]
    reason: Option<String>,
    tidings: json::List<Tiding>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tiding {
    #[serde(deserialize_with = "json::text")]
    no: Option<String>,
    #[serde(deserialize_with = "json::text")]
    headline: Option<String>,
    #[serde(deserialize_with = "json::text")]
    page: Option<String>,
    #[serde(deserialize_with = "json::text")]
    told_at: Option<String>,
    #[serde(deserialize_with = "json::text")]
    teller: Option<String>,
    #[serde(deserialize_with = "json::text")]
    html: Option<String>,
    #[serde(deserialize_with = "json::boolean")]
    withdrawn: Option<bool>,
}

impl Tiding {
    /// `None` for what was withdrawn, or has no number.
    fn item(&self, base: Option<&Url>) -> Option<Item> {
        if self.withdrawn == Some(true) {
            return None;
        }
        let summary = self.html.as_deref().map(|html| from_html(html, MAX_SUMMARY));
        let teller = self.teller.as_deref().map(|name| from_plain(name, MAX_TITLE));
        Some(Item {
            id: from_plain(self.no.as_deref()?, MAX_TITLE),
            title: from_plain(self.headline.as_deref()?, MAX_TITLE),
            url: self.page.as_deref().and_then(|page| link(page, base)),
            published: self.told_at.as_deref().and_then(parse_date),
            authors: teller.into_iter().filter(|name| !name.is_empty()).collect(),
            summary: summary.filter(|text| !text.is_empty()),
            ..Item::default()
        })
    }
}
