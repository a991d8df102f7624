//! The memory, on its way to the journal.

use std::io;

use super::past;
use super::record::{self, Event};
use super::{Fetch, Kept, Known, LATENCIES, Memory, Stand, Write};
use crate::format::Pace;

impl Memory {
    /// Hands every record that the journal does not hold yet to `write`; `packed` fetches the bytes
    /// of an item from the shelf of its round. Items come before what says that they are held.
    ///
    /// Where the new items lie from now on, only the journal knows: the memory has to learn it anew
    /// before the next round.
    ///
    /// # Errors
    /// What `write` or `packed` said.
    pub fn save(&mut self, packed: Fetch<'_>, write: Write<'_>) -> io::Result<()> {
        let (mut record, mut buffers) = (Vec::new(), Buffers::default());
        if std::mem::take(&mut self.restated) {
            write_stand(self.stand, write, &mut record)?;
        }
        for (source, known) in (0..).zip(&mut self.sources) {
            if !known.written {
                known.written = true;
                record.clear();
                record::write(&Event::Source { source, name: &known.name }, &mut record);
                write(&record)?;
            }
            for item in known.items.iter_mut().filter(|item| item.unsaved) {
                write_item(source, item, packed, write, &mut buffers)?;
                item.unsaved = false;
            }
        }
        self.news.drain(..).try_for_each(|news| write(&news))
    }

    /// Hands all that is remembered to `write`, in as few records as there can be.
    ///
    /// # Errors
    /// What `write` or `packed` said.
    pub fn rewrite(&self, packed: Fetch<'_>, write: Write<'_>) -> io::Result<()> {
        let (mut record, mut buffers) = (Vec::new(), Buffers::default());
        write_stand(self.stand, write, &mut record)?;
        // Numbers have no gaps: who was forgotten has none.
        let known = (0..).zip(&self.sources).filter(|(_, known)| !known.is_blank());
        let mut numbers: Vec<u32> = Vec::new();
        for (source, (old, known)) in (0..).zip(known) {
            numbers.push(old);
            let mut say = |event: &Event<'_>| {
                record.clear();
                record::write(event, &mut record);
                write(&record)
            };
            say(&Event::Source { source, name: known.first_name.as_ref().unwrap_or(&known.name) })?;
            if known.first_name.is_some() {
                say(&Event::Renamed { source, name: &known.name })?;
            }
            say(&Event::Totals { source, totals: known.totals.clone() })?;
            if known.pace != Pace::default() {
                say(&Event::Pace { source, pace: known.pace })?;
            }
            if let Some(illness) = &known.illness {
                say(&Event::Ill { source, illness: Some(illness.clone()) })?;
            }
            if let Some(moved) = &known.moved {
                say(&Event::Moved { source, moved: Some(moved.clone()) })?;
            }
            for item in &known.items {
                write_item(source, item, packed, write, &mut buffers)?;
            }
            let mut say = |event: &Event<'_>| {
                record.clear();
                record::write(event, &mut record);
                write(&record)
            };
            for run in known.gone() {
                say(&Event::Gone { source, at: run.0, ids: run.1 })?;
            }
            if !known.published.is_empty() {
                say(&Event::Published { source, published: known.published.clone() })?;
            }
            for document in &known.documents {
                say(&Event::Document { source, document: document.clone() })?;
            }
        }
        self.rewrite_past(&numbers, write)
    }

    /// Of the last round, what was asked of sources that are still remembered: those that had these
    /// `numbers`.
    fn rewrite_past(&self, numbers: &[u32], write: Write<'_>) -> io::Result<()> {
        let Some(mut past) = self.past() else { return Ok(()) };
        past.spells.retain_mut(|spell| {
            let number = numbers.binary_search(&spell.source);
            spell.source = number.map_or(0, |number| number as u32);
            number.is_ok()
        });
        let mut record = Vec::new();
        record::write(&Event::Past(&past::write(&past)), &mut record);
        write(&record)
    }

    /// About how many bytes a rewritten journal would have.
    pub fn size(&self) -> u64 {
        /// Of one record: its frame and its head.
        const OVERHEAD: u64 = 40;
        let size = |known: &Known| {
            let items = known.items.iter().map(|item| u64::from(item.length) + OVERHEAD);
            let text = |text: &Option<String>| text.as_ref().map_or(0, String::len) as u64;
            let documents = known.documents.iter().map(|document| {
                let held = &document.validators;
                text(&held.etag) + text(&held.last_modified) + 2 * OVERHEAD
            });
            let illness = known.illness.as_ref().map_or(0, |illness| illness.error.len() as u64);
            let latencies = 2 * LATENCIES as u64;
            let names = known.published.iter();
            let names = names.map(|one| (one.id.len() + one.source.len()) as u64 + OVERHEAD);
            let own =
                names.sum::<u64>() + known.name.len() as u64 + illness + latencies + 4 * OVERHEAD;
            items.sum::<u64>() + documents.sum::<u64>() + own
        };
        let known = self.sources.iter().filter(|known| !known.is_blank());
        known.map(size).sum::<u64>() + self.past.len() as u64
    }
}

fn write_stand(stand: Option<Stand>, write: Write<'_>, record: &mut Vec<u8>) -> io::Result<()> {
    let Some(stand) = stand else { return Ok(()) };
    record.clear();
    record::write(&Event::Stand(stand), record);
    write(record)
}

/// The packed bytes of an item, and its record.
#[derive(Default)]
struct Buffers(Vec<u8>, Vec<u8>);

fn write_item(
    source: u32,
    item: &Kept,
    packed: Fetch<'_>,
    write: Write<'_>,
    Buffers(bytes, record): &mut Buffers,
) -> io::Result<()> {
    bytes.clear();
    record.clear();
    packed(item, bytes)?;
    record::write(&Event::Item { source, item: item.head, packed: bytes }, record);
    write(record)
}
