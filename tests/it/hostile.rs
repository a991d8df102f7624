//! Servers that break the rules, by mistake or by intent.

use std::io::Write;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use newsagg::failure::Stage;
use newsagg::http::Request;

use crate::support::server::*;

#[track_caller]
fn fails(answer: impl Into<Vec<u8>>, stage: Stage, cause: &str) {
    let answer = answer.into();
    let failure = get(Server::says(answer.clone()).url("/")).map(|response| response.body);
    let Err(failure) = failure else { panic!("{} is read", answer.escape_ascii()) };
    assert!(failure.stage == stage && failure.cause.contains(cause), "{failure}");
    assert!(!failure.cause.chars().any(char::is_control), "{failure:?}");
}

fn reads(answer: impl Into<Vec<u8>>, body: &str) {
    let response = get(Server::says(answer).url("/")).unwrap();
    assert_eq!((response.status, response.body.as_slice()), (200, body.as_bytes()));
}

/// A server that sends this and then nothing, and never closes.
fn stalls(answer: &'static [u8]) -> Server {
    Server::start(move |mut connection| {
        if connection.request().is_some() {
            connection.send(answer);
            connection.hang();
        }
    })
}

/// A server that sends this and then the same bytes for ever.
fn never_ends(answer: &'static [u8], again: &'static [u8]) -> Server {
    Server::start(move |mut connection| {
        if connection.request().is_some() {
            connection.send(answer);
            connection.send_forever(again);
        }
    })
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn silence_ends_at_the_deadline_and_names_the_phase() {
    for (server, doing) in [
        (stalls(b""), "waiting for the answer"),
        (stalls(b"HTTP/1.1 200 OK\r\nContent-Le"), "waiting for the answer"),
        (stalls(b"HTTP/1.1 103 Early Hints\r\n\r\n"), "waiting for the answer"),
        (
            stalls(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"),
            "after 5 bytes of the body",
        ),
        (
            stalls(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
            "after 3 bytes",
        ),
        (stalls(b"HTTP/1.1 200 OK\r\n\r\nabc"), "after 3 bytes"),
    ] {
        let exchange = exchange(&transport(), &Request::get(server.url("/")), IMPATIENCE);
        let failure = exchange.result.unwrap_err();
        assert!(failure.stage == Stage::Timeout && failure.cause.contains(doing), "{failure}");
        assert_eq!(exchange.requests, 1);
    }
}

#[test]
fn a_byte_now_and_then_ends_at_the_deadline() {
    for start in [
        "HTTP/1.1 200 OK\r\nX: ",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
    ] {
        let server = Server::start(move |mut connection| {
            connection.request();
            connection.send(start.as_bytes());
            while connection.send(b"x") {
                thread::sleep(Duration::from_millis(5));
            }
        });
        let exchange = exchange(&transport(), &Request::get(server.url("/")), IMPATIENCE);
        assert_eq!(exchange.result.unwrap_err().stage, Stage::Timeout);
    }
}

#[test]
fn a_deadline_holds_over_all_redirects_together() {
    let server = Server::start(|mut connection| {
        while let Some(request) = connection.request() {
            thread::sleep(Duration::from_millis(120));
            let hop = request.matches('x').count();
            connection.send(&moved(302, &format!("/{}", "x".repeat(hop + 1))));
        }
    });
    let exchange = exchange(&transport(), &Request::get(server.url("/")), IMPATIENCE);
    assert_eq!(exchange.result.unwrap_err().stage, Stage::Timeout);
    assert!(exchange.requests >= 2);
}

#[test]
fn what_never_ends_is_cut_off() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cases = [
        (never_ends(b"HTTP/1.1 200 OK\r\n", b"X-Header: value\r\n"), Stage::Protocol),
        (never_ends(b"HTTP/1.1 200 OK\r\nX: ", b"endless value "), Stage::Protocol),
        (never_ends(b"HTTP/1.1 200 ", b"endless reason "), Stage::Protocol),
        (never_ends(b"", b"endless status line "), Stage::Protocol),
        (never_ends(b"", b"\r\n"), Stage::Protocol),
        (never_ends(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), Stage::Protocol),
        (never_ends(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), Stage::Protocol),
        (
            never_ends(chunked, b"1;extension-of-some-length=\"and its value\"\r\nx\r\n"),
            Stage::Protocol,
        ),
        (
            never_ends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"extension"),
            Stage::Protocol,
        ),
        (
            never_ends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"f"),
            Stage::Protocol,
        ),
        (
            never_ends(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
                b"Trailer: x\r\n",
            ),
            Stage::Protocol,
        ),
        (
            never_ends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", b"0"),
            Stage::Protocol,
        ),
        (never_ends(chunked, b"0"), Stage::Protocol),
        (never_ends(chunked, b"1\r\nx\r\n"), Stage::TooLarge),
        (never_ends(chunked, b"1001\r\n"), Stage::Protocol),
        (never_ends(b"HTTP/1.1 200 OK\r\n\r\n", b"endless body "), Stage::TooLarge),
    ];
    for (case, (server, stage)) in cases.into_iter().enumerate() {
        let failure = failure(server.url("/"));
        assert_eq!(failure.stage, stage, "case {case}: {failure}");
    }
}

