//! One account: what left, what a server said, what is set aside.

use std::collections::VecDeque;
use std::time::Duration;

use super::log::{Log, Millis, NEVER, millis};
use super::server::Words;
use crate::source::Window;

/// No request is under way for longer than this, redirects and all.
pub const LONGEST_REQUEST: Duration = Duration::from_secs(120);
/// No account has more requests under way than this, as far as a server's word is concerned.
pub const MAX_UNDER_WAY: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Account {
    pub log: Log,
    /// The longest window that was ever asked about.
    pub longest: Millis,
    /// Permits that count as spent in the file, and are not.
    pub reserved: u32,
    /// How many of these the saver has seen.
    pub saved: u32,
    pub words: Words,
    /// How many a server let out of an account that is blind.
    pub freed: Option<u32>,
    /// When requests left that have not ended.
    pub under_way: VecDeque<Millis>,
}

impl Account {
    pub fn depart(&mut self, count: u32, windows: &[Window], at: Millis) {
        self.words.spend(count);
        self.longest = self.longest.max(longest(windows));
        if self.longest == 0 {
            return;
        }
        self.log.forget(at.saturating_sub(1).saturating_sub(self.longest));
        self.log.push(at, count, windows);
    }

    /// Uses up what was set aside. Whether all of it was saved.
    pub fn spend(&mut self, count: u32) -> bool {
        let covered = self.saved >= count;
        self.reserved = self.reserved.saturating_sub(count);
        self.saved = self.saved.saturating_sub(count);
        covered
    }

    pub fn set_out(&mut self, at: Millis) {
        let before = at.saturating_sub(millis(LONGEST_REQUEST));
        while self.under_way.front().is_some_and(|left| *left <= before)
            || self.under_way.len() >= MAX_UNDER_WAY
        {
            self.under_way.pop_front();
        }
        self.under_way.push_back(at);
    }

    pub fn is_worth_saving(&self) -> bool {
        !self.log.steps().is_empty()
            || self.reserved > 0
            || self.freed.is_some()
            || self.words.live(-NEVER).next().is_some()
    }

    /// Until when anything of it counts.
    pub fn busy_until(&self, blind: Option<Millis>) -> Millis {
        if self.reserved > 0 {
            return NEVER;
        }
        let departed = self.log.last().map(|at| at.saturating_add(self.longest));
        let under_way = self.under_way.back().map(|at| at.saturating_add(millis(LONGEST_REQUEST)));
        let freed = self.freed.and(blind).map(|at| at.saturating_add(self.longest));
        departed.max(under_way).max(freed).map_or(self.words.end(), |at| at.max(self.words.end()))
    }
}

pub(super) fn longest(windows: &[Window]) -> Millis {
    windows.iter().map(|window| millis(window.per)).max().unwrap_or(0)
}
