//! The output for Prometheus: its grammar, and that every number in it is true. `UPDATE=1` writes
//! the golden file anew.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use newsagg::config::Config;
use newsagg::format::State;
use newsagg::format::prometheus::*;
use newsagg::state::SPANS_MS;
use newsagg::store::Lock;
use newsagg::time::{Timestamp, parse_date};
use newsagg::update::Wishes;

use crate::support::said::said;
use crate::support::world::*;

mod grammar;

use grammar::{Page, parse};

fn at(text: &str) -> Option<Timestamp> {
    parse_date(text)
}

/// Every kind of source, and names that somebody thought up.
fn full() -> Metrics {
    let source = |name: &str, state, asking| SourceFigures {
        name: name.into(),
        kind: "feed",
        state,
        items: 30,
        stream: None,
        asking,
    };
    let asking = Asking {
        polls: 106,
        requests: 120,
        unchanged: 90,
        failures: 3,
        refused: 1,
        in_a_row: 0,
        asked: at("2026-11-21T06:00:00Z"),
        answered: at("2026-11-21T05:30:00Z"),
        held_until: None,
        next_due: at("2026-11-21T06:30:00Z"),
        quotas: vec![
            QuotaFigures { window: "24h".into(), limit: 100, left: 58 },
            QuotaFigures { window: "12h".into(), limit: 50, left: 0 },
        ],
        durations: Histogram {
            ends_ms: &SPANS_MS,
            counts: vec![50, 40, 0, 10, 0, 0, 0, 5, 0, 0, 1],
            sum_ms: 98_050,
        },
    };
    let held = Asking {
        in_a_row: 4,
        answered: None,
        held_until: at("2026-11-21T07:00:00Z"),
        next_due: None,
        quotas: Vec::new(),
        durations: Histogram { counts: vec![0; 11], sum_ms: 0, ..asking.durations.clone() },
        ..asking.clone()
    };
    let hostile = "back\\slash \"quoted\"\nline\u{1b}[31m\u{202e}";
    Metrics {
        version: "0.1.0",
        last_round: at("2026-11-21T06:00:00Z"),
        stories: 212,
        round: Some(RoundFigures {
            duration_ms: 2_310,
            requests: 52,
            retries: 1,
            received_bytes: 123_456,
            new_items: 45,
            written_files: 2,
            written_bytes: 51_840,
        }),
        state_bytes: Some(90_112),
        outputs: vec![
            OutputFigures { path: "/srv/feed.json".into(), ok: true, bytes: Some(51_234) },
            OutputFigures { path: "/srv/no/feed.atom".into(), ok: false, bytes: None },
        ],
        sources: vec![
            source("bbc", State::Ok, Some(asking)),
            source(hostile, State::Limited, Some(held)),
            source("./a.xml", State::Stale, None),
        ],
    }
}