#[test]
fn more_than_a_hundred_fields_or_a_long_head_is_refused() {
    let head = |fields: usize, value: usize| {
        let line = format!("X: {}\r\n", "v".repeat(value));
        format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{}\r\nok", line.repeat(fields))
    };
    reads(head(90, 10), "ok");
    reads(head(60, 1000), "ok");
    fails(head(101, 10), Stage::Protocol, "too many fields");
    fails(head(70, 1000), Stage::Protocol, "longer than 65536 bytes");
}

#[test]
fn a_body_over_the_limit_is_stopped_whatever_its_framing() {
    let max = "max_body, 1048576 bytes";
    fails("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nx", Stage::TooLarge, max);
    let bomb = gzip(&vec![b' '; 50 << 20]);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        bomb.len()
    );
    fails([head.as_bytes(), &bomb].concat(), Stage::TooLarge, max);
    let nested = gzip(&bomb);
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\n";
    fails([head.as_bytes(), &nested].concat(), Stage::Decode, "not asked for");
}

/// Head, body on the wire.
fn answers() -> Vec<(&'static str, Vec<u8>)> {
    let text = b"a feed, a feed, and a little more of it";
    let chunks =
        [&b"5\r\n"[..], &text[..5], b"\r\n22;x=y\r\n", &text[5..], b"\r\n0\r\nT: v\r\n\r\n"]
            .concat();
    let zipped = gzip(text);
    let zipped_chunks =
        [format!("{:x}\r\n", zipped.len()).as_bytes(), &zipped, b"\r\n0\r\n\r\n"].concat();
    vec![
        ("Content-Length: 39", text.to_vec()),
        ("Transfer-Encoding: chunked", chunks),
        ("Content-Encoding: gzip\r\nContent-Length: {}", zipped.clone()),
        ("Content-Encoding: gzip\r\nTransfer-Encoding: chunked", zipped_chunks),
        ("Content-Encoding: gzip\r\nConnection: close", zipped),
    ]
}

#[test]
fn an_answer_cut_at_any_byte_is_a_failure() {
    for (head, body) in answers() {
        let head = head.replace("{}", &body.len().to_string());
        let whole = [format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes(), &body].concat();
        let all = whole.clone();
        let server = Server::start(move |mut connection| {
            let Some(request) = connection.request() else { return };
            let cut = request.split(['/', ' ']).nth(2).and_then(|cut| cut.parse().ok());
            connection.send(&all[..cut.unwrap_or(all.len())]);
        });
        let response = get(server.url("/")).unwrap();
        assert_eq!(response.body, b"a feed, a feed, and a little more of it");
        let transport = transport();
        let close_delimited = head.contains("close");
        let head_length = whole.len() - body.len();
        for cut in 0..whole.len() {
            let request = Request::get(server.url(&format!("/{cut}")));
            let result = exchange(&transport, &request, PATIENCE).result;
            match result {
                // Nothing of a body that ends with the connection: no coding to be cut.
                Ok(response) => assert!(
                    close_delimited
                        && cut == head_length
                        && response.body.is_empty()
                        && !response.delimited,
                    "{head}, cut at {cut}"
                ),
                Err(failure) => assert!(
                    matches!(failure.stage, Stage::Protocol | Stage::Decode),
                    "{failure}, {head}, cut at {cut}"
                ),
            }
        }
    }
}

#[test]
fn a_reset_at_any_byte_is_a_failure() {
    let whole = ok("a feed that is reset");
    let all = whole.clone();
    let server = Server::start(move |mut connection| {
        let index = connection.index;
        // Closing with bytes unread resets the connection.
        connection.stream.peek(&mut [0]).ok();
        connection.send(&all[..index]);
    });
    let transport = transport();
    for _ in 0..whole.len() {
        let result = exchange(&transport, &Request::get(server.url("/")), PATIENCE).result;
        assert_eq!(result.unwrap_err().stage, Stage::Protocol);
    }
}

