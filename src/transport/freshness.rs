//! How long an answer stays fresh, as its server says it (RFC 9111 §4.2, for a private cache).

use std::time::Duration;

use surf::http as message;

use super::headers::{date, first, pair, parts, values, whole};
use crate::time::{Timestamp, parse_header_date};

/// More seconds than this are this many (RFC 9111 §1.2.2).
pub(super) const MAX_SECONDS: u64 = 1 << 31;

/// What is left of the time that the answer is fresh; nothing is left where that is not clear
/// (RFC 9111 §4.2.1). `None` if the server says nothing about it. `now` is our own clock.
pub(super) fn fresh_for(answer: &message::Response, now: Timestamp) -> Option<Duration> {
    let lifetime = cache_control(answer).or_else(|| expires(answer, now));
    let fresh = lifetime.map(|lifetime| lifetime.saturating_sub(age(answer)));
    fresh.max(poll_interval(answer)).map(Duration::from_secs)
}

/// How long GitHub wants not to be asked for events, whatever caches may do.
/// <https://docs.github.com/en/rest/activity/events>
fn poll_interval(answer: &message::Response) -> Option<u64> {
    first(answer, "x-poll-interval").as_deref().and_then(whole).map(|span| span.min(MAX_SECONDS))
}

/// The shortest that `Cache-Control` allows (RFC 9111 §5.2.2). `s-maxage` is for others.
fn cache_control(answer: &message::Response) -> Option<u64> {
    let directives = values(answer, "cache-control").flat_map(|line| parts(line, b','));
    let allowed = directives.filter_map(|directive| {
        let (name, value) = pair(directive);
        let named = |known: &str| name.eq_ignore_ascii_case(known);
        // With a value, `no-cache` is about header fields alone (§5.2.2.4).
        if named("no-store") || (named("no-cache") && value.is_none()) {
            return Some(0);
        }
        named("max-age").then(|| value.and_then(whole).unwrap_or(0).min(MAX_SECONDS))
    });
    allowed.min()
}

/// `Expires` less `Date`, or less our own clock (RFC 9111 §5.3). What is no date, such as `0`
/// or `-1`, has passed.
fn expires(answer: &message::Response, now: Timestamp) -> Option<u64> {
    let until = values(answer, "expires")
        .map(|text| parse_header_date(text).map_or(i64::MIN, Timestamp::unix));
    let seconds = until.min()?.saturating_sub(date(answer, now).unix());
    Some(u64::try_from(seconds).unwrap_or(0).min(MAX_SECONDS))
}

