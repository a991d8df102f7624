//! The Guardian's content API. <https://open-platform.theguardian.com/documentation/>

use crate::http::{Secret, Url};

/// Where the service is.
pub const BASE_URL: &str = "https://content.guardianapis.com";

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

impl crate::source::Source for Guardian {
    fn kind(&self) -> &'static str {
        "guardian"
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
