//! The ids under which stories are published.
//!
//! The id of a published story never changes (RFC 4287 §4.2.6), also when another source turns out to have the story
//! earlier: it is that of the member that was seen first. What it was is remembered of the other members, so that it stays
//! when the first one is shown no longer. One id belongs to one story: of equal ids of several sources, the one that was
//! seen first stays as it is, and the others are named after their sources, too.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::{Collection, Ranking};
use crate::format::entry_id;
use crate::item::{Item, Text};

/// That an item was published under another one's id.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Published {
    /// Fingerprint of the item's own id.
    pub item: u64,
    /// The source of the item that its story is named after …
    pub source: Box<str>,
    /// … and the fingerprint of that item's own id.
    pub of: u64,
    /// The id of the story.
    pub id: Box<str>,
}

impl Collection {
    /// Publishes the items of a source under another name than its own: the one that it had first.
    pub fn publish_as(&mut self, source: usize, name: &str) {
        self.first_names[source] = name.into();
    }

    /// Takes what is remembered of the items of a source that were published under other ids.
    pub fn published(&mut self, source: usize, published: &[Published]) {
        let source = u32::try_from(source).unwrap_or(u32::MAX);
        let known = published.iter().map(|one| ((source, one.item), one.clone()));
        self.published.extend(known);
    }

