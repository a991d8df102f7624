//! Who is asked in this round, and who is not, and why.

use std::time::Duration;

use super::gather::keys;
use super::sources::quota_of;
use super::{House, Wishes, streams};
use crate::backoff::Scope;
use crate::config::{Config, Place, SourceConfig};
use crate::failure::{Failure, Stage};
use crate::format::{Pace, State};
use crate::http::{Request, Url};
use crate::limit::{Hold, HoldCause, Limiter};
use crate::merge::fingerprint;
use crate::schedule;
use crate::state::{Known, Memory};
use crate::time::Timestamp;

/// What a round does with one source.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Turn {
    /// It is asked (or, if it is a file, read).
    Ask,
    /// It is due later.
    NotDue(Timestamp),
    /// It asked to be left alone, or we had better.
    Held(Rest),
    /// Nobody is asked, in words.
    Nobody(String),
    /// The source lacks a secret: it fails in every round, and no request is made for it.
    Unusable(Failure),
}

/// Why a source is left alone, and until when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rest {
    pub state: State,
    pub cause: HoldCause,
    pub why: String,
    pub since: Timestamp,
    pub until: Timestamp,
    /// The same as the limiter counts.
    pub ends: Duration,
}

/// One turn for each source of the config. `closed` says why nobody is asked, if nobody is.
pub(super) fn draw(
    config: &Config,
    memory: &Memory,
    house: &House<'_>,
    wishes: &Wishes,
    closed: Option<&str>,
    now: Timestamp,
) -> Vec<Turn> {
    let at = house.clock.now();
    let turn = |source: &SourceConfig| {
        if source.place != Place::Network {
            return Turn::Ask;
        }
        if let Some(failure) = unusable(source) {
            return Turn::Unusable(failure);
        }
        let known = memory.of(&source.memory);
        if streams::runs(source, house) {
            return closed.map_or(Turn::Ask, |why| Turn::Nobody(why.to_owned()));
        }
        // Our own caution can be overruled, what a server asked for cannot.
        let forced = wishes.force || wishes.probe;
        let rest = held(source, known, &house.limiter, at, now);
        if let Some(rest) = rest.filter(|rest| rest.cause == HoldCause::Asked || !forced) {
            return Turn::Held(rest);
        }
        if let Some(why) = closed {
            return Turn::Nobody(why.to_owned());
        }
        let said = streams::is_due(source, house) && shortly(known, now).is_none();
        match due_here(source, known, house, now).filter(|_| !forced && !said) {
            Some(at) => Turn::NotDue(at),
            None => Turn::Ask,
        }
    };
    config.sources.iter().map(turn).collect()
}

/// Why no request can be made for a source, if its config names a secret that cannot be read.
fn unusable(source: &SourceConfig) -> Option<Failure> {
    let key = source.missing_secret.as_ref()?;
    let cause = format!("`{key}` has no value; `newsagg check` says why");
    Some(Failure::new(Stage::Config, cause))
}

/// The same for this process: one that reads a stream for as long as it lives opens it at once, however
/// often others ask for it.
fn due_here(
    source: &SourceConfig,
    known: Option<&Known>,
    house: &House<'_>,
    now: Timestamp,
) -> Option<Timestamp> {
    match source.is_stream() && house.live.lasting {
        true => shortly(known.filter(|known| !is_new(source, known)), now),
        false => due(source, known, now),
    }
}

/// When a source may be asked at the earliest, whoever wants it, if that is not now.
fn shortly(known: Option<&Known>, now: Timestamp) -> Option<Timestamp> {
    let asked = known?.asked();
    let least = schedule::Wishes { every: schedule::SHORTEST_EVERY, ..Default::default() };
    (!schedule::is_due(asked, now, &least)).then(|| schedule::next(asked, now, &least, 0, 0.0))
}

