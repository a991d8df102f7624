//! Pictures of rounds: their golden files (`UPDATE=1` writes them anew), and what no input may do
//! to them. How they look in a browser is `contrib/page-test`'s.

use std::time::Duration;

use newsagg::chart::{Chart, Lanes, Panel, gantt, svg};
use newsagg::format::Style;
use newsagg::http::Timing;
use newsagg::round::Span;
use newsagg::text::width;
use quick_xml::events::Event;

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

/// How many elements there are, if it is XML that hides nothing.
fn elements(svg: &str) -> Result<usize, String> {
    let mut reader = quick_xml::Reader::from_str(svg);
    let (mut elements, mut open) = (0, 0_usize);
    if let Some(odd) = svg.chars().find(|letter| letter.is_control() && *letter != '\n') {
        return Err(format!("{odd:?} in it"));
    }
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match &event {
            Event::Eof if open == 0 => return Ok(elements),
            Event::Eof => return Err(format!("{open} elements are open")),
            Event::End(_) => open -= 1,
            Event::Start(tag) | Event::Empty(tag) => {
                elements += 1;
                open += usize::from(matches!(event, Event::Start(_)));
                for attribute in tag.attributes() {
                    attribute.map_err(|error| error.to_string())?;
                }
            }
            Event::GeneralRef(name) => {
                let known = ["amp", "lt", "gt", "quot"].map(str::as_bytes);
                if !known.contains(&&**name) {
                    return Err(format!("&{}; is nothing", String::from_utf8_lossy(name)));
                }
            }
            Event::Text(_) => {}
            other => return Err(format!("{other:?}")),
        }
    }
}

#[test]
fn a_picture_is_well_formed_and_asks_for_nothing() {
    assert!(elements("<a b='1' b='2'/>").is_err() && elements("<a><b></a>").is_err());
    for (name, chart) in charts() {
        let svg = svg(&chart);
        elements(&svg).unwrap_or_else(|error| panic!("{name}: {error}"));
        for foreign in ["<script", "href", "@import", "<image", "<foreignObject", "url(h"] {
            assert!(!svg.contains(foreign), "{name}: {foreign}");
        }
        assert_eq!(svg.matches("http").count(), 1, "{name}: the name space and nothing else");
    }
}

#[test]
fn what_strangers_call_themselves_is_text() {
    let name = "</text><script>x</script>\u{1b}]0;x\u{7}\u{202e}&\"'";
    let mut chart = failures();
    chart.title = name.into();
    chart.about = name.into();
    chart.panels[0].name = name.into();
    chart.panels[0].sources = vec![name.into(); 6];
    let (svg, gantt) = (svg(&chart), gantt(&chart, Style::default()));
    elements(&svg).unwrap();
    assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;"));
    assert!(!gantt.contains(|letter: char| letter.is_control() && letter != '\n'));
    assert!(!svg.contains('\u{202e}') && !gantt.contains('\u{202e}'));
}

/// Numbers that look random, and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
        (self.0 >> 33) % bound
    }

    /// Nothing, a little, ordinary, or all that a duration can be.
    fn time(&mut self) -> Duration {
        match self.below(8) {
            0 => Duration::ZERO,
            1 => Duration::from_nanos(self.below(5_000)),
            2 => Duration::from_secs(self.below(100_000)),
            3 if self.below(20) == 0 => Duration::MAX,
            _ => ms(self.below(3_000)),
        }
    }

    fn name(&mut self) -> String {
        const PIECES: [&str; 8] = ["a", "<b>", "&", "\u{1b}[2J", "新聞", "👩\u{200d}🚀", " ", "\0"];
        (0..self.below(40)).map(|_| PIECES[self.below(8) as usize]).collect()
    }

    fn span(&mut self) -> Span {
        let timing = Timing {
            resolve: self.time(),
            connect: self.time(),
            tls: self.time(),
            first_byte: self.time(),
            body: self.time(),
        };
        let source = match self.below(30) {
            0 => usize::MAX,
            other => other as usize * self.below(20) as usize,
        };
        let (ready, start, end) = (self.time(), self.time(), self.time());
        Span { source, ready, start, end, timing, ok: self.below(4) > 0 }
    }

    fn panel(&mut self) -> Panel {
        Panel {
            name: self.name(),
            sources: (0..self.below(300)).map(|_| self.name()).collect(),
            spans: (0..[0, 1, 5, 40, 400][self.below(5) as usize]).map(|_| self.span()).collect(),
            lanes: if self.below(2) == 0 { Lanes::Sources } else { Lanes::Workers },
            began: self.time(),
            ended: self.time(),
            deadline: (self.below(2) == 0).then(|| self.time()),
        }
    }
}

