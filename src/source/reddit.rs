//! A subreddit: its feed, or the API for who has a client id and secret.
//! <https://www.reddit.com/dev/api>, <https://github.com/reddit-archive/reddit/wiki/OAuth2>

use std::time::Duration;

use crate::failure::{Failure, Stage};
use crate::http::{Document, Request, Secret, Url};
use crate::item::Text;
use crate::json;
use crate::source::grant::Grant;
use crate::source::known::known_host;
use crate::source::{Page, Quota, Source, Window, account, endpoint, said};
use crate::text::link;

mod feed;
mod posts;

use posts::Thing;

/// Where the feeds are, where tokens are given, and where the links of the API lead.
pub const BASE_URL: &str = "https://www.reddit.com";

/// Where the API is for who has a token.
pub const API_URL: &str = "https://oauth.reddit.com";

/// What the API allows a client id
/// (<https://support.reddithelp.com/hc/en-us/articles/16160319875092-Reddit-Data-API-Wiki>).
pub const WINDOWS: [Window; 1] = [Window { count: 100, per: Duration::from_secs(60) }];

/// The most posts that one answer has room for.
pub const MAX_PAGE: usize = 100;

/// What to do about a client id or secret that Reddit does not accept.
const CHECK_KEYS: &str = "check `client_id` and `client_secret` of this source; \
    they are those of a «script» or «web app» at https://www.reddit.com/prefs/apps";

/// Why one subreddit is refused to us and others are not (`backoff` tells them apart by it).
const NOT_OPEN: &str = "is not open to everybody";

/// What to do where Reddit does not want to be asked without a key.
const GET_KEYS: &str = "; with `client_id` and `client_secret` (from \
    https://www.reddit.com/prefs/apps) it allows more";

/// One list of posts of one subreddit, or of several: `rust+programming`.
#[derive(Clone, Debug, Default)]
pub struct Reddit {
    /// A mirror or a test server, for feeds, API and tokens alike; else the service's own hosts.
    pub base_url: Option<Url>,
    /// Without `r/`; empty for a reader of what somebody else asked for.
    pub subreddit: String,
    /// Which posts.
    pub list: List,
    /// How many posts to ask for, at most [`MAX_PAGE`]; the service's own number is 25.
    pub limit: Option<usize>,
    /// With it the API is asked, without it the feed.
    pub app: Option<App>,
}

/// Who asks the API.
#[derive(Clone, Debug)]
pub struct App {
    /// Stands below the app's name at <https://www.reddit.com/prefs/apps>.
    pub client_id: Secret,
    /// What proves it.
    pub client_secret: Secret,
}

/// The lists of posts that a subreddit has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum List {
    /// What is talked about now.
    #[default]
    Hot,
    /// The newest.
    New,
    /// What is getting votes just now.
    Rising,
    /// The best of the last 24 hours.
    Top,
}

impl List {
    fn name(self) -> &'static str {
        match self {
            List::Hot => "hot",
            List::New => "new",
            List::Rising => "rising",
            List::Top => "top",
        }
    }
}

