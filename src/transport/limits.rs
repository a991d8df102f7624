//! What servers say about how often they may be asked: a draft of the IETF in its several ages,
//! and the fields of those who did not wait for it.
//!
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>,
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>

use std::time::Duration;

use surf::http as message;

use super::freshness::MAX_SECONDS;
use super::headers::{date, first, pair, parts, unquoted, values, whole};
use crate::http::ServerLimit;
use crate::time::{Timestamp, parse_header_date};

/// No more limits of one answer are kept, nor policies looked at.
const MAX_LIMITS: usize = 8;

/// From here on a number is no span but a time: 2001 in seconds …
const FIRST_UNIX: u64 = 1_000_000_000;

/// … and in milliseconds.
const FIRST_UNIX_MS: u64 = 1_000_000_000_000;

/// Draft 06 and before, and what came before any draft: limit, what is left, when it begins anew,
/// and what was used, which only Reddit says instead of the limit.
const FIELDS: [[&str; 4]; 3] = [
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-used"],
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-used"],
    ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset", "x-rate-limit-used"],
];

/// All limits that an answer tells, whatever its status. Those that do not say what is left say
/// nothing. `now` is our own clock.
pub(super) fn limits(answer: &message::Response, now: Timestamp) -> Vec<ServerLimit> {
    let said = Said { policies: policies(answer, "ratelimit-policy"), now: date(answer, now) };
    let mut limits = said.ratelimit(answer);
    limits.extend(FIELDS.iter().filter_map(|names| said.fields(answer, names)));
    // Many say the same twice, to be understood by all.
    let mut kept: Vec<ServerLimit> = Vec::new();
    for limit in limits {
        if kept.len() < MAX_LIMITS && !kept.contains(&limit) {
            kept.push(limit);
        }
    }
    kept
}

/// What a quota is, apart from what is left of it.
struct Policy<'a> {
    name: &'a str,
    quota: Option<u64>,
    window: Option<Duration>,
    /// Counts bytes, or requests at once.
    foreign: bool,
}

/// `"default";q=100;w=60`; up to draft 07 `100;w=60`, also behind the number of `RateLimit-Limit`.
fn policies<'a>(answer: &'a message::Response, name: &str) -> Vec<Policy<'a>> {
    let items = values(answer, name).flat_map(|line| parts(line, b','));
    items.take(MAX_LIMITS).map(policy).collect()
}

fn policy(item: &str) -> Policy<'_> {
    let mut parts = parts(item, b';');
    let name = unquoted(parts.next().unwrap_or_default());
    let mut policy = Policy { name, quota: whole(name), window: None, foreign: false };
    for part in parts {
        match pair(part) {
            ("q", Some(value)) => policy.quota = whole(value),
            ("w" | "window", Some(value)) => policy.window = whole(value).and_then(window),
            ("qu", Some(unit)) => policy.foreign = unit != "requests",
            _ => {}
        }
    }
    policy
}

/// What one answer says beside its limits.
struct Said<'a> {
    policies: Vec<Policy<'a>>,
    /// When it was said.
    now: Timestamp,
}

impl Said<'_> {
    /// `RateLimit`: a list of `"default";r=50;t=30`, or `limit=100, remaining=50, reset=50` (draft 07).
    fn ratelimit(&self, answer: &message::Response) -> Vec<ServerLimit> {
        let mut limits = Vec::new();
        let (mut limit, mut remaining, mut reset) = (None, None, None);
        let items = values(answer, "ratelimit").flat_map(|line| parts(line, b','));
        for item in items.take(MAX_LIMITS) {
            match pair(item.split(';').next().unwrap_or_default()) {
                ("limit", Some(value)) => limit = number(value),
                ("remaining", Some(value)) => remaining = number(value),
                ("reset", Some(value)) => reset = self.reset(value),
                _ => limits.extend(self.item(item)),
            }
        }
        limits.extend(remaining.map(|left| self.limit(limit, left, reset, &[])));
        limits
    }

    fn item(&self, item: &str) -> Option<ServerLimit> {
        let mut parts = parts(item, b';');
        let name = unquoted(parts.next()?);
        let (mut left, mut reset) = (None, None);
        for part in parts {
            match pair(part) {
                ("r", Some(value)) => left = whole(value),
                ("t", Some(value)) => reset = self.reset(value),
                _ => {}
            }
        }
        let policy = self.policies.iter().find(|policy| policy.name == name);
        if policy.is_some_and(|policy| policy.foreign) {
            return None;
        }
        Some(ServerLimit {
            limit: policy.and_then(|policy| policy.quota).map(count),
            remaining: count(left?),
            reset,
            window: policy.and_then(|policy| policy.window),
        })
    }

    /// A field for each number.
    fn fields(&self, answer: &message::Response, names: &[&str; 4]) -> Option<ServerLimit> {
        let [limit, remaining, reset, used] = names;
        let left = number(parts(&first(answer, remaining)?, b',').next()?)?;
        let own = policies(answer, limit);
        let told = own.first().and_then(|policy| number(policy.name));
        let used = || number(&first(answer, used)?).map(|used| used.saturating_add(left));
        let reset = first(answer, reset).and_then(|text| self.reset(&text));
        Some(self.limit(told.or_else(used), left, reset, &own))
    }

    /// The window is that of the policy with this quota, of their `own` or of all.
    fn limit(
        &self,
        limit: Option<u64>,
        left: u64,
        reset: Option<Duration>,
        own: &[Policy<'_>],
    ) -> ServerLimit {
        let mut same = own.iter().chain(&self.policies).filter(|policy| policy.quota == limit);
        let window = limit.and_then(|_| same.find_map(|policy| policy.window));
        ServerLimit { limit: limit.map(count), remaining: count(left), reset, window }
    }

    /// How long from now: seconds, or a time, told from a span by its size or by being a date.
    fn reset(&self, text: &str) -> Option<Duration> {
        let text = unquoted(text);
        let now = u64::try_from(self.now.unix()).unwrap_or(0);
        let seconds = match decimal(text) {
            Some((unix_ms, _)) if unix_ms >= FIRST_UNIX_MS => {
                unix_ms.div_ceil(1_000).saturating_sub(now)
            }
            Some((unix, more)) if unix >= FIRST_UNIX => {
                unix.saturating_add(more.into()).saturating_sub(now)
            }
            Some((span, more)) => span.saturating_add(more.into()),
            None => {
                let until = u64::try_from(parse_header_date(text)?.unix()).unwrap_or(0);
                until.saturating_sub(now)
            }
        };
        Some(Duration::from_secs(seconds.min(MAX_SECONDS)))
    }
}

