//! `newsagg bench`: sequential against concurrent, and what else waiting at the same time brings and
//! costs, measured on the embedded news web.
//!
//! It differs from `once` in who calls `update` and how often, never in how it works. The web runs in
//! this process; each run of a row is a process of its own (`--child`), so that the figures are
//! newsagg's alone.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use argh::{ArgsInfo, FromArgs};
use async_signal::{Signal, Signals};

use super::progress::Line;
use super::timeline::DASH;
use super::{FAILED, OK, args, log, perform, say};
use crate::json;
use crate::round::Span;
use crate::store;
use crate::time::{format_duration, parse_duration};

mod child;
mod figures;
mod measure;
mod picture;
mod row;
mod scenarios;
mod simulate;
mod table;
mod threads;

use child::Watch;
use figures::Values;
use measure::{measured_by, observed, run_of, share_sum, simulated};
use picture::draw;
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
    let line = log::set_up(options.quiet, 0);
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
    match measure(&options, words, &chosen, line) {
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
fn measure(
    options: &BenchArgs,
    words: &[String],
    chosen: &[Scenario],
    line: Option<Arc<Line>>,
) -> Result<(), Stop> {
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
        line,
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
