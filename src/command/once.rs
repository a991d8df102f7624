//! `newsagg once`: every source once, merged and written.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use argh::{ArgsInfo, FromArgs};

use super::perform::{self, Ended, Manner, conclude, perform};
use super::{FAILED, args, recording, say};
use crate::config::{self, Config, Output, OutputFormat, Problem, Vault};
use crate::format::Format;
use crate::http::Secret;
use crate::store;
use crate::transport::Transport;
use crate::update::{Wishes, Witness};
use crate::wire::tape::Tape;

/// fetch every source that is due, merge the items, write the outputs
#[derive(ArgsInfo, FromArgs, Debug, Default)]
#[argh(
    subcommand,
    name = "once",
    help_triggers("-h", "--help"),
    note = "A SOURCE is one of
  NAME                         a source of the config
  https://HOST/FEED            a feed: RSS, Atom or JSON Feed
  file:///PATH, ./PATH         a feed in a file; a path has a slash in it
  -                            a feed on stdin
  hn, hn:LIST                  Hacker News: top, new, best, ask, show, job
  guardian, guardian:SECTION   the Guardian; its key is in $GUARDIAN_KEY
  newsapi, newsapi:COUNTRY     NewsAPI by country; its key is in $NEWSAPI_KEY
  newsapi:CATEGORY             NewsAPI by category, such as technology
  reddit:SUB                   the feed of a subreddit, without a key
  github:OWNER/REPO            releases; a token may be in $GITHUB_TOKEN
",
    note = "A URL is named by its host, or by host and path where one host has several.
Without a SOURCE, all sources of the config are fetched; without a config, a
few well-known ones that need no key.
",
    note = "A source is fetched when it is due: when its `every` has passed (5 minutes for
a source that only the command line names) and its publisher allows it. Until
then its stored items are used. Files and stdin are always read.
",
    note = "Without a SOURCE, the outputs of the config are written. If there are none, or
if a SOURCE is named, text goes to stdout: the files of the config are not
replaced by a part of the items. `-o`, `-f`, `--new` and `--limit` replace the
outputs.
Only items are on stdout; everything else is on stderr.
",
    note = "DUR is a duration such as 500ms, 90s, 15m or 1h30m, at most 7 days.",
    example = "newsagg once hn
