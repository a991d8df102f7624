//! `newsagg bench`: what its rows show, held against what must be so on every machine; and in
//! simulated time against golden files. `UPDATE=1` writes them.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use newsagg::command::bench;
use serde_json::Value;

use crate::support::said::{Said, said};

/// Without a home, and without anything of the machine's.
fn program(words: &[&str]) -> Command {
    let mut command = Command::new(crate::support::program());
    command.env_clear().current_dir(env!("CARGO_TARGET_TMPDIR")).stdin(Stdio::null());
    command.arg("bench").args(words);
    command
}

fn run(words: &[&str]) -> Said {
    said(program(words).output().unwrap())
}

fn temporary(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&dir).unwrap();
    dir.join(name)
}

#[track_caller]
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{} (UPDATE=1 writes it):\n{text}", path.display());
}

#[test]
fn simulated_time_gives_the_same_bytes_everywhere() {
    golden("bench.txt", &run(&["--simulate"]).ended(0).out);
    golden("bench.json", &run(&["--simulate", "--json"]).ended(0).out);
    let picture = temporary("golden.svg");
    run(&["--simulate", "--timeline", picture.to_str().unwrap()]).ended(0);
    golden("bench.svg", &std::fs::read_to_string(picture).unwrap());
}

#[test]
fn the_picture_in_the_readme_is_what_the_command_beside_it_draws() {
    let picture = temporary("readme.svg");
    let readme = include_str!("../../README.md");
    let command = readme.lines().find_map(|line| line.strip_prefix("newsagg bench --simulate "));
    let words: Vec<&str> = command.unwrap().split_whitespace().collect();
    let [options @ .., target] = &words[..] else { panic!("{words:?}") };
    assert_eq!(*target, "contrib/bench.svg");
    let words = [&["--simulate"], options, &[picture.to_str().unwrap()]].concat();
    run(&words).ended(0);
    golden("../../contrib/bench.svg", &std::fs::read_to_string(picture).unwrap());
}

/// The document, with rows by scenario and name.
struct Figures(Value);

impl Figures {
    fn of(words: &[&str]) -> Figures {
        let said = run(words).ended(0);
        assert_eq!(said.err, "");
        Figures(serde_json::from_str(&said.out).unwrap())
    }

    fn scenario(&self, name: &str) -> &Value {
        let all = self.0["scenarios"].as_array().unwrap();
        all.iter().find(|scenario| scenario["name"] == name).unwrap_or_else(|| panic!("{name}"))
    }

    /// The median of one figure, for each row.
    fn medians(&self, scenario: &str, figure: &str) -> Vec<f64> {
        let rows = self.scenario(scenario)["rows"].as_array().unwrap();
        let median = |row: &Value| row[figure]["median"].as_f64();
        rows.iter().map(|row| median(row).unwrap_or_else(|| panic!("{figure}: {row}"))).collect()
    }
}

#[test]
fn every_scenario_shows_what_it_is_there_for() {
    let figures =
        Figures::of(&["--sources", "4", "--latency", "10ms", "--jitter", "5ms", "--json"]);
    let names = figures.0["scenarios"].as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|scenario| scenario["name"].as_str().unwrap()).collect();
    assert_eq!(names, bench::names());

    let most = |scenario| figures.medians(scenario, "max_in_flight");
    assert_eq!(most("sequential"), [1.0]);
    assert!(figures.medians("bounded", "max_in_flight")[0] <= 5.0);
    assert_eq!(figures.medians("bounded", "requests"), [50.0]);
    assert_eq!(figures.medians("unbounded", "requests"), [40.0, 40.0]);
    assert!(most("unbounded")[0] <= 32.0);
    assert_eq!(figures.medians("threads", "sources_ok"), [4.0]);
    assert!(figures.medians("rate-limited", "max_in_window")[0] <= 5.0);
    // Who waits for everybody has everybody; timeout and deadline go without the slow one.
    assert_eq!(figures.medians("slow-source", "sources_ok")[0], 4.0);
    assert!(figures.medians("slow-source", "sources_ok")[2] < 4.0);
    assert_eq!(figures.medians("degraded", "failures"), [1.0, 1.0]);
    assert_eq!(figures.medians("degraded", "sources_ok")[0], 3.0);
    assert_eq!(figures.medians("retry", "sources_ok"), [3.0, 4.0]);
    assert_eq!(figures.medians("retry", "requests"), [4.0, 6.0]);
    assert_eq!(figures.medians("blocking", "sources_ok"), [4.0, 4.0, 4.0]);
    let bytes = figures.medians("large", "bytes_in");
    assert!(bytes[1] > 7e6 && bytes[1] > 40.0 * bytes[0], "{bytes:?}");
    let connections = figures.medians("keep-alive", "connections");
    // Whether a connection is back before the next request leaves is a race: far fewer, not four.
    assert!(connections[0] <= 12.0 && connections[1] == 40.0, "{connections:?}");

    for scenario in figures.0["scenarios"].as_array().unwrap() {
        let name = scenario["name"].as_str().unwrap();
        assert!(!scenario["verdict"].as_str().unwrap().contains("NaN"), "{scenario}");
        for figure in ["wall_ms", "sum_ms", "speedup", "requests_per_s", "p50_ms", "cpu_ms"] {
            assert!(figures.medians(name, figure).iter().all(|value| *value > 0.0), "{figure}");
        }
        let memory = figures.medians(name, "peak_memory_bytes");
        assert!(memory.iter().all(|bytes| *bytes > 1e6), "{memory:?}");
    }
}

