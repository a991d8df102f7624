//! Servers and proxies that mean well: connections kept, redirects, refused addresses, proxies.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use newsagg::clock::Clock;
use newsagg::failure::Stage;
use newsagg::http::{Request, Url};
use newsagg::limit::Limiter;
use newsagg::round::{Halt, Landed, Rules, round};
use newsagg::time::Timestamp;
use newsagg::transport::{Options, Transport};

use crate::support::fake;
use crate::support::proxy::proxy;
use crate::support::server::*;

fn body(transport: &Transport, request: &Request) -> String {
    let response = exchange(transport, request, PATIENCE).result.unwrap();
    String::from_utf8(response.body).unwrap()
}

fn ask(url: Url) -> Request {
    Request::get(url)
}

#[test]
fn an_answer_arrives_with_everything_the_caller_needs() {
    let server = Server::says(
        "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml; charset=utf-8\r\nETag: W/\"x\"\r\n\
         Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nfeed",
    );
    let request = ask(server.url("/a?b=c#d")).with("if-none-match", "\"w\"", false);
    let exchange = exchange(&transport(), &request, PATIENCE);
    let response = exchange.result.unwrap();
    assert_eq!(response.body, b"feed");
    assert_eq!(response.url, server.url("/a?b=c#d"));
    assert_eq!(response.content_type.as_deref(), Some("application/rss+xml; charset=utf-8"));
    assert_eq!(response.validators.etag.as_deref(), Some("W/\"x\""));
    assert_eq!(response.validators.last_modified.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_eq!(response.retry_after, Some(Duration::from_secs(7)));
    assert_eq!((response.moved, response.delimited), (None, true));
    assert_eq!((exchange.bytes_in, exchange.requests), (4, 1));
    assert!(
        exchange.timing.connect > Duration::ZERO && exchange.timing.first_byte > Duration::ZERO
    );
    assert_eq!(exchange.timing.tls, Duration::ZERO);

    let head = server.requests()[0].to_lowercase();
    assert!(head.starts_with("get /a?b=c http/1.1\r\n"), "{head}");
    for line in [
        &*format!("host: {}", server.address),
        "user-agent: newsagg-test",
        "accept-encoding: gzip",
        "accept: */*",
        "if-none-match: \"w\"",
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} in {head}");
    }
    assert!(!head.contains("content-"), "{head}");
}

#[test]
fn a_source_may_say_what_it_accepts() {
    let server = Server::web(|_| ok(""));
    body(&transport(), &ask(server.url("/")).with("accept", "application/json", false));
    let head = &server.requests()[0];
    assert!(head.contains("accept: application/json") && !head.contains("*/*"), "{head}");
}

