//! Sources: which are asked, what is told of those that fail, and where keys go.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::{Compression, write::GzEncoder};

use super::*;

#[test]
fn a_source_that_fails_is_named_and_the_others_are_written() {
    let (home, site) = (Home::new("one-fails"), site());
    let feeds = [("a", site.url("/a").into(), ""), ("gone", site.url("/gone").into(), "")];
    home.put("x.toml", &config("[[output]]\npath = \"f.json\"", &feeds));
    let said = home.run(&["once", "-c", "x.toml"]).ended(0);
    let said = said.says("newsagg: gone: status: answered with 404").says("from 1 of 2 sources");
    assert_eq!(said.out, "");
    let document = home.json("f.json");
    assert_eq!(titles(&document).len(), 3);
    let gone = &document["_newsagg"]["sources"][1];
    assert_eq!((&gone["name"], &gone["state"]), (&"gone".into(), &"failed".into()));
    assert!(gone["since"].is_string() && gone["error"].as_str().unwrap().contains("404"));
    let strict = home.run(&["once", "-c", "x.toml", "--strict"]).ended(3);
    strict.says("f.json: unchanged");
    home.run(&["once", "-c", "x.toml", "a", "--strict"]).ended(0);
    let quiet = home.run(&["once", "-c", "x.toml", "-q"]).ended(0);
    assert_eq!(quiet.err, "");
    let quiet = home.run(&["once", "-c", "x.toml", "-q", "--strict"]).ended(3);
    assert_eq!(quiet.err.lines().count(), 1, "what ends badly says why:\n{}", quiet.err);
}

