//! argv to a command, and its exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::config::nearest;

pub mod args;
pub mod bench;
pub mod check;
pub mod demo;
pub mod export;
pub mod help;
pub mod import;
pub mod log;
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

/// The commands of this version.
pub const COMMANDS: [&str; 10] =
    ["once", "run", "demo", "check", "status", "bench", "import", "export", "parse", "replay"];

/// Runs the program.
pub fn main() -> ExitCode {
    match words(std::env::args_os().skip(1)) {
        Ok(words) => dispatch(&words),
        Err(problem) => say::usage(&problem, None),
    }
}

/// The words of the command line as text.
fn words(words: impl Iterator<Item = OsString>) -> Result<Vec<String>, String> {
    words
        .map(|word| {
            word.into_string().map_err(|word| {
                format!("\"{}\" is not UTF-8", word.to_string_lossy().escape_debug())
            })
        })
        .collect()
}

fn dispatch(words: &[String]) -> ExitCode {
    let Some((command, rest)) = words.split_first() else {
        say::err(help::TOP);
        return ExitCode::from(USAGE);
    };
    match command.as_str() {
        "--version" | "-V" => say::out(concat!("newsagg ", env!("CARGO_PKG_VERSION"), "\n")),
        "--help" | "-h" => say::out(help::TOP),
        "help" => match rest.first() {
            None => say::out(help::TOP),
            Some(command) => help_for(command),
        },
        name if args::asks_for_help(rest) => help_for(name),
        "once" => with(command, rest, |options| once::run(options, rest)),
        "run" => with(command, rest, run::run),
        "demo" => with(command, rest, demo::run),
        "check" => with(command, rest, check::run),
        "status" => with(command, rest, status::run),
        "bench" => with(command, rest, |options| bench::run(options, rest)),
        "import" => with(command, rest, import::run),
        "export" => with(command, rest, export::run),
        "parse" => with(command, rest, parse::run),
        "replay" => with(command, rest, replay::run),
        name => unknown(name),
    }
}

/// Reads the options of a command and runs it.
fn with<T: argh::FromArgs + argh::ArgsInfo>(
    command: &str,
    words: &[String],
    run: impl FnOnce(T) -> ExitCode,
) -> ExitCode {
    match args::read::<T>(command, words) {
        Ok(options) => run(options),
        Err(problem) => say::usage(&problem, Some(command)),
    }
}

fn help_for(command: &str) -> ExitCode {
    match help::of(command) {
        Some(text) => say::out(text),
        None => unknown(command),
    }
}

fn unknown(word: &str) -> ExitCode {
    let shown = word.escape_debug();
    if word.starts_with('-') {
        let near = nearest(word, ["--version", "--help"]);
        let hint = near.map(|near| format!("; did you mean `{near}`?"));
        let hint = hint.unwrap_or_else(|| "; a command comes first, then its options".into());
        return say::usage(&format!("unknown option `{shown}`{hint}"), None);
    }
    let commands = COMMANDS.into_iter().chain(["help"]);
    let hint = match nearest(word, commands) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if word.contains(['/', ':', '.']) => {
            "; to ask a source write `newsagg once SOURCE`".into()
        }
        None => format!("; the commands are {}", COMMANDS.join(", ")),
    };
    say::usage(&format!("unknown command `{shown}`{hint}"), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_this_version_has_a_help_text() {
        for command in COMMANDS {
            assert!(help::of(command).is_some(), "{command}");
            assert!(help::TOP.contains(&format!("\n  {command} ")), "{command}");
        }
    }
}
