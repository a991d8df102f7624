//! Reports of one story, found by their links and by their titles.

use std::cmp::Reverse;
use std::io;

use super::{Collection, fingerprint, title, tracking};
use crate::item::DateOrigin;
use crate::pack;

/// Reports with the same title are the same story if there is no more than this between them, in
/// seconds.
const ONE_DAY: i64 = 86_400;

/// What makes reports of several sources one story.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    /// Nothing: each is shown.
    Nothing,
    /// The same canonical link.
    Links,
    /// That, or nearly the same title within a day.
    #[default]
    Titles,
}

/// Ranks that are one story: rings, so that two of them are made one by an exchange.
#[derive(Debug)]
pub(super) struct Groups {
    next: Vec<u32>,
    /// In which look a rank was last seen, and a source.
    seen: Vec<u32>,
    told: Vec<u32>,
    looks: u32,
}

impl Groups {
    fn new(ranks: usize, sources: usize) -> Groups {
        let next = (0..ranks).map(|rank| rank as u32).collect();
        Groups { next, seen: vec![0; ranks], told: vec![0; sources], looks: 0 }
    }

    /// The ranks of this one's story, itself first.
    fn ring(&self, rank: u32) -> impl Iterator<Item = u32> {
        let step = move |at: &u32| Some(self.next[*at as usize]).filter(|next| *next != rank);
        std::iter::successors(Some(rank), step)
    }

    /// Makes the stories of these ranks one, unless a source would tell it twice.
    fn unite(&mut self, ranks: impl Iterator<Item = u32>, source: &dyn Fn(u32) -> u32) {
        self.looks += 1;
        let mut rings: Vec<u32> = Vec::new();
        for rank in ranks {
            if self.seen[rank as usize] == self.looks {
                continue;
            }
            rings.push(rank);
            let mut at = rank;
            loop {
                self.seen[at as usize] = self.looks;
                let told = &mut self.told[source(at) as usize];
                if std::mem::replace(told, self.looks) == self.looks {
                    return;
                }
                at = self.next[at as usize];
                if at == rank {
                    break;
                }
            }
        }
        for pair in rings.windows(2) {
            self.next.swap(pair[0] as usize, pair[1] as usize);
        }
    }
}

/// The fingerprint of a title, as far as it counts, and whose it is: many long titles may be alike.
type Titled = (u64, Reverse<u32>, u64);

impl Collection {
    /// Which of the entries in `order` are one story.
    pub(super) fn join(&self, order: &[u32], join: Join) -> io::Result<Groups> {
        let mut groups = Groups::new(order.len(), self.names.len());
        if join != Join::Nothing {
            self.join_links(order, &mut groups);
        }
        if join == Join::Titles {
            self.join_titles(order, &mut groups)?;
        }
        Ok(groups)
    }

    /// A link that one source gives to several of its items (its home page, a change log) names no
    /// story.
    fn join_links(&self, order: &[u32], groups: &mut Groups) {
        let key = |(rank, index): (usize, &u32)| (self.entry(*index).link, rank as u32);
        let mut keys: Vec<(u64, u32)> = order.iter().enumerate().map(key).collect();
        keys.retain(|(link, _)| *link != 0);
        keys.sort();
        let source = |rank: u32| self.entry(order[rank as usize]).source;
        for group in keys.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
            groups.unite(group.iter().map(|(_, rank)| *rank), &source);
        }
    }

    /// Nor does a title, or one that several pages of a server have.
    fn join_titles(&self, order: &[u32], groups: &mut Groups) -> io::Result<()> {
        let key = |(rank, index): (usize, &u32)| {
            let entry = self.entry(*index);
            // Nobody knows on which day a story without a date was written.
            let dated = entry.title != 0 && entry.origin != DateOrigin::FirstSeen;
            dated.then_some((entry.title, Reverse(rank as u32)))
        };
        let mut keys: Vec<(u32, Reverse<u32>)> = order.iter().enumerate().filter_map(key).collect();
        keys.sort();
        for group in keys.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
            let mut titled = Vec::with_capacity(group.len());
            for (_, rank) in group {
                titled.extend(self.titled(order, *rank)?);
            }
            titled.sort();
            for group in titled.chunk_by(|a, b| a.0 == b.0) {
                self.join_days(order, group, groups);
            }
        }
        Ok(())
    }

    /// The title of an entry, read again: half a fingerprint may be that of two.
    fn titled(&self, order: &[u32], rank: Reverse<u32>) -> io::Result<Option<Titled>> {
        let entry = self.entry(order[rank.0 as usize]);
        let mut bytes = Vec::with_capacity(entry.length as usize);
        self.shelf.get(entry.place, entry.length, &mut bytes)?;
        let Some(item) = pack::outline(&bytes) else { return Ok(None) };
        let host = item.link().map_or(0, |link| {
            let host = tracking::host_of(link);
            fingerprint(host.strip_prefix("www.").unwrap_or(host))
        });
        let title = title::telling(item.title, item.link(), &self.names[entry.source as usize]);
        Ok(title.map(|title| (fingerprint(&title), rank, host)))
    }

    /// Joins what has one title, from the earliest on: whatever is within a day of it.
    fn join_days(&self, order: &[u32], titled: &[Titled], groups: &mut Groups) {
        let entry = |rank: u32| self.entry(order[rank as usize]);
        let date = |of: &Titled| entry(of.1.0).date.unix();
        let mut rest = titled;
        while let Some(first) = rest.first() {
            let day = rest.partition_point(|of| date(of).saturating_sub(date(first)) <= ONE_DAY);
            let (same, later) = rest.split_at(day);
            rest = later;
            let page = |of: &Titled| (of.2, entry(of.1.0).link);
            let mut pages: Vec<(u64, u64)> = same.iter().map(page).collect();
            pages.sort();
            let another = |pair: &[(u64, u64)]| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1;
            if !pages.windows(2).any(another) {
                groups.unite(same.iter().map(|of| of.1.0), &|rank| entry(rank).source);
            }
        }
    }
}

impl Groups {
    /// The earliest of the story at each rank: the last in rank.
    pub(super) fn survivors(&self) -> Vec<u32> {
        let mut survivors = vec![u32::MAX; self.next.len()];
        for rank in (0..self.next.len() as u32).rev() {
            if survivors[rank as usize] == u32::MAX {
                self.ring(rank).for_each(|member| survivors[member as usize] = rank);
            }
        }
        survivors
    }
}

#[cfg(test)]
mod tests;
