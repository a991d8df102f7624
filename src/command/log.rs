//! What happens, line by line, on stderr.

use std::io::Write;
use std::sync::Arc;

use log::{Level, LevelFilter};

use super::progress::Line;

/// Sets the log up: `-q` errors only, `-v` a line per source and round, `-vv` one per request;
/// without them `$RUST_LOG`, and without that warnings. With neither, long work may show a line on a
/// terminal; what is logged takes its place.
pub fn set_up(quiet: bool, verbose: u8) -> Option<Arc<Line>> {
    let mut builder = env_logger::Builder::new();
    let level = match (quiet, verbose) {
        (true, _) => Some(LevelFilter::Error),
        (_, 0) => None,
        (_, 1) => Some(LevelFilter::Info),
        _ => Some(LevelFilter::Debug),
    };
    match (level, std::env::var("RUST_LOG")) {
        // Of the libraries beneath, only what is wrong with them is of interest.
        (Some(level), _) => {
            builder.filter_level(level.min(LevelFilter::Warn)).filter_module("newsagg", level);
        }
        (None, Ok(filters)) => {
            builder.parse_filters(&filters);
        }
        (None, Err(_)) => {
            builder.filter_level(LevelFilter::Warn);
        }
    }
    let journal = in_journal();
    let line = Line::open(quiet, verbose);
    let shown = line.clone();
    builder.format(move |out, record| {
        if let Some(line) = &shown {
            line.erase();
        }
        if journal {
            write!(out, "<{}>", priority(record.level()))?;
        }
        writeln!(out, "newsagg: {}", record.args())
    });
    // The only other logger could be one of a test's.
    let _ = builder.try_init();
    line
}

/// What is worth knowing although nothing is wrong, and whatever is logged: sd-daemon(3) has a
/// priority for it, `log` has none.
pub fn notice(line: &str) {
    let priority = if in_journal() { "<5>" } else { "" };
    super::say::err(&format!("{priority}newsagg: {line}\n"));
}

/// An error of several lines, for a terminal and for the journal, which takes each for itself.
pub fn failure(text: &str) {
    if !in_journal() {
        return super::say::err(text);
    }
    let error = priority(Level::Error);
    super::say::err(&text.lines().map(|line| format!("<{error}>{line}\n")).collect::<String>());
}

fn in_journal() -> bool {
    std::env::var_os("JOURNAL_STREAM").is_some()
}

/// sd-daemon(3)
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}
