//! `newsagg check`: what the config says, before anything is asked.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use argh::{ArgsInfo, FromArgs};

use super::{FAILED, OK, USAGE, say};
use crate::config::{self, Config, Found, Output, OutputFormat, Place, SourceConfig};
use crate::http::Url;
use crate::source::Window;
use crate::time::format_duration;

/// read the config, print what would be asked
#[derive(ArgsInfo, FromArgs, Debug, Default)]
pub struct CheckArgs {
    /// the config file
    #[argh(option, short = 'c')]
    pub config: Option<PathBuf>,
    /// ask each source once
    #[argh(switch)]
    pub online: bool,
    /// errors only
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// a line per source; twice: per request
    #[argh(switch, short = 'v')]
    pub verbose: u8,
}

/// Runs the command.
pub fn run(options: CheckArgs) -> ExitCode {
    super::log::set_up(options.quiet, options.verbose);
    let found = config::find(options.config.as_deref());
    let Some(path) = &found.path else {
        say::err(&nowhere(&found));
        return ExitCode::from(USAGE);
    };
    let checked = Config::load(path).and_then(|config| Config::select(Some(config), &[]));
    let config = match checked {
        Ok(config) => config,
        Err(problems) => {
            let code = say::problems(&problems);
            let (count, s) = (problems.len(), if problems.len() == 1 { "" } else { "s" });
            say::err(&format!("newsagg: {count} problem{s} in {}\n", path.display()));
            return code;
        }
    };
    say::warnings(&config.warnings);
    if options.online {
        return match online(&config) {
            Some(rows) => {
                let failed = !rows.is_empty() && rows.iter().all(|row| row.error.is_some());
                let written = say::out(&online_table(&rows));
                if failed { ExitCode::from(FAILED) } else { written }
            }
            None => say::usage("`--online` is not in this version yet", Some("check")),
        };
    }
    if options.quiet { ExitCode::from(OK) } else { say::out(&summary(&config)) }
}

/// Where a config was looked for in vain.
fn nowhere(found: &Found) -> String {
    let mut text = String::from("newsagg: there is no config; looked for\n");
    for path in &found.looked {
        let _ = writeln!(text, "  {}", path.display());
    }
    text.push_str("Name one with `-c FILE`, or set NEWSAGG_CONFIG.\n");
    text
}

/// How one source answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnlineRow {
    /// The source's name.
    pub name: String,
    /// Of the last answer, if there was one.
    pub status: Option<u16>,
    /// How many items were read.
    pub items: usize,
    /// From the first request to the last answer, in milliseconds.
    pub ms: f64,
    /// What the answer was: `rss 2.0`.
    pub what: String,
    /// Why there was none; without secrets.
    pub error: Option<String>,
}

/// Asks each source once. `None` until there is something to ask with.
pub fn online(_config: &Config) -> Option<Vec<OnlineRow>> {
    None
}

/// A line for each source that was asked.
pub fn online_table(rows: &[OnlineRow]) -> String {
    let names = width(rows.iter().map(|row| row.name.as_str()));
    let mut text = format!("{:names$}  status   items        ms  what\n", "source");
    for row in rows {
        let status = row.status.map_or("-".into(), |status| status.to_string());
        let what = row.error.as_deref().map(|error| format!("failed: {error}"));
        let what = what.as_deref().unwrap_or(&row.what);
        let OnlineRow { name, items, ms, .. } = row;
        let _ = writeln!(text, "{name:names$}  {status:>6}  {items:>6}  {ms:>8.1}  {what}");
    }
    text
}

fn width<'a>(words: impl Iterator<Item = &'a str>) -> usize {
    const LEAST: usize = "source".len();
    const MOST: usize = 30;
    words.map(|word| word.chars().count()).fold(LEAST, usize::max).min(MOST)
}

