//! What is worth a line on the log: what changed. A source that fails for a week is told once.

use std::collections::BTreeMap;

use log::Level;

use super::Voice;
use crate::command::perform::{LINE_DOWN, complaints, listed};
use crate::command::status::age;
use crate::format::{SourceHealth, State};
use crate::live::Streams;
use crate::report::count;
use crate::time::Timestamp;
use crate::update::Updated;

/// How a source that is not well stands, why and since when.
type Illness = (State, Option<String>, Option<Timestamp>);

/// As much of how things stand as is needed to see that they changed.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Who is not well. In boxes: maps whose values are alike share their code.
    ill: BTreeMap<String, Box<Illness>>,
    /// Since when nothing is reached.
    down: Option<Timestamp>,
    /// Outputs that could not be written.
    unwritten: Vec<String>,
}

impl News {
    /// Takes note of how things stand, without a word.
    fn note(&mut self, updated: &Updated) {
        let ill = updated.health.iter().filter(|health| health.state != State::Ok);
        let told = |health: &SourceHealth| {
            (health.name.clone(), (group(health.state), health.error.clone(), health.since))
        };
        self.ill.clear();
        // One by one: collecting would sort, with a sort of its own.
        for (name, illness) in ill.map(told) {
            self.ill.insert(name, Box::new(illness));
        }
        self.unwritten.clone_from(&updated.unwritten);
    }

    /// Says which outputs can no longer be written, and that all can be again.
    pub fn outputs(&mut self, updated: &Updated, voice: &dyn Voice) {
        for error in &updated.unwritten {
            if !self.unwritten.contains(error) {
                voice.say(Some(Level::Error), error);
            }
        }
        if updated.unwritten.is_empty() && !self.unwritten.is_empty() {
            voice.say(None, "the outputs are written again");
        }
        self.unwritten.clone_from(&updated.unwritten);
    }

    /// Says what is not as it was.
    pub fn tell(&mut self, updated: &Updated, voice: &dyn Voice, now: Timestamp) {
        self.outputs(updated, voice);
        // Nobody is blamed for our own line. Of a single source the reason is told all the same.
        if self.line(updated.line_down, voice, now) && updated.health.len() > 1 {
            return;
        }
        let fell_ill = |health: &SourceHealth| {
            let known = self.ill.get(&health.name).map(|known| &**known);
            let same = |(state, error, _): &(State, Option<String>, _)| {
                *state == group(health.state) && *error == health.error
            };
            !known.is_some_and(same)
        };
        for (state, line) in complaints(updated, &fell_ill) {
            // A quota that is used up is as it should be.
            voice.say(Some(Level::Warn).filter(|_| state != State::Limited), &line);
        }
        self.well_again(updated, voice, now);
        self.note(updated);
    }

    /// Whether our own line is down, and a word when that changes.
    fn line(&mut self, down: bool, voice: &dyn Voice, now: Timestamp) -> bool {
        match (self.down, down) {
            (None, true) => {
                voice.say(Some(Level::Warn), LINE_DOWN);
                self.down = Some(now);
            }
            (Some(since), false) => {
                voice.say(None, &format!("the network is back after {}", age(since, now)));
                self.down = None;
            }
            _ => {}
        }
        down
    }

    fn well_again(&self, updated: &Updated, voice: &dyn Voice, now: Timestamp) {
        let well = updated.health.iter().filter(|health| health.state == State::Ok);
        let healed: Vec<(&str, Option<Timestamp>)> = well
            .filter_map(|health| Some((&*health.name, self.ill.get(&health.name)?.2)))
            .collect();
        for group in healed.chunk_by(|a, b| a.1 == b.1) {
            let names: Vec<&str> = group.iter().map(|(name, _)| *name).collect();
            let after = group[0].1.map(|since| format!(" after {}", age(since, now)));
            let line = format!("{}: well again{}", listed(&names), after.unwrap_or_default());
            voice.say(None, &line);
        }
    }
}

/// Whether there is something old to show makes no difference.
fn group(state: State) -> State {
    if state == State::Stale { State::Failed } else { state }
}

/// How many streams are open, for the end of that line.
pub(super) fn streams(live: &Streams) -> String {
    match live.open_since() {
        (0, _) | (_, None) => String::new(),
        (open, Some(since)) => {
            format!(", {} open since {since}", count(open, "stream", "streams"))
        }
    }
}

/// One line about how things stand (`STATUS=` of sd_notify(3)).
pub(super) fn status(updated: &Updated) -> String {
    let well = updated.health.iter().filter(|health| health.state == State::Ok).count();
    let all = updated.health.len();
    let ill = updated.health.iter().filter(|health| health.state != State::Ok);
    let ill: Vec<&str> = ill.map(|health| &*health.name).collect();
    let mut line = match (updated.line_down, ill.is_empty()) {
        (true, _) => "the network is down".to_owned(),
        (false, true) => format!("{} well", count(all, "source", "sources")),
        (false, false) => format!("{well} of {all} sources well (not: {})", listed(&ill)),
    };
    let stories = count(updated.report.items, "story", "stories");
    line += &format!(", {stories}, {} new", updated.report.new);
    if let Some(error) = updated.unwritten.first() {
        line += &format!("; {error}");
    }
    line
}
