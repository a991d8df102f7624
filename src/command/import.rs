//! `newsagg import`: a subscription list as sources of a config.

use std::process::ExitCode;

use argh::{ArgsInfo, FromArgs};

use super::parse::read_file;
use super::{FAILED, say};
use crate::format::opml;

mod sources;

pub use sources::{Imported, MAX_TAGS, MAX_TOLD, sources};

/// No list is read that is longer: it would be no config.
pub const MAX_FILE: u64 = crate::config::MAX_CONFIG;

/// make sources of an OPML subscription list
#[derive(ArgsInfo, FromArgs, Debug, Default)]
pub struct ImportArgs {
    /// the list; `-` is stdin
    #[argh(positional, arg_name = "FILE.opml")]
    pub file: String,
}

/// Runs the command.
pub fn run(options: ImportArgs) -> ExitCode {
    let file = if options.file == "-" { "stdin" } else { &options.file };
    let list = read_file(&options.file, MAX_FILE).and_then(|bytes| opml::read(&bytes));
    let list = match list {
        Ok(list) => list,
        Err(why) => {
            say::err(&format!("newsagg: {}: {why}\n", crate::text::printable(file, MAX_PATH)));
            return ExitCode::from(FAILED);
        }
    };
    let imported = sources(&list);
    let printed = say::out(&imported.toml);
    say::err(&imported.told(file));
    if list.damage.is_some() { ExitCode::from(FAILED) } else { printed }
}

/// Of the name of a file no more is shown.
const MAX_PATH: usize = 4_096;
