//! A journal from its beginning to its end, and what can still be read of a damaged one.
//!
//! Each byte is looked at once for the next marker and once for the check of its frame, whatever
//! the file holds: garbage costs no more than records.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use memchr::memchr;

use super::frame::{FIRST_HEAD, Frames, HEAD, HEADER, Header, MARKER, Place, is_plain, unescape};
use super::open_own;
use super::temporary::unnamed_beside;
use crate::state;

/// So much is read at once, beyond what is unfinished.
const BUFFER: usize = 256 << 10;
/// The first line of a later version is at most so long.
const MAX_HEAD: usize = 32;

/// What was found in a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Where the last good record ends; 0 if there is not even a first line.
    pub end: u64,
    /// What the file is like.
    pub verdict: Verdict,
    /// An older version of the program wrote the file: it has to be written anew before records are added.
    pub older: bool,
}

/// What a journal is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is none.
    Absent,
    /// As it should be.
    Whole,
    /// The last record is unfinished: what a kill leaves. It is cut off when the next is added.
    Torn,
    /// Some of it is no record.
    Damaged {
        /// How much.
        bytes: u64,
    },
    /// Of a later version, and left alone. Nothing was read.
    Newer(u32),
}

/// What begins where the scan stands.
enum Found {
    /// A good record with a payload of this length.
    Frame(usize),
    /// So many bytes that are none.
    Bad(usize),
    /// A record that the file ends in.
    Unfinished,
    /// Nothing.
    End,
}

/// Hands each good record of the journal to `visit`, in their order. Returns the file, too, in which
/// they lie, whatever takes its name later.
pub(super) fn read(
    path: &Path,
    visit: &mut dyn FnMut(Place, &[u8]),
) -> io::Result<(Reading, Option<File>)> {
    match open_own(path, OpenOptions::new().read(true)) {
        Ok(file) => {
            let mut begin = [0; FIRST_HEAD.len()];
            // Unlike `read_at`, this call is repeated when a signal interrupts it.
            match file.read_exact_at(&mut begin, 0) {
                Ok(()) if begin == *FIRST_HEAD => return upgrade(path, file, visit),
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
                _ => {}
            }
            let same = file.try_clone()?;
            Ok((scan(file, visit)?, Some(same)))
        }
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok((reading(0, Verdict::Absent), None))
        }
        Err(error) => Err(error),
    }
}

/// The same for a journal of version 1: what this version would have written lies in a file without a
/// name, and is what is read.
fn upgrade(
    path: &Path,
    file: File,
    visit: &mut dyn FnMut(Place, &[u8]),
) -> io::Result<(Reading, Option<File>)> {
    let new = unnamed_beside(path)?;
    let mut frames = Frames::new(&new, 0);
    frames.raw(HEAD);
    let mut added = Ok(());
    let reading = scan(file, &mut |_, record| {
        let Some(record) = state::upgrade(record).filter(|_| added.is_ok()) else { return };
        match frames.add(&record) {
            Ok(place) => visit(place, &record),
            Err(error) => added = Err(error),
        }
    })?;
    added.and_then(|()| frames.flush())?;
    Ok((Reading { older: true, ..reading }, Some(new)))
}

fn reading(end: u64, verdict: Verdict) -> Reading {
    Reading { end, verdict, older: false }
}

/// How a file begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    Ours,
    /// Of version 1, which is read and never written.
    First,
    Newer(u32),
    /// The file ends in the first line.
    Unfinished,
    Broken,
}

/// Of a file that begins with these bytes, or that is no longer.
pub(super) fn head(bytes: &[u8]) -> Head {
    if bytes.starts_with(HEAD) {
        return Head::Ours;
    }
    if bytes.starts_with(FIRST_HEAD) {
        return Head::First;
    }
    if HEAD.starts_with(bytes) {
        return Head::Unfinished;
    }
    let version = || {
        let (name, _) = HEAD.split_at(HEAD.len() - 2);
        let rest = bytes.get(..bytes.len().min(MAX_HEAD))?.strip_prefix(name)?;
        let number = &rest[..rest.iter().position(|byte| *byte == b'\n')?];
        let plain = number.first()? != &b'0' && number.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(number).ok().filter(|_| plain)?.parse().ok()
    };
    version().map_or(Head::Broken, Head::Newer)
}

