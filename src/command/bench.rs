//! `newsagg bench`: sequential against concurrent, and what else waiting at the same time brings and
//! costs, measured on the embedded news web.
//!
//! It differs from `once` in who calls `update` and how often, never in how it works. The web runs in
//! this process; each run of a row is a process of its own (`--child`), so that the figures are
//! newsagg's alone.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use argh::{ArgsInfo, FromArgs};
use async_signal::{Signal, Signals};

use super::progress::Line;
use super::timeline::{self, DASH};
use super::{FAILED, OK, args, log, perform, say};
use crate::chart::{self, Chart, Lanes, Panel};
use crate::format::Style;
use crate::json;
use crate::loopback::{Web, WebOptions, tls};
use crate::round::Span;
use crate::store;
use crate::time::{format_duration, parse_duration};
use crate::update::Updated;

mod child;
mod figures;
mod row;
mod scenarios;
mod simulate;
mod table;
mod threads;

use child::Watch;
use figures::{Figure, Run, Values};
use row::Row;
use scenarios::Scenario;

/// No answer of the web takes longer.
const MAX_LATENCY: Duration = Duration::from_secs(60);

/// sequential against concurrent, measured
#[derive(ArgsInfo, FromArgs, Clone, Debug)]
pub struct BenchArgs {
    /// how many feeds
    #[argh(option, default = "20", from_str_fn(args::workers))]
    pub sources: usize,
    /// how long an answer takes at least
    #[argh(option, default = "Duration::from_millis(200)", from_str_fn(delay))]
    pub latency: Duration,
    /// so much longer at most
    #[argh(option, default = "Duration::from_millis(100)", from_str_fn(delay))]
    pub jitter: Duration,
    /// at most so many requests in flight
    #[argh(option, default = "32", from_str_fn(args::workers))]
    pub workers: usize,
    /// only these
    #[argh(option)]
    pub scenario: Vec<String>,
    /// how often each row is measured
    #[argh(option, default = "1", from_str_fn(args::workers))]
    pub runs: usize,
    /// one JSON object
    #[argh(switch)]
    pub json: bool,
    /// what a scenario shows
    #[argh(option)]
    pub explain: Option<String>,
    /// draw when which request was under way
    #[argh(option)]
    pub timeline: Option<PathBuf>,
    /// in simulated time
    #[argh(switch)]
    pub simulate: bool,
    /// errors only on stderr
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// what a process of ours measures: scenario, row, port
    #[argh(option, hidden_help)]
    pub child: Option<String>,
}

impl Default for BenchArgs {
    fn default() -> BenchArgs {
        BenchArgs {
            sources: 20,
            latency: Duration::from_millis(200),
            jitter: Duration::from_millis(100),
            workers: 32,
            scenario: Vec::new(),
            runs: 1,
            json: false,
            explain: None,
            timeline: None,
            simulate: false,
            quiet: false,
            child: None,
        }
    }
}

/// A row that was measured.
#[derive(Clone, Debug)]
pub struct Done {
    /// What was measured.
    pub row: Row,
    /// The figures of each run.
    pub runs: Vec<Values>,
    /// When which request was under way, in the first of them.
    pub spans: Vec<Span>,
}

/// Why no more is measured.
#[derive(Debug)]
pub enum Stop {
    /// The exit code, without a word.
    Code(u8),
    /// What went wrong.
    Failed(String),
}

/// `--latency 200ms`
fn delay(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(span) if span > MAX_LATENCY => {
            Err(format!("must not be longer than {}", format_duration(MAX_LATENCY)))
        }
        Ok(span) => Ok(span),
        Err(_) => Err("must be a duration such as 200ms or 1s".into()),
    }
}

/// Runs the command; `words` are those that the options were read from.
pub fn run(options: BenchArgs, words: &[String]) -> ExitCode {
    log::set_up(options.quiet, 0);
    let usage = |problem: String| say::usage(&problem, Some("bench"));
    if let Some(told) = &options.child {
        return match measured_by(&options, told) {
            Some((row, port)) => child::run(&row, port),
            None => usage("`--child` is for newsagg itself".into()),
        };
    }
    if let Some(name) = &options.explain {
        return match scenario(name) {
            Ok(scenario) => say::out(&explanation(&scenario)),
            Err(problem) => usage(problem),
        };
    }
    let chosen = match chosen(&options) {
        Ok(chosen) => chosen,
        Err(problem) => return usage(problem),
    };
    if options.json && options.timeline.as_deref() == Some(Path::new(DASH)) {
        return usage("`--json` and `--timeline -` both print to stdout: which is it?".into());
    }
    match measure(&options, words, &chosen) {
        Ok(()) => ExitCode::from(OK),
        Err(Stop::Code(code)) => ExitCode::from(code),
        Err(Stop::Failed(why)) => {
            say::err(&format!("newsagg: {why}\n"));
            ExitCode::from(FAILED)
        }
    }
}

