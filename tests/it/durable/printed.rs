//! What the program prints, and what it takes for printed; who is asked, and how it ends.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use newsagg::http::Url;

use super::*;
use crate::support::said::{Said, said};
use crate::support::server::{Server, ok};

/// A place of its own, and a web whose pages the test turns.
struct Desk {
    dir: PathBuf,
    server: Server,
    pages: Arc<Mutex<HashMap<&'static str, Vec<u8>>>>,
}

impl Desk {
    fn new(name: &str) -> Desk {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("printed").join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let pages = Arc::<Mutex<HashMap<&str, Vec<u8>>>>::default();
        let shown = pages.clone();
        let server = Server::web(move |path| shown.lock().unwrap()[path].clone());
        Desk { dir, server, pages }
    }

    fn turn(&self, path: &'static str, answer: Vec<u8>) {
        self.pages.lock().unwrap().insert(path, answer);
    }

    fn subscribe(&self, paths: &[&str]) {
        let places = paths.iter().map(|path| (path.trim_matches('/'), self.server.url(path)));
        self.subscribe_to(places);
    }

    fn subscribe_to<'a>(&self, places: impl Iterator<Item = (&'a str, Url)>) {
        let source = |(name, url)| {
            format!(
                "[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"{url}\"\nevery = \"1h\"\n"
            )
        };
        let sources: String = places.map(source).collect();
        std::fs::write(self.dir.join("x.toml"), format!("state.dir = \"state\"\n{sources}"))
            .unwrap();
    }

    fn program(&self, options: &str) -> Command {
        let mut command = Command::new(crate::support::program());
        let words = "once -c x.toml".split(' ').chain(options.split_whitespace());
        command.env_clear().env("HOME", &self.dir).current_dir(&self.dir).stdin(Stdio::null());
        command.args(words);
        command
    }

    fn run(&self, options: &str) -> Said {
        said(self.program(options).output().unwrap())
    }

    /// Titles that a run prints.
    fn prints(&self, options: &str) -> Vec<String> {
        titles(&self.run(&format!("{options} -f jsonl")).ended(0).out)
    }

    fn asked(&self) -> usize {
        self.server.requests().len()
    }
}

fn titles(lines: &str) -> Vec<String> {
    let title = |line: &str| {
        let item: Value = serde_json::from_str(line).unwrap();
        item["title"].as_str().unwrap().to_owned()
    };
    let mut titles: Vec<String> = lines.lines().map(title).collect();
    titles.sort();
    titles
}

fn refusal(status: u16, fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} No\r\n{fields}Content-Length: 0\r\n\r\n").into_bytes()
}

/// More than a pipe holds.
fn long_feed() -> String {
    let filler = "word ".repeat(100);
    feed((0..600).map(|n| format!("story{n:03}")))
        .replace("<guid", &format!("<description>{filler}</description><guid"))
}

#[test]
fn each_story_is_printed_once_over_many_runs_also_when_its_source_dropped_it() {
    let desk = Desk::new("once");
    desk.subscribe(&["/a", "/b"]);
    let mut printed = Vec::new();
    for run in 0..8 {
        // Three new ones each time, of which the other source has two; only two are printed.
        let stories = |from: usize, to: usize| ok(&feed((from..to).map(|n| format!("s{n:02}"))));
        desk.turn("/a", stories(3 * run, 3 * run + 3));
        desk.turn("/b", stories(3 * run + 1, 3 * run + 3));
        printed.extend(desk.prints("--new --force --limit 2"));
        if run % 3 == 2 {
            printed.extend(desk.prints("--new --offline --limit 1"));
        }
    }
    // What nobody shows any more was never printed, and still is to be.
    printed.extend(desk.prints("--new --offline"));
    printed.sort();
    let all: Vec<String> = (0..24).map(|n| format!("s{n:02}")).collect();
    assert_eq!(printed, all);
    assert_eq!(desk.prints("--new --force"), [] as [&str; 0]);
    assert_eq!(desk.prints("").len(), 3, "without --new all is printed that is shown");
}

#[test]
fn what_was_printed_without_new_or_into_a_file_counts_as_printed() {
    let desk = Desk::new("counts");
    desk.subscribe(&["/a"]);
    desk.turn("/a", ok(&feed(["one", "two"])));
    assert_eq!(desk.prints("").len(), 2);
    assert_eq!(desk.prints("--new"), [] as [&str; 0]);
    desk.turn("/a", ok(&feed(["two", "three"])));
    let file = |options| {
        desk.run(options).ended(0);
        titles(&std::fs::read_to_string(desk.dir.join("f.jsonl")).unwrap())
    };
    // A file of all stories is there to be looked at again: nobody has read it.
    assert_eq!(file("--force -o f.jsonl"), ["three", "two"]);
    assert_eq!(file("--new -o f.jsonl"), ["three"]);
    assert_eq!(file("--new -o f.jsonl"), [] as [&str; 0]);
}

