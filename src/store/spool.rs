//! Where the items of a large round lie.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::plainly;
use super::temporary::unnamed;
use crate::merge::Shelf;

/// A shelf that takes to a file what is too much for the memory.
///
/// The file has no name: it is gone when the process is, however that ends. Where none can be made,
/// the memory has to do.
#[derive(Debug, Default)]
pub struct Spool {
    /// What was put down last.
    memory: Vec<u8>,
    file: Option<File>,
    /// How much lies in the file, before what is in memory.
    filed: u64,
    window: RefCell<Window>,
    fileless: bool,
}

/// So much lies in memory before a file is begun.
pub const SPOOL_MEMORY: usize = 3 << 19;

impl Spool {
    fn flush(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(unnamed()?),
        };
        file.write_all_at(&self.memory, self.filed)?;
        self.filed += self.memory.len() as u64;
        self.memory.clear();
        Ok(())
    }
}

impl Shelf for Spool {
    fn put(&mut self, bytes: &[u8]) -> u64 {
        if self.memory.len() + bytes.len() > SPOOL_MEMORY && !self.fileless {
            if let Err(error) = self.flush() {
                log::debug!("no temporary file, staying in memory: {}", plainly(&error));
                self.fileless = true;
            }
        }
        let place = self.filed + self.memory.len() as u64;
        self.memory.extend_from_slice(bytes);
        place
    }

    fn get(&self, place: u64, length: u32, into: &mut Vec<u8>) -> io::Result<()> {
        let begin = into.len();
        if let Some(at) = place.checked_sub(self.filed) {
            return Shelf::get(&self.memory, at, length, into);
        }
        let file = self.file.as_ref().ok_or(io::ErrorKind::UnexpectedEof)?;
        let window = &mut *self.window.borrow_mut();
        if window.holds(place, length).is_none() && window.next == place {
            let size = (self.filed - place).min(WINDOW.max(length.into()));
            window.begin = place;
            window.bytes.resize(size as usize, 0);
            if let Err(error) = file.read_exact_at(&mut window.bytes, place) {
                window.bytes.clear();
                return Err(error);
            }
        }
        window.next = place + u64::from(length);
        if let Some(bytes) = window.holds(place, length) {
            into.extend_from_slice(bytes);
            return Ok(());
        }
        into.resize(begin + length as usize, 0);
        file.read_exact_at(&mut into[begin..], place)
    }
}

/// A piece of the file that was read ahead: who saves takes one item after the other.
#[derive(Debug, Default)]
struct Window {
    begin: u64,
    bytes: Vec<u8>,
    /// Where the item ends that was taken last.
    next: u64,
}

/// So much is read ahead.
const WINDOW: u64 = 64 << 10;

impl Window {
    fn holds(&self, place: u64, length: u32) -> Option<&[u8]> {
        let at = usize::try_from(place.checked_sub(self.begin)?).ok()?;
        self.bytes.as_slice().get(at..)?.get(..length as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spool_gives_back_what_it_was_given_from_memory_and_from_the_file() {
        let mut spool = Spool::default();
        let piece = |n: usize| vec![n as u8; 1000 + n * 7];
        let places: Vec<u64> = (0..2500).map(|n| spool.put(&piece(n))).collect();
        assert!(spool.file.is_some() && !spool.memory.is_empty());
        assert!(spool.memory.len() <= SPOOL_MEMORY);
        let there = places.into_iter().enumerate();
        for (n, place) in there.clone().rev().chain(there) {
            let mut found = b"before".to_vec();
            spool.get(place, piece(n).len() as u32, &mut found).unwrap();
            assert_eq!(found, [b"before".to_vec(), piece(n)].concat(), "{n}");
        }
        assert!(spool.get(1 << 40, 1, &mut Vec::new()).is_err());
    }
}