/// What `--scenario` knows.
pub fn names() -> [&'static str; scenarios::ALL.len()] {
    scenarios::ALL.map(|scenario| scenario.name)
}

fn scenario(name: &str) -> Result<Scenario, String> {
    if let Some(scenario) = scenarios::ALL.iter().find(|scenario| scenario.name == name) {
        return Ok(*scenario);
    }
    let names = names();
    let hint = match crate::config::nearest(name, names) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; there are {}", names.join(", ")),
    };
    Err(format!("there is no scenario `{}`{hint}", name.escape_debug()))
}

fn explanation(scenario: &Scenario) -> String {
    let lines = crate::text::width::fold(scenario.explain, table::WIDTH, 20);
    format!("{}:\n{}\n", scenario.name, lines.join("\n"))
}

/// Those that are named, or all that there are.
fn chosen(options: &BenchArgs) -> Result<Vec<Scenario>, String> {
    let names: Vec<&str> = options.scenario.iter().flat_map(|names| names.split(',')).collect();
    let mut chosen: Vec<Scenario> =
        names.iter().map(|name| scenario(name.trim())).collect::<Result<_, _>>()?;
    if chosen.is_empty() {
        chosen.extend(scenarios::ALL);
        chosen.retain(|scenario| scenario.simulated || !options.simulate);
    }
    match chosen.iter().find(|scenario| options.simulate && !scenario.simulated) {
        Some(Scenario { name, .. }) => Err(format!(
            "`{name}` measures threads, memory or connections, of which simulated time knows \
             nothing: leave out `--simulate`"
        )),
        None => Ok(chosen),
    }
}

/// Measures what is chosen and tells of it, scenario by scenario.
fn measure(options: &BenchArgs, words: &[String], chosen: &[Scenario]) -> Result<(), Stop> {
    let style = perform::style();
    if !options.simulate {
        let rows = chosen.iter().flat_map(|scenario| (scenario.rows)(options));
        rows.into_iter().try_for_each(|row| child::room(&row))?;
    }
    if !options.json {
        print(&table::head(options, &about(options, chosen), style))?;
    }
    let mut watch = Watch {
        words,
        signals: Signals::new([Signal::Int, Signal::Term]).ok(),
        line: Line::open(options.quiet, 0),
        place: String::new(),
    };
    let mut groups = Vec::new();
    for (n, scenario) in chosen.iter().enumerate() {
        let rows = (scenario.rows)(options);
        let mut done: Vec<Done> = Vec::new();
        for (index, row) in rows.into_iter().enumerate() {
            let one = match options.simulate {
                true => simulated(row),
                false => {
                    watch.place = format!("{} ({} of {})", row.name, n + 1, chosen.len());
                    let told = format!("{}/{index}", scenario.name);
                    observed(row, options.runs, &told, &mut watch)?
                }
            };
            done.push(one);
        }
        share_sum(&mut done);
        if !options.json {
            print(&table::group(scenario, &done, style))?;
        }
        groups.push((*scenario, done));
    }
    if options.json {
        let document = table::Document(options, &groups);
        let text = json::to_pretty(&document).map_err(|error| Stop::Failed(error.to_string()))?;
        print(&String::from_utf8_lossy(&text))?;
        print("\n")?;
    }
    draw(options, &groups, style)
}

/// What blocks makes other answers late as well, and is no work of the wire: what one after the
/// other would cost is what the first row says.
fn share_sum(done: &mut [Done]) {
    let Some((first, others)) = done.split_first_mut() else { return };
    for other in others.iter_mut().filter(|other| !other.row.blocks.is_zero()) {
        for (values, first) in other.runs.iter_mut().zip(&first.runs) {
            let sum = first[Figure::Sum as usize];
            values[Figure::Sum as usize] = sum;
            values[Figure::Speedup as usize] = sum / values[Figure::Wall as usize];
        }
    }
}

fn simulated(row: Row) -> Done {
    let run = simulate::run(&row);
    let mut values = run.values();
    if let Some(window) = row.quota {
        values[Figure::InWindow as usize] = figures::most_within(&run.spans, window.per) as f64;
    }
    Done { row, runs: vec![values], spans: run.spans }
}

