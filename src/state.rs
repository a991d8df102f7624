//! What is remembered of each source between rounds: its items and when they were first seen, the
//! validators of its documents, how it stands and how it was asked.
//!
//! Everything that happens is an event. The memory is what all events came to; what a round
//! adds are more of them, at the end of a journal. No event depends on a later one: whatever part of
//! a journal's end is lost, the rest is true.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use crate::format::{Pace, State};
use crate::item::MAX_ITEMS;
use crate::merge::Published;
use crate::time::{Moment, Timestamp};

mod first;
mod known;
mod late;
mod past;
mod record;
mod rekey;
mod save;
mod stand;
mod times;
mod tokens;

pub use first::upgrade;
pub use late::Late;
pub use past::{MAX_SPELLS, PHASES, Past, Spell};
pub use record::{
    Document, Illness, ItemHead, LATENCIES, Moved, Outcome, Poll, Totals, item as item_of,
};
pub use rekey::Rekey;
pub use stand::{FIRST_NOTE, Stand, UNSET};
pub use times::{SPANS_MS, Times};
pub use tokens::{MAX_FILE as MAX_TOKENS_FILE, MAX_TOKENS, Tokens};

use record::Event;

/// All that is remembered.
#[derive(Debug, Default)]
pub struct Memory {
    sources: Vec<Known>,
    numbers: HashMap<Box<str>, u32>,
    /// What is not in the journal yet, as records behind their lengths. Items are not here: they are
    /// marked as [`Kept::unsaved`].
    news: Vec<Vec<u8>>,
    /// The last round that asked anybody, as its record has it; empty if there was none.
    past: Vec<u8>,
    /// By which calendar the times are.
    stand: Option<Stand>,
    /// The journal has them by another one.
    restated: bool,
}

/// One source, as far as it is known.
#[derive(Debug, Default)]
pub struct Known {
    /// What it is remembered under.
    pub name: Box<str>,
    /// The name that it had first, if it was renamed: its items are published under that.
    pub first_name: Option<Box<str>>,
    /// How it was asked, and how that went.
    pub totals: Totals,
    /// Why it is not well.
    pub illness: Option<Illness>,
    /// How often its publisher wants to be asked.
    pub pace: Pace,
    /// Its documents.
    pub documents: Vec<Document>,
    /// Where it seems to have moved for good.
    pub moved: Option<Moved>,
    /// Its items, sorted by id.
    pub items: Vec<Kept>,
    /// Those of them that were published under other ids than their own.
    pub published: Vec<Published>,
    /// Whether the journal knows its number.
    written: bool,
    /// It was asked, and the journal does not know yet.
    polled: bool,
}

/// An item, and where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// What is remembered beside its bytes.
    pub head: ItemHead,
    /// Where it lies, and how many bytes it takes there: its record in the journal, or, if it is
    /// `unsaved`, its packed bytes on the shelf of its round.
    pub place: u64,
    /// See `place`.
    pub length: u32,
    /// Length and CRC-32 of its packed bytes: an item that differs is written anew.
    pub content: (u32, u32),
    /// Since when its source shows it no longer; `i64::MAX` as long as it does.
    pub gone: i64,
    /// The journal does not hold it yet.
    pub unsaved: bool,
}

/// Adds the packed bytes of an item to what is there.
pub type Fetch<'a> = &'a mut dyn FnMut(&Kept, &mut Vec<u8>) -> io::Result<()>;
/// Takes a record.
pub type Write<'a> = &'a mut dyn FnMut(&[u8]) -> io::Result<()>;

/// An item that its source shows.
pub const SHOWN: i64 = i64::MAX;

/// So many items that its source shows no longer are remembered of one source.
pub const MAX_GONE: usize = 4 * MAX_ITEMS;

/// So many sources in a row may be lost by damage: a broken record must not make the memory large.
pub const MAX_GAP: usize = 1 << 12;

