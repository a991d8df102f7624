//! Whose fault a failure was.

use std::time::Duration;

use super::cause::{Cause, delay};
use super::place::{own_house, registrable, server};
use crate::failure::{Failure, Fault, Stage};
use crate::http::{Url, without_secrets};
use crate::time::Timestamp;

/// A day on which this release had been made, in seconds since 1970: 2026-11-21. A clock that
/// stands before it is wrong. To be moved with each release.
pub const BUILT: i64 = 1_795_219_200;

/// Who is to be left alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One address, without its secrets.
    Url(String),
    /// One server: host, and port where it is not the scheme's own.
    Host(String),
    /// A service that limits over all its subdomains ([`super::registrable`]).
    Domain(String),
    /// Whatever is asked with one key; as in `source::Quota::account`.
    Account(String),
}

impl Scope {
    /// What it is remembered by: `url:https://a.test/feed`, `host:a.test`, `domain:reddit.com`,
    /// `account:…`.
    pub fn key(&self) -> String {
        let (kind, name) = match self {
            Scope::Url(name) => ("url:", name),
            Scope::Host(name) => ("host:", name),
            Scope::Domain(name) => ("domain:", name),
            Scope::Account(name) => ("account:", name),
        };
        [kind, name].concat()
    }

    /// Every scope that a request belongs to. It may leave when none of them is held, and an answer
    /// with a good status says that all of them are well.
    pub fn all(url: &Url, account: &str) -> Vec<Scope> {
        let mut all = vec![Scope::url(url), Scope::Host(server(url))];
        all.extend(url.host_str().and_then(registrable).map(|name| Scope::Domain(name.into())));
        if !account.is_empty() {
            all.push(Scope::Account(account.into()));
        }
        all
    }

    /// One address.
    pub fn url(url: &Url) -> Scope {
        Scope::Url(without_secrets(url))
    }

    /// What requests are counted together by: the account, else the service, else the server. On the
    /// user's own machines each URL stands for itself: what listens there is mostly a bridge to
    /// other sites, and one of them asks to wait.
    pub fn counting(url: &Url, account: &str) -> Scope {
        if !account.is_empty() {
            return Scope::Account(account.into());
        }
        if own_house(url) {
            return Scope::url(url);
        }
        match url.host_str().and_then(registrable) {
            Some(domain) => Scope::Domain(domain.into()),
            None => Scope::Host(server(url)),
        }
    }
}

/// What follows from one source's failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Blame {
    /// Who is to be left alone; `None` where nobody is to blame but ourselves.
    pub scope: Option<Scope>,
    /// Why.
    pub cause: Cause,
    /// For how long, where the server said it (`Retry-After`): neither less nor more.
    pub asked: Option<Duration>,
}

impl Blame {
    /// The same for a request that was sent to `asked`, wherever redirects led from there: an address
    /// is left alone by the name that it is asked by.
    pub fn as_asked(self, asked: &Url) -> Blame {
        let scope = match self.scope {
            Some(Scope::Url(_)) => Some(Scope::url(asked)),
            scope => scope,
        };
        Blame { scope, ..self }
    }

    /// How long to leave the scope alone after its `count`-th failure in a row (from 1): what the
    /// server asked for, else [`delay`].
    pub fn wait(&self, count: u32, luck: u64) -> Duration {
        self.asked.unwrap_or_else(|| delay(self.cause, count, luck))
    }
}

/// Says whose fault the failure of a request for `url` at `now` was. `account` is empty where no
/// key is used.
///
/// A 5xx is blamed on its URL alone: that several URLs of a host fail is for the caller to see.
pub fn judge(failure: &Failure, url: &Url, account: &str, now: Timestamp) -> Blame {
    let cause = cause(failure, url, now);
    let asked = failure.retry_after;
    let scope = match cause {
        Cause::Ours | Cause::OurClock => return Blame { scope: None, cause, asked: None },
        Cause::RateLimited => Scope::counting(url, account),
        // A server that says when it will be back says it for all that it serves.
        Cause::ServerFailed if asked.is_some() => Scope::counting(url, account),
        Cause::Refused if asked.is_some() && failure.status == Some(403) => {
            Scope::counting(url, account)
        }
        Cause::Unauthorised if !account.is_empty() => Scope::Account(account.into()),
        // A 408 came from a host that answers.
        Cause::Slow if failure.status.is_some() => Scope::url(url),
        Cause::NoAddress | Cause::Unreachable | Cause::Untrusted | Cause::Slow => {
            Scope::Host(server(url))
        }
        _ => Scope::url(url),
    };
    Blame { scope: Some(scope), cause, asked }
}

