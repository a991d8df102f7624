//! The program from outside: what it says about how it was called, and its exit codes.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::said::{Said, said};

/// The program in an empty environment, so that no config of the machine is found but
/// `/etc/newsagg/newsagg.toml`.
fn program(home: &Path) -> Command {
    let mut command = Command::new(crate::support::program());
    command.env_clear().env("HOME", home).current_dir(home).stdin(Stdio::null());
    command
}

fn home(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("usage").join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn run(home: &Path, words: &[&str]) -> Said {
    said(program(home).args(words).output().unwrap())
}

#[test]
fn wrong_words_end_with_2_and_one_sentence_that_helps() {
    let home = home("wrong");
    for (words, sentence) in [
        (&["onec"][..], "unknown command `onec`; did you mean `once`?"),
        (&["hn:top"], "unknown command `hn:top`; to fetch a source write `newsagg once SOURCE`"),
        (
            &["zzzz"],
            "unknown command `zzzz`; the commands are once, run, demo, check, status, bench, import, export, parse",
        ),
        (&["help", "onec"], "unknown command `onec`; did you mean `once`?"),
        (&["--verison"], "unknown option `--verison`; did you mean `--version`?"),
        (&["-v", "once"], "unknown option `-v`; a command comes first, then its options"),
        (&["once", "--limt", "3"], "unknown option `--limt` of `once`; did you mean `--limit`?"),
        (
            &["once", "--workers", "0"],
            "Error parsing option '--workers' with value '0': must be a whole number from 1 to 10000",
        ),
        (
            &["once", "-f", "yaml"],
            "Error parsing option '--format' with value 'yaml': \"yaml\" is no format; known are jsonfeed, ",
        ),
        (
            &["once", "--force", "--offline"],
            "`--force` asks and `--offline` does not: which is it?",
        ),
        (&["once", "--max-age", "1h", "--force"], "`--force` asks and `--max-age` may not"),
        (&["once", "--max-age", "soon"], "Error parsing option '--max-age' with value 'soon': "),
        (&["once", "--timeline"], "`--timeline` needs a value"),
        (&["status", "--json", "--timeline=-"], "`--json` and `--timeline -` are both for stdout"),
        (&["once", "htp://x/"], "\"htp://x/\" is neither http:// nor https:// nor file:///"),
        (&["once", "guardain"], "\"guardain\" is no source; did you mean \"guardian\"?"),
        (&["once", "github:a"], "\"github:a\" names no repository: write github:OWNER/REPO"),
        (
            &["once", "--ages", "-o", "a.txt", "hn"],
            "`--ages` is for text on stdout, and there is none; `-f text` prints it",
        ),
        (&["once", "-c", "none.toml"], "none.toml: cannot be read: no such file"),
        (&["run", "hn"], "Unrecognized argument: hn"),
        (&["status", "--jsn"], "unknown option `--jsn` of `status`; did you mean `--json`?"),
        (&["status", "-c", "none.toml"], "none.toml: cannot be read: no such file"),
        (&["bench", "-x"], "unknown option `-x` of `bench`"),
        (&["bench", "--scenario", "thraeds"], "no scenario `thraeds`; did you mean `threads`?"),
        (&["bench", "--explain", "x"], "there is no scenario `x`; there are sequential, threads, "),
        (
            &["bench", "--sources", "0"],
            "Error parsing option '--sources' with value '0': must be a whole number from 1 to 10000",
        ),
        (&["bench", "--latency", "soon"], "must be a duration such as 200ms or 1s"),
        (
            &["bench", "--jitter", "2m"],
            "Error parsing option '--jitter' with value '2m': must not be longer than 60s",
        ),
        (&["bench", "--json", "--timeline", "-"], "both print to stdout: which is it?"),
        (&["bench", "--simulate", "--scenario", "large"], "`large` measures threads, memory or "),
        (&["bench", "--child", "x"], "`--child` is for newsagg itself"),
        (&["import"], "Required positional arguments not provided: FILE.opml"),
        (&["import", "a.opml", "b.opml"], "Unrecognized argument: b.opml"),
        (&["export", "a.opml"], "Unrecognized argument: a.opml"),
        (&["export", "-c", "none.toml"], "none.toml: cannot be read: no such file"),
        (&["replay"], "Required positional arguments not provided: FILE"),
        (&["parse"], "`parse` needs FILE"),
        (&["parse", "--kind", "hackrnews", "x"], "did you mean hackernews?"),
        (&["check", "--json"], "`--json` goes with `--politeness`"),
        (&["parse", "--kind", "json", "a.json"], "json is read by the keys of a [[source]]"),
        (&["check", "--online", "--politeness"], "`--online` asks and `--politeness` does not"),
        (&["check", "extra"], "Unrecognized argument: extra"),
        (&["check", "-c", "none.toml"], "none.toml: cannot be read: no such file"),
        (&["demo", "--output"], "`--output` needs a value"),
    ] {
        let said = run(&home, words);
        assert_eq!(said.code, Some(2), "{words:?}: {}", said.err);
        assert!(said.err.contains(sentence), "{words:?}: {}", said.err);
        assert!(said.err.lines().count() <= 2, "{words:?}: {}", said.err);
        assert_eq!(said.out, "", "{words:?}");
    }
}

#[test]
fn help_goes_to_stdout_if_asked_for_and_to_stderr_if_not() {
    let home = home("help");
    let top = run(&home, &["--help"]);
    assert_eq!((top.code, top.err.as_str()), (Some(0), ""));
    assert!(top.out.starts_with("Usage: newsagg "), "{}", top.out);
    assert!(top.out.contains("\n\nmany news sources, one feed file\n\n"), "{}", top.out);
    for words in [&["-h"][..], &["help"]] {
        assert_eq!(run(&home, words).out, top.out, "{words:?}");
    }
    let alone = run(&home, &[]);
    assert_eq!((alone.code, alone.out.as_str()), (Some(2), ""));
    assert_eq!(alone.err, top.out);
    for command in newsagg::command::info().commands.iter().map(|command| command.name) {
        assert!(top.out.contains(&format!("\n  {command} ")), "{command}");
        let help = run(&home, &["help", command]);
        assert_eq!(help.code, Some(0));
        assert!(help.out.starts_with(&format!("Usage: newsagg {command} ")), "{}", help.out);
        for line in help.out.lines() {
            assert!(line.chars().count() <= 80 && line.trim_end() == line, "{command}: {line:?}");
        }
        for words in [&[command, "--help"][..], &[command, "--nonsense", "-h"]] {
            assert_eq!(run(&home, words).out, help.out, "{words:?}");
        }
    }
}

#[test]
fn the_version_is_one_line() {
    let home = home("version");
    for word in ["--version", "-V"] {
        let said = run(&home, &[word]);
        assert_eq!(said.code, Some(0));
        assert_eq!(said.out, format!("newsagg {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_reader_that_closes_the_pipe_ends_the_program_quietly() {
    let home = home("pipe");
    let mut child =
        program(&home).arg("--help").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn check_without_a_config_says_where_it_looked() {
    if Path::new("/etc/newsagg/newsagg.toml").exists() {
        return;
    }
    let home = home("nowhere");
    let said = run(&home, &["check"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    let expected = home.join(".config/newsagg/newsagg.toml");
    assert!(said.err.contains(&format!("  {}\n", expected.display())), "{}", said.err);
    assert!(said.err.contains("  /etc/newsagg/newsagg.toml\n"), "{}", said.err);
}

#[test]
fn check_finds_the_config_in_each_of_its_places() {
    let home = home("places");
    for dir in ["a", "b", "c", "d/newsagg", ".config/newsagg"] {
        std::fs::create_dir_all(home.join(dir)).unwrap();
        std::fs::write(home.join(dir).join("newsagg.toml"), format!("in = \"{dir}\"\n")).unwrap();
    }
    let path = |dir: &str| home.join(dir);
    let mut command = program(&home);
    let mut expect = |dir: &str, set: Option<(&str, PathBuf)>| {
        if let Some((name, value)) = set {
            command.env(name, value);
        }
        let said = said(command.arg("check").output().unwrap());
        assert_eq!(said.code, Some(2));
        let file = path(dir).join("newsagg.toml");
        assert!(said.err.starts_with(&format!("{}:1:1: ", file.display())), "{}", said.err);
        command = program(&home);
    };
    expect(".config/newsagg", None);
    expect("d/newsagg", Some(("XDG_CONFIG_HOME", path("d"))));
    let two = std::env::join_paths([path("none"), path("b")]).unwrap();
    expect("b", Some(("CONFIGURATION_DIRECTORY", two.into())));
    expect("a", Some(("NEWSAGG_CONFIG", path("a/newsagg.toml"))));
}

#[test]
fn a_config_that_cannot_be_looked_at_is_not_passed_over() {
    let home = home("unreadable");
    std::fs::create_dir_all(home.join(".config/newsagg")).unwrap();
    let file = home.join(".config/newsagg/newsagg.toml");
    // A link to itself: a folder that may not be entered is no obstacle for root.
    std::os::unix::fs::symlink(&file, &file).unwrap();
    for command in ["once", "check", "status", "run"] {
        let said = run(&home, &[command]);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{command}: {}", said.err);
        let sentence = format!("{}: cannot be read: ", file.display());
        assert!(said.err.contains(&sentence), "{command}: {}", said.err);
    }
}

#[test]
fn check_says_every_mistake_and_how_many_there_are() {
    let home = home("mistakes");
    std::fs::write(home.join("x.toml"), "[fetch]\nworker = 1\n\n[[source]]\nname = \"a\"\n")
        .unwrap();
    let said = run(&home, &["check", "-c", "x.toml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert_eq!(
        said.err,
        "x.toml:2:1: unknown key `worker` in [fetch]; did you mean `workers`?\n\
         x.toml:4:1: [[source]] \"a\" has no `url`\n\
         newsagg: 2 problems in x.toml\n"
    );
}

#[test]
fn check_sums_up_a_good_config_without_its_keys() {
    let home = home("good");
    let text = "[[output]]\npath = \"feed.json\"\nlimit = 200\nsources = [\"hn\"]\n\
        [[output]]\npath = \"feed.atom\"\n\
        [[source]]\nname = \"hn\"\nkind = \"hackernews\"\n\
        [[source]]\nname = \"guardian\"\nkind = \"guardian\"\nkey = { env = \"SOME_KEY\" }\n\
        quota = [\"500/24h\"]\nevery = \"1h\"\n\
        [[source]]\nname = \"private\"\nkind = \"feed\"\nurl = \"https://example.org/f?token=hunter2\"\n\
        [[source]]\nname = \"rust\"\nkind = \"github\"\nrepo = \"a/b\"\n\
        [[source]]\nname = \"lang\"\nkind = \"reddit\"\nsubreddit = \"rust\"\nlist = \"new\"\nlimit = 50\n\
        client_id = \"an-id\"\nclient_secret = { env = \"SOME_KEY\" }\n\
        [[source]]\nname = \"wire\"\nkind = \"stream\"\nurl = \"https://example.org/s\"\n\
        tags = [\"a\", \"b\"]\ntracking = \"keep\"\n\
        [[source]]\nname = \"two\"\nkind = \"feed\"\nurl = \"https://example.org/1\"\n\
        fallback = [\"https://example.org/2\", \"https://example.org/3?key=hunter2\"]\n";
    std::fs::write(home.join("newsagg.toml"), text).unwrap();
    let mut command = program(&home);
    command.env("SOME_KEY", "hunter2").args(["check", "-c", "newsagg.toml"]);
    let said = said(command.output().unwrap());
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert!(!said.out.contains("hunter2"), "{}", said.out);
    for part in [
        "config   newsagg.toml\n",
        "fetch    32 workers, 4 to one host, timeout 10s, deadline ",
        "\n7 sources\n",
        "every 1h, at most 500/",
        "https://example.org/f?token=…\n",
        "rust      github      every 30m, at most 60/1h\n",
        "https://api.github.com/repos/a/b/releases\n",
        "lang      reddit      every 30m, limit 50, at most 100/60s\n",
        "https://www.reddit.com/api/v1/access_token (for a token)\n",
        "https://oauth.reddit.com/r/rust/new?limit=50&raw_json=1\n",
        "wire      stream      every 30m, tracking kept, open as long as `run` runs, tags a, b\n",
        "/1\n            https://example.org/2 (if that fails)\n",
        "/2 (if that fails)\n            https://example.org/3?key=… (if that fails)\n",
        "\n2 outputs\n  feed.json  jsonfeed, limit 200, from hn\n",
        "  feed.atom  atom\n",
    ] {
        assert!(said.out.contains(part), "{part:?} is not in:\n{}", said.out);
    }
}

#[test]
fn once_refuses_a_bad_config_before_anything_is_asked_or_written() {
    let home = home("once");
    let text =
        "[[output]]\npath = \"feed.json\"\n[[source]]\nname = \"a\"\nkind = \"feed\"\nulr = 1\n";
    std::fs::write(home.join("x.toml"), text).unwrap();
    let said = run(&home, &["once", "-c", "x.toml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert_eq!(
        said.err,
        "x.toml:6:1: unknown key `ulr` in [[source]] \"a\"; did you mean `url`?\n"
    );
    assert!(!home.join("feed.json").exists());
}

/// Answers each connection once, with a feed; gives the address.
fn feed_server() -> std::net::SocketAddr {
    use std::io::Write;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            let body = "<rss version=\"2.0\"><channel><title>T</title>\
                        <item><title>A</title><guid>1</guid></item></channel></rss>";
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
    });
    address
}

#[test]
fn check_online_asks_each_source_and_writes_no_output() {
    let home = home("online");
    let address = feed_server();
    let text = format!(
        "[[output]]\npath = \"feed.json\"\n\
         [[source]]\nname = \"good\"\nkind = \"feed\"\nurl = \"http://{address}/\"\n\
         [[source]]\nname = \"closed\"\nkind = \"feed\"\nurl = \"http://127.0.0.1:1/\"\n"
    );
    std::fs::write(home.join("x.toml"), text).unwrap();
    let said = run(&home, &["check", "--online", "-c", "x.toml"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let lines: Vec<Vec<&str>> =
        said.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[1][..3], ["good", "200", "1"]);
    assert_eq!(lines[1][4..], ["rss", "2.0"]);
    assert_eq!((lines[2][0], lines[2][1], lines[2][4]), ("closed", "-", "failed:"));
    assert!(!home.join("feed.json").exists());
    // What the feed said is remembered: it is not asked for again within a minute.
    let said = run(&home, &["once", "-c", "x.toml"]);
    assert!(said.err.contains("good: not due until "), "{}", said.err);
    assert!(std::fs::read_to_string(home.join("feed.json")).unwrap().contains("\"items\":[\n{"));
}