impl Source for Reddit {
    fn kind(&self) -> &'static str {
        "reddit"
    }

    fn plan(&self) -> Vec<Request> {
        let (sub, list) = (&self.subreddit, self.list.name());
        let (own, path) = match (&self.app, self.list) {
            (Some(_), _) => (API_URL, format!("r/{sub}/{list}")),
            (None, List::Hot) => (BASE_URL, format!("r/{sub}/.rss")),
            (None, _) => (BASE_URL, format!("r/{sub}/{list}/.rss")),
        };
        let Some(mut url) = self.address(own, &path) else { return Vec::new() };
        if let Some(limit) = self.limit {
            let limit = limit.clamp(1, MAX_PAGE).to_string();
            url.query_pairs_mut().append_pair("limit", &limit);
        }
        if self.app.is_some() {
            // Else `<`, `>` and `&` come escaped as in HTML.
            url.query_pairs_mut().append_pair("raw_json", "1");
        }
        vec![Request::get(url)]
    }

    fn read(&self, request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        // What there is no subreddit for is searched for, and what was found is something else.
        if document.url.is_some_and(|url| url.path().contains("/subreddits/search")) {
            return Err(Failure::new(Stage::Service, self.nowhere()));
        }
        match document.body.trim_ascii_start().first() {
            Some(b'{' | b'[') => posts::read(self, document.body),
            _ => feed::read(request, document),
        }
    }

    fn explain(&self, status: u16, body: &[u8]) -> Option<String> {
        let thing = json::from_slice::<Thing>(body).unwrap_or_default();
        let words = match (self.refusal(&thing), status) {
            (Some(words), _) => words,
            (None, 403) => "403, access is refused".into(),
            (None, 429) => "429, too many requests".into(),
            _ => return None,
        };
        Some(match (status, &self.app) {
            (401, Some(_)) => format!("{words}; {CHECK_KEYS}"),
            (403 | 429, None) if thing.reason.is_none() => format!("{words}{GET_KEYS}"),
            _ => words,
        })
    }

    fn grant(&self) -> Option<Grant> {
        let App { client_id, client_secret } = self.app.clone()?;
        let url = self.address(BASE_URL, "api/v1/access_token")?;
        Some(Grant { url, client_id, client_secret, remedy: CHECK_KEYS })
    }

    fn quota(&self) -> Quota {
        match &self.app {
            Some(app) => {
                let both = Secret(format!("{}\n{}", app.client_id.0, app.client_secret.0));
                Quota { account: account("reddit", &both), windows: WINDOWS.to_vec() }
            }
            None => {
                let plan = self.plan();
                let known = plan.first().and_then(|request| known_host(request.host()));
                known.map_or_else(Quota::default, |(account, windows)| Quota {
                    account: account.into(),
                    windows: windows.to_vec(),
                })
            }
        }
    }
}

impl Reddit {
    /// An address on the server that the config names, else on the service's `own`.
    fn address(&self, own: &str, path: &str) -> Option<Url> {
        match &self.base_url {
            Some(base) => Some(endpoint(base, path)),
            None => Some(endpoint(&Url::parse(own).ok()?, path)),
        }
    }

    /// What an answer says that is no list: `{"message", "error", "reason"}`.
    fn refusal(&self, thing: &Thing) -> Option<String> {
        let sub = self.name();
        match (thing.reason.as_deref(), thing.message.as_deref()) {
            (Some("banned"), _) => Some(format!("{sub} was closed by Reddit")),
            // `private`, `quarantined`, `gold_only`, ….
            (Some(reason), _) => Some(format!("{sub} {NOT_OPEN}: {}", self.said(reason))),
            (None, Some("Not Found")) => Some(self.nowhere()),
            (None, Some(message)) => Some(self.said(message)),
            (None, None) => None,
        }
    }

    fn nowhere(&self) -> String {
        format!("{} does not exist", self.name())
    }

    fn name(&self) -> String {
        match self.subreddit.as_str() {
            "" => "the subreddit".into(),
            name => format!("r/{name}"),
        }
    }

    fn said(&self, words: &str) -> String {
        let none = Secret(String::new());
        said(words, self.app.as_ref().map_or(&none, |app| &app.client_secret))
    }
}

/// A link of Reddit's, which may lead to another of its pages without naming it.
fn absolute(href: &str) -> Option<Text> {
    let home = Url::parse(BASE_URL).ok();
    link(href, home.as_ref())
}

