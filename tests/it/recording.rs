//! `once --record` and `replay`: a round in a file, and the same bytes from it anywhere.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::said::{Said, said};
use crate::support::server::{Connection, Server, moved, ok};

mod file;
mod stream;
mod token;

/// All of them stand in the config or its environment, or come from a server.
const SECRETS: [&str; 10] = [
    "key-of-the-guardian",
    "token/in+a query",
    "token%2Fin%2Ba%20query",
    "password-in-a-url",
    "bearer-of-good-news",
    "a-forgotten-note",
    "redirected-token",
    "cookie-of-a-server",
    "fresh-access-token",
    // me:password-in-a-url
    "bWU6cGFzc3dvcmQtaW4tYS11cmw=",
];

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recording").join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Place(dir)
    }

    fn run(&self, words: &[&str], variables: &[(&str, &str)], input: &str) -> Said {
        let mut command = Command::new(crate::support::program());
        command.env_clear().env("HOME", &self.0).current_dir(&self.0).args(words);
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Who does not read it may be gone.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        said(child.wait_with_output().unwrap())
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }
}

fn feed(words: &[&str]) -> String {
    let item = |(n, word): (usize, &&str)| {
        format!(
            "<item><title>{word}</title><link>/{n}?utm_source=x</link><guid>{word}</guid>\
             <pubDate>Fri, 20 Nov 2015 {:02}:00:00 GMT</pubDate></item>",
            20 - n
        )
    };
    let items: String = words.iter().enumerate().map(item).collect();
    format!("<rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>")
}

fn with(head: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    [format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n").as_bytes(), body].concat()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// What happens on the way, told by the path.
fn serve(mut connection: Connection) {
    let mut fails = 1;
    while let Some(head) = connection.request() {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let conditional = head.to_lowercase().contains("if-none-match: \"held\"");
        let answer = match path.split('?').next().unwrap() {
            "/gzip" => with("200 OK\r\nContent-Encoding: gzip", &gzip(&feed(&["packed", "small"]))),
            "/tagged" if conditional => with("304 Not Modified\r\nETag: \"held\"", b""),
            "/tagged" => with("200 OK\r\nETag: \"held\"", feed(&["held", "on to"]).as_bytes()),
            "/moved" => moved(302, "/here?auth=redirected-token&page=1"),
            "/here" => with(
                "200 OK\r\nSet-Cookie: id=cookie-of-a-server",
                feed(&["found elsewhere", "key redirected-token said back"]).as_bytes(),
            ),
            "/echo" => with(
                "200 OK\r\nContent-Encoding: gzip\r\nX-Echo: key-of-the-guardian",
                &gzip(&feed(&["your password-in-a-url", "and more"])),
            ),
            "/json" => with(
                "200 OK\r\nContent-Type: application/json",
                br#"{"version":"https://jsonfeed.org/version/1.1","title":"t","access_token": "fresh-access-token",
                "items":[{"id":"1","title":"fresh-access-token is new"}]}"#,
            ),
            "/cut" => {
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<rss>");
                return;
            }
            "/silent" => return connection.hang(),
            "/slow" => {
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<rss><channel>");
                return connection.hang();
            }
            "/again" => {
                fails -= 1;
                let good = connection.index % 2 == 1 || fails < 0;
                if good { ok(&feed(&["after all"])) } else { with("503 Busy", b"") }
            }
            "/limited" => with("429 Slow down\r\nRetry-After: 600", b"no"),
            "/search" => with(
                "200 OK\r\nX-RateLimit-Remaining: 5",
                br#"{"response":{"status":"ok","results":[{"id":"g/1","webTitle":"From the Guardian",
                "webUrl":"https://g.test/1","webPublicationDate":"2015-11-20T10:00:00Z"}]}}"#,
            ),
            "/gone" => with("410 Gone", b""),
            _ => ok(&feed(&["plain", "words"])),
        };
        if !connection.send(&answer) {
            return;
        }
    }
}

