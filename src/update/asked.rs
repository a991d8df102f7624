//! What a process knows of whom it asked, where it cannot be written down: a service on a full or
//! read-only disk, or without one, must not ask everybody each time that it gets up.

use std::collections::HashSet;

use super::gather::Brought;
use super::{House, agenda::Turn};
use crate::clock::Clock;
use crate::config::Config;
use crate::limit::Limiter;
use crate::round::Round;
use crate::state::{Late, Memory};
use crate::time::Moment;

/// What the rounds of a process could not save: nothing, as long as they can.
///
/// There is no more of it than sources in the config and what a ledger holds at most.
#[derive(Debug, Default)]
pub struct Asked {
    sources: Late,
    /// Sources, by the name that they are remembered under, whose last answer is lost but for the
    /// outputs.
    lost: HashSet<String>,
    /// The ledger, as it would have been written.
    ledger: Option<Vec<u8>>,
}

/// What a round came to.
pub(super) struct Outcome<'a> {
    pub config: &'a Config,
    pub memory: &'a Memory,
    pub round: &'a Round,
    pub brought: &'a [Brought],
    /// Whether quotas and holds, and what is remembered of sources, are on the disk.
    pub saved: (bool, bool),
}

impl Asked {
    /// Tells at `moment` what was read just now about what could not be saved before.
    pub(super) fn remind(
        &mut self,
        memory: &mut Memory,
        limiter: &mut Limiter,
        clock: &Clock,
        moment: &Moment,
    ) {
        memory.remind(std::mem::take(&mut self.sources), moment);
        let now = clock.now();
        let ledger =
            self.ledger.as_ref().and_then(|l| Limiter::decode(l, now, clock.moment()).ok());
        if let Some(ledger) = ledger {
            limiter.absorb(ledger, now);
        }
    }

    /// For each source of the config, whether the outputs may show items of it that nobody could
    /// bring back.
    pub(super) fn lost(&self, config: &Config, turns: &[Turn]) -> Vec<bool> {
        let sources = config.sources.iter().zip(turns);
        let rests = |turn: &Turn| matches!(turn, Turn::NotDue(_) | Turn::Nobody(_));
        let lost =
            sources.map(|(source, turn)| rests(turn) && self.lost.contains(source.memory.as_str()));
        lost.collect()
    }
}

/// Keeps what a round could not save, and forgets what is saved.
pub(super) fn note(house: &mut House<'_>, outcome: &Outcome<'_>) {
    let Outcome { config, memory, round, brought, saved } = outcome;
    let (quotas, sources) = *saved;
    let silent = round.tallies.iter().all(|tally| tally.span.is_none());
    if quotas && !house.limiter.changed() {
        house.asked.ledger = None;
    } else if !silent {
        let now = house.clock.now();
        house.limiter.settle(now);
        house.asked.ledger = Some(house.limiter.encode(now, house.clock.moment()));
    }
    if sources {
        house.asked = Asked { ledger: house.asked.ledger.take(), ..Asked::default() };
        return;
    }
    let wanted = |name: &str| config.sources.iter().any(|source| source.memory == name);
    house.asked.sources = memory.late(&wanted);
    house.asked.lost.retain(|name| wanted(name));
    for (source, (brought, tally)) in config.sources.iter().zip(brought.iter().zip(&round.tallies))
    {
        if brought.is_read() && tally.span.is_some() {
            house.asked.lost.insert(source.memory.clone());
        } else if tally.unchanged > 0 {
            // It is what the journal holds.
            house.asked.lost.remove(source.memory.as_str());
        }
    }
}
