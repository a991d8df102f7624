//! What the sources of a round brought, filtered and on the way to the outputs.

use std::sync::Arc;

use crate::config::{Config, SourceConfig};
use crate::item::{Item, Text};
use crate::merge::{Collection, fingerprint};
use crate::state::Memory;
use crate::store::Spool;
use crate::time::Timestamp;

/// Takes items as they come.
#[derive(Debug)]
pub(super) struct Gathered<'a> {
    config: &'a Config,
    memory: &'a Memory,
    now: Timestamp,
    news: News,
}

/// All that came, and whose it is.
#[derive(Debug)]
pub(super) struct News {
    pub collection: Collection,
    /// For each source, the fingerprints of the ids of its items.
    pub ids: Vec<Vec<u64>>,
}

impl<'a> Gathered<'a> {
    pub(super) fn new(config: &'a Config, memory: &'a Memory, now: Timestamp) -> Gathered<'a> {
        let names = config.sources.iter().map(|source| Arc::from(source.name.as_str())).collect();
        let collection = Collection::new(names, now, Box::new(Spool::default()));
        let ids = vec![Vec::new(); config.sources.len()];
        Gathered { config, memory, now, news: News { collection, ids } }
    }

    /// Takes the items of one answer of the `index`-th source.
    pub(super) fn keep(&mut self, index: usize, items: Vec<Item>) {
        let source = &self.config.sources[index];
        let ids = &mut self.news.ids[index];
        for mut item in items {
            if source.limit.is_some_and(|limit| ids.len() >= limit) {
                break;
            }
            if !wanted(source, &item.title) {
                continue;
            }
            tag(&mut item, &source.tags);
            let id = fingerprint(&item.id);
            ids.push(id);
            let first_seen = self.memory.first_seen(&source.name, id, self.now);
            self.news.collection.add(index, &item, first_seen);
        }
    }

    pub(super) fn finish(self) -> News {
        self.news
    }
}

fn wanted(source: &SourceConfig, title: &str) -> bool {
    let included = source.include.is_empty() || source.include.iter().any(|r| r.is_match(title));
    included && !source.exclude.iter().any(|r| r.is_match(title))
}

fn tag(item: &mut Item, tags: &[String]) {
    for tag in tags {
        if !item.tags.iter().any(|has| **has == **tag) {
            item.tags.push(Text::from(tag.as_str()));
        }
    }
}
