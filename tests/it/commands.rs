//! The built program, as people and scripts use it: `interface.md` from outside.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use newsagg::store::{Frames, Journal};
use serde_json::Value;

use crate::support::said::{Said, said};
use crate::support::server::{Server, ok};
use crate::support::{change_first_seen, skipped};

mod asking;
mod ending;
mod lists;
mod local;
mod running;
mod state;
mod streaming;
mod writing;

/// A place of its own for a test: a working directory and a state directory.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Home {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("commands").join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(dir.join("work")).unwrap();
        Home(dir)
    }

    /// The program, in an environment that holds nothing of the machine's.
    fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new(crate::support::program());
        command
            .env_clear()
            .env("HOME", &self.0)
            .env("XDG_STATE_HOME", self.0.join("state"))
            .current_dir(self.0.join("work"))
            .stdin(Stdio::null())
            .args(words);
        command
    }

    fn run(&self, words: &[&str]) -> Said {
        said(self.program(words).output().unwrap())
    }

    /// Runs with `input` on stdin.
    fn fed(&self, input: &str, words: &[&str]) -> Said {
        let mut command = self.program(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Who reads something else does not wait for it.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        said(child.wait_with_output().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join("work").join(name)
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Makes the state believe that every item was first seen at `seconds`.
    fn first_seen_at(&self, seconds: i64) {
        let path = self.0.join("state/newsagg/sources");
        let mut records: Vec<Vec<u8>> = Vec::new();
        Journal::read(&path, &mut |_, record| records.push(record.to_vec())).unwrap();
        let changed = records.iter_mut().map(|record| change_first_seen(record, seconds));
        assert!(changed.filter(|changed| *changed).count() > 0, "there are no items");
        let add = &mut |frames: &mut Frames<'_>| {
            records.iter().try_for_each(|record| frames.add(record).map(drop))
        };
        Journal::rewrite(&path, add).unwrap();
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap()
    }

    fn inode(&self, name: &str) -> u64 {
        std::fs::metadata(self.path(name)).unwrap().ino()
    }

    /// What is in the working directory.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("")).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A feed with these titles, an hour between them, the first the newest.
fn feed(titles: &[&str]) -> String {
    let item = |(n, title): (usize, &&str)| {
        format!(
            "<item><title>{title}</title><link>https://site.example/{title}</link>\
             <pubDate>Sat, 21 Nov 2015 {:02}:00:00 GMT</pubDate></item>",
            23 - n % 24
        )
    };
    let items: String = titles.iter().enumerate().map(item).collect();
    format!("<rss version=\"2.0\"><channel><title>A site</title>{items}</channel></rss>")
}

/// A feed whose items tell no date.
const UNDATED: &str = "<rss version=\"2.0\"><channel><title>U</title>\
    <item><title>one</title><guid>1</guid></item>\
    <item><title>two</title><guid>2</guid></item></channel></rss>";

const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

/// `/a` and `/b` are feeds with a story in common, `/undated` is [`UNDATED`], the rest is 404.
fn site() -> Server {
    Server::web(|path| match path {
        "/a" => ok(&feed(&["alpha", "beta", "shared"])),
        "/b" => ok(&feed(&["gamma", "shared"])),
        "/undated" => ok(UNDATED),
        _ => NOT_FOUND.to_vec(),
    })
}

/// A config of feeds: lines for the head, then name, URL and further lines of each source.
fn config(head: &str, feeds: &[(&str, String, &str)]) -> String {
    let source = |(name, url, more): &(&str, String, &str)| {
        format!("[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"{url}\"\n{more}\n")
    };
    format!("{head}\n{}", feeds.iter().map(source).collect::<String>())
}

fn titles(document: &Value) -> Vec<&str> {
    let items = document["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap()).collect()
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}
