//! GitHub: releases, tags, issues and events of a repository, searches, events of people and
//! organisations. <https://docs.github.com/en/rest>

use std::time::Duration;

use crate::failure::{Failure, Stage};
use crate::format;
use crate::http::{Document, Request, Secret, Url};
use crate::json::{self, Bring, Pointer, Slots};
use crate::source::known::{GITHUB_WITH_TOKEN, known_host};
use crate::source::{Page, Quota, Source, Window, account, endpoint, not_json, said, unreadable};

mod event;
mod markdown;
mod thing;

use thing::Thing;

/// Where the service is.
pub const BASE_URL: &str = "https://api.github.com";

/// Where its pages are.
const WEB: &str = "https://github.com";

/// <https://docs.github.com/en/rest/about-the-rest-api/api-versions>
const VERSION: &str = "2022-11-28";

/// Searches without a token, beside all else that is asked.
/// <https://docs.github.com/en/rest/search/search#rate-limit>
pub const SEARCH: [Window; 1] = [Window { count: 10, per: Duration::from_secs(60) }];

/// Searches with a token (the same page).
pub const SEARCH_WITH_TOKEN: [Window; 1] = [Window { count: 30, per: Duration::from_secs(60) }];

/// The most entries in one answer.
const MAX_PAGE: usize = 100;

/// One question to GitHub.
#[derive(Clone, Debug)]
pub struct GitHub {
    /// [`BASE_URL`], `https://HOST/api/v3` of a server of one's own, a mirror, or a test server.
    pub base_url: Url,
    /// May be empty: it is asked without.
    pub token: Secret,
    /// What is asked for.
    pub what: What,
    /// How many entries to ask for; the service's own 30 without it.
    pub limit: Option<usize>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Releases of `OWNER/NAME`.
    Releases(String),
    /// Tags of `OWNER/NAME`: a feed of the site, for the API tells no dates.
    Tags(String),
    /// Issues and pull requests of `OWNER/NAME`, the newest first.
    Issues(String),
    /// What happens in `OWNER/NAME`.
    Events(String),
    /// What somebody does in public.
    UserEvents(String),
    /// What happens in an organisation in public.
    OrgEvents(String),
    /// Repositories that a search finds, the last updated first.
    Repositories(String),
    /// Issues and pull requests that a search finds, the newest first.
    FoundIssues(String),
}