fn cause(failure: &Failure, url: &Url, now: Timestamp) -> Cause {
    match failure.fault {
        Fault::Ours => return Cause::Ours,
        Fault::Clock if now.unix() < BUILT => return Cause::OurClock,
        Fault::Theirs | Fault::Network | Fault::Clock => {}
    }
    match (failure.stage, failure.status) {
        (Stage::Config | Stage::Cancelled, _) | (Stage::Quota, None) => Cause::Ours,
        // Of a stream: nobody is to come back (HTML Standard §9.2.2).
        (Stage::Status, Some(204)) => Cause::Gone,
        (Stage::Quota, Some(403)) => Cause::RateLimited,
        // Who says why means that.
        (Stage::Service, Some(403)) => Cause::Refused,
        (_, Some(status)) if !(200..=299).contains(&status) => by_status(status, url),
        (Stage::Resolve, _) => Cause::NoAddress,
        (Stage::Connect, _) => Cause::Unreachable,
        (Stage::Tls, _) => Cause::Untrusted,
        (Stage::Timeout, _) => Cause::Slow,
        (Stage::Redirect, _) => Cause::Astray,
        (Stage::Protocol, _) => Cause::Broken,
        (Stage::TooLarge, _) => Cause::TooLarge,
        (Stage::Decode | Stage::Read, _) => Cause::Unreadable,
        (Stage::Status | Stage::Service | Stage::Quota, _) => Cause::Service,
    }
}

/// Where nobody is let in without a token.
fn knows_who_asks(url: &Url) -> bool {
    url.host_str() == Some("oauth.reddit.com")
}