    /// Entries, ascending, whose ids an entry of another source has that was seen earlier.
    pub(super) fn taken(&self) -> Vec<u32> {
        let key = |(index, entry): (usize, &super::Entry)| {
            (entry.id, entry.first_seen, entry.date, index as u32)
        };
        let mut keys: Vec<_> = self.entries.iter().enumerate().map(key).collect();
        keys.sort_unstable();
        let mut taken = Vec::new();
        for same in keys.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let first = self.entry(same[0].3).source;
            let others = same.iter().filter(|key| self.entry(key.3).source != first);
            taken.extend(others.map(|key| key.3));
        }
        taken.sort();
        taken
    }

    /// Stories, ascending, that were published under an id that another story of the ranking has now.
    pub(super) fn split(&self, ranking: &Ranking) -> Vec<u32> {
        if self.published.is_empty() {
            return Vec::new();
        }
        let mut named: BTreeMap<(&str, u64), Option<u32>> = BTreeMap::new();
        let mut split = Vec::new();
        for index in ranking.order.iter().copied() {
            if let Some(known) = self.known(self.first(ranking, index)) {
                // Of two the one that comes first in the order keeps it.
                if named.insert((&known.source, known.of), Some(index)).is_some() {
                    split.push(index);
                }
            }
        }
        for index in ranking.order.iter().copied() {
            let first = self.first(ranking, index);
            let entry = self.entry(first);
            let key = (&*self.first_names[entry.source as usize], entry.id);
            if self.known(first).is_none() {
                split.extend(named.get_mut(&key).and_then(Option::take));
            }
        }
        split.sort();
        split
    }

    /// The id of the story whose survivor is this entry, and this item.
    pub(super) fn id(&self, ranking: &Ranking, index: u32, item: &Item) -> io::Result<Text> {
        let first = self.first(ranking, index);
        if let Some(known) = self.known_as(ranking, index) {
            return Ok((&*known.id).into());
        }
        let other = if first == index { None } else { Some(self.item(first)?) };
        let own = &other.as_ref().unwrap_or(item).id;
        let taken = ranking.taken.binary_search(&first).is_ok();
        Ok(entry_id(&self.first_names[self.entry(first).source as usize], own, taken)
            .as_ref()
            .into())
    }

    /// What is to be remembered of the items that this ranking joins with others, by source.
    ///
    /// # Errors
    /// What reading the shelf said.
    pub fn publications(&self, ranking: &Ranking) -> io::Result<Vec<(usize, Published)>> {
        let mut publications = Vec::new();
        for survivor in ranking.reports.chunk_by(|a, b| a.0 == b.0).map(|reports| reports[0].0) {
            let first = self.first(ranking, survivor);
            let (source, of) = match self.known_as(ranking, survivor) {
                Some(known) => (known.source.clone(), known.of),
                None => {
                    let entry = self.entry(first);
                    ((&*self.first_names[entry.source as usize]).into(), entry.id)
                }
            };
            let id: Box<str> = (&*self.id(ranking, survivor, &self.item(survivor)?)?).into();
            for member in std::iter::once(survivor).chain(ranking.reports_of(survivor)) {
                let item = self.entry(member).id;
                let published = Published { item, source: source.clone(), of, id: id.clone() };
                if member != first && self.known(member) != Some(&published) {
                    publications.push((self.entry(member).source as usize, published));
                }
            }
        }
        Ok(publications)
    }

    /// The member of a story that was seen first; the survivor where others were seen with it.
    fn first(&self, ranking: &Ranking, survivor: u32) -> u32 {
        let members = std::iter::once(survivor).chain(ranking.reports_of(survivor));
        members.min_by_key(|index| self.entry(*index).first_seen).unwrap_or(survivor)
    }

    /// What is remembered of an entry.
    fn known(&self, index: u32) -> Option<&Published> {
        let entry = self.entry(index);
        self.published.get(&(entry.source, entry.id))
    }

    /// Under which id a story was published, if that is not its first member's own.
    fn known_as(&self, ranking: &Ranking, survivor: u32) -> Option<&Published> {
        let known = self.known(self.first(ranking, survivor))?;
        ranking.split.binary_search(&survivor).is_err().then_some(known)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::merge::{Join, fingerprint};
    use crate::pack;
    use crate::time::Timestamp;

    /// A story with this id and link, of a source, first seen at this second, dated so many seconds before 1,000.
    type Seen<'a> = (usize, &'a str, &'a str, i64, i64);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds).unwrap()
    }

    /// The ids of the stories of these sources, oldest first, and what is to be remembered.
    fn publish(
        items: &[Seen<'_>],
        sources: &[usize],
        known: &[(usize, Published)],
    ) -> (Vec<String>, Vec<(usize, Published)>) {
        let names = ["a", "b", "c"].map(Arc::from).to_vec();
        let mut collection = Collection::new(names, at(1_000), Box::new(Vec::new()));
        for (source, published) in known {
            collection.published(*source, std::slice::from_ref(published));
        }
        for (source, id, link, seen, age) in items {
            let item = Item {
                id: (*id).into(),
                title: (*id).into(),
                url: Some((*link).into()),
                published: Some(at(1_000 - age)),
                ..Item::default()
            };
            let mut packed = Vec::new();
            pack::pack(&item, &mut packed);
            collection.add(*source, &packed, at(*seen), false);
        }
        let ranking = collection.rank(sources, Join::default()).unwrap();
        let id = |rank| collection.story(&ranking, rank).unwrap().item.id.to_string();
        let ids = (0..ranking.len()).rev().map(id).collect();
        (ids, collection.publications(&ranking).unwrap())
    }

    const ALL: [usize; 3] = [0, 1, 2];

    #[test]
    fn of_equal_ids_of_several_sources_the_one_that_was_seen_first_stays_as_it_is() {
        let id = "https://x.example/1";
        let items = [(1, id, "http://b.example/", 20, 900), (0, id, "http://a.example/", 10, 100)];
        let (ids, _) = publish(&items, &ALL, &[]);
        assert_eq!(ids[1], id, "the older one was seen later");
        assert!(ids[0].starts_with("urn:uuid:"), "{ids:?}");
        // An output that has the one alone has it under the same id.
        assert_eq!(publish(&items, &[1], &[]).0, ids[..1]);
        let (forums, _) = publish(
            &[(0, "1", "http://a.example/1", 5, 1), (1, "1", "http://b.example/1", 5, 2)],
            &ALL,
            &[],
        );
        assert!(forums[0] != forums[1] && forums.iter().all(|id| id.starts_with("urn:uuid:")));
    }

    #[test]
    fn a_story_keeps_its_id_whoever_is_found_to_have_it_and_whoever_goes() {
        let link = "http://x.example/story";
        let hub = (0, "h1", link, 10, 100);
        let (before, none) = publish(&[hub], &ALL, &[]);
        assert!(none.is_empty());
        // Another source has it earlier, and is seen later.
        let paper = (1, "p1", link, 20, 500);
        let (joined, known) = publish(&[hub, paper], &ALL, &[]);
        assert_eq!(joined, before);
        let [(1, published)] = &known[..] else { panic!("{known:?}") };
        assert_eq!((published.item, published.of), (fingerprint("p1"), fingerprint("h1")));
        assert_eq!(publish(&[hub, paper], &ALL, &known), (before.clone(), vec![]));
        // The first one is gone, or in none of the sources of an output; a third one comes.
        assert_eq!(publish(&[paper], &ALL, &known).0, before);
        assert_eq!(publish(&[hub, paper], &[1, 2], &known).0, before);
        let third = (2, "t1", link, 30, 900);
        let (ids, more) = publish(&[paper, third], &ALL, &known);
        assert_eq!((ids, more.len(), more[0].0), (before.clone(), 1, 2));
        let known = [known, more].concat();
        assert_eq!(publish(&[third], &ALL, &known).0, before);
        // Two of them part: one of them keeps it.
        let apart = (1, "p1", "http://x.example/another", 20, 500);
        let (ids, _) = publish(&[hub, apart], &ALL, &known);
        assert_eq!((ids.len(), &ids[1]), (2, &before[0]));
        assert_ne!(ids[0], ids[1]);
    }
}