/// When a source is due, if that is not now.
pub(super) fn due(
    source: &SourceConfig,
    known: Option<&Known>,
    now: Timestamp,
) -> Option<Timestamp> {
    let known = known?;
    // Another request, or another filter, is another document: it was never asked for. But where only the filter is another
    // one, the server was asked for these very bytes.
    if is_new(source, known) {
        let same = |line: &Vec<Url>| {
            let asked = line.first().map(|url| fingerprint(url.as_str()));
            known.documents.iter().any(|document| Some(document.asked) == asked)
        };
        let shows = known.shown().next().is_some();
        return shortly(Some(known).filter(|_| shows && lines_of(source).iter().all(same)), now);
    }
    let wishes = wishes_of(source, known);
    let asked = known.asked();
    (!schedule::is_due(asked, now, &wishes)).then(|| schedule::next(asked, now, &wishes, 0, 0.0))
}

/// For each source, when it may be asked again, if that is known.
pub(super) fn next(
    config: &Config,
    memory: &Memory,
    house: &House<'_>,
    turns: &[Turn],
    now: Timestamp,
) -> Vec<Option<Timestamp>> {
    let at = house.clock.now();
    let next = |(source, turn): (&SourceConfig, &Turn)| {
        let asked = source.place == Place::Network && !matches!(turn, Turn::Unusable(_));
        if !asked || streams::runs(source, house) {
            return None;
        }
        let known = memory.of(&source.memory);
        let quota = quota_of(source);
        let free = house.limiter.next(&quota.account, &quota.windows, house.clock.now());
        let free = free.checked_sub(house.clock.now()).filter(|span| !span.is_zero());
        let counted = !quota.windows.is_empty() && !matches!(turn, Turn::Nobody(_));
        let free = free.filter(|_| counted).map(|span| ahead(span, now));
        let due = due_here(source, known, house, now).max(free);
        match (held(source, known, &house.limiter, at, now), turn) {
            (Some(rest), _) => Some(rest.until.max(due.unwrap_or(rest.until))),
            (None, Turn::NotDue(at)) => Some(*at).max(free),
            (None, _) => due,
        }
    };
    config.sources.iter().zip(turns).map(next).collect()
}

/// When a service looks at each source again: now, if it is not known; after `every` for a file, for an open
/// stream, and for a source whose secret is missing.
pub(super) fn service(
    config: &Config,
    house: &House<'_>,
    next: &[Option<Timestamp>],
    began: Timestamp,
    now: Timestamp,
) -> Vec<Timestamp> {
    let due = |(source, next): (&SourceConfig, &Option<Timestamp>)| match source.place {
        Place::Network if source.source.is_some() && !streams::runs(source, house) => {
            next.unwrap_or(now)
        }
        _ => ahead(source.every, began),
    };
    config.sources.iter().zip(next).map(due).collect()
}

/// Whether a source has a document that was never asked for: it is new, or the config made it so.
pub(super) fn is_new(source: &SourceConfig, known: &Known) -> bool {
    keys(source).iter().any(|key| known.document(*key).is_none())
}

/// How often a source may be asked.
pub(super) fn wishes_of(source: &SourceConfig, known: &Known) -> schedule::Wishes {
    let urls: Vec<Url> = plan_of(source);
    // What a publisher wishes counts from its last good answer: a failure since then is no reason to
    // wait all the longer.
    let since = known.totals.asked.saturating_sub(known.totals.answered);
    let since = Duration::from_secs(u64::try_from(since).unwrap_or(0));
    let left = |span: Duration| span.min(schedule::LONGEST_WISH).saturating_sub(since);
    let fresh_for = known.totals.fresh_for.map(|seconds| Duration::from_secs(seconds.into()));
    // What was deferred comes soon: at first after the shortest time, then after twice that, and so on.
    let begun = known.illness.as_ref().filter(|_| known.is_deferred()).map(|it| it.since);
    let lasted = |since: i64| u64::try_from(known.totals.asked.saturating_sub(since)).unwrap_or(0);
    let soon = begun.map(|since| Duration::from_secs(lasted(since)));
    schedule::Wishes {
        every: soon.map_or(source.every, |soon| soon.min(source.every)),
        own_house: urls.iter().all(schedule::own_house),
        pace: Pace { every: known.pace.every.map(left), ..known.pace },
        fresh_for: fresh_for.map(left),
    }
}

