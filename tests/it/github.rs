//! GitHub's limits: the primary one, the secondary one, and what has nothing to do with either.

use std::time::Duration;

use newsagg::http::Secret;
use newsagg::limit::HoldCause;
use newsagg::source::github::{BASE_URL, GitHub, What};

use crate::support::fake::{Answer, Played, Scene, ask, ok, status, url};

const PRIMARY: &str = include_str!("../fixtures/github/error-403-primary-limit.json");
const SECONDARY: &str = include_str!("../fixtures/github/error-403-secondary-limit.json");
const FORBIDDEN: &str = r#"{"message": "Resource not accessible by personal access token",
    "documentation_url": "https://docs.github.com/rest"}"#;

fn source(repo: &str) -> GitHub {
    let token = Secret("a-token".into());
    GitHub { base_url: url(BASE_URL), token, what: What::Releases(repo.into()), limit: None }
}

/// Two sources with one token, asked one after the other; the server answers so to the first.
fn played(first: Answer) -> Played {
    let scene = Scene::new([ask(source("o/first")), ask(source("o/second"))]).workers(1);
    scene.play(move |url, _| match url.path().contains("first") {
        true => first.clone(),
        false => ok("[]"),
    })
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn refused(body: &str) -> Answer {
    Answer { body: body.into(), ..status(403) }
}

#[test]
fn the_primary_limit_is_obeyed_until_the_hour_begins_anew() {
    let headers = vec![
        ("x-ratelimit-limit", "5000".into()),
        ("x-ratelimit-remaining", "0".into()),
        // The clock of these tests begins with 1970.
        ("x-ratelimit-reset", "1700000000".into()),
        ("date", "Tue, 14 Nov 2023 22:00:00 GMT".into()),
    ];
    let played = played(Answer { headers, ..refused(PRIMARY) });
    let first = &played.round.tallies[0];
    assert_eq!(first.failures[0].to_string(), "quota: API rate limit exceeded for 192.0.2.1");
    assert_eq!(first.failures[0].retry_after, Some(seconds(800)));
    assert_eq!(played.round.spans.len(), 1, "nobody else with this token is asked");
    assert!(played.round.tallies[1].put_off.is_some());
    let account = format!("account:{}", ask(source("o/first")).account);
    let hold = played.limiter.hold_of(&account).expect("a hold");
    assert_eq!(hold.cause, HoldCause::Asked);
    assert_eq!(hold.until, Duration::from_millis(800_100));
}

#[test]
fn the_secondary_limit_with_a_retry_after_is_obeyed_to_the_second() {
    let played = played(Answer { retry_after: Some("90"), ..refused(SECONDARY) });
    assert_eq!(played.round.spans.len(), 1);
    let account = format!("account:{}", ask(source("o/first")).account);
    let hold = played.limiter.hold_of(&account).expect("a hold");
    assert_eq!(hold.until, Duration::from_millis(90_100));
}

#[test]
fn the_secondary_limit_without_a_time_ends_the_round_for_the_token_and_then_costs_minutes() {
    let played = played(refused(SECONDARY));
    let failure = &played.round.tallies[0].failures[0];
    assert_eq!(failure.to_string(), "quota: You have exceeded a secondary rate limit");
    assert_eq!(played.round.spans.len(), 1, "neither tried again nor anybody else");
    assert!(played.round.tallies[1].put_off.is_some());
    let now = newsagg::time::Timestamp::from_unix(newsagg::backoff::BUILT).expect("a time");
    let account = ask(source("o/first")).account;
    let blame = newsagg::backoff::judge(failure, &url(BASE_URL), &account, now);
    assert_eq!(blame.scope.clone().map(|scope| scope.key()), Some(format!("account:{account}")));
    let waits: Vec<Duration> = (1..5).map(|count| blame.wait(count, 7)).collect();
    assert!(waits[0] >= seconds(60), "{waits:?}");
    assert!(waits.windows(2).all(|pair| pair[1] >= 2 * pair[0]), "{waits:?}");
}

#[test]
fn a_403_that_is_no_matter_of_how_often_is_blamed_on_its_address_alone() {
    let played = played(refused(FORBIDDEN));
    assert_eq!(played.round.spans.len(), 2, "the other is asked");
    assert!(played.round.is_well(1));
    let failure = &played.round.tallies[0].failures[0];
    assert_eq!(failure.to_string(), "service: Resource not accessible by personal access token");
    let now = newsagg::time::Timestamp::from_unix(newsagg::backoff::BUILT).expect("a time");
    let blame = newsagg::backoff::judge(failure, &url(BASE_URL), "github:1", now);
    assert_eq!(blame.scope.map(|scope| scope.key()), Some(format!("url:{BASE_URL}/")));
}
