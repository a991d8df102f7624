//! NewsAPI's top headlines. <https://newsapi.org/docs/endpoints/top-headlines>

use crate::http::{Secret, Url};

/// Where the service is.
pub const BASE_URL: &str = "https://newsapi.org";

/// One selection of top headlines.
#[derive(Clone, Debug)]
pub struct NewsApi {
    /// [`BASE_URL`], a mirror, or a test server.
    pub base_url: Url,
    /// The API key; sent as a header.
    pub key: Secret,
    /// Two-letter ISO 3166-1 code: `us`. The service refuses it together with `sources`.
    pub country: Option<String>,
    /// `business`, `entertainment`, `general`, `health`, `science`, `sports`, `technology`.
    pub category: Option<String>,
    /// Search terms.
    pub query: Option<String>,
    /// Source ids. The service refuses them together with `country` and `category`.
    pub sources: Vec<String>,
    /// Two-letter ISO 639-1 code; only used by searches.
    pub language: Option<String>,
    /// How many articles to ask for, 1 to 100.
    pub page_size: Option<u32>,
}

impl crate::source::Source for NewsApi {
    fn kind(&self) -> &'static str {
        "newsapi"
    }

    fn plan(&self) -> Vec<crate::http::Request> {
        vec![crate::http::Request::get(self.base_url.clone())]
    }

    fn read(
        &self,
        _request: &crate::http::Request,
        _document: &crate::http::Document<'_>,
    ) -> Result<crate::source::Page, crate::failure::Failure> {
        Err(crate::source::unreadable("wip"))
    }
}
