//! The man pages and the completions: the committed ones are those that the program makes, and what their
//! templates say is true. How the pages are marked up is looked at by `contrib/man/lint`, how the completions
//! behave by `contrib/completions/test`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use argh::CommandInfoWithArgs;
use newsagg::command::{self, bench, parse};
use newsagg::config::{FORMATS, Fetch, MAX_WORKERS, OutputFormat};
use newsagg::time::format_duration;

mod keys;
mod mdoc;

use mdoc::{items, literals};

const NEWSAGG: &str = include_str!("../../contrib/man/newsagg.1");
const TOML: &str = include_str!("../../contrib/man/newsagg.toml.5");

type Words = BTreeSet<String>;

/// The options of each command.
type Options = BTreeMap<String, Words>;

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Words {
    words.into_iter().map(str::to_owned).collect()
}

/// The options of every command, without those that one process of newsagg gives to another.
fn known() -> Options {
    let options = |command: &CommandInfoWithArgs| {
        let flags = command.flags.iter().filter(|flag| !flag.hidden);
        let names = flags.flat_map(|flag| {
            [Some(flag.long.to_owned()), flag.short.map(|short| format!("-{short}"))]
        });
        names.flatten().chain(["-h".to_owned()]).collect::<Words>()
    };
    let commands = command::info().commands;
    let all = commands.iter().map(|sub| (sub.name.to_owned(), options(&sub.command)));
    all.chain([("help".to_owned(), Words::new())]).collect()
}

fn formats() -> Words {
    words(FORMATS.iter().map(|format| format.name))
}

/// A committed file that the program makes; `UPDATE=1` writes it.
fn is_current(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is stale; UPDATE=1 cargo test --test it manual", path.display());
}

#[test]
fn the_committed_man_pages_and_completions_are_those_of_the_program() {
    for (name, text) in command::man::pages() {
        is_current(&format!("contrib/man/{name}"), &text);
    }
    for (name, text) in command::completions::scripts() {
        is_current(&format!("contrib/completions/{name}"), &text);
    }
}

#[test]
fn no_line_of_a_template_is_left_to_be_filled() {
    let files = command::man::pages().into_iter().chain(command::completions::scripts());
    for (name, text) in files {
        for line in text.lines() {
            let open =
                line.starts_with(".\\\" @") || ["@COMMANDS@", "@OPTIONS@"].contains(&line.trim());
            assert!(!open && !line.ends_with(": unknown"), "{name}: {line}");
        }
        assert!(text.lines().count() > 60, "{name}");
    }
}

#[test]
fn defaults_and_bounds_in_descriptions_are_those_of_the_program() {
    let description = |name: &str, long: &str| {
        let commands = command::info().commands;
        let command = commands.into_iter().find(|command| command.name == name).unwrap().command;
        command.flags.iter().find(|flag| flag.long == long).unwrap().description
    };
    let tells = |name: &str, long: &str, words: &str| {
        let told = description(name, long);
        assert!(told.contains(words), "{name} {long}: {told}, without {words}");
    };
    let fetch = Fetch::default();
    tells("once", "--workers", &format!("from 1 to {MAX_WORKERS} (default {})", fetch.workers));
    tells("once", "--timeout", &format!("(default {})", format_duration(fetch.timeout)));
    tells("once", "--deadline", &format!("(default {})", format_duration(fetch.deadline)));
    let bench: bench::BenchArgs = command::args::of_command(&[]).unwrap();
    tells("bench", "--sources", &format!("(default {})", bench.sources));
    tells("bench", "--workers", &format!("(default {})", bench.workers));
    tells("bench", "--runs", &format!("(default {})", bench.runs));
    tells("bench", "--latency", &format!("(default {})", format_duration(bench.latency)));
    tells("bench", "--jitter", &format!("(default {})", format_duration(bench.jitter)));
    let known = |text: &str| words(text.split(|c: char| !c.is_ascii_lowercase()));
    let missing = &formats() - &known(description("once", "--format"));
    assert_eq!(missing, Words::new());
    let missing = &words(parse::kinds()) - &known(description("parse", "--kind"));
    assert_eq!(missing, Words::new());
}

#[test]
fn every_scenario_of_bench_is_in_its_help() {
    let info = command::info().commands.into_iter().find(|command| command.name == "bench");
    let notes = info.unwrap().command.notes;
    let list = notes.iter().find_map(|note| note.strip_prefix("Scenarios:\n")).unwrap();
    let told = words(list.lines().filter_map(|line| line.split_whitespace().next()));
    assert_eq!(told, words(bench::names()));
}

#[test]
fn the_extension_of_a_file_says_its_format() {
    for format in &FORMATS {
        for extension in format.extensions {
            let path = format!("x.{}", extension.to_uppercase());
            assert_eq!(OutputFormat::of_path(Path::new(&path)), Some(format.format), "{path}");
        }
    }
    assert_eq!(OutputFormat::of_path(Path::new("x.xyz")), None);
    assert_eq!(OutputFormat::of_path(Path::new("json")), None);
}

