//! Where answers lead, how far, and what must not come along.

use std::collections::HashSet;

use super::cookies::Jar;
use crate::failure::{Failure, Stage};
use crate::http::{Header, Request, Url, Validators, place};
use crate::time::Timestamp;
use crate::wire::basic;

/// Redirects followed for one request; browsers allow 20, publishers need two or three.
const MAX_REDIRECTS: usize = 5;

/// One request and the redirects so far.
pub(super) struct Chain<'a> {
    request: &'a Request,
    /// The URL's own credentials, sent as a header field and to its origin only.
    authorization: Option<String>,
    url: Url,
    /// The URLs asked, each with the names of the cookies that it got.
    seen: HashSet<(Url, String)>,
    jar: Jar,
    hops: usize,
    permanent: bool,
    /// The first connection led into somebody's own network.
    began_local: bool,
}

/// What to do with an answer.
pub(super) enum Hop {
    /// Read it.
    Stay,
    /// Ask again, where it says.
    Follow { same_origin: bool },
}

impl<'a> Chain<'a> {
    pub(super) fn new(request: &'a Request) -> Result<Chain<'a>, Failure> {
        let mut url = request.url.clone();
        let authorization = basic(&url);
        strip(&mut url);
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            let cause = format!("{} is neither http nor https", shown(&url));
            return Err(Failure::new(Stage::Protocol, cause));
        }
        let mut chain = Chain {
            request,
            authorization,
            url,
            seen: HashSet::new(),
            jar: Jar::default(),
            hops: 0,
            permanent: true,
            began_local: false,
        };
        chain.seen.insert((bare(&chain.url), String::new()));
        Ok(chain)
    }

    /// Takes in the head of an answer.
    pub(super) fn next(
        &mut self,
        status: u16,
        location: Option<&str>,
        began_local: bool,
    ) -> Result<Hop, Failure> {
        let (301 | 302 | 303 | 307 | 308, Some(location)) = (status, location) else {
            return Ok(Hop::Stay);
        };
        self.began_local = began_local;
        let refuse = |cause: String| Err(Failure::new(Stage::Redirect, cause));
        let Ok(mut next) = self.url.join(location.trim()) else {
            return refuse(format!("{} redirects to what is not a URL", shown(&self.url)));
        };
        strip(&mut next);
        if !matches!(next.scheme(), "http" | "https") || next.host_str().is_none() {
            return refuse(format!("a redirect to {}, which is not http", shown(&next)));
        }
        if self.url.scheme() == "https" && next.scheme() == "http" {
            return refuse(format!("a redirect from https to {}", shown(&next)));
        }
        // RFC 9110 §10.2.2
        if next.fragment().is_none() {
            next.set_fragment(self.url.fragment());
        }
        if !self.seen.insert((bare(&next), self.jar.names(&next))) {
            return refuse(format!("redirects go in circles at {}", shown(&next)));
        }
        if self.hops == MAX_REDIRECTS {
            return refuse(format!("more than {MAX_REDIRECTS} redirects"));
        }
        self.hops += 1;
        self.permanent &= matches!(status, 301 | 308);
        let same_origin = same_origin(&self.url, &next);
        self.url = next;
        Ok(Hop::Follow { same_origin })
    }

    /// Takes the value of a `Set-Cookie` field in the answer of the current URL.
    pub(super) fn set_cookie(&mut self, field: &str, now: Timestamp) {
        self.jar.set(&self.url, field, now);
    }

    /// The `Cookie` field that this hop gets beside the source's `own`, if answers before set any.
    pub(super) fn cookies(&self, own: &str) -> Option<String> {
        self.jar.field(&self.url, own)
    }

    /// Where to ask now.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The same for an error.
    pub(super) fn shown(&self) -> String {
        shown(&self.url)
    }

    /// What is to be posted.
    pub(super) fn form(&self) -> Option<&'static str> {
        self.request.form
    }

    pub(super) fn into_url(self) -> Url {
        self.url
    }

    pub(super) fn redirected(&self) -> bool {
        self.hops > 0
    }

    /// Whether this hop may lead into somebody's own network: where the user's own URL says so, and
    /// on the same host when it was there to begin with (test servers redirect to themselves).
    pub(super) fn local_ok(&self) -> bool {
        let same_host = self.url.host_str() == self.request.url.host_str();
        self.request.local_ok && (self.hops == 0 || (self.began_local && same_host))
    }

    /// The fields of the source, without secrets away from their origin.
    pub(super) fn headers(&self) -> impl Iterator<Item = &Header> {
        let home = self.at_home();
        self.request.headers.iter().filter(move |header| home || !header.secret)
    }

    /// The credentials of the URL itself.
    pub(super) fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref().filter(|_| self.at_home())
    }

    /// The validators that this hop may be told: only whoever gave them knows what they mean.
    pub(super) fn validators(&self) -> Option<&Validators> {
        let held = self.request.held.as_deref()?;
        (held.from == place(&self.url)).then_some(&held.validators)
    }

    fn at_home(&self) -> bool {
        same_origin(&self.url, &self.request.url)
    }

    /// Where only permanent redirects led.
    pub(super) fn moved(&self) -> Option<Url> {
        let mut first = bare(&self.request.url);
        strip(&mut first);
        let moved = self.hops > 0 && self.permanent && bare(&self.url) != first;
        moved.then(|| self.url.clone())
    }
}

/// Scheme, host and port (RFC 6454 §4).
fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