#[test]
fn a_quiet_run_tells_a_trouble_when_it_begins_and_when_it_ends() {
    // Report 16 of the behaviour: a job of cron that sends a mail with each run while a line is down.
    let (home, site) = (Home::new("quiet"), site());
    let is_up = Arc::new(AtomicBool::new(false));
    let seen = is_up.clone();
    let server = Server::at("127.0.0.1", move |mut connection| {
        connection.request();
        match seen.load(Ordering::Relaxed) {
            true => drop(connection.send(&ok(&feed(&["x"])))),
            false => drop(connection.send(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")),
        }
    });
    let feeds = [
        ("a", site.url("/a").into(), ""),
        ("bad", server.url("/1").into(), "retries = 0"),
        ("worse", server.url("/2").into(), "retries = 0"),
    ];
    home.put("x.toml", &config("[[output]]\npath = \"f.json\"", &feeds));
    let quiet = |options: &[&str], code: i32| {
        home.run(&[&["once", "-q", "-c", "x.toml"], options].concat()).ended(code).err
    };
    let first = quiet(&[], 0);
    assert!(first.contains("newsagg: bad, worse: status: answered with 500"), "{first}");
    for options in [&[][..], &["--force"], &["--offline"]] {
        assert_eq!(quiet(options, 0), "", "{options:?}");
    }
    // Alone it fails when it is fetched, and not when it is left alone.
    assert_eq!(quiet(&["bad", "--force", "-o", "g.json"], 1), "");
    assert_eq!(quiet(&["bad", "-o", "g.json"], 0), "");
    is_up.store(true, Ordering::Relaxed);
    assert_eq!(quiet(&["--force"], 0), "newsagg: well again: bad, worse\n");
    assert_eq!(quiet(&[], 0), "");
}

#[test]
fn with_fail_fast_the_first_failure_ends_the_round() {
    let home = Home::new("fail-fast");
    let silent = Server::start(|mut connection| {
        connection.request();
        connection.hang();
    });
    let site = site();
    let feeds = [("silent", silent.url("/").into(), ""), ("gone", site.url("/gone").into(), "")];
    home.put("x.toml", &config("[fetch]\ntimeout = \"10m\"\ndeadline = \"10m\"", &feeds));
    let said = home.run(&["once", "-c", "x.toml", "--fail-fast", "-o", "f.json"]).ended(3);
    said.says("silent: cancelled: another source failed first").says("gone: status: ");
}

#[test]
fn when_nothing_comes_old_files_stay_and_stdout_is_a_valid_document() {
    let (home, site) = (Home::new("nothing"), site());
    let feeds = [("gone", site.url("/gone").into(), "")];
    home.put("x.toml", &config("[[output]]\npath = \"old.json\"", &feeds));
    home.put("old.json", "what was there");
    home.run(&["once", "-c", "x.toml"]).ended(1).says("0 stories from 0 of 1 source");
    assert_eq!(home.text("old.json"), "what was there");
    let said = home.run(&["once", "-c", "x.toml", "-f", "jsonfeed", "-o", "-"]).ended(0);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(document["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(titles(&document), [] as [&str; 0]);
    // Nobody was asked again, so nothing failed.
    home.run(&["once", "-c", "x.toml", "-o", "new.json"]).ended(0);
    assert_eq!(titles(&home.json("new.json")), [] as [&str; 0]);
    // Nobody listens on port 1 of loopback.
    home.put(
        "y.toml",
        &config("[fetch]\nretries = 0", &[("nobody", "http://127.0.0.1:1/".into(), "")]),
    );
    let refused = home.run(&["once", "-c", "y.toml"]).ended(1);
    refused.says("nobody: connect: 127.0.0.1:1: connection refused");
}

#[test]
fn a_silent_server_costs_its_timeout_and_a_round_its_deadline() {
    let home = Home::new("silent");
    let silent = Server::start(|mut connection| {
        connection.request();
        connection.hang();
    });
    home.put("x.toml", &config("[fetch]\nretries = 0", &[("s", silent.url("/").into(), "")]));
    let said = home.run(&["once", "-c", "x.toml", "--timeout", "150ms"]).ended(1);
    said.says("s: timeout: given up after 150ms, waiting for the answer");
    let said = home.run(&["once", "-c", "x.toml", "--deadline", "100ms"]).ended(0);
    said.says("s: timeout: given up after ").says("ms, waiting for the answer");
}

#[test]
fn urls_of_one_host_have_names_of_their_own() {
    let (home, site) = (Home::new("names"), site());
    let (a, b) = (site.url("/a").to_string(), site.url("/b").to_string());
    let said = home.run(&["once", &a, &b, &a, "-f", "jsonfeed"]).ended(0);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    let sources = document["_newsagg"]["sources"].as_array().unwrap();
    let names: Vec<&str> = sources.iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["127.0.0.1/a", "127.0.0.1/b"]);
    let query = format!("{a}?page=2");
    home.run(&["once", &a, &query]).ended(0).says("127.0.0.1/a-2: status: answered with 404");
}

#[test]
fn what_is_not_asked_needs_no_key() {
    let (home, site) = (Home::new("partly"), site());
    let head = "[[source]]\nname = \"g\"\nkind = \"guardian\"\nkey = { env = \"NO_SUCH_KEY\" }";
    let feeds = [("a", site.url("/a").into(), "")];
    home.put("x.toml", &config(head, &feeds));
    let said = home.run(&["once", "-c", "x.toml", "a"]).ended(0);
    assert_eq!(said.out.lines().count(), 3);
    let missing = "x.toml:4:7: warning: `key` in [[source]] \"g\": ";
    let fails = "g: config: `key` has no value; `newsagg check` says why";
    // The other source is fetched and printed.
    let said = home.run(&["once", "-c", "x.toml"]).ended(0).says(missing).says(fails);
    assert_eq!(said.out.lines().count(), 3);
    home.run(&["once", "-c", "x.toml", "--strict"]).ended(3).says(fails);
    let said = home.run(&["once", "-c", "x.toml", "g"]).ended(1).says(missing).says(fails);
    assert_eq!(said.out, "");
    home.run(&["once", "guardian", site.url("/b").as_ref()])
        .ended(0)
        .says("the environment variable GUARDIAN_KEY is not set");
    home.run(&["check", "-c", "x.toml"]).ended(0).says(missing);
    home.run(&["check", "-c", "x.toml", "--strict", "-q"]).ended(2).says(missing);
    let unknown = home.run(&["once", "-c", "x.toml", "hm"]).ended(2);
    assert_eq!(unknown.err, "newsagg: \"hm\" is no source; did you mean \"hn\"?\n");
}

#[test]
fn check_online_is_1_when_no_source_answers() {
    let (home, site) = (Home::new("check-online"), site());
    home.put("x.toml", &config("", &[("gone", site.url("/gone").into(), "")]));
    let said = home.run(&["check", "--online", "-c", "x.toml"]).ended(1);
    assert!(said.out.contains("failed: status: answered with 404"), "{}", said.out);
}

#[test]
fn fallbacks_redirects_and_compression_are_nobodys_concern() {
    let home = Home::new("transport");
    let mut coder = GzEncoder::new(Vec::new(), Compression::default());
    coder.write_all(feed(&["squeezed"]).as_bytes()).unwrap();
    let squeezed = coder.finish().unwrap();
    let site = Server::web(move |path| match path {
        "/gzip" => {
            let length = squeezed.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n"
            );
            [head.as_bytes(), &squeezed].concat()
        }
        "/moved" => crate::support::server::moved(301, "/target"),
        "/target" => ok(&feed(&["moved"])),
        "/mirror" => ok(&feed(&["mirrored"])),
        _ => NOT_FOUND.to_vec(),
    });
    let mirror = format!("fallback = [\"{}\", \"{}\"]", site.url("/gone"), site.url("/mirror"));
    let feeds = [
        ("g", site.url("/gzip").into(), ""),
        ("m", site.url("/moved").into(), ""),
        ("f", site.url("/lost").into(), mirror.as_str()),
    ];
    home.put("x.toml", &config("[fetch]\nretries = 0", &feeds));
    let said = home.run(&["once", "-c", "x.toml", "--strict", "-f", "jsonfeed"]).ended(0);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    let mut found = titles(&document);
    found.sort();
    assert_eq!(found, ["mirrored", "moved", "squeezed"]);
}

#[test]
fn keys_travel_in_headers_and_nowhere_else() {
    const KEY: &str = "s3cr3t-of-the-test";
    let home = Home::new("keys");
    // It repeats what it was told, as some services do.
    let site = Server::web(|_| {
        let body = format!("{{\"status\": \"error\", \"message\": \"your key {KEY} is bad\"}}");
        format!("HTTP/1.1 401 No\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    });
    let services: String = ["newsapi\"\ncountry = \"us", "guardian"]
        .iter()
        .enumerate()
        .map(|(n, kind)| {
            let base = site.url("/");
            format!(
                "[[source]]\nname = \"{n}\"\nkind = \"{kind}\"\nkey = {{ env = \"A_KEY\" }}\n\
                 base_url = \"{base}\"\n"
            )
        })
        .collect();
    let own = "headers = { Authorization = { env = \"A_KEY\" } }";
    let private = format!("{}?token={KEY}", site.url("/private"));
    let feeds = [("own", site.url("/own").into(), own), ("private", private, "")];
    home.put("x.toml", &config(&services, &feeds));
    let words = ["once", "-c", "x.toml", "-vv", "-o", "f.json", "--report", "r.json"];
    let said = said(home.program(&words).env("A_KEY", KEY).output().unwrap()).ended(1);
    let asked = site.requests();
    let lines: Vec<&str> = asked.iter().map(|head| head.lines().next().unwrap()).collect();
    for path in ["/v2/top-headlines", "/search", "/own"] {
        let index = lines.iter().position(|line| line.contains(path)).unwrap();
        assert!(!lines[index].contains(KEY), "{}", lines[index]);
        assert!(asked[index].contains(KEY), "it was not sent at all: {}", asked[index]);
    }
    let read = |name: &str| std::fs::read(home.0.join("state/newsagg").join(name)).unwrap();
    let state = String::from_utf8_lossy(&[read("sources"), read("quotas")].concat()).into_owned();
    for text in [&said.out, &said.err, &home.text("f.json"), &home.text("r.json"), &state] {
        assert!(!text.contains(KEY), "{text}");
    }
    assert!(said.err.contains("/private?token=…: 401, "), "{}", said.err);
}

#[test]
fn who_failed_and_is_not_asked_now_is_told_how_to_be_asked() {
    let (home, site) = (Home::new("forced"), site());
    home.put("x.toml", &config("", &[("none", site.url("/nowhere").into(), "")]));
    let first = home.run(&["once", "-c", "x.toml"]).ended(1).says("newsagg: none: status: ");
    assert!(!first.err.contains("--force"), "it was asked: {}", first.err);
    let again = home.run(&["once", "-c", "x.toml"]).ended(0).says("newsagg: none: status: ");
    assert!(again.err.lines().any(|line| line.ends_with(" UTC, --force asks")), "{}", again.err);
    let forced = home.run(&["once", "-c", "x.toml", "--force"]).ended(1);
    assert!(forced.err.contains(", 1 request in "), "{}", forced.err);
}

#[test]
fn what_a_proxy_or_a_redirect_says_back_in_another_form_is_shown_nowhere() {
    const KEY: &str = "s3cr3t/Of-the_test";
    let forms = [
        KEY.to_owned(),
        KEY.to_uppercase(),
        KEY.replace('/', "%2F"),
        KEY.replace('/', "\\\\/"),
        KEY.replace("Of", "O<b>f</b>"),
        KEY.chars().map(|c| format!("{c}\\u200b")).collect(),
        KEY.chars().map(|c| format!("&#{};", c as u32)).collect(),
        // `operator:s3cr3t/Of-the_test`, and the two alone.
        "b3BlcmF0b3I6czNjcjN0L09mLXRoZV90ZXN0".into(),
        "czNjcjN0L09mLXRoZV90ZXN0".into(),
        "operator".into(),
    ];
    for (index, form) in forms.iter().enumerate() {
        let home = Home::new(&format!("said-back-{index}"));
        let told = form.clone();
        let proxy = Server::web(move |head| {
            if head.contains("/moved") {
                let place =
                    format!("http://x.test/{}/", told.replace(['<', '>', '&', ';', '#'], ""));
                return crate::support::server::moved(302, &place);
            }
            let body = format!("{{\"status\": \"error\", \"message\": \"no: {told} !\"}}");
            format!("HTTP/1.1 401 No\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
        });
        let services = "[[source]]\nname = \"n\"\nkind = \"newsapi\"\ncountry = \"us\"\n\
            key = { env = \"A_KEY\" }\nbase_url = \"http://n.test/\"\n";
        let user = format!("http://operator:{}@a.test/feed", KEY.replace('/', "%2f"));
        let moved = format!("http://{}@b.test/moved", KEY.replace('/', "%2f"));
        let feeds = [("user", user, ""), ("moved", moved, "")];
        home.put("x.toml", &config(services, &feeds));
        let port = proxy.url("/").port().unwrap();
        let words = ["once", "-c", "x.toml", "-v", "-o", "f.json", "--report", "r.json"];
        let mut program = home.program(&words);
        program.env("A_KEY", KEY);
        let through = format!("http://operator:{}@127.0.0.1:{port}", KEY.replace('/', "%2f"));
        let said = said(program.env("http_proxy", through).output().unwrap()).ended(1);
        assert!(proxy.requests().len() >= 3, "{}", said.err);
        let read = |name: &str| std::fs::read(home.0.join("state/newsagg").join(name)).unwrap();
        let state =
            String::from_utf8_lossy(&[read("sources"), read("quotas")].concat()).into_owned();
        for text in [&said.err, &home.text("f.json"), &home.text("r.json"), &state] {
            for part in [form.as_str(), KEY, "operator", "s3cr3t", "czNjcjN0"] {
                assert!(!text.to_lowercase().contains(&part.to_lowercase()), "{form}: {text}");
            }
        }
    }
}

#[test]
fn a_server_is_not_asked_twice_for_the_same_bytes_within_a_minute() {
    // Report 05 of the behaviour: an edited filter, the URL on the command line, and a look at the source.
    let home = Home::new("same-bytes");
    let site = Server::start(|mut connection| {
        while let Some(request) = connection.request() {
            let is_known = request.to_lowercase().contains("if-none-match: \"v1\"");
            let body = if is_known { String::new() } else { feed(&["a story", "a tale"]) };
            let status = if is_known { "304 Not Modified" } else { "200 OK" };
            let head =
                format!("HTTP/1.1 {status}\r\nETag: \"v1\"\r\nContent-Length: {}", body.len());
            connection.send(format!("{head}\r\n\r\n{body}").as_bytes());
        }
    });
    let url = site.url("/feed").to_string();
    let once = |filter: &str, words: &[&str]| {
        home.put("x.toml", &config("", &[("a", url.clone(), filter)]));
        let said = home.run(&[&["once", "-c", "x.toml", "-f", "jsonl"], words].concat()).ended(0);
        said.out.lines().count()
    };
    assert_eq!(once("", &[]), 2);
    assert_eq!(once("", &[&url]), 2, "the source of the config is meant");
    assert_eq!(once("", &["a", &url]), 2, "both are one source");
    assert_eq!(once("include = [\"story\"]", &[]), 1, "the filter holds for what is stored");
    assert_eq!(site.requests().len(), 1);
    once("", &[]);
    let ids = |lines: &str| -> Vec<String> {
        let line = |line| serde_json::from_str::<Value>(line).unwrap()["id"].to_string();
        lines.lines().map(line).collect()
    };
    let before = ids(&home.run(&["once", "-c", "x.toml", "-f", "jsonl"]).out);
    home.put("x.toml", &config("", &[("b", url.clone(), "")]));
    let renamed = home.run(&["once", "-c", "x.toml", "-f", "jsonl"]).ended(0);
    assert_eq!(renamed.out.lines().count(), 2, "it has another name now: {}", renamed.out);
    assert_eq!(site.requests().len(), 1);
    assert_eq!(ids(&renamed.out), before, "published ids never change");
    renamed.says("2 stories from 1 of 1 source: 0 new");
    let look = home.run(&["check", "--online", "-c", "x.toml"]).ended(0);
    assert!(look.out.contains("304") && look.out.contains("nothing new"), "{}", look.out);
}