/// Whether two addresses are the same page of Reddit, which has many names.
fn is_same(one: &str, other: &str) -> bool {
    let path = |text: &str| {
        let url = Url::parse(text).ok()?;
        let host = url.host_str()?;
        let ours = host == "reddit.com" || host.ends_with(".reddit.com");
        ours.then(|| url.path().trim_end_matches('/').to_ascii_lowercase())
    };
    path(one).is_some_and(|one| path(other).is_some_and(|other| one == other))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with_app() -> Reddit {
        let app =
            App { client_id: Secret("the-id".into()), client_secret: Secret("secret".into()) };
        Reddit { subreddit: "rust+smol".into(), app: Some(app), ..Reddit::default() }
    }

    fn url(source: &Reddit) -> String {
        let [request] = &source.plan()[..] else { panic!("{source:?}") };
        assert!(request.headers.is_empty(), "the token is the round's");
        request.url.to_string()
    }

    #[test]
    fn without_an_app_it_is_the_feed_that_is_asked_for() {
        let feed = |list, limit| {
            url(&Reddit { subreddit: "rust".into(), list, limit, ..Reddit::default() })
        };
        assert_eq!(feed(List::Hot, None), "https://www.reddit.com/r/rust/.rss");
        assert_eq!(feed(List::Top, None), "https://www.reddit.com/r/rust/top/.rss");
        assert_eq!(feed(List::New, Some(5)), "https://www.reddit.com/r/rust/new/.rss?limit=5");
        assert!(Reddit::default().grant().is_none());
    }

    #[test]
    fn with_an_app_it_is_the_api_and_a_token_comes_first() {
        let source = Reddit { limit: Some(MAX_PAGE + 1), list: List::Rising, ..with_app() };
        let api = "https://oauth.reddit.com/r/rust+smol/rising?limit=100&raw_json=1";
        assert_eq!(url(&source), api);
        let grant = source.grant().unwrap();
        assert_eq!(grant.url.as_str(), "https://www.reddit.com/api/v1/access_token");
        let base_url = Url::parse("http://127.0.0.1:8080/reddit/").ok();
        let there = Reddit { base_url, ..with_app() };
        assert_eq!(url(&there), "http://127.0.0.1:8080/reddit/r/rust+smol/hot?raw_json=1");
        let door = "http://127.0.0.1:8080/reddit/api/v1/access_token";
        assert_eq!(there.grant().unwrap().url.as_str(), door);
    }

    #[test]
    fn feeds_share_one_quota_and_an_app_has_its_own() {
        let feed = Reddit { subreddit: "rust".into(), ..Reddit::default() };
        assert_eq!(feed.quota().account, "reddit.com");
        assert_eq!(feed.quota().windows, super::super::known::REDDIT_FEEDS);
        let quota = with_app().quota();
        assert!(quota.account.starts_with("reddit:") && quota.windows == WINDOWS);
        let base_url = Url::parse("http://127.0.0.1/").ok();
        assert_eq!(Reddit { base_url, ..feed }.quota(), Quota::default());
    }

    #[test]
    fn who_asks_without_an_app_is_told_that_there_is_a_better_way() {
        let feed = Reddit { subreddit: "rust".into(), ..Reddit::default() };
        for (status, words) in [(403, "403, access is refused"), (429, "429, too many requests")] {
            let said = feed.explain(status, b"<html>whoa there, pardner!").unwrap();
            assert_eq!(said, format!("{words}{GET_KEYS}"));
        }
        let private = br#"{"reason": "private", "message": "Forbidden", "error": 403}"#;
        let words = format!("r/rust {NOT_OPEN}: private");
        assert_eq!(feed.explain(403, private), Some(words));
        assert_eq!(feed.explain(500, b"<html>"), None);
    }

    #[test]
    fn what_is_found_in_the_place_of_a_subreddit_is_none() {
        let url = Url::parse("https://oauth.reddit.com/subreddits/search?q=nosuch").ok();
        let body = br#"{"kind": "Listing", "data": {"children": []}}"#;
        let document = Document { url: url.as_ref(), content_type: None, body };
        let failure = with_app().read(&with_app().plan()[0], &document).unwrap_err();
        assert_eq!(failure.to_string(), "service: r/rust+smol does not exist");
    }

    #[test]
    fn a_page_of_reddit_is_the_same_under_all_its_names() {
        let page = "https://www.reddit.com/r/rust/comments/abc/a_title/";
        for same in [
            "http://reddit.com/r/rust/comments/abc/a_title",
            "https://old.reddit.com/r/Rust/comments/abc/a_title/?utm_source=x",
        ] {
            assert!(is_same(same, page), "{same}");
        }
        for other in [
            "https://www.reddit.com/r/rust/comments/abd/a_title/",
            "https://notreddit.com/r/rust/comments/abc/a_title/",
            "/r/rust/comments/abc/a_title/",
        ] {
            assert!(!is_same(other, page), "{other}");
        }
    }
}
