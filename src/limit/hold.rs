//! Who asked to be left alone, or is better left alone, and until when.

use std::collections::BTreeMap;
use std::time::Duration;

use super::log::{Millis, duration, millis, millis_before};
use crate::time::Timestamp;

/// No hold lasts longer than this, whatever `Retry-After` says.
pub const MAX_HOLD: Duration = Duration::from_secs(31 * 86_400);
/// A hold whose time has passed is remembered for so long: its failures still count.
pub const KEEP_PASSED: Duration = Duration::from_secs(7 * 86_400);
/// No more scopes than this are held.
pub const MAX_SCOPES: usize = 16_384;

/// Nothing is asked of a scope for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// As the clock of this process counts.
    pub until: Duration,
    /// For people, without secrets.
    pub why: String,
    /// Who wants it.
    pub cause: HoldCause,
    /// How many failures in a row led to it.
    pub count: u32,
    /// When the first of them was.
    pub since: Timestamp,
}

/// Who wants a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldCause {
    /// The server, by `Retry-After`: nothing overrides it.
    Asked,
    /// We, because it failed.
    Backoff,
}

/// Holds by scope: a URL, a host, an account.
#[derive(Debug, Default)]
pub(super) struct Holds(BTreeMap<String, Box<Kept>>);

#[derive(Debug)]
pub(super) struct Kept {
    pub hold: Hold,
    /// The same as `hold.until`, which cannot lie before this process.
    pub until: Millis,
}

impl Kept {
    pub fn new(mut hold: Hold, until: Millis, now: Millis) -> Kept {
        let until = until.min(now.saturating_add(millis(MAX_HOLD)));
        hold.until = duration(until);
        Kept { hold, until }
    }
}

impl Holds {
    pub fn put(&mut self, scope: &str, kept: Kept, now: Millis) -> bool {
        if self.0.len() >= MAX_SCOPES && !self.0.contains_key(scope) {
            let passed = self.0.iter().filter(|(_, kept)| kept.until <= now);
            let oldest = passed.min_by_key(|(_, kept)| kept.until).map(|(scope, _)| scope.clone());
            match oldest {
                Some(oldest) => self.0.remove(&oldest),
                None => return false,
            };
        }
        self.0.insert(scope.into(), Box::new(kept));
        true
    }

    pub fn hold(&mut self, scope: &str, mut hold: Hold, now: Duration) -> bool {
        let old = self.0.get(scope).filter(|old| old.hold.cause == HoldCause::Asked);
        let asked =
            old.filter(|old| old.until > millis_before(now) && old.until > millis(hold.until));
        let mut until = millis(hold.until);
        if let Some(asked) = asked {
            until = asked.until;
            hold.cause = HoldCause::Asked;
            hold.why = asked.hold.why.clone();
        }
        let now = millis(now);
        self.put(scope, Kept::new(hold, until, now), now)
    }

    /// Of two holds of a scope the one stays that a server asked for, or else the longer.
    pub fn absorb(&mut self, others: Holds, now: Duration) {
        let (early, late) = (millis_before(now), millis(now));
        let rank =
            |kept: &Kept| (kept.hold.cause == HoldCause::Asked && kept.until > early, kept.until);
        for (scope, kept) in others.0 {
            if self.0.get(&scope).is_none_or(|own| rank(own) < rank(&kept)) {
                self.put(&scope, *kept, late);
            }
        }
    }

    pub fn get(&self, scope: &str) -> Option<&Hold> {
        self.0.get(scope).map(|kept| &kept.hold)
    }

    pub fn release(&mut self, scope: &str) {
        let Some(kept) = self.0.get_mut(scope) else { return };
        match kept.hold.cause {
            // An answer that was under way is no reason to ask again sooner.
            HoldCause::Asked => kept.hold.count = 0,
            HoldCause::Backoff => drop(self.0.remove(scope)),
        }
    }

    /// All that are worth remembering.
    pub fn list(&self, now: Millis) -> impl Iterator<Item = (&str, &Kept)> {
        let long_ago = now.saturating_sub(millis(KEEP_PASSED));
        let all = self.0.iter().map(|(scope, kept)| (scope.as_str(), &**kept));
        all.filter(move |(_, kept)| kept.until > long_ago)
    }
}
