//! Any RSS, Atom or JSON feed: the format is found out, never asked.

use crate::failure::Failure;
use crate::format;
use crate::http::{Document, Request, Url};
use crate::source::known::known_host;
use crate::source::{Page, Quota, Source, unreadable};

/// What this source reads, best first. Some servers answer 406 to a request without `*/*`.
const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, \
    application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1";

/// What to do about JSON that is no feed.
const OTHER_JSON: &str = "; a [[source]] of `kind = \"json\"` reads it by pointers";

/// A feed at a URL.
#[derive(Clone, Debug)]
pub struct FeedSource {
    /// Where it is. `None` for a file or stdin, which are read, not asked for.
    pub url: Option<Url>,
    /// Asked in order when the one before fails.
    pub fallback: Vec<Url>,
}

impl FeedSource {
    fn request(url: &Url) -> Request {
        Request::get(url.clone()).with("accept", ACCEPT, false)
    }
}

impl Source for FeedSource {
    fn kind(&self) -> &'static str {
        "feed"
    }

    fn plan(&self) -> Vec<Request> {
        self.url.iter().map(FeedSource::request).collect()
    }

    fn read(&self, request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        let feed = format::read(document).map_err(|cause| {
            // What is asked for can be asked for as what it is.
            let other = self.url.is_some() && cause.starts_with("JSON, but");
            let remedy = if other { OTHER_JSON } else { "" };
            unreadable(request.conceal(&cause) + remedy)
        })?;
        Ok(feed.into())
    }

    fn quota(&self) -> Quota {
        known_quota(self.url.as_ref())
    }

    /// The URL after the one that failed.
    fn fallback(&self, request: &Request) -> Option<Request> {
        next_after(self.url.as_ref(), &self.fallback, &request.url).map(FeedSource::request)
    }
}

/// Some hosts limit everybody who asks without a key.
pub(super) fn known_quota(url: Option<&Url>) -> Quota {
    let known = url.and_then(|url| known_host(url.host_str()?));
    known.map_or_else(Quota::default, |(account, windows)| Quota {
        account: account.into(),
        windows: windows.to_vec(),
    })
}

/// The URL after the one that failed.
pub(super) fn next_after<'a>(
    first: Option<&'a Url>,
    fallback: &'a [Url],
    failed: &Url,
) -> Option<&'a Url> {
    let all = || first.into_iter().chain(fallback);
    // A URL that is written twice would otherwise be asked for ever.
    let once = |url: &&Url| {
        let known = all().find(|known| known == url);
        known.is_some_and(|known| std::ptr::eq(known, *url))
    };
    let mut rest = all().skip_while(|url| *url != failed).skip(1);
    rest.find(|url| once(url) && *url != failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn it_asks_for_its_url_as_the_user_wrote_it() {
        let source = FeedSource { url: Some(url("http://127.0.0.1/a")), fallback: Vec::new() };
        let plan = source.plan();
        assert_eq!(plan.len(), 1);
        assert!(plan[0].local_ok);
        assert!(plan[0].headers.iter().any(|h| h.name == "accept" && h.value.contains("*/*")));
    }

    #[test]
    fn fallbacks_are_asked_in_order_and_each_once() {
        let (a, b, c) = (url("http://a/"), url("http://b/"), url("http://c/"));
        let source = FeedSource {
            url: Some(a.clone()),
            fallback: vec![b.clone(), a.clone(), b.clone(), c.clone()],
        };
        let mut request = source.plan().remove(0);
        let mut asked = vec![request.url.clone()];
        while let Some(next) = source.fallback(&request) {
            asked.push(next.url.clone());
            request = next;
            assert!(asked.len() < 10);
        }
        assert_eq!(asked, [a, b, c]);
    }

    #[test]
    fn an_api_that_was_taken_for_a_feed_is_told_how_it_is_read() {
        let at = || url("http://a/");
        let said = |url: Option<Url>, body: &str| {
            let request = FeedSource::request(&at());
            let document = Document { url: None, content_type: None, body: body.as_bytes() };
            let read = FeedSource { url, fallback: Vec::new() }.read(&request, &document);
            read.expect_err("no feed").to_string()
        };
        let asked = || Some(at());
        for body in ["[]", "{\"a\": 1}"] {
            assert!(said(asked(), body).contains("kind = \"json\""), "{}", said(asked(), body));
            assert!(!said(None, body).contains("kind"), "nobody points into a file");
        }
        assert!(!said(asked(), "hello").contains("kind"));
    }

    #[test]
    fn a_file_is_not_asked_for() {
        assert!(FeedSource { url: None, fallback: Vec::new() }.plan().is_empty());
    }
}