fn written(metrics: &Metrics) -> String {
    let mut out = Vec::new();
    write(metrics, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_page_is_as_the_format_wants_it() {
    let text = written(&full());
    let page = parse(&text).unwrap();
    assert_eq!(page.value("source_up", &[("source", "bbc")]), Some(1.0));
    // Escapes are undone; what a terminal could obey is spelled out.
    let name = "back\\slash \"quoted\"\nline\\u{1b}[31m\\u{202e}";
    let limited = [("source", name), ("state", "limited")];
    assert_eq!(page.value("source_state", &limited), Some(1.0));
    assert_eq!(page.value("source_duration_seconds_sum", &[("source", "bbc")]), Some(98.05));
    let bucket = [("source", "bbc"), ("le", "0.5")];
    assert_eq!(page.value("source_duration_seconds_bucket", &bucket), Some(100.0));
    assert_eq!(page.value("source_polls_total", &[("source", "./a.xml")]), None);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/metrics.prom");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{} (UPDATE=1 writes it):\n{text}", path.display());
}

const OUTPUTS: &str = "[[output]]\npath = \"feed.json\"\n[[output]]\npath = \"newsagg.prom\"\n";

/// A config of feeds that writes news and metrics.
fn feeds(hosts: &[&str]) -> String {
    let source = |host: &&str| {
        format!(
            "[[source]]\nname = \"{host}\"\nkind = \"feed\"\n\
             url = \"https://{host}/feed?key=hunter2-hunter2\"\nevery = \"10m\"\n"
        )
    };
    [OUTPUTS.into(), hosts.iter().map(source).collect::<String>()].concat()
}

fn page_of<W: Web>(world: &World<W>) -> Page {
    let text = world.text("newsagg.prom");
    assert!(!text.contains("hunter2"), "{text}");
    parse(&text).unwrap_or_else(|wrong| panic!("{wrong}:\n{text}"))
}

fn web(asked: &Asked) -> Reply {
    match asked.host() {
        "well.test" if asked.field("if-none-match").is_some() => status(304),
        "well.test" => page(feed(["a", "b"])).with("etag", "\"1\""),
        "limited.test" => status(429).with("retry-after", "5400"),
        "gone.test" => status(410),
        _ => status(503),
    }
}

#[test]
fn every_number_is_that_of_the_round() {
    let world = World::new("prom-round", web);
    let config = world.config(&feeds(&["well.test", "limited.test", "gone.test", "broken.test"]));
    let report = world.round(&config).report;
    let page = page_of(&world);
    let is = |name: &str, source: &str, value: f64| {
        assert_eq!(page.value(name, &[("source", source)]), Some(value), "{name} {source}");
    };
    let began = BEGIN as f64;
    for (source, up, state) in
        [("well", 1.0, "ok"), ("limited", 0.0, "limited"), ("gone", 0.0, "off")]
    {
        let source = format!("{source}.test");
        is("source_up", &source, up);
        is("source_polls_total", &source, 1.0);
        is("source_requests_total", &source, 1.0);
        is("source_last_asked_timestamp_seconds", &source, began);
        is("source_duration_seconds_count", &source, 1.0);
        is("source_duration_seconds_sum", &source, 0.1);
        for other in ["ok", "stale", "failed", "limited", "off"] {
            let labels = [("source", &*source), ("state", other)];
            let expected = f64::from(u8::from(other == state));
            assert_eq!(page.value("source_state", &labels), Some(expected), "{source} {other}");
        }
    }
    is("source_items", "well.test", 2.0);
    is("source_last_success_timestamp_seconds", "well.test", began);
    is("source_last_success_timestamp_seconds", "limited.test", 0.0);
    is("source_held_until_timestamp_seconds", "well.test", 0.0);
    is("source_held_until_timestamp_seconds", "limited.test", began + 5_400.0);
    is("source_next_due_timestamp_seconds", "well.test", began + 600.0);
    is("source_refused_total", "limited.test", 1.0);
    is("source_failures_total", "limited.test", 0.0);
    is("source_failures_total", "gone.test", 1.0);
    is("source_consecutive_failures", "limited.test", 1.0);
    is("source_consecutive_failures", "well.test", 0.0);

    let whole = |name: &str| page.value(name, &[]).unwrap();
    assert_eq!(whole("round_timestamp_seconds"), began);
    assert_eq!(whole("round_requests"), report.requests as f64);
    assert_eq!(whole("round_retries"), report.retries as f64);
    assert_eq!(whole("round_received_bytes"), report.bytes_in as f64);
    assert_eq!(whole("round_new_items"), 2.0);
    assert_eq!(whole("stories"), 2.0);
    let took = Duration::from_secs_f64(whole("round_duration_seconds")).as_millis();
    assert_eq!(took, report.wall_ms as u128);
    // All that was written but itself, the state included.
    let own = &report.outputs[1];
    assert_eq!(own.bytes, world.text("newsagg.prom").len() as u64);
    assert_eq!(whole("written_bytes"), (report.written.bytes - own.bytes) as f64);
    assert_eq!(whole("written_files"), (report.written.files - 1) as f64);
    let state: u64 = fs::read_dir(world.dir.join("state"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert_eq!(whole("state_bytes"), state as f64);
    let feed = world.dir.join("feed.json").display().to_string();
    let bytes = world.text("feed.json").len() as f64;
    assert_eq!(page.value("output_bytes", &[("path", &feed)]), Some(bytes));
    assert_eq!(page.value("output_ok", &[("path", &feed)]), Some(1.0));
    assert_eq!(page.series("output_ok").count(), 1);
}

#[test]
fn what_only_grows_never_shrinks_over_processes_and_rewritten_journals() {
    const ROUNDS: usize = 400;
    let web = |asked: &Asked| {
        let stories = (asked.round..asked.round + 3).map(|n| format!("{}-{n}", asked.host()));
        let reply = match asked.round % 7 {
            3 => status(500),
            _ => page(feed(stories)).with("etag", format!("\"{}\"", asked.round)),
        };
        reply.after(Duration::from_millis([20, 90, 700, 9_000][asked.round % 4]))
    };
    let world = World::new("prom-grows", web);
    let config = world.config(&format!("state.keep = \"1h\"\n{}", feeds(&["a.test"])));
    let inode = || {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(world.dir.join("state/sources")).map_or(0, |meta| meta.ino())
    };
    let (mut rewritten, mut before, mut journal) = (0, BTreeMap::new(), inode());
    for round in 0..ROUNDS {
        world.round(&config);
        let page = page_of(&world);
        let now: BTreeMap<String, f64> = page.growing().collect();
        for (series, value) in &before {
            assert!(now.get(series).is_some_and(|now| now >= value), "{round}: {series}");
        }
        let one = |name: &str| page.value(name, &[("source", "a.test")]).unwrap();
        assert_eq!(one("source_duration_seconds_count"), one("source_polls_total"), "{round}");
        before = now;
        rewritten += u32::from(inode() != journal);
        journal = inode();
        world.wait(10 * MINUTE);
    }
    assert!(rewritten > 1, "the journal was never written anew");
    assert!(before.values().any(|value| *value > 300.0), "{before:?}");
}

#[test]
fn an_output_that_fails_is_told_and_neither_that_nor_silent_sources_keep_metrics_from_being_written()
 {
    let world = World::new("prom-fails", web);
    let text = feeds(&["broken.test"]).replace("feed.json", "no/feed.json");
    let config = world.config(&text);
    let updated = world.round(&config);
    assert_eq!(updated.unwritten.len(), 1, "{:?}", updated.unwritten);
    let page = page_of(&world);
    let ok: Vec<f64> = page.series("output_ok").map(|(_, value)| value).collect();
    assert_eq!((ok, page.series("output_bytes").count()), (vec![0.0], 0));
    assert_eq!(page.value("source_up", &[("source", "broken.test")]), Some(0.0));
    assert_eq!(page.value("stories", &[]), Some(0.0));
    // And the other way round: metrics that cannot be written count as an output, and keep no
    // validator from being remembered.
    let config = world.config(&feeds(&["well.test"]).replace("newsagg.prom", "no/newsagg.prom"));
    let updated = world.round(&config);
    assert_eq!(updated.unwritten.len(), 1, "{:?}", updated.unwritten);
    assert!(updated.report.outputs[0].written && updated.report.outputs[1].error.is_some());
    world.wait(10 * MINUTE);
    assert_eq!(world.round(&config).report.sources[0].status, Some(304));
}

#[test]
fn sources_and_mode_hold_and_what_is_about_news_is_warned_of() {
    let world = World::new("prom-keys", web);
    let more = "mode = \"0600\"\nsources = [\"well.test\"]\nlimit = 3\nmax_age = \"1h\"\n";
    let text = feeds(&["broken.test", "well.test"])
        .replace("\"newsagg.prom\"\n", &format!("\"newsagg.prom\"\n{more}"));
    let config = world.config(&text);
    let warned: Vec<String> = config.warnings.iter().map(|w| w.message.clone()).collect();
    assert_eq!(warned.len(), 2, "{warned:?}");
    assert!(warned[0].starts_with("`limit` in [[output]] \"newsagg.prom\" "), "{warned:?}");
    assert!(warned[1].starts_with("`max_age` in "), "{warned:?}");
    world.round(&config);
    let page = page_of(&world);
    let names: Vec<_> =
        page.series("source_up").map(|(labels, _)| labels["source"].clone()).collect();
    assert_eq!(names, ["well.test"]);
    let meta = fs::metadata(world.dir.join("newsagg.prom")).unwrap();
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_quota_is_told_by_window() {
    let world = World::new("prom-quota", web);
    let quota = "quota = [\"9/24h\", \"4/24h\", \"3/1h\"]\n";
    let config = world.config(&format!("{}{quota}", feeds(&["well.test"])));
    world.round(&config);
    let page = page_of(&world);
    for (window, limit, left) in [("24h", 4.0, 3.0), ("1h", 3.0, 2.0)] {
        let labels = [("source", "well.test"), ("window", window)];
        assert_eq!(page.value("source_quota_limit", &labels), Some(limit));
        assert_eq!(page.value("source_quota_left", &labels), Some(left));
    }
    assert_eq!(page.series("source_quota_left").count(), 2);
}

#[test]
fn who_does_not_have_the_state_leaves_the_metrics_to_who_has() {
    let world = World::new("prom-busy", web);
    let config = world.config(&feeds(&["well.test"]));
    world.round(&config);
    let before = world.text("newsagg.prom");
    world.wait(10 * MINUTE);
    let _lock = Lock::take(&world.dir.join("state"), Duration::ZERO).unwrap();
    let report = world.round(&config).report;
    assert!(!report.outputs[1].written && report.outputs[1].error.is_none());
    assert_eq!(world.text("newsagg.prom"), before);
}

#[test]
fn a_look_at_what_is_stored_is_no_round() {
    let world = World::new("prom-look", web);
    let config = world.config(&feeds(&["well.test"]));
    world.round(&config);
    world.wait(HOUR);
    world.round_with(&config, Wishes { offline: true, ..Wishes::default() });
    let page = page_of(&world);
    assert_eq!(page.value("round_timestamp_seconds", &[]), Some(BEGIN as f64));
    assert_eq!(page.value("stories", &[]), Some(2.0));
    assert_eq!((page.value("round_requests", &[]), page.value("written_bytes", &[])), (None, None));
}

#[test]
fn where_the_state_cannot_be_read_no_number_is_made_up() {
    let world = World::new("prom-unread", web);
    fs::create_dir_all(world.dir.join("state/sources")).unwrap();
    let config = world.config(&feeds(&["well.test"]));
    let report = world.round(&config).report;
    assert!(report.outputs[1].error.is_some(), "{:?}", report.outputs);
    assert!(!world.dir.join("newsagg.prom").exists());
}

#[test]
fn metrics_print_no_news() {
    let world = World::new("prom-new", web);
    let config = world.config(&feeds(&["well.test"]));
    let print = |format: &str| {
        let path = format!("out.{format}");
        let text = feeds(&["well.test"]).replace("feed.json", &path);
        let config = world.config(&text);
        let wishes = Wishes { new: true, prints: true, ..Wishes::default() };
        let outputs = config.outputs.iter().filter(|output| {
            output.path.as_ref().is_some_and(|path| path.extension().is_some_and(|e| e == format))
        });
        let config = Config { outputs: outputs.cloned().collect(), ..config.clone() };
        world.round_with(&config, wishes)
    };
    world.round(&config);
    print("prom");
    assert_eq!(print("jsonl").report.items, 2);
    assert_eq!(print("jsonl").report.items, 0);
}

#[test]
fn once_prints_them_on_stdout() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("metrics");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("a.xml"), feed(["a", "b"])).unwrap();
    let mut command = Command::new(crate::support::program());
    command.env_clear().env("HOME", &dir).current_dir(&dir).stdin(Stdio::null());
    command.args(["once", "-q", "-f", "prometheus", "./a.xml"]);
    let said = said(command.output().unwrap()).ended(0);
    assert!(said.err.is_empty(), "{}", said.err);
    let page = parse(&said.out).unwrap();
    assert_eq!(page.value("source_items", &[("source", "./a.xml")]), Some(2.0));
    assert_eq!(page.value("build_info", &[("version", env!("CARGO_PKG_VERSION"))]), Some(1.0));
    assert_eq!(page.series("source_polls_total").count(), 0);
}
