//! The embedded news web, asked as a plain client would.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use newsagg::clock::Clock;
use newsagg::failure::Stage;
use newsagg::http::{Request, Url};
use newsagg::loopback::{Fault, KEY, Web, WebOptions, tls};
use newsagg::time::Timestamp;
use newsagg::transport::Transport;

use crate::support::server::{PATIENCE, exchange};

fn now() -> Timestamp {
    Timestamp::from_unix(1_795_240_800).expect("2026")
}

fn web() -> Web {
    Web::start(WebOptions::new(now())).expect("a free port")
}

/// Head and body of one answer on a connection of its own.
fn ask(url: &Url, fields: &str) -> (String, Vec<u8>) {
    let answer = ask_raw(url, &format!("connection: close\r\n{fields}"));
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    (String::from_utf8_lossy(&answer[..end]).into_owned(), answer[end + 4..].to_vec())
}

fn ask_raw(url: &Url, fields: &str) -> Vec<u8> {
    let mut stream = connect(url);
    write!(stream, "{}", request(url, fields)).expect("a request sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    answer
}

fn connect(url: &Url) -> TcpStream {
    let host = url.host_str().expect("a host");
    TcpStream::connect((host, url.port().expect("a port"))).expect("a listener")
}

fn request(url: &Url, fields: &str) -> String {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let target = url.path().to_owned() + &query;
    format!("GET {target} HTTP/1.1\r\nhost: {}\r\n{fields}\r\n", url.host_str().expect("a host"))
}

fn text(web: &Web, path: &str, fields: &str) -> (String, String) {
    let (head, body) = ask(&web.url(path), fields);
    (head, String::from_utf8(body).expect("text"))
}

fn status(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn newsapi_wants_its_key_and_a_selection() {
    let web = web();
    let right = format!("x-api-key: {KEY}\r\n");
    let cases = [
        ("/newsapi/v2/top-headlines?country=us", "", "401", "apiKeyMissing"),
        ("/newsapi/v2/top-headlines?country=us", "x-api-key: no\r\n", "401", "apiKeyInvalid"),
        ("/newsapi/v2/top-headlines", right.as_str(), "400", "parametersMissing"),
        ("/newsapi/v2/top-headlines?country=us&sources=a", &right, "400", "parametersIncompatible"),
        ("/newsapi/v2/top-headlines?country=us&pageSize=2", &right, "200", "[Removed]"),
    ];
    for (path, fields, code, word) in cases {
        let (head, body) = text(&web, path, fields);
        assert_eq!(status(&head), code, "{path}");
        assert!(body.contains(word), "{path}: {body}");
    }
    assert_eq!(web.asked("/newsapi/v2/top-headlines"), 5);
}

#[test]
fn the_guardian_wants_its_key_and_knows_sections() {
    let web = web();
    let (head, _) = text(&web, "/guardian/search", "");
    assert_eq!(status(&head), "401");
    let (head, body) =
        text(&web, "/guardian/search?section=technology", &format!("api-key: {KEY}\r\n"));
    assert_eq!(status(&head), "200");
    assert_eq!(body.matches("\"webTitle\"").count(), 3);
}

#[test]
fn reddit_gives_a_token_for_its_key_and_lists_posts_for_the_token() {
    let web = web();
    let door = web.url("/reddit/api/v1/access_token");
    let knock = |fields: &str, form: &str| {
        let mut stream = connect(&door);
        let length = form.len();
        let head = format!("connection: close\r\ncontent-length: {length}\r\n{fields}");
        let whole = request(&door, &head).replace("GET ", "POST ") + form;
        // In two pieces, as it may come.
        let (one, other) = whole.split_at(whole.len() - form.len() / 2);
        stream.write_all(one.as_bytes()).expect("sent");
        stream.flush().expect("sent");
        // Who posts too much is not read to the end.
        let _ = stream.write_all(other.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    // `printf "$KEY:$KEY" | base64 -w0`
    let basic = "authorization: Basic YS1rZXktZm9yLXRoZS1lbWJlZGRlZC13ZWI6YS1rZXktZm9yLXRoZS1lbWJlZGRlZC13ZWI=\r\n";
    let form = "grant_type=client_credentials";
    assert_eq!(status(&knock("", form)), "401");
    assert!(knock(basic, "grant_type=password").contains("unsupported_grant_type"));
    let refused = knock(basic, &form.repeat(200));
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 400"), "{refused}");
    let token = knock(basic, form);
    let token = token.split('"').nth(3).expect("a token");
    let list = "/reddit/r/small/hot?limit=3";
    assert_eq!(status(&text(&web, list, "").0), "401");
    let (head, body) = text(&web, list, &format!("authorization: Bearer {token}\r\n"));
    assert!(head.contains("x-ratelimit-remaining: 599.0"), "{head}");
    assert_eq!(body.matches("\"kind\":\"t3\"").count(), 5);
    let (_, feed) = text(&web, "/reddit/r/small/.rss", "");
    assert!(feed.matches("[link]").count() > 5, "{feed}");
}

#[test]
fn hacker_news_has_stories_jobs_polls_and_what_is_gone() {
    let web = web();
    let (_, ids) = text(&web, "/hn/v0/topstories.json", "");
    let ids: Vec<u64> = serde_json::from_str(&ids).expect("ids");
    let items: Vec<String> =
        ids.iter().map(|id| text(&web, &format!("/hn/v0/item/{id}.json"), "").1).collect();
    for sign in ["\"type\":\"job\"", "\"type\":\"poll\"", "\"deleted\":true", "\"dead\":true"] {
        assert_eq!(items.iter().filter(|item| item.contains(sign)).count(), 1, "{sign}");
    }
    assert_eq!(items.iter().filter(|item| *item == "null").count(), 1);
    assert_eq!(text(&web, "/hn/v0/item/1.json", "").1, "null");
}

#[test]
fn feeds_have_validators_and_answer_304_to_them() {
    let web = web();
    let (head, body) = text(&web, "/feeds/harbour.rss", "");
    assert!(body.contains("Night ferry"));
    for name in ["etag", "last-modified"] {
        let line = head.lines().find(|line| line.starts_with(name)).expect(name);
        let value = &line[name.len() + 2..];
        let ask_with = if name == "etag" { "if-none-match" } else { "if-modified-since" };
        let (head, body) = text(&web, "/feeds/harbour.rss", &format!("{ask_with}: {value}\r\n"));
        assert_eq!((status(&head), body.as_str()), ("304", ""), "{name}");
    }
    let (head, _) = text(&web, "/feeds/harbour.rss", "if-none-match: \"other\"\r\n");
    assert_eq!(status(&head), "200");
}

#[test]
fn what_was_asked_is_counted_until_it_is_forgotten() {
    let web = Web::start(WebOptions { prepare: 2, ..WebOptions::new(now()) }).expect("a free port");
    let all =
        |fields: &str| ask_raw(&web.url("/feed/1"), &format!("connection: close\r\n{fields}"));
    let whole = all("").len() as u64;
    assert_eq!((web.asked_in_all(), web.conditional(), web.bytes_sent()), (1, 0, whole));
    let unchanged = all("if-none-match: \"1-40000\"\r\n").len() as u64;
    assert!(unchanged < 200, "{unchanged}");
    assert_eq!((web.conditional(), web.bytes_sent()), (1, whole + unchanged));
    web.forget();
    assert_eq!((web.asked_in_all(), web.conditional(), web.bytes_sent()), (0, 0, 0));
    assert_eq!(web.connections(), 0);
}

#[test]
fn bodies_larger_than_one_write_arrive_whole() {
    let web = web();
    let path = "/feed/3?bytes=300000";
    let (head, body) = ask(&web.url(path), "");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    assert!(body.ends_with(b"</feed>\n"));
}

#[test]
fn gzip_is_sent_to_those_who_read_it() {
    let web = web();
    let (_, plain) = ask(&web.url("/feeds/lantern.atom"), "");
    let (head, packed) = ask(&web.url("/feeds/lantern.atom"), "accept-encoding: gzip\r\n");
    assert!(head.contains("content-encoding: gzip"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain);
}

#[test]
fn synthetic_feeds_are_about_as_large_as_asked_for_and_always_the_same() {
    let web = web();
    for (number, format) in [(6, "<rss"), (7, "<feed")] {
        let path = format!("/feed/{number}?bytes=40000");
        let (_, body) = text(&web, &path, "");
        assert!(body.contains(format));
        assert!((38_000..42_000).contains(&body.len()), "{} bytes", body.len());
        assert_eq!(text(&web, &path, "").1, body);
    }
}

#[test]
fn one_connection_carries_many_answers() {
    let web = web();
    let url = web.url("/hn/v0/item/1.json");
    let mut stream = connect(&url);
    for _ in 0..3 {
        write!(stream, "{}", request(&url, "")).expect("a request sent");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nnull") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            answer.push(byte[0]);
        }
    }
    assert_eq!((web.connections(), web.asked("/hn/v0/item/1.json")), (1, 3));
}

#[test]
fn faults_are_where_they_were_ordered() {
    let faults = vec![
        ("/broken/".into(), Fault::Status(503)),
        ("/feeds/".into(), Fault::Cut(100)),
        ("/feeds/upland.rss".into(), Fault::Latency(Duration::ZERO)),
    ];
    let web = Web::start(WebOptions { faults, ..WebOptions::new(now()) }).expect("a free port");
    assert_eq!(status(&text(&web, "/broken/feed.rss", "").0), "503");
    assert_eq!(ask(&web.url("/feeds/harbour.rss"), "").1.len(), 100);
    assert!(text(&web, "/feeds/upland.rss", "").1.ends_with("</rss>\n"));
    assert_eq!(status(&text(&web, "/elsewhere", "").0), "404");
}

#[test]
fn the_web_stands_on_as_many_addresses_as_ordered() {
    let web = Web::start(WebOptions { addresses: 3, ..WebOptions::new(now()) }).expect("a port");
    for address in 1..=3 {
        let (head, _) = ask(&web.url_on(address, "/feed/1?bytes=1000"), "");
        assert_eq!(status(&head), "200");
    }
    assert_eq!(web.asked("/feed/1"), 3);
}

#[test]
fn a_web_ends_when_dropped_even_with_a_request_that_hangs() {
    let faults = vec![("/silent/".into(), Fault::Hang)];
    let web = Web::start(WebOptions { faults, ..WebOptions::new(now()) }).expect("a free port");
    let url = web.url("/silent/feed");
    let mut stream = connect(&url);
    write!(stream, "{}", request(&url, "")).expect("a request sent");
    while web.asked("/silent/feed") == 0 {
        std::thread::yield_now();
    }
    drop(web);
    let mut rest = Vec::new();
    // The end of the stream, or a reset: either way the web is gone.
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.is_empty());
    assert!(
        TcpStream::connect((url.host_str().expect("host"), url.port().expect("port"))).is_err()
    );
}

#[test]
fn requests_that_are_no_http_are_refused_and_endless_heads_cut_off() {
    let web = web();
    let url = web.url("/");
    for (sent, said) in
        [("nonsense\r\n\r\n", "HTTP/1.1 400"), ("POST / HTTP/1.1\r\n\r\n", "HTTP/1.1 400")]
    {
        let mut stream = connect(&url);
        stream.write_all(sent.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with(said), "{sent}: {answer}");
    }
    let mut stream = connect(&url);
    // A reset while sending is as good an end as one after it.
    while stream.write_all(&[b'x'; 1024]).is_ok() {}
}

/// Many records; the largest number of bytes that one write takes is a part of it.
const MANY: &str = "/feed/1?bytes=300000";

fn secure() -> Web {
    Web::start(WebOptions { accept: Some(tls::accept()), ..WebOptions::new(now()) })
        .expect("a port")
}

#[test]
fn our_client_reads_the_same_over_the_webs_tls_as_without() {
    let (web, plain) = (secure(), web());
    let trusting = Transport::trusting(Clock::system(), vec![tls::CERTIFICATE.to_vec()]);
    let (_, expected) = ask(&plain.url(MANY), "");
    for _ in 0..3 {
        let exchange = exchange(&trusting, &Request::get(web.url(MANY)), PATIENCE);
        assert_eq!(exchange.result.expect("an answer").body, expected);
    }
    assert_eq!(web.connections(), 1, "it is kept");
}

#[test]
fn who_does_not_trust_the_webs_certificate_hears_nothing() {
    let web = secure();
    let strict = Transport::trusting(Clock::system(), Vec::new());
    let failure = exchange(&strict, &Request::get(web.url("/")), PATIENCE).result.expect_err("tls");
    assert_eq!(failure.stage, Stage::Tls);
    assert_eq!(web.asked_in_all(), 0);
}

#[test]
fn the_webs_tls_drops_who_speaks_something_else_and_goes_on() {
    let web = secure();
    let hello = |length: [u8; 2]| [&[22, 3, 1][..], &length, &[1, 0, 0, 4, 3, 3, 0, 0]].concat();
    let long = b"\x17\x03\x03\xff\xff".to_vec();
    let plain = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec();
    for sent in [plain, hello([0, 8]), long] {
        let mut stream = connect(&web.url("/"));
        stream.write_all(&sent).expect("sent");
        let mut answer = Vec::new();
        // The end, a reset, or a TLS alert (RFC 8446 §6), but never an answer.
        let _ = stream.read_to_end(&mut answer);
        const ALERT: u8 = 21;
        assert!(answer.first().is_none_or(|kind| *kind == ALERT), "{answer:?}");
    }
    let trusting = Transport::trusting(Clock::system(), vec![tls::CERTIFICATE.to_vec()]);
    let answer = exchange(&trusting, &Request::get(web.url("/")), PATIENCE).result;
    assert_eq!(answer.expect("an answer").status, 200);
}

#[test]
fn the_first_requests_fail_as_often_as_is_said() {
    let faults = vec![("/feed/0".into(), Fault::First(2, 503))];
    let web = Web::start(WebOptions { faults, ..WebOptions::new(now()) }).expect("a free port");
    let codes: Vec<String> =
        (0..3).map(|_| status(&text(&web, "/feed/0", "").0).to_owned()).collect();
    assert_eq!(codes.iter().map(|code| &**code).collect::<Vec<_>>(), ["503", "503", "200"]);
    assert_eq!(status(&text(&web, "/feed/1", "").0), "200");
    assert_eq!(web.most_within(Duration::from_secs(3_600)), 4);
}

#[test]
fn a_web_that_closes_says_so_and_does() {
    let web = Web::start(WebOptions { closes: true, ..WebOptions::new(now()) }).expect("a port");
    let answer = ask_raw(&web.url("/feed/0"), "");
    assert!(String::from_utf8_lossy(&answer).contains("\r\nconnection: close\r\n"));
}
