//! newsagg.toml(5) against the parser: its keys, what it says of their values, its examples.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use newsagg::config::{
    Config, FETCH_KEYS, MAX_CONFIG, OUTPUT_KEYS, SCHEDULE_KEYS, SOURCE_KEYS, STATE_KEYS, kinds,
};
use newsagg::source::known::{GITHUB_WITH_TOKEN, known_host};
use newsagg::source::{Window, github, guardian, hackernews, newsapi, reddit};
use newsagg::time::format_duration;

use super::mdoc::{Item, items, literals, plain};
use super::{NEWSAGG, TOML, Words, words};
use crate::support::said::said;

/// The tables of the page, each with the items of its keys; a kind stands under its name.
fn told() -> BTreeMap<String, Vec<Item>> {
    let mut tables: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    for item in items(TOML) {
        let table = match &*item.section {
            "FETCH" | "STATE" | "SCHEDULE" | "OUTPUT" | "SOURCE" => item.section.to_lowercase(),
            "KINDS" => item.subsection.clone(),
            _ => continue,
        };
        tables.entry(table).or_default().push(item);
    }
    // Of several keys in a row, the last has the text of all.
    for items in tables.values_mut() {
        for index in (1..items.len()).rev() {
            if items[index - 1].body.is_empty() {
                items[index - 1].body = items[index].body.clone();
            }
        }
    }
    tables
}

fn key(item: &Item) -> &str {
    item.named("Ic").unwrap_or_else(|| panic!("{} is no key", item.head))
}

#[test]
fn every_key_is_in_newsagg_toml_5_and_no_other() {
    let mut known: BTreeMap<String, Words> =
        kinds().map(|(kind, keys)| (kind.to_owned(), words(keys.iter().copied()))).collect();
    known.insert("fetch".into(), words(FETCH_KEYS));
    known.insert("state".into(), words(STATE_KEYS));
    known.insert("schedule".into(), words(SCHEDULE_KEYS));
    known.insert("output".into(), words(OUTPUT_KEYS));
    known.insert("source".into(), words(SOURCE_KEYS));
    let keys = |items: &Vec<Item>| words(items.iter().map(key));
    let told = told().iter().map(|(table, items)| (table.clone(), keys(items))).collect();
    assert_eq!(known, told);
}

/// A file with a key in it, since a test may not set variables; one for all tests.
fn key_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("manual.key");
        private(&path);
        path
    })
}

/// The config in which a key may stand: of `table`, with what it needs beside it, and a source.
fn config(table: &str, extra: Option<(&str, &str)>, without: Option<&str>) -> String {
    let secret = format!("{{ file = \"{}\" }}", key_file().display());
    let url = "\"https://a.example/feed\"".to_owned();
    let mut keys: BTreeMap<&str, String> = BTreeMap::new();
    let kind = kinds().map(|(kind, _)| kind).find(|kind| *kind == table).unwrap_or("feed");
    let needed = match kind {
        "feed" => vec![("url", url)],
        "json" => vec![("url", url), ("title", "\"/title\"".into())],
        "stream" => vec![("url", url)],
        "guardian" | "newsapi" => vec![("key", secret)],
        "reddit" => vec![("subreddit", "\"rust\"".into())],
        "github" => vec![("repo", "\"o/r\"".into())],
        _ => Vec::new(),
    };
    keys.extend(needed);
    keys.insert("name", "\"a\"".into());
    keys.insert("kind", format!("\"{kind}\""));
    let mut own: BTreeMap<&str, String> = BTreeMap::new();
    let section = match table {
        "fetch" | "state" | "schedule" => format!("[{table}]"),
        "output" => {
            own.insert("path", "\"out.json\"".into());
            "[[output]]".into()
        }
        _ => {
            own.append(&mut keys);
            "[[source]]".into()
        }
    };
    own.extend(extra.map(|(key, value)| (key, value.to_owned())));
    own.retain(|key, _| Some(*key) != without);
    let lines = |keys: BTreeMap<&str, String>| -> String {
        keys.into_iter().map(|(key, value)| format!("{key} = {value}\n")).collect()
    };
    let source =
        if keys.is_empty() { String::new() } else { format!("[[source]]\n{}", lines(keys)) };
    format!("{section}\n{}{source}", lines(own))
}