/// Why a source is to be left alone, if all it would ask is. `at` is now as the limiter counts.
pub(super) fn held(
    source: &SourceConfig,
    known: Option<&Known>,
    limiter: &Limiter,
    at: Duration,
    now: Timestamp,
) -> Option<Rest> {
    limiter.list(at).next()?;
    let account = quota_of(source).account;
    let fresh = known.is_none_or(|known| is_new(source, known));
    let hold_on = |url: &Url| {
        let scopes = Scope::all(url, &account);
        // What was written anew in the config may have been put right: the address, not the server,
        // or each new feed there would ask it once more.
        let mends = |scope: &Scope| fresh && matches!(scope, Scope::Url(_));
        let counts = |scope: &Scope, hold: &Hold| hold.cause == HoldCause::Asked || !mends(scope);
        let hold = |scope: &Scope| {
            let hold = limiter.held(&scope.key(), at);
            hold.filter(|hold| counts(scope, hold))
        };
        let holds = scopes.iter().filter_map(hold);
        // What a server asked for goes before what we think.
        holds.max_by_key(|hold| (hold.cause == HoldCause::Asked, hold.until))
    };
    // A source is free if one URL in a line of fallbacks is.
    let lines = || {
        let mut hold = None;
        for line in &lines_of(source) {
            let holds: Option<Vec<_>> = line.iter().map(hold_on).collect();
            let soonest = holds?.into_iter().min_by_key(|hold| hold.until)?;
            hold = hold.or(Some(soonest));
        }
        hold
    };
    let illness = known.and_then(|known| known.illness.as_ref());
    // Who is well has a token, and need not go where they are given.
    let gate = || grant_of(source).filter(|_| illness.is_some());
    let hold = lines().or_else(|| hold_on(&gate()?))?;
    let until = ahead(hold.until.saturating_sub(at), now);
    let since = illness.and_then(|illness| Timestamp::from_unix(illness.since));
    Some(Rest {
        cause: hold.cause,
        state: match illness {
            Some(illness) => illness.state,
            None if hold.cause == HoldCause::Asked => State::Limited,
            None => State::Failed,
        },
        why: match illness {
            Some(illness) => illness.error.clone(),
            // It did nothing itself.
            None => format!("quota: left alone with others of its server or key ({})", hold.why),
        },
        since: since.unwrap_or(hold.since.min(now)),
        until,
        ends: hold.until,
    })
}

/// How often in a row a source failed, as far as that is remembered.
pub(super) fn failures(source: &SourceConfig, limiter: &Limiter) -> u32 {
    let account = quota_of(source).account;
    let urls = plan_of(source).into_iter().chain(grant_of(source));
    let scopes = urls.flat_map(|url| Scope::all(&url, &account));
    let counts = scopes.filter_map(|scope| limiter.hold_of(&scope.key()).map(|hold| hold.count));
    counts.max().unwrap_or(0)
}

/// The calendar's time so long after `now`: the next full second, for nobody may come too early.
pub(super) fn ahead(span: Duration, now: Timestamp) -> Timestamp {
    let up = span.saturating_add(Duration::from_nanos(999_999_999));
    let seconds = i64::try_from(up.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_unix(now.unix().saturating_add(seconds)).unwrap_or(now)
}

/// No line of fallbacks is followed further.
const MAX_LINE: usize = 32;

/// For each request of a source's plan, its URL and those that are asked instead when it fails.
pub(super) fn lines_of(source: &SourceConfig) -> Vec<Vec<Url>> {
    let Some(own) = &source.source else { return Vec::new() };
    let line = |request: Request| {
        let mut line = Vec::new();
        let mut next = Some(request);
        while let Some(request) = next.filter(|_| line.len() < MAX_LINE) {
            next = own.fallback(&request);
            line.push(request.url);
        }
        line
    };
    own.plan().into_iter().map(line).collect()
}

/// Every URL that a round of this source may begin with.
pub fn urls_of(source: &SourceConfig) -> Vec<Url> {
    lines_of(source).into_iter().flatten().collect()
}

/// The URLs that begin a round of a source.
fn plan_of(source: &SourceConfig) -> Vec<Url> {
    let plan = source.source.as_ref().map(|own| own.plan()).unwrap_or_default();
    plan.into_iter().map(|request| request.url).collect()
}

/// Where a source gets its token, if it needs one.
fn grant_of(source: &SourceConfig) -> Option<Url> {
    Some(source.source.as_ref()?.grant()?.url)
}