impl Source for GitHub {
    fn kind(&self) -> &'static str {
        "github"
    }

    fn plan(&self) -> Vec<Request> {
        let (path, query) = match &self.what {
            What::Tags(repo) => {
                let url = endpoint(&self.web(), &format!("{repo}/tags.atom"));
                return vec![Request::get(url).with("accept", "application/atom+xml", false)];
            }
            What::Releases(repo) => (format!("repos/{repo}/releases"), [("", ""); 3]),
            What::Issues(repo) => {
                let newest = [("state", "all"), ("sort", "created"), ("direction", "desc")];
                (format!("repos/{repo}/issues"), newest)
            }
            What::Events(repo) => (format!("repos/{repo}/events"), [("", ""); 3]),
            What::UserEvents(user) => (format!("users/{user}/events/public"), [("", ""); 3]),
            What::OrgEvents(org) => (format!("orgs/{org}/events"), [("", ""); 3]),
            What::Repositories(words) => (
                "search/repositories".into(),
                [("q", words.as_str()), ("sort", "updated"), ("order", "desc")],
            ),
            What::FoundIssues(words) => (
                "search/issues".into(),
                [("q", words.as_str()), ("sort", "created"), ("order", "desc")],
            ),
        };
        let mut url = endpoint(&self.base_url, &path);
        let size = self.limit.map(|limit| limit.clamp(1, MAX_PAGE).to_string());
        let size = ("per_page", size.as_deref().unwrap_or_default());
        for (name, value) in query.into_iter().chain([size]) {
            if !value.is_empty() {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        let request = Request::get(url).with("accept", "application/vnd.github+json", false).with(
            "x-github-api-version",
            VERSION,
            false,
        );
        vec![match self.token.0.as_str() {
            "" => request,
            token => request.with("authorization", &format!("Bearer {token}"), true),
        }]
    }

    fn read(&self, request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        let text = String::from_utf8_lossy(document.body);
        let start = text.trim_start_matches('\u{feff}').trim_start();
        if start.starts_with('<') {
            let feed =
                format::read(document).map_err(|cause| unreadable(request.conceal(&cause)))?;
            return Ok(Page::from(feed));
        }
        let things = Thing::slots();
        let web = self.web();
        let take = |found: &json::Found| Thing::new(found, &web).item();
        let list = match start.starts_with('[') {
            true => Pointer::default(),
            false => match self.alone(start)? {
                Alone::Search(list) => list,
                Alone::Page(page) => return Ok(page),
            },
        };
        let read = json::each(document.body, &list, &things, &take);
        let (items, skipped) = read.map_err(not_json)?;
        Ok(Page { items, skipped, ..empty_page() })
    }

    fn explain(&self, status: u16, body: &[u8]) -> Option<String> {
        let found = envelope(&String::from_utf8_lossy(body)).ok()?;
        let message = found[MESSAGE].first()?;
        let message = said(message.split(". ").next().unwrap_or_default(), &self.token);
        let remedy = match status {
            401 => "; check the `token` of this source",
            403 | 429 if self.token.0.is_empty() && message.contains("rate limit") => {
                "; a `token` has a limit of its own"
            }
            404 if self.token.0.is_empty() => "; what is private needs a `token`",
            _ => "",
        };
        let detail = found[DETAIL].first().map(|detail| said(detail, &self.token));
        let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
        Some(format!("{message}{detail}{remedy}"))
    }

    fn quota(&self) -> Quota {
        let search = matches!(self.what, What::Repositories(_) | What::FoundIssues(_));
        let known = self.base_url.host_str().and_then(known_host);
        let (account, windows): (String, &[Window]) = match (self.token.0.is_empty(), search) {
            _ if matches!(self.what, What::Tags(_)) => return Quota::default(),
            (false, false) => (account("github", &self.token), &GITHUB_WITH_TOKEN),
            (false, true) => (account("github-search", &self.token), &SEARCH_WITH_TOKEN),
            (true, false) => match known {
                Some((account, windows)) => (account.into(), windows),
                // A server of one's own has no limits unless somebody sets them.
                None => return Quota::default(),
            },
            (true, true) => match known {
                Some((account, _)) => (format!("{account}/search"), &SEARCH),
                None => return Quota::default(),
            },
        };
        Quota { account, windows: windows.to_vec() }
    }
}

/// An answer that is no array.
enum Alone {
    /// Of a search: where its list is.
    Search(Pointer),
    /// One thing.
    Page(Page),
}

/// Where the message is in what [`envelope`] finds, and what tells it from a thing.
const MESSAGE: usize = 0;
const DOCUMENTATION: usize = 1;
const ITEMS: usize = 2;
const RATE: usize = 3;
const DETAIL: usize = 4;

/// What an answer says of itself. <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>
fn envelope(text: &str) -> Result<json::Found, String> {
    let mut slots = Slots::default();
    for (place, bring) in [
        ("/message", Bring::Value),
        ("/documentation_url", Bring::Value),
        ("/items", Bring::Flag),
        ("/rate", Bring::Flag),
        ("/errors/*/message", Bring::Value),
    ] {
        slots.add(Pointer::parse(place).unwrap_or_default(), bring);
    }
    json::one(text, &slots)
}

impl GitHub {
    fn alone(&self, text: &str) -> Result<Alone, Failure> {
        let found = envelope(text).map_err(not_json)?;
        if !found[ITEMS].is_empty() {
            return Ok(Alone::Search(Pointer::parse("/items").unwrap_or_default()));
        }
        if let ([message], [_]) = (&found[MESSAGE][..], &found[DOCUMENTATION][..]) {
            return Err(Failure::new(Stage::Service, said(message, &self.token)));
        }
        let parts = json::one(text, &Thing::slots()).map_err(not_json)?;
        let web = self.web();
        let thing = Thing::new(&parts, &web);
        match thing.item() {
            Some(item) => Ok(Alone::Page(Page { items: vec![item], ..empty_page() })),
            None if thing.is_known() => Ok(Alone::Page(Page { skipped: 1, ..empty_page() })),
            None if !found[RATE].is_empty() => Ok(Alone::Page(empty_page())),
            None => Err(unreadable("no answer of GitHub: neither a list nor a thing it has")),
        }
    }

    /// Where the pages are: a server of one's own has its API beneath `/api/v3`.
    fn web(&self) -> Url {
        if self.base_url.host_str() == Some("api.github.com") {
            if let Ok(web) = Url::parse(WEB) {
                return web;
            }
        }
        let mut web = self.base_url.clone();
        let path = web.path().trim_end_matches('/');
        let path = path.strip_suffix("/api/v3").unwrap_or(path).to_owned();
        web.set_path(&path);
        web
    }
}

fn empty_page() -> Page {
    Page { format: "github".into(), ..Page::default() }
}
