//! What is known of one source.

use std::cmp::Reverse;

use super::{Document, Illness, Kept, Known, MAX_GONE, SHOWN};
use crate::format::State;
use crate::merge::Published;
use crate::time::Timestamp;

impl Known {
    /// The item with this fingerprint.
    pub fn item(&self, id: u64) -> Option<&Kept> {
        let index = self.items.binary_search_by_key(&id, |item| item.head.id).ok()?;
        self.items.get(index)
    }

    /// The items that it shows.
    pub fn shown(&self) -> impl Iterator<Item = &Kept> {
        self.items.iter().filter(|item| item.gone == SHOWN)
    }

    /// The items that it shows and `wanted` wants, the newest first; of those that were first seen at
    /// the same time, those of this round.
    pub fn latest(&self, wanted: &dyn Fn(&Kept) -> bool) -> Vec<Kept> {
        let mut items: Vec<Kept> = self.shown().filter(|kept| wanted(kept)).copied().collect();
        let age = |kept: &Kept| (Reverse(kept.head.first_seen), !kept.unsaved, kept.place);
        items.sort_by_key(|a| age(a));
        items
    }

    /// The document with this key.
    pub fn document(&self, key: u64) -> Option<&Document> {
        self.documents.iter().find(|document| document.key == key)
    }

    /// How it stands by what is remembered.
    pub fn state(&self) -> State {
        let shown = self.shown().next().is_some();
        match &self.illness {
            None => State::Ok,
            Some(Illness { state: State::Failed | State::Stale, .. }) if shown => State::Stale,
            Some(Illness { state: State::Failed | State::Stale, .. }) => State::Failed,
            Some(illness) => illness.state,
        }
    }

    /// Whether its last round ended before it had a response: for want of time or quota, by no
    /// fault of its own.
    pub fn is_deferred(&self) -> bool {
        let limited = |it: &Illness| it.state == State::Limited && it.status.is_none();
        self.illness.as_ref().is_some_and(limited)
    }

    /// When it was last asked.
    pub fn asked(&self) -> Option<Timestamp> {
        Some(self.totals.asked).filter(|asked| *asked > 0).and_then(Timestamp::from_unix)
    }

    pub(super) fn hold(&mut self, document: Document) {
        self.documents.retain(|known| known.key != document.key);
        // A document without a digest is held all the same: that it was asked for is known.
        if document.asked != 0 {
            self.documents.push(document);
        }
    }

    /// Marks items while learning: they are not sorted yet, and of equal ones the last counts.
    pub(super) fn mark(&mut self, ids: &[u64], change: impl Fn(&mut Kept)) {
        if ids.len() > 8 {
            self.sort();
        }
        for id in ids {
            let found = self.items.iter_mut().rev().find(|item| item.head.id == *id);
            found.into_iter().for_each(&change);
        }
    }

    /// Sorts by id. Of several with the same id the last one counts.
    pub(super) fn sort(&mut self) {
        if self.items.is_sorted_by(|a, b| a.head.id < b.head.id) {
            return;
        }
        self.items.reverse();
        self.items.sort_by_key(|a| a.head.id);
        self.items.dedup_by_key(|item| item.head.id);
    }

    /// Takes under which ids items were published; what was known of the same items before no longer counts.
    pub(super) fn publish(&mut self, published: Vec<Published>) {
        self.published.retain(|old| published.iter().all(|new| new.item != old.item));
        self.published.extend(published);
    }

    /// When it last told anything, as far as that is known.
    pub(super) fn newest(&self) -> i64 {
        let seen = |item: &Kept| match item.gone {
            SHOWN => item.head.first_seen,
            gone => gone,
        };
        self.items.iter().map(seen).max().unwrap_or(i64::MIN).max(self.totals.asked)
    }

    /// Keeps no more than [`MAX_GONE`] of the items that it shows no longer, the last ones: a feed
    /// that gives every item another id each time must not fill the disk.
    pub(super) fn thin(&mut self) {
        let mut gone: Vec<i64> =
            self.items.iter().map(|item| item.gone).filter(|gone| *gone != SHOWN).collect();
        let Some(more) = gone.len().checked_sub(MAX_GONE).filter(|more| *more > 0) else { return };
        gone.sort();
        let last = gone[more - 1];
        let mut left = more - gone.iter().filter(|at| **at < last).count();
        self.items.retain(|item| {
            let tie = item.gone == last;
            let dropped = item.gone < last || tie && left > 0;
            left -= usize::from(tie && dropped);
            !dropped
        });
    }

    /// The items that are gone, by when.
    pub(super) fn gone(&self) -> Vec<(i64, Vec<u64>)> {
        let gone = self.items.iter().filter(|item| item.gone != SHOWN);
        let mut gone: Vec<(i64, u64)> = gone.map(|item| (item.gone, item.head.id)).collect();
        gone.sort();
        gone.chunk_by(|a, b| a.0 == b.0)
            .map(|run| (run[0].0, run.iter().map(|(_, id)| *id).collect()))
            .collect()
    }

    /// Nothing is known but its name, or not even that.
    pub(super) fn is_blank(&self) -> bool {
        self.name.is_empty()
            || self.items.is_empty() && self.totals.polls == 0 && self.illness.is_none()
    }
}
