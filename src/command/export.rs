//! `newsagg export`: the feed sources of the config as OPML.

use std::path::PathBuf;
use std::process::ExitCode;

use argh::{ArgsInfo, FromArgs};

use super::{FAILED, USAGE, say};
use crate::config::{self, Config, SourceConfig};
use crate::format::opml::{self, Subscription};
use crate::http::without_secrets;
use crate::text::printable;

/// Of a name no more is shown.
const MAX_SHOWN: usize = 60;

/// print the feeds of the config as OPML
#[derive(ArgsInfo, FromArgs, Debug, Default)]
#[argh(
    subcommand,
    name = "export",
    help_triggers("-h", "--help"),
    note = "The sources of kind feed are printed as OPML 2.0 for other readers: names are
titles, tags are categories. `newsagg import` makes the same names, addresses
and tags of it. Other kinds of sources are named on stderr. Passwords and keys
in addresses are left out, and that is said. No key is needed.",
    example = "newsagg export >feeds.opml
newsagg export -c newsagg.toml >feeds.opml && newsboat -i feeds.opml",
    error_code(0, "the list is printed"),
    error_code(1, "the list could not be printed"),
    error_code(2, "wrong usage or config")
)]
pub struct ExportArgs {
    /// read this config instead of the first that `newsagg --help` lists
    #[argh(option, short = 'c', arg_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Runs the command.
pub fn run(options: ExportArgs) -> ExitCode {
    let found = config::find(options.config.as_deref());
    let Some(path) = &found.path else {
        say::err(&say::nowhere(&found));
        return ExitCode::from(USAGE);
    };
    // Nobody is asked: no key is needed.
    let config = match Config::look(path, &[]) {
        Ok(config) => config,
        Err(problems) => return say::problems(&problems),
    };
    match list(&config) {
        Ok((opml, told)) => {
            let printed = say::out(&opml);
            say::err(&told);
            printed
        }
        Err(error) => {
            say::err(&format!("newsagg: {error}\n"));
            ExitCode::from(FAILED)
        }
    }
}

/// The list, and what is not in it, for people.
///
/// # Errors
/// What writing to memory said.
pub fn list(config: &Config) -> std::io::Result<(String, String)> {
    let mut told = String::new();
    let mut feeds = Vec::new();
    let mut others = Vec::new();
    for source in &config.sources {
        let Some(url) = source.feed() else {
            others.push(format!("\"{}\" ({})", shown(source), source.kind));
            continue;
        };
        let address = without_secrets(&url);
        // A fragment is nobody's secret, and sent to nobody.
        if address != url.as_str().split('#').next().unwrap_or_default() {
            let name = shown(source);
            told += &format!("newsagg: the address of \"{name}\" is told without its secret\n");
        }
        feeds.push((source, address));
    }
    if !others.is_empty() {
        told += &format!("newsagg: not in the list, which is of feeds: {}\n", others.join(", "));
    }
    let mut subscriptions = feeds.iter().map(|(source, url)| Subscription {
        name: &source.name,
        url,
        tags: &source.tags,
    });
    let mut out = Vec::new();
    opml::export(config::TITLE, &mut subscriptions, &mut out)?;
    Ok((String::from_utf8_lossy(&out).into_owned(), told))
}

fn shown(source: &SourceConfig) -> String {
    printable(&source.name, MAX_SHOWN)
}
