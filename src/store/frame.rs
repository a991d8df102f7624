//! Records in a file: found again by themselves, and never taken for what they are not.
//!
//! A frame is a marker, the length and the CRC-32 of what follows in bytes below 128, and the
//! payload. Within a payload the marker is written as an escape and another byte, so that a marker
//! is always the beginning of a frame: whoever wrote the payload cannot make one look like two, and
//! after damage the next frame is where the next marker is. Text has neither, and lies there as it is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use memchr::{memchr, memchr2_iter};

/// The first line of the file; the number is the version.
pub(super) const HEAD: &[u8] = b"newsagg state 2\n";
/// The same of version 1. Its frames are the same, its records are not.
pub(super) const FIRST_HEAD: &[u8; 16] = b"newsagg state 1\n";
/// Begins a frame; in no UTF-8 text.
pub(super) const MARKER: u8 = 0xff;
/// Stands before what is left of a marker, or of itself; in no UTF-8 text.
const ESCAPE: u8 = 0xfe;
/// Marker, four bytes of length, five of CRC: seven bits each, the lowest first.
pub(super) const HEADER: usize = 10;
/// The longest payload in bytes, as it lies in the file.
pub const MAX_PAYLOAD: usize = 16 << 20;
/// So much is collected before it is written.
const CHUNK: usize = 64 << 10;

/// Where a payload lies in a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes from the beginning of the file.
    pub offset: u64,
    /// How many bytes it takes there: at least as many as it has.
    pub length: u32,
}

/// What a frame says of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub length: usize,
    check: u32,
}

impl Header {
    fn of(stored: &[u8]) -> Header {
        Header { length: stored.len(), check: check(stored) }
    }

    /// `None` if no frame begins like this.
    pub fn read(bytes: &[u8]) -> Option<Header> {
        let (marker, numbers) = bytes.get(..HEADER)?.split_first()?;
        let number = |bytes: &[u8]| {
            bytes.iter().rev().try_fold(0, |number: u64, byte| {
                (*byte < 0x80).then_some(number << 7 | u64::from(*byte))
            })
        };
        let (length, check) = (number(&numbers[..4])?, number(&numbers[4..])?);
        let length = usize::try_from(length).ok().filter(|length| *length <= MAX_PAYLOAD)?;
        let check = u32::try_from(check).ok()?;
        (*marker == MARKER).then_some(Header { length, check })
    }

    fn write(self) -> [u8; HEADER] {
        let mut bytes = [MARKER; HEADER];
        for index in 0..4 {
            bytes[1 + index] = (self.length >> (7 * index)) as u8 & 0x7f;
        }
        for index in 0..5 {
            bytes[5 + index] = (self.check >> (7 * index)) as u8 & 0x7f;
        }
        bytes
    }

    /// Whether this is what was written.
    pub fn fits(self, stored: &[u8]) -> bool {
        self == Header::of(stored)
    }
}

/// Over the length, too, so that no run of zeros is a frame.
fn check(stored: &[u8]) -> u32 {
    let mut check = crc32fast::Hasher::new();
    check.update(&(stored.len() as u32).to_le_bytes());
    check.update(stored);
    check.finalize()
}

/// Adds a payload as it lies in a file.
fn escape(payload: &[u8], into: &mut Vec<u8>) {
    let mut plain = 0;
    for at in memchr2_iter(MARKER, ESCAPE, payload) {
        into.extend_from_slice(&payload[plain..at]);
        into.extend_from_slice(&[ESCAPE, payload[at] - ESCAPE]);
        plain = at + 1;
    }
    into.extend_from_slice(&payload[plain..]);
}

/// Adds a payload as it was; `None`, and nothing added, if it never was one.
pub(super) fn unescape(mut stored: &[u8], into: &mut Vec<u8>) -> Option<()> {
    let begin = into.len();
    while let Some(at) = memchr(ESCAPE, stored) {
        into.extend_from_slice(&stored[..at]);
        match stored.get(at + 1) {
            Some(half @ (0 | 1)) => into.push(ESCAPE + half),
            _ => {
                into.truncate(begin);
                return None;
            }
        }
        stored = &stored[at + 2..];
    }
    into.extend_from_slice(stored);
    Some(())
}

/// What lies there as it is.
pub(super) fn is_plain(stored: &[u8]) -> bool {
    memchr(ESCAPE, stored).is_none()
}

/// Frames on their way to a file.
#[derive(Debug)]
pub struct Frames<'a> {
    file: &'a File,
    /// What is not written yet …
    pending: Vec<u8>,
    /// … and where it goes.
    at: u64,
}

impl<'a> Frames<'a> {
    /// Begins at `at`.
    pub(super) fn new(file: &'a File, at: u64) -> Frames<'a> {
        Frames { file, pending: Vec::new(), at }
    }

    /// Adds a record. One of more than [`MAX_PAYLOAD`] bytes is refused (`FileTooLarge`), and
    /// nothing added; any other error comes from writing.
    ///
    /// The place is good as soon as all were written.
    pub fn add(&mut self, payload: &[u8]) -> io::Result<Place> {
        if self.pending.len() >= CHUNK {
            self.flush()?;
        }
        let begin = self.pending.len();
        let length = if payload.len() <= MAX_PAYLOAD {
            self.pending.extend_from_slice(&[0; HEADER]);
            escape(payload, &mut self.pending);
            self.pending.len() - begin - HEADER
        } else {
            payload.len()
        };
        if length > MAX_PAYLOAD {
            self.pending.truncate(begin);
            let cause = "a record of more than 16 MiB";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, cause));
        }
        let (header, stored) = self.pending[begin..].split_at_mut(HEADER);
        header.copy_from_slice(&Header::of(stored).write());
        let offset = self.at + (begin + HEADER) as u64;
        Ok(Place { offset, length: length as u32 })
    }

    /// Adds bytes that are no frame.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// Where the file ends when all is written.
    pub(super) fn end(&self) -> u64 {
        self.at + self.pending.len() as u64
    }

    /// What failed stays, to be written again.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.pending, self.at)?;
        self.at += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}
