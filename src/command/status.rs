//! `newsagg status`: what the last runs left behind. Nobody is asked and nothing is written, so it
//! may run while another newsagg does, and on a file system that is read-only.

use std::path::PathBuf;
use std::process::ExitCode;

use argh::{ArgsInfo, FromArgs};

use super::{FAILED, USAGE, perform, say};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::format::{State, Style};
use crate::store;
use crate::time::Timestamp;
use crate::update::{Standing, Stored, standing, stored};

mod details;
mod json;
mod table;
mod words;

pub use details::{DAYS_OF_MOVED, wrap};
pub use words::{age, ahead};

/// Without a terminal, lines are not longer than this.
pub const WIDTH: usize = 80;

/// what the last runs left behind, per source
#[derive(ArgsInfo, FromArgs, Debug, Default)]
pub struct StatusArgs {
    /// only these sources
    #[argh(positional, arg_name = "SOURCE")]
    pub sources: Vec<String>,
    /// the config file
    #[argh(option, short = 'c')]
    pub config: Option<PathBuf>,
    /// for programs
    #[argh(switch)]
    pub json: bool,
}

/// Runs the command.
pub fn run(options: StatusArgs) -> ExitCode {
    super::log::set_up(false, 0);
    let found = config::find(options.config.as_deref());
    let Some(path) = &found.path else {
        say::err(&say::nowhere(&found));
        return ExitCode::from(USAGE);
    };
    let config = Config::load_for(path, &options.sources)
        .and_then(|config| Config::select(Some(config), &options.sources));
    let config = match config {
        Ok(config) => config,
        Err(problems) => return say::problems(&problems),
    };
    let clock = Clock::system();
    let stored = stored(&config, &clock);
    if let Some(why) = &stored.unreadable {
        say::err(&format!("newsagg: {why}\n"));
        return ExitCode::from(FAILED);
    }
    // Without a SOURCE, what is remembered of others is worth a word.
    let view = View::new(&config, &stored, &clock, options.sources.is_empty());
    let text = if options.json { json(&view) } else { text(&view, perform::style()) };
    let written = say::out(&text);
    if view.sources.iter().all(is_well) { written } else { ExitCode::from(FAILED) }
}

/// All that is shown.
#[derive(Debug)]
pub struct View<'a> {
    /// In the order of the config.
    pub sources: Vec<Standing<'a>>,
    /// How many sources are remembered that the config does not name; 0 if that was not asked.
    pub unnamed: usize,
    /// When a source was last asked, of all.
    pub last_round: Option<Timestamp>,
    /// Where all this is stored.
    pub dir: String,
    /// How many bytes that takes; `None` where it is not there yet.
    pub size: Option<u64>,
    /// What time it is.
    pub now: Timestamp,
}

impl<'a> View<'a> {
    /// `everything` is not asked for a part of the config only.
    pub fn new(
        config: &'a Config,
        stored: &'a Stored,
        clock: &Clock,
        everything: bool,
    ) -> View<'a> {
        let named = |name: &str| config.sources.iter().any(|source| source.memory == name);
        let known = stored.memory.sources().iter();
        let known = known.filter(|known| known.asked().is_some() || !known.items.is_empty());
        let dir = config.state.dir.as_deref();
        View {
            sources: standing(config, stored, clock),
            unnamed: known.filter(|known| everything && !named(&known.name)).count(),
            last_round: stored.memory.last_round(),
            dir: dir.map_or_else(String::new, |dir| dir.display().to_string()),
            size: dir.filter(|dir| dir.is_dir()).map(store::directory_size),
            now: clock.wall(),
        }
    }
}

/// Whether a monitor has nothing to say.
fn is_well(standing: &Standing<'_>) -> bool {
    standing.state == Some(State::Ok)
}

/// `new` is never asked.
fn state_name(standing: &Standing<'_>) -> &'static str {
    standing.state.map_or("new", State::name)
}

/// The share of the last polls in percent that took at most so long, milliseconds: by nearest rank.
fn percentile(latencies: &[u32], percent: usize) -> Option<u32> {
    let mut sorted = latencies.to_vec();
    crate::sort::all(&mut sorted);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// For programs: one object, whose keys stay.
pub fn json(view: &View<'_>) -> String {
    json::text(view)
}

/// For people.
pub fn text(view: &View<'_>, style: Style) -> String {
    let width = style.width.unwrap_or(WIDTH);
    let mut text = String::new();
    if view.sources.iter().all(|source| source.state.is_none()) {
        text.push_str("Nothing was asked yet: `newsagg once` asks.\n");
    } else {
        table::write(&mut text, view, Style { width: Some(width), ..style });
        details::write(&mut text, view, width);
    }
    text.push('\n');
    details::footer(&mut text, view);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_latencies_that_were_measured() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[7], 50), Some(7));
        assert_eq!(percentile(&[7], 95), Some(7));
        assert_eq!(percentile(&[40, 10, 30, 20], 50), Some(20));
        let all: Vec<u32> = (1..=32).rev().collect();
        assert_eq!((percentile(&all, 50), percentile(&all, 95)), (Some(16), Some(31)));
    }
}
