//! `newsagg check`: what the config says, before anything is asked.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use argh::{ArgsInfo, FromArgs};

use super::{FAILED, OK, USAGE, say};
use crate::clock::Clock;
use crate::config::{self, Config, Output, SourceConfig};
use crate::http::{Request, without_secrets};
use crate::merge::Join;
use crate::report;
use crate::source::Window;
use crate::time::format_duration;
use crate::update::stored;

pub mod online;
pub mod politeness;

/// read the config, print what is wrong or what would be fetched
#[derive(ArgsInfo, FromArgs, Debug, Default)]
#[argh(
    subcommand,
    name = "check",
    help_triggers("-h", "--help"),
    note = "Every mistake of the config is found in one run, each with its line and
column, and no request is made. A valid config is summed up: sources, their
requests, outputs. Keys are looked up, but never shown. A key that cannot be
read is a warning: its source fails, and the others do not.
",
    note = "The columns of `--politeness`:
  unchanged  the part of the polls that was answered with 304 or no new bytes
  whole      polls without validators, of those that could have sent them
  shortest   the shortest time between two polls
  allowed    the shortest that `every` and the publisher allow
  429s       polls that were refused as too many
  pressed    polls before the time that the publisher had set",
    example = "newsagg check
newsagg check -c newsagg.toml --online
newsagg check --politeness
newsagg check -q && newsagg once",
    error_code(0, "the config is valid; with `--politeness`: polite"),
    error_code(1, "`--online`: no source answered; `--politeness`: not polite"),
    error_code(2, "no config, or something is wrong; `--strict`: a secret is missing")
)]
pub struct CheckArgs {
    /// read this config instead of the first that `newsagg --help` lists
    #[argh(option, short = 'c', arg_name = "FILE")]
    pub config: Option<PathBuf>,
    /// make the first request of each source, without retries and fallbacks, and print how it was
    /// answered. No output is written; what a feed said is stored, so that it is not fetched again at once
    #[argh(switch)]
    pub online: bool,
    /// score past runs by what publishers complain of: full downloads where a conditional request
    /// was possible, polls that were too early or within `Retry-After`, no contact address
    #[argh(switch)]
    pub politeness: bool,
    /// with `--politeness`, print one JSON object
    #[argh(switch)]
    pub json: bool,
    /// exit with 2 if a secret cannot be read
    #[argh(switch)]
    pub strict: bool,
    /// print only what is wrong
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// print a line for each source; with `-vv` for each request
    #[argh(switch, short = 'v')]
    pub verbose: u8,
}

impl CheckArgs {
    /// Options that do not go together.
    fn contradiction(&self) -> Option<&'static str> {
        match (self.online, self.politeness, self.json) {
            (true, true, _) => Some("`--online` asks and `--politeness` does not: which is it?"),
            (_, false, true) => Some("`--json` goes with `--politeness`"),
            _ => None,
        }
    }
}

/// Runs the command.
pub fn run(options: CheckArgs) -> ExitCode {
    if let Some(problem) = options.contradiction() {
        return say::usage(problem, Some("check"));
    }
    let line = super::log::set_up(options.quiet, options.verbose);
    let found = config::find(options.config.as_deref());
    let Some(path) = &found.path else {
        say::err(&say::nowhere(&found));
        return ExitCode::from(USAGE);
    };
    // A key that nobody sends need not be at hand, if it is the service's.
    let read = if options.online { Config::load(path) } else { Config::review(path) };
    let checked = read.and_then(|config| Config::select(Some(config), &[]));
    let config = match checked {
        Ok(config) => config,
        Err(problems) => {
            let code = say::problems(&problems);
            if problems.len() > 1 {
                let count = problems.len();
                say::err(&format!("newsagg: {count} problems in {}\n", path.display()));
            }
            return code;
        }
    };
    let unusable = config.sources.iter().any(|source| source.missing_secret.is_some());
    if !options.quiet || options.strict && unusable {
        say::warnings(&config.warnings);
    }
    if options.strict && unusable {
        return ExitCode::from(USAGE);
    }
    if options.online {
        return match online::ask(&config, line) {
            Ok(rows) => {
                let written = say::out(&online::table(&rows));
                let failed = rows.iter().all(|row| row.error.is_some());
                if failed { ExitCode::from(FAILED) } else { written }
            }
            Err(code) => ExitCode::from(code),
        };
    }
    if options.politeness {
        return score(&config, &options);
    }
    if options.quiet { ExitCode::from(OK) } else { say::out(&summary(&config)) }
}

/// `--politeness`
fn score(config: &Config, options: &CheckArgs) -> ExitCode {
    let clock = Clock::system();
    let stored = stored(config, &clock);
    if let Some(why) = &stored.unreadable {
        say::err(&format!("newsagg: {why}\n"));
        return ExitCode::from(FAILED);
    }
    let score = politeness::score(config, &stored, &clock);
    let written = match (options.quiet, options.json) {
        (true, _) => ExitCode::from(OK),
        (_, true) => say::out(&politeness::json(&score)),
        _ => say::out(&politeness::text(&score)),
    };
    if score.polite { written } else { ExitCode::from(FAILED) }
}