newsagg once hn:show https://lobste.rs/rss --limit 20
newsagg once -f jsonl | jq -r .title
newsagg once --new                   # what is new since the last time
newsagg once -c newsagg.toml -o feed.json --report report.json
newsagg once --force --timeline -    # which source was slow
curl -s https://lwn.net/headlines/rss | newsagg once -",
    error_code(0, "the outputs are written; some sources may have failed"),
    error_code(1, "no due source could be fetched, or an output could not be written"),
    error_code(2, "wrong usage or config: nothing was fetched or written"),
    error_code(3, "with `--strict` or `--fail-fast`: a source failed"),
    error_code(130, "stopped by SIGINT; files are whole"),
    error_code(143, "stopped by SIGTERM; files are whole")
)]
pub struct OnceArgs {
    /// names from the config, URLs, files or shorthands
    #[argh(positional, arg_name = "SOURCE")]
    pub sources: Vec<String>,
    /// read this config instead of the first that `newsagg --help` lists
    #[argh(option, short = 'c', arg_name = "FILE")]
    pub config: Option<PathBuf>,
    /// write FILE instead of the outputs of the config; `-` is stdout. Without `-f` its extension
    /// says the format
    #[argh(option, short = 'o', arg_name = "FILE")]
    pub output: Option<String>,
    /// write this format, without `-o` to stdout: jsonfeed, jsonl, atom, rss, tsv, html, opml (no
    /// items but the feeds), text or prometheus (no items but metrics)
    #[argh(option, short = 'f', arg_name = "FORMAT", from_str_fn(OutputFormat::parse))]
    pub format: Option<OutputFormat>,
    /// write at most N items, 1 or more. Without `-o` and without a SOURCE it prints to stdout: the
    /// files of the config stay as they are
    #[argh(option, arg_name = "N", from_str_fn(args::count))]
    pub limit: Option<usize>,
    /// in text on stdout, print ages such as `3 h` instead of dates
    #[argh(switch)]
    pub ages: bool,
    /// print, or write with `-o`, only items that no `once` has printed before. An item is marked
    /// as printed afterwards: a crash may repeat items, but loses none. The files of the config
    /// stay as they are
    #[argh(switch)]
    pub new: bool,
    /// make no request if the last round is younger than DUR
    #[argh(option, arg_name = "DUR", from_str_fn(args::span))]
    pub max_age: Option<Duration>,
    /// make no request; use stored items
    #[argh(switch)]
    pub offline: bool,
    /// fetch also sources that are not due, but none within its `Retry-After` or beyond a quota.
    /// It goes neither with `--offline` nor with `--max-age`
    #[argh(switch)]
    pub force: bool,
    /// ask each server for the whole response, also if it would say that nothing changed. A source
    /// that is not due stays so
    #[argh(switch)]
    pub reload: bool,
    /// have at most N requests in flight, from 1 to 10000 (default 32)
    #[argh(option, arg_name = "N", from_str_fn(args::workers))]
    pub workers: Option<usize>,
    /// give each request DUR, from looking up the name to the last byte (default 10s)
    #[argh(option, arg_name = "DUR", from_str_fn(args::span))]
    pub timeout: Option<Duration>,
    /// give the round DUR; requests not sent by then wait for the next round (default 60s)
    #[argh(option, arg_name = "DUR", from_str_fn(args::span))]
    pub deadline: Option<Duration>,
    /// exit with 3 if any source failed
    #[argh(switch)]
    pub strict: bool,
    /// stop at the first failure, and exit with 3
    #[argh(switch)]
    pub fail_fast: bool,
    /// write what the round took, as JSON; `-` is stdout
    #[argh(option, arg_name = "FILE")]
    pub report: Option<PathBuf>,
    /// draw when which request was in flight and what it waited for: a picture if FILE ends in
    /// .svg, else text; `-` is stderr
    #[argh(option, arg_name = "FILE")]
    pub timeline: Option<PathBuf>,
    /// write the whole round, without secrets, for `newsagg replay`. A round that is stopped by a
    /// signal leaves no recording
    #[argh(option, arg_name = "FILE")]
    pub record: Option<PathBuf>,
    /// print only that a source begins to fail or is well again, and errors of the whole run
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// print a line for each source; with `-vv` for each request
    #[argh(switch, short = 'v')]
    pub verbose: u8,
}

impl OnceArgs {
    /// How the round differs from the config.
    pub fn wishes(&self) -> Wishes {
        Wishes {
            fail_fast: self.fail_fast,
            force: self.force,
            reload: self.reload,
            offline: self.offline,
            max_age: self.max_age,
            new: self.new,
            prints: true,
            ..Wishes::default()
        }
    }