fn config(server: &Server, strict: &Server) -> String {
    let at = |path: &str| server.url(path).to_string();
    let source = |name: &str, url: String, more: &str| {
        format!("[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"{url}\"\n{more}\n")
    };
    let user = at("/echo").replace("http://", "http://me:password-in-a-url@");
    let query = at("/token?access_token=token%2Fin%2Ba%20query&page=2");
    let bearer = "headers = { Authorization = \"Bearer bearer-of-good-news\" }";
    let mut text = "# key = \"a-forgotten-note\" # not any more\n\
        state.dir = \"state\"\n[fetch]\ntimeout = \"700ms\"\nretries = 1\n"
        .to_owned();
    for format in ["jsonl", "jsonfeed", "text", "atom", "rss", "tsv", "html", "opml"] {
        text += &format!("[[output]]\npath = \"out.{format}\"\nformat = \"{format}\"\n");
    }
    text += "[[output]]\npath = \"few.jsonl\"\nlimit = 2\nsources = [\"plain\", \"gzip\"]\n";
    for (name, path) in [
        ("plain", "/plain"),
        ("gzip", "/gzip"),
        ("tagged", "/tagged"),
        ("moved", "/moved"),
        ("json", "/json"),
        ("cut", "/cut"),
        ("silent", "/silent"),
        ("slow", "/slow"),
        ("again", "/again"),
        ("gone", "/gone"),
    ] {
        text += &source(name, at(path), "");
    }
    text += &source("limited", strict.url("/limited").to_string(), "");
    text += &source("echo", user, bearer);
    text += &source("query", query, "exclude = [\"^words # no comment\"]");
    text += &source("dead", "http://127.0.0.1:1/feed".into(), "");
    text += &format!(
        "[[source]]\nname = \"guardian\"\nkind = \"guardian\"\nkey = {{ env = \"KEY\" }}\n\
         base_url = \"{}\"\nquota = [\"20/1h\"]\n",
        at("").trim_end_matches('/')
    );
    text
}

const KEY: (&str, &str) = ("KEY", "key-of-the-guardian");

/// The outputs of a recording that hold nothing said back.
const OUTPUTS: [&str; 9] = [
    "out.jsonl",
    "out.jsonfeed",
    "out.text",
    "out.atom",
    "out.rss",
    "out.tsv",
    "out.html",
    "out.opml",
    "few.jsonl",
];

/// What was said back stands as other words in the recording's documents.
fn without_echoes(bytes: &[u8], replayed: bool) -> String {
    let mut text = String::from_utf8(bytes.to_vec()).unwrap();
    for secret in SECRETS {
        text = text.replace(secret, "secret");
    }
    if replayed {
        for number in (1..20).rev() {
            text = text.replace(&format!("secret-{number}"), "secret");
        }
    }
    text
}

fn same_outputs(place: &Place, folder: &str) {
    for name in OUTPUTS {
        let (then, now) = (place.bytes(name), place.bytes(&format!("{folder}/{name}")));
        let (then, now) = (without_echoes(&then, false), without_echoes(&now, true));
        assert!(then == now, "{name}:\n{then}\n{now}");
        assert!(!then.is_empty() || !name.contains("json"), "{name}");
    }
}

fn no_secret(place: &Place, names: &[&str]) {
    for name in names {
        let bytes = place.bytes(name);
        for secret in SECRETS {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {name}");
        }
    }
}

/// Nothing of what an environment, a folder or a time zone says may matter.
const ELSEWHERE: [(&str, &str); 5] = [
    ("TZ", "Asia/Tokyo"),
    ("LANG", "tr_TR.UTF-8"),
    ("http_proxy", "http://127.0.0.1:9"),
    ("XDG_STATE_HOME", "/nonexistent"),
    ("NEWSAGG_CONFIG", "/nonexistent.toml"),
];

