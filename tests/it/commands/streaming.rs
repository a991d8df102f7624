//! Streams, the built program, and a server on loopback.

use super::ending::send;
use super::running::{Manager, start};
use super::*;
use crate::support::server::{Connection, PATIENCE};

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

/// A config with one stream.
fn stream(server: &Server, more: &str) -> String {
    format!(
        "[[output]]\npath = \"feed.json\"\n[[source]]\nname = \"live\"\nkind = \"stream\"\n\
         url = \"{}\"\n{more}\n",
        server.url("/events")
    )
}

/// Says two things and something that nobody can read, and goes on for ever.
fn two_and_silence(mut connection: Connection) {
    if connection.request().is_some() {
        let events = "data: {\"title\": \"alpha\", \"id\": 1}\n\ndata: [\n\nid: 5\ndata: beta\n\n";
        connection.send(&[HEAD, &chunk(events)].concat());
        connection.hang();
    }
}

#[test]
fn a_service_reads_a_stream_on_where_it_broke_off() {
    let home = Home::new("run-stream");
    let manager = Manager::new(&home);
    let server = Server::start(|mut connection| {
        if connection.request().is_none() {
            return;
        }
        if connection.index == 0 {
            let text = "retry: 1\n\nevent: other\nid: 7\ndata: x\n\nid: 8\ndata: half of";
            // It ends within a chunk that was to be longer.
            connection.send(&[HEAD, b"fff\r\n", text.as_bytes()].concat());
            return;
        }
        connection.send(&[HEAD, &chunk(": hello\n\n"), &chunk("id: 9\nda")].concat());
        connection.send(&chunk("ta: {\"t\": \"alpha\", \"u\": \"/a\"}\r\n\r\n"));
        connection.hang();
    });
    let fields = "events = [\"message\"]\ntitle = \"/t\"\nlink = \"/u\"";
    home.put("x.toml", &stream(&server, fields));
    let child = start(&home, &[]);
    manager.hears("READY=1");
    manager.hears("STATUS=1 source well, 0 stories, 0 new");
    let status = manager.hears("STATUS=1 source well, 1 story, 1 new, 1 stream open since 20");
    assert!(status.ends_with("; next round with the next news"), "{status}");
    send("TERM", &child);
    manager.hears("STOPPING=1");
    said(child.wait_with_output().unwrap()).ended(0);
    let feed: Value = serde_json::from_str(&home.text("feed.json")).unwrap();
    let item = &feed["items"][0];
    assert_eq!(item["title"], "alpha");
    assert_eq!(item["url"], server.url("/a").as_str());
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for field in ["accept: text/event-stream\r\n", "cache-control: no-cache\r\n"] {
        assert!(requests.iter().all(|head| head.contains(field)), "{requests:?}");
    }
    assert!(!requests[0].contains("last-event-id"));
    assert!(requests[1].contains("last-event-id: 7\r\n"), "{}", requests[1]);
}

#[test]
fn a_stream_is_opened_anew_when_its_idle_or_listen_changes_and_not_when_nothing_does() {
    let home = Home::new("run-stream-terms");
    let manager = Manager::new(&home);
    let (opened, heard) = std::sync::mpsc::channel();
    let server = Server::start(move |mut connection| {
        if connection.request().is_some() {
            connection.send(&[HEAD, &chunk(": hello\n\n")].concat());
            opened.send(connection.index).ok();
            connection.hang();
        }
    });
    let terms = ["", "", "idle = \"1h\"", "idle = \"1h\"\nlisten = \"3s\""];
    home.put("x.toml", &stream(&server, terms[0]));
    let child = start(&home, &[]);
    manager.hears("READY=1");
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(0));
    for (n, terms) in terms.iter().enumerate().skip(1) {
        home.put("x.toml", &stream(&server, terms));
        send("HUP", &child);
        while !manager.told().starts_with("RELOADING=1") {}
        while !manager.told().starts_with("READY=1") {}
        if n > 1 {
            assert_eq!(heard.recv_timeout(PATIENCE), Ok(n - 1), "{terms}");
        }
    }
    send("TERM", &child);
    said(child.wait_with_output().unwrap()).ended(0);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn once_and_check_listen_for_a_while() {
    let home = Home::new("once-stream");
    let server = Server::start(two_and_silence);
    home.put("x.toml", &stream(&server, "listen = \"300ms\""));
    let online = home.run(&["check", "--online", "-c", "x.toml"]).ended(0);
    let line = online.out.lines().nth(1).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(line[..3], ["live", "200", "2"]);
    assert_eq!(line[4..].join(" "), "event stream, 3 events so far");
    let said = home.run(&["once", "-c", "x.toml", "--report", "report.json"]).ended(0);
    assert!(!said.err.contains("live"), "being open still is no failure: {}", said.err);
    let feed: Value = serde_json::from_str(&home.text("feed.json")).unwrap();
    let mut titles: Vec<&str> =
        feed["items"].as_array().unwrap().iter().map(|i| i["title"].as_str().unwrap()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["alpha", "beta"]);
    let report: Value = serde_json::from_str(&home.text("report.json")).unwrap();
    let live = &report["sources"][0]["live"];
    assert_eq!((&live["events"], &live["unreadable"]), (&3.into(), &1.into()));
    assert!(live["open_since"].is_string(), "{live}");
    // What was read is remembered, and where the stream stood.
    home.run(&["once", "-c", "x.toml", "--force", "-q"]).ended(0);
    assert!(server.requests()[2].contains("last-event-id: 5\r\n"));
    let status = home.run(&["status", "-c", "x.toml"]).ended(0);
    assert!(status.out.contains("live"), "{}", status.out);
}
