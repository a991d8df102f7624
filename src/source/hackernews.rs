//! Hacker News, through its Firebase API: a list of ids, then one request for each.
//!
//! <https://github.com/HackerNews/API>

use crate::http::Url;

/// Where the service is.
pub const BASE_URL: &str = "https://hacker-news.firebaseio.com";

/// One list of Hacker News.
#[derive(Clone, Debug)]
pub struct HackerNews {
    /// [`BASE_URL`], a mirror, or a test server.
    pub base_url: Url,
    /// Which list.
    pub list: List,
    /// How many of its stories to ask for.
    pub limit: usize,
}

/// The lists of <https://github.com/HackerNews/API#new-top-and-best-stories>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum List {
    #[default]
    Top,
    New,
    Best,
    Ask,
    Show,
    Job,
}

impl crate::source::Source for HackerNews {
    fn kind(&self) -> &'static str {
        "hackernews"
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
