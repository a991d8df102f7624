//! What came and is not safe yet.

use std::collections::VecDeque;

use crate::item::{Item, MAX_ITEMS};
use crate::pack;

/// So many items of one stream wait for a round, and until that has saved them; then the oldest are
/// dropped.
pub const MAX_WAITING: usize = MAX_ITEMS;

/// They take no more than so many bytes, as they are packed.
pub const MAX_BYTES: usize = 256 << 10;

/// Items in the order in which they came, each with its length.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    items: VecDeque<(Item, usize)>,
    bytes: usize,
    /// So many of them, the oldest, were in a round already …
    shown: usize,
    /// … and so many in the one that is under way.
    taken: usize,
}

impl Buffer {
    /// Adds an item; returns how many had to go for it.
    pub(super) fn push(&mut self, item: Item) -> u64 {
        let mut packed = Vec::new();
        pack::pack(&item, &mut packed);
        self.bytes += packed.len();
        self.items.push_back((item, packed.len()));
        let mut gone = 0;
        while self.items.len() > MAX_WAITING || self.bytes > MAX_BYTES {
            // Who was shown is not lost to anybody but the next round.
            gone += u64::from(self.shown == 0);
            if !self.drop_first() {
                break;
            }
        }
        gone
    }

    fn drop_first(&mut self) -> bool {
        let Some((_, length)) = self.items.pop_front() else { return false };
        self.bytes -= length;
        self.shown = self.shown.saturating_sub(1);
        self.taken = self.taken.saturating_sub(1);
        true
    }

    /// Whether there is anything that was never in a round.
    pub(super) fn has_news(&self) -> bool {
        self.items.len() > self.shown
    }

    /// All of them, for a round.
    pub(super) fn take(&mut self) -> Vec<Item> {
        (self.shown, self.taken) = (self.items.len(), self.items.len());
        self.items.iter().map(|(item, _)| item.clone()).collect()
    }

    /// The round is over; what it took and saved need not be kept.
    pub(super) fn settle(&mut self, saved: bool) {
        for _ in 0..std::mem::take(&mut self.taken) {
            if saved {
                self.drop_first();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: usize, summary: usize) -> Item {
        let summary = Some("x".repeat(summary).into());
        Item { id: id.to_string().into(), summary, ..Item::default() }
    }

    #[test]
    fn of_more_items_than_it_holds_the_newest_stay() {
        let mut buffer = Buffer::default();
        let gone: u64 = (0..MAX_WAITING + 7).map(|id| buffer.push(item(id, 1))).sum();
        let items = buffer.take();
        assert_eq!((gone, items.len(), &*items[0].id), (7, MAX_WAITING, "7"));
        buffer.settle(true);
        assert_eq!((buffer.take().len(), buffer.bytes), (0, 0));
    }

    #[test]
    fn what_could_not_be_saved_is_shown_again_and_is_no_news() {
        let mut buffer = Buffer::default();
        buffer.push(item(1, 1));
        assert!(buffer.has_news());
        assert_eq!(buffer.take().len(), 1);
        // It came while the round was under way.
        buffer.push(item(2, 1));
        buffer.settle(false);
        assert!(buffer.has_news());
        assert_eq!(buffer.take().len(), 2);
        buffer.settle(false);
        assert!(!buffer.has_news());
        // A round that took nothing saves nothing.
        buffer.settle(true);
        assert_eq!(buffer.take().len(), 2);
        buffer.settle(true);
        assert_eq!((buffer.take().len(), buffer.bytes), (0, 0));
        let gone: u64 = (0..MAX_WAITING).map(|id| buffer.push(item(id, 1))).sum();
        buffer.take();
        buffer.settle(false);
        assert_eq!((gone, buffer.push(item(7, 1))), (0, 0), "it was shown");
    }

    #[test]
    fn large_items_are_fewer() {
        let mut buffer = Buffer::default();
        let gone: u64 = (0..100).map(|id| buffer.push(item(id, 10_000))).sum();
        assert!(buffer.bytes <= MAX_BYTES && buffer.bytes > MAX_BYTES - 11_000);
        let items = buffer.take();
        assert_eq!((items.len() as u64 + gone, &*items[items.len() - 1].id), (100, "99"));
        assert_eq!(items.len(), MAX_BYTES / 10_009, "{}", items.len());
    }
}
