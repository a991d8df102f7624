//! Where the items of a round lie: what is new on a spool, what is remembered in the journal.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::Spool;
use super::frame::unescape;
use crate::merge::{REMEMBERED, Shelf};
use crate::state;

/// So much of the journal is read at once: items of one source lie together.
const WINDOW: usize = 64 << 10;

/// A spool, and beside it the items of a journal, at the places that it told.
#[derive(Debug, Default)]
pub struct Shelves {
    spool: Spool,
    journal: Option<File>,
    window: RefCell<Window>,
}

/// What was read of the journal last.
#[derive(Debug, Default)]
struct Window {
    /// Where that begins.
    begin: u64,
    bytes: Vec<u8>,
    /// The record in it that was asked for, as it was written.
    record: Vec<u8>,
}

impl Shelves {
    /// Over this journal, if there is one.
    pub fn new(journal: Option<File>) -> Shelves {
        Shelves { spool: Spool::default(), journal, window: RefCell::default() }
    }

    /// The packed bytes of the item whose record lies at `offset`, as it was when the journal was
    /// read and every record was checked.
    fn recall(&self, offset: u64, length: u32, into: &mut Vec<u8>) -> io::Result<()> {
        let file = self.journal.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let window = &mut *self.window.borrow_mut();
        let end = offset + u64::from(length);
        if offset < window.begin || end > window.begin + window.bytes.len() as u64 {
            window.begin = offset;
            window.bytes.resize(WINDOW.max(length as usize), 0);
            let read = fill(file, &mut window.bytes, offset)?;
            window.bytes.truncate(read);
        }
        let begin = (offset - window.begin) as usize;
        let stored = window.bytes.as_slice().get(begin..begin + length as usize);
        window.record.clear();
        unescape(stored.ok_or(io::ErrorKind::UnexpectedEof)?, &mut window.record)
            .and_then(|()| state::item_of(&window.record))
            .map(|(_, packed)| into.extend_from_slice(packed))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no item lies there"))
    }
}

impl Shelf for Shelves {
    fn put(&mut self, bytes: &[u8]) -> u64 {
        self.spool.put(bytes)
    }

    fn get(&self, place: u64, length: u32, into: &mut Vec<u8>) -> io::Result<()> {
        match place & REMEMBERED {
            0 => self.spool.get(place, length, into),
            _ => self.recall(place & !REMEMBERED, length, into),
        }
    }
}

/// As much as there is.
fn fill(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < into.len() {
        match file.read_at(&mut into[read..], offset + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Journal, tests::Scratch};
    use super::*;

    #[test]
    fn what_was_read_is_still_at_hand_when_another_journal_takes_its_name() {
        let scratch = Scratch::new("shelves");
        let path = scratch.0.join("sources");
        let write = |items: [&[u8]; 2]| {
            Journal::rewrite(&path, &mut |frames| {
                // An item (variant 1) of source 0 with two fingerprints of eight bytes, all numbers
                // zero, and its bytes behind their length.
                let head = [&[1, 0, 8][..], &[0; 8], &[8], &[0; 11]].concat();
                let mut records =
                    items.iter().map(|item| [&head, &[item.len() as u8][..], item].concat());
                records.try_for_each(|record| frames.add(&record).map(drop))
            })
            .unwrap()
        };
        write([b"one", b"another, \xff\xfe, longer"]);
        let mut places = Vec::new();
        let (_, shelves) = Journal::read_with(&path, &mut |place, _| places.push(place)).unwrap();
        write([b"what came later", b"and is not asked for"]);
        std::fs::remove_file(&path).unwrap();
        let get = |index: usize| {
            let mut into = Vec::new();
            let place = REMEMBERED | places[index].offset;
            shelves.get(place, places[index].length, &mut into).unwrap();
            into
        };
        assert_eq!([get(1), get(0)], [b"another, \xff\xfe, longer".to_vec(), b"one".to_vec()]);
    }
}