fn scan(file: File, visit: &mut dyn FnMut(Place, &[u8])) -> io::Result<Reading> {
    let mut window = Window { file, bytes: Vec::new(), begin: 0, end: 0, at: 0 };
    window.reach(MAX_HEAD)?;
    match head(window.seen()) {
        Head::Ours => window.skip(HEAD.len()),
        Head::First => window.skip(FIRST_HEAD.len()),
        Head::Newer(version) => return Ok(reading(0, Verdict::Newer(version))),
        Head::Unfinished => return Ok(reading(0, Verdict::Torn)),
        Head::Broken => {}
    }
    let (mut end, mut bad, mut torn) = (window.at, 0, false);
    let mut scratch = Vec::new();
    loop {
        match window.frame()? {
            Found::Frame(length) => {
                let place = Place { offset: window.at + HEADER as u64, length: length as u32 };
                let stored = &window.seen()[HEADER..HEADER + length];
                scratch.clear();
                if is_plain(stored) {
                    visit(place, stored);
                } else if unescape(stored, &mut scratch).is_some() {
                    visit(place, &scratch);
                } else {
                    bad += (HEADER + length) as u64;
                }
                window.skip(HEADER + length);
                end = window.at;
            }
            Found::Bad(length) => {
                bad += length as u64;
                window.skip(length);
            }
            Found::Unfinished => {
                torn = true;
                // What ends here is bad, too, if something else was.
                let rest = window.seen().len();
                window.skip(rest);
                if bad > 0 {
                    bad += rest as u64;
                }
            }
            Found::End => break,
        }
    }
    let verdict = match (bad, torn) {
        (0, false) => Verdict::Whole,
        (0, true) => Verdict::Torn,
        (bytes, _) => Verdict::Damaged { bytes },
    };
    Ok(reading(end, verdict))
}

/// A part of a file in memory.
struct Window {
    file: File,
    bytes: Vec<u8>,
    /// What is not done with is `bytes[begin..end]`.
    begin: usize,
    end: usize,
    /// Where that lies in the file.
    at: u64,
}

impl Window {
    fn seen(&self) -> &[u8] {
        &self.bytes[self.begin..self.end]
    }

    fn skip(&mut self, length: usize) {
        self.begin += length;
        self.at += length as u64;
    }

    /// Whether so many bytes are there.
    fn reach(&mut self, length: usize) -> io::Result<bool> {
        while self.seen().len() < length {
            if !self.more(length)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads on, with room for so many bytes from here; false at the end of the file.
    ///
    /// What is here is one unfinished frame at most, and moved to the front once: then there is
    /// room for all of it, and [`BUFFER`] more.
    fn more(&mut self, length: usize) -> io::Result<bool> {
        self.bytes.copy_within(self.begin..self.end, 0);
        self.end -= self.begin;
        self.begin = 0;
        if self.bytes.len() < length + BUFFER {
            self.bytes.resize(length + BUFFER, 0);
        }
        loop {
            match self.file.read(&mut self.bytes[self.end..]) {
                Ok(length) => {
                    self.end += length;
                    return Ok(length > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What begins here. Reads on only as long as no other frame begins.
    fn frame(&mut self) -> io::Result<Found> {
        if !self.reach(1)? {
            return Ok(Found::End);
        }
        match memchr(MARKER, self.seen()) {
            Some(0) => {}
            Some(bad) => return Ok(Found::Bad(bad)),
            None => return Ok(Found::Bad(self.seen().len())),
        }
        if !self.reach(HEADER)? {
            let plain = self.seen()[1..].is_ascii();
            return Ok(if plain { Found::Unfinished } else { Found::Bad(1) });
        }
        let Some(header) = Header::read(self.seen()) else { return Ok(Found::Bad(1)) };
        let whole = HEADER + header.length;
        let mut looked = HEADER;
        loop {
            let there = self.seen().len().min(whole);
            if let Some(bad) = memchr(MARKER, &self.seen()[looked..there]) {
                return Ok(Found::Bad(looked + bad));
            }
            looked = there;
            if there == whole {
                break;
            }
            if !self.more(whole)? {
                return Ok(Found::Unfinished);
            }
        }
        let good = header.fits(&self.seen()[HEADER..whole]);
        Ok(if good { Found::Frame(header.length) } else { Found::Bad(whole) })
    }
}
