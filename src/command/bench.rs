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

/// measure sequential against concurrent on the embedded news web
#[derive(ArgsInfo, FromArgs, Clone, Debug)]
#[argh(
    subcommand,
    name = "bench",
    help_triggers("-h", "--help"),
    note = "The feeds of a made-up news web on the loopback interface are fetched one
after the other, with a thread for each, through a pool, and so on: a scenario
each, with a row for each way, and a sentence that says what this run showed.
Each row is measured in a process of its own, which does what `once` does. It
takes about half a minute. No keys, no network and no config are needed.
",
    note = "Scenarios:
  sequential    one worker
  threads       the standard library, one thread for each request
  concurrent    a pool
  unbounded     a worker for each request
  bounded       50 sources, 5 workers
  rate-limited  5 requests a second
  slow-source   a timeout against a deadline
  degraded      one source is dead: collect all, or fail fast
  retry         sources that fail in passing
  blocking      a blocking call on the event loop
  large         memory against the size of bodies
  keep-alive    connections that are used again
",
    note = "Columns, in milliseconds where they are times:
  wall, sum     from beginning to end; the times of all requests together
  gain, rate    the speed-up, sum by wall; requests a second
  most, mean    requests in flight
  p50 p95 max   how long requests took: the median, 5 % exceed it, the most
  fail          requests that failed
  cpu, MB       processor time, and the peak of the memory
",
    note = "DUR is a duration such as 500ms or 2s, at most 60s.",
    example = "newsagg bench
newsagg bench --scenario sequential,concurrent --timeline bench.svg
newsagg bench --sources 100 --latency 50ms --runs 5 --json
newsagg bench --explain blocking",
    error_code(0, "it was measured"),
    error_code(1, "it could not be measured"),
    error_code(2, "wrong usage")
)]
pub struct BenchArgs {
    /// fetch N feeds (default 20)
    #[argh(option, arg_name = "N", default = "20", from_str_fn(args::workers))]
    pub sources: usize,
    /// answer after DUR at the earliest (default 200ms)
    #[argh(option, arg_name = "DUR", default = "Duration::from_millis(200)", from_str_fn(delay))]
    pub latency: Duration,
    /// answer up to DUR later than that (default 100ms); the same in each run
    #[argh(option, arg_name = "DUR", default = "Duration::from_millis(100)", from_str_fn(delay))]
    pub jitter: Duration,
    /// have at most N requests in flight (default 32)
    #[argh(option, arg_name = "N", default = "32", from_str_fn(args::workers))]
    pub workers: usize,
    /// measure only this scenario; several with commas, or one by one
    #[argh(option, arg_name = "SCENARIO")]
    pub scenario: Vec<String>,
    /// measure each row N times (default 1), and print medians and the spread
    #[argh(option, arg_name = "N", default = "1", from_str_fn(args::workers))]
    pub runs: usize,
    /// print one JSON object with every figure: its median, least and most
    #[argh(switch)]
    pub json: bool,
    /// print what a scenario shows, and when synchronous code is the right choice
    #[argh(option, arg_name = "SCENARIO")]
    pub explain: Option<String>,
    /// draw when which request was in flight: a picture if FILE ends in .svg, else text; `-` is
    /// stdout
    #[argh(option, arg_name = "FILE")]
    pub timeline: Option<PathBuf>,
    /// measure in simulated time: at once, and the same on every machine. There are no processors
    /// and no memory in it, so some scenarios are left out
    #[argh(switch)]
    pub simulate: bool,
    /// print nothing on stderr but errors
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// scenario, row and port for a process of this program's own
    #[argh(option, arg_name = "ROW", hidden_help)]
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
        let text = serde_json::to_vec_pretty(&document)
            .map_err(|error| Stop::Failed(error.to_string()))?;
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