#[test]
fn a_body_that_ends_with_the_connection_is_marked() {
    let response = get(Server::says("HTTP/1.1 200 OK\r\n\r\nall of it?").url("/")).unwrap();
    assert_eq!((response.body.as_slice(), response.delimited), (&b"all of it?"[..], false));
    assert!(get(Server::says(ok("all")).url("/")).unwrap().delimited);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n\r\n";
    assert!(get(Server::says(chunked).url("/")).unwrap().delimited);
}

#[test]
fn contradictions_about_the_length_are_failures() {
    for head in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2, 3",
        "Content-Length: -2",
        "Content-Length: +2",
        "Content-Length: 2x",
        "Content-Length: 99999999999999999999999",
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding:",
        // hyper passes over lines that are no fields.
        "Transfer-Encoding: chun\u{1}ked",
        "Transfer-Encoding chunked",
        "Content-Length: 2\u{0}",
    ] {
        fails(
            format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
            Stage::Protocol,
            "",
        );
    }
    fails("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Stage::Protocol, "");
}

#[test]
fn broken_chunks_are_failures() {
    for body in [
        "x\r\n",
        "-1\r\nx\r\n",
        "fffffffffffffffff\r\n",
        "2\r\nabc\r\n0\r\n\r\n",
        "\r\n",
        "2 2\r\nok\r\n0\r\n\r\n",
    ] {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        fails([head, body].concat(), Stage::Protocol, "");
    }
}