#[test]
fn what_a_reader_did_not_take_is_printed_again() {
    let desk = Desk::new("not-taken");
    desk.subscribe(&["/a"]);
    desk.turn("/a", ok(&long_feed()));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    said(desk.program("--new -f jsonl").stdout(full).output().unwrap()).ended(1);

    let mut head = desk.program("--new -f jsonl").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(head.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("story"), "{line}");
    assert_eq!(head.wait().unwrap().code(), Some(0));

    // Killed while it waits for a reader: some of it is printed, and nothing saved.
    let mut killed = desk.program("--new -f jsonl").stdout(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(killed.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();

    // Killed when all of it is printed and nothing saved.
    let sources = desk.dir.join("state/sources");
    let before = std::fs::read(&sources).unwrap();
    assert_eq!(desk.prints("--new").len(), 600);
    std::fs::write(&sources, before).unwrap();
    assert_eq!(desk.prints("--new").len(), 600, "lost");
    assert_eq!(desk.prints("--new").len(), 0);
}

#[test]
fn who_is_asked_is_up_to_what_is_due_and_to_the_options() {
    let desk = Desk::new("options");
    desk.subscribe(&["/a"]);
    desk.turn("/a", ok(&feed(["one"])));
    desk.run("--offline").ended(0).says("never asked yet, and --offline asks nobody");
    assert_eq!(desk.asked(), 0);
    for (options, asked, words) in [
        ("", 1, "from 1 of 1 source"),
        ("", 1, "newsagg: a: not due until "),
        ("--max-age 1h", 1, "newsagg: a: asked less than 1h ago"),
        ("--offline", 1, "newsagg: a: --offline asks nobody"),
        ("--force", 2, "from 1 of 1 source"),
        ("--max-age 1s --offline", 2, "--offline asks nobody"),
    ] {
        let said = desk.run(&format!("{options} -f jsonl")).ended(0).says(words);
        assert_eq!(titles(&said.out), ["one"], "{options}");
        assert_eq!(desk.asked(), asked, "{options:?}");
    }
    desk.run("--force --offline").ended(2);
    desk.run("--force --max-age 1h").ended(2);
    desk.turn("/a", refusal(429, "Retry-After: 7200\r\n"));
    desk.run("--force -f jsonl").ended(1).says("429");
    for options in ["--force", "", "--max-age 1s"] {
        let said = desk.run(&format!("{options} -f jsonl")).ended(0).says("429, too many requests");
        assert_eq!((titles(&said.out), desk.asked()), (vec!["one".to_owned()], 3), "{options}");
    }
}

#[test]
fn the_exit_code_says_what_the_report_says() {
    let well = ok(&feed(["news"]));
    for (name, had_news, answer, state, strict) in [
        ("well", true, well.clone(), "unchanged", 0),
        ("new", false, well, "fresh", 0),
        ("stale", true, refusal(404, ""), "stale", 3),
        ("failed", false, refusal(404, ""), "failed", 3),
        ("limited", true, refusal(429, "Retry-After: 9000\r\n"), "limited", 0),
        ("off", true, refusal(410, ""), "off", 3),
    ] {
        let desk = Desk::new(&format!("code-{name}"));
        // What one server asks for, it asks for all that it serves.
        let other = Server::web(|_| ok(&feed(["other"])));
        desk.turn("/x", if had_news { ok(&feed(["news"])) } else { refusal(404, "") });
        desk.subscribe_to([("x", desk.server.url("/x")), ("y", other.url("/"))].into_iter());
        desk.run("-o f.json").ended(0);
        desk.turn("/x", answer);
        let is_well = matches!(state, "unchanged" | "fresh");
        for (options, code) in [
            ("--force --report r.json", 0),
            ("--force --strict", strict),
            ("--strict", strict),
            // It is left alone, so nothing is to be fetched.
            ("x", 0),
            ("x --offline", 0),
        ] {
            desk.run(&format!("{options} -o f.json")).ended(code);
            if options.contains("--report") {
                let report = std::fs::read_to_string(desk.dir.join("r.json")).unwrap();
                let report: Value = serde_json::from_str(&report).unwrap();
                assert_eq!(report["sources"][0]["state"], state, "{name}");
            }
            let document = std::fs::read_to_string(desk.dir.join("f.json")).unwrap();
            let document: Value = serde_json::from_str(&document).unwrap();
            let told = &document["_newsagg"]["sources"][0]["state"];
            let expected = if is_well { "ok" } else { state };
            assert_eq!(told, expected, "{name} {options}");
        }
    }
}
