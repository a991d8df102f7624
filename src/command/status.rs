//! `newsagg status`: what the last runs left behind. Nobody is asked and nothing is written, so it
//! may run while another newsagg does, and on a file system that is read-only.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use argh::{ArgsInfo, FromArgs};

use super::{FAILED, USAGE, args, perform, say, timeline};
use crate::chart;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::format::{State, Style};
use crate::state::Memory;
use crate::store::{self, Holder};
use crate::time::{Timestamp, format_duration};
use crate::update::{Standing, Stored, standing, stored};

mod details;
mod json;
mod table;
mod words;

pub use details::{DAYS_OF_MOVED, wrap};
pub use words::{age, ahead};

/// Without a terminal, lines are not longer than this.
pub const WIDTH: usize = 80;

/// print how each source stands after the last runs
#[derive(ArgsInfo, FromArgs, Debug, Default)]
#[argh(
    subcommand,
    name = "status",
    help_triggers("-h", "--help"),
    note = "No request is made and nothing is written: it may run while another newsagg
does. Keys are not needed; without its key, the quota of a source is not
shown. There is a line for each NAME, or for each source of the config:
  state     ok; stale: it failed, its last items are shown; failed: there is
            nothing to show; limited: deferred by a quota or by its server;
            off: gone for good; new: never fetched
  since     how long it has not been ok
  last ok   when it was last fetched without a failure
  next      when it is due; live: a service listens to its stream
  p50 p95   how long its last 32 polls took, in milliseconds: the median, and
            what 5 % exceeded
  quota     what is left of its tightest quota: 58 of 100 in any 24 hours
  items     how many it shows
",
    note = "A column without any value is left out. Below stand failures, holds, moved
sources, the last round and whether a service is running.",
    example = "newsagg status
newsagg status bbc hn
newsagg status --json | jq -r '.sources[] | select(.error) | .name'
newsagg status --timeline round.svg
newsagg status --max-age 2h >/dev/null || echo 'some news is missing'",
    error_code(0, "every source is ok"),
    error_code(1, "a source is not ok, the last round is too old, or the state is unreadable"),
    error_code(2, "wrong usage or config")
)]
pub struct StatusArgs {
    /// only these sources of the config
    #[argh(positional, arg_name = "NAME")]
    pub sources: Vec<String>,
    /// read this config instead of the first that `newsagg --help` lists
    #[argh(option, short = 'c', arg_name = "FILE")]
    pub config: Option<PathBuf>,
    /// print one JSON object, with exact times
    #[argh(switch)]
    pub json: bool,
    /// draw the last round as `once` does; `-` is stdout, and nothing else is printed then. Of more
    /// than 1,000 requests those that took longest are kept
    #[argh(option, arg_name = "FILE")]
    pub timeline: Option<PathBuf>,
    /// exit with 1 if no source was fetched for longer than DUR, and say so in the first line. It
    /// is meant for monitors
    #[argh(option, arg_name = "DUR", from_str_fn(args::span))]
    pub max_age: Option<Duration>,
}

/// Runs the command.
pub fn run(options: StatusArgs) -> ExitCode {
    let dash = options.timeline.as_deref() == Some(Path::new(timeline::DASH));
    if dash && options.json {
        let problem = "`--json` and `--timeline -` are both for stdout: which is it?";
        return say::usage(problem, Some("status"));
    }
    super::log::set_up(false, 0);
    let found = config::find(options.config.as_deref());
    let Some(path) = &found.path else {
        say::err(&say::nowhere(&found));
        return ExitCode::from(USAGE);
    };
    let config = Config::look(path, &options.sources)
        .and_then(|config| Config::select(Some(config), &options.sources));
    let config = match config {
        Ok(config) => config,
        Err(problems) => return say::problems(&problems),
    };
    say::warnings(&config.warnings);
    let clock = Clock::system();
    let stored = stored(&config, &clock);
    if let Some(why) = &stored.unreadable {
        return failed(why);
    }
    // Without a SOURCE, what is remembered of others is worth a word.
    let mut view = View::new(&config, &stored, &clock, options.sources.is_empty());
    view.max_age = options.max_age;
    let drawn = options.timeline.as_deref().map(|path| {
        let chart = timeline::of_past(&config, &stored.memory);
        let chart = chart.ok_or("no round is remembered yet that could be drawn")?;
        if !dash {
            timeline::save(&chart, path)?;
        }
        Ok::<_, String>(chart)
    });
    let text = match drawn {
        Some(Err(why)) => return failed(&why),
        Some(Ok(chart)) if dash => chart::gantt(&chart, perform::style()),
        _ if options.json => json(&view),
        _ => text(&view, perform::style()),
    };
    let written = say::out(&text);
    let well = view.sources.iter().all(is_well) && view.overdue().is_none();
    if well { written } else { ExitCode::from(FAILED) }
}

fn failed(why: &str) -> ExitCode {
    say::err(&format!("newsagg: {why}\n"));
    ExitCode::from(FAILED)
}

