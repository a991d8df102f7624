//! The ledger as bytes and back.
//!
//! One line of JSON: `{"crc32":"…","version":1,…}`, where the checksum is over every byte after
//! its comma. Times are ages, and spans still to go, at the file's own moment.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::hold::{Hold, HoldCause, Holds, Kept};
use super::log::{Log, Millis, NEVER, Step, duration, millis, millis_before};
use super::server::{MAX_RESET, Word, Words};
use super::{Account, Limiter};
use crate::time::{Moment, Timestamp};

/// The version of the format that this program writes.
const VERSION: u32 = 1;

/// Blindness is remembered for so long: no window that anybody sets is longer.
pub const BLIND_FOR: Duration = Duration::from_secs(400 * 86_400);

/// The calendar counts whole seconds: two of its times tell the span between them no better.
const CALENDAR_GRAIN: Duration = Duration::from_secs(1);

const START: &[u8] = b"{\"crc32\":\"";
const AFTER: &[u8] = b"\",";
const DIGITS: usize = 8;

/// Why a file of remembered things cannot be used.
#[derive(Debug, PartialEq)]
pub enum Unusable {
    /// A newer program wrote it: it must not be overwritten.
    Newer(u32),
    /// It is damaged.
    Damaged(String),
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize, Serialize)]
struct File {
    version: u32,
    /// RFC 3339, for people and for the time between two boots.
    saved: String,
    boot: u64,
    up_ms: u64,
    /// Since when accounts that are not listed count as used, if they do.
    blind_ms_ago: Option<Millis>,
    accounts: BTreeMap<String, Box<SavedAccount>>,
    holds: BTreeMap<String, Box<SavedHold>>,
}

#[derive(Deserialize, Serialize)]
struct SavedAccount {
    window_ms: Millis,
    reserved: u32,
    /// `[[milliseconds ago, how many, the first of them how much earlier], …]`
    departed: Vec<(Millis, u32, Millis)>,
    /// `[[how many are left, for how many milliseconds], …]`
    told: Vec<(u32, Millis)>,
    freed: Option<u32>,
}

#[derive(Deserialize, Serialize)]
struct SavedHold {
    /// Below 0 if its time has passed.
    left_ms: Millis,
    asked: bool,
    count: u32,
    since: String,
    why: String,
}

pub(super) fn encode(limiter: &Limiter, now: Duration, moment: Moment) -> Vec<u8> {
    let now = millis_before(now);
    let blind = limiter.blind.filter(|at| at.saturating_add(millis(BLIND_FOR)) > now);
    let mut file = File {
        version: VERSION,
        saved: moment.wall.to_string(),
        boot: moment.boot,
        up_ms: u64::try_from(moment.up.as_millis()).unwrap_or(u64::MAX),
        blind_ms_ago: blind.map(|at| age(at, now)),
        accounts: BTreeMap::new(),
        holds: BTreeMap::new(),
    };
    // One by one: collecting would sort what is sorted, with a sort of its own.
    for (name, account) in &limiter.accounts {
        if let Some(saved) = saved_account(account, blind, now) {
            file.accounts.insert(name.clone(), Box::new(saved));
        }
    }
    for (scope, kept) in limiter.holds.list(now) {
        file.holds.insert(scope.into(), Box::new(saved_hold(kept, now)));
    }
    let mut body = serde_json::to_vec(&file).unwrap_or_default();
    body.push(b'\n');
    sealed(body.get(1..).unwrap_or_default())
}

/// The checksum, and what it is over: an object without its opening brace.
fn sealed(body: &[u8]) -> Vec<u8> {
    let digits = format!("{:08x}", crc32fast::hash(body));
    [START, digits.as_bytes(), AFTER, body].concat()
}

fn saved_account(account: &Account, blind: Option<Millis>, now: Millis) -> Option<SavedAccount> {
    let since = now.saturating_sub(account.longest);
    let steps = account.log.steps().iter().filter(|step| step.at > since);
    let saved = SavedAccount {
        window_ms: account.longest,
        reserved: account.reserved,
        departed: steps.map(|step| (age(step.at, now), step.count, step.span)).collect(),
        told: account.words.live(now).map(|word| (word.left, word.until - now)).collect(),
        freed: account
            .freed
            .filter(|_| blind.is_some_and(|at| at.saturating_add(account.longest) > now)),
    };
    let empty = saved.departed.is_empty() && saved.told.is_empty();
    (!empty || saved.reserved > 0 || saved.freed.is_some()).then_some(saved)
}

fn saved_hold(kept: &Kept, now: Millis) -> SavedHold {
    SavedHold {
        left_ms: kept.until - now,
        asked: kept.hold.cause == HoldCause::Asked,
        count: kept.hold.count,
        since: kept.hold.since.to_string(),
        why: kept.hold.why.clone(),
    }
}

/// What left a moment ago may have been rounded to a time that is still to come.
fn age(at: Millis, now: Millis) -> Millis {
    (now - at).max(0)
}

/// The same ledger with other names for its accounts: pairs of an old and a new one.
pub(super) fn renamed(bytes: &[u8], names: &[(String, String)]) -> Option<Vec<u8>> {
    let body = std::str::from_utf8(unsealed(bytes)?).ok()?;
    let rename = |body: String, (old, new): &(String, String)| body.replace(&**old, new);
    Some(sealed(names.iter().fold(body.to_owned(), rename).as_bytes()))
}

