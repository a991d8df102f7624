//! newsagg.toml: what to ask, how, and where to write it.
//!
//! Reading it never stops at the first mistake: every problem of the file is found in one run,
//! each with its line and column.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use regex_lite::Regex;

use crate::http::{Header, Url};
use crate::merge::identity::IdBy;
use crate::source::{Source, Window};
use crate::transport;
use sheet::Need;

mod entry;
mod file;
mod find;
mod headers;
mod keys;
mod kinds;
mod suggest;
mod output;
pub mod schema;
mod secret;
mod sheet;
mod sources;
mod spec;
mod values;

pub use entry::{Entry, is_name};
pub use file::MAX_CONFIG;
pub use find::find;
pub use kinds::{KINDS, Kind, reader};
pub use output::{FORMATS, MODE, Output, OutputFormat, TITLE};
pub use secret::{Vault, stand_in};
pub use spec::{shorthands, without_feed};
pub use suggest::{either, nearest};
pub use values::{MAX_NAME, MAX_WORKERS, parse_url as feed_url};

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
    /// What the sources of the file are remembered under that were not selected.
    pub others: Vec<String>,
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
    /// Whether links are shown with their tracking parameters.
    pub tracking: bool,
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

/// One source: `[[source]]`.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Unique within the config.
    pub name: String,
    /// What it is remembered under between rounds: its name, or for a URL on the command line the
    /// host with a digest of the URL, since what it is named depends on what stands beside it.
    pub memory: String,
    /// `feed`, `hackernews`, ….
    pub kind: &'static str,
    /// Where its documents come from.
    pub place: Place,
    /// Its plan and its reader; `None` if one of its secrets could not be read.
    pub source: Option<Arc<dyn Source>>,
    /// The key of the config whose secret could not be read, such as `key` or
    /// `headers.authorization`. The source then fails in every round, and no request is made for it.
    pub missing_secret: Option<String>,
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
    /// What tells its items apart.
    pub id_by: IdBy,
    /// Whether its requests carry the validators of the last response.
    pub revalidate: bool,
    /// No more items than this from one answer.
    pub limit: Option<usize>,
    /// Only items whose title matches one of these, if there are any.
    pub include: Vec<Regex>,
    /// No items whose title matches one of these.
    pub exclude: Vec<Regex>,
    /// Whether links are shown with their tracking parameters.
    pub tracking: bool,
    /// Added to the tags of every item.
    pub tags: Vec<String>,
    /// Sliding windows, all hold; if there are any, they replace those of [`Source::quota`]
    /// (the user knows what was paid for), whose account they share.
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