/// How high a picture says it is.
fn height(svg: &str) -> usize {
    let (_, rest) = svg.split_once("viewBox=\"0 0 800 ").unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

#[test]
fn whatever_is_drawn_fits_its_page() {
    let mut dice = Dice(6);
    for round in 0..100 {
        let panels = (0..dice.below(9)).map(|_| dice.panel()).collect();
        let chart = Chart { title: dice.name(), about: dice.name(), panels };
        let svg = svg(&chart);
        elements(&svg).unwrap_or_else(|error| panic!("{round}: {error}"));
        assert!(height(&svg) < 2_000, "{round}: {}", height(&svg));
        assert!(svg.len() < 250_000, "{round}: {} bytes", svg.len());
        let columns = [24, 40, 80, 200, 1_000][dice.below(5) as usize];
        let text = gantt(&chart, Style { width: Some(columns), ..Style::default() });
        let widest = text.lines().map(width::width).max().unwrap_or(0);
        assert!(widest <= columns, "{round}: {widest} > {columns}\n{text}");
        assert!(text.lines().count() < 800 && !text.contains('\x1b'), "{round}");
    }
}

#[test]
fn of_very_many_lanes_the_longest_are_drawn_and_the_rest_is_counted() {
    let mut chart = many(Lanes::Sources);
    chart.panels[0].spans[500].end += ms(5_000);
    let (svg, gantt) = (svg(&chart), gantt(&chart, Style::default()));
    assert!(svg.contains(">and 800 more<") && gantt.contains("and 960 more"));
    assert!(svg.contains("<title>feed 500: 1 of 1, 5.1") && gantt.contains("feed 500 "));
    chart.panels = vec![chart.panels[0].clone(); 9];
    assert!(newsagg::chart::svg(&chart).contains(">and 3 more rounds<"));
    assert!(height(&newsagg::chart::svg(&chart)) < 2_000);
}

#[test]
fn workers_are_as_few_as_were_busy_at_once() {
    let mut chart = many(Lanes::Workers);
    let lanes = |chart: &Chart| gantt(chart, Style::default()).matches("\nworker ").count();
    assert_eq!(lanes(&chart), 32);
    chart.panels[0].spans.reverse();
    assert_eq!(lanes(&chart), 32);
    chart.panels[0].spans.retain(|span| span.source % 32 == 5);
    assert_eq!(lanes(&chart), 1);
}

#[test]
fn a_deadline_far_away_is_said_and_not_drawn() {
    let mut chart = failures();
    let drawn = svg(&chart);
    assert!(drawn.contains(">deadline 2.00 s<") && !drawn.contains(", deadline 2.00 s</text>"));
    chart.panels[0].deadline = Some(ms(60_000));
    let drawn = svg(&chart);
    assert!(!drawn.contains(">deadline") && drawn.contains(", deadline 60.00 s</text>"));
}

#[test]
fn what_was_not_measured_is_drawn_as_other() {
    let mut chart = failures();
    chart.panels[0].spans.iter_mut().for_each(|span| span.timing = Timing::default());
    let (svg, gantt) = (svg(&chart), gantt(&chart, Style::default()));
    assert!(svg.contains(">other<") && !svg.contains(">first byte<"));
    assert!(gantt.contains("─ other") && !gantt.contains("first byte"));
}
