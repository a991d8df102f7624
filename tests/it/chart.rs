//! Pictures of rounds: their golden files (`UPDATE=1` writes them anew), and what no input may do
//! to them. How they look in a browser is `contrib/page-test`'s.

use std::time::Duration;

use newsagg::chart::{Chart, Lanes, Panel, gantt, svg};
use newsagg::format::Style;
use newsagg::http::Timing;
use newsagg::round::Span;
use newsagg::text::width;
use newsagg::xml::{Token, Xml};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A request whose phases fill it: what is left is the first byte's.
fn span(source: usize, ready: u64, start: u64, end: u64, phases: [u64; 4]) -> Span {
    let [resolve, connect, tls, body] = phases.map(ms);
    let first_byte = ms(end - start).saturating_sub(resolve + connect + tls + body);
    let timing = Timing { resolve, connect, tls, first_byte, body };
    Span { source, ready: ms(ready), start: ms(start), end: ms(end), timing, ok: true }
}

fn names(count: usize) -> Vec<String> {
    const NAMES: [&str; 10] =
        ["hn", "lwn", "bbc", "guardian", "lobsters", "rust", "arxiv", "nature", "quanta", "heise"];
    (0..count).map(|at| NAMES.get(at).map_or(format!("feed {at}"), |n| n.to_string())).collect()
}

/// The same requests one after the other, and all at once.
fn compared(count: usize) -> Chart {
    let took = |at: usize| 400 + at as u64 * 37 % 201;
    let phases = |at: usize| [8, 20, 60, 25 + at as u64 % 3 * 30];
    let mut end = 0;
    let sequential = (0..count).map(|at| {
        let start = end;
        end += took(at);
        span(at, 0, start, end, phases(at))
    });
    let sequential: Vec<Span> = sequential.collect();
    let concurrent = (0..count).map(|at| span(at, 0, 0, took(at), phases(at))).collect();
    let panel = |name: &str, spans: Vec<Span>| Panel {
        name: name.into(),
        sources: names(count),
        ended: spans.iter().map(|span| span.end).max().unwrap_or_default(),
        spans,
        ..Default::default()
    };
    Chart {
        title: format!("{count} sources of half a second"),
        about: "The same requests twice: first one after the other, then all at the same time."
            .into(),
        panels: vec![panel("sequential", sequential), panel("concurrent", concurrent)],
    }
}

/// Retries, a quota that holds, a source that asks for much at once, and a deadline.
fn failures() -> Chart {
    let failed = |span: Span| Span { ok: false, ..span };
    let mut spans = vec![
        span(0, 0, 0, 310, [10, 20, 50, 40]),
        failed(span(1, 0, 0, 250, [10, 240, 0, 0])),
        failed(span(1, 500, 500, 800, [0, 30, 0, 0])),
        span(1, 1_300, 1_300, 1_700, [0, 30, 70, 50]),
        span(2, 0, 900, 1_200, [10, 20, 50, 0]),
        failed(span(3, 0, 100, 2_000, [10, 20, 0, 0])),
        span(5, 0, 0, 200, [0, 0, 0, 0]),
    ];
    spans.extend((0..9).map(|at| span(5, 200, 200 + at / 3 * 210, 400 + at / 3 * 210, [0; 4])));
    let sources = ["hn", "flaky", "limited", "<dead & gone>", "never asked", "hackernews\u{1b}[2J"];
    Chart {
        title: "Failures, and who does not mind".into(),
        about: String::new(),
        panels: vec![Panel {
            sources: sources.map(String::from).into(),
            spans,
            ended: ms(2_000),
            deadline: Some(ms(2_000)),
            ..Default::default()
        }],
    }
}

/// A thousand sources and 32 workers.
fn many(lanes: Lanes) -> Chart {
    let mut seed = 7_u64;
    let mut free = [0; 32];
    let spans: Vec<Span> = (0..1_000)
        .map(|at| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let worker = at % free.len();
            let start = free[worker];
            free[worker] += 100 + (seed >> 33) % 100;
            span(at, 0, start, free[worker], [1, 2, 0, 10])
        })
        .collect();
    let ended = spans.iter().map(|span| span.end).max().unwrap();
    let deadline = Some(ms(60_000));
    let panel =
        Panel { sources: names(1_000), spans, lanes, ended, deadline, ..Default::default() };
    Chart { title: "A thousand sources".into(), about: String::new(), panels: vec![panel] }
}

fn empty() -> Chart {
    Chart {
        title: "Nothing was due".into(),
        about: "No source was asked.".into(),
        panels: vec![Panel { deadline: Some(ms(60_000)), ..Default::default() }],
    }
}

fn charts() -> [(&'static str, Chart); 5] {
    [
        ("compared", compared(20)),
        ("failures", failures()),
        ("many", many(Lanes::Sources)),
        ("workers", many(Lanes::Workers)),
        ("empty", empty()),
    ]
}

#[test]
fn pictures_are_drawn_as_their_golden_files_say() {
    let wide = Style { width: Some(120), colour: true, ..Style::default() };
    for (name, chart) in charts() {
        for (kind, found) in [
            (".svg", svg(&chart)),
            (".txt", gantt(&chart, Style::default())),
            ("-120-colour.txt", gantt(&chart, wide)),
        ] {
            let path = format!("{}/tests/golden/chart-{name}{kind}", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, &found).unwrap();
            }
            let golden = std::fs::read_to_string(&path).unwrap();
            assert!(found == golden, "{path} (UPDATE=1 writes it):\n{found}");
        }
    }
}
