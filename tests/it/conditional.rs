//! Asking whether anything changed: who is told which validators, and what a 304 may say.

use std::time::Duration;

use newsagg::failure::Stage;
use newsagg::http::{Request, Response, ServerLimit, Validators};
use newsagg::transport::Transport;

use crate::support::server::*;

const ETAG: &str = "W/\"a, b\"";
const DATE: &str = "Sun,  6 Nov 1994 08:49:37 UTC";

fn validators(etag: Option<&str>, last_modified: Option<&str>) -> Validators {
    Validators { etag: etag.map(Into::into), last_modified: last_modified.map(Into::into) }
}

fn both() -> Validators {
    validators(Some(ETAG), Some(DATE))
}

fn unchanged(fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 304 Not Modified\r\n{fields}\r\n").into_bytes()
}

fn answer(transport: &Transport, request: &Request) -> Response {
    exchange(transport, request, PATIENCE).result.unwrap()
}

/// The lines of a head that make its request conditional.
fn conditions(head: &str) -> Vec<&str> {
    head.lines().filter(|line| line.to_ascii_lowercase().starts_with("if-")).collect()
}

#[test]
fn what_is_held_is_told_byte_for_byte() {
    let server = Server::web(|_| ok("whole"));
    let etag = format!("if-none-match: {ETAG}");
    let date = format!("if-modified-since: {DATE}");
    for (validators, lines) in [
        (both(), vec![&*etag, &*date]),
        (validators(Some(ETAG), None), vec![&*etag]),
        (validators(None, Some(DATE)), vec![&*date]),
        (validators(None, None), vec![]),
    ] {
        let request = held(server.url("/?q"), server.url("/?q#other"), validators);
        assert_eq!(answer(&transport(), &request).body, b"whole");
        let mut told: Vec<_> =
            server.requests().last().unwrap().lines().map(String::from).collect();
        told.retain(|line| line.starts_with("if-"));
        told.sort_by_key(|line| line != &etag);
        assert_eq!(told, lines);
    }
}

#[test]
fn a_304_says_what_it_says_and_no_more() {
    let fields = "ETag: \"new\"\r\nCache-Control: max-age=90\r\nAge: 30\r\nRetry-After: 7\r\n\
                  RateLimit: a;r=5;t=9\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let server = Server::web(move |path| unchanged(if path == "/" { "" } else { fields }));
    let bare = answer(&transport(), &held(server.url("/"), server.url("/"), both()));
    assert_eq!((bare.status, bare.body.len(), bare.delimited), (304, 0, true));
    assert_eq!(
        (bare.validators, bare.fresh_for, bare.limits),
        (Validators::default(), None, vec![])
    );

    let said = answer(&transport(), &held(server.url("/x"), server.url("/x"), both()));
    assert_eq!((said.status, said.retry_after), (304, Some(Duration::from_secs(7))));
    // `Date` is no `Last-Modified`.
    assert_eq!(said.validators, validators(Some("\"new\""), None));
    assert_eq!(said.fresh_for, Some(Duration::from_secs(60)));
    let reset = Some(Duration::from_secs(9));
    let limit = ServerLimit { limit: None, remaining: 5, reset, window: None };
    assert_eq!(said.limits, [limit]);
}

#[test]
fn limits_are_read_off_a_refusal() {
    let server = Server::says(
        "HTTP/1.1 429 Too Many Requests\r\nX-RateLimit-Limit: 60\r\nX-RateLimit-Remaining: 0\r\n\
         X-RateLimit-Reset: 120\r\nContent-Length: 2\r\n\r\nno",
    );
    let refusal = get(server.url("/")).unwrap();
    let reset = Some(Duration::from_secs(120));
    let limit = ServerLimit { limit: Some(60), remaining: 0, reset, window: None };
    assert_eq!((refusal.status, refusal.limits), (429, vec![limit]));
}

