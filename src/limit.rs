//! When may the next request to a service start?
//!
//! A ledger: every departure is entered before it happens, and what a process set aside and did
//! not account for counts as spent in the next. So neither a restart nor a clock that jumps
//! refills a quota. It does no I/O itself: it becomes bytes, and a saver puts them in their place.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::http::ServerLimit;
use crate::source::Window;

mod account;
mod file;
mod hold;
mod log;
mod saving;
mod server;

pub use account::{LONGEST_REQUEST, MAX_UNDER_WAY};
pub use file::{BLIND_FOR, Unusable};
pub use hold::{Hold, HoldCause, KEEP_PASSED, MAX_HOLD, MAX_SCOPES};
pub use log::{GRAINS, MAX_STEPS};
pub use saving::{BLOCK, BLOCK_PART, Moments, SAVE_AGAIN, SPACING, Saver};
pub use server::{MAX_RESET, MAX_WORDS, USUAL_RESET};

use account::{Account, longest};
use hold::Holds;
use log::{Millis, NEVER, Step, duration, millis, millis_before};
use saving::Saving;
use server::Word;

/// No more accounts than this are counted.
pub const MAX_ACCOUNTS: usize = 4096;

/// Sliding-window quotas, what servers said of theirs, and holds.
///
/// A window of `count` in `per` holds for every span of that length, wherever it begins: the
/// request may leave when the `count`-th before it left at least `per` ago.
#[derive(Debug, Default)]
pub struct Limiter {
    accounts: BTreeMap<String, Box<Account>>,
    /// Since when accounts that were not freed count as used.
    blind: Option<Millis>,
    holds: Holds,
    saving: Option<Saving>,
    /// Why the last save failed, and when.
    failed: Option<(String, Millis)>,
    /// Fingerprint of what was last loaded or saved.
    saved: u64,
    /// The file must be written even if nothing else changes.
    unwritten: bool,
}

/// The windows.
impl Limiter {
    /// Takes one permit at `now`, or says when to ask again. All `windows` must hold, and the
    /// server's word. `Err(Duration::MAX)`: not in this round, whatever the time; see
    /// [`Limiter::unsaved`].
    pub fn take(
        &mut self,
        account: &str,
        windows: &[Window],
        now: Duration,
    ) -> Result<(), Duration> {
        if windows.is_empty() && account.is_empty() {
            return Ok(());
        }
        let (early, late) = (millis_before(now), millis(now));
        let limited = !windows.is_empty() || self.words_left(account, early).is_some();
        match self.room(account, early) {
            Err(at) if limited => return Err(duration(at)),
            Err(_) => return Ok(()),
            Ok(()) => {}
        }
        let free = self.free_at(account, windows, early);
        if free > early {
            return Err(duration(free));
        }
        if limited && self.saving.is_some() && self.entry(account).saved == 0 {
            self.save_some(account, windows, now)?;
        }
        let entry = self.entry(account);
        entry.spend(1);
        entry.depart(1, windows, late);
        entry.set_out(late);
        Ok(())
    }

    /// How many more requests `window` lets out at `now`, and the server.
    pub fn left(&self, account: &str, window: &Window, now: Duration) -> u32 {
        let now = millis_before(now);
        let more = self.blind_step(account, window);
        let more = more.filter(|step| step.at.saturating_add(millis(window.per)) > now);
        let spent = self.accounts.get(account).map_or(0, |entry| entry.log.spent(window.per, now));
        let left = window.count.saturating_sub(spent);
        let left = left.saturating_sub(more.map_or(0, |step| step.count));
        left.min(self.words_left(account, now).unwrap_or(left))
    }

    /// When the next request may leave; `now` if nothing holds it back, [`Duration::MAX`] if never.
    pub fn next(&self, account: &str, windows: &[Window], now: Duration) -> Duration {
        duration(self.free_at(account, windows, millis_before(now))).max(now)
    }

    /// Notes `count` departures beyond the permit: the hops of a redirect.
    pub fn also(&mut self, account: &str, count: u32, now: Duration) {
        let Some(entry) = self.accounts.get_mut(account).filter(|_| count > 0) else { return };
        let covered = entry.spend(count);
        entry.depart(count, &[], millis(now));
        if !covered && entry.longest > 0 {
            // They have left already; a save that fails holds back the next one.
            self.save(now).ok();
        }
    }

    /// Gives back what [`Limiter::take`] let out at `left`: nobody was reached, so nobody has counted
    /// it. A line that is down for a night would use up the quota of a day.
    pub fn never_left(&mut self, account: &str, left: Duration) {
        if let Some(entry) = self.accounts.get_mut(account) {
            entry.log.take_back(millis(left));
        }
    }

    /// Says that a request which [`Limiter::take`] let out is no longer under way.
    pub fn ended(&mut self, account: &str) {
        if let Some(entry) = self.accounts.get_mut(account) {
            entry.under_way.pop_front();
        }
    }