#[test]
fn every_metric_is_in_newsagg_toml_5() {
    let all = [
        include_str!("../../src/format/prometheus.rs"),
        include_str!("../../src/format/prometheus/families.rs"),
    ];
    let code: String = all.map(|code| code.split("#[cfg(test)]").next().unwrap()).concat();
    let names = ["name: \"", ".family(\""].into_iter().flat_map(|mark| code.split(mark).skip(1));
    let names: Vec<&str> = names.filter_map(|rest| rest.split('"').next()).collect();
    let names: Words = names
        .into_iter()
        .filter(|name| !name.is_empty())
        .map(|name| format!("newsagg_{name}"))
        .collect();
    assert!(names.len() > 20, "the names were not found: {names:?}");
    let told = items(TOML).into_iter().filter(|item| item.section == "METRICS");
    let told = told.flat_map(|item| {
        item.head["Cm ".len()..].split(" , ").map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(told.collect::<Words>(), names);
}

#[test]
fn every_exit_status_is_in_newsagg_1() {
    let told = items(NEWSAGG).into_iter().filter(|item| item.section == "EXIT STATUS");
    let told: Vec<u8> = told
        .flat_map(|item| {
            item.head.split(" , ").map(|code| code.parse().unwrap()).collect::<Vec<_>>()
        })
        .collect();
    let [ok, failed, usage, strict] =
        [command::OK, command::FAILED, command::USAGE, command::STRICT];
    // 128 and the number of the signal, as shells have it: SIGINT, SIGTERM.
    assert_eq!(told, [ok, failed, usage, strict, 128 + 2, 128 + 15]);
}

#[test]
fn every_stage_of_a_failure_is_in_newsagg_1() {
    let code = include_str!("../../src/failure.rs");
    let names = code.lines().filter_map(|line| {
        let (stage, name) = line.trim().split_once(" => \"")?;
        stage.starts_with("Stage::").then(|| name.trim_end_matches("\","))
    });
    let names = words(names);
    assert!(names.len() > 10, "the names were not found: {names:?}");
    let told = items(NEWSAGG).into_iter().filter(|item| item.section == "DIAGNOSTICS");
    let told: Words =
        told.filter_map(|item| Some(item.head.strip_prefix("Cm ")?.to_owned())).collect();
    assert_eq!(told, names);
}

#[test]
fn every_variable_that_the_program_reads_is_in_newsagg_1() {
    let mut read = words(["http_proxy", "https_proxy", "all_proxy", "no_proxy"]);
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let code = std::fs::read_to_string(&path).unwrap();
            let code = code.split("#[cfg(test)]").next().unwrap();
            read.extend(variables(code));
        }
    }
    assert!(read.len() > 12, "the variables were not found: {read:?}");
    let told = items(NEWSAGG).into_iter().filter(|item| item.section == "ENVIRONMENT");
    let told: Words = told
        .flat_map(|item| {
            item.head["Ev ".len()..].split(" , ").map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    // Read by std and by the libraries beneath.
    let others = words([
        "TMPDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "NOTIFY_SOCKET",
        "WATCHDOG_USEC",
        "WATCHDOG_PID",
    ]);
    assert_eq!(&read - &told, Words::new(), "not in the man page");
    assert_eq!(&(&told - &read) - &others, Words::new(), "only in the man page");
}

/// The names in capitals that follow something that reads a variable.
fn variables(code: &str) -> Words {
    let readers = ["var(", "var_os(", "env(", "path_in(", "absolute_in(", "key("];
    let lines = code.lines().filter(|line| readers.iter().any(|reader| line.contains(reader)));
    let quoted = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
    let capitals = |word: &&str| {
        word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    words(quoted.filter(capitals))
}

#[test]
fn the_examples_of_newsagg_1_are_commands_with_options_that_they_have() {
    let known = known();
    let mut examples: Vec<String> = literals(NEWSAGG)
        .into_iter()
        .filter(|(section, _)| section == "EXAMPLES")
        .map(|(_, text)| text.replace("|\n", "| "))
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    examples.extend(NEWSAGG.lines().filter_map(|line| Some(line.strip_prefix(".Dl ")?.to_owned())));
    let mut tried = 0;
    for example in examples {
        let Some((_, call)) = example.split_once("newsagg ") else { continue };
        let call = call.split(['|', '>']).next().unwrap();
        let (command, rest) = call.trim().split_once(' ').unwrap_or((call.trim(), ""));
        let own = known.get(command).unwrap_or_else(|| panic!("{example}: {command}"));
        for word in rest.split(' ').filter(|word| word.len() > 1 && word.starts_with('-')) {
            assert!(own.contains(word), "{example}: {word}");
        }
        tried += 1;
    }
    assert!(tried >= 9, "the examples were not found");
}