/// All that is shown.
#[derive(Debug)]
pub struct View<'a> {
    /// In the order of the config.
    pub sources: Vec<Standing<'a>>,
    /// How many sources are remembered that the config does not name; 0 if that was not asked.
    pub unnamed: usize,
    /// When a source was last asked, of all. A time in the future is the mark of a clock that ran
    /// ahead, and no news.
    pub last_round: Option<Timestamp>,
    /// How long that round took, and how long its requests together, if that is remembered.
    pub took: Option<(Duration, Duration)>,
    /// Older than this it must not be.
    pub max_age: Option<Duration>,
    /// The service that runs with this state, if one does.
    pub service: Option<Holder>,
    /// Where all this is stored.
    pub dir: String,
    /// How many bytes that takes; `None` where it is not there yet.
    pub size: Option<u64>,
    /// What time it is.
    pub now: Timestamp,
}

impl<'a> View<'a> {
    /// `everything` is not asked for a part of the config only.
    pub fn new(
        config: &'a Config,
        stored: &'a Stored,
        clock: &Clock,
        everything: bool,
    ) -> View<'a> {
        let named = |name: &str| config.sources.iter().any(|source| source.memory == name);
        let known = stored.memory.sources().iter();
        let known = known.filter(|known| known.asked().is_some() || !known.items.is_empty());
        let dir = config.state.dir.as_deref();
        let service = dir.and_then(store::service_of);
        let mut sources = standing(config, stored, clock);
        if service.is_some() {
            sources.iter_mut().for_each(Standing::listened);
        }
        // A round of others is no round of these.
        let is_known = sources.iter().any(|source| source.state.is_some());
        let last_round = is_known.then(|| last_round(stored, clock.wall())).flatten();
        View {
            sources,
            unnamed: known.filter(|known| everything && !named(&known.name)).count(),
            last_round,
            took: last_round.and_then(|last| took(&stored.memory, last)),
            max_age: None,
            service,
            dir: dir.map_or_else(String::new, |dir| dir.display().to_string()),
            size: dir.filter(|dir| dir.is_dir()).map(store::directory_size),
            now: clock.wall(),
        }
    }
}

impl View<'_> {
    /// Why the last round is too old, in a line, if it is.
    pub fn overdue(&self) -> Option<String> {
        let max_age = self.max_age?;
        let allowed = format_duration(max_age);
        let Some(last) = self.last_round else {
            return Some(format!("overdue: there was no round yet, and {allowed} are allowed"));
        };
        let age = self.now.unix().saturating_sub(last.unix());
        let late = u64::try_from(age).is_ok_and(|age| age > max_age.as_secs());
        let age = words::age(last, self.now);
        late.then(|| format!("overdue: the last round was {age} ago, and {allowed} are allowed"))
    }
}

fn last_round(stored: &Stored, now: Timestamp) -> Option<Timestamp> {
    let asked = stored.memory.sources().iter().filter_map(|known| known.asked());
    asked.filter(|asked| *asked <= now).max()
}

/// Of the round in which a source was last asked: `last`.
fn took(memory: &Memory, last: Timestamp) -> Option<(Duration, Duration)> {
    let past = memory.past()?;
    let at = Duration::from_millis;
    let wall = at(past.ended);
    let since = u64::try_from(last.unix().checked_sub(past.at)?).ok()?;
    // Both are full seconds.
    (since <= wall.as_secs().saturating_add(1)).then_some((wall, at(past.sum)))
}

/// Whether a monitor has nothing to say.
fn is_well(standing: &Standing<'_>) -> bool {
    standing.state == Some(State::Ok)
}

/// `new` is never asked.
fn state_name(standing: &Standing<'_>) -> &'static str {
    standing.state.map_or("new", State::name)
}

/// How long its last polls took, milliseconds. How long somebody listened to a stream is no such time.
fn latencies<'a>(standing: &'a Standing<'_>) -> &'a [u32] {
    let known = standing.known.filter(|_| !standing.source.is_stream());
    known.map_or(&[], |known| &known.totals.latencies)
}

/// The share of the last polls in percent that took at most so long, milliseconds: by nearest rank.
fn percentile(latencies: &[u32], percent: usize) -> Option<u32> {
    let mut sorted = latencies.to_vec();
    sorted.sort();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// For programs: one object, whose keys stay.
pub fn json(view: &View<'_>) -> String {
    json::text(view)
}

/// For people.
pub fn text(view: &View<'_>, style: Style) -> String {
    let width = style.width.unwrap_or(WIDTH);
    let mut text = String::new();
    // First: a monitor may show no other line.
    text.extend(view.overdue().map(|line| line + "\n\n"));
    if view.sources.iter().all(|source| source.state.is_none()) {
        text.push_str(match view.service {
            Some(_) => "Nothing has answered yet: the service asks.\n",
            None => "Nothing was asked yet: `newsagg once` asks.\n",
        });
    } else {
        table::write(&mut text, view, Style { width: Some(width), ..style });
        details::write(&mut text, view, width);
    }
    text.push('\n');
    details::footer(&mut text, view);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_latencies_that_were_measured() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[7], 50), Some(7));
        assert_eq!(percentile(&[7], 95), Some(7));
        assert_eq!(percentile(&[40, 10, 30, 20], 50), Some(20));
        let all: Vec<u32> = (1..=32).rev().collect();
        assert_eq!((percentile(&all, 50), percentile(&all, 95)), (Some(16), Some(31)));
    }
}
