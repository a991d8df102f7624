//! What takes a process of its own to be seen, or a file that was changed under it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use newsagg::store::{Frames, Journal, Lock};

use super::*;
use crate::support::change_first_seen;
use crate::support::said::{Said, said};
use crate::support::server::{Server, ok};

/// The first byte of a source's record (the first of `Event` in `src/state/record.rs`).
const SOURCE: u8 = 0;

/// A place of its own, and a web of two feeds, or of one answer to everything.
struct Desk {
    dir: PathBuf,
    server: Server,
    answer: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Desk {
    fn new(name: &str) -> Desk {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("reviewed").join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let answer = Arc::<Mutex<Option<Vec<u8>>>>::default();
        let given = answer.clone();
        let server = Server::web(move |path| {
            let stories = ["one", "two"].map(|story| format!("{}-{story}", &path[1..]));
            given.lock().unwrap().clone().unwrap_or_else(|| ok(&feed(stories)))
        });
        let desk = Desk { dir, server, answer };
        let sources = ["a", "b"].map(|name| {
            let url = desk.server.url(&format!("/{name}"));
            format!("[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"{url}\"\n")
        });
        std::fs::write(desk.dir.join("f.xml"), feed(["from-a-file"])).unwrap();
        let text = format!("state.dir = \"state\"\n{}", sources.concat());
        std::fs::write(desk.dir.join("x.toml"), text).unwrap();
        desk
    }

    fn refuse(&self, fields: &str) {
        let answer = format!("HTTP/1.1 429 No\r\n{fields}Content-Length: 0\r\n\r\n");
        *self.answer.lock().unwrap() = Some(answer.into_bytes());
    }

    fn run(&self, words: &str) -> Said {
        let mut command = Command::new(crate::support::program());
        command.env_clear().env("HOME", &self.dir).current_dir(&self.dir).stdin(Stdio::null());
        command.env("XDG_STATE_HOME", self.dir.join("own"));
        said(command.args(words.split_whitespace()).output().unwrap())
    }

    /// How many lines it prints, and how many requests that took.
    fn prints(&self, words: &str) -> (usize, usize) {
        let before = self.server.requests().len();
        let lines = self.run(words).ended(0).out.lines().count();
        (lines, self.server.requests().len() - before)
    }

    /// Changes the records of a state.
    fn change(&self, dir: &str, change: impl FnMut(&mut Vec<u8>)) {
        let path = self.dir.join(dir).join("sources");
        let mut records: Vec<Vec<u8>> = Vec::new();
        Journal::read(&path, &mut |_, record| records.push(record.to_vec())).unwrap();
        records.iter_mut().for_each(change);
        let add = &mut |frames: &mut Frames<'_>| {
            records.iter().try_for_each(|record| frames.add(record).map(drop))
        };
        Journal::rewrite(&path, add).unwrap();
    }

    /// All items were first seen ten years ago.
    fn age(&self, dir: &str) {
        self.change(dir, |record| {
            change_first_seen(record, BEGIN - TEN_YEARS);
        });
    }
}

#[test]
fn a_file_that_was_printed_once_stays_printed_whoever_else_is_named() {
    let desk = Desk::new("files");
    assert_eq!(desk.prints("once -c x.toml --new a b ./f.xml"), (5, 2));
    for words in ["once -c x.toml a --force", "once -c x.toml b --force --new"] {
        desk.run(words).ended(0);
        // What is forgotten is gone when the journal is written anew: as now, that it is damaged.
        let path = desk.dir.join("state/sources");
        let damaged = [std::fs::read(&path).unwrap(), vec![0; 64]].concat();
        std::fs::write(&path, damaged).unwrap();
    }
    assert_eq!(desk.prints("once -c x.toml --new --offline ./f.xml a b"), (0, 0));
    for (round, lines) in [1, 0, 0, 0].into_iter().enumerate() {
        assert_eq!(desk.prints("once --new ./f.xml"), (lines, 0), "{round}");
        desk.age("own/newsagg");
    }
}

#[test]
fn checking_online_obeys_who_wants_to_be_left_alone_and_remembers_it() {
    let desk = Desk::new("check");
    let asks = |words: &str| {
        let before = desk.server.requests().len();
        let said = desk.run(words);
        (desk.server.requests().len() - before, said)
    };
    assert_eq!(desk.prints("once -c x.toml"), (4, 2));
    desk.refuse("Retry-After: 7200\r\n");
    assert!((1..=2).contains(&asks("check --online -c x.toml").0));
    // Learnt from the check, and kept to by both.
    for words in ["check --online -c x.toml", "once -c x.toml --force"] {
        let (requests, said) = asks(words);
        assert_eq!(requests, 0, "{words}");
        let told = [said.out, said.err].concat();
        assert!(told.contains("answered with 429"), "{words}: {told}");
    }
}

#[test]
fn a_damaged_name_costs_its_source_and_no_other() {
    let desk = Desk::new("name");
    assert_eq!(desk.prints("once -c x.toml --new"), (4, 2));
    let path = desk.dir.join("state/sources");
    let mut place = None;
    Journal::read(&path, &mut |at, record| {
        if record[0] == SOURCE && record.ends_with(b"a") {
            place = Some(at.offset + u64::from(at.length) - 1);
        }
    })
    .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[usize::try_from(place.unwrap()).unwrap()] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let said = desk.run("once -c x.toml --offline").ended(0).says("bytes are damaged");
    let mut lines: Vec<&str> = said.out.lines().collect();
    lines.retain(|line| line.contains("b-one") || line.contains("b-two"));
    assert_eq!(lines.len(), 2, "{}", said.out);
    assert!(!said.out.contains("a-one"), "{}", said.out);
    // What was printed of the others is known to be.
    assert_eq!(desk.prints("once -c x.toml --new --force"), (2, 2));
    let said = desk.run("once -c x.toml --force").ended(0);
    assert_eq!(said.out.lines().count(), 4);
    assert!(!said.err.contains("damaged"), "it was made whole: {}", said.err);
}

#[test]
fn while_another_holds_the_state_no_file_is_touched_and_nothing_new_is_printed() {
    let desk = Desk::new("busy");
    assert_eq!(desk.prints("once -c x.toml a"), (2, 1));
    std::fs::write(desk.dir.join("theirs.json"), "what the other wrote").unwrap();
    let lock = Lock::take(&desk.dir.join("state"), Duration::ZERO).unwrap();
    let run = |words: &str| desk.run(words);
    std::thread::scope(|scope| {
        let file = scope.spawn(|| run("once -c x.toml --force -o theirs.json"));
        let none = scope.spawn(|| run("once -c x.toml --force -o ours.json"));
        let new = run("once -c x.toml --force --new").ended(1);
        assert_eq!(new.out, "");
        assert!(new.err.contains(": --new prints nothing"), "{}", new.err);
        file.join().unwrap().ended(0);
        none.join().unwrap().ended(0);
    });
    drop(lock);
    let text = |name: &str| std::fs::read_to_string(desk.dir.join(name)).unwrap();
    assert_eq!(text("theirs.json"), "what the other wrote");
    assert!(text("ours.json").contains("a-one"));
    assert_eq!(desk.server.requests().len(), 1);
    assert_eq!(desk.prints("once -c x.toml --new -f jsonl").0, 2, "they are still to be printed");
}
