//! A house in bad repair: outputs that take nothing, few descriptors, little memory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::server::*;

const FEED: &str = "<rss version='2.0'><channel><title>T</title><item><title>A story</title>\
                    <guid>1</guid></item></channel></rss>";

fn home(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("house").join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// Runs a line of sh in which `$N` is the program: exit code, stdout, stderr.
fn sh(home: &Path, line: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new("/bin/sh");
    command.env_clear().env("HOME", home).env("N", env!("CARGO_BIN_EXE_newsagg"));
    command.current_dir(home).args(["-c", line]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.code(), out, err)
}

#[test]
fn stdout_that_is_full_is_a_failure_and_one_sentence() {
    let home = home("full");
    std::fs::write(home.join("f.xml"), FEED).unwrap();
    for command in ["parse f.xml", "once ./f.xml", "once -f jsonfeed -o - ./f.xml"] {
        let (code, _, err) = sh(&home, &format!("exec $N {command} >/dev/full"));
        assert_eq!(code, Some(1), "{command}: {err}");
        assert!(err.contains("no space left") && !err.contains("panicked"), "{command}: {err}");
    }
}

#[test]
fn stdout_or_stderr_that_is_closed_or_full_is_no_panic() {
    let home = home("closed");
    std::fs::write(home.join("f.xml"), FEED).unwrap();
    for command in ["parse f.xml none.xml", "once -v ./f.xml ./none.xml", "check", "--help", "onec"]
    {
        for redirection in ["2>/dev/full", "2>&-", ">&-", ">&- 2>&-", ">/dev/full 2>/dev/full"] {
            let (code, out, err) = sh(&home, &format!("exec $N {command} {redirection}"));
            assert!(matches!(code, Some(0..=2)), "{command} {redirection}: {code:?} {err}");
            assert!(!err.contains("panicked"), "{command} {redirection}: {err}");
            if redirection.starts_with('2') && command.starts_with("once") {
                assert_eq!(code, Some(0), "{command} {redirection}");
                assert!(out.contains("A story"), "{command} {redirection}: {out}");
            }
        }
    }
}

#[test]
fn twenty_descriptors_are_enough_for_forty_sources() {
    let home = home("descriptors");
    let server = Server::web(|_| ok(FEED));
    let urls: Vec<_> = (0..40).map(|n| format!("{}?{n}", server.url("/"))).collect();
    let line = format!("ulimit -n 20; exec $N once --strict -f jsonl {}", urls.join(" "));
    let (code, _, err) = sh(&home, &line);
    assert_eq!(code, Some(0), "{err}");
}

#[test]
fn endless_and_bursting_answers_fit_into_little_memory() {
    let home = home("memory");
    let bomb = {
        use std::io::Write;
        let compression = flate2::Compression::best();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), compression);
        (0..64).for_each(|_| encoder.write_all(&[b' '; 1 << 20]).unwrap());
        encoder.finish().unwrap()
    };
    let server = Server::start(move |mut connection| {
        let Some(request) = connection.request() else { return };
        let start: &[u8] = match request.as_bytes()[5] {
            b'0' => b"",
            b'1' => b"HTTP/1.1 200 OK\r\n\r\n<rss><channel><title>",
            b'2' => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            b'3' => b"HTTP/1.1 200 OK\r\nX: ",
            b'4' => b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            _ => b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
        };
        connection.send(start);
        match request.as_bytes()[5] {
            b'5' => drop(connection.send(&bomb)),
            _ => connection.send_forever(b"<a b=\"c\">"),
        }
    });
    let urls: Vec<_> = (0..6).map(|n| server.url(&format!("/{n}")).to_string()).collect();
    // Address space: code, stacks and allocators' reserves included. One body may be 8 MiB, and
    // there are six.
    let line = format!("ulimit -v 400000; exec $N once -f jsonl {}", urls.join(" "));
    let (code, _, err) = sh(&home, &line);
    assert_eq!(code, Some(1), "{err}");
    assert_eq!(err.matches("too large").count(), 3, "{err}");
}

#[test]
fn a_document_cut_with_its_connection_is_a_failure_and_one_that_its_publisher_cut_is_read() {
    let home = home("cut");
    let cut = FEED.trim_end_matches("</channel></rss>");
    for (feed, head, code) in [
        (FEED, "", 0),
        (cut, "", 1),
        (cut, "Content-Length: {}\r\n", 0),
        (&FEED[..FEED.len() - 3], "", 1),
        ("{\"version\": \"https://jsonfeed.org/version/1\", \"items\": [{\"id\": \"1\"}]", "", 1),
    ] {
        let head = head.replace("{}", &feed.len().to_string());
        let server = Server::says(format!("HTTP/1.1 200 OK\r\n{head}\r\n{feed}"));
        let line = format!("exec $N once --deadline 5s -f jsonl {}", server.url("/"));
        let (found, out, err) = sh(&home, &line);
        assert_eq!(found, Some(code), "{head}{feed}: {err}");
        assert_eq!(out.contains("A story"), code == 0, "{head}{feed}: {out}");
        let _ = std::fs::remove_dir_all(home.join(".local"));
    }
}
