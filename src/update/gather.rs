//! What the sources of a round brought, filtered and on the way to the outputs.

use std::sync::Arc;

use super::identity::recognise;
use crate::config::{Config, Place, SourceConfig};
use crate::format::Pace;
use crate::http::{Request, Response, Secret, Url};
use crate::item::{Item, MAX_ITEMS, Text, newest};
use crate::live::Stand;
use crate::merge::identity::{story_of, tell_apart};
use crate::merge::{Collection, Dress, Shelf, fingerprint};
use crate::pack;
use crate::round::{Landed, Round};
use crate::source::{self, Page, stream};
use crate::state::{ItemHead, Kept, Known, Memory, SHOWN, content, root_of};
use crate::time::Timestamp;

/// Takes items as they come.
#[derive(Debug)]
pub(super) struct Gathered<'a> {
    config: &'a Config,
    memory: &'a Memory,
    now: Timestamp,
    /// All that came.
    pub collection: Collection,
    /// For each source what it brought.
    pub brought: Vec<Brought>,
    /// What is to be told of sources that are well, in words.
    pub notes: Vec<String>,
    packed: Vec<u8>,
}

/// What one source brought.
#[derive(Debug, Default)]
pub(super) struct Brought {
    /// One for each request of its plan (one for a file).
    pub roots: Vec<Root>,
    /// So many items were kept.
    pub items: usize,
    /// What came stands beside what is shown already, of which so much stays, both together: a stream.
    pub shows: Option<usize>,
    /// How its stream stands, if it has one.
    pub stand: Option<Stand>,
    /// It has items that the config does not want any more.
    pub unwanted: bool,
}

impl Brought {
    /// The URLs that answered.
    pub(super) fn answered(&self) -> impl Iterator<Item = &Url> {
        self.roots.iter().filter_map(|root| root.answer.as_ref()).map(|answer| &answer.asked)
    }

    /// Whether what was read stands in the place of this item: it is of a document that was read,
    /// or of one that is asked for no longer while another was read.
    pub(super) fn replaces(&self, kept: &Kept) -> bool {
        match self.roots.iter().find(|root| root_of(root.key) == kept.head.root) {
            Some(root) => root.read && root.whole,
            None => self.is_read() && self.roots.iter().all(|root| root.whole),
        }
    }

    /// Of what a stream showed, what it still shows: the newest that there is room for.
    pub(super) fn leaves(&self, known: &Known) -> Option<Vec<Kept>> {
        let shows = self.shows?;
        let shown = known.latest(&|kept| !self.holds(kept.head.id));
        Some(shown.into_iter().take(shows.saturating_sub(self.items)).collect())
    }

    /// Whether an item with this fingerprint was read.
    pub(super) fn holds(&self, id: u64) -> bool {
        self.roots.iter().any(|root| root.items.iter().any(|item| item.head.id == id))
    }

    /// Whether there is anything new to read.
    pub(super) fn is_read(&self) -> bool {
        self.roots.iter().any(|root| root.read)
    }
}

/// What came on behalf of one request of a plan.
#[derive(Debug, Default)]
pub(super) struct Root {
    /// Fingerprint of the request and of what the config makes of its answer.
    pub key: u64,
    /// Whether there is a new page: its items stand for the document …
    pub read: bool,
    /// … alone, if nothing of it is missing. Else what was shown before stays beside them.
    pub whole: bool,
    /// The newest answer to the request itself.
    pub answer: Option<Answer>,
    /// What the page shows, each id once.
    pub items: Vec<Kept>,
    /// What decides which of two items with the same id stays: date and last change.
    ranks: Vec<(Timestamp, Option<Timestamp>)>,
}

/// How a server answered a request of a plan.
#[derive(Debug)]
pub(super) struct Answer {
    pub asked: Url,
    pub response: Response,
    pub digest: u64,
    /// `None`: what is held is still true.
    pub pace: Option<Pace>,
    pub partial: bool,
}

