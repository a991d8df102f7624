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
use crate::time::{Moment, Timestamp, parse_date};

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
    accounts: BTreeMap<String, SavedAccount>,
    holds: BTreeMap<String, SavedHold>,
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
    let accounts = limiter
        .accounts
        .iter()
        .filter_map(|(name, account)| Some((name.clone(), saved_account(account, blind, now)?)));
    let holds = limiter.holds.list(now).map(|(scope, kept)| (scope.into(), saved_hold(kept, now)));
    let file = File {
        version: VERSION,
        saved: moment.wall.to_string(),
        boot: moment.boot,
        up_ms: u64::try_from(moment.up.as_millis()).unwrap_or(u64::MAX),
        blind_ms_ago: blind.map(|at| age(at, now)),
        accounts: accounts.collect(),
        holds: holds.collect(),
    };
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

pub(super) fn decode(bytes: &[u8], now: Duration, moment: Moment) -> Result<Limiter, Unusable> {
    let file = read(bytes)?;
    let elapsed = elapsed(&file, &moment)?;
    let then = Then { now: millis(now), elapsed };
    let unsettled = file.accounts.values().any(|account| account.reserved > 0);
    let accounts = file.accounts.into_iter();
    let mut limiter = Limiter {
        accounts: accounts.map(|(name, saved)| (name, then.account(saved))).collect(),
        blind: file.blind_ms_ago.map(|age| then.past(age)),
        holds: then.holds(file.holds),
        ..Limiter::default()
    };
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
        let Version { version } = serde_json::from_slice(bytes).map_err(damaged)?;
        return Err(match version > VERSION && !bytes.starts_with(START) {
            true => Unusable::Newer(version),
            false => Unusable::Damaged("the checksum is wrong".into()),
        });
    };
    let body = [b"{", rest].concat();
    let Version { version } = serde_json::from_slice(&body).map_err(damaged)?;
    if version > VERSION {
        return Err(Unusable::Newer(version));
    }
    serde_json::from_slice(&body).map_err(damaged)
}

/// What [`sealed`] was given, if that is what it still is.
fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    let (digits, rest) = bytes.strip_prefix(START)?.split_at_checked(DIGITS)?;
    let body = rest.strip_prefix(AFTER)?;
    (format!("{:08x}", crc32fast::hash(body)).as_bytes() == digits).then_some(body)
}

/// How long ago the file was written: at least that, or `None` when no clock can tell.
fn elapsed(file: &File, moment: &Moment) -> Result<Option<Duration>, Unusable> {
    let wall = parse_date(&file.saved);
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

    fn holds(&self, saved: BTreeMap<String, SavedHold>) -> Holds {
        let mut holds = Holds::default();
        for (scope, saved) in saved {
            let cause = if saved.asked { HoldCause::Asked } else { HoldCause::Backoff };
            let left = saved.left_ms.clamp(-NEVER, NEVER);
            let left = match (self.elapsed, cause) {
                (None, HoldCause::Backoff) => left.min(0),
                _ => left.saturating_sub(self.passed()),
            };
            let until = self.now.saturating_add(left);
            let since = parse_date(&saved.since).unwrap_or(Timestamp::EPOCH);
            let hold =
                Hold { until: duration(until), why: saved.why, cause, count: saved.count, since };
            holds.put(&scope, Kept::new(hold, until, self.now), self.now);
        }
        holds
    }
}

#[cfg(test)]
mod tests {
    use super::super::Hold;
    use super::*;
    use crate::source::Window;

    const HOUR: [Window; 1] = [Window { count: 5, per: Duration::from_secs(3600) }];

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The same boot and calendar, so long after its beginning.
    fn moment(seconds: u64) -> Moment {
        let wall = Timestamp::from_unix(1_795_240_800 + seconds as i64).unwrap();
        Moment { wall, boot: 7, up: at(seconds) }
    }

