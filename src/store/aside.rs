//! Damaged files, kept for whoever wants to look.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::again;
use super::beside::{MAX_LOOKED_AT, directory, sync_directory};
use crate::time::Timestamp;

/// So many damaged files of one name are kept, the latest.
pub const MAX_ASIDES: usize = 3;
/// So many may be put aside within one second.
const MAX_A_SECOND: u32 = 10;

/// Gives a damaged file a second name, `NAME.damaged-20261121T103000Z`, before a new one takes its
/// place: there is no moment without either. No other file is overwritten; of more than
/// [`MAX_ASIDES`] the oldest are removed.
///
/// The file must then be replaced, not written to: it is one file with two names.
pub fn keep_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    for attempt in 0..MAX_A_SECOND {
        let aside = path.with_file_name(name(path, now, attempt));
        match again(|| fs::hard_link(path, &aside)).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound => Err(error),
            // FAT has no links; some systems forbid those to the files of others.
            _ => copy(path, &aside),
        }) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => {
                sync_directory(&aside)?;
                thin(path, &aside);
                return Ok(aside);
            }
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "all names for damaged files are taken"))
}

/// Nothing is left of a copy that did not succeed.
fn copy(path: &Path, aside: &Path) -> io::Result<()> {
    let mut from = File::open(path)?;
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(aside)?;
    let copied = io::copy(&mut from, &mut to).and_then(|_| to.sync_all());
    if copied.is_err() {
        again(|| fs::remove_file(aside)).ok();
    }
    copied
}

/// Removes the oldest, but not the one that was just made, whatever the clock says.
fn thin(path: &Path, latest: &Path) {
    let Ok(entries) = fs::read_dir(directory(path)) else { return };
    let mut older: Vec<OsString> = entries
        .take(MAX_LOOKED_AT)
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.file_name())
        .filter(|name| is_aside(name, path) && Some(name.as_os_str()) != latest.file_name())
        .collect();
    older.sort_unstable();
    older.truncate((older.len() + 1).saturating_sub(MAX_ASIDES));
    for name in older {
        again(|| fs::remove_file(path.with_file_name(&name))).ok();
    }
}

fn stem(path: &Path) -> OsString {
    let mut stem = path.file_name().unwrap_or_default().to_os_string();
    stem.push(".damaged-");
    stem
}

fn name(path: &Path, now: Timestamp, attempt: u32) -> OsString {
    let [year, month, day, hour, minute, second] = now.civil();
    let mut name = stem(path);
    name.push(format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z"));
    if attempt > 0 {
        name.push(format!("-{attempt}"));
    }
    name
}

fn is_aside(name: &OsStr, path: &Path) -> bool {
    let pattern = |text: &[u8], pattern: &[u8]| {
        let fits = |(byte, like): (&u8, &u8)| match like {
            b'0' => byte.is_ascii_digit(),
            like => byte == like,
        };
        text.len() == pattern.len() && text.iter().zip(pattern).all(fits)
    };
    name.as_bytes().strip_prefix(stem(path).as_bytes()).is_some_and(|when| {
        pattern(when, b"00000000T000000Z") || pattern(when, b"00000000T000000Z-0")
    })
}
