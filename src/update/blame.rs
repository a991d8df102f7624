//! Who is left alone after a round, and for how long.

use std::collections::HashSet;

use super::House;
use super::agenda::Turn;
use super::sources::quota_of;
use crate::backoff::{self, Cause, Scope, Tried};
use crate::config::Config;
use crate::limit::{Hold, HoldCause};
use crate::merge::fingerprint;
use crate::round::{Round, Tally};

/// Looks at every source that was asked: who answered is released, who failed is held. Nobody is
/// blamed when our own line is down.
pub(super) fn place(config: &Config, house: &mut House<'_>, round: &mut Round, turns: &[Turn]) {
    let asked: Vec<usize> = (0..turns.len())
        .filter(|index| turns[*index] == Turn::Ask && round.tallies[*index].span.is_some())
        .collect();
    round.line_down = line_is_down(round, &asked);
    if round.line_down {
        log::warn!("nothing could be reached: the network is down, no source is blamed");
        return;
    }
    // First who answered: a host with one dead feed is no dead host.
    let mut alive = HashSet::new();
    for index in &asked {
        let tally = &round.tallies[*index];
        if tally.pages + tally.unchanged > 0 {
            release(config, house, *index, &mut alive);
        }
    }
    let mut blamed = HashSet::new();
    for index in &asked {
        let tally = &round.tallies[*index];
        if tally.pages + tally.unchanged == 0 {
            hold(config, house, *index, tally, &alive, &mut blamed);
        }
    }
}

fn line_is_down(round: &Round, asked: &[usize]) -> bool {
    let tried = asked.iter().filter_map(|index| {
        let tally = &round.tallies[*index];
        let fruitless = tally.pages + tally.unchanged == 0;
        let (url, failure) = match tally.trouble.as_ref().filter(|_| fruitless) {
            Some((url, failure)) => (url, Some(failure)),
            None => (tally.asked.as_ref()?, None),
        };
        Some(Tried { source: *index, url, failure })
    });
    backoff::our_line_is_down(tried)
}

fn release(config: &Config, house: &mut House<'_>, index: usize, alive: &mut HashSet<String>) {
    let source = &config.sources[index];
    let account = quota_of(source).account;
    let plan = source.source.as_ref().map(|own| own.plan()).unwrap_or_default();
    for scope in plan.iter().flat_map(|request| Scope::all(&request.url, &account)) {
        let key = scope.key();
        house.limiter.release(&key);
        alive.insert(key);
    }
}

/// A failure counts once for each scope and round, however many sources share it.
fn hold(
    config: &Config,
    house: &mut House<'_>,
    index: usize,
    tally: &Tally,
    alive: &HashSet<String>,
    blamed: &mut HashSet<String>,
) {
    // The first of a line of fallbacks is the one that is asked again.
    let Some((url, failure)) = &tally.trouble else { return };
    let account = quota_of(&config.sources[index]).account;
    let now = house.clock.now();
    let wall = house.clock.wall();
    let blame = backoff::judge(failure, url, &account, wall);
    if blame.cause == Cause::OurClock {
        log::warn!("the system clock is wrong: a certificate says so that is newer than it");
    }
    let Some(key) = blame.scope.as_ref().map(Scope::key) else { return };
    if blame.asked.is_none() && alive.contains(&key) || !blamed.insert(key.clone()) {
        return;
    }
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
