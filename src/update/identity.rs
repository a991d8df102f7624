//! Items that are remembered, known again whatever became of their ids.

use std::collections::HashSet;

use crate::item::{Item, Text};
use crate::merge::identity::{IdBy, is_corrected, is_renamed, other_scheme, split_id, story_of};
use crate::merge::{Collection, REMEMBERED, fingerprint};
use crate::pack::{self, Outline};
use crate::state::{Kept, Known};

/// Gives the items of a document the ids under which `known` remembers them.
///
/// What is remembered is read from the journal (`collection`) only where an id or what stands under it
/// has changed.
pub(super) fn recognise(items: &mut [Item], known: &Known, by: IdBy, collection: &Collection) {
    if known.items.is_empty() {
        return;
    }
    let memory = Remembered { known, collection };
    let mut claimed = HashSet::new();
    let mut strangers = Vec::new();
    let mut churning = true;
    for (index, item) in items.iter_mut().enumerate() {
        match memory.exact(item, by) {
            Some(id) => {
                churning &= item.derived_id;
                item.id = id;
                claimed.insert(fingerprint(&item.id));
            }
            None => strangers.push(index),
        }
    }
    if by == IdBy::Auto {
        for index in strangers {
            if let Some(id) = memory.renamed(&items[index], &claimed, churning) {
                items[index].id = id;
                claimed.insert(fingerprint(&items[index].id));
            }
        }
    }
}

struct Remembered<'a> {
    known: &'a Known,
    collection: &'a Collection,
}

impl Remembered<'_> {
    /// The id of an item whose id, or one that was made of it, is known. It is a new one where another
    /// story has the item's own.
    fn exact(&self, item: &Item, by: IdBy) -> Option<Text> {
        let kept = |id: &str| self.known.item(fingerprint(id));
        let split = split_id(item);
        if by == IdBy::Auto && kept(&split).is_some() {
            return Some(split);
        }
        if let Some(kept) = kept(&item.id) {
            let story = story_of(&item.title, item.url.as_deref());
            let same = by != IdBy::Auto
                || kept.head.story == story
                || self.outline(kept, |old| is_corrected(old, item)).unwrap_or(true);
            return Some(if same { item.id.clone() } else { split });
        }
        other_scheme(&item.id).filter(|other| kept(other).is_some()).map(Text::from)
    }

    /// The id of the remembered item with the same title and link, if it is the same story and not
    /// another item of the document.
    fn renamed(&self, item: &Item, claimed: &HashSet<u64>, churning: bool) -> Option<Text> {
        let story = story_of(&item.title, item.url.as_deref());
        let same = |kept: &&Kept| {
            story != 0 && kept.head.story == story && !claimed.contains(&kept.head.id)
        };
        let is_it = |old: &Outline<'_>| is_renamed(old, item, churning).then(|| Text::from(old.id));
        self.known.items.iter().filter(same).find_map(|kept| self.outline(kept, is_it).flatten())
    }

    /// What is remembered of an item; `None` if it cannot be read.
    fn outline<T>(&self, kept: &Kept, look: impl FnOnce(&Outline<'_>) -> T) -> Option<T> {
        let mut packed = Vec::with_capacity(kept.length as usize);
        self.collection.bytes(REMEMBERED | kept.place, kept.length, &mut packed).ok()?;
        pack::outline(&packed).map(|outline| look(&outline))
    }
}
