//! `newsagg once`: every source once, merged and written.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use argh::{ArgsInfo, FromArgs};

use super::perform::{Manner, perform};
use super::{args, say};
use crate::config::{self, Config, Output, OutputFormat, Problem};
use crate::update::Wishes;

/// ask every source once, merge, write the outputs
#[derive(ArgsInfo, FromArgs, Debug, Default)]
pub struct OnceArgs {
    /// names from the config, URLs, files, words
    #[argh(positional, arg_name = "SOURCE")]
    pub sources: Vec<String>,
    /// the config file
    #[argh(option, short = 'c')]
    pub config: Option<PathBuf>,
    /// write to this file instead of the config's outputs
    #[argh(option, short = 'o')]
    pub output: Option<String>,
    /// the format to write
    #[argh(option, short = 'f', from_str_fn(OutputFormat::parse))]
    pub format: Option<OutputFormat>,
    /// no more items than this
    #[argh(option, from_str_fn(args::count))]
    pub limit: Option<usize>,
    /// requests in flight
    #[argh(option, from_str_fn(args::workers))]
    pub workers: Option<usize>,
    /// for one request
    #[argh(option, from_str_fn(args::span))]
    pub timeout: Option<Duration>,
    /// for the round
    #[argh(option, from_str_fn(args::span))]
    pub deadline: Option<Duration>,
    /// exit 3 if a source failed
    #[argh(switch)]
    pub strict: bool,
    /// stop at the first failure, exit 3
    #[argh(switch)]
    pub fail_fast: bool,
    /// write what the round took as JSON
    #[argh(option)]
    pub report: Option<PathBuf>,
    /// errors only
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// a line per source; twice: per request
    #[argh(switch, short = 'v')]
    pub verbose: u8,
    /// only what was never printed before
    #[argh(switch)]
    pub new: bool,
    /// no request if the last round is younger
    #[argh(option, from_str_fn(args::span))]
    pub max_age: Option<Duration>,
    /// no request at all
    #[argh(switch)]
    pub offline: bool,
    /// ask also who is not due
    #[argh(switch)]
    pub force: bool,
    /// in text, ages instead of dates
    #[argh(switch)]
    pub ages: bool,
    /// later
    #[argh(option)]
    pub record: Option<PathBuf>,
    /// later
    #[argh(option)]
    pub timeline: Option<PathBuf>,
}

impl OnceArgs {
    /// The first option that a later version brings.
    pub fn later(&self) -> Option<&'static str> {
        let options =
            [(self.record.is_some(), "--record"), (self.timeline.is_some(), "--timeline")];
        options.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
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
        let file = self.output.as_deref().map(Path::new);
        if let Some(path) = [file, self.report.as_deref()].into_iter().flatten().find(|p| folder(p))
        {
            return Some(format!("{} is a folder, not a file to write", path.display()));
        }
        let report = self.report.as_deref()?;
        let taken = outputs.iter().any(|output| output.path.as_deref() == Some(report));
        // A device takes both.
        let both = taken && !report.starts_with("/dev");
        both.then(|| format!("the news and the report cannot both be in {}", report.display()))
    }

    /// The config that these options ask for: found, read, narrowed to the SOURCEs, overridden.
    /// It has at least one source and one output, all of this version.
    ///
    /// # Errors
    /// Everything that is wrong with the config and the SOURCEs.
    pub fn config(&self) -> Result<Config, Vec<Problem>> {
        let found = config::find(self.config.as_deref());
        let config = found.path.map(|path| Config::load_for(&path, &self.sources));
        let config = config.transpose()?;
        let mut config = Config::select(config, &self.sources)?;
        self.override_outputs(&mut config);
        self.override_fetch(&mut config);
        Ok(config)
    }

    /// `-o` and `-f` replace the outputs; `-f` alone prints.
    fn override_outputs(&self, config: &mut Config) {
        // A part of the news does not replace the files of the whole.
        if self.output.is_some() || self.format.is_some() || self.new {
            let mut output = Output::stdout(config.sources.len());
            if let Some(first) = config.outputs.first() {
                output.title.clone_from(&first.title);
            }
            let file = self.output.as_deref().filter(|file| *file != "-");
            output.path = file.map(PathBuf::from);
            let told = file.and_then(|file| OutputFormat::of_path(Path::new(file)));
            output.format = match (self.format, file) {
                (Some(format), _) => format,
                (None, Some(_)) => told.unwrap_or(OutputFormat::ALL[0].1),
                (None, None) => output.format,
            };
            config.outputs = vec![output];
        }
        if let Some(limit) = self.limit {
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

/// Runs the command.
pub fn run(options: OnceArgs) -> ExitCode {
    if let Some(option) = options.later() {
        return say::usage(&format!("`{option}` is not in this version yet"), Some("once"));
    }
    if let Some(problem) = options.contradiction() {
        return say::usage(problem, Some("once"));
    }
    super::log::set_up(options.quiet, options.verbose);
    let config = match options.config() {
        Ok(config) => config,
        Err(problems) => return say::problems(&problems),
    };
    if let Some(problem) = options.misplaced(&config.outputs) {
        return say::usage(&problem, Some("once"));
    }
    if !options.quiet {
        if config.path.is_none() && options.sources.is_empty() {
            let (count, hint) = (config.sources.len(), say::not_looked_for());
            say::err(&format!("newsagg: no config: asking {count} well-known sources\n{hint}"));
        }
        say::warnings(&config.warnings);
    }
    let manner = Manner {
        strict: options.strict,
        report: options.report,
        quiet: options.quiet,
        ages: options.ages,
        wishes: Wishes {
            fail_fast: options.fail_fast,
            force: options.force,
            offline: options.offline,
            max_age: options.max_age,
            new: options.new,
            prints: true,
            ..Wishes::default()
        },
    };
    perform(&config, &manner)
}
