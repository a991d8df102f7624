//! Who is left alone after a round, and for how long.

use std::collections::HashSet;

use super::House;
use super::agenda::Turn;
use super::gather::Brought;
use super::sources::quota_of;
use crate::backoff::{self, Blame, Cause, Scope, Tried};
use crate::config::{Config, Place};
use crate::failure::Failure;
use crate::http::{Url, same_server};
use crate::limit::{Hold, HoldCause};
use crate::merge::fingerprint;
use crate::round::{Round, Trouble};
use crate::state::Memory;
use crate::time::Timestamp;

/// Looks at every source that was asked: who answered is released, who failed is held. Nobody is
/// blamed when our own line is down.
pub(super) fn place(
    config: &Config,
    memory: &Memory,
    house: &mut House<'_>,
    round: &mut Round,
    brought: &[Brought],
    turns: &[Turn],
) {
    let asked: Vec<usize> = (0..turns.len())
        .filter(|index| turns[*index] == Turn::Ask && round.tallies[*index].span.is_some())
        .collect();
    round.line_down = line_is_down(config, memory, round, &asked);
    if round.line_down {
        return;
    }
    // First who answered: a host with one dead feed is no dead host.
    let mut alive = HashSet::new();
    for index in &asked {
        let account = quota_of(&config.sources[*index]).account;
        for url in brought[*index].answered() {
            for scope in Scope::all(url, &account) {
                let key = scope.key();
                house.limiter.release(&key);
                alive.insert(key);
            }
        }
    }
    let mut blamed = HashSet::new();
    for index in &asked {
        // The first in a line of fallbacks is to be left alone even if another stood in for it.
        let trouble = round.tallies[*index].trouble.as_ref();
        let trouble = trouble.filter(|trouble| {
            let answered = brought[*index].answered().any(|url| *url == trouble.asked);
            !answered && (is_planned(config, *index, &trouble.asked) || !round.is_well(*index))
        });
        if let Some(trouble) = trouble {
            let account = quota_of(&config.sources[*index]).account;
            hold(house, trouble, &account, &alive, &mut blamed);
        }
    }
}

fn is_planned(config: &Config, index: usize, url: &Url) -> bool {
    let own = config.sources[index].source.as_ref();
    own.is_some_and(|own| own.plan().iter().any(|request| request.url == *url))
}

/// Whether nothing was reached, and nobody was while those who were not reached now were already
/// ill: then it is they who are down.
fn line_is_down(config: &Config, memory: &Memory, round: &Round, asked: &[usize]) -> bool {
    let tried = asked.iter().filter_map(|index| {
        let tally = &round.tallies[*index];
        let (url, failure) = match tally.trouble.as_ref().filter(|_| !round.is_well(*index)) {
            Some(trouble) => (&trouble.place, Some(&trouble.failure)),
            // Neither did a source that was cut off say anything, nor one that was not tried again.
            None if round.is_well(*index) => (tally.asked.as_ref()?, None),
            None => (tally.asked.as_ref()?, Some(tally.failures.first()?)),
        };
        Some(Tried { source: *index, url, failure })
    });
    let answered = memory.sources().iter().map(|known| known.totals.answered).max().unwrap_or(0);
    let proven = |index: &usize| {
        let known = memory.of(&config.sources[*index].memory);
        let illness = known.and_then(|known| known.illness.as_ref());
        illness.is_some_and(|illness| answered > illness.since)
    };
    let all = asked.len() == config.sources.iter().filter(|it| it.place == Place::Network).count();
    backoff::our_line_is_down(tried, all) && !asked.iter().all(proven)
}

/// A failure counts once for each scope and round, however many sources share it.
fn hold(
    house: &mut House<'_>,
    trouble: &Trouble,
    account: &str,
    alive: &HashSet<String>,
    blamed: &mut HashSet<String>,
) {
    let Trouble { asked, place, failure } = trouble;
    let at_home = same_server(asked, place);
    let wall = house.clock.wall();
    let account = if at_home { account } else { "" };
    let blame = backoff::judge(failure, place, account, wall).as_asked(asked);
    if blame.cause == Cause::OurClock {
        log::warn!("the system clock is wrong: a certificate says so that is newer than it");
    }
    let Some(scope) = &blame.scope else { return };
    // Behind a redirect it is the server there that failed, and what led to it is of no use.
    let led = (!at_home).then(|| Scope::url(asked).key());
    for key in std::iter::once(scope.key()).chain(led) {
        if blame.asked.is_none() && alive.contains(&key) || !blamed.insert(key.clone()) {
            continue;
        }
        hold_scope(house, key, &blame, failure, wall);
    }
}

fn hold_scope(
    house: &mut House<'_>,
    key: String,
    blame: &Blame,
    failure: &Failure,
    wall: Timestamp,
) {
    let now = house.clock.now();
    let known = house.limiter.hold_of(&key);
    // The round has seen to it already.
    if blame.asked.is_some() && known.is_some_and(|hold| hold.until > now) {
        return;
    }
    let (count, since) = known.map_or((1, wall), |hold| (hold.count.saturating_add(1), hold.since));
    let luck = fingerprint(&key) ^ u64::from(count);
    // Even a failure that costs nothing is counted: the next one may.
    let until = now.saturating_add(blame.wait(count, luck));
    let cause = if blame.asked.is_some() { HoldCause::Asked } else { HoldCause::Backoff };
    let why = failure.to_string();
    house.limiter.hold(&key, Hold { until, why, cause, count, since }, now);
}
