//! What a round leaves in the memory.

use std::collections::BTreeMap;
use std::time::Duration;

use super::agenda;
use super::gather::{Answer, Brought, keys};
use crate::config::{Config, SourceConfig};
use crate::failure::{Failure, Fault};
use crate::format::State;
use crate::http::{Held, Url, Validators, place, without_secrets};
use crate::limit::MAX_HOLD;
use crate::merge::{Published, fingerprint};
use crate::round::{Holding, Round, Tally};
use crate::state::{Document, Illness, Memory, Outcome, Poll};
use crate::time::Timestamp;

use super::account::{Verdict, is_unheard};

/// What is held of the answers to a source's plan.
pub(super) fn held(source: &SourceConfig, memory: &Memory) -> Vec<Option<Holding>> {
    let Some(known) = memory.of(&source.memory) else { return Vec::new() };
    let holding = |(line, key): (Vec<Url>, u64)| {
        let document = known.document(key)?;
        // The plan's own URL, or one of its fallbacks.
        let asked = line.into_iter().find(|url| fingerprint(url.as_str()) == document.asked)?;
        let validators = document.validators.clone();
        let held = Held { from: document.from, validators, digest: document.digest? };
        Some(Holding { asked, held })
    };
    agenda::lines_of(source).into_iter().zip(keys(source)).map(holding).collect()
}

/// Notes what every source brought. `durable` says whether all that a source led to is written.
/// Returns for each source how many of its items were never seen before. What was brought is handed
/// over: both at once would be the most that a round has in memory.
pub(super) fn note(
    config: &Config,
    memory: &mut Memory,
    round: &Round,
    brought: &mut [Brought],
    verdicts: &[Verdict],
    durable: &dyn Fn(usize) -> bool,
    now: Timestamp,
) -> Vec<usize> {
    let mut polls = Vec::new();
    let mut new = vec![0; config.sources.len()];
    for (index, source) in config.sources.iter().enumerate() {
        if !verdicts[index].asked {
            continue;
        }
        let (tally, verdict) = (&round.tallies[index], &verdicts[index]);
        let manners = manners(source, memory, now);
        let number = memory.meet(&source.memory);
        let stream = brought[index].shows.is_some();
        for root in &mut brought[index].roots {
            if root.read {
                let shown = root.take_items();
                let key = crate::state::root_of(root.key);
                new[index] += memory.show(number, key, &shown, root.whole, now);
            }
            if let Some(answer) = &root.answer {
                let old = memory.known(number).document(root.key).cloned();
                let usable = (root.whole || stream) && durable(index);
                // What a stream said is not said again: where it stood stays true until more is safe.
                if usable || !stream {
                    memory.hold(number, document(root.key, answer, old, usable));
                }
                if let Some(pace) = answer.pace {
                    memory.pace(number, pace);
                }
            }
        }
        if let Some(shows) = brought[index].shows {
            memory.trim(number, shows, now);
        }
        let roots = &brought[index].roots;
        if roots.iter().any(|root| root.read) && roots.iter().all(|root| root.whole) {
            let keys: Vec<u64> = roots.iter().map(|root| root.key).collect();
            memory.limit_to(number, &keys, now);
        }
        if !is_unheard(round, tally) {
            memory.ill(number, illness(verdict, tally, now));
        }
        // Nobody was asked if our own line was down, or a setting of ours wrong.
        let unasked = round.line_down || is_ours(tally);
        let poll = poll(number, &brought[index], tally, manners).filter(|_| !unasked);
        if let Some(poll) = poll {
            // A source that had to wait for its turn was not asked when the round began.
            let waited = tally.sent.map_or(Duration::ZERO, |sent| sent.saturating_sub(round.began));
            // Nobody knows which of them were asked after the machine woke.
            polls.push(((waited + round.slept).as_secs(), poll));
            remember_asking(memory, number, source);
            if tally.failures.is_empty() {
                let moved = tally.moved.as_ref().map(|to| concealed(source, to));
                memory.moved(number, moved.as_deref(), now);
            }
        }
    }
    note_polls(memory, polls, now);
    new
}

/// Whether a source brought nothing for reasons that are all our own.
fn is_ours(tally: &Tally) -> bool {
    let ours = |failure: &Failure| failure.fault == Fault::Ours;
    let nothing = tally.pages + tally.unchanged == 0 && !tally.failures.is_empty();
    nothing && tally.failures.iter().all(ours)
}

/// Where a redirect led, without the secrets of the source, which a server may have put there.
fn concealed(source: &SourceConfig, to: &Url) -> String {
    let plan = source.source.as_ref().map(|own| own.plan()).unwrap_or_default();
    plan.iter().fold(without_secrets(to), |shown, request| request.conceal(&shown))
}

/// Notes who was asked so many seconds after `began`.
fn note_polls(memory: &mut Memory, mut polls: Vec<(u64, Poll)>, began: Timestamp) {
    polls.sort_by_key(|(a, _)| *a);
    for run in polls.chunk_by(|a, b| a.0 == b.0) {
        let waited = i64::try_from(run[0].0).unwrap_or(0);
        let at = Timestamp::from_unix(began.unix().saturating_add(waited)).unwrap_or(began);
        memory.polls(at, run.iter().map(|(_, poll)| *poll).collect());
    }
}

