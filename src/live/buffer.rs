//! What came and was not taken yet.

use std::collections::VecDeque;

use crate::item::{Item, MAX_ITEMS};
use crate::pack;

/// So many items of one stream wait for a round; then the oldest are dropped.
pub const MAX_WAITING: usize = MAX_ITEMS;

/// They take no more than so many bytes, as they are packed.
pub const MAX_BYTES: usize = 256 << 10;

/// Items in the order in which they came, each with its length.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    items: VecDeque<(Item, usize)>,
    bytes: usize,
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
            let Some((_, length)) = self.items.pop_front() else { break };
            self.bytes -= length;
            gone += 1;
        }
        gone
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes them all.
    pub(super) fn take(&mut self) -> Vec<Item> {
        self.bytes = 0;
        std::mem::take(&mut self.items).into_iter().map(|(item, _)| item).collect()
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
        assert_eq!((buffer.take().len(), buffer.bytes), (0, 0));
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
