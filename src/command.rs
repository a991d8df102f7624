//! argv to a command, and its exit code.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use argh::{ArgsInfo, CommandInfoWithArgs, FromArgs};

pub mod args;
pub mod bench;
pub mod check;
pub mod completions;
pub mod demo;
pub mod export;
pub mod import;
pub mod log;
pub mod man;
pub mod once;
pub mod parse;
pub mod perform;
pub mod progress;
pub mod recording;
pub mod replay;
pub mod run;
pub mod say;
pub mod status;
pub mod timeline;

/// The outputs are written; some sources may have failed.
pub const OK: u8 = 0;
/// Nothing could be fetched, or the outputs could not be written.
pub const FAILED: u8 = 1;
/// Usage or configuration: nothing was asked, nothing was written.
pub const USAGE: u8 = 2;
/// `--strict` or `--fail-fast`, and a source failed.
pub const STRICT: u8 = 3;

/// How many files a round has open at least: three of the event loop, two for signals, the lock, the journal and what
/// waits to be written, one to look up a name, one for certificates, and some connections.
const MIN_DESCRIPTORS: usize = 10;

/// many news sources, one feed file
#[derive(ArgsInfo, FromArgs, Debug)]
#[argh(
    help_triggers("-h", "--help"),
    note = "The config is the first of these that exists:
  -c FILE
  $NEWSAGG_CONFIG
  $CONFIGURATION_DIRECTORY/newsagg.toml     set by systemd
  $XDG_CONFIG_HOME/newsagg/newsagg.toml     or ~/.config/newsagg/newsagg.toml
  /etc/newsagg/newsagg.toml
Without any, `once` fetches a few sources that need no key.
",
    note = "Environment:
  NEWSAPI_KEY, GUARDIAN_KEY, GITHUB_TOKEN       keys for those sources
  http_proxy, https_proxy, all_proxy, no_proxy  proxies
  SSL_CERT_FILE, SSL_CERT_DIR                   other certificate authorities
  NO_COLOR                                      no colours on the terminal
  RUST_LOG                                      what is logged: newsagg=debug",
    example = "newsagg demo                         # two seconds, no set-up
newsagg once                         # news of some well-known sites
newsagg once hn https://lwn.net/headlines/rss
newsagg once -c newsagg.toml         # the sources of a config
newsagg check                        # is the config valid?
newsagg help once                    # the options of a command",
    error_code(0, "the outputs are written; some sources may have failed"),
    error_code(1, "no due source could be fetched, or an output could not be written"),
    error_code(2, "wrong usage or config: nothing was fetched or written"),
    error_code(3, "with `--strict` or `--fail-fast`: a source failed"),
    error_code(130, "stopped by SIGINT; what had arrived is written"),
    error_code(143, "stopped by SIGTERM; what had arrived is written")
)]
pub struct Newsagg {
    /// print the version
    #[argh(switch, short = 'V')]
    version: bool,
    #[argh(subcommand)]
    command: Option<Command>,
}

#[derive(ArgsInfo, FromArgs, Debug)]
#[argh(subcommand)]
enum Command {
    Once(once::OnceArgs),
    Run(run::RunArgs),
    Demo(demo::DemoArgs),
    Check(check::CheckArgs),
    Status(status::StatusArgs),
    Bench(bench::BenchArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    Parse(parse::ParseArgs),
    Replay(replay::ReplayArgs),
    Man(man::ManArgs),
    Completions(completions::CompletionsArgs),
}

/// Everything that is declared of the commands and their options.
pub fn info() -> CommandInfoWithArgs {
    Newsagg::get_args_info()
}

/// Runs the program.
pub fn main() -> ExitCode {
    let words = match words(std::env::args_os().skip(1)) {
        Ok(words) => words,
        Err(problem) => return say::usage(&problem, None),
    };
    match args::read(&words) {
        Ok(Newsagg { version: true, .. }) => {
            say::out(concat!("newsagg ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        Ok(Newsagg { command, .. }) => match command {
            Some(command) => run(command, &words[1..]),
            None => ExitCode::from(USAGE),
        },
        Err(exit) if exit.status.is_err() => {
            let known = info().commands;
            let command = words.first().filter(|word| known.iter().any(|c| c.name == **word));
            say::usage(&exit.output, command.map(String::as_str))
        }
        Err(help) if words.is_empty() => {
            say::err(&help.output);
            ExitCode::from(USAGE)
        }
        Err(help) => say::out(&help.output),
    }
}

/// The words of the command line as text.
fn words(words: impl Iterator<Item = OsString>) -> Result<Vec<String>, String> {
    words.map(|word| word.into_string().map_err(|word| format!("{word:?} is not UTF-8"))).collect()
}

/// Runs a command, which these words behind its name asked for.
fn run(command: Command, words: &[String]) -> ExitCode {
    let fetches = matches!(
        &command,
        Command::Once(_)
            | Command::Run(_)
            | Command::Demo(_)
            | Command::Bench(_)
            | Command::Replay(_)
            | Command::Check(_)
    );
    if let Err(problem) = if fetches { check_descriptors() } else { Ok(()) } {
        say::err(&format!("newsagg: {problem}\n"));
        return ExitCode::from(FAILED);
    }
    match command {
        Command::Once(options) => once::run(options, words),
        Command::Run(options) => run::run(options),
        Command::Demo(options) => demo::run(options),
        Command::Check(options) => check::run(options),
        Command::Status(options) => status::run(options),
        Command::Bench(options) => bench::run(options, words),
        Command::Import(options) => import::run(options),
        Command::Export(options) => export::run(options),
        Command::Parse(options) => parse::run(options),
        Command::Replay(options) => replay::run(options),
        Command::Man(options) => man::run(options),
        Command::Completions(options) => completions::run(options),
    }
}

/// Opens as many files as a round needs, and closes them again.
fn check_descriptors() -> Result<(), String> {
    let stdin = std::io::stdin();
    let open = |_| stdin.as_fd().try_clone_to_owned();
    match (0..MIN_DESCRIPTORS).map(open).collect::<std::io::Result<Vec<OwnedFd>>>() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "a round needs {MIN_DESCRIPTORS} open files beside those that the program was started with: {}; \
             raise the limit with `ulimit -n 256`, or with LimitNOFILE= in the unit",
            crate::store::plainly(&error)
        )),
    }
}