#[test]
fn validators_are_told_only_to_the_url_they_came_from() {
    let server = Server::web(|path| match path {
        "/old" => moved(301, "/new"),
        "/new" => unchanged(""),
        path => ok(path),
    });
    let transport = transport();
    let request = held(server.url("/old"), server.url("/new"), both());
    let response = answer(&transport, &request);
    assert_eq!((response.status, response.url), (304, server.url("/new")));
    let heads = server.requests();
    assert_eq!(heads.iter().map(|head| conditions(head).len()).collect::<Vec<_>>(), [0, 2]);

    for other in ["/elsewhere", "/here?q", "/here/"] {
        let request = held(server.url("/here"), server.url(other), both());
        assert_eq!(answer(&transport, &request).body, b"/here");
        assert!(conditions(server.requests().last().unwrap()).is_empty(), "{other}");
    }
}

#[test]
fn validators_stay_when_a_redirect_leads_away() {
    let other = Server::web(|_| ok("other"));
    let target = other.url("/feed").to_string();
    let server = Server::web(move |_| moved(302, &target));
    let request = held(server.url("/feed"), server.url("/feed"), both());
    assert_eq!(answer(&transport(), &request).body, b"other");
    assert_eq!(conditions(&server.requests()[0]).len(), 2);
    assert!(conditions(&other.requests()[0]).is_empty());
}

#[test]
fn not_modified_is_no_answer_to_who_did_not_ask() {
    let server = Server::web(|path| match path {
        "/moved" => moved(302, "/"),
        _ => unchanged("ETag: \"x\"\r\n"),
    });
    let nothing = held(server.url("/"), server.url("/"), validators(None, None));
    let elsewhere = held(server.url("/"), server.url("/other"), both());
    let before = held(server.url("/moved"), server.url("/moved"), both());
    let transport = transport();
    for request in [Request::get(server.url("/")), nothing, elsewhere, before] {
        let failure = exchange(&transport, &request, PATIENCE).result.unwrap_err();
        assert!(
            failure.stage == Stage::Protocol && failure.cause.contains("304, not modified"),
            "{failure}"
        );
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_length_in_a_304_is_not_waited_for() {
    let server = Server::web(|path| match path {
        "/length" => unchanged("Content-Length: 5000\r\nContent-Encoding: gzip\r\n"),
        "/chunked" => unchanged("Transfer-Encoding: chunked\r\n"),
        path => ok(path),
    });
    let transport = transport();
    for path in ["/length", "/after", "/chunked", "/after"] {
        let response = answer(&transport, &conditional(server.url(path)));
        assert_eq!(response.body, if response.status == 304 { "" } else { path }.as_bytes());
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_validator_that_cannot_be_sent_is_left_out() {
    let long = format!("\"{}\"", "x".repeat(1_023));
    for etag in ["", "\"\u{e9}\"", "a\r\nb: c", "\u{7f}", &long] {
        let server = Server::web(|_| ok("whole"));
        let validators = validators(Some(etag), Some(DATE));
        let request = held(server.url("/"), server.url("/"), validators);
        assert_eq!(answer(&transport(), &request).body, b"whole");
        assert_eq!(conditions(&server.requests()[0]), [format!("if-modified-since: {DATE}")]);
    }
}

#[test]
fn a_validator_that_is_too_long_is_not_kept() {
    for (length, kept) in [(1_024, true), (1_025, false)] {
        let etag = format!("\"{}\"", "x".repeat(length - 2));
        let head = format!("HTTP/1.1 200 OK\r\nETag: {etag}\r\nContent-Length: 0\r\n\r\n");
        let response = get(Server::says(head).url("/")).unwrap();
        assert_eq!(response.validators.etag, kept.then_some(etag));
    }
}

#[test]
fn what_is_held_wins_over_a_field_of_the_source() {
    let server = Server::web(|_| unchanged(""));
    let request = held(server.url("/"), server.url("/"), both());
    let request = request.with("if-none-match", "\"mine\"", false);
    assert_eq!(answer(&transport(), &request).status, 304);
    assert!(!server.requests()[0].contains("mine"), "{}", server.requests()[0]);
}