/// A row on a web of its own for each run, so that all of them see the same.
fn observed(row: Row, runs: usize, told: &str, watch: &mut Watch<'_>) -> Result<Done, Stop> {
    let mut done = Done { row, runs: Vec::new(), spans: Vec::new() };
    for _ in 0..runs {
        let prepare = done.row.sources as u64;
        let accept = done.row.tls.then(tls::accept);
        let options = WebOptions { prepare, accept, ..done.row.web.clone() };
        let web = Web::start(options).map_err(|error| {
            Stop::Failed(format!("starting the embedded web: {}", store::plainly(&error)))
        })?;
        let run = watch.run(&format!("{told}/{}", web.port()))?;
        let mut values = run.values();
        values[Figure::Connections as usize] = web.connections() as f64;
        if let Some(window) = done.row.quota {
            let left = figures::most_within(&run.spans, window.per);
            values[Figure::InWindow as usize] = left as f64;
            values[Figure::ArrivedInWindow as usize] = web.most_within(window.per) as f64;
        }
        done.runs.push(values);
        if done.spans.is_empty() {
            done.spans = run.spans;
        }
    }
    Ok(done)
}

/// What a parent wants of its child.
fn measured_by(options: &BenchArgs, told: &str) -> Option<(Row, u16)> {
    let mut parts = told.split('/');
    let scenario = scenario(parts.next()?).ok()?;
    let index: usize = parts.next()?.parse().ok()?;
    let row = (scenario.rows)(options).into_iter().nth(index)?;
    Some((row, parts.next()?.parse().ok()?))
}

/// What a round tells of itself.
fn run_of(updated: Updated) -> Run {
    let report = &updated.report;
    let well = report.sources.iter().filter(|source| source.is_well()).count();
    Run {
        bytes_in: report.bytes_in,
        sources_ok: well as u64,
        spans: updated.spans,
        ..Run::default()
    }
}

/// How many there are, and how long they take.
fn about(options: &BenchArgs, chosen: &[Scenario]) -> String {
    let scenarios = crate::report::count(chosen.len(), "scenario", "scenarios");
    let rows = chosen.iter().flat_map(|scenario| (scenario.rows)(options));
    let runs = u32::try_from(options.runs).unwrap_or(u32::MAX);
    let time = rows.map(|row| row.expected()).sum::<Duration>().saturating_mul(runs);
    match options.simulate {
        true => scenarios,
        false => format!("{scenarios}, about {} s", time.as_secs() + 1),
    }
}

/// Writes to stdout; whoever closed it has seen enough.
fn print(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::Code(OK),
        _ => Stop::Failed(format!("writing to stdout: {}", store::plainly(&error))),
    })
}

/// The picture: where it is wanted, or after the table for people.
fn draw(options: &BenchArgs, groups: &[(Scenario, Vec<Done>)], style: Style) -> Result<(), Stop> {
    let Some(chart) = chart(groups, options.timeline.is_some()) else { return Ok(()) };
    let path = match options.timeline.as_deref() {
        None if options.json => return Ok(()),
        Some(path) if path != Path::new(DASH) => path,
        _ => return print(&format!("\n{}", chart::gantt(&chart, style))),
    };
    timeline::save(&chart, path).map_err(Stop::Failed)
}

/// Sequential above concurrent, if both ran; else, if it is asked for, all rows that did.
fn chart(groups: &[(Scenario, Vec<Done>)], wanted: bool) -> Option<Chart> {
    let of = |name: &str| groups.iter().find(|(scenario, _)| scenario.name == name);
    let shown: Vec<&(Scenario, Vec<Done>)> = match (of("sequential"), of("concurrent")) {
        (Some(above), Some(below)) => vec![above, below],
        _ if wanted => groups.iter().collect(),
        _ => return None,
    };
    let names: Vec<&str> = shown.iter().map(|(scenario, _)| scenario.name).collect();
    let about: Vec<String> =
        shown.iter().map(|(scenario, done)| (scenario.verdict)(done)).collect();
    let panels = shown.iter().flat_map(|(scenario, done)| {
        done.iter().map(move |one| panel(scenario, one, done.len() > 1))
    });
    let mut panels: Vec<Panel> = panels.collect();
    if let [alone] = &mut panels[..] {
        // The title says it.
        alone.name.clear();
    }
    Some(Chart { title: names.join(" and "), about: about.join(" "), panels })
}

fn panel(scenario: &Scenario, done: &Done, one_of_many: bool) -> Panel {
    let began = done.spans.iter().map(|span| span.ready).min().unwrap_or_default();
    let name = match one_of_many {
        true => format!("{}: {}", scenario.name, done.row.name),
        false => scenario.name.to_owned(),
    };
    Panel {
        name,
        sources: (0..done.row.sources).map(|index| format!("feed-{index}")).collect(),
        deadline: Some(began + done.row.deadline).filter(|_| done.row.deadline < row::PATIENCE),
        ended: done.spans.iter().map(|span| span.end).max().unwrap_or(began),
        spans: done.spans.clone(),
        lanes: Lanes::Sources,
        began,
    }
}