#[test]
fn a_document_in_chunks_of_one_byte_is_read() {
    let text = "a feed that comes in very small chunks".repeat(100);
    let chunks: String = text.chars().map(|letter| format!("1\r\n{letter}\r\n")).collect();
    reads(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"), &text);
}

#[test]
fn an_answer_without_a_body_does_not_lend_its_body_to_the_next_request() {
    for status in [204, 304] {
        let server = Server::start(move |mut connection| {
            while let Some(request) = connection.request() {
                let answer = match request.starts_with("GET /next") {
                    true => ok("next"),
                    false => format!(
                        "HTTP/1.1 {status} No Body\r\nContent-Length: 44\r\n\r\n\
                         HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
                    )
                    .into_bytes(),
                };
                connection.send(&answer);
            }
        });
        let transport = transport();
        let first = exchange(&transport, &conditional(server.url("/")), PATIENCE).result.unwrap();
        assert_eq!((first.status, first.body.len()), (status, 0));
        let next = exchange(&transport, &Request::get(server.url("/next")), PATIENCE).result;
        assert_eq!((next.unwrap().body.as_slice(), server.connections()), (&b"next"[..], 2));
    }
}

#[test]
fn other_protocols_are_failures() {
    fails("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", Stage::Protocol, "101");
    fails("<html>an answer of HTTP/0.9</html>\r\n", Stage::Protocol, "not HTTP/1.1");
    fails("HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok", Stage::Protocol, "");
    fails("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Stage::Protocol, "");
    fails("ICY 200 OK\r\n\r\n", Stage::Protocol, "");
    fails("HTTP/1.1 99 Too Low\r\n\r\n", Stage::Protocol, "");
    fails("HTTP/1.1 2000 Too Many Digits\r\n\r\n", Stage::Protocol, "");
    fails("SSH-2.0-OpenSSH_10.0\r\n", Stage::Protocol, "");
}

#[test]
fn small_sins_are_read_as_usual() {
    reads("HTTP/1.0 200 OK\r\n\r\nold", "old");
    reads("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", "old");
    reads("HTTP/1.1 200 OK\nContent-Length: 2\n\nlf", "lf");
    reads("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "ok");
    reads("\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok");
    reads(
        "HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "ok",
    );
    reads("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", "ok");
    reads("HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok", "ok");
    reads("HTTP/1.1 200 OK\r\nthis is no header\r\nContent-Length: 2\r\n\r\nok", "ok");
    reads("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "ok");
    reads("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n02 \r\nok\r\n0\r\n\r\n", "ok");
    reads("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "");
    let latin = b"HTTP/1.1 200 Voil\xe0\r\nServer: caf\xe9\r\nETag: \"\xe9\"\r\nContent-Length: 2\r\n\r\nok";
    let response = get(Server::says(latin).url("/")).unwrap();
    assert_eq!((response.body.as_slice(), response.validators.etag), (&b"ok"[..], None));
}

#[test]
fn every_status_arrives_as_the_server_said_it() {
    for status in [
        200, 203, 204, 206, 226, 299, 300, 304, 305, 400, 404, 410, 418, 429, 451, 499, 500, 503,
        520, 599, 600, 999,
    ] {
        let answer = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n");
        let request = conditional(Server::says(answer).url("/"));
        let response = exchange(&transport(), &request, PATIENCE).result.unwrap();
        assert_eq!(response.status, status);
    }
    // A redirect without a target is not one.
    let response = get(Server::says("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n").url("/"));
    assert_eq!(response.unwrap().status, 302);
    // No body, whatever the head says.
    let answer = "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 500\r\n\r\n";
    let request = conditional(Server::says(answer).url("/"));
    let response = exchange(&transport(), &request, PATIENCE).result.unwrap();
    assert_eq!(response.validators.etag.as_deref(), Some("\"x\""));
}

#[test]
fn a_status_counts_even_if_its_page_is_broken() {
    for page in [
        "Content-Length: 100\r\n\r\ncut",
        "Content-Length: 99999999\r\n\r\n",
        "Content-Encoding: br\r\nContent-Length: 2\r\n\r\n??",
        "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n??",
        "Transfer-Encoding: chunked\r\n\r\nx",
    ] {
        let answer = format!("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n{page}");
        let response = get(Server::says(answer).url("/")).unwrap();
        assert_eq!((response.status, response.body.len(), response.delimited), (503, 0, false));
        assert_eq!(response.retry_after, Some(Duration::from_secs(7)));
    }
}

#[test]
fn a_late_answer_never_reaches_another_request() {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let server = Server::start(move |mut connection| {
        while let Some(request) = connection.request() {
            let path = request.split(' ').nth(1).unwrap().to_string();
            if path == "/late" {
                released.lock().unwrap().recv().ok();
            }
            connection.send(&ok(&path));
        }
    });
    let transport = transport();
    let late = exchange(&transport, &Request::get(server.url("/late")), IMPATIENCE);
    assert_eq!(late.result.unwrap_err().stage, Stage::Timeout);
    release.send(()).unwrap();
    let next = exchange(&transport, &Request::get(server.url("/next")), PATIENCE);
    assert_eq!(next.result.unwrap().body, b"/next");
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_request_given_up_closes_its_connection_at_once() {
    let (gone, is_gone) = mpsc::channel();
    let server = Server::start(move |mut connection| {
        connection.request();
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        connection.hang();
        gone.send(()).unwrap();
    });
    let transport = transport();
    let exchange = exchange(&transport, &Request::get(server.url("/")), IMPATIENCE);
    assert!(exchange.result.is_err());
    is_gone.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn bytes_after_an_answer_close_the_connection_and_are_nobodys_answer() {
    let server = Server::start(|mut connection| {
        while let Some(request) = connection.request() {
            let own = ok(request.split(' ').nth(1).unwrap());
            connection.send(&[own, ok("smuggled")].concat());
        }
    });
    let transport = transport();
    for path in ["/1", "/2", "/3"] {
        let exchange = exchange(&transport, &Request::get(server.url(path)), PATIENCE);
        assert_eq!(exchange.result.unwrap().body, path.as_bytes());
    }
    assert_eq!(server.connections(), 3);
}

#[test]
fn bytes_that_come_while_a_connection_is_idle_are_nobodys_answer() {
    let (read, is_read) = mpsc::channel();
    let (sent, is_sent) = mpsc::channel();
    let is_read = Mutex::new(is_read);
    let server = Server::start(move |mut connection| {
        let first = connection.index == 0;
        while let Some(request) = connection.request() {
            connection.send(&ok(request.split(' ').nth(1).unwrap()));
            if first {
                is_read.lock().unwrap().recv().unwrap();
                connection.send(&ok("smuggled"));
                sent.send(()).unwrap();
            }
        }
    });
    let transport = transport();
    let body =
        |path| exchange(&transport, &Request::get(server.url(path)), PATIENCE).result.unwrap().body;
    assert_eq!(body("/1"), b"/1");
    read.send(()).unwrap();
    is_sent.recv().unwrap();
    assert_eq!(body("/2"), b"/2");
    assert_eq!(server.connections(), 2);
}