impl Memory {
    /// Takes a record of the journal that lies at `place`. False if it is none.
    ///
    /// After the last one comes [`Memory::settle`].
    pub fn learn(&mut self, place: (u64, u32), record: &[u8]) -> bool {
        let Some(event) = record::read(record) else { return false };
        match event {
            Event::Source { source, name } => return self.name(source, name),
            Event::Renamed { source, name } => return self.rename(source, name),
            Event::Polls { at, polls } => {
                for poll in &polls {
                    if let Some(known) = self.known_mut(poll.source) {
                        known.totals.count(at, poll);
                    }
                }
                return true;
            }
            Event::Stand(stand) => {
                self.restate(stand);
                return true;
            }
            Event::Past(past) => {
                self.learn_past(past);
                return true;
            }
            _ => {}
        }
        let Some(known) = number_of(&event).and_then(|number| self.known_mut(number)) else {
            return false;
        };
        match event {
            Event::Item { item, packed, .. } => known.items.push(Kept {
                head: item,
                place: place.0,
                length: place.1,
                content: content(packed),
                gone: SHOWN,
                unsaved: false,
            }),
            Event::Gone { at, ids, .. } => known.mark(&ids, |item| item.gone = at),
            Event::Seen { at, ids, .. } => known.mark(&ids, |item| item.head.first_seen = at),
            Event::Back { ids, .. } => known.mark(&ids, |item| item.gone = SHOWN),
            Event::Printed { ids, .. } => known.mark(&ids, |item| item.head.printed = true),
            Event::Document { document, .. } => known.hold(document),
            Event::Ill { illness, .. } => known.illness = illness,
            Event::Pace { pace, .. } => known.pace = pace,
            Event::Moved { moved, .. } => known.moved = moved,
            Event::Totals { totals, .. } => known.totals = totals,
            Event::Published { published, .. } => known.publish(published),
            Event::Source { .. }
            | Event::Renamed { .. }
            | Event::Polls { .. }
            | Event::Stand(_)
            | Event::Past(_) => {}
        }
        true
    }

    /// Now is `moment`: from here on, all times are by its calendar.
    pub fn arrive(&mut self, moment: &Moment) {
        let stand = Stand::of(moment);
        if self.stand.is_none_or(|before| !before.holds(&stand)) {
            self.restate(stand);
            self.restated = true;
        }
    }

    fn restate(&mut self, stand: Stand) {
        if let Some(step) = self.stand.and_then(|before| before.step(&stand)) {
            self.sources.iter_mut().for_each(|known| known.put_right(&step));
            if let Some(past) = self.past() {
                self.past = past::write(&Past { at: step.passed(past.at), ..past });
            }
        }
        self.stand = Some(stand);
    }

    /// Ends the learning.
    pub fn settle(&mut self) {
        self.sources.iter_mut().for_each(Known::sort);
    }

    /// Forgets all validators: what they stood for may be damaged.
    pub fn distrust(&mut self) {
        self.sources.iter_mut().for_each(|known| known.documents.clear());
    }

    /// The source that is remembered under this name.
    pub fn of(&self, name: &str) -> Option<&Known> {
        self.numbers.get(name).and_then(|number| self.sources.get(*number as usize))
    }

    /// The same; a new one if there is none.
    pub fn meet(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        self.sources.push(Known { name: name.into(), ..Known::default() });
        self.numbers.insert(name.into(), number);
        number
    }

    /// Remembers under this name what is remembered under another one, of a source with documents of all these keys. Under
    /// the other name nothing is remembered any more; `in_use` says of which names that must not be.
    pub fn adopt(&mut self, name: &str, keys: &[u64], in_use: &dyn Fn(&str) -> bool) {
        let has_all = |known: &Known| keys.iter().all(|key| known.document(*key).is_some());
        if keys.is_empty() || self.of(name).is_some_and(|known| !known.is_blank()) {
            return;
        }
        let old = self.sources.iter().position(|known| {
            !known.name.is_empty() && !known.is_blank() && !in_use(&known.name) && has_all(known)
        });
        let Some(source) = old.and_then(|source| u32::try_from(source).ok()) else { return };
        self.rename(source, name);
        self.note(&Event::Renamed { source, name });
    }

    /// The source with this number.
    pub fn known(&self, source: u32) -> &Known {
        &self.sources[source as usize]
    }

    /// All sources, in the order in which they were met.
    pub fn sources(&self) -> &[Known] {
        &self.sources
    }

    /// When a source was last asked, of all.
    pub fn last_round(&self) -> Option<Timestamp> {
        let asked = self.sources.iter().map(|known| known.totals.asked).max();
        asked.filter(|asked| *asked > 0).and_then(Timestamp::from_unix)
    }