impl<'a> Gathered<'a> {
    pub(super) fn new(
        config: &'a Config,
        memory: &'a Memory,
        now: Timestamp,
        shelf: Box<dyn Shelf>,
    ) -> Gathered<'a> {
        let names = config.sources.iter().map(|source| Arc::from(source.name.as_str())).collect();
        let mut collection = Collection::new(names, now, shelf);
        let dress = |source: &SourceConfig| Dress {
            tracking: source.tracking,
            tags: source.tags.iter().map(|tag| Text::from(tag.as_str())).collect(),
        };
        collection.dress(config.sources.iter().map(dress).collect());
        for (index, source) in config.sources.iter().enumerate() {
            let known = memory.of(&source.memory);
            collection.published(index, known.map_or(&[], |known| &known.published));
            // Unless another source has that name now: no two items have one id.
            let is_free = |name: &&str| config.sources.iter().all(|it| it.memory != **name);
            let first_name = known.and_then(|known| known.first_name.as_deref());
            if let Some(name) = first_name.filter(is_free) {
                collection.publish_as(index, name);
            }
        }
        let root = |key| Root { key, ..Root::default() };
        let roots = |source| keys(source).into_iter().map(root).collect();
        let brought = config.sources.iter().map(|source| Brought {
            roots: roots(source),
            shows: shows(source),
            ..Brought::default()
        });
        let brought = brought.collect();
        let (notes, packed) = (Vec::new(), Vec::new());
        Gathered { config, memory, now, collection, brought, notes, packed }
    }

    /// One bad answer costs one answer: where some are missing, what was shown before stays. Not of files and stdin, which
    /// are read anew each time: when there is nothing to be read, nothing is shown.
    pub(super) fn forgive(&mut self, round: &Round) {
        let sources = self.config.sources.iter().zip(&mut self.brought);
        for ((source, brought), tally) in sources.zip(&round.tallies) {
            if source.place != Place::Network && !tally.failures.is_empty() {
                brought.roots.iter_mut().for_each(|root| (root.read, root.whole) = (true, true));
                continue;
            }
            let whole = tally.failures.is_empty() && tally.put_off.is_none();
            for root in &mut brought.roots {
                let partial = root.answer.as_ref().is_some_and(|answer| answer.partial);
                root.whole = whole && !partial && brought.shows.is_none();
            }
        }
    }

    /// When the round began.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Takes an answer to the `index`-th source.
    pub(super) fn land(&mut self, index: usize, landed: Landed) {
        let Landed { request, response, page, digest, .. } = landed;
        let (root, first) = (request.root as usize, request.step == 0);
        if let Some(root) = self.brought[index].roots.get_mut(root) {
            if first {
                let pace = page.as_ref().map(|page| page.pace);
                let partial = page.as_ref().is_some_and(|page| page.partial);
                let asked = request.url;
                root.answer = Some(Answer { asked, response, digest, pace, partial });
            }
        }
        if let Some(page) = page {
            self.take(index, root, page);
        }
    }

    /// Takes what is held of the `index`-th source, which is a stream.
    pub(super) fn answered(&mut self, index: usize, asked: Url, response: Response) {
        let pace = Some(Pace::default());
        if let Some(root) = self.brought[index].roots.first_mut() {
            root.answer = Some(Answer { asked, response, digest: 0, pace, partial: false });
        }
    }

    /// Takes one document of the `index`-th source.
    pub(super) fn take(&mut self, index: usize, root: usize, page: Page) {
        if page.left_out > 0 {
            let (name, kept) = (&self.config.sources[index].name, page.items.len());
            let all = kept + page.left_out;
            self.notes.push(format!("{name}: only the newest {kept} of its {all} items are kept"));
        }
        self.keep(index, root, page.items);
    }

    /// Takes the items of one document of the `index`-th source.
    pub(super) fn keep(&mut self, index: usize, root: usize, mut items: Vec<Item>) {
        let source = &self.config.sources[index];
        let brought = &mut self.brought[index];
        let known = self.memory.of(&source.memory);
        let most = match brought.shows {
            // What came first on a stream comes first here.
            Some(shows) => {
                items.retain(|item| wanted(source, &item.title));
                items.truncate(shows.saturating_sub(brought.items));
                shows
            }
            None => {
                tell_apart(&mut items, source.id_by);
                if let Some(known) = known {
                    recognise(&mut items, known, source.id_by, &self.collection);
                }
                items.retain(|item| wanted(source, &item.title));
                source.limit.unwrap_or(MAX_ITEMS)
            }
        };
        let rank = |item: &Item| rank(item, known, self.now);
        newest(&mut items, most, |item| rank(item).0);
        let Some(root) = brought.roots.get_mut(root) else { return };
        root.read = true;
        if root.items.is_empty() {
            root.items.reserve_exact(items.len());
            root.ranks.reserve_exact(items.len());
        }
        for item in items {
            brought.items += 1;
            self.packed.clear();
            pack::pack(&item, &mut self.packed);
            let id = fingerprint(&item.id);
            let remembered = known.and_then(|known| known.item(id));
            let printed = remembered.is_some_and(|item| item.head.printed);
            let first_seen = first_seen(remembered, self.now);
            let (place, length) = self.collection.add(index, &self.packed, first_seen, printed);
            let story = story_of(&item.title, item.url.as_deref());
            let (root_key, first_seen) = (root_of(root.key), first_seen.unix());
            let kept = Kept {
                head: ItemHead { id, story, root: root_key, first_seen, printed },
                place,
                length,
                content: content(&self.packed),
                gone: SHOWN,
                unsaved: true,
            };
            root.take(kept, rank(&item));
        }
    }

    /// Where several documents of a source together brought more items than its limit, the newest stay.
    pub(super) fn limit(&mut self) {
        for (index, source) in self.config.sources.iter().enumerate() {
            let brought = &mut self.brought[index];
            let Some(limit) = source.limit.filter(|limit| brought.items > *limit) else { continue };
            let roots = brought.roots.iter();
            let mut ranks: Vec<_> = roots.flat_map(|root| &root.ranks).map(|rank| rank.0).collect();
            ranks.sort();
            let Some(more) = ranks.len().checked_sub(limit).filter(|more| *more > 0) else {
                continue;
            };
            let (oldest, mut left) = (ranks[more - 1], more);
            let mut dropped = Vec::new();
            // Of equals, those that came last.
            let mut equals = ranks[..more].iter().filter(|rank| **rank == oldest).count();
            for root in brought.roots.iter_mut().rev() {
                for at in (0..root.items.len()).rev() {
                    let rank = root.ranks[at].0;
                    if left > 0 && (rank < oldest || rank == oldest && equals > 0) {
                        equals -= usize::from(rank == oldest);
                        left -= 1;
                        root.ranks.remove(at);
                        dropped.push(root.items.remove(at).place);
                    }
                }
            }
            brought.items = limit;
            self.collection.remove(index, &mut dropped);
        }
    }
}

