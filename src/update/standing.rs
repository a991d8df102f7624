//! How every source of a config stands by what is stored: nothing is asked, nothing is written.

use std::time::Duration;

use super::agenda::{ahead, due, failures, held, wishes_of};
use super::keeping::Stored;
use super::sources::quota_of;
use crate::clock::Clock;
use crate::config::{Config, Place, SourceConfig};
use crate::format::State;
use crate::limit::{HoldCause, Limiter};
use crate::source::Window;
use crate::state::{Known, Memory};
use crate::time::Timestamp;

/// One source of the config.
#[derive(Debug)]
pub struct Standing<'a> {
    /// As the config has it.
    pub source: &'a SourceConfig,
    /// All that is remembered of it.
    pub known: Option<&'a Known>,
    /// `None`: never asked, or stopped before an answer came.
    pub state: Option<State>,
    /// Since when it is not well.
    pub since: Option<Timestamp>,
    /// Why it is not well.
    pub error: Option<String>,
    /// How often in a row it failed, as far as that is remembered.
    pub failures: u32,
    /// Until when it is left alone, and why.
    pub pause: Option<Pause>,
    /// When it is asked next, at the earliest; now if it is due. `None` where nobody is asked, where
    /// the source's key is not at hand, and of a stream that a service listens to.
    pub due: Option<Timestamp>,
    /// The shortest time between two polls that everybody allows: the config and the publisher.
    pub allowed: Duration,
    /// Its windows, and what is left of each.
    pub quota: Vec<(Window, u32)>,
    /// How many items it shows.
    pub items: usize,
}

/// Why a source is left alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Pause {
    /// Until when.
    pub until: Timestamp,
    /// For people: `the server asked for it`.
    pub why: &'static str,
}

/// One for each source, in the order of the config.
pub fn standing<'a>(config: &'a Config, stored: &'a Stored, clock: &Clock) -> Vec<Standing<'a>> {
    let stand = |source| one(source, &stored.memory, &stored.limiter, clock);
    config.sources.iter().map(stand).collect()
}

/// The same by what a round of a service knows.
pub(super) fn by<'a>(
    config: &'a Config,
    memory: &'a Memory,
    limiter: &Limiter,
    clock: &Clock,
) -> Vec<Standing<'a>> {
    let stand = |source| {
        let mut standing = one(source, memory, limiter, clock);
        standing.listened();
        standing
    };
    config.sources.iter().map(stand).collect()
}

impl Standing<'_> {
    /// A service listens: a stream that nothing keeps from it comes by itself.
    pub fn listened(&mut self) {
        if self.source.is_stream() && self.pause.is_none() {
            self.due = None;
        }
    }
}

fn one<'a>(
    source: &'a SourceConfig,
    memory: &'a Memory,
    limiter: &Limiter,
    clock: &Clock,
) -> Standing<'a> {
    let now = clock.wall();
    let known = memory.of(&source.memory);
    let items = known.map_or(0, |known| known.shown().count());
    let mut standing = Standing {
        source,
        known,
        state: None,
        since: None,
        error: None,
        failures: 0,
        pause: None,
        due: None,
        allowed: allowed(source, known),
        quota: Vec::new(),
        items,
    };
    if let Some(known) = known.filter(|known| was_heard(known) || was_read(source, known)) {
        standing.state = Some(known.state());
        if let Some(illness) = &known.illness {
            // A time in the future is the mark of a clock that ran ahead.
            standing.since = Timestamp::from_unix(illness.since).map(|since| since.min(now));
            standing.error = Some(illness.error.clone());
        }
    }
    // Without its key nobody can tell what is counted for it.
    if source.place == Place::Network && source.source.is_some() {
        outlook(&mut standing, limiter, clock);
    }
    standing
}

/// Whether it is known how asking it ended: a service that is stopped may know only that it was
/// asked, and for a fault of our own nobody was.
fn was_heard(known: &Known) -> bool {
    let answered = known.totals.answered > 0 || !known.items.is_empty();
    known.illness.is_some() || known.asked().is_some() && answered
}

/// Whether a file was read: nobody is asked for one.
fn was_read(source: &SourceConfig, known: &Known) -> bool {
    source.place != Place::Network && (known.illness.is_some() || !known.items.is_empty())
}

/// What comes next.
fn outlook(standing: &mut Standing<'_>, limiter: &Limiter, clock: &Clock) {
    let (source, known) = (standing.source, standing.known);
    let (now, at) = (clock.wall(), clock.now());
    let terms = quota_of(source);
    let left = |window: &Window| (*window, limiter.left(&terms.account, window, at));
    standing.quota = terms.windows.iter().map(left).collect();
    let mut next = due(source, known, now).unwrap_or(now);
    if let Some(rest) = held(source, known, limiter, at, now) {
        let why = match rest.cause {
            HoldCause::Asked => "the server asked for it",
            HoldCause::Backoff => "it failed",
        };
        standing.pause = Some(Pause { until: rest.until, why });
    }
    if standing.state != Some(State::Ok) {
        standing.failures = failures(source, limiter);
    }
    let free = limiter.next(&terms.account, &terms.windows, at);
    if free > at && free < Duration::MAX {
        let until = ahead(free.saturating_sub(at), now);
        if standing.pause.as_ref().is_none_or(|pause| pause.until < until) {
            standing.pause = Some(Pause { until, why: "its quota is used up" });
        }
    }
    if let Some(pause) = &standing.pause {
        next = next.max(pause.until);
    }
    standing.due = Some(next);
}

/// Until when a source is left alone, in whole minutes: nobody needs to know it better, and a
/// document that says it is the same after the next round.
pub(super) fn until(
    source: &SourceConfig,
    known: Option<&Known>,
    limiter: &Limiter,
    clock: &Clock,
) -> Option<Timestamp> {
    const MINUTE: i64 = 60;
    let at = clock.now();
    let held = held(source, known, limiter, at, clock.wall()).map(|rest| rest.ends);
    let terms = quota_of(source);
    let free = limiter.next(&terms.account, &terms.windows, at);
    let free = Some(free).filter(|free| *free > at && *free < Duration::MAX);
    let until = clock.wall_at(held.max(free)?).unix();
    Timestamp::from_unix((until + MINUTE - 1).div_euclid(MINUTE) * MINUTE)
}

fn allowed(source: &SourceConfig, known: Option<&Known>) -> Duration {
    known.map_or(source.every, |known| wishes_of(source, known).interval())
}