    /// When an item was first seen. A time in the future is the mark of a clock that ran ahead,
    /// and counts as now.
    pub fn first_seen(&self, source: u32, id: u64, now: Timestamp) -> Timestamp {
        let known = self.known(source).item(id);
        let time = known.and_then(|item| Timestamp::from_unix(item.head.first_seen));
        time.map_or(now, |time| time.min(now))
    }

    /// Notes what one document of a source shows now, in place of what it showed, or, if that is not
    /// the `whole` of it, beside that. Returns how many items were never seen before.
    pub fn show(
        &mut self,
        source: u32,
        root: u32,
        shown: &[Kept],
        whole: bool,
        at: Timestamp,
    ) -> usize {
        let known = &mut self.sources[source as usize];
        let (mut new, mut back) = (0, Vec::new());
        if known.items.is_empty() {
            known.items.reserve_exact(shown.len());
        }
        for item in shown {
            match known.items.binary_search_by_key(&item.head.id, |kept| kept.head.id) {
                Ok(index) => {
                    let kept = &mut known.items[index];
                    if kept.content == item.content && kept.head.root == root {
                        if kept.gone != SHOWN {
                            back.push(item.head.id);
                        }
                        kept.gone = SHOWN;
                        continue;
                    }
                    let ItemHead { first_seen, printed, .. } = kept.head;
                    *kept = Kept { head: ItemHead { first_seen, printed, ..item.head }, ..*item };
                }
                Err(index) => {
                    new += 1;
                    known.items.insert(index, *item);
                }
            }
        }
        let mut ids: Vec<u64> = shown.iter().map(|item| item.head.id).collect();
        ids.sort();
        let mut gone = Vec::new();
        for kept in known.items.iter_mut().filter(|kept| whole && kept.gone == SHOWN) {
            if kept.head.root == root && ids.binary_search(&kept.head.id).is_err() {
                kept.gone = at.unix();
                gone.push(kept.head.id);
            }
        }
        if !back.is_empty() {
            self.note(&Event::Back { source, ids: back });
        }
        if !gone.is_empty() {
            self.note(&Event::Gone { source, at: at.unix(), ids: gone });
        }
        new
    }

    /// Notes that a source shows no more than its `most` newest items.
    pub fn trim(&mut self, source: u32, most: usize, at: Timestamp) {
        let known = &self.sources[source as usize];
        let old = known.latest(&|_| true).into_iter().skip(most).map(|kept| kept.head.id);
        let mut ids: Vec<u64> = old.collect();
        if ids.is_empty() {
            return;
        }
        ids.sort();
        self.sources[source as usize].mark(&ids, |item| item.gone = at.unix());
        self.note(&Event::Gone { source, at: at.unix(), ids });
    }

    /// Forgets the documents of a source that are none of `roots`; their items are shown no longer.
    pub fn limit_to(&mut self, source: u32, keys: &[u64], at: Timestamp) {
        let known = &self.sources[source as usize];
        let roots: Vec<u32> = keys.iter().map(|key| root_of(*key)).collect();
        let mut others: Vec<u32> = known.items.iter().map(|item| item.head.root).collect();
        others.sort();
        others.dedup();
        for root in others.into_iter().filter(|root| !roots.contains(root)) {
            self.show(source, root, &[], true, at);
        }
        let strange = |document: &&Document| !keys.contains(&document.key);
        let stale: Vec<u64> =
            self.known(source).documents.iter().filter(strange).map(|d| d.key).collect();
        for key in stale {
            self.hold(source, Document { key, ..Document::default() });
        }
    }

    /// Notes what is held of a document.
    pub fn hold(&mut self, source: u32, document: Document) {
        let known = &mut self.sources[source as usize];
        if known.documents.contains(&document) {
            return;
        }
        known.hold(document.clone());
        self.note(&Event::Document { source, document });
    }

    /// Notes how often a publisher wants to be asked.
    pub fn pace(&mut self, source: u32, pace: Pace) {
        let known = &mut self.sources[source as usize];
        if known.pace != pace {
            known.pace = pace;
            self.note(&Event::Pace { source, pace });
        }
    }

    /// Notes how a source stands; `None` is well.
    ///
    /// As long as the cause stays what it was, so do the words and the beginning: a document that
    /// says them is not written again for a number in them.
    pub fn ill(&mut self, source: u32, illness: Option<Illness>) {
        let known = &mut self.sources[source as usize];
        let illness = match (illness, &known.illness) {
            (None, None) => return,
            (Some(new), Some(old)) => {
                let words = if new.has_cause_of(old) { old } else { &new };
                let next = Illness { since: old.since, ..words.clone() };
                if next == *old {
                    return;
                }
                Some(next)
            }
            (new, _) => new,
        };
        known.illness.clone_from(&illness);
        self.note(&Event::Ill { source, illness });
    }

