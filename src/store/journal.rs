//! What is remembered of each source: records in a file that grows until it is written anew.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::atomic::begin;
use super::frame::{Frames, HEAD, HEADER, Header, MAX_PAYLOAD, Place, unescape};
use super::scan::{self, Head, Reading};
use super::temporary::tidy;
use super::{Shelves, Wear, WriteFailure, again, hand_over, open_own};

/// A file of records whose last bytes may be missing after a kill, and nothing else. Who writes
/// holds the [`Lock`](super::Lock).
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// What was written and synced.
    end: u64,
    /// After a failure nobody knows what the disk holds.
    refused: bool,
    wear: Wear,
}

/// Adds the records that are to be written. Its error is that of the whole.
pub type Fill<'a> = &'a mut dyn FnMut(&mut Frames<'_>) -> io::Result<()>;

impl Journal {
    /// Hands each record to `visit`, with the place it can be read from again: where it comes from
    /// is read once, in pieces. Which of two records counts is for the caller: the later one
    /// is written later.
    ///
    /// A damaged file is read as far as it can be: each record that is handed out is as it was
    /// written. A missing file is a [`Verdict`](super::Verdict), no error.
    pub fn read(path: &Path, visit: &mut dyn FnMut(Place, &[u8])) -> io::Result<Reading> {
        scan::read(path, visit).map(|(reading, _)| reading)
    }

    /// The same, with a shelf over the file that was read, whatever takes its name meanwhile.
    pub fn read_with(
        path: &Path,
        visit: &mut dyn FnMut(Place, &[u8]),
    ) -> io::Result<(Reading, Shelves)> {
        scan::read(path, visit).map(|(reading, file)| (reading, Shelves::new(file)))
    }

    /// Makes an empty journal, mode 0600, where there is none. It does not last before its directory is
    /// synced: until then it is one that was never finished, and read as none. Returns where it ends.
    pub fn begin(path: &Path) -> io::Result<u64> {
        let mut options = OpenOptions::new();
        let file = open_own(path, options.read(true).write(true).create_new(true).mode(0o600))?;
        hand_over(&file, path);
        file.write_all_at(HEAD, 0)?;
        Ok(HEAD.len() as u64)
    }

    /// Opens a journal to add to it after `end`, as it was read; makes it, mode 0600, if it is not
    /// there. One that is damaged at its beginning, or newer, is refused: [`Journal::rewrite`]
    /// replaces the one, and nothing the other.
    pub fn open_append(path: &Path, end: u64) -> Result<Journal, WriteFailure> {
        let failed = |cause| WriteFailure::new(path, "opening it", cause);
        let file = match open_own(path, OpenOptions::new().read(true).write(true)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && end == 0 => {
                return Journal::rewrite(path, &mut |_| Ok(()));
            }
            outcome => outcome.map_err(failed)?,
        };
        let meta = again(|| file.metadata()).map_err(failed)?;
        let mut bytes = [0; HEAD.len()];
        let there = &mut bytes[..usize::try_from(meta.len()).unwrap_or(HEAD.len()).min(HEAD.len())];
        file.read_exact_at(there, 0).map_err(failed)?;
        match scan::head(there) {
            Head::Unfinished if end == 0 => return Journal::rewrite(path, &mut |_| Ok(())),
            Head::Ours if (HEAD.len() as u64..=meta.len()).contains(&end) => {}
            _ => return Err(failed(io::Error::other("it is not the file that was read"))),
        }
        tidy(path, meta.uid());
        Ok(Journal { path: path.into(), file, end, refused: false, wear: Wear::default() })
    }

    /// Writes a journal of these records only, and puts it in the place of the one there, if any: by a
    /// temporary file, fsync, rename, fsync of the directory. A link is replaced, not followed. The new
    /// places are those of `fill`.
    pub fn rewrite(path: &Path, fill: Fill<'_>) -> Result<Journal, WriteFailure> {
        let temporary = begin(path, path)?;
        hand_over(temporary.file(), path);
        let mut frames = Frames::new(temporary.file(), 0);
        frames.raw(HEAD);
        let filled = fill(&mut frames).and_then(|()| {
            frames.flush()?;
            temporary.file().sync_all()
        });
        let end = frames.end();
        filled.map_err(|cause| WriteFailure::new(path, "filling the temporary file", cause))?;
        let file = temporary.replace(path, path)?;
        let wear = Wear { files: 1, bytes: end };
        Ok(Journal { path: path.into(), file, end, refused: false, wear })
    }

    /// Adds records after the last one, and syncs them. What an earlier process did not finish is
    /// cut off. Nothing is written if `fill` adds nothing.
    ///
    /// After any failure, also of `fill`, the journal is as long as it was, as far as the disk
    /// allows, and takes no more: read it again.
    pub fn append(&mut self, fill: Fill<'_>) -> Result<(), WriteFailure> {
        let appended = self.write(fill);
        if appended.is_err() && !self.refused {
            self.refused = true;
            self.cut().ok();
        }
        appended.map_err(|cause| WriteFailure::new(&self.path, "adding to it", cause))
    }

    fn write(&mut self, fill: Fill<'_>) -> io::Result<()> {
        if self.refused {
            return Err(io::Error::other("an earlier attempt failed"));
        }
        if self.cut()? < self.end {
            return Err(io::Error::other("it is shorter than it was"));
        }
        let mut frames = Frames::new(&self.file, self.end);
        fill(&mut frames)?;
        let end = frames.end();
        if end == self.end {
            return Ok(());
        }
        frames.flush()?;
        self.file.sync_data()?;
        self.wear += Wear { files: 1, bytes: end - self.end };
        self.end = end;
        Ok(())
    }

    /// Removes what lies after the last record, and tells how long the file was.
    fn cut(&self) -> io::Result<u64> {
        let length = again(|| self.file.metadata())?.len();
        if length > self.end {
            self.file.set_len(self.end)?;
        }
        Ok(length)
    }

    /// Adds a payload to `into`, read from where it lies. `InvalidData` if it is not there.
    pub fn get(&self, place: Place, into: &mut Vec<u8>) -> io::Result<()> {
        let no_record = || io::Error::new(io::ErrorKind::InvalidData, "no record lies there");
        let begin = place.offset.checked_sub(HEADER as u64).ok_or_else(no_record)?;
        let length = place.length as usize;
        if length > MAX_PAYLOAD {
            return Err(no_record());
        }
        let mut frame = vec![0; HEADER + length];
        self.file.read_exact_at(&mut frame, begin)?;
        let stored = &frame[HEADER..];
        Header::read(&frame)
            .filter(|header| header.fits(stored))
            .and_then(|_| unescape(stored, into))
            .ok_or_else(no_record)
    }

    /// Where the last record ends: how long the file is.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// What this journal cost the disk since it was opened.
    pub fn wear(&self) -> Wear {
        self.wear
    }
}

#[cfg(test)]
mod tests;
