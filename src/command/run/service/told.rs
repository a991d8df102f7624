//! What a service does when it is told to: read the config again, ask now.

use std::rc::Rc;
use std::time::Duration;

use log::Level;

use super::super::Notice;
use super::Running;
use crate::config::{Config, Place, Problem, SourceConfig};
use crate::report::count;
use crate::schedule::{self, SHORTEST_EVERY};
use crate::store::{self, Lock, LockFailure};

impl Running<'_> {
    /// Reads the config again, and takes it over if all of it is good.
    pub(super) fn reload(&mut self) -> bool {
        let voice = self.voice;
        voice.tell(&Notice::Reloading);
        match self.read() {
            Ok((config, claim)) => {
                if let Some(claim) = claim {
                    self.claim = claim;
                }
                for warning in &config.warnings {
                    voice.say(Some(Level::Warn), &warning.to_string());
                }
                voice.say(None, &format!("the config was read again: {}", extent(&config)));
                self.config = Rc::new(config);
                self.reloading = true;
                self.broken = None;
                self.pause.forget();
                true
            }
            Err(problem) => {
                let line = format!("the old config stays: {problem}");
                voice.say(Some(Level::Error), &line);
                self.broken = Some(line);
                false
            }
        }
    }

    /// The config as it is now, and what takes the place of the claim, if that is for another state
    /// directory: nothing, where there can be none.
    fn read(&self) -> Result<(Config, Option<Option<Lock>>), String> {
        let told = |problems: Vec<Problem>| {
            let first = problems.first().map(Problem::to_string).unwrap_or_default();
            match problems.len() {
                0 | 1 => first,
                n => format!("{first} (and {} more: `newsagg check` names them)", n - 1),
            }
        };
        let config = (self.load)().map_err(told)?;
        let dir = config.state.dir.as_deref();
        let ours = self.claim.as_ref().zip(dir).is_some_and(|(lock, dir)| lock.is_service_of(dir));
        let claim = if ours { None } else { Some(claim(&config)?) };
        Ok((config, claim))
    }

    /// Whether an order to ask now holds for who is not due, too. More often than once a minute it
    /// does not, but in the user's own house.
    pub(super) fn may_hurry(&mut self) -> bool {
        self.pause.forget();
        let up = self.clock.moment().up;
        let soon = |last: Duration| up.saturating_sub(last) < SHORTEST_EVERY;
        if self.hurried.is_some_and(soon) && !all_at_home(&self.config) {
            let line = "told again within a minute to ask now: only who is due is asked";
            self.voice.say(None, line);
            return false;
        }
        self.hurried = Some(up);
        true
    }
}

/// Keeps other services out of the state directory. One that cannot be written keeps nobody out, and
/// every round says so.
pub(super) fn claim(config: &Config) -> Result<Option<Lock>, String> {
    let Some(dir) = &config.state.dir else { return Ok(None) };
    if store::make_directory(dir, 0o700).is_err() {
        return Ok(None);
    }
    match Lock::service(dir) {
        Ok(lock) => Ok(Some(lock)),
        Err(LockFailure::Held { by }) => {
            let dir = dir.display();
            Err(format!("a service runs with the state directory {dir} already: {by}"))
        }
        Err(LockFailure::Unwritable(_)) => Ok(None),
    }
}

/// `12 sources, 2 outputs`
pub(super) fn extent(config: &Config) -> String {
    let sources = count(config.sources.len(), "source", "sources");
    format!("{sources}, {}", count(config.outputs.len(), "output", "outputs"))
}

/// Whether all that is asked is the user's own ([`schedule::own_house`]).
fn all_at_home(config: &Config) -> bool {
    let network = config.sources.iter().filter(|source| source.place == Place::Network);
    let plan = |source: &SourceConfig| source.source.as_ref().map(|own| own.plan());
    let urls = network.filter_map(plan).flatten().map(|request| request.url);
    urls.into_iter().all(|url| schedule::own_house(&url))
}
