//! `--timeline` of the built program.

use super::*;

struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Home {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("timeline").join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Home(dir)
    }

    fn run(&self, words: &[&str]) -> Said {
        let mut command = Command::new(crate::support::program());
        command.env_clear().env("HOME", &self.0).current_dir(&self.0).stdin(Stdio::null());
        said(command.args(words).output().unwrap())
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.0.join(name));
        text.unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

fn site() -> Server {
    Server::web(|path| match path {
        "/good" => ok(&feed(["alpha"])),
        _ => b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".to_vec(),
    })
}

fn config(home: &Home, site: &Server, names: &[&str]) {
    let source = |name: &&str| {
        let url = site.url(&format!("/{name}"));
        format!("[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"{url}\"\nretries = 0\n")
    };
    home.put("x.toml", &names.iter().map(source).collect::<String>());
}

#[test]
fn once_draws_a_picture_or_a_text_and_stdout_carries_the_news_alone() {
    let (home, site) = (Home::new("once"), site());
    config(&home, &site, &["good", "bad"]);
    let once = |more: &[&str]| home.run(&[&["once", "-c", "x.toml", "--force"], more].concat());
    let plain = once(&["-f", "tsv"]).ended(0);
    let said = once(&["-f", "tsv", "--timeline", "a.svg"]).ended(0);
    assert_eq!(said.out, plain.out);
    let picture = home.text("a.svg");
    assert!(picture.starts_with("<svg ") || picture.starts_with("<?xml "), "{picture}");
    assert!(picture.contains("good") && picture.contains("bad"), "who failed was asked, too");
    once(&["--timeline", "a.txt", "-q", "-f", "tsv"]).ended(0);
    let text = home.text("a.txt");
    assert!(text.lines().any(|line| line.starts_with("good ")), "{text}");
    assert!(!text.contains('\u{1b}'), "a file has no colours");
    let said = once(&["-f", "tsv", "--timeline", "-"]).ended(0);
    assert_eq!(said.out, plain.out);
    assert!(said.err.lines().any(|line| line.starts_with("good ")), "{}", said.err);
    assert!(said.err.lines().last().unwrap().starts_with("newsagg: 1 story from 1 of 2 sources"));
}

#[test]
fn a_round_in_which_all_failed_is_drawn_and_one_that_asked_nobody_is_empty() {
    let (home, site) = (Home::new("failed"), site());
    config(&home, &site, &["bad", "worse"]);
    home.run(&["once", "-c", "x.toml", "--timeline", "a.svg"]).ended(1);
    assert!(home.text("a.svg").contains("worse"));
    home.run(&["once", "-c", "x.toml", "--offline", "--timeline", "b.svg"]).ended(0);
    assert!(!home.text("b.svg").contains("worse"));
    // The state remembers who was asked.
    let said = home.run(&["status", "-c", "x.toml", "--timeline", "-"]).ended(1);
    assert!(said.out.contains("worse"), "{}", said.out);
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let (home, site) = (Home::new("wrong"), site());
    config(&home, &site, &["good"]);
    home.put("file", "");
    let none = home.run(&["status", "-c", "x.toml", "--timeline", "-"]).ended(1);
    assert_eq!(none.out, "");
    none.says("newsagg: no round is remembered yet that could be drawn\n");
    let said = home.run(&["once", "-c", "x.toml", "--timeline", "file/a.svg"]).ended(1);
    assert!(said.out.contains("alpha"), "the news is printed all the same: {}", said.out);
    said.says("writing file/a.svg: ");
    home.run(&["status", "-c", "x.toml", "--timeline", "file/a.svg"]).ended(1).says("file/a.svg: ");
    for (words, problem) in [
        (&["--timeline", "a/"][..], "a/ is a folder, not a file to write"),
        (&["-o", "a", "--timeline", "a"], "the news and the timeline cannot both be in a"),
        (&["--report", "a", "--timeline", "a"], "the report and the timeline cannot both be in a"),
        (&["--record", "a", "--timeline", "a"], "the recording cannot be in a beside something"),
    ] {
        let words = [&["once", "-c", "x.toml"], words].concat();
        home.run(&words).ended(2).says(problem);
    }
    let both = ["once", "-c", "x.toml", "--force", "--report", "-", "--timeline", "-", "-o", "n"];
    let said = home.run(&both).ended(0);
    assert!(said.out.starts_with('{') && said.err.contains("good "), "{}", said.err);
}

#[test]
fn status_draws_the_last_round_and_says_what_it_took() {
    let (home, site) = (Home::new("status"), site());
    config(&home, &site, &["good", "bad"]);
    home.run(&["once", "-c", "x.toml", "-q"]).ended(0);
    let table = home.run(&["status", "-c", "x.toml", "good"]).ended(0);
    let line = table.out.lines().find(|line| line.starts_with("last round  ")).unwrap();
    assert!(line.contains(" ago, ") && line.contains("ms"), "{line}");
    let said = home.run(&["status", "-c", "x.toml", "good", "--timeline", "a.svg"]).ended(0);
    assert!(said.out.starts_with("source "), "{}", said.out);
    let picture = home.text("a.svg");
    assert!(picture.contains("good") && !picture.contains("bad"), "only who was named");
    let said = home.run(&["status", "-c", "x.toml", "--timeline", "-"]).ended(1);
    let lanes =
        said.out.lines().filter(|line| line.starts_with("good ") || line.starts_with("bad "));
    assert_eq!(lanes.count(), 2, "{}", said.out);
    assert!(!said.out.contains("last round"), "{}", said.out);
}

#[test]
fn a_replay_draws_its_round_without_writing_where_that_did() {
    let (home, site) = (Home::new("replay"), site());
    config(&home, &site, &["good", "bad"]);
    let once = ["once", "-c", "x.toml", "--record", "r.rec", "--timeline", "a.svg", "-f", "tsv"];
    let first = home.run(&once).ended(0);
    std::fs::remove_file(home.0.join("a.svg")).unwrap();
    let again = home.run(&["replay", "r.rec", "--timeline", "b.svg"]).ended(0);
    assert_eq!(again.out, first.out);
    assert!(home.text("b.svg").contains("good") && !home.0.join("a.svg").exists());
}
