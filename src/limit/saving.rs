//! Setting permits aside, saving that before they are spent, giving back what was not.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::account::longest;
use super::log::{Millis, NEVER, duration, millis, millis_before};
use super::{Limiter, Unusable, file};
use crate::source::Window;
use crate::time::Moment;

/// A process sets aside no more permits than this at a time for an account …
pub const BLOCK: u32 = 16;
/// … nor more than this part of what is left: a crash loses them.
pub const BLOCK_PART: u32 = 8;
/// A window no longer than this only spaces requests: a crash costs no more than a minute there,
/// so it does not make blocks small.
pub const SPACING: Duration = Duration::from_secs(60);
/// A failed save is not tried again sooner than this.
pub const SAVE_AGAIN: Duration = Duration::from_secs(10);

/// Puts the bytes where the next process finds them, or says why it could not.
pub type Saver = Box<dyn FnMut(&[u8]) -> Result<(), String> + Send>;
/// What the clocks say.
pub type Moments = Box<dyn Fn() -> Moment + Send>;

pub(super) struct Saving {
    save: Saver,
    moments: Moments,
}

impl fmt::Debug for Saving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Saving")
    }
}

impl Limiter {
    /// From now on no request of an account with windows leaves before its permit is saved.
    pub fn set_saver(&mut self, save: Saver, moments: Moments) {
        self.saving = Some(Saving { save, moments });
    }

    /// Sets aside up to `want` more permits, as far as the windows (except those that only
    /// [space](SPACING)) and the server have them left. Returns how many. They are durable once
    /// the ledger is saved.
    pub fn reserve(&mut self, account: &str, windows: &[Window], want: u32, now: Duration) -> u32 {
        let room = self.available(account, windows, now).min(want);
        if room == 0 || self.room(account, millis_before(now)).is_err() {
            return 0;
        }
        let entry = self.entry(account);
        entry.longest = entry.longest.max(longest(windows));
        entry.reserved = entry.reserved.saturating_add(room);
        room
    }

    /// Gives back what was set aside and not spent.
    pub fn settle(&mut self, now: Duration) {
        for entry in self.accounts.values_mut().filter(|entry| entry.reserved > 0) {
            (entry.reserved, entry.saved) = (0, 0);
            entry.log.forget(millis_before(now).saturating_sub(entry.longest));
        }
    }

    /// Whether [`Limiter::encode`] would write anything else than was last loaded or saved. Ages
    /// that move on are no change.
    pub fn changed(&self) -> bool {
        self.unwritten || self.fingerprint() != self.saved
    }

    /// Says that what [`Limiter::encode`] gives is saved, for who saves it without a saver.
    pub fn saved(&mut self) {
        self.saved = self.fingerprint();
        self.unwritten = false;
        self.failed = None;
        self.accounts.values_mut().for_each(|entry| entry.saved = entry.reserved);
    }

    /// Hands the ledger to the saver, if there is one.
    ///
    /// # Errors
    /// What the saver said, also kept for [`Limiter::unsaved`].
    pub fn save(&mut self, now: Duration) -> Result<(), String> {
        let Some(mut saving) = self.saving.take() else { return Ok(()) };
        let bytes = self.encode(now, (saving.moments)());
        let outcome = (saving.save)(&bytes);
        self.saving = Some(saving);
        match &outcome {
            Ok(()) => self.saved(),
            Err(why) => self.failed = Some((why.clone(), millis(now))),
        }
        outcome
    }

    /// Why requests are held back for want of a save.
    pub fn unsaved(&self) -> Option<&str> {
        self.failed.as_ref().map(|(why, _)| why.as_str())
    }

    /// The whole ledger. `moment` is read after `now`.
    pub fn encode(&self, now: Duration, moment: Moment) -> Vec<u8> {
        file::encode(self, now, moment)
    }

    /// What [`Limiter::encode`] wrote with other names for accounts: pairs of an old and a new one.
    pub fn renamed(bytes: &[u8], names: &[(String, String)]) -> Option<Vec<u8>> {
        file::renamed(bytes, names)
    }