    /// Two options that cannot both be meant.
    fn contradiction(&self) -> Option<&'static str> {
        match (self.force, self.offline, self.max_age) {
            (true, true, _) => Some("`--force` asks and `--offline` does not: which is it?"),
            (true, _, Some(_)) => Some("`--force` asks and `--max-age` may not: which is it?"),
            _ => None,
        }
    }

    /// What is wrong with where things are to be written.
    fn misplaced(&self, outputs: &[Output]) -> Option<String> {
        let folder = |path: &Path| path.as_os_str().as_encoded_bytes().ends_with(b"/");
        let device = |path: &Path| path.starts_with("/dev") || path == Path::new("-");
        let news = |path| outputs.iter().any(|output| output.path.as_deref() == Some(path));
        let file = self.output.as_deref().map(Path::new);
        let (report, timeline) = (self.report.as_deref(), self.timeline.as_deref());
        let files = [file, report, timeline, self.record.as_deref()];
        if let Some(path) = files.into_iter().flatten().find(|path| folder(path)) {
            return Some(format!("{} is a folder, not a file to write", path.display()));
        }
        if let (Some(path), None) = (file, self.format) {
            let told = path.extension().is_none() || OutputFormat::of_path(path).is_some();
            if !told && !device(path) {
                return Some(format!(
                    "the name {} says no format that newsagg knows; `-f FORMAT` says it",
                    path.display()
                ));
            }
        }
        if let Some(record) = self.record.as_deref() {
            if record == Path::new("-") {
                return Some("`--record` needs a file: stdout is for the news".into());
            }
            if news(record) || [report, timeline].contains(&Some(record)) {
                let shown = record.display();
                return Some(format!("the recording cannot be in {shown} beside something else"));
            }
        }
        // A device takes both.
        let [report, timeline] = [report, timeline].map(|path| path.filter(|path| !device(path)));
        let (what, path) = match (report, timeline) {
            (Some(path), _) if news(path) => ("news and the report", path),
            (_, Some(path)) if news(path) => ("news and the timeline", path),
            (Some(path), other) if Some(path) == other => ("report and the timeline", path),
            _ => return None,
        };
        Some(format!("the {what} cannot both be in {}", path.display()))
    }

    /// An option that nothing is told by.
    fn idle(&self, outputs: &[Output]) -> Option<&'static str> {
        let text = OutputFormat::Now(Format::Text);
        let shows = |output: &Output| output.path.is_none() && output.format == text;
        let idle = self.ages && !outputs.iter().any(shows);
        idle.then_some("`--ages` is for text on stdout, and there is none; `-f text` prints it")
    }

    /// What is odd about the outputs, though not wrong.
    fn remarks(&self, config: &Config) -> Vec<String> {
        let mut remarks = Vec::new();
        for output in &config.outputs {
            let place =
                output.path.as_ref().map_or("stdout".into(), |path| path.display().to_string());
            let no_feed = output.sources.iter().all(|n| config.sources[*n].feed().is_none());
            if no_feed && output.format == OutputFormat::Now(Format::Opml) {
                let why = "is empty: none of its sources is of kind feed";
                remarks.push(format!("warning: the OPML list in {place} {why}"));
            }
            let unnamed = output.path.as_deref().is_some_and(|path| path.extension().is_none());
            if self.output.is_some() && self.format.is_none() && unnamed {
                remarks.push(format!("{place} is written as {}", output.format.name()));
            }
        }
        remarks
    }

    /// The config that these options ask for: found, read, narrowed to the SOURCEs, overridden.
    /// It has at least one source and one output, all of this version.
    ///
    /// # Errors
    /// Everything that is wrong with the config and the SOURCEs.
    pub fn config(&self) -> Result<Config, Vec<Problem>> {
        let path = config::find(self.config.as_deref()).path;
        let text = path.as_deref().map(Config::text).transpose()?;
        self.config_of(path.as_deref().zip(text.as_deref()), &Vault::default())
    }

    /// The same for this file with this text, and secrets from this vault.
    ///
    /// # Errors
    /// Everything that is wrong with the config and the SOURCEs.
    pub fn config_of(
        &self,
        file: Option<(&Path, &str)>,
        vault: &Vault,
    ) -> Result<Config, Vec<Problem>> {
        let config = file.map(|(path, text)| Config::told(path, text, &self.sources, vault));
        let mut config = Config::select_with(config.transpose()?, &self.sources, vault)?;
        self.override_outputs(&mut config);
        self.override_fetch(&mut config);
        Ok(config)
    }

    /// `-o` and `-f` replace the outputs; `-f` alone prints. So do `--new` and `--limit`: a part of the items
    /// does not replace the files of the whole.
    fn override_outputs(&self, config: &mut Config) {
        let prints = config.outputs.iter().any(|output| output.path.is_none());
        if self.output.is_some()
            || self.format.is_some()
            || self.new
            || (self.limit.is_some() && !prints)
        {
            let mut output = Output::stdout(config.sources.len());
            if let Some(first) = config.outputs.first() {
                output.title.clone_from(&first.title);
            }
            let file = self.output.as_deref().filter(|file| *file != "-");
            output.path = file.map(PathBuf::from);
            let told = file.and_then(|file| OutputFormat::of_path(Path::new(file)));
            output.format = match (self.format, file) {
                (Some(format), _) => format,
                (None, Some(_)) => told.unwrap_or(OutputFormat::Now(Format::JsonFeed)),
                (None, None) => output.format,
            };
            config.outputs = vec![output];
        }
        if let Some(limit) = self.limit {
            config.outputs.retain(|output| output.path.is_none() || self.output.is_some());
            for output in &mut config.outputs {
                output.limit = Some(output.limit.map_or(limit, |own| own.min(limit)));
            }
        }
    }

    fn override_fetch(&self, config: &mut Config) {
        let fetch = &mut config.fetch;
        fetch.workers = self.workers.unwrap_or(fetch.workers);
        fetch.deadline = self.deadline.unwrap_or(fetch.deadline);
        if let Some(timeout) = self.timeout {
            fetch.timeout = timeout;
            for source in &mut config.sources {
                source.timeout = timeout;
            }
        }
    }
}

