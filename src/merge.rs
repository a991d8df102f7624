//! The same story once, newest first.
//!
//! Within a source the id says what is the same, across sources the canonical link. The earliest
//! report survives and lists the others. Nothing depends on the order in which sources answered:
//! the same items give the same bytes.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::item::{Also, DateOrigin, Item, Story};
use crate::time::Timestamp;

mod canonical;

pub use canonical::canonical;

/// Collects what the sources of a round brought.
#[derive(Debug)]
pub struct Merger {
    names: Vec<Arc<str>>,
    entries: Vec<Entry>,
    now: Timestamp,
    /// With a limit: how many stories the outputs can show at most, so that more need not be kept.
    most: Option<usize>,
    /// Canonical links of stories that were let go because newer ones fill every output.
    let_go: HashSet<u64>,
}

#[derive(Debug)]
struct Entry {
    source: u32,
    /// Of the canonical link, if there is a link.
    link: Option<u64>,
    first_seen: Timestamp,
    item: Item,
    also: Vec<(u32, Also)>,
}

impl Merger {
    /// For sources with these names, in the order of the config; `now` decides what is the future.
    pub fn new(names: Vec<Arc<str>>, now: Timestamp, most: Option<usize>) -> Merger {
        Merger { names, entries: Vec::new(), now, most, let_go: HashSet::new() }
    }

    /// Takes an item of the `source`-th source that was first seen at `first_seen`.
    pub fn add(&mut self, source: usize, item: Item, first_seen: Timestamp) {
        let url = item.external_url.as_deref().or(item.url.as_deref());
        let link = url.map(|url| fingerprint(&canonical(url)));
        let source = u32::try_from(source).unwrap_or(u32::MAX);
        self.entries.push(Entry { source, link, first_seen, item, also: Vec::new() });
        // Twice what is kept before a pass, so that passes cost a constant for each item.
        if self.most.is_some_and(|most| self.entries.len() > 2 * kept(most)) {
            self.shrink();
        }
    }

    /// The stories, newest first; equal dates by source, then by id.
    pub fn stories(mut self) -> Vec<Story> {
        self.settle();
        let (now, names) = (self.now, self.names);
        let name = |source: u32| names[source as usize].clone();
        self.entries
            .into_iter()
            .map(|entry| Story {
                date_origin: entry.date(now).1,
                source: name(entry.source),
                first_seen: Some(entry.first_seen),
                also: entry.also.into_iter().map(|(_, also)| also).collect(),
                item: entry.item,
            })
            .collect()
    }

    /// Lets go of what no output will show, and remembers its links: a later report of the same
    /// story must not come back as news.
    fn shrink(&mut self) {
        self.settle();
        if let Some(most) = self.most {
            let rest = self.entries.drain(kept(most).min(self.entries.len())..);
            self.let_go.extend(rest.filter_map(|entry| entry.link));
        }
    }

    /// Drops repetitions within sources, joins reports across sources, sorts.
    fn settle(&mut self) {
        let now = self.now;
        self.entries.sort_by(|a, b| a.place(now).cmp(&b.place(now)));
        self.drop_repetitions();
        self.join_reports();
    }

    /// Of entries with the same source and id, the newest stays: publishers repeat an id to
    /// correct a story.
    fn drop_repetitions(&mut self) {
        let mut seen = HashSet::with_capacity(self.entries.len());
        self.entries.retain(|entry| seen.insert((entry.source, fingerprint(&entry.item.id))));
    }

    fn join_reports(&mut self) {
        let ambiguous = self.ambiguous_links();
        let mut survivor: HashMap<u64, usize> = HashMap::with_capacity(self.entries.len());
        let mut joined = vec![false; self.entries.len()];
        // From the oldest on, so that whoever comes first survives.
        for index in (0..self.entries.len()).rev() {
            let Some(link) = self.entries[index].link.filter(|link| !ambiguous.contains(link))
            else {
                continue;
            };
            if self.let_go.contains(&link) {
                joined[index] = true;
                continue;
            }
            match survivor.get(&link) {
                None => drop(survivor.insert(link, index)),
                Some(&first) => {
                    let mut reports = std::mem::take(&mut self.entries[index].also);
                    reports.push(self.report(index));
                    self.entries[first].also.append(&mut reports);
                    joined[index] = true;
                }
            }
        }
        let mut joined = joined.into_iter();
        self.entries.retain(|_| !joined.next().unwrap_or(false));
        for entry in &mut self.entries {
            entry.also.sort_by(|a, b| (a.0, &a.1.url).cmp(&(b.0, &b.1.url)));
        }
    }

    fn report(&self, index: usize) -> (u32, Also) {
        let entry = &self.entries[index];
        let source = self.names[entry.source as usize].clone();
        (entry.source, Also { source, url: entry.item.url.clone() })
    }

    /// Links that one source gives to several of its items (its home page, a change log) name no
    /// story.
    fn ambiguous_links(&self) -> HashSet<u64> {
        let mut seen = HashSet::with_capacity(self.entries.len());
        let links = self.entries.iter().filter_map(|entry| Some((entry.source, entry.link?)));
        links.filter(|link| !seen.insert(*link)).map(|(_, link)| link).collect()
    }
}

/// How many stories are kept when the outputs show `most`. More than that, because an earlier
/// report that comes late makes a story older, and the next in line must still be there.
fn kept(most: usize) -> usize {
    most.saturating_mul(4).saturating_add(256)
}

impl Entry {
    /// The date to sort by. A date in the future is not believed.
    fn date(&self, now: Timestamp) -> (Timestamp, DateOrigin) {
        match self.item.published.or(self.item.updated) {
            Some(date) if date > now => (self.first_seen, DateOrigin::Clamped),
            Some(date) => (date, DateOrigin::Feed),
            None => (self.first_seen, DateOrigin::FirstSeen),
        }
    }

