//! Permits of streams whose requests a quota counts: one for each time that such a stream is opened.
//!
//! The limiter belongs to the rounds. A stream that wants to open waits until a round has taken a
//! permit for it, and says that it waits, so that there is such a round.

use std::time::Duration;

use super::{SETTLE, Streams, lock};

/// How far a stream is with its permits.
#[derive(Debug, Default)]
pub(super) struct Permits {
    /// Since when it waits for one, as the clock counts.
    wanted: Option<Duration>,
    /// There was none to have before this time.
    not_before: Duration,
    /// When the last one was taken.
    taken: Option<Duration>,
    /// Departures that no permit was taken for: the hops of redirects.
    more: u32,
    /// A permit was taken at this time for a request that was never sent.
    unsent: Option<Duration>,
}

/// What the limiter is to know of a stream.
#[derive(Debug, Default, PartialEq)]
pub struct Claims {
    /// It waits for a permit.
    pub wants: bool,
    /// See [`crate::limit::Limiter::also`].
    pub more: u32,
    /// See [`crate::limit::Limiter::never_left`].
    pub unsent: Option<Duration>,
}

impl Permits {
    /// A permit is wanted at `now`.
    pub(super) fn want(&mut self, now: Duration) {
        self.wanted.get_or_insert(now);
    }

    /// A request was made: with so many hops, and whether anything of it was sent.
    pub(super) fn used(&mut self, requests: u32, unsent: bool) {
        self.more = self.more.saturating_add(requests.saturating_sub(1));
        let taken = self.taken.take();
        self.unsent = taken.filter(|_| unsent).or(self.unsent);
    }

    /// When a round is to look for a permit, if one is wanted.
    pub(super) fn due(&self) -> Option<Duration> {
        Some(self.wanted?.saturating_add(SETTLE).max(self.not_before))
    }

    /// Whether it waits for a permit.
    pub(super) fn is_waiting(&self) -> bool {
        self.wanted.is_some()
    }
}

impl Streams {
    /// What the limiter is to know of a stream. What is told once is not told again.
    pub fn claims(&self, name: &str) -> Claims {
        let Some(open) = self.of(name) else { return Claims::default() };
        let permits = &mut open.inbox().permits;
        Claims {
            wants: permits.wanted.is_some(),
            more: std::mem::take(&mut permits.more),
            unsent: permits.unsent.take(),
        }
    }

    /// A permit was taken for a stream at `now`: it opens.
    pub fn admit(&self, name: &str, now: Duration) {
        let Some(open) = self.of(name) else { return };
        let permits = &mut lock(&open.shared).permits;
        if permits.wanted.take().is_some() {
            permits.taken = Some(now);
            open.permits.try_send(()).ok();
        }
    }

    /// There is no permit for a stream before this time.
    pub fn hold_back(&self, name: &str, until: Duration) {
        if let Some(open) = self.of(name) {
            open.inbox().permits.not_before = until;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_for_what_was_never_sent_is_given_back_once() {
        let mut permits = Permits { taken: Some(SETTLE), ..Permits::default() };
        permits.used(1, true);
        assert_eq!((permits.unsent, permits.more), (Some(SETTLE), 0));
        permits.used(3, false);
        assert_eq!((permits.unsent, permits.more), (Some(SETTLE), 2));
        permits.want(2 * SETTLE);
        permits.want(9 * SETTLE);
        assert_eq!(permits.due(), Some(3 * SETTLE));
        permits.not_before = 100 * SETTLE;
        assert_eq!(permits.due(), Some(100 * SETTLE));
    }
}
