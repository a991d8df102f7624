//! The keys that are declared, and what newsagg.toml(5) says in passing, against the parser; its examples.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use newsagg::config::schema::{DefaultValue, Key, SECTIONS, Takes};
use newsagg::config::{Config, KINDS, MAX_CONFIG};
use newsagg::source::known::{GITHUB_WITH_TOKEN, known_host};
use newsagg::source::{Window, github, guardian, hackernews, newsapi, reddit};
use newsagg::time::format_duration;

use super::mdoc::literals;
use super::{NEWSAGG, TOML};
use crate::support::said::said;

/// Every key with the name of the section or kind that it stands in.
fn declared() -> impl Iterator<Item = (&'static str, Key)> {
    let sections = SECTIONS.iter().map(|(title, keys)| (title.trim_matches(['[', ']']), *keys));
    let all = sections.chain(KINDS.iter().map(|kind| (kind.name, kind.keys)));
    all.flat_map(|(table, keys)| {
        keys.iter().flat_map(move |keys| keys.iter().map(move |key| (table, *key)))
    })
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
    let kind = KINDS.iter().find(|kind| kind.name == table).unwrap_or(&KINDS[0]);
    let least = kind.least.unwrap_or("url = \"https://a.example/feed\"\ntitle = \"/title\"");
    let least = least.replace("{ env = \"KEY\" }", &secret);
    let mut keys: BTreeMap<&str, String> = BTreeMap::new();
    keys.extend(least.lines().filter_map(|line| {
        let (key, value) = line.split_once(" = ")?;
        Some((key, value.to_owned()))
    }));
    let kind = kind.name;
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

#[test]
fn a_config_that_says_every_default_is_the_same_as_one_that_says_nothing() {
    let mut tried = 0;
    for (table, key) in declared() {
        // What stands in a source is that of [fetch].
        let value = match key.default {
            DefaultValue::Number(number) => number.to_string(),
            DefaultValue::Text(text) => format!("\"{text}\""),
            DefaultValue::False => "false".to_owned(),
            DefaultValue::True => "true".to_owned(),
            DefaultValue::Required | DefaultValue::Words(_) => continue,
        };
        let [silent, said] = [None, Some((key.name, &*value))].map(|extra| {
            let text = config(table, extra, None);
            format!("{:?}", read(&text).unwrap_or_else(|problems| panic!("{text}{problems}")))
        });
        let own = |config: &str| config.replace("per_host: Some(4)", "per_host: None");
        assert_eq!(own(&said), own(&silent), "{table}: {}", key.name);
        tried += 1;
    }
    assert!(tried >= 25, "{tried}");
}

#[test]
fn a_key_is_missed_exactly_where_it_is_required() {
    for (table, key) in declared() {
        let own = config(table, None, None);
        assert!(read(&own).is_ok(), "{own}");
        let without = config(table, None, Some(key.name));
        let missing = format!("has no `{}`", key.name);
        let refused = read(&without).is_err_and(|problems| problems.contains(&missing));
        let required = matches!(key.default, DefaultValue::Required);
        assert_eq!(refused, required, "{table}: {}", key.name);
    }
}

#[test]
fn numbers_have_the_bounds_that_are_declared_and_choices_the_words() {
    let mut tried = 0;
    for (table, key) in declared() {
        let taken = |value: String| {
            // Some words need another key beside them.
            let problems = read(&config(table, Some((key.name, &value)), None)).err();
            let wrong = format!("`{}` in", key.name);
            !problems
                .is_some_and(|problems| problems.contains(&wrong) && problems.contains("must be"))
        };
        match key.takes {
            Takes::Number(least, most) => {
                let least = i64::try_from(least).unwrap();
                let most = i64::try_from(most).unwrap();
                let bounds = [least - 1, least, most, most + 1].map(|n| taken(n.to_string()));
                assert_eq!(bounds, [false, true, true, false], "{table}: {}", key.name);
            }
            Takes::Choice(words) => {
                for word in words() {
                    assert!(taken(format!("\"{word}\"")), "{table}: {} = {word}", key.name);
                }
                assert!(!taken("\"nosuch\"".into()), "{table}: {}", key.name);
            }
            Takes::Type(_) => continue,
        }
        tried += 1;
    }
    assert!(tried >= 16, "{tried}");
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
