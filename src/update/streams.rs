//! Streams, as a round opens and empties them.

use std::collections::HashSet;
use std::time::Duration;

use futures_lite::FutureExt;

use super::agenda::{self, Turn};
use super::gather::{Brought, Gathered, keys};
use super::sources::quota_of;
use super::{House, Wishes};
use crate::config::{Config, SourceConfig};
use crate::http::{Response, Url, Validators};
use crate::limit::HoldCause;
use crate::live::{Channel, Claims, Stand, Taken, Terms};
use crate::merge::fingerprint;
use crate::round::{Round, Tally, Trouble};
use crate::schedule::SHORTEST_EVERY;
use crate::source::live::Live;
use crate::source::{Quota, Window};
use crate::state::Memory;
use crate::time::Timestamp;

/// Closes what the config no longer has, and opens what is to be read.
pub(super) fn tune(
    config: &Config,
    house: &mut House<'_>,
    wishes: &Wishes,
    turns: &[Turn],
    memory: &Memory,
) {
    let wanted: Vec<(&str, Terms)> = config
        .sources
        .iter()
        .filter_map(|source| Some((source.name.as_str(), terms(source)?)))
        .collect();
    house.live.retain(|name, terms| wanted.iter().any(|own| (own.0, &own.1) == (name, terms)));
    if wishes.offline {
        return;
    }
    house.live.pass(house.clock.now());
    for (source, turn) in config.sources.iter().zip(turns) {
        let wanted = match turn {
            Turn::Ask => source.is_stream() || house.live.lasting,
            // A list is listened to whenever it is asked.
            Turn::NotDue(_) => !source.is_stream() && house.live.lasting,
            Turn::Held(_) | Turn::Nobody(_) | Turn::Unusable(_) => false,
        };
        if let Some(channel) = Some(source).filter(|_| wanted).and_then(|s| channel(s, memory)) {
            house.live.open(channel, &house.transport, house.executor);
        }
    }
}

/// Takes permits for the streams that wait for one to open, after the requests of the round had
/// theirs. Half of each window stays for the list that a stream tells of.
pub(super) fn admit(config: &Config, house: &mut House<'_>, turns: &[Turn]) {
    let now = house.clock.now();
    for (source, turn) in config.sources.iter().zip(turns) {
        let Quota { account, windows } = quota_of(source);
        let Claims { wants, more, unsent } = house.live.claims(&source.name);
        house.limiter.also(&account, more, now);
        if let Some(left) = unsent {
            house.limiter.never_left(&account, left);
        }
        if !wants {
            continue;
        }
        let taken = match turn {
            _ if house.halt.is_pulled() => Err(Duration::MAX),
            Turn::Ask | Turn::NotDue(_) => {
                let left = |window: &Window| house.limiter.left(&account, window, now);
                match windows.iter().find(|window| left(window) <= window.count / 2) {
                    // One more is free after so long on average.
                    Some(window) => {
                        let pause = window.per / window.count.max(1);
                        Err(now.saturating_add(pause.max(SHORTEST_EVERY)))
                    }
                    None => house.limiter.take(&account, &windows, now),
                }
            }
            Turn::Held(rest) => Err(rest.ends),
            Turn::Nobody(_) | Turn::Unusable(_) => Err(Duration::MAX),
        };
        match taken {
            Ok(()) => {
                // No word of its server about the quota is waited for.
                house.limiter.ended(&account);
                house.live.admit(&source.name, now);
            }
            // Nobody knows when: one that cannot be saved is tried again.
            Err(Duration::MAX) => {
                house.live.hold_back(&source.name, now.saturating_add(SHORTEST_EVERY));
            }
            Err(until) => house.live.hold_back(&source.name, until),
        }
    }
}

/// Whether a list said that there is news.
pub(super) fn is_due(source: &SourceConfig, house: &House<'_>) -> bool {
    !source.is_stream() && house.live.is_due(&source.name)
}

/// Whether a stream is read already: then it is asked for nothing, whoever is left alone.
pub(super) fn runs(source: &SourceConfig, house: &House<'_>) -> bool {
    source.is_stream() && house.live.runs(&source.name)
}

/// Listens for a while where nobody would be here later to hear the rest.
pub(super) async fn hear(house: &House<'_>, deadline: Duration) {
    if house.live.lasting {
        return;
    }
    let late = house.clock.sleep_until(deadline);
    house.live.heard_out(&house.clock).or(late).or(house.halt.pulled()).await;
}