impl SourceConfig {
    /// A source with the settings of `[fetch]` and nothing of its own, which is always due.
    pub fn new(
        name: String,
        kind: &'static str,
        place: Place,
        source: Option<Arc<dyn Source>>,
        fetch: &Fetch,
    ) -> SourceConfig {
        SourceConfig {
            memory: name.clone(),
            name,
            kind,
            place,
            source,
            missing_secret: None,
            timeout: fetch.timeout,
            retries: fetch.retries,
            per_host: None,
            options: fetch.options.clone(),
            every: Duration::ZERO,
            id_by: IdBy::default(),
            revalidate: true,
            limit: None,
            include: Vec::new(),
            exclude: Vec::new(),
            tracking: fetch.tracking,
            tags: Vec::new(),
            quota: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Where its feed is, if it is one on the web.
    pub fn feed(&self) -> Option<Url> {
        let source = self.source.as_ref().filter(|_| self.kind == "feed")?;
        source.plan().into_iter().next().map(|request| request.url)
    }
}

impl SourceConfig {
    /// Whether it comes by itself, and is not asked for in a round.
    pub fn is_stream(&self) -> bool {
        self.kind == "stream" && self.place == Place::Network
    }
}

impl Config {
    /// The defaults, without sources and outputs.
    pub fn empty() -> Config {
        Config {
            path: None,
            fetch: Fetch::default(),
            state: StateConfig::default(),
            schedule: Schedule::default(),
            outputs: Vec::new(),
            sources: Vec::new(),
            others: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Reads and checks a config file, secrets included.
    ///
    /// # Errors
    /// Every problem of the file, in the order of the file.
    pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
        Config::load_for(path, &[])
    }

    /// The same for a run that only asks what `specs` name (none: everything): another source
    /// whose secret is missing is no reason not to.
    ///
    /// # Errors
    /// Every problem of the file but those secrets, in the order of the file.
    pub fn load_for(path: &Path, specs: &[String]) -> Result<Config, Vec<Problem>> {
        Config::told(path, &Config::text(path)?, specs, &Vault::default())
    }

    /// The text of a config file.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn text(path: &Path) -> Result<String, Vec<Problem>> {
        file::read(path).map_err(|problem| vec![problem])
    }

    /// As [`Config::load_for`] with the text at hand, and its secrets from this vault.
    ///
    /// # Errors
    /// Every problem of the text but those secrets, in its order.
    pub fn told(
        path: &Path,
        text: &str,
        specs: &[String],
        vault: &Vault,
    ) -> Result<Config, Vec<Problem>> {
        file::parse(path, text, specs, Need::All, vault)
    }

    /// The same for who judges the config and asks nobody: where this is no service, its credentials
    /// are not at hand, a warning says so, and their sources have no plan.
    ///
    /// # Errors
    /// Every problem of the file, other secrets included, in the order of the file.
    pub fn review(path: &Path) -> Result<Config, Vec<Problem>> {
        let text = file::read(path).map_err(|problem| vec![problem])?;
        file::parse(path, &text, &[], Need::Own, &Vault::default())
    }

    /// The same for who asks nobody: no secret is needed, and a source without its own has no plan.
    /// The only warnings are those about them, and not about a service's credentials elsewhere.
    ///
    /// # Errors
    /// Every problem of the file but secrets, in the order of the file.
    pub fn look(path: &Path, specs: &[String]) -> Result<Config, Vec<Problem>> {
        let text = file::read(path).map_err(|problem| vec![problem])?;
        file::parse(path, &text, specs, Need::Nothing, &Vault::default())
    }

    /// The same with the text at hand; `path` is for messages and for what is relative to it.
    ///
    /// # Errors
    /// Every problem of the text, in its order.
    pub fn parse(path: &Path, text: &str) -> Result<Config, Vec<Problem>> {
        file::parse(path, text, &[], Need::All, &Vault::default())
    }

    /// A handful of sources that need no key.
    pub fn builtin() -> Config {
        spec::builtin()
    }

    /// `config` (none: the built-in one) with only the sources that `specs` name, made from
    /// the spec where it is not a name in the config. Without specs, the config itself.
    ///
    /// The result has at least one source and one output. With specs, and where the config has
    /// no output, that is text on stdout: a part of the news does not replace the files of the
    /// whole.
    ///
    /// # Errors
    /// A spec that is no source, or no source at all.
    pub fn select(config: Option<Config>, specs: &[String]) -> Result<Config, Vec<Problem>> {
        Config::select_with(config, specs, &Vault::default())
    }

    /// The same, and the specs' secrets from this vault.
    ///
    /// # Errors
    /// As [`Config::select`].
    pub fn select_with(
        config: Option<Config>,
        specs: &[String],
        vault: &Vault,
    ) -> Result<Config, Vec<Problem>> {
        let mut config = match (config, specs) {
            (Some(config), _) => config,
            (None, []) => Config::builtin(),
            (None, _) => Config::empty(),
        };
        if !specs.is_empty() {
            let (selected, warnings) = spec::select(&config, specs, vault)?;
            config.warnings.extend(warnings);
            let all = std::mem::replace(&mut config.sources, selected);
            config.others = all.into_iter().map(|source| source.memory).collect();
            config.outputs.clear();
        } else if config.sources.is_empty() {
            let message = "there is no [[source]]: nothing to ask".into();
            return Err(vec![Problem { file: config.path, at: None, message }]);
        }
        if config.outputs.is_empty() {
            config.outputs.push(Output::stdout(config.sources.len()));
        }
        Ok(config)
    }
}