pub(super) fn decode(bytes: &[u8], now: Duration, moment: Moment) -> Result<Limiter, Unusable> {
    let file = read(bytes)?;
    let elapsed = elapsed(&file, &moment)?;
    let then = Then { now: millis(now), elapsed };
    let unsettled = file.accounts.values().any(|account| account.reserved > 0);
    let mut limiter = Limiter {
        blind: file.blind_ms_ago.map(|age| then.past(age)),
        holds: then.holds(file.holds),
        ..Limiter::default()
    };
    for (name, saved) in file.accounts {
        limiter.accounts.insert(name, Box::new(then.account(*saved)));
    }
    limiter.saved = limiter.fingerprint();
    // What was unsettled counts from now on, and what has no age from the file's new moment on:
    // that must be in the file, or the next process would begin to count anew.
    limiter.unwritten = unsettled || elapsed.is_none();
    Ok(limiter)
}

fn read(bytes: &[u8]) -> Result<File, Unusable> {
    let damaged = |error: serde_json::Error| Unusable::Damaged(error.to_string());
    let Some(rest) = unsealed(bytes) else {
        // A newer program may seal its files in another way.
        let Version { version } = serde_json::from_str(text(bytes)?).map_err(damaged)?;
        return Err(match version > VERSION && !bytes.starts_with(START) {
            true => Unusable::Newer(version),
            false => Unusable::Damaged("the checksum is wrong".into()),
        });
    };
    let body = ["{", text(rest)?].concat();
    let Version { version } = serde_json::from_str(&body).map_err(damaged)?;
    if version > VERSION {
        return Err(Unusable::Newer(version));
    }
    serde_json::from_str(&body).map_err(damaged)
}

/// JSON is read from text everywhere: a second reader, of bytes, would be code again.
fn text(bytes: &[u8]) -> Result<&str, Unusable> {
    std::str::from_utf8(bytes).map_err(|error| Unusable::Damaged(error.to_string()))
}

/// What [`sealed`] was given, if that is what it still is.
fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    let (digits, rest) = bytes.strip_prefix(START)?.split_at_checked(DIGITS)?;
    let body = rest.strip_prefix(AFTER)?;
    (format!("{:08x}", crc32fast::hash(body)).as_bytes() == digits).then_some(body)
}

/// How long ago the file was written: at least that, or `None` when no clock can tell.
fn elapsed(file: &File, moment: &Moment) -> Result<Option<Duration>, Unusable> {
    let wall = Timestamp::from_rfc_3339(&file.saved);
    let wall = wall.ok_or_else(|| Unusable::Damaged("it has no date".into()))?;
    let saved = Moment { wall, boot: file.boot, up: Duration::from_millis(file.up_ms) };
    let since = moment.since(&saved);
    let one_boot = saved.boot == moment.boot && saved.boot != 0;
    let grain = if one_boot { Duration::from_millis(1) } else { CALENDAR_GRAIN };
    Ok(since.map(|since| since.saturating_sub(grain)))
}

/// What the times of a file mean in this process.
struct Then {
    now: Millis,
    elapsed: Option<Duration>,
}

impl Then {
    fn passed(&self) -> Millis {
        self.elapsed.map_or(0, millis_before)
    }

    fn past(&self, age: Millis) -> Millis {
        self.now.saturating_sub(age.clamp(0, NEVER)).saturating_sub(self.passed())
    }

    fn account(&self, saved: SavedAccount) -> Account {
        let step = |(age, count, span): (Millis, u32, Millis)| Step {
            at: self.past(age),
            span: span.clamp(0, NEVER),
            count,
        };
        let mut log = Log::of(saved.departed.into_iter().map(step).collect());
        let mut words = Words::default();
        for (left, span) in saved.told {
            let span = span.min(millis(MAX_RESET));
            let until = self.now.saturating_add(span).saturating_sub(self.passed());
            words.hear(Word { left, until }, self.now);
        }
        // Its process died, and nobody knows how many of them it spent.
        if saved.reserved > 0 {
            log.push(self.now, saved.reserved, &[]);
            words.spend(saved.reserved);
        }
        Account { log, words, longest: saved.window_ms, freed: saved.freed, ..Account::default() }
    }

    fn holds(&self, saved: BTreeMap<String, Box<SavedHold>>) -> Holds {
        let mut holds = Holds::default();
        for (scope, saved) in saved {
            let cause = if saved.asked { HoldCause::Asked } else { HoldCause::Backoff };
            let left = saved.left_ms.clamp(-NEVER, NEVER);
            let left = match (self.elapsed, cause) {
                (None, HoldCause::Backoff) => left.min(0),
                _ => left.saturating_sub(self.passed()),
            };
            let until = self.now.saturating_add(left);
            let since = Timestamp::from_rfc_3339(&saved.since).unwrap_or(Timestamp::EPOCH);
            let hold =
                Hold { until: duration(until), why: saved.why, cause, count: saved.count, since };
            holds.put(&scope, Kept::new(hold, until, self.now), self.now);
        }
        holds
    }
}

#[cfg(test)]
mod tests;
