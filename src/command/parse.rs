//! `newsagg parse`: how newsagg reads a document.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use argh::{ArgsInfo, FromArgs};

use super::say;
use crate::store;

mod lines;

pub(super) use lines::read_file;

/// how newsagg reads a document: one JSON line per file
#[derive(ArgsInfo, FromArgs, Debug, Default)]
pub struct ParseArgs {
    /// files; `-` is stdin
    #[argh(positional, arg_name = "FILE")]
    pub files: Vec<String>,
    /// read it as an answer of this kind of source
    #[argh(option, default = "String::from(\"feed\")", from_str_fn(kind))]
    pub kind: String,
    /// what relative links are relative to
    #[argh(option, from_str_fn(base))]
    pub base: Option<crate::http::Url>,
    /// the Content-Type it was served with
    #[argh(option)]
    pub content_type: Option<String>,
}

/// The kinds that `--kind` knows.
pub const KINDS: [&str; 7] =
    ["feed", "newsapi", "guardian", "hackernews", "github", "reddit", "stream"];

fn kind(text: &str) -> Result<String, String> {
    if text == "json" {
        let message =
            "json is read by the pointers of a [[source]]; `newsagg check --online` tries them";
        return Err(message.into());
    }
    let known = || KINDS.into_iter();
    if known().any(|kind| kind == text) {
        return Ok(text.to_owned());
    }
    let near = crate::config::nearest(text, known()).map(|near| format!("; did you mean {near}?"));
    Err(format!("must be one of {}{}", KINDS.join(", "), near.unwrap_or_default()))
}

fn base(text: &str) -> Result<crate::http::Url, String> {
    crate::http::Url::parse(text).map_err(|error| format!("must be an absolute URL ({error})"))
}

/// Runs the command.
pub fn run(options: ParseArgs) -> ExitCode {
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