/// The config, or all that is wrong with it.
fn read(text: &str) -> Result<Config, String> {
    let problems = |problems: Vec<_>| problems.iter().map(|p| format!("{p}\n")).collect();
    Config::parse(Path::new("/home/newsagg.toml"), text).map_err(problems)
}

/// The value that a line `.Ql VALUE .` behind `Default:` tells.
fn default_of(item: &Item) -> Option<String> {
    let at = item.body.iter().position(|line| line == "Default:")?;
    let told = item.body.get(at + 1)?.strip_prefix(".Ql ")?;
    Some(plain(told.trim_end_matches('.').trim()).replace("VERSION", env!("CARGO_PKG_VERSION")))
}

#[test]
fn a_config_that_says_every_default_is_the_same_as_one_that_says_nothing() {
    let mut tried = 0;
    for (table, items) in told() {
        let silent = format!("{:?}", read(&config(&table, None, None)).unwrap());
        for item in items {
            let Some(value) = default_of(&item) else { continue };
            let text = config(&table, Some((key(&item), &value)), None);
            let said = read(&text).unwrap_or_else(|problems| panic!("{text}{problems}"));
            assert_eq!(format!("{said:?}"), silent, "{text}");
            tried += 1;
        }
    }
    assert!(tried >= 15, "the defaults were not found");
}

#[test]
fn of_every_key_it_is_told_what_it_is_when_it_is_not_there() {
    for (table, items) in told() {
        for item in items {
            let required = item.body.iter().any(|line| line == "Required.");
            let default = item.body.iter().any(|line| line.starts_with("Default:"));
            assert!(required != default, "{table}: {}", item.head);
            let own = config(&table, None, None);
            let without = config(&table, None, Some(key(&item)));
            let missing = format!("has no `{}`", key(&item));
            let refused = read(&without).is_err_and(|problems| problems.contains(&missing));
            assert_eq!(refused, required, "{table}: {}", item.head);
            assert!(read(&own).is_ok(), "{own}");
        }
    }
}

#[test]
fn numbers_have_the_bounds_that_are_told() {
    let mut tried = 0;
    for (table, items) in told() {
        for item in items {
            let line =
                item.body.iter().find_map(|line| line.strip_prefix("From ")?.strip_suffix('.'));
            let numeric = item.head.ends_with("= Ar number")
                && item.body.iter().all(|line| !line.starts_with("As in"));
            assert_eq!(line.is_some(), numeric, "{table}: {}", item.head);
            let Some(line) = line else { continue };
            let (least, most) = match line.split_once(" to ") {
                Some((least, most)) => (least, Some(most)),
                None => (line.strip_suffix(" up").unwrap(), None),
            };
            let taken = |value: i64| {
                read(&config(&table, Some((key(&item), &value.to_string())), None)).is_ok()
            };
            let least: i64 = least.parse().unwrap();
            let most: i64 = most.map_or(u32::MAX.into(), |most| most.parse().unwrap());
            let bounds = [least - 1, least, most, most + 1].map(taken);
            assert_eq!(bounds, [false, true, true, false], "{table}: {}", item.head);
            tried += 1;
        }
    }
    assert!(tried >= 7, "the bounds were not found");
}

