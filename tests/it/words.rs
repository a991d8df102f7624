//! What strangers say, and what must stay secret, as people get to see it: stdout, stderr, files.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::server::*;

const SECRET: &str = "hunter2";

/// Bytes that would do something to a terminal or to the order of letters.
const EVIL: &str =
    "\u{1b}[31m\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}gpj\u{2066}\u{200b}\u{7f}\u{8}\r\u{85}\u{feff}";
/// The same for those who resolve references.
const ESCAPED: &str = "&#27;[31m&#x9b;2J&#x202e;&#x2066;&#127;&#8;&lt;script&gt;x&lt;/script&gt;";

fn answer(path: &str) -> Vec<u8> {
    let evil = format!("{EVIL}{ESCAPED}");
    let bare = EVIL.replace('\r', "");
    let with = |head: &str, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
    };
    match path.split(['?', '/']).nth(1).unwrap_or_default() {
        "rss" => ok(&format!(
            "<rss version='2.0'><channel><title>{evil}</title><item><title>I {evil}</title>\
             <guid>g{evil}</guid><link>javascript:alert(1)</link><author>A {evil}</author>\
             <category>C {evil}</category><description>D {evil}</description>\
             <enclosure url='javascript:x' type='{ESCAPED}'/>\
             <enclosure url='http://x.test/{EVIL}' type='a/b {evil}'/></item>\
             <item><link>#{evil}</link><title>own page</title></item>\
             <item><link>http://me:{SECRET}@x.test/{EVIL}</link></item></channel></rss>"
        )),
        "json" => ok(&format!(
            r#"{{"version": "https://jsonfeed.org/version/1.1", "title": "\u001b[31m{bare}",
            "items": [{{"id": "\u001b[31m\u202e1", "title": "\ud800 \u009b2J \u202e {bare}",
            "url": "data:text/html,x", "external_url": "java\nscript:x", "image": "file:///x",
            "language": "\u001b[31m", "tags": ["\u0007"], "authors": [{{"name": "\u202e"}}],
            "attachments": [{{"url": "javascript:x"}},
            {{"url": "http://x.test/", "mime_type": "\u001b[31m"}}]}}]}}"#
        )),
        "html" => ok(&format!(
            "<html><head><title>no such key: {SECRET} {evil}</title>\
             <link rel=alternate type='application/rss+xml' href='/{evil}'></head></html>"
        )),
        "text" => ok(&format!("{SECRET} is no key {evil}")),
        "xml" => ok(&format!("<a{}/>", bare.replace(' ', ""))),
        "status" => with("503 Busy", &evil),
        "location" => {
            moved(302, &format!("ftp://me:{SECRET}@127.0.0.9/{SECRET}/{}?{SECRET}", "\u{202e}"))
        }
        "scheme" => moved(302, &format!("evil{}:{SECRET}", "\u{202e}\u{9b}2J")),
        "coding" => with("200 OK\r\nContent-Encoding: \u{202e}\u{9b}br", "x"),
        "charset" => with("200 OK\r\nContent-Type: text/xml; charset=\u{202e}", "<rss/>"),
        "head" => format!("HTTP/1.1 {EVIL}\r\n\r\n").into_bytes(),
        "v2" => with(
            "401 No",
            r#"{"status":"error","code":"\u001b[31mno","message":"hunter2 \u001b]0;x\u0007 \u202e \u009b2J hunter2"}"#,
        ),
        "search" => with(
            "400 No",
            r#"{"response":{"status":"error","message":"no hunter2 \u001b[31m\u202e"}}"#,
        ),
        "api" => ok(&format!(r#"{{"access_token": "{SECRET}", "expires_in": 3600}}"#)),
        "r" => with(
            "400 No",
            r#"{"message": "no \u001b]0;x\u0007 \u202e \u009b2J hunter2", "error": 400}"#,
        ),
        "shut" => with(
            "401 No",
            r#"{"message": "no \u001b]0;x\u0007 \u202e \u009b2J hunter2 dGhlLWFwcDpodW50ZXIy"}"#,
        ),
        "v0" => with("401 No", r#"{"error":"Permission \u001b[31m\u202e denied"}"#),
        _ => with("404 Gone", &evil),
    }
}

fn config(address: std::net::SocketAddr) -> String {
    let mut text = String::from("[fetch]\nretries = 0\n");
    for (file, format) in [
        ("o.json", "jsonfeed"),
        ("o.jsonl", "jsonl"),
        ("o.txt", "text"),
        ("o.atom", "atom"),
        ("o.rss", "rss"),
        ("o.tsv", "tsv"),
        ("o.opml", "opml"),
    ] {
        text += &format!("[[output]]\npath = \"{file}\"\nformat = \"{format}\"\n");
    }
    for name in [
        "rss", "json", "html", "text", "xml", "status", "location", "scheme", "coding", "charset",
        "head", "none",
    ] {
        text += &format!(
            "[[source]]\nname = \"{name}\"\nkind = \"feed\"\n\
             url = \"http://me:{SECRET}@{address}/{name}?key={SECRET}\"\n\
             headers = {{ X-Key = \"{SECRET}\" }}\n"
        );
    }
    for (kind, more) in [
        ("newsapi", "key = { env = \"KEY\" }\ncountry = \"us\"\n"),
        ("guardian", "key = { env = \"KEY\" }\n"),
        ("hackernews", ""),
        (
            "reddit",
            "subreddit = \"a\"\nclient_id = \"the-app\"\nclient_secret = { env = \"KEY\" }\n",
        ),
    ] {
        text += &format!(
            "[[source]]\nname = \"{kind}\"\nkind = \"{kind}\"\nbase_url = \"http://{address}\"\n{more}"
        );
    }
    text += &format!(
        "[[source]]\nname = \"shut\"\nkind = \"reddit\"\nbase_url = \"http://{address}/shut\"\n\
         subreddit = \"a\"\nclient_id = \"the-app\"\nclient_secret = {{ env = \"KEY\" }}\n"
    );
    text
}

/// Runs the program; what it wrote to stdout and stderr.
fn run(home: &Path, words: &[&str]) -> [String; 2] {
    let mut command = Command::new(crate::support::program());
    command.env_clear().env("HOME", home).env("KEY", SECRET).current_dir(home).args(words);
    let output = command.output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{words:?}: {output:?}");
    [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap())
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

#[track_caller]
fn assert_harmless(what: &str, text: &str) {
    // The text output for pipes has columns between tabs.
    let acts = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if let Some(at) = text.find(acts) {
        panic!("{what}: {:?}", around(text, at));
    }
    for word in [SECRET, "dGhlLWFwcDpodW50ZXIy", "javascript:", "data:text", "file:///x"] {
        if let Some(at) = text.find(word) {
            panic!("{what}: {:?}", around(text, at));
        }
    }
}

fn around(text: &str, at: usize) -> String {
    let before = text[..at].chars().count();
    text.chars().skip(before.saturating_sub(80)).take(160).collect()
}

#[test]
fn nothing_that_people_see_acts_on_a_terminal_or_tells_a_secret() {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("words");
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).unwrap();
    let server = Server::web(answer);
    std::fs::write(home.join("x.toml"), config(server.address)).unwrap();
    for words in [
        &["check", "-c", "x.toml"][..],
        &["check", "--online", "-c", "x.toml"],
        &["once", "-vv", "-c", "x.toml", "--report", "report.json"],
        &["once", "-vv", "-c", "x.toml", "-o", "-", "-f", "jsonl"],
    ] {
        for text in run(&home, words) {
            assert_harmless(&words.join(" "), &text);
        }
    }
    std::fs::remove_file(home.join("x.toml")).unwrap();
    let mut written = Vec::new();
    files(&home, &mut written);
    assert!(written.len() >= 4, "{written:?}");
    for path in written {
        let bytes = std::fs::read(&path).unwrap();
        // What is remembered is no text; a secret it must not hold either.
        if path.ends_with("newsagg/tokens") {
            assert_eq!(String::from_utf8_lossy(&bytes).matches(SECRET).count(), 1);
            continue;
        }
        if path.ends_with("newsagg/sources") {
            assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{}", path.display());
            continue;
        }
        assert_harmless(&path.display().to_string(), &String::from_utf8(bytes).unwrap());
    }
    assert!(server.requests().iter().any(|head| head.contains(SECRET)));
    // The documents themselves, from files.
    for name in ["rss", "json", "html", "text", "xml"] {
        let answer = answer(&format!("/{name}"));
        let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let body = String::from_utf8_lossy(&answer[body..]).replace(SECRET, "");
        std::fs::write(home.join(name), body).unwrap();
        let [out, err] = run(&home, &["parse", "--base", "http://x.test/", name]);
        assert_harmless(name, &out);
        assert_eq!(err, "");
    }
}