/// RFC 9110 §15, RFC 6585 §4.
fn by_status(status: u16, url: &Url) -> Cause {
    match status {
        429 => Cause::RateLimited,
        // Reddit and GitHub say so instead of 429; to who has a token Reddit says what it means.
        403 if url.host_str().and_then(registrable).is_some() && !knows_who_asks(url) => {
            Cause::RateLimited
        }
        401 => Cause::Unauthorised,
        // Of a proxy, which is a setting of ours.
        407 => Cause::Ours,
        404 => Cause::Missing,
        408 => Cause::Slow,
        410 => Cause::Gone,
        300..=399 => Cause::Astray,
        400..=499 => Cause::Refused,
        500..=599 => Cause::ServerFailed,
        _ => Cause::Broken,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FEED: &str = "https://a.test/feed";
    const BRIDGE: &str = "http://127.0.0.1:1200/x";

    fn today() -> Timestamp {
        Timestamp::from_unix(BUILT).unwrap()
    }

    fn answered(status: u16) -> Failure {
        Failure { status: Some(status), ..Failure::new(Stage::Status, "no") }
    }

    fn told(failure: &Failure, url: &str, account: &str) -> (String, Cause) {
        let blame = judge(failure, &Url::parse(url).unwrap(), account, today());
        (blame.scope.map_or("nobody".into(), |scope| scope.key()), blame.cause)
    }

    #[test]
    fn each_status_has_its_scope_and_cause() {
        const URL: &str = "url:https://a.test/feed";
        for (status, url, account, scope, cause) in [
            (429, FEED, "", "host:a.test", Cause::RateLimited),
            (429, FEED, "api:1", "account:api:1", Cause::RateLimited),
            (429, "https://old.reddit.com/x", "", "domain:reddit.com", Cause::RateLimited),
            (429, "http://a.test:81/", "", "host:a.test:81", Cause::RateLimited),
            (429, BRIDGE, "", "url:http://127.0.0.1:1200/x", Cause::RateLimited),
            (429, BRIDGE, "api:1", "account:api:1", Cause::RateLimited),
            (403, FEED, "", URL, Cause::Refused),
            (403, FEED, "api:1", URL, Cause::Refused),
            (403, "https://www.reddit.com/x", "", "domain:reddit.com", Cause::RateLimited),
            (403, "https://api.github.com/x", "github:1", "account:github:1", Cause::RateLimited),
            (401, FEED, "", URL, Cause::Unauthorised),
            (401, FEED, "api:1", "account:api:1", Cause::Unauthorised),
            (407, FEED, "", "nobody", Cause::Ours),
            (404, FEED, "api:1", URL, Cause::Missing),
            (404, "https://www.youtube.com/", "", "url:https://www.youtube.com/", Cause::Missing),
            (410, FEED, "", URL, Cause::Gone),
            (408, FEED, "", URL, Cause::Slow),
            (400, FEED, "", URL, Cause::Refused),
            (418, FEED, "", URL, Cause::Refused),
            (451, FEED, "", URL, Cause::Refused),
            (500, FEED, "", URL, Cause::ServerFailed),
            (503, FEED, "api:1", URL, Cause::ServerFailed),
            (520, FEED, "", URL, Cause::ServerFailed),
            (300, FEED, "", URL, Cause::Astray),
            (304, FEED, "", URL, Cause::Astray),
            (101, FEED, "", URL, Cause::Broken),
            (999, FEED, "", URL, Cause::Broken),
        ] {
            assert_eq!(told(&answered(status), url, account), (scope.into(), cause), "{status}");
            // In the service's own words it is the same, but for a 403: that is as it says.
            let said = |stage| Failure { stage, ..answered(status) };
            if status != 403 {
                let service = said(Stage::Service);
                assert_eq!(told(&service, url, account), (scope.into(), cause), "{status}");
                continue;
            }
            let refused = (format!("url:{url}"), Cause::Refused);
            assert_eq!(told(&said(Stage::Service), url, account), refused, "{url}");
            let (scope, cause) = told(&said(Stage::Quota), url, account);
            assert_eq!((scope.starts_with("url:"), cause), (false, Cause::RateLimited), "{url}");
        }
    }

    #[test]
    fn one_subreddit_that_is_refused_holds_back_no_other() {
        let private = Failure {
            cause: "r/x is not open to everybody: private".into(),
            stage: Stage::Service,
            ..answered(403)
        };
        for url in ["https://www.reddit.com/r/x/.rss", "https://oauth.reddit.com/r/x/hot"] {
            let scope = format!("url:{url}");
            assert_eq!(told(&private, url, "reddit:1"), (scope, Cause::Refused));
        }
        let url = "https://oauth.reddit.com/r/x/hot";
        assert_eq!(told(&answered(403), url, "reddit:1"), (format!("url:{url}"), Cause::Refused));
    }

    #[test]
    fn each_stage_has_its_scope_and_cause() {
        const URL: &str = "url:https://a.test/feed";
        for (stage, scope, cause) in [
            (Stage::Resolve, "host:a.test", Cause::NoAddress),
            (Stage::Connect, "host:a.test", Cause::Unreachable),
            (Stage::Tls, "host:a.test", Cause::Untrusted),
            (Stage::Timeout, "host:a.test", Cause::Slow),
            (Stage::Redirect, URL, Cause::Astray),
            (Stage::Protocol, URL, Cause::Broken),
            (Stage::TooLarge, URL, Cause::TooLarge),
            (Stage::Decode, URL, Cause::Unreadable),
            (Stage::Read, URL, Cause::Unreadable),
            (Stage::Service, URL, Cause::Service),
            (Stage::Quota, "nobody", Cause::Ours),
            (Stage::Config, "nobody", Cause::Ours),
            (Stage::Cancelled, "nobody", Cause::Ours),
        ] {
            let failure = Failure::new(stage, "why");
            assert_eq!(told(&failure, FEED, "api:1"), (scope.into(), cause), "{stage:?}");
        }
        // A good answer that says no, or is not what it should be.
        let good = |stage| Failure { stage, ..answered(200) };
        assert_eq!(told(&good(Stage::Read), FEED, ""), (URL.into(), Cause::Unreadable));
        assert_eq!(told(&good(Stage::Service), FEED, "a"), (URL.into(), Cause::Service));
    }

    #[test]
    fn nobody_is_to_blame_for_our_own_descriptors_and_settings() {
        for stage in [Stage::Resolve, Stage::Connect, Stage::Tls] {
            let failure = Failure::new(stage, "a.test: too many open files").ours();
            assert_eq!(told(&failure, FEED, "api:1"), ("nobody".into(), Cause::Ours), "{stage}");
        }
    }

    #[test]
    fn what_the_server_asks_for_holds_exactly_and_for_all_that_it_counts_together() {
        let days = Duration::from_secs(3 * 86_400 + 1);
        for (status, url, account, scope) in [
            (429, FEED, "", "host:a.test"),
            (503, FEED, "", "host:a.test"),
            (403, FEED, "", "host:a.test"),
            (403, FEED, "api:1", "account:api:1"),
            (503, FEED, "api:1", "account:api:1"),
            (503, "https://me.medium.com/feed", "", "domain:medium.com"),
            // Report 09-retry-after-scope.
            (503, BRIDGE, "", "url:http://127.0.0.1:1200/x"),
            (503, "http://192.168.1.2/x", "", "url:http://192.168.1.2/x"),
            (503, BRIDGE, "api:1", "account:api:1"),
            (404, FEED, "", "url:https://a.test/feed"),
            (400, FEED, "api:1", "url:https://a.test/feed"),
        ] {
            let failure = Failure { retry_after: Some(days), ..answered(status) };
            let blame = judge(&failure, &Url::parse(url).unwrap(), account, today());
            assert_eq!(blame.scope.as_ref().map(Scope::key).as_deref(), Some(scope), "{status}");
            for (count, luck) in [(0, 0), (1, 1), (9, 2)] {
                assert_eq!(blame.wait(count, luck), days);
            }
        }
        let blame = judge(&answered(429), &Url::parse(FEED).unwrap(), "", today());
        assert_eq!(blame.wait(4, 5), delay(Cause::RateLimited, 4, 5));
    }

    #[test]
    fn a_clock_before_the_release_takes_the_blame_for_a_certificate_not_valid_yet() {
        let url = Url::parse(FEED).unwrap();
        let early = Failure { fault: Fault::Clock, ..Failure::new(Stage::Tls, "not valid yet") };
        let expired = Failure::new(Stage::Tls, "the certificate has expired");
        let host = Some(Scope::Host("a.test".into()));
        for (failure, now, scope, cause) in [
            (&early, BUILT - 1, &None, Cause::OurClock),
            (&early, 0, &None, Cause::OurClock),
            (&early, BUILT, &host, Cause::Untrusted),
            (&expired, 0, &host, Cause::Untrusted),
        ] {
            let blame = judge(failure, &url, "a", Timestamp::from_unix(now).unwrap());
            assert_eq!((&blame.scope, blame.cause), (scope, cause), "{now}");
        }
    }

    #[test]
    fn the_release_is_not_from_the_future() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        assert!(BUILT <= now.as_secs() as i64);
        assert_eq!(today().to_string(), "2026-11-21T00:00:00Z");
    }

    #[test]
    fn whoever_can_be_blamed_for_a_request_is_among_its_scopes() {
        for url in [FEED, "https://me:pw@old.reddit.com:444/r?token=abcdef"] {
            let url = Url::parse(url).unwrap();
            for account in ["", "api:1"] {
                let all = Scope::all(&url, account);
                for status in (100..1000).filter(|status| *status != 407) {
                    for retry_after in [None, Some(Duration::ZERO)] {
                        let failure = Failure { retry_after, ..answered(status) };
                        let scope = judge(&failure, &url, account, today()).scope.unwrap();
                        assert!(all.contains(&scope), "{status}: {scope:?}");
                    }
                }
                let blame = judge(&Failure::new(Stage::Connect, ""), &url, account, today());
                assert!(all.contains(&blame.scope.unwrap()));
            }
        }
    }

    #[test]
    fn no_secret_is_part_of_a_scope() {
        let url = Url::parse("https://me:hunter2@a.test/feed?key=hunter2").unwrap();
        assert!(Scope::all(&url, "").iter().all(|scope| !scope.key().contains("hunter2")));
    }
}