    /// What [`Limiter::encode`] wrote, older by the time that has surely passed since. Permits
    /// that were set aside and not settled are spent. `moment` is read before `now`.
    ///
    /// # Errors
    /// A newer program's file, which must be left alone, or a damaged one; then
    /// [`Limiter::blind`].
    pub fn decode(bytes: &[u8], now: Duration, moment: Moment) -> Result<Limiter, Unusable> {
        file::decode(bytes, now, moment)
    }

    /// Takes over what another ledger knows beyond this one, which could not be saved: of two holds
    /// the longer, of two accounts the more spent, every server's word.
    pub fn absorb(&mut self, other: Limiter, now: Duration) {
        let (early, late) = (millis_before(now), millis(now));
        if let (Some(own), Some(others)) = (self.blind, other.blind) {
            self.blind = Some(own.min(others));
        }
        self.holds.absorb(other.holds, now);
        for (name, account) in other.accounts {
            if self.room(&name, early).is_err() {
                continue;
            }
            let own = self.entry(&name);
            own.longest = own.longest.max(account.longest);
            let span = duration(own.longest);
            let spent = account.log.spent(span, early);
            let more = spent.saturating_sub(own.log.spent(span, early));
            match own.log.last() {
                None => own.log = account.log,
                Some(_) if more > 0 => own.log.push(late, more, &[]),
                Some(_) => {}
            }
            account.words.live(early).for_each(|word| own.words.hear(*word, early));
            own.freed = own.freed.max(account.freed);
        }
        self.unwritten = true;
    }

    /// How many may still be set aside.
    fn available(&self, account: &str, windows: &[Window], now: Duration) -> u32 {
        let counting = windows.iter().filter(|window| window.per > SPACING || window.count == 0);
        let left = counting.map(|window| self.left(account, window, now)).min();
        let told = self.words_left(account, millis_before(now));
        let most = if windows.is_empty() && told.is_none() { 0 } else { u32::MAX };
        let left = left.unwrap_or(most).min(told.unwrap_or(most));
        left.saturating_sub(self.reserved(account))
    }

    /// Saves what is set aside, a block if nothing is.
    pub(super) fn save_some(
        &mut self,
        account: &str,
        windows: &[Window],
        now: Duration,
    ) -> Result<(), Duration> {
        let again = |(_, at): &(String, Millis)| at.saturating_add(millis(SAVE_AGAIN));
        if self.failed.as_ref().is_some_and(|failed| again(failed) > millis_before(now)) {
            return Err(Duration::MAX);
        }
        let block = (self.available(account, windows, now) / BLOCK_PART).clamp(1, BLOCK);
        if self.reserved(account) == 0 && self.reserve(account, windows, block, now) == 0 {
            return Err(Duration::MAX);
        }
        self.save(now).map_err(|_| {
            self.entry(account).reserved = 0;
            Duration::MAX
        })
    }

    /// Of all that is saved, as it stands: the passing of time does not change it. 0 for nothing.
    pub(super) fn fingerprint(&self) -> u64 {
        let known = self.accounts.values().any(|account| account.is_worth_saving());
        if !known && self.blind.is_none() && self.holds.list(-NEVER).next().is_none() {
            return 0;
        }
        let mut hasher = DefaultHasher::new();
        self.blind.hash(&mut hasher);
        for (name, entry) in &self.accounts {
            if entry.is_worth_saving() {
                name.hash(&mut hasher);
                (&entry.log, entry.longest, entry.reserved).hash(&mut hasher);
                (&entry.words, entry.freed).hash(&mut hasher);
            }
        }
        for (scope, kept) in self.holds.list(-NEVER) {
            (scope, kept.until, &kept.hold.why).hash(&mut hasher);
            (kept.hold.cause, kept.hold.count, kept.hold.since).hash(&mut hasher);
        }
        hasher.finish()
    }
}
