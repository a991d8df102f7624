//! Printing that outlives its reader: whoever closes the pipe has read enough.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use super::{FAILED, OK, USAGE};
use crate::config::{Found, Problem};
use crate::{store, text};

/// No sentence about how the program was called is longer than this many characters.
const MAX_PROBLEM: usize = 1_000;

/// Writes to stdout; the exit code says how that went. A closed pipe is no failure.
pub fn out(text: &str) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            err(&format!("newsagg: writing to stdout: {}\n", store::plainly(&error)));
            ExitCode::from(FAILED)
        }
        _ => ExitCode::from(OK),
    }
}

/// Writes to stderr. Nobody is left to be told when that fails.
pub fn err(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// One sentence about how the program was called, and where to read how it should be.
pub fn usage(problem: &str, command: Option<&str>) -> ExitCode {
    let command = command.map(|command| format!("{command} ")).unwrap_or_default();
    let problem = text::printable(problem, MAX_PROBLEM);
    err(&format!("newsagg: {problem}\nTry `newsagg {command}--help`.\n"));
    ExitCode::from(USAGE)
}

/// Where a config was looked for in vain.
pub fn nowhere(found: &Found) -> String {
    let mut text = String::from("newsagg: there is no config; looked for\n");
    for path in &found.looked {
        text.push_str(&format!("  {}\n", path.display()));
    }
    text.push_str("Name one with `-c FILE`, or set NEWSAGG_CONFIG.\n");
    text.push_str(not_looked_for());
    text
}

/// A hint for whoever has a config where none is looked for; may be empty.
pub fn not_looked_for() -> &'static str {
    match std::path::Path::new("newsagg.toml").is_file() {
        true => "The newsagg.toml here is not looked for: name it with `-c newsagg.toml`.\n",
        false => "",
    }
}

/// What is wrong with the config or with a SOURCE, a line each.
pub fn problems(problems: &[Problem]) -> ExitCode {
    err(&lines(problems));
    ExitCode::from(USAGE)
}

/// What is odd about the config, a line each.
pub fn warnings(problems: &[Problem]) {
    let warning = |problem: &Problem| {
        let message = format!("warning: {}", problem.message);
        Problem { message, ..problem.clone() }
    };
    err(&lines(&problems.iter().map(warning).collect::<Vec<_>>()));
}

/// `newsagg.toml:12:3: …` as compilers say it, so that editors find the place.
fn lines(problems: &[Problem]) -> String {
    let line = |problem: &Problem| match problem.file {
        Some(_) => format!("{problem}\n"),
        None => format!("newsagg: {problem}\n"),
    };
    problems.iter().map(line).collect()
}
