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
#[argh(
    subcommand,
    name = "import",
    help_triggers("-h", "--help"),
    note = "A [[source]] is printed for each feed of the list, to be added to
newsagg.toml. Titles become names that no two sources have. Folders and
categories become tags, 32 at most. A feed that stands in the list more than
once is one source with the tags of all its places. `feed:` in front of an
address is dropped.
",
    note = "What is no feed, is a comment, or has no address that can be fetched is left
out, and named on stderr with its line, up to 100 times. Lists of any version
and charset are read. A list that is damaged, is cut off or has more than
20000 entries is read as far as possible; the exit code is then 1.",
    example = "newsagg import subscriptions.opml >>newsagg.toml && newsagg check
ssh desktop newsboat -e | newsagg import - >feeds.toml",
    error_code(0, "the sources are printed, even if something else of the list is left out"),
    error_code(1, "the list cannot be read, or not to its end"),
    error_code(2, "wrong usage")
)]
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