/// Takes what the streams brought; a list is asked in this round, and has nothing else to say.
pub(super) fn take(
    config: &Config,
    house: &mut House<'_>,
    turns: &[Turn],
    round: &mut Round,
    gathered: &mut Gathered<'_>,
) {
    let began = round.began;
    for (index, source) in config.sources.iter().enumerate() {
        if !matches!(turns[index], Turn::Ask | Turn::Held(_)) {
            continue;
        }
        let now = house.clock.now();
        let Some(taken) = house.live.take(&source.name, now) else { continue };
        if source.is_stream() {
            let began = if house.live.lasting { now } else { began };
            round.tallies[index] = tally(source, &taken, (began, now));
            keep(source, index, taken, gathered);
        }
    }
    stand(config, house, &mut gathered.brought);
    if !house.live.lasting {
        house.live.retain(|_, _| false);
    }
    round.ended = round.ended.max(house.clock.now());
}

/// Says how the streams stand.
pub(super) fn stand(config: &Config, house: &House<'_>, brought: &mut [Brought]) {
    for (source, brought) in config.sources.iter().zip(brought) {
        brought.stand = house.live.stand(&source.name).or(brought.stand.take());
    }
}

/// Spares servers that asked for it the streams that break off: whoever of their sources was told.
pub(super) fn spare(config: &Config, house: &House<'_>, memory: &Memory, now: Timestamp) {
    let at = house.clock.now();
    for source in config.sources.iter().filter(|source| house.live.runs(&source.name)) {
        let rest = agenda::held(source, memory.of(&source.memory), &house.limiter, at, now);
        let asked = rest.filter(|rest| rest.cause == HoldCause::Asked);
        house.live.spare(&source.name, asked.map(|rest| rest.ends));
    }
}

fn tally(source: &SourceConfig, taken: &Taken, span: (Duration, Duration)) -> Tally {
    let Taken { items, answered, failed, requests, stand, .. } = taken;
    let asked = url(source);
    let trouble = failed.clone().zip(asked.clone());
    let trouble = trouble.map(|((failure, place), asked)| Trouble { asked, place, failure });
    let well = stand.failure.is_none();
    let happened = taken.news || *requests > 0 || trouble.is_some();
    let status = stand.failure.as_ref().map(|failure| failure.status);
    Tally {
        pages: usize::from(well && !items.is_empty()),
        unchanged: usize::from(well && items.is_empty() && *answered),
        items: items.len(),
        requests: *requests,
        status: status.unwrap_or(answered.then_some(200)),
        bytes_in: taken.bytes_in,
        failures: stand.failure.iter().cloned().collect(),
        asked,
        trouble,
        span: happened.then_some(span),
        sent: happened.then_some(span.0),
        ..Tally::default()
    }
}

fn keep(source: &SourceConfig, index: usize, taken: Taken, gathered: &mut Gathered<'_>) {
    let Taken { mut items, last_id, answered, .. } = taken;
    if let Some(url) = url(source).filter(|_| answered || !items.is_empty()) {
        gathered.answered(index, url.clone(), stood_at(url, last_id));
    }
    if !items.is_empty() {
        // Of more than it shows, the newest stay; of an item that came twice, the newer.
        items.reverse();
        let mut seen = HashSet::new();
        items.retain(|item| seen.insert(fingerprint(&item.id)));
        gathered.keep(index, 0, items);
    }
}

/// What is held of a stream: the id that it stood at is what tells one state of it from another.
fn stood_at(url: Url, last_id: String) -> Response {
    let etag = Some(last_id).filter(|id| !id.is_empty());
    Response {
        status: 200,
        url,
        body: Vec::new(),
        content_type: None,
        retry_after: None,
        validators: Validators { etag, last_modified: None },
        fresh_for: None,
        limits: Vec::new(),
        moved: None,
        delimited: true,
    }
}

fn channel(source: &SourceConfig, memory: &Memory) -> Option<Channel> {
    let terms = terms(source)?;
    let held = memory.of(&source.memory).filter(|_| source.is_stream());
    let document = held.and_then(|known| known.document(*terms.documents.first()?));
    let last_id = document.and_then(|document| document.validators.etag.clone());
    Some(Channel {
        name: source.name.clone(),
        terms,
        source: source.source.clone()?,
        headers: source.headers.clone(),
        last_id: last_id.unwrap_or_default(),
    })
}

fn live(source: &SourceConfig) -> Option<&dyn Live> {
    source.source.as_ref()?.live()
}

fn url(source: &SourceConfig) -> Option<Url> {
    live(source)?.open().map(|request| request.url)
}

/// The terms of a source that is a stream.
fn terms(source: &SourceConfig) -> Option<Terms> {
    let live = live(source)?;
    Some(Terms {
        documents: keys(source),
        idle: live.idle(),
        listen: live.listen().min(source.timeout),
        timeout: source.timeout,
        options: source.options.clone(),
        counted: !quota_of(source).windows.is_empty(),
    })
}

/// How one stands, for the report.
pub(super) fn told(stand: &Stand) -> crate::report::LiveReport {
    crate::report::LiveReport {
        open_since: crate::report::date(stand.open),
        events: stand.events,
        unreadable: stand.unreadable,
        dropped: stand.dropped,
        reconnects: stand.reconnects,
    }
}
