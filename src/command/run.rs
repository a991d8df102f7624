//! `newsagg run`: rounds on a schedule, as a service that systemd looks after.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use argh::{ArgsInfo, FromArgs};
use smol::Executor;

use super::{USAGE, log, say};
use crate::clock::Clock;
use crate::config::{self, Config, Problem};
use crate::transport::Transport;
use crate::update::House;

mod news;
mod orders;
mod pause;
mod service;
mod voice;

pub use orders::Order;
pub use service::{MARGIN, STOP, Service, serve};
pub use voice::{Notice, Voice};

/// do the same on a schedule, as a service
#[derive(ArgsInfo, FromArgs, Debug, Default)]
#[argh(
    subcommand,
    name = "run",
    help_triggers("-h", "--help"),
    note = "The outputs are written at once from what is stored. Then each source is
fetched when it is due, and the outputs are written when something is new.
Sources that are due at about the same time are fetched together, so that the
machine can sleep in between. Streams stay open. A source that fails is logged
once, and once more when it recovers. Outputs to stdout are left out.
",
    note = "Signals:
  SIGHUP           read the config again; if it is invalid, the old one stays
  SIGUSR1          fetch all sources now, within `Retry-After` and quotas
  SIGTERM, SIGINT  end within two seconds; what has arrived is saved
",
    note = "Under systemd it sends READY when the outputs exist, a status line after each
round, and WATCHDOG while the work moves. newsagg.service is the unit.",
    example = "newsagg run -c newsagg.toml
systemctl reload newsagg             # read the config again
systemctl kill -s USR1 newsagg       # fetch now
newsagg status                       # how the service fares",
    error_code(0, "stopped by a signal"),
    error_code(1, "an output cannot be written at the start, or another `run` has the state"),
    error_code(2, "wrong usage or config")
)]
pub struct RunArgs {
    /// read this config instead of the first that `newsagg --help` lists
    #[argh(option, short = 'c', arg_name = "FILE")]
    pub config: Option<PathBuf>,
    /// log errors only
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// log a line for each round and source; with `-vv` for each request
    #[argh(switch, short = 'v')]
    pub verbose: u8,
}

/// Runs the command.
pub fn run(options: RunArgs) -> ExitCode {
    log::set_up(options.quiet, options.verbose);
    let found = config::find(options.config.as_deref());
    let Some(path) = found.path else {
        log::failure(&say::nowhere(&found));
        return ExitCode::from(USAGE);
    };
    let clock = Clock::system();
    let executor: Executor<'static> = Executor::new();
    // From now on SIGHUP ends nobody: who tells it to read the config again may be quick.
    let orders = match orders::listen(&executor) {
        Ok(orders) => orders,
        Err(error) => {
            say::err(&format!("newsagg: listening to signals: {error}\n"));
            return ExitCode::from(super::FAILED);
        }
    };
    let config = match load(&path) {
        Ok(config) => config,
        Err(problems) => {
            // By the log: in the journal an error is to be found by its priority.
            problems.iter().for_each(|problem| ::log::error!("{problem}"));
            return ExitCode::from(USAGE);
        }
    };
    if !options.quiet {
        config.warnings.iter().for_each(|warning| ::log::warn!("{warning}"));
    }
    let transport = Arc::new(Transport::new(clock.clone()));
    let voice = voice::System::new(options.quiet);
    let service = Service {
        house: House::new(clock.clone(), transport, &executor),
        orders,
        load: &|| load(&path),
        watchdog: voice.watchdog(),
        voice: &voice,
    };
    ExitCode::from(clock.block_on(&executor, serve(service, config)))
}

/// The config as a service needs it: with something to ask, and a file to write.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
    let mut config = Config::load(path)?;
    let problem =
        |message: &str| Problem { file: Some(path.to_owned()), at: None, message: message.into() };
    let all = config.outputs.len();
    config.outputs.retain(|output| output.path.is_some());
    if config.outputs.is_empty() {
        let message = "`run` writes files, and no [[output]] names one: \
                       add [[output]] with path = \"feed.json\"";
        return Err(vec![problem(message)]);
    }
    if config.outputs.len() < all {
        config.warnings.push(problem("`run` prints nothing: the [[output]] to stdout is left out"));
    }
    Config::select(Some(config), &[])
}