/// How old the answer was when it was sent; the first value, or nothing (RFC 9111 §5.1).
fn age(answer: &message::Response) -> u64 {
    let mut ages = values(answer, "age").flat_map(|line| parts(line, b','));
    ages.next().and_then(whole).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 06 Nov 1994 08:49:37 GMT by our own clock.
    fn seconds(fields: &[(&str, &str)]) -> Option<u64> {
        let mut answer = message::Response::new(200);
        for (name, value) in fields {
            answer.append_header(*name, *value);
        }
        let now = Timestamp::from_unix(784_111_777).unwrap();
        fresh_for(&answer, now).map(|span| span.as_secs())
    }

    #[test]
    fn the_poll_interval_of_github_is_no_shorter_for_what_caches_may_do() {
        let poll = |span| ("x-poll-interval", span);
        assert_eq!(seconds(&[poll("120")]), Some(120));
        assert_eq!(seconds(&[poll("120"), ("cache-control", "private, max-age=60")]), Some(120));
        assert_eq!(
            seconds(&[poll("60"), ("cache-control", "max-age=300"), ("age", "9")]),
            Some(291)
        );
        assert_eq!(seconds(&[poll("soon")]), None);
        assert_eq!(seconds(&[poll("99999999999999999999999")]), Some(MAX_SECONDS));
    }

    #[test]
    fn max_age_is_a_number_of_seconds_however_it_is_written() {
        for (text, fresh) in [
            ("max-age=300", Some(300)),
            ("public, Max-Age=300, must-revalidate", Some(300)),
            ("max-age=\"300\"", Some(300)),
            ("  max-age = 300 ,, private", Some(300)),
            ("max-age=0", Some(0)),
            ("max-age=007", Some(7)),
            ("s-maxage=60, stale-while-revalidate=30", None),
            ("x-max-age=60, max-ages=30", None),
            ("private", None),
            ("", None),
        ] {
            assert_eq!(seconds(&[("cache-control", text)]), fresh, "{text}");
        }
    }

    #[test]
    fn what_is_not_clear_is_stale() {
        for text in [
            "max-age",
            "max-age=",
            "max-age=soon",
            "max-age=-1",
            "max-age=1.5",
            "max-age=60s",
            "max-age=+60",
            "max-age=60, max-age=x",
        ] {
            assert_eq!(seconds(&[("cache-control", text)]), Some(0), "{text}");
        }
    }

    #[test]
    fn of_several_the_shortest_counts() {
        assert_eq!(seconds(&[("cache-control", "max-age=60, max-age=30, max-age=90")]), Some(30));
        let lines = [("cache-control", "max-age=60"), ("cache-control", "max-age=20")];
        assert_eq!(seconds(&lines), Some(20));
    }

    #[test]
    fn what_may_not_be_kept_is_not_fresh() {
        for text in ["no-cache", "No-Store", "max-age=60, no-cache", "no-store,max-age=60"] {
            assert_eq!(seconds(&[("cache-control", text)]), Some(0), "{text}");
        }
        let fields = "no-cache=\"set-cookie, x\", max-age=60";
        assert_eq!(seconds(&[("cache-control", fields)]), Some(60));
    }

    #[test]
    fn what_stands_in_quotes_is_no_directive() {
        for text in [
            "x=\"no-store, max-age=1\", max-age=60",
            "x=\"a\\\", no-cache, \", max-age=60",
            "max-age=60, x=\"no-store, no-cache",
        ] {
            assert_eq!(seconds(&[("cache-control", text)]), Some(60), "{text}");
        }
        // A quote that never closes ends with its line.
        let lines = [("cache-control", "x=\"y"), ("cache-control", "max-age=60")];
        assert_eq!(seconds(&lines), Some(60));
    }

    #[test]
    fn the_time_spent_on_the_way_is_taken_off() {
        let aged = |age: &str| seconds(&[("cache-control", "max-age=300"), ("age", age)]);
        assert_eq!(aged("100"), Some(200));
        assert_eq!(aged("300"), Some(0));
        assert_eq!(aged("99999999999999999999999999"), Some(0));
        assert_eq!(aged("40, 90"), Some(260));
        for nonsense in ["", "-5", "old", "1.5"] {
            assert_eq!(aged(nonsense), Some(300), "{nonsense}");
        }
        let fields = [("expires", "Sun, 06 Nov 1994 09:49:37 GMT"), ("age", "600")];
        assert_eq!(seconds(&fields), Some(3_000));
    }

    #[test]
    fn expires_is_measured_by_the_servers_own_clock_where_it_tells_it() {
        let expires = ("expires", "Mon, 07 Nov 1994 08:49:47 GMT");
        assert_eq!(seconds(&[expires]), Some(86_410));
        assert_eq!(seconds(&[expires, ("date", "Mon, 07 Nov 1994 08:49:37 GMT")]), Some(10));
        assert_eq!(seconds(&[expires, ("date", "whenever")]), Some(86_410));
        assert_eq!(seconds(&[expires, ("date", "Tue, 08 Nov 1994 08:49:37 GMT")]), Some(0));
        assert_eq!(seconds(&[expires, ("expires", "Sun, 06 Nov 1994 08:49:39 GMT")]), Some(2));
        assert_eq!(seconds(&[expires, ("cache-control", "max-age=5")]), Some(5));
        assert_eq!(seconds(&[expires, ("cache-control", "private")]), Some(86_410));
    }

    #[test]
    fn what_is_no_date_has_passed() {
        for text in ["0", "-1", "3600", "20301231", "", "never", "Thu, 31 Feb 2094 00:00:00 GMT"] {
            assert_eq!(seconds(&[("expires", text)]), Some(0), "{text}");
        }
    }

    #[test]
    fn nothing_is_fresh_for_longer_than_the_limit() {
        for text in ["max-age=2147483649", "max-age=99999999999999999999999999"] {
            assert_eq!(seconds(&[("cache-control", text)]), Some(MAX_SECONDS), "{text}");
        }
        let far = [("expires", "Fri, 31 Dec 9999 23:59:59 GMT")];
        assert_eq!(seconds(&far), Some(MAX_SECONDS));
    }
}