#[test]
fn a_replay_writes_the_bytes_of_its_round_anywhere_and_knows_no_secret() {
    let place = Place::new("rounds");
    let (server, strict) = (Server::start(serve), Server::start(serve));
    place.put("x.toml", &config(&server, &strict));
    for round in ["first", "second"] {
        // The second begins with what the first remembered: items, validators, holds, quotas.
        let record = format!("{round}.rec");
        let words = ["once", "-c", "x.toml", "--force", "--record", &record, "--report", "r.json"];
        let said = place.run(&words, &[KEY], "");
        said.ended(0);
        let asked = server.requests().len();
        let folders = ["one", "two"].map(|folder| format!("{round}-{folder}"));
        for folder in &folders {
            let words = ["replay", &record, "-o", folder, "--report", "again.json"];
            place.run(&words, &ELSEWHERE, "").ended(0);
            same_outputs(&place, folder);
        }
        assert_eq!(server.requests().len(), asked, "nobody is asked");
        for name in OUTPUTS {
            let [one, two] =
                folders.each_ref().map(|folder| place.bytes(&format!("{folder}/{name}")));
            assert!(one == two, "{name}");
        }
        same_report(&place);
        let feeds = ["out.jsonl", "out.jsonfeed"].map(|name| format!("{}/{name}", folders[0]));
        no_secret(&place, &[&record, &feeds[0], &feeds[1], "again.json"]);
    }
    let text = String::from_utf8(place.bytes("second.rec")).unwrap();
    for word in ["\"status\":304", "if-none-match", "\"record\":", "\"quotas\":", "given up"] {
        assert!(text.contains(word), "{word}");
    }
    assert!(!text.contains("a-forgotten-note") && text.contains("no comment"));
    // Only the two, and what was there before.
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(place.0.join("first.rec")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

/// Every figure but those that a clock or the disk measured.
fn same_report(place: &Place) {
    let [then, now] = ["r.json", "again.json"].map(|name| {
        let mut report: Value = serde_json::from_slice(&place.bytes(name)).unwrap();
        let measured = |key: &str| {
            key.ends_with("_ms")
                || [
                    "ms",
                    "speedup",
                    "requests_per_s",
                    "max_in_flight",
                    "bytes_in",
                    "bytes",
                    "written",
                    "state",
                    "path",
                ]
                .contains(&key)
        };
        forget(&mut report, &measured);
        report.to_string()
    });
    let (then, now) =
        (without_echoes(then.as_bytes(), false), without_echoes(now.as_bytes(), true));
    assert_eq!(then, now);
}

fn forget(value: &mut Value, which: &dyn Fn(&str) -> bool) {
    match value {
        Value::Object(members) => {
            // A source's state is a word, that of the program a weight.
            members.retain(|key, value| !which(key) || (key == "state" && value.is_string()));
            members.values_mut().for_each(|value| forget(value, which));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| forget(value, which)),
        _ => {}
    }
}

#[test]
fn files_stdin_and_words_are_in_a_recording_too() {
    let place = Place::new("local");
    let server = Server::start(serve);
    place.put("feed.xml", &feed(&["from a file"]));
    let url = server.url("/token?token=token%2Fin%2Ba%20query").to_string();
    let words = ["once", "-", "./feed.xml", "./none.xml", &url, "-f", "jsonl", "--record", "a.rec"];
    let then = place.run(&words, &[], &feed(&["from stdin"]));
    let then = then.ended(0);
    assert!(then.out.contains("from stdin") && then.out.contains("from a file"));
    std::fs::remove_file(place.0.join("feed.xml")).unwrap();
    std::fs::create_dir(place.0.join("other")).unwrap();
    for _ in 0..2 {
        let now = place.run(&["replay", "a.rec"], &ELSEWHERE, "");
        let now = now.ended(0);
        assert_eq!(now.out, then.out);
        assert!(now.err.contains("none.xml: read: no such file"), "{}", now.err);
    }
    no_secret(&place, &["a.rec"]);
    // In another format, into a file, and with every request told.
    place.run(&["replay", "a.rec", "-f", "text", "-o", "news.txt", "-q"], &[], "").ended(0);
    assert_eq!(String::from_utf8(place.bytes("news.txt")).unwrap().lines().count(), 4);
    let loud = place.run(&["replay", "a.rec", "-vv"], &[], "");
    assert!(loud.err.contains("/token?token=…: 200"), "{}", loud.err);
    // Nothing but what was asked for.
    let mut names: Vec<_> =
        std::fs::read_dir(&place.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".local", "a.rec", "news.txt", "other"]);
}

#[test]
fn files_alone_need_no_network_and_are_recorded_all_the_same() {
    let place = Place::new("alone");
    place.put("feed.xml", &feed(&["from a file"]));
    let then = place.run(&["once", "./feed.xml", "--record", "a.rec"], &[], "");
    let then = then.ended(0);
    std::fs::remove_file(place.0.join("feed.xml")).unwrap();
    let now = place.run(&["replay", "a.rec"], &[], "");
    let now = now.ended(0);
    assert_eq!(now.out, then.out);
}

#[test]
fn a_recording_changes_nothing_of_its_round() {
    let (server, strict) = (Server::start(serve), Server::start(serve));
    let [with, without] = ["with", "without"].map(|name| {
        let place = Place::new(name);
        place.put("x.toml", &config(&server, &strict));
        let words = ["once", "-c", "x.toml", "--record", "a.rec"];
        let said = place.run(&words[..if name == "with" { 5 } else { 3 }], &[KEY], "");
        said.ended(0);
        let seen = |text: String| {
            text.lines()
                .filter(|line| !line.contains("first_seen") && !line.contains("since"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        (seen(String::from_utf8(place.bytes("out.text")).unwrap()), place.bytes("few.jsonl").len())
    });
    assert_eq!(with, without);
}

#[test]
fn words_that_go_wrong_say_so_before_anybody_is_asked() {
    let place = Place::new("words");
    place.put("feed.xml", &feed(&["x"]));
    for (words, expected) in [
        (&["once", "./feed.xml", "--record", "-"][..], "`--record` needs a file"),
        (&["once", "./feed.xml", "--record", "a/"], "a/ is a folder"),
        (&["once", "./feed.xml", "--record", "a", "--report", "a"], "beside something else"),
        (
            &["once", "./feed.xml", "--record", "a", "-o", "a", "-f", "text"],
            "beside something else",
        ),
    ] {
        let said = place.run(words, &[], "");
        let said = said.ended(2);
        assert!(said.err.contains(expected), "{}", said.err);
    }
    let said = place.run(&["once", "./feed.xml", "--record", "none/a.rec"], &[], "");
    let said = said.ended(1);
    assert!(said.err.contains("none/a.rec"), "{}", said.err);
    assert!(said.out.contains('x'), "the news is there all the same");
}