/// What decides which items stay: their date, unless that is in the future, or else when they were first
/// seen; and their last change.
fn rank(item: &Item, known: Option<&Known>, now: Timestamp) -> (Timestamp, Option<Timestamp>) {
    let date = item.published.or(item.updated).filter(|date| *date <= now);
    let seen = || first_seen(known.and_then(|known| known.item(fingerprint(&item.id))), now);
    (date.unwrap_or_else(seen), item.updated)
}

fn first_seen(remembered: Option<&Kept>, now: Timestamp) -> Timestamp {
    remembered.and_then(|kept| Timestamp::from_unix(kept.head.first_seen)).unwrap_or(now)
}

impl Root {
    /// The items, which nobody else needs any more.
    pub fn take_items(&mut self) -> Vec<Kept> {
        self.ranks = Vec::new();
        std::mem::take(&mut self.items)
    }

    /// Takes an item. Publishers repeat an id to correct a story: of those with the same, the one
    /// stays that the documents show, the newest, or the first of equals.
    fn take(&mut self, kept: Kept, rank: (Timestamp, Option<Timestamp>)) {
        match self.items.iter().position(|item| item.head.id == kept.head.id) {
            None => {
                self.items.push(kept);
                self.ranks.push(rank);
            }
            Some(index) if rank > self.ranks[index] => {
                self.items[index] = kept;
                self.ranks[index] = rank;
            }
            Some(_) => {}
        }
    }
}

/// How many items a stream shows.
fn shows(source: &SourceConfig) -> Option<usize> {
    source.is_stream().then(|| source.limit.unwrap_or(stream::SHOWN).min(MAX_ITEMS))
}

/// What a source's documents are remembered under: what is asked for, and what the config makes of
/// the answer. A document of another key was never asked for.
pub fn keys(source: &SourceConfig) -> Vec<u64> {
    let mut settings = String::new();
    for pattern in source.include.iter().map(|regex| regex.as_str()) {
        settings.push_str(pattern);
        settings.push('\n');
    }
    settings.push('\r');
    for pattern in source.exclude.iter().map(|regex| regex.as_str()) {
        settings.push_str(pattern);
        settings.push('\n');
    }
    settings.push('\r');
    for tag in &source.tags {
        settings.push_str(tag);
        settings.push('\n');
    }
    settings.push_str(source.kind);
    settings.push('\r');
    settings.push_str(&source.limit.unwrap_or(0).to_string());
    let plan = match (&source.place, &source.source) {
        (Place::Network, Some(own)) => {
            settings.push_str(&own.reading());
            own.plan()
        }
        (Place::File(path), _) => {
            return vec![fingerprint(&format!("{settings}\r{}", path.display()))];
        }
        _ => return vec![fingerprint(&settings)],
    };
    plan.iter().map(|request| key(&settings, request, source)).collect()
}

fn key(settings: &str, request: &Request, source: &SourceConfig) -> u64 {
    let mut text = format!("{settings}\r{}", request.url);
    for header in request.headers.iter().chain(&source.headers) {
        text.push_str(&header.name);
        match header.secret {
            // Nobody gets a key back from what is remembered.
            true => text.push_str(&source::account("", &Secret(header.value.clone()))),
            false => text.push_str(&header.value),
        }
    }
    fingerprint(&text)
}

pub(super) fn wanted(source: &SourceConfig, title: &str) -> bool {
    let included = source.include.is_empty() || source.include.iter().any(|r| r.is_match(title));
    included && !source.exclude.iter().any(|r| r.is_match(title))
}