/// What was asked for is known, even if nothing came of it.
fn remember_asking(memory: &mut Memory, number: u32, source: &SourceConfig) {
    let plan = source.source.as_ref().map(|own| own.plan()).unwrap_or_default();
    for (request, key) in plan.iter().zip(keys(source)) {
        if memory.known(number).document(key).is_none() {
            let asked = fingerprint(request.url.as_str());
            memory.hold(number, Document { key, asked, ..Document::default() });
        }
    }
}

/// What is held of a document from now on.
fn document(key: u64, answer: &Answer, old: Option<Document>, usable: bool) -> Document {
    let asked = fingerprint(answer.asked.as_str());
    let Answer { response, .. } = answer;
    let from = place(&response.url);
    let unusable = Document { key, asked, from, ..Document::default() };
    let told = &response.validators;
    match (answer.pace, old) {
        // A 304 need not say again what is still true; each of the two stands for itself.
        (None, Some(old)) if response.status == 304 => {
            let etag = told.etag.clone().or(old.validators.etag);
            let last_modified = told.last_modified.clone().or(old.validators.last_modified);
            Document { validators: Validators { etag, last_modified }, ..old }
        }
        // What the outputs do not show yet must come again whole.
        (Some(_), _) if !usable => unusable,
        _ => Document { validators: told.clone(), digest: Some(answer.digest), ..unusable },
    }
}

pub(super) fn illness(verdict: &Verdict, tally: &Tally, now: Timestamp) -> Option<Illness> {
    let error = verdict.error.clone().filter(|_| verdict.state != State::Ok)?;
    let status = tally.failures.first().and_then(|failure: &Failure| failure.status);
    Some(Illness { state: verdict.state, since: now.unix(), status, error })
}

/// Notes that these items, by source and fingerprint, were printed.
pub(super) fn printed(config: &Config, memory: &mut Memory, items: &[(usize, u64)]) {
    for run in items.chunk_by(|a, b| a.0 == b.0) {
        let number = memory.meet(&config.sources[run[0].0].memory);
        memory.printed(number, run.iter().map(|(_, id)| *id).collect());
    }
}

/// Notes under which ids items were published.
pub(super) fn published(config: &Config, memory: &mut Memory, items: Vec<(usize, Published)>) {
    let mut of_source: BTreeMap<usize, Vec<Published>> = BTreeMap::new();
    items.into_iter().for_each(|(index, item)| of_source.entry(index).or_default().push(item));
    for (index, published) in of_source {
        let number = memory.meet(&config.sources[index].memory);
        memory.publish(number, published);
    }
}

/// How it went to ask a source; `None` if no request was sent.
fn poll(number: u32, brought: &Brought, tally: &Tally, manners: Manners) -> Option<Poll> {
    tally.span?;
    let outcome = match (tally.pages, tally.unchanged, &tally.failures[..]) {
        (0, 0, failures) if failures.iter().any(|failure| failure.status == Some(429)) => {
            Outcome::Refused
        }
        (0, 0, _) => Outcome::Failed,
        (0, _, _) => Outcome::Unchanged,
        _ => Outcome::Fresh,
    };
    let answers = brought.roots.iter().filter_map(|root| root.answer.as_ref());
    let fresh_for = answers.filter_map(|answer| answer.response.fresh_for).min();
    let (from, to) = tally.span.unwrap_or_default();
    Some(Poll {
        source: number,
        outcome,
        held: tally.held > 0,
        conditional: tally.conditional >= tally.held,
        ms: u32::try_from(to.saturating_sub(from).as_millis()).unwrap_or(u32::MAX),
        fresh_for: fresh_for.map(seconds),
        requests: tally.requests,
        early: manners.early,
        pressed: manners.pressed,
        wait: wait(tally).map(seconds),
    })
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

/// Whether all of a source's servers want to be left alone, and for how long at least.
fn wait(tally: &Tally) -> Option<Duration> {
    if tally.pages + tally.unchanged > 0 {
        return None;
    }
    // One that did not ask for it may be asked again.
    let waits = tally.failures.iter().map(|failure| failure.retry_after.unwrap_or_default());
    waits.min().filter(|wait| !wait.is_zero()).map(|wait| wait.min(MAX_HOLD))
}

/// How it was to ask a source at `now`, by what was remembered before.
#[derive(Clone, Copy, Debug, Default)]
struct Manners {
    early: bool,
    pressed: bool,
}

fn manners(source: &SourceConfig, memory: &Memory, now: Timestamp) -> Manners {
    let Some(known) = memory.of(&source.memory) else { return Manners::default() };
    // Another request than last time was asked of nobody yet.
    if agenda::is_new(source, known) {
        return Manners::default();
    }
    let (asked, until) = (known.totals.asked, known.totals.wait_until);
    Manners {
        early: agenda::due(source, Some(known), now).is_some(),
        pressed: (asked..until).contains(&now.unix()),
    }
}