fn strip(url: &mut Url) {
    // Fails only where there is no host, and then there are no credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

fn bare(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

/// A URL for an error: queries and fragments may hold secrets.
fn shown(url: &Url) -> String {
    let mut url = bare(url);
    url.set_query(None);
    strip(&mut url);
    let cut = |text: &str| text.chars().take(200).collect();
    match url.has_host() {
        true => cut(url.as_str()),
        false => format!("a {} URL", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> Request {
        Request::get(Url::parse(url).unwrap()).with("x-key", "k", true).with("accept", "a", false)
    }

    fn follow(request: &Request, hops: &[(u16, &str)]) -> Result<String, Failure> {
        let mut chain = Chain::new(request)?;
        for (status, location) in hops {
            assert!(matches!(chain.next(*status, Some(location), false)?, Hop::Follow { .. }));
        }
        let names: Vec<_> = chain.headers().map(|header| header.name.as_str()).collect();
        let moved = if chain.moved().is_some() { " moved" } else { "" };
        Ok(format!("{} {}{moved}", chain.url(), names.join(",")))
    }

    #[test]
    fn secrets_stay_on_their_origin() {
        let request = request("https://a.test/feed");
        for (location, expected) in [
            ("/b", "https://a.test/b x-key,accept"),
            ("https://a.test:443/b", "https://a.test/b x-key,accept"),
            ("https://b.test/", "https://b.test/ accept"),
            ("https://a.test:444/", "https://a.test:444/ accept"),
            ("//sub.a.test/", "https://sub.a.test/ accept"),
        ] {
            assert_eq!(follow(&request, &[(302, location)]).unwrap(), expected);
        }
        let back = follow(&request, &[(302, "https://b.test/"), (302, "https://a.test/x")]);
        assert_eq!(back.unwrap(), "https://a.test/x x-key,accept");
    }

    #[test]
    fn credentials_in_the_url_become_a_field_and_stay_at_home() {
        let request = request("http://me:pw@a.test/feed");
        let mut chain = Chain::new(&request).unwrap();
        assert_eq!(chain.url().as_str(), "http://a.test/feed");
        assert_eq!(chain.authorization(), Some("Basic bWU6cHc="));
        chain.next(302, Some("http://you:pw@b.test/"), false).unwrap();
        assert_eq!((chain.url().as_str(), chain.authorization()), ("http://b.test/", None));
    }

    #[test]
    fn redirects_are_counted_and_circles_found() {
        let request = request("http://a.test/0");
        let hops = ["/1", "/2", "/3", "/4", "/5", "/6"].map(|path| (302, path));
        assert!(follow(&request, &hops[..5]).is_ok());
        assert_eq!(follow(&request, &hops).unwrap_err().stage, Stage::Redirect);
        let circle = follow(&request, &[(302, "/1"), (302, "/0#again")]).unwrap_err();
        assert!(circle.cause.contains("circles"), "{circle}");
    }

    /// Report 17-cookie-redirect: the way back is no circle once there is a cookie to show.
    #[test]
    fn the_way_back_with_a_new_cookie_is_no_circle_and_the_next_one_is() {
        let request = request("http://a.test/feed");
        let mut chain = Chain::new(&request).unwrap();
        let hop = |chain: &mut Chain<'_>, location: &str, cookie: Option<&str>| {
            let set = |field| chain.set_cookie(field, Timestamp::EPOCH);
            cookie.into_iter().for_each(set);
            chain.next(302, Some(location), false).map(|_| ())
        };
        hop(&mut chain, "/gate", None).unwrap();
        assert_eq!(chain.cookies(""), None);
        hop(&mut chain, "/feed", Some("pass=1")).unwrap();
        assert_eq!(chain.cookies("").as_deref(), Some("pass=1"));
        hop(&mut chain, "/gate", None).unwrap();
        let circle = hop(&mut chain, "/feed", Some("pass=2")).unwrap_err();
        assert!(circle.cause.contains("circles"), "{circle}");
    }

    #[test]
    fn only_http_is_followed_and_never_out_of_https() {
        for location in [
            "file:///etc/passwd",
            "ftp://a.test/",
            "javascript:alert(1)",
            "http://a.test/?key=s",
            "http://",
        ] {
            let failure = follow(&request("https://a.test/"), &[(302, location)]).unwrap_err();
            assert_eq!(failure.stage, Stage::Redirect);
            assert!(!failure.cause.contains("key"), "{failure}");
        }
    }

    #[test]
    fn permanent_means_every_hop_was() {
        let request = request("http://a.test/");
        let moved = |hops: &[(u16, &str)]| follow(&request, hops).unwrap().ends_with(" moved");
        assert!(moved(&[(301, "/1")]));
        assert!(moved(&[(301, "/1"), (308, "/2")]));
        assert!(!moved(&[(301, "/1"), (302, "/2")]));
        assert!(!moved(&[(307, "/1"), (301, "/2")]));
        assert!(!moved(&[]));
    }

    #[test]
    fn the_fragment_is_inherited_and_spaces_are_escaped() {
        let request = request("http://a.test/x#part");
        assert!(
            follow(&request, &[(302, " /a b ")]).unwrap().starts_with("http://a.test/a%20b#part ")
        );
        assert!(
            follow(&request, &[(302, "?q#own")]).unwrap().starts_with("http://a.test/x?q#own ")
        );
    }

    #[test]
    fn a_redirect_leads_into_a_local_network_only_on_the_host_it_began_on() {
        let request = request("http://127.0.0.1:8000/");
        let ok = |location: &str, began_local: bool| {
            let mut chain = Chain::new(&request).unwrap();
            chain.next(302, Some(location), began_local).unwrap();
            chain.local_ok()
        };
        assert!(ok("http://127.0.0.1:9000/", true));
        assert!(!ok("http://127.0.0.1:9000/", false));
        assert!(!ok("http://127.0.0.2:8000/", true));
    }
}