/// Runs the command, which these words asked for.
pub fn run(options: OnceArgs, words: &[String]) -> ExitCode {
    if let Some(problem) = options.contradiction() {
        return say::usage(problem, Some("once"));
    }
    let line = super::log::set_up(options.quiet, options.verbose);
    let path = config::find(options.config.as_deref()).path;
    let text = match path.as_deref().map(Config::text).transpose() {
        Ok(text) => text,
        Err(problems) => return say::problems(&problems),
    };
    let file = path.as_deref().zip(text.as_deref());
    let vault = Vault::default();
    let config = match options.config_of(file, &vault) {
        Ok(config) => config,
        Err(problems) => return say::problems(&problems),
    };
    if let Some(problem) = options.misplaced(&config.outputs) {
        return say::usage(&problem, Some("once"));
    }
    if let Some(problem) = options.idle(&config.outputs) {
        return say::usage(problem, Some("once"));
    }
    if !options.quiet {
        if config.path.is_none() && options.sources.is_empty() {
            let (count, hint) = (config.sources.len(), say::not_looked_for());
            say::err(&format!("newsagg: no config: asking {count} well-known sources\n{hint}"));
        }
        say::warnings(&config.warnings);
        options
            .remarks(&config)
            .iter()
            .for_each(|remark| say::err(&format!("newsagg: {remark}\n")));
    }
    let manner = Manner {
        strict: options.strict,
        report: options.report.clone(),
        timeline: options.timeline.clone(),
        line,
        quiet: options.quiet,
        ages: options.ages,
        wishes: options.wishes(),
    };
    match &options.record {
        None => perform(&config, &manner),
        Some(path) => {
            let met = vault.met();
            record(path, Recorded { words, file, met, config: &config }, &manner)
        }
    }
}

/// What a recording begins with.
struct Recorded<'a> {
    words: &'a [String],
    file: Option<(&'a Path, &'a str)>,
    met: Vec<Option<Secret>>,
    config: &'a Config,
}

/// A round that is noted, and changes nothing by it.
fn record(path: &Path, recorded: Recorded<'_>, manner: &Manner) -> ExitCode {
    let Recorded { words, file, met, config } = recorded;
    let mut tape = None;
    let updated = perform::run_in(config, manner, &mut |clock| {
        let shelf = Box::new(store::Spool::default());
        let own = Tape::new(clock.clone(), shelf, recording::MAX_RECORDING);
        let witness = Witness::notes(own.clone());
        tape = Some((own.clone(), witness.clone()));
        (Transport::recording(clock, own), witness)
    });
    let updated = match updated {
        Ok(Ended { updated, signal: None }) => updated,
        Ok(Ended { signal: Some(code), .. }) | Err(code) => return ExitCode::from(code),
    };
    let code = conclude(manner, &updated);
    let written = tape.map_or(Ok(()), |(tape, witness)| {
        let notes = witness.noted();
        let subject = recording::Subject { words, file, met, config, tape: &tape, notes };
        recording::write(path, &subject, &|words, file, numbers| {
            let once: OnceArgs = args::of_command(words)
                .map_err(|message| vec![Problem { file: None, at: None, message }])?;
            once.config_of(file, &Vault::sealed(numbers))
        })
    });
    match written {
        Ok(()) => code,
        Err(why) => {
            log::error!("{why}");
            ExitCode::from(FAILED)
        }
    }
}