    /// Notes that only permanent redirects led to `to`; `None`: not any more.
    pub fn moved(&mut self, source: u32, to: Option<&str>, now: Timestamp) {
        let known = &mut self.sources[source as usize];
        let day = now.unix().div_euclid(86_400);
        let moved = match (&known.moved, to) {
            (None, None) => return,
            (Some(_), None) => None,
            (Some(old), Some(to)) if old.to == to => match old.last_day == day {
                true => return,
                false => Some(Moved { days: old.days + 1, last_day: day, ..old.clone() }),
            },
            (_, Some(to)) => {
                Some(Moved { to: to.into(), first: now.unix(), days: 1, last_day: day })
            }
        };
        known.moved.clone_from(&moved);
        self.note(&Event::Moved { source, moved });
    }

    /// Notes a round: who was asked, and how it went.
    pub fn polls(&mut self, at: Timestamp, mut polls: Vec<Poll>) {
        if polls.is_empty() {
            return;
        }
        polls.sort_by_key(|a| a.source);
        for poll in &polls {
            let known = &mut self.sources[poll.source as usize];
            known.totals.count(at.unix(), poll);
            known.polled = true;
        }
        self.note(&Event::Polls { at: at.unix(), polls });
    }

    /// Notes that these items of a source were printed.
    pub fn printed(&mut self, source: u32, mut ids: Vec<u64>) {
        let known = &mut self.sources[source as usize];
        ids.retain(|id| known.item(*id).is_some_and(|item| !item.head.printed));
        for id in &ids {
            if let Ok(index) = known.items.binary_search_by_key(id, |kept| kept.head.id) {
                known.items[index].head.printed = true;
            }
        }
        // An item that is not in the journal yet takes its mark there with it.
        ids.retain(|id| known.item(*id).is_some_and(|item| !item.unsaved));
        if !ids.is_empty() {
            self.note(&Event::Printed { source, ids });
        }
    }

    /// Notes that items of a source were published under other ids than their own.
    pub fn publish(&mut self, source: u32, published: Vec<Published>) {
        self.sources[source as usize].publish(published.clone());
        self.note(&Event::Published { source, published });
    }

    /// What a clock that was wrong saw first, saw go or saw begin, did so now, from now on always: a
    /// document does not change with the time of day. `now` is of a clock that may be right.
    pub fn seen_by(&mut self, now: Timestamp) {
        let at = now.unix();
        let wrong = |time: i64| time > at || time < FIRST_NOTE;
        for source in 0..self.sources.len() {
            let (mut seen, mut gone) = (Vec::new(), Vec::new());
            for item in self.sources[source].items.iter_mut().filter(|item| !item.unsaved) {
                if wrong(item.head.first_seen) {
                    item.head.first_seen = at;
                    seen.push(item.head.id);
                }
                if item.gone != SHOWN && wrong(item.gone) {
                    item.gone = at;
                    gone.push(item.head.id);
                }
            }
            let source = u32::try_from(source).unwrap_or(u32::MAX);
            if !seen.is_empty() {
                self.note(&Event::Seen { source, at, ids: seen });
            }
            if !gone.is_empty() {
                self.note(&Event::Gone { source, at, ids: gone });
            }
            let illness = &mut self.sources[source as usize].illness;
            if let Some(illness) = illness.as_mut().filter(|illness| wrong(illness.since)) {
                illness.since = at;
                let illness = Some(illness.clone());
                self.note(&Event::Ill { source, illness });
            }
        }
    }

    /// Forgets items `keep` after their source dropped them, of each source all but the last
    /// [`MAX_GONE`], and sources that are in no config and told nothing new for as long. What the
    /// journal holds of them goes when it is rewritten.
    ///
    /// When the last round was longer ago than that, either nobody was here or the clock jumped:
    /// then nothing is forgotten this time.
    pub fn forget(&mut self, keep: Duration, now: Timestamp, configured: &dyn Fn(&str) -> bool) {
        let keep = i64::try_from(keep.as_secs()).unwrap_or(i64::MAX);
        let oldest = now.unix().saturating_sub(keep);
        if self.last_round().is_some_and(|last| last.unix() < oldest) {
            return;
        }
        for known in &mut self.sources {
            if known.newest() <= oldest && !configured(&known.name) {
                let name = std::mem::take(&mut known.name);
                *known = Known { name, written: known.written, ..Known::default() };
            }
            known.items.retain(|item| item.gone > oldest);
            known.thin();
            let Known { items, published, .. } = known;
            published.retain(|one| items.iter().any(|item| item.head.id == one.item));
        }
    }

