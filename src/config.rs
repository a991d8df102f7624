//! newsagg.toml: what to ask, how, and where to write it.
//!
//! Reading it never stops at the first mistake: every problem of the file is found in one run,
//! each with its line and column. What a kind or a format of a later version needs is checked
//! like the rest, and marked as [`Place::Later`] or [`OutputFormat::Later`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use regex_lite::Regex;

use crate::format::Format;
use crate::http::Header;
use crate::source::{Source, Window};
use crate::transport;

/// Everything that one round needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it was read; `None` for the built-in one and for sources from the command line alone.
    pub path: Option<PathBuf>,
    /// `[fetch]`.
    pub fetch: Fetch,
    /// `[state]`.
    pub state: StateConfig,
    /// `[schedule]`.
    pub schedule: Schedule,
    /// `[[output]]`, in the order of the file. Empty: `once` prints text to stdout.
    pub outputs: Vec<Output>,
    /// `[[source]]`, in the order of the file; names are unique.
    pub sources: Vec<SourceConfig>,
    /// What is odd but not wrong: a key file that others can read.
    pub warnings: Vec<Problem>,
}

/// How requests are made: `[fetch]`.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// Never more requests in flight than this; at least 1.
    pub workers: usize,
    /// Never more than this to one host; at least 1.
    pub per_host: usize,
    /// One request, connect to last byte.
    pub timeout: Duration,
    /// One round; what cannot be sent before it is put off.
    pub deadline: Duration,
    /// How often a request that failed in passing is made again.
    pub retries: u32,
    /// What the transport needs: user agent, `max_body`, `connect_timeout`, proxy.
    pub options: transport::Options,
}

/// What is remembered, and where: `[state]`.
#[derive(Clone, Debug)]
pub struct StateConfig {
    /// `dir`, else `$STATE_DIRECTORY`, else `$XDG_STATE_HOME/newsagg`, else
    /// `~/.local/state/newsagg`; `None` when not even `$HOME` is known.
    pub dir: Option<PathBuf>,
    /// How long an item is remembered after its source dropped it.
    pub keep: Duration,
}

/// When sources are asked: `[schedule]`.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The default for sources that say nothing.
    pub every: Duration,
    /// A part of `every`, 0 to 1: `0.1` for `"10%"`.
    pub jitter: f64,
}

/// One document to write: `[[output]]`.
#[derive(Clone, Debug)]
pub struct Output {
    /// Absolute or relative to the current directory; `None` is stdout.
    pub path: Option<PathBuf>,
    /// How it is written.
    pub format: OutputFormat,
    /// No more items than this.
    pub limit: Option<usize>,
    /// No items older than this.
    pub max_age: Option<Duration>,
    /// The document's title.
    pub title: String,
    /// Indices into [`Config::sources`], ascending; all of them if the config names none.
    pub sources: Vec<usize>,
    /// Permission bits of the file: `0o644`.
    pub mode: u32,
}

/// How an output is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// A format of this version.
    Now(Format),
    /// A format that a later version writes: its name.
    Later(&'static str),
}

/// One source: `[[source]]`.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Unique within the config.
    pub name: String,
    /// `feed`, `hackernews`, ….
    pub kind: &'static str,
    /// Where its documents come from.
    pub place: Place,
    /// Its plan and its reader; `None` exactly if `place` is [`Place::Later`].
    pub source: Option<Arc<dyn Source>>,
    /// One request, connect to last byte.
    pub timeout: Duration,
    /// How often a request that failed in passing is made again.
    pub retries: u32,
    /// `per_host` as written in this source. Without it the source's own
    /// ([`Source::per_host`]) holds, then [`Fetch::per_host`].
    pub per_host: Option<usize>,
    /// User agent, `max_body`, `connect_timeout`, proxy: `[fetch]` with this source's own keys.
    pub options: transport::Options,
    /// How often it is due.
    pub every: Duration,
    /// No more items than this from one answer.
    pub limit: Option<usize>,
    /// Only items whose title matches one of these, if there are any.
    pub include: Vec<Regex>,
    /// No items whose title matches one of these.
    pub exclude: Vec<Regex>,
    /// Added to the tags of every item.
    pub tags: Vec<String>,
    /// Sliding windows, all hold, beside those of [`Source::quota`], whose account they share.
    pub quota: Vec<Window>,
    /// Sent with every request of this source.
    pub headers: Vec<Header>,
}

/// Where a source's documents come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Asked for over HTTP.
    Network,
    /// A feed in a file.
    File(PathBuf),
    /// A feed on stdin.
    Stdin,
    /// A kind that a later version reads: `once` says so and goes on.
    Later,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The config file; `None` for the command line and the environment.
    pub file: Option<PathBuf>,
    /// Line and column, in characters, from 1; `None` when it is about no line.
    pub at: Option<(usize, usize)>,
    /// For people: lower case, no period, no secrets.
    pub message: String,
}

/// `newsagg.toml:12:3: message`.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", file.display())?;
            if let Some((line, column)) = self.at {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&self.message)
    }
}

/// Where a config was looked for, and found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The first that exists.
    pub path: Option<PathBuf>,
    /// Everywhere it was looked for, in order, for the message that there is none.
    pub looked: Vec<PathBuf>,
}

/// Looks for a config: `explicit` (`-c`), `$NEWSAGG_CONFIG`, `$CONFIGURATION_DIRECTORY`,
/// `$XDG_CONFIG_HOME` or `~/.config`, `/etc`. The first two need not exist to be chosen.
pub fn find(_explicit: Option<&Path>) -> Found {
    todo!()
}

impl Config {
    /// Reads and checks a config file, secrets included.
    ///
    /// # Errors
    /// Every problem of the file, in the order of the file.
    pub fn load(_path: &Path) -> Result<Config, Vec<Problem>> {
        todo!()
    }

    /// A handful of sources that need no key.
    pub fn builtin() -> Config {
        todo!()
    }

    /// `config` (none: the built-in one) with only the sources that `specs` name, made from
    /// the spec where it is not a name in the config. Without specs, the config itself.
    ///
    /// With specs, the outputs are one: text on stdout. A part of the news does not
    /// replace the files of the whole.
    ///
    /// # Errors
    /// A spec that is no source, a key that is missing, a kind of a later version.
    pub fn select(_config: Option<Config>, _specs: &[String]) -> Result<Config, Vec<Problem>> {
        todo!()
    }
}
