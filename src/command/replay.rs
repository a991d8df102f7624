//! `newsagg replay`: a round again, as `once --record` saw it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use argh::{ArgsInfo, FromArgs};
use smol::Executor;

use super::once::OnceArgs;
use super::perform::{Manner, conclude, style};
use super::recording::{self, Recording};
use super::{FAILED, args, log, say};
use crate::clock::Clock;
use crate::config::{Config, Output, OutputFormat, Vault};
use crate::format::Style;
use crate::store::{self, Journal, Scratch};
use crate::transport::Transport;
use crate::update::{House, Updated, Wishes, Witness, update};
use crate::wire::tape::Player;

/// do a recorded round again, without the network
#[derive(ArgsInfo, FromArgs, Debug, Default)]
pub struct ReplayArgs {
    /// a recording of `once --record`
    #[argh(positional, arg_name = "FILE")]
    pub file: PathBuf,
    /// write to this file; of several outputs, into this folder
    #[argh(option, short = 'o')]
    pub output: Option<PathBuf>,
    /// the format to write
    #[argh(option, short = 'f', from_str_fn(OutputFormat::parse))]
    pub format: Option<OutputFormat>,
    /// write what the round took as JSON
    #[argh(option)]
    pub report: Option<PathBuf>,
    /// draw when which request was under way
    #[argh(option)]
    pub timeline: Option<PathBuf>,
    /// errors only
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// a line per source; twice: per request
    #[argh(switch, short = 'v')]
    pub verbose: u8,
}

/// Runs the command.
pub fn run(options: ReplayArgs) -> ExitCode {
    log::set_up(options.quiet, options.verbose);
    let failed = |why: String| {
        ::log::error!("{why}");
        ExitCode::from(FAILED)
    };
    let recording = match recording::read(&options.file) {
        Ok(recording) => recording,
        Err(why) => return failed(why),
    };
    let (once, mut config) = match made(&recording) {
        Ok(made) => made,
        Err(why) => return failed(format!("{}: {why}", options.file.display())),
    };
    if let Err(problem) = options.place(&mut config) {
        return say::usage(&problem, Some("replay"));
    }
    let manner = Manner {
        strict: once.strict,
        report: options.report.clone(),
        timeline: options.timeline.clone(),
        line: None,
        quiet: options.quiet,
        ages: once.ages,
        wishes: once.wishes(),
    };
    match play(recording, config, &manner) {
        Ok(updated) => conclude(&manner, &updated),
        Err(why) => failed(why),
    }
}

/// The words and the config of the recording, read as they were then.
fn made(recording: &Recording) -> Result<(OnceArgs, Config), String> {
    let once: OnceArgs = args::read("once", &recording.words)?;
    let file = recording.config.as_ref().map(|(path, text)| (&**path, &**text));
    let vault = Vault::sealed(recording.numbers.clone());
    let problems = |problems: Vec<crate::config::Problem>| {
        problems.first().map(ToString::to_string).unwrap_or_default()
    };
    let config = once.config_of(file, &vault).map_err(problems)?;
    Ok((once, config))
}

impl ReplayArgs {
    /// Nothing is written where the recording's round wrote: one output goes to stdout or to a file,
    /// several go into a folder.
    fn place(&self, config: &mut Config) -> Result<(), String> {
        if let Some(format) = self.format {
            let all = Output::stdout(config.sources.len());
            let first = config.outputs.first().cloned().unwrap_or(all);
            config.outputs = vec![Output { format, ..first }];
        }
        let file = self.output.as_deref().filter(|path| *path != Path::new("-"));
        if let [output] = &mut config.outputs[..] {
            let name = output.path.take();
            output.path = match (file, name.as_deref().and_then(harmless)) {
                (Some(folder), Some(name)) if folder.is_dir() => Some(unused(folder.join(name))?),
                (file, _) => file.map(Path::to_owned),
            };
            return Ok(());
        }
        let Some(folder) = file else {
            let count = config.outputs.len();
            return Err(format!(
                "the recording has {count} outputs: `-o FOLDER` writes them there, `-f FORMAT` prints one"
            ));
        };
        store::make_directory(folder, 0o777).map_err(|error| {
            format!("making the folder {}: {}", folder.display(), store::plainly(&error))
        })?;
        let mut taken: Vec<PathBuf> = Vec::new();
        for (index, output) in config.outputs.iter_mut().enumerate() {
            let name = output.path.as_deref().and_then(harmless);
            let name = name.map_or_else(|| output.format.name().into(), PathBuf::from);
            let path = match taken.contains(&name) {
                true => folder.join(format!("{}-{}", index + 1, name.display())),
                false => folder.join(&name),
            };
            taken.push(name);
            output.path = Some(unused(path)?);
        }
        Ok(())
    }
}

/// The name of an output, as the recording has it, if no program looks for it by itself.
fn harmless(path: &Path) -> Option<&OsStr> {
    path.file_name().filter(|name| !name.as_encoded_bytes().starts_with(b"."))
}

/// A file whose name a recording chose: it takes nobody's place.
fn unused(path: PathBuf) -> Result<PathBuf, String> {
    match path.symlink_metadata() {
        Err(_) => Ok(path),
        Ok(_) => Err(format!(
            "{} is there already, and the recording chose the name: `-o` another folder",
            path.display()
        )),
    }
}

/// The round, in simulated time, over what passed and what was told.
fn play(recording: Recording, mut config: Config, manner: &Manner) -> Result<Updated, String> {
    let Recording { circumstances, exchanges, .. } = recording;
    let moment = circumstances.moment.ok_or("the recording does not say when it was made")?;
    let scratch = Scratch::new()
        .map_err(|error| format!("making a temporary folder: {}", store::plainly(&error)))?;
    let dir = scratch.path();
    let records = &circumstances.records;
    if !records.is_empty() {
        let mut fill = |frames: &mut store::Frames<'_>| {
            records.iter().try_for_each(|record| frames.add(record).map(drop))
        };
        Journal::rewrite(&dir.join("sources"), &mut fill).map_err(|failure| failure.to_string())?;
    }
    if let Some(ledger) = &circumstances.quotas {
        store::replace(&dir.join("quotas"), 0o600, ledger)
            .map_err(|failure| failure.to_string())?;
    }
    config.state.dir = (!circumstances.homeless).then(|| dir.to_owned());
    let clock = Clock::replaying(&moment, circumstances.fraction);
    let executor: Executor<'static> = Executor::new();
    let player = Player::new(clock.clone(), exchanges);
    let transport = Arc::new(Transport::playing(clock.clone(), player));
    let mut house = House::new(clock.clone(), transport, &executor);
    house.witness = Witness::Again(Arc::new(circumstances));
    let ages = manner.ages.then(|| clock.wall());
    let wishes = Wishes { style: Style { ages, ..style() }, ..manner.wishes };
    Ok(clock.block_on(&executor, update(&config, &mut house, wishes)))
}
