//! What the sources of a round brought, filtered and on the way to the outputs.

use std::sync::Arc;

use crate::config::{Config, SourceConfig};
use crate::item::{Item, Story, Text};
use crate::merge::{Merger, fingerprint};
use crate::state::Memory;
use crate::time::Timestamp;

/// Takes items as they come.
#[derive(Debug)]
pub(super) struct Gathered<'a> {
    config: &'a Config,
    memory: &'a Memory,
    now: Timestamp,
    /// One for each set of sources that an output shows, the set of all first.
    selections: Vec<Selection>,
    /// For each output, which of the selections it shows.
    of_output: Vec<usize>,
    ids: Vec<Vec<u64>>,
}

#[derive(Debug)]
struct Selection {
    sources: Vec<usize>,
    merger: Merger,
}

/// Merged.
#[derive(Debug)]
pub(super) struct News {
    /// One for each selection.
    pub stories: Vec<Vec<Story>>,
    /// For each output, which of `stories` it shows.
    pub of_output: Vec<usize>,
    /// For each source, the fingerprints of the ids of its items.
    pub ids: Vec<Vec<u64>>,
}

impl<'a> Gathered<'a> {
    pub(super) fn new(config: &'a Config, memory: &'a Memory, now: Timestamp) -> Gathered<'a> {
        let all: Vec<usize> = (0..config.sources.len()).collect();
        let mut sets = Vec::new();
        let mut of_output = Vec::new();
        for output in &config.outputs {
            let known = sets.iter().position(|set| *set == output.sources);
            of_output.push(known.unwrap_or(sets.len()));
            if known.is_none() {
                sets.push(output.sources.clone());
            }
        }
        if sets.is_empty() {
            sets.push(all);
        }
        let names: Vec<Arc<str>> =
            config.sources.iter().map(|source| Arc::from(source.name.as_str())).collect();
        let select = |(index, sources): (usize, Vec<usize>)| {
            let shown = config.outputs.iter().zip(&of_output).filter(|(_, of)| **of == index);
            let limits: Option<Vec<usize>> = shown.map(|(output, _)| output.limit).collect();
            let most = limits.and_then(|limits| limits.into_iter().max());
            Selection { sources, merger: Merger::new(names.clone(), now, most) }
        };
        let selections = sets.into_iter().enumerate().map(select).collect();
        let ids = vec![Vec::new(); config.sources.len()];
        Gathered { config, memory, now, selections, of_output, ids }
    }

    /// Takes the items of one answer of the `index`-th source.
    pub(super) fn keep(&mut self, index: usize, items: Vec<Item>) {
        let source = &self.config.sources[index];
        for mut item in items {
            if source.limit.is_some_and(|limit| self.ids[index].len() >= limit) {
                break;
            }
            if !wanted(source, &item.title) {
                continue;
            }
            tag(&mut item, &source.tags);
            let id = fingerprint(&item.id);
            self.ids[index].push(id);
            let first_seen = self.memory.first_seen(&source.name, id, self.now);
            self.spread(index, item, first_seen);
        }
    }

    /// Every selection that shows the source gets the item, the last one without a copy.
    fn spread(&mut self, index: usize, item: Item, first_seen: Timestamp) {
        let mut takers =
            self.selections.iter_mut().filter(|s| s.sources.binary_search(&index).is_ok());
        let Some(mut taker) = takers.next() else { return };
        for next in takers {
            taker.merger.add(index, item.clone(), first_seen);
            taker = next;
        }
        taker.merger.add(index, item, first_seen);
    }

    pub(super) fn finish(self) -> News {
        News {
            stories: self.selections.into_iter().map(|s| s.merger.stories()).collect(),
            of_output: self.of_output,
            ids: self.ids,
        }
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
