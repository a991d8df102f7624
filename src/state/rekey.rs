//! Records of a journal, for a config whose requests are made up.

use std::collections::BTreeMap;

use super::record::{self, Event};
use super::root_of;
use crate::item::{Item, Text};
use crate::merge::fingerprint;
use crate::pack;

/// What takes the place of what: old and new.
#[derive(Debug, Default)]
pub struct Rekey {
    /// Keys of documents.
    pub keys: BTreeMap<u64, u64>,
    /// Fingerprints of URLs that are asked.
    pub asked: BTreeMap<u64, u64>,
    /// [`crate::http::place`] of URLs that answered.
    pub from: BTreeMap<u64, u64>,
    /// Digests of bodies.
    pub digests: BTreeMap<u64, u64>,
    /// What sources are remembered under.
    pub names: BTreeMap<String, String>,
    /// Fingerprints of the ids of items that were changed so far.
    pub ids: BTreeMap<u64, u64>,
    /// No validator can be believed.
    pub distrust: bool,
}

impl Rekey {
    /// The record as it is with the new ones; `None` if there is none then. What it says in words is
    /// changed by `words`.
    pub fn record(
        &mut self,
        record: &[u8],
        words: &mut dyn FnMut(&str) -> String,
    ) -> Option<Vec<u8>> {
        let new = |map: &BTreeMap<u64, u64>, old: u64| map.get(&old).copied().unwrap_or(old);
        let mut event = record::read(record)?;
        let mut packed_anew = Vec::new();
        match &mut event {
            Event::Source { name, .. } => {
                if let Some(other) = self.names.get(*name) {
                    *name = other;
                }
            }
            Event::Item { item, packed, .. } => {
                let root = self.keys.iter().find(|(old, _)| root_of(**old) == item.root);
                item.root = root.map_or(item.root, |(_, new)| root_of(*new));
                let mut told = pack::unpack(packed)?;
                texts(&mut told).for_each(|text| *text = words(text).into());
                let id = fingerprint(&told.id);
                if id != item.id {
                    self.ids.insert(item.id, id);
                    item.id = id;
                }
                pack::pack(&told, &mut packed_anew);
                *packed = &packed_anew;
            }
            Event::Gone { ids, .. }
            | Event::Back { ids, .. }
            | Event::Seen { ids, .. }
            | Event::Printed { ids, .. } => {
                ids.iter_mut().for_each(|id| *id = new(&self.ids, *id));
            }
            Event::Document { .. } if self.distrust => return None,
            Event::Document { document, .. } => {
                document.key = new(&self.keys, document.key);
                document.asked = new(&self.asked, document.asked);
                document.from = new(&self.from, document.from);
                document.digest = document.digest.map(|digest| new(&self.digests, digest));
            }
            Event::Ill { illness: Some(illness), .. } => illness.error = words(&illness.error),
            Event::Moved { moved: Some(moved), .. } => moved.to = words(&moved.to),
            _ => {}
        }
        let mut bytes = Vec::new();
        record::write(&event, &mut bytes);
        Some(bytes)
    }
}

/// Everything that a source says of an item in words.
fn texts(item: &mut Item) -> impl Iterator<Item = &mut Text> {
    let Item { id, title, url, external_url, summary, authors, tags, extra, .. } = item;
    let rare = extra.iter_mut().flat_map(|extra| {
        let attachments = extra.attachments.iter_mut().map(|attachment| &mut attachment.url);
        extra.image.iter_mut().chain(attachments)
    });
    let lines = [id, title].into_iter().chain([url, external_url, summary].into_iter().flatten());
    lines.chain(authors.iter_mut()).chain(tags.iter_mut()).chain(rare)
}