    fn full() -> Limiter {
        let mut limiter = Limiter::default();
        limiter.take("newsapi:0123456789abcdef", &HOUR, at(1)).unwrap();
        limiter.take("newsapi:0123456789abcdef", &HOUR, at(2)).unwrap();
        limiter.reserve("guardian", &HOUR, 2, at(2));
        let said = crate::http::ServerLimit {
            limit: None,
            remaining: 3,
            reset: Some(at(90)),
            window: None,
        };
        limiter.told("guardian", &said, &HOUR, at(3));
        limiter.hold("a.example", hold(60, HoldCause::Asked), at(3));
        limiter.hold("b.example", hold(60, HoldCause::Backoff), at(3));
        limiter
    }

    fn hold(until: u64, cause: HoldCause) -> Hold {
        let since = Timestamp::from_unix(1_795_240_000).unwrap();
        Hold { until: at(until), why: "it said \"later\"".into(), cause, count: 2, since }
    }

    fn damaged(bytes: &[u8]) -> bool {
        matches!(decode(bytes, at(5), moment(5)), Err(Unusable::Damaged(_)))
    }

    #[test]
    fn a_file_cut_anywhere_or_with_any_bit_flipped_is_damaged() {
        let mut bytes = full().encode(at(4), moment(4));
        assert!(decode(&bytes, at(5), moment(5)).is_ok());
        for length in 0..bytes.len() {
            assert!(damaged(&bytes[..length]), "cut at {length}");
        }
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(damaged(&bytes), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for more in [&b" "[..], b"\n", b"\0", b"{}"] {
            assert!(damaged(&[&bytes, more].concat()), "{more:?}");
        }
    }

    #[test]
    fn a_newer_file_is_known_as_such_however_it_is_sealed() {
        let newer = sealed(b"\"version\":2,\"and\":\"more\"}\n");
        assert_eq!(decode(&newer, at(0), moment(0)).unwrap_err(), Unusable::Newer(2));
        let other = br#"{"sha":"x","version":3}"#;
        assert_eq!(decode(other, at(0), moment(0)).unwrap_err(), Unusable::Newer(3));
        assert!(damaged(br#"{"version":1}"#));
        assert!(damaged(&sealed(b"\"version\":1}\n")));
    }

    #[test]
    fn a_key_that_only_a_later_program_knows_is_skipped() {
        let bytes = full().encode(at(4), moment(4));
        let text = String::from_utf8(bytes).unwrap();
        let (_, body) = text.split_once(',').unwrap();
        let body = body.replacen("\"window_ms\"", "\"colour\":[1],\"window_ms\"", 1);
        let body = body.replacen("\"version\"", "\"weather\":{},\"version\"", 1);
        let limiter = decode(&sealed(body.as_bytes()), at(4), moment(4)).unwrap();
        assert_eq!(limiter.left("newsapi:0123456789abcdef", &HOUR[0], at(4)), 3);
    }

    #[test]
    fn the_file_can_be_read_by_people() {
        let mut limiter = Limiter::default();
        limiter.take("a", &HOUR, at(1)).unwrap();
        limiter.hold("b.example", hold(60, HoldCause::Asked), at(3));
        let text = String::from_utf8(limiter.encode(at(4), moment(4))).unwrap();
        let (_, body) = text.split_once(',').unwrap();
        let expected = concat!(
            r#""version":1,"saved":"2026-11-21T06:00:04Z","boot":7,"up_ms":4000,"#,
            r#""blind_ms_ago":null,"accounts":{"a":{"window_ms":3600000,"reserved":0,"#,
            r#""departed":[[3000,1,0]],"told":[],"freed":null}},"holds":{"b.example":"#,
            r#"{"left_ms":56000,"asked":true,"count":2,"since":"2026-11-21T05:46:40Z","#,
            r#""why":"it said \"later\""}}}"#,
            "\n"
        );
        assert_eq!(body, expected);
    }

    #[test]
    fn ages_grow_by_the_time_that_has_passed_and_by_none_when_no_clock_can_tell() {
        let bytes = full().encode(at(4), moment(4));
        let account = "newsapi:0123456789abcdef";
        let loaded = decode(&bytes, at(0), moment(1004)).unwrap();
        // Departed 1003 and 1002 seconds ago, one millisecond of doubt.
        assert_eq!(loaded.left(account, &HOUR[0], Duration::from_millis(2_597_001)), 4);
        assert_eq!(loaded.left(account, &HOUR[0], Duration::from_millis(2_597_000)), 3);
        let other_boot = Moment { boot: 8, ..moment(1004) };
        let loaded = decode(&bytes, at(0), other_boot).unwrap();
        // One second of doubt.
        assert_eq!(loaded.left(account, &HOUR[0], at(2598)), 4);
        assert_eq!(loaded.left(account, &HOUR[0], at(2597)), 3);
        let year_1970 = Moment { wall: Timestamp::EPOCH, ..other_boot };
        let mut loaded = decode(&bytes, at(0), year_1970).unwrap();
        assert!(loaded.changed(), "the next process must begin from here");
        assert_eq!(loaded.left(account, &HOUR[0], at(3596)), 3);
        assert_eq!(loaded.left(account, &HOUR[0], at(3597)), 4);
        loaded.saved();
        assert!(!loaded.changed());
    }

    #[test]
    fn what_was_set_aside_and_not_settled_counts_as_spent_when_it_is_loaded() {
        let bytes = full().encode(at(4), moment(4));
        let loaded = decode(&bytes, at(0), moment(1004)).unwrap();
        assert!(loaded.changed(), "or it would count anew each time");
        assert_eq!(loaded.left("guardian", &HOUR[0], at(3599)), 3);
        assert_eq!(loaded.left("guardian", &HOUR[0], at(3600)), 5);
        let soon = decode(&bytes, at(0), moment(4)).unwrap();
        assert_eq!(
            soon.left("guardian", &HOUR[0], at(10)),
            1,
            "the server left 3, 2 of them spent"
        );
    }

    #[test]
    fn a_hold_goes_on_in_the_next_process_and_when_no_clock_can_tell_only_what_was_asked_does() {
        let bytes = full().encode(at(4), moment(4));
        let holds = |limiter: &Limiter, seconds| {
            ["a.example", "b.example"].map(|scope| limiter.held(scope, at(seconds)).is_some())
        };
        let loaded = decode(&bytes, at(0), moment(24)).unwrap();
        assert_eq!(holds(&loaded, 35), [true, true]);
        assert_eq!(holds(&loaded, 37), [false, false]);
        let unknown = Moment { wall: Timestamp::EPOCH, boot: 8, up: at(1) };
        let loaded = decode(&bytes, at(0), unknown).unwrap();
        assert_eq!(holds(&loaded, 55), [true, false]);
        assert_eq!(holds(&loaded, 56), [false, false]);
        assert_eq!(loaded.hold_of("b.example").unwrap().count, 2, "the failures still count");
        assert_eq!(loaded.hold_of("a.example").unwrap().why, "it said \"later\"");
    }

    #[test]
    fn blindness_goes_on_in_the_next_process_until_the_longest_window_has_passed() {
        let blind = Limiter::blind(at(10));
        assert!(blind.changed());
        let bytes = blind.encode(at(10), moment(10));
        let loaded = decode(&bytes, at(0), moment(1010)).unwrap();
        assert_eq!(loaded.left("a", &HOUR[0], at(2600)), 0);
        assert_eq!(loaded.left("a", &HOUR[0], at(2601)), 5);
        let end = at(10) + BLIND_FOR;
        let still = |now| String::from_utf8(blind.encode(now, moment(0))).unwrap();
        assert!(!still(end - at(1)).contains("\"blind_ms_ago\":null"));
        assert!(still(end).contains("\"blind_ms_ago\":null"));
    }

    #[test]
    fn a_hold_that_passed_long_ago_is_forgotten() {
        let limiter = full();
        let kept = at(60) + super::super::KEEP_PASSED;
        let has = |now| limiter.encode(now, moment(0)).windows(9).any(|w| w == b"a.example");
        assert!(has(kept - at(1)));
        assert!(!has(kept));
    }
}