    /// Notes what a server said of `account` in an answer at `now`, before that request has
    /// [`ended`](Limiter::ended): no more than `remaining` until `reset`, less the other requests
    /// under way, which it may not have seen. That only tightens, except for an account that is
    /// [blind](Limiter::blind): it gets so many.
    pub fn told(&mut self, account: &str, limit: &ServerLimit, windows: &[Window], now: Duration) {
        let span = windows.iter().map(|window| window.per).max();
        let reset = limit.reset.or(limit.window).or(span).unwrap_or(USUAL_RESET).min(MAX_RESET);
        if account.is_empty() || self.room(account, millis_before(now)).is_err() {
            return;
        }
        let blind = self.blind.is_some();
        let entry = self.entry(account);
        let before = millis_before(now).saturating_sub(millis(LONGEST_REQUEST));
        let others = entry.under_way.iter().filter(|left| **left > before).count();
        let others = u32::try_from(others).unwrap_or(u32::MAX).saturating_sub(1);
        let left = limit.remaining.saturating_sub(others);
        if blind && !windows.is_empty() {
            entry.longest = entry.longest.max(longest(windows));
            let spent = entry.log.spent(span.unwrap_or_default(), millis_before(now));
            entry.freed = Some(left.saturating_add(spent).max(entry.freed.unwrap_or(0)));
        }
        entry
            .words
            .hear(Word { left, until: millis(now.saturating_add(reset)) }, millis_before(now));
    }

    /// For when what was remembered is damaged or lost: every account counts as fully used from
    /// `now` on, until its windows have passed or its server says better.
    pub fn blind(now: Duration) -> Limiter {
        Limiter { blind: Some(millis(now)), unwritten: true, ..Limiter::default() }
    }
}

/// Holds.
impl Limiter {
    /// Leaves `scope` alone until `hold.until`, at most [`MAX_HOLD`] from `now`. What a server
    /// asked for is never made shorter. False if [`MAX_SCOPES`] others are held. It outlives the
    /// process once the ledger is saved.
    pub fn hold(&mut self, scope: &str, hold: Hold, now: Duration) -> bool {
        self.holds.hold(scope, hold, now)
    }

    /// Why `scope` is to be left alone at `now`, if it is.
    pub fn held(&self, scope: &str, now: Duration) -> Option<&Hold> {
        self.hold_of(scope).filter(|hold| hold.until > now)
    }

    /// The last hold of `scope`, even if its time has passed.
    pub fn hold_of(&self, scope: &str) -> Option<&Hold> {
        self.holds.get(scope)
    }

    /// `scope` is well: its failures are forgotten. What a server asked for holds on.
    pub fn release(&mut self, scope: &str) {
        self.holds.release(scope);
    }

    /// All holds by scope, also those whose time has passed.
    pub fn list(&self, now: Duration) -> impl Iterator<Item = (&str, &Hold)> {
        self.holds.list(millis_before(now)).map(|(scope, kept)| (scope, &kept.hold))
    }
}

impl Limiter {
    fn entry(&mut self, account: &str) -> &mut Account {
        self.accounts.entry(account.into()).or_default()
    }

    fn reserved(&self, account: &str) -> u32 {
        self.accounts.get(account).map_or(0, |entry| entry.reserved)
    }

    fn words_left(&self, account: &str, now: Millis) -> Option<u32> {
        self.accounts.get(account)?.words.left(now)
    }

    /// What an account that is blind counts as spent, beside what it is known to have spent.
    fn blind_step(&self, account: &str, window: &Window) -> Option<Step> {
        let freed = self.accounts.get(account).and_then(|entry| entry.freed).unwrap_or(0);
        Some(Step { at: self.blind?, span: 0, count: window.count.saturating_sub(freed) })
    }

    fn free_at(&self, account: &str, windows: &[Window], now: Millis) -> Millis {
        let none = Account::default();
        let entry = self.accounts.get(account).map_or(&none, |entry| &**entry);
        let free = |window| entry.log.free_at(window, self.blind_step(account, window));
        let windows = windows.iter().filter_map(free).max();
        windows.max(entry.words.free_at(now)).unwrap_or(-NEVER)
    }

    /// Makes room for one more account, or says when there will be some.
    fn room(&mut self, account: &str, now: Millis) -> Result<(), Millis> {
        if self.accounts.len() < MAX_ACCOUNTS || self.accounts.contains_key(account) {
            return Ok(());
        }
        let blind = self.blind;
        self.accounts.retain(|_, entry| entry.busy_until(blind) > now);
        if self.accounts.len() < MAX_ACCOUNTS {
            return Ok(());
        }
        Err(self.accounts.values().map(|entry| entry.busy_until(blind)).min().unwrap_or(NEVER))
    }
}

#[cfg(test)]
mod tests;
