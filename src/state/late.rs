//! What a process knows and could not save: on a full disk, or without one, it remembers whom it
//! asked as long as it lives.

use super::record::Event;
use super::{Document, Known, Memory, Stand};
use crate::time::{Moment, Timestamp};

/// Whom a process asked without being able to say so in a journal. Items are not among it.
#[derive(Debug, Default)]
pub struct Late {
    stand: Stand,
    sources: Vec<Known>,
}

impl Memory {
    /// What was noted of sources that were asked, for those that are `wanted`; for a memory that could
    /// not be saved.
    pub fn late(&self, wanted: &dyn Fn(&str) -> bool) -> Late {
        let asked = self.sources.iter().filter(|known| known.polled && wanted(&known.name));
        Late { stand: self.stand.unwrap_or_default(), sources: asked.map(without_items).collect() }
    }

    /// Notes at `moment` what could not be saved before, unless the journal tells of a later time.
    /// Then it will be saved with the rest.
    pub fn remind(&mut self, late: Late, moment: &Moment) {
        let step = late.stand.step(&Stand::of(moment));
        for mut known in late.sources {
            if let Some(step) = &step {
                known.put_right(step);
            }
            self.remind_of(known, moment.wall);
        }
    }

    fn remind_of(&mut self, late: Known, now: Timestamp) {
        let source = self.meet(&late.name);
        let known = &mut self.sources[source as usize];
        // A time in the future is the mark of a clock that ran ahead.
        let saved = known.asked().filter(|asked| *asked <= now);
        if saved.is_some_and(|saved| saved.unix() >= late.totals.asked) {
            return;
        }
        known.polled = true;
        known.totals = late.totals.clone();
        self.note(&Event::Totals { source, totals: late.totals });
        self.pace(source, late.pace);
        // What was held of a document is true of what the journal holds of it.
        for document in late.documents {
            if self.known(source).document(document.key).is_none() {
                self.hold(source, document);
            }
        }
        if self.known(source).illness != late.illness {
            self.sources[source as usize].illness.clone_from(&late.illness);
            self.note(&Event::Ill { source, illness: late.illness });
        }
    }
}

/// What was asked for is known, nothing is held of it.
fn without_items(known: &Known) -> Known {
    let asked_for = |document: &Document| {
        let Document { key, asked, .. } = *document;
        Document { key, asked, ..Document::default() }
    };
    Known {
        name: known.name.clone(),
        totals: known.totals.clone(),
        illness: known.illness.clone(),
        pace: known.pace,
        documents: known.documents.iter().map(asked_for).collect(),
        ..Known::default()
    }
}