#[test]
fn a_field_that_cannot_be_sent_is_a_failure_that_does_not_show_it() {
    let server = Server::web(|_| ok(""));
    for (name, value) in [
        ("x-key", "secr\u{e9}t"),
        ("x-key", "secret\r\nx: y"),
        ("x key", "secret"),
        ("x-\u{e9}", ""),
    ] {
        let request = ask(server.url("/")).with(name, value, true);
        let failure = exchange(&transport(), &request, PATIENCE).result.unwrap_err();
        assert_eq!(failure.stage, Stage::Protocol);
        assert!(!failure.cause.contains("secr"), "{failure}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn requests_to_one_host_share_a_connection() {
    let server = Server::web(|path| match path.len() % 3 {
        0 => ok(path),
        1 => format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{path}\r\n0\r\n\r\n",
            path.len()
        )
        .into(),
        _ => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
    });
    let transport = transport();
    for i in 0..50 {
        let path = format!("/{}", "x".repeat(i));
        let text = body(&transport, &ask(server.url(&path)));
        assert!(text == path || text.is_empty());
    }
    assert_eq!(server.connections(), 1);
    transport.close_idle();
    body(&transport, &ask(server.url("/")));
    assert_eq!(server.connections(), 2);
}

#[test]
fn follow_ups_that_come_in_the_same_instant_share_the_connections_that_are_there() {
    let server = Server::start(|mut connection| {
        let address = connection.stream.local_addr().unwrap();
        while let Some(request) = connection.request() {
            let path = request.split(' ').nth(1).unwrap();
            let more = (0..32).map(|n| format!("http://{address}/{n}")).collect::<Vec<_>>();
            connection.send(&ok(&if path == "/list" { more.join(" ") } else { path.into() }));
        }
    });
    let clock = Clock::system();
    let transport = Arc::new(Transport::direct(clock.clone()));
    let executor = smol::Executor::new();
    let workers = NonZeroUsize::new(8).unwrap();
    let rules = Rules { workers, deadline: PATIENCE, fail_fast: false, force: false, seed: 0 };
    let list = server.url("/list").to_string().leak();
    let asks = [fake::ask(fake::one(list))];
    let mut limiter = Limiter::default();
    let mut landed = 0;
    let mut keep = |_: Landed| landed += 1;
    let halt = Halt::default();
    let round = round(&asks, rules, &halt, &mut limiter, &transport, &executor, &mut keep);
    clock.block_on(&executor, round);
    assert_eq!(landed, 33);
    assert!(server.connections() <= 8, "{} connections", server.connections());
}

#[test]
fn many_at_once_use_as_many_connections_and_no_more() {
    let server = Server::web(ok);
    let transport = Arc::new(transport());
    let executor = smol::LocalExecutor::new();
    for _ in 0..5 {
        let tasks: Vec<_> = (0..8)
            .map(|i| {
                let (transport, request) = (transport.clone(), ask(server.url(&format!("/{i}"))));
                executor.spawn(
                    async move { transport.get(&request, &options(), PATIENCE).await.result },
                )
            })
            .collect();
        for (i, task) in tasks.into_iter().enumerate() {
            let response = smol::block_on(executor.run(task)).unwrap();
            assert_eq!(response.body, format!("/{i}").into_bytes());
        }
    }
    assert!(server.connections() <= 8, "{}", server.connections());
}

#[test]
fn a_kept_connection_that_the_server_closed_is_replaced_silently() {
    // Answers one request per connection and closes without saying so; every other time only
    // after having read the next request.
    let server = Server::start(|mut connection| {
        let index = connection.index;
        if connection.request().is_some() {
            connection.send(&ok(&index.to_string()));
            if index % 2 == 0 {
                connection.request();
            }
        }
    });
    let transport = transport();
    for i in 0..6 {
        let exchange = exchange(&transport, &ask(server.url("/")), PATIENCE);
        assert_eq!(exchange.result.unwrap().body, i.to_string().into_bytes());
        assert_eq!(exchange.requests, 1);
    }
}

#[test]
fn a_kept_connection_that_dies_within_an_answer_is_a_failure() {
    let server = Server::start(|mut connection| {
        connection.request();
        connection.send(&ok("first"));
        connection.request();
        connection.send(b"HTTP/1.1 200 O");
    });
    let transport = transport();
    body(&transport, &ask(server.url("/")));
    let second = exchange(&transport, &ask(server.url("/")), PATIENCE).result.unwrap_err();
    assert_eq!((second.stage, server.connections()), (Stage::Protocol, 1));
}

#[test]
fn connection_close_is_obeyed() {
    let server = Server::web(|_| {
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok".to_vec()
    });
    let transport = transport();
    body(&transport, &ask(server.url("/")));
    body(&transport, &ask(server.url("/")));
    assert_eq!(server.connections(), 2);
}

/// Report 17-cookie-redirect.
#[test]
fn a_cookie_that_a_redirect_sets_is_shown_on_the_way_back_and_forgotten_after_it() {
    let server = Server::start(|mut connection| {
        while let Some(request) = connection.request() {
            let has_cookie = request.to_lowercase().contains("\r\ncookie: pass=t");
            let answer = match (request.split(' ').nth(1).unwrap(), has_cookie) {
                ("/feed", true) => ok("news"),
                ("/feed", false) => moved(301, "/gate?back=/feed"),
                _ => {
                    let answer = String::from_utf8(moved(301, "/feed")).unwrap();
                    let field = "Set-Cookie: pass=t1; path=/; HttpOnly\r\nLocation";
                    answer.replace("Location", field).into_bytes()
                }
            };
            connection.send(&answer);
        }
    });
    let transport = transport();
    for _ in 0..2 {
        let exchange = exchange(&transport, &ask(server.url("/feed")), PATIENCE);
        let response = exchange.result.unwrap();
        assert_eq!((response.body, exchange.requests), (b"news".to_vec(), 3));
        assert_eq!(response.moved, None, "it came back");
    }
}

#[test]
fn redirects_are_followed_on_the_same_connection_and_reported() {
    let server = Server::web(|path| match path {
        "/1" => moved(301, "/2"),
        "/2" => moved(308, "3?q"),
        "/3?q" => ok("there"),
        "/t" => moved(307, "/1"),
        "/c\u{e9}" => panic!("raw bytes on the wire"),
        "/latin" => {
            [b"HTTP/1.1 302 Found\r\nLocation: /cl?q=\xc3\xa9\r\nContent-Length: 0\r\n\r\n"
                .to_vec()]
            .concat()
        }
        path => ok(path),
    });
    let transport = transport();
    let exchange1 = exchange(&transport, &ask(server.url("/1#here")), PATIENCE);
    let response = exchange1.result.unwrap();
    assert_eq!(response.body, b"there");
    assert_eq!(response.url, server.url("/3?q#here"));
    assert_eq!(response.moved, Some(server.url("/3?q#here")));
    assert_eq!((exchange1.requests, exchange1.bytes_in), (3, 15));
    assert_eq!(server.connections(), 1);
    let response = exchange(&transport, &ask(server.url("/t")), PATIENCE).result.unwrap();
    assert_eq!((response.body.as_slice(), response.moved), (&b"there"[..], None));
    assert_eq!(body(&transport, &ask(server.url("/latin"))), "/cl?q=%C3%A9");
}

#[test]
fn redirects_that_never_arrive_are_failures() {
    let server = Server::web(|path| match path {
        "/circle" => moved(302, "/elcric"),
        "/elcric" => moved(302, "/circle"),
        "/self" => moved(302, "/self"),
        "/file" => moved(302, "file:///etc/passwd"),
        "/nonsense" => moved(302, "http://[::bad/"),
        path => moved(302, &format!("{path}x")),
    });
    for (path, cause) in [
        ("/circle", "circles"),
        ("/self", "circles"),
        ("/long", "more than 5 redirects"),
        ("/file", "not http"),
        ("/nonsense", "not a URL"),
    ] {
        let failure = get(server.url(path)).unwrap_err();
        assert!(failure.stage == Stage::Redirect && failure.cause.contains(cause), "{failure}");
    }
}

#[test]
fn secrets_do_not_follow_a_redirect_to_another_origin() {
    let other = Server::web(|_| ok("other"));
    let target = other.url("/target").to_string();
    let server = Server::web(move |path| match path {
        "/away" => moved(302, &target),
        "/stay" => moved(302, "/here"),
        _ => ok("here"),
    });
    let keyed = |path: &str| {
        let mut url = server.url(path);
        url.set_username("me").unwrap();
        ask(url).with("x-key", "secret", true).with("x-open", "open", false)
    };
    assert_eq!(body(&transport(), &keyed("/stay")), "here");
    assert!(
        server
            .requests()
            .iter()
            .all(|head| head.contains("secret") && head.contains("authorization: Basic bWU6"))
    );
    assert_eq!(body(&transport(), &keyed("/away")), "other");
    let seen = other.requests().concat();
    assert!(
        seen.contains("x-open: open")
            && !seen.contains("secret")
            && !seen.contains("authorization"),
        "{seen}"
    );
}

#[test]
fn a_url_given_by_a_feed_may_not_lead_into_the_house() {
    let server = Server::web(|_| ok(""));
    let port = server.address.port();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",
        "feed.localhost",
    ] {
        let mut request = ask(Url::parse(&format!("http://{host}:{port}/")).unwrap());
        request.local_ok = false;
        let failure = exchange(&transport(), &request, PATIENCE).result.unwrap_err();
        assert!(failure.stage == Stage::Connect && failure.cause.contains("refused"), "{failure}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_kept_local_connection_is_not_lent_to_a_feeds_url() {
    let server = Server::web(|_| ok(""));
    let transport = transport();
    body(&transport, &ask(server.url("/")));
    let mut request = ask(server.url("/"));
    request.local_ok = false;
    assert!(exchange(&transport, &request, PATIENCE).result.is_err());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_redirect_may_not_lead_into_the_house_but_on_the_host_it_came_from() {
    let neighbour = Server::at("127.0.0.2", |_| ());
    let same = Server::web(|_| ok("same host"));
    let (away, near) = (neighbour.url("/").to_string(), same.url("/").to_string());
    let server = Server::web(move |path| moved(302, if path == "/away" { &away } else { &near }));
    assert_eq!(get(server.url("/near")).unwrap().body, b"same host");
    let failure = get(server.url("/away")).unwrap_err();
    assert_eq!(failure.stage, Stage::Redirect);
    assert_eq!(failure.cause, "refused to follow a redirect to 127.0.0.2, a loopback address");
    assert_eq!(neighbour.connections(), 0);
}

#[test]
fn nobody_listening_is_a_failure_to_connect() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = Url::parse(&format!("http://127.0.0.1:{port}/?key=secret")).unwrap();
    let failure = get(url).unwrap_err();
    assert_eq!(failure.stage, Stage::Connect);
    assert_eq!(failure.cause, format!("127.0.0.1:{port}: connection refused"));
    let failure = get(Url::parse("ftp://127.0.0.1/").unwrap()).unwrap_err();
    assert_eq!(failure.stage, Stage::Protocol);
}

fn through(proxy: &str) -> Options {
    Options { proxy: Some(Url::parse(proxy).unwrap()), ..options() }
}

#[test]
fn plain_requests_go_through_a_proxy_in_absolute_form() {
    let proxy = proxy(true);
    let options = through(&format!("http://me:pw@{}", proxy.address));
    let transport = transport();
    for url in ["http://feed.invalid/a?b", "http://feed.invalid:8080/", "http://other.invalid/"] {
        let request = ask(Url::parse(url).unwrap());
        let result = smol::block_on(transport.get(&request, &options, PATIENCE)).result;
        assert_eq!(result.unwrap().body, format!("via proxy: {url}").into_bytes());
    }
    let heads = proxy.requests();
    assert!(heads[1].contains("host: feed.invalid:8080\r\n"), "{}", heads[1]);
    assert!(!heads[0].contains("\r\nauthorization"));
}

#[test]
fn a_proxy_that_says_no_is_named() {
    let request = ask(Url::parse("https://feed.invalid/").unwrap());
    let locked = proxy(true);
    let quick = Server::says("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    let mute = Server::start(|_| ());
    let odd = Server::says("220 smtp.example ESMTP\r\n\r\n");
    let endless = Server::start(|mut connection| {
        connection.request();
        connection.send_forever(b"HTTP/1.1 200 OK, more of it ");
    });
    for (server, cause) in [
        (&locked, "wants other credentials (407)"),
        (&quick, "refused the tunnel (502)"),
        (&mute, ""),
        (&odd, "no proper answer"),
        (&endless, "no proper answer"),
    ] {
        let options = through(&format!("http://you:secret@{}", server.address));
        let failure =
            smol::block_on(transport().get(&request, &options, PATIENCE)).result.unwrap_err();
        let named = failure.cause.contains(&server.address.to_string());
        assert!(
            failure.stage == Stage::Connect && failure.cause.contains(cause) && named,
            "{failure}"
        );
        assert!(!failure.cause.contains("secret"));
    }
}

#[test]
fn a_proxy_does_not_open_the_house_to_a_feed() {
    let proxy = proxy(false);
    let options = through(&format!("http://{}", proxy.address));
    for url in ["http://127.0.0.1/", "https://[::1]/", "http://10.0.0.1/"] {
        let mut request = ask(Url::parse(url).unwrap());
        request.local_ok = false;
        let failure =
            smol::block_on(transport().get(&request, &options, PATIENCE)).result.unwrap_err();
        assert_eq!(failure.stage, Stage::Connect);
    }
    assert!(proxy.requests().is_empty());
}

/// What stands below surf in simulated time.
#[derive(Debug)]
struct Never(Clock, AtomicBool);

#[async_trait]
impl http_client::HttpClient for Never {
    async fn send(
        &self,
        _: http_client::Request,
    ) -> Result<http_client::Response, http_client::Error> {
        if self.1.swap(true, Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.0.sleep_until(self.0.now() + Duration::from_millis(100)).await;
        let mut response = http_client::Response::new(200);
        response.insert_header("etag", "\"1\"");
        response.set_body("canned");
        Ok(response)
    }
}

#[test]
fn simulated_time_has_deadlines_too() {
    let clock = Clock::simulated(Timestamp::EPOCH);
    let transport = Transport::over(Never(clock.clone(), AtomicBool::new(false)), clock.clone());
    let executor = smol::Executor::new();
    let request = ask(Url::parse("http://feed.test/").unwrap());
    let day = Duration::from_secs(86400);
    let options = options();
    let exchange = clock.block_on(&executor, transport.get(&request, &options, day));
    let response = exchange.result.unwrap();
    assert_eq!(
        (response.body.as_slice(), response.validators.etag.as_deref()),
        (&b"canned"[..], Some("\"1\""))
    );
    assert_eq!(exchange.timing.first_byte, Duration::from_millis(100));
    let exchange = clock.block_on(&executor, transport.get(&request, &options, day));
    assert_eq!(exchange.result.unwrap_err().stage, Stage::Timeout);
    assert_eq!(clock.now(), day + Duration::from_millis(100));
    assert_eq!(exchange.timing.first_byte, day);
}