fn width<'a>(words: impl Iterator<Item = &'a str>) -> usize {
    const LEAST: usize = "source".len();
    const MOST: usize = 30;
    words.map(|word| word.chars().count()).fold(LEAST, usize::max).min(MOST)
}

/// Of longer lines of fallbacks the rest is not told.
const MOST_FALLBACKS: usize = 32;

/// What would be asked, and what would be written.
fn summary(config: &Config) -> String {
    let mut text = String::new();
    let path = config.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let _ = writeln!(text, "config   {path}");
    for (n, line) in fetch_lines(config).iter().enumerate() {
        let _ = writeln!(text, "{:8} {line}", if n == 0 { "fetch" } else { "" });
    }
    let dir = config.state.dir.as_ref().map(|dir| dir.display().to_string());
    let dir = dir.unwrap_or_else(|| "nowhere: $HOME is not set".into());
    let _ = writeln!(text, "state    {dir}, items kept {}", format_duration(config.state.keep));
    let _ = writeln!(text, "\n{}", counted(config.sources.len(), "source"));
    let names = width(config.sources.iter().map(|source| source.name.as_str()));
    for source in &config.sources {
        source_lines(&mut text, source, names);
    }
    let _ = writeln!(text, "\n{}", counted(config.outputs.len(), "output"));
    let places: Vec<String> = config.outputs.iter().map(place).collect();
    let widest = width(places.iter().map(String::as_str));
    for (output, place) in config.outputs.iter().zip(&places) {
        let _ = writeln!(text, "  {place:widest$}  {}", output_line(config, output));
    }
    text
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn fetch_lines(config: &Config) -> [String; 2] {
    let fetch = &config.fetch;
    [
        format!(
            "{}, {} to one host, timeout {}, deadline {}",
            counted(fetch.workers, "worker"),
            fetch.per_host,
            format_duration(fetch.timeout),
            format_duration(fetch.deadline),
        ),
        format!("retries {}, max_body {}", fetch.retries, size(fetch.options.max_body)),
    ]
}

fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes % (1 << 20) == 0 => format!("{}MiB", bytes >> 20),
        _ if bytes % (1 << 10) == 0 => format!("{}KiB", bytes >> 10),
        _ => format!("{bytes}B"),
    }
}

fn source_lines(text: &mut String, source: &SourceConfig, names: usize) {
    let mut notes = vec![format!("every {}", format_duration(source.every))];
    notes.extend(source.limit.map(|limit| format!("limit {limit}")));
    let published = source.source.as_ref().map(|source| source.quota().windows);
    let windows = match source.quota.is_empty() {
        true => published.unwrap_or_default(),
        false => source.quota.clone(),
    };
    notes.extend(windows.iter().map(|window| format!("at most {}", window_text(window))));
    notes.extend((!source.include.is_empty()).then(|| "include".to_owned()));
    notes.extend((!source.exclude.is_empty()).then(|| "exclude".to_owned()));
    notes.extend(source.tracking.then(|| "tracking kept".to_owned()));
    let live = source.source.as_ref().is_some_and(|own| own.live().is_some());
    notes.extend(live.then(|| "open as long as `run` runs".to_owned()));
    notes.extend((!source.tags.is_empty()).then(|| format!("tags {}", source.tags.join(", "))));
    let SourceConfig { name, kind, .. } = source;
    let notes = notes.join(", ");
    let _ = writeln!(text, "  {name:names$}  {kind:10}  {notes}");
    let indent = " ".repeat(names + 4);
    if let Some(key) = &source.missing_secret {
        let _ = writeln!(text, "{indent}fails in every round: `{key}` has no value");
    }
    if let Some(grant) = source.source.as_ref().and_then(|source| source.grant()) {
        let _ = writeln!(text, "{indent}{} (for a token)", without_secrets(&grant.url));
    }
    let plan = source.source.as_ref().map(|source| source.plan()).unwrap_or_default();
    for request in plan {
        let _ = writeln!(text, "{indent}{}", without_secrets(&request.url));
        let other = |request: &Request| source.source.as_ref()?.fallback(request);
        let others = std::iter::successors(other(&request), other);
        for other in others.take(MOST_FALLBACKS) {
            let _ = writeln!(text, "{indent}{} (if that fails)", without_secrets(&other.url));
        }
    }
}

/// `100/24h`
fn window_text(window: &Window) -> String {
    format!("{}/{}", window.count, report::span(window.per))
}

fn place(output: &Output) -> String {
    output.path.as_ref().map_or("stdout".into(), |path| path.display().to_string())
}

fn output_line(config: &Config, output: &Output) -> String {
    let mut notes = vec![output.format.name().to_owned()];
    notes.extend(output.limit.map(|limit| format!("limit {limit}")));
    notes.extend(output.max_age.map(|age| format!("not older than {}", format_duration(age))));
    if output.sources.len() < config.sources.len() {
        let names = output.sources.iter().filter_map(|index| config.sources.get(*index));
        let names: Vec<&str> = names.map(|source| source.name.as_str()).collect();
        notes.push(format!("from {}", names.join(", ")));
    }
    notes.extend(match output.join {
        Join::Titles => None,
        Join::Links => Some("joined by links alone".to_owned()),
        Join::Nothing => Some("nothing joined".to_owned()),
    });
    notes.join(", ")
}