    /// Whether there is anything that the journal does not hold.
    pub fn changed(&self) -> bool {
        let unsaved = |known: &Known| known.items.iter().any(|item| item.unsaved);
        !self.news.is_empty() || self.sources.iter().any(unsaved)
    }

    fn note(&mut self, event: &Event<'_>) {
        let mut record = Vec::new();
        record::write(event, &mut record);
        self.news.push(record);
    }

    fn name(&mut self, source: u32, name: &str) -> bool {
        // Numbers are given in order. Who stood in a gap is lost with its name, the others are not.
        if source as usize > self.sources.len() + MAX_GAP {
            return false;
        }
        while source as usize >= self.sources.len() {
            self.sources.push(Known::default());
        }
        let known = &mut self.sources[source as usize];
        if known.name.is_empty() {
            known.name = name.into();
        }
        known.written = true;
        self.numbers.insert(name.into(), source);
        *known.name == *name
    }

    fn rename(&mut self, source: u32, name: &str) -> bool {
        let Some(known) = self.sources.get_mut(source as usize) else { return false };
        let old = std::mem::replace(&mut known.name, name.into());
        self.numbers.remove(&old);
        let known = &mut self.sources[source as usize];
        known.first_name.get_or_insert(old);
        // Whoever had the name before had nothing to show.
        if let Some(other) = self.numbers.insert(name.into(), source).filter(|it| *it != source) {
            self.sources[other as usize].name = "".into();
        }
        true
    }

    fn known_mut(&mut self, source: u32) -> Option<&mut Known> {
        self.sources.get_mut(source as usize)
    }
}

impl Illness {
    /// Whether this is the same trouble: the same stage, by the first word of the error, and the
    /// same status. Numbers in the words may differ; what a document or a service says may not, for
    /// it is what somebody goes by who puts it right.
    pub fn has_cause_of(&self, other: &Illness) -> bool {
        let stage = |illness: &Illness| illness.error.find(':').map_or(0, |end| end);
        let (end, same) = (stage(self), stage(self) == stage(other));
        let group = |state| if state == State::Stale { State::Failed } else { state };
        same && self.error.as_bytes()[..end] == other.error.as_bytes()[..end]
            && (!WORDS_COUNT.contains(&&self.error[..end]) || self.words().eq(other.words()))
            && self.status == other.status
            && group(self.state) == group(other.state)
    }

    /// The words of the error that have no number in them.
    fn words(&self) -> impl Iterator<Item = &str> {
        let words = self.error.split_whitespace();
        words.filter(|word| !word.bytes().any(|byte| byte.is_ascii_digit()))
    }
}

/// Stages whose words are of the config, the document or the service, not of the moment.
const WORDS_COUNT: [&str; 2] = ["read", "service"];

/// What tells the packed bytes of an item from others: their length and their CRC-32.
pub fn content(packed: &[u8]) -> (u32, u32) {
    (u32::try_from(packed.len()).unwrap_or(u32::MAX), crc32fast::hash(packed))
}

/// The part of a document's key that its items carry.
pub fn root_of(key: u64) -> u32 {
    (key >> 32) as u32
}

fn number_of(event: &Event<'_>) -> Option<u32> {
    match event {
        Event::Item { source, .. }
        | Event::Gone { source, .. }
        | Event::Seen { source, .. }
        | Event::Back { source, .. }
        | Event::Document { source, .. }
        | Event::Ill { source, .. }
        | Event::Pace { source, .. }
        | Event::Printed { source, .. }
        | Event::Moved { source, .. }
        | Event::Published { source, .. }
        | Event::Totals { source, .. } => Some(*source),
        Event::Source { .. }
        | Event::Renamed { .. }
        | Event::Polls { .. }
        | Event::Stand(_)
        | Event::Past(_) => None,
    }
}

#[cfg(test)]
mod tests;