#[test]
fn what_is_told_in_passing_is_true_too() {
    assert!(TOML.contains(&format!("at most {} MiB long", MAX_CONFIG >> 20)));
    let limit = hackernews::DEFAULT_LIMIT;
    assert!(TOML.contains(&format!("{limit} without it, at most 500.")));
    let many = config("hackernews", Some(("limit", "100000")), None);
    assert!(format!("{:?}", read(&many).unwrap()).contains("limit: 500"));
    let quota = |Window { count, per }: &Window| {
        format!(
            ".Ql \\(dq{count}/{}\\(dq",
            format_duration(*per).replace("1d", "24h").replace("60s", "1m")
        )
    };
    let hosts = ["reddit.com", "hnrss.org", "api.github.com"];
    let hosts = hosts.iter().flat_map(|host| known_host(host).unwrap().1);
    let searches = github::SEARCH.iter().chain(&github::SEARCH_WITH_TOKEN);
    let windows = guardian::WINDOWS
        .iter()
        .chain(&newsapi::WINDOWS)
        .chain(&reddit::WINDOWS)
        .chain(hosts)
        .chain(searches);
    for window in windows.chain(&GITHUB_WITH_TOKEN) {
        assert!(TOML.contains(&quota(window)), "{}", quota(window));
    }
    for (value, taken) in [("\"1GiB\"", true), ("\"2GiB\"", false), ("1", true), ("0", false)] {
        assert_eq!(
            read(&config("fetch", Some(("max_body", value)), None)).is_ok(),
            taken,
            "{value}"
        );
    }
    for (value, taken) in [("\"36500d\"", true), ("\"36501d\"", false), ("\"0s\"", false)] {
        assert_eq!(
            read(&config("fetch", Some(("timeout", value)), None)).is_ok(),
            taken,
            "{value}"
        );
    }
    for (letters, taken) in [(200, true), (201, false)] {
        let name = format!("\"{}\"", "x".repeat(letters));
        assert_eq!(read(&config("feed", Some(("name", &name)), None)).is_ok(), taken, "{letters}");
    }
}

#[test]
fn every_example_config_is_taken_without_a_word() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("manual");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let examples: Vec<String> = literals(TOML).into_iter().map(|(_, text)| text).collect();
    assert!(examples.len() >= 11, "the examples were not found");
    for example in examples {
        let mut command = Command::new(crate::support::program());
        command.env_clear().env("HOME", &folder).env("CREDENTIALS_DIRECTORY", &folder);
        // What it names elsewhere is there.
        for (place, rest) in ["env", "file", "credential"].iter().flat_map(|place| {
            let marks = example.split(&format!("{{ {place} = \"")[..]).skip(1).collect::<Vec<_>>();
            marks.into_iter().map(move |rest| (*place, rest))
        }) {
            let name = rest.split('"').next().unwrap();
            match place {
                "env" => drop(command.env(name, "0123456789abcdef")),
                _ => private(&folder.join(name)),
            }
        }
        let source = if example.contains("[[source]]") {
            ""
        } else {
            "[[source]]\nname = \"a\"\nkind = \"feed\"\nurl = \"https://a.example/\"\n"
        };
        let path = folder.join("newsagg.toml");
        fs::write(&path, format!("{example}{source}")).unwrap();
        let said = said(command.args(["check", "-c"]).arg(&path).output().unwrap());
        assert_eq!((said.code, &*said.err), (Some(0), ""), "{example}");
        assert!(!said.out.contains("not in this version"), "{example}{}", said.out);
    }
}

/// A file with a key that its owner alone may read.
fn private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt;
    // An old one would keep its mode.
    let _ = fs::remove_file(path);
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).unwrap();
    std::io::Write::write_all(&mut file, b"0123456789abcdef\n").unwrap();
}

#[test]
fn the_mistake_that_newsagg_1_shows_is_told_so() {
    let told = literals(NEWSAGG).into_iter().find(|(_, text)| text.contains(".toml:9:1:"));
    let text = format!("{}[state]\nkeap = \"60d\"\n", "\n".repeat(7));
    assert_eq!(read(&text).unwrap_err(), format!("/home/{}", told.unwrap().1));
}
