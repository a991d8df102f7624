//! Hosts whose limits are known, whatever kind of source asks them.

use std::time::Duration;

use super::Window;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// GitHub's API without a token, by address: 60 an hour
/// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>). An answer
/// 304 is free only with a token
/// (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>).
pub const GITHUB: [Window; 1] = [Window { count: 60, per: HOUR }];

/// GitHub's API with a token: 5,000 an hour (the same page).
pub const GITHUB_WITH_TOKEN: [Window; 1] = [Window { count: 5000, per: HOUR }];

/// Reddit's feeds, all subreddits together. Without OAuth it promises nothing
/// (<https://support.reddithelp.com/hc/en-us/articles/16160319875092-Reddit-Data-API-Wiki>) and
/// answers 429 to more than about one a minute.
pub const REDDIT_FEEDS: [Window; 1] = [Window { count: 1, per: MINUTE }];

/// hnrss.org, by address (<https://github.com/hnrss/hnrss/issues/71>).
pub const HNRSS: [Window; 1] = [Window { count: 6, per: MINUTE }];

/// The account and the windows that hold for every request to `host`, without a key.
pub fn known_host(host: &str) -> Option<(&'static str, &'static [Window])> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is = |name: &&str| host.eq_ignore_ascii_case(name);
    if ["reddit.com", "www.reddit.com", "old.reddit.com"].iter().any(is) {
        return Some(("reddit.com", &REDDIT_FEEDS));
    }
    if is(&"hnrss.org") {
        return Some(("hnrss.org", &HNRSS));
    }
    is(&"api.github.com").then_some(("api.github.com", &GITHUB))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_reddit_is_one_account_and_a_feed_of_github_is_none() {
        for host in ["reddit.com", "www.reddit.com", "old.reddit.com", "WWW.Reddit.com."] {
            assert_eq!(known_host(host), Some(("reddit.com", &REDDIT_FEEDS[..])), "{host}");
        }
        assert_eq!(known_host("hnrss.org"), Some(("hnrss.org", &HNRSS[..])));
        assert_eq!(known_host("api.github.com"), Some(("api.github.com", &GITHUB[..])));
        for host in ["github.com", "oauth.reddit.com", "notreddit.com", "reddit.com.evil", ""] {
            assert_eq!(known_host(host), None, "{host}");
        }
    }
}