#[test]
fn several_runs_have_a_median_between_their_ends() {
    let words = ["--scenario", "concurrent,bounded", "--scenario", "threads", "--runs", "3"];
    let small = ["--sources", "2", "--latency", "1ms", "--jitter", "0ms"];
    let figures = Figures::of(&[&words[..], &small, &["--json"]].concat());
    assert_eq!(figures.0["runs"], 3);
    for name in ["concurrent", "bounded", "threads"] {
        let wall = &figures.scenario(name)["rows"][0]["wall_ms"];
        let [min, median, max] = ["min", "median", "max"].map(|end| wall[end].as_f64().unwrap());
        assert!(min <= median && median <= max, "{wall}");
    }
    let table = run(&[&words[..], &small].concat()).ended(0).out;
    assert!(table.contains("\nMedians of 3 runs; wall: pool of 32 "), "{table}");
}

#[test]
fn a_timeline_that_is_no_picture_is_text() {
    let path = temporary("timeline.txt");
    let words = ["--simulate", "--scenario", "retry", "--timeline"];
    let table = run(&[&words[..], &[path.to_str().unwrap()]].concat()).ended(0).out;
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("retry: 2 retries") && !text.contains('<'), "{text}");
    let both = run(&[&words[..], &["-"]].concat()).ended(0).out;
    assert_eq!(both, format!("{table}\n{text}"));
    let nowhere = run(&[&words[..], &["no/such/folder.svg"]].concat()).ended(1);
    nowhere.says("writing no/such/folder.svg: ");
}

#[test]
fn a_picture_of_one_row_is_named_once_and_one_with_a_deadline_marks_it() {
    let draw = |scenario: &str| {
        let words = ["--simulate", "--scenario", scenario, "--timeline"];
        let path = temporary(&format!("{scenario}.svg"));
        run(&[&words[..], &[path.to_str().unwrap()]].concat()).ended(0);
        std::fs::read_to_string(path).unwrap()
    };
    let alone = draw("bounded");
    assert_eq!(alone.matches(">bounded<").count(), 2, "a title, and text for who sees it: {alone}");
    assert!(!alone.contains("deadline"), "{alone}");
    assert_eq!(draw("slow-source").matches(">deadline 1.20 s<").count(), 1);
}

#[test]
fn every_scenario_explains_itself() {
    for name in bench::names() {
        let said = run(&["--explain", name]).ended(0);
        assert!(said.out.starts_with(&format!("{name}:\n")), "{}", said.out);
        assert!(said.out.lines().all(|line| line.chars().count() <= 80), "{}", said.out);
    }
}

#[test]
fn a_limit_on_open_files_that_is_too_low_is_an_error_and_nothing_is_measured() {
    let script = format!(
        "ulimit -n 60; exec {} bench --sources 50 --scenario threads",
        crate::support::program()
    );
    let said = said(Command::new("sh").args(["-c", &script]).output().unwrap()).ended(1);
    assert_eq!(said.out, "");
    said.says("`threads` needs 82 open files and 60 are allowed: see `ulimit -n`");
}

#[test]
fn a_reader_that_closes_the_pipe_ends_it_quietly() {
    let mut child = program(&["--scenario", "sequential", "--sources", "1"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn a_signal_ends_it_and_the_process_that_it_measures() {
    let words = ["--scenario", "sequential", "--sources", "9", "--latency", "60s", "-q"];
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut parent = program(&words).stdout(Stdio::null()).spawn().unwrap();
        let id = parent.id();
        let children = format!("/proc/{id}/task/{id}/children");
        let measured = loop {
            let list = std::fs::read_to_string(&children).unwrap();
            if let Some(child) = list.split_whitespace().next() {
                break child.to_owned();
            }
            std::thread::yield_now();
        };
        let kill = format!("kill -s {signal} {id}");
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        assert_eq!(parent.wait().unwrap().code(), Some(code));
        assert!(!Path::new(&format!("/proc/{measured}")).exists(), "it is still there");
    }
}