/// What would be asked, and what would be written.
fn summary(config: &Config) -> String {
    let mut text = String::new();
    let path = config.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let _ = writeln!(text, "config   {path}");
    let _ = writeln!(text, "fetch    {}", fetch_line(config));
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

fn fetch_line(config: &Config) -> String {
    let fetch = &config.fetch;
    format!(
        "{}, {} to one host, timeout {}, deadline {}, retries {}, max_body {}",
        counted(fetch.workers, "worker"),
        fetch.per_host,
        format_duration(fetch.timeout),
        format_duration(fetch.deadline),
        fetch.retries,
        size(fetch.options.max_body),
    )
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
    notes.extend(source.quota.iter().map(|window| format!("quota {}", window_text(window))));
    let published = source.source.as_ref().map(|source| source.quota().windows);
    let published = published.unwrap_or_default();
    let others = published.iter().filter(|window| !source.quota.contains(window));
    notes.extend(others.map(|window| format!("at most {}", window_text(window))));
    notes.extend((!source.include.is_empty()).then(|| "include".to_owned()));
    notes.extend((!source.exclude.is_empty()).then(|| "exclude".to_owned()));
    let SourceConfig { name, kind, .. } = source;
    let notes = notes.join(", ");
    if source.place == Place::Later {
        let _ = writeln!(text, "  {name:names$}  {kind:10}  not in this version yet");
        return;
    }
    let _ = writeln!(text, "  {name:names$}  {kind:10}  {notes}");
    let indent = " ".repeat(names + 4);
    let plan = source.source.as_ref().map(|source| source.plan()).unwrap_or_default();
    for request in plan {
        let _ = writeln!(text, "{indent}{}", without_secrets(&request.url));
    }
}

/// `100/24h`
fn window_text(window: &Window) -> String {
    format!("{}/{}", window.count, format_duration(window.per))
}

/// The URL without its password, and without what looks like a key in its query.
fn without_secrets(url: &Url) -> String {
    const HIDDEN: [&str; 6] = ["key", "token", "secret", "password", "auth", "signature"];
    let mut shown = url.clone();
    // Neither fails for a URL with a host.
    let _ = shown.set_password(None);
    let _ = shown.set_username("");
    let Some(query) = url.query() else { return shown.into() };
    let parts: Vec<String> = query
        .split('&')
        .map(|part| {
            let name = part.split('=').next().unwrap_or_default();
            let lower = name.to_ascii_lowercase();
            match HIDDEN.iter().any(|hidden| lower.contains(hidden)) {
                true => format!("{name}=…"),
                false => part.to_owned(),
            }
        })
        .collect();
    shown.set_query(None);
    shown.set_fragment(None);
    format!("{shown}?{}", parts.join("&"))
}

fn place(output: &Output) -> String {
    output.path.as_ref().map_or("stdout".into(), |path| path.display().to_string())
}

fn output_line(config: &Config, output: &Output) -> String {
    let mut notes = vec![output.format.name().to_owned()];
    if matches!(output.format, OutputFormat::Later(_)) {
        notes.push("not in this version yet".into());
    }
    notes.extend(output.limit.map(|limit| format!("limit {limit}")));
    notes.extend(output.max_age.map(|age| format!("not older than {}", format_duration(age))));
    if output.sources.len() < config.sources.len() {
        let names = output.sources.iter().filter_map(|index| config.sources.get(*index));
        let names: Vec<&str> = names.map(|source| source.name.as_str()).collect();
        notes.push(format!("from {}", names.join(", ")));
    }
    notes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_url_keeps_its_secrets() {
        for (url, shown) in [
            ("https://me:pw@host/a?b=c", "https://host/a?b=c"),
            (
                "https://host/a?api-key=s3&Token=s3&page=2",
                "https://host/a?api-key=…&Token=…&page=2",
            ),
            ("https://host/a", "https://host/a"),
        ] {
            assert_eq!(without_secrets(&Url::parse(url).unwrap()), shown);
        }
    }

    #[test]
    fn the_online_table_has_a_line_for_each_source_good_or_bad() {
        let good = OnlineRow {
            name: "bbc".into(),
            status: Some(200),
            items: 40,
            ms: 123.45,
            what: "rss 2.0".into(),
            error: None,
        };
        let bad = OnlineRow {
            name: "guardian".into(),
            error: Some("timeout: no answer within 10s".into()),
            ..OnlineRow::default()
        };
        assert_eq!(
            online_table(&[good, bad]),
            "source    status   items        ms  what\n\
             bbc          200      40     123.5  rss 2.0\n\
             guardian       -       0       0.0  failed: timeout: no answer within 10s\n"
        );
    }
}
