//! `newsagg demo`: the main job against an embedded news web.

use std::path::PathBuf;
use std::process::ExitCode;

use argh::{ArgsInfo, FromArgs};

/// the main job, against a news web of our own
#[derive(ArgsInfo, FromArgs, Debug, Default)]
pub struct DemoArgs {
    /// the folder to write to
    #[argh(option, short = 'o')]
    pub output: Option<PathBuf>,
    /// errors only
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// a line per source; twice: per request
    #[argh(switch, short = 'v')]
    pub verbose: u8,
}

/// Runs the command.
pub fn run(options: DemoArgs) -> ExitCode {
    super::log::set_up(options.quiet, options.verbose);
    ExitCode::from(super::OK)
}
