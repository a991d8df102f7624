//! Any RSS, Atom or JSON feed: the format is found out, never asked.

use crate::http::Url;

/// A feed at a URL.
#[derive(Clone, Debug)]
pub struct FeedSource {
    /// Where it is. `None` for a file or stdin, which are read, not asked for.
    pub url: Option<Url>,
    /// Asked in order when the one before fails.
    pub fallback: Vec<Url>,
}

impl crate::source::Source for FeedSource {
    fn kind(&self) -> &'static str {
        "feed"
    }

    fn plan(&self) -> Vec<crate::http::Request> {
        self.url.clone().map(crate::http::Request::get).into_iter().collect()
    }

    fn read(
        &self,
        _request: &crate::http::Request,
        _document: &crate::http::Document<'_>,
    ) -> Result<crate::source::Page, crate::failure::Failure> {
        Err(crate::source::unreadable("wip"))
    }
}
