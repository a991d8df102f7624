//! Damaged files, kept for whoever wants to look.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::temporary::{MAX_LOOKED_AT, directory, sync_directory};
use super::{again, open_own};
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
    let mut from = open_own(path, OpenOptions::new().read(true))?;
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
    older.sort();
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
    let mut name = stem(path);
    name.push(now.utc("%Y%m%dT%H%M%SZ").to_string());
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::store::tests::Scratch;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_795_257_000 + seconds).unwrap()
    }

    #[test]
    fn a_damaged_file_has_two_names_until_it_is_replaced() {
        let scratch = Scratch::new("aside");
        let path = scratch.0.join("sources");
        fs::write(&path, "damaged").unwrap();
        let aside = keep_aside(&path, at(0)).unwrap();
        assert_eq!(aside, scratch.0.join("sources.damaged-20261121T103000Z"));
        assert_eq!(fs::metadata(&aside).unwrap().ino(), fs::metadata(&path).unwrap().ino());
        crate::store::write_atomic(&path, 0o600, b"new").unwrap();
        assert_eq!(fs::read(&aside).unwrap(), b"damaged");
        let second = keep_aside(&path, at(0)).unwrap();
        assert_eq!(second, scratch.0.join("sources.damaged-20261121T103000Z-1"));
        assert_eq!(fs::read(&aside).unwrap(), b"damaged");
    }

    #[test]
    fn the_latest_are_kept_and_no_other_file_is_touched() {
        let scratch = Scratch::new("asides");
        let path = scratch.0.join("sources");
        fs::write(&path, "").unwrap();
        let others = ["sources.damaged-2026", "sources.damaged-20261121T103000Z-1x", "x"];
        for name in others {
            fs::write(scratch.0.join(name), "").unwrap();
        }
        let made: Vec<PathBuf> =
            (0..10).map(|second| keep_aside(&path, at(second)).unwrap()).collect();
        let (gone, kept) = made.split_at(made.len() - MAX_ASIDES);
        assert!(kept.iter().all(|aside| aside.exists()));
        assert!(!gone.iter().any(|aside| aside.exists()));
        let early = keep_aside(&path, Timestamp::EPOCH).unwrap();
        assert!(early.exists() && !kept[0].exists() && kept[1].exists());
        assert_eq!(scratch.names().len(), 1 + others.len() + MAX_ASIDES);
    }

    #[test]
    fn no_other_file_is_overwritten_within_a_second() {
        let scratch = Scratch::new("second");
        let path = scratch.0.join("sources");
        fs::write(&path, "").unwrap();
        for attempt in 0..MAX_A_SECOND {
            fs::create_dir(scratch.0.join(name(&path, at(0), attempt))).unwrap();
        }
        let error = keep_aside(&path, at(0)).unwrap_err();
        assert_eq!(error.to_string(), "all names for damaged files are taken");
    }

    #[test]
    fn where_there_are_no_links_it_is_a_copy_and_what_a_link_leads_to_is_not_touched() {
        let scratch = Scratch::new("copy");
        let (path, link) = (scratch.0.join("real"), scratch.0.join("sources"));
        fs::write(&path, "damaged").unwrap();
        let aside = scratch.0.join("aside");
        copy(&path, &aside).unwrap();
        assert_eq!(fs::read(&aside).unwrap(), b"damaged");
        fs::write(&aside, "another").unwrap();
        assert_eq!(copy(&path, &aside).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&aside).unwrap(), b"another");
        assert!(copy(&scratch.0, &scratch.0.join("of-a-directory")).is_err());
        assert!(!scratch.0.join("of-a-directory").exists());
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(copy(&link, &scratch.0.join("of-a-link")).is_err());
        crate::store::write_atomic(&link, 0o600, b"new").unwrap();
        assert_eq!(
            (fs::read(&link).unwrap(), fs::read(&path).unwrap()),
            (b"new".to_vec(), b"damaged".to_vec())
        );
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
        let absent = scratch.0.join("absent");
        assert_eq!(keep_aside(&absent, at(1)).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