    fn place(&self, now: Timestamp) -> (Reverse<Timestamp>, u32, &str, Reverse<Option<Timestamp>>) {
        // The last part decides only between repetitions of one id.
        (Reverse(self.date(now).0), self.source, &self.item.id, Reverse(self.item.updated))
    }
}

/// FNV-1a with 64 bits, finished by SplitMix64: short keys for long strings, the same everywhere.
pub fn fingerprint(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    crate::backoff::scramble(text.bytes().fold(0xCBF2_9CE4_8422_2325, mix))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds).unwrap()
    }

    fn item(id: &str, url: &str, published: Option<i64>) -> Item {
        Item {
            id: id.into(),
            title: id.into(),
            url: (!url.is_empty()).then(|| url.into()),
            published: published.map(at),
            ..Item::default()
        }
    }

    fn merge(most: Option<usize>, items: &[(usize, Item)]) -> Vec<Story> {
        let names = ["a", "b", "c"].map(Arc::from).to_vec();
        let mut merger = Merger::new(names, at(NOW), most);
        for (source, item) in items {
            merger.add(*source, item.clone(), at(NOW - 5));
        }
        merger.stories()
    }

    fn ids(stories: &[Story]) -> Vec<&str> {
        stories.iter().map(|story| &*story.item.id).collect()
    }

    #[test]
    fn newest_come_first_and_equal_dates_go_by_source_then_id() {
        let stories = merge(
            None,
            &[
                (1, item("y", "", Some(10))),
                (0, item("z", "", Some(10))),
                (0, item("x", "", Some(10))),
                (2, item("w", "", Some(20))),
            ],
        );
        assert_eq!(ids(&stories), ["w", "x", "z", "y"]);
    }

    #[test]
    fn the_earliest_report_survives_and_lists_the_others() {
        let stories = merge(
            None,
            &[
                (0, item("late", "https://www.x.example/s/?utm_source=a", Some(30))),
                (1, item("early", "http://x.example/s", Some(10))),
                (2, item("later", "https://x.example/s#c", Some(40))),
            ],
        );
        assert_eq!(ids(&stories), ["early"]);
        let also: Vec<_> = stories[0].also.iter().map(|also| &*also.source).collect();
        assert_eq!(also, ["a", "c"]);
    }

    #[test]
    fn an_id_counts_once_within_a_source_and_not_across() {
        let stories = merge(
            None,
            &[
                (0, item("1", "http://x.example/1", Some(10))),
                (0, item("1", "http://x.example/1b", Some(20))),
                (1, item("1", "http://y.example/1", Some(5))),
            ],
        );
        assert_eq!(stories.len(), 2);
        assert_eq!(stories[0].item.url.as_deref(), Some("http://x.example/1b"));
    }

    #[test]
    fn a_link_that_a_source_gives_twice_names_no_story() {
        let stories = merge(
            None,
            &[
                (0, item("1", "http://x.example/log", Some(10))),
                (0, item("2", "http://x.example/log", Some(20))),
                (1, item("3", "http://x.example/log", Some(30))),
            ],
        );
        assert_eq!(stories.len(), 3);
    }

    #[test]
    fn a_discussion_and_the_page_it_is_about_are_one_story() {
        let discussion = Item {
            external_url: Some("https://x.example/page".into()),
            ..item("d", "https://news.example/item?id=1", Some(20))
        };
        let page = item("p", "https://x.example/page", Some(10));
        let stories = merge(None, &[(0, discussion), (1, page)]);
        assert_eq!(ids(&stories), ["p"]);
        assert_eq!(stories[0].also[0].url.as_deref(), Some("https://news.example/item?id=1"));
    }

    #[test]
    fn missing_and_future_dates_sort_by_first_seen() {
        let stories = merge(
            None,
            &[
                (0, item("missing", "", None)),
                (0, item("future", "", Some(NOW + 1))),
                (0, item("now", "", Some(NOW))),
            ],
        );
        assert_eq!(ids(&stories), ["now", "future", "missing"]);
        let origins: Vec<_> = stories.iter().map(|story| story.date_origin).collect();
        assert_eq!(origins, [DateOrigin::Feed, DateOrigin::Clamped, DateOrigin::FirstSeen]);
        assert_eq!(stories[1].date(), Some(at(NOW - 5)));
    }

    #[test]
    fn neither_order_of_arrival_nor_a_limit_changes_what_is_shown() {
        for seed in 0..40_u64 {
            let mut luck = seed;
            let mut next = |n: u64| {
                luck = crate::backoff::scramble(luck);
                luck % n
            };
            let mut items: Vec<(usize, Item)> = (0..3000)
                .map(|i| {
                    let url = format!("https://x.example/{}", next(2000));
                    let date = (next(10) > 0).then(|| next(100_000) as i64);
                    (next(3) as usize, item(&format!("i{i}"), &url, date))
                })
                .collect();
            // Within a source a link names one story only; the limit must not change that.
            let mut seen = HashSet::new();
            items.retain(|(source, item)| seen.insert((*source, item.url.clone())));
            let whole = merge(None, &items);
            for index in (1..items.len()).rev() {
                items.swap(index, next(index as u64 + 1) as usize);
            }
            assert_eq!(whole, merge(None, &items), "seed {seed}");
            let shown = |stories: &[Story]| ids(&stories[..50]).join(" ");
            assert_eq!(shown(&whole), shown(&merge(Some(50), &items)), "seed {seed}");
        }
    }
}
