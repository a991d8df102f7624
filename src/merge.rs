//! The same story once, newest first.
//!
//! Within a source the id says what is the same, across sources the canonical link, or nearly the same
//! title on the same day. The earliest report survives and lists the others. Nothing depends on the order in which sources answered:
//! the same items give the same bytes.
//!
//! Only what sorts and joins is kept at hand, some sixty bytes an item; the items themselves lie
//! packed on a shelf, which may be a file.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::item::{Also, DateOrigin, Item, Story, Text};
use crate::pack;
use crate::time::Timestamp;

mod canonical;
pub mod identity;
mod join;
mod published;
mod title;
mod tracking;

pub use canonical::canonical;
use join::Groups;
pub use join::Join;
pub use published::Published;
pub use tracking::without_tracking;

/// Where packed items lie.
pub trait Shelf {
    /// Puts bytes down. Returns where.
    fn put(&mut self, bytes: &[u8]) -> u64;
    /// Adds the `length` bytes that lie at `place` to `into`.
    ///
    /// # Errors
    /// What reading them said, where the shelf is a file.
    fn get(&self, place: u64, length: u32, into: &mut Vec<u8>) -> io::Result<()>;
}

impl std::fmt::Debug for dyn Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a shelf")
    }
}

/// A shelf in memory.
impl Shelf for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) -> u64 {
        let place = self.len();
        self.extend_from_slice(bytes);
        place as u64
    }

    fn get(&self, place: u64, length: u32, into: &mut Vec<u8>) -> io::Result<()> {
        let begin = usize::try_from(place).map_err(io::Error::other)?;
        let bytes = self.as_slice().get(begin..begin + length as usize);
        into.extend_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// What the sources of a round brought.
#[derive(Debug)]
pub struct Collection {
    names: Vec<Arc<str>>,
    /// The names by which the items of the sources are published.
    first_names: Vec<Arc<str>>,
    entries: Vec<Entry>,
    /// For each source, how its items are shown.
    dresses: Vec<Dress>,
    now: Timestamp,
    shelf: Box<dyn Shelf>,
    /// Items that were published under other ids than their own: source and fingerprint of the id.
    published: BTreeMap<(u32, u64), Published>,
}

/// How the items of a source are shown: now, whatever the config was when they were read.
#[derive(Clone, Debug, Default)]
pub struct Dress {
    /// Links keep their tracking parameters.
    pub tracking: bool,
    /// What is added to the tags.
    pub tags: Vec<Text>,
}

/// Places from here on lie on the other shelf: what was remembered, not what was read just now.
pub const REMEMBERED: u64 = 1 << 63;

/// What sorts and joins an item, and where it lies.
#[derive(Clone, Copy, Debug)]
struct Entry {
    place: u64,
    length: u32,
    source: u32,
    /// Fingerprint of the id.
    id: u64,
    /// Fingerprint of the canonical link; 0 without one.
    link: u64,
    /// Fingerprint of the title, if it may name a story; else 0.
    title: u32,
    date: Timestamp,
    first_seen: Timestamp,
    origin: DateOrigin,
    /// Whether it was printed before this round.
    printed: bool,
}

impl Collection {
    /// For sources with these names, in the order of the config; `now` decides what is the future.
    pub fn new(names: Vec<Arc<str>>, now: Timestamp, shelf: Box<dyn Shelf>) -> Collection {
        let dresses = vec![Dress::default(); names.len()];
        Collection {
            first_names: names.clone(),
            names,
            entries: Vec::new(),
            dresses,
            now,
            shelf,
            published: BTreeMap::new(),
        }
    }

    /// Shows the items of each source like this.
    pub fn dress(&mut self, dresses: Vec<Dress>) {
        self.dresses = dresses;
    }

    /// Takes an item of the `source`-th source that was first seen at `first_seen`, and puts it on
    /// the shelf. Returns where, and how long it is there.
    pub fn add(
        &mut self,
        source: usize,
        packed: &[u8],
        first_seen: Timestamp,
        printed: bool,
    ) -> (u64, u32) {
        let place = self.shelf.put(packed);
        let length = u32::try_from(packed.len()).unwrap_or(u32::MAX);
        self.place(source, packed, (place, length), first_seen, printed);
        (place, length)
    }

    /// The same for an item that lies on the shelf already.
    pub fn place(
        &mut self,
        source: usize,
        packed: &[u8],
        (place, length): (u64, u32),
        first_seen: Timestamp,
        printed: bool,
    ) {
        let Some(item) = pack::outline(packed) else { return };
        let title =
            self.names.get(source).and_then(|name| title::telling(item.title, item.link(), name));
        // A date in the future is not believed.
        let (date, origin) = match item.date() {
            Some(date) if date > self.now => (first_seen, DateOrigin::Clamped),
            Some(date) => (date, DateOrigin::Feed),
            None => (first_seen, DateOrigin::FirstSeen),
        };
        self.entries.push(Entry {
            place,
            length,
            source: u32::try_from(source).unwrap_or(u32::MAX),
            id: fingerprint(item.id),
            link: item.link().map_or(0, |url| fingerprint(&canonical(url))),
            title: title.map_or(0, |title| fingerprint(&title) as u32 | 1),
            date,
            first_seen,
            origin,
            printed,
        });
    }

    /// Takes away the items of a source that lie at these places.
    pub fn remove(&mut self, source: usize, places: &mut [u64]) {
        places.sort();
        self.entries.retain(|entry| {
            entry.source as usize != source || places.binary_search(&entry.place).is_err()
        });
    }

    /// How many items there are of each of so many sources.
    pub fn counts(&self, sources: usize) -> Vec<usize> {
        let mut counts = vec![0; sources];
        for entry in &self.entries {
            if let Some(count) = counts.get_mut(entry.source as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// The bytes of an item that was added.
    ///
    /// # Errors
    /// What reading the shelf said.
    pub fn bytes(&self, place: u64, length: u32, into: &mut Vec<u8>) -> io::Result<()> {
        self.shelf.get(place, length, into)
    }

    /// The stories of these sources (ascending): newest first, equal dates by source, then by id.
    ///
    /// # Errors
    /// What reading the shelf said.
    pub fn rank(&self, sources: &[usize], join: Join) -> io::Result<Ranking> {
        let entries = self.entries.iter().enumerate();
        let shown = entries.filter(|(_, e)| sources.binary_search(&(e.source as usize)).is_ok());
        let mut order: Vec<u32> = shown.map(|(index, _)| index as u32).collect();
        let key = |index: u32| (Reverse(self.entry(index).date), self.entry(index).source, index);
        order.sort_by_key(|a| key(*a));
        self.sort_equals(&mut order)?;
        self.drop_repetitions(&mut order);
        let groups = self.join(&order, join)?;
        let ranking = self.settle(order, &groups);
        let ranking = Ranking { taken: self.taken(), ..ranking };
        Ok(Ranking { split: self.split(&ranking), ..ranking })
    }

    /// Puts entries with the same date and source in the order of their ids. Ids are read from the
    /// shelf for these alone: most feeds tell dates.
    fn sort_equals(&self, order: &mut [u32]) -> io::Result<()> {
        let alike = |a: &u32, b: &u32| {
            let (a, b) = (self.entry(*a), self.entry(*b));
            (a.date, a.source) == (b.date, b.source)
        };
        for run in order.chunk_by_mut(alike).filter(|run| run.len() > 1) {
            let item = |index: &u32| {
                self.item(*index).map(|item| (item.id, Reverse(item.updated), *index))
            };
            let mut keyed = run.iter().map(item).collect::<io::Result<Vec<_>>>()?;
            keyed.sort();
            run.iter_mut().zip(keyed).for_each(|(place, (_, _, index))| *place = index);
        }
        Ok(())
    }

    /// Of entries with the same source and id the first stays, the newest: publishers repeat an id
    /// to correct a story.
    fn drop_repetitions(&self, order: &mut Vec<u32>) {
        let key =
            |(rank, index): (usize, &u32)| (self.entry(*index).source, self.entry(*index).id, rank);
        let mut keys: Vec<(u32, u64, usize)> = order.iter().enumerate().map(key).collect();
        keys.sort();
        let mut repeated = vec![false; order.len()];
        for pair in keys.windows(2) {
            let [(source, id, _), (next_source, next_id, rank)] = [pair[0], pair[1]];
            repeated[rank] = (source, id) == (next_source, next_id);
        }
        drop_marked(order, &repeated);
    }

    /// The earliest of a group survives; the others are its reports.
    fn settle(&self, mut order: Vec<u32>, groups: &Groups) -> Ranking {
        let survivors = groups.survivors();
        let joined: Vec<bool> = (0..).zip(&survivors).map(|(rank, own)| rank != *own).collect();
        let report = |rank: usize| (order[survivors[rank] as usize], order[rank]);
        let mut reports: Vec<(u32, u32)> =
            (0..order.len()).filter(|rank| joined[*rank]).map(report).collect();
        let key = |(survivor, report): &(u32, u32)| (*survivor, self.entry(*report).source);
        reports.sort_by_key(|a| key(a));
        drop_marked(&mut order, &joined);
        Ranking { order, reports, taken: Vec::new(), split: Vec::new() }
    }

    /// The story at this rank.
    ///
    /// # Errors
    /// What reading the shelf said.
    pub fn story(&self, ranking: &Ranking, rank: usize) -> io::Result<Story> {
        let index = ranking.order[rank];
        let entry = self.entry(index);
        let also = ranking.reports_of(index).map(|report| {
            let source = self.names[self.entry(report).source as usize].clone();
            self.shown(report).map(|item| Also { source, url: item.url })
        });
        let mut item = self.shown(index)?;
        item.id = self.id(ranking, index, &item)?;
        Ok(Story {
            item,
            source: self.names[entry.source as usize].clone(),
            first_seen: Some(entry.first_seen),
            date_origin: entry.origin,
            also: also.collect::<io::Result<Vec<_>>>()?,
        })
    }

    /// The date of the story at this rank.
    pub fn date(&self, ranking: &Ranking, rank: usize) -> Timestamp {
        self.entry(ranking.order[rank]).date
    }

    /// The items that the story at this rank stands for, the survivor first: source and fingerprint
    /// of the id.
    pub fn members(&self, ranking: &Ranking, rank: usize) -> impl Iterator<Item = (usize, u64)> {
        let index = ranking.order[rank];
        let members = std::iter::once(index).chain(ranking.reports_of(index));
        members.map(|index| {
            let entry = self.entry(index);
            (entry.source as usize, entry.id)
        })
    }

    /// Leaves out the stories that were printed, by whichever source.
    pub fn unprinted(&self, ranking: Ranking) -> Ranking {
        let printed = |index: u32| self.entry(index).printed;
        let new = |index: &&u32| !printed(**index) && !ranking.reports_of(**index).any(printed);
        let order: Vec<u32> = ranking.order.iter().filter(new).copied().collect();
        Ranking { order, ..ranking }
    }

    /// Of the ranks in `ranking`, those not older than `oldest`, at most `limit`.
    pub fn young(
        &self,
        ranking: &Ranking,
        oldest: Option<Timestamp>,
        limit: usize,
    ) -> Range<usize> {
        let young = |index: &u32| oldest.is_none_or(|oldest| self.entry(*index).date >= oldest);
        0..ranking.order.partition_point(young).min(limit)
    }

    fn entry(&self, index: u32) -> &Entry {
        &self.entries[index as usize]
    }

    /// An item as people see it. Its id stays what it was, though it may be a link.
    fn shown(&self, index: u32) -> io::Result<Item> {
        let mut item = self.item(index)?;
        let Some(dress) = self.dresses.get(self.entry(index).source as usize) else {
            return Ok(item);
        };
        for tag in &dress.tags {
            if !item.tags.contains(tag) {
                item.tags.push(tag.clone());
            }
        }
        if !dress.tracking {
            for link in [&mut item.url, &mut item.external_url].into_iter().flatten() {
                if let Cow::Owned(clean) = without_tracking(link) {
                    *link = clean.into();
                }
            }
        }
        Ok(item)
    }

    fn item(&self, index: u32) -> io::Result<Item> {
        let entry = self.entry(index);
        let mut bytes = Vec::with_capacity(entry.length as usize);
        self.shelf.get(entry.place, entry.length, &mut bytes)?;
        pack::unpack(&bytes).ok_or_else(|| io::Error::other("a packed item is damaged"))
    }
}

/// Stories in their order, by number.
#[derive(Debug)]
pub struct Ranking {
    order: Vec<u32>,
    /// Survivor and report, sorted by survivor, then by the report's source.
    reports: Vec<(u32, u32)>,
    /// See [`Collection::taken`].
    taken: Vec<u32>,
    /// See [`Collection::split`].
    split: Vec<u32>,
}

impl Ranking {
    /// How many stories there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    fn reports_of(&self, survivor: u32) -> impl Iterator<Item = u32> {
        let begin = self.reports.partition_point(|(known, _)| *known < survivor);
        let own = self.reports[begin..].iter().take_while(move |(known, _)| *known == survivor);
        own.map(|(_, report)| *report)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

fn drop_marked(order: &mut Vec<u32>, marked: &[bool]) {
    let mut marks = marked.iter();
    order.retain(|_| !marks.next().copied().unwrap_or(false));
}

/// FNV-1a with 64 bits, finished by SplitMix64: short keys for long strings, the same everywhere.
pub fn fingerprint(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    crate::backoff::scramble(text.bytes().fold(0xCBF2_9CE4_8422_2325, mix))
}

#[cfg(test)]
mod tests;
