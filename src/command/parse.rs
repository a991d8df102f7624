//! `newsagg parse`: how newsagg reads a document.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use argh::{ArgsInfo, FromArgs};

use super::say;
use crate::config::{KINDS, nearest};
use crate::store;

mod lines;

pub(super) use lines::read_file;

/// print how newsagg reads a document, as a line of JSON
#[derive(ArgsInfo, FromArgs, Debug, Default)]
#[argh(
    subcommand,
    name = "parse",
    help_triggers("-h", "--help"),
    note = "A line is printed for each file, in the order given: an object with `file`,
`ok`, `format`, `title`, `skipped` and `items`, or with `file`, `ok` and
`error`. Items are those of the format jsonl in the order of the document,
neither merged nor limited. `skipped` counts entries that were recognised and
left out.",
    example = "newsagg parse feed.xml
curl -s https://lobste.rs/rss | newsagg parse --base https://lobste.rs/rss -
newsagg parse --kind guardian answer.json | jq '.items[].title'",
    error_code(0, "every file was read"),
    error_code(1, "at least one file was not"),
    error_code(2, "wrong usage")
)]
pub struct ParseArgs {
    /// the documents; `-` is stdin
    #[argh(positional, arg_name = "FILE")]
    pub files: Vec<String>,
    /// read it as an answer of this kind of source: feed (default), newsapi, guardian, hackernews,
    /// reddit, github or stream
    #[argh(option, arg_name = "KIND", default = "String::from(\"feed\")", from_str_fn(kind))]
    pub kind: String,
    /// resolve relative links against URL
    #[argh(option, arg_name = "URL", from_str_fn(base))]
    pub base: Option<crate::http::Url>,
    /// read it as if it had been served with the `Content-Type` TYPE
    #[argh(option, arg_name = "TYPE")]
    pub content_type: Option<String>,
}

/// The kinds that `--kind` knows: those that need no config.
pub fn kinds() -> Vec<&'static str> {
    KINDS.iter().filter(|kind| kind.least.is_some()).map(|kind| kind.name).collect()
}

fn kind(text: &str) -> Result<String, String> {
    if kinds().contains(&text) {
        return Ok(text.to_owned());
    }
    if KINDS.iter().any(|kind| kind.name == text) {
        let told = "is read by the keys of a [[source]]; `newsagg check --online` tries them";
        return Err(format!("{text} {told}"));
    }
    let near = nearest(text, kinds()).map(|near| format!("; did you mean {near}?"));
    Err(format!("must be one of {}{}", kinds().join(", "), near.unwrap_or_default()))
}

fn base(text: &str) -> Result<crate::http::Url, String> {
    crate::http::Url::parse(text).map_err(|error| format!("must be an absolute URL ({error})"))
}

/// Runs the command.
pub fn run(options: ParseArgs) -> ExitCode {
    if options.files.is_empty() {
        return say::usage("`parse` needs FILE", Some("parse"));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match lines::print(&options, &mut out) {
        Ok(true) => ExitCode::from(super::OK),
        Ok(false) => ExitCode::from(super::FAILED),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(super::OK),
        Err(error) => {
            say::err(&format!("newsagg: writing to stdout: {}\n", store::plainly(&error)));
            ExitCode::from(super::FAILED)
        }
    }
}