fn window(seconds: u64) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds.min(MAX_SECONDS)))
}

fn count(number: u64) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

/// `598` or `598.0`, rounded down: a part of a request is none.
fn number(text: &str) -> Option<u64> {
    Some(decimal(unquoted(text))?.0)
}

/// The whole part of a number, and whether there is more.
fn decimal(text: &str) -> Option<(u64, bool)> {
    let (digits, fraction) = text.split_once('.').unwrap_or((text, "0"));
    Some((whole(digits)?, whole(fraction)? > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    /// Each limit as `remaining/limit reset window`, `-` for what is not said.
    fn said(fields: &[(&str, &str)]) -> String {
        let mut answer = message::Response::new(429);
        for (name, value) in fields {
            answer.append_header(*name, *value);
        }
        let limits = limits(&answer, Timestamp::from_unix(NOW).unwrap());
        let span = |span: Option<Duration>| span.map_or("-".into(), |s| s.as_secs().to_string());
        let shown = limits.iter().map(|limit| {
            let of = limit.limit.map_or("-".into(), |limit| limit.to_string());
            format!("{}/{of} {} {}", limit.remaining, span(limit.reset), span(limit.window))
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_newest_draft_names_its_policies() {
        let policy = ("ratelimit-policy", "\"burst\";q=100;w=60,\"daily\" ; q=1000 ; w=86400");
        assert_eq!(said(&[("ratelimit", "\"burst\";r=50;t=30"), policy]), "50/100 30 60");
        assert_eq!(
            said(&[("ratelimit", "\"daily\";r=0;t=999, \"burst\";r=7"), policy]),
            "0/1000 999 86400, 7/100 - 60"
        );
        assert_eq!(said(&[("ratelimit", "burst;r=50;t=30"), policy]), "50/100 30 60");
        assert_eq!(said(&[("ratelimit", "\"other\";r=5;t=3;pk=:YQ==:"), policy]), "5/- 3 -");
        assert_eq!(said(&[policy]), "");
        assert_eq!(said(&[("ratelimit", "\"burst\";t=30, \"\";r=x, ;, r=5"), policy]), "");
    }

    #[test]
    fn names_may_hold_separators() {
        let policy = ("ratelimit-policy", "\"a, b; r=1\";q=9;w=60");
        assert_eq!(said(&[("ratelimit", "\"a, b; r=1\";r=5"), policy]), "5/9 - 60");
    }

    #[test]
    fn quotas_of_anything_but_requests_are_not_ours() {
        let policy =
            ("ratelimit-policy", "\"a\";q=9;qu=\"content-bytes\", \"b\";q=8;qu=\"requests\"");
        assert_eq!(said(&[("ratelimit", "\"a\";r=5, \"b\";r=4"), policy]), "4/8 - -");
    }

    #[test]
    fn older_drafts_are_read() {
        let seven = ("ratelimit", "limit=100, remaining=50, reset=50");
        assert_eq!(said(&[seven]), "50/100 50 -");
        let policy = ("ratelimit-policy", "10;w=1, 100;w=60");
        assert_eq!(said(&[seven, policy]), "50/100 50 60");
        assert_eq!(said(&[("ratelimit", "limit=100, reset=50")]), "");
        let six =
            [("ratelimit-limit", "100"), ("ratelimit-remaining", "50"), ("ratelimit-reset", "9")];
        assert_eq!(said(&six), "50/100 9 -");
        assert_eq!(said(&[six[0], six[1], six[2], policy]), "50/100 9 60");
        for limit in ["100, 10;w=1, 100;w=3600", "100;w=3600", "100, 100;window=3600"] {
            assert_eq!(said(&[("ratelimit-limit", limit), six[1]]), "50/100 - 3600", "{limit}");
        }
    }

    #[test]
    fn services_with_fields_of_their_own_are_understood() {
        let x = |limit, left, reset| {
            let names = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
            let fields: Vec<_> = names.into_iter().zip([limit, left, reset]).collect();
            said(&fields)
        };
        // GitHub; the same in milliseconds; seconds; Mastodon.
        assert_eq!(x("60", "42", "1700000600"), "42/60 600 -");
        assert_eq!(x("60", "42", "1700000599001"), "42/60 600 -");
        assert_eq!(x("60", "0", "600"), "0/60 600 -");
        assert_eq!(x("300", "299", "2023-11-14T22:15:00.123456Z"), "299/300 100 -");
        assert_eq!(x("60", "42", "1699999999"), "42/60 0 -");
        assert_eq!(x("60", "42", "1700000599.25"), "42/60 600 -");
        let reddit = [
            ("x-ratelimit-used", "2"),
            ("x-ratelimit-remaining", "598.0"),
            ("x-ratelimit-reset", "412"),
        ];
        assert_eq!(said(&reddit), "598/600 412 -");
        assert_eq!(said(&reddit[1..2]), "598/- - -");
        let twitter = [
            ("x-rate-limit-limit", "900"),
            ("x-rate-limit-remaining", "899"),
            ("x-rate-limit-reset", "1700000060"),
        ];
        assert_eq!(said(&twitter), "899/900 60 -");
    }

    #[test]
    fn a_time_is_measured_by_the_servers_own_clock() {
        let fields = [
            ("x-ratelimit-remaining", "1"),
            ("x-ratelimit-reset", "1700000600"),
            ("date", "Tue, 14 Nov 2023 22:23:10 GMT"),
        ];
        assert_eq!(said(&fields), "1/- 10 -");
    }

    #[test]
    fn parts_of_requests_are_none_and_parts_of_seconds_are_whole() {
        let fields = [("x-ratelimit-remaining", "0.9"), ("x-ratelimit-reset", "0.1")];
        assert_eq!(said(&fields), "0/- 1 -");
    }

    #[test]
    fn nonsense_is_not_said() {
        for left in ["", "many", "-1", "1e3", "0x10", ".", "1.", ".5", "\u{b}"] {
            assert_eq!(said(&[("x-ratelimit-remaining", left)]), "", "{left}");
        }
        for reset in ["", "soon", "-5", "-2612", "1:", "NaN"] {
            let fields = [("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", reset)];
            assert_eq!(said(&fields), "5/- - -", "{reset}");
        }
        let zero = [("ratelimit", "a;r=1"), ("ratelimit-policy", "a;q=x;w=0")];
        assert_eq!(said(&zero), "1/- - -");
    }

    #[test]
    fn absurd_numbers_stop_at_the_largest() {
        let huge = "99999999999999999999999";
        let fields = [("x-ratelimit-remaining", huge), ("x-ratelimit-limit", huge)];
        assert_eq!(said(&fields), "4294967295/4294967295 - -");
        let policy = format!("a;w={huge};q={huge}");
        let fields = [("ratelimit", "a;r=1;t=999999999"), ("ratelimit-policy", &policy)];
        assert_eq!(said(&fields), format!("1/4294967295 999999999 {MAX_SECONDS}"));
        let never = format!("a;r=1;t={huge}");
        assert_eq!(said(&[("ratelimit", &never)]), format!("1/- {MAX_SECONDS} -"));
    }

    #[test]
    fn what_is_said_twice_counts_once_and_many_are_cut() {
        let twice = [
            ("ratelimit", "limit=9, remaining=5"),
            ("ratelimit-limit", "9"),
            ("ratelimit-remaining", "5"),
            ("x-ratelimit-limit", "9"),
            ("x-ratelimit-remaining", "4"),
        ];
        assert_eq!(said(&twice), "5/9 - -, 4/9 - -");
        let many: Vec<String> = (0..=MAX_LIMITS).map(|n| format!("\"{n}\";r={n}")).collect();
        let fields = [("ratelimit", &*many.join(",")), ("x-ratelimit-remaining", "77")];
        let kept = said(&fields);
        assert_eq!(kept.split(", ").count(), MAX_LIMITS);
        assert!(kept.ends_with("7/- - -") && !kept.contains("77"), "{kept}");
    }
}
