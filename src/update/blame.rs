//! Who is left alone after a round, and for how long.

use std::collections::HashSet;
use std::time::Duration;

use super::House;
use super::agenda::Turn;
use super::sources::quota_of;
use crate::backoff::{self, Blame, Cause};
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
    let outcomes = asked.iter().map(|index| {
        let tally = &round.tallies[*index];
        let host = tally.failed_at.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
        (host, tally.failures.first().filter(|_| tally.pages + tally.unchanged == 0))
    });
    backoff::our_line_is_down(outcomes)
}

fn release(config: &Config, house: &mut House<'_>, index: usize, alive: &mut HashSet<String>) {
    let source = &config.sources[index];
    let account = quota_of(source).account;
    let plan = source.source.as_ref().map(|own| own.plan()).unwrap_or_default();
    for scope in plan.iter().flat_map(|request| backoff::scopes(&request.url, &account)) {
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
    let (Some(failure), Some(url)) = (tally.failures.first(), &tally.failed_at) else { return };
    let account = quota_of(&config.sources[index]).account;
    let now = house.clock.now();
    let Some(Blame { scope, cause, asked }) = backoff::judge(failure, url, &account) else { return };
    if cause == Cause::OurClock {
        log::warn!("the system clock is wrong: {} says so by its certificate", scope.key());
        return;
    }
    let key = scope.key();
    if asked.is_none() && alive.contains(&key) || !blamed.insert(key.clone()) {
        return;
    }
    let known = house.limiter.hold_of(&key);
    let (count, since) =
        known.map_or((1, house.clock.wall()), |hold| (hold.count.saturating_add(1), hold.since));
    let luck = fingerprint(&key) ^ u64::from(count);
    let span = asked.unwrap_or_else(|| backoff::delay(cause, count, luck));
    if span == Duration::ZERO {
        return;
    }
    let until = now.saturating_add(span);
    let why = failure.to_string();
    let cause = if asked.is_some() { HoldCause::Asked } else { HoldCause::Backoff };
    house.limiter.hold(&key, Hold { until, why, cause, count, since });
}
