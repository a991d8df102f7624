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
use crate::store::{self, Journal};
use crate::transport::Transport;
use crate::update::{House, Updated, Wishes, Witness, update};
use crate::wire::tape::Player;

/// do a round again, byte for byte, that `once --record` saw
#[derive(ArgsInfo, FromArgs, Debug, Default)]
#[argh(
    subcommand,
    name = "replay",
    help_triggers("-h", "--help"),
    note = "No request is made, and neither config nor state nor keys are needed: all of
it is in FILE. The outputs have the same bytes as then. One output goes to
stdout; for several give `-o` or `-f`. Nothing is written where the round
wrote, and nothing is stored.
",
    note = "A recording is a bug report. It holds the command line, the config without its
comments, what was stored, all that was read, and every answer with its times,
at most 64 MiB. Words such as secret-1 stand for keys, tokens, passwords and
cookies. It may still hold private data, such as the addresses of feeds and
the text of items: review it before you share it.",
    example = "newsagg once -c newsagg.toml --record bug.rec
newsagg replay bug.rec -o out
newsagg replay bug.rec -f text -vv",
    error_code(0, "as of `newsagg once`"),
    error_code(1, "as of `newsagg once`; also if FILE is no recording, or damaged"),
    error_code(2, "wrong usage"),
    error_code(3, "as of `newsagg once`")
)]
pub struct ReplayArgs {
    /// a recording of `newsagg once --record`
    #[argh(positional, arg_name = "FILE")]
    pub file: PathBuf,
    /// write FILE; of several outputs, write them into the folder FILE, which is made if it does
    /// not exist. No existing file is replaced there
    #[argh(option, short = 'o', arg_name = "FILE")]
    pub output: Option<PathBuf>,
    /// write one document in this format, without `-o` to stdout
    #[argh(option, short = 'f', arg_name = "FORMAT", from_str_fn(OutputFormat::parse))]
    pub format: Option<OutputFormat>,
    /// write what the round took, as JSON; `-` is stdout
    #[argh(option, arg_name = "FILE")]
    pub report: Option<PathBuf>,
    /// draw when which request was in flight, as with `once`
    #[argh(option, arg_name = "FILE")]
    pub timeline: Option<PathBuf>,
    /// print only errors that affect the whole run
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// print a line for each source; with `-vv` for each request
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
    let once: OnceArgs = args::of_command(&recording.words)?;
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
    let scratch = store::temporary_directory()
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
        store::write_atomic(&dir.join("quotas"), 0o600, ledger)
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
